//! Coming, coming back and leaving (`wire.md §3.5`, `§5`).

use super::super::answers::Answer;
use super::super::door::Join;
use super::super::line::Line;
use super::super::member::{Admission, Member, MemberId, TokenDigest, Welcome};
use super::super::meter::Meter;
use super::super::tally::Figure;
use super::super::{CloseCode, Delivery, Event, LinkId, Output, Refusal, Time};
use super::delivery::Letter;
use super::state::{entry_bytes, raw};
use super::{Departed, Outcome, Room};
use crate::planted::{self, Bug};
use otc_protocol::Moment;
use otc_protocol::limits::CLOSE_WITHIN;
use otc_protocol::permissions::Permission;
use otc_protocol::raptor::{Body, Connection, RESENDS_IN_ORDER, Reason};
use std::collections::BTreeSet;
use std::sync::Arc;
use tracing::debug;

/// Somebody whose token was accepted.
pub(in crate::sessions) struct Newcomer {
    pub(in crate::sessions) link: LinkId,
    pub(in crate::sessions) socket: Arc<str>,
    pub(in crate::sessions) join: Join,
    pub(in crate::sessions) admission: Admission,
    /// Whether it is known which archive begins if this is the first member.
    pub(in crate::sessions) may_be_first: bool,
}

/// What somebody who is no member any more is told of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Farewell {
    /// Nothing: it left by itself, or is lost.
    None,
    /// What the others are told; its line is kept until it has taken note.
    Tell,
    /// What the others are told, and its WebSocket is closed.
    Close(CloseCode),
    /// Nothing, and its WebSocket is closed: the same client comes in anew.
    Replace,
}

impl Room {
    /// Lets somebody in, or says why not.
    pub(in crate::sessions) fn join(
        &mut self,
        time: Time,
        newcomer: Newcomer,
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        let joined = self.come_in(time, newcomer, out);
        self.settle(time.now, out); // Others may have made way even if nobody comes in.
        joined
    }

    fn come_in(&mut self, time: Time, newcomer: Newcomer, out: &mut Vec<Output>) -> Result<(), Refusal> {
        let Newcomer { link, socket, join, admission, .. } = newcomer;
        let token = TokenDigest::of(&join.token);
        self.make_way(time.now, &join.connection, token, out)?;

        let connection = Connection {
            id: join.connection,
            creation_time: time.unix_ms,
            data: admission.data,
            permissions: vec![],
        };
        let shown = Member::shown(&connection, admission.permissions);
        let json = raw(&shown);
        if self.members.len() >= self.settings.session_connections
            || !self.state_has_room_for(entry_bytes(&json))
        {
            return Err(Refusal::new(409, "connectionLimitExceeded"));
        }
        self.room_for_state(join.content.connection_events_suppressed)?;

        self.next_member += 1;
        let id = MemberId(self.next_member);
        let connection_id: Arc<str> = connection.id.as_str().into();
        let events_suppressed = join.content.connection_events_suppressed;
        let resends_in_order = join.content.capabilities.iter().any(|word| word == RESENDS_IN_ORDER);
        let frame = self.welcome_frame(events_suppressed, &connection_id, &join.transaction);
        out.push(Output::to(link, Delivery::Reply(frame.clone())));

        let body = self.json(Body::ConnectionCreated(shown.clone()));
        let created = self.letter_to_all(&connection_id, &body);
        self.state_bytes += entry_bytes(&json);
        self.suppressed_members += usize::from(events_suppressed);
        self.by_link.insert(link, id);
        self.by_socket.insert(socket.clone(), id);
        self.by_connection.insert(connection_id.clone(), id);
        self.members.insert(
            id,
            Member {
                line: Line::new(socket, link, time.now),
                id: connection_id.clone(),
                connection,
                json,
                permissions: admission.permissions,
                layout_classes: admission.layout_classes,
                events_suppressed,
                meter: Meter::default(),
                resends_in_order,
                token,
                welcome: Welcome {
                    transaction: join.transaction.into(),
                    created: created.sequence,
                    frame: Some(frame).filter(|frame| self.settings.scales.keep(frame.len())),
                },
                streams: BTreeSet::new(),
                subscriptions: BTreeSet::new(),
                held_bytes: 0,
            },
        );
        self.look_after(id);
        debug!(session = %self.address.session, connection = %connection_id, "joined");
        self.send(&created, |member| !member.events_suppressed || member.id == connection_id, out);
        self.counted.count(Figure::Joins);
        let is_first = !std::mem::replace(&mut self.inhabited, true);
        if is_first {
            self.since_ms = time.unix_ms;
            self.outside.carry_on(0);
            out.push(Output::happened(Event::SessionCreated));
        }
        out.push(Output::happened(Event::ConnectionCreated { connection: shown }));
        if let Some(archive) = admission.archive.filter(|_| is_first) {
            self.start_own_archive(archive, out);
        }
        Ok(())
    }

