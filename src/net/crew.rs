//! The threads of the library: they run the sockets of all sessions, and the application's callbacks between.
//!
//! One thread leads: it drives the runtime, and when callbacks are due it leaves the runtime, runs them, and goes back. So a
//! callback runs on the thread on which its frame arrived, at once, and nobody has to be woken. One thread watches the
//! leader: when a callback takes long it leads from there on, and the other thread has nothing but its callback left. That
//! costs no session its heart-beat, and nothing at all while callbacks return. A third thread is there so that a second
//! callback may block too; more come, up to [`MOST_THREADS`], while callbacks do not return
//! (`docs/decisions/0008-callbacks-where-frames-arrive.md`).

use super::strand::Strand;
use parking_lot::{Condvar, Mutex, MutexGuard};
use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::sync::Notify;

/// Threads that are always there.
pub(super) const THREADS: usize = 3;
/// Threads at most, while callbacks do not return.
pub(super) const MOST_THREADS: usize = 64;
/// How often the watcher looks; a callback that is still the same at the second look has lost the lead.
const LOOK: Duration = Duration::from_millis(5);
/// Looks without a callback after which the watcher sleeps.
const CALM: u32 = 4;
/// When no thread is left to watch, callbacks wait this long before one more thread is made.
pub(super) const BLOCKED_AFTER: Duration = Duration::from_millis(100);
/// An extra thread without work leaves after this long.
const IDLE_FOR: Duration = Duration::from_secs(10);
/// The stack of a thread, on which callbacks run, whatever the environment says.
pub(super) const STACK: usize = 2 * 1024 * 1024;
/// How long the leader stays away from the sockets while callbacks return.
const ROUND: Duration = Duration::from_millis(2);

/// How long threads that have done nothing may take to end.
const STILLBORN: Duration = Duration::from_secs(1);

thread_local! {
    static IS_WORKER: Cell<bool> = const { Cell::new(false) };
}

/// Whether the calling thread is one of the library's: it runs a callback, or the application's logger.
pub fn in_callback() -> bool {
    IS_WORKER.get()
}

/// From now on the calling thread is one of the library's.
pub(super) fn be_worker() {
    IS_WORKER.set(true);
}

/// The threads, and the sessions whose callbacks are due.
pub(super) struct Crew {
    state: Mutex<State>,
    /// Threads without a role wait here.
    role: Condvar,
    /// The watcher sleeps here.
    watch: Condvar,
    /// A thread has ended.
    gone: Condvar,
    lead: Lead,
    /// The watcher looks every now and then; otherwise it must be woken when callbacks begin.
    alert: AtomicBool,
    /// Callbacks that have returned: while the number grows, nothing is stuck.
    returned: AtomicU64,
    /// Wakes the leader: callbacks are due, somebody watches again, or the end has come.
    bell: Notify,
    on_thread_start: fn(),
}

struct State {
    due: VecDeque<Arc<Strand>>,
    /// `None` once the crew has ended.
    runtime: Option<Arc<Runtime>>,
    threads: usize,
    handles: Vec<JoinHandle<()>>,
    taken: Roles,
    started: u64,
    stopping: bool,
    warned: bool,
}

/// Roles that a thread has.
#[derive(Default)]
struct Roles {
    leader: bool,
    watcher: bool,
}

/// Whose turn it is to lead, and whether the leader is among callbacks: then, and only then, it can lose the lead.
struct Lead(AtomicU64);

/// The right to lead, until somebody else takes it.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Term(u64);

const CALLING: u64 = 1;

impl Lead {
    /// A new term, after nobody led.
    fn assume(&self) -> Term {
        let term = (self.0.load(Ordering::SeqCst) | CALLING) + 1;
        self.0.store(term, Ordering::SeqCst);
        Term(term)
    }

    fn begin_calling(&self, term: Term) {
        self.0.store(term.0 | CALLING, Ordering::SeqCst);
    }

