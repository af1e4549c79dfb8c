//! Streams and their channels (`wire.md §7.1`–`§7.3`). Calls go from peer to peer, so a stream is there at once.

use super::super::answers::Answer;
use super::super::listed::{self, StreamRecord};
use super::super::member::MemberId;
use super::super::snapshot::Unfit;
use super::super::{Event, Output, Refusal, is_id};
use super::delivery::Letter;
use super::state::{entry_bytes, raw};
use super::subscribers::Subscriber;
use super::{Outcome, Room};
use otc_protocol::limits::{CONNECTION_STREAMS, STREAM_BYTES, STREAM_CHANNELS};
use otc_protocol::permissions::Permission;
use otc_protocol::raptor::{Body, ChannelState, Object, Reason, Stream, StreamChange, StreamRequest};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A stream of the room.
pub(super) struct Publication {
    pub(super) owner: MemberId,
    stream: Stream,
    json: Box<RawValue>,
    /// As the application's server last set them, or as its owner's token has them.
    pub(super) layout_classes: Vec<String>,
    pub(super) subscribers: BTreeMap<Arc<str>, Subscriber>,
}

impl Publication {
    /// The stream of an earlier room, without its subscribers.
    pub(super) fn thaw(owner: MemberId, json: &RawValue, layout_classes: Vec<String>) -> Result<Self, Unfit> {
        let fits = json.get().len() <= STREAM_BYTES;
        let read = || serde_json::from_str(json.get()).ok();
        let stream: Stream = fits.then(read).flatten().ok_or(Unfit("a stream"))?;
        if !is_id(&stream.id) || stream.channel.len() > STREAM_CHANNELS {
            return Err(Unfit("the id or the channels of a stream"));
        }
        if !listed::fit(&layout_classes) {
            return Err(Unfit("the layout classes of a stream"));
        }
        let json = raw(&stream);
        Ok(Self { owner, stream, json, layout_classes, subscribers: BTreeMap::new() })
    }

    pub(super) fn id(&self) -> &str {
        &self.stream.id
    }

    pub(super) fn stream(&self) -> &Stream {
        &self.stream
    }

    /// The stream as the application's server sees it.
    pub(super) fn record(&self) -> StreamRecord {
        StreamRecord::new(&self.stream, &self.layout_classes)
    }

    /// The stream as newcomers see it.
    pub(super) fn json(&self) -> &RawValue {
        &self.json
    }
}

/// What of a channel may change beside its typed properties; published clients end an update at any other word.
const CHANNEL_WORDS: [&str; 4] = ["orientation", "frameRate", "fitMode", "disableWarning"];

impl Room {
    pub(super) fn publish(
        &mut self,
        unix_ms: u64,
        id: MemberId,
        request: StreamRequest,
        out: &mut Vec<Output>,
    ) -> Outcome {
        let owner = self.need(id, Permission::Publish)?;
        if !is_id(&request.id) {
            return Err(Refusal::new(
                400,
                "The stream id must be 1 to 64 letters, digits, or - _ . characters.",
            ));
        }
        if self.streams.contains_key(request.id.as_str()) {
            return Err(Refusal::new(409, "A stream of this id is published already."));
        }
        if request.channel.len() > STREAM_CHANNELS {
            return Err(Refusal::new(413, format!("A stream may have {STREAM_CHANNELS} channels at most.")));
        }
        let (connection, from) = (owner.connection.clone(), owner.id.clone());
        let full =
            owner.streams.len() >= CONNECTION_STREAMS || self.streams.len() >= self.settings.session_streams;
        let mut extra = request.extra;
        // Nobody publishes in another one's name.
        for key in ["creationTime", "connection", "connectionId"] {
            extra.remove(key);
        }
        let stream = Stream {
            id: request.id,
            name: request.name,
            creation_time: unix_ms,
            connection: Some(connection),
            connection_id: None,
            channel: request.channel,
            extra,
        };
        let json = raw(&stream);
        if json.get().len() > STREAM_BYTES {
            return Err(too_large());
        }
        if full || !self.state_has_room_for(entry_bytes(&json)) {
            return Err(Refusal::new(409, "streamLimitExceeded"));
        }
        self.state_bytes += entry_bytes(&json);
        let key: Arc<str> = stream.id.as_str().into();
        let mut layout_classes = Vec::new();
        if let Some(owner) = self.members.get_mut(&id) {
            owner.streams.insert(key.clone());
            layout_classes.clone_from(&owner.layout_classes);
        }
        let publication = Publication {
            owner: id,
            stream: stream.clone(),
            json,
            layout_classes,
            subscribers: BTreeMap::new(),
        };
        self.streams.insert(key, publication);
        self.broadcast(&from, Body::StreamCreated(stream.clone()), out);
        out.push(Output::happened(Event::StreamCreated { stream }));
        Ok(Answer::Media)
    }

