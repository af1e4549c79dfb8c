//! A room together with the sockets of its members, under one lock.

use super::room::{Newcomer, Room};
use super::tally::{Figures, Tally};
use super::view::Outside;
use super::{CloseCode, Delivery, Event, Link, LinkId, Output, Refusal, Time, Witness};
use bytes::Bytes;
use otc_protocol::Moment;
use otc_protocol::limits::TURN_DELIVERIES;
use parking_lot::{Mutex, MutexGuard};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Waker;

pub(super) struct Hall<L> {
    inner: Mutex<Inner<L>>,
    /// The room's due moment in microseconds, readable without the lock.
    due: AtomicU64,
    /// Whose session it is.
    project: Arc<str>,
    /// Its place among the sessions of that project.
    number: AtomicU64,
    outside: Arc<Outside>,
}

struct Inner<L> {
    room: Room,
    links: HashMap<LinkId, Arc<L>>,
    witness: Arc<dyn Witness>,
    tally: Arc<Tally>,
    /// What the tally has of this room.
    told: Figures,
    /// Kept for its capacity.
    out: Vec<Output>,
}

/// What is left to do when no lock is held any more.
#[derive(Default)]
pub(super) struct Errands {
    pub(super) wakers: Vec<Waker>,
    pub(super) forgotten: Vec<Arc<str>>,
    /// The hall may be vacant.
    pub(super) vacant: bool,
    /// A room has to be woken then, which is sooner than it was.
    pub(super) sooner: Option<Moment>,
}

/// What came of the frames of one socket.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Received {
    /// Somebody falls behind with what they say.
    pub(super) crowded: bool,
    /// Signals that were accepted.
    pub(super) signals: u64,
}

/// `due` of a room that waits for nothing.
const NEVER: u64 = u64::MAX;

fn micros(due: Option<Moment>) -> u64 {
    due.map_or(NEVER, Moment::as_micros)
}

impl<L> Hall<L> {
    /// Whose session it is.
    pub(super) fn project(&self) -> &Arc<str> {
        &self.project
    }

    /// Its place among the sessions of that project, which it gets when it is taken in.
    pub(super) fn number(&self) -> u64 {
        self.number.load(Ordering::Relaxed)
    }

    pub(super) fn set_number(&self, number: u64) {
        self.number.store(number, Ordering::Relaxed);
    }

    /// What can be seen without the lock.
    pub(super) fn outside(&self) -> &Outside {
        &self.outside
    }
}

impl<L: Link> Hall<L> {
    /// A hall for `room`, which may wait for something already: one that was restored does.
    pub(super) fn new(room: Room, witness: Arc<dyn Witness>, tally: Arc<Tally>) -> Self {
        let due = AtomicU64::new(micros(room.due()));
        let (project, outside) = (room.address().project.as_str().into(), Arc::clone(room.outside()));
        let mut told = Figures::default();
        tally.note(&mut told, &room.figures());
        let inner = Inner { room, links: HashMap::new(), witness, tally, told, out: Vec::new() };
        Self { inner: Mutex::new(inner), due, project, number: AtomicU64::new(0), outside }
    }

    /// Looks at the room, and changes nothing.
    pub(super) fn look<R>(&self, look: impl FnOnce(&Room) -> R) -> R {
        look(&self.inner.lock().room)
    }

    /// Does something in the room and carries out what it wants.
    pub(super) fn run<R>(
        &self,
        errands: &mut Errands,
        act: impl FnOnce(&mut Room, &mut Vec<Output>) -> R,
    ) -> R {
        let mut inner = self.inner.lock();
        let inner = &mut *inner;
        let result = act(&mut inner.room, &mut inner.out);
        inner.carry_out(errands);
        self.note(inner, errands);
        result
    }

    /// Lets a newcomer in; `None` when `newcomer` is still there: the room is closed for good, or awaits its first member and
    /// this one may not be that.
    pub(super) fn join(
        &self,
        time: Time,
        newcomer: &mut Option<Newcomer>,
        handle: &Arc<L>,
        errands: &mut Errands,
    ) -> Option<Result<(), Refusal>> {
        let mut inner = self.inner.lock();
        let inner = &mut *inner;
        let fits = |newcomer: &mut Newcomer| newcomer.may_be_first || !inner.room.awaits_its_first();
        if inner.room.is_closed() {
            return None;
        }
        let newcomer = newcomer.take_if(fits)?;
        let link = newcomer.link;
        inner.links.insert(link, handle.clone());
        let joined = inner.room.join(time, newcomer, &mut inner.out);
        inner.carry_out(errands);
        if joined.is_err() {
            inner.links.remove(&link);
        }
        self.note(inner, errands);
        Some(joined)
    }

