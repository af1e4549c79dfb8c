//! What publisher and subscriber tell each other about their peer connection, and data beside it (`wire.md §7.8`, `§8.1`).

use super::super::answers::Answer;
use super::super::member::MemberId;
use super::super::{Output, Refusal, is_id, json};
use super::subscribers::PEER_TO_PEER;
use super::{Outcome, Room};
use otc_protocol::limits::{
    CHANNEL_DATA_BYTES, HELD_CANDIDATE_BYTES, HELD_CANDIDATES, PUBLISHER_CANDIDATE_BYTES,
};
use otc_protocol::raptor::{Body, Negotiation, Object, Step};

/// What a publisher's candidates wait for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Until {
    /// The first offer: a subscriber has nothing to add candidates to before that, and discards them.
    #[default]
    Offer,
    /// The answer to a later offer. The published client tries an offer out before it takes it, and what it adds in the
    /// meantime is added to the description of before.
    Answer,
}

impl Until {
    /// What to do when too many wait for it.
    fn too_many(self) -> &'static str {
        match self {
            Self::Offer => "Too many candidates wait for their offer; send the offer first.",
            Self::Answer => {
                "Too many candidates wait for the answer to the latest offer; send no more before it has come."
            }
        }
    }
}

/// The publisher's candidates that wait.
#[derive(Debug, Default)]
pub(super) struct Held {
    until: Until,
    messages: Vec<Vec<u8>>,
    bytes: usize,
}

impl Held {
    pub(super) fn new(until: Until) -> Self {
        Self { until, ..Self::default() }
    }

    pub(super) fn until(&self) -> Until {
        self.until
    }

    pub(super) fn hold(&mut self, message: Vec<u8>) -> Result<(), Refusal> {
        self.bytes += message.len();
        if self.messages.len() >= HELD_CANDIDATES || self.bytes > HELD_CANDIDATE_BYTES {
            self.bytes -= message.len();
            return Err(Refusal::new(429, self.until.too_many()));
        }
        self.messages.push(message);
        Ok(())
    }

    pub(super) fn messages(&self) -> impl Iterator<Item = &[u8]> {
        self.messages.iter().map(Vec::as_slice)
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}

/// Publisher and subscriber of one peer connection, and which of them speaks.
struct Pair {
    publisher: MemberId,
    subscriber: MemberId,
    publisher_speaks: bool,
}

impl Room {
    pub(super) fn negotiate(
        &mut self,
        id: MemberId,
        stream: &str,
        subscriber: &str,
        step: Step,
        content: Negotiation,
        out: &mut Vec<Output>,
    ) -> Outcome {
        if step == Step::GenerateOffer {
            return Err(Refusal::new(403, "Only the server asks for offers."));
        }
        let pair = self.pair(id, stream, subscriber)?;
        self.check_peer(stream, subscriber, &content)?;
        let body = Body::Negotiate {
            stream: stream.to_owned(),
            subscriber: Some(subscriber.to_owned()),
            step,
            content,
        };
        let message = self.json(body);
        let from = self.connection(id).unwrap_or_else(|| "".into());
        if pair.publisher_speaks && step == Step::Candidate && self.is_holding(stream, subscriber) {
            return self.hold(id, stream, subscriber, message);
        }
        let to = if pair.publisher_speaks { pair.subscriber } else { pair.publisher };
        self.send_data_to(to, &from, &message, out);
        match step {
            Step::Offer if pair.publisher_speaks => self.offered(&pair, stream, subscriber, out),
            // Of whoever it is: who subscribes to a stream of his own is both.
            Step::Answer | Step::Pranswer => self.let_go(&pair, stream, subscriber, Until::Answer, out),
            _ => {}
        }
        Ok(Answer::Done)
    }

    fn held(&mut self, stream: &str, subscriber: &str) -> Option<&mut Option<Held>> {
        let publication = self.streams.get_mut(stream)?;
        publication.subscribers.get_mut(subscriber).map(|of| &mut of.held)
    }

    fn is_holding(&mut self, stream: &str, subscriber: &str) -> bool {
        self.held(stream, subscriber).is_some_and(|held| held.is_some())
    }

    /// Keeps a candidate of `owner`.
    fn hold(&mut self, owner: MemberId, stream: &str, subscriber: &str, candidate: Vec<u8>) -> Outcome {
        let bytes = candidate.len();
        let of_all = self.members.get(&owner).map_or(0, |owner| owner.held_bytes);
        if of_all + bytes > PUBLISHER_CANDIDATE_BYTES {
            return Err(Refusal::new(
                429,
                "Too many of this client's candidates wait for offers and answers; send the offers first.",
            ));
        }
        if let Some(Some(held)) = self.held(stream, subscriber) {
            held.hold(candidate)?;
        }
        if let Some(owner) = self.members.get_mut(&owner) {
            owner.held_bytes += bytes;
        }
        Ok(Answer::Done)
    }

