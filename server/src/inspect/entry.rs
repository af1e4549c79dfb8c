//! What happened, in words: the JSON of one entry of a timeline, on one line.

use crate::sessions::Event;
use otc_protocol::raptor::{Json, Stream};
use serde::Serialize;

/// An entry: its number, when it was, and what.
#[derive(Serialize)]
struct Numbered<'a> {
    n: u64,
    at: u64,
    #[serde(flatten)]
    what: What<'a>,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
enum What<'a> {
    SessionCreated,
    SessionDestroyed,
    ConnectionCreated {
        connection: Who<'a>,
    },
    ConnectionDestroyed {
        connection: Who<'a>,
        reason: &'a str,
    },
    StreamCreated {
        stream: Shown<'a>,
    },
    StreamChanged {
        stream: Shown<'a>,
    },
    StreamDestroyed {
        stream: Shown<'a>,
        reason: &'a str,
    },
    Muted {
        #[serde(skip_serializing_if = "Option::is_none")]
        by: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        stream: Option<&'a str>,
        #[serde(skip_serializing_if = "<[_]>::is_empty")]
        excluded: &'a [String],
        active: bool,
    },
    Signal {
        #[serde(skip_serializing_if = "Option::is_none")]
        from: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        to: Option<&'a str>,
        #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
        kind: Option<&'a str>,
        bytes: usize,
        #[serde(skip_serializing_if = "Option::is_none")]
        data: Option<&'a Json>,
    },
    ArchiveStarted {
        archive: Kept<'a>,
    },
    ArchiveStopped {
        archive: Kept<'a>,
        reason: &'a str,
    },
    /// So many are missing here: more happened than could be read.
    Gap {
        events: u64,
    },
}

#[derive(Serialize)]
struct Who<'a> {
    id: &'a str,
    data: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    id: &'a str,
    name: &'a str,
    connection_id: &'a str,
    has_audio: bool,
    has_video: bool,
}

impl<'a> From<&'a Stream> for Shown<'a> {
    fn from(stream: &'a Stream) -> Self {
        let has = |kind: &str| {
            stream.channel.iter().any(|channel| channel.kind == kind && channel.state.active.unwrap_or(true))
        };
        Self {
            id: &stream.id,
            name: beginning(&stream.name),
            connection_id: stream.publisher().unwrap_or_default(),
            has_audio: has("audio"),
            has_video: has("video"),
        }
    }
}

#[derive(Serialize)]
struct Kept<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
}

/// Bytes of a stream's name that are kept.
const NAME_BYTES: usize = 1024;

