//! The secret that is shared with a TURN server, or the password of a user there.

use otc_protocol::limits::ICE_CREDENTIAL_BYTES;
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

impl fmt::Debug for TurnSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("TurnSecret(…)")
    }
}
