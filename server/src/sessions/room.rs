//! One session: who is in, and what happens in it.
//!
//! Every request gets exactly one STATUS, unknown ones included (`wire.md §4`).

mod application;
mod archives;
mod delivery;
mod freeze;
mod membership;
mod moderation;
mod negotiation;
mod signals;
mod state;
mod streams;
mod subscribers;
mod view;

pub(super) use membership::Newcomer;

use super::answers::Answer;
use super::line::{Carrier, Line, status_frame};
use super::member::{Member, MemberId};
use super::tally::{Figure, Figures, Tally};
use super::view::Outside;
use super::{CloseCode, Delivery, Event, LinkId, Output, Refusal, Settings, Time, is_id, json};
use archives::Running;
use bytes::Bytes;
use membership::Farewell;
use otc_protocol::envelope::{FromClient, Request};
use otc_protocol::raptor::{Body, Content, MediaReply, Message, Reason, SessionAddress};
use otc_protocol::rumor::Frame;
use otc_protocol::{Moment, uuid};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use streams::Publication;
use tracing::debug;

/// What a request leads to.
type Outcome = Result<Answer, Refusal>;

#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own, and none follows from another")]
pub(super) struct Room {
    settings: Arc<Settings>,
    tally: Arc<Tally>,
    address: SessionAddress,
    topic: String,
    /// The upper half of this room's transaction ids; the lower half counts. So an acknowledgement names its message
    /// without a table.
    nonce: u64,
    next_sequence: u64,
    next_member: u64,
    members: BTreeMap<MemberId, Member>,
    /// Who was sent away and has not taken note of it yet.
    departed: BTreeMap<MemberId, Departed>,
    by_link: HashMap<LinkId, MemberId>,
    by_socket: HashMap<Arc<str>, MemberId>,
    by_connection: HashMap<Arc<str>, MemberId>,
    streams: BTreeMap<Arc<str>, Publication>,
    /// What runs, in the order of its beginning.
    archives: Vec<Running>,
    /// Its beginning has been told, and its end has not.
    inhabited: bool,
    /// When that was, in milliseconds since 1970; 0: not known.
    since_ms: u64,
    /// Members that hear of nobody's coming and going.
    suppressed_members: usize,
    /// Whether newcomers are muted (`wire.md §7.6`).
    muted: bool,
    /// Bytes of what a newcomer's answer lists.
    state_bytes: usize,
    /// Members that are owed too much; ended before the call returns.
    overflowing: Vec<MemberId>,
    /// Somebody who was sent something falls behind (`take_crowded`).
    crowded: bool,
    counted: Figures,
    /// No line's deadline lies before this moment.
    due: Option<Moment>,
    closed: bool,
    /// What others see of it without its lock.
    outside: Arc<Outside>,
}

/// Somebody who is no member any more and is owed the news.
struct Departed {
    line: Line,
    connection: Arc<str>,
    events_suppressed: bool,
    until: Moment,
}

impl Room {
    pub(super) fn new(
        settings: Arc<Settings>,
        tally: Arc<Tally>,
        address: SessionAddress,
        nonce: u64,
    ) -> Self {
        Self {
            settings,
            tally,
            topic: address.topic(),
            address,
            nonce,
            next_sequence: 0,
            next_member: 0,
            members: BTreeMap::new(),
            departed: BTreeMap::new(),
            by_link: HashMap::new(),
            by_socket: HashMap::new(),
            by_connection: HashMap::new(),
            streams: BTreeMap::new(),
            archives: Vec::new(),
            inhabited: false,
            since_ms: 0,
            suppressed_members: 0,
            muted: false,
            state_bytes: 0,
            overflowing: Vec::new(),
            crowded: false,
            counted: Figures::default(),
            due: None,
            closed: false,
            outside: Arc::default(),
        }
    }

    /// Whether nobody is in it, nor owed anything.
    pub(super) fn is_vacant(&self) -> bool {
        self.members.is_empty() && self.departed.is_empty()
    }

    /// Whether whoever comes in is the first one.
    pub(super) fn awaits_its_first(&self) -> bool {
        !self.inhabited
    }

    /// Closes a vacant room for good: whoever still holds it must look for another one.
    pub(super) fn close(&mut self) -> bool {
        if self.is_vacant() {
            self.shut_the_door();
        }
        self.closed
    }

    /// Nobody comes in any more.
    fn shut_the_door(&mut self) {
        self.closed = true;
        self.outside.close();
    }

