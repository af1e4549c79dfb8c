//! Leaving, and being sent away (`wire.md §5.3`).

use super::world::{Heard, SESSION, World};
use crate::sessions::CloseCode;
use otc_protocol::envelope;
use otc_protocol::limits::CLOSE_WITHIN;
use otc_protocol::raptor::SignalContent;
use serde_json::{Value, json};
use std::time::Duration;

fn deletion(id: &str, path: &str, reason: &str) -> (String, String, String, Value) {
    (id.into(), "deleted".into(), path.into(), json!(reason))
}

#[test]
fn who_leaves_is_gone_at_once_streams_first() {
    let world = World::new();
    let (mut a, mut b) = (world.join("a", "publisher|"), world.join("b", "publisher|"));
    b.call(&world, "create", "/stream/st", json!({}));
    a.listen(&world);
    b.listen(&world);
    b.send(&world, envelope::leave());
    assert_eq!(b.read(), [Heard::Close(CloseCode::Done)]);
    let expected = ["/stream/st", "/connection/b"].map(|path| deletion("b", path, "clientDisconnected"));
    assert_eq!(a.messages(&world), expected);
    b.cut(&world);
    b.open(&world, true);
    assert_eq!(b.read(), [Heard::Close(CloseCode::Ended)]);
}

#[test]
fn a_moderator_sends_away_and_others_may_not() {
    let mut world = World::new();
    let (mut a, mut b) = (world.join("a", "publisher|"), world.join("b", "publisher|"));
    let mut moderator = world.join("m", "moderator|");
    b.call(&world, "create", "/stream/st", json!({}));
    for client in [&mut a, &mut b, &mut moderator] {
        client.listen(&world);
    }
    assert_eq!(a.call(&world, "delete", "/connection/b", json!({})).0, 403);
    assert_eq!(moderator.call(&world, "delete", "/connection/nobody", json!({})).0, 404);
    assert_eq!(moderator.call(&world, "delete", "/connection/b", json!({})).0, 200);
    let expected = ["/stream/st", "/connection/b"].map(|path| deletion("b", path, "forceDisconnected"));
    assert_eq!(a.messages(&world), expected);
    assert_eq!(moderator.messages(&world), expected);
    assert_eq!(b.messages(&world), expected, "the target is told the same");
    // It closes its socket by itself; what it still asks is answered.
    assert_eq!(b.call(&world, "signal", "/signal/s", json!({ "data": "x" })).0, 404);
    assert_eq!(a.messages(&world), []);
    b.cut(&world);
    world.pass(Duration::ZERO);
    assert_eq!(world.registry.sockets(), 2);
}

#[test]
fn without_the_permission_nobody_learns_who_is_there() {
    let world = World::new();
    let (mut a, _b) = (world.join("a", "publisher|"), world.join("b", "subscriber|"));
    for target in ["b", "nobody", "a"] {
        let (status, data) = a.call(&world, "delete", &format!("/connection/{target}"), json!({}));
        assert_eq!(status, 403, "{target}");
        assert!(data["reason"].as_str().expect("a reason").contains("forcedisconnect"), "{data}");
    }
}

#[test]
fn a_request_to_send_away_that_is_repeated_has_the_same_answer() {
    let mut world = World::new();
    let (mut b, mut moderator) = (world.join("b", "publisher|"), world.join("m", "moderator|"));
    let transaction = moderator.new_transaction();
    let message = moderator.message("delete", "/connection/b", json!({}));
    let frame = moderator.request_frame(&transaction, &message, None);
    moderator.send(&world, frame.clone());
    assert_eq!(moderator.answer(&transaction).0, 200);
    b.listen(&world);
    b.cut(&world);
    world.pass(Duration::ZERO);
    // The STATUS is lost with the socket; the request comes again, and so does whoever was sent away.
    moderator.cut(&world);
    moderator.open(&world, true);
    let mut again = world.join("b", "publisher|");
    moderator.send(&world, frame);
    assert_eq!(moderator.answer(&transaction).0, 200, "and not 404");
    assert_eq!(again.messages(&world), [], "nothing happens twice");
    assert_eq!(
        moderator.call(&world, "delete", "/connection/b", json!({})).0,
        200,
        "but once more if asked again"
    );
    assert_eq!(again.messages(&world), [deletion("b", "/connection/b", "forceDisconnected")]);
}

