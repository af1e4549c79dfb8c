//! What the library's threads do before anything else, and what becomes of them in a forked child.

#[cfg(unix)]
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

/// Leaves all signals to the application's threads. It also keeps a write to a closed socket from ending the process
/// with SIGPIPE.
#[cfg(unix)]
#[allow(unsafe_code)]
pub(super) fn block_signals() {
    // SAFETY: an all-zero set is a valid value, which `sigfillset` overwrites; the mask is this thread's own.
    unsafe {
        let mut all: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&raw mut all);
        // What a thread does to itself cannot wait: blocked, it ends the process without the application's handler.
        for own in [
            libc::SIGSEGV,
            libc::SIGBUS,
            libc::SIGFPE,
            libc::SIGILL,
            libc::SIGTRAP,
            libc::SIGSYS,
            libc::SIGABRT,
        ] {
            libc::sigdelset(&raw mut all, own);
        }
        libc::pthread_sigmask(libc::SIG_BLOCK, &raw const all, std::ptr::null_mut());
    }
}

static FORKED: AtomicBool = AtomicBool::new(false);

/// Whether this process is a child that was forked after the library had started: it has the library's memory and locks,
/// and none of its threads.
pub(super) fn is_forked_child() -> bool {
    FORKED.load(Ordering::Relaxed)
}

/// Lets children know that they are.
#[cfg(unix)]
pub(super) fn watch_forks() {
    extern "C" fn in_child() {
        FORKED.store(true, Ordering::Relaxed);
    }
    static ONCE: Once = Once::new();
    // SAFETY: the handler does nothing but store an atomic, and the library is never unloaded (build.rs).
    ONCE.call_once(|| unsafe {
        libc::pthread_atfork(None, None, Some(in_child));
    });
}

/// There is no fork here.
#[cfg(not(unix))]
pub(super) fn watch_forks() {}

/// Nothing to do where there are no such signals.
#[cfg(not(unix))]
pub(super) fn block_signals() {}
