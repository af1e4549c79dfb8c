//! Signals out: four forms, each with the vendor's spelling too (`c-api.md §1.3`).

use super::boundary::{Failed, status, text};
use super::connection::{self, otc_connection};
use super::session::{get, otc_session};
use super::types::{otc_signal_options, otc_status};
use crate::session::Input;
use std::ffi::c_char;

/// Whom a signal is for.
#[derive(Clone, Copy)]
enum To {
    Everybody,
    One(*const otc_connection),
}

/// Sends a signal, copied from C.
///
/// # Safety
/// The texts are NULL or C strings.
unsafe fn send(
    session: *mut otc_session,
    kind: *const c_char,
    data: *const c_char,
    to: To,
    retry: bool,
) -> Result<(), Failed> {
    let object = get(session)?;
    // SAFETY: the caller's promise.
    let (kind, data) =
        unsafe { (text(kind, "signal type", usize::MAX), text(data, "signal data", usize::MAX)) };
    let to = match to {
        To::Everybody => None,
        To::One(connection) => Some(connection::argument(connection)?),
    };
    let to = to.as_ref().map(|object| object.connection.id.as_str());
    Ok(object.session.call(Input::Signal { kind: kind?, data: data?, to, retry })?)
}

/// Sends a signal to everybody in the session, oneself included. Every member gets it exactly once, in the order in which its
/// sender sent, through cuts of the connection.
///
/// type: a word by which receivers tell signals apart: letters, digits, '-', '_' and '~', 128 bytes at most; may be NULL.
/// signal: UTF-8 text, 8192 bytes at most; may be NULL.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: all arguments are copied.
/// Errors: OTC_INVALID_PARAM when session is not one; OTC_SESSION_NOT_CONNECTED; OTC_SESSION_INVALID_SIGNAL_TYPE,
/// OTC_SESSION_SIGNAL_TYPE_TOO_LONG, OTC_SESSION_SIGNAL_DATA_TOO_LONG; OTC_SESSION_NULL_OR_INVALID_PARAMETER when text is not
/// UTF-8; OTC_SESSION_UNABLE_TO_SEND_SIGNAL when too many signals wait. What the server refuses
/// later is told by on_error with OTC_SESSION_UNABLE_TO_SEND_SIGNAL, or by what otc_session_set_on_signal_failed() has set.
///
/// # Safety
/// type and signal are NULL or C strings.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otc_session_signal(
    session: *mut otc_session,
    type_: *const c_char,
    signal: *const c_char,
) -> otc_status {
    // SAFETY: the caller's promise.
    status(|| unsafe { send(session, type_, signal, To::Everybody, true) })
}

/// Sends a signal to one member of the session. Every member gets it exactly once, in the order in which its
/// sender sent, through cuts of the connection.
///
/// type: a word by which receivers tell signals apart: letters, digits, '-', '_' and '~', 128 bytes at most; may be NULL.
/// signal: UTF-8 text, 8192 bytes at most; may be NULL.
/// connection: the addressee, from a callback, a copy or otc_stream_get_connection().
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: all arguments are copied.
/// Errors: OTC_INVALID_PARAM when session is not one; OTC_SESSION_NOT_CONNECTED; OTC_SESSION_INVALID_SIGNAL_TYPE,
/// OTC_SESSION_SIGNAL_TYPE_TOO_LONG, OTC_SESSION_SIGNAL_DATA_TOO_LONG; OTC_SESSION_NULL_OR_INVALID_PARAMETER when text is not
/// UTF-8, or connection is not one; OTC_SESSION_UNABLE_TO_SEND_SIGNAL when too many signals wait. What the server refuses
/// later is told by on_error with OTC_SESSION_UNABLE_TO_SEND_SIGNAL, or by what otc_session_set_on_signal_failed() has set.
///
/// # Safety
/// type and signal are NULL or C strings.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otc_session_signal_to_connection(
    session: *mut otc_session,
    type_: *const c_char,
    signal: *const c_char,
    connection: *const otc_connection,
) -> otc_status {
    // SAFETY: the caller's promise.
    status(|| unsafe { send(session, type_, signal, To::One(connection), true) })
}

