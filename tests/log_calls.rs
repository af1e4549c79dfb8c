//! A logger that calls the library. Process-wide, hence one test.
#![allow(
    unsafe_code,
    clippy::undocumented_unsafe_blocks,
    reason = "the C API is called as C calls it: with what the test holds"
)]

mod common;

use common::DEADLINE;
use common::program::{c, no_callbacks, start_library, text};
use common::world::KEY;
use otc::ffi::*;
use std::ffi::c_char;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};

static SESSION: AtomicUsize = AtomicUsize::new(0);
static ANSWERS: Mutex<Option<Sender<(i32, i32, i32)>>> = Mutex::new(None);

unsafe extern "C-unwind" fn logger(message: *const c_char) {
    if !text(message).expect("never NULL").starts_with("[WARN] ") {
        return;
    }
    let session = SESSION.load(Ordering::SeqCst) as *mut otc_session;
    let answers = (otc_session_get_connection_status(session), otc_destroy(), otc_session_delete(session));
    if let Some(told) = ANSWERS.lock().expect("nobody panics with it").take() {
        let _ = told.send(answers);
    }
}

#[test]
fn a_logger_may_delete_the_session_that_it_hears_of_but_not_destroy_the_library() {
    let (told, hears) = channel();
    *ANSWERS.lock().expect("nobody panics with it") = Some(told);
    start_library();
    let callbacks = no_callbacks();
    let settings = otc_session_settings_new();
    let session = unsafe {
        // Nobody listens there; the library warns that it will try again.
        assert_eq!(otc_session_settings_set_api_url(settings, c("http://127.0.0.1:9").as_ptr()), 0);
        otc_session_new_with_settings(c(KEY).as_ptr(), c("S").as_ptr(), &raw const callbacks, settings)
    };
    assert_eq!(otc_session_settings_delete(settings), 0);
    SESSION.store(session as usize, Ordering::SeqCst);
    otc_log_set_logger_callback(Some(logger));
    otc_log_enable(2);
    assert_eq!(unsafe { otc_session_connect(session, c("T1==x").as_ptr()) }, 0);
    assert_eq!(hears.recv_timeout(DEADLINE).expect("no deadlock"), (1, 1015, 0));
    assert_eq!(otc_session_delete(session), 1, "it is gone");
    assert_eq!(otc_destroy(), 0);
}