    /// Back to the sockets; false when the lead is lost.
    fn end_calling(&self, term: Term) -> bool {
        self.0.compare_exchange(term.0 | CALLING, term.0, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }

    /// The term of a leader who is among callbacks.
    fn calling(&self) -> Option<Term> {
        let lead = self.0.load(Ordering::SeqCst);
        (lead & CALLING != 0).then_some(Term(lead & !CALLING))
    }

    /// Takes the lead from one who is still among callbacks.
    fn take_over(&self, from: Term) -> Option<Term> {
        let term = Term((from.0 | CALLING) + 1);
        let taken =
            self.0.compare_exchange(from.0 | CALLING, term.0, Ordering::SeqCst, Ordering::SeqCst).is_ok();
        taken.then_some(term)
    }
}

impl Crew {
    /// Starts the threads. Each calls `on_thread_start` first.
    pub(super) fn start(runtime: Runtime, on_thread_start: fn()) -> std::io::Result<Arc<Self>> {
        let crew = Arc::new(Self {
            state: Mutex::new(State {
                due: VecDeque::new(),
                runtime: Some(Arc::new(runtime)),
                threads: 0,
                handles: Vec::new(),
                taken: Roles::default(),
                started: 0,
                stopping: false,
                warned: false,
            }),
            role: Condvar::new(),
            watch: Condvar::new(),
            gone: Condvar::new(),
            lead: Lead(AtomicU64::new(0)),
            alert: AtomicBool::new(false),
            returned: AtomicU64::new(0),
            bell: Notify::new(),
            on_thread_start,
        });
        for _ in 0..THREADS {
            let added = crew.add_thread(&mut crew.state.lock());
            if let Err(error) = added {
                // Those that there are have nothing to do yet: they end at once.
                crew.stop(Instant::now() + STILLBORN);
                crew.shut_down(STILLBORN);
                return Err(error);
            }
        }
        Ok(crew)
    }

    /// The callbacks of a session are due.
    pub(super) fn schedule(self: &Arc<Self>, strand: Arc<Strand>) {
        let mut state = self.state.lock();
        state.due.push_back(strand);
        if state.stopping && state.threads < MOST_THREADS {
            // Who has found nothing that is due has left, and who is left may be in a callback for ever: one more thread runs
            // what comes late, and leaves. A machine that has no thread to give leaves it to the others.
            let _ = self.add_thread(&mut state);
        }
        drop(state);
        self.bell.notify_one();
    }

    /// Runs the callbacks that are due and ends the threads; true when all of them have ended before `deadline`. The
    /// runtime is driven no more.
    pub(super) fn stop(self: &Arc<Self>, deadline: Instant) -> bool {
        let mut state = self.state.lock();
        state.stopping = true;
        self.bell.notify_one();
        self.role.notify_all();
        self.watch.notify_all();
        while state.threads > 0 {
            let look = deadline.min(Instant::now() + BLOCKED_AFTER);
            if !self.gone.wait_until(&mut state, look).timed_out() || state.threads == 0 {
                continue;
            }
            if look == deadline {
                return false;
            }
            if !state.due.is_empty() && state.threads < MOST_THREADS {
                // Every thread is in a callback that takes long, as when the library runs.
                let _ = self.add_thread(&mut state);
            }
        }
        let handles = std::mem::take(&mut state.handles);
        drop(state);
        // Nothing of theirs is left when this returns, not even what the system keeps for a thread.
        for handle in handles {
            let _ = handle.join();
        }
        true
    }

    /// Ends the runtime after the threads.
    pub(super) fn shut_down(&self, patience: Duration) {
        let runtime = self.state.lock().runtime.take();
        // One that is still driven, by a thread that is stuck, ends with that thread.
        if let Some(runtime) = runtime.and_then(Arc::into_inner) {
            runtime.shutdown_timeout(patience);
        }
    }

    /// Threads that there are.
    #[cfg(test)]
    pub(super) fn threads(&self) -> usize {
        self.state.lock().threads
    }

    fn add_thread(self: &Arc<Self>, state: &mut State) -> std::io::Result<()> {
        state.started += 1;
        let crew = Arc::clone(self);
        let name = format!("otc-worker-{}", state.started);
        let handle = std::thread::Builder::new().name(name).stack_size(STACK).spawn(move || {
            be_worker();
            (crew.on_thread_start)();
            crew.work();
        })?;
        state.handles.retain(|handle| !handle.is_finished());
        state.handles.push(handle);
        state.threads += 1;
        Ok(())
    }

    fn work(self: &Arc<Self>) {
        while let Some(term) = self.next_term() {
            self.lead(term);
        }
        self.gone.notify_all();
    }

    /// Waits until this thread is to lead; `None` when it is to end, and counts as ended.
    fn next_term(&self) -> Option<Term> {
        let mut state = self.state.lock();
        loop {
            if state.stopping {
                self.run_what_is_due(&mut state);
                state.threads -= 1;
                return None;
            }
            if !state.taken.leader {
                state.taken.leader = true;
                return Some(self.lead.assume());
            }
            if !state.taken.watcher {
                state.taken.watcher = true;
                self.bell.notify_one();
                let term = self.watch(&mut state);
                state.taken.watcher = false;
                if term.is_some() {
                    // Somebody else watches now.
                    self.role.notify_one();
                    return term;
                }
                continue;
            }
            if state.threads <= THREADS {
                self.role.wait(&mut state);
            } else if self.role.wait_for(&mut state, IDLE_FOR).timed_out()
                && state.threads > THREADS
                && state.taken.watcher
            {
                state.threads -= 1;
                return None;
            }
        }
    }

