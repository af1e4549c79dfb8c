//! One open WebSocket's place in the registry.

use super::door::{Door, Knock, refuse};
use super::hall::{Errands, Hall};
use super::registry::Registry;
use super::{CloseCode, Delivery, Link, LinkId, Output, Time};
use bytes::Bytes;
use otc_protocol::Moment;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;
use tracing::info;

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
        Self { registry, link, handle, place, hall, errands: Errands::default() }
    }

    /// Takes frames in the order of their arrival; leaves some when too many answers wait for this socket.
    pub fn receive(&mut self, time: Time, frames: &mut VecDeque<Bytes>) {
        while !frames.is_empty() && !self.handle.is_full() {
            if let Some((hall, _)) = &self.hall {
                hall.receive(time, self.link, &self.handle, frames, &mut self.errands);
            } else if let Some(frame) = frames.pop_front() {
                self.knock(time, &frame);
            }
        }
        self.finish();
    }

    fn knock(&mut self, time: Time, frame: &Bytes) {
        let Some(place) = self.place.clone() else { return };
        let mut out = Vec::new();
        let mut whereabouts = place.whereabouts.lock();
        // Otherwise another WebSocket of this client has gone in, or it has given up.
        let Whereabouts::Door { door, .. } = &mut *whereabouts else { return };
        match door.receive(self.link, frame, &mut out) {
            Knock::Stay => {}
            Knock::Gone => {
                *whereabouts = Whereabouts::Gone;
                self.errands.forgotten.push(place.socket.clone());
            }
            Knock::Join(join) => {
                let (connection, transaction) = (join.connection.clone(), join.transaction.clone());
                let session: Arc<str> = join.session.session.as_str().into();
                let socket = place.socket.clone();
                match self.registry.admit(time, self.link, socket, *join, &self.handle, &mut self.errands) {
                    Ok(hall) => {
                        *whereabouts = Whereabouts::Hall { hall: hall.clone(), session: session.clone() };
                        self.hall = Some((hall, session));
                    }
                    Err(refusal) => {
                        info!(%session, %connection, status = refusal.status, reason = %refusal, "join refused");
                        refuse(self.link, &connection, &transaction, &refusal, &mut out);
                    }
                }
            }
        }
        drop(whereabouts);
        for output in out {
            if let Output::Deliver { delivery, .. } = output {
                self.errands.wakers.extend(self.handle.deliver(delivery));
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
                *whereabouts = Whereabouts::Gone;
                self.errands.forgotten.push(place.socket.clone());
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
            let grace = self.registry.settings().resume_grace;
            if let Whereabouts::Door { door, .. } = &mut *place.whereabouts.lock() {
                door.lose(now, self.link, grace);
                self.registry.look_after_door(door.due, place.socket.clone());
            }
        }
        self.finish();
    }

    fn finish(&mut self) {
        let hall = self.hall.as_ref().map(|(hall, session)| (&**session, hall));
        self.registry.finish(&mut self.errands, hall);
    }
}
