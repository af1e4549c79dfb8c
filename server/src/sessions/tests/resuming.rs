//! Coming back (`wire.md §3.5`).

use super::world::{Client, Heard, World, signal_data};
use crate::sessions::{CloseCode, Delivery, Settings};
use bytes::Bytes;
use otc_protocol::envelope;
use otc_protocol::limits::{ANSWER_AGE, REPLAY_WINDOW_BYTES, REQUEST_WINDOW};
use serde_json::{Value, json};
use std::time::Duration;

fn frames(deliveries: Vec<Delivery>) -> Vec<Bytes> {
    let frame = |delivery| match delivery {
        Delivery::Message(frame) => Some(frame),
        _ => None,
    };
    deliveries.into_iter().filter_map(frame).collect()
}

#[test]
fn what_was_not_acknowledged_comes_again_in_order_with_the_same_bytes() {
    let mut world = World::new();
    let (mut a, mut b) = (world.join("a", "publisher|"), world.join("b", "publisher|"));
    b.listen(&world);
    a.signal(&world, "heard");
    assert_eq!(signal_data(&b.messages(&world)), [("a", "heard")]);
    a.signal(&world, "1");
    a.signal(&world, "2");
    let lost = frames(b.read_raw());
    b.cut(&world);
    a.signal(&world, "3");
    world.pass_with(Duration::from_secs(40), &mut [&mut a]);
    assert!(a.messages(&world).iter().all(|(_, method, _, _)| method != "deleted"), "nobody sees it go");
    b.open(&world, true);
    let again = b.read_raw();
    assert_eq!(again[0], Delivery::Pong, "the first frame says that it is back");
    let again = frames(again);
    assert_eq!((again.len(), &again[..2]), (3, &lost[..]));

    b.cut(&world);
    b.open(&world, true);
    assert_eq!(signal_data(&b.messages(&world)), [("a", "1"), ("a", "2"), ("a", "3")]);
    b.cut(&world);
    b.open(&world, true);
    assert_eq!(b.read(), [Heard::Pong], "acknowledged messages are owed no more");
}

/// A link that takes so much before it breaks, again and again, loses nothing and gets to the end.
#[test]
fn a_link_that_breaks_before_everything_has_come_again_gets_further_each_time() {
    let world = World::new();
    let (mut a, mut b) = (world.join("a", "publisher|"), world.join("b", "publisher|"));
    b.cut(&world);
    let text = "x".repeat(4000);
    let mut sent: Vec<String> = (0..100).map(|number| format!("{number} {text}")).collect();
    for data in &sent {
        a.signal(&world, data);
        a.listen(&world);
    }
    let mut heard = Vec::new();
    let mut rounds = 0;
    while heard.len() < sent.len() {
        rounds += 1;
        assert!(rounds <= sent.len(), "{} of {} after {rounds} cuts", heard.len(), sent.len());
        b.open(&world, true);
        assert!(frames(b.read_raw()).iter().map(Bytes::len).sum::<usize>() <= REPLAY_WINDOW_BYTES);
        b.cut(&world); // Nothing of it was read.
        b.open(&world, true);
        let messages = b.messages(&world);
        heard.extend(signal_data(&messages).into_iter().map(|(_, data)| data.to_owned()));
        if rounds == 1 {
            a.signal(&world, "new");
            sent.push("new".to_owned());
        }
        b.cut(&world); // What its acknowledgements brought is lost.
    }
    assert!(heard == sent, "in order, each once");
}

#[test]
fn duplicate_and_foreign_acknowledgements_change_nothing() {
    let world = World::new();
    let (mut a, mut b) = (world.join("a", "publisher|"), world.join("b", "publisher|"));
    b.listen(&world);
    a.signal(&world, "1");
    a.signal(&world, "2");
    let Heard::Message { transaction, .. } = b.read().remove(0) else { panic!("a signal") };
    for id in [&transaction, &transaction, "no uuid", "00000000-0000-4000-8000-000000000001"] {
        b.send(&world, envelope::acknowledge("a", id, "b").expect("fits"));
    }
    b.cut(&world);
    b.open(&world, true);
    assert_eq!(signal_data(&b.messages(&world)), [("a", "2")]);
}

#[test]
fn a_repeated_request_gets_the_same_status_and_is_not_carried_out_again() {
    let world = World::new();
    let (mut a, mut b) = (world.join("a", "publisher|"), world.join("b", "publisher|"));
    a.listen(&world);
    b.listen(&world);
    for (path, content) in [("/signal/s", json!({ "data": "once" })), ("/connection/no/signal/s", json!({}))]
    {
        let transaction = a.new_transaction();
        let frame = a.request_frame(&transaction, &a.message("signal", path, content), None);
        a.send(&world, frame.clone());
        let first = a.answer(&transaction);
        a.cut(&world);
        a.open(&world, true);
        a.send(&world, frame.clone());
        a.send(&world, frame);
        let again = a.read().into_iter().filter_map(|heard| match heard {
            Heard::Status { code, data, .. } => Some((code, data)),
            _ => None,
        });
        assert_eq!(again.collect::<Vec<_>>(), [first.clone(), first]);
    }
    assert_eq!(signal_data(&b.messages(&world)), [("a", "once")]);
}

