//! A program that uses the C API.

use super::DEADLINE;
use otc::ffi::*;
use std::collections::VecDeque;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr::null_mut;
use std::sync::{Arc, Condvar, Mutex, Once};
use std::time::{Duration, Instant};

/// What a callback was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    Connected,
    Disconnected,
    Came { id: String, data: String },
    Went { id: String },
    StreamReceived { id: String },
    StreamDropped { id: String },
    StreamChanged { id: String, told: Change, seen: Change },
    MuteForced { active: bool },
    ArchiveStarted { id: String, name: String },
    ArchiveStopped { id: String },
    Signal { kind: Option<String>, data: Option<String>, from: Option<String> },
    Reconnecting,
    Reconnected,
    Error { code: i32, text: String },
}

/// What of a stream has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Audio(bool),
    Video(bool),
    Captions(bool),
    Dimensions(i32, i32),
    VideoType(i32),
}

impl Heard {
    /// A change that the callback tells and the stream that it is given shows.
    pub(crate) fn changed(stream: &str, change: Change) -> Self {
        Self::StreamChanged { id: stream.into(), told: change, seen: change }
    }

    pub(crate) fn signal(kind: &str, data: &str, from: Option<&str>) -> Self {
        Self::Signal { kind: Some(kind.into()), data: Some(data.into()), from: from.map(str::to_owned) }
    }
}

/// What the callbacks share with the test.
#[derive(Default)]
pub(crate) struct Ears {
    heard: Mutex<VecDeque<Heard>>,
    news: Condvar,
}

impl Ears {
    fn hear(&self, heard: Heard) {
        self.heard.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push_back(heard);
        self.news.notify_all();
    }

    /// The next thing heard; `None` when nothing comes in time.
    pub(crate) fn next_within(&self, patience: Duration) -> Option<Heard> {
        let deadline = Instant::now() + patience;
        let mut heard = self.heard.lock().expect("no test thread panics with it");
        loop {
            if let Some(first) = heard.pop_front() {
                return Some(first);
            }
            let left = deadline.checked_duration_since(Instant::now())?;
            heard = self.news.wait_timeout(heard, left).expect("no test thread panics with it").0;
        }
    }
}

/// Starts the library once for the whole test binary.
pub(crate) fn start_library() {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| {
        assert_eq!(otc_init(null_mut()), 0);
    });
}

/// A session of the C API and what it has heard.
pub(crate) struct Program {
    pub(crate) session: *mut otc_session,
    pub(crate) ears: Arc<Ears>,
    deleted: bool,
}

// The handle is a number, and the C API may be called from any thread.
unsafe impl Send for Program {}

/// How a program is made.
#[derive(Default)]
pub(crate) struct Wishes<'a> {
    pub(crate) api_url: Option<&'a str>,
    pub(crate) ca_file: Option<&'a str>,
    pub(crate) suppressed: bool,
    /// What else is set.
    pub(crate) also: Option<&'a dyn Fn(*mut otc_session_settings)>,
}

impl Program {
    pub(crate) fn new(api_key: &str, session_id: &str, wishes: &Wishes<'_>) -> Self {
        start_library();
        let ears: Arc<Ears> = Arc::default();
        let callbacks = callbacks(&ears);
        let (api_key, session_id) = (c(api_key), c(session_id));
        let settings = otc_session_settings_new();
        let session = unsafe {
            if let Some(url) = wishes.api_url {
                assert_eq!(otc_session_settings_set_api_url(settings, c(url).as_ptr()), 0);
            }
            if let Some(file) = wishes.ca_file {
                assert_eq!(otc_session_settings_set_ca_file(settings, c(file).as_ptr()), 0);
            }
            otc_session_settings_set_connection_events_suppressed(settings, c_int::from(wishes.suppressed));
            if let Some(also) = wishes.also {
                also(settings);
            }
            otc_session_new_with_settings(
                api_key.as_ptr(),
                session_id.as_ptr(),
                &raw const callbacks,
                settings,
            )
        };
        assert!(!session.is_null(), "{}", last_error());
        assert_eq!(otc_session_settings_delete(settings), 0);
        Self { session, ears, deleted: false }
    }

