//! Subscribers and the negotiation of their media (`wire.md §7.4`, `§8`).

use super::json::{Object, null_as_default};
use super::stream::Channel;
use serde::{Deserialize, Serialize};

/// What a subscriber asks for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SubscriberRequest {
    /// The id that the subscriber made.
    #[serde(default, deserialize_with = "null_as_default")]
    pub id: String,
    /// Its connection.
    #[serde(default, deserialize_with = "null_as_default")]
    pub connection: String,
    /// The tracks that it wants.
    #[serde(default, deserialize_with = "null_as_default")]
    pub channel: Vec<Channel>,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Object,
}

/// One step of a negotiation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// The server asks a publisher for an offer.
    GenerateOffer,
    /// An offer.
    Offer,
    /// An answer.
    Answer,
    /// A provisional answer.
    Pranswer,
    /// A network candidate.
    Candidate,
}

impl Step {
    /// Every step.
    pub const ALL: [Self; 5] =
        [Self::GenerateOffer, Self::Offer, Self::Answer, Self::Pranswer, Self::Candidate];

    /// The method on the wire.
    pub fn method(self) -> &'static str {
        match self {
            Self::GenerateOffer => "generateoffer",
            Self::Offer => "offer",
            Self::Answer => "answer",
            Self::Pranswer => "pranswer",
            Self::Candidate => "candidate",
        }
    }

    pub(super) fn from_method(method: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.method() == method)
    }
}

/// What a step carries.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Negotiation {
    /// The peer connection that it belongs to; made by the server, echoed by both sides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer_id: Option<String>,
    /// `P2P` or `MANTIS`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_stream_id: Option<String>,
    /// Description or candidate, relayed as it is.
    #[serde(flatten)]
    pub extra: Object,
}
