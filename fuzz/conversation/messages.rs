//! Raptor messages of every type, right ones and wrong ones.

use super::source::Source;
use otc_protocol::envelope;
use serde_json::{Value, json};

pub(crate) const SESSION: &str = "2_MX4x";
pub(crate) const TOPIC: &str = "/v2/partner/123456/session/2_MX4x";

/// Words of the protocol that say what happens.
const METHODS: [&str; 19] = [
    "signal",
    "created",
    "deleted",
    "updated",
    "create",
    "delete",
    "update",
    "read",
    "mute",
    "data",
    "offer",
    "answer",
    "pranswer",
    "candidate",
    "generateoffer",
    "notification",
    "migrate",
    "unheard",
    "",
];
const REASONS: [&str; 7] = [
    "networkDisconnected",
    "forceDisconnected",
    "clientDisconnected",
    "forceUnpublished",
    "mediaStopped",
    "",
    "serverRotation",
];
const KINDS: [&str; 4] = ["video", "audio", "caption", "x"];

/// An id: one of a few, so that messages meet what others have made, or anything.
pub(crate) fn id(source: &mut Source<'_>, own: &str) -> String {
    match source.below(10) {
        0 => own.to_owned(),
        number @ 1..=7 => ["a", "b", "c", "d", "s", "p", "symphony.h"][number - 1].to_owned(),
        8 => source.text(),
        _ => "x".repeat(1 + source.below(80)),
    }
}

fn path(source: &mut Source<'_>, own: &str) -> String {
    let mut one = |name: &str| format!("/{name}/{}", id(source, own));
    let (connection, stream, signal) = (one("connection"), one("stream"), one("signal"));
    match source.below(14) {
        0 => signal,
        1 => connection,
        2 => stream,
        3 => connection + &signal,
        4 => format!("{stream}/channel/{}", id(source, own)),
        5 => format!("{stream}/subscriber/{}", id(source, own)),
        6 => {
            let (subscriber, channel) = (id(source, own), id(source, own));
            format!("{stream}/subscriber/{subscriber}/channel/{channel}")
        }
        7 => format!("{stream}/source/P2P"),
        8 => format!("/archive/{}", id(source, own)),
        9 => format!("{stream}/channel/{}/data/{}", id(source, own), id(source, own)),
        10 => {
            let (subscriber, channel) = (id(source, own), id(source, own));
            format!("{stream}/subscriber/{subscriber}/channel/{channel}/data/d")
        }
        11 => ["", "/notification", "/migrate", "/"][source.below(4)].to_owned(),
        12 => format!("/{}", source.text()),
        _ => String::new(),
    }
}

/// A member, as a server describes it.
pub(crate) fn member(source: &mut Source<'_>, id: &str) -> Value {
    let permissions = match source.below(4) {
        0 => json!(["publish", "subscribe", "signal", "forceunpublish", "forcedisconnect", "forcemute"]),
        1 => json!(["publish", "subscribe", "signal", "fly"]),
        2 => Value::Null,
        _ => json!([]),
    };
    json!({"id": id, "creationTime": 1_795_241_973_240_u64, "data": source.text(), "permissions": permissions})
}

fn channels(source: &mut Source<'_>) -> Value {
    let count = source.below(4) + if source.one_in(40) { 20 } else { 0 };
    let channel = |index: usize| {
        let kind = source.pick(&KINDS);
        json!({"id": format!("{kind}{index}"), "type": kind, "active": source.one_in(2), "width": source.byte(),
               "height": 480, "source": source.pick(&["camera", "screen"])})
    };
    (0..count).map(channel).collect()
}

pub(crate) fn stream(source: &mut Source<'_>, id: &str, owner: &str) -> Value {
    let mut stream =
        json!({"id": id, "name": source.text(), "channel": channels(source), "creationTime": "7"});
    match source.below(3) {
        0 => stream["connectionId"] = owner.into(),
        1 => stream["connection"] = member(source, owner),
        _ => {}
    }
    stream
}

/// What a message carries.
fn content(source: &mut Source<'_>, own: &str) -> Value {
    let (one, other) = (id(source, own), id(source, own));
    match source.below(14) {
        0 => json!({"type": source.text(), "data": source.text()}),
        1 => json!({"data": {"deep": [[[source.byte()]]]}}),
        2 => json!({"data": "\u{1f600}".repeat(16 * source.below(256))}),
        3 => member(source, &one),
        4 => stream(source, &one, &other),
        5 => json!({"active": source.one_in(2), "width": -1, "height": 1e300, "source": "screen"}),
        6 => json!({"id": one, "status": source.pick(&["started", "stopped", "paused", "x"]), "name": other}),
        7 => {
            json!({"reason": "mute", "active": source.one_in(2), "exclusion": [one, other], "channels": ["audio"]})
        }
        8 => json!({"name": source.text(), "reason": source.pick(&REASONS)}),
        9 => json!({"peerId": one, "sdp": "x".repeat(64 * source.below(256)), "candidate": other}),
        10 => Value::Null,
        11 => json!({}),
        12 => json!([source.byte(), "x"]),
        _ => {
            json!({"userAgent": source.text(), "capabilities": [one], "connectionEventsSuppressed": source.one_in(2)})
        }
    }
}

/// The JSON of a message, seldom broken.
pub(crate) fn message(source: &mut Source<'_>, own: &str) -> Vec<u8> {
    let topic = if source.one_in(16) { "/v2/partner/1/session/other" } else { TOPIC };
    let (method, path) = (source.pick(&METHODS), path(source, own));
    let mut message =
        json!({"method": method, "uri": format!("{topic}{path}"), "content": content(source, own)});
    if source.one_in(3) {
        message["reason"] = source.pick(&REASONS).into();
    }
    let mut json = message.to_string().into_bytes();
    if source.one_in(8) {
        source.mutate(&mut json);
    }
    json
}

