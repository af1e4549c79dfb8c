//! Messages to JSON and back.

use super::address::{self, Path};
use super::json::Json;
use super::stream::{Mute, StreamChange};
use super::subscriber::Step;
use super::{Body, Message, Object, Reason};
use crate::limits::MESSAGE_BYTES;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// Why bytes are not a message.
///
/// Texts of the JSON parser say where, never what: the bytes may hold a signal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MessageError {
    /// Not the JSON of a message: `method` and `uri` with an optional `content` and `reason`.
    NotAMessage {
        /// Byte column of the fault.
        column: usize,
    },
    /// More than [`MESSAGE_BYTES`].
    TooLarge,
    /// The uri does not name a session.
    NoSession,
    /// The message is known, its content is not of the right form.
    Content {
        /// Where the message goes, without ids.
        resource: &'static str,
    },
}

impl fmt::Display for MessageError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAMessage { column } => write!(formatter, "not a message (at byte {column})"),
            Self::TooLarge => write!(formatter, "the message is larger than {MESSAGE_BYTES} bytes"),
            Self::NoSession => formatter.write_str("the uri does not name a session"),
            Self::Content { resource } => {
                write!(formatter, "the content is not that of a {resource} message")
            }
        }
    }
}

impl std::error::Error for MessageError {}

#[derive(Deserialize)]
struct Incoming<'a> {
    #[serde(borrow)]
    method: Cow<'a, str>,
    #[serde(borrow)]
    uri: Cow<'a, str>,
    #[serde(borrow, default, deserialize_with = "present")]
    content: Option<&'a RawValue>,
    #[serde(default)]
    reason: Option<String>,
}

/// Keeps an explicit `null` apart from an absent content: an unknown message is written back as it came.
fn present<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'a RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

#[derive(Serialize)]
struct Outgoing<'a, T> {
    method: &'a str,
    uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<T>,
}

impl Message {
    /// Reads a message.
    pub fn decode(bytes: &[u8]) -> Result<Self, MessageError> {
        if bytes.len() > MESSAGE_BYTES {
            return Err(MessageError::TooLarge);
        }
        if !is_object(bytes) {
            return Err(MessageError::NotAMessage { column: 0 });
        }
        let incoming: Incoming<'_> = serde_json::from_slice(bytes)
            .map_err(|error| MessageError::NotAMessage { column: error.column() })?;
        let (session, path) = address::parse(&incoming.uri).ok_or(MessageError::NoSession)?;
        Ok(Self { session, body: Body::decode(&incoming, path)? })
    }

    /// Writes the message.
    pub fn encode(&self) -> Vec<u8> {
        let to = |path: Path| path.uri(&self.session);
        let stream = |id: &String| Path::Stream(id.clone());
        let subscriber = |stream: &String, id: &String| Path::Subscriber {
            stream: stream.clone(),
            subscriber: id.clone(),
        };
        let empty = Object::new();
        match &self.body {
            Body::ConnectionCreate { id, content } => {
                write("create", to(Path::Connection(id.clone())), None, content)
            }
            Body::ConnectionCreated(connection) => {
                write("created", to(Path::Connection(connection.id.clone())), None, connection)
            }
            Body::ConnectionDelete { id } => write("delete", to(Path::Connection(id.clone())), None, &empty),
            Body::ConnectionDeleted { id, reason } => {
                write("deleted", to(Path::Connection(id.clone())), Some(reason.as_str()), &empty)
            }
            Body::SessionRead => write("read", to(Path::Session), None, &empty),
            Body::SessionMute(mute) => write("update", to(Path::Session), None, &WithReason::mute(mute)),
            Body::Migrate(content) => write("migrate", to(Path::Migrate), None, content),
            Body::Notification { reason, extra } => {
                let content = WithReason { reason: reason.as_str(), content: extra };
                write("notification", to(Path::Notification), None, &content)
            }
            Body::Signal { id, to: addressee, content } => {
                write("signal", to(Path::Signal { to: addressee.clone(), id: id.clone() }), None, content)
            }
            Body::StreamCreate(content) => write("create", to(stream(&content.id)), None, content),
            Body::StreamCreated(content) => write("created", to(stream(&content.id)), None, content),
            Body::StreamDelete { id, content } => write("delete", to(stream(id)), None, content),
            Body::StreamDeleted { id, reason, content } => {
                write("deleted", to(stream(id)), Some(reason.as_str()), content)
            }
            Body::StreamMute { id, mute } => write("update", to(stream(id)), None, &WithReason::mute(mute)),
            Body::StreamUpdate { id, change } => write("update", to(stream(id)), None, change),
            Body::StreamUpdated { id, change } => write("updated", to(stream(id)), None, change),
            Body::ChannelUpdate { stream, channel, change } => {
                let path = Path::Channel { stream: stream.clone(), channel: channel.clone() };
                write("update", to(path), None, change)
            }
            Body::ChannelUpdated { stream, channel, change } => {
                let path = Path::Channel { stream: stream.clone(), channel: channel.clone() };
                write("updated", to(path), None, change)
            }
            Body::Data { stream, subscriber, channel, id, content } => {
                let path = Path::Data {
                    stream: stream.clone(),
                    subscriber: subscriber.clone(),
                    channel: channel.clone(),
                    id: id.clone(),
                };
                write("data", to(path), None, content)
            }
            Body::SubscriberCreate { stream, id, content } => {
                write("create", to(subscriber(stream, id)), None, content)
            }
            Body::SubscriberUpdate { stream, id, content } => {
                write("update", to(subscriber(stream, id)), None, content)
            }
            Body::SubscriberDelete { stream, id } => {
                write("delete", to(subscriber(stream, id)), None, &empty)
            }
            Body::SubscriberDeleted { stream, id } => {
                write("deleted", to(subscriber(stream, id)), None, &Identified { id })
            }
            Body::SubscriberChannelUpdate { stream, subscriber, channel, content } => {
                let path = Path::SubscriberChannel {
                    stream: stream.clone(),
                    subscriber: subscriber.clone(),
                    channel: channel.clone(),
                };
                write("update", to(path), None, content)
            }
            Body::Negotiate { stream: id, subscriber: None, step, content } => {
                write(step.method(), to(stream(id)), None, content)
            }
            Body::Negotiate { stream, subscriber: Some(id), step, content } => {
                write(step.method(), to(subscriber(stream, id)), None, content)
            }
            Body::SourceCreate { stream, source, content } => {
                let path = Path::Source { stream: stream.clone(), source: source.clone() };
                write("create", to(path), None, content)
            }
            Body::SourceDelete { stream, source, content } => {
                let path = Path::Source { stream: stream.clone(), source: source.clone() };
                write("delete", to(path), None, content)
            }
            Body::ArchiveCreated(archive) => {
                write("created", to(Path::Archive(archive.id.clone())), None, archive)
            }
            Body::ArchiveUpdated { id, change } => {
                write("updated", to(Path::Archive(id.clone())), None, change)
            }
            Body::Unknown { method, path, content, reason } => {
                write_optional(method, path.uri(&self.session), reason.as_deref(), content.as_ref())
            }
        }
    }
}