    /// Watches the leader, and takes over from one who is stuck in a callback; `None` when the crew stops.
    fn watch(&self, state: &mut MutexGuard<'_, State>) -> Option<Term> {
        let mut before = None;
        let mut heard = self.returned.load(Ordering::Relaxed);
        let mut calm = 0;
        self.alert.store(true, Ordering::SeqCst);
        while !state.stopping {
            if calm >= CALM {
                self.alert.store(false, Ordering::SeqCst);
                // The leader looks at these two in the opposite order.
                if self.lead.calling().is_none() {
                    self.watch.wait(state);
                }
                self.alert.store(true, Ordering::SeqCst);
                calm = 0;
                before = None;
            }
            self.watch.wait_for(state, LOOK);
            let returned = self.returned.load(Ordering::Relaxed);
            let calling = self.lead.calling();
            let now = calling.map(|term| (term, returned));
            if now.is_some()
                && now == before
                && let Some(term) = calling.and_then(|from| self.lead.take_over(from))
            {
                return Some(term);
            }
            calm = if now.is_none() && returned == heard { calm + 1 } else { 0 };
            heard = returned;
            before = now;
        }
        None
    }

    fn lead(self: &Arc<Self>, term: Term) {
        let Some(runtime) = self.state.lock().runtime.clone() else { return };
        while runtime.block_on(self.callbacks_are_due()) {
            if !self.call(term) {
                return;
            }
        }
        self.state.lock().taken.leader = false;
    }

    /// Runs callbacks for a while; false when the lead is lost.
    fn call(self: &Arc<Self>, term: Term) -> bool {
        self.lead.begin_calling(term);
        if !self.alert.load(Ordering::SeqCst) {
            // Under the lock the watcher is either asleep or has not looked yet.
            let _state = self.state.lock();
            self.watch.notify_one();
        }
        let end = Instant::now() + ROUND;
        while let Some(strand) = self.next_due() {
            if strand.run(&self.returned) {
                self.schedule(strand);
            }
            if self.lead.calling() != Some(term) {
                return false;
            }
            if Instant::now() >= end {
                break;
            }
        }
        self.lead.end_calling(term)
    }

    fn next_due(&self) -> Option<Arc<Strand>> {
        self.state.lock().due.pop_front()
    }

    fn run_what_is_due(&self, state: &mut MutexGuard<'_, State>) {
        while let Some(strand) = state.due.pop_front() {
            MutexGuard::unlocked(state, || while strand.run(&self.returned) {});
        }
    }

    /// Drives the runtime until callbacks can be run; false when the crew stops.
    async fn callbacks_are_due(self: &Arc<Self>) -> bool {
        if !self.state.lock().due.is_empty() {
            // Between two rounds of callbacks the sockets have their turn.
            tokio::task::yield_now().await;
        }
        loop {
            let nothing_is_due = {
                let state = self.state.lock();
                if state.stopping {
                    return false;
                }
                if !state.due.is_empty() && state.taken.watcher {
                    return true;
                }
                state.due.is_empty()
            };
            if nothing_is_due {
                self.bell.notified().await;
            } else if tokio::time::timeout(BLOCKED_AFTER, self.somebody_watches()).await.is_err() {
                self.relieve();
            }
        }
    }

    /// Waits for a watcher, or the end.
    async fn somebody_watches(&self) {
        loop {
            {
                let state = self.state.lock();
                if state.taken.watcher || state.stopping {
                    return;
                }
            }
            self.bell.notified().await;
        }
    }

    /// Every other thread has been in a callback for too long: adds one.
    fn relieve(self: &Arc<Self>) {
        let mut state = self.state.lock();
        if state.taken.watcher || state.stopping {
            return;
        }
        let is_added = state.threads < MOST_THREADS && self.add_thread(&mut state).is_ok();
        if !is_added && !std::mem::replace(&mut state.warned, true) {
            let count = state.threads - 1;
            drop(state);
            crate::log::warn(&format!(
                "{count} callbacks have not returned, and there can be no more threads; callbacks of other sessions wait for \
                 them. Return from callbacks quickly."
            ));
        }
    }
}
