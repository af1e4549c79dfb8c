//! Messages as the reference writes them ([`forms`]), and as nobody should write them.

mod forms;

use super::MessageError;
use crate::raptor::{Body, Json, Message, Object, Path, Reason, SessionAddress, SignalContent, StreamChange};
use serde_json::{Value, json};

/// The session that the tables write as `S`.
fn session() -> SessionAddress {
    SessionAddress { project: "123456".into(), session: "1_MX4xMjM0NTZ-fg".into() }
}

/// Puts the session's uri in the place of `S`.
fn filled_in(text: &str) -> String {
    let topic = session().topic();
    text.replace(r#""uri":"S"#, &format!(r#""uri":"{topic}"#))
}

fn decode(text: &str) -> Result<Message, MessageError> {
    Message::decode(filled_in(text).as_bytes())
}

fn body(text: &str) -> Body {
    decode(text).unwrap_or_else(|error| panic!("{error}: {text}")).body
}

fn object(value: Value) -> Object {
    match value {
        Value::Object(object) => object,
        other => panic!("not an object: {other}"),
    }
}

/// `text` says `body`, and `body` is written as the same JSON.
fn two_way(text: &str, body: Body) {
    canonical(text, body, text);
}

/// `text` says `body`, and `body` is written as the JSON of `written`.
fn canonical(text: &str, body: Body, written: &str) {
    let message = Message { session: session(), body };
    assert_eq!(decode(text), Ok(message.clone()), "{text}");
    let expected: Value = serde_json::from_str(&filled_in(written)).expect("the table holds JSON");
    let actual: Value = serde_json::from_slice(&message.encode()).expect("writes JSON");
    assert_eq!(actual, expected);
}

/// The written text of what `text` says; another round changes nothing.
fn written(text: &str) -> String {
    let message = decode(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let first = message.encode();
    let second = Message::decode(&first).expect("reads its own").encode();
    assert_eq!(second, first);
    String::from_utf8(first).expect("UTF-8")
}

#[test]
fn what_is_unknown_is_kept_and_written_back() {
    for (method, place, content) in [
        ("explode", "/connection/c1", r#","content":{"a":[1,2.50,{"b":null}]}"#),
        ("create", "/whiteboard/w1/line/7", r#","content":"text""#),
        ("updated", "", r#","content":{"reason":"mute"}"#),
        ("update", "", r#","content":{"reason":"tidy"}"#),
        ("offer", "/connection/c1", r#","content":{}"#),
        ("read", "/stream/", ""),
        ("signal", "/signal", r#","content":null"#),
        ("", "/stream/st1", r#","content":[ 1 , 1e999 ]"#),
        ("delete", "/a/b/c/d/e/f/g/h/i/j", r#","content":"\ud83d""#),
    ] {
        let text = format!(r#"{{"method":"{method}","uri":"S{place}","reason":"why"{content}}}"#);
        assert!(matches!(body(&text), Body::Unknown { .. }), "{text}");
        assert_eq!(written(&text), filled_in(&text), "to the byte");
    }
    let expected = Body::Unknown {
        method: "dance".into(),
        path: Path::Other("floor/1".into()),
        content: Some(Json::from_text("[1]".into()).expect("valid")),
        reason: None,
    };
    assert_eq!(body(r#"{"method":"dance","uri":"S/floor/1","content":[1]}"#), expected);
}

#[test]
fn what_is_not_a_message_is_refused() {
    let fine = r#"{"method":"read","uri":"S"}"#;
    assert_eq!(body(fine), Body::SessionRead);
    for text in [
        "",
        "null",
        "[]",
        "{}",
        r#""S""#,
        // The fields in the order of their declaration are no message.
        r#"["read","/v2/partner/1/session/S",{},"x"]"#,
        r#"{"method":"read"}"#,
        r#"{"uri":"S"}"#,
        r#"{"method":null,"uri":"S"}"#,
        r#"{"method":1,"uri":"S"}"#,
        r#"{"method":"read","uri":["S"]}"#,
        r#"{"method":"read","uri":"S","reason":7}"#,
        r#"{"method":"read","uri":"S\ud83d"}"#,
        r#"{"method":"read","method":"read","uri":"S"}"#,
        r#"{"method":"read","uri":"S","content":{},"content":{}}"#,
        r#"{"method":"read","uri":"S","content":{}"#,
        r#"{"method":"read","uri":"S","content":{"a":}}"#,
        r#"{"method":"read","uri":"S"} x"#,
        "{\"method\":\"read\",\"uri\":\"S\",\"content\":\"\u{1}\"}",
    ] {
        assert!(matches!(decode(text), Err(MessageError::NotAMessage { .. })), "{text}");
    }
    let not_utf8 =
        [&br#"{"method":"x","uri":"/v2/partner/1/session/S","content":""#[..], b"\xff\"}"].concat();
    assert!(matches!(Message::decode(&not_utf8), Err(MessageError::NotAMessage { .. })));
    for uri in ["", "/", "x", "/v2/partner/1", "/v2/partner/1/session/", "/v2/session/S/partner/1"] {
        let text = format!(r#"{{"method":"read","uri":"{uri}"}}"#);
        assert_eq!(Message::decode(text.as_bytes()), Err(MessageError::NoSession), "{uri}");
    }
}

/// One message of every kind that has a content, and members that must not be what they are there.
const WRONG_MEMBERS: [(&str, &str, &[&str]); 25] = [
    (
        "create",
        "connection/c1",
        &[r#""capabilities":"forceMute""#, r#""capabilities":[1]"#, r#""userAgent":{}"#],
    ),
    ("created", "connection/c1", &[r#""data":5"#, r#""permissions":{}"#]),
    ("signal", "signal/s1", &[r#""type":5"#, r#""type":"\udc00""#, r#""fromConnection":"c1""#]),
    ("signal", "connection/c1/signal/s1", &[r#""type":[]"#, r#""connection":{}"#]),
    ("create", "stream/st1", &[r#""name":[]"#, r#""channel":{}"#, r#""channel":[{}]"#, r#""x":1e999"#]),
    ("created", "stream/st1", &[r#""connection":{}"#, r#""connectionId":5"#, r#""channel":[[]]"#]),
    ("delete", "stream/st1", &[r#""\ud83d":1"#]),
    ("deleted", "stream/st1", &[r#""x":-1e999"#]),
    (
        "update",
        "stream/st1",
        &[r#""name":1"#, r#""archiving":"yes""#, r#""reason":"mute","channels":"audio""#],
    ),
    ("updated", "stream/st1", &[r#""name":{}"#]),
    ("update", "stream/st1/channel/video1", &[r#""active":"no""#, r#""width":"640""#, r#""width":1e999"#]),
    ("updated", "stream/st1/channel/video1", &[r#""source":1"#, r#""active":0"#]),
    ("data", "stream/st1/channel/caption1/data/d1", &[r#""x":"\ud83d""#]),
    ("create", "stream/st1/subscriber/su1", &[r#""connection":{}"#, r#""channel":[{"id":5}]"#]),
    ("update", "stream/st1/subscriber/su1", &[r#""x":"\ud83d""#]),
    ("update", "stream/st1/subscriber/su1/channel/video1", &[r#""x":1e999"#]),
    ("create", "stream/st1/source/P2P", &[r#""x":1e999"#]),
    ("delete", "stream/st1/source/P2P", &[r#""x":1e999"#]),
    ("generateoffer", "stream/st1", &[r#""peerId":5"#]),
    ("offer", "stream/st1/subscriber/su1", &[r#""sourceStreamId":{}"#, r#""sdp":"\ud83d""#]),
    ("candidate", "stream/st1", &[r#""peerId":[]"#, r#""sdpMLineIndex":1e999"#]),
    ("created", "archive/a1", &[r#""name":5"#, r#""status":[]"#]),
    ("updated", "archive/a1", &[r#""status":true"#]),
    ("migrate", "migrate", &[r#""x":1e999"#]),
    ("notification", "notification", &[r#""x":1e999"#]),
];

#[test]
fn a_content_of_the_wrong_form_is_refused() {
    let refused = |method: &str, place: &str, content: &str| {
        let text = format!(r#"{{"method":"{method}","uri":"S/{place}","content":{content}}}"#);
        assert!(matches!(decode(&text), Err(MessageError::Content { .. })), "{text}");
    };
    for (method, place, members) in WRONG_MEMBERS {
        for content in ["[]", r#"["a","b","c","d"]"#, r#""{}""#, "0", "true"] {
            refused(method, place, content);
        }
        for member in members {
            refused(method, place, &format!("{{{member}}}"));
        }
        let fine = format!(r#"{{"method":"{method}","uri":"S/{place}","content":{{"unheard":"of"}}}}"#);
        assert!(!matches!(body(&fine), Body::Unknown { .. }), "{fine}");
    }
    let session_mute = r#"{"method":"update","uri":"S","content":{"reason":"mute","active":1}}"#;
    assert!(matches!(decode(session_mute), Err(MessageError::Content { .. })));
}

#[test]
fn a_missing_content_and_null_are_an_empty_one() {
    for (method, place, _) in WRONG_MEMBERS {
        let text = |content: &str| format!(r#"{{"method":"{method}","uri":"S/{place}"{content}}}"#);
        let empty = decode(&text(r#","content":{}"#));
        assert_eq!(decode(&text("")), empty, "{method} {place}");
        assert_eq!(decode(&text(r#","content":null"#)), empty, "{method} {place}");
        assert_eq!(decode(&text(r#","content" : {   } "#)), empty, "{method} {place}");
        assert!(empty.is_ok(), "{method} {place}");
    }
}

#[test]
fn duplicate_keys_have_one_meaning() {
    // A field that this version knows may not be said twice: readers could disagree on it.
    let twice = r#"{"method":"signal","uri":"S/signal/s1","content":{"type":"a","type":"b"}}"#;
    assert!(matches!(decode(twice), Err(MessageError::Content { .. })));
    // Of what is only passed on the last one is left, as in JavaScript.
    let text = r#"{"method":"update","uri":"S/stream/st1/subscriber/su1","content":{"a":1,"a":2}}"#;
    assert!(written(text).ends_with(r#""content":{"a":2}}"#));
    // Which message it is and what it says come from the same reading.
    let mute = r#"{"method":"update","uri":"S/stream/st1","content":{"reason":"x","reason":"mute"}}"#;
    assert!(matches!(body(mute), Body::StreamMute { .. }));
    written(mute);
    let no_mute = r#"{"method":"update","uri":"S/stream/st1","content":{"reason":"mute","reason":"x"}}"#;
    let change = StreamChange { extra: object(json!({"reason": "x"})), ..StreamChange::default() };
    assert_eq!(body(no_mute), Body::StreamUpdate { id: "st1".into(), change });
}

#[test]
fn nesting_of_any_depth_is_survived() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    for depth in [100, 128, 1000, 60_000] {
        let deep = nested(depth);
        // What is passed on as text has no depth.
        let signal = format!(r#"{{"method":"signal","uri":"S/signal/s1","content":{{"data":{deep}}}}}"#);
        assert_eq!(written(&signal), filled_in(&signal), "to the byte");
        let unknown = format!(r#"{{"method":"x","uri":"S","content":{deep}}}"#);
        assert_eq!(written(&unknown), filled_in(&unknown), "to the byte");
        // What is read is read to a bounded depth.
        let data =
            format!(r#"{{"method":"data","uri":"S/stream/s/channel/c/data/d","content":{{"x":{deep}}}}}"#);
        assert_eq!(decode(&data).is_ok(), depth < 127, "{depth}");
        let ignored = format!(r#"{{"method":"read","uri":"S","ignored":{deep}}}"#);
        assert_eq!(body(&ignored), Body::SessionRead);
        assert!(decode(&"[".repeat(depth)).is_err() && decode(&r#"{"a":"#.repeat(depth)).is_err());
    }
}

#[test]
fn huge_numbers_do_no_harm() {
    let created = |time: &str| {
        let text =
            format!(r#"{{"method":"created","uri":"S/connection/c1","content":{{"creationTime":{time}}}}}"#);
        match body(&text) {
            Body::ConnectionCreated(connection) => connection.creation_time,
            other => panic!("{other:?}"),
        }
    };
    let table =
        [("1e300", u64::MAX), ("-5", 0), ("18446744073709551616", u64::MAX), (r#""12""#, 12), ("1.5", 1)];
    for (text, millis) in table.into_iter().chain([("null", 0), ("{}", 0), (r#""x""#, 0), ("true", 0)]) {
        assert_eq!(created(text), millis, "{text}");
    }
    for number in ["0", "640", "-1", "9007199254740991", "0.5", "1e300", "-1e-300", "12345678901234567890123"]
    {
        let text =
            format!(r#"{{"method":"update","uri":"S/stream/s/channel/v","content":{{"width":{number}}}}}"#);
        let expected: f64 = number.parse().expect("a number");
        let value: Value = serde_json::from_str(&written(&text)).expect("JSON");
        assert_eq!(value["content"]["width"].as_f64(), Some(expected), "{number}");
    }
    let long = "9".repeat(10_000);
    let signal = format!(r#"{{"method":"signal","uri":"S/signal/s1","content":{{"data":{long}}}}}"#);
    assert_eq!(written(&signal), filled_in(&signal), "to the byte");
}

/// Half of a surrogate pair is a string to JavaScript and none to UTF-8: signal data passes it on as it came.
#[test]
fn lone_surrogates_in_signal_data_are_kept() {
    let text = r#"{"method":"signal","uri":"S/signal/s1","content":{"data":"a\ud83d\uDE00b\ud83d"}}"#;
    assert_eq!(written(text), filled_in(text), "to the byte");
    let Body::Signal { content: SignalContent { data: Some(data), .. }, .. } = body(text) else {
        panic!("a signal with data");
    };
    assert_eq!(data.as_string().as_deref(), Some("a😀b\u{fffd}"));
}

#[test]
fn the_id_of_the_uri_counts() {
    for (method, place, path) in [
        ("created", "connection/right", "/content/id"),
        ("create", "stream/right", "/content/id"),
        ("created", "stream/right", "/content/id"),
        ("create", "stream/st1/subscriber/right", "/content/id"),
        ("deleted", "stream/st1/subscriber/right", "/content/id"),
        ("created", "archive/right", "/content/id"),
    ] {
        for id in [r#""wrong""#, "5", "null", "{}"] {
            let text = format!(r#"{{"method":"{method}","uri":"S/{place}","content":{{"id":{id}}}}}"#);
            let value: Value = serde_json::from_str(&written(&text)).expect("JSON");
            assert_eq!(value.pointer(path), Some(&json!("right")), "{text}");
            assert_eq!(value["uri"], json!(format!("{}/{place}", session().topic())));
        }
    }
}

#[test]
fn a_reason_may_be_missing() {
    let text = r#"{"method":"deleted","uri":"S/connection/c1","content":{}}"#;
    assert_eq!(body(text), Body::ConnectionDeleted { id: "c1".into(), reason: Reason::Other(String::new()) });
    written(text);
    for content in ["{}", r#"{"reason":5}"#, r#"{"reason":null}"#] {
        let text = format!(r#"{{"method":"notification","uri":"S/notification","content":{content}}}"#);
        let expected = Body::Notification { reason: Reason::Other(String::new()), extra: Object::new() };
        assert_eq!(body(&text), expected);
        written(&text);
    }
}

#[test]
fn errors_say_where_and_never_what() {
    let not_a_message = decode(r#"{"method":"read","uri":"S","content":secret}"#).expect_err("no JSON");
    let wrong = decode(r#"{"method":"signal","uri":"S/signal/s1","content":{"type":["secret"]}}"#)
        .expect_err("no type");
    for error in [not_a_message, wrong] {
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("secret"), "{shown}");
    }
}

#[test]
fn a_message_beyond_the_bound_is_refused_unread() {
    use crate::limits::MESSAGE_BYTES;
    let message = |bytes: usize| {
        let head = r#"{"method":"x","uri":"/v2/partner/1/session/S/y","content":""#;
        format!("{head}{}\"}}", "z".repeat(bytes - head.len() - 2))
    };
    assert!(Message::decode(message(MESSAGE_BYTES).as_bytes()).is_ok());
    assert_eq!(Message::decode(message(MESSAGE_BYTES + 1).as_bytes()), Err(MessageError::TooLarge));
}