/// Content with a `reason` of its own, which tells what kind of update it is.
#[derive(Serialize)]
struct WithReason<'a, T> {
    reason: &'a str,
    #[serde(flatten)]
    content: &'a T,
}

impl<'a> WithReason<'a, Mute> {
    fn mute(content: &'a Mute) -> Self {
        Self { reason: "mute", content }
    }
}

#[derive(Serialize)]
struct Identified<'a> {
    id: &'a str,
}

/// Whether JSON begins as an object: a derived `Deserialize` would read the fields of a struct from an array too.
fn is_object(json: &[u8]) -> bool {
    json.trim_ascii_start().starts_with(b"{")
}

fn write<T: Serialize>(method: &str, uri: String, reason: Option<&str>, content: &T) -> Vec<u8> {
    write_optional(method, uri, reason, Some(content))
}

/// Room for a short signal, so that writing one takes one allocation.
const TYPICAL_BYTES: usize = 320;

fn write_optional<T: Serialize>(
    method: &str,
    uri: String,
    reason: Option<&str>,
    content: Option<&T>,
) -> Vec<u8> {
    let mut out = Vec::with_capacity(TYPICAL_BYTES);
    // Maps have text keys and nothing else can fail when the target is memory.
    let _ = serde_json::to_writer(&mut out, &Outgoing { method, uri, reason, content });
    out
}

