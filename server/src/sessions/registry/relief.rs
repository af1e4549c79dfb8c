//! When messages take too much memory, those who are owed the most make room, whether anybody tells them anything or not.

use super::super::Link;
use super::super::hall::{Errands, Hall};
use super::super::room::Room;
use super::super::tally::Fullness;
use super::Registry;
use otc_protocol::Moment;
use otc_protocol::limits::{RELIEF_AFTER, RELIEF_EVERY};
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// When to look, and since when there has been too much.
#[derive(Debug)]
pub(super) struct Relief {
    /// In microseconds.
    due: AtomicU64,
    since: Mutex<Option<Moment>>,
    /// Somebody was ended, whose memory is being given back.
    under_way: AtomicBool,
}

const NEVER: u64 = u64::MAX;

impl Default for Relief {
    fn default() -> Self {
        Self { due: AtomicU64::new(NEVER), since: Mutex::default(), under_way: AtomicBool::new(false) }
    }
}

impl Relief {
    pub(super) fn due(&self) -> Option<Moment> {
        Some(self.due.load(Ordering::SeqCst)).filter(|due| *due != NEVER).map(Moment::from_micros)
    }

    fn set_due(&self, due: Option<Moment>) {
        self.due.store(due.map_or(NEVER, Moment::as_micros), Ordering::SeqCst);
    }
}

impl<L: Link> Registry<L> {
    /// Something was done in a session: wakes whoever looks after the sessions if there is too much now. What this does not
    /// see, as it has come just now, the next one does: everybody shows that it lives.
    pub(super) fn notice_fullness(&self) {
        let is_news = match self.tally.fullness() {
            Fullness::Well => false,
            Fullness::Crowded => self.relief.due().is_none(),
            Fullness::Pressing => {
                self.relief.due() != Some(Moment::ZERO) && !self.relief.under_way.load(Ordering::Relaxed)
            }
        };
        if is_news {
            self.relief.set_due(Some(Moment::ZERO));
            self.sleeper.ring(Moment::ZERO);
        }
    }

    /// Ends those who are owed the most: at once while there is almost too much, and after a while if newcomers have been
    /// kept out for that long.
    pub(super) fn relieve(&self, now: Moment) {
        if self.relief.due().is_none_or(|due| due > now) {
            return;
        }
        if self.tally.is_relieved() {
            *self.relief.since.lock() = None;
            self.relief.under_way.store(false, Ordering::Relaxed);
            return self.relief.set_due(None);
        }
        let patient_until = *self.relief.since.lock().get_or_insert(now) + RELIEF_AFTER;
        if self.tally.fullness() != Fullness::Pressing && now < patient_until {
            self.relief.under_way.store(false, Ordering::Relaxed);
            return self.relief.set_due(Some(patient_until));
        }
        self.relief.under_way.store(true, Ordering::Relaxed);
        self.end_the_largest(now);
        // Their sockets give the memory back, and then it is seen whether that was enough.
        self.relief.set_due(Some(now + RELIEF_EVERY));
    }

    /// Ends those who are owed more than half of what anybody is owed, if that is more than their share.
    fn end_the_largest(&self, now: Moment) {
        let share = self.tally.relief_share();
        let halls: Vec<(String, Arc<Hall<L>>)> =
            self.halls.lock().iter().map(|(id, hall)| (id.clone(), Arc::clone(hall))).collect();
        let owed: Vec<usize> = halls.iter().map(|(_, hall)| hall.look(Room::most_owed)).collect();
        let largest = owed.iter().copied().max().unwrap_or_default();
        let floor = share.max(largest / 2);
        for ((session_id, hall), _) in halls.iter().zip(owed).filter(|(_, owed)| *owed > floor) {
            let mut errands = Errands::default();
            hall.run(&mut errands, |room, out| room.end_those_owed_more(now, floor, out));
            self.finish(&mut errands, Some((session_id, hall)));
        }
    }
}
