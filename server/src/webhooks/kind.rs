//! What is told, and which of it a receiver wants.

use serde::{Deserialize, Serialize};

/// One kind of event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// A client has joined.
    ConnectionCreated,
    /// A client has left.
    ConnectionDestroyed,
    /// A stream is published.
    StreamCreated,
    /// A stream has ended.
    StreamDestroyed,
    /// The first client is in.
    SessionCreated,
    /// All have left.
    SessionDestroyed,
    /// The status of an archive has changed.
    Archive,
}

/// Every kind: its name, the group and event of a registration (`rest.md §2.1`).
const KINDS: [(Kind, &str, &str, &str); 7] = [
    (Kind::ConnectionCreated, "connectionCreated", "connection", "created"),
    (Kind::ConnectionDestroyed, "connectionDestroyed", "connection", "destroyed"),
    (Kind::StreamCreated, "streamCreated", "stream", "created"),
    (Kind::StreamDestroyed, "streamDestroyed", "stream", "destroyed"),
    (Kind::SessionCreated, "sessionCreated", "session", "created"),
    (Kind::SessionDestroyed, "sessionDestroyed", "session", "destroyed"),
    (Kind::Archive, "archive", "archive", "status"),
];

impl Kind {
    /// The `event` of its payload.
    pub fn name(self) -> &'static str {
        KINDS.iter().find(|row| row.0 == self).map_or("", |row| row.1)
    }

    /// The kind that a registration asks for.
    pub fn registered(group: &str, event: &str) -> Option<Self> {
        KINDS.iter().find(|row| row.2 == group && row.3 == event).map(|row| row.0)
    }

    fn bit(self) -> u8 {
        1 << (self as u8)
    }
}

/// Several kinds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kinds(u8);

impl Kinds {
    /// No kind.
    pub const NONE: Self = Self(0);
    /// Every kind.
    pub const ALL: Self = Self(0b111_1111);

    /// The kinds of a list of names: kinds and groups.
    pub fn named<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let mut kinds = Self::NONE;
        for name in names {
            let mut known = false;
            for (kind, _, _, _) in KINDS.iter().filter(|row| row.1 == name || row.2 == name) {
                kinds = kinds.and(*kind);
                known = true;
            }
            if !known {
                return Err(name.to_owned());
            }
        }
        Ok(kinds)
    }

    /// These and one more.
    #[must_use]
    pub fn and(self, kind: Kind) -> Self {
        Self(self.0 | kind.bit())
    }

    /// Whether that kind is one of them.
    pub fn has(self, kind: Kind) -> bool {
        self.0 & kind.bit() != 0
    }
}

impl From<Kind> for Kinds {
    fn from(kind: Kind) -> Self {
        Self::NONE.and(kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_groups_are_understood() {
        let all = Kinds::named(["connection", "stream", "session", "archive"]).unwrap();
        assert_eq!(all, Kinds::ALL);
        let some = Kinds::named(["connection", "streamDestroyed"]).unwrap();
        let had: Vec<_> = KINDS.iter().filter(|row| some.has(row.0)).map(|row| row.1).collect();
        assert_eq!(had, ["connectionCreated", "connectionDestroyed", "streamDestroyed"]);
        assert_eq!(Kinds::named(["connection", "sip"]), Err("sip".to_owned()));
        assert_eq!(Kind::registered("stream", "created"), Some(Kind::StreamCreated));
        assert_eq!(Kind::registered("archive", "status"), Some(Kind::Archive));
        assert_eq!(Kind::registered("stream", "status"), None);
        for (kind, name, group, event) in KINDS {
            assert_eq!((kind.name(), Kind::registered(group, event)), (name, Some(kind)));
        }
    }
}
