//! Which room a socket belongs to; what sockets, REST and the clock call.
//!
//! One lock for each room and short ones for the tables, always taken in this order: place, `halls`, hall, and the others
//! (`sockets`, `doors`, `random`), of which no two are held at the same time.

mod application;
mod freeze;
mod halls;
mod relief;
mod watch;

use super::door::{Door, Gate, Join};
use super::hall::{Errands, Hall};
use super::room::{Newcomer, Room};
use super::seat::{Place, Seat, Whereabouts};
use super::sleeper::Sleeper;
use super::tally::{Figure, Tally};
use super::{CloseCode, Delivery, Link, LinkId, Output, Refusal, Settings, Time, Witness};
use crate::planted::{self, Bug};
use halls::Halls;
use otc_protocol::Moment;
use otc_protocol::raptor::SessionAddress;
use parking_lot::Mutex;
use relief::Relief;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::Waker;

/// Every session of this server.
pub struct Registry<L: Link> {
    settings: Arc<Settings>,
    gate: Box<dyn Gate>,
    witness: Arc<dyn Witness>,
    tally: Arc<Tally>,
    random: Mutex<Box<dyn FnMut() -> u64 + Send>>,
    halls: Mutex<Halls<L>>,
    sockets: Mutex<HashMap<Arc<str>, Arc<Place<L>>>>,
    /// When to look after which socket that has not joined: one entry for each.
    doors: Mutex<BTreeSet<(Moment, Arc<str>)>>,
    next_link: AtomicU64,
    sleeper: Sleeper,
    relief: Relief,
    /// Whether the sessions that there are are the last ones.
    closed_to_new: AtomicBool,
    stopped: AtomicBool,
}

/// Why a client does not come in.
pub(super) enum Denied {
    /// The server stops; the socket is told so.
    Stopped,
    /// For this reason.
    Refused(Refusal),
}

