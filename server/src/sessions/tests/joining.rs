//! Coming in (`wire.md §5`).

use super::world::{Client, Heard, UNIX_MS, World};
use crate::sessions::{CloseCode, Settings};
use otc_protocol::envelope;
use otc_protocol::limits::{JOIN_REFUSALS, JOIN_WITHIN};
use otc_protocol::raptor::SignalContent;
use serde_json::{Value, json};
use std::time::Duration;

fn status(heard: &[Heard], transaction: &str) -> Option<(u16, Value)> {
    heard.iter().find_map(|heard| match heard {
        Heard::Status { transaction: of, code, data } if of == transaction => Some((*code, data.clone())),
        _ => None,
    })
}

fn connection(id: &str, data: &str, permissions: &[&str]) -> Value {
    json!({ "id": id, "creationTime": UNIX_MS, "data": data, "permissions": permissions })
}

const PUBLISHER: [&str; 3] = ["publish", "subscribe", "signal"];

#[test]
fn a_newcomer_is_told_who_is_there_and_everybody_of_the_newcomer() {
    let world = World::new();
    let mut first = world.join("a", "publisher|first");
    let mut second = world.client("b");
    let join = second.join(&world, "subscriber|second");
    let heard = second.listen(&world);
    assert!(matches!(&heard[0], Heard::Status { code: 200, .. }), "CONNECT is answered: {heard:?}");
    let expected =
        json!({ "connection": [connection("a", "first", &PUBLISHER)], "stream": [], "archive": [] });
    assert_eq!(status(&heard, &join), Some((200, expected)));

    let Some(Heard::Message { from, json, .. }) = heard.last() else {
        panic!("its own created comes: {heard:?}")
    };
    assert_eq!(from, "b");
    let created = connection("b", "second", &["subscribe"]);
    let uri = "/v2/partner/1/session/2_MX4x/connection/b";
    assert_eq!(*json, json!({ "method": "created", "uri": uri, "content": created }));
    let at_first = first.messages(&world);
    assert_eq!(at_first, [("b".into(), "created".into(), "/connection/b".into(), created)]);
}

#[test]
fn a_socket_that_has_not_joined_gets_its_pongs_and_refusals() {
    let world = World::new();
    let mut client = world.client("a");
    client.send(&world, envelope::ping());
    assert_eq!(client.read(), [Heard::Pong]);
    let (code, data) = client.call(&world, "signal", "/signal/x", json!({}));
    assert_eq!(code, 403);
    assert!(data["reason"].as_str().is_some_and(|reason| reason.contains("joined")), "{data}");
    assert_eq!(client.call(&world, "create", "/connection/a", json!({})).0, 403, "no token");

    let mut refused = |token: Option<&str>, message: &Value| {
        let transaction = client.new_transaction();
        let frame = client.request_frame(&transaction, message, token);
        client.send(&world, frame);
        client.answer(&transaction)
    };
    let base = world.client("a2");
    let join = |path: &str| base.message("create", path, json!({}));
    assert_eq!(refused(Some("nobody"), &join("/connection/a")), (403, json!({ "reason": "Invalid token" })));
    assert_eq!(refused(Some("publisher"), &join("/connection/symphony.x")).0, 400);
    assert_eq!(refused(Some("publisher"), &join(&format!("/connection/{}", "x".repeat(65)))).0, 400);
    assert_eq!(refused(Some(&"x".repeat(20_000)), &join("/connection/a")).0, 403);
    assert_eq!(refused(Some("publisher"), &json!({ "method": "create" })).0, 400);
    assert_eq!(world.registry.sessions(), 0, "refusals leave no room behind");
    // The socket is still good.
    assert_eq!(client.read(), []);
    client.join(&world, "publisher|");
    assert!(client.messages(&world).iter().any(|(_, method, _, _)| method == "created"));
}

#[test]
fn a_door_closes_when_nobody_comes_in() {
    let mut world = World::new();
    let waiting = world.client("a");
    world.pass(JOIN_WITHIN);
    assert_eq!(waiting.read(), [Heard::Close(CloseCode::Ended)]);
    assert_eq!((world.registry.sockets(), world.registry.next_wake()), (0, None));
}

