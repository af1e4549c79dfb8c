//! The callbacks of a session, and the thread's way into them.

use super::boundary::c_string;
use super::connection::{self, otc_connection};
use super::session::otc_session;
use super::session_callbacks::{
    otc_released_callback, otc_signal_failed_callback, otc_status_changed_callback,
};
use super::stream::{self, otc_stream, video_type};
use super::types::{SessionErrorNumber, VideoTypeNumber, otc_bool, otc_on_mute_forced_info};
use crate::fault;
use crate::net::Listener;
use crate::session::{Event, FailedSignal, OwnSignal, StreamChange};
use otc_protocol::error::ErrorCode;
use parking_lot::Mutex;
use std::ffi::{CString, c_char, c_int, c_void};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What a session tells the application. Fields that are NULL are not called.
///
/// Callbacks of one session run one at a time, in order, on threads of the library. What is passed to them is theirs until
/// they return, except session and user_data. They must not throw and should return quickly: three threads serve all sessions.
/// A callback that takes longer than about 10 ms has one of them for itself; when none is left and a callback waits for 100 ms,
/// one more thread is made, up to 64 in all, and beyond them callbacks wait. Sockets and heart-beats go on in any case.
/// Functions that are called inside a callback tell how things are now, which may be later than what the callback tells.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct otc_session_callbacks {
    /// The session is joined.
    pub on_connected: Option<unsafe extern "C-unwind" fn(session: *mut otc_session, user_data: *mut c_void)>,
    /// The session has ended; otc_session_get_disconnect_reason() says why.
    pub on_disconnected:
        Option<unsafe extern "C-unwind" fn(session: *mut otc_session, user_data: *mut c_void)>,
    /// Somebody else is in the session: has joined, or was there before.
    pub on_connection_created: Option<
        unsafe extern "C-unwind" fn(
            session: *mut otc_session,
            user_data: *mut c_void,
            connection: *const otc_connection,
        ),
    >,
    /// Somebody else has left the session.
    pub on_connection_dropped: Option<
        unsafe extern "C-unwind" fn(
            session: *mut otc_session,
            user_data: *mut c_void,
            connection: *const otc_connection,
        ),
    >,
    /// Somebody else publishes a stream.
    pub on_stream_received: Option<
        unsafe extern "C-unwind" fn(
            session: *mut otc_session,
            user_data: *mut c_void,
            stream: *const otc_stream,
        ),
    >,
    /// Somebody else's stream has ended.
    pub on_stream_dropped: Option<
        unsafe extern "C-unwind" fn(
            session: *mut otc_session,
            user_data: *mut c_void,
            stream: *const otc_stream,
        ),
    >,
    /// A stream has gained or lost its sound.
    pub on_stream_has_audio_changed: Option<
        unsafe extern "C-unwind" fn(
            session: *mut otc_session,
            user_data: *mut c_void,
            stream: *const otc_stream,
            has_audio: otc_bool,
        ),
    >,
    /// A stream has gained or lost its pictures.
    pub on_stream_has_video_changed: Option<
        unsafe extern "C-unwind" fn(
            session: *mut otc_session,
            user_data: *mut c_void,
            stream: *const otc_stream,
            has_video: otc_bool,
        ),
    >,
    /// A stream has gained or lost its captions.
    pub on_stream_has_captions_changed: Option<
        unsafe extern "C-unwind" fn(
            session: *mut otc_session,
            user_data: *mut c_void,
            stream: *const otc_stream,
            has_captions: otc_bool,
        ),
    >,
    /// The pictures of a stream have another size, in pixels.
    pub on_stream_video_dimensions_changed: Option<
        unsafe extern "C-unwind" fn(
            session: *mut otc_session,
            user_data: *mut c_void,
            stream: *const otc_stream,
            width: c_int,
            height: c_int,
        ),
    >,
    /// The pictures of a stream come from elsewhere.
    pub on_stream_video_type_changed: Option<
        unsafe extern "C-unwind" fn(
            session: *mut otc_session,
            user_data: *mut c_void,
            stream: *const otc_stream,
            type_: VideoTypeNumber,
        ),
    >,
    /// A signal has arrived. type and signal are NULL when the sender gave none; connection is NULL when the application's
    /// server sent it.
    pub on_signal_received: Option<
        unsafe extern "C-unwind" fn(
            session: *mut otc_session,
            user_data: *mut c_void,
            type_: *const c_char,
            signal: *const c_char,
            connection: *const otc_connection,
        ),
    >,
    /// The connection is lost; the library tries to come back.
    pub on_reconnecting:
        Option<unsafe extern "C-unwind" fn(session: *mut otc_session, user_data: *mut c_void)>,
    /// The library has come back; nothing was lost.
    pub on_reconnected:
        Option<unsafe extern "C-unwind" fn(session: *mut otc_session, user_data: *mut c_void)>,
    /// A recording of the session has begun, or was running when the session was joined.
    pub on_archive_started: Option<
        unsafe extern "C-unwind" fn(
            session: *mut otc_session,
            user_data: *mut c_void,
            archive_id: *const c_char,
            name: *const c_char,
        ),
    >,
    /// A recording has ended.
    pub on_archive_stopped: Option<
        unsafe extern "C-unwind" fn(
            session: *mut otc_session,
            user_data: *mut c_void,
            archive_id: *const c_char,
        ),
    >,
    /// Something failed: connecting, a signal, or the connection for good (then on_disconnected follows).
    pub on_error: Option<
        unsafe extern "C-unwind" fn(
            session: *mut otc_session,
            user_data: *mut c_void,
            error_string: *const c_char,
            error: SessionErrorNumber,
        ),
    >,
    /// A moderator mutes everybody, or ends it.
    pub on_mute_forced: Option<
        unsafe extern "C-unwind" fn(
            session: *mut otc_session,
            user_data: *mut c_void,
            mute_info: *mut otc_on_mute_forced_info,
        ),
    >,
    /// Passed to every callback; the library does not touch it.
    pub user_data: *mut c_void,
    /// Set to NULL.
    pub reserved: *mut c_void,
}

