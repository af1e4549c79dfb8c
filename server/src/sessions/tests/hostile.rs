//! Bad input: a clear answer to its sender, and nobody else notices.

use super::world::{Client, Heard, World, signal_data};
use crate::sessions::{CloseCode, Scales, Settings};
use bytes::Bytes;
use otc_protocol::envelope;
use otc_protocol::limits::LARGE_ANSWER_BYTES;
use otc_protocol::rumor::{Kind, encode};
use proptest::prelude::*;
use serde_json::json;
use std::sync::atomic::Ordering;
use std::time::Duration;

#[test]
fn what_is_no_frame_ends_its_sender_alone() {
    let pong = encode(Kind::Pong, &[], &[], b"").expect("fits");
    let anonymous = encode(Kind::Message, &[], &[], b"{}").expect("fits");
    for bad in [Bytes::from_static(b""), Bytes::from_static(b"\0\0\0\x05\0\0\x63\0\0"), pong, anonymous] {
        let world = World::new();
        let (mut a, mut b) = (world.join("a", "publisher|"), world.join("b", "publisher|"));
        let mut door = world.client("d");
        b.listen(&world);
        a.listen(&world);
        a.send(&world, bad.clone());
        assert_eq!(a.listen(&world).last(), Some(&Heard::Close(CloseCode::Foreign)));
        door.send(&world, bad);
        assert_eq!(door.read(), [Heard::Close(CloseCode::Foreign)]);
        let expected = ("a".into(), "deleted".into(), "/connection/a".into(), json!("networkDisconnected"));
        assert_eq!(b.messages(&world), [expected]);
        b.signal(&world, "on");
        assert_eq!(signal_data(&b.messages(&world)), [("b", "on")]);
        assert_eq!(world.registry.sockets(), 1);
    }
}

#[test]
fn what_is_no_websocket_message_of_ours_ends_its_sender_alone() {
    let world = World::new();
    let (mut a, mut b) = (world.join("a", "publisher|"), world.join("b", "publisher|"));
    let mut door = world.client("d");
    let time = world.time();
    a.seat().break_off(time, CloseCode::TooLarge);
    door.seat().break_off(time, CloseCode::Foreign);
    assert_eq!(a.listen(&world).last(), Some(&Heard::Close(CloseCode::TooLarge)));
    assert_eq!(door.read(), [Heard::Close(CloseCode::Foreign)]);
    assert_eq!(b.messages(&world).len(), 1);
    assert_eq!(world.registry.sockets(), 1);
}

