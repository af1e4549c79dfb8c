//! `otc_session`: its life, its state.

use super::boundary::{Failed, c_string, needed, status, value};
use super::callbacks::{CallbackListener, Callbacks, otc_session_callbacks};
use super::connection::{self, otc_connection};
use super::handle::{Kind, Table};
use super::library::{not_running, running};
use super::settings::{self, Chosen, otc_session_settings};
use super::system::{claim, file_variable};
use super::types::{
    ConnectionStatusNumber, DisconnectReasonNumber, otc_bool, otc_session_capabilities, otc_status,
};
use crate::net::{ApiUrl, RecordFile, Session, Settings};
use crate::session::{Config, Input, Secret, hosted_api_url};
use otc_protocol::error::ErrorCode;
use otc_protocol::limits::{NAME_BYTES, TOKEN_BYTES};
use otc_protocol::permissions::Permission;
use std::ffi::{CString, c_char, c_int, c_void};
use std::path::PathBuf;
use std::ptr::null_mut;
use std::sync::Arc;

/// A session. The object is made, connected, disconnected, connected again if wanted, and deleted.
pub struct otc_session {
    _opaque: [u8; 0],
}

/// What a handle stands for.
pub(super) struct SessionObject {
    pub(super) session: Arc<Session>,
    pub(super) callbacks: Arc<Callbacks>,
    id: CString,
    session_id: Arc<str>,
    user_data: UserData,
}

/// The application's pointer, passed on and never followed.
struct UserData(*mut c_void);

// SAFETY: the library does not follow the pointer.
unsafe impl Send for UserData {}
// SAFETY: as above.
unsafe impl Sync for UserData {}

impl SessionObject {
    /// The session id, as connections and streams share it.
    pub(super) fn session_id(&self) -> &Arc<str> {
        &self.session_id
    }
}

static SESSIONS: Table<SessionObject> = Table::new(Kind::Session);

/// The environment variable that names the server of programs that do not.
const API_URL_VARIABLE: &str = "OTC_API_URL";

/// The environment variable that names the file in which sessions are recorded.
const RECORD_VARIABLE: &str = "OTC_RECORD";

pub(super) fn get(session: *const otc_session) -> Result<Arc<SessionObject>, Failed> {
    SESSIONS.get(session as usize).ok_or_else(|| Failed::handle("session"))
}

/// Makes every session handle stale.
pub(super) fn forget_all() {
    drop(SESSIONS.drain());
}

/// Makes a session that is not connected.
///
/// apikey: API key or application id, 1024 bytes at most. session_id: from the application's server, 1024 bytes at most.
/// callbacks: copied; see there.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: the caller owns the session and ends it with otc_session_delete(); all arguments are copied.
/// Errors: NULL when an argument is NULL, too long or not UTF-8, when the environment variable OTC_API_URL is no URL, or before
/// otc_init(); otc_last_error_text() says which. Whether key and session exist is found out by otc_session_connect().
///
/// # Safety
/// Each pointer is NULL or points to what its type says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otc_session_new(
    apikey: *const c_char,
    session_id: *const c_char,
    callbacks: *const otc_session_callbacks,
) -> *mut otc_session {
    // SAFETY: the caller's promise.
    value(null_mut(), || unsafe { new(apikey, session_id, callbacks, Chosen::default()) })
}

/// Makes a session with settings.
///
/// apikey, session_id, callbacks: as for otc_session_new(). settings: copied; may be deleted at once.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: the caller owns the session and ends it with otc_session_delete(); all arguments are copied.
/// Errors: as for otc_session_new(), and NULL when settings is not a settings object, or when the record file that they
/// name cannot be written.
///
/// # Safety
/// Each pointer is NULL or points to what its type says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otc_session_new_with_settings(
    apikey: *const c_char,
    session_id: *const c_char,
    callbacks: *const otc_session_callbacks,
    settings: *mut otc_session_settings,
) -> *mut otc_session {
    // SAFETY: the caller's promise.
    value(null_mut(), || unsafe { new(apikey, session_id, callbacks, settings::chosen(settings)?) })
}