    /// A client that starts its connect anew keeps its connection id (`wire.md §3.7`), so its earlier socket makes way;
    /// anybody else with that id is refused.
    fn make_way(
        &mut self,
        now: Moment,
        connection: &str,
        token: TokenDigest,
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        let Some((id, earlier)) = self.by_connection.get(connection).map(|id| (*id, self.members.get(id)))
        else {
            return Ok(());
        };
        if earlier.is_some_and(|earlier| earlier.token != token) {
            return Err(Refusal::new(409, "Another client has this connection id."));
        }
        self.dismiss(now, id, &Reason::NetworkDisconnected, Farewell::Replace, out);
        Ok(())
    }

    /// Carries the line of `socket` on over `link`; whether there is such a line.
    pub(in crate::sessions) fn resume(
        &mut self,
        now: Moment,
        socket: &str,
        link: LinkId,
        out: &mut Vec<Output>,
    ) -> bool {
        let Some(id) = self.by_socket.get(socket).copied() else { return false };
        let Some(line) = self.line(id) else { return false };
        let old = line.link();
        line.resume(now, link, out);
        self.outside.change();
        if let Some(member) = self.members.get_mut(&id) {
            self.counted.sub(Figure::MembersAway, usize::from(old.is_none()));
            member.meter.resume(member.resends_in_order);
        }
        if let Some(old) = old {
            if !planted::is(Bug::LateCloseCounts) {
                self.by_link.remove(&old);
            }
            out.push(Output::to(old, Delivery::Close(CloseCode::Done)));
        }
        self.by_link.insert(link, id);
        self.look_after(id);
        if let Some(departed) = self.departed.get_mut(&id) {
            departed.until = now + CLOSE_WITHIN;
        }
        self.settle(now, out);
        true
    }

    /// The WebSocket `link` is lost or closed. One that has been replaced is nobody's loss.
    pub(in crate::sessions) fn lose(&mut self, now: Moment, link: LinkId) {
        let Some(id) = self.by_link.remove(&link) else { return };
        let grace = self.settings.resume_grace;
        self.outside.change();
        self.counted.add(Figure::MembersAway, usize::from(self.members.contains_key(&id)));
        if let Some(line) = self.line(id) {
            line.lose(now);
        }
        if let Some(departed) = self.departed.get_mut(&id) {
            // One that took note may go; another one may come back and has to hear it.
            departed.until = if departed.line.owes_nothing() { now } else { now + grace };
        }
        self.look_after(id);
    }

    /// A member's request that another one be ended.
    pub(super) fn force_disconnect(
        &mut self,
        now: Moment,
        by: MemberId,
        connection: &str,
        out: &mut Vec<Output>,
    ) -> Outcome {
        self.need(by, Permission::ForceDisconnect)?;
        let target = self.by_connection.get(connection).copied();
        let target = target.ok_or_else(|| Refusal::new(404, "No such connection is in the session."))?;
        self.dismiss(now, target, &Reason::ForceDisconnected, Farewell::Tell, out);
        Ok(Answer::Done)
    }

    /// Ends a member. Of one that is no member any more, what is left is forgotten.
    pub(super) fn dismiss(
        &mut self,
        now: Moment,
        id: MemberId,
        reason: &Reason,
        farewell: Farewell,
        out: &mut Vec<Output>,
    ) {
        self.dismiss_all(now, &[id], reason, farewell, out);
    }

    /// Ends several at once. All are out before the first is spoken of: those who go together are not told of each
    /// other, which for thousands would be millions of messages that nobody hears.
    pub(super) fn dismiss_all(
        &mut self,
        now: Moment,
        ids: &[MemberId],
        reason: &Reason,
        farewell: Farewell,
        out: &mut Vec<Output>,
    ) {
        let going: Vec<(MemberId, Option<Member>)> =
            ids.iter().map(|id| (*id, self.members.remove(id))).collect();
        for (id, member) in going {
            match member {
                Some(member) => self.end(now, id, member, reason, farewell, out),
                None => self.close_departed(id, farewell, out),
            }
        }
    }

