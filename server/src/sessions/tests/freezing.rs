//! One process hands its sessions to the next.

use super::world::{Client, Heard, SESSION, World, signal_data};
use crate::sessions::owed::PUSHES;
use crate::sessions::{CloseCode, Delivery, Settings};
use otc_protocol::envelope;
use otc_protocol::limits::RESUME_GRACE;
use otc_protocol::raptor::SignalContent;
use serde_json::{Value, json};
use std::time::Duration;

/// Comes back to the server that has taken over.
pub(super) fn come_back(world: &World, client: &mut Client) {
    client.cut(world);
    client.open(world, true);
}

pub(super) fn closes(client: &Client) -> Vec<CloseCode> {
    let close = |delivery| match delivery {
        Delivery::Close(code) => Some(code),
        _ => None,
    };
    client.read_raw().into_iter().filter_map(close).collect()
}

/// A session in which everything there is happens: its members, and somebody who does not know yet that it is none.
pub(super) fn busy(world: &World) -> (Client, Client, Client, Client) {
    let mut publisher = world.join("p", "publisher|me");
    let mut subscriber = world.join("s", "publisher|");
    let mut moderator = world.join("m", "moderator|");
    let gone = world.join("g", "publisher|");
    let content = json!({ "name": "cam", "channel": [{ "id": "video1", "type": "video", "active": true }] });
    assert_eq!(publisher.call(world, "create", "/stream/st", content).0, 200);
    assert_eq!(subscriber.call(world, "create", "/stream/st/subscriber/sub", json!({ "id": "sub" })).0, 200);
    for client in [&mut publisher, &mut subscriber, &mut moderator] {
        client.listen(world);
    }
    let candidate = json!({ "candidate": "1" });
    assert_eq!(publisher.say(world, "candidate", "/stream/st/subscriber/sub", &candidate).0, 200);
    let mute = json!({ "reason": "mute", "active": true, "exclusion": ["st"] });
    assert_eq!(moderator.call(world, "update", "", mute).0, 200);
    assert_eq!(moderator.call(world, "delete", "/connection/g", json!({})).0, 200);
    publisher.signal(world, "to all");
    assert_eq!(moderator.call(world, "signal", "/connection/nobody/signal/s", json!({})).0, 404);
    (publisher, subscriber, moderator, gone)
}

#[test]
fn the_next_server_owes_the_same_bytes_under_the_same_ids() {
    let mut world = World::new();
    let (mut a, mut b) = (world.join("a", "publisher|"), world.join("b", "publisher|"));
    b.listen(&world);
    for data in ["1", "2", "3"] {
        a.signal(&world, data);
    }
    let messages = |client: &Client| -> Vec<Delivery> {
        let is_message = |delivery: &Delivery| matches!(delivery, Delivery::Message(_));
        client.read_raw().into_iter().filter(is_message).collect()
    };
    let owed = messages(&b);
    assert_eq!(owed.len(), 3);
    world.restart();
    come_back(&world, &mut b);
    assert_eq!(messages(&b), owed);
    // What was acknowledged before is owed no more after another restart.
    b.cut(&world);
    b.open(&world, true);
    b.listen(&world);
    world.restart();
    come_back(&world, &mut b);
    assert_eq!(b.read(), [Heard::Pong]);
    come_back(&world, &mut a);
    a.signal(&world, "4");
    assert_eq!(signal_data(&b.messages(&world)), [("a", "4")], "ids go on from where they were");
}

