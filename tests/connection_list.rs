//! Who is in a session, listed.
#![allow(
    unsafe_code,
    clippy::undocumented_unsafe_blocks,
    reason = "the C API is called as C calls it: with what the test holds"
)]

mod common;

use common::peer::Peer;
use common::program::{Heard, Program, Wishes, last_error, text};
use common::world::{KEY, World};
use otc::ffi::*;
use std::ffi::c_int;
use std::ptr::{null, null_mut};

/// The ids and data of a list, in order.
fn entries(list: *const otc_connection_list) -> Vec<(String, String)> {
    let connections = (0..otc_connection_list_get_size(list)).map(|index| {
        let connection = otc_connection_list_get(list, index);
        assert!(!connection.is_null(), "{}", last_error());
        let id = text(otc_connection_get_id(connection)).expect("never NULL");
        (id, text(otc_connection_get_data(connection)).expect("never NULL"))
    });
    connections.collect()
}

/// Everybody in the session, as this program sees it.
fn everybody(program: &Program) -> Vec<(String, String)> {
    let list = otc_session_get_connections(program.session);
    assert!(!list.is_null(), "{}", last_error());
    let entries = entries(list);
    assert_eq!(otc_connection_list_delete(list), 0);
    entries
}

#[test]
fn oneself_is_first_and_the_others_follow_as_they_came() {
    let world = World::new();
    let names = ["ada", "bob", "cy", "dee", "eve"];
    let programs: Vec<(Program, String)> = names.iter().map(|name| world.member(name)).collect();
    let last = Heard::Came { id: programs[4].1.clone(), data: "eve".into() };
    programs[..4].iter().for_each(|(program, _)| program.wait_for(&last));
    let all: Vec<(String, String)> =
        programs.iter().zip(names).map(|((_, id), name)| (id.clone(), name.to_owned())).collect();
    // Two may have come in the same millisecond; then their ids decide.
    let list = otc_session_get_connections(programs[0].0.session);
    let key = |index| {
        let connection = otc_connection_list_get(list, index);
        let id = text(otc_connection_get_id(connection)).expect("never NULL");
        (otc_connection_get_creation_time(connection), id)
    };
    let keys: Vec<(i64, String)> = (1..5).map(key).collect();
    assert!(keys.windows(2).all(|pair| pair[0] < pair[1]), "{keys:?}");
    assert_eq!(otc_connection_list_delete(list), 0);
    for (index, (program, _)) in programs.iter().enumerate() {
        let mut listed = everybody(program);
        assert_eq!(listed.remove(0), all[index], "oneself");
        let mut expected = all.clone();
        expected.remove(index);
        listed.sort();
        expected.sort();
        assert_eq!(listed, expected);
    }
}

#[test]
fn a_list_stays_as_it_was_and_takes_its_connections_with_it() {
    let world = World::new();
    let (ada, ada_id) = world.member("ada");
    let (bob, bob_id) = world.member("bob");
    ada.wait_for(&Heard::Came { id: bob_id.clone(), data: "bob".into() });
    let list = otc_session_get_connections(ada.session);
    bob.delete();
    ada.wait_for(&Heard::Went { id: bob_id.clone() });
    assert_eq!(everybody(&ada), [(ada_id.clone(), "ada".to_owned())]);
    assert_eq!(entries(list), [(ada_id, "ada".into()), (bob_id.clone(), "bob".into())]);
    let second = otc_connection_list_get(list, 1);
    assert_eq!(otc_connection_list_get(list, 1), second, "the same object each time");
    assert_eq!(text(otc_connection_get_session_id(second)).as_ref(), Some(&world.session_id));
    let copy = otc_connection_copy(second);
    ada.delete();
    assert_eq!(entries(list).len(), 2, "it outlives the session");
    assert_eq!(otc_connection_list_delete(list), 0);
    assert_eq!(text(otc_connection_get_id(second)).as_deref(), Some(""), "ended with the list");
    assert_eq!(text(otc_connection_get_id(copy)), Some(bob_id));
    assert_eq!(otc_connection_delete(copy), 0);
    assert_eq!(otc_connection_list_delete(list), 1);
    assert_eq!(otc_connection_list_get_size(list), 0);
}

#[test]
fn whoever_wants_no_connection_events_sees_itself() {
    let world = World::new();
    let (_ada, _) = world.member("ada");
    let url = world.server.url();
    let wishes = Wishes { api_url: Some(&url), suppressed: true, ..Wishes::default() };
    let quiet = Program::new(KEY, &world.session_id, &wishes);
    quiet.connect(&world.token("quiet"));
    let id = quiet.wait_for_connected();
    let peer = Peer::join(&world, &world.token("peer"));
    quiet.assert_quiet();
    assert_eq!(everybody(&quiet), [(id, "quiet".into())]);
    peer.leave();
}

#[test]
fn what_is_no_list_and_no_session_is_refused() {
    let world = World::new();
    let idle = world.program();
    assert!(otc_session_get_connections(idle.session).is_null());
    assert!(last_error().contains("not connected"), "{}", last_error());
    let (ada, _) = world.member("ada");
    let list = otc_session_get_connections(ada.session);
    for session in [null(), list.cast_const().cast(), (&raw const world).cast()] {
        assert!(otc_session_get_connections(session).is_null());
        assert!(last_error().contains("session"), "{}", last_error());
    }
    for index in [-1, 1, 2, c_int::MIN, c_int::MAX] {
        assert!(otc_connection_list_get(list, index).is_null(), "{index}");
        assert!(last_error().contains("index"), "{}", last_error());
    }
    for list in [null_mut(), ada.session.cast(), (&raw const world).cast_mut().cast()] {
        assert_eq!(otc_connection_list_get_size(list), 0);
        assert!(otc_connection_list_get(list, 0).is_null());
        assert_eq!(otc_connection_list_delete(list), 1);
        assert!(last_error().contains("connection list"), "{}", last_error());
    }
    assert_eq!(otc_connection_list_get_size(list), 1);
    ada.disconnect();
    ada.wait_for(&Heard::Disconnected);
    assert!(otc_session_get_connections(ada.session).is_null());
    assert_eq!(otc_connection_list_delete(list), 0);
}
