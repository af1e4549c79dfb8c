//! The callbacks of one session: in order, one at a time, never on the caller's thread, no lock held.

use super::pool::{Pool, as_callback, in_callback};
use crate::session::Event;
use otc_protocol::limits::CALLBACK_QUEUE;
use parking_lot::{Condvar, Mutex};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::Notify;

/// Hears what happens to a session.
pub trait Listener: Send + Sync {
    /// Runs the callback of one event.
    fn hear(&self, event: Event);

    /// The name of an event's callback, for messages.
    fn callback_name(&self, event: &Event) -> &'static str;
}

/// Callbacks that one session runs before others get their turn.
const TURN: usize = 64;
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
    pool: Weak<Pool>,
    itself: Weak<Strand>,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Event>,
    /// A thread has it, or will have it.
    scheduled: bool,
    /// The callback that is running.
    running: Option<&'static str>,
    closed: bool,
    /// The session has stopped reading its socket because of this queue.
    full: bool,
}

impl Strand {
    pub(super) fn new(listener: Box<dyn Listener>, pool: &Arc<Pool>) -> Arc<Self> {
        Arc::new_cyclic(|itself| Self {
            state: Mutex::default(),
            returned: Condvar::new(),
            room: Notify::new(),
            listener,
            pool: Arc::downgrade(pool),
            itself: itself.clone(),
        })
    }

    /// Takes the events in order; true when no thread is free to run them.
    pub(super) fn push(&self, events: impl IntoIterator<Item = Event>) -> bool {
        let mut state = self.state.lock();
        if state.closed {
            return false;
        }
        state.queue.extend(events);
        if state.scheduled || state.queue.is_empty() {
            return false;
        }
        state.scheduled = true;
        drop(state);
        match (self.pool.upgrade(), self.itself.upgrade()) {
            (Some(pool), Some(itself)) => pool.schedule(itself),
            _ => false,
        }
    }

    /// Whether the session may read on; false asks for a word by [`Strand::room`] when it may.
    pub(super) fn has_room(&self) -> bool {
        let mut state = self.state.lock();
        let has_room = state.closed || state.queue.len() < CALLBACK_QUEUE;
        if !has_room && !state.full {
            state.full = true;
        }
        has_room
    }

    /// Wakes when there is room again.
    pub(super) fn room(&self) -> &Notify {
        &self.room
    }

    /// Runs callbacks; true when the session's turn is over and it has more.
    pub(super) fn run(&self, returned: &AtomicU64) -> bool {
        for _ in 0..TURN {
            let Some(event) = self.begin() else { return false };
            as_callback(|| self.listener.hear(event));
            returned.fetch_add(1, Ordering::Relaxed);
            self.finish();
        }
        let mut state = self.state.lock();
        state.scheduled = !state.queue.is_empty();
        state.scheduled
    }

    fn begin(&self) -> Option<Event> {
        let mut state = self.state.lock();
        let Some(event) = state.queue.pop_front() else {
            state.scheduled = false;
            return None;
        };
        state.running = Some(self.listener.callback_name(&event));
        if state.full && state.queue.len() <= CALLBACK_QUEUE / 2 {
            state.full = false;
            self.room.notify_one();
        }
        Some(event)
    }

    fn finish(&self) {
        let mut state = self.state.lock();
        state.running = None;
        drop(state);
        self.returned.notify_all();
    }

    /// From the return of this call on no callback begins. Outside a callback it waits for the one that is running.
    pub(super) fn close(&self, session_id: &str) {
        let mut state = self.state.lock();
        state.closed = true;
        state.queue.clear();
        self.room.notify_one();
        if in_callback() {
            return;
        }
        while let Some(name) = state.running {
            if self.returned.wait_for(&mut state, PATIENCE).timed_out() && state.running.is_some() {
                crate::log::warn(&format!(
                    "otc_session_delete waits for {name} of session {session_id} to return."
                ));
            }
        }
    }
}
