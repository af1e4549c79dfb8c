//! A session that has lost its connection, through the C API: what ends it at once, what is tried again, what is told.
#![allow(
    unsafe_code,
    clippy::undocumented_unsafe_blocks,
    reason = "the C API is called as C calls it: with what the test holds"
)]

mod common;

use common::peer::Peer;
use common::program::{Change, Heard, Program, Wishes, last_error};
use common::tls::{Authority, behind_tls};
use common::wait_until;
use common::wall::{Fate, Wall};
use common::world::{KEY, World};
use otc::ffi::*;
use serde_json::json;
use std::net::TcpListener;
use std::time::{Duration, Instant};

/// "At once", on a busy machine.
const AT_ONCE: Duration = Duration::from_secs(2);

/// A program behind a wall, that is in the session, and its connection id.
fn member(world: &World, wall: &Wall, window_ms: i32) -> (Program, String) {
    let set_window = |settings| {
        assert_eq!(otc_session_settings_set_reconnect_window(settings, window_ms), 0, "{}", last_error());
    };
    let url = wall.url();
    let wishes = Wishes { api_url: Some(&url), also: Some(&set_window), ..Wishes::default() };
    let program = Program::new(KEY, &world.session_id, &wishes);
    program.connect(&world.token("away"));
    let id = program.wait_for_connected();
    (program, id)
}

const LONG: i32 = 600_000;

/// The text of 1022, which is told alone before the end.
fn dropped(program: &Program) -> String {
    let Heard::Error { code: 1022, text } = program.next() else { panic!("1022 comes next") };
    assert_eq!(program.next(), Heard::Disconnected);
    assert_eq!(otc_session_get_disconnect_reason(program.session), 3);
    text
}

