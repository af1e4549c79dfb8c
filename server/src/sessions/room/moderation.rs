//! Muting (`wire.md §7.6`). Publishers mute themselves when they are told to.

use super::super::Output;
use super::super::answers::Answer;
use super::super::member::MemberId;
use super::{Outcome, Room};
use otc_protocol::permissions::Permission;
use otc_protocol::raptor::{Body, Mute};
use std::sync::Arc;

impl Room {
    /// Mutes one stream.
    pub(super) fn mute_stream(
        &mut self,
        by: MemberId,
        stream: &str,
        mute: Mute,
        out: &mut Vec<Output>,
    ) -> Outcome {
        let from = self.need(by, Permission::ForceMute)?.id.clone();
        let owner = self.publication(stream)?.owner;
        self.send_to(owner, &from, Body::StreamMute { id: stream.to_owned(), mute: audio(mute) }, out);
        Ok(Answer::Done)
    }

    /// Mutes everybody but the excluded streams, and those who come later; or ends that.
    pub(super) fn mute_session(&mut self, by: MemberId, mute: Mute, out: &mut Vec<Output>) -> Outcome {
        let from = self.need(by, Permission::ForceMute)?.id.clone();
        self.muted = mute.active;
        let one = Mute { exclusion: Vec::new(), ..audio(mute.clone()) };
        let streams: Vec<(MemberId, Arc<str>)> = self
            .streams
            .iter()
            .filter(|(id, _)| mute.active && !mute.exclusion.iter().any(|excluded| **excluded == ***id))
            .map(|(id, publication)| (publication.owner, id.clone()))
            .collect();
        self.broadcast(&from, Body::SessionMute(mute), out);
        for (owner, stream) in streams {
            self.send_to(owner, &from, Body::StreamMute { id: stream.to_string(), mute: one.clone() }, out);
        }
        Ok(Answer::Done)
    }
}

/// Audio is what can be muted, and what is meant when nothing is named.
fn audio(mut mute: Mute) -> Mute {
    if mute.channels.is_empty() {
        mute.channels.push("audio".to_owned());
    }
    mute
}