/// Calls the callbacks of one session.
pub(super) struct Callbacks {
    table: otc_session_callbacks,
    session_id: Arc<str>,
    /// The session's handle, once it has one.
    handle: AtomicUsize,
    /// Set by functions of their own.
    set: Mutex<Set>,
}

#[derive(Clone, Copy, Default)]
struct Set {
    released: otc_released_callback,
    status_changed: otc_status_changed_callback,
    signal_failed: otc_signal_failed_callback,
}

// SAFETY: user_data is passed on and never followed; that callbacks may run on any thread is the API's contract.
#[allow(unsafe_code)]
unsafe impl Send for Callbacks {}
// SAFETY: as above.
#[allow(unsafe_code)]
unsafe impl Sync for Callbacks {}

impl Callbacks {
    pub(super) fn new(table: otc_session_callbacks, session_id: &Arc<str>) -> Self {
        Self { table, session_id: Arc::clone(session_id), handle: AtomicUsize::new(0), set: Mutex::default() }
    }

    pub(super) fn set_on_released(&self, released: otc_released_callback) {
        self.set.lock().released = released;
    }

    pub(super) fn set_on_status_changed(&self, status_changed: otc_status_changed_callback) {
        self.set.lock().status_changed = status_changed;
    }

    pub(super) fn set_on_signal_failed(&self, signal_failed: otc_signal_failed_callback) {
        self.set.lock().signal_failed = signal_failed;
    }

    /// A copy, so that no lock is held while the application's function runs.
    fn set(&self) -> Set {
        *self.set.lock()
    }

    pub(super) fn set_handle(&self, handle: usize) {
        self.handle.store(handle, Ordering::Release);
    }

    fn session(&self) -> *mut otc_session {
        self.handle.load(Ordering::Acquire) as *mut otc_session
    }

    #[allow(unsafe_code)]
    fn error(&self, text: &str, code: ErrorCode) {
        if let Some(call) = self.table.on_error {
            let text = c_string(text);
            // SAFETY: the application gave this function for this purpose; the text lives until the call returns.
            guarded(|| unsafe { call(self.session(), self.table.user_data, text.as_ptr(), code as c_int) });
        }
    }