/// Sends a signal to everybody in the session, oneself included, with options. Every member gets it exactly once, in the order in which its
/// sender sent, through cuts of the connection.
///
/// type: a word by which receivers tell signals apart: letters, digits, '-', '_' and '~', 128 bytes at most; may be NULL.
/// signal: UTF-8 text, 8192 bytes at most; may be NULL.
/// signal_options: whether the signal waits while the session is reconnecting.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: all arguments are copied.
/// Errors: OTC_INVALID_PARAM when session is not one; OTC_SESSION_NOT_CONNECTED; OTC_SESSION_INVALID_SIGNAL_TYPE,
/// OTC_SESSION_SIGNAL_TYPE_TOO_LONG, OTC_SESSION_SIGNAL_DATA_TOO_LONG; OTC_SESSION_NULL_OR_INVALID_PARAMETER when text is not
/// UTF-8; OTC_SESSION_UNABLE_TO_SEND_SIGNAL when too many signals wait. What the server refuses
/// later is told by on_error with OTC_SESSION_UNABLE_TO_SEND_SIGNAL, or by what otc_session_set_on_signal_failed() has set.
///
/// # Safety
/// type and signal are NULL or C strings.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otc_session_signal_with_options(
    session: *mut otc_session,
    type_: *const c_char,
    signal: *const c_char,
    signal_options: otc_signal_options,
) -> otc_status {
    // SAFETY: the caller's promise.
    status(|| unsafe {
        send(session, type_, signal, To::Everybody, signal_options.retry_after_reconnect != 0)
    })
}

/// Sends a signal to one member of the session, with options. Every member gets it exactly once, in the order in which its
/// sender sent, through cuts of the connection.
///
/// type: a word by which receivers tell signals apart: letters, digits, '-', '_' and '~', 128 bytes at most; may be NULL.
/// signal: UTF-8 text, 8192 bytes at most; may be NULL.
/// connection: the addressee, from a callback, a copy or otc_stream_get_connection().
/// signal_options: whether the signal waits while the session is reconnecting.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: all arguments are copied.
/// Errors: OTC_INVALID_PARAM when session is not one; OTC_SESSION_NOT_CONNECTED; OTC_SESSION_INVALID_SIGNAL_TYPE,
/// OTC_SESSION_SIGNAL_TYPE_TOO_LONG, OTC_SESSION_SIGNAL_DATA_TOO_LONG; OTC_SESSION_NULL_OR_INVALID_PARAMETER when text is not
/// UTF-8, or connection is not one; OTC_SESSION_UNABLE_TO_SEND_SIGNAL when too many signals wait. What the server refuses
/// later is told by on_error with OTC_SESSION_UNABLE_TO_SEND_SIGNAL, or by what otc_session_set_on_signal_failed() has set.
///
/// # Safety
/// type and signal are NULL or C strings.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otc_session_signal_to_connection_with_options(
    session: *mut otc_session,
    type_: *const c_char,
    signal: *const c_char,
    connection: *const otc_connection,
    signal_options: otc_signal_options,
) -> otc_status {
    // SAFETY: the caller's promise.
    status(|| unsafe {
        send(session, type_, signal, To::One(connection), signal_options.retry_after_reconnect != 0)
    })
}

/// The vendor's spelling of otc_session_signal().
///
/// type: a word by which receivers tell signals apart: letters, digits, '-', '_' and '~', 128 bytes at most; may be NULL.
/// signal: UTF-8 text, 8192 bytes at most; may be NULL.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: all arguments are copied.
/// Errors: OTC_INVALID_PARAM when session is not one; OTC_SESSION_NOT_CONNECTED; OTC_SESSION_INVALID_SIGNAL_TYPE,
/// OTC_SESSION_SIGNAL_TYPE_TOO_LONG, OTC_SESSION_SIGNAL_DATA_TOO_LONG; OTC_SESSION_NULL_OR_INVALID_PARAMETER when text is not
/// UTF-8; OTC_SESSION_UNABLE_TO_SEND_SIGNAL when too many signals wait. What the server refuses
/// later is told by on_error with OTC_SESSION_UNABLE_TO_SEND_SIGNAL, or by what otc_session_set_on_signal_failed() has set.
///
/// # Safety
/// type and signal are NULL or C strings.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otc_session_send_signal(
    session: *mut otc_session,
    type_: *const c_char,
    signal: *const c_char,
) -> otc_status {
    // SAFETY: the caller's promise.
    status(|| unsafe { send(session, type_, signal, To::Everybody, true) })
}

