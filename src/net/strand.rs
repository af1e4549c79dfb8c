//! The callbacks of one session: in order, one at a time, never on the caller's thread, no lock held.

use super::pool::{Pool, as_callback, in_callback};
use crate::session::Event;
use otc_protocol::limits::CALLBACK_QUEUE;
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

    /// The name of an event's callback, for messages.
    fn callback_name(&self, event: &Event) -> &'static str;
}

/// How long one session runs callbacks before others get their turn.
const TURN: Duration = Duration::from_millis(10);
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
        state.full |= state.queue.len() >= CALLBACK_QUEUE;
        state.closed || !state.full
    }

    /// Wakes when there is room again.
    pub(super) fn room(&self) -> &Notify {
        &self.room
    }

    /// Runs callbacks; true when the session's turn is over and it has more.
    pub(super) fn run(&self, returned: &AtomicU64) -> bool {
        let end = Instant::now() + TURN;
        while Instant::now() < end {
            let Some(event) = self.begin() else { return false };
            // A fault of the library's own on the way to the callback costs that callback, not the session.
            if catch_unwind(AssertUnwindSafe(|| as_callback(|| self.listener.hear(event)))).is_err() {
                crate::log::error("The library has a fault in a callback's preparation; please report it.");
            }
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
            if state.queue.capacity() > KEPT_CAPACITY {
                state.queue = VecDeque::new();
            }
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
        self.shut();
        if in_callback() {
            return;
        }
        let mut state = self.state.lock();
        while let Some(name) = state.running {
            if self.returned.wait_for(&mut state, PATIENCE).timed_out() && state.running.is_some() {
                MutexGuard::unlocked(&mut state, || {
                    crate::log::warn(&format!(
                        "otc_session_delete waits for {name} of session {session_id} to return."
                    ));
                });
            }
        }
    }

    /// No callback begins any more; does not wait for the one that is running.
    pub(super) fn shut(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        state.queue = VecDeque::new();
        self.room.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::super::pool::{BLOCKED_AFTER, MOST_THREADS, THREADS};
    use super::*;
    use crate::session::Event;
    use std::sync::mpsc::{Receiver, Sender, channel};

    /// Runs a closure for each event.
    struct Hear<F>(F);

    impl<F: Fn(Event) + Send + Sync> Listener for Hear<F> {
        fn hear(&self, event: Event) {
            (self.0)(event);
        }

        fn callback_name(&self, _event: &Event) -> &'static str {
            "on_test"
        }
    }

    const DEADLINE: Duration = Duration::from_secs(20);

    fn pool() -> Arc<Pool> {
        Pool::start(|| ()).expect("threads")
    }

    fn strand(pool: &Arc<Pool>, hear: impl Fn(Event) + Send + Sync + 'static) -> Arc<Strand> {
        Strand::new(Box::new(Hear(hear)), pool)
    }

    fn numbered(number: usize) -> Event {
        Event::ArchiveStopped { id: number.to_string() }
    }

    /// A strand whose callback tells that it runs, then waits for a word.
    fn blocking(pool: &Arc<Pool>) -> (Arc<Strand>, Receiver<()>, Sender<()>) {
        let (began, begun) = channel();
        let (release, released) = channel::<()>();
        let released = Mutex::new(released);
        let strand = strand(pool, move |_| {
            let _ = began.send(());
            let _ = released.lock().recv();
        });
        (strand, begun, release)
    }

    /// What the library's timer does: looks after the pool while sessions wait.
    fn relieve(pool: &Arc<Pool>, until: impl Fn() -> bool) {
        let deadline = Instant::now() + DEADLINE;
        let (_never, tick) = channel::<()>();
        while !until() && Instant::now() < deadline {
            let _ = tick.recv_timeout(BLOCKED_AFTER);
            pool.relieve();
        }
    }

    #[test]
    fn callbacks_of_one_session_run_in_order_and_one_at_a_time() {
        let pool = pool();
        let (heard, received) = channel();
        let running = Mutex::new(());
        let strand = strand(&pool, move |event| {
            let _alone = running.try_lock().expect("no other callback of the session runs");
            let _ = heard.send(event);
        });
        for number in 0..1000 {
            strand.push([numbered(number)]);
        }
        for number in 0..1000 {
            assert_eq!(received.recv_timeout(DEADLINE), Ok(numbered(number)));
        }
        assert!(pool.stop(Instant::now() + DEADLINE));
    }

    #[test]
    fn blocked_callbacks_cost_threads_and_do_not_keep_others_waiting() {
        let pool = pool();
        let blocked: Vec<_> = (0..THREADS + 2)
            .map(|_| {
                let (strand, begun, release) = blocking(&pool);
                strand.push([Event::Connected]);
                relieve(&pool, || begun.try_recv().is_ok());
                (strand, release)
            })
            .collect();
        let (heard, received) = channel();
        let free = strand(&pool, move |event| drop(heard.send(event)));
        free.push([Event::Connected]);
        let last = Mutex::new(None);
        relieve(&pool, || {
            *last.lock() = received.try_recv().ok();
            last.lock().is_some()
        });
        assert_eq!(last.into_inner(), Some(Event::Connected));
        let threads = pool.threads();
        assert!((THREADS + 3..=MOST_THREADS).contains(&threads), "{threads} threads");
        drop(blocked);
        assert!(pool.stop(Instant::now() + DEADLINE));
    }

    #[test]
    fn a_full_queue_says_so_and_tells_when_there_is_room() {
        let pool = pool();
        let (strand, begun, release) = blocking(&pool);
        strand.push((0..=CALLBACK_QUEUE).map(numbered));
        begun.recv_timeout(DEADLINE).expect("the first callback runs");
        assert!(!strand.has_room());
        drop(release);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        let roomy =
            runtime.block_on(async { tokio::time::timeout(DEADLINE, strand.room().notified()).await });
        assert!(roomy.is_ok());
        assert!(strand.has_room());
        assert!(pool.stop(Instant::now() + DEADLINE));
    }

    #[test]
    fn closing_waits_for_the_running_callback_and_no_other_begins() {
        let pool = pool();
        let (strand, begun, release) = blocking(&pool);
        strand.push([Event::Connected, Event::Reconnecting]);
        begun.recv_timeout(DEADLINE).expect("the first callback runs");
        let (closed, is_closed) = channel();
        let closing = {
            let strand = Arc::clone(&strand);
            std::thread::spawn(move || {
                strand.close("S");
                let _ = closed.send(());
            })
        };
        assert!(is_closed.recv_timeout(BLOCKED_AFTER).is_err(), "the callback has not returned");
        release.send(()).expect("it waits");
        is_closed.recv_timeout(DEADLINE).expect("the callback has returned");
        closing.join().expect("no panic");
        strand.push([Event::Reconnected]);
        assert!(pool.stop(Instant::now() + DEADLINE));
        assert!(begun.try_recv().is_err(), "neither the waiting nor the late event was heard");
    }

    #[test]
    fn what_waits_for_its_turn_does_not_begin_after_the_end() {
        let pool = pool();
        let (strand, begun, release) = blocking(&pool);
        strand.push([Event::Connected, Event::Reconnecting]);
        begun.recv_timeout(DEADLINE).expect("the first callback runs");
        strand.shut();
        assert!(!pool.stop(Instant::now() + BLOCKED_AFTER), "it still runs");
        drop(release);
        assert!(pool.stop(Instant::now() + DEADLINE));
        assert!(begun.try_recv().is_err());
    }

    #[test]
    fn a_fault_before_a_callback_costs_that_one_only() {
        let pool = pool();
        let (heard, received) = channel();
        let strand = strand(&pool, move |event| {
            assert_ne!(event, Event::Connected, "a fault that the test has made");
            let _ = heard.send(event);
        });
        strand.push([Event::Connected, Event::Reconnecting]);
        assert_eq!(received.recv_timeout(DEADLINE), Ok(Event::Reconnecting));
        assert!(pool.stop(Instant::now() + DEADLINE));
    }

    #[test]
    fn closing_inside_any_callback_does_not_wait() {
        let pool = pool();
        let (victim, begun, _release) = blocking(&pool);
        victim.push([Event::Connected]);
        begun.recv_timeout(DEADLINE).expect("the callback runs");
        let (closed, is_closed) = channel();
        let closer = {
            let victim = Arc::clone(&victim);
            strand(&pool, move |_| {
                victim.close("S");
                let _ = closed.send(());
            })
        };
        closer.push([Event::Connected]);
        is_closed.recv_timeout(DEADLINE).expect("it returned although the other callback runs");
    }
}
