//! Moderation through the C API, at the real server: it changes the session for everybody.
#![allow(
    unsafe_code,
    clippy::undocumented_unsafe_blocks,
    reason = "the C API is called as C calls it: with what the test holds"
)]

mod common;

use common::DEADLINE;
use common::peer::Peer;
use common::program::{Heard, Program, c, last_error};
use common::proxy::Proxy;
use common::rest;
use common::world::{KEY, World};
use otc::ffi::*;
use otc_protocol::permissions::Role;
use otc_protocol::raptor::{Body, Mute, Reason};
use serde_json::json;
use std::ffi::{CString, c_char, c_int};
use std::ptr::{null, null_mut};

const MUTED: Heard = Heard::MuteForced { active: true };
const NOT_MUTED: Heard = Heard::MuteForced { active: false };

fn mute_all(program: &Program, excluded: &[&str]) -> i32 {
    let ids: Vec<CString> = excluded.iter().map(|id| c(id)).collect();
    let mut pointers: Vec<*const c_char> = ids.iter().map(|id| id.as_ptr()).collect();
    let length = c_int::try_from(pointers.len()).expect("few");
    unsafe { otc_session_force_mute_all(program.session, pointers.as_mut_ptr(), length) }
}

fn mute_stream(program: &Program, stream: &str) -> i32 {
    unsafe { otc_session_force_mute_stream(program.session, c(stream).as_ptr()) }
}

/// A copy of the connection of this id, as the program sees it.
fn connection(program: &Program, id: &str) -> *mut otc_connection {
    let list = otc_session_get_connections(program.session);
    let all = (0..otc_connection_list_get_size(list)).map(|index| otc_connection_list_get(list, index));
    let is_it = |who: &*const otc_connection| {
        common::program::text(otc_connection_get_id(*who)).as_deref() == Some(id)
    };
    let copy = otc_connection_copy(all.into_iter().find(is_it).expect("it is in the session"));
    assert_eq!(otc_connection_list_delete(list), 0);
    copy
}

/// Sends somebody away whom the program sees.
fn send_away(program: &Program, id: &str) -> i32 {
    let whom = connection(program, id);
    let status = otc_session_force_disconnect(program.session, whom);
    assert_eq!(otc_connection_delete(whom), 0);
    status
}

fn publish(peer: &mut Peer, stream: &str) {
    let channels = json!([{"id": "audio1", "type": "audio", "active": true}]);
    let content = json!({"id": stream, "name": "", "channel": channels});
    assert_eq!(peer.ask_json("create", &format!("/stream/{stream}"), &content).0, 200);
    while !matches!(peer.told(), Body::StreamCreated(own) if own.id == stream) {}
}

fn mute() -> Mute {
    Mute { active: true, channels: vec!["audio".into()], ..Mute::default() }
}

/// The next mute that the session tells: of everybody (`None`) or of a stream; whether it begins.
fn next_mute(peer: &mut Peer) -> (Option<String>, bool) {
    loop {
        match peer.told() {
            Body::SessionMute(mute) => return (None, mute.active),
            Body::StreamMute { id, mute } => return (Some(id), mute.active),
            _ => {}
        }
    }
}