    /// Carries the line of `socket` on over another WebSocket; whether there is such a line.
    pub(super) fn resume(
        &self,
        now: Moment,
        socket: &str,
        link: LinkId,
        handle: &Arc<L>,
        errands: &mut Errands,
    ) -> bool {
        let mut inner = self.inner.lock();
        let inner = &mut *inner;
        inner.links.insert(link, handle.clone());
        let resumed = inner.room.resume(now, socket, link, &mut inner.out);
        inner.carry_out(errands);
        if !resumed {
            inner.links.remove(&link);
        }
        self.note(inner, errands);
        resumed
    }

    /// Takes the frames of one socket in order, until too many of its answers wait, or others should have their turn: in a
    /// large session one frame is thousands of deliveries.
    pub(super) fn receive(
        &self,
        time: Time,
        link: LinkId,
        handle: &L,
        frames: &mut VecDeque<Bytes>,
        errands: &mut Errands,
    ) -> Received {
        let mut lock = self.inner.lock();
        let inner = &mut *lock;
        let before = inner.room.signals();
        inner.room.take_crowded(); // Not by this one.
        let mut deliveries = 0;
        while let Some(frame) = frames.pop_front() {
            inner.room.receive(time, link, &frame, &mut inner.out);
            deliveries += inner.out.len();
            inner.carry_out(errands);
            if handle.is_full() || deliveries >= TURN_DELIVERIES {
                break;
            }
        }
        self.note(inner, errands);
        let signals = inner.room.signals() - before;
        let received = Received { crowded: inner.room.take_crowded(), signals };
        if deliveries >= TURN_DELIVERIES {
            MutexGuard::unlock_fair(lock);
        }
        received
    }

    /// The WebSocket `link` is closed.
    pub(super) fn lose(&self, now: Moment, link: LinkId, errands: &mut Errands) {
        let mut inner = self.inner.lock();
        let inner = &mut *inner;
        inner.links.remove(&link);
        inner.room.lose(now, link);
        self.note(inner, errands);
    }

    pub(super) fn visit_links(&self, visit: &mut impl FnMut(&L)) {
        self.inner.lock().links.values().for_each(|link| visit(link));
    }

    /// Closes every WebSocket; what the members are owed stays.
    pub(super) fn close_links(&self, code: CloseCode, errands: &mut Errands) {
        let mut inner = self.inner.lock();
        errands
            .wakers
            .extend(inner.links.drain().filter_map(|(_, link)| link.deliver(Delivery::Close(code))));
    }

    /// Takes the room out; nobody comes into the empty one that stays.
    pub(super) fn vacate(&self) -> Room {
        self.inner.lock().room.vacate()
    }

    /// When the room has to be woken.
    pub(super) fn due(&self) -> Option<Moment> {
        Some(self.due.load(Ordering::SeqCst)).filter(|due| *due != NEVER).map(Moment::from_micros)
    }

    fn note(&self, inner: &mut Inner<L>, errands: &mut Errands) {
        inner.tally.note(&mut inner.told, &inner.room.figures());
        let (due, before) = (inner.room.due(), self.due.load(Ordering::Relaxed));
        if micros(due) < before {
            // Ordered with whoever is about to sleep (`Registry::rest`).
            self.due.store(micros(due), Ordering::SeqCst);
            errands.sooner = errands.sooner.min(due).or(due);
        } else {
            self.due.store(micros(due), Ordering::Relaxed);
        }
        errands.vacant |= inner.room.is_vacant();
    }
}

impl<L: Link> Inner<L> {
    fn carry_out(&mut self, errands: &mut Errands) {
        for output in self.out.drain(..) {
            match output {
                Output::Deliver { link, delivery } => {
                    let handle = match delivery {
                        Delivery::Close(_) => self.links.remove(&link),
                        _ => self.links.get(&link).cloned(),
                    };
                    errands.wakers.extend(handle.and_then(|handle| handle.deliver(delivery)));
                }
                Output::Happened(event) => {
                    if !matches!(*event, Event::Signal { .. } | Event::Overheard { .. }) {
                        self.room.outside().change();
                    }
                    self.witness.saw(self.room.address(), *event);
                }
                Output::Forget { socket } => errands.forgotten.push(socket),
            }
        }
    }
}
