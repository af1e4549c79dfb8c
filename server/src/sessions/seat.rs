//! One open WebSocket's place in the registry.

use super::door::{Door, Join, Knock};
use super::hall::{Errands, Hall};
use super::log_text::{beginning, socket_beginning};
use super::registry::{Denied, Registry};
use super::tally::Figure;
use super::{CloseCode, Delivery, Link, LinkId, Output, Time};
use bytes::Bytes;
use otc_protocol::Moment;
use otc_protocol::limits::LOG_CHARS;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;
use tracing::{debug, info};

/// Where a socket id has got to. It outlives each WebSocket.
pub(super) struct Place<L> {
    pub(super) socket: Arc<str>,
    pub(super) whereabouts: Mutex<Whereabouts<L>>,
}

pub(super) enum Whereabouts<L> {
    /// Not in yet.
    Door {
        door: Door,
        /// The WebSocket, or the last one there was.
        handle: Arc<L>,
    },
    /// In.
    Hall { hall: Arc<Hall<L>>, session: Arc<str> },
    /// Given up.
    Gone,
}

impl<L> Whereabouts<L> {
    fn has_at_the_door(&self, link: LinkId) -> bool {
        matches!(self, Self::Door { door, .. } if door.link() == Some(link))
    }
}

impl<L> Place<L> {
    pub(super) fn new(socket: Arc<str>, door: Door, handle: Arc<L>) -> Self {
        Self { socket, whereabouts: Mutex::new(Whereabouts::Door { door, handle }) }
    }

    /// The place of a socket that is in.
    pub(super) fn within(socket: Arc<str>, hall: Arc<Hall<L>>, session: Arc<str>) -> Self {
        Self { socket, whereabouts: Mutex::new(Whereabouts::Hall { hall, session }) }
    }
}

/// What the task of one WebSocket holds, from its opening to its end.
pub struct Seat<L: Link> {
    registry: Arc<Registry<L>>,
    link: LinkId,
    handle: Arc<L>,
    /// `None` when the registry did not want this WebSocket.
    place: Option<Arc<Place<L>>>,
    /// The hall and its session id, once it is in: nothing but the room is locked then.
    hall: Option<(Arc<Hall<L>>, Arc<str>)>,
    errands: Errands,
    done: Done,
}

/// What was carried out of what a socket has said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Signals that were accepted.
    pub signals: u64,
    /// Whether the client was let in.
    pub joined: bool,
}

impl<L: Link> Seat<L> {
    pub(super) fn new(
        registry: Arc<Registry<L>>,
        link: LinkId,
        handle: Arc<L>,
        place: Option<Arc<Place<L>>>,
    ) -> Self {
        let hall = place.as_ref().and_then(|place| match &*place.whereabouts.lock() {
            Whereabouts::Hall { hall, session } => Some((hall.clone(), session.clone())),
            Whereabouts::Door { .. } | Whereabouts::Gone => None,
        });
        Self { registry, link, handle, place, hall, errands: Errands::default(), done: Done::default() }
    }

    /// The session that it is in, once it is in one.
    pub fn session(&self) -> Option<&str> {
        self.hall.as_ref().map(|(_, session)| &**session)
    }

    /// Takes frames in the order of their arrival; leaves some when too many answers wait for this socket. The answer is
    /// whether somebody falls behind with what they say: then this client should be read more slowly.
    pub fn receive(&mut self, time: Time, frames: &mut VecDeque<Bytes>) -> bool {
        let mut crowded = false;
        while !frames.is_empty() && !self.handle.is_full() {
            if let Some((hall, _)) = &self.hall {
                let received = hall.receive(time, self.link, &self.handle, frames, &mut self.errands);
                crowded |= received.crowded;
                self.done.signals += received.signals;
            } else if let Some(frame) = frames.pop_front() {
                self.knock(time, &frame);
            }
        }
        self.finish();
        crowded
    }

    /// What was carried out since the last asking.
    pub fn take_done(&mut self) -> Done {
        std::mem::take(&mut self.done)
    }

