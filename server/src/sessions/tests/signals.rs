//! Signals (`wire.md §6`).

use super::world::{Client, Heard, SESSION, World, signal_data};
use crate::sessions::Settings;
use otc_protocol::raptor::{Json, SignalContent};
use otc_protocol::uuid;
use serde_json::{Value, json};

#[test]
fn a_signal_reaches_everybody_with_its_sender_as_it_was_sent() {
    let world = World::new();
    let (mut a, mut b) = (world.join("a", "publisher|"), world.join("b", "publisher|"));
    a.listen(&world);
    let transaction =
        a.request(&world, "signal", "/signal/s1", json!({ "type": "chat", "data": { "b": 1, "a": null } }));
    let content = json!({ "type": "chat", "data": { "b": 1, "a": null } });
    let expected = [("a".to_owned(), "signal".to_owned(), "/signal/s1".to_owned(), content)];
    let heard = a.read();
    assert!(matches!(&heard[0], Heard::Status { code: 200, transaction: of, .. } if *of == transaction));
    let Heard::Message { from, json, transaction: id } = &heard[1] else { panic!("{heard:?}") };
    assert_eq!((from.as_str(), &json["content"]), ("a", &expected[0].3));
    assert!(uuid::parse(id).is_some(), "published clients expect UUIDs: {id}");
    assert_eq!(b.messages(&world), expected);
}

#[test]
fn a_uri_may_name_another_key_of_the_page_and_goes_on_as_it_came() {
    let world = World::new();
    let mut a = world.join("a", "publisher|");
    let uri = format!("/v2/partner/99/session/{SESSION}/signal/s");
    let frame = a.request_frame("t", &json!({ "method": "signal", "uri": uri, "content": {} }), None);
    a.send(&world, frame);
    assert_eq!(a.answer("t").0, 200);
    let Some(Heard::Message { json, .. }) = a.listen(&world).pop() else {
        panic!("the broadcast comes back")
    };
    assert_eq!(json["uri"], Value::from(uri));
}

#[test]
fn a_directed_signal_reaches_its_addressee_only() {
    let world = World::new();
    let (mut a, mut b) = (world.join("a", "publisher|"), world.join("b", "publisher|"));
    let mut c = world.join("c", "publisher|");
    for client in [&mut a, &mut b, &mut c] {
        client.listen(&world);
    }
    assert_eq!(a.call(&world, "signal", "/connection/b/signal/s", json!({ "data": "x" })).0, 200);
    assert_eq!(signal_data(&b.messages(&world)), [("a", "x")]);
    assert_eq!((a.messages(&world), c.messages(&world)), (vec![], vec![]));
    assert_eq!(a.call(&world, "signal", "/connection/a/signal/s", json!({ "data": "me" })).0, 200);
    assert_eq!(signal_data(&a.messages(&world)), [("a", "me")]);
    let (code, data) = a.call(&world, "signal", "/connection/nobody/signal/s", json!({}));
    assert_eq!(code, 404);
    assert!(data["reason"].is_string());
}

#[test]
fn what_is_refused_is_refused_to_the_sender_alone() {
    let world = World::new();
    let (mut a, mut b) = (world.join("a", "publisher|"), world.join("b", "subscriber|"));
    for client in [&mut a, &mut b] {
        client.listen(&world);
    }
    let long = |units: usize| "x".repeat(units);
    for (content, code) in [
        (json!({ "data": long(8193) }), 413),
        (json!({ "type": long(129) }), 413),
        (json!({ "type": "a b" }), 400),
        (json!({ "type": 7 }), 400),
        (json!("text"), 400),
    ] {
        let (answer, data) = a.call(&world, "signal", "/signal/s", content);
        assert_eq!(answer, code, "{data}");
        assert!(data["reason"].is_string());
    }
    assert_eq!(
        b.call(&world, "signal", "/signal/s", json!({})).0,
        403,
        "subscribers may not signal by default"
    );
    assert_eq!((a.messages(&world), b.messages(&world)), (vec![], vec![]));
    assert_eq!(a.call(&world, "signal", "/signal/s", json!({ "data": long(8192) })).0, 200);
    assert_eq!(b.messages(&world).len(), 1);
}

