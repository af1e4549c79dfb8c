//! A program that connects again whenever it is disconnected, and is told to end. Process-wide, hence one test.
#![allow(
    unsafe_code,
    clippy::undocumented_unsafe_blocks,
    reason = "the C API is called as C calls it: with what the test holds"
)]

mod common;

use common::program::{Heard, c, no_callbacks, start_library};
use common::world::World;
use otc::ffi::*;
use std::ffi::{CString, c_void};
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::mpsc::{Sender, channel};

struct Again {
    token: CString,
    connected: Sender<()>,
    /// What the connect inside `on_disconnected` returned.
    answer: AtomicI32,
}

unsafe extern "C-unwind" fn on_connected(_: *mut otc_session, user: *mut c_void) {
    let again = unsafe { &*user.cast::<Again>() };
    let _ = again.connected.send(());
}

unsafe extern "C-unwind" fn on_disconnected(session: *mut otc_session, user: *mut c_void) {
    let again = unsafe { &*user.cast::<Again>() };
    let answer = unsafe { otc_session_connect(session, again.token.as_ptr()) };
    again.answer.store(answer, Ordering::SeqCst);
}

#[test]
fn connecting_again_does_not_outlive_destroy() {
    let world = World::new();
    start_library();
    let (connected, is_connected) = channel();
    let again = Again { token: c(&world.token("again")), connected, answer: AtomicI32::new(-1) };
    let mut callbacks = no_callbacks();
    callbacks.on_connected = Some(on_connected);
    callbacks.on_disconnected = Some(on_disconnected);
    callbacks.user_data = (&raw const again).cast_mut().cast();
    let session = world.session_of(&callbacks);
    assert_eq!(unsafe { otc_session_connect(session, again.token.as_ptr()) }, 0);
    is_connected.recv_timeout(common::DEADLINE).expect("on_connected");
    assert_eq!(otc_destroy(), 0);
    assert_eq!(again.answer.load(Ordering::SeqCst), 1015, "the session is being ended");
    assert!(is_connected.try_recv().is_err(), "it has not come back");

    // A newcomer finds nobody.
    start_again_and_look(&world);
}

fn start_again_and_look(world: &World) {
    assert_eq!(otc_init(std::ptr::null_mut()), 0);
    let (watcher, id) = world.member("watcher");
    watcher.signal("fence", "");
    assert_eq!(watcher.next(), Heard::signal("fence", "", Some(&id)));
    watcher.delete();
    assert_eq!(otc_destroy(), 0);
}
