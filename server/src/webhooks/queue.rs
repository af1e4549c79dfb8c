//! What waits to be delivered: pure. Time goes in, and what is to be sent comes out.
//!
//! Each receiver has a lane for each session; the deliveries of a lane are made one after the other. A receiver that
//! fails is tried with one delivery at a time until one succeeds, and after two failures in a row with growing pauses.
//!
//! Room and those who deliver are shared by projects, so that none of them can take what the others need.

use super::lanes::{Failure, Lanes};
use super::shares::Shares;
use super::target::Target;
use otc_protocol::Moment;
use otc_protocol::limits::{
    WEBHOOK_BYTES, WEBHOOK_DELIVERIES, WEBHOOK_GIVE_UP, WEBHOOK_RETRY_FIRST, WEBHOOK_RETRY_MOST,
    WEBHOOK_SLOTS, WEBHOOK_TARGET_BYTES, WEBHOOK_TARGET_DELIVERIES, WEBHOOK_TARGET_SLOTS,
};
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// One event for one receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Delivery {
    /// Its place in the order of all.
    pub(super) number: u64,
    /// The event's id, the same at every try and for every receiver.
    pub(super) id: Arc<str>,
    pub(super) project: Arc<str>,
    pub(super) session: Arc<str>,
    pub(super) body: Arc<str>,
    /// When it happened.
    pub(super) unix_ms: u64,
}

impl Delivery {
    /// Bytes that count against the bounds.
    pub(super) fn weight(&self) -> usize {
        self.body.len()
    }
}

/// How often a receiver is tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retries {
    /// The first pause.
    pub first: Duration,
    /// The longest pause.
    pub most: Duration,
    /// How long a delivery is tried.
    pub give_up: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        Self { first: WEBHOOK_RETRY_FIRST, most: WEBHOOK_RETRY_MOST, give_up: WEBHOOK_GIVE_UP }
    }
}

impl Retries {
    /// The pause after so many failures in a row: at least half of what it is without jitter.
    pub(super) fn pause(&self, failures: u32, random: u64) -> Duration {
        let doublings = failures.saturating_sub(1).min(31);
        let whole = self.first.saturating_mul(1 << doublings).min(self.most);
        let half = whole / 2;
        let span = u64::try_from(half.as_micros()).unwrap_or(u64::MAX).saturating_add(1);
        half + Duration::from_micros(random % span)
    }

    pub(super) fn are_over(&self, delivery: &Delivery, unix_ms: u64) -> bool {
        Duration::from_millis(unix_ms.saturating_sub(delivery.unix_ms)) >= self.give_up
    }
}

/// How much may wait, and be under way.
#[derive(Clone, Debug)]
pub(super) struct Bounds {
    pub(super) target: Load,
    pub(super) all: Load,
    pub(super) target_slots: usize,
    pub(super) slots: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            target: Load { count: WEBHOOK_TARGET_DELIVERIES, bytes: WEBHOOK_TARGET_BYTES },
            all: Load { count: WEBHOOK_DELIVERIES, bytes: WEBHOOK_BYTES },
            target_slots: WEBHOOK_TARGET_SLOTS,
            slots: WEBHOOK_SLOTS,
        }
    }
}

/// How much waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Load {
    pub(super) count: usize,
    pub(super) bytes: usize,
}

impl Load {
    fn has_room(self, weight: usize, most: Self) -> bool {
        self.count < most.count && self.bytes.saturating_add(weight) <= most.bytes
    }

    pub(super) fn add(&mut self, weight: usize) {
        self.count += 1;
        self.bytes += weight;
    }

    pub(super) fn sub(&mut self, weight: usize) {
        self.count -= 1;
        self.bytes -= weight;
    }
}

/// A delivery that is to be tried now.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) target: Arc<Target>,
    pub(super) delivery: Delivery,
    /// Tells the receiver from one of the same name that was forgotten in the meantime.
    pub(super) epoch: u64,
    /// How many were begun before it.
    serial: u64,
}