#[test]
fn a_join_whose_answer_was_lost_is_answered_again_as_it_was() {
    let world = World::new();
    let _earlier = world.join("a", "publisher|");
    let mut client = world.client("b");
    let join = client.join(&world, "publisher|");
    let first = client.answer(&join);
    client.cut(&world);
    let _later = world.join("c", "publisher|");
    client.open(&world, true);
    let frame = client.request_frame(&join, &client.join_message(), Some("publisher|"));
    client.send(&world, frame.clone());
    assert_eq!(client.answer(&join), first, "c comes as an event");
    let events = client.messages(&world).into_iter().map(|(_, _, path, _)| path).collect::<Vec<_>>();
    assert_eq!(events, ["/connection/b", "/connection/c"]);
    // The events are acknowledged: the room no longer holds the long answer, and can write it again.
    client.send(&world, frame);
    let (code, state) = client.answer(&join);
    assert_eq!((code, state["connection"].as_array().map(Vec::len)), (200, Some(2)));
    // Another join over the same socket is none.
    assert_eq!(client.call(&world, "create", "/connection/b", json!({})).0, 409);
}

#[test]
fn a_socket_that_still_looks_open_is_replaced_and_heard_no_more() {
    let world = World::new();
    let (mut a, mut b) = (world.join("a", "publisher|"), world.join("b", "publisher|"));
    b.listen(&world);
    let old_pipe = a.pipe.clone();
    let mut old = a.go_dead().expect("was open");
    a.open(&world, true);
    let late = a.request_frame("late", &a.message("signal", "/signal/s", json!({ "data": "late" })), None);
    old.receive(world.time(), &mut [late].into());
    old.receive(world.time(), &mut [Bytes::from_static(b"garbage")].into());
    old.lost(world.now);
    a.signal(&world, "new");
    assert_eq!(signal_data(&b.messages(&world)), [("a", "new")]);
    a.pipe = old_pipe;
    assert_eq!(a.read().last(), Some(&Heard::Close(CloseCode::Done)));
}

#[test]
fn the_client_may_say_that_it_replaces_its_socket() {
    let world = World::new();
    let (mut a, mut b) = (world.join("a", "publisher|"), world.join("b", "publisher|"));
    a.send(&world, envelope::replaced());
    assert_eq!(a.listen(&world).last(), Some(&Heard::Close(CloseCode::Done)));
    a.cut(&world);
    b.signal(&world, "while away");
    a.open(&world, true);
    assert_eq!(signal_data(&a.messages(&world)), [("b", "while away")]);
    assert!(b.messages(&world).iter().all(|(_, method, _, _)| method != "deleted"));
}

#[test]
fn whoever_does_not_come_back_is_ended() {
    let mut world = World::with(Settings { resume_grace: Duration::from_secs(5), ..Settings::default() });
    let (mut a, mut b) = (world.join("a", "publisher|"), world.join("b", "publisher|"));
    assert_eq!(b.call(&world, "create", "/stream/st", json!({ "channel": [] })).0, 200);
    a.listen(&world);
    b.cut(&world);
    world.pass_with(Duration::from_millis(4999), &mut [&mut a]);
    assert_eq!(a.messages(&world), []);
    world.pass_with(Duration::from_millis(1), &mut [&mut a]);
    let expected = ["/stream/st", "/connection/b"]
        .map(|path| ("b".to_owned(), "deleted".to_owned(), path.to_owned(), json!("networkDisconnected")));
    assert_eq!(a.messages(&world), expected);
    b.open(&world, true);
    assert_eq!(b.read(), [Heard::Close(CloseCode::Ended)]);
}

#[test]
fn ten_silent_seconds_lose_the_socket_and_not_the_connection() {
    let mut world = World::new();
    let (mut a, mut b) = (world.join("a", "publisher|"), world.join("b", "publisher|"));
    world.pass_with(Duration::from_millis(9_990), &mut [&mut a]);
    assert!(!b.read().iter().any(|heard| matches!(heard, Heard::Close(_))));
    let transaction = a.signal(&world, "are you there");
    assert_eq!(a.answer(&transaction).0, 200);
    world.pass_with(Duration::from_millis(20), &mut [&mut a]);
    assert_eq!(b.read().last(), Some(&Heard::Close(CloseCode::Silent)));
    b.cut(&world);
    b.open(&world, true);
    assert_eq!(signal_data(&b.messages(&world)), [("a", "are you there")]);
    world.pass_with(Duration::from_secs(56), &mut [&mut a]);
    b.cut(&world);
    b.open(&world, true);
    assert_eq!(b.read(), [Heard::Close(CloseCode::Ended)], "silent for 10 s, and away for 45 s");
}

