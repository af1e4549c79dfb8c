//! The log: its level, its lines, and what never gets into it. Process-wide, hence one test.
#![allow(
    unsafe_code,
    clippy::undocumented_unsafe_blocks,
    reason = "the C API is called as C calls it: with what the test holds"
)]

mod common;

use common::program::{Heard, Program, Wishes, text};
use common::world::{KEY, SECRET, World};
use otc::ffi::*;
use std::ffi::c_char;
use std::sync::Mutex;

static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

unsafe extern "C-unwind" fn take(message: *const c_char) {
    LINES.lock().expect("nobody panics with it").push(text(message).expect("never NULL"));
}

fn lines() -> Vec<String> {
    LINES.lock().expect("nobody panics with it").clone()
}

#[test]
fn what_is_logged_and_what_is_not() {
    assert_eq!(otc_get_log_level(), 0, "silent until asked");
    otc_log_set_logger_callback(Some(take));
    assert_eq!(lines(), [""; 0]);
    for (set, expected) in
        [(1, 1), (-1, 1), (2, 2), (3, 3), (4, 4), (0, 0), (100, 4), (i32::MIN, 4), (i32::MAX, 4)]
    {
        otc_log_enable(set);
        assert_eq!(otc_get_log_level(), expected, "{set}");
    }
    // A program written for the vendor's SDK waits for a first line, without any session.
    assert!(!lines().is_empty());

    let world = World::new();
    let (ada, _) = world.member("data-of-a-token");
    let token = world.token("data-of-a-token");
    ada.signal("kind-of-signal", "contents-of-signal");
    assert!(matches!(ada.next(), Heard::Signal { .. }));
    // Failures talk the most.
    let url = world.server.url();
    for (session, token) in [(world.session_id.as_str(), "T1==forged-token"), ("banana", token.as_str())] {
        let program = Program::new(KEY, session, &Wishes { api_url: Some(&url), ..Wishes::default() });
        program.connect(token);
        let (_, words) = program.wait_for_failure();
        assert!(!words.contains(token));
    }
    let elsewhere = world.program_at("http://127.0.0.1:9");
    elsewhere.connect(&token);
    assert_eq!(elsewhere.wait_for_failure().0, 1006);
    ada.delete();

    let lines = lines();
    assert!(lines.iter().any(|line| line.starts_with("[WARN] ")), "{lines:?}");
    for line in &lines {
        let (level, rest) =
            line.strip_prefix('[').and_then(|line| line.split_once("] ")).expect("[LEVEL] ...");
        assert!(["ERROR", "WARN", "INFO", "DEBUG"].contains(&level), "{line}");
        let (place, words) = rest.split_once(" - ").expect("file:line - text");
        let (file, number) = place.split_once(':').expect("file:line");
        assert!(file.strip_suffix(".rs").is_some() && number.parse::<u32>().is_ok(), "{line}");
        assert!(words.ends_with('\n') && words.len() > 1, "{line:?}");
        for secret in [
            token.as_str(),
            "forged-token",
            SECRET,
            "contents-of-signal",
            "kind-of-signal",
            "data-of-a-token",
        ] {
            assert!(!line.contains(secret), "{secret} in {line}");
        }
    }
    otc_log_set_logger_callback(None);
    otc_log_enable(0);
    assert_eq!(otc_get_log_level(), 0);
}
