//! Programs that name no server use the one that `OTC_API_URL` names. The one test of its process: the environment is
//! everybody's.
#![allow(
    unsafe_code,
    clippy::undocumented_unsafe_blocks,
    reason = "the C API is called as C calls it: with what the test holds"
)]

mod common;

use common::program::{Program, Wishes, last_error, no_callbacks, start_library};
use common::world::{KEY, World};
use otc::ffi::{otc_session_delete, otc_session_new};

#[test]
fn the_environment_names_the_server() {
    start_library();
    let world = World::new();
    // SAFETY: no other thread of this process reads or writes the environment now.
    unsafe { std::env::set_var("OTC_API_URL", format!("{}/", world.server.url())) };
    let program = Program::new(KEY, &world.session_id, &Wishes::default());
    program.connect(&world.token(""));
    program.wait_for_connected();

    // What the program itself says goes before.
    let program = Program::new(
        KEY,
        &world.session_id,
        &Wishes { api_url: Some("http://127.0.0.1:9"), ..Wishes::default() },
    );
    program.connect(&world.token(""));
    assert_eq!(program.wait_for_failure().0, 1006);

    // SAFETY: as above; the sessions have read it.
    unsafe { std::env::set_var("OTC_API_URL", "not a url") };
    let callbacks = no_callbacks();
    let session = unsafe { otc_session_new(c"1".as_ptr(), c"2".as_ptr(), &raw const callbacks) };
    assert!(session.is_null());
    assert!(last_error().contains("OTC_API_URL"), "{}", last_error());
    assert_eq!(otc_session_delete(session), 1);
}
