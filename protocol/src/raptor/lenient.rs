//! Reading the state of a session although some of it makes no sense.

use super::json::null_as_default;
use super::reply::{MuteState, SessionState};
use super::{Archive, Connection, Object, Stream};
use crate::limits::{MESSAGE_BYTES, ROSTER_ARCHIVES, ROSTER_CONNECTIONS, ROSTER_STREAMS};
use serde::de::{DeserializeOwned, Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::fmt;
use std::marker::PhantomData;

impl SessionState {
    /// Reads the answer to a join as a client keeps it, without what it has no use for, and says how many of its entries
    /// make no sense and have been left out: one member that cannot be described must not keep everybody else from joining.
    /// A state that lists more than any session holds is refused: read at large it could take a hundred times its size.
    pub fn read(data: &[u8]) -> Result<(Self, usize), serde_json::Error> {
        serde_json::from_slice(data).map(Lenient::into_state)
    }
}

#[derive(Deserialize)]
struct Lenient<'a> {
    #[serde(default, deserialize_with = "null_as_default")]
    connection: Readable<Connection>,
    #[serde(default, deserialize_with = "null_as_default")]
    stream: Readable<Stream>,
    #[serde(default, alias = "archives", deserialize_with = "null_as_default")]
    archive: Readable<Archive>,
    #[serde(default, borrow)]
    mute: Option<&'a RawValue>,
}

impl Lenient<'_> {
    fn into_state(self) -> (SessionState, usize) {
        let mute = self.mute.map(|mute| serde_json::from_str::<Option<MuteState>>(mute.get()));
        let unread = usize::from(matches!(mute, Some(Err(_))));
        let left_out = self.connection.left_out + self.stream.left_out + self.archive.left_out + unread;
        let state = SessionState {
            connection: self.connection.items,
            stream: self.stream.items,
            archive: self.archive.items,
            mute: mute.and_then(Result::ok).flatten(),
        };
        (state, left_out)
    }
}

/// What could be read of a list.
struct Readable<T> {
    items: Vec<T>,
    left_out: usize,
}

impl<T> Default for Readable<T> {
    fn default() -> Self {
        Self { items: Vec::new(), left_out: 0 }
    }
}

/// Something that a state lists.
trait Entry: DeserializeOwned {
    /// How many of it a client keeps.
    const MOST: usize;

    /// Forgets what a client has no use for.
    fn slim(&mut self) {}
}

impl Entry for Connection {
    const MOST: usize = ROSTER_CONNECTIONS;
}

impl Entry for Stream {
    const MOST: usize = ROSTER_STREAMS;

    fn slim(&mut self) {
        Stream::slim(self);
    }
}

impl Entry for Archive {
    const MOST: usize = ROSTER_ARCHIVES;

    fn slim(&mut self) {
        self.extra = Object::new();
    }
}

impl<'de, T: Entry> Deserialize<'de> for Readable<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Each(PhantomData))
    }
}

struct Each<T>(PhantomData<T>);

impl<'de, T: Entry> Visitor<'de> for Each<T> {
    type Value = Readable<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "a list of at most {} entries", T::MOST)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut readable = Readable::default();
        while let Some(entry) = list.next_element::<&RawValue>()? {
            if readable.items.len() + readable.left_out == T::MOST {
                return Err(A::Error::invalid_length(T::MOST + 1, &self));
            }
            match read::<T>(entry.get()) {
                Some(item) => readable.items.push(item),
                None => readable.left_out += 1,
            }
        }
        Ok(readable)
    }
}

/// Reads one entry, which is no larger than a message may be.
fn read<T: Entry>(json: &str) -> Option<T> {
    if json.len() > MESSAGE_BYTES {
        return None;
    }
    let mut entry: T = serde_json::from_str(json).ok()?;
    entry.slim();
    Some(entry)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_client_keeps_what_it_has_use_for() {
        let channel = json!({"id": "v", "type": "video", "active": true, "more": 1});
        let state = json!({
            "connection": [{"id": "a", "data": "x"}],
            "stream": [{"id": "s", "name": "n", "more": [[]], "channel": [channel]}],
            "archives": [{"id": "r", "status": "started", "more": {}}], "mute": {"active": true}, "more": [],
        });
        let (read, left_out) = SessionState::read(state.to_string().as_bytes()).expect("a state");
        let stream = &read.stream[0];
        assert_eq!((left_out, read.connection[0].data.as_str(), stream.name.as_str()), (0, "x", "n"));
        assert_eq!(
            (read.archive[0].status.as_str(), read.mute),
            ("started", Some(MuteState { active: true }))
        );
        assert_eq!(stream.channel[0].state.active, Some(true));
        assert!(stream.extra.is_empty() && read.archive[0].extra.is_empty());
        assert!(stream.channel[0].state.extra.is_empty());
    }

    #[test]
    fn a_state_of_more_than_a_session_holds_is_refused() {
        let of = |count: usize| format!(r#"{{"archive":[{}]}}"#, vec![r#"{"id":"a"}"#; count].join(","));
        assert!(SessionState::read(of(ROSTER_ARCHIVES).as_bytes()).is_ok());
        assert!(SessionState::read(of(ROSTER_ARCHIVES + 1).as_bytes()).is_err());
        let large = format!(r#"{{"connection":[{{"id":"a","data":"{}"}}]}}"#, "x".repeat(MESSAGE_BYTES));
        let (read, left_out) = SessionState::read(large.as_bytes()).expect("a state");
        assert_eq!((read.connection.len(), left_out), (0, 1), "no message could say this");
    }
}
