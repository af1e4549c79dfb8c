//! The threads that run the application's callbacks.
//!
//! Two threads serve all sessions. A callback that does not return costs one more thread after 100 ms, so that other
//! sessions do not wait for it, up to [`MOST_THREADS`]; the extra ones leave when they have had nothing to do for a while.

use super::strand::Strand;
use parking_lot::{Condvar, Mutex};
use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Threads that are always there.
pub(super) const THREADS: usize = 2;
/// Threads at most, while callbacks do not return.
pub(super) const MOST_THREADS: usize = 64;
/// A callback that runs longer than this may cost another thread.
pub(super) const BLOCKED_AFTER: Duration = Duration::from_millis(100);
/// An extra thread without work leaves after this long.
const IDLE_FOR: Duration = Duration::from_secs(10);

thread_local! {
    static IN_CALLBACK: Cell<bool> = const { Cell::new(false) };
}

/// Whether the calling thread is running a callback of any session.
pub fn in_callback() -> bool {
    IN_CALLBACK.get()
}

/// Runs `callback` marked as one.
pub(super) fn as_callback(callback: impl FnOnce()) {
    struct Mark;
    impl Drop for Mark {
        fn drop(&mut self) {
            IN_CALLBACK.set(false);
        }
    }
    IN_CALLBACK.set(true);
    let _mark = Mark;
    callback();
}

/// The threads and the sessions that wait for one.
pub(super) struct Pool {
    state: Mutex<State>,
    work: Condvar,
    gone: Condvar,
    /// Callbacks that have returned: while the number grows, nothing is stuck.
    returned: AtomicU64,
    on_thread_start: fn(),
}

#[derive(Default)]
struct State {
    ready: VecDeque<Arc<Strand>>,
    threads: usize,
    /// Threads that wait for work.
    idle: usize,
    /// Of these, threads that have been woken and are on their way.
    woken: usize,
    started: u64,
    stopping: bool,
    warned: bool,
    /// Callbacks that had returned when somebody last looked.
    returned_before: u64,
}

impl Pool {
    pub(super) fn start(on_thread_start: fn()) -> std::io::Result<Arc<Self>> {
        let pool = Arc::new(Self {
            state: Mutex::default(),
            work: Condvar::new(),
            gone: Condvar::new(),
            returned: AtomicU64::new(0),
            on_thread_start,
        });
        for _ in 0..THREADS {
            pool.add_thread(&mut pool.state.lock())?;
        }
        Ok(pool)
    }

    /// Puts a session in the queue; true when no thread is free, so that somebody should look after it.
    pub(super) fn schedule(&self, strand: Arc<Strand>) -> bool {
        let mut state = self.state.lock();
        state.ready.push_back(strand);
        if state.idle > state.woken {
            state.woken += 1;
            drop(state);
            self.work.notify_one();
            return false;
        }
        true
    }

    /// Adds a thread when sessions wait and no thread has taken any for [`BLOCKED_AFTER`]; true while sessions wait.
    pub(super) fn relieve(self: &Arc<Self>) -> bool {
        let mut state = self.state.lock();
        if state.ready.is_empty() || state.stopping {
            return false;
        }
        let returned = self.returned.load(Ordering::Relaxed);
        let stuck = std::mem::replace(&mut state.returned_before, returned) == returned;
        if stuck && state.idle == state.woken {
            if state.threads < MOST_THREADS {
                // A machine that has no thread to give leaves the sessions waiting for those that there are.
                let _ = self.add_thread(&mut state);
            } else if !std::mem::replace(&mut state.warned, true) {
                drop(state);
                crate::log::warn(&format!(
                    "{MOST_THREADS} callbacks have not returned; callbacks of other sessions wait for them. \
                     Return from callbacks quickly."
                ));
            }
        }
        true
    }

    /// Threads that there are.
    #[cfg(test)]
    pub(super) fn threads(&self) -> usize {
        self.state.lock().threads
    }

    /// Ends the threads; true when all of them have ended before `deadline`.
    pub(super) fn stop(&self, deadline: Instant) -> bool {
        let mut state = self.state.lock();
        state.stopping = true;
        self.work.notify_all();
        while state.threads > 0 {
            if self.gone.wait_until(&mut state, deadline).timed_out() {
                return state.threads == 0;
            }
        }
        true
    }

    fn add_thread(self: &Arc<Self>, state: &mut State) -> std::io::Result<()> {
        state.started += 1;
        let pool = Arc::clone(self);
        let extra = state.threads >= THREADS;
        std::thread::Builder::new().name(format!("otc-callback-{}", state.started)).spawn(move || {
            (pool.on_thread_start)();
            pool.work(extra);
        })?;
        state.threads += 1;
        Ok(())
    }

    fn work(&self, extra: bool) {
        while let Some(strand) = self.next(extra) {
            if strand.run(&self.returned) {
                self.schedule(strand);
            }
        }
        self.state.lock().threads -= 1;
        self.gone.notify_all();
    }

    fn next(&self, extra: bool) -> Option<Arc<Strand>> {
        let mut state = self.state.lock();
        loop {
            if let Some(strand) = state.ready.pop_front() {
                return Some(strand);
            }
            if state.stopping {
                return None;
            }
            state.idle += 1;
            let timed_out = extra && self.work.wait_for(&mut state, IDLE_FOR).timed_out();
            if !extra {
                self.work.wait(&mut state);
            }
            state.idle -= 1;
            state.woken = state.woken.saturating_sub(1);
            if timed_out && state.ready.is_empty() {
                return None;
            }
        }
    }
}
