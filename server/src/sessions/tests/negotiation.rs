//! What publisher and subscriber tell each other, and the candidates that wait in between (`wire.md §8.1`).

use super::freezing::come_back;
use super::media::subscribed;
use super::world::{Client, World};
use otc_protocol::limits::{HELD_CANDIDATE_BYTES, HELD_CANDIDATES, PUBLISHER_CANDIDATE_BYTES};
use serde_json::json;

#[test]
fn candidates_of_the_publisher_wait_for_its_offer() {
    let world = World::new();
    let (mut publisher, mut subscriber, peer) = subscribed(&world);
    let path = "/stream/st/subscriber/sub";
    let content = |what: &str| json!({ "peerId": peer, "sourceStreamId": "P2P", "sdp": what });
    let relay = |client: &mut Client, method: &str, what: &str| {
        assert_eq!(client.call(&world, method, path, content(what)).0, 200);
    };
    relay(&mut publisher, "candidate", "1");
    relay(&mut publisher, "candidate", "2");
    assert_eq!(subscriber.messages(&world), []);
    relay(&mut publisher, "offer", "o");
    relay(&mut publisher, "candidate", "3");
    let heard = subscriber.messages(&world);
    let expected = [("offer", "o"), ("candidate", "1"), ("candidate", "2"), ("candidate", "3")];
    let expected =
        expected.map(|(method, what)| ("p".to_owned(), method.to_owned(), path.to_owned(), content(what)));
    assert_eq!(heard, expected);
    relay(&mut subscriber, "candidate", "4");
    relay(&mut subscriber, "answer", "a");
    let expected = [("candidate", "4"), ("answer", "a")];
    let expected =
        expected.map(|(method, what)| ("s".to_owned(), method.to_owned(), path.to_owned(), content(what)));
    assert_eq!(publisher.messages(&world), expected);
}

/// What a call of two says next on its peer connection: who, what.
fn says(world: &World, client: &mut Client, method: &str, what: &str) {
    assert_eq!(client.say(world, method, "/stream/st/subscriber/sub", &json!({ "sdp": what })).0, 200);
}

/// What has arrived of it.
fn arrived(world: &World, client: &mut Client) -> Vec<String> {
    let heard = client.messages(world);
    heard
        .iter()
        .map(|(_, method, _, content)| format!("{method} {}", content["sdp"].as_str().unwrap_or("")))
        .collect()
}

#[test]
fn candidates_of_a_restart_wait_for_its_answer() {
    let mut world = World::new();
    let (mut publisher, mut subscriber, _) = subscribed(&world);
    says(&world, &mut publisher, "offer", "first");
    says(&world, &mut publisher, "candidate", "1");
    says(&world, &mut subscriber, "answer", "first");
    assert_eq!(arrived(&world, &mut subscriber), ["offer first", "candidate 1"]);
    publisher.listen(&world);

    says(&world, &mut publisher, "candidate", "late");
    says(&world, &mut publisher, "offer", "restart");
    says(&world, &mut publisher, "candidate", "2");
    says(&world, &mut subscriber, "candidate", "s");
    assert_eq!(arrived(&world, &mut subscriber), ["candidate late", "offer restart"]);
    assert_eq!(
        arrived(&world, &mut publisher),
        ["candidate s"],
        "the publisher itself keeps what comes early"
    );
    // What waits goes on waiting at the next server, and through another offer.
    world.restart();
    for client in [&mut publisher, &mut subscriber] {
        come_back(&world, client);
    }
    says(&world, &mut publisher, "offer", "again");
    says(&world, &mut publisher, "candidate", "3");
    assert_eq!(arrived(&world, &mut subscriber), ["offer again"]);
    says(&world, &mut subscriber, "answer", "again");
    assert_eq!(arrived(&world, &mut publisher), ["answer again"]);
    assert_eq!(arrived(&world, &mut subscriber), ["candidate 2", "candidate 3"]);
    says(&world, &mut publisher, "candidate", "4");
    assert_eq!(arrived(&world, &mut subscriber), ["candidate 4"]);
}

