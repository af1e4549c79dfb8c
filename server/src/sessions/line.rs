//! One client's line to the server: its socket id, the WebSocket that carries it now, what it is owed, what it was
//! answered (`wire.md §3.5`).

use super::answers::{Answer, Answers};
use super::owed::Owed;
use super::tally::Owing;
use super::{Delivery, LinkId, Output, Settings};
use crate::planted::{self, Bug};
use bytes::Bytes;
use otc_protocol::limits::{ANSWER_AGE, SERVER_SILENCE};
use otc_protocol::{Moment, envelope};
use std::sync::Arc;

#[derive(Debug)]
pub(super) struct Line {
    /// The id that the client made; it outlives each WebSocket.
    pub(super) socket: Arc<str>,
    carrier: Carrier,
    owed: Owed,
    answers: Answers,
}

/// What carries the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carrier {
    /// A WebSocket since then, and when it was last heard of.
    Open { link: LinkId, since: Moment, heard: Moment },
    /// Nothing, since then.
    Lost { since: Moment },
}

impl Line {
    pub(super) fn new(socket: Arc<str>, link: LinkId, now: Moment) -> Self {
        let carrier = Carrier::Open { link, since: now, heard: now };
        Self { socket, carrier, owed: Owed::default(), answers: Answers::default() }
    }

    /// The line of a server before this one, lost since `now`.
    pub(super) fn thaw(socket: Arc<str>, now: Moment, owed: Owed, answers: Answers) -> Self {
        Self { socket, carrier: Carrier::Lost { since: now }, owed, answers }
    }

    /// What [`Self::thaw`] makes a line of.
    pub(super) fn freeze(self) -> (Arc<str>, Owed, Answers) {
        (self.socket, self.owed, self.answers)
    }

    pub(super) fn carrier(&self) -> Carrier {
        self.carrier
    }

    pub(super) fn link(&self) -> Option<LinkId> {
        match self.carrier {
            Carrier::Open { link, .. } => Some(link),
            Carrier::Lost { .. } => None,
        }
    }

    /// Any frame is a sign of life.
    pub(super) fn heard(&mut self, now: Moment) {
        if let Carrier::Open { heard, .. } = &mut self.carrier {
            *heard = now;
        }
    }

    /// When the room has to look after this line again, if nothing happens before.
    pub(super) fn due(&self, settings: &Settings) -> Moment {
        match self.carrier {
            Carrier::Open { heard, .. } => heard + SERVER_SILENCE,
            Carrier::Lost { since } => since + settings.resume_grace,
        }
    }

    pub(super) fn lose(&mut self, now: Moment) {
        self.carrier = Carrier::Lost { since: now };
    }

    /// Carries the line on over a new WebSocket. The PONG tells the client that it is back; all that is still owed
    /// follows in its order, with the same bytes, as fast as it is acknowledged.
    pub(super) fn resume(&mut self, now: Moment, link: LinkId, out: &mut Vec<Output>) {
        self.carrier = Carrier::Open { link, since: now, heard: now };
        if planted::is(Bug::ForgetAnswers) {
            self.answers = Answers::default();
        }
        out.push(Output::to(link, Delivery::Pong));
        self.owed.begin_replay();
        self.replay(out);
    }

    /// Owes the client a message, and sends it if there is a WebSocket and nothing older waits.
    pub(super) fn owe(&mut self, sequence: u64, frame: Bytes, out: &mut Vec<Output>) {
        let is_next = self.owed.push(sequence, frame.clone());
        if let (true, Some(link)) = (is_next, self.link()) {
            out.push(Output::to(link, Delivery::Message(frame)));
        }
    }

    /// What is owed no more.
    pub(super) fn acknowledge(&mut self, sequence: u64, out: &mut Vec<Output>) -> Owing {
        let paid = self.owed.acknowledge(sequence);
        self.replay(out);
        paid
    }

    /// What it is owed.
    pub(super) fn owing(&self) -> Owing {
        self.owed.owing()
    }

    /// Sends again what has its turn.
    fn replay(&mut self, out: &mut Vec<Output>) {
        let Some(link) = self.link() else { return };
        while let Some(frame) = self.owed.next_to_send() {
            out.push(Output::to(link, Delivery::Message(frame)));
        }
    }

    pub(super) fn owes_nothing(&self) -> bool {
        self.owed.is_empty()
    }

    /// The client is there and takes its messages more slowly than they come.
    pub(super) fn is_behind(&self, settings: &Settings) -> bool {
        self.link().is_some() && self.owed.is_half_over(settings)
    }

    pub(super) fn owes_too_much(&self, settings: &Settings) -> bool {
        self.owed.is_over(settings)
    }

    pub(super) fn answered(&self, transaction: &str) -> Option<&Answer> {
        self.answers.find(transaction)
    }

    pub(super) fn remember(&mut self, now: Moment, transaction: &str, answer: Answer) {
        self.answers.remember(now, transaction, answer);
    }

    /// Forgets old answers, unless the client may still be repeating requests: it is away, or was lately.
    pub(super) fn forget_old_answers(&mut self, now: Moment) {
        if let Carrier::Open { since, .. } = self.carrier
            && now - since >= ANSWER_AGE
        {
            self.answers.forget_old(now);
        }
    }
}

/// A STATUS frame.
pub(super) fn status_frame(to: &str, transaction: &str, status: u16, data: &[u8]) -> Bytes {
    // The transaction came in a frame and the connection id is bounded, so both fit into one.
    envelope::status(to, status, transaction, data).unwrap_or_default()
}
