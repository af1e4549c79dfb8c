//! A room as data, and back: for the process that comes after this one.

use super::super::answers::Answers;
use super::super::line::Line;
use super::super::listed;
use super::super::member::{Member, MemberId, TokenDigest, Welcome};
use super::super::meter::Meter;
use super::super::owed::Owed;
use super::super::snapshot::{
    AnswerSnapshot, Blob, Letters, LineSnapshot, Membership, RoomHead, RoomSnapshot, StreamSnapshot,
    SubscriberSnapshot, Unfit,
};
use super::super::tally::{Figure, Tally};
use super::super::{Settings, is_id};
use super::negotiation::{Held, Until};
use super::state::{entry_bytes, raw};
use super::streams::Publication;
use super::subscribers::Subscriber;
use super::{Departed, Room};
use crate::planted::{self, Bug};
use bytes::Bytes;
use otc_protocol::Moment;
use otc_protocol::limits::{
    ANSWERS_REMEMBERED, CONNECTION_STREAMS, CONNECTION_SUBSCRIBERS, PROJECT_BYTES, PUBLISHER_CANDIDATE_BYTES,
    SESSION_CONNECTIONS, SESSION_ID_BYTES, SESSION_STREAMS,
};
use otc_protocol::raptor::{Connection, SessionAddress};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Sequence numbers and members are counted up from one: none gets here.
const COUNT_MOST: u64 = 1 << 62;

impl Room {
    /// What has to be known to carry the session on; `None` when nobody is in it, nor owed anything.
    pub(in crate::sessions) fn freeze(mut self, now: Moment) -> Option<RoomSnapshot> {
        self.members.values_mut().for_each(|member| member.line.forget_old_answers(now));
        let mut letters = Letters::default();
        let streams = self.streams.values().map(freeze_stream).collect();
        let members = self.members.into_iter().map(|(id, member)| freeze_member(id, member, &mut letters));
        let mut lines: Vec<LineSnapshot> = members.collect();
        // Whoever has taken note of its end need not be known any more.
        let departed = self.departed.into_iter().filter(|(_, departed)| !departed.line.owes_nothing());
        for (id, departed) in departed {
            let Departed { line, connection, events_suppressed, .. } = departed;
            lines.push(freeze_line(id, line, &connection, events_suppressed, None, &mut letters));
        }
        if lines.is_empty() {
            return None;
        }
        let head = RoomHead {
            project: self.address.project,
            session: self.address.session,
            nonce: self.nonce,
            next_sequence: self.next_sequence,
            next_member: self.next_member,
            muted: self.muted,
            archives: self.archives.iter().map(|running| running.archive().clone()).collect(),
            since_ms: self.since_ms,
            signals: self.outside.signals(),
        };
        Some(RoomSnapshot { head, letters: letters.into_letters(), lines, streams })
    }

    /// The room that was frozen, with every line lost since `now`.
    pub(in crate::sessions) fn thaw(
        settings: Arc<Settings>,
        tally: Arc<Tally>,
        now: Moment,
        snapshot: RoomSnapshot,
    ) -> Result<Self, Unfit> {
        let RoomSnapshot { head, letters, lines, streams } = snapshot;
        need((1..=SESSION_ID_BYTES).contains(&head.session.len()), "the id of a session")?;
        need(head.project.len() <= PROJECT_BYTES, "the API key of a session")?;
        need(head.next_sequence < COUNT_MOST && head.next_member < COUNT_MOST, "a count")?;
        let address = SessionAddress { project: head.project, session: head.session };
        let letters: Vec<Blob> = letters.into_iter().map(|Blob(letter)| Blob(tally.weigh(letter))).collect();
        let mut room = Self::new(settings, tally, address, head.nonce);
        (room.next_sequence, room.next_member) = (head.next_sequence, head.next_member);
        for line in lines {
            room.thaw_line(now, line, &letters)?;
        }
        for stream in streams {
            room.thaw_stream(stream)?;
        }
        room.inhabited = !room.members.is_empty();
        room.muted = head.muted && room.inhabited;
        room.since_ms = head.since_ms;
        room.outside.carry_on(head.signals);
        need(head.archives.is_empty() || room.inhabited, "an archive of nobody")?;
        for archive in head.archives {
            room.add_archive(archive).map_err(|_| Unfit("an archive"))?;
        }
        need(!room.is_vacant(), "a session without anybody")?;
        // A setting that has become lower sends nobody away; it keeps others out.
        need(room.members.len() <= SESSION_CONNECTIONS, "too many connections")?;
        need(room.state_has_room_for(0), "too large a state")?;
        room.due = Some(now + room.settings.resume_grace);
        Ok(room)
    }

