//! The last callback of a session, and the one that tells how it stands.
#![allow(
    unsafe_code,
    clippy::undocumented_unsafe_blocks,
    reason = "the C API is called as C calls it: with what the test holds"
)]

mod common;

use common::DEADLINE;
use common::program::{c, last_error, no_callbacks, start_library};
use common::world::World;
use otc::ffi::*;
use std::ffi::{c_int, c_void};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};

/// What was told, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Connected,
    ConnectedEnds,
    Disconnected,
    Status(i32),
    Released,
}

/// What a session's callbacks share with the test.
struct Notes {
    told: Sender<Told>,
    inside_connected: Box<dyn Fn(*mut otc_session) + Send + Sync>,
}

fn note(user: *mut c_void, told: Told) {
    let _ = unsafe { &*user.cast::<Notes>() }.told.send(told);
}

unsafe extern "C-unwind" fn connected(session: *mut otc_session, user: *mut c_void) {
    note(user, Told::Connected);
    (unsafe { &*user.cast::<Notes>() }.inside_connected)(session);
    note(user, Told::ConnectedEnds);
}

unsafe extern "C-unwind" fn disconnected(_: *mut otc_session, user: *mut c_void) {
    note(user, Told::Disconnected);
}

unsafe extern "C-unwind" fn status_changed(_: *mut otc_session, user: *mut c_void, status: c_int) {
    note(user, Told::Status(status));
}

/// What the library promises: the user data is not used again.
unsafe extern "C-unwind" fn released(user: *mut c_void) {
    let notes = unsafe { Box::from_raw(user.cast::<Notes>()) };
    let _ = notes.told.send(Told::Released);
}

fn session(
    world: &World,
    inside_connected: impl Fn(*mut otc_session) + Send + Sync + 'static,
) -> (*mut otc_session, Receiver<Told>) {
    start_library();
    let (told, hears) = channel();
    let notes = Box::new(Notes { told, inside_connected: Box::new(inside_connected) });
    let callbacks = otc_session_callbacks {
        on_connected: Some(connected),
        on_disconnected: Some(disconnected),
        user_data: Box::into_raw(notes).cast(),
        ..no_callbacks()
    };
    let session = world.session_of(&callbacks);
    assert_eq!(otc_session_set_on_released(session, Some(released)), 0);
    (session, hears)
}

fn connect(session: *mut otc_session, world: &World) {
    assert_eq!(unsafe { otc_session_connect(session, c(&world.token("")).as_ptr()) }, 0, "{}", last_error());
}

fn next(hears: &Receiver<Told>) -> Told {
    hears.recv_timeout(DEADLINE).expect("something is told")
}

#[test]
fn outside_a_callback_it_has_run_when_delete_returns() {
    let world = World::new();
    let (idle, hears) = session(&world, |_| ());
    assert_eq!(otc_session_delete(idle), 0);
    assert_eq!(hears.try_iter().collect::<Vec<_>>(), [Told::Released]);

    let (joined, hears) = session(&world, |_| ());
    connect(joined, &world);
    assert_eq!([next(&hears), next(&hears)], [Told::Connected, Told::ConnectedEnds]);
    assert_eq!(otc_session_delete(joined), 0);
    assert_eq!(hears.try_iter().collect::<Vec<_>>(), [Told::Released]);
    assert_eq!(otc_session_delete(joined), 1, "a second delete");
    assert_eq!(hears.try_iter().count(), 0, "changes nothing");
    assert_eq!(otc_session_set_on_released(joined, Some(released)), 1);
}

#[test]
fn inside_a_callback_it_follows_the_callback() {
    let world = World::new();
    let (session, hears) = session(&world, |session| assert_eq!(otc_session_delete(session), 0));
    connect(session, &world);
    assert_eq!(
        [next(&hears), next(&hears), next(&hears)],
        [Told::Connected, Told::ConnectedEnds, Told::Released]
    );
}

#[test]
fn one_that_was_unset_is_not_called() {
    let world = World::new();
    let (session, hears) = session(&world, |_| ());
    assert_eq!(otc_session_set_on_released(session, None), 0);
    let user_data = otc_session_get_user_data(session);
    assert_eq!(otc_session_delete(session), 0);
    assert_eq!(hears.try_iter().count(), 0);
    drop(unsafe { Box::from_raw(user_data.cast::<Notes>()) });
}

#[test]
fn every_change_of_the_status_is_told_in_order_with_the_other_callbacks() {
    use Told::{Connected, ConnectedEnds, Disconnected, Released, Status};
    let world = World::new();
    let status_inside = std::sync::Arc::new(Mutex::new(None));
    let inside = std::sync::Arc::clone(&status_inside);
    let (session, hears) = session(&world, move |session| {
        *inside.lock().expect("nobody panics with it") = Some(otc_session_get_connection_status(session));
    });
    assert_eq!(otc_session_set_on_status_changed(session, Some(status_changed)), 0);
    connect(session, &world);
    assert_eq!(
        [next(&hears), next(&hears), next(&hears), next(&hears)],
        [Status(1), Status(2), Connected, ConnectedEnds]
    );
    assert_eq!(*status_inside.lock().expect("nobody panics with it"), Some(2));
    assert_eq!(otc_session_disconnect(session), 0);
    assert_eq!([next(&hears), next(&hears), next(&hears)], [Status(4), Status(0), Disconnected]);
    assert_eq!(otc_session_set_on_status_changed(session, None), 0);
    connect(session, &world);
    assert_eq!([next(&hears), next(&hears)], [Connected, ConnectedEnds]);
    assert_eq!(otc_session_delete(session), 0);
    assert_eq!(next(&hears), Released);
    assert_eq!(otc_session_set_on_status_changed(session, None), 1);
}
