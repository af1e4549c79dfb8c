//! What moderators do: mute, and send away (`c-api.md §1.3`).

use super::boundary::{Failed, needed, status};
use super::connection::{self, otc_connection};
use super::session::{get, otc_session};
use super::types::otc_status;
use crate::session::{Input, Moderation};
use otc_protocol::limits::{CLIENT_ID_BYTES, MUTE_EXCLUSIONS};
use std::ffi::{c_char, c_int};

/// The texts of an array from C.
///
/// # Safety
/// ids is NULL or points to length pointers, each of them NULL or a C string.
unsafe fn stream_ids<'a>(ids: *mut *const c_char, length: c_int) -> Result<Vec<&'a str>, Failed> {
    let length = usize::try_from(length)
        .map_err(|_| Failed::argument("The number of excluded streams is negative."))?;
    if length > MUTE_EXCLUSIONS {
        return Err(Failed::argument(format!("More than {MUTE_EXCLUSIONS} streams are excluded.")));
    }
    if length > 0 && ids.is_null() {
        return Err(Failed::argument("The excluded stream ids are NULL, but their number is not 0."));
    }
    // SAFETY: the caller's promise.
    (0..length).map(|index| unsafe { stream_id(*ids.add(index), "excluded stream id") }).collect()
}

/// # Safety
/// id is NULL or a C string.
unsafe fn stream_id<'a>(id: *const c_char, name: &str) -> Result<&'a str, Failed> {
    // SAFETY: the caller's promise.
    unsafe { needed(id, name, CLIENT_ID_BYTES) }
}

/// Mutes everybody in the session, oneself included, but the excluded streams; those who publish later start muted, until
/// otc_session_disable_force_mute(). Every member is told by on_mute_forced. It takes a moderator's token. While the session
/// is reconnecting the request waits, in order with the signals.
///
/// excluded_streams_ids: ids of streams that are not muted; NULL when there are none. excluded_streams_len: how many,
/// 0 to 3000.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: all arguments are copied.
/// Errors: OTC_INVALID_PARAM when session is not one; OTC_SESSION_NULL_OR_INVALID_PARAMETER when the number is not in its
/// range, or an id is NULL or not one (1 to 64 letters, digits, '-', '_' and '.'); OTC_SESSION_NOT_CONNECTED;
/// OTC_UNABLE_TO_FORCE_MUTE when the token does not allow it (otc_session_get_capabilities()), or too many requests wait.
/// What the server refuses later is reported by on_error with OTC_UNABLE_TO_FORCE_MUTE.
///
/// # Safety
/// excluded_streams_ids is NULL or points to excluded_streams_len C strings.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otc_session_force_mute_all(
    session: *mut otc_session,
    excluded_streams_ids: *mut *const c_char,
    excluded_streams_len: c_int,
) -> otc_status {
    status(|| {
        let object = get(session)?;
        // SAFETY: the caller's promise.
        let except = unsafe { stream_ids(excluded_streams_ids, excluded_streams_len) }?;
        Ok(object.session.call(Input::Moderate(Moderation::MuteAll { except: &except }))?)
    })
}

/// Ends what otc_session_force_mute_all() began: those who publish from now on are not muted. Who is muted stays so until
/// it unmutes itself. Every member is told by on_mute_forced. While the session is reconnecting the request waits, in order
/// with the signals.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: nothing.
/// Errors: OTC_INVALID_PARAM when session is not one; OTC_SESSION_NOT_CONNECTED; OTC_UNABLE_TO_FORCE_MUTE when the token
/// does not allow it (otc_session_get_capabilities()), or too many requests wait. What the server refuses later is reported
/// by on_error with OTC_UNABLE_TO_FORCE_MUTE.
#[unsafe(no_mangle)]
pub extern "C" fn otc_session_disable_force_mute(session: *mut otc_session) -> otc_status {
    status(|| Ok(get(session)?.session.call(Input::Moderate(Moderation::EndMute))?))
}

/// Mutes one stream: its publisher is told to. It takes a moderator's token. While the session is reconnecting the request
/// waits, in order with the signals.
///
/// stream_id_to_mute: as otc_stream_get_id() says it.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: the text is copied.
/// Errors: OTC_INVALID_PARAM when session is not one; OTC_SESSION_NULL_OR_INVALID_PARAMETER when the id is NULL or not one
/// (1 to 64 letters, digits, '-', '_' and '.'); OTC_SESSION_NOT_CONNECTED; OTC_UNABLE_TO_FORCE_MUTE when the token does not
/// allow it (otc_session_get_capabilities()), or too many requests wait. What the server refuses later, because no such
/// stream is published for example, is reported by on_error with OTC_UNABLE_TO_FORCE_MUTE.
///
/// # Safety
/// stream_id_to_mute is NULL or a C string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otc_session_force_mute_stream(
    session: *const otc_session,
    stream_id_to_mute: *const c_char,
) -> otc_status {
    status(|| {
        let object = get(session)?;
        // SAFETY: the caller's promise.
        let stream = unsafe { stream_id(stream_id_to_mute, "stream id") }?;
        Ok(object.session.call(Input::Moderate(Moderation::MuteStream(stream)))?)
    })
}

/// Sends a member away: its session ends with on_disconnected and OTC_DISCONNECT_REASON_FORCE_DISCONNECTED, and the others
/// hear on_connection_dropped. It takes a moderator's token. While the session is reconnecting the request waits, in order
/// with the signals.
///
/// connection: whom, from a callback, a copy, a list or otc_stream_get_connection().
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: all arguments are copied.
/// Errors: OTC_INVALID_PARAM when session is not one; OTC_SESSION_NULL_OR_INVALID_PARAMETER when connection is not one;
/// OTC_SESSION_NOT_CONNECTED; OTC_UNABLE_TO_FORCE_DISCONNECT when the token does not allow it
/// (otc_session_get_capabilities()), or too many requests wait. What the server refuses later, because the member has left
/// for example, is reported by on_error with OTC_UNABLE_TO_FORCE_DISCONNECT.
#[unsafe(no_mangle)]
pub extern "C" fn otc_session_force_disconnect(
    session: *mut otc_session,
    connection: *const otc_connection,
) -> otc_status {
    status(|| {
        let object = get(session)?;
        let whom = connection::argument(connection)?;
        Ok(object.session.call(Input::Moderate(Moderation::Disconnect(&whom.connection.id)))?)
    })
}