#[test]
fn answers_given_before_are_given_again_and_nothing_is_done_twice() {
    let mut world = World::new();
    let (mut a, mut b) = (world.join("a", "publisher|"), world.join("b", "publisher|"));
    b.listen(&world);
    let stream = json!({ "channel": [] });
    let requests = [
        ("signal", "/signal/s", json!({ "data": "once" })),
        ("signal", "/connection/no/signal/s", json!({})),
        ("create", "/stream/st", stream.clone()),
        ("create", "/stream/st", stream),
    ];
    let mut asked = Vec::new();
    for (method, path, content) in requests {
        let transaction = a.new_transaction();
        let frame = a.request_frame(&transaction, &a.message(method, path, content), None);
        a.send(&world, frame.clone());
        asked.push((frame, a.answer(&transaction), transaction));
    }
    assert_eq!(asked.iter().map(|(_, (code, _), _)| *code).collect::<Vec<_>>(), [200, 404, 200, 409]);
    world.restart();
    come_back(&world, &mut a);
    come_back(&world, &mut b);
    for (frame, first, transaction) in asked {
        a.send(&world, frame);
        assert_eq!(a.answer(&transaction), first);
    }
    let news = b.messages(&world);
    assert_eq!(signal_data(&news), [("a", "once")]);
    assert_eq!(news.iter().filter(|(_, method, _, _)| method == "created").count(), 1);
}

#[test]
fn a_join_whose_answer_was_lost_with_the_server_is_answered_by_the_next() {
    let mut world = World::new();
    let _earlier = world.join("a", "publisher|");
    let mut client = world.client("b");
    let join = client.join(&world, "publisher|");
    let first = client.answer(&join);
    world.restart();
    come_back(&world, &mut client);
    let frame = client.request_frame(&join, &client.join_message(), Some("publisher|"));
    client.send(&world, frame);
    assert_eq!(client.answer(&join), first);
    let news = client.messages(&world);
    assert_eq!(news.iter().filter(|(_, method, _, _)| method == "created").count(), 1);
    // As `wire.md §3.7` has it: the same client may also start its connect anew, and takes its own place.
    let mut anew = world.client("b2");
    anew.id = "b".into();
    let join = anew.join(&world, "publisher|");
    assert_eq!(anew.answer(&join).0, 200);
}

#[test]
fn streams_subscribers_candidates_and_muting_are_carried_on() {
    let mut world = World::new();
    let (mut publisher, mut subscriber, mut moderator, mut gone) = busy(&world);
    let state = moderator.call(&world, "read", "", json!({}));
    world.restart();
    for client in [&mut publisher, &mut subscriber, &mut moderator, &mut gone] {
        come_back(&world, client);
    }
    assert_eq!(moderator.call(&world, "read", "", json!({})), state);
    assert_eq!(state.1["content"]["mute"], json!({ "active": true }));
    assert_eq!(gone.messages(&world).last().map(|(_, method, _, _)| method.as_str()), Some("deleted"));
    subscriber.listen(&world);
    let offer = json!({ "sdp": "o" });
    assert_eq!(publisher.say(&world, "offer", "/stream/st/subscriber/sub", &offer).0, 200);
    let news = subscriber.messages(&world);
    let methods: Vec<&str> = news.iter().map(|(_, method, _, _)| method.as_str()).collect();
    assert_eq!(methods, ["offer", "candidate"], "what was held goes after the offer");
    // Who may do what is known without the token.
    assert_eq!(publisher.call(&world, "delete", "/connection/s", json!({})).0, 403);
    assert_eq!(moderator.call(&world, "delete", "/stream/st", json!({})).0, 200);
    assert_eq!(moderator.call(&world, "delete", "/connection/s", json!({})).0, 200);
    let state = moderator.call(&world, "read", "", json!({})).1;
    assert_eq!(state["content"]["stream"], json!([]));
    assert_eq!(state["content"]["connection"].as_array().map(Vec::len), Some(2));
}