/// What became of a job.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Finished {
    /// Deliveries that need not be kept any more.
    pub(super) numbers: Vec<u64>,
    /// How many of them were given up.
    pub(super) given_up: u64,
}

/// When a receiver can be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    Now,
    At(Moment),
    /// When something else has happened to it.
    Open,
}

/// Everything that waits.
pub(super) struct Queue {
    bounds: Bounds,
    retries: Retries,
    random: Box<dyn FnMut() -> u64 + Send>,
    lanes: HashMap<Arc<str>, Lanes>,
    /// Receivers that may have something to be sent now, in turn; each is here once at most.
    now: VecDeque<Arc<str>>,
    later: BTreeSet<(Moment, Arc<str>)>,
    counts: Shares,
    bytes: Shares,
    under_way: Shares,
    /// Receivers that were forgotten while something was under way to them.
    abandoned: HashSet<u64>,
    epochs: u64,
    begun: u64,
}

impl Queue {
    pub(super) fn new(
        bounds: Bounds,
        retries: Retries,
        random: impl FnMut() -> u64 + Send + 'static,
    ) -> Self {
        Self {
            counts: Shares::new(bounds.all.count),
            bytes: Shares::new(bounds.all.bytes),
            under_way: Shares::new(bounds.slots),
            abandoned: HashSet::new(),
            bounds,
            retries,
            random: Box::new(random),
            lanes: HashMap::new(),
            now: VecDeque::new(),
            later: BTreeSet::new(),
            epochs: 0,
            begun: 0,
        }
    }

    /// How much waits, what is under way among it.
    pub(super) fn load(&self) -> Load {
        Load { count: self.counts.taken(), bytes: self.bytes.taken() }
    }

    /// How many receivers something has been reserved for.
    #[cfg(test)]
    pub(super) fn receivers(&self) -> usize {
        self.lanes.len()
    }

    #[cfg(test)]
    pub(super) fn under_way(&self) -> usize {
        self.under_way.taken()
    }

    /// Takes the room that a delivery needs; `false`: there is none.
    pub(super) fn reserve(&mut self, target: &Arc<Target>, weight: usize) -> bool {
        let epoch = &mut self.epochs;
        let lanes = self.lanes.entry(Arc::clone(&target.id)).or_insert_with(|| {
            *epoch += 1;
            Lanes::new(Arc::clone(target), *epoch)
        });
        let (owner, load) = (&target.owner, lanes.load);
        let has_room = self.counts.has_room_within(owner, load.count, 1)
            && self.bytes.has_room_within(owner, load.bytes, weight)
            && load.has_room(weight, self.bounds.target);
        if has_room {
            self.counts.take(owner, 1);
            self.bytes.take(owner, weight);
            lanes.load.add(weight);
        }
        has_room
    }

    /// Puts a delivery into the room that was reserved for it; `false`: the receiver has been forgotten since, and the
    /// room with it.
    pub(super) fn put(&mut self, now: Moment, target: &Target, delivery: Delivery) -> bool {
        let Some(lanes) = self.lanes.get_mut(&target.id) else { return false };
        lanes.put(delivery);
        self.settle(now, &Arc::clone(&target.id));
        true
    }

    /// A receiver is to be told no more: what waited for it.
    pub(super) fn forget(&mut self, target: &str) -> Vec<u64> {
        let Some(lanes) = self.lanes.remove(target) else { return Vec::new() };
        self.counts.give_back(&lanes.target.owner, lanes.load.count);
        self.bytes.give_back(&lanes.target.owner, lanes.load.bytes);
        if lanes.under_way > 0 {
            self.abandoned.insert(lanes.epoch);
        }
        self.now.retain(|id| **id != *target);
        if let Some(at) = lanes.settled_at {
            self.later.remove(&(at, Arc::clone(&lanes.target.id)));
        }
        lanes.numbers()
    }