impl From<Refusal> for Denied {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl<L: Link> Registry<L> {
    /// A server without sessions. `gate` decides who may join; `witness` is told what happens; `random` tells the
    /// messages of one room from those of an earlier one of the same session.
    pub fn new(
        settings: Settings,
        gate: impl Gate + 'static,
        witness: impl Witness + 'static,
        random: impl FnMut() -> u64 + Send + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            gate: Box::new(gate),
            witness: Arc::new(witness),
            tally: Arc::new(Tally::new(settings.messages_bytes)),
            settings: Arc::new(settings),
            random: Mutex::new(Box::new(random)),
            halls: Mutex::default(),
            sockets: Mutex::new(HashMap::new()),
            doors: Mutex::new(BTreeSet::new()),
            next_link: AtomicU64::new(1),
            sleeper: Sleeper::default(),
            relief: Relief::default(),
            closed_to_new: AtomicBool::new(false),
            stopped: AtomicBool::new(false),
        })
    }

    /// A WebSocket is open. `socket` is the id that its client made, `coming_back` what it says of itself
    /// (`wire.md §3.1`). One that cannot be served is closed through `handle`.
    pub fn open(self: &Arc<Self>, now: Moment, socket: &str, coming_back: bool, handle: Arc<L>) -> Seat<L> {
        let link = LinkId(self.next_link.fetch_add(1, Ordering::Relaxed));
        let mut errands = Errands::default();
        let place = if self.is_stopped() {
            if coming_back {
                self.tally.count(Figure::ResumesStopped);
            }
            Err(CloseCode::GoingAway)
        } else if coming_back {
            self.come_back(now, socket, link, &handle, &mut errands)
        } else {
            self.come_new(now, socket, link, &handle)
        };
        // Whoever comes while the server stops may be overlooked by it, and finds no session that has been taken out.
        let place = if self.is_stopped() { Err(CloseCode::GoingAway) } else { place };
        if let Err(code) = &place {
            errands.wakers.extend(handle.deliver(Delivery::Close(*code)));
        }
        let seat = Seat::new(self.clone(), link, handle, place.ok());
        self.finish(&mut errands, None);
        seat
    }

    fn come_new(
        &self,
        now: Moment,
        socket: &str,
        link: LinkId,
        handle: &Arc<L>,
    ) -> Result<Arc<Place<L>>, CloseCode> {
        if self.doors.lock().len() >= self.settings.doors {
            return Err(CloseCode::Busy);
        }
        let socket: Arc<str> = socket.into();
        let door = Door::new(now, link);
        let due = door.due;
        let place = Arc::new(Place::new(socket.clone(), door, handle.clone()));
        {
            let mut sockets = self.sockets.lock();
            if sockets.contains_key(&socket) {
                return Err(CloseCode::Ended); // Ids are random: whoever repeats one is not its owner.
            }
            if sockets.len() >= self.settings.sockets {
                return Err(CloseCode::Busy);
            }
            sockets.insert(socket.clone(), place.clone());
        }
        self.doors.lock().insert((due, socket));
        self.sleeper.ring(due);
        Ok(place)
    }

    /// An unknown socket must not be taken for a new one (`wire.md §3.5` rule 5).
    fn come_back(
        &self,
        now: Moment,
        socket: &str,
        link: LinkId,
        handle: &Arc<L>,
        errands: &mut Errands,
    ) -> Result<Arc<Place<L>>, CloseCode> {
        let known = self.sockets.lock().get(socket).cloned();
        let resumed = self.resume(now, socket, link, handle, errands, known);
        self.tally.count(if resumed.is_ok() { Figure::Resumes } else { Figure::ResumesUnknown });
        resumed
    }

    fn resume(
        &self,
        now: Moment,
        socket: &str,
        link: LinkId,
        handle: &Arc<L>,
        errands: &mut Errands,
        known: Option<Arc<Place<L>>>,
    ) -> Result<Arc<Place<L>>, CloseCode> {
        if known.is_none() && planted::is(Bug::UnknownIsNew) {
            return self.come_new(now, socket, link, handle);
        }
        let place = known.ok_or(CloseCode::Ended)?;
        let mut whereabouts = place.whereabouts.lock();
        let known = match &mut *whereabouts {
            Whereabouts::Door { door, handle: current } => {
                let mut out = Vec::new();
                let known = door.resume(link, &mut out);
                if known {
                    let old = std::mem::replace(current, handle.clone());
                    for output in out {
                        if let Output::Deliver { link: to, delivery } = output {
                            let handle = if to == link { &*current } else { &old };
                            errands.wakers.extend(handle.deliver(delivery));
                        }
                    }
                }
                known
            }
            Whereabouts::Hall { hall, .. } => hall.resume(now, socket, link, handle, errands),
            Whereabouts::Gone => false,
        };
        drop(whereabouts);
        if known { Ok(place) } else { Err(CloseCode::Ended) }
    }

    /// Lets a client into its session, which is there from its first member on.
    pub(super) fn admit(
        &self,
        time: Time,
        link: LinkId,
        socket: Arc<str>,
        join: Join,
        handle: &Arc<L>,
        errands: &mut Errands,
    ) -> Result<Arc<Hall<L>>, Denied> {
        let admission = self.gate.admit(&join.token, &join.session, time.unix_ms)?;
        let address = join.session.clone();
        let mut newcomer = Some(Newcomer { link, socket, join, admission, may_be_first: false });
        loop {
            let hall = self.hall(&address)?;
            let Some(joined) = hall.join(time, &mut newcomer, handle, errands) else {
                // A room that has just become vacant is closed and replaced by another one.
                if let Some(newcomer) = newcomer.as_mut().filter(|newcomer| !newcomer.may_be_first) {
                    newcomer.may_be_first = true;
                    let archive = &mut newcomer.admission.archive;
                    *archive = archive.take().or_else(|| self.gate.archive(&address));
                }
                continue;
            };
            self.finish(errands, Some((&address.session, &hall)));
            return joined.map(|()| hall).map_err(Denied::Refused);
        }
    }

    fn hall(&self, address: &SessionAddress) -> Result<Arc<Hall<L>>, Denied> {
        let mut halls = self.halls.lock();
        if self.is_stopped() {
            return Err(Denied::Stopped);
        }
        if let Some(hall) = halls.get(&address.session) {
            return Ok(hall.clone());
        }
        if self.closed_to_new.load(Ordering::Acquire) {
            let reason = "The server is about to stop, and no session begins here any more.";
            return Err(Refusal::new(503, reason).into());
        }
        if halls.len() >= self.settings.sessions {
            return Err(Refusal::new(503, "The server holds no more sessions.").into());
        }
        let nonce = (self.random.lock())();
        let room = Room::new(self.settings.clone(), self.tally.clone(), address.clone(), nonce);
        let hall = Arc::new(Hall::new(room, self.witness.clone(), self.tally.clone()));
        halls.insert(&address.session, hall.clone());
        Ok(hall)
    }

    /// Looks after silent, lost and late sockets, and after the memory of messages.
    pub fn wake(&self, now: Moment) {
        self.relieve(now);
        let is_due = |hall: &Arc<Hall<L>>| hall.due().is_some_and(|due| due <= now);
        let halls: Vec<(String, Arc<Hall<L>>)> = {
            let halls = self.halls.lock();
            halls
                .iter()
                .filter(|(_, hall)| is_due(hall))
                .map(|(id, hall)| (id.clone(), hall.clone()))
                .collect()
        };
        for (session_id, hall) in halls {
            let mut errands = Errands::default();
            hall.run(&mut errands, |room, out| room.wake(now, out));
            self.finish(&mut errands, Some((&session_id, &hall)));
        }
        while let Some(socket) = self.next_door(now) {
            self.wake_door(now, &socket);
        }
    }

    /// When [`Self::wake`] has something to do, at the earliest.
    pub fn next_wake(&self) -> Option<Moment> {
        let halls = self.halls.lock().values().filter_map(|hall| hall.due()).min();
        let doors = self.doors.lock().first().map(|(due, _)| *due);
        halls.into_iter().chain(doors).chain(self.relief.due()).min()
    }

    /// The same; whoever `waker` wakes may rest until then, and is woken if something has to be done sooner.
    pub fn rest(&self, waker: &Waker) -> Option<Moment> {
        self.sleeper.lie_down(waker);
        let next = self.next_wake();
        self.sleeper.sleep_until(next);
        next
    }

    fn next_door(&self, now: Moment) -> Option<Arc<str>> {
        let mut doors = self.doors.lock();
        if doors.first().is_none_or(|(due, _)| *due > now) {
            return None;
        }
        doors.pop_first().map(|(_, socket)| socket)
    }

    /// Closes the door if nobody has come in in time.
    fn wake_door(&self, now: Moment, socket: &Arc<str>) {
        let Some(place) = self.sockets.lock().get(socket).cloned() else { return };
        let mut whereabouts = place.whereabouts.lock();
        let Whereabouts::Door { door, handle } = &mut *whereabouts else { return };
        if door.due > now {
            return; // Another socket of that id, which has its own entry.
        }
        let mut errands = Errands::default();
        if door.link().is_some() {
            errands.wakers.extend(handle.deliver(Delivery::Close(CloseCode::Ended)));
        }
        *whereabouts = Whereabouts::Gone;
        drop(whereabouts);
        errands.forgotten.push(socket.clone());
        self.finish(&mut errands, None);
    }

    /// A socket has joined, or is given up.
    pub(super) fn leave_door(&self, due: Moment, socket: &Arc<str>) {
        self.doors.lock().remove(&(due, socket.clone()));
    }

    /// Does what had to wait until no room is locked.
    pub(super) fn finish(&self, errands: &mut Errands, hall: Option<(&str, &Arc<Hall<L>>)>) {
        if !errands.forgotten.is_empty() {
            let mut sockets = self.sockets.lock();
            errands.forgotten.drain(..).for_each(|socket| drop(sockets.remove(&socket)));
        }
        if let (true, Some((session_id, hall))) = (std::mem::take(&mut errands.vacant), hall) {
            self.retire(session_id, hall);
        }
        if let Some(due) = errands.sooner.take() {
            self.sleeper.ring(due);
        }
        errands.wakers.drain(..).for_each(Waker::wake);
        self.notice_fullness();
    }

    /// Forgets a room in which nobody is left.
    fn retire(&self, session_id: &str, hall: &Arc<Hall<L>>) {
        let mut halls = self.halls.lock();
        let closed = hall.run(&mut Errands::default(), |room, _| room.close());
        if closed && halls.get(session_id).is_some_and(|current| Arc::ptr_eq(current, hall)) {
            halls.remove(session_id);
        }
    }

    /// Closes every socket because the server stops, and takes no more. Its sessions end.
    pub fn stop(&self, now: Moment) {
        self.stopped.store(true, Ordering::Release);
        let mut errands = Errands::default();
        let halls: Vec<Arc<Hall<L>>> = self.halls.lock().values().cloned().collect();
        for hall in halls {
            hall.close_links(CloseCode::GoingAway, &mut errands);
            hall.run(&mut errands, |room, out| room.shut(now, out));
        }
        let places: Vec<Arc<Place<L>>> = self.sockets.lock().values().cloned().collect();
        for place in places {
            if let Whereabouts::Door { handle, .. } = &*place.whereabouts.lock() {
                errands.wakers.extend(handle.deliver(Delivery::Close(CloseCode::GoingAway)));
            }
        }
        self.finish(&mut errands, None);
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    /// Looks at the sockets of all members.
    pub fn visit_links(&self, mut visit: impl FnMut(&L)) {
        let halls: Vec<Arc<Hall<L>>> = self.halls.lock().values().cloned().collect();
        for hall in halls {
            hall.visit_links(&mut visit);
        }
    }

    /// What has been counted.
    pub fn tally(&self) -> &Arc<Tally> {
        &self.tally
    }

    /// From now on nobody comes in who would be the first of a session.
    pub fn close_to_new_sessions(&self) {
        // Whoever looks for a hall after this finds it so.
        let _halls = self.halls.lock();
        self.closed_to_new.store(true, Ordering::Release);
    }

    /// Whether somebody is in this session, or is awaited there.
    pub fn is_alive(&self, session: &str) -> bool {
        self.halls.lock().get(session).is_some()
    }

    /// Whether a socket of this id is in a session, or is awaited there.
    pub fn has_in(&self, socket: &str) -> bool {
        let place = self.sockets.lock().get(socket).cloned();
        place.is_some_and(|place| matches!(*place.whereabouts.lock(), Whereabouts::Hall { .. }))
    }

    /// Sessions that somebody is in.
    pub fn sessions(&self) -> usize {
        self.halls.lock().len()
    }

    /// Socket ids that are known: joining, joined and lost ones.
    pub fn sockets(&self) -> usize {
        self.sockets.lock().len()
    }
}