    /// Told where the application wants to hear of it.
    #[allow(unsafe_code)]
    fn signal_failed(&self, failed: &FailedSignal) {
        let told = self.set().signal_failed.and_then(|call| Some((call, failed.signal()?)));
        let Some((call, OwnSignal { kind, data, to })) = told else {
            self.error(&failed.text, failed.code);
            return;
        };
        let [kind, data, to] = [kind, data, to].map(|text| text.as_deref().map(c_string));
        let text = c_string(&failed.text);
        let (session, user) = (self.session(), self.table.user_data);
        let [kind, data, to] = [&kind, &data, &to].map(|text| or_null(text.as_ref()));
        // SAFETY: the application gave this function for this purpose; the texts live until the call returns.
        guarded(|| unsafe { call(session, user, kind, data, to, failed.code as c_int, text.as_ptr()) });
    }
}

/// Ends the process when a foreign exception comes out of a callback: to unwind through the library would be undefined.
struct NoUnwind;

impl Drop for NoUnwind {
    fn drop(&mut self) {
        eprintln!("libotc: an exception left a callback; callbacks must not throw. The process ends.");
        std::process::abort();
    }
}

/// Calls a function of the application.
pub(super) fn guarded(callback: impl FnOnce()) {
    let guard = NoUnwind;
    callback();
    std::mem::forget(guard);
}

/// The listener that the library's threads hold.
pub(super) struct CallbackListener(pub(super) Arc<Callbacks>);

impl Listener for CallbackListener {
    #[allow(unsafe_code)]
    #[allow(clippy::too_many_lines, reason = "one arm for each callback")]
    fn hear(&self, event: Event) {
        fault::point(fault::Place::Callback);
        let callbacks = &*self.0;
        let table = &callbacks.table;
        let (session, user) = (callbacks.session(), table.user_data);
        match event {
            Event::StatusChanged(status) => {
                if let Some(call) = callbacks.set().status_changed {
                    // SAFETY: the application gave this function for this purpose; so for all calls below.
                    guarded(|| unsafe { call(session, user, status as c_int) });
                }
            }
            Event::Connected => {
                if let Some(call) = table.on_connected {
                    // SAFETY: see above.
                    guarded(|| unsafe { call(session, user) });
                }
            }
            Event::Disconnected(_) => {
                if let Some(call) = table.on_disconnected {
                    // SAFETY: see above.
                    guarded(|| unsafe { call(session, user) });
                }
            }
            Event::ConnectionCreated(who) => {
                if let Some(call) = table.on_connection_created {
                    let lent = connection::lend(who, &callbacks.session_id);
                    // SAFETY: see above; the handle lives until the call returns.
                    guarded(|| unsafe { call(session, user, lent.pointer()) });
                }
            }
            Event::ConnectionDropped(who) => {
                if let Some(call) = table.on_connection_dropped {
                    let lent = connection::lend(who, &callbacks.session_id);
                    // SAFETY: see above; the handle lives until the call returns.
                    guarded(|| unsafe { call(session, user, lent.pointer()) });
                }
            }
            Event::StreamReceived(what) => {
                if let Some(call) = table.on_stream_received {
                    let lent = stream::lend(what, &callbacks.session_id);
                    // SAFETY: see above; the handle lives until the call returns.
                    guarded(|| unsafe { call(session, user, lent.pointer()) });
                }
            }
            Event::StreamDropped(what) => {
                if let Some(call) = table.on_stream_dropped {
                    let lent = stream::lend(what, &callbacks.session_id);
                    // SAFETY: see above; the handle lives until the call returns.
                    guarded(|| unsafe { call(session, user, lent.pointer()) });
                }
            }
            Event::StreamChanged(what, change) => {
                let kind = video_type(&what);
                let lent = stream::lend(what, &callbacks.session_id);
                let flag = |call: Option<unsafe extern "C-unwind" fn(_, _, *const otc_stream, _)>,
                            on: bool| {
                    if let Some(call) = call {
                        // SAFETY: see above; the handle lives until the call returns.
                        guarded(|| unsafe {
                            call(session, user, lent.pointer().cast_const(), otc_bool::from(on));
                        });
                    }
                };
                match change {
                    StreamChange::Audio(on) => flag(table.on_stream_has_audio_changed, on),
                    StreamChange::Video(on) => flag(table.on_stream_has_video_changed, on),
                    StreamChange::Captions(on) => flag(table.on_stream_has_captions_changed, on),
                    StreamChange::Dimensions(width, height) => {
                        if let Some(call) = table.on_stream_video_dimensions_changed {
                            // SAFETY: see above; the handle lives until the call returns.
                            guarded(|| unsafe { call(session, user, lent.pointer(), width, height) });
                        }
                    }
                    StreamChange::VideoType => {
                        if let Some(call) = table.on_stream_video_type_changed {
                            // SAFETY: see above; the handle lives until the call returns.
                            guarded(|| unsafe { call(session, user, lent.pointer(), kind) });
                        }
                    }
                }
            }
            Event::Signal(signal) => {
                if let Some(call) = table.on_signal_received {
                    let kind = signal.kind.as_deref().map(c_string);
                    let data = signal.data.as_deref().map(c_string);
                    let lent = signal.from.map(|from| connection::lend(from, &callbacks.session_id));
                    let from = lent.as_ref().map_or(std::ptr::null(), |lent| lent.pointer().cast_const());
                    // SAFETY: see above; texts and handle live until the call returns.
                    guarded(|| unsafe {
                        call(session, user, or_null(kind.as_ref()), or_null(data.as_ref()), from);
                    });
                }
            }
            Event::Reconnecting => {
                if let Some(call) = table.on_reconnecting {
                    // SAFETY: see above.
                    guarded(|| unsafe { call(session, user) });
                }
            }
            Event::Reconnected => {
                if let Some(call) = table.on_reconnected {
                    // SAFETY: see above.
                    guarded(|| unsafe { call(session, user) });
                }
            }
            Event::ArchiveStarted { id, name } => {
                if let Some(call) = table.on_archive_started {
                    let (id, name) = (c_string(&id), c_string(&name));
                    // SAFETY: see above; the texts live until the call returns.
                    guarded(|| unsafe { call(session, user, id.as_ptr(), name.as_ptr()) });
                }
            }
            Event::ArchiveStopped { id } => {
                if let Some(call) = table.on_archive_stopped {
                    let id = c_string(&id);
                    // SAFETY: see above; the text lives until the call returns.
                    guarded(|| unsafe { call(session, user, id.as_ptr()) });
                }
            }
            Event::SignalFailed(failed) => callbacks.signal_failed(&failed),
            Event::Error { code, text } => callbacks.error(&text, code),
            Event::MuteForced { active } => {
                if let Some(call) = table.on_mute_forced {
                    let mut info = otc_on_mute_forced_info { active: otc_bool::from(active) };
                    // SAFETY: see above; the struct lives until the call returns.
                    guarded(|| unsafe { call(session, user, &raw mut info) });
                }
            }
        }
    }