    pub(crate) fn connect(&self, token: &str) {
        assert_eq!(unsafe { otc_session_connect(self.session, c(token).as_ptr()) }, 0, "{}", last_error());
    }

    pub(crate) fn connect_to_host(&self, host: &str, path: &str, port: u16, secure: bool, token: &str) {
        let (host, path, token) = (c(host), c(path), c(token));
        let status = unsafe {
            otc_session_connect_to_host(
                self.session,
                host.as_ptr(),
                path.as_ptr(),
                c_int::from(port),
                c_int::from(secure),
                token.as_ptr(),
            )
        };
        assert_eq!(status, 0, "{}", last_error());
    }

    pub(crate) fn disconnect(&self) {
        assert_eq!(otc_session_disconnect(self.session), 0, "{}", last_error());
    }

    pub(crate) fn signal(&self, kind: &str, data: &str) {
        assert_eq!(self.try_signal(kind, data), 0, "{}", last_error());
    }

    pub(crate) fn try_signal(&self, kind: &str, data: &str) -> i32 {
        unsafe { otc_session_signal(self.session, c(kind).as_ptr(), c(data).as_ptr()) }
    }

    pub(crate) fn signal_to(&self, kind: &str, data: &str, connection: *const otc_connection) -> i32 {
        unsafe {
            otc_session_signal_to_connection(self.session, c(kind).as_ptr(), c(data).as_ptr(), connection)
        }
    }

    /// Sends a signal to oneself.
    pub(crate) fn signal_to_self(&self, kind: &str, data: &str) -> i32 {
        let own = otc_session_get_connection(self.session);
        let status = self.signal_to(kind, data, own);
        assert_eq!(otc_connection_delete(own), 0);
        status
    }

    /// One's own connection id while connected.
    pub(crate) fn id(&self) -> Option<String> {
        let connection = otc_session_get_connection(self.session);
        if connection.is_null() {
            return None;
        }
        let id = text(otc_connection_get_id(connection));
        assert_eq!(otc_connection_delete(connection), 0);
        id
    }

    pub(crate) fn next(&self) -> Heard {
        self.ears.next_within(DEADLINE).expect("the session says nothing any more")
    }

    /// Passes over everything until `wanted` is heard.
    pub(crate) fn wait_for(&self, wanted: &Heard) {
        while self.next() != *wanted {}
    }

    /// Waits for the end of a connect that fails: `on_error` and nothing else.
    pub(crate) fn wait_for_failure(&self) -> (i32, String) {
        match self.next() {
            Heard::Error { code, text } => (code, text),
            other => panic!("{other:?} instead of on_error"),
        }
    }

    pub(crate) fn wait_for_connected(&self) -> String {
        assert_eq!(self.next(), Heard::Connected);
        self.id().expect("connected")
    }

    /// Nothing else is heard before this session's own next signal.
    pub(crate) fn assert_quiet(&self) {
        let me = self.id();
        self.signal("fence", "");
        assert_eq!(
            self.next(),
            Heard::Signal { kind: Some("fence".into()), data: Some(String::new()), from: me }
        );
    }

    pub(crate) fn delete(mut self) {
        self.deleted = true;
        assert_eq!(otc_session_delete(self.session), 0);
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if !self.deleted {
            otc_session_delete(self.session);
        }
    }
}

pub(crate) fn c(text: &str) -> CString {
    CString::new(text).expect("no NUL in it")
}

pub(crate) fn text(pointer: *const c_char) -> Option<String> {
    if pointer.is_null() {
        return None;
    }
    Some(unsafe { CStr::from_ptr(pointer) }.to_str().expect("the library speaks UTF-8").to_owned())
}

