//! The bodies of deliveries (`rest.md §3`).

use super::kind::Kind;
use crate::sessions::Event;
use otc_protocol::raptor::{Connection, Reason, SessionAddress, Stream};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// What every event of a session says, and what is its own.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Payload<'a> {
    session_id: &'a str,
    /// A text, also when it is a number.
    project_id: &'a str,
    event: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    timestamp: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    connection: Option<About<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<AboutStream<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct About<'a> {
    id: &'a str,
    created_at: u64,
    data: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AboutStream<'a> {
    id: &'a str,
    connection: About<'a>,
    created_at: u64,
    name: &'a str,
    /// Not there when nothing is to be seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    video_type: Option<&'a str>,
}

/// Whom an event is about, and why it came to pass.
type Subject<'a> = (Kind, Option<&'a Connection>, Option<&'a Stream>, Option<&'a Reason>);

/// The kind and body of an event; `None`: receivers are not told of it.
pub(super) fn of_event(session: &SessionAddress, unix_ms: u64, event: &Event) -> Option<(Kind, String)> {
    let (kind, connection, stream, reason): Subject<'_> = match event {
        Event::SessionCreated => (Kind::SessionCreated, None, None, None),
        Event::SessionDestroyed => (Kind::SessionDestroyed, None, None, None),
        Event::ConnectionCreated { connection } => (Kind::ConnectionCreated, Some(connection), None, None),
        Event::ConnectionDestroyed { connection, reason } => {
            (Kind::ConnectionDestroyed, Some(connection), None, Some(reason))
        }
        Event::StreamCreated { stream } => (Kind::StreamCreated, None, Some(stream), None),
        Event::StreamDestroyed { stream, reason } => {
            (Kind::StreamDestroyed, None, Some(stream), Some(reason))
        }
        Event::StreamChanged { .. }
        | Event::Muted { .. }
        | Event::Signal { .. }
        | Event::Overheard { .. }
        | Event::ArchiveStarted { .. }
        | Event::ArchiveStopped { .. } => return None,
    };
    let payload = Payload {
        session_id: &session.session,
        project_id: &session.project,
        event: kind.name(),
        reason: reason.map(Reason::as_str),
        timestamp: unix_ms,
        connection: connection.map(about),
        stream: stream.map(about_stream),
    };
    Some((kind, serde_json::to_string(&payload).ok()?))
}

fn about(connection: &Connection) -> About<'_> {
    About { id: &connection.id, created_at: connection.creation_time, data: &connection.data }
}

fn about_stream(stream: &Stream) -> AboutStream<'_> {
    let connection = match &stream.connection {
        Some(connection) => about(connection),
        None => About { id: stream.publisher().unwrap_or_default(), created_at: 0, data: "" },
    };
    let video = stream.channel.iter().find(|channel| channel.kind == "video");
    AboutStream {
        id: &stream.id,
        connection,
        created_at: stream.creation_time,
        name: &stream.name,
        video_type: video.map(|video| video.state.source.as_deref().unwrap_or("camera")),
    }
}