#[test]
fn a_socket_cut_before_its_join_comes_back_and_joins() {
    let mut world = World::new();
    let mut client = world.client("a");
    client.send(&world, envelope::connect("a", "t", "").expect("fits"));
    client.cut(&world);
    world.pass(JOIN_WITHIN * 9 / 10);
    client.open(&world, true);
    assert_eq!(client.read(), [Heard::Pong]);
    let join = client.new_transaction();
    let frame = client.request_frame(&join, &client.join_message(), Some("publisher|"));
    client.send(&world, frame);
    assert_eq!(status(&client.listen(&world), &join).map(|(code, _)| code), Some(200));
    client.cut(&world);

    let mut late = world.client("b");
    late.send(&world, envelope::connect("b", "t", "").expect("fits"));
    // Coming back does not put off the end.
    for _ in 0..3 {
        late.cut(&world);
        world.pass(JOIN_WITHIN / 3);
        late.open(&world, true);
    }
    assert_eq!(late.read(), [Heard::Close(CloseCode::Ended)]);
    world.pass(Duration::from_secs(46));
    late.open(&world, true);
    assert_eq!(late.read(), [Heard::Close(CloseCode::Ended)]);
    assert_eq!(world.registry.sockets(), 0);
}

#[test]
fn a_second_socket_at_the_door_replaces_the_first() {
    let world = World::new();
    let mut client = world.client("a");
    client.send(&world, envelope::connect("a", "t0", "").expect("fits"));
    client.read();
    let old = client.pipe.clone();
    let mut stale = client.go_dead().expect("was open");
    client.open(&world, true);
    assert_eq!(client.read(), [Heard::Pong]);
    let frame = client.request_frame("t", &client.join_message(), Some("publisher|"));
    stale.receive(world.time(), &mut [frame].into());
    stale.lost(world.now);
    assert_eq!(world.registry.sessions(), 0, "what comes over a replaced socket is ignored");
    client.pipe = old;
    assert_eq!(client.read(), [Heard::Close(CloseCode::Done)]);
}

#[test]
fn socket_ids_are_taken_once_and_strangers_cannot_come_back() {
    let world = World::new();
    let mut owner = world.join("a", "publisher|");
    let mut thief = world.client("a");
    assert_eq!(thief.read(), [Heard::Close(CloseCode::Ended)]);
    assert_eq!(owner.call(&world, "signal", "/signal/x", json!({})).0, 200);
    thief.socket = "unknown".into();
    thief.open(&world, true);
    assert_eq!(thief.read(), [Heard::Close(CloseCode::Ended)], "wire.md §3.5 rule 5");
    thief.join(&world, "publisher|");
    assert_eq!(thief.read(), [], "and is not listened to");
}

#[test]
fn a_full_session_says_so_with_the_word_that_clients_know() {
    let world = World::with(Settings { session_connections: 1, ..Settings::default() });
    let _first = world.join("a", "publisher|");
    let mut second = world.client("b");
    let join = second.join(&world, "publisher|");
    assert_eq!(second.answer(&join), (409, json!({ "reason": "connectionLimitExceeded" })));
}

#[test]
fn a_session_whose_state_fits_into_no_frame_is_full() {
    let world = World::with(Settings { state_bytes: 300, ..Settings::default() });
    let mut first = world.join("a", "publisher|first");
    let mut second = world.client("b");
    let join = second.join(&world, &format!("publisher|{}", "x".repeat(200)));
    assert_eq!(second.answer(&join), (409, json!({ "reason": "connectionLimitExceeded" })));
    let content = json!({ "name": "x".repeat(200) });
    assert_eq!(
        first.call(&world, "create", "/stream/st", content),
        (409, json!({ "reason": "streamLimitExceeded" }))
    );
    // What has left makes room again.
    for _ in 0..20 {
        let mut passer_by = world.client("p");
        let join = passer_by.join(&world, "publisher|");
        assert_eq!(passer_by.answer(&join).0, 200);
        passer_by.send(&world, envelope::leave());
    }
}