    pub(super) fn outside(&self) -> &Arc<Outside> {
        &self.outside
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    /// The session and the project as its first client named them.
    pub(super) fn address(&self) -> &SessionAddress {
        &self.address
    }

    /// The session's id.
    pub(super) fn session(&self) -> &str {
        &self.address.session
    }

    /// What has been counted, and what is counted now.
    pub(super) fn figures(&self) -> Figures {
        let mut figures = self.counted;
        figures.set(Figure::Sessions, usize::from(self.inhabited));
        figures.set(Figure::Members, self.members.len());
        figures.set(Figure::Streams, self.streams.len());
        figures
    }

    /// Signals of members that were accepted so far.
    pub(super) fn signals(&self) -> u64 {
        self.counted.get(Figure::Signals)
    }

    /// When [`Self::wake`] has something to do, at the earliest.
    pub(super) fn due(&self) -> Option<Moment> {
        self.due
    }

    /// Takes one frame that came over `link`.
    pub(super) fn receive(&mut self, time: Time, link: LinkId, bytes: &[u8], out: &mut Vec<Output>) {
        let Some(id) = self.by_link.get(&link).copied() else { return }; // It has been replaced, or its member ended.
        let Some(line) = self.line(id) else { return };
        line.heard(time.now);
        let read = Frame::decode(bytes).map_err(Into::into).and_then(|frame| FromClient::read(&frame));
        match read {
            Ok(FromClient::Ping) => out.push(Output::to(link, Delivery::Pong)),
            Ok(FromClient::Acknowledge { transaction }) => self.acknowledge(id, transaction, out),
            Ok(FromClient::Request(request)) => self.request(time, id, link, &request, out),
            Ok(FromClient::Leave) => {
                out.push(Output::to(link, Delivery::Close(CloseCode::Done)));
                self.by_link.remove(&link);
                self.dismiss(time.now, id, &Reason::ClientDisconnected, Farewell::None, out);
            }
            Ok(FromClient::Replaced) => {
                out.push(Output::to(link, Delivery::Close(CloseCode::Done)));
                self.lose(time.now, link);
            }
            Ok(FromClient::Connect { connection, transaction: Some(transaction) }) => {
                let frame = status_frame(connection, transaction, 200, b"");
                out.push(Output::to(link, Delivery::Reply(frame)));
            }
            Ok(FromClient::Connect { .. } | FromClient::Subscribe | FromClient::Unsubscribe) => {}
            Err(error) => {
                debug!(connection = ?self.connection(id), %error, "closed: not a frame that a client sends");
                self.break_off(time.now, link, CloseCode::Foreign, out);
            }
        }
        self.settle(time.now, out);
    }

    /// Ends the connection of a peer that cannot be understood.
    pub(super) fn break_off(&mut self, now: Moment, link: LinkId, code: CloseCode, out: &mut Vec<Output>) {
        if let Some(id) = self.by_link.get(&link).copied() {
            self.dismiss(now, id, &Reason::NetworkDisconnected, Farewell::Close(code), out);
        }
        self.settle(now, out);
    }

    /// The peer of `link` lives.
    pub(super) fn heard(&mut self, now: Moment, link: LinkId) {
        let id = self.by_link.get(&link).copied();
        if let Some(line) = id.and_then(|id| self.line(id)) {
            line.heard(now);
        }
    }

    /// Looks after silent, lost and departed lines.
    pub(super) fn wake(&mut self, now: Moment, out: &mut Vec<Output>) {
        if self.due.is_none_or(|due| due > now) {
            return;
        }
        for member in self.members.values_mut() {
            member.line.forget_old_answers(now);
        }
        let due: Vec<MemberId> = self
            .members
            .iter()
            .filter(|(_, member)| member.line.due(&self.settings) <= now)
            .map(|(id, _)| *id)
            .collect();
        let mut given_up = Vec::new();
        for id in due {
            match self.members.get(&id).map(|member| member.line.carrier()) {
                Some(Carrier::Open { link, .. }) => {
                    out.push(Output::to(link, Delivery::Close(CloseCode::Silent)));
                    self.lose(now, link);
                }
                Some(Carrier::Lost { .. }) => given_up.push(id),
                None => {}
            }
        }
        self.dismiss_all(now, &given_up, &Reason::NetworkDisconnected, Farewell::None, out);
        self.forget_departed(now, out);
        self.settle(now, out);
        let lines = self.members.values().map(|member| member.line.due(&self.settings));
        self.due = lines.chain(self.departed.values().map(|departed| departed.until)).min();
    }

    /// The server stops, and no other one carries the session on: all leave, and nobody comes in any more.
    pub(super) fn shut(&mut self, now: Moment, out: &mut Vec<Output>) {
        self.shut_the_door();
        let everybody: Vec<MemberId> = self.members.keys().copied().collect();
        self.dismiss_all(now, &everybody, &Reason::NetworkDisconnected, Farewell::None, out);
        self.settle(now, out);
    }

    fn line(&mut self, id: MemberId) -> Option<&mut Line> {
        match self.members.get_mut(&id) {
            Some(member) => Some(&mut member.line),
            None => self.departed.get_mut(&id).map(|departed| &mut departed.line),
        }
    }

    fn acknowledge(&mut self, id: MemberId, transaction: &str, out: &mut Vec<Output>) {
        let Some(transaction) = uuid::parse(transaction) else { return };
        let [high, low] = halves(transaction);
        if high != self.nonce {
            return;
        }
        if let Some(member) = self.members.get_mut(&id) {
            let paid = member.line.acknowledge(low, out);
            self.counted.pay(paid);
            if low == member.welcome.created {
                member.welcome.frame = None;
            }
        } else if let Some(departed) = self.departed.get_mut(&id) {
            let paid = departed.line.acknowledge(low, out);
            self.counted.pay(paid);
            if departed.line.owes_nothing() && departed.line.link().is_none() {
                self.forget(id, out);
            }
        }
    }

    fn request(
        &mut self,
        time: Time,
        id: MemberId,
        link: LinkId,
        request: &Request<'_>,
        out: &mut Vec<Output>,
    ) {
        match self.repeated(time.unix_ms, id, request.transaction) {
            None => {}
            Some(Ok(frame)) => {
                out.push(Output::to(link, Delivery::Reply(frame)));
                return;
            }
            // It was carried out, so it must not hear that it was refused: it comes back and asks again.
            Some(Err(_)) => {
                out.push(Output::to(link, Delivery::Close(CloseCode::Crowded)));
                self.lose(time.now, link);
                return;
            }
        }
        let Some(connection) = self.connection(id) else { return };
        let slot = out.len();
        out.push(Output::to(link, Delivery::Reply(Bytes::new()))); // The STATUS goes before what its request causes.
        let executed = self.execute(time, id, request, out);
        let answer = executed.unwrap_or_else(Answer::Refused);
        let suppressed = self.hears_of_nobody(id);
        let frame = self.answer_frame(time.unix_ms, &connection, suppressed, request.transaction, &answer);
        out[slot] = Output::to(link, Delivery::Reply(frame));
        // What was refused for its time is asked anew, even under the same id, when its sender has not heard of it.
        let is_final = !matches!(&answer, Answer::Refused(refusal) if refusal.status == 429);
        if let Some(line) = self.line(id).filter(|_| is_final && is_id(request.transaction)) {
            line.remember(time.now, request.transaction, answer);
        }
    }

    /// The answer that a repeated request had; an error while there is no room to write it again.
    fn repeated(&self, unix_ms: u64, id: MemberId, transaction: &str) -> Option<Result<Bytes, Refusal>> {
        if let Some(departed) = self.departed.get(&id) {
            let answer = departed.line.answered(transaction)?;
            let suppressed = departed.events_suppressed;
            return Some(self.repeat(unix_ms, &departed.connection, suppressed, transaction, answer));
        }
        let member = self.members.get(&id)?;
        let suppressed = member.events_suppressed;
        if *member.welcome.transaction == *transaction {
            if let Some(frame) = &member.welcome.frame {
                return Some(Ok(frame.clone()));
            }
            let again = |()| self.welcome_frame(suppressed, &member.id, transaction);
            return Some(self.room_for_state(suppressed).map(again));
        }
        let answer = member.line.answered(transaction)?;
        Some(self.repeat(unix_ms, &member.id, suppressed, transaction, answer))
    }

    fn repeat(
        &self,
        unix_ms: u64,
        to: &str,
        suppressed: bool,
        transaction: &str,
        answer: &Answer,
    ) -> Result<Bytes, Refusal> {
        if *answer == Answer::State {
            self.room_for_state(suppressed)?;
        }
        Ok(self.answer_frame(unix_ms, to, suppressed, transaction, answer))
    }

    fn answer_frame(
        &self,
        unix_ms: u64,
        to: &str,
        events_suppressed: bool,
        transaction: &str,
        answer: &Answer,
    ) -> Bytes {
        match answer {
            Answer::Done => status_frame(to, transaction, 200, b""),
            Answer::Media => {
                // Anew each time: what is told counts from now on.
                let ice_servers = self.settings.ice_servers.objects(to, unix_ms / 1000);
                let content = MediaReply { ice_servers };
                status_frame(to, transaction, 200, &json(&Content { content }))
            }
            Answer::State => self.state_frame(events_suppressed, to, transaction),
            Answer::Refused(refusal) => status_frame(to, transaction, refusal.status, &refusal.data()),
        }
    }

    /// The connection id of a member or of somebody who was sent away.
    fn connection(&self, id: MemberId) -> Option<Arc<str>> {
        let departed = || self.departed.get(&id).map(|departed| departed.connection.clone());
        self.members.get(&id).map(|member| member.id.clone()).or_else(departed)
    }

    /// Whether it wants no connections listed (`wire.md §5.5`).
    fn hears_of_nobody(&self, id: MemberId) -> bool {
        let departed = || self.departed.get(&id).is_some_and(|departed| departed.events_suppressed);
        self.members.get(&id).map_or_else(departed, |member| member.events_suppressed)
    }

    fn execute(&mut self, time: Time, id: MemberId, request: &Request<'_>, out: &mut Vec<Output>) -> Outcome {
        if !self.members.contains_key(&id) {
            return Err(Refusal::new(404, "The connection has ended."));
        }
        if !is_id(request.transaction) {
            return Err(Refusal::new(
                400,
                "The TRANSACTION-ID must be 1 to 64 letters, digits, or - _ . characters.",
            ));
        }
        let Message { session, body } =
            Message::decode(request.data).map_err(|error| Refusal::new(400, error.to_string()))?;
        if session.session != self.address.session {
            return Err(Refusal::new(403, "The uri names another session than the one that was joined."));
        }
        match body {
            Body::Signal { id: signal, to, content } => {
                let outcome = self.signal(time.now, id, session, signal, to, content, out);
                let refused = outcome.as_ref().err().map(|refusal| Figure::of_signal(refusal.status));
                self.counted.count(refused.unwrap_or(Figure::Signals));
                outcome
            }
            Body::ConnectionCreate { .. } => Err(Refusal::new(409, "This socket has joined already.")),
            Body::ConnectionDelete { id: target } => self.force_disconnect(time.now, id, &target, out),
            Body::SessionRead => self.room_for_state(self.hears_of_nobody(id)).map(|()| Answer::State),
            Body::SessionMute(mute) => self.mute_session(id, mute, out),
            Body::StreamCreate(content) => self.publish(time.unix_ms, id, content, out),
            Body::StreamDelete { id: stream, content } => self.unpublish(id, &stream, content, out),
            Body::StreamMute { id: stream, mute } => self.mute_stream(id, &stream, mute, out),
            Body::StreamUpdate { id: stream, change } => self.update_stream(id, &stream, change, out),
            Body::ChannelUpdate { stream, channel, change } => {
                self.update_channel(id, &stream, &channel, change, out)
            }
            Body::Data { stream, subscriber, channel, id: data, content } => {
                self.relay_data(id, &stream, subscriber.as_deref(), &channel, &data, &content, out)
            }
            Body::SubscriberCreate { stream, id: subscriber, .. } => {
                self.subscribe(id, &stream, &subscriber, out)
            }
            Body::SubscriberDelete { stream, id: subscriber } => {
                self.unsubscribe(id, &stream, &subscriber, out)
            }
            Body::Negotiate { stream, subscriber: Some(subscriber), step, content } => {
                self.negotiate(id, &stream, &subscriber, step, content, out)
            }
            // Media goes from peer to peer: the server has nothing to switch, and no offer of its own to negotiate. The
            // rest is for servers to say, or not known; wire.md §4 wants an answer to each.
            Body::SubscriberUpdate { .. }
            | Body::SubscriberChannelUpdate { .. }
            | Body::Negotiate { subscriber: None, .. }
            | Body::Migrate(_)
            | Body::Notification { .. }
            | Body::ConnectionCreated(_)
            | Body::ConnectionDeleted { .. }
            | Body::StreamCreated(_)
            | Body::StreamDeleted { .. }
            | Body::StreamUpdated { .. }
            | Body::ChannelUpdated { .. }
            | Body::SubscriberDeleted { .. }
            | Body::SourceCreate { .. }
            | Body::SourceDelete { .. }
            | Body::ArchiveCreated(_)
            | Body::ArchiveUpdated { .. }
            | Body::Unknown { .. } => Ok(Answer::Done),
        }
    }

    /// Ends whoever is owed too much, until nobody is.
    fn settle(&mut self, now: Moment, out: &mut Vec<Output>) {
        while !self.overflowing.is_empty() {
            let mut ids = std::mem::take(&mut self.overflowing);
            // Two messages may have been too much for one.
            ids.sort_unstable();
            ids.dedup();
            self.counted.add(Figure::Overflowed, ids.len());
            let farewell = Farewell::Close(CloseCode::Ended);
            self.dismiss_all(now, &ids, &Reason::NetworkDisconnected, farewell, out);
        }
        if self.members.is_empty() {
            self.muted = false;
            if std::mem::take(&mut self.inhabited) {
                self.end_archives(out);
                out.push(Output::happened(Event::SessionDestroyed));
            }
        }
    }
}

fn halves(value: u128) -> [u64; 2] {
    #[allow(clippy::cast_possible_truncation, reason = "the lower half is meant")]
    [(value >> 64) as u64, value as u64]
}
