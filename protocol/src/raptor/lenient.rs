//! Reading the state of a session although some of it makes no sense.

use super::json::null_as_default;
use super::reply::{MuteState, SessionState};
use serde::de::{DeserializeOwned, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::fmt;
use std::marker::PhantomData;

impl SessionState {
    /// Reads the answer to a join, and says how many of its entries make no sense and have been left out: one member that
    /// cannot be described must not keep everybody else from joining.
    pub fn read(data: &[u8]) -> Result<(Self, usize), serde_json::Error> {
        match serde_json::from_slice(data) {
            Ok(state) => Ok((state, 0)),
            Err(_) => serde_json::from_slice(data).map(Lenient::into_state),
        }
    }
}

#[derive(Deserialize)]
struct Lenient<'a> {
    #[serde(default, deserialize_with = "null_as_default")]
    connection: Readable<super::Connection>,
    #[serde(default, deserialize_with = "null_as_default")]
    stream: Readable<super::Stream>,
    #[serde(default, alias = "archives", deserialize_with = "null_as_default")]
    archive: Readable<super::Archive>,
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

impl<'de, T: DeserializeOwned> Deserialize<'de> for Readable<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Each(PhantomData))
    }
}

struct Each<T>(PhantomData<T>);

impl<'de, T: DeserializeOwned> Visitor<'de> for Each<T> {
    type Value = Readable<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut readable = Readable::default();
        while let Some(entry) = list.next_element::<&RawValue>()? {
            match serde_json::from_str(entry.get()) {
                Ok(item) => readable.items.push(item),
                Err(_) => readable.left_out += 1,
            }
        }
        Ok(readable)
    }
}