#[test]
fn what_waits_for_an_answer_is_bounded_and_ends_with_the_subscriber() {
    let world = World::new();
    let (mut publisher, mut subscriber, _) = subscribed(&world);
    says(&world, &mut publisher, "offer", "first");
    says(&world, &mut publisher, "offer", "restart");
    let path = "/stream/st/subscriber/sub";
    for _ in 0..HELD_CANDIDATES {
        assert_eq!(publisher.say(&world, "candidate", path, &json!({})).0, 200);
    }
    assert_eq!(publisher.say(&world, "candidate", path, &json!({})).0, 429);
    assert_eq!(subscriber.call(&world, "delete", path, json!({})).0, 200);
    subscriber.listen(&world);
    assert_eq!(publisher.call(&world, "candidate", path, json!({})).0, 404);
    // Who subscribes to a stream of its own answers itself.
    let own = "/stream/st/subscriber/own";
    assert_eq!(publisher.call(&world, "create", own, json!({})).0, 200);
    publisher.listen(&world);
    let said = [("offer", "1"), ("offer", "2"), ("candidate", "c"), ("answer", "a")];
    for (method, what) in said {
        assert_eq!(publisher.say(&world, method, own, &json!({ "sdp": what })).0, 200);
    }
    assert_eq!(arrived(&world, &mut publisher), ["offer 1", "offer 2", "answer a", "candidate c"]);
    assert_eq!(arrived(&world, &mut subscriber), Vec::<String>::new());
}

#[test]
fn nobody_else_speaks_on_a_peer_connection() {
    let world = World::new();
    let (mut publisher, mut subscriber, _) = subscribed(&world);
    let mut stranger = world.join("x", "moderator|");
    publisher.listen(&world);
    subscriber.listen(&world);
    let path = "/stream/st/subscriber/sub";
    assert_eq!(stranger.call(&world, "offer", path, json!({})).0, 403);
    assert_eq!(stranger.call(&world, "delete", path, json!({})).0, 403);
    assert_eq!(publisher.call(&world, "generateoffer", path, json!({})).0, 403);
    assert_eq!(publisher.call(&world, "offer", "/stream/st/subscriber/no", json!({})).0, 404);
    assert_eq!(publisher.call(&world, "offer", "/stream/no/subscriber/sub", json!({})).0, 404);
    assert_eq!((publisher.messages(&world), subscriber.messages(&world)), (vec![], vec![]));
    for _ in 0..HELD_CANDIDATES {
        assert_eq!(publisher.say(&world, "candidate", path, &json!({})).0, 200);
    }
    assert_eq!(publisher.say(&world, "candidate", path, &json!({})).0, 429);
    assert_eq!(publisher.say(&world, "offer", path, &json!({})).0, 200);
    assert_eq!(subscriber.messages(&world).len(), HELD_CANDIDATES + 1);
}

#[test]
fn held_candidates_are_bounded_in_bytes() {
    let world = World::new();
    let (mut publisher, _subscriber, _) = subscribed(&world);
    let content = json!({ "candidate": "x".repeat(30_000) });
    let codes = [(); 3].map(|()| publisher.say(&world, "candidate", "/stream/st/subscriber/sub", &content).0);
    assert_eq!(codes, [200, 200, 429]);
}

#[test]
fn the_candidates_held_for_one_publisher_are_bounded() {
    let world = World::new();
    let mut publisher = world.join("p", "publisher|");
    let enough = PUBLISHER_CANDIDATE_BYTES / HELD_CANDIDATE_BYTES + 1;
    let content = json!({ "candidate": "x".repeat(HELD_CANDIDATE_BYTES - 200) });
    let path = |index: usize| format!("/stream/{}/subscriber/{index}", index % 4);
    for stream in 0..4 {
        assert_eq!(publisher.call(&world, "create", &format!("/stream/{stream}"), json!({})).0, 200);
    }
    for index in 0..=enough {
        assert_eq!(publisher.call(&world, "create", &path(index), json!({})).0, 200);
    }
    publisher.listen(&world);
    let mut hold = |index: usize| publisher.say(&world, "candidate", &path(index), &content).0;
    let held = (0..=enough).take_while(|index| hold(*index) == 200).count();
    assert_eq!(held, PUBLISHER_CANDIDATE_BYTES / HELD_CANDIDATE_BYTES);
    // An offer, the end of a subscriber and the end of a stream make room.
    assert_eq!(publisher.say(&world, "offer", &path(0), &json!({})).0, 200);
    assert_eq!(publisher.say(&world, "candidate", &path(held), &content).0, 200);
    assert_eq!(publisher.say(&world, "candidate", &path(held + 1), &content).0, 429);
    assert_eq!(publisher.call(&world, "delete", &path(1), json!({})).0, 200);
    assert_eq!(publisher.say(&world, "candidate", &path(held + 1), &content).0, 200);
    assert_eq!(publisher.call(&world, "delete", "/stream/2", json!({})).0, 200);
    let again = publisher.call(&world, "create", "/stream/2", json!({})).0;
    assert_eq!((again, publisher.call(&world, "create", &path(2), json!({})).0), (200, 200));
    publisher.listen(&world);
    assert_eq!(publisher.say(&world, "candidate", &path(2), &content).0, 200);
}

