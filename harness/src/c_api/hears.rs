//! The callbacks of a session, as values.

use super::{Connection, SessionRef};
use otc::ffi::{
    otc_connection, otc_connection_get_data, otc_connection_get_id, otc_session, otc_session_callbacks,
};
use std::borrow::Cow;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::marker::PhantomData;
use std::ptr::null_mut;

/// Hears the callbacks of a session, on the library's threads.
pub trait Hears: Send + Sync + 'static {
    /// A callback.
    fn hear(&self, session: SessionRef, event: Event<'_>);
}

/// What a callback was told; what it holds lives until the callback returns.
pub enum Event<'a> {
    /// `on_connected`
    Connected,
    /// `on_disconnected`
    Disconnected,
    /// `on_reconnecting`
    Reconnecting,
    /// `on_reconnected`
    Reconnected,
    /// `on_connection_created`
    Came(Member<'a>),
    /// `on_connection_dropped`
    Went(Member<'a>),
    /// `on_signal_received`; it has no sender when the application's server sent it.
    Signal {
        /// What it says.
        data: SignalText<'a>,
        /// Who has sent it.
        from: Option<Member<'a>>,
    },
    /// What `otc_session_set_on_signal_failed` has set.
    SignalFailed {
        /// What the signal said.
        data: SignalText<'a>,
        /// What happened.
        text: Cow<'a, str>,
    },
    /// `on_error`
    Error {
        /// The number.
        code: i32,
        /// In words.
        text: Cow<'a, str>,
    },
}

/// A member of the session, lent to a callback.
pub struct Member<'a>(*const otc_connection, PhantomData<&'a ()>);

impl<'a> Member<'a> {
    fn lent(pointer: *const otc_connection) -> Option<Self> {
        (!pointer.is_null()).then_some(Self(pointer, PhantomData))
    }

    /// Its connection id.
    pub fn id(&self) -> Cow<'a, str> {
        // SAFETY: the connection lives until the callback returns, and its texts with it.
        unsafe { text(otc_connection_get_id(self.0)) }
    }

    /// The data of its token.
    pub fn data(&self) -> Cow<'a, str> {
        // SAFETY: as above.
        unsafe { text(otc_connection_get_data(self.0)) }
    }

    /// To be kept.
    pub fn copy(&self) -> Connection {
        Connection::copy(self.0)
    }
}

/// A signal's data, lent to a callback; read only by who asks for it.
pub struct SignalText<'a>(*const c_char, PhantomData<&'a ()>);

impl<'a> SignalText<'a> {
    /// The text; empty when there is none.
    pub fn read(&self) -> Cow<'a, str> {
        // SAFETY: it lives until the callback returns.
        unsafe { text(self.0) }
    }
}

/// # Safety
/// NULL, or a C string that lives for `'a`.
unsafe fn text<'a>(pointer: *const c_char) -> Cow<'a, str> {
    if pointer.is_null() {
        return Cow::Borrowed("");
    }
    // SAFETY: the caller's promise.
    unsafe { CStr::from_ptr(pointer) }.to_string_lossy()
}

/// What `user_data` points to.
pub(super) type UserData = Box<dyn Hears>;

/// Callbacks that tell `hears`, which must outlive the session.
pub(super) fn callbacks(hears: &UserData) -> otc_session_callbacks {
    otc_session_callbacks {
        on_connected: Some(on_connected),
        on_disconnected: Some(on_disconnected),
        on_connection_created: Some(on_connection_created),
        on_connection_dropped: Some(on_connection_dropped),
        on_stream_received: None,
        on_stream_dropped: None,
        on_stream_has_audio_changed: None,
        on_stream_has_video_changed: None,
        on_stream_has_captions_changed: None,
        on_stream_video_dimensions_changed: None,
        on_stream_video_type_changed: None,
        on_signal_received: Some(on_signal_received),
        on_reconnecting: Some(on_reconnecting),
        on_reconnected: Some(on_reconnected),
        on_archive_started: None,
        on_archive_stopped: None,
        on_error: Some(on_error),
        on_mute_forced: None,
        user_data: std::ptr::from_ref(hears).cast_mut().cast(),
        reserved: null_mut(),
    }
}

/// # Safety
/// `user_data` is what [`callbacks`] was given, whose session has not been deleted.
unsafe fn tell(session: *mut otc_session, user_data: *mut c_void, event: Event<'_>) {
    // SAFETY: the caller's promise.
    unsafe { &**user_data.cast::<UserData>() }.hear(SessionRef(session), event);
}

unsafe extern "C-unwind" fn on_connected(session: *mut otc_session, user: *mut c_void) {
    // SAFETY: the library passes on what it was given.
    unsafe { tell(session, user, Event::Connected) };
}

unsafe extern "C-unwind" fn on_disconnected(session: *mut otc_session, user: *mut c_void) {
    // SAFETY: as above.
    unsafe { tell(session, user, Event::Disconnected) };
}

unsafe extern "C-unwind" fn on_reconnecting(session: *mut otc_session, user: *mut c_void) {
    // SAFETY: as above.
    unsafe { tell(session, user, Event::Reconnecting) };
}

unsafe extern "C-unwind" fn on_reconnected(session: *mut otc_session, user: *mut c_void) {
    // SAFETY: as above.
    unsafe { tell(session, user, Event::Reconnected) };
}

unsafe extern "C-unwind" fn on_connection_created(
    session: *mut otc_session,
    user: *mut c_void,
    who: *const otc_connection,
) {
    if let Some(member) = Member::lent(who) {
        // SAFETY: as above.
        unsafe { tell(session, user, Event::Came(member)) };
    }
}

unsafe extern "C-unwind" fn on_connection_dropped(
    session: *mut otc_session,
    user: *mut c_void,
    who: *const otc_connection,
) {
    if let Some(member) = Member::lent(who) {
        // SAFETY: as above.
        unsafe { tell(session, user, Event::Went(member)) };
    }
}

unsafe extern "C-unwind" fn on_signal_received(
    session: *mut otc_session,
    user: *mut c_void,
    _kind: *const c_char,
    data: *const c_char,
    from: *const otc_connection,
) {
    let event = Event::Signal { data: SignalText(data, PhantomData), from: Member::lent(from) };
    // SAFETY: as above.
    unsafe { tell(session, user, event) };
}

pub(super) unsafe extern "C-unwind" fn on_signal_failed(
    session: *mut otc_session,
    user: *mut c_void,
    _kind: *const c_char,
    data: *const c_char,
    _to: *const c_char,
    _code: c_int,
    words: *const c_char,
) {
    // SAFETY: as above; the texts are C strings that live until this returns.
    unsafe {
        let event = Event::SignalFailed { data: SignalText(data, PhantomData), text: text(words) };
        tell(session, user, event);
    }
}

unsafe extern "C-unwind" fn on_error(
    session: *mut otc_session,
    user: *mut c_void,
    words: *const c_char,
    code: c_int,
) {
    // SAFETY: as above; the text is a C string that lives until this returns.
    unsafe { tell(session, user, Event::Error { code, text: text(words) }) };
}
