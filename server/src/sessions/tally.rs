//! What is counted in sessions: plain numbers in each room, and their sums for the server.
//!
//! A room adds to numbers of its own, under the lock that it has anyway. What has changed is added to the sums once for
//! everything that one socket has brought.

use super::freight::Freight;
pub(super) use super::freight::Fullness;
use bytes::Bytes;
use otc_protocol::limits::OWED_MESSAGE_COST;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Something that is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Figure {
    /// Sessions that somebody is in, now.
    Sessions,
    /// Members of all sessions, now.
    Members,
    /// Those of them whose socket is lost and who may come back, now.
    MembersAway,
    /// What is published, now.
    Streams,
    /// Messages that are owed and not acknowledged, now.
    OwedMessages,
    /// Their bytes; what is owed to several counts for each of them.
    OwedBytes,
    /// Clients that were let in.
    Joins,
    /// Joins that were refused because of their token or their session.
    JoinsForbidden,
    /// … because the session has as many members as it may have, or another one has that connection id.
    JoinsFull,
    /// … because the server has no room.
    JoinsBusy,
    /// Clients that came back to what they are owed.
    Resumes,
    /// Clients that came back, and nobody knew them: their time was over, or they were never there.
    ResumesUnknown,
    /// Clients that came back while the server was stopping.
    ResumesStopped,
    /// Members that left by themselves.
    Left,
    /// Members that were sent away.
    SentAway,
    /// Members that ended as `networkDisconnected`, whatever the reason.
    Dropped,
    /// Those of them that were owed too much.
    Overflowed,
    /// Signals of members that were accepted.
    Signals,
    /// Signals of the application's server that were accepted.
    ServerSignals,
    /// Addressees of accepted signals, each signal counted for each of them.
    Deliveries,
    /// Signals that were refused because of their rate.
    SignalsTooOften,
    /// … because the token does not allow them.
    SignalsForbidden,
    /// … because they were too large.
    SignalsTooLarge,
    /// … because their addressee was not there.
    SignalsAstray,
    /// … because they were malformed.
    SignalsMalformed,
}

/// How many figures there are.
const FIGURES: usize = Figure::SignalsMalformed as usize + 1;

impl Figure {
    /// Where a refused signal counts.
    pub(super) fn of_signal(status: u16) -> Self {
        match status {
            403 => Self::SignalsForbidden,
            404 => Self::SignalsAstray,
            413 => Self::SignalsTooLarge,
            429 => Self::SignalsTooOften,
            _ => Self::SignalsMalformed,
        }
    }

    /// Where a refused join counts.
    pub(super) fn of_join(status: u16) -> Self {
        match status {
            409 => Self::JoinsFull,
            503 => Self::JoinsBusy,
            _ => Self::JoinsForbidden,
        }
    }
}

/// Messages that are owed, and their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Owing {
    pub(super) messages: usize,
    pub(super) bytes: usize,
}

impl Owing {
    /// Bytes that this counts for.
    pub(super) fn weight(self) -> usize {
        self.bytes + self.messages * OWED_MESSAGE_COST
    }
}

/// The numbers of one room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Figures([u64; FIGURES]);

impl Default for Figures {
    fn default() -> Self {
        Self([0; FIGURES])
    }
}

impl Figures {
    pub(super) fn count(&mut self, figure: Figure) {
        self.add(figure, 1);
    }

    pub(super) fn add(&mut self, figure: Figure, more: usize) {
        self.0[figure as usize] += more as u64;
    }

    pub(super) fn sub(&mut self, figure: Figure, less: usize) {
        self.0[figure as usize] -= less as u64;
    }

    pub(super) fn set(&mut self, figure: Figure, number: usize) {
        self.0[figure as usize] = number as u64;
    }

    /// A message more is owed.
    pub(super) fn owe(&mut self, bytes: usize) {
        self.count(Figure::OwedMessages);
        self.add(Figure::OwedBytes, bytes);
    }

