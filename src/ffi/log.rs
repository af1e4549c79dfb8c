//! Logging functions (`c-api.md §1.1`).

use super::boundary::{c_string, value};
use super::callbacks::guarded;
use super::types::LogLevelNumber;
use crate::log::{self, Level};
use std::ffi::c_char;
use std::sync::Arc;

/// Takes one line of the log; the line ends with a newline and is the library's again when the function returns.
pub type otc_logger_callback = Option<unsafe extern "C-unwind" fn(message: *const c_char)>;

/// Sets the function that takes the lines of the log; NULL sends them to standard error.
///
/// callback: called on whatever thread has something to say, on several at the same time. It may call what a callback may, and
/// should return at once: when a thread of the library calls it, the sockets of all sessions wait for it.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: nothing.
/// Errors: none.
#[unsafe(no_mangle)]
#[allow(unsafe_code)]
pub extern "C" fn otc_log_set_logger_callback(callback: otc_logger_callback) {
    value((), || {
        log::set_sink(callback.map(|callback| -> log::Sink {
            Arc::new(move |line| {
                let line = c_string(line);
                // SAFETY: the application gave this function for this purpose; the line lives until it returns.
                guarded(|| unsafe { callback(line.as_ptr()) });
            })
        }));
        Ok(())
    });
}

/// Sets how loud the log is. It begins disabled.
///
/// log_level: everything up to this level is logged; what is above OTC_LOG_LEVEL_DEBUG counts as that.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: nothing.
/// Errors: none; a negative number changes nothing.
#[unsafe(no_mangle)]
pub extern "C" fn otc_log_enable(log_level: LogLevelNumber) {
    value((), || {
        if let Some(level) = Level::from_number(log_level) {
            log::set_level(level);
        }
        Ok(())
    });
}

/// How loud the log is.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: nothing.
/// Errors: none.
#[unsafe(no_mangle)]
pub extern "C" fn otc_get_log_level() -> LogLevelNumber {
    log::level() as LogLevelNumber
}
