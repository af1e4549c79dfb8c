//! What the library asks the system for itself.

use std::ffi::OsString;
use std::fs::File;

/// A variable that names a file to be written. None in a program that has more rights than who has started it (setuid):
/// it would write where the user may not.
pub(super) fn file_variable(name: &str) -> Option<OsString> {
    if is_privileged() {
        return None;
    }
    std::env::var_os(name).filter(|path| !path.is_empty())
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn is_privileged() -> bool {
    // SAFETY: reads what the kernel has left for the process; there are no pointers.
    unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
}

#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
fn is_privileged() -> bool {
    // SAFETY: these cannot fail, and there are no pointers.
    unsafe { libc::getuid() != libc::geteuid() || libc::getgid() != libc::getegid() }
}

#[cfg(not(unix))]
fn is_privileged() -> bool {
    false
}

/// Claims an open file until it is closed; false when somebody else has done so. Where there are no locks, everybody may.
#[cfg(unix)]
pub(super) fn claim(file: &File) -> bool {
    use std::os::fd::AsRawFd;
    // SAFETY: the descriptor is open as long as `file` is.
    let result = unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) };
    result == 0 || std::io::Error::last_os_error().kind() != std::io::ErrorKind::WouldBlock
}

#[cfg(not(unix))]
pub(super) fn claim(_file: &File) -> bool {
    true
}