#[test]
fn a_request_that_cannot_be_read_is_answered() {
    let world = World::new();
    let mut a = world.join("a", "publisher|");
    let deep = "[".repeat(100_000);
    for (index, data) in
        ["", "{", "[]", "7", r#"{"method":"x"}"#, r#"{"method":"x","uri":"/nowhere"}"#, &deep]
            .iter()
            .enumerate()
    {
        let transaction = format!("t{index}");
        let request =
            envelope::Request { transaction: &transaction, from: "a", token: None, data: data.as_bytes() };
        a.send(&world, envelope::request("", &request).expect("fits"));
        let (code, answer) = a.answer(&transaction);
        assert_eq!(code, 400, "{data:.40}");
        assert!(answer["reason"].is_string());
    }
    let long = "x".repeat(65);
    for transaction in ["", "a b", &long] {
        let frame = a.request_frame(transaction, &a.message("signal", "/signal/s", json!({})), None);
        a.send(&world, frame);
        assert_eq!(a.answer(transaction).0, 400);
    }
    assert_eq!(a.messages(&world), [], "none of them was carried out");
}

#[test]
fn who_speaks_is_who_joined_whatever_a_frame_says() {
    let world = World::new();
    let (mut a, mut b) = (world.join("a", "publisher|"), world.join("b", "publisher|"));
    b.listen(&world);
    let data =
        a.message("signal", "/signal/s", json!({ "data": "x", "fromConnection": { "id": "b" } })).to_string();
    let request = envelope::Request { transaction: "t", from: "b", token: None, data: data.as_bytes() };
    a.send(&world, envelope::request("", &request).expect("fits"));
    let heard = b.messages(&world);
    assert_eq!((heard[0].0.as_str(), &heard[0].3), ("a", &json!({ "data": "x" })));
}

#[test]
fn requests_wait_while_too_many_answers_do() {
    let world = World::new();
    let mut a = world.join("a", "publisher|");
    a.pipe.full.store(true, Ordering::Relaxed);
    let mut frames = [envelope::ping(), envelope::ping()].into();
    let time = world.time();
    a.seat().receive(time, &mut frames);
    assert_eq!((frames.len(), a.read()), (2, vec![]));
    a.pipe.full.store(false, Ordering::Relaxed);
    a.seat().receive(time, &mut frames);
    assert_eq!((frames.len(), a.read()), (0, vec![Heard::Pong, Heard::Pong]));
}

#[test]
fn a_socket_that_was_replaced_before_its_join_is_not_answered() {
    let world = World::new();
    let mut a = world.client("a");
    a.send(&world, envelope::replaced());
    assert_eq!(a.read(), [Heard::Close(CloseCode::Done)]);
    a.send(&world, envelope::connect("a", "t", "symphony.h").expect("fits"));
    assert_eq!(a.read(), [], "nothing comes after the end");
    a.open(&world, true);
    assert_eq!(a.read(), [Heard::Pong], "the client is waited for");
}

#[test]
fn those_who_do_not_take_large_answers_make_nobody_else_pay() {
    let scales = Scales::up_to(3 * LARGE_ANSWER_BYTES);
    let mut world = World::with(Settings { scales, ..Settings::default() });
    let token = format!("publisher|{}", "d".repeat(1000));
    let mut members: Vec<_> = (0..10).map(|index| world.join(&format!("m{index}"), &token)).collect();
    for member in &mut members {
        member.listen(&world);
    }
    let mut asks = world.join("asks", "publisher|");
    let read = |asks: &mut Client, world: &World| asks.request(world, "read", "", json!({}));
    let (first, second, third) = (read(&mut asks, &world), read(&mut asks, &world), read(&mut asks, &world));
    let mut late = world.client("late");
    let join = late.join(&world, "publisher|");
    assert_eq!(late.answer(&join).0, 503, "one who comes now is told to try again");
    let mut elsewhere = world.client("elsewhere");
    "2_small".clone_into(&mut elsewhere.session);
    let join = elsewhere.join(&world, "publisher|");
    assert_eq!(elsewhere.answer(&join).0, 200, "small sessions do not notice");
    asks.signal(&world, "on");
    assert_eq!(asks.answer(&first).0, 200);
    let codes = [asks.answer(&second).0, asks.answer(&third).0];
    assert!(codes.contains(&503), "{codes:?}");
    // What has been taken makes room; so does what is lost with a socket.
    let (code, state) = asks.call(&world, "read", "", json!({}));
    assert_eq!((code, state["content"]["connection"].as_array().map(Vec::len)), (200, Some(11)));
    let mut late = world.client("later");
    let join = late.join(&world, "publisher|");
    assert_eq!(late.answer(&join).0, 200);
    world.pass(Duration::from_secs(1));
    assert_eq!(signal_data(&members[0].messages(&world)), [("asks", "on")]);
}

/// Whoever was let in must not hear that it was not.
#[test]
fn what_was_carried_out_is_not_refused_when_it_is_repeated() {
    let scales = Scales::up_to(3 * LARGE_ANSWER_BYTES);
    let world = World::with(Settings { scales, ..Settings::default() });
    let token = format!("publisher|{}", "d".repeat(1000));
    let _members: Vec<_> = (0..10).map(|index| world.join(&format!("m{index}"), &token)).collect();
    let mut back = world.client("back");
    let join = back.join(&world, "publisher|");
    let read = back.request(&world, "read", "", json!({}));
    assert_eq!((back.answer(&join).0, back.answer(&read).0), (200, 200));
    let mut asks = world.join("asks", "publisher|");
    let mut refused = (String::new(), 200);
    while refused.1 == 200 {
        let transaction = asks.request(&world, "read", "", json!({}));
        refused = (transaction.clone(), asks.pipe.status(&transaction));
    }
    assert_eq!(refused.1, 503);
    let join_again = back.request_frame(&join, &back.join_message(), Some("publisher|"));
    let read_again = back.request_frame(&read, &back.message("read", "", json!({})), None);
    for frame in [&join_again, &read_again] {
        back.cut(&world);
        back.open(&world, true);
        back.read();
        back.send(&world, frame.clone());
        assert_eq!(back.read(), [Heard::Close(CloseCode::Crowded)], "it is to come back");
    }
    let refused_again = asks.request_frame(&refused.0, &asks.message("read", "", json!({})), None);
    asks.cut(&world); // What was on its way to it makes room.
    asks.open(&world, true);
    asks.send(&world, refused_again);
    assert_eq!(asks.answer(&refused.0).0, 503, "what was refused is not carried out either");
    back.cut(&world);
    back.open(&world, true);
    back.send(&world, join_again);
    back.send(&world, read_again);
    assert_eq!((back.answer(&join).0, back.answer(&read).0), (200, 200));
    assert_eq!(world.registry.sockets(), 12);
}

proptest! {
    #[test]
    fn no_frame_disturbs_the_others(
        kind in prop::sample::select(&Kind::ALL[..]),
        headers in prop::collection::vec(
            (prop::sample::select(vec!["TRANSACTION-ID", "X-TB-FROM-ADDRESS", "X-TB-TOKEN-AUTH", "uniqueId", "reconnect"]),
             prop::sample::select(vec!["", "1", "a", "b", "t", "publisher|", "\u{0}"])), 0..4),
        method in prop::sample::select(vec!["create", "delete", "update", "signal", "read", "offer", "candidate", "data", "deleted"]),
        path in "(/(stream|connection|signal|subscriber|channel|data|archive|a|b|s|\\.\\.)){0,6}",
        content in prop::sample::select(vec!["{}", "null", "[]", "7", r#"{"id":{}}"#, r#"{"reason":"mute","exclusion":[7]}"#]),
        joined: bool,
    ) {
        let world = World::new();
        let mut b = world.join("b", "publisher|");
        let mut a = if joined { world.join("a", "publisher|") } else { world.client("a") };
        b.call(&world, "create", "/stream/s", json!({}));
        let data = format!(r#"{{"method":"{method}","uri":"/v2/partner/1/session/{}{path}","content":{content}}}"#, a.session);
        a.send(&world, encode(kind, &[], &headers, data.as_bytes()).expect("fits"));
        let (code, _) = b.call(&world, "signal", "/signal/s", json!({ "data": "on" }));
        prop_assert_eq!(code, 200);
        let heard = b.messages(&world);
        let signals = signal_data(&heard);
        prop_assert_eq!(signals.last(), Some(&("b", "on")));
        prop_assert!(!heard.iter().any(|(_, method, path, _)| method == "deleted" && path == "/stream/s"));
    }

    #[test]
    fn no_bytes_disturb_the_others(bytes in prop::collection::vec(any::<u8>(), 0..64), joined: bool) {
        let world = World::new();
        let mut b = world.join("b", "publisher|");
        let mut a = if joined { world.join("a", "publisher|") } else { world.client("a") };
        a.send(&world, bytes.into());
        let (code, _) = b.call(&world, "signal", "/signal/s", json!({ "data": "on" }));
        prop_assert_eq!(code, 200);
        let heard = b.messages(&world);
        let signals = signal_data(&heard);
        prop_assert_eq!(signals, [("b", "on")]);
    }
}
