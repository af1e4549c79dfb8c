//! Subscribers (`wire.md §7.4`): who receives which stream, one peer connection each.

use super::super::answers::Answer;
use super::super::member::MemberId;
use super::super::{Output, Refusal, is_id};
use super::negotiation::Held;
use super::{Outcome, Room};
use otc_protocol::limits::{CONNECTION_SUBSCRIBERS, STREAM_SUBSCRIBERS_OF_ONE};
use otc_protocol::permissions::Permission;
use otc_protocol::raptor::{Body, Negotiation, Object, Step};
use std::sync::Arc;

/// One subscriber of a stream.
pub(super) struct Subscriber {
    pub(super) member: MemberId,
    /// The number of its peer connection's id; `None`: an earlier server made it, and has not left it.
    pub(super) peer: Option<u64>,
    /// The publisher's candidates that wait for a description; `None`: they are relayed as they come.
    pub(super) held: Option<Held>,
}

/// Where the media of a relayed stream comes from.
pub(super) const PEER_TO_PEER: &str = "P2P";

impl Room {
    /// Notes the subscriber and asks the publisher for an offer.
    pub(super) fn subscribe(
        &mut self,
        id: MemberId,
        stream: &str,
        subscriber: &str,
        out: &mut Vec<Output>,
    ) -> Outcome {
        let member = self.need(id, Permission::Subscribe)?;
        let (from, full) = (member.id.clone(), member.subscriptions.len() >= CONNECTION_SUBSCRIBERS);
        let of_this = member.subscribers_of(stream);
        let missing = || Refusal::new(404, "No such stream is published.");
        let publication = self.streams.get(stream).ok_or_else(missing)?;
        let owner = publication.owner;
        if !is_id(subscriber) {
            return Err(Refusal::new(
                400,
                "The subscriber id must be 1 to 64 letters, digits, or - _ . characters.",
            ));
        }
        if publication.subscribers.contains_key(subscriber) {
            return Err(Refusal::new(409, "A subscriber of this id exists already."));
        }
        if full {
            return Err(Refusal::new(409, "streamLimitExceeded"));
        }
        // Each subscriber gets its own copy of the channels' data.
        if of_this >= STREAM_SUBSCRIBERS_OF_ONE {
            let reason = format!(
                "A connection may have {STREAM_SUBSCRIBERS_OF_ONE} subscribers of one stream at most; end one first."
            );
            return Err(Refusal::new(429, reason));
        }
        let key: Arc<str> = subscriber.into();
        if let Some(member) = self.members.get_mut(&id) {
            member.subscriptions.insert((stream.into(), key.clone()));
        }
        let number = self.next_number();
        let of = Subscriber { member: id, peer: Some(number), held: Some(Held::default()) };
        if let Some(publication) = self.streams.get_mut(stream) {
            publication.subscribers.insert(key, of);
        }
        let content = Negotiation {
            peer_id: Some(self.uuid(number)),
            source_stream_id: Some(PEER_TO_PEER.to_owned()),
            extra: Object::new(),
        };
        let body = Body::Negotiate {
            stream: stream.to_owned(),
            subscriber: Some(subscriber.to_owned()),
            step: Step::GenerateOffer,
            content,
        };
        self.send_to(owner, &from, body, out);
        Ok(Answer::Media)
    }

    pub(super) fn unsubscribe(
        &mut self,
        id: MemberId,
        stream: &str,
        subscriber: &str,
        out: &mut Vec<Output>,
    ) -> Outcome {
        // The subscribers of a stream end with it: what is asked for has happened already.
        let Ok(publication) = self.publication(stream) else { return Ok(Answer::Done) };
        match publication.subscribers.get(subscriber) {
            None => return Err(Refusal::new(404, "The stream has no such subscriber.")),
            Some(of) if of.member != id => {
                return Err(Refusal::new(403, "The subscriber belongs to another connection."));
            }
            Some(_) => {}
        }
        let from = self.connection(id).unwrap_or_else(|| Arc::from(""));
        if let Some(member) = self.members.get_mut(&id) {
            member.subscriptions.retain(|(of, known)| &**of != stream || &**known != subscriber);
        }
        self.drop_subscriber(&from, stream, subscriber, out);
        Ok(Answer::Done)
    }

    /// Forgets a subscriber and has the publisher close its peer connection.
    pub(super) fn drop_subscriber(
        &mut self,
        from: &str,
        stream: &str,
        subscriber: &str,
        out: &mut Vec<Output>,
    ) {
        let Some(publication) = self.streams.get_mut(stream) else { return };
        let owner = publication.owner;
        if let Some(of) = publication.subscribers.remove(subscriber) {
            self.release(owner, of.held.as_ref());
            let body = Body::SubscriberDeleted { stream: stream.to_owned(), id: subscriber.to_owned() };
            self.send_to(owner, from, body, out);
        }
    }
}