    fn thaw_line(&mut self, now: Moment, snapshot: LineSnapshot, letters: &[Blob]) -> Result<(), Unfit> {
        let LineSnapshot { member, socket, connection, events_suppressed, owed, answers, membership } =
            snapshot;
        let id = MemberId(member);
        need(id.0 <= self.next_member && self.line(id).is_none(), "the number of a line")?;
        need(is_id(&socket) && is_id(&connection), "the id of a socket or a connection")?;
        let (socket, connection): (Arc<str>, Arc<str>) = (socket.into(), connection.into());
        need(self.by_socket.insert(socket.clone(), id).is_none(), "a socket that is there twice")?;
        let owed = self.thaw_owed(&owed, letters)?;
        self.counted.add(Figure::OwedMessages, owed.owing().messages);
        self.counted.add(Figure::OwedBytes, owed.owing().bytes);
        let line = Line::thaw(socket, now, owed, thaw_answers(now, answers)?);
        let Some(membership) = membership else {
            let until = now + self.settings.resume_grace;
            self.departed.insert(id, Departed { line, connection, events_suppressed, until });
            return Ok(());
        };
        need(
            self.by_connection.insert(connection.clone(), id).is_none(),
            "a connection that is there twice",
        )?;
        let member = self.thaw_member(line, connection, events_suppressed, membership, letters)?;
        self.state_bytes += entry_bytes(&member.json);
        self.suppressed_members += usize::from(events_suppressed);
        self.members.insert(id, member);
        self.counted.count(Figure::MembersAway);
        Ok(())
    }

    fn thaw_member(
        &self,
        line: Line,
        id: Arc<str>,
        events_suppressed: bool,
        membership: Membership,
        letters: &[Blob],
    ) -> Result<Member, Unfit> {
        let Membership {
            creation_time,
            data,
            permissions,
            token,
            join,
            created,
            welcome,
            layout_classes,
            resends_in_order,
        } = membership;
        need(listed::fit(&layout_classes), "the layout classes of a connection")?;
        need(is_id(&join) && created <= self.next_sequence, "a join")?;
        let frame = welcome.map(|letter| frame_of(letters, letter)).transpose()?;
        let token = TokenDigest::from_bytes(&token.0).ok_or(Unfit("the digest of a token"))?;
        let connection = Connection { id: id.to_string(), creation_time, data, permissions: vec![] };
        Ok(Member {
            line,
            id,
            json: raw(&Member::shown(&connection, permissions)),
            connection,
            permissions,
            layout_classes,
            events_suppressed,
            meter: Meter::default(),
            resends_in_order,
            token,
            welcome: Welcome { transaction: join.into(), created, frame },
            streams: BTreeSet::new(),
            subscriptions: BTreeSet::new(),
            held_bytes: 0,
        })
    }

    fn thaw_owed(&self, snapshot: &[(u64, usize)], letters: &[Blob]) -> Result<Owed, Unfit> {
        let mut owed = Owed::default();
        let mut before = 0;
        for (sequence, letter) in snapshot {
            need((before + 1..=self.next_sequence).contains(sequence), "the place of a message")?;
            before = *sequence;
            owed.push(*sequence, frame_of(letters, *letter)?);
        }
        // Somebody who is sent away is told so beyond the bound.
        need(!owed.is_twice_over(&self.settings), "a line that is owed too much")?;
        Ok(owed)
    }

    fn thaw_stream(&mut self, snapshot: StreamSnapshot) -> Result<(), Unfit> {
        let StreamSnapshot { owner, stream, layout_classes, subscribers } = snapshot;
        let owner = MemberId(owner);
        let mut publication = Publication::thaw(owner, &stream, layout_classes)?;
        let id: Arc<str> = publication.id().into();
        let mut held_bytes = 0;
        for subscriber in subscribers {
            let SubscriberSnapshot { id: subscriber, member, peer, held, until_answer } = subscriber;
            let until = if until_answer { Until::Answer } else { Until::Offer };
            let held = held.map(|held| thaw_held(until, held)).transpose()?;
            need(is_id(&subscriber), "the id of a subscriber")?;
            let key: Arc<str> = subscriber.into();
            let of = self.members.get_mut(&MemberId(member)).ok_or(Unfit("a subscriber without a member"))?;
            need(of.subscriptions.insert((id.clone(), key.clone())), "a subscriber that is there twice")?;
            need(of.subscriptions.len() <= CONNECTION_SUBSCRIBERS, "too many subscribers")?;
            held_bytes += held.as_ref().map_or(0, Held::bytes);
            let of = Subscriber { member: MemberId(member), peer, held };
            need(publication.subscribers.insert(key, of).is_none(), "a subscriber that is there twice")?;
        }
        let owner = self.members.get_mut(&owner).ok_or(Unfit("a stream without an owner"))?;
        owner.streams.insert(id.clone());
        owner.held_bytes += held_bytes;
        need(owner.streams.len() <= CONNECTION_STREAMS, "too many streams of one connection")?;
        need(owner.held_bytes <= PUBLISHER_CANDIDATE_BYTES, "too many candidates of one connection")?;
        self.state_bytes += entry_bytes(publication.json());
        need(self.streams.insert(id, publication).is_none(), "a stream that is there twice")?;
        need(self.streams.len() <= SESSION_STREAMS, "too many streams")
    }