/// The vendor's spelling of otc_session_signal_to_connection().
///
/// type: a word by which receivers tell signals apart: letters, digits, '-', '_' and '~', 128 bytes at most; may be NULL.
/// signal: UTF-8 text, 8192 bytes at most; may be NULL.
/// connection: the addressee, from a callback, a copy or otc_stream_get_connection().
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: all arguments are copied.
/// Errors: OTC_INVALID_PARAM when session is not one; OTC_SESSION_NOT_CONNECTED; OTC_SESSION_INVALID_SIGNAL_TYPE,
/// OTC_SESSION_SIGNAL_TYPE_TOO_LONG, OTC_SESSION_SIGNAL_DATA_TOO_LONG; OTC_SESSION_NULL_OR_INVALID_PARAMETER when text is not
/// UTF-8, or connection is not one; OTC_SESSION_UNABLE_TO_SEND_SIGNAL when too many signals wait. What the server refuses
/// later is told by on_error with OTC_SESSION_UNABLE_TO_SEND_SIGNAL, or by what otc_session_set_on_signal_failed() has set.
///
/// # Safety
/// type and signal are NULL or C strings.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otc_session_send_signal_to_connection(
    session: *mut otc_session,
    type_: *const c_char,
    signal: *const c_char,
    connection: *const otc_connection,
) -> otc_status {
    // SAFETY: the caller's promise.
    status(|| unsafe { send(session, type_, signal, To::One(connection), true) })
}

/// The vendor's spelling of otc_session_signal_with_options().
///
/// type: a word by which receivers tell signals apart: letters, digits, '-', '_' and '~', 128 bytes at most; may be NULL.
/// signal: UTF-8 text, 8192 bytes at most; may be NULL.
/// signal_options: whether the signal waits while the session is reconnecting.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: all arguments are copied.
/// Errors: OTC_INVALID_PARAM when session is not one; OTC_SESSION_NOT_CONNECTED; OTC_SESSION_INVALID_SIGNAL_TYPE,
/// OTC_SESSION_SIGNAL_TYPE_TOO_LONG, OTC_SESSION_SIGNAL_DATA_TOO_LONG; OTC_SESSION_NULL_OR_INVALID_PARAMETER when text is not
/// UTF-8; OTC_SESSION_UNABLE_TO_SEND_SIGNAL when too many signals wait. What the server refuses
/// later is told by on_error with OTC_SESSION_UNABLE_TO_SEND_SIGNAL, or by what otc_session_set_on_signal_failed() has set.
///
/// # Safety
/// type and signal are NULL or C strings.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otc_session_send_signal_with_options(
    session: *mut otc_session,
    type_: *const c_char,
    signal: *const c_char,
    signal_options: otc_signal_options,
) -> otc_status {
    // SAFETY: the caller's promise.
    status(|| unsafe {
        send(session, type_, signal, To::Everybody, signal_options.retry_after_reconnect != 0)
    })
}

/// The vendor's spelling of otc_session_signal_to_connection_with_options().
///
/// type: a word by which receivers tell signals apart: letters, digits, '-', '_' and '~', 128 bytes at most; may be NULL.
/// signal: UTF-8 text, 8192 bytes at most; may be NULL.
/// connection: the addressee, from a callback, a copy or otc_stream_get_connection().
/// signal_options: whether the signal waits while the session is reconnecting.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: all arguments are copied.
/// Errors: OTC_INVALID_PARAM when session is not one; OTC_SESSION_NOT_CONNECTED; OTC_SESSION_INVALID_SIGNAL_TYPE,
/// OTC_SESSION_SIGNAL_TYPE_TOO_LONG, OTC_SESSION_SIGNAL_DATA_TOO_LONG; OTC_SESSION_NULL_OR_INVALID_PARAMETER when text is not
/// UTF-8, or connection is not one; OTC_SESSION_UNABLE_TO_SEND_SIGNAL when too many signals wait. What the server refuses
/// later is told by on_error with OTC_SESSION_UNABLE_TO_SEND_SIGNAL, or by what otc_session_set_on_signal_failed() has set.
///
/// # Safety
/// type and signal are NULL or C strings.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otc_session_send_signal_to_connection_with_options(
    session: *mut otc_session,
    type_: *const c_char,
    signal: *const c_char,
    connection: *const otc_connection,
    signal_options: otc_signal_options,
) -> otc_status {
    // SAFETY: the caller's promise.
    status(|| unsafe {
        send(session, type_, signal, To::One(connection), signal_options.retry_after_reconnect != 0)
    })
}
