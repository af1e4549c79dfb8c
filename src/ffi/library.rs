//! The library's life: init, destroy, version, last error.

use super::boundary::{Failed, last_error, status};
use super::session;
use super::types::otc_status;
use crate::net::{Library, Stopped, in_callback};
use otc_protocol::error::ErrorCode;
use parking_lot::{Mutex, MutexGuard};
use std::ffi::{CStr, c_char, c_void};
use std::sync::Arc;

static LIBRARY: Mutex<Option<Arc<Library>>> = Mutex::new(None);

/// Held while the library starts or stops, so that neither sees the other half done.
static CHANGE: Mutex<()> = Mutex::new(());

const VERSION: &CStr = match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
    Ok(version) => version,
    Err(_) => panic!("the version has a NUL in it"),
};

/// The running library.
pub(super) fn running() -> Result<Arc<Library>, Failed> {
    LIBRARY.lock().clone().ok_or_else(|| {
        Failed::new(ErrorCode::IllegalState, "The library is not running; call otc_init(NULL) first.")
    })
}

/// Waits until no other thread starts or stops the library. Inside a callback it does not wait: the other one may be
/// waiting for the callback.
fn change() -> Result<MutexGuard<'static, ()>, Failed> {
    if !in_callback() {
        return Ok(CHANGE.lock());
    }
    CHANGE.try_lock().ok_or_else(|| {
        Failed::new(
            ErrorCode::IllegalState,
            "Another thread is stopping the library; call again when it has.",
        )
    })
}

/// Starts the library: must come before everything but settings and logging. A second call changes nothing.
///
/// reserved: pass NULL.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: nothing.
/// Errors: OTC_FATAL when the system gives no threads; OTC_SESSION_ILLEGAL_STATE in a child after fork(), and inside a
/// callback while another thread is in otc_destroy().
#[unsafe(no_mangle)]
pub extern "C" fn otc_init(reserved: *mut c_void) -> otc_status {
    let _ = reserved;
    status(|| {
        if start()? {
            crate::log::info(concat!("libotc ", env!("CARGO_PKG_VERSION"), " is running."));
        }
        Ok(())
    })
}

/// Starts the library unless it runs; true when it did not.
fn start() -> Result<bool, Failed> {
    let _change = change()?;
    if LIBRARY.lock().is_some() {
        return Ok(false);
    }
    super::threads::watch_forks();
    let started = Library::start(super::threads::block_signals)
        .map_err(|error| Failed::new(ErrorCode::Fatal, format!("The library cannot start: {error}.")))?;
    *LIBRARY.lock() = Some(started);
    Ok(true)
}

/// Stops the library: ends all sessions, gives those that are connected half a second to say that they leave, and ends all
/// threads. otc_init() works again afterwards.
///
/// Threads: any. Callback-safe: no, it is refused there.
/// Blocks: until running callbacks have returned, 5 seconds at most.
/// Owns: ends every session that has not been deleted; connection and stream objects of the caller stay.
/// Errors: OTC_SESSION_ILLEGAL_STATE inside a callback; OTC_FATAL when a callback has not returned in time.
#[unsafe(no_mangle)]
pub extern "C" fn otc_destroy() -> otc_status {
    status(|| {
        if in_callback() {
            return Err(Failed::new(
                ErrorCode::IllegalState,
                "otc_destroy() would wait for the callback that calls it; call it elsewhere.",
            ));
        }
        match stop()? {
            Stopped::Cleanly => Ok(()),
            Stopped::Late => {
                let text =
                    "A callback has not returned in 5 seconds; its thread goes on without the library.";
                crate::log::error(text);
                Err(Failed::new(ErrorCode::Fatal, text))
            }
        }
    })
}

/// Stops the library if it runs.
fn stop() -> Result<Stopped, Failed> {
    let _change = change()?;
    let Some(library) = LIBRARY.lock().take() else { return Ok(Stopped::Cleanly) };
    let stopped = library.stop();
    session::forget_all();
    Ok(stopped)
}

/// The library's version, "1.2.3" for example; compare with OTC_VERSION of the header.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: the text is the library's and lives for ever.
/// Errors: none.
#[unsafe(no_mangle)]
pub extern "C" fn otc_version() -> *const c_char {
    VERSION.as_ptr()
}

/// Says in a sentence why this thread's last failed call failed, and what to do next; "" when none has failed.
///
/// Threads: any; each has its own text. Callback-safe: yes. Blocks: no.
/// Owns: the text is the library's and lives until the thread's next failed call.
/// Errors: none.
#[unsafe(no_mangle)]
pub extern "C" fn otc_last_error_text() -> *const c_char {
    last_error()
}