#[test]
fn a_frozen_server_carries_nothing_out() {
    let mut world = World::new();
    let (mut a, mut b) = (world.join("a", "publisher|"), world.join("b", "publisher|"));
    let mut door = world.client("d");
    door.send(&world, envelope::ping());
    for client in [&mut a, &mut b, &mut door] {
        client.listen(&world);
    }
    a.signal(&world, "before");
    let frozen = world.freeze();
    a.signal(&world, "after");
    let late = door.join(&world, "publisher|");
    for client in [&a, &b, &door] {
        let deliveries = client.read_raw();
        assert_eq!(deliveries.last(), Some(&Delivery::Close(CloseCode::Restarting)));
    }
    let content = SignalContent::default();
    let signalled = world.registry.signal(world.time(), SESSION, None, content);
    assert_eq!(signalled.map_err(|refusal| refusal.status), Err(503));
    let disconnected = world.registry.disconnect(world.time(), SESSION, "b");
    assert_eq!(disconnected.map_err(|refusal| refusal.status), Err(503));
    // Nobody is told that it need not come back.
    for (name, coming_back) in [("a", true), ("n", false), ("never-seen", true)] {
        let mut client = world.client("x");
        client.socket = format!("socket-{name}");
        client.open(&world, coming_back);
        assert_eq!(closes(&client), [CloseCode::GoingAway], "{name}");
    }
    world.pass(2 * RESUME_GRACE);
    assert_eq!(world.registry.freeze(world.now).sessions(), 0, "it hands over once");

    world.restore(&frozen).expect("what was frozen is restored");
    for client in [&mut a, &mut b, &mut door] {
        come_back(&world, client);
    }
    assert_eq!(closes(&door), [CloseCode::Ended], "who had not joined is a stranger, and starts anew");
    door.open(&world, false);
    assert_eq!(signal_data(&b.messages(&world)), [("a", "before")]);
    let again = door.join(&world, "publisher|");
    assert_ne!(again, late);
    assert_eq!(door.answer(&again).0, 200);
}

#[test]
fn the_grace_begins_anew_and_ends() {
    let mut world = World::new();
    let (mut a, mut b) = (world.join("a", "publisher|"), world.join("b", "publisher|"));
    b.cut(&world);
    world.pass_with(Duration::from_secs(40), &mut [&mut a]);
    world.restart();
    come_back(&world, &mut a);
    a.listen(&world);
    world.pass_with(Duration::from_secs(44), &mut [&mut a]);
    assert_eq!(a.messages(&world), [], "who was away before still has time");
    world.pass_with(Duration::from_secs(2), &mut [&mut a]);
    let news = a.messages(&world);
    assert_eq!(news[0].3, json!("networkDisconnected"));
    assert_eq!((world.registry.sockets(), world.registry.sessions()), (1, 1));
    a.cut(&world);
    world.pass(RESUME_GRACE);
    assert_eq!((world.registry.sockets(), world.registry.sessions()), (0, 0));
}

#[test]
fn a_session_to_which_nobody_comes_back_ends() {
    let mut world = World::new();
    let _members = (world.join("a", "publisher|"), world.join("b", "publisher|"));
    world.restart();
    assert_eq!((world.registry.sockets(), world.registry.sessions()), (2, 1));
    world.pass(3 * RESUME_GRACE);
    assert_eq!((world.registry.sockets(), world.registry.sessions()), (0, 0));
}

#[test]
fn a_session_that_is_only_owed_to_somebody_who_was_sent_away_ends() {
    let mut world = World::new();
    let _gone = world.join("g", "publisher|");
    let mut moderator = world.join("m", "moderator|");
    assert_eq!(moderator.call(&world, "delete", "/connection/g", json!({})).0, 200);
    moderator.send(&world, envelope::leave());
    world.restart();
    assert_eq!((world.registry.sockets(), world.registry.sessions()), (1, 1));
    world.pass(3 * RESUME_GRACE);
    assert_eq!((world.registry.sockets(), world.registry.sessions()), (0, 0));
}

