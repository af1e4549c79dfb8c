//! A panic of the library's own: the call fails, or the session ends, and the program goes on.
//!
//!     cargo test --release -p otc --features faults --test faults
#![cfg(feature = "faults")]
#![allow(
    unsafe_code,
    clippy::undocumented_unsafe_blocks,
    reason = "the C API is called as C calls it: with what the test holds"
)]

mod common;

use common::program::{Heard, last_error};
use common::world::World;
use otc::fault::{Place, ask};
use otc::ffi::*;

/// One test: a fault is had by whoever comes by first.
#[test]
fn a_panic_costs_a_call_a_callback_or_a_session_and_nothing_else() {
    let world = World::new();
    let (ada, ada_id) = world.member("ada");

    ask(Place::Call);
    assert_eq!(ada.try_signal("t", "lost"), 2, "OTC_FATAL");
    assert!(last_error().contains("fault"), "{}", last_error());
    ada.signal("t", "after the call");
    assert_eq!(ada.next(), Heard::signal("t", "after the call", Some(&ada_id)));

    // The callback that is not reached is lost; the next one comes.
    ask(Place::Callback);
    assert_eq!(ada.signal_to_self("t", "not heard"), 0);
    assert_eq!(ada.signal_to_self("t", "after the callback"), 0);
    assert_eq!(ada.next(), Heard::signal("t", "after the callback", Some(&ada_id)));

    // The session whose task it was ends, and can be connected again. There is no other task that could have it.
    ask(Place::Task);
    ada.disconnect();
    let Heard::Error { code, text } = ada.next() else { panic!("on_error first") };
    assert_eq!(code, 2000, "{text}");
    assert_eq!(ada.next(), Heard::Disconnected);
    assert_eq!(otc_session_get_connection_status(ada.session), 0);
    ada.connect(&world.token("ada again"));
    ada.wait_for(&Heard::Connected);
    let (bob, _) = world.member("bob");
    bob.wait_for(&Heard::Came { id: ada.id().expect("joined"), data: "ada again".into() });

    ada.delete();
    bob.delete();
    assert_eq!(otc_destroy(), 0);
}
