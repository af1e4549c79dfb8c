//! Messages from the room to its members: written once, the same bytes for all.

use super::super::member::{Member, MemberId};
use super::super::tally::Figures;
use super::super::{Output, Settings};
use super::Room;
use bytes::Bytes;
use otc_protocol::raptor::{Body, Message};
use otc_protocol::{Moment, envelope, uuid};

/// A message that has its transaction id and its place in the order.
#[derive(Clone)]
pub(super) struct Letter {
    pub(super) sequence: u64,
    pub(super) frame: Bytes,
}

impl Room {
    /// A number that this room has not used before: the place of a message, or a part of an id.
    pub(super) fn next_number(&mut self) -> u64 {
        self.next_sequence += 1;
        self.next_sequence
    }

    /// The UUID of a number.
    pub(super) fn uuid(&self, number: u64) -> String {
        uuid::format(u128::from(self.nonce) << 64 | u128::from(number))
    }

    /// The JSON of `body`, said of this session.
    pub(super) fn json(&self, body: Body) -> Vec<u8> {
        Message { session: self.address.clone(), body }.encode()
    }

    /// Writes a message to everybody; `from` is empty when the server speaks.
    pub(super) fn letter_to_all(&mut self, from: &str, data: &[u8]) -> Letter {
        let sequence = self.next_number();
        self.letter(sequence, &self.topic, from, data)
    }

    /// Writes one of several forms of a message; each member gets one of them.
    pub(super) fn letter(&self, sequence: u64, to: &str, from: &str, data: &[u8]) -> Letter {
        // Topics and ids are bounded, so they fit into a frame.
        let frame = envelope::message(to, &self.uuid(sequence), from, data).unwrap_or_default();
        Letter { sequence, frame: self.tally.weigh(frame) }
    }

    /// Sends to everybody whom `wanted` names.
    pub(super) fn send(&mut self, letter: &Letter, wanted: impl Fn(&Member) -> bool, out: &mut Vec<Output>) {
        let share = self.tally.share();
        for (id, member) in &mut self.members {
            if !wanted(member) {
                continue;
            }
            if owe(member, &self.settings, share, &mut self.counted, letter, out) {
                self.overflowing.push(*id);
            }
            self.crowded |= member.line.is_behind(&self.settings);
        }
    }

    /// Sends to everybody.
    pub(super) fn broadcast(&mut self, from: &str, body: Body, out: &mut Vec<Output>) -> Letter {
        let data = self.json(body);
        let letter = self.letter_to_all(from, &data);
        self.send(&letter, |_| true, out);
        letter
    }

    /// Sends to one member, if it is still there.
    pub(super) fn send_to(&mut self, id: MemberId, from: &str, body: Body, out: &mut Vec<Output>) {
        if self.members.get(&id).is_none_or(|member| member.line.owes_too_much(&self.settings)) {
            return; // Not worth the writing: it is not there, or about to be ended.
        }
        let data = self.json(body);
        self.send_data_to(id, from, &data, out);
    }

    /// Sends JSON that has been written already to one member.
    pub(super) fn send_data_to(&mut self, id: MemberId, from: &str, data: &[u8], out: &mut Vec<Output>) {
        let Some(to) = self.members.get(&id).map(|member| member.id.clone()) else { return };
        let sequence = self.next_number();
        let letter = self.letter(sequence, &to, from, data);
        self.send_letter_to(id, &letter, out);
    }

    pub(super) fn send_letter_to(&mut self, id: MemberId, letter: &Letter, out: &mut Vec<Output>) {
        let Some(member) = self.members.get_mut(&id) else { return };
        if owe(member, &self.settings, self.tally.share(), &mut self.counted, letter, out) {
            self.overflowing.push(id);
        }
        self.crowded |= member.line.is_behind(&self.settings);
    }

    /// The most that a member is owed.
    pub(in super::super) fn most_owed(&self) -> usize {
        self.members.values().map(|member| member.line.owing().weight()).max().unwrap_or_default()
    }

    /// Ends those who are owed more than that.
    pub(in super::super) fn end_those_owed_more(&mut self, now: Moment, floor: usize, out: &mut Vec<Output>) {
        let is_above = |member: &Member| member.line.owing().weight() > floor;
        let above = self.members.iter().filter(|(_, member)| is_above(member)).map(|(id, _)| *id);
        self.overflowing.extend(above);
        self.settle(now, out);
    }

    /// Whether somebody who has been sent something since the last asking falls behind: then whoever sends should slow
    /// down.
    pub(in super::super) fn take_crowded(&mut self) -> bool {
        std::mem::take(&mut self.crowded)
    }
}

/// Owes a member one message more, unless it is owed too much already; whether this one was too much. `share`: what it may
/// be owed while everybody together is owed too much.
fn owe(
    member: &mut Member,
    settings: &Settings,
    share: Option<usize>,
    counted: &mut Figures,
    letter: &Letter,
    out: &mut Vec<Output>,
) -> bool {
    if member.line.owes_too_much(settings) {
        return false; // It is about to be ended: nothing more is gathered for it.
    }
    counted.owe(letter.frame.len());
    member.line.owe(letter.sequence, letter.frame.clone(), out);
    member.line.owes_too_much(settings) || share.is_some_and(|share| member.line.owing().weight() > share)
}