#[test]
fn a_servers_no_ends_it_at_once_with_its_words() {
    let table: [(&[u8], &str); 3] = [
        (
            b"HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nContent-Length: 21\r\n\r\nThe key is suspended.",
            "HTTP status 403 Forbidden: The key is suspended.",
        ),
        (b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", "HTTP status 401 Unauthorized"),
        (b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n", "HTTP status 410 Gone"),
    ];
    for (answer, words) in table {
        let world = World::new();
        let wall = Wall::before(world.server.addr());
        let (ada, _) = member(&world, &wall, LONG);
        let before = wall.connections();
        wall.sever_and(Fate::Answer(answer));
        assert_eq!(ada.next(), Heard::Reconnecting);
        let start = Instant::now();
        let text = dropped(&ada);
        assert!(text.ends_with(words), "{text}");
        assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
        assert_eq!(wall.connections(), before + 1, "no more tries");
        wall.gate(Fate::Pass);
        ada.connect(&world.token("again"));
        ada.wait_for_connected();
    }
}

#[test]
fn everything_else_is_tried_again_and_told_once() {
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("bound");
    let fates = [
        Fate::Close,
        Fate::Elsewhere(free),
        Fate::Answer(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"),
        Fate::Answer(b"HTTP/1.1 429 Slowly\r\nContent-Length: 0\r\n\r\n"),
        Fate::Answer(
            b"HTTP/1.1 302 Sign in\r\nLocation: http://portal.example/\r\nContent-Length: 0\r\n\r\n",
        ),
        Fate::Answer(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>"),
        Fate::Answer(b"SSH-2.0-x\r\n"),
    ];
    for fate in fates {
        let world = World::new();
        let wall = Wall::before(world.server.addr());
        let (ada, me) = member(&world, &wall, LONG);
        let before = wall.connections();
        wall.sever_and(fate);
        assert_eq!(ada.next(), Heard::Reconnecting);
        wait_until("three tries", || wall.connections() >= before + 3);
        ada.signal("t", "while away");
        wall.gate(Fate::Pass);
        assert_eq!(ada.next(), Heard::Reconnected);
        assert_eq!(ada.next(), Heard::signal("t", "while away", Some(&me)));
        assert_eq!(ada.id().as_deref(), Some(me.as_str()));
    }
}

#[test]
fn a_server_without_time_is_not_asked_before_it_wants_to_be() {
    let world = World::new();
    let wall = Wall::before(world.server.addr());
    let (ada, _) = member(&world, &wall, LONG);
    let before = wall.connections();
    wall.sever_and(Fate::Answer(b"HTTP/1.1 503 Busy\r\nRetry-After: 2\r\nContent-Length: 0\r\n\r\n"));
    assert_eq!(ada.next(), Heard::Reconnecting);
    wait_until("the first try", || wall.connections() > before);
    let asked = Instant::now();
    wall.gate(Fate::Pass);
    assert_eq!(ada.next(), Heard::Reconnected);
    assert!(asked.elapsed() > Duration::from_millis(1_900), "{:?}", asked.elapsed());
    assert_eq!(wall.connections(), before + 2);
}

#[test]
fn the_end_of_the_window_names_the_last_failure() {
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("bound");
    for (fate, word) in [
        (Fate::Answer(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"), "HTTP status 500"),
        (Fate::Elsewhere(free), "refused the socket"),
    ] {
        let world = World::new();
        let wall = Wall::before(world.server.addr());
        let (ada, _) = member(&world, &wall, 700);
        wall.sever_and(fate);
        assert_eq!(ada.next(), Heard::Reconnecting);
        let text = dropped(&ada);
        assert!(text.contains("could not be restored in time: ") && text.contains(word), "{text}");
    }
}

/// A Wi-Fi with a sign-in page in front of everything has a certificate of its own; after the sign-in the server is there.
#[test]
fn a_certificate_that_is_not_trusted_does_not_end_it() {
    let behind = behind_tls("localhost", "localhost", false);
    let portal = behind_tls("localhost", "localhost", false);
    let port = |url: &str| url.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    let server = ([127, 0, 0, 1], port(&behind.url)).into();
    let wall = Wall::before(server);
    let url = format!("https://localhost:{}", wall.port());
    let trusted: &Authority = &behind.authority;
    let wishes = Wishes { api_url: Some(&url), ca_file: Some(trusted.path()), ..Wishes::default() };
    let ada = Program::new(KEY, &behind.world.session_id, &wishes);
    ada.connect(&behind.world.token("x"));
    ada.wait_for_connected();
    let before = wall.connections();
    wall.sever_and(Fate::Elsewhere(([127, 0, 0, 1], port(&portal.url)).into()));
    assert_eq!(ada.next(), Heard::Reconnecting);
    wait_until("three tries", || wall.connections() >= before + 3);
    wall.gate(Fate::Pass);
    assert_eq!(ada.next(), Heard::Reconnected);
}

#[test]
fn disconnect_and_delete_are_immediate() {
    for fate in [Fate::Close, Fate::Hang] {
        for is_deleted in [false, true] {
            let world = World::new();
            let wall = Wall::before(world.server.addr());
            let (ada, _) = member(&world, &wall, LONG);
            let before = wall.connections();
            wall.sever_and(fate);
            assert_eq!(ada.next(), Heard::Reconnecting);
            wait_until("a try", || wall.connections() > before);
            let start = Instant::now();
            if is_deleted {
                ada.delete();
            } else {
                ada.disconnect();
                assert_eq!(ada.next(), Heard::Disconnected);
                assert_eq!(otc_session_get_disconnect_reason(ada.session), 1);
            }
            assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
        }
    }
}

#[test]
fn what_happened_meanwhile_is_told_in_order_and_once() {
    let world = World::new();
    let wall = Wall::before(world.server.addr());
    let (ada, me) = member(&world, &wall, LONG);
    let mut publisher = Peer::join(&world, &world.token("publisher"));
    assert_eq!(ada.next(), Heard::Came { id: publisher.id.clone(), data: "publisher".into() });
    let stream = |id: &str| {
        json!({"id": id, "name": id, "channel": [
            {"id": "video1", "type": "video", "active": true, "width": 640, "height": 480, "source": "camera"},
            {"id": "audio1", "type": "audio", "active": true},
        ]})
    };
    assert_eq!(publisher.ask_json("create", "/stream/old", &stream("old")).0, 200);
    assert_eq!(ada.next(), Heard::StreamReceived { id: "old".into() });

    for round in 0..5 {
        wall.sever_and(Fate::Close);
        assert_eq!(ada.next(), Heard::Reconnecting);
        let mut expected = vec![Heard::Reconnected];
        let new = format!("new{round}");
        let path = format!("/stream/{new}");
        assert_eq!(publisher.ask_json("create", &path, &stream(&new)).0, 200);
        expected.push(Heard::StreamReceived { id: new.clone() });
        let guest = Peer::join(&world, &world.token("guest"));
        expected.push(Heard::Came { id: guest.id.clone(), data: "guest".into() });
        for on in [false, true] {
            let change = json!({"active": on});
            assert_eq!(publisher.ask_json("update", "/stream/old/channel/audio1", &change).0, 200);
            expected.push(Heard::changed("old", Change::Audio(on)));
        }
        let size = json!({"width": 320, "height": 240 + round});
        assert_eq!(publisher.ask_json("update", &format!("{path}/channel/video1"), &size).0, 200);
        expected.push(Heard::changed(&new, Change::Dimensions(320, 240 + round)));
        let said = json!({"type": "chat", "data": "meanwhile"});
        assert_eq!(publisher.ask_json("signal", "/signal/s", &said).0, 200);
        expected.push(Heard::signal("chat", "meanwhile", Some(&publisher.id)));
        expected.push(Heard::Went { id: guest.id.clone() });
        guest.leave();
        assert_eq!(publisher.ask_json("delete", &path, &json!({})).0, 200);
        expected.push(Heard::StreamDropped { id: new });
        wall.gate(Fate::Pass);
        for wanted in expected {
            let heard = ada.next();
            // What is told is the stream as it is by now.
            match (&heard, &wanted) {
                (
                    Heard::StreamChanged { id, told, .. },
                    Heard::StreamChanged { id: wanted_id, told: wanted_told, .. },
                ) => assert_eq!((id, told), (wanted_id, wanted_told)),
                _ => assert_eq!(heard, wanted),
            }
        }
        ada.assert_quiet();
        assert_eq!(ada.id().as_deref(), Some(me.as_str()));
    }
}