impl Body {
    fn decode(incoming: &Incoming<'_>, path: Path) -> Result<Self, MessageError> {
        let reason = || Reason::from(incoming.reason.clone().unwrap_or_default());
        if let Some(step) = Step::from_method(&incoming.method) {
            match path {
                Path::Stream(stream) => {
                    let content = incoming.content("negotiation")?;
                    return Ok(Self::Negotiate { stream, subscriber: None, step, content });
                }
                Path::Subscriber { stream, subscriber } => {
                    let content = incoming.content("negotiation")?;
                    return Ok(Self::Negotiate { stream, subscriber: Some(subscriber), step, content });
                }
                other => return Ok(incoming.unknown(other)),
            }
        }
        Ok(match (&*incoming.method, path) {
            ("create", Path::Connection(id)) => {
                Self::ConnectionCreate { id, content: incoming.content("connection")? }
            }
            ("created", Path::Connection(id)) => {
                Self::ConnectionCreated(incoming.content_with_id("connection", id)?)
            }
            ("delete", Path::Connection(id)) => Self::ConnectionDelete { id },
            ("deleted", Path::Connection(id)) => Self::ConnectionDeleted { id, reason: reason() },
            ("read", Path::Session) => Self::SessionRead,
            ("update", Path::Session) if incoming.is_mute() => {
                Self::SessionMute(incoming.without_reason("mute")?)
            }
            ("migrate", Path::Migrate) => Self::Migrate(incoming.content("migrate")?),
            ("notification", Path::Notification) => {
                let extra = incoming.without_reason("notification")?;
                Self::Notification { reason: Reason::from(incoming.inner_reason()), extra }
            }
            ("signal", Path::Signal { to, id }) => {
                Self::Signal { id, to, content: incoming.content("signal")? }
            }
            ("create", Path::Stream(id)) => Self::StreamCreate(incoming.content_with_id("stream", id)?),
            ("created", Path::Stream(id)) => Self::StreamCreated(incoming.content_with_id("stream", id)?),
            ("delete", Path::Stream(id)) => Self::StreamDelete { id, content: incoming.content("stream")? },
            ("deleted", Path::Stream(id)) => {
                Self::StreamDeleted { id, reason: reason(), content: incoming.content("stream")? }
            }
            ("update", Path::Stream(id)) if incoming.is_mute() => {
                Self::StreamMute { id, mute: incoming.without_reason("mute")? }
            }
            ("update", Path::Stream(id)) => {
                Self::StreamUpdate { id, change: incoming.content::<StreamChange>("stream")? }
            }
            ("updated", Path::Stream(id)) => Self::StreamUpdated { id, change: incoming.content("stream")? },
            ("update", Path::Channel { stream, channel }) => {
                Self::ChannelUpdate { stream, channel, change: incoming.content("channel")? }
            }
            ("updated", Path::Channel { stream, channel }) => {
                Self::ChannelUpdated { stream, channel, change: incoming.content("channel")? }
            }
            ("data", Path::Data { stream, subscriber, channel, id }) => {
                Self::Data { stream, subscriber, channel, id, content: incoming.content("data")? }
            }
            ("create", Path::Subscriber { stream, subscriber }) => {
                let content = incoming.content_with_id("subscriber", subscriber.clone())?;
                Self::SubscriberCreate { stream, id: subscriber, content }
            }
            ("update", Path::Subscriber { stream, subscriber }) => {
                Self::SubscriberUpdate { stream, id: subscriber, content: incoming.content("subscriber")? }
            }
            ("delete", Path::Subscriber { stream, subscriber }) => {
                Self::SubscriberDelete { stream, id: subscriber }
            }
            ("deleted", Path::Subscriber { stream, subscriber }) => {
                Self::SubscriberDeleted { stream, id: subscriber }
            }
            ("update", Path::SubscriberChannel { stream, subscriber, channel }) => {
                let content = incoming.content("subscriber channel")?;
                Self::SubscriberChannelUpdate { stream, subscriber, channel, content }
            }
            ("create", Path::Source { stream, source }) => {
                Self::SourceCreate { stream, source, content: incoming.content("source")? }
            }
            ("delete", Path::Source { stream, source }) => {
                Self::SourceDelete { stream, source, content: incoming.content("source")? }
            }
            ("created", Path::Archive(id)) => Self::ArchiveCreated(incoming.content_with_id("archive", id)?),
            ("updated", Path::Archive(id)) => {
                Self::ArchiveUpdated { id, change: incoming.content("archive")? }
            }
            (_, path) => incoming.unknown(path),
        })
    }
}

impl Incoming<'_> {
    /// The content as `T`, which is an object; an absent one is an empty object, and so is `null`.
    fn content<T: DeserializeOwned>(&self, resource: &'static str) -> Result<T, MessageError> {
        let wrong = MessageError::Content { resource };
        let text = self.content.map(RawValue::get).filter(|text| *text != "null").unwrap_or("{}");
        if !is_object(text.as_bytes()) {
            return Err(wrong);
        }
        serde_json::from_str(text).map_err(|_| wrong)
    }

    /// The content as `T`, whose `id` is the one of the uri whatever it says itself.
    fn content_with_id<T: DeserializeOwned>(
        &self,
        resource: &'static str,
        id: String,
    ) -> Result<T, MessageError> {
        let mut object: Object = self.content(resource)?;
        object.insert("id".into(), id.into());
        serde_json::from_value(object.into()).map_err(|_| MessageError::Content { resource })
    }

    /// The content as `T` without its `reason`.
    fn without_reason<T: DeserializeOwned>(&self, resource: &'static str) -> Result<T, MessageError> {
        let mut object: Object = self.content(resource)?;
        object.remove("reason");
        serde_json::from_value(object.into()).map_err(|_| MessageError::Content { resource })
    }

    /// The `reason` inside the content, read as [`Self::without_reason`] reads it: the last one counts.
    fn inner_reason(&self) -> String {
        let content: Object = self.content("reason").unwrap_or_default();
        content.get("reason").and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    fn is_mute(&self) -> bool {
        self.inner_reason() == "mute"
    }

    fn unknown(&self, path: Path) -> Body {
        Body::Unknown {
            method: self.method.clone().into_owned(),
            path,
            content: self.content.and_then(|content| Json::from_text(content.get().to_owned()).ok()),
            reason: self.reason.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
