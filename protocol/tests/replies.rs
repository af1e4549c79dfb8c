//! The answers of `wire.md §5.1`, `§5.4`, `§7.1` and `§3.3`, as the reference writes them.

use otc_protocol::raptor::{
    Archive, Channel, ChannelState, Connection, Content, MediaReply, MuteState, Object, Refusal,
    SessionState, Stream,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::fmt::Debug;

fn object(value: &Value) -> Object {
    value.as_object().expect("an object").clone()
}

/// `json` says `reply`, and `reply` is written as the same JSON.
fn two_way<T: Serialize + DeserializeOwned + PartialEq + Debug>(json: &Value, reply: &T) {
    let read: T = serde_json::from_str(&json.to_string()).expect("the form of the reference");
    assert_eq!(&read, reply);
    assert_eq!(&serde_json::to_value(reply).expect("writes"), json);
}

fn state() -> (Value, SessionState) {
    let json = json!({
        "connection": [{"id": "c1", "creationTime": 1_795_241_973_240_u64, "data": "d", "permissions": ["publish", "signal"]}],
        "stream": [{"id": "st1", "name": "cam", "creationTime": 7, "connection": {"id": "c1", "creationTime": 5, "data": ""},
            "channel": [{"id": "audio1", "type": "audio", "active": true}], "e2ee": false}],
        "archive": [{"id": "a1", "name": "talk", "status": "started"}],
        "mute": {"active": true},
    });
    let publisher = Connection { id: "c1".into(), creation_time: 5, ..Connection::default() };
    let audio = ChannelState { active: Some(true), ..ChannelState::default() };
    let stream = Stream {
        id: "st1".into(),
        name: "cam".into(),
        creation_time: 7,
        connection: Some(publisher),
        channel: vec![Channel { id: "audio1".into(), kind: "audio".into(), state: audio }],
        extra: object(&json!({"e2ee": false})),
        ..Stream::default()
    };
    let connection = Connection {
        id: "c1".into(),
        creation_time: 1_795_241_973_240,
        data: "d".into(),
        permissions: vec!["publish".into(), "signal".into()],
    };
    let archive =
        Archive { id: "a1".into(), name: "talk".into(), status: "started".into(), extra: Object::new() };
    let mute = Some(MuteState { active: true });
    (json, SessionState { connection: vec![connection], stream: vec![stream], archive: vec![archive], mute })
}

#[test]
fn the_state_of_a_session() {
    let (json, state) = state();
    two_way(&json, &state);
    two_way(&json!({"content": json}), &Content { content: state });
}

/// `stream` and `archive` must be there even when they are empty, or the published client waits for ever.
#[test]
fn an_empty_session_has_all_its_lists() {
    two_way(&json!({"connection": [], "stream": [], "archive": []}), &SessionState::default());
}

/// What other servers leave out, or call otherwise.
#[test]
fn the_state_is_read_leniently() {
    let (_, whole) = state();
    let table = [
        (json!({}), SessionState::default()),
        (json!({"connection": null, "stream": null, "archive": null, "mute": null}), SessionState::default()),
        (
            json!({"archives": [{"id": "a1", "name": "talk", "status": "started"}], "unheard": "of"}),
            SessionState { archive: whole.archive, ..SessionState::default() },
        ),
        (
            json!({"connection": [{"id": "c1", "creationTime": "5", "data": null, "capablities": {}}]}),
            SessionState {
                connection: vec![Connection { id: "c1".into(), creation_time: 5, ..Connection::default() }],
                ..SessionState::default()
            },
        ),
    ];
    for (json, expected) in table {
        let read: SessionState = serde_json::from_value(json.clone()).expect("readable");
        assert_eq!(read, expected, "{json}");
    }
}

#[test]
fn ice_servers_and_refusals() {
    let server = json!({"url": "turn:192.0.2.1:3478?transport=udp", "username": "u", "credential": "c"});
    let reply = MediaReply { ice_servers: vec![object(&server)] };
    two_way(&json!({"content": {"iceServers": [server]}}), &Content { content: reply });
    two_way(
        &json!({"reason": "connectionLimitExceeded"}),
        &Refusal { reason: "connectionLimitExceeded".into() },
    );
    let silent: Refusal = serde_json::from_value(json!({"reason": null})).expect("readable");
    assert_eq!(silent, Refusal::default());
}

#[test]
fn answers_of_the_wrong_form_are_refused() {
    for json in [
        json!([1]),
        json!({"connection": {}}),
        json!({"connection": [{}]}),
        json!({"stream": [{"id": 5}]}),
        json!({"archive": "none"}),
        json!({"mute": true}),
    ] {
        assert!(serde_json::from_value::<SessionState>(json.clone()).is_err(), "{json}");
    }
    assert!(serde_json::from_value::<Content<MediaReply>>(json!({"iceServers": []})).is_err());
    assert!(serde_json::from_value::<Content<MediaReply>>(json!({"content": {"iceServers": [1]}})).is_err());
    assert!(serde_json::from_value::<Refusal>(json!({"reason": 5})).is_err());
}

/// One member that cannot be described must not keep everybody else out.
#[test]
fn entries_that_make_no_sense_are_left_out_and_counted() {
    let (json, mut whole) = state();
    // Nor is anything kept that a client has no use for.
    assert!(!whole.stream[0].extra.is_empty());
    whole.stream.iter_mut().for_each(Stream::slim);
    let read = |json: &Value| SessionState::read(json.to_string().as_bytes());
    assert_eq!(read(&json).expect("readable"), (whole.clone(), 0));
    let mut spoilt = json.clone();
    for name in ["connection", "stream", "archive"] {
        let list = spoilt[name].as_array_mut().expect("a list");
        list.insert(0, json!({"id": 5}));
        list.push(json!(7));
        list.push(json!([]));
    }
    assert_eq!(read(&spoilt).expect("readable"), (whole.clone(), 9));
    spoilt["mute"] = json!(true);
    assert_eq!(read(&spoilt).expect("readable"), (SessionState { mute: None, ..whole }, 10));
    for json in [json!(7), json!("text"), json!({"connection": 7}), json!({"stream": {}})] {
        assert!(read(&json).is_err(), "{json}");
    }
    assert!(SessionState::read(b"{\"connection\":[{}").is_err());
    let null = json!({"connection": null, "archives": [{}], "mute": null});
    assert_eq!(read(&null).expect("readable"), (SessionState::default(), 1));
}
