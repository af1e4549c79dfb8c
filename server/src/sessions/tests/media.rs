//! Streams, channels, subscribers and what they negotiate (`wire.md §7`, `§8.1`).

use super::world::{Client, Heard, UNIX_MS, World};
use crate::ice::{FixedServer, IceServers, IceUrl, Turn, TurnSecret};
use crate::sessions::Settings;
use otc_protocol::limits::{
    CHANNEL_DATA_BYTES, CONNECTION_STREAMS, STREAM_CHANNELS, STREAM_SUBSCRIBERS_OF_ONE,
};
use otc_protocol::uuid;
use serde_json::{Value, json};
use std::time::Duration;

/// A publisher and somebody else who knows of its stream.
pub(super) fn published(world: &World) -> (Client, Client) {
    let mut publisher = world.join("p", "publisher|me");
    let mut other = world.join("s", "subscriber|");
    let content = json!({ "name": "cam", "channel": [{ "id": "video1", "type": "video", "active": true, "width": 640 }] });
    assert_eq!(publisher.call(world, "create", "/stream/st", content).0, 200);
    publisher.listen(world);
    other.listen(world);
    (publisher, other)
}

/// The same with a subscription; the id of their peer connection.
pub(super) fn subscribed(world: &World) -> (Client, Client, String) {
    let (mut publisher, mut subscriber) = published(world);
    let content = json!({ "id": "sub", "connection": "s" });
    let answer = subscriber.call(world, "create", "/stream/st/subscriber/sub", content);
    assert_eq!(answer, (200, json!({ "content": { "iceServers": [] } })));
    let messages = publisher.messages(world);
    let [(from, method, path, content)] = &messages[..] else { panic!("{messages:?}") };
    assert_eq!(
        (from.as_str(), method.as_str(), path.as_str()),
        ("s", "generateoffer", "/stream/st/subscriber/sub")
    );
    assert_eq!(content["sourceStreamId"], "P2P");
    let peer = content["peerId"].as_str().expect("a peer id").to_owned();
    assert!(uuid::parse(&peer).is_some());
    // The offer, which is said first, would tell it.
    subscriber.peers.clone_from(&publisher.peers);
    (publisher, subscriber, peer)
}

#[test]
fn a_stream_is_there_for_all_and_for_newcomers() {
    let urls = vec![IceUrl::parse("stun:h").expect("an address")];
    let secret = TurnSecret::new("hush").expect("a secret");
    let turn =
        Turn::new(vec![IceUrl::parse("turn:h").expect("an address")], &secret, Duration::from_secs(60));
    let fixed = vec![FixedServer { urls, account: None }];
    let ice_servers = IceServers { fixed, turn: Some(turn), relay_only: false };
    let servers = json!(ice_servers.told("p", UNIX_MS / 1000));
    assert_eq!(servers[1]["username"], format!("{}:p", UNIX_MS / 1000 + 60));
    let world = World::with(Settings { ice_servers, ..Settings::default() });
    let mut publisher = world.join("p", "publisher|me");
    let mut other = world.join("o", "subscriber|");
    publisher.listen(&world);
    other.listen(&world);
    let channel = json!([{ "id": "audio1", "type": "audio", "active": true }]);
    let request = json!({
        "id": "st", "name": "cam", "channel": channel, "customProperties": { "initials": "AB" }, "e2ee": false,
        "connection": { "id": "somebody else" }, "creationTime": 1,
    });
    let answer = publisher.call(&world, "create", "/stream/st", request);
    assert_eq!(answer, (200, json!({ "content": { "iceServers": servers } })));
    let stream = json!({
        "id": "st", "name": "cam", "channel": channel, "customProperties": { "initials": "AB" }, "e2ee": false,
        "creationTime": UNIX_MS, "connection": { "id": "p", "creationTime": UNIX_MS, "data": "me" },
    });
    let expected = [("p".to_owned(), "created".to_owned(), "/stream/st".to_owned(), stream.clone())];
    assert_eq!(publisher.messages(&world), expected, "the publisher waits for it");
    assert_eq!(other.messages(&world), expected);

    let mut late = world.client("l");
    let join = late.join(&world, "publisher|");
    assert_eq!(late.answer(&join).1["stream"], json!([stream]));
    let state = other.call(&world, "read", "", json!({}));
    assert_eq!((state.0, &state.1["content"]["stream"]), (200, &json!([stream])));
    assert_eq!(
        state.1["content"]["connection"].as_array().map(Vec::len),
        Some(3),
        "a reader is told of itself too"
    );
}