/// A message whose method, path and content belong together.
pub(crate) fn sensible(source: &mut Source<'_>, own: &str) -> Vec<u8> {
    let (one, other) = (id(source, own), id(source, own));
    let (reason, active) = (source.pick(&REASONS), source.one_in(2));
    let (method, path, content) = match source.below(20) {
        0 => ("signal", format!("/signal/{one}"), json!({"type": "t", "data": source.text()})),
        1 => ("signal", format!("/connection/{one}/signal/{other}"), json!({"data": source.text()})),
        2 => ("created", format!("/connection/{one}"), member(source, &one)),
        3 => ("deleted", format!("/connection/{one}"), json!({})),
        4 => ("created", format!("/stream/{one}"), stream(source, &one, &other)),
        5 => ("deleted", format!("/stream/{one}"), json!({})),
        6 => ("create", format!("/stream/{one}"), stream(source, &one, &other)),
        7 => ("delete", format!("/stream/{one}"), json!({"sourceStreamId": other})),
        8 => ("update", format!("/stream/{one}"), json!({"name": source.text()})),
        9 => ("updated", format!("/stream/{one}"), json!({"name": source.text()})),
        10 => {
            let channel = format!("{}{}", source.pick(&KINDS), source.below(4));
            let method = source.pick(&["update", "updated"]);
            let change = json!({"active": active, "width": source.byte(), "orientation": 1, "x": one});
            (method, format!("/stream/{one}/channel/{channel}"), change)
        }
        11 => ("create", format!("/stream/{one}/subscriber/{other}"), json!({})),
        12 => ("delete", format!("/stream/{one}/subscriber/{other}"), json!({})),
        13 => {
            let method = source.pick(&["offer", "answer", "candidate", "pranswer", "generateoffer"]);
            let sdp = "v=0\r\n".repeat(source.below(256) << (4 * source.below(2)));
            (method, format!("/stream/{one}/subscriber/{other}"), json!({"sdp": sdp}))
        }
        14 => ("data", format!("/stream/{one}/channel/{other}/data/d"), json!({"text": source.text()})),
        15 => ("update", String::new(), json!({"reason": "mute", "active": active, "exclusion": [one]})),
        16 => ("update", format!("/stream/{one}"), json!({"reason": "mute", "active": active})),
        17 => ("read", String::new(), json!({})),
        18 => ("delete", format!("/connection/{one}"), json!({})),
        _ => {
            let method = source.pick(&["created", "updated"]);
            let status = source.pick(&["started", "stopped", "paused"]);
            (method, format!("/archive/{one}"), json!({"id": one, "status": status, "name": other}))
        }
    };
    json!({"method": method, "uri": format!("{TOPIC}{path}"), "reason": reason, "content": content})
        .to_string()
        .into_bytes()
}

/// The same, with what `of` knows about its uri when it is said on a peer connection.
pub(crate) fn named<'a>(data: Vec<u8>, of: impl Fn(&str) -> Option<&'a Value>) -> Vec<u8> {
    let Ok(mut message) = serde_json::from_slice::<Value>(&data) else { return data };
    let Some(names) = message["uri"].as_str().and_then(of).and_then(Value::as_object) else { return data };
    let is_negotiation =
        matches!(message["method"].as_str(), Some("offer" | "answer" | "pranswer" | "candidate"));
    match message["content"].as_object_mut() {
        Some(content) if is_negotiation => content.extend(names.clone()),
        _ => return data,
    }
    message.to_string().into_bytes()
}

/// What the server says of a session.
pub(crate) fn state(source: &mut Source<'_>, own: &str) -> Value {
    let connections: Vec<Value> = (0..source.below(5))
        .map(|_| {
            let id = id(source, own);
            member(source, &id)
        })
        .collect();
    let streams: Vec<Value> = (0..source.below(4))
        .map(|_| {
            let (id, owner) = (id(source, own), id(source, own));
            stream(source, &id, &owner)
        })
        .collect();
    let mut state = json!({"connection": connections, "stream": streams, "archive": []});
    if source.one_in(3) {
        state["archive"] = json!([{"id": "a", "status": "started", "name": "n"}]);
        state["mute"] = json!({"active": source.one_in(2)});
    }
    state
}

/// A frame of any kind with any headers.
pub(crate) fn any_frame(source: &mut Source<'_>, own: &str) -> Vec<u8> {
    use otc_protocol::rumor::{Kind, encode};
    let kind = source.pick(&Kind::ALL);
    let keys = [
        "TRANSACTION-ID",
        "X-TB-FROM-ADDRESS",
        "X-TB-TOKEN-AUTH",
        "STATUS",
        "uniqueId",
        "reconnect",
        "notifyDisconnectAddress",
        "Content-Type",
    ];
    let values: Vec<(&str, String)> = (0..source.below(6))
        .map(|_| {
            (
                source.pick(&keys),
                source.pick(&["", "1", "200", "t1", "moderator|x"]).to_owned() + &source.text(),
            )
        })
        .collect();
    let headers: Vec<(&str, &str)> = values.iter().map(|(key, value)| (*key, value.as_str())).collect();
    let data = if source.one_in(2) { sensible(source, own) } else { source.raw().to_vec() };
    encode(kind, &[TOPIC], &headers, &data).unwrap_or_else(|_| envelope::pong()).to_vec()
}
