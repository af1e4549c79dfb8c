//! What waits for one receiver: a lane for each session.

use super::queue::{Delivery, Load, Retries, Turn};
use super::target::Target;
use otc_protocol::Moment;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// What is known of a receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Health {
    /// It has not answered yet.
    Unknown,
    /// The last answer was the right one.
    Sound,
    /// The last one was not, so many times in a row; what was begun after the first `begun` deliveries of all is news.
    Failing { failures: u32, begun: u64, rest_until: Moment },
}

/// The deliveries of one session.
#[derive(Debug, Default)]
struct Lane {
    waiting: VecDeque<Delivery>,
    failures: u32,
    stands: Stands,
}

/// A delivery has not been taken.
pub(super) struct Failure {
    pub(super) now: Moment,
    pub(super) unix_ms: u64,
    /// How many deliveries had been begun before it, of all receivers.
    pub(super) serial: u64,
    /// How many have been begun by now.
    pub(super) begun: u64,
    pub(super) random: [u64; 2],
}

/// What holds up the first delivery of a lane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stands {
    #[default]
    Ready,
    UnderWay,
    Resting(Moment),
}

/// All that waits for one receiver.
#[derive(Debug)]
pub(super) struct Lanes {
    pub(super) target: Arc<Target>,
    pub(super) epoch: u64,
    pub(super) load: Load,
    pub(super) under_way: usize,
    /// Whether the receiver is among those whose turn it is.
    pub(super) in_turn: bool,
    /// The time for which the receiver has been put down.
    pub(super) settled_at: Option<Moment>,
    health: Health,
    sessions: HashMap<Arc<str>, Lane>,
    /// Sessions whose first delivery may go, in turn.
    ready: VecDeque<Arc<str>>,
    resting: BTreeSet<(Moment, Arc<str>)>,
}

impl Lanes {
    pub(super) fn new(target: Arc<Target>, epoch: u64) -> Self {
        Self {
            target,
            epoch,
            load: Load::default(),
            under_way: 0,
            in_turn: false,
            settled_at: None,
            health: Health::Unknown,
            sessions: HashMap::new(),
            ready: VecDeque::new(),
            resting: BTreeSet::new(),
        }
    }

    /// A delivery for which there is room.
    pub(super) fn put(&mut self, delivery: Delivery) {
        let session = Arc::clone(&delivery.session);
        let lane = self.sessions.entry(Arc::clone(&session)).or_default();
        if lane.waiting.is_empty() {
            self.ready.push_back(session);
        }
        lane.waiting.push_back(delivery);
    }

    pub(super) fn numbers(&self) -> Vec<u64> {
        self.sessions.values().flat_map(|lane| lane.waiting.iter().map(|delivery| delivery.number)).collect()
    }

    /// When one more delivery may be tried.
    pub(super) fn turn(&self, now: Moment, slots: usize) -> Turn {
        let (slots, rest_until) = match self.health {
            Health::Sound => (slots, Moment::ZERO),
            Health::Unknown => (1, Moment::ZERO),
            Health::Failing { rest_until, .. } => (1, rest_until),
        };
        if self.under_way >= slots {
            return Turn::Open;
        }
        let first =
            if self.ready.is_empty() { self.resting.first().map(|(at, _)| *at) } else { Some(Moment::ZERO) };
        match first.map(|first| first.max(rest_until)) {
            None => Turn::Open,
            Some(at) if at <= now => Turn::Now,
            Some(at) => Turn::At(at),
        }
    }

    /// The delivery that is to be tried, if it is the receiver's turn.
    pub(super) fn take(&mut self, now: Moment, slots: usize) -> Option<Delivery> {
        if self.turn(now, slots) != Turn::Now {
            return None;
        }
        while let Some((at, session)) = self.resting.first().filter(|(at, _)| *at <= now).cloned() {
            self.resting.remove(&(at, Arc::clone(&session)));
            if let Some(lane) = self.sessions.get_mut(&session) {
                lane.stands = Stands::Ready;
            }
            self.ready.push_back(session);
        }
        let session = self.ready.pop_front()?;
        let lane = self.sessions.get_mut(&session)?;
        let first = lane.waiting.front()?.clone();
        lane.stands = Stands::UnderWay;
        self.under_way += 1;
        Some(first)
    }

    /// The receiver has taken it.
    pub(super) fn delivered(&mut self, delivery: &Delivery) -> Delivery {
        self.under_way -= 1;
        self.health = Health::Sound;
        self.load.sub(delivery.weight());
        if let Some(lane) = self.sessions.get_mut(&delivery.session) {
            lane.waiting.pop_front();
            lane.failures = 0;
            lane.stands = Stands::Ready;
            if lane.waiting.is_empty() {
                self.sessions.remove(&delivery.session);
            } else {
                self.ready.push_back(Arc::clone(&delivery.session));
            }
        }
        delivery.clone()
    }

    /// The receiver has not taken it: what is given up, of all lanes.
    pub(super) fn failed(
        &mut self,
        delivery: &Delivery,
        failure: &Failure,
        retries: &Retries,
    ) -> Vec<Delivery> {
        self.under_way -= 1;
        self.worsen(failure, retries);
        if let Some(lane) = self.sessions.get_mut(&delivery.session) {
            lane.failures = lane.failures.saturating_add(1);
            let at = failure.now + retries.pause(lane.failures, failure.random[1]);
            lane.stands = Stands::Resting(at);
            self.resting.insert((at, Arc::clone(&delivery.session)));
        }
        self.give_up(failure.unix_ms, retries)
    }

    /// Failures that were under way at the same time are one. After a single one, which may be that delivery's own fault,
    /// another session is tried at once.
    fn worsen(&mut self, failure: &Failure, retries: &Retries) {
        let (failures, rest) = match self.health {
            Health::Failing { begun, .. } if failure.serial < begun => return,
            Health::Failing { failures, .. } => {
                (failures.saturating_add(1), retries.pause(failures, failure.random[0]))
            }
            Health::Unknown | Health::Sound => (1, Duration::ZERO),
        };
        self.health = Health::Failing { failures, begun: failure.begun, rest_until: failure.now + rest };
    }

    /// Takes out what has been tried for too long. Its successors keep the pause.
    fn give_up(&mut self, unix_ms: u64, retries: &Retries) -> Vec<Delivery> {
        let mut gone = Vec::new();
        for lane in self.sessions.values_mut().filter(|lane| lane.stands != Stands::UnderWay) {
            while lane.waiting.front().is_some_and(|first| retries.are_over(first, unix_ms)) {
                gone.extend(lane.waiting.pop_front());
            }
        }
        if gone.is_empty() {
            return gone;
        }
        for delivery in &gone {
            self.load.sub(delivery.weight());
        }
        self.sessions.retain(|_, lane| !lane.waiting.is_empty());
        let sessions = &self.sessions;
        self.ready.retain(|session| sessions.contains_key(session));
        self.resting.retain(|(_, session)| sessions.contains_key(session));
        gone
    }
}
