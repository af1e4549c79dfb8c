//! Sessions of programs that know nothing of recordings are recorded where `OTC_RECORD` says. The one test of its process:
//! the environment is everybody's.
#![allow(
    unsafe_code,
    clippy::undocumented_unsafe_blocks,
    reason = "the C API is called as C calls it: with what the test holds"
)]

mod common;

use common::program::{Heard, start_library};
use common::recorded::{Folder, events, replay};
use common::world::World;
use otc::ffi::{otc_log_set_logger_callback, otc_session_get_connection_status};
use std::ffi::{CStr, c_char};
use std::sync::Mutex;

static LOG: Mutex<String> = Mutex::new(String::new());

unsafe extern "C-unwind" fn log(line: *const c_char) {
    *LOG.lock().expect("nobody panics with it") += &unsafe { CStr::from_ptr(line) }.to_string_lossy();
}

#[test]
fn the_environment_names_the_file() {
    start_library();
    otc_log_set_logger_callback(Some(log));
    otc::ffi::otc_log_enable(2);
    let folder = Folder::new("environment");
    let file = folder.file("session");
    let world = World::new();
    // SAFETY: no other thread of this process reads or writes the environment now.
    unsafe { std::env::set_var("OTC_RECORD", &file) };
    let (ada, ada_id) = world.member("ada");
    let (bob, bob_id) = world.member("bob");
    assert_eq!(ada.next(), Heard::Came { id: bob_id, data: "bob".into() });
    assert_eq!(bob.next(), Heard::Came { id: ada_id.clone(), data: "ada".into() });
    // It is there while the session lives: a crash loses nothing but the last lines.
    let written = || std::fs::read_to_string(&file).expect("the first session's");
    common::wait_until("it is written", || written().contains("connection_created"));
    drop(ada);
    assert_eq!(bob.next(), Heard::Went { id: ada_id });
    bob.disconnect();
    assert_eq!(bob.next(), Heard::Disconnected);
    drop(bob);
    let told: Vec<_> = events(&replay(&file)).iter().map(|event| event["event"].clone()).collect();
    assert_eq!(told[..2], ["connected", "connection_created"]);
    let told: Vec<_> =
        events(&replay(&folder.file("session.2"))).iter().map(|event| event["event"].clone()).collect();
    assert_eq!(told, ["connected", "connection_created", "connection_dropped", "disconnected"]);

    // What cannot be written must not cost a session.
    assert_eq!(*LOG.lock().expect("nobody panics with it"), "");
    // SAFETY: as above; the sessions have read it.
    unsafe { std::env::set_var("OTC_RECORD", folder.file("missing/session")) };
    let (cy, _) = world.member("cy");
    assert_eq!(otc_session_get_connection_status(cy.session), 2);
    let warned = LOG.lock().expect("nobody panics with it").clone();
    assert!(warned.contains("OTC_RECORD") && warned.contains("missing/session"), "{warned}");
    // And an empty name is none.
    // SAFETY: as above.
    unsafe { std::env::set_var("OTC_RECORD", "") };
    world.member("dan");
    assert_eq!(*LOG.lock().expect("nobody panics with it"), warned);
}