    /// The socket ids of its lines.
    pub(in crate::sessions) fn sockets(&self) -> impl Iterator<Item = &Arc<str>> {
        self.by_socket.keys()
    }

    /// An empty room in the place of this one, into which nobody comes any more.
    pub(in crate::sessions) fn vacate(&mut self) -> Self {
        let mut empty =
            Self::new(self.settings.clone(), self.tally.clone(), self.address.clone(), self.nonce);
        empty.closed = true;
        empty.counted = self.counted;
        empty.counted.vacate();
        std::mem::replace(self, empty)
    }
}

fn freeze_member(id: MemberId, member: Member, letters: &mut Letters) -> LineSnapshot {
    let Welcome { transaction, created, frame } = member.welcome;
    let membership = Membership {
        creation_time: member.connection.creation_time,
        data: member.connection.data,
        permissions: member.permissions,
        token: Blob(Bytes::copy_from_slice(member.token.as_bytes())),
        join: transaction.into(),
        created,
        welcome: frame.map(|frame| letters.post(&frame)),
        layout_classes: member.layout_classes,
        resends_in_order: member.resends_in_order,
    };
    freeze_line(id, member.line, &member.id, member.events_suppressed, Some(membership), letters)
}

fn freeze_line(
    id: MemberId,
    line: Line,
    connection: &str,
    events_suppressed: bool,
    membership: Option<Membership>,
    letters: &mut Letters,
) -> LineSnapshot {
    let (socket, owed, answers) = line.freeze();
    let owed = owed.letters().map(|(sequence, frame)| (sequence, letters.post(frame))).collect();
    let answers = if planted::is(Bug::KeepAnswers) { Answers::default() } else { answers };
    let answers =
        answers.into_given().map(|(transaction, answer)| AnswerSnapshot { transaction, answer }).collect();
    let (socket, connection) = (socket.to_string(), connection.to_owned());
    LineSnapshot { member: id.0, socket, connection, events_suppressed, owed, answers, membership }
}

fn freeze_stream(publication: &Publication) -> StreamSnapshot {
    let subscribers = publication.subscribers.iter().map(|(id, of)| SubscriberSnapshot {
        id: id.to_string(),
        member: of.member.0,
        peer: of.peer,
        held: of.held.as_ref().map(|held| held.messages().map(blob).collect()),
        until_answer: of.held.as_ref().is_some_and(|held| held.until() == Until::Answer),
    });
    StreamSnapshot {
        owner: publication.owner.0,
        stream: publication.json().to_owned(),
        layout_classes: publication.layout_classes.clone(),
        subscribers: subscribers.collect(),
    }
}

fn blob(bytes: &[u8]) -> Blob {
    Blob(Bytes::copy_from_slice(bytes))
}

fn thaw_answers(now: Moment, snapshot: Vec<AnswerSnapshot>) -> Result<Answers, Unfit> {
    need(snapshot.len() <= ANSWERS_REMEMBERED, "too many answers")?;
    let mut answers = Answers::default();
    for AnswerSnapshot { transaction, answer } in snapshot {
        need(is_id(&transaction), "the id of a request")?;
        answers.remember(now, &transaction, answer);
    }
    Ok(answers)
}

fn thaw_held(until: Until, snapshot: Vec<Blob>) -> Result<Held, Unfit> {
    let mut held = Held::new(until);
    for Blob(message) in snapshot {
        held.hold(message.into()).map_err(|_| Unfit("too many candidates"))?;
    }
    Ok(held)
}

fn frame_of(letters: &[Blob], letter: usize) -> Result<Bytes, Unfit> {
    letters.get(letter).map(|letter| letter.0.clone()).ok_or(Unfit("a message that is not there"))
}

/// What is not as this server would have written it.
fn need(condition: bool, what: &'static str) -> Result<(), Unfit> {
    if condition { Ok(()) } else { Err(Unfit(what)) }
}