#[test]
fn publishing_is_refused_with_a_reason() {
    let world = World::with(Settings { session_streams: CONNECTION_STREAMS + 1, ..Settings::default() });
    let (mut publisher, mut other) = published(&world);
    assert_eq!(other.call(&world, "create", "/stream/x", json!({})).0, 403);
    assert_eq!(publisher.call(&world, "create", "/stream/st", json!({})).0, 409);
    let channels: Vec<Value> =
        (0..=STREAM_CHANNELS).map(|index| json!({ "id": index.to_string() })).collect();
    assert_eq!(publisher.call(&world, "create", "/stream/x", json!({ "channel": channels })).0, 413);
    assert_eq!(publisher.call(&world, "create", "/stream/x", json!({ "name": "x".repeat(40_000) })).0, 413);
    assert_eq!(publisher.call(&world, "create", "/stream/a%2Fb", json!({})).0, 400);
    assert_eq!(publisher.call(&world, "create", "/stream/x", json!([])).0, 400);
    for index in 1..CONNECTION_STREAMS {
        assert_eq!(publisher.call(&world, "create", &format!("/stream/{index}"), json!({})).0, 200);
    }
    let limit = (409, json!({ "reason": "streamLimitExceeded" }));
    assert_eq!(publisher.call(&world, "create", "/stream/x", json!({})), limit, "of one connection");
    let mut second = world.join("p2", "publisher|");
    assert_eq!(second.call(&world, "create", "/stream/y", json!({})).0, 200);
    assert_eq!(second.call(&world, "create", "/stream/z", json!({})), limit, "of the session");
    assert_eq!(publisher.call(&world, "delete", "/stream/st", json!({})).0, 200);
    assert_eq!(second.call(&world, "create", "/stream/z", json!({})).0, 200);
}

#[test]
fn channels_change_for_everybody() {
    let world = World::new();
    let (mut publisher, mut other) = published(&world);
    let path = "/stream/st/channel/video1";
    let change = json!({ "active": false, "activeReason": "auto", "orientation": 90 });
    assert_eq!(publisher.call(&world, "update", path, change).0, 200);
    let told = json!({ "active": false, "orientation": 90 });
    let expected = [("p".to_owned(), "updated".to_owned(), path.to_owned(), told)];
    assert_eq!(other.messages(&world), expected, "words that would end the update are left out");
    assert_eq!(publisher.messages(&world), expected);
    assert_eq!(publisher.call(&world, "update", path, json!({ "activeReason": "auto" })).0, 200);
    assert_eq!(other.messages(&world), []);
    assert_eq!(other.call(&world, "update", path, json!({ "active": true })).0, 403);
    assert_eq!(publisher.call(&world, "update", "/stream/st/channel/no", json!({ "active": true })).0, 404);
    assert_eq!(
        publisher.call(&world, "update", "/stream/no/channel/video1", json!({ "active": true })).0,
        404
    );
    let large = json!({ "fitMode": "x".repeat(40_000) });
    assert_eq!(publisher.call(&world, "update", path, large).0, 413);
    assert_eq!(
        publisher.call(&world, "update", "/stream/st", json!({ "name": "new", "archiving": true })).0,
        200
    );
    let renamed = ("p".to_owned(), "updated".to_owned(), "/stream/st".to_owned(), json!({ "name": "new" }));
    assert_eq!(other.messages(&world), [renamed]);

    let mut late = world.client("l");
    let join = late.join(&world, "publisher|");
    let stream = late.answer(&join).1["stream"][0].clone();
    let channel =
        json!([{ "id": "video1", "type": "video", "active": false, "width": 640, "orientation": 90 }]);
    assert_eq!(
        (&stream["channel"], &stream["name"]),
        (&channel, &json!("new")),
        "newcomers see it as it is now"
    );
}