unsafe fn new(
    api_key: *const c_char,
    session_id: *const c_char,
    callbacks: *const otc_session_callbacks,
    chosen: Chosen,
) -> Result<*mut otc_session, Failed> {
    let library = running()?;
    // SAFETY: the caller's promise.
    let (api_key, session_id) =
        unsafe { (needed(api_key, "API key", NAME_BYTES)?, needed(session_id, "session id", NAME_BYTES)?) };
    if callbacks.is_null() {
        return Err(Failed::argument("The callbacks are NULL; pass a struct, its fields may be NULL."));
    }
    // SAFETY: it is not NULL, and the caller's promise; the struct is copied.
    let table = unsafe { *callbacks };
    let id: Arc<str> = session_id.into();
    let callbacks = Arc::new(Callbacks::new(table, &id));
    let config = Config {
        api_key: api_key.to_owned(),
        session_id: session_id.to_owned(),
        user_agent: chosen.user_agent(),
        api_url: api_url(api_key, chosen.api_url)?,
        proxy_url: chosen.proxy_url.map(|url| url.as_str().to_owned()),
        connection_events_suppressed: chosen.connection_events_suppressed,
        reconnect_window: chosen.reconnect_window,
        signal_queue: chosen.signal_queue,
        session_migration: chosen.session_migration,
        media: chosen.media,
    };
    let settings = Settings {
        ca_file: chosen.ca_file,
        network_proxy: chosen.network_proxy,
        callback_queue: chosen.callback_queue,
        record_file: record_file(chosen.record_file),
    };
    let listener = Box::new(CallbackListener(Arc::clone(&callbacks)));
    let session = Session::new(&library, config, settings, listener).map_err(|error| {
        if library.is_stopped() {
            return not_running();
        }
        Failed::new(ErrorCode::Fatal, format!("The session cannot be made: {error}."))
    })?;
    let object = SessionObject {
        session,
        callbacks: Arc::clone(&callbacks),
        id: c_string(session_id),
        session_id: id,
        user_data: UserData(table.user_data),
    };
    let handle = SESSIONS
        .insert(Arc::new(object))
        .ok_or_else(|| Failed::new(ErrorCode::Fatal, "There are too many sessions; delete some."))?;
    callbacks.set_handle(handle);
    if library.is_stopped() {
        // Another thread has called otc_destroy(), perhaps after it had made all handles stale.
        drop(SESSIONS.remove(handle));
        return Err(not_running());
    }
    Ok(handle as *mut otc_session)
}

/// The settings' URL, else the environment's, else the hosted platform's.
fn api_url(api_key: &str, chosen: Option<ApiUrl>) -> Result<String, Failed> {
    if let Some(url) = chosen {
        return Ok(url.as_str().to_owned());
    }
    match std::env::var(API_URL_VARIABLE) {
        Ok(url) if !url.is_empty() => {
            let url = ApiUrl::parse(&url).map_err(|error| {
                Failed::argument(format!("{API_URL_VARIABLE} in the environment: {error}"))
            })?;
            Ok(url.as_str().to_owned())
        }
        _ => Ok(hosted_api_url(api_key).to_owned()),
    }
}

/// The settings' file, else the environment's, which must not cost a session.
fn record_file(chosen: Option<PathBuf>) -> Option<RecordFile> {
    if let Some(path) = chosen {
        return Some(RecordFile { path, is_needed: true, claim });
    }
    let path = file_variable(RECORD_VARIABLE)?;
    Some(RecordFile { path: path.into(), is_needed: false, claim })
}

/// Leaves the session if it is connected, and ends the object. When the call returns, no callback of the session begins
/// any more but on_released; inside a callback, one that is running or just beginning may still finish, and on_released
/// follows it.
///
/// Threads: any. Callback-safe: yes.
/// Blocks: outside callbacks, until a running callback of the session has returned and on_released has run, and after two
/// seconds the log says whom it waits for; then half a second at most for its recording to be written, if it has one; never
/// for the network.
/// Owns: takes the object.
/// Errors: OTC_INVALID_PARAM when session is not one, or has been deleted before.
#[unsafe(no_mangle)]
pub extern "C" fn otc_session_delete(session: *mut otc_session) -> otc_status {
    status(|| {
        let object = SESSIONS.remove(session as usize).ok_or_else(|| Failed::handle("session"))?;
        object.session.delete();
        Ok(())
    })
}

/// Joins the session; on_connected or on_error follows. What fails for a passing reason is tried up to three times first.
///
/// token: from the application's server, a T1 token or a JWT, 16384 bytes at most.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: the token is copied, and forgotten when the session is joined.
/// Errors: OTC_INVALID_PARAM when session is not one; OTC_SESSION_NULL_OR_INVALID_PARAMETER when token is NULL, too long or
/// not UTF-8; OTC_SESSION_ILLEGAL_STATE when the session is connected, connecting, reconnecting or disconnecting.
///
/// # Safety
/// token is NULL or a C string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otc_session_connect(session: *mut otc_session, token: *const c_char) -> otc_status {
    // SAFETY: the caller's promise.
    status(|| unsafe { connect(session, None, token) })
}