    /// What is to be sent next, if there is something and somebody to send it.
    pub(super) fn next(&mut self, now: Moment) -> Option<Job> {
        while let Some((at, id)) = self.later.first().filter(|(at, _)| *at <= now).cloned() {
            self.later.remove(&(at, Arc::clone(&id)));
            if let Some(lanes) = self.lanes.get_mut(&id) {
                lanes.settled_at = None;
            }
            self.settle(now, &id);
        }
        let scarce = self.under_way.taken() >= self.bounds.slots / 2;
        for _ in 0..self.now.len() {
            let id = self.now.pop_front()?;
            let Some(lanes) = self.lanes.get_mut(&id) else { continue };
            let owner = &lanes.target.owner;
            if scarce && lanes.under_way > 0 || !self.under_way.has_room_within(owner, lanes.under_way, 1) {
                self.now.push_back(id);
                continue;
            }
            lanes.in_turn = false;
            let taken = lanes.take(now, self.bounds.target_slots);
            let job = taken.map(|delivery| Job {
                target: Arc::clone(&lanes.target),
                delivery,
                epoch: lanes.epoch,
                serial: self.begun,
            });
            self.settle(now, &id);
            if let Some(job) = job {
                self.under_way.take(&job.target.owner, 1);
                self.begun += 1;
                return Some(job);
            }
        }
        None
    }

    /// When [`Self::next`] is to be asked again, if nothing else happens before.
    pub(super) fn wake_at(&self) -> Option<Moment> {
        self.later.first().map(|(at, _)| *at)
    }

    /// Whether something of that receiver is to be sent as soon as may be.
    pub(super) fn is_pressing(&self, target: &str) -> bool {
        self.lanes.get(target).is_some_and(|lanes| lanes.in_turn || lanes.under_way > 0)
    }

    /// Which receivers were forgotten since the last time while something was under way to them: nobody waits for that any
    /// more, and others need those who do it.
    pub(super) fn abandoned(&mut self) -> HashSet<u64> {
        std::mem::take(&mut self.abandoned)
    }

    /// Whether nothing is under way, nor could be without a pause.
    pub(super) fn is_at_rest(&self) -> bool {
        self.under_way.taken() == 0 && self.now.is_empty()
    }

    /// A job has come to its end.
    pub(super) fn done(&mut self, now: Moment, unix_ms: u64, job: &Job, delivered: bool) -> Finished {
        self.under_way.give_back(&job.target.owner, 1);
        let id = &job.target.id;
        let Some(lanes) = self.lanes.get_mut(id).filter(|lanes| lanes.epoch == job.epoch) else {
            return Finished::default();
        };
        let gone = if delivered {
            vec![lanes.delivered(&job.delivery)]
        } else {
            let random = [(self.random)(), (self.random)()];
            let failure = Failure { now, unix_ms, serial: job.serial, begun: self.begun, random };
            lanes.failed(&job.delivery, &failure, &self.retries)
        };
        for delivery in &gone {
            self.counts.give_back(&job.target.owner, 1);
            self.bytes.give_back(&job.target.owner, delivery.weight());
        }
        self.settle(now, &Arc::clone(id));
        let numbers: Vec<u64> = gone.iter().map(|delivery| delivery.number).collect();
        let given_up = if delivered { 0 } else { numbers.len() as u64 };
        Finished { numbers, given_up }
    }

    /// Puts a receiver where its turn is.
    fn settle(&mut self, now: Moment, id: &Arc<str>) {
        let Some(lanes) = self.lanes.get_mut(id) else { return };
        if let Some(at) = lanes.settled_at.take() {
            self.later.remove(&(at, Arc::clone(id)));
        }
        match lanes.turn(now, self.bounds.target_slots) {
            Turn::Now if !lanes.in_turn => {
                lanes.in_turn = true;
                self.now.push_back(Arc::clone(id));
            }
            Turn::At(at) => {
                lanes.settled_at = Some(at);
                self.later.insert((at, Arc::clone(id)));
            }
            Turn::Now | Turn::Open => {}
        }
    }
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