    fn knock(&mut self, time: Time, frame: &Bytes) {
        let Some(place) = self.place.clone() else { return };
        if self.registry.is_stopped() {
            return;
        }
        let mut out = Vec::new();
        let mut whereabouts = place.whereabouts.lock();
        // Otherwise another WebSocket of this client has gone in, or it has given up.
        let Whereabouts::Door { door, .. } = &mut *whereabouts else { return };
        let knock = match door.receive(self.link, frame, &mut out) {
            Knock::Join(join) => self.enter(time, &place.socket, &mut whereabouts, *join, &mut out),
            knock => knock,
        };
        if matches!(knock, Knock::Gone) {
            give_up(&self.registry, &place, &mut whereabouts, &mut self.errands);
        }
        drop(whereabouts);
        for output in out {
            if let Output::Deliver { delivery, .. } = output {
                self.errands.wakers.extend(self.handle.deliver(delivery));
            }
        }
    }

    /// Goes in, if the gate and the room let it.
    fn enter(
        &mut self,
        time: Time,
        socket: &Arc<str>,
        whereabouts: &mut Whereabouts<L>,
        join: Join,
        out: &mut Vec<Output>,
    ) -> Knock {
        let Whereabouts::Door { door, .. } = whereabouts else { return Knock::Stay };
        let (connection, transaction) = (join.connection.clone(), join.transaction.clone());
        let session: Arc<str> = join.session.session.as_str().into();
        match self.registry.admit(time, self.link, socket.clone(), join, &self.handle, &mut self.errands) {
            Ok(hall) => {
                self.registry.leave_door(door.due, socket);
                debug!(socket = socket_beginning(socket), %session, %connection, "socket in its session");
                *whereabouts = Whereabouts::Hall { hall: hall.clone(), session: session.clone() };
                self.hall = Some((hall, session));
                self.done.joined = true;
                Knock::Stay
            }
            Err(Denied::Stopped) => Knock::Stay,
            Err(Denied::Refused(refusal)) => {
                self.registry.tally().count(Figure::of_join(refusal.status));
                let (session, reason) =
                    (beginning(&session, LOG_CHARS), beginning(&refusal.reason, LOG_CHARS));
                info!(?session, ?connection, status = refusal.status, ?reason, "join refused");
                door.refuse(self.link, &connection, &transaction, &refusal, out)
            }
        }
    }

    /// The peer did something that is no Rumor frame at all: its connection ends, and its WebSocket with `code`.
    pub fn break_off(&mut self, time: Time, code: CloseCode) {
        if let Some((hall, _)) = &self.hall {
            hall.run(&mut self.errands, |room, out| room.break_off(time.now, self.link, code, out));
        } else if let Some(place) = &self.place {
            let mut whereabouts = place.whereabouts.lock();
            if whereabouts.has_at_the_door(self.link) {
                give_up(&self.registry, place, &mut whereabouts, &mut self.errands);
            }
        }
        self.errands.wakers.extend(self.handle.deliver(Delivery::Close(code)));
        self.finish();
    }

    /// The peer took bytes while so many waited for it that it was not read from: it lives.
    pub fn progressed(&mut self, now: Moment) {
        if let Some((hall, _)) = &self.hall {
            hall.run(&mut self.errands, |room, _| room.heard(now, self.link));
        }
        self.finish();
    }

    /// The WebSocket is closed.
    pub fn lost(mut self, now: Moment) {
        if let Some((hall, _)) = &self.hall {
            hall.lose(now, self.link, &mut self.errands);
        } else if let Some(place) = &self.place {
            let mut whereabouts = place.whereabouts.lock();
            if let Whereabouts::Door { door, .. } = &mut *whereabouts
                && !door.lose(self.link)
            {
                give_up(&self.registry, place, &mut whereabouts, &mut self.errands);
            }
        }
        self.finish();
    }

    fn finish(&mut self) {
        let hall = self.hall.as_ref().map(|(hall, session)| (&**session, hall));
        self.registry.finish(&mut self.errands, hall);
    }
}

/// Nobody comes in by this door any more.
fn give_up<L: Link>(
    registry: &Registry<L>,
    place: &Place<L>,
    whereabouts: &mut Whereabouts<L>,
    errands: &mut Errands,
) {
    if let Whereabouts::Door { door, .. } = whereabouts {
        registry.leave_door(door.due, &place.socket);
    }
    *whereabouts = Whereabouts::Gone;
    errands.forgotten.push(place.socket.clone());
}
