//! What happens in a session reaches its receivers.

use crate::member::Member;
use crate::receiver::Receiver;
use crate::registration::register;
use crate::support::{DEADLINE, KEY, Request, session_of, start};
use otc_server::{Config, KeyPair, Server};
use serde_json::{Value, json};
use std::time::Instant;

const STREAM: &str = "f5a1c5cc-c681-41d5-8ec2-7a9e1434a21e";

fn wish_for_all(server: &Server, receiver: &Receiver, secret: &str) {
    for group in ["session", "connection", "stream"] {
        for event in ["created", "destroyed"] {
            let wish = json!({"group": group, "event": event, "url": receiver.url(), "secret": secret});
            assert_eq!(register(server.addr(), &wish).status, 200);
        }
    }
}

fn send_away(server: &Server, session: &str, connection: &str) {
    let path = format!("/v2/project/{KEY}/session/{session}/connection/{connection}");
    let answer = Request::new(&format!("DELETE {path}")).authorized().send(server.addr());
    assert_eq!(answer.status, 204);
}

#[test]
fn a_session_is_told_from_its_beginning_to_its_end() {
    let server = start();
    let receiver = Receiver::start();
    wish_for_all(&server, &receiver, "hush");
    let session = session_of(KEY);
    let mut member = Member::join(server.addr(), &session);
    let video = json!([
        {"id": "audio1", "type": "audio", "active": true},
        {"id": "video1", "type": "video", "active": true, "source": "screen", "width": 1, "height": 1},
    ]);
    member.publish(STREAM, &video);
    send_away(&server, &session, &member.id);

    let told = receiver.taken(6);
    let events: Vec<_> = told.iter().map(crate::receiver::Told::event).collect();
    assert_eq!(
        events,
        [
            "sessionCreated",
            "connectionCreated",
            "streamCreated",
            "streamDestroyed",
            "connectionDestroyed",
            "sessionDestroyed"
        ]
    );
    for told in &told {
        let body = told.json();
        assert_eq!((&body["sessionId"], &body["projectId"]), (&json!(session), &json!(KEY)));
        assert!(body["timestamp"].as_u64().is_some_and(|at| at > 1_700_000_000_000));
        assert_eq!(told.headers["content-type"], "application/json");
        let claims = told.verified("hush");
        assert_eq!((&claims["iss"], claims["jti"].as_str()), (&json!("Vonage"), Some(told.id())));
    }
    let connection = told[1].json()["connection"].clone();
    assert_eq!((&connection["id"], &connection["data"]), (&json!(member.id), &json!("")));
    let stream = told[2].json()["stream"].clone();
    assert_eq!((&stream["id"], &stream["videoType"]), (&json!(STREAM), &json!("screen")));
    assert_eq!((&stream["connection"], &stream["name"]), (&connection, &json!(format!("name of {STREAM}"))));
    assert_eq!((&told[3].json()["stream"], &told[4].json()["connection"]), (&stream, &connection));
    for ended in [&told[3], &told[4]] {
        assert_eq!(ended.json()["reason"], "forceDisconnected");
    }
    assert_eq!(told[5].json()["reason"], Value::Null);

    // It may begin again.
    let _again = Member::join(server.addr(), &session);
    assert_eq!(receiver.next().event(), "sessionCreated");
}

#[test]
fn a_receiver_that_fails_delays_nobody_in_the_session() {
    let server = start();
    let (failing, well) = (Receiver::start(), Receiver::start());
    failing.answer(500);
    for receiver in [&failing, &well] {
        wish_for_all(&server, receiver, "hush");
    }
    let start = Instant::now();
    for _ in 0..20 {
        let session = session_of(KEY);
        let member = Member::join(server.addr(), &session);
        send_away(&server, &session, &member.id);
    }
    assert_eq!(well.taken(80).len(), 80);
    assert!(start.elapsed() < DEADLINE);
    let counts = server.app().webhooks.counts();
    assert!(counts.waiting >= 80 && counts.dropped == 0, "{counts:?}");
    // The other one gets it all when it is well again.
    failing.answer(200);
    assert_eq!(failing.taken(80).len(), 80);
}

#[test]
fn the_end_of_a_server_is_told() {
    let server = start();
    let receiver = Receiver::start();
    wish_for_all(&server, &receiver, "hush");
    let member = Member::join(server.addr(), &session_of(KEY));
    assert_eq!(receiver.taken(2)[1].event(), "connectionCreated");
    server.stop();
    let events: Vec<_> = receiver.taken(2).iter().map(crate::receiver::Told::event).collect();
    assert_eq!(events, ["connectionDestroyed", "sessionDestroyed"]);
    drop(member);
}

#[test]
fn a_server_that_is_open_to_others_reaches_nobody_nearby_unless_it_is_told_to() {
    let receiver = Receiver::start();
    let wish = json!({"group": "session", "event": "created", "url": receiver.url()});
    let open = |private_targets| {
        let mut config = Config::local(KeyPair::new(KEY, crate::support::SECRET).expect("a pair"));
        config.listen = "0.0.0.0:0".parse().expect("an address");
        config.webhooks.private_targets = private_targets;
        Server::start(config).expect("a server")
    };
    let server = open(None);
    let near = ([127, 0, 0, 1], server.addr().port()).into();
    let (status, message) = register(near, &wish).error();
    assert!(status == 400 && message.contains("webhook_private_targets"), "{status} {message}");
    let server = open(Some(true));
    let near = ([127, 0, 0, 1], server.addr().port()).into();
    assert_eq!(register(near, &wish).status, 200);
    let _member = Member::join(near, &session_of(KEY));
    assert_eq!(receiver.next().event(), "sessionCreated");
}