/// The beginning of a text that a client has written.
fn beginning(text: &str) -> &str {
    let ends = (0..=NAME_BYTES.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    &text[..ends.unwrap_or(0)]
}

/// Whether an event is somebody's word, which is told while somebody listens.
pub(super) fn is_signal(event: &Event) -> bool {
    matches!(event, Event::Signal { .. } | Event::Overheard { .. })
}

/// The entry of an event: `with_contents` with what a signal says, else only how much that is.
pub(super) fn text(n: u64, at: u64, event: &Event, with_contents: bool) -> String {
    let what = match event {
        Event::SessionCreated => What::SessionCreated,
        Event::SessionDestroyed => What::SessionDestroyed,
        Event::ConnectionCreated { connection } => {
            What::ConnectionCreated { connection: Who { id: &connection.id, data: &connection.data } }
        }
        Event::ConnectionDestroyed { connection, reason } => What::ConnectionDestroyed {
            connection: Who { id: &connection.id, data: &connection.data },
            reason: reason.as_str(),
        },
        Event::StreamCreated { stream } => What::StreamCreated { stream: stream.into() },
        Event::StreamChanged { stream } => What::StreamChanged { stream: stream.into() },
        Event::StreamDestroyed { stream, reason } => {
            What::StreamDestroyed { stream: stream.into(), reason: reason.as_str() }
        }
        Event::Muted { by, stream, excluded, active } => What::Muted {
            by: by.as_deref(),
            stream: stream.as_deref(),
            // A thousand of them are nothing to look at.
            excluded: &excluded[..excluded.len().min(16)],
            active: *active,
        },
        Event::Signal { from, to, content } | Event::Overheard { from, to, content } => What::Signal {
            from: from.as_deref(),
            to: to.as_deref(),
            kind: content.kind.as_deref(),
            bytes: content
                .data
                .as_ref()
                .map_or(0, |data| data.as_string().map_or(data.text().len(), |text| text.len())),
            data: content.data.as_ref().filter(|_| with_contents),
        },
        Event::ArchiveStarted { archive, .. } => {
            What::ArchiveStarted { archive: Kept { id: &archive.id, name: Some(&archive.name) } }
        }
        Event::ArchiveStopped { id, reason } => {
            What::ArchiveStopped { archive: Kept { id, name: None }, reason }
        }
    };
    line(&Numbered { n, at, what })
}

/// The entry of a gap.
pub(super) fn gap(n: u64, at: u64, events: u64) -> String {
    line(&Numbered { n, at, what: What::Gap { events } })
}

/// A client's own JSON may be spread over lines; between its parts blanks mean the same, and within a text there are none.
fn line(entry: &Numbered<'_>) -> String {
    serde_json::to_string(entry).unwrap_or_default().replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use otc_protocol::raptor::{Archive, Channel, ChannelState, Connection, Reason, SignalContent};
    use serde_json::{Value, json};

    fn read(event: &Event, with_contents: bool) -> Value {
        let text = text(7, 9, event, with_contents);
        assert!(!text.contains(['\n', '\r']), "{text}");
        let mut value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((value["n"].take(), value["at"].take()), (json!(7), json!(9)));
        let members = value.as_object_mut().unwrap();
        members.retain(|name, _| name != "n" && name != "at");
        value
    }

    #[test]
    fn every_event_has_its_words() {
        let connection = Connection { id: "c".into(), data: "<b>\n".into(), ..Connection::default() };
        let track = |kind: &str, active| Channel {
            id: String::new(),
            kind: kind.into(),
            state: ChannelState { active, ..ChannelState::default() },
        };
        let stream = Stream {
            id: "s".into(),
            name: "n".into(),
            connection: Some(connection.clone()),
            channel: vec![track("audio", Some(false)), track("video", None)],
            ..Stream::default()
        };
        let shown = json!({"id": "s", "name": "n", "connectionId": "c", "hasAudio": false, "hasVideo": true});
        let archive = Archive { id: "a".into(), name: "m".into(), ..Archive::default() };
        let who = json!({"id": "c", "data": "<b>\n"});
        let reason = Reason::ClientDisconnected;
        for (event, expected) in [
            (Event::SessionCreated, json!({"kind": "sessionCreated"})),
            (Event::SessionDestroyed, json!({"kind": "sessionDestroyed"})),
            (
                Event::ConnectionCreated { connection: connection.clone() },
                json!({"kind": "connectionCreated", "connection": who}),
            ),
            (
                Event::ConnectionDestroyed { connection, reason: reason.clone() },
                json!({"kind": "connectionDestroyed", "connection": who, "reason": "clientDisconnected"}),
            ),
            (
                Event::StreamCreated { stream: stream.clone() },
                json!({"kind": "streamCreated", "stream": shown}),
            ),
            (
                Event::StreamChanged { stream: stream.clone() },
                json!({"kind": "streamChanged", "stream": shown}),
            ),
            (
                Event::StreamDestroyed { stream, reason },
                json!({"kind": "streamDestroyed", "stream": shown, "reason": "clientDisconnected"}),
            ),
            (
                Event::Muted { by: None, stream: None, excluded: vec!["s".into()], active: true },
                json!({"kind": "muted", "excluded": ["s"], "active": true}),
            ),
            (
                Event::Muted {
                    by: Some("c".into()),
                    stream: Some("s".into()),
                    excluded: vec![],
                    active: false,
                },
                json!({"kind": "muted", "by": "c", "stream": "s", "active": false}),
            ),
            (
                Event::ArchiveStarted { archive, connections: vec![], streams: vec![], muted: false },
                json!({"kind": "archiveStarted", "archive": {"id": "a", "name": "m"}}),
            ),
            (
                Event::ArchiveStopped { id: "a".into(), reason: "r".into() },
                json!({"kind": "archiveStopped", "archive": {"id": "a"}, "reason": "r"}),
            ),
        ] {
            assert_eq!(read(&event, true), expected);
            assert!(!is_signal(&event));
        }
        assert_eq!(
            serde_json::from_str::<Value>(&gap(1, 2, 3)).unwrap(),
            json!({"n": 1, "at": 2, "kind": "gap", "events": 3})
        );
    }

    #[test]
    fn what_a_signal_says_is_told_only_when_asked_for() {
        for (data, bytes, expected) in [
            (None, 0, None),
            (Some(r#""h\u00e9""#), 3, Some(json!("hé"))),
            (Some("{\"a\":\r\n\n[1,\"\\n\"]}"), 17, Some(json!({"a": [1, "\n"]}))),
            (Some("null"), 4, Some(Value::Null)),
        ] {
            let data = data.map(|data| Json::from_text(data.to_owned()).unwrap());
            let content = SignalContent { kind: Some("chat".into()), data, ..SignalContent::default() };
            let (from, to) = (Some("c".to_owned()), Some("d".to_owned()));
            for event in [
                Event::Signal { from: from.clone(), to: to.clone(), content: content.clone() },
                Event::Overheard { from, to, content },
            ] {
                assert!(is_signal(&event));
                let mut told =
                    json!({"kind": "signal", "from": "c", "to": "d", "type": "chat", "bytes": bytes});
                assert_eq!(read(&event, false), told);
                if let Some(expected) = &expected {
                    told["data"] = expected.clone();
                }
                assert_eq!(read(&event, true), told);
            }
        }
        let nobody = Event::Overheard { from: None, to: None, content: SignalContent::default() };
        assert_eq!(read(&nobody, true), json!({"kind": "signal", "bytes": 0}));
    }

    #[test]
    fn long_names_are_cut_between_characters() {
        let stream = Stream { name: "é".repeat(NAME_BYTES), ..Stream::default() };
        let told = read(&Event::StreamCreated { stream }, false);
        assert_eq!(told["stream"]["name"].as_str().unwrap().len(), NAME_BYTES);
    }
}
