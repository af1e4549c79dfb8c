//! What the engine wants done, as a recording says it.

use super::line::Line;
use super::names::Names;
use crate::session::{Event, Output};
use otc_protocol::raptor::Connection;
use otc_protocol::rumor::{Frame, Kind};

/// Writes one output.
pub(super) fn output(text: &mut String, names: &mut Names, output: &Output) {
    let mut line = Line::begin(text);
    match output {
        Output::RequestInfo { attempt, connection_id, .. } => {
            line.text("do", "request_info")
                .put("attempt", attempt)
                .text("connection", &names.id(connection_id));
        }
        Output::Dial { attempt, url } => {
            line.text("do", "dial").put("attempt", attempt).put("resume", is_resume(url));
        }
        Output::Send(bytes) => sent(line.text("do", "send"), names, bytes),
        Output::Close => {
            line.text("do", "close");
        }
        Output::Abandon => {
            line.text("do", "abandon");
        }
        // Its text is for people, and may quote what others have said.
        Output::Warn(_) => {
            line.text("do", "warn");
        }
        Output::Event(event) => told(&mut line, names, event),
    }
    line.end();
}

/// Whether the URL of a socket takes one up that was lost (`wire.md §3.1`).
fn is_resume(url: &str) -> bool {
    url.rsplit('&').nth(1) == Some("reconnect=true")
}

fn sent(line: &mut Line<'_>, names: &mut Names, bytes: &[u8]) {
    let Ok(frame) = Frame::decode(bytes) else {
        line.text("frame", "malformed");
        return;
    };
    let kind = match frame.kind {
        // Its transaction is the socket id.
        Kind::Connect => "connect",
        Kind::Subscribe => "subscribe",
        Kind::Unsubscribe => "unsubscribe",
        Kind::Message => "request",
        Kind::Disconnect => "disconnect",
        Kind::Ping => "ping",
        Kind::Pong => "pong",
        Kind::Status => "acknowledgement",
    };
    line.text("frame", kind);
    if let (Kind::Message | Kind::Status, Some(transaction)) = (frame.kind, frame.header(TRANSACTION)) {
        line.text("transaction", &names.id(transaction));
    }
    if frame.kind == Kind::Message {
        line.text("method", method(frame.data));
    }
}

const TRANSACTION: &str = "TRANSACTION-ID";

/// The method of a request of this client's own, which stands first in it.
fn method(data: &[u8]) -> &'static str {
    const METHODS: [&str; 4] = ["create", "signal", "update", "delete"];
    let said = data.strip_prefix(br#"{"method":""#).unwrap_or_default();
    let is =
        |method: &&&str| said.strip_prefix(method.as_bytes()).is_some_and(|rest| rest.starts_with(b"\""));
    METHODS.iter().find(is).unwrap_or(&"other")
}

fn told(line: &mut Line<'_>, names: &mut Names, event: &Event) {
    let connection = |names: &mut Names, connection: &Connection| names.id(&connection.id);
    match event {
        Event::StatusChanged(status) => line.text("event", "status").text("status", &format!("{status:?}")),
        Event::Connected => line.text("event", "connected"),
        Event::Disconnected(reason) => {
            line.text("event", "disconnected").text("reason", &format!("{reason:?}"))
        }
        Event::ConnectionCreated(member) => {
            line.text("event", "connection_created").text("connection", &connection(names, member))
        }
        Event::ConnectionDropped(member) => {
            line.text("event", "connection_dropped").text("connection", &connection(names, member))
        }
        Event::StreamReceived(stream) => {
            line.text("event", "stream_received").text("stream", &names.id(&stream.id))
        }
        Event::StreamDropped(stream) => {
            line.text("event", "stream_dropped").text("stream", &names.id(&stream.id))
        }
        Event::StreamChanged(stream, change) => line
            .text("event", "stream_changed")
            .text("stream", &names.id(&stream.id))
            .text("change", &format!("{change:?}")),
        Event::Signal(signal) => {
            line.text("event", "signal");
            if let Some(from) = &signal.from {
                line.text("from", &connection(names, from));
            }
            sizes(line, signal.kind.as_deref(), signal.data.as_deref());
            line
        }
        Event::Reconnecting => line.text("event", "reconnecting"),
        Event::Reconnected => line.text("event", "reconnected"),
        Event::ArchiveStarted { id, .. } => {
            line.text("event", "archive_started").text("archive", &names.id(id))
        }
        Event::ArchiveStopped { id } => line.text("event", "archive_stopped").text("archive", &names.id(id)),
        Event::SignalFailed(failed) => {
            line.text("event", "signal_failed").put("code", failed.code.code());
            if let Some(signal) = failed.signal() {
                sizes(line, signal.kind.as_deref(), signal.data.as_deref());
                if let Some(to) = &signal.to {
                    line.text("to", &names.id(to));
                }
            }
            line
        }
        Event::Error { code, .. } => line.text("event", "error").put("code", code.code()),
        Event::MuteForced { active } => line.text("event", "mute_forced").put("active", active),
    };
}

/// How many bytes a signal has.
fn sizes(line: &mut Line<'_>, kind: Option<&str>, data: Option<&str>) {
    for (key, text) in [("type", kind), ("data", data)] {
        if let Some(text) = text {
            line.put(key, text.len());
        }
    }
}