#[test]
fn a_message_that_does_not_name_the_peer_connection_reaches_nobody() {
    let mut world = World::new();
    let (mut publisher, mut subscriber, peer) = subscribed(&world);
    let path = "/stream/st/subscriber/sub";
    says(&world, &mut publisher, "offer", "first");
    subscriber.listen(&world);
    for round in 0..2 {
        for content in [
            json!({ "peerId": "another", "sourceStreamId": "P2P" }),
            json!({ "peerId": peer, "sourceStreamId": "MANTIS" }),
            json!({ "peerId": "", "sourceStreamId": "P2P" }),
            json!({ "peerId": peer, "sourceStreamId": "" }),
            json!({ "peerId": peer }),
            json!({ "sourceStreamId": "P2P" }),
            json!({ "sdp": "s", "candidate": "c" }),
        ] {
            for client in [&mut publisher, &mut subscriber] {
                for method in ["offer", "answer", "pranswer", "candidate"] {
                    let (code, _) = client.call(&world, method, path, content.clone());
                    assert_eq!(code, 403, "{round}: {method} {content}");
                }
            }
        }
        assert_eq!((publisher.messages(&world), subscriber.messages(&world)), (vec![], vec![]));
        // The next server knows the name as well.
        world.restart();
        for client in [&mut publisher, &mut subscriber] {
            come_back(&world, client);
        }
    }
    let content = json!({ "peerId": peer, "sourceStreamId": "P2P" });
    assert_eq!(subscriber.call(&world, "answer", path, content.clone()).0, 200);
    let expected = [("s".to_owned(), "answer".to_owned(), path.to_owned(), content)];
    assert_eq!(publisher.messages(&world), expected, "from the connection that subscribed, always");
    // Nothing more is said on it once it has ended.
    assert_eq!(subscriber.call(&world, "delete", path, json!({})).0, 200);
    publisher.listen(&world);
    for client in [&mut publisher, &mut subscriber] {
        assert_eq!(client.call(&world, "candidate", path, json!({ "peerId": peer })).0, 404);
    }
    assert_eq!((publisher.messages(&world), subscriber.messages(&world)), (vec![], vec![]));
}

#[test]
fn a_candidate_too_many_is_refused_with_what_it_waits_for() {
    let world = World::new();
    let (mut publisher, mut subscriber, peer) = subscribed(&world);
    let path = "/stream/st/subscriber/sub";
    let content = json!({ "peerId": peer, "sourceStreamId": "P2P", "candidate": "c" });
    let reason_of_one_too_many = |publisher: &mut Client| {
        for _ in 0..HELD_CANDIDATES {
            assert_eq!(publisher.call(&world, "candidate", path, content.clone()).0, 200);
        }
        let (code, data) = publisher.call(&world, "candidate", path, content.clone());
        assert_eq!(code, 429);
        data["reason"].as_str().expect("a reason").to_owned()
    };
    assert!(reason_of_one_too_many(&mut publisher).contains("send the offer first"));
    for _ in 0..2 {
        assert_eq!(publisher.call(&world, "offer", path, content.clone()).0, 200);
    }
    let reason = reason_of_one_too_many(&mut publisher);
    assert!(reason.contains("wait for the answer") && !reason.contains("send the offer"), "{reason}");
    assert_eq!(subscriber.call(&world, "answer", path, content.clone()).0, 200);
    assert_eq!(publisher.call(&world, "candidate", path, content.clone()).0, 200);
}
