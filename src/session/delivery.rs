//! Frames on their way in.

use super::event::{Event, Signal};
use super::io::Output;
use super::link::Link;
use super::status::{DisconnectReason, Status};
use super::{Engine, Membership, Phase, Returned};
use crate::planted::{self, Bug};
use otc_protocol::Moment;
use otc_protocol::envelope::{self, Delivery, FromServer};
use otc_protocol::raptor::{Body, Connection, Message, Reason, SignalContent};
use otc_protocol::rumor::{Frame, FrameError};
use std::sync::Arc;

/// What an application is told of a connect that the server has ended.
const ENDED: &str = "The server ended this client's connection before the session was joined.";

impl Engine {
    pub(super) fn frame(&mut self, now: Moment, attempt: u64, bytes: &[u8], out: &mut Vec<Output>) {
        let Some(membership) = self.open_membership(attempt) else { return };
        if let Link::Open { received, .. } = &mut membership.link {
            *received = now;
        }
        let lost = membership.away_since.take();
        if let Some(lost) = lost {
            membership.failure = None;
            membership.returned = Some(Returned { at: now, lost, proven: false });
            self.status = Status::Connected;
        }
        let told = out.len();
        self.take_frame(now, attempt, bytes, out);
        // Who learns from the first frame that the session is over has not come back.
        if lost.is_some() && matches!(self.phase, Phase::Joined(_)) {
            out.insert(told, Output::Event(Event::Reconnected));
        }
    }

    fn take_frame(&mut self, now: Moment, attempt: u64, bytes: &[u8], out: &mut Vec<Output>) {
        let frame = match Frame::decode(bytes) {
            Ok(frame) => frame,
            Err(FrameError::UnknownKind(_)) => return,
            Err(error) => {
                if let Some(membership) = self.open_membership(attempt) {
                    membership.warn_of_malformed(&format!("frame, ignored: {error}"), out);
                }
                return;
            }
        };
        match FromServer::read(&frame) {
            #[cfg(feature = "planted")]
            FromServer::Message(delivery)
                if planted::is(Bug::AcknowledgeFirst) && matches!(self.phase, Phase::Joined(_)) =>
            {
                self.put_off(now, bytes, &delivery, out);
            }
            FromServer::Message(delivery) => self.message(now, &delivery, out),
            FromServer::Status(answer) => match self.phase {
                Phase::Connecting(_) => self.join_answered(now, &answer, out),
                _ => self.answered(now, &answer, out),
            },
            FromServer::Pong | FromServer::Other => {}
        }
    }

    /// The membership whose socket `attempt` is open.
    fn open_membership(&mut self, attempt: u64) -> Option<&mut Membership> {
        let membership = match &mut self.phase {
            Phase::Connecting(connecting) => &mut connecting.joining_mut()?.membership,
            Phase::Joined(membership) => membership,
            _ => return None,
        };
        membership.link.is(attempt).then_some(membership)
    }

    pub(super) fn message(&mut self, now: Moment, delivery: &Delivery<'_>, out: &mut Vec<Output>) {
        let mut held = Vec::new();
        let (membership, events) = match &mut self.phase {
            Phase::Connecting(connecting) => {
                let Some(joining) = connecting.joining_mut() else { return };
                let (messages, bytes) = joining.told;
                joining.told = (messages + 1, bytes + delivery.data.len());
                (&mut joining.membership, &mut joining.held)
            }
            Phase::Joined(membership) => (membership, &mut held),
            _ => return,
        };
        let is_new = delivery.transaction.is_none_or(|transaction| membership.duplicates.note(transaction))
            || planted::is(Bug::ForgetDuplicates);
        if is_new {
            membership.proven();
        }
        let ended = if is_new {
            match Message::decode(delivery.data) {
                Ok(message) => membership.take(message.body, delivery.from, events),
                Err(error) => {
                    membership.warn_of_malformed(&format!("message, ignored: {error}"), out);
                    None
                }
            }
        } else {
            None
        };
        // What could not be understood is acknowledged all the same, or it would come again at every resume.
        if let Some(transaction) = delivery.transaction
            && (is_new || !planted::is(Bug::IgnoreDuplicates))
            && let Ok(frame) = envelope::acknowledge(
                delivery.from.unwrap_or_default(),
                transaction,
                &membership.connection_id,
            )
        {
            membership.link.send(now, frame, out);
        }
        out.extend(held.into_iter().map(Output::Event));
        if self.hears_too_much(now, out) {
            return;
        }
        match ended {
            Some(_) if matches!(self.phase, Phase::Connecting(_)) => self.join_ended(now, ENDED, out),
            Some(reason) => self.ended(&reason, out),
            None => self.join_progressed(out),
        }
    }