/// Whoever goes at the same moment is not told of the others: for thousands that would be millions of messages.
#[test]
fn a_crowd_that_does_not_come_back_costs_what_is_told_to_those_who_do() {
    const LOST: usize = 2000;
    let mut world = World::new();
    let mut back = world.join("a", "publisher|");
    assert_eq!(back.call(&world, "create", "/stream/st", json!({ "channel": [] })).0, 200);
    back.listen(&world);
    let mut snapshot: Value = serde_json::from_slice(&world.freeze()).expect("JSON");
    let room = &mut snapshot["rooms"][0];
    let line = room["lines"][0].clone();
    let copy = |member: usize| {
        let mut line = line.clone();
        line["member"] = json!(member);
        line["socket"] = json!(format!("socket-{member}"));
        line["connection"] = json!(format!("lost-{member}"));
        line
    };
    room["head"]["next_member"] = json!(1 + LOST);
    room["lines"].as_array_mut().expect("lines").extend((2..2 + LOST).map(copy));
    let streams: Vec<Value> = (2..2 + LOST)
        .step_by(10)
        .map(|member| json!({ "owner": member, "stream": { "id": format!("st-{member}"), "channel": [] }, "subscribers": [] }))
        .collect();
    let told = LOST + streams.len();
    room["streams"].as_array_mut().expect("streams").extend(streams);
    let snapshot = serde_json::to_vec(&snapshot).expect("JSON");

    world.restore(&snapshot).expect("they fit");
    come_back(&world, &mut back);
    back.listen(&world);
    let before = PUSHES.get();
    world.pass_with(RESUME_GRACE, &mut [&mut back]);
    assert_eq!(PUSHES.get() - before, told);
    assert_eq!(back.messages(&world).len(), told, "who is there hears of each");
    assert_eq!((world.registry.sockets(), world.registry.sessions()), (1, 1));

    world.restore(&snapshot).expect("they fit");
    let before = PUSHES.get();
    world.pass(RESUME_GRACE);
    assert_eq!(PUSHES.get() - before, 0, "nobody is there");
    assert_eq!((world.registry.sockets(), world.registry.sessions()), (0, 0));
}

#[test]
fn what_many_are_owed_is_written_once() {
    let world = World::new();
    let mut speaker = world.join("a", "publisher|");
    let _others: Vec<Client> = (0..50).map(|index| world.join(&format!("o{index}"), "publisher|")).collect();
    for _ in 0..20 {
        speaker.signal(&world, &"x".repeat(8000));
    }
    let snapshot = world.registry.freeze(world.now);
    assert!(snapshot.owed() >= 50 * 20, "{}", snapshot.owed());
    let bytes = serde_json::to_vec(&snapshot).expect("JSON").len();
    assert!(bytes < 20 * 8000 * 2, "{bytes} bytes");
}

#[test]
fn an_empty_server_hands_over_nothing() {
    let mut world = World::new();
    let mut client = world.join("a", "publisher|");
    client.send(&world, envelope::leave());
    assert_eq!(world.registry.freeze(world.now).sessions(), 0);
    assert_eq!(world.restore(br#"{"rooms":[]}"#), Ok(()));
    assert_eq!(world.registry.sockets(), 0);
}

#[test]
fn a_server_takes_no_more_than_it_holds() {
    let world = World::new();
    let _clients: Vec<Client> = (0..3).map(|index| world.join(&index.to_string(), "publisher|")).collect();
    let frozen = world.freeze();
    for settings in [
        Settings { sockets: 2, ..Settings::default() },
        Settings { sessions: 0, ..Settings::default() },
        Settings { state_bytes: 100, ..Settings::default() },
    ] {
        let mut small = World::with(settings.clone());
        assert!(small.restore(&frozen).is_err(), "{settings:?}");
        assert_eq!(small.registry.sockets(), 0);
    }
}

#[test]
fn a_limit_that_has_become_lower_keeps_others_out_and_sends_nobody_away() {
    let world = World::new();
    let mut clients: Vec<Client> = ["a", "b"].map(|name| world.join(name, "publisher|")).into();
    for (index, client) in clients.iter_mut().enumerate() {
        assert_eq!(client.call(&world, "create", &format!("/stream/s{index}"), json!({})).0, 200);
    }
    let frozen = world.freeze();
    let settings = Settings { session_connections: 1, session_streams: 1, ..Settings::default() };
    let mut strict = World::with(settings);
    strict.restore(&frozen).expect("all of it is carried on");
    for client in &mut clients {
        come_back(&strict, client);
        assert_eq!(client.call(&strict, "create", "/stream/another", json!({})).0, 409);
    }
    let mut late = strict.client("late");
    let join = late.join(&strict, "publisher|");
    assert_eq!(late.answer(&join), (409, json!({ "reason": "connectionLimitExceeded" })));
}