    /// An offer has been relayed: what waited for it goes, or from now on candidates wait for the answer.
    fn offered(&mut self, pair: &Pair, stream: &str, subscriber: &str, out: &mut Vec<Output>) {
        match self.held(stream, subscriber) {
            Some(held @ None) => *held = Some(Held::new(Until::Answer)),
            _ => self.let_go(pair, stream, subscriber, Until::Offer, out),
        }
    }

    /// Sends the subscriber what has waited for this.
    fn let_go(&mut self, pair: &Pair, stream: &str, subscriber: &str, until: Until, out: &mut Vec<Output>) {
        let held = self.held(stream, subscriber).and_then(|held| held.take_if(|held| held.until == until));
        let Some(held) = held else { return };
        self.release(pair.publisher, Some(&held));
        let from = self.connection(pair.publisher).unwrap_or_else(|| "".into());
        for candidate in held.messages {
            self.send_data_to(pair.subscriber, &from, &candidate, out);
        }
    }

    /// What was held for one of `owner`'s peer connections is held no more.
    pub(super) fn release(&mut self, owner: MemberId, held: Option<&Held>) {
        if let (Some(owner), Some(held)) = (self.members.get_mut(&owner), held) {
            owner.held_bytes -= held.bytes;
        }
    }

    /// Data of a channel: from the publisher to its subscribers, or to one; from a subscriber to the publisher.
    #[allow(clippy::too_many_arguments, reason = "each is one segment of the uri")]
    pub(super) fn relay_data(
        &mut self,
        id: MemberId,
        stream: &str,
        subscriber: Option<&str>,
        channel: &str,
        data: &str,
        content: &Object,
        out: &mut Vec<Output>,
    ) -> Outcome {
        if !is_id(channel) || !is_id(data) {
            return Err(Refusal::new(
                400,
                "The ids of a channel and of its data must be 1 to 64 letters, digits, or - _ . characters.",
            ));
        }
        if json(content).len() > CHANNEL_DATA_BYTES {
            let reason = format!("The data of a channel may have {CHANNEL_DATA_BYTES} bytes at most.");
            return Err(Refusal::new(413, reason));
        }
        let (from, receivers) = if let Some(subscriber) = subscriber {
            let pair = self.pair(id, stream, subscriber)?;
            let receiver = if pair.publisher_speaks { pair.subscriber } else { pair.publisher };
            let from = self.connection(id).unwrap_or_else(|| "".into());
            (from, vec![(receiver, subscriber.to_owned())])
        } else {
            let from = self.owned(id, stream)?;
            let subscribers = &self.publication(stream)?.subscribers;
            (from, subscribers.iter().map(|(subscriber, of)| (of.member, subscriber.to_string())).collect())
        };
        for (receiver, subscriber) in receivers {
            // A subscriber takes what names it (`wire.md §7.8`).
            let body = Body::Data {
                stream: stream.to_owned(),
                subscriber: Some(subscriber),
                channel: channel.to_owned(),
                id: data.to_owned(),
                content: content.clone(),
            };
            self.send_to(receiver, &from, body, out);
        }
        Ok(Answer::Done)
    }

    /// Whether the message names the one peer connection of this subscriber. A client opens another one for whatever names
    /// something else, or nothing (`wire.md §8`).
    fn check_peer(&self, stream: &str, subscriber: &str, content: &Negotiation) -> Result<(), Refusal> {
        let of = self.publication(stream)?.subscribers.get(subscriber);
        let (peer, source) = (content.peer_id.as_deref(), content.source_stream_id.as_deref());
        let is_named = match of.and_then(|of| of.peer) {
            Some(number) => peer == Some(&*self.uuid(number)) && source == Some(PEER_TO_PEER),
            // It is not known here what an earlier server has called it.
            None => source.is_none_or(|source| source == PEER_TO_PEER),
        };
        if is_named {
            return Ok(());
        }
        Err(Refusal::new(
            403,
            "The subscriber has one peer connection: name the peerId and sourceStreamId of its generateoffer.",
        ))
    }

    /// Both ends of a peer connection, of which `id` must be one.
    fn pair(&self, id: MemberId, stream: &str, subscriber: &str) -> Result<Pair, Refusal> {
        let publication = self.publication(stream)?;
        let missing = || Refusal::new(404, "The stream has no such subscriber.");
        let subscriber = publication.subscribers.get(subscriber).ok_or_else(missing)?.member;
        let publisher = publication.owner;
        if id != publisher && id != subscriber {
            return Err(Refusal::new(403, "The peer connection belongs to others."));
        }
        Ok(Pair { publisher, subscriber, publisher_speaks: id == publisher })
    }
}
