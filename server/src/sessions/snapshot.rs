//! The sessions of a server that stops, as data: another process carries them on.
//!
//! Nothing here is a moment or a WebSocket: every line is lost when a snapshot is taken, and counts as lost from the
//! moment at which it is restored. What has been read from a file is hostile until [`Registry::restore`] has built rooms
//! of it.
//!
//! [`Registry::restore`]: super::Registry::restore

use super::answers::Answer;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::Bytes;
use otc_protocol::permissions::Permissions;
use otc_protocol::raptor::Archive;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use std::collections::HashMap;
use std::fmt;

/// Every session of a server that somebody was in, or is owed the news of.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Snapshot {
    pub(crate) rooms: Vec<RoomSnapshot>,
}

impl Snapshot {
    /// Leaves out the sessions of every project that `is_known` does not name; how many those are.
    pub fn keep_projects(&mut self, is_known: impl Fn(&str) -> bool) -> usize {
        let before = self.rooms.len();
        self.rooms.retain(|room| is_known(&room.head.project));
        before - self.rooms.len()
    }

    /// Sessions in it.
    pub fn sessions(&self) -> usize {
        self.rooms.len()
    }

    /// Lines in it: of members, and of those who have to hear that they are none any more.
    pub fn lines(&self) -> usize {
        self.rooms.iter().map(|room| room.lines.len()).sum()
    }

    /// The archives that run, by session and id.
    pub fn archives(&self) -> impl Iterator<Item = (&str, &str)> {
        self.rooms.iter().flat_map(|room| {
            let RoomHead { session, archives, .. } = &room.head;
            archives.iter().map(|archive| (session.as_str(), archive.id.as_str()))
        })
    }

    /// Messages that are owed, each counted once for everybody to whom it is owed.
    pub fn owed(&self) -> usize {
        self.rooms.iter().flat_map(|room| &room.lines).map(|line| line.owed.len()).sum()
    }
}

/// One session.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RoomSnapshot {
    pub(crate) head: RoomHead,
    /// Frames, each of which is there once for everybody to whom it is owed.
    pub(crate) letters: Vec<Blob>,
    pub(crate) lines: Vec<LineSnapshot>,
    pub(crate) streams: Vec<StreamSnapshot>,
}

/// What a room is apart from its lists.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RoomHead {
    pub(super) project: String,
    pub(super) session: String,
    pub(super) nonce: u64,
    pub(super) next_sequence: u64,
    pub(super) next_member: u64,
    pub(super) muted: bool,
    /// Those that run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) archives: Vec<Archive>,
    /// Since when somebody is in, and how many signals there were.
    #[serde(default)]
    pub(super) since_ms: u64,
    #[serde(default)]
    pub(super) signals: u64,
}

/// A member's line, or that of somebody who is no member any more.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LineSnapshot {
    pub(super) member: u64,
    pub(super) socket: String,
    pub(super) connection: String,
    pub(super) events_suppressed: bool,
    /// Sequence number and letter.
    pub(super) owed: Vec<(u64, usize)>,
    pub(super) answers: Vec<AnswerSnapshot>,
    /// `None` of somebody who is no member any more.
    pub(super) membership: Option<Membership>,
}

/// What only members have.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Membership {
    pub(super) creation_time: u64,
    pub(super) data: String,
    pub(super) permissions: Permissions,
    /// The digest of its token.
    pub(super) token: Blob,
    /// The request to join.
    pub(super) join: String,
    /// The sequence number of its own `created`.
    pub(super) created: u64,
    /// The letter with the answer to the join, if the client may still ask for it.
    pub(super) welcome: Option<usize>,
    /// The layout classes that its streams have at first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) layout_classes: Vec<String>,
    /// It sends refused signals again in their order.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) resends_in_order: bool,
}

/// A request that was answered.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AnswerSnapshot {
    #[serde(rename = "t")]
    pub(super) transaction: String,
    #[serde(rename = "a", default, skip_serializing_if = "Answer::is_done")]
    pub(super) answer: Answer,
}

/// A stream and its subscribers.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StreamSnapshot {
    pub(super) owner: u64,
    /// As newcomers see it.
    pub(super) stream: Box<RawValue>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) layout_classes: Vec<String>,
    pub(super) subscribers: Vec<SubscriberSnapshot>,
}

/// One subscriber of a stream.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SubscriberSnapshot {
    pub(super) id: String,
    pub(super) member: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) peer: Option<u64>,
    /// Candidates that wait for the publisher's first offer, or for the answer to a later one; `None`: none wait.
    pub(super) held: Option<Vec<Blob>>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) until_answer: bool,
}

/// Bytes, which JSON has in base64.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Blob(pub(super) Bytes);

impl Serialize for Blob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD_NO_PAD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(BlobVisitor)
    }
}

struct BlobVisitor;

impl Visitor<'_> for BlobVisitor {
    type Value = Blob;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("bytes in base64")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Blob, E> {
        STANDARD_NO_PAD.decode(text).map(|bytes| Blob(bytes.into())).map_err(|_| E::custom("not base64"))
    }
}

/// Collects frames, so that those that are shared stay shared.
#[derive(Default)]
pub(super) struct Letters {
    letters: Vec<Blob>,
    /// By where the bytes lie: those that are shared lie at one place, and `letters` keeps them there.
    places: HashMap<(usize, usize), usize>,
}

impl Letters {
    /// The letter that holds this frame.
    pub(super) fn post(&mut self, frame: &Bytes) -> usize {
        *self.places.entry((frame.as_ptr() as usize, frame.len())).or_insert_with(|| {
            self.letters.push(Blob(frame.clone()));
            self.letters.len() - 1
        })
    }

    pub(super) fn into_letters(self) -> Vec<Blob> {
        self.letters
    }
}

/// Why a snapshot cannot be carried on. Nothing of it is: half a session would be worse than none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unfit(pub(super) &'static str);

impl fmt::Display for Unfit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0)
    }
}

impl std::error::Error for Unfit {}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_sessions_of_other_projects_stay() {
        let room = |project: &str, session: &str| {
            json!({
                "head": { "project": project, "session": session, "nonce": 1, "next_sequence": 1, "next_member": 1, "muted": false },
                "letters": [], "lines": [], "streams": [],
            })
        };
        let rooms = [room("1", "a"), room("2", "b"), room("1", "c"), room("12", "d")];
        let mut snapshot: Snapshot = serde_json::from_value(json!({ "rooms": rooms })).expect("a snapshot");
        assert_eq!(snapshot.keep_projects(|project| project == "1"), 2);
        let left: Vec<&str> = snapshot.rooms.iter().map(|room| room.head.session.as_str()).collect();
        assert_eq!(left, ["a", "c"]);
        assert_eq!(snapshot.keep_projects(|project| project == "1"), 0);
    }
}