    fn awaits_release(&self) -> bool {
        self.0.set().released.is_some()
    }

    #[allow(unsafe_code)]
    fn released(&self) {
        if let Some(call) = self.0.set().released {
            let user = self.0.table.user_data;
            // SAFETY: the application gave this function for this purpose.
            guarded(|| unsafe { call(user) });
        }
    }

    fn callback_name(&self, event: &Event) -> &'static str {
        match event {
            Event::StatusChanged(_) => "on_status_changed",
            Event::Connected => "on_connected",
            Event::Disconnected(_) => "on_disconnected",
            Event::ConnectionCreated(_) => "on_connection_created",
            Event::ConnectionDropped(_) => "on_connection_dropped",
            Event::StreamReceived(_) => "on_stream_received",
            Event::StreamDropped(_) => "on_stream_dropped",
            Event::StreamChanged(_, StreamChange::Audio(_)) => "on_stream_has_audio_changed",
            Event::StreamChanged(_, StreamChange::Video(_)) => "on_stream_has_video_changed",
            Event::StreamChanged(_, StreamChange::Captions(_)) => "on_stream_has_captions_changed",
            Event::StreamChanged(_, StreamChange::Dimensions(..)) => "on_stream_video_dimensions_changed",
            Event::StreamChanged(_, StreamChange::VideoType) => "on_stream_video_type_changed",
            Event::Signal(_) => "on_signal_received",
            Event::Reconnecting => "on_reconnecting",
            Event::Reconnected => "on_reconnected",
            Event::ArchiveStarted { .. } => "on_archive_started",
            Event::ArchiveStopped { .. } => "on_archive_stopped",
            Event::SignalFailed(_) if self.0.set().signal_failed.is_some() => "on_signal_failed",
            Event::SignalFailed(_) | Event::Error { .. } => "on_error",
            Event::MuteForced { .. } => "on_mute_forced",
        }
    }
}

fn or_null(text: Option<&CString>) -> *const c_char {
    text.map_or(std::ptr::null(), |text| text.as_ptr())
}