pub(crate) fn last_error() -> String {
    text(otc_last_error_text()).expect("never NULL")
}

/// Callbacks that tell `ears`, which the test must keep alive as long as the session.
pub(crate) fn callbacks(ears: &Arc<Ears>) -> otc_session_callbacks {
    otc_session_callbacks {
        on_connected: Some(on_connected),
        on_disconnected: Some(on_disconnected),
        on_connection_created: Some(on_connection_created),
        on_connection_dropped: Some(on_connection_dropped),
        on_stream_received: Some(on_stream_received),
        on_stream_dropped: Some(on_stream_dropped),
        on_stream_has_audio_changed: Some(on_stream_has_audio_changed),
        on_stream_has_video_changed: Some(on_stream_has_video_changed),
        on_stream_has_captions_changed: Some(on_stream_has_captions_changed),
        on_stream_video_dimensions_changed: Some(on_stream_video_dimensions_changed),
        on_stream_video_type_changed: Some(on_stream_video_type_changed),
        on_mute_forced: Some(on_mute_forced),
        on_archive_started: Some(on_archive_started),
        on_archive_stopped: Some(on_archive_stopped),
        on_signal_received: Some(on_signal_received),
        on_reconnecting: Some(on_reconnecting),
        on_reconnected: Some(on_reconnected),
        on_error: Some(on_error),
        user_data: Arc::as_ptr(ears).cast_mut().cast(),
        ..no_callbacks()
    }
}

pub(crate) fn no_callbacks() -> otc_session_callbacks {
    otc_session_callbacks {
        on_connected: None,
        on_disconnected: None,
        on_connection_created: None,
        on_connection_dropped: None,
        on_stream_received: None,
        on_stream_dropped: None,
        on_stream_has_audio_changed: None,
        on_stream_has_video_changed: None,
        on_stream_has_captions_changed: None,
        on_stream_video_dimensions_changed: None,
        on_stream_video_type_changed: None,
        on_signal_received: None,
        on_reconnecting: None,
        on_reconnected: None,
        on_archive_started: None,
        on_archive_stopped: None,
        on_error: None,
        on_mute_forced: None,
        user_data: null_mut(),
        reserved: null_mut(),
    }
}

/// What a callback hears, as the user data of its session.
fn ears<'a>(user_data: *mut c_void) -> &'a Ears {
    unsafe { &*user_data.cast::<Ears>() }
}

fn id(connection: *const otc_connection) -> String {
    text(otc_connection_get_id(connection)).expect("never NULL")
}

unsafe extern "C-unwind" fn on_connected(_: *mut otc_session, user: *mut c_void) {
    ears(user).hear(Heard::Connected);
}

unsafe extern "C-unwind" fn on_disconnected(_: *mut otc_session, user: *mut c_void) {
    ears(user).hear(Heard::Disconnected);
}

unsafe extern "C-unwind" fn on_connection_created(
    _: *mut otc_session,
    user: *mut c_void,
    who: *const otc_connection,
) {
    let data = text(otc_connection_get_data(who)).expect("never NULL");
    ears(user).hear(Heard::Came { id: id(who), data });
}

unsafe extern "C-unwind" fn on_connection_dropped(
    _: *mut otc_session,
    user: *mut c_void,
    who: *const otc_connection,
) {
    ears(user).hear(Heard::Went { id: id(who) });
}

unsafe extern "C-unwind" fn on_stream_received(
    _: *mut otc_session,
    user: *mut c_void,
    what: *const otc_stream,
) {
    ears(user).hear(Heard::StreamReceived { id: text(otc_stream_get_id(what)).expect("never NULL") });
}

unsafe extern "C-unwind" fn on_stream_dropped(
    _: *mut otc_session,
    user: *mut c_void,
    what: *const otc_stream,
) {
    ears(user).hear(Heard::StreamDropped { id: text(otc_stream_get_id(what)).expect("never NULL") });
}