#[test]
fn a_full_server_says_so() {
    let world = World::with(Settings { sockets: 3, sessions: 1, ..Settings::default() });
    let _first = world.join("a", "publisher|");
    let mut elsewhere = world.client("b");
    elsewhere.session = "2_OTHER".into();
    let join = elsewhere.join(&world, "publisher|");
    assert_eq!(elsewhere.answer(&join).0, 503);
    let _third = world.client("c");
    assert_eq!(world.client("d").read(), [Heard::Close(CloseCode::Busy)]);
}

#[test]
fn a_fresh_connect_of_the_same_client_takes_the_place_of_the_old_one() {
    let world = World::new();
    let mut watcher = world.join("w", "publisher|");
    let mut old = world.join("a", "publisher|mine");
    watcher.listen(&world);
    let again = |token: &str, socket: &str| {
        let mut client: Client = world.client("x");
        client.cut(&world);
        client.id = "a".into();
        client.socket = socket.into();
        client.open(&world, false);
        let join = client.join(&world, token);
        client.answer(&join).0
    };
    assert_eq!(again("publisher|other", "s1"), 409, "another token: not the same client");
    assert_eq!(watcher.messages(&world), []);
    assert_eq!(again("publisher|mine", "s2"), 200);
    let events = watcher.messages(&world).into_iter().map(|(_, method, path, _)| (method, path));
    let expected = [("deleted", "/connection/a"), ("created", "/connection/a")];
    assert_eq!(
        events.collect::<Vec<_>>(),
        expected.map(|(method, path)| (method.to_owned(), path.to_owned()))
    );
    assert_eq!(old.listen(&world).last(), Some(&Heard::Close(CloseCode::Ended)));
}

#[test]
fn a_member_that_wants_no_connection_events_gets_none_but_its_own() {
    let world = World::new();
    let mut speaker = world.join("a", "publisher|me");
    let mut quiet = world.client("q");
    let content = json!({ "connectionEventsSuppressed": true });
    let message = quiet.message("create", "/connection/q", content);
    let join = quiet.join_with(&world, "publisher|", &message);
    let expected = json!({ "connection": [], "stream": [], "archive": [] });
    assert_eq!(quiet.answer(&join), (200, expected));
    assert_eq!(quiet.messages(&world).len(), 1, "its own created");

    let mut other = world.join("b", "publisher|");
    other.send(&world, envelope::leave());
    assert_eq!(quiet.messages(&world), []);
    assert_eq!(speaker.messages(&world).len(), 3, "the others hear of it, and of b coming and going");

    // Who speaks is said in the signal itself, and only to those who need it.
    speaker.signal(&world, "hi");
    speaker.request(
        &world,
        "signal",
        "/connection/q/signal/s",
        json!({ "data": "psst", "fromConnection": { "id": "liar" } }),
    );
    let me = json!({ "id": "a", "creationTime": UNIX_MS, "data": "me" });
    let contents: Vec<Value> = quiet.messages(&world).into_iter().map(|(_, _, _, content)| content).collect();
    let expected =
        [json!({ "data": "hi", "fromConnection": me }), json!({ "data": "psst", "fromConnection": me })];
    assert_eq!(contents, expected);
    assert_eq!(speaker.messages(&world)[0].3, json!({ "data": "hi" }));
}

#[test]
fn a_room_vanishes_with_its_last_member() {
    let mut world = World::new();
    let mut leaver = world.join("a", "publisher|");
    let mut lost = world.join("b", "publisher|");
    assert_eq!((world.registry.sessions(), world.registry.sockets()), (1, 2));
    leaver.send(&world, envelope::leave());
    lost.cut(&world);
    assert_eq!((world.registry.sessions(), world.registry.sockets()), (1, 1));
    world.pass(Duration::from_secs(60));
    assert_eq!(
        (world.registry.sessions(), world.registry.sockets(), world.registry.next_wake()),
        (0, 0, None)
    );
    let signalled =
        world.registry.signal(world.time(), super::world::SESSION, None, SignalContent::default());
    assert_eq!(signalled.map_err(|refusal| refusal.status), Err(404));
}

