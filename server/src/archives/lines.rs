//! The lines of an archive's file (`docs/server/archives.md`). What is there is never renamed; a reader ignores what it
//! does not know.

use super::record::Record;
use crate::sessions::Event;
use otc_protocol::raptor::{Connection, Json, Stream};
use serde::{Deserialize, Serialize};

/// The form of the file.
const VERSION: u32 = 1;
/// The statement in each file.
const MEDIA: &str = "not recorded: this file has what happened in the session, and no audio or video";

/// One line: when, in milliseconds since the archive began, and what.
#[derive(Debug, Serialize)]
struct Stamped<'a> {
    at: u64,
    #[serde(flatten)]
    line: &'a Line<'a>,
}

/// What a line says.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(super) enum Line<'a> {
    /// The first line.
    Archive {
        version: u32,
        id: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        multi_archive_tag: Option<&'a str>,
        project_id: &'a str,
        session_id: &'a str,
        created_at: u64,
        /// Those who come are told to mute themselves.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        newcomers_muted: bool,
        media: &'static str,
    },
    /// Somebody who was there when the archive began.
    Connection {
        connection: Who<'a>,
    },
    /// A stream that was there.
    Stream {
        stream: What<'a>,
    },
    ConnectionCreated {
        connection: Who<'a>,
    },
    ConnectionDestroyed {
        connection: Who<'a>,
        reason: &'a str,
    },
    StreamCreated {
        stream: What<'a>,
    },
    StreamChanged {
        stream: What<'a>,
    },
    StreamDestroyed {
        stream: What<'a>,
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
        signal_type: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        data: Option<&'a Json>,
    },
    /// Another archive of the session.
    ArchiveStarted {
        id: &'a str,
        name: &'a str,
    },
    ArchiveStopped {
        id: &'a str,
        reason: &'a str,
    },
    /// Events are missing here.
    Gap {
        events: u64,
    },
    /// The server was restarted, and the session went on.
    Restart,
    /// The last line.
    End {
        reason: &'a str,
    },
}

/// A connection.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Who<'a> {
    id: &'a str,
    created_at: u64,
    data: &'a str,
}

impl<'a> Who<'a> {
    pub(super) fn new(connection: &'a Connection) -> Self {
        Self { id: &connection.id, created_at: connection.creation_time, data: &connection.data }
    }
}

/// A stream.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct What<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    connection_id: Option<&'a str>,
    created_at: u64,
    name: &'a str,
    has_audio: bool,
    has_video: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    video_type: Option<&'a str>,
}

impl<'a> What<'a> {
    pub(super) fn new(stream: &'a Stream) -> Self {
        let of = |kind: &'static str| stream.channel.iter().filter(move |channel| channel.kind == kind);
        let is_on = |kind: &'static str| of(kind).any(|channel| channel.state.active.unwrap_or(true));
        Self {
            id: &stream.id,
            connection_id: stream.publisher(),
            created_at: stream.creation_time,
            name: &stream.name,
            has_audio: is_on("audio"),
            has_video: is_on("video"),
            video_type: of("video").find_map(|channel| channel.state.source.as_deref()),
        }
    }
}

impl<'a> Line<'a> {
    /// The first line of an archive.
    pub(super) fn first(record: &'a Record, newcomers_muted: bool) -> Self {
        Self::Archive {
            version: VERSION,
            id: &record.id,
            name: record.wishes.name.as_deref(),
            multi_archive_tag: record.wishes.tag.as_deref(),
            project_id: &record.project,
            session_id: &record.session,
            created_at: record.created_ms,
            newcomers_muted,
            media: MEDIA,
        }
    }

    /// The line of an event in an archive that it neither begins nor ends.
    pub(super) fn of(event: &'a Event) -> Option<Self> {
        Some(match event {
            // An archive ends before its session does, and begins when somebody is there. What is overheard is of a session
            // without one.
            Event::SessionCreated | Event::SessionDestroyed | Event::Overheard { .. } => return None,
            Event::ConnectionCreated { connection } => {
                Self::ConnectionCreated { connection: Who::new(connection) }
            }
            Event::ConnectionDestroyed { connection, reason } => {
                Self::ConnectionDestroyed { connection: Who::new(connection), reason: reason.as_str() }
            }
            Event::StreamCreated { stream } => Self::StreamCreated { stream: What::new(stream) },
            Event::StreamChanged { stream } => Self::StreamChanged { stream: What::new(stream) },
            Event::StreamDestroyed { stream, reason } => {
                Self::StreamDestroyed { stream: What::new(stream), reason: reason.as_str() }
            }
            Event::Muted { by, stream, excluded, active } => {
                Self::Muted { by: by.as_deref(), stream: stream.as_deref(), excluded, active: *active }
            }
            Event::Signal { from, to, content } => Self::Signal {
                from: from.as_deref(),
                to: to.as_deref(),
                signal_type: content.kind.as_deref(),
                data: content.data.as_ref(),
            },
            Event::ArchiveStarted { archive, .. } => {
                Self::ArchiveStarted { id: &archive.id, name: &archive.name }
            }
            Event::ArchiveStopped { id, reason } => Self::ArchiveStopped { id, reason },
        })
    }

    /// The line as it is in the file, with what ends it.
    pub(super) fn write(&self, at: u64) -> serde_json::Result<Vec<u8>> {
        let mut bytes = serde_json::to_vec(&Stamped { at, line: self })?;
        // A client's own JSON may be spread over lines; between its parts blanks mean the same, and within a text
        // there are none.
        for byte in &mut bytes {
            if matches!(byte, b'\n' | b'\r') {
                *byte = b' ';
            }
        }
        bytes.push(b'\n');
        Ok(bytes)
    }
}

/// What is read of a line again, after a crash.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub(super) struct LastLine {
    pub(super) at: u64,
    kind: String,
    #[serde(default)]
    reason: Option<String>,
}

impl LastLine {
    /// A line without what ends it; `None` when it is not whole.
    pub(super) fn of(line: &[u8]) -> Option<Self> {
        serde_json::from_slice(line).ok()
    }

    /// Why the archive had ended, if it had.
    pub(super) fn end(&self) -> Option<&str> {
        (self.kind == "end").then(|| self.reason.as_deref().unwrap_or_default())
    }
}