#[test]
fn the_publisher_hears_when_a_subscriber_is_gone() {
    let world = World::new();
    let path = "/stream/st/subscriber/sub";
    let gone = ("s".to_owned(), "deleted".to_owned(), path.to_owned(), json!({ "id": "sub" }));
    let (mut publisher, mut subscriber, _) = subscribed(&world);
    assert_eq!(subscriber.call(&world, "create", path, json!({})).0, 409, "the id is taken");
    assert_eq!(subscriber.call(&world, "delete", path, json!({})).0, 200);
    assert_eq!(publisher.messages(&world), std::slice::from_ref(&gone));
    assert_eq!(subscriber.call(&world, "delete", path, json!({})).0, 404);
    assert_eq!(subscriber.call(&world, "create", "/stream/no/subscriber/s", json!({})).0, 404);

    assert_eq!(subscriber.call(&world, "create", path, json!({})).0, 200);
    publisher.listen(&world);
    subscriber.send(&world, otc_protocol::envelope::leave());
    let heard = publisher.messages(&world);
    assert_eq!(heard[0], gone);
    assert_eq!((heard[1].1.as_str(), heard[1].2.as_str()), ("deleted", "/connection/s"));
}

#[test]
fn a_stream_takes_its_subscribers_with_it() {
    let world = World::new();
    let (mut publisher, mut subscriber, _) = subscribed(&world);
    assert_eq!(publisher.call(&world, "delete", "/stream/st", json!({ "sourceStreamId": "P2P" })).0, 200);
    let deleted =
        ("p".to_owned(), "deleted".to_owned(), "/stream/st".to_owned(), json!("clientDisconnected"));
    assert_eq!(subscriber.messages(&world), std::slice::from_ref(&deleted));
    assert_eq!(publisher.messages(&world), [deleted]);
    assert_eq!(publisher.call(&world, "offer", "/stream/st/subscriber/sub", json!({})).0, 404);
    // Another stream of that id starts without subscribers, and the subscriber leaves without a word to it.
    assert_eq!(publisher.call(&world, "create", "/stream/st", json!({})).0, 200);
    publisher.listen(&world);
    subscriber.send(&world, otc_protocol::envelope::leave());
    assert_eq!(publisher.messages(&world).len(), 1);
}

#[test]
fn data_of_a_channel_goes_to_the_subscribers_by_name() {
    let world = World::new();
    let (mut publisher, mut subscriber, _) = subscribed(&world);
    let content = json!({ "data": "{}", "type": "data" });
    let answer = publisher.call(&world, "data", "/stream/st/channel/downlinkStats1/data/d", content.clone());
    assert_eq!(answer.0, 200);
    let path = "/stream/st/subscriber/sub/channel/downlinkStats1/data/d";
    assert_eq!(subscriber.messages(&world), [("p".into(), "data".into(), path.into(), content.clone())]);
    assert_eq!(subscriber.call(&world, "data", path, content.clone()).0, 200);
    assert_eq!(publisher.messages(&world), [("s".into(), "data".into(), path.into(), content.clone())]);
    let refused = subscriber.call(&world, "data", "/stream/st/channel/downlinkStats1/data/d", content);
    assert_eq!(refused.0, 403, "only the publisher speaks to all");
}

#[test]
fn what_the_server_has_nothing_to_do_for_is_answered() {
    let world = World::new();
    let (mut publisher, mut subscriber, _) = subscribed(&world);
    for (method, path) in [
        ("update", "/stream/st/subscriber/sub"),
        ("update", "/stream/st/subscriber/sub/channel/video1"),
        ("offer", "/stream/st"),
        ("candidate", "/stream/st"),
        ("migrate", "/migrate"),
        ("notification", "/notification"),
        ("created", "/connection/x"),
        ("deleted", "/connection/s"),
        ("created", "/stream/x"),
        ("deleted", "/stream/st"),
        ("updated", "/stream/st"),
        ("updated", "/stream/st/channel/video1"),
        ("deleted", "/stream/st/subscriber/sub"),
        ("create", "/stream/st/source/P2P"),
        ("delete", "/stream/st/source/P2P"),
        ("created", "/archive/a"),
        ("updated", "/archive/a"),
        ("update", ""),
        ("fly", "/to/the/moon"),
    ] {
        assert_eq!(subscriber.call(&world, method, path, json!({})).0, 200, "{method} {path}");
    }
    assert_eq!((publisher.messages(&world), subscriber.messages(&world)), (vec![], vec![]));
}

