//! The library's life: init, destroy, version, last error.

use super::boundary::{Failed, last_error, status};
use super::session;
use super::types::otc_status;
use crate::net::{Library, Stopped, in_callback, set_dials_per_second};
use otc_protocol::error::ErrorCode;
use otc_protocol::limits::DIALS_PER_SECOND_MOST;
use parking_lot::{Mutex, MutexGuard};
use std::cell::Cell;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::num::NonZeroU32;
use std::sync::Arc;

static LIBRARY: Mutex<Option<Arc<Library>>> = Mutex::new(None);

/// Held while the library starts or stops, so that neither sees the other half done.
static CHANGE: Mutex<()> = Mutex::new(());

thread_local! {
    static CHANGING: Cell<bool> = const { Cell::new(false) };
}

/// The right to start or stop the library.
struct Change {
    _lock: MutexGuard<'static, ()>,
}

impl Change {
    fn new(lock: MutexGuard<'static, ()>) -> Self {
        CHANGING.set(true);
        Self { _lock: lock }
    }
}

impl Drop for Change {
    fn drop(&mut self) {
        CHANGING.set(false);
    }
}

const VERSION: &CStr = match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
    Ok(version) => version,
    Err(_) => panic!("the version has a NUL in it"),
};

/// OTC_VERSION_NUMBER of the header.
const VERSION_NUMBER: c_int = packed(env!("CARGO_PKG_VERSION_MAJOR")) << 16
    | packed(env!("CARGO_PKG_VERSION_MINOR")) << 8
    | packed(env!("CARGO_PKG_VERSION_PATCH"));

/// A part of the version, which has eight bits.
const fn packed(part: &str) -> c_int {
    match c_int::from_str_radix(part, 10) {
        Ok(number @ 0..=255) => number,
        _ => panic!("a part of the version is no number, or does not fit"),
    }
}

/// The running library.
pub(super) fn running() -> Result<Arc<Library>, Failed> {
    LIBRARY.lock().clone().ok_or_else(not_running)
}

pub(super) fn not_running() -> Failed {
    Failed::new(ErrorCode::IllegalState, "The library is not running; call otc_init(NULL) first.")
}

/// Waits until no other thread starts or stops the library. Inside a callback it does not wait: the other one may be
/// waiting for the callback.
///
/// Nor inside a logger that is called while this very thread starts or stops the library.
fn change() -> Result<Change, Failed> {
    if !in_callback() && !CHANGING.get() {
        return Ok(Change::new(CHANGE.lock()));
    }
    CHANGE.try_lock().map(Change::new).ok_or_else(|| {
        Failed::new(
            ErrorCode::IllegalState,
            "The library is being started or stopped; call again when that is done.",
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

/// Stops the library: ends all sessions, gives those that are connected half a second to say that they leave, and ends its
/// threads. One that waits for the system to look up a name ends when the system gives up. otc_init() works again afterwards.
///
/// Threads: any. Callback-safe: no, it is refused there.
/// Blocks: until running callbacks have returned and recordings are written, 5 seconds at most.
/// Owns: ends every session that has not been deleted; connection and stream objects of the caller stay.
/// Errors: OTC_SESSION_ILLEGAL_STATE inside a callback; OTC_FATAL when a callback has not returned, or a recording is not
/// written, in time.
#[unsafe(no_mangle)]
pub extern "C" fn otc_destroy() -> otc_status {
    status(|| {
        if in_callback() {
            return Err(Failed::new(
                ErrorCode::IllegalState,
                "otc_destroy() would wait for the callback that calls it; call it elsewhere.",
            ));
        }
        let text = match stop()? {
            Stopped::Cleanly => return Ok(()),
            Stopped::Late => {
                "A callback has not returned in 5 seconds; its thread goes on without the library."
            }
            Stopped::Unwritten => {
                "The disk has not taken the end of a recording in 5 seconds; the thread that writes it goes on."
            }
        };
        crate::log::error(text);
        Err(Failed::new(ErrorCode::Fatal, text))
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

/// The library's version as one number; compare with OTC_VERSION_NUMBER of the header.
///
/// Bits 16 and up hold the major version, bits 8 to 15 the minor one, bits 0 to 7 the patch.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: nothing.
/// Errors: none.
#[unsafe(no_mangle)]
pub extern "C" fn otc_version_number() -> c_int {
    VERSION_NUMBER
}

/// Says how often this process may begin to open a socket, over all its sessions; more wait their turn.
///
/// dials: 1 to 10000 in a second, 100 by default. As many as that may begin at once, the next ones a
/// second later, one after the other. A change holds at once, for sessions that wait already too, and stays until the next
/// change: otc_destroy() does not undo it.
/// Many sessions that lose their server together come back at this rate; see to it that the server can bear it.
///
/// Threads: any; may come before otc_init(). Callback-safe: yes. Blocks: no.
/// Owns: nothing.
/// Errors: OTC_SESSION_NULL_OR_INVALID_PARAMETER when dials is out of range.
#[unsafe(no_mangle)]
pub extern "C" fn otc_set_dials_per_second(dials: c_int) -> otc_status {
    status(|| {
        let rate = u32::try_from(dials).ok().filter(|rate| *rate <= DIALS_PER_SECOND_MOST);
        let rate = rate.and_then(NonZeroU32::new).ok_or_else(|| {
            Failed::argument(format!("The number of dials is not between 1 and {DIALS_PER_SECOND_MOST}."))
        })?;
        set_dials_per_second(rate);
        Ok(())
    })
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
