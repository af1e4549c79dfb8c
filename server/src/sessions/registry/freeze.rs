//! The sessions of a stopping server, handed to the next one.

use super::super::door::Gate;
use super::super::hall::{Errands, Hall};
use super::super::room::Room;
use super::super::seat::{Place, Whereabouts};
use super::super::snapshot::{Snapshot, Unfit};
use super::super::{CloseCode, Delivery, Link, Settings, Witness};
use super::Registry;
use otc_protocol::Moment;
use std::sync::Arc;
use std::sync::atomic::Ordering;

impl<L: Link> Registry<L> {
    /// Takes all sessions out and closes every WebSocket, so that clients come back. From then on nothing that a client
    /// or the application's server says is carried out: it is not in the snapshot, so it would be lost if it had an
    /// answer, and done twice if it had none.
    ///
    /// Sockets that have not joined are not in the snapshot. Their clients start anew.
    pub fn freeze(&self, now: Moment) -> Snapshot {
        self.stopped.store(true, Ordering::Release);
        let mut errands = Errands::default();
        // Whoever looks for a hall after this finds that the server has stopped; whoever has found one before finds it
        // closed, or has done what it came for.
        let halls: Vec<Arc<Hall<L>>> = self.halls.lock().take();
        let rooms = halls.iter().filter_map(|hall| {
            let room = hall.vacate();
            hall.close_links(CloseCode::Restarting, &mut errands);
            room.freeze(now)
        });
        let snapshot = Snapshot { rooms: rooms.collect() };
        let places: Vec<Arc<Place<L>>> = self.sockets.lock().drain().map(|(_, place)| place).collect();
        for place in places {
            if let Whereabouts::Door { handle, .. } = &*place.whereabouts.lock() {
                errands.wakers.extend(handle.deliver(Delivery::Close(CloseCode::Restarting)));
            }
        }
        self.doors.lock().clear();
        self.finish(&mut errands, None);
        snapshot
    }

    /// A server with the sessions of an earlier one. Every line counts as lost since `now`: its client may come back for
    /// as long as the settings say.
    pub fn restore(
        settings: Settings,
        gate: impl Gate + 'static,
        witness: impl Witness + 'static,
        random: impl FnMut() -> u64 + Send + 'static,
        now: Moment,
        snapshot: Snapshot,
    ) -> Result<Arc<Self>, Unfit> {
        let registry = Self::new(settings, gate, witness, random);
        let settings = &registry.settings;
        if snapshot.sessions() > settings.sessions || snapshot.lines() > settings.sockets {
            return Err(Unfit("more sessions or sockets than the server holds"));
        }
        {
            let mut halls = registry.halls.lock();
            let mut sockets = registry.sockets.lock();
            for room in snapshot.rooms {
                let room = Room::thaw(settings.clone(), registry.tally.clone(), now, room)?;
                let session: Arc<str> = room.session().into();
                let mine: Vec<Arc<str>> = room.sockets().cloned().collect();
                let hall = Arc::new(Hall::new(room, registry.witness.clone(), registry.tally.clone()));
                for socket in mine {
                    let place = Place::within(socket.clone(), hall.clone(), session.clone());
                    if sockets.insert(socket, Arc::new(place)).is_some() {
                        return Err(Unfit("a socket in two sessions"));
                    }
                }
                if !halls.insert(&session, hall) {
                    return Err(Unfit("a session that is there twice"));
                }
            }
        }
        Ok(registry)
    }
}