#[test]
fn a_moderator_may_send_itself_away_and_hears_that_it_was_done() {
    let world = World::new();
    let (mut a, mut moderator) = (world.join("a", "publisher|"), world.join("m", "moderator|"));
    a.listen(&world);
    moderator.listen(&world);
    let transaction = moderator.request(&world, "delete", "/connection/m", json!({}));
    assert_eq!(moderator.answer(&transaction).0, 200);
    let expected = [deletion("m", "/connection/m", "forceDisconnected")];
    assert_eq!(moderator.messages(&world), expected);
    assert_eq!(a.messages(&world), expected);
}

#[test]
fn a_target_that_does_not_close_is_closed() {
    let mut world = World::new();
    let (b, mut moderator) = (world.join("b", "publisher|"), world.join("m", "moderator|"));
    moderator.call(&world, "delete", "/connection/b", json!({}));
    assert!(!b.read().contains(&Heard::Close(CloseCode::Ended)));
    world.pass_with(CLOSE_WITHIN, &mut [&mut moderator]);
    assert_eq!(b.read(), [Heard::Close(CloseCode::Ended)]);
    assert_eq!(world.registry.sockets(), 1);
}

#[test]
fn a_target_that_was_away_hears_why_when_it_comes_back() {
    let mut world = World::new();
    let (mut b, mut moderator) = (world.join("b", "publisher|"), world.join("m", "moderator|"));
    let request = b.new_transaction();
    let frame = b.request_frame(&request, &b.message("signal", "/signal/s", json!({})), None);
    b.send(&world, frame.clone());
    b.listen(&world);
    b.cut(&world);
    moderator.call(&world, "delete", "/connection/b", json!({}));
    world.pass_with(Duration::from_secs(40), &mut [&mut moderator]);
    b.open(&world, true);
    b.send(&world, frame);
    assert_eq!(b.answer(&request).0, 200, "what was carried out before keeps its answer");
    let messages = b.messages(&world);
    assert_eq!(messages, [deletion("b", "/connection/b", "forceDisconnected")]);
    b.cut(&world);
    world.pass(Duration::ZERO);
    assert_eq!(world.registry.sockets(), 1);
}

#[test]
fn the_applications_server_sends_away() {
    let world = World::new();
    let (mut a, mut b) = (world.join("a", "publisher|"), world.join("b", "publisher|"));
    a.listen(&world);
    world.registry.disconnect(world.time(), SESSION, "b").expect("b is there");
    assert_eq!(a.messages(&world), [deletion("b", "/connection/b", "forceDisconnected")]);
    assert_eq!(b.messages(&world), [deletion("b", "/connection/b", "forceDisconnected")]);
    let again = world.registry.disconnect(world.time(), SESSION, "b");
    assert_eq!(again.map_err(|refusal| refusal.status), Err(404));
}

#[test]
fn a_room_of_departed_only_vanishes_too() {
    let mut world = World::new();
    let mut moderator = world.join("m", "moderator|");
    assert_eq!(moderator.call(&world, "delete", "/connection/m", json!({})).0, 200);
    assert_eq!(moderator.messages(&world), [deletion("m", "/connection/m", "forceDisconnected")]);
    let signalled = world.registry.signal(world.time(), SESSION, None, SignalContent::default());
    assert_eq!(signalled.map_err(|refusal| refusal.status), Err(404), "nobody is in it any more");
    world.pass(CLOSE_WITHIN);
    assert_eq!(moderator.read(), [Heard::Close(CloseCode::Ended)]);
    assert_eq!((world.registry.sessions(), world.registry.sockets()), (0, 0));
}
