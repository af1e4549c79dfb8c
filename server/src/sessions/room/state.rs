//! What is told to newcomers: who is there and what is published (`wire.md §5.1`).

use super::super::line::status_frame;
use super::super::{Refusal, json};
use super::Room;
use super::archives::Running;
use super::streams::Publication;
use bytes::Bytes;
use otc_protocol::raptor::{Content, MuteState};
use serde::Serialize;
use serde_json::value::RawValue;

/// [`otc_protocol::raptor::SessionState`], put together from parts that are JSON already.
#[derive(Serialize)]
pub(super) struct State<'a> {
    connection: Vec<&'a RawValue>,
    stream: Vec<&'a RawValue>,
    /// Clients wait for ever when the key is missing.
    archive: Vec<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mute: Option<MuteState>,
}

impl Room {
    /// Everybody but `except`, or nobody.
    pub(super) fn state(&self, except: Option<&str>, events_suppressed: bool) -> State<'_> {
        let others = self.members.values().filter(|member| !events_suppressed && Some(&*member.id) != except);
        State {
            connection: others.map(|member| &*member.json).collect(),
            stream: self.streams.values().map(Publication::json).collect(),
            archive: self.archives.iter().map(Running::json).collect(),
            mute: self.muted.then_some(MuteState { active: true }),
        }
    }

    /// The STATUS of a join that there is room for ([`Self::room_for_state`]).
    pub(super) fn welcome_frame(
        &self,
        events_suppressed: bool,
        connection: &str,
        transaction: &str,
    ) -> Bytes {
        let state = json(&self.state(Some(connection), events_suppressed));
        self.settings.scales.weigh(status_frame(connection, transaction, 200, &state))
    }

    /// The STATUS of a request for the state that there is room for ([`Self::room_for_state`]).
    pub(super) fn state_frame(&self, events_suppressed: bool, connection: &str, transaction: &str) -> Bytes {
        let state = json(&Content { content: self.state(None, events_suppressed) });
        self.settings.scales.weigh(status_frame(connection, transaction, 200, &state))
    }

    /// Refuses what would be answered with the state while too many large answers wait.
    pub(super) fn room_for_state(&self, events_suppressed: bool) -> Result<(), Refusal> {
        let streams = || self.streams.values().map(|publication| entry_bytes(publication.json())).sum();
        let bytes = if events_suppressed { streams() } else { self.state_bytes };
        if self.settings.scales.take(bytes) {
            return Ok(());
        }
        Err(Refusal::new(503, "Too many clients are being told who is in a large session; try again later."))
    }

    /// Whether the state, grown by `bytes`, still fits into the largest frame that clients take.
    pub(super) fn state_has_room_for(&self, bytes: usize) -> bool {
        self.state_bytes + bytes <= self.settings.state_bytes
    }
}

/// What one entry takes in a state: itself and a comma.
pub(super) fn entry_bytes(json: &RawValue) -> usize {
    json.get().len() + 1
}

/// `value` as JSON that can be copied into others.
pub(super) fn raw<T: Serialize>(value: &T) -> Box<RawValue> {
    serde_json::value::to_raw_value(value).unwrap_or_else(|_| RawValue::NULL.to_owned())
}
