//! Muting (`wire.md §7.6`). Publishers mute themselves when they are told to.

use super::super::answers::Answer;
use super::super::member::MemberId;
use super::super::{Event, Output, Refusal};
use super::{Outcome, Room};
use otc_protocol::permissions::Permission;
use otc_protocol::raptor::{Body, Mute};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What of a stream can be named in a mute.
const CHANNELS: [&str; 2] = ["audio", "video"];

impl Room {
    /// A moderator mutes one stream.
    pub(super) fn mute_stream(
        &mut self,
        by: MemberId,
        stream: &str,
        mute: Mute,
        out: &mut Vec<Output>,
    ) -> Outcome {
        let by = self.need(by, Permission::ForceMute)?.id.clone();
        self.mute_one(Some(&by), stream, mute, out)?;
        Ok(Answer::Done)
    }

    /// A moderator mutes everybody but the excluded streams, and those who come later; or ends that.
    pub(super) fn mute_session(&mut self, by: MemberId, mute: Mute, out: &mut Vec<Output>) -> Outcome {
        let by = self.need(by, Permission::ForceMute)?.id.clone();
        self.mute_all(Some(&by), mute, out);
        Ok(Answer::Done)
    }

    /// Mutes one stream, in the name of a connection or of the application's server.
    pub(super) fn mute_one(
        &mut self,
        by: Option<&str>,
        stream: &str,
        mute: Mute,
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        let owner = self.publication(stream)?.owner;
        let mute = audio(known(Mute { exclusion: Vec::new(), ..mute }));
        let active = mute.active;
        self.send_to(owner, by.unwrap_or(""), Body::StreamMute { id: stream.to_owned(), mute }, out);
        let (by, stream) = (by.map(str::to_owned), Some(stream.to_owned()));
        out.push(Output::happened(Event::Muted { by, stream, excluded: Vec::new(), active }));
        Ok(())
    }

    /// Mutes everybody but the excluded streams, and those who come later; or ends that.
    pub(super) fn mute_all(&mut self, by: Option<&str>, mute: Mute, out: &mut Vec<Output>) {
        let from = by.unwrap_or("");
        let active = mute.active;
        self.muted = active;
        let excluded: BTreeSet<String> =
            mute.exclusion.into_iter().filter(|stream| self.streams.contains_key(stream.as_str())).collect();
        let mute = known(Mute { exclusion: Vec::new(), ..mute });
        let one = audio(mute.clone());
        let streams: Vec<(MemberId, Arc<str>)> = self
            .streams
            .iter()
            .filter(|(id, _)| active && !excluded.contains(&***id))
            .map(|(id, publication)| (publication.owner, id.clone()))
            .collect();
        let excluded: Vec<String> = excluded.into_iter().collect();
        let mute = Mute { exclusion: excluded.clone(), ..mute };
        self.broadcast(from, Body::SessionMute(mute), out);
        for (owner, stream) in streams {
            self.send_to(owner, from, Body::StreamMute { id: stream.to_string(), mute: one.clone() }, out);
        }
        out.push(Output::happened(Event::Muted {
            by: by.map(str::to_owned),
            stream: None,
            excluded,
            active,
        }));
    }
}

/// What clients know of a mute; the rest is not worth a copy for everybody.
fn known(mut mute: Mute) -> Mute {
    mute.channels.retain(|channel| CHANNELS.contains(&channel.as_str()));
    mute.channels.sort_unstable();
    mute.channels.dedup();
    mute.extra.retain(|key, value| match key.as_str() {
        "reason" => value.as_str() == Some("mute"),
        "locked" => value.is_boolean(),
        _ => false,
    });
    mute
}

/// Audio is what can be muted, and what is meant when nothing is named.
fn audio(mut mute: Mute) -> Mute {
    if mute.channels.is_empty() {
        mute.channels.push("audio".to_owned());
    }
    mute
}