#[test]
fn one_message_is_not_multiplied_without_bounds() {
    let world = World::new();
    let mut publisher = world.join("p", "publisher|");
    assert_eq!(publisher.call(&world, "create", "/stream/st", json!({})).0, 200);
    for index in 0..STREAM_SUBSCRIBERS_OF_ONE {
        let path = format!("/stream/st/subscriber/{index}");
        assert_eq!(publisher.call(&world, "create", &path, json!({})).0, 200);
    }
    assert_eq!(publisher.call(&world, "create", "/stream/st/subscriber/more", json!({})).0, 429);
    assert_eq!(publisher.call(&world, "create", "/stream/st2", json!({})).0, 200);
    assert_eq!(
        publisher.call(&world, "create", "/stream/st2/subscriber/0", json!({})).0,
        200,
        "others have their own"
    );
    assert_eq!(publisher.call(&world, "delete", "/stream/st/subscriber/0", json!({})).0, 200);
    assert_eq!(publisher.call(&world, "create", "/stream/st/subscriber/more", json!({})).0, 200);

    publisher.listen(&world);
    let path = "/stream/st/channel/downlinkStats1/data/d";
    let content = |bytes: usize| json!({ "data": "x".repeat(bytes - r#"{"data":""}"#.len()) });
    assert_eq!(publisher.call(&world, "data", path, content(CHANNEL_DATA_BYTES + 1)).0, 413);
    assert_eq!(publisher.messages(&world), []);
    assert_eq!(publisher.call(&world, "data", path, content(CHANNEL_DATA_BYTES)).0, 200);
    assert_eq!(publisher.messages(&world).len(), STREAM_SUBSCRIBERS_OF_ONE);
    let long = format!("/stream/st/channel/{}/data/d", "x".repeat(65));
    assert_eq!(publisher.call(&world, "data", &long, json!({})).0, 400);
}

#[test]
fn nothing_more_is_owed_to_whoever_is_owed_too_much() {
    let world = World::with(Settings { owed_messages: 4, ..Settings::default() });
    let (mut publisher, mut subscriber) = published(&world);
    for index in 0..STREAM_SUBSCRIBERS_OF_ONE {
        let path = format!("/stream/st/subscriber/{index}");
        assert_eq!(subscriber.call(&world, "create", &path, json!({})).0, 200);
        publisher.listen(&world);
    }
    let answer = publisher.call(&world, "data", "/stream/st/channel/c/data/d", json!({ "data": "x" }));
    assert_eq!(answer.0, 200);
    let heard = subscriber.messages(&world);
    let copies = heard.iter().filter(|(_, method, _, _)| method == "data").count();
    assert_eq!(copies, 5, "the one above the bound ends it");
}

#[test]
fn the_deletion_of_a_stream_carries_only_what_clients_know() {
    let world = World::new();
    for (content, expected) in [
        (json!({ "sourceStreamId": "P2P", "filler": "x".repeat(10_000) }), Some("P2P")),
        (json!({ "sourceStreamId": "x".repeat(10_000) }), None),
        (json!({ "sourceStreamId": ["P2P"] }), None),
    ] {
        let (mut publisher, mut other) = published(&world);
        assert_eq!(publisher.call(&world, "delete", "/stream/st", content).0, 200);
        let deleted = other.read().into_iter().find_map(|heard| match heard {
            Heard::Message { json, .. } => Some(json),
            _ => None,
        });
        let deleted = deleted.expect("everybody is told");
        assert!(deleted.to_string().len() < 300, "{deleted}");
        assert_eq!(deleted["content"]["sourceStreamId"].as_str(), expected);
        publisher.send(&world, otc_protocol::envelope::leave());
        other.send(&world, otc_protocol::envelope::leave());
    }
}

#[test]
fn whoever_ends_a_subscriber_of_a_stream_that_is_gone_is_content() {
    let world = World::new();
    let (mut publisher, mut subscriber, _) = subscribed(&world);
    assert_eq!(publisher.call(&world, "delete", "/stream/st", json!({})).0, 200);
    assert_eq!(subscriber.call(&world, "delete", "/stream/st/subscriber/sub", json!({})).0, 200);
}
