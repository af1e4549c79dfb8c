//! The library as a C program sees it: its exported functions, called as C calls them.
//!
//! This is the one place outside the library that calls them from Rust, so it is the one that has to vouch for pointers.
#![allow(unsafe_code)]

mod hears;

pub use hears::{Event, Hears, Member, SignalText};

use crate::Error;
use otc::ffi::{
    otc_bool, otc_connection, otc_connection_copy, otc_connection_delete, otc_destroy, otc_init,
    otc_last_error_text, otc_session, otc_session_connect, otc_session_delete, otc_session_disconnect,
    otc_session_get_connection, otc_session_new_with_settings, otc_session_set_on_signal_failed,
    otc_session_settings, otc_session_settings_delete, otc_session_settings_new,
    otc_session_settings_set_api_url, otc_session_settings_set_callback_queue_size,
    otc_session_settings_set_connection_events_suppressed, otc_session_settings_set_reconnect_window,
    otc_session_signal, otc_session_signal_to_connection, otc_set_dials_per_second, otc_status,
};
use std::ffi::{CStr, CString, c_int};
use std::ptr::{null, null_mut};
use std::time::Duration;

/// The running library; stops when it is dropped.
pub struct Library(());

impl Library {
    /// `otc_init`
    pub fn start() -> Result<Self, Error> {
        check(otc_init(null_mut())).map(Self)
    }
}

impl Drop for Library {
    fn drop(&mut self) {
        otc_destroy();
    }
}

/// `otc_set_dials_per_second`
pub fn set_dials_per_second(dials: u32) -> Result<(), Error> {
    check(otc_set_dials_per_second(c_int::try_from(dials)?))
}

/// How a session is made.
pub struct Wishes<'a> {
    /// The server's address.
    pub url: &'a str,
    /// The API key.
    pub api_key: &'a str,
    /// The session id.
    pub session_id: &'a str,
    /// Whether it hears of the others' coming and going.
    pub connection_events: bool,
    /// How long it tries to come back; `None` is the library's default.
    pub reconnect_window: Option<Duration>,
    /// How many callbacks may wait; `None` is the library's default.
    pub callback_queue: Option<usize>,
}

impl<'a> Wishes<'a> {
    /// A session with the defaults.
    pub fn new(url: &'a str, api_key: &'a str, session_id: &'a str) -> Self {
        Self {
            url,
            api_key,
            session_id,
            connection_events: true,
            reconnect_window: None,
            callback_queue: None,
        }
    }
}

/// A session of one's own; deleted when it is dropped.
pub struct Session {
    handle: SessionRef,
    /// Lives until no callback can come any more. Two boxes: a thin pointer goes through C.
    _user_data: Box<hears::UserData>,
}

/// A session, as a callback is given it.
#[derive(Clone, Copy)]
pub struct SessionRef(*mut otc_session);

// SAFETY: a handle is a number that the library looks up; every function may be called from any thread.
unsafe impl Send for SessionRef {}
// SAFETY: as above.
unsafe impl Sync for SessionRef {}

/// Whom a signal is for: a member's connection.
pub struct Connection(*mut otc_connection);

// SAFETY: a handle is a number that the library looks up; every function may be called from any thread.
unsafe impl Send for Connection {}
// SAFETY: as above.
unsafe impl Sync for Connection {}

/// How a signal fared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// It is on its way.
    Accepted,
    /// Too many wait (`OTC_SESSION_UNABLE_TO_SEND_SIGNAL`, 1550): back off.
    Full,
    /// The session is not connected (`OTC_SESSION_NOT_CONNECTED`, 1010).
    NotConnected,
}

const UNABLE_TO_SEND_SIGNAL: c_int = 1550;
const NOT_CONNECTED: c_int = 1010;

impl Session {
    /// A session that tells `hears`; not connected yet.
    pub fn new(wishes: &Wishes<'_>, hears: impl Hears) -> Result<Self, Error> {
        let (url, api_key, session_id) =
            (CString::new(wishes.url)?, CString::new(wishes.api_key)?, CString::new(wishes.session_id)?);
        let user_data: Box<hears::UserData> = Box::new(Box::new(hears));
        let callbacks = hears::callbacks(&user_data);
        let settings = otc_session_settings_new();
        let set = settings_of(wishes, settings);
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
        let session = Self { handle: SessionRef(handle), _user_data: user_data };
        set?;
        check(otc_session_set_on_signal_failed(handle, Some(hears::on_signal_failed)))?;
        Ok(session)
    }

    /// `otc_session_connect`
    pub fn connect(&self, token: &str) -> Result<(), Error> {
        let token = CString::new(token)?;
        // SAFETY: a C string that lives until the call returns.
        check(unsafe { otc_session_connect(self.handle.0, token.as_ptr()) })
    }

    /// `otc_session_disconnect`
    pub fn disconnect(&self) -> Result<(), Error> {
        check(otc_session_disconnect(self.handle.0))
    }

    /// One's own connection.
    pub fn connection(&self) -> Result<Connection, Error> {
        let connection = otc_session_get_connection(self.handle.0);
        if connection.is_null() { Err(last_error().into()) } else { Ok(Connection(connection)) }
    }

    /// What can be handed on; it must not be used after this object.
    pub fn as_ref(&self) -> SessionRef {
        self.handle
    }
}

fn settings_of(wishes: &Wishes<'_>, settings: *mut otc_session_settings) -> Result<(), Error> {
    let suppressed = otc_bool::from(!wishes.connection_events);
    check(otc_session_settings_set_connection_events_suppressed(settings, suppressed))?;
    if let Some(window) = wishes.reconnect_window {
        let millis = c_int::try_from(window.as_millis())?;
        check(otc_session_settings_set_reconnect_window(settings, millis))?;
    }
    if let Some(most) = wishes.callback_queue {
        check(otc_session_settings_set_callback_queue_size(settings, c_int::try_from(most)?))?;
    }
    Ok(())
}

impl Drop for Session {
    fn drop(&mut self) {
        otc_session_delete(self.handle.0);
    }
}

impl Connection {
    /// One's own copy of what a callback lent.
    fn copy(lent: *const otc_connection) -> Self {
        Self(otc_connection_copy(lent))
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        otc_connection_delete(self.0);
    }
}

impl SessionRef {
    /// To everybody, oneself included.
    pub fn signal(self, data: &CStr) -> Result<Sent, Error> {
        // SAFETY: a C string that lives until the call returns.
        sent(unsafe { otc_session_signal(self.0, null(), data.as_ptr()) })
    }

    /// To one member.
    pub fn signal_to(self, data: &CStr, to: &Connection) -> Result<Sent, Error> {
        // SAFETY: a C string that lives until the call returns.
        sent(unsafe { otc_session_signal_to_connection(self.0, null(), data.as_ptr(), to.0) })
    }
}

fn sent(status: otc_status) -> Result<Sent, Error> {
    match status {
        UNABLE_TO_SEND_SIGNAL => Ok(Sent::Full),
        NOT_CONNECTED => Ok(Sent::NotConnected),
        status => check(status).map(|()| Sent::Accepted),
    }
}

fn check(status: otc_status) -> Result<(), Error> {
    if status == 0 { Ok(()) } else { Err(format!("{status}: {}", last_error()).into()) }
}

fn last_error() -> String {
    // SAFETY: a C string that lives until this thread's next failed call.
    unsafe { CStr::from_ptr(otc_last_error_text()) }.to_string_lossy().into_owned()
}
