//! What whoever meets a limit of the server is told, through the C API where programs can meet it.

mod common;

use common::DEADLINE;
use common::peer::Peer;
use common::program::Heard;
use common::rest;
use common::world::{KEY, World, pair};
use otc_protocol::permissions::Role;
use otc_protocol::raptor::{Body, StreamRequest};
use otc_server::Config;
use otc_server::sessions::{Settings, SignalRate};
use std::time::{Duration, Instant};

fn world(rooms: Settings) -> World {
    World::with(Config { rooms, ..Config::local(pair()) })
}

#[test]
fn a_full_session_is_error_1027_and_has_room_again_when_somebody_leaves() {
    let world = world(Settings { session_connections: 1, ..Settings::default() });
    let (ada, _) = world.member("ada");
    let bob = world.program();
    bob.connect(&world.token("bob"));
    let (code, text) = bob.wait_for_failure();
    assert_eq!(code, 1027, "{text}");
    ada.disconnect();
    ada.wait_for(&Heard::Disconnected);
    bob.connect(&world.token("bob"));
    bob.wait_for_connected();
}

#[test]
fn a_publisher_too_many_is_refused_and_the_others_hear_nothing_of_it() {
    let world = world(Settings { session_streams: 1, ..Settings::default() });
    let (ada, _) = world.member("ada");
    let mut peer = Peer::join(&world, &world.token("peer"));
    ada.wait_for(&Heard::Came { id: peer.id.clone(), data: "peer".into() });
    let mut publish =
        |id: &str| peer.ask(Body::StreamCreate(StreamRequest { id: id.into(), ..StreamRequest::default() }));
    assert_eq!(publish("s1").0, 200);
    let (status, reason) = publish("s2");
    assert_eq!((status, reason.contains("streamLimitExceeded")), (409, true), "{reason}");
    assert_eq!(ada.next(), Heard::StreamReceived { id: "s1".into() });
    ada.assert_quiet();
}

#[test]
fn signals_that_are_too_fast_arrive_later_all_of_them_and_in_order() {
    const SIGNALS: usize = 60;
    let signal_rate = SignalRate::new(20, Some(20));
    let world = world(Settings { signal_rate, ..Settings::default() });
    let (ada, ada_id) = world.member("ada");
    let (bob, bob_id) = world.member("bob");
    ada.wait_for(&Heard::Came { id: bob_id, data: "bob".into() });
    let start = Instant::now();
    for index in 0..SIGNALS {
        ada.signal("n", &index.to_string());
    }
    for index in 0..SIGNALS {
        bob.wait_for(&Heard::signal("n", &index.to_string(), Some(&ada_id)));
    }
    // 20 at once, and 40 at 20 a second.
    assert!(start.elapsed() >= Duration::from_millis(1990), "{:?}", start.elapsed());
    for index in 0..SIGNALS {
        assert_eq!(
            ada.next(),
            Heard::signal("n", &index.to_string(), Some(&ada_id)),
            "and it is told of no refusal"
        );
    }
}

#[test]
fn a_client_that_does_not_send_again_is_told_the_rate() {
    let world = world(Settings { signal_rate: SignalRate::new(1, Some(1)), ..Settings::default() });
    let mut peer = Peer::join(&world, &world.token_of(Role::Publisher));
    let mut signal = || peer.ask_json("signal", "/signal/x", &serde_json::json!({"data": "x"}));
    let mut answers = std::iter::repeat_with(&mut signal).take(20);
    let (status, reason) = answers.find(|answer| answer.0 != 200).expect("too many");
    assert_eq!((status, reason.contains("1 in a second, and 1 at once")), (429, true), "{reason}");
    // The application's server is nobody's connection.
    for _ in 0..10 {
        let path = format!("/v2/project/{KEY}/session/{}/signal", world.session_id);
        assert_eq!(rest::call(world.server.addr(), "POST", &path, "{}"), 204);
    }
}

#[test]
fn who_is_away_for_longer_than_the_grace_is_ended_with_1022() {
    let world = world(Settings { resume_grace: Duration::ZERO, ..Settings::default() });
    let (ada, _) = world.member("ada");
    let proxy = common::proxy::Proxy::start(world.server.addr(), 5, 1); // The next byte is cut off.
    let (bob, bob_id) = world.member_at(&proxy.url(), "bob");
    ada.wait_for(&Heard::Came { id: bob_id.clone(), data: "bob".into() });
    proxy.cut(true);
    ada.signal("cut", "");
    ada.wait_for(&Heard::Went { id: bob_id });
    proxy.cut(false);
    let start = Instant::now();
    loop {
        match bob.next() {
            Heard::Error { code, .. } => {
                assert_eq!(code, 1022);
                break;
            }
            _ => assert!(start.elapsed() < DEADLINE),
        }
    }
    assert_eq!(bob.next(), Heard::Disconnected);
}
