//! What comes in: members, streams, archives, mutes, signals (`wire.md §5`–`§7`).

use super::Client;
use super::client::{Did, S, Sent, member};
use crate::session::{Event, Signal, StreamChange};
use serde_json::{Value, json};

fn signal(client: &mut Client) -> Signal {
    let events = client.events();
    match <[Event; 1]>::try_from(events) {
        Ok([Event::Signal(signal)]) => signal,
        other => panic!("{other:?}"),
    }
}

#[test]
fn ones_own_broadcast_comes_back_with_ones_own_connection() {
    let mut client = Client::joined();
    let me = client.me.clone();
    client.hear_signal("t", &me, &json!({"type": "chat", "data": "x"}));
    let heard = signal(&mut client);
    assert_eq!((heard.kind.as_deref(), heard.data.as_deref()), (Some("chat"), Some("x")));
    assert_eq!(heard.from, client.engine.connection().cloned());
    assert_eq!(heard.from.map(|from| from.data.clone()), Some(format!("data of {me}")));
}

#[test]
fn a_signal_of_the_server_has_no_sender() {
    let mut client = Client::joined();
    for from in ["", "symphony.example"] {
        client.hear_signal(&format!("t{from}"), from, &json!({"data": "x"}));
        assert_eq!(signal(&mut client).from, None);
    }
}

#[test]
fn a_sender_is_the_member_that_the_server_has_told_of() {
    let mut client = Client::joined();
    client.hear_created("t1", "a");
    client.take();
    client.hear_signal("t2", "a", &json!({"data": "x", "fromConnection": {"id": "a", "data": "forged"}}));
    assert_eq!(signal(&mut client).from.map(|from| from.data.clone()).as_deref(), Some("data of a"));
    client.hear_signal("t3", "b", &json!({"data": "x", "fromConnection": {"id": "a", "data": "forged"}}));
    let from = signal(&mut client).from.expect("somebody");
    assert_eq!(
        (from.id.as_str(), from.data.as_str()),
        ("b", ""),
        "an unknown sender has its id and nothing else"
    );
}

