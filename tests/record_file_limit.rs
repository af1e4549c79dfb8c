//! A program whose files must not grow beyond a limit (`ulimit -f`) lives on when a recording reaches it: the signal that
//! ends programs then does not reach it.
#![allow(
    unsafe_code,
    clippy::undocumented_unsafe_blocks,
    reason = "the C API is called as C calls it: with what the test holds"
)]
#![cfg(unix)]

mod common;

use common::program::{Heard, start_library};
use common::recorded::{Folder, program};
use common::world::World;
use otc::ffi::otc_log_set_logger_callback;
use otc::session::record::Recording;
use std::ffi::{CStr, c_char};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

/// Set for the child.
const IS_CHILD: &str = "OTC_TEST_FILE_LIMIT_CHILD";

static TOLD: AtomicBool = AtomicBool::new(false);

unsafe extern "C-unwind" fn log(line: *const c_char) {
    if unsafe { CStr::from_ptr(line) }.to_string_lossy().contains("ends early") {
        TOLD.store(true, Ordering::SeqCst);
    }
}

#[test]
fn a_file_limit_ends_the_recording_and_not_the_program() {
    if std::env::var_os(IS_CHILD).is_some() {
        return child();
    }
    // What a test prints goes into a pipe: the limit is for files.
    let child = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "a_file_limit_ends_the_recording_and_not_the_program", "--nocapture"])
        .env(IS_CHILD, "1")
        .stdin(Stdio::null())
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&child.stderr).into_owned() + &String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success() && said.contains("the child is through"), "{}: {said}", child.status);
}

fn child() {
    start_library();
    otc_log_set_logger_callback(Some(log));
    otc::ffi::otc_log_enable(2);
    let folder = Folder::new("limit");
    let file = folder.file("limited");
    let world = World::new();
    let ada = program(&world, &world.server.url(), &file, 30_000);
    // The next line is too much, which the call to connect writes.
    let most = std::fs::metadata(&file).expect("a recording").len() + 1;
    unsafe {
        assert_ne!(libc::signal(libc::SIGXFSZ, libc::SIG_DFL), libc::SIG_ERR);
        let limit = libc::rlimit { rlim_cur: most, rlim_max: libc::RLIM_INFINITY };
        assert_eq!(libc::setrlimit(libc::RLIMIT_FSIZE, &raw const limit), 0);
    }
    ada.connect(&world.token("ada"));
    let me = ada.wait_for_connected();
    common::wait_until("the log says so", || TOLD.load(Ordering::SeqCst));
    ada.signal("last", "");
    assert_eq!(ada.next(), Heard::signal("last", "", Some(&me)));
    ada.delete();
    let text = std::fs::read_to_string(&file).expect("a recording");
    assert_eq!(text.len() as u64, most);
    assert!(Recording::read(&text).is_ok_and(|recording| recording.is_cut_off));
    println!("the child is through");
}