    /// The owner's request, or a moderator's.
    pub(super) fn unpublish(
        &mut self,
        id: MemberId,
        stream: &str,
        mut content: Object,
        out: &mut Vec<Output>,
    ) -> Outcome {
        let owner = self.publication(stream)?.owner;
        // Everybody gets a copy: nothing goes in it but what clients look for.
        content.retain(|key, value| key == "sourceStreamId" && value.as_str().is_some_and(is_id));
        let reason = if owner == id {
            Reason::ClientDisconnected
        } else {
            self.need(id, Permission::ForceUnpublish)?;
            Reason::ForceUnpublished
        };
        let from = self.connection(owner).unwrap_or_else(|| Arc::from(""));
        if let Some(owner) = self.members.get_mut(&owner) {
            owner.streams.remove(stream);
        }
        self.forget_stream(stream, &reason, out);
        self.broadcast(&from, Body::StreamDeleted { id: stream.to_owned(), reason, content }, out);
        Ok(Answer::Done)
    }

    /// Ends a stream together with its owner; what the others were told.
    pub(super) fn drop_stream(
        &mut self,
        stream: &str,
        reason: &Reason,
        from: &str,
        out: &mut Vec<Output>,
    ) -> Option<Letter> {
        self.forget_stream(stream, reason, out)?;
        let body =
            Body::StreamDeleted { id: stream.to_owned(), reason: reason.clone(), content: Object::new() };
        Some(self.broadcast(from, body, out))
    }

    /// Its subscribers end with it and are told by its deletion.
    fn forget_stream(&mut self, stream: &str, reason: &Reason, out: &mut Vec<Output>) -> Option<()> {
        let (key, publication) = self.streams.remove_entry(stream)?;
        self.state_bytes -= entry_bytes(&publication.json);
        for (subscriber, of) in publication.subscribers {
            self.release(publication.owner, of.held.as_ref());
            if let Some(member) = self.members.get_mut(&of.member) {
                member.subscriptions.remove(&(key.clone(), subscriber));
            }
        }
        let (stream, reason) = (publication.stream, reason.clone());
        out.push(Output::happened(Event::StreamDestroyed { stream, reason }));
        Some(())
    }

    pub(super) fn update_stream(
        &mut self,
        id: MemberId,
        stream: &str,
        change: StreamChange,
        out: &mut Vec<Output>,
    ) -> Outcome {
        let from = self.owned(id, stream)?;
        // The name is all that a client may change; whether it is recorded, only the server knows.
        let Some(name) = change.name else { return Ok(Answer::Done) };
        self.edit(stream, |stream| stream.name.clone_from(&name), out)?;
        let change = StreamChange { name: Some(name), ..StreamChange::default() };
        self.broadcast(&from, Body::StreamUpdated { id: stream.to_owned(), change }, out);
        Ok(Answer::Done)
    }

    pub(super) fn update_channel(
        &mut self,
        id: MemberId,
        stream: &str,
        channel: &str,
        mut change: ChannelState,
        out: &mut Vec<Output>,
    ) -> Outcome {
        let from = self.owned(id, stream)?;
        let known = |stream: &Stream| stream.channel.iter().any(|known| known.id == channel);
        if !known(&self.publication(stream)?.stream) {
            return Err(Refusal::new(404, "The stream has no such channel."));
        }
        change.extra.retain(|key, _| CHANNEL_WORDS.contains(&key.as_str()));
        if change == ChannelState::default() {
            return Ok(Answer::Done);
        }
        self.edit(
            stream,
            |stream| {
                stream
                    .channel
                    .iter_mut()
                    .filter(|known| known.id == channel)
                    .for_each(|known| known.state.apply(&change));
            },
            out,
        )?;
        let body = Body::ChannelUpdated { stream: stream.to_owned(), channel: channel.to_owned(), change };
        self.broadcast(&from, body, out);
        Ok(Answer::Done)
    }

    pub(super) fn publication(&self, stream: &str) -> Result<&Publication, Refusal> {
        self.streams.get(stream).ok_or_else(|| Refusal::new(404, "No such stream is published."))
    }

    /// The connection id of `id`, if it publishes `stream`.
    pub(super) fn owned(&self, id: MemberId, stream: &str) -> Result<Arc<str>, Refusal> {
        let owner = self.publication(stream)?.owner;
        let forbidden = || Refusal::new(403, "The stream belongs to another connection.");
        self.connection(id).filter(|_| owner == id).ok_or_else(forbidden)
    }

    /// Changes a stream, unless it grows too large.
    fn edit(
        &mut self,
        stream: &str,
        edit: impl FnOnce(&mut Stream),
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        let publication = self.publication(stream)?;
        let mut edited = publication.stream.clone();
        edit(&mut edited);
        let json = raw(&edited);
        if json.get() == publication.json.get() {
            return Ok(()); // Clients say again what is known: nothing has happened.
        }
        let (old, new) = (entry_bytes(&publication.json), entry_bytes(&json));
        if json.get().len() > STREAM_BYTES || !self.state_has_room_for(new.saturating_sub(old)) {
            return Err(too_large());
        }
        self.state_bytes = self.state_bytes - old + new;
        if let Some(publication) = self.streams.get_mut(stream) {
            publication.stream.clone_from(&edited);
            publication.json = json;
        }
        out.push(Output::happened(Event::StreamChanged { stream: edited }));
        Ok(())
    }
}

fn too_large() -> Refusal {
    Refusal::new(413, format!("The description of a stream may have {STREAM_BYTES} bytes at most."))
}