#[test]
fn data_of_any_json_type_arrives_as_its_text() {
    for (data, expected) in [
        (json!("text \u{0} \"q\""), "text \u{0} \"q\""),
        (json!(""), ""),
        (json!({"a": [1, null]}), r#"{"a":[1,null]}"#),
        (json!([1, 2]), "[1,2]"),
        (json!(1.5), "1.5"),
        (json!(true), "true"),
        (Value::Null, "null"),
    ] {
        let mut client = Client::joined();
        client.hear_signal("t", "", &json!({"type": "a.b", "data": data}));
        let heard = signal(&mut client);
        assert_eq!((heard.kind.as_deref(), heard.data.as_deref()), (Some("a.b"), Some(expected)));
    }
    let mut client = Client::joined();
    client.hear_signal("t", "", &json!({}));
    let heard = signal(&mut client);
    assert_eq!((heard.kind, heard.data), (None, None));
}

#[test]
fn members_come_and_go_once() {
    let mut client = Client::joined();
    client.hear_created("t1", "a");
    client.hear_created("t2", "a");
    let deleted = json!({"method": "deleted", "uri": format!("{S}/connection/a"), "reason": "networkDisconnected", "content": {}});
    client.message("t3", "a", &deleted);
    client.message("t4", "a", &deleted);
    client.hear_created("t5", "symphony.x");
    let events = client.events();
    let [Event::ConnectionCreated(came), Event::ConnectionDropped(went)] = events.as_slice() else {
        panic!("{events:?}")
    };
    assert_eq!(
        (came.id.as_str(), came.data.as_str(), came.creation_time),
        ("a", "data of a", 1_795_241_973_240)
    );
    assert_eq!(came, went);
    assert_eq!(client.engine.others(), []);
}

#[test]
fn streams_come_change_and_go() {
    let mut client = Client::joined();
    client.hear_created("t0", "a");
    client.take();
    let content = json!({
        "id": "s1", "name": "cam", "creationTime": 5, "connection": member("a"),
        "channel": [
            {"id": "video1", "type": "video", "active": true, "width": 640, "height": 480, "source": "camera"},
            {"id": "audio1", "type": "audio", "active": true},
            {"id": "caption1", "type": "data", "active": false},
            {"id": "downlinkStats1", "type": "data", "active": false},
        ],
    });
    client.message(
        "t1",
        "a",
        &json!({"method": "created", "uri": format!("{S}/stream/s1"), "content": content}),
    );
    let events = client.events();
    let [Event::StreamReceived(stream)] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((stream.name.as_str(), stream.publisher()), ("cam", Some("a")));

    let mut update = |channel: &str, content: Value| {
        let uri = format!("{S}/stream/s1/channel/{channel}");
        let transaction = format!("{channel}{content}");
        client.message(&transaction, "a", &json!({"method": "updated", "uri": uri, "content": content}));
        let changes = client.events().into_iter().map(|event| match event {
            Event::StreamChanged(_, change) => change,
            other => panic!("{other:?}"),
        });
        changes.collect::<Vec<_>>()
    };
    assert_eq!(update("video1", json!({"active": false})), [StreamChange::Video(false)]);
    assert_eq!(update("video1", json!({"active": false, "x": 1})), [], "no change is no event");
    assert_eq!(
        update("video1", json!({"width": 1280, "height": 720})),
        [StreamChange::Dimensions(1280, 720)]
    );
    assert_eq!(
        update("video1", json!({"width": 1e300, "height": -1})),
        [StreamChange::Dimensions(i32::MAX, 0)]
    );
    assert_eq!(update("video1", json!({"source": "screen"})), [StreamChange::VideoType]);
    assert_eq!(update("audio1", json!({"active": false})), [StreamChange::Audio(false)]);
    assert_eq!(update("caption1", json!({"active": true})), [StreamChange::Captions(true)]);
    assert_eq!(update("downlinkStats1", json!({"active": true})), [], "statistics are not captions");
    assert_eq!(update("none", json!({"active": true})), []);

    client.message(
        "r",
        "a",
        &json!({"method": "updated", "uri": format!("{S}/stream/s1"), "content": {"name": "new"}}),
    );
    client.message("d", "a", &json!({"method": "deleted", "uri": format!("{S}/stream/s1"), "reason": "clientDisconnected", "content": {}}));
    client.message("e", "a", &json!({"method": "deleted", "uri": format!("{S}/stream/s1"), "reason": "clientDisconnected", "content": {}}));
    let events = client.events();
    let [Event::StreamDropped(stream)] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(stream.name, "new");
}

#[test]
fn ones_own_streams_are_not_told() {
    let mut client = Client::joined();
    for (id, content) in
        [("s1", json!({"connection": {"id": client.me}})), ("s2", json!({"connectionId": client.me}))]
    {
        client.message(
            id,
            "",
            &json!({"method": "created", "uri": format!("{S}/stream/{id}"), "content": content}),
        );
    }
    assert_eq!(client.events(), []);
}

#[test]
fn archives_begin_and_end_once() {
    let mut client = Client::joined();
    let created = json!({"method": "created", "uri": format!("{S}/archive/r"), "content": {"id": "r", "name": "n", "status": "started"}});
    let updated = |status: &str| json!({"method": "updated", "uri": format!("{S}/archive/r"), "content": {"status": status}});
    client.message("t1", "", &created);
    client.message("t2", "", &created);
    client.message("t3", "", &updated("paused"));
    client.message("t4", "", &updated("stopped"));
    client.message("t5", "", &updated("uploaded"));
    assert_eq!(
        client.events(),
        [
            Event::ArchiveStarted { id: "r".into(), name: "n".into() },
            Event::ArchiveStopped { id: "r".into() }
        ]
    );
}

#[test]
fn mutes_begin_and_end() {
    let mut client = Client::joined();
    for (transaction, active) in [("t1", true), ("t2", false)] {
        let content = json!({"reason": "mute", "active": active, "channels": ["audio"]});
        client.message(transaction, "a", &json!({"method": "update", "uri": S, "content": content}));
    }
    assert_eq!(client.events(), [Event::MuteForced { active: true }, Event::MuteForced { active: false }]);
}

#[test]
fn every_message_is_acknowledged_to_its_originator() {
    let mut client = Client::joined();
    let me = client.me.clone();
    client.hear_signal("t1", "a", &json!({}));
    client.hear_signal("t2", "", &json!({}));
    let acks: Vec<Sent> = client.frames();
    let ack = |transaction: &str, to: &str| Sent::Ack {
        transaction: transaction.into(),
        to: vec![to.into()],
        from: me.clone(),
    };
    assert_eq!(acks, [ack("t1", "a"), ack("t2", "")]);
}

#[test]
fn a_copy_is_acknowledged_and_handled_once() {
    let mut client = Client::joined();
    client.hear_signal("t", "a", &json!({}));
    assert_eq!(client.take().len(), 2);
    client.hear_signal("t", "a", &json!({}));
    let news = client.take();
    assert!(
        matches!(&news[..], [Did::Sent(Sent::Ack { transaction, .. })] if transaction == "t"),
        "{news:?}"
    );
}

#[test]
fn a_message_without_a_transaction_is_handled_and_not_acknowledged() {
    let mut client = Client::joined();
    let text = super::client::signal_message(&json!({"data": "x"})).to_string();
    let frame = otc_protocol::rumor::encode(
        otc_protocol::rumor::Kind::Message,
        &[],
        &[("X-TB-FROM-ADDRESS", "")],
        text.as_bytes(),
    )
    .expect("fits");
    client.receive(&frame);
    client.receive(&frame);
    let news = client.take();
    assert!(matches!(&news[..], [Did::Told(Event::Signal(_)), Did::Told(Event::Signal(_))]), "{news:?}");
}