/// The body of an archive's new status: the archive's object, with projects as numbers where they are numbers, and its
/// time of creation rounded to a whole second (`rest.md §3`).
pub(super) fn of_archive(session: &SessionAddress, archive: Value) -> String {
    let mut archive = match archive {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    archive.insert("event".into(), Kind::Archive.name().into());
    archive.insert("sessionId".into(), session.session.as_str().into());
    archive.insert(
        "projectId".into(),
        match session.project.parse::<u64>() {
            Ok(number) => json!(number),
            Err(_) => json!(session.project),
        },
    );
    if let Some(created) = archive.get("createdAt").and_then(Value::as_u64) {
        archive.insert("createdAt".into(), json!((created + 500) / 1000 * 1000));
    }
    Value::Object(archive).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use otc_protocol::raptor::{Channel, ChannelState};

    const SESSION: &str = "1_MX4xMjM0NTZ-fg";

    fn session(project: &str) -> SessionAddress {
        SessionAddress { project: project.into(), session: SESSION.into() }
    }

    fn connection() -> Connection {
        Connection {
            id: "c053fcc8-c681-41d5-8ec2-7a9e1434a21e".into(),
            creation_time: 1_739_538_894_959,
            data: "name=\"Ann\"".into(),
            permissions: vec!["publish".into()],
        }
    }

    fn stream(channels: Vec<Channel>) -> Stream {
        Stream {
            id: "f5a1c5cc-c681-41d5-8ec2-7a9e1434a21e".into(),
            name: "Ann's".into(),
            creation_time: 1_739_538_895_000,
            connection: Some(connection()),
            channel: channels,
            ..Stream::default()
        }
    }

    fn channel(kind: &str, source: Option<&str>) -> Channel {
        let state = ChannelState { source: source.map(Into::into), ..ChannelState::default() };
        Channel { id: format!("{kind}1"), kind: kind.into(), state }
    }

    fn told(event: &Event) -> Value {
        let (kind, body) = of_event(&session("123456"), 1_739_538_900_123, event).expect("told");
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(body["event"], kind.name());
        body
    }

    #[test]
    fn what_becomes_of_connections_is_told() {
        let common = json!({
            "sessionId": SESSION, "projectId": "123456", "event": "connectionCreated", "timestamp": 1_739_538_900_123_u64,
            "connection": {"id": "c053fcc8-c681-41d5-8ec2-7a9e1434a21e", "createdAt": 1_739_538_894_959_u64,
                "data": "name=\"Ann\""},
        });
        assert_eq!(told(&Event::ConnectionCreated { connection: connection() }), common);
        for reason in ["clientDisconnected", "forceDisconnected", "networkDisconnected"] {
            let mut left = common.clone();
            left["event"] = "connectionDestroyed".into();
            left["reason"] = reason.into();
            let reason = Reason::from(reason.to_owned());
            assert_eq!(told(&Event::ConnectionDestroyed { connection: connection(), reason }), left);
        }
    }

    #[test]
    fn what_becomes_of_streams_is_told() {
        let common = json!({
            "sessionId": SESSION, "projectId": "123456", "event": "streamCreated", "timestamp": 1_739_538_900_123_u64,
            "stream": {"id": "f5a1c5cc-c681-41d5-8ec2-7a9e1434a21e", "createdAt": 1_739_538_895_000_u64,
                "name": "Ann's", "connection": {"id": "c053fcc8-c681-41d5-8ec2-7a9e1434a21e",
                "createdAt": 1_739_538_894_959_u64, "data": "name=\"Ann\""}},
        });
        let audio = channel("audio", None);
        assert_eq!(told(&Event::StreamCreated { stream: stream(vec![audio.clone()]) }), common);
        for (source, video_type) in [
            (Some("screen"), "screen"),
            (Some("custom"), "custom"),
            (Some("camera"), "camera"),
            (None, "camera"),
        ] {
            let mut seen = common.clone();
            seen["stream"]["videoType"] = video_type.into();
            let channels = vec![audio.clone(), channel("video", source)];
            assert_eq!(told(&Event::StreamCreated { stream: stream(channels) }), seen);
        }
        for reason in [
            Reason::ClientDisconnected,
            Reason::ForceDisconnected,
            Reason::NetworkDisconnected,
            Reason::ForceUnpublished,
            Reason::MediaStopped,
        ] {
            let mut ended = common.clone();
            ended["event"] = "streamDestroyed".into();
            ended["reason"] = reason.as_str().into();
            assert_eq!(told(&Event::StreamDestroyed { stream: stream(vec![audio.clone()]), reason }), ended);
        }
    }

    #[test]
    fn what_becomes_of_sessions_is_told() {
        for (event, name) in
            [(Event::SessionCreated, "sessionCreated"), (Event::SessionDestroyed, "sessionDestroyed")]
        {
            let expected = json!({"sessionId": SESSION, "projectId": "123456", "event": name,
                "timestamp": 1_739_538_900_123_u64});
            assert_eq!(told(&event), expected);
        }
    }

    #[test]
    fn archives_are_told_with_numbers() {
        let archive = json!({"id": "a", "status": "stopped", "createdAt": 1_739_538_900_789_u64, "partnerId": 123_456,
            "projectId": "123456"});
        let body: Value = serde_json::from_str(&of_archive(&session("123456"), archive.clone())).unwrap();
        assert_eq!(
            body,
            json!({"id": "a", "status": "stopped", "event": "archive", "createdAt": 1_739_538_901_000_u64,
            "partnerId": 123_456, "projectId": 123_456, "sessionId": SESSION})
        );
        let application = "29f760f8-7ce1-46c9-ade3-f2dedee4ed5f";
        let body: Value = serde_json::from_str(&of_archive(&session(application), archive)).unwrap();
        assert_eq!(body["projectId"], application);
    }

    #[test]
    fn what_is_said_in_a_session_is_not_told() {
        let signal =
            Event::Signal { from: None, to: None, content: otc_protocol::raptor::SignalContent::default() };
        let muted = Event::Muted { by: None, stream: None, excluded: Vec::new(), active: true };
        for event in [signal, muted, Event::StreamChanged { stream: stream(Vec::new()) }] {
            assert_eq!(of_event(&session("1"), 1, &event), None);
        }
    }
}
