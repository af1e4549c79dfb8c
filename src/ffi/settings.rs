//! `otc_session_settings`: what a session is made with, beside the callbacks.

use super::boundary::{Failed, needed, status, value};
use super::handle::{Kind, Table};
use super::types::{otc_bool, otc_status};
use crate::net::ApiUrl;
use otc_protocol::limits::URL_BYTES;
use parking_lot::Mutex;
use std::ffi::c_char;
use std::path::PathBuf;
use std::ptr::null_mut;
use std::sync::Arc;

/// Settings of sessions; a session copies them when it is made.
pub struct otc_session_settings {
    _opaque: [u8; 0],
}

/// What has been set.
#[derive(Clone, Default)]
pub(super) struct Chosen {
    pub(super) connection_events_suppressed: bool,
    pub(super) api_url: Option<ApiUrl>,
    pub(super) ca_file: Option<PathBuf>,
}

static SETTINGS: Table<Mutex<Chosen>> = Table::new(Kind::Settings);

/// A copy of what has been set.
pub(super) fn chosen(settings: *const otc_session_settings) -> Result<Chosen, Failed> {
    Ok(get(settings)?.lock().clone())
}

fn get(settings: *const otc_session_settings) -> Result<Arc<Mutex<Chosen>>, Failed> {
    SETTINGS.get(settings as usize).ok_or_else(|| Failed::handle("settings object"))
}

/// Makes settings with every value at its default.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: the caller owns them and ends them with otc_session_settings_delete().
/// Errors: NULL when there are too many.
#[unsafe(no_mangle)]
pub extern "C" fn otc_session_settings_new() -> *mut otc_session_settings {
    value(null_mut(), || Ok(SETTINGS.insert(Arc::default()).unwrap_or(0) as *mut otc_session_settings))
}

/// Ends settings; sessions that were made with them keep their copy.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: takes the object.
/// Errors: OTC_INVALID_PARAM when settings is not one, or has been deleted before.
#[unsafe(no_mangle)]
pub extern "C" fn otc_session_settings_delete(settings: *mut otc_session_settings) -> otc_status {
    status(|| SETTINGS.remove(settings as usize).map(drop).ok_or_else(|| Failed::handle("settings object")))
}

/// Says whether on_connection_created and on_connection_dropped are left out, and not even sent by the server. Off by
/// default; meant for sessions with very many members.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: nothing.
/// Errors: OTC_INVALID_PARAM when settings is not one.
#[unsafe(no_mangle)]
pub extern "C" fn otc_session_settings_set_connection_events_suppressed(
    settings: *mut otc_session_settings,
    suppress: otc_bool,
) -> otc_status {
    status(|| {
        get(settings)?.lock().connection_events_suppressed = suppress != 0;
        Ok(())
    })
}

/// Says which server to use: an http or https URL such as "https://example.org" or "http://127.0.0.1:8080".
///
/// Without it the environment variable OTC_API_URL decides, and without that the hosted platform is used.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: the text is copied.
/// Errors: OTC_INVALID_PARAM when settings is not one; OTC_SESSION_NULL_OR_INVALID_PARAMETER when url is not a URL.
///
/// # Safety
/// url is NULL or a C string.
#[unsafe(no_mangle)]
#[allow(unsafe_code)]
pub unsafe extern "C" fn otc_session_settings_set_api_url(
    settings: *mut otc_session_settings,
    url: *const c_char,
) -> otc_status {
    status(|| {
        let settings = get(settings)?;
        // SAFETY: the caller's promise.
        let url = unsafe { needed(url, "API URL", URL_BYTES) }?;
        settings.lock().api_url = Some(ApiUrl::parse(url).map_err(Failed::argument)?);
        Ok(())
    })
}

/// Names a file of PEM certificates to trust beside the system's, for servers with a certificate authority of their own.
///
/// The file is read when a session first connects over TLS.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: the text is copied.
/// Errors: OTC_INVALID_PARAM when settings is not one; OTC_SESSION_NULL_OR_INVALID_PARAMETER when path is NULL or empty.
///
/// # Safety
/// path is NULL or a C string.
#[unsafe(no_mangle)]
#[allow(unsafe_code)]
pub unsafe extern "C" fn otc_session_settings_set_ca_file(
    settings: *mut otc_session_settings,
    path: *const c_char,
) -> otc_status {
    status(|| {
        let settings = get(settings)?;
        // SAFETY: the caller's promise.
        let path = unsafe { needed(path, "path", URL_BYTES) }?;
        if path.is_empty() {
            return Err(Failed::argument("The path is empty."));
        }
        settings.lock().ca_file = Some(PathBuf::from(path));
        Ok(())
    })
}
