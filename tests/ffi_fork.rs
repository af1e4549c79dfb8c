//! What a forked child hears: a clear error, never a hang. A process of its own, because it forks.
#![cfg(unix)]
#![allow(
    unsafe_code,
    clippy::undocumented_unsafe_blocks,
    reason = "the C API is called as C calls it: with what the test holds"
)]

use otc::ffi::*;
use std::ffi::CStr;
use std::ptr::null_mut;

#[test]
fn a_forked_child_gets_an_error() {
    assert_eq!(otc_init(null_mut()), 0);
    let settings = otc_session_settings_new();
    let child = unsafe { libc::fork() };
    assert!(child >= 0);
    if child == 0 {
        // Nothing here may panic: the child has the test runner's memory and none of its threads.
        let refused = otc_destroy() == 1015
            && otc_init(null_mut()) == 1015
            && otc_session_settings_delete(settings) == 1015
            && unsafe { CStr::from_ptr(otc_last_error_text()) }
                .to_bytes()
                .starts_with(b"This process was forked");
        unsafe { libc::_exit(i32::from(!refused)) };
    }
    let mut status = 0;
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    assert!(libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0, "{status}");
    assert_eq!(otc_session_settings_delete(settings), 0, "the parent goes on");
    assert_eq!(otc_destroy(), 0);
}