    /// Takes leave of a server that tells of more than any session holds, or of much before it lets this client in.
    pub(super) fn hears_too_much(&mut self, now: Moment, out: &mut Vec<Output>) -> bool {
        const TEXT: &str =
            "The server tells of more than a session can hold; it may be another kind of server.";
        match &mut self.phase {
            Phase::Connecting(connecting) => {
                let too_much = connecting.joining_mut().is_some_and(|joining| joining.holds_too_much());
                if too_much {
                    self.join_ended(now, TEXT, out);
                }
                too_much
            }
            Phase::Joined(membership) if membership.roster.is_too_large() => {
                out.push(Output::Send(envelope::leave()));
                out.push(Output::Close);
                self.dropped(TEXT, out);
                true
            }
            _ => false,
        }
    }

    /// The server has ended this client's connection.
    fn ended(&mut self, reason: &Reason, out: &mut Vec<Output>) {
        out.push(Output::Close);
        match DisconnectReason::from(reason) {
            DisconnectReason::NetworkDisconnected => {
                self.dropped(
                    "The server ended this client's connection: it was away or too slow for too long.",
                    out,
                );
            }
            reason => {
                self.report_unanswered(out);
                self.end(reason, out);
            }
        }
    }
}

impl Membership {
    /// Takes a message; the answer is why one's own connection has ended, if it has.
    fn take(&mut self, body: Body, from: Option<&str>, events: &mut Vec<Event>) -> Option<Reason> {
        let own_id = self.connection_id.as_str();
        let roster = &mut self.roster;
        match body {
            Body::ConnectionCreated(connection) => roster.connection_created(own_id, connection, events),
            Body::ConnectionDeleted { id, reason } if id == own_id => return Some(reason),
            Body::ConnectionDeleted { id, .. } => roster.connection_deleted(&id, events),
            Body::StreamCreated(stream) => roster.stream_created(own_id, stream, events),
            Body::StreamDeleted { id, .. } => roster.stream_deleted(&id, events),
            Body::StreamUpdated { id, change } => {
                if let Some(name) = change.name {
                    roster.stream_renamed(&id, &name);
                }
            }
            Body::ChannelUpdated { stream, channel, change } => {
                roster.channel_updated(&stream, &channel, &change, events);
            }
            Body::Signal { content, .. } => {
                let from = self.sender(from.unwrap_or_default(), content.from_connection.as_ref());
                events.push(Event::Signal(signal(content, from)));
            }
            Body::SessionMute(mute) => events.push(Event::MuteForced { active: mute.active }),
            Body::ArchiveCreated(archive) => roster.archive_created(archive, events),
            Body::ArchiveUpdated { id, change } => roster.archive_updated(&id, &change.status, events),
            _ => {}
        }
        None
    }

    /// Who sent a signal: nobody for the server, and for a sender of whom the server has not told what the signal
    /// itself says (`wire.md §5.5`).
    fn sender(&self, from: &str, told: Option<&Connection>) -> Option<Arc<Connection>> {
        if from.is_empty() || from.starts_with("symphony.") {
            return None;
        }
        match told {
            Some(connection) if connection.id == from && !self.roster.knows(from) => {
                Some(Arc::new(connection.clone()))
            }
            _ => Some(self.roster.member(from)),
        }
    }
}

fn signal(content: SignalContent, from: Option<Arc<Connection>>) -> Signal {
    let data = content.data.map(|data| data.as_string().unwrap_or_else(|| data.text().to_owned()));
    Signal { kind: content.kind, data, from }
}
