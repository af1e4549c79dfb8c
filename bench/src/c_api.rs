//! The library as a C program sees it: its exported functions, called as C calls them.
//!
//! This is the one file outside the library that calls them from Rust, so it is the one that has to vouch for pointers.
#![allow(unsafe_code)]

use crate::Error;
use otc::ffi::{
    otc_bool, otc_connection, otc_connection_delete, otc_destroy, otc_init, otc_last_error_text, otc_session,
    otc_session_callbacks, otc_session_connect, otc_session_delete, otc_session_get_connection,
    otc_session_new_with_settings, otc_session_settings_delete, otc_session_settings_new,
    otc_session_settings_set_api_url, otc_session_settings_set_connection_events_suppressed,
    otc_session_signal, otc_session_signal_to_connection, otc_status,
};
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr::{null, null_mut};

/// Hears the callbacks of all sessions.
pub(crate) trait Hears: Send + Sync + 'static {
    /// `on_connected`
    fn connected(&self);
    /// `on_signal_received`
    fn signal(&self, session: SessionRef);
    /// `on_error` and `on_disconnected`: nothing is to fail here.
    fn failed(&self, text: String);
}

/// A session, as a callback is given it.
#[derive(Clone, Copy)]
pub(crate) struct SessionRef(*mut otc_session);

/// What `user_data` points to.
type UserData = Box<dyn Hears>;

/// The running library; stops when it is dropped.
pub(crate) struct Library(());

impl Library {
    pub(crate) fn start() -> Result<Self, Error> {
        check(otc_init(null_mut())).map(Self)
    }
}

impl Drop for Library {
    fn drop(&mut self) {
        otc_destroy();
    }
}

/// A session of one's own; deleted when it is dropped.
pub(crate) struct Session {
    handle: *mut otc_session,
    /// Lives until no callback can come any more. Two boxes: a thin pointer goes through C.
    _user_data: Box<UserData>,
}

/// Whom a signal is for: a member's connection.
pub(crate) struct Connection(*mut otc_connection);

/// How a signal fared.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sent {
    /// It is on its way.
    Accepted,
    /// Too many wait (`OTC_SESSION_UNABLE_TO_SEND_SIGNAL`, 1550): back off.
    Full,
}

const UNABLE_TO_SEND_SIGNAL: c_int = 1550;

impl Session {
    /// A session on the server at `url`.
    pub(crate) fn new(
        url: &str,
        api_key: &str,
        session_id: &str,
        connection_events: bool,
        hears: impl Hears,
    ) -> Result<Self, Error> {
        let (url, api_key, session_id) =
            (CString::new(url)?, CString::new(api_key)?, CString::new(session_id)?);
        let user_data: Box<UserData> = Box::new(Box::new(hears));
        let callbacks = callbacks(std::ptr::from_ref(&*user_data).cast_mut().cast());
        let settings = otc_session_settings_new();
        otc_session_settings_set_connection_events_suppressed(settings, otc_bool::from(!connection_events));
        // SAFETY: C strings and a struct that live until the call returns; user_data outlives the session.
        let handle = unsafe {
            otc_session_settings_set_api_url(settings, url.as_ptr());
            otc_session_new_with_settings(
                api_key.as_ptr(),
                session_id.as_ptr(),
                &raw const callbacks,
                settings,
            )
        };
        otc_session_settings_delete(settings);
        if handle.is_null() {
            return Err(last_error().into());
        }
        Ok(Self { handle, _user_data: user_data })
    }

    pub(crate) fn connect(&self, token: &str) -> Result<(), Error> {
        let token = CString::new(token)?;
        // SAFETY: a C string that lives until the call returns.
        check(unsafe { otc_session_connect(self.handle, token.as_ptr()) })
    }

    /// One's own connection.
    pub(crate) fn connection(&self) -> Result<Connection, Error> {
        let connection = otc_session_get_connection(self.handle);
        if connection.is_null() { Err(last_error().into()) } else { Ok(Connection(connection)) }
    }

    pub(crate) fn as_ref(&self) -> SessionRef {
        SessionRef(self.handle)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        otc_session_delete(self.handle);
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        otc_connection_delete(self.0);
    }
}

impl SessionRef {
    /// To everybody, oneself included.
    pub(crate) fn signal(self, data: &CStr) -> Result<Sent, Error> {
        // SAFETY: a C string that lives until the call returns.
        sent(unsafe { otc_session_signal(self.0, null(), data.as_ptr()) })
    }

    /// To one member.
    pub(crate) fn signal_to(self, data: &CStr, to: &Connection) -> Result<Sent, Error> {
        // SAFETY: a C string that lives until the call returns.
        sent(unsafe { otc_session_signal_to_connection(self.0, null(), data.as_ptr(), to.0) })
    }
}

fn sent(status: otc_status) -> Result<Sent, Error> {
    if status == UNABLE_TO_SEND_SIGNAL {
        return Ok(Sent::Full);
    }
    check(status).map(|()| Sent::Accepted)
}

fn check(status: otc_status) -> Result<(), Error> {
    if status == 0 { Ok(()) } else { Err(format!("{status}: {}", last_error()).into()) }
}

fn last_error() -> String {
    // SAFETY: a C string that lives until this thread's next failed call.
    unsafe { CStr::from_ptr(otc_last_error_text()) }.to_string_lossy().into_owned()
}

fn callbacks(user_data: *mut c_void) -> otc_session_callbacks {
    otc_session_callbacks {
        on_connected: Some(on_connected),
        on_disconnected: Some(on_disconnected),
        on_connection_created: None,
        on_connection_dropped: None,
        on_stream_received: None,
        on_stream_dropped: None,
        on_stream_has_audio_changed: None,
        on_stream_has_video_changed: None,
        on_stream_has_captions_changed: None,
        on_stream_video_dimensions_changed: None,
        on_stream_video_type_changed: None,
        on_signal_received: Some(on_signal_received),
        on_reconnecting: None,
        on_reconnected: None,
        on_archive_started: None,
        on_archive_stopped: None,
        on_error: Some(on_error),
        on_mute_forced: None,
        user_data,
        reserved: null_mut(),
    }
}

/// # Safety
/// `user_data` is what [`Session::new`] passed, whose session has not been deleted.
unsafe fn hears<'a>(user_data: *mut c_void) -> &'a dyn Hears {
    // SAFETY: the caller's promise.
    unsafe { &**user_data.cast::<UserData>() }
}

unsafe extern "C-unwind" fn on_connected(_session: *mut otc_session, user_data: *mut c_void) {
    // SAFETY: the library passes on what it was given.
    unsafe { hears(user_data) }.connected();
}

unsafe extern "C-unwind" fn on_disconnected(_session: *mut otc_session, user_data: *mut c_void) {
    // SAFETY: as above.
    unsafe { hears(user_data) }.failed("a session was disconnected".to_owned());
}

unsafe extern "C-unwind" fn on_signal_received(
    session: *mut otc_session,
    user_data: *mut c_void,
    _type: *const c_char,
    _data: *const c_char,
    _from: *const otc_connection,
) {
    // SAFETY: as above.
    unsafe { hears(user_data) }.signal(SessionRef(session));
}

unsafe extern "C-unwind" fn on_error(
    _session: *mut otc_session,
    user_data: *mut c_void,
    text: *const c_char,
    code: c_int,
) {
    // SAFETY: as above; the text is a C string that lives until this returns.
    let (hears, text) = unsafe { (hears(user_data), CStr::from_ptr(text)) };
    hears.failed(format!("{code}: {}", text.to_string_lossy()));
}
