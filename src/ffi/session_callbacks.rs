//! The callbacks that are not fields of `otc_session_callbacks`: its layout is the vendor's and does not grow.

use super::boundary::{Failed, status};
use super::session::{get, otc_session};
use super::types::{ConnectionStatusNumber, SessionErrorNumber, otc_status};
use std::ffi::{c_char, c_void};

/// Told once, last of all callbacks of a session: the library uses user_data, that of the session's callbacks, no more.
pub type otc_released_callback = Option<unsafe extern "C-unwind" fn(user_data: *mut c_void)>;

/// Told whenever otc_session_get_connection_status() has come to answer otherwise, in order with the session's other
/// callbacks and before those that the change brings.
pub type otc_status_changed_callback = Option<
    unsafe extern "C-unwind" fn(
        session: *mut otc_session,
        user_data: *mut c_void,
        status: ConnectionStatusNumber,
    ),
>;

/// Told of a signal of one's own that was accepted and that the server has refused, or has not answered before the session
/// ended. type and data are what the signal was sent with, NULL when it had none; connection_id is its addressee's id, NULL when
/// it was for everybody. error is OTC_SESSION_UNABLE_TO_SEND_SIGNAL; error_text says what happened, and whether the signal may
/// have arrived all the same. All texts are the callback's until it returns.
pub type otc_signal_failed_callback = Option<
    unsafe extern "C-unwind" fn(
        session: *mut otc_session,
        user_data: *mut c_void,
        type_: *const c_char,
        data: *const c_char,
        connection_id: *const c_char,
        error: SessionErrorNumber,
        error_text: *const c_char,
    ),
>;

/// Sets the last callback of the session: it is called exactly once, after otc_session_delete() or otc_destroy(), when every
/// other callback of the session has returned and none begins any more. From then on user_data may be freed.
///
/// Outside a callback, otc_session_delete() returns after it has run; inside a callback, before.
///
/// on_released: called with the user_data of the session's callbacks; NULL for none. It replaces the one set before.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: nothing.
/// Errors: OTC_INVALID_PARAM when session is not one, or has been deleted before.
#[unsafe(no_mangle)]
pub extern "C" fn otc_session_set_on_released(
    session: *mut otc_session,
    on_released: otc_released_callback,
) -> otc_status {
    status(|| {
        let object = get(session)?;
        // A session that another thread is just ending is as good as deleted.
        let in_time = object.session.set_release(|| object.callbacks.set_on_released(on_released));
        if in_time { Ok(()) } else { Err(Failed::handle("session")) }
    })
}

/// Sets a callback for every change of the session's status.
///
/// on_status_changed: called with the user_data of the session's callbacks and the new status; NULL for none. It replaces the
/// one set before, for what is told from now on.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: nothing.
/// Errors: OTC_INVALID_PARAM when session is not one, or has been deleted before.
#[unsafe(no_mangle)]
pub extern "C" fn otc_session_set_on_status_changed(
    session: *mut otc_session,
    on_status_changed: otc_status_changed_callback,
) -> otc_status {
    status(|| {
        get(session)?.callbacks.set_on_status_changed(on_status_changed);
        Ok::<(), Failed>(())
    })
}

/// Sets a callback for signals that were accepted and have not, or may not have, come through: each is told once, in order with
/// the session's other callbacks, and before the on_error and on_disconnected that end the session. It is told instead of on_error.
///
/// Signals that are unanswered when otc_session_delete() is called are not told: from then on no callback begins. Who wants to
/// know of them calls otc_session_disconnect() first, and waits for on_disconnected.
///
/// on_signal_failed: called with the user_data of the session's callbacks; NULL for none, then on_error tells of such signals. It
/// replaces the one set before, for what is told from now on.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: nothing.
/// Errors: OTC_INVALID_PARAM when session is not one, or has been deleted before.
#[unsafe(no_mangle)]
pub extern "C" fn otc_session_set_on_signal_failed(
    session: *mut otc_session,
    on_signal_failed: otc_signal_failed_callback,
) -> otc_status {
    status(|| {
        get(session)?.callbacks.set_on_signal_failed(on_signal_failed);
        Ok::<(), Failed>(())
    })
}