/// Joins the session on the server at host; on_connected or on_error follows.
///
/// host: name or address, without scheme and port. path: what comes before "/session" in URLs, mostly "". port: 1 to 65535. secure: OTC_TRUE for
/// https. token: as for otc_session_connect().
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: all arguments are copied.
/// Errors: as for otc_session_connect(); OTC_SESSION_NULL_OR_INVALID_PARAMETER also when host, path or port is not one.
///
/// # Safety
/// host, path and token are NULL or C strings.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otc_session_connect_to_host(
    session: *mut otc_session,
    host: *const c_char,
    path: *const c_char,
    port: c_int,
    secure: otc_bool,
    token: *const c_char,
) -> otc_status {
    status(|| {
        // SAFETY: the caller's promise.
        let (host, path) = unsafe { (needed(host, "host", NAME_BYTES)?, needed(path, "path", NAME_BYTES)?) };
        let port = u16::try_from(port).ok().filter(|port| *port > 0);
        let port = port.ok_or_else(|| Failed::argument("The port is not between 1 and 65535."))?;
        let url = ApiUrl::from_parts(host, path, port, secure != 0)
            .map_err(|error| Failed::argument(format!("The host or the path cannot be used. {error}")))?;
        // SAFETY: the caller's promise.
        unsafe { connect(session, Some(url), token) }
    })
}

unsafe fn connect(
    session: *mut otc_session,
    url: Option<ApiUrl>,
    token: *const c_char,
) -> Result<(), Failed> {
    let object = get(session)?;
    // SAFETY: the caller's promise.
    let token = Secret(unsafe { needed(token, "token", TOKEN_BYTES) }?.to_owned());
    let api_url = url.map(|url| url.as_str().to_owned());
    Ok(object.session.call(Input::Connect { token, api_url })?)
}

/// Leaves the session; on_disconnected follows. Signals that were accepted are sent first, and their answers awaited, until the
/// server has not answered for 2 seconds. While the session is reconnecting it ends at once.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: nothing.
/// Errors: OTC_INVALID_PARAM when session is not one; OTC_SESSION_NOT_CONNECTED when there is nothing to leave.
#[unsafe(no_mangle)]
pub extern "C" fn otc_session_disconnect(session: *mut otc_session) -> otc_status {
    status(|| Ok(get(session)?.session.call(Input::Disconnect)?))
}

/// The session id that the session was made with.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: the text belongs to the session and lives until otc_session_delete(); do not free it.
/// Errors: NULL when session is not one.
#[unsafe(no_mangle)]
pub extern "C" fn otc_session_get_id(session: *const otc_session) -> *mut c_char {
    value(null_mut(), || Ok(get(session)?.id.as_ptr().cast_mut()))
}

/// One's own connection, also while the session is reconnecting.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: the caller owns the object and ends it with otc_connection_delete().
/// Errors: NULL when session is not one, or is not connected.
#[unsafe(no_mangle)]
pub extern "C" fn otc_session_get_connection(session: *const otc_session) -> *mut otc_connection {
    value(null_mut(), || {
        let object = get(session)?;
        let own = object.session.ask(|engine| engine.connection().cloned());
        own.map(|own| connection::give(own, &object.session_id))
            .ok_or_else(|| Failed::new(ErrorCode::NotConnected, "The session is not connected."))
    })
}

/// The user_data of the callbacks.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: nothing; the pointer is the application's.
/// Errors: NULL when session is not one.
#[unsafe(no_mangle)]
pub extern "C" fn otc_session_get_user_data(session: *const otc_session) -> *mut c_void {
    value(null_mut(), || Ok(get(session)?.user_data.0))
}

/// What the token allows; all OTC_FALSE while the session is not connected.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: nothing.
/// Errors: all OTC_FALSE when session is not one.
#[unsafe(no_mangle)]
pub extern "C" fn otc_session_get_capabilities(session: *const otc_session) -> otc_session_capabilities {
    value(otc_session_capabilities::default(), || {
        let permissions = get(session)?.session.ask(crate::session::Engine::permissions);
        let may = |permission| otc_bool::from(permissions.allows(permission));
        Ok(otc_session_capabilities {
            publish: may(Permission::Publish),
            subscribe: may(Permission::Subscribe),
            force_mute: may(Permission::ForceMute),
            force_disconnect: may(Permission::ForceDisconnect),
        })
    })
}

/// Where the session stands.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: nothing.
/// Errors: OTC_CONNECTION_STATUS_NOT_CONNECTED when session is not one.
#[unsafe(no_mangle)]
pub extern "C" fn otc_session_get_connection_status(session: *const otc_session) -> ConnectionStatusNumber {
    value(0, || Ok(get(session)?.session.ask(crate::session::Engine::status) as c_int))
}

/// Why the session ended last; OTC_DISCONNECT_REASON_NONE while it has not.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: nothing.
/// Errors: OTC_DISCONNECT_REASON_NONE when session is not one.
#[unsafe(no_mangle)]
pub extern "C" fn otc_session_get_disconnect_reason(session: *const otc_session) -> DisconnectReasonNumber {
    value(0, || Ok(get(session)?.session.ask(crate::session::Engine::disconnect_reason) as c_int))
}
