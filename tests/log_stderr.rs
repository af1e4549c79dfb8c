//! A program whose standard error nobody reads any more: the library goes on without its log. It runs itself as that
//! program.

use otc::ffi::{otc_destroy, otc_init, otc_log_enable};
use std::process::{ChildStdin, Command, Stdio};

const CHILD: &str = "OTC_TEST_CHILD";

#[test]
fn a_broken_standard_error_breaks_nothing() {
    if std::env::var_os(CHILD).is_some() {
        otc_log_enable(4);
        // Told by the exit code: the test runner's own output may be broken too.
        let works = otc_init(std::ptr::null_mut()) == 0 && otc_destroy() == 0;
        std::process::exit(i32::from(!works));
    }
    let mut child = Command::new(std::env::current_exe().expect("this program"))
        // What the test runner captures would not reach the standard error.
        .arg("--nocapture")
        .env(CHILD, "1")
        .stdout(Stdio::null())
        .stdin(Stdio::piped())
        .stderr(Stdio::from(broken_pipe()))
        .spawn()
        .expect("it starts");
    assert!(child.wait().expect("it ends").success());
}

/// The writing end of a pipe whose reading end is gone.
fn broken_pipe() -> ChildStdin {
    let mut reader = Command::new("true").stdin(Stdio::piped()).spawn().expect("it starts");
    let writer = reader.stdin.take().expect("it is piped");
    assert!(reader.wait().expect("it ends").success());
    writer
}