    /// Ends somebody who has been taken out: first its subscribers and streams, then itself (`wire.md §5.3`).
    fn end(
        &mut self,
        now: Moment,
        id: MemberId,
        mut member: Member,
        reason: &Reason,
        farewell: Farewell,
        out: &mut Vec<Output>,
    ) {
        debug!(session = %self.address.session, connection = %member.id, %reason, "left");
        self.counted.sub(Figure::MembersAway, usize::from(member.line.link().is_none()));
        self.counted.count(match reason {
            Reason::ClientDisconnected => Figure::Left,
            Reason::ForceDisconnected => Figure::SentAway,
            _ => Figure::Dropped,
        });
        self.by_connection.remove(&member.id);
        self.state_bytes -= entry_bytes(&member.json);
        self.suppressed_members -= usize::from(member.events_suppressed);
        for (stream, subscriber) in std::mem::take(&mut member.subscriptions) {
            self.drop_subscriber(&member.id, &stream, &subscriber, out);
        }
        let streams = std::mem::take(&mut member.streams);
        let mut news: Vec<Letter> =
            streams.iter().filter_map(|stream| self.drop_stream(stream, reason, &member.id, out)).collect();
        let body = self.json(Body::ConnectionDeleted { id: member.id.to_string(), reason: reason.clone() });
        let deleted = self.letter_to_all(&member.id, &body);
        self.send(&deleted, |other| !other.events_suppressed, out);
        news.push(deleted);
        let connection = member.as_shown();
        out.push(Output::happened(Event::ConnectionDestroyed { connection, reason: reason.clone() }));
        self.part_with(now, id, member, news, farewell, out);
    }

    /// Sees the line of a former member off.
    fn part_with(
        &mut self,
        now: Moment,
        id: MemberId,
        member: Member,
        news: Vec<Letter>,
        farewell: Farewell,
        out: &mut Vec<Output>,
    ) {
        let Member { mut line, id: connection, events_suppressed, .. } = member;
        if !matches!(farewell, Farewell::None | Farewell::Replace) {
            for letter in news {
                self.counted.owe(letter.frame.len());
                line.owe(letter.sequence, letter.frame, out);
            }
        }
        let grace = if line.link().is_some() { CLOSE_WITHIN } else { self.settings.resume_grace };
        self.departed.insert(id, Departed { line, connection, events_suppressed, until: now + grace });
        if farewell == Farewell::Tell {
            self.look_after(id);
        } else {
            self.close_departed(id, farewell, out);
        }
    }

    fn close_departed(&mut self, id: MemberId, farewell: Farewell, out: &mut Vec<Output>) {
        let code = match farewell {
            Farewell::Tell => return,
            Farewell::Close(code) => code,
            Farewell::Replace => CloseCode::Ended,
            Farewell::None => CloseCode::Done,
        };
        if let Some(link) = self.line(id).and_then(|line| line.link()) {
            // After a DISCONNECT the room knows the link no more.
            if self.by_link.remove(&link).is_some() {
                out.push(Output::to(link, Delivery::Close(code)));
            }
        }
        self.forget(id, out);
    }

    /// Forgets whom nothing is owed any more.
    pub(super) fn forget(&mut self, id: MemberId, out: &mut Vec<Output>) {
        let Some(departed) = self.departed.remove(&id) else { return };
        self.counted.pay(departed.line.owing());
        if let Some(link) = departed.line.link() {
            self.by_link.remove(&link);
        }
        self.by_socket.remove(&departed.line.socket);
        out.push(Output::Forget { socket: departed.line.socket });
    }

    /// Forgets those who did not take note in time.
    pub(super) fn forget_departed(&mut self, now: Moment, out: &mut Vec<Output>) {
        let late: Vec<MemberId> =
            self.departed.iter().filter(|(_, departed)| departed.until <= now).map(|(id, _)| *id).collect();
        for id in late {
            self.close_departed(id, Farewell::Close(CloseCode::Ended), out);
        }
    }

    /// Makes sure that [`Self::wake`] comes in time for this line.
    fn look_after(&mut self, id: MemberId) {
        let member = self.members.get(&id).map(|member| member.line.due(&self.settings));
        let departed = self.departed.get(&id).map(|departed| departed.until);
        let due = member.or(departed);
        self.due = match (self.due, due) {
            (Some(old), Some(new)) => Some(old.min(new)),
            (old, new) => old.or(new),
        };
    }

    /// Refuses what `permission` is needed for.
    pub(super) fn need(&self, id: MemberId, permission: Permission) -> Result<&Member, Refusal> {
        let member = self.members.get(&id).ok_or_else(|| Refusal::new(404, "The connection has ended."))?;
        if member.may(permission) {
            return Ok(member);
        }
        Err(Refusal::new(403, format!("The token does not allow this: it needs {}.", permission.name())))
    }
}
