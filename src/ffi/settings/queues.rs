//! Settings of how long and how much may wait.

use super::super::boundary::Failed;
use super::super::types::otc_status;
use super::{otc_session_settings, set};
use otc_protocol::limits::{CALLBACK_QUEUE_MOST, OUTBOX_SIGNALS_MOST, RECONNECT_WINDOW_MOST};
use std::ffi::c_int;
use std::time::Duration;

/// Says how long a session tries to come back when its connection is lost.
///
/// milliseconds: 0 to 3600000, 30000 by default. 0: a lost connection is not restored; on_error with
/// OTC_SESSION_CONNECTION_DROPPED and on_disconnected follow at once, without on_reconnecting. More than the server keeps
/// a lost client (otc-server: 45 seconds unless it is told otherwise) is of no use: it then says that it is too late.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: nothing.
/// Errors: OTC_INVALID_PARAM when settings is not one; OTC_SESSION_NULL_OR_INVALID_PARAMETER when milliseconds is out of
/// range.
#[unsafe(no_mangle)]
pub extern "C" fn otc_session_settings_set_reconnect_window(
    settings: *mut otc_session_settings,
    milliseconds: c_int,
) -> otc_status {
    let checked = || {
        let window = u64::try_from(milliseconds).ok().map(Duration::from_millis);
        window.filter(|window| *window <= RECONNECT_WINDOW_MOST).ok_or_else(|| {
            let most = RECONNECT_WINDOW_MOST.as_millis();
            Failed::argument(format!("The number of milliseconds is not between 0 and {most}."))
        })
    };
    set(settings, checked, |chosen, window| chosen.reconnect_window = window)
}

/// Says how many callbacks may wait for the application. When they do, the session reads no more of its socket until half
/// of them have run, and nothing is lost; a server ends the connection of a client that does not read for long.
///
/// callbacks: 1 to 65536, 1024 by default. What one read brings may come on top.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: nothing.
/// Errors: OTC_INVALID_PARAM when settings is not one; OTC_SESSION_NULL_OR_INVALID_PARAMETER when callbacks is out of
/// range.
#[unsafe(no_mangle)]
pub extern "C" fn otc_session_settings_set_callback_queue_size(
    settings: *mut otc_session_settings,
    callbacks: c_int,
) -> otc_status {
    let checked = || size(callbacks, CALLBACK_QUEUE_MOST, "callbacks");
    set(settings, checked, |chosen, size| chosen.callback_queue = size)
}

/// Says how many signals and other requests may wait for the server's answer, or for the connection to come back. Above,
/// a signal is refused with OTC_SESSION_UNABLE_TO_SEND_SIGNAL.
///
/// signals: 1 to 65536, 16384 by default. Beside it 64 MiB of them are the most.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: nothing.
/// Errors: OTC_INVALID_PARAM when settings is not one; OTC_SESSION_NULL_OR_INVALID_PARAMETER when signals is out of range.
#[unsafe(no_mangle)]
pub extern "C" fn otc_session_settings_set_signal_queue_size(
    settings: *mut otc_session_settings,
    signals: c_int,
) -> otc_status {
    let checked = || size(signals, OUTBOX_SIGNALS_MOST, "signals");
    set(settings, checked, |chosen, size| chosen.signal_queue = size)
}

fn size(number: c_int, most: usize, what: &str) -> Result<usize, Failed> {
    let size = usize::try_from(number).ok().filter(|size| (1..=most).contains(size));
    size.ok_or_else(|| Failed::argument(format!("The number of {what} is not between 1 and {most}.")))
}
