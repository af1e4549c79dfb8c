//! The callbacks of one session: in order, one at a time, never on the caller's thread, no lock held.

use super::crew::{Crew, in_callback};
use crate::session::Event;
use parking_lot::{Condvar, Mutex, MutexGuard};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// Hears what happens to a session.
pub trait Listener: Send + Sync {
    /// Runs the callback of one event.
    fn hear(&self, event: Event);

    /// Whether there is a last callback.
    fn awaits_release(&self) -> bool;

    /// Runs the last callback, after which none begins.
    fn released(&self);

    /// The name of an event's callback, for messages.
    fn callback_name(&self, event: &Event) -> &'static str;
}

/// How long one session runs callbacks before others get their turn.
const TURN: Duration = Duration::from_millis(1);
/// A queue that had more room than this and is empty gives it back.
const KEPT_CAPACITY: usize = 16;
/// A delete that has waited this long says whom it waits for.
const PATIENCE: Duration = Duration::from_secs(2);

/// The queue of one session's callbacks.
pub(super) struct Strand {
    state: Mutex<State>,
    /// A callback has returned.
    returned: Condvar,
    /// There is room again after there was none.
    room: Notify,
    listener: Box<dyn Listener>,
    /// Callbacks that may wait.
    most: usize,
    crew: Weak<Crew>,
    itself: Weak<Strand>,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Event>,
    /// A thread has it, or will have it.
    scheduled: bool,
    /// The callback that is running.
    running: Option<&'static str>,
    life: Life,
    /// The session has stopped reading its socket because of this queue.
    full: bool,
}

/// From the first event to the last callback.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Life {
    /// Events come in.
    #[default]
    Open,
    /// None comes in; when the queue is empty the last callback runs.
    Ending,
    /// The last callback runs.
    Releasing,
    /// It has returned.
    Released,
}

/// What a thread does for a session.
enum Job {
    Tell(Event),
    Release,
}

impl Strand {
    pub(super) fn new(listener: Box<dyn Listener>, most: usize, crew: &Arc<Crew>) -> Arc<Self> {
        Arc::new_cyclic(|itself| Self {
            state: Mutex::default(),
            returned: Condvar::new(),
            room: Notify::new(),
            listener,
            most,
            crew: Arc::downgrade(crew),
            itself: itself.clone(),
        })
    }

    /// Takes the events in order.
    pub(super) fn push(&self, events: impl IntoIterator<Item = Event>) {
        let mut state = self.state.lock();
        if state.life == Life::Open {
            state.queue.extend(events);
            self.schedule(state);
        }
    }

    /// Sees to it that a thread comes if there is something to do.
    fn schedule(&self, mut state: MutexGuard<'_, State>) {
        if state.scheduled || !state.has_job() {
            return;
        }
        state.scheduled = true;
        drop(state);
        if let (Some(crew), Some(itself)) = (self.crew.upgrade(), self.itself.upgrade()) {
            crew.schedule(itself);
        }
    }

    /// Whether the session may read on; false asks for a word by [`Strand::room`] when it may.
    pub(super) fn has_room(&self) -> bool {
        let mut state = self.state.lock();
        state.full |= state.queue.len() >= self.most;
        state.life != Life::Open || !state.full
    }

    /// Wakes when there is room again.
    pub(super) fn room(&self) -> &Notify {
        &self.room
    }

    /// Runs callbacks; true when the session's turn is over and it has more.
    pub(super) fn run(&self, returned: &AtomicU64) -> bool {
        let end = Instant::now() + TURN;
        while Instant::now() < end {
            let Some(job) = self.begin() else { return false };
            let job = || match job {
                Job::Tell(event) => self.listener.hear(event),
                Job::Release => self.listener.released(),
            };
            // A fault of the library's own on the way to the callback costs that callback, not the session.
            if catch_unwind(AssertUnwindSafe(job)).is_err() {
                crate::log::error("The library has a fault in a callback's preparation; please report it.");
            }
            returned.fetch_add(1, Ordering::Relaxed);
            self.finish();
        }
        let mut state = self.state.lock();
        state.scheduled = state.has_job();
        state.scheduled
    }

    fn begin(&self) -> Option<Job> {
        let mut state = self.state.lock();
        if let Some(event) = state.queue.pop_front() {
            state.running = Some(self.listener.callback_name(&event));
            if state.full && state.queue.len() <= self.most / 2 {
                state.full = false;
                self.room.notify_one();
            }
            return Some(Job::Tell(event));
        }
        if state.life == Life::Ending && self.listener.awaits_release() {
            state.life = Life::Releasing;
            state.running = Some("on_released");
            return Some(Job::Release);
        }
        self.settle(&mut state);
        state.scheduled = false;
        if state.queue.capacity() > KEPT_CAPACITY {
            state.queue = VecDeque::new();
        }
        None
    }

    fn finish(&self) {
        let mut state = self.state.lock();
        state.running = None;
        if state.life == Life::Releasing {
            state.life = Life::Released;
        }
        drop(state);
        self.returned.notify_all();
    }

    /// Sets the last callback; false when the session has been released already, and it would never be called.
    pub(super) fn set_release(&self, set: impl FnOnce()) -> bool {
        let state = self.state.lock();
        let in_time = state.life < Life::Releasing;
        if in_time {
            set();
        }
        in_time
    }

    /// A session whose end has come and that has no last callback is released as it is.
    fn settle(&self, state: &mut State) {
        if state.life == Life::Ending
            && state.running.is_none()
            && state.queue.is_empty()
            && !self.listener.awaits_release()
        {
            state.life = Life::Released;
            self.returned.notify_all();
        }
    }

    /// From the return of this call on no callback begins; inside a callback, the one that is running goes on, and the last
    /// one follows it. Outside a callback it waits for both.
    pub(super) fn close(&self, session_id: &str) {
        self.shut();
        if in_callback() {
            return;
        }
        let mut state = self.state.lock();
        while state.life != Life::Released {
            if self.returned.wait_for(&mut state, PATIENCE).timed_out() && state.life != Life::Released {
                let whom = match state.running {
                    Some(name) => format!("{name} to return"),
                    None => "a thread, because callbacks of other sessions have not returned".to_owned(),
                };
                MutexGuard::unlocked(&mut state, || {
                    crate::log::warn(&format!(
                        "otc_session_delete of session {session_id} waits for {whom}."
                    ));
                });
            }
        }
    }

    /// No callback begins any more but the last one; does not wait.
    pub(super) fn shut(&self) {
        let mut state = self.state.lock();
        state.queue = VecDeque::new();
        self.end(state);
    }

    /// The callbacks that wait are the last ones; does not wait for them.
    pub(super) fn wind_up(&self) {
        self.end(self.state.lock());
    }

    fn end(&self, mut state: MutexGuard<'_, State>) {
        self.room.notify_one();
        if state.life == Life::Open {
            state.life = Life::Ending;
        }
        self.settle(&mut state);
        self.schedule(state);
    }
}

impl State {
    fn has_job(&self) -> bool {
        !self.queue.is_empty() || self.life == Life::Ending
    }
}

#[cfg(test)]
#[path = "strand_tests.rs"]
mod tests;