    /// So much is owed no more.
    pub(super) fn pay(&mut self, paid: Owing) {
        self.sub(Figure::OwedMessages, paid.messages);
        self.sub(Figure::OwedBytes, paid.bytes);
    }

    pub(super) fn get(&self, figure: Figure) -> u64 {
        self.0[figure as usize]
    }

    /// What is so now is so no more; what has happened has happened.
    pub(super) fn vacate(&mut self) {
        self.0[..Figure::Joins as usize].fill(0);
    }
}

/// The sums of a server.
#[derive(Debug)]
pub struct Tally {
    sums: [AtomicU64; FIGURES],
    freight: Arc<Freight>,
}

impl Tally {
    /// `messages_bytes`: what messages may take.
    pub(super) fn new(messages_bytes: usize) -> Self {
        Self { sums: Default::default(), freight: Arc::new(Freight::new(messages_bytes)) }
    }

    /// Bytes of memory that messages take.
    pub fn messages_bytes(&self) -> usize {
        self.freight.weight(self.get(Figure::OwedMessages))
    }

    /// What one member may be owed while messages take too much; `None` while they do not.
    pub(super) fn share(&self) -> Option<usize> {
        self.freight.share(self.get(Figure::OwedMessages), self.get(Figure::Members))
    }

    /// How much of what messages may take is taken.
    pub(super) fn fullness(&self) -> Fullness {
        self.freight.fullness(self.get(Figure::OwedMessages))
    }

    /// Whether enough of it is free again.
    pub(super) fn is_relieved(&self) -> bool {
        self.freight.is_relieved(self.get(Figure::OwedMessages))
    }

    /// What one member may be owed while others are kept out.
    pub(super) fn relief_share(&self) -> usize {
        self.freight.relief_share(self.get(Figure::Members))
    }

    /// Weighs a message until its last copy is gone.
    pub(super) fn weigh(&self, frame: Bytes) -> Bytes {
        self.freight.weigh(frame)
    }

    /// How many there are, or have been.
    pub fn get(&self, figure: Figure) -> u64 {
        self.sums[figure as usize].load(Ordering::Relaxed)
    }

    pub(super) fn count(&self, figure: Figure) {
        self.sums[figure as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Adds what a room has counted since it was `told`.
    pub(super) fn note(&self, told: &mut Figures, now: &Figures) {
        if told == now {
            return;
        }
        for ((sum, told), now) in self.sums.iter().zip(&told.0).zip(&now.0) {
            if told != now {
                // What has become less is added too: sums wrap.
                sum.fetch_add(now.wrapping_sub(*told), Ordering::Relaxed);
            }
        }
        *told = *now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sums_are_those_of_all_rooms_whatever_grows_and_shrinks() {
        let tally = Tally::new(0);
        let (mut one, mut other) = (Figures::default(), Figures::default());
        let (mut told_one, mut told_other) = (one, other);
        one.add(Figure::OwedBytes, 100);
        one.count(Figure::Signals);
        other.add(Figure::OwedBytes, 7);
        tally.note(&mut told_one, &one);
        tally.note(&mut told_other, &other);
        assert_eq!((tally.get(Figure::OwedBytes), tally.get(Figure::Signals)), (107, 1));
        one.sub(Figure::OwedBytes, 60);
        one.count(Figure::Signals);
        tally.note(&mut told_one, &one);
        tally.note(&mut told_one, &one);
        assert_eq!((tally.get(Figure::OwedBytes), tally.get(Figure::Signals)), (47, 2));
        one.vacate();
        tally.note(&mut told_one, &one);
        assert_eq!((tally.get(Figure::OwedBytes), tally.get(Figure::Signals)), (7, 2));
    }

    #[test]
    fn what_is_so_now_comes_before_what_has_happened() {
        assert_eq!(Figure::OwedBytes as usize + 1, Figure::Joins as usize);
    }
}
