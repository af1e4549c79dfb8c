//! The secret that is shared with a TURN server, or the password of a user there.

use otc_protocol::limits::ICE_CREDENTIAL_BYTES;
use serde::de::{Error, IgnoredAny};
use serde::{Deserialize, Deserializer};
use std::fmt;

/// It can be used and not be shown by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct TurnSecret(String);

/// What is no secret.
pub(crate) const NO_SECRET: &str = "a TURN secret or password is a text of 1 to 1024 bytes";

impl TurnSecret {
    /// The secret of that text; `None`: it is none.
    pub fn new(text: impl Into<String>) -> Option<Self> {
        let text = text.into();
        (1..=ICE_CREDENTIAL_BYTES).contains(&text.len()).then_some(Self(text))
    }

    pub(super) fn expose(&self) -> &str {
        &self.0
    }

    /// Whether whoever has credentials could guess it: they are in every client's hands.
    pub fn is_short(&self) -> bool {
        self.0.len() < ADVISED_BYTES
    }
}

const ADVISED_BYTES: usize = 32;

/// Whatever else stands in its place is not repeated in the error.
impl<'de> Deserialize<'de> for TurnSecret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Given {
            Text(String),
            Other(IgnoredAny),
        }
        let text = match Given::deserialize(deserializer)? {
            Given::Text(text) => Self::new(text),
            Given::Other(_) => None,
        };
        text.ok_or_else(|| D::Error::custom(NO_SECRET))
    }
}

impl fmt::Debug for TurnSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("TurnSecret(…)")
    }
}