#[test]
fn a_door_closes_after_too_many_refusals() {
    let world = World::new();
    let mut client = world.client("a");
    let elsewhere = json!({ "method": "create", "uri": "/v2/partner/1/session/1_X/connection/a" });
    let long = json!({
        "method": "create", "uri": format!("/v2/partner/{}/session/2_MX4x/connection/a", "1".repeat(65))
    });
    for index in 0..JOIN_REFUSALS {
        let (message, expected) = if index % 2 == 0 { (&elsewhere, 404) } else { (&long, 400) };
        let transaction = client.new_transaction();
        let frame = client.request_frame(&transaction, message, Some("publisher|"));
        client.send(&world, frame);
        assert_eq!(client.answer(&transaction).0, expected);
        assert_eq!(client.read().is_empty(), index + 1 < JOIN_REFUSALS, "{index}");
    }
    assert_eq!((world.registry.sockets(), world.registry.next_wake()), (0, None));
    client.join(&world, "publisher|");
    assert_eq!(client.read(), [], "it is not listened to any more");
}

#[test]
fn a_socket_that_never_said_a_word_cannot_come_back() {
    let world = World::new();
    let mut silent = world.client("a");
    silent.cut(&world);
    assert_eq!((world.registry.sockets(), world.registry.next_wake()), (0, None), "it is forgotten at once");
    silent.open(&world, true);
    assert_eq!(silent.read(), [Heard::Close(CloseCode::Ended)]);

    // Nor while its first socket still looks open, which may join.
    let mut first = world.client("b");
    let mut zombie = world.client("z");
    zombie.socket.clone_from(&first.socket);
    zombie.open(&world, true);
    assert_eq!(zombie.read(), [Heard::Close(CloseCode::Ended)]);
    let join = first.join(&world, "publisher|");
    assert_eq!(first.answer(&join).0, 200);
}

#[test]
fn a_crowd_at_the_doors_keeps_nobody_out_who_is_in() {
    let world = World::with(Settings { doors: 2, ..Settings::default() });
    let mut member = world.join("m", "publisher|");
    member.cut(&world);
    let (first, mut second) = (world.client("a"), world.client("b"));
    assert_eq!(world.client("c").read(), [Heard::Close(CloseCode::Busy)]);
    member.open(&world, true);
    assert_eq!(member.read(), [Heard::Pong]);
    assert_eq!(first.read(), []);
    // Whoever goes in or away makes room.
    let join = second.join(&world, "publisher|");
    assert_eq!(second.answer(&join).0, 200);
    let mut third = world.client("d");
    assert_eq!(third.read(), []);
    third.send(&world, envelope::leave());
    assert_eq!(world.client("e").read(), []);
}

#[test]
fn the_socket_that_makes_way_is_not_told_that_its_connection_is_gone() {
    let world = World::new();
    let mut old = world.join("a", "publisher|mine");
    assert_eq!(old.call(&world, "create", "/stream/st", json!({})).0, 200);
    old.listen(&world);
    let mut new: Client = world.client("x");
    new.id = "a".into();
    let join = new.join(&world, "publisher|mine");
    assert_eq!(new.answer(&join).0, 200);
    assert_eq!(old.read(), [Heard::Close(CloseCode::Ended)], "it would take it for the end of its own");
}

#[test]
fn a_reader_that_wants_no_connection_events_is_told_of_no_connections() {
    let world = World::new();
    let _other = world.join("a", "publisher|");
    let mut quiet = world.client("q");
    let content = json!({ "connectionEventsSuppressed": true });
    let message = quiet.message("create", "/connection/q", content);
    quiet.join_with(&world, "publisher|", &message);
    quiet.listen(&world);
    let transaction = quiet.new_transaction();
    let frame = quiet.request_frame(&transaction, &quiet.message("read", "", json!({})), None);
    for _ in 0..2 {
        quiet.send(&world, frame.clone());
        assert_eq!(quiet.answer(&transaction).1["content"]["connection"], json!([]), "wire.md §5.5");
    }
}
