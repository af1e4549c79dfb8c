//! `otc_session_settings`: what a session is made with, beside the callbacks.

mod media;
mod network;
mod queues;
mod record;

pub use media::*;
pub use network::*;
pub use queues::*;
pub use record::*;

use super::boundary::{Failed, needed, status, value};
use super::handle::{Kind, Table};
use super::types::{otc_bool, otc_status};
use crate::net::{ApiUrl, NetworkProxy};
use crate::session::MediaConfig;
use otc_protocol::limits::{CALLBACK_QUEUE, OUTBOX_SIGNALS, RECONNECT_WINDOW, URL_BYTES};
use parking_lot::Mutex;
use std::ffi::c_char;
use std::path::PathBuf;
use std::ptr::null_mut;
use std::sync::Arc;
use std::time::Duration;

/// Settings of sessions; a session copies them when it is made.
pub struct otc_session_settings {
    _opaque: [u8; 0],
}

/// What has been set.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Chosen {
    pub(super) connection_events_suppressed: bool,
    pub(super) api_url: Option<ApiUrl>,
    pub(super) ca_file: Option<PathBuf>,
    pub(super) proxy_url: Option<ApiUrl>,
    pub(super) network_proxy: Option<NetworkProxy>,
    pub(super) user_agent_suffix: Option<String>,
    pub(super) reconnect_window: Duration,
    pub(super) callback_queue: usize,
    pub(super) signal_queue: usize,
    pub(super) session_migration: bool,
    pub(super) record_file: Option<PathBuf>,
    pub(super) media: MediaConfig,
}

impl Default for Chosen {
    fn default() -> Self {
        Self {
            connection_events_suppressed: false,
            api_url: None,
            ca_file: None,
            proxy_url: None,
            network_proxy: None,
            user_agent_suffix: None,
            reconnect_window: RECONNECT_WINDOW,
            callback_queue: CALLBACK_QUEUE,
            signal_queue: OUTBOX_SIGNALS,
            session_migration: false,
            record_file: None,
            media: MediaConfig::default(),
        }
    }
}

impl Chosen {
    /// What a client with these settings calls itself.
    pub(super) fn user_agent(&self) -> String {
        let own = format!("libotc/{} ({})", env!("CARGO_PKG_VERSION"), std::env::consts::OS);
        match &self.user_agent_suffix {
            Some(suffix) => format!("{own} {suffix}"),
            None => own,
        }
    }
}

static SETTINGS: Table<Mutex<Chosen>> = Table::new(Kind::Settings);

/// A copy of what has been set.
pub(super) fn chosen(settings: *const otc_session_settings) -> Result<Chosen, Failed> {
    Ok(get(settings)?.lock().clone())
}

fn get(settings: *const otc_session_settings) -> Result<Arc<Mutex<Chosen>>, Failed> {
    SETTINGS.get(settings as usize).ok_or_else(|| Failed::handle("settings object"))
}

/// The body of a setter: `change` sees the settings when everything that can fail has been done.
fn set<T>(
    settings: *const otc_session_settings,
    checked: impl FnOnce() -> Result<T, Failed>,
    change: impl FnOnce(&mut Chosen, T),
) -> otc_status {
    status(|| {
        let settings = get(settings)?;
        let value = checked()?;
        change(&mut settings.lock(), value);
        Ok(())
    })
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
    set(settings, || Ok(suppress != 0), |chosen, suppress| chosen.connection_events_suppressed = suppress)
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
    let checked = || {
        // SAFETY: the caller's promise.
        let url = unsafe { needed(url, "API URL", URL_BYTES) }?;
        ApiUrl::parse(url).map_err(|error| Failed::argument(format!("The API URL cannot be used. {error}")))
    };
    set(settings, checked, |chosen, url| chosen.api_url = Some(url))
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
    let checked = || {
        // SAFETY: the caller's promise.
        let path = unsafe { needed(path, "path", URL_BYTES) }?;
        if path.is_empty() {
            return Err(Failed::argument("The path is empty."));
        }
        Ok(PathBuf::from(path))
    };
    set(settings, checked, |chosen, path| chosen.ca_file = Some(path))
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