fn changed(user: *mut c_void, stream: *const otc_stream, told: Change, seen: Change) {
    let id = text(otc_stream_get_id(stream)).expect("never NULL");
    ears(user).hear(Heard::StreamChanged { id, told, seen });
}

unsafe extern "C-unwind" fn on_stream_has_audio_changed(
    _: *mut otc_session,
    user: *mut c_void,
    stream: *const otc_stream,
    has: otc_bool,
) {
    changed(user, stream, Change::Audio(has != 0), Change::Audio(otc_stream_has_audio(stream) != 0));
}

unsafe extern "C-unwind" fn on_stream_has_video_changed(
    _: *mut otc_session,
    user: *mut c_void,
    stream: *const otc_stream,
    has: otc_bool,
) {
    changed(user, stream, Change::Video(has != 0), Change::Video(otc_stream_has_video(stream) != 0));
}

unsafe extern "C-unwind" fn on_stream_has_captions_changed(
    _: *mut otc_session,
    user: *mut c_void,
    stream: *const otc_stream,
    has: otc_bool,
) {
    let seen = Change::Captions(otc_stream_has_captions(stream) != 0);
    changed(user, stream, Change::Captions(has != 0), seen);
}

unsafe extern "C-unwind" fn on_stream_video_dimensions_changed(
    _: *mut otc_session,
    user: *mut c_void,
    stream: *const otc_stream,
    width: c_int,
    height: c_int,
) {
    let (wide, high) = (otc_stream_get_video_width(stream), otc_stream_get_video_height(stream));
    changed(user, stream, Change::Dimensions(width, height), Change::Dimensions(wide, high));
}

unsafe extern "C-unwind" fn on_stream_video_type_changed(
    _: *mut otc_session,
    user: *mut c_void,
    stream: *const otc_stream,
    kind: c_int,
) {
    let seen = Change::VideoType(otc_stream_get_video_type(stream));
    changed(user, stream, Change::VideoType(kind), seen);
}

unsafe extern "C-unwind" fn on_mute_forced(
    _: *mut otc_session,
    user: *mut c_void,
    info: *mut otc_on_mute_forced_info,
) {
    ears(user).hear(Heard::MuteForced { active: unsafe { (*info).active } != 0 });
}

unsafe extern "C-unwind" fn on_archive_started(
    _: *mut otc_session,
    user: *mut c_void,
    id: *const c_char,
    name: *const c_char,
) {
    let (id, name) = (text(id).expect("never NULL"), text(name).expect("never NULL"));
    ears(user).hear(Heard::ArchiveStarted { id, name });
}

unsafe extern "C-unwind" fn on_archive_stopped(_: *mut otc_session, user: *mut c_void, id: *const c_char) {
    ears(user).hear(Heard::ArchiveStopped { id: text(id).expect("never NULL") });
}

unsafe extern "C-unwind" fn on_signal_received(
    _: *mut otc_session,
    user: *mut c_void,
    kind: *const c_char,
    data: *const c_char,
    from: *const otc_connection,
) {
    let from = if from.is_null() { None } else { Some(id(from)) };
    ears(user).hear(Heard::Signal { kind: text(kind), data: text(data), from });
}

unsafe extern "C-unwind" fn on_reconnecting(_: *mut otc_session, user: *mut c_void) {
    ears(user).hear(Heard::Reconnecting);
}

unsafe extern "C-unwind" fn on_reconnected(_: *mut otc_session, user: *mut c_void) {
    ears(user).hear(Heard::Reconnected);
}

unsafe extern "C-unwind" fn on_error(
    _: *mut otc_session,
    user: *mut c_void,
    words: *const c_char,
    code: c_int,
) {
    ears(user).hear(Heard::Error { code, text: text(words).expect("never NULL") });
}