#[test]
fn the_server_signals_as_nobody() {
    let world = World::new();
    let (mut a, mut b) = (world.join("a", "publisher|"), world.join("b", "publisher|"));
    for client in [&mut a, &mut b] {
        client.listen(&world);
    }
    let content = || SignalContent {
        kind: Some("t".into()),
        data: Some(Json::from_str_value("news")),
        ..SignalContent::default()
    };
    world.registry.signal(world.time(), SESSION, None, content()).expect("somebody is there");
    assert_eq!(signal_data(&a.messages(&world)), [("", "news")]);
    assert_eq!(signal_data(&b.messages(&world)), [("", "news")]);
    world.registry.signal(world.time(), SESSION, Some("b"), content()).expect("b is there");
    assert_eq!(signal_data(&b.messages(&world)), [("", "news")]);
    assert_eq!(a.messages(&world), []);
    let status = |result: Result<(), crate::sessions::Refusal>| result.map_err(|refusal| refusal.status);
    assert_eq!(status(world.registry.signal(world.time(), SESSION, Some("nobody"), content())), Err(404));
    assert_eq!(status(world.registry.signal(world.time(), "2_other", None, content())), Err(404));
    let bad = SignalContent { kind: Some("a b".into()), ..SignalContent::default() };
    assert_eq!(status(world.registry.signal(world.time(), SESSION, None, bad)), Err(400));
}

#[test]
fn all_receivers_share_the_same_bytes() {
    let world = World::new();
    let mut clients: Vec<_> = (0..5).map(|index| world.join(&format!("c{index}"), "publisher|")).collect();
    for client in &mut clients {
        client.listen(&world);
    }
    clients[0].signal(&world, "x");
    let frames: Vec<_> = clients
        .iter()
        .map(|client| match client.read_raw().pop() {
            Some(crate::sessions::Delivery::Message(frame)) => frame,
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(frames.iter().all(|frame| frame.as_ptr() == frames[0].as_ptr()), "encoded and allocated once");
}

#[test]
fn sessions_do_not_hear_each_other() {
    let world = World::new();
    let mut here = world.join("a", "publisher|");
    let mut there = world.client("b");
    there.session = "2_OTHER".into();
    there.join(&world, "publisher|");
    there.listen(&world);
    here.listen(&world);
    here.signal(&world, "x");
    assert_eq!(there.messages(&world), []);
    there.session = SESSION.into();
    assert_eq!(there.call(&world, "signal", "/signal/x", json!({})).0, 403, "nor speak to each other");
    assert_eq!(signal_data(&here.messages(&world)), [("a", "x")]);
}

#[test]
fn what_a_signal_makes_others_read_is_bounded() {
    let world = World::new();
    let (mut a, mut b) = (world.join("a", "publisher|"), world.join("b", "publisher|"));
    b.listen(&world);
    let long = "1".repeat(65);
    assert_eq!(a.call(&world, "signal", &format!("/signal/{long}"), json!({})).0, 400);
    assert_eq!(a.call(&world, "signal", &format!("/connection/b/signal/{long}"), json!({})).0, 400);
    let transaction = a.new_transaction();
    let uri = format!("/v2/partner/{long}/session/{}/signal/s", a.session);
    let message = json!({ "method": "signal", "uri": uri, "content": {} });
    let frame = a.request_frame(&transaction, &message, None);
    a.send(&world, frame);
    assert_eq!(a.answer(&transaction).0, 400);
    assert_eq!(b.messages(&world), []);
}

#[test]
fn whoever_sends_to_somebody_that_falls_behind_is_told_to_slow_down() {
    let world = World::with(Settings { owed_messages: 10, ..Settings::default() });
    let mut talker = world.join("talker", "publisher|");
    let mut slow = world.join("slow", "publisher|");
    for client in [&mut talker, &mut slow] {
        client.listen(&world);
    }
    let signal = |client: &mut Client, to: &str| {
        let message = client.message("signal", &format!("/connection/{to}/signal/s"), json!({"data": "x"}));
        let transaction = client.new_transaction();
        let frame = client.request_frame(&transaction, &message, None);
        let crowded = client.seat().receive(world.time(), &mut [frame].into());
        client.listen(&world);
        crowded
    };
    let crowded: Vec<bool> = (0..6).map(|_| signal(&mut talker, "slow")).collect();
    assert_eq!(crowded, [false, false, false, false, false, true], "more than half of ten");
    assert!(!signal(&mut talker, "talker"), "who keeps up is no reason");
    slow.listen(&world);
    assert!(!signal(&mut talker, "slow"), "it has caught up");
    slow.cut(&world);
    let crowded: Vec<bool> = (0..6).map(|_| signal(&mut talker, "slow")).collect();
    assert_eq!(crowded, [false; 6], "who is away is not waited for");
}