#[test]
fn who_is_sent_away_hears_why_and_the_others_see_it_leave() {
    let world = World::new();
    let (moderator, moderator_id) = world.moderator();
    let (ada, ada_id) = world.member("ada");
    let (bob, bob_id) = world.member("bob");
    moderator.wait_for(&Heard::Came { id: bob_id, data: "bob".into() });
    bob.wait_for(&Heard::Came { id: moderator_id.clone(), data: String::new() });
    let copy = connection(&moderator, &ada_id);
    assert_eq!(otc_session_force_disconnect(moderator.session, copy), 0, "{}", last_error());
    let went = Heard::Went { id: ada_id.clone() };
    assert_eq!(moderator.next(), went);
    bob.wait_for(&went);
    ada.wait_for(&Heard::Disconnected);
    assert_eq!(otc_session_get_disconnect_reason(ada.session), 2, "OTC_DISCONNECT_REASON_FORCE_DISCONNECTED");
    assert_eq!(otc_session_get_connection_status(ada.session), 0);
    bob.assert_quiet();

    // Once more: it is not there any more, which only the server knows for certain.
    moderator.wait_for(&Heard::signal("fence", "", bob.id().as_deref()));
    assert_eq!(otc_session_force_disconnect(moderator.session, copy), 0);
    match moderator.next() {
        Heard::Error { code: 1520, text } => assert!(text.contains("404"), "{text}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(otc_connection_delete(copy), 0);
    ada.connect(&world.token("ada"));
    let again = ada.wait_for_connected();
    assert_ne!(again, ada_id, "who was sent away may come again, as somebody new");
    assert_eq!(send_away(&moderator, &moderator_id), 0);
    moderator.wait_for(&Heard::Disconnected);
    assert_eq!(otc_session_get_disconnect_reason(moderator.session), 2);
    ada.wait_for(&Heard::Went { id: moderator_id });
}

#[test]
fn the_streams_of_who_is_sent_away_end_first() {
    let world = World::new();
    let (moderator, _) = world.moderator();
    let (bob, _) = world.member("bob");
    let mut peer = Peer::join(&world, &world.token("peer"));
    publish(&mut peer, "s1");
    for program in [&moderator, &bob] {
        program.wait_for(&Heard::StreamReceived { id: "s1".into() });
    }
    assert_eq!(send_away(&moderator, &peer.id), 0);
    for program in [&moderator, &bob] {
        assert_eq!(program.next(), Heard::StreamDropped { id: "s1".into() });
        assert_eq!(program.next(), Heard::Went { id: peer.id.clone() });
    }
    let reason = Reason::ForceDisconnected;
    let told = [peer.told(), peer.told()];
    assert!(matches!(&told[0], Body::StreamDeleted { id, reason: why, .. } if id == "s1" && *why == reason));
    assert!(
        matches!(&told[1], Body::ConnectionDeleted { id, reason: why } if *id == peer.id && *why == reason)
    );
}

#[test]
fn everybody_is_muted_later_comers_too_until_it_ends() {
    let world = World::new();
    let (moderator, _) = world.moderator();
    let (bob, _) = world.member("bob");
    let (mut loud, mut spared) =
        (Peer::join(&world, &world.token("loud")), Peer::join(&world, &world.token("spared")));
    publish(&mut loud, "s1");
    publish(&mut spared, "s2");
    for program in [&moderator, &bob] {
        program.wait_for(&Heard::StreamReceived { id: "s2".into() });
    }
    assert_eq!(mute_all(&moderator, &["s2", "not-published"]), 0, "{}", last_error());
    for program in [&moderator, &bob] {
        assert_eq!(program.next(), MUTED);
    }
    assert_eq!([next_mute(&mut loud), next_mute(&mut loud)], [(None, true), (Some("s1".into()), true)]);

    let late = world.program();
    late.connect(&world.token("late"));
    late.wait_for_connected();
    late.wait_for(&MUTED);
    assert_eq!(otc_session_disable_force_mute(moderator.session), 0, "{}", last_error());
    for program in [&moderator, &bob, &late] {
        program.wait_for(&NOT_MUTED);
    }
    assert_eq!([next_mute(&mut spared), next_mute(&mut spared)], [(None, true), (None, false)]);
    let (later, _) = world.member("later");
    bob.wait_for(&Heard::Came { id: later.id().expect("connected"), data: "later".into() });
    bob.assert_quiet();
    later.wait_for(&Heard::signal("fence", "", bob.id().as_deref()));
    later.assert_quiet();
    // NULL and 0: nobody is spared.
    assert_eq!(unsafe { otc_session_force_mute_all(moderator.session, null_mut(), 0) }, 0);
    assert_eq!([next_mute(&mut spared), next_mute(&mut spared)], [(None, true), (Some("s2".into()), true)]);
}

#[test]
fn one_stream_is_muted_and_nobody_else_hears_of_it() {
    let world = World::new();
    let (moderator, _) = world.moderator();
    let mut peer = Peer::join(&world, &world.token("peer"));
    publish(&mut peer, "s1");
    publish(&mut peer, "s2");
    moderator.wait_for(&Heard::StreamReceived { id: "s2".into() });
    assert_eq!(mute_stream(&moderator, "s2"), 0, "{}", last_error());
    assert_eq!(next_mute(&mut peer), (Some("s2".into()), true));
    moderator.assert_quiet();
    assert_eq!(mute_stream(&moderator, "not-published"), 0);
    match moderator.next() {
        Heard::Error { code: 1540, text } => assert!(text.contains("404"), "{text}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_publisher_is_refused_by_the_library_and_if_it_lies_by_the_server() {
    let world = World::new();
    let (moderator, moderator_id) = world.moderator();
    let (bob, _) = world.member("bob");
    moderator.wait_for(&Heard::Came { id: bob.id().expect("connected"), data: "bob".into() });
    let capabilities = otc_session_get_capabilities(bob.session);
    assert_eq!((capabilities.force_mute, capabilities.force_disconnect), (0, 0));
    let capabilities = otc_session_get_capabilities(moderator.session);
    assert_eq!((capabilities.force_mute, capabilities.force_disconnect), (1, 1));
    bob.wait_for(&Heard::Came { id: moderator_id.clone(), data: String::new() });
    assert_eq!(mute_all(&bob, &[]), 1540);
    assert!(last_error().contains("moderator"), "{}", last_error());
    assert_eq!(otc_session_disable_force_mute(bob.session), 1540);
    assert_eq!(mute_stream(&bob, "s1"), 1540);
    assert_eq!(send_away(&bob, &moderator_id), 1520);
    bob.assert_quiet();
    moderator.wait_for(&Heard::signal("fence", "", bob.id().as_deref()));

    for role in [Role::Publisher, Role::Subscriber, Role::PublisherOnly] {
        let mut liar = Peer::join(&world, &world.token_of(role));
        moderator.wait_for(&Heard::Came { id: liar.id.clone(), data: String::new() });
        for body in [
            Body::SessionMute(mute()),
            Body::SessionMute(Mute { active: false, ..mute() }),
            Body::StreamMute { id: "s1".into(), mute: mute() },
            Body::ConnectionDelete { id: moderator_id.clone() },
            Body::ConnectionDelete { id: "nobody".into() },
        ] {
            let asked = format!("{body:?}");
            assert_eq!(liar.ask(body).0, 403, "{role:?}: {asked}");
        }
        moderator.assert_quiet();
        let id = liar.id.clone();
        liar.leave();
        moderator.wait_for(&Heard::Went { id });
    }
}

#[test]
fn arguments_that_are_none_are_refused_without_effect() {
    let world = World::new();
    let (moderator, moderator_id) = world.moderator();
    let session = moderator.session;
    let own = connection(&moderator, &moderator_id);
    let stale = otc_connection_copy(own);
    assert_eq!(otc_connection_delete(stale), 0);
    for whom in [null(), stale.cast_const(), session.cast_const().cast(), (&raw const world).cast()] {
        assert_eq!(otc_session_force_disconnect(session, whom), 1011);
    }
    let bad = [c(""), c("a/b"), c("a b"), c(&"x".repeat(2000)), CString::new([0xff]).expect("no NUL")];
    let good = c("good");
    for id in bad.iter().map(|id| id.as_ptr()).chain([null()]) {
        assert_eq!(unsafe { otc_session_force_mute_stream(session, id) }, 1011);
        let mut ids = [good.as_ptr(), id];
        assert_eq!(unsafe { otc_session_force_mute_all(session, ids.as_mut_ptr(), 2) }, 1011);
        assert!(last_error().contains("stream id"), "{}", last_error());
    }
    let mut ids = [good.as_ptr()];
    for (ids, length) in
        [(ids.as_mut_ptr(), -1), (ids.as_mut_ptr(), c_int::MIN), (ids.as_mut_ptr(), 3001), (null_mut(), 1)]
    {
        assert_eq!(unsafe { otc_session_force_mute_all(session, ids, length) }, 1011, "{length}");
    }
    moderator.assert_quiet();

    for session in [null_mut(), own.cast(), (&raw const world).cast_mut().cast()] {
        assert_eq!(unsafe { otc_session_force_mute_all(session, null_mut(), 0) }, 1);
        assert_eq!(otc_session_disable_force_mute(session), 1);
        assert_eq!(unsafe { otc_session_force_mute_stream(session, good.as_ptr()) }, 1);
        assert_eq!(otc_session_force_disconnect(session, own), 1);
    }
    let idle = world.program();
    assert_eq!(mute_all(&idle, &[]), 1010);
    assert_eq!(otc_session_disable_force_mute(idle.session), 1010);
    assert_eq!(mute_stream(&idle, "s1"), 1010);
    assert_eq!(otc_session_force_disconnect(idle.session, own), 1010);
    assert_eq!(otc_connection_delete(own), 0);
}

/// Where a program's session stands, and what it has heard last.
fn state(program: &Program) -> String {
    let mut heard: Vec<Heard> =
        std::iter::from_fn(|| program.ears.next_within(std::time::Duration::ZERO)).collect();
    heard.drain(..heard.len().saturating_sub(10));
    format!("has the status {} and heard {heard:?}", otc_session_get_connection_status(program.session))
}

#[test]
fn through_cuts_everything_happens_once_and_in_order() {
    const ROUNDS: usize = 400;
    let seed = std::env::var("OTC_TEST_SEED").map_or(11, |text| text.parse().expect("a number"));
    println!("OTC_TEST_SEED={seed}");
    let world = World::new();
    // A link that never carries as much as what is replayed at every return would be of no use.
    let proxy = Proxy::start(world.server.addr(), seed, 100_000);
    let (bob, _) = world.member("bob");
    let moderator = world.program_at(&proxy.url());
    moderator.connect(&world.token_of(Role::Moderator));
    let id = moderator.wait_for_connected();
    bob.wait_for(&Heard::Came { id: id.clone(), data: String::new() });
    proxy.cut(true);
    for round in 0..ROUNDS {
        moderator.signal("round", &round.to_string());
        let status = if round % 2 == 0 {
            mute_all(&moderator, &["some-stream"])
        } else {
            otc_session_disable_force_mute(moderator.session)
        };
        assert_eq!(status, 0, "{}", last_error());
        let heard = [bob.ears.next_within(DEADLINE), bob.ears.next_within(DEADLINE)];
        let mute = if round % 2 == 0 { MUTED } else { NOT_MUTED };
        let expected = [Heard::signal("round", &round.to_string(), Some(&id)), mute];
        assert_eq!(heard, expected.map(Some), "round {round}; the moderator {}", state(&moderator));
    }
    proxy.cut(false);
    bob.assert_quiet();
    assert!(proxy.cuts() > 0, "the test has tested nothing");
}

#[test]
fn the_applications_server_moderates_by_rest_and_programs_hear_it() {
    let world = World::new();
    let (bob, bob_id) = world.member("bob");
    let mut peer = Peer::join(&world, &world.token("peer"));
    publish(&mut peer, "s1");
    bob.wait_for(&Heard::StreamReceived { id: "s1".into() });
    let call = |method: &str, rest: &str, body: &str| {
        let path = format!("/v2/project/{KEY}/session/{}/{rest}", world.session_id);
        rest::call(world.server.addr(), method, &path, body)
    };
    assert_eq!(call("POST", "stream/s1/mute", ""), 200);
    assert_eq!(next_mute(&mut peer), (Some("s1".into()), true));
    assert_eq!(call("POST", "mute", r#"{"active":"true","excludedStreams":["s1"]}"#), 200);
    assert_eq!(bob.next(), MUTED);
    let late = world.program();
    late.connect(&world.token("late"));
    late.wait_for_connected();
    late.wait_for(&MUTED);
    assert_eq!(call("POST", "mute", r#"{"active":false}"#), 200);
    late.wait_for(&NOT_MUTED);
    assert_eq!([next_mute(&mut peer), next_mute(&mut peer)], [(None, true), (None, false)], "s1 was spared");
    assert_eq!(call("DELETE", &format!("connection/{bob_id}"), ""), 204);
    bob.wait_for(&Heard::Disconnected);
    assert_eq!(otc_session_get_disconnect_reason(bob.session), 2);
    late.wait_for(&Heard::Went { id: bob_id });
}