#[test]
fn a_peer_that_is_not_read_from_lives_as_long_as_it_takes_bytes() {
    let mut world = World::new();
    let mut a = world.join("a", "publisher|");
    for _ in 0..3 {
        world.pass(Duration::from_secs(8));
        let now = world.now;
        a.seat().progressed(now);
    }
    assert_eq!(a.read(), []);
    world.pass(Duration::from_secs(10));
    assert_eq!(a.read(), [Heard::Close(CloseCode::Silent)]);
}

#[test]
fn whoever_is_owed_too_much_is_ended() {
    let mut world = World::with(Settings { owed_messages: 10, ..Settings::default() });
    let mut a = world.join("a", "publisher|");
    let (mut slow, mut away) = (world.join("s", "publisher|"), world.join("w", "publisher|"));
    slow.listen(&world);
    away.cut(&world);
    for index in 0..11 {
        a.signal(&world, &index.to_string());
        a.listen(&world);
    }
    let heard = slow.read();
    assert_eq!(heard.last(), Some(&Heard::Close(CloseCode::Ended)));
    let Heard::Message { json, .. } = &heard[heard.len() - 2] else { panic!("{heard:?}") };
    assert_eq!((&json["method"], &json["reason"]), (&json!("deleted"), &json!("networkDisconnected")));
    away.open(&world, true);
    assert_eq!(away.read(), [Heard::Close(CloseCode::Ended)]);
    assert_eq!(world.registry.sockets(), 1);
    assert_eq!(a.call(&world, "signal", "/connection/s/signal/x", json!({})).0, 404);
    let mut b = world.join("b", "publisher|");
    a.signal(&world, "goes on");
    assert_eq!(signal_data(&b.messages(&world)), [("a", "goes on")]);
    world.pass_with(Duration::from_secs(100), &mut [&mut a, &mut b]);
    assert_eq!(world.registry.sockets(), 2);
}

#[test]
fn a_stopping_server_says_that_it_goes_away() {
    let world = World::new();
    let (mut a, b) = (world.join("a", "publisher|"), world.client("b"));
    world.registry.stop(world.now);
    assert_eq!(a.read(), [Heard::Close(CloseCode::GoingAway)]);
    assert_eq!(b.read(), [Heard::Close(CloseCode::GoingAway)]);
    a.cut(&world);
    a.open(&world, true);
    assert_eq!(a.read(), [Heard::Close(CloseCode::GoingAway)]);
}

/// `count` signals of `a`, numbered from 0; their frames and what they were answered.
fn signals(world: &World, a: &mut Client, count: usize) -> Vec<(String, Bytes, (u16, Value))> {
    let signal = |index: usize| {
        let transaction = a.new_transaction();
        let content = json!({ "data": index.to_string() });
        let frame = a.request_frame(&transaction, &a.message("signal", "/signal/s", content), None);
        a.send(world, frame.clone());
        let answer = a.answer(&transaction);
        a.listen(world);
        (transaction, frame, answer)
    };
    (0..count).map(signal).collect()
}

#[test]
fn a_request_repeated_after_minutes_on_one_socket_is_not_carried_out_again() {
    let mut world = World::new();
    let (mut a, mut b) = (world.join("a", "publisher|"), world.join("b", "publisher|"));
    a.listen(&world);
    let sent = signals(&world, &mut a, 3);
    assert_eq!(signal_data(&b.messages(&world)).len(), 3);
    world.pass_with(5 * ANSWER_AGE, &mut [&mut a, &mut b]);
    for (transaction, frame, answer) in sent {
        a.send(&world, frame);
        assert_eq!(a.answer(&transaction), answer);
    }
    assert_eq!(signal_data(&b.messages(&world)), []);
}

#[test]
fn a_request_repeated_after_a_long_absence_is_not_carried_out_again() {
    let grace = 3 * ANSWER_AGE;
    let mut world = World::with(Settings { resume_grace: grace, ..Settings::default() });
    let (mut a, mut b) = (world.join("a", "publisher|"), world.join("b", "publisher|"));
    a.listen(&world);
    let count = REQUEST_WINDOW + 10;
    let sent = signals(&world, &mut a, count);
    assert_eq!(signal_data(&b.messages(&world)).len(), count);
    // A link that breaks again and again does not let it repeat anything in between.
    for _ in 0..3 {
        a.cut(&world);
        world.pass_with(2 * ANSWER_AGE, &mut [&mut b]);
        a.open(&world, true);
        world.pass_with(ANSWER_AGE / 2, &mut [&mut a, &mut b]);
    }
    for (transaction, frame, answer) in &sent {
        a.send(&world, frame.clone());
        assert_eq!(a.answer(transaction), *answer);
    }
    assert_eq!(signal_data(&b.messages(&world)), []);
}
