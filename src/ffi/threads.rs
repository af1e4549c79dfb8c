//! What the library's threads do before anything else.

/// Leaves all signals to the application's threads. It also keeps a write to a closed socket from ending the process
/// with SIGPIPE.
#[cfg(unix)]
#[allow(unsafe_code)]
pub(super) fn block_signals() {
    // SAFETY: an all-zero set is a valid value, which `sigfillset` overwrites; the mask is this thread's own.
    unsafe {
        let mut all: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&raw mut all);
        libc::pthread_sigmask(libc::SIG_BLOCK, &raw const all, std::ptr::null_mut());
    }
}

/// Nothing to do where there are no such signals.
#[cfg(not(unix))]
pub(super) fn block_signals() {}
