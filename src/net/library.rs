//! What all sessions of the process share.

use super::clock::Clock;
use super::limiter::Limiter;
use super::pool::{BLOCKED_AFTER, Pool};
use super::session::Session;
use super::tls::Trust;
use crate::session::Failure;
use parking_lot::{Condvar, Mutex};
use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// How long leaving sessions may take to say so when the library stops.
const GOODBYE: Duration = Duration::from_millis(500);
/// How long stopping may take in all.
const STOP: Duration = Duration::from_secs(5);
/// Threads for names that have to be looked up.
const RESOLVERS: usize = 4;

/// Whether everything ended in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// Every thread of the library has ended.
    Cleanly,
    /// A callback has not returned; its thread goes on.
    Late,
}

/// The threads and the shared state of the library.
pub struct Library {
    pub(super) handle: Handle,
    pub(super) clock: Clock,
    pub(super) pool: Arc<Pool>,
    pub(super) limiter: Limiter,
    trusts: Mutex<HashMap<Option<PathBuf>, Trust>>,
    /// `None` once the library stops.
    sessions: Mutex<Option<Vec<Weak<Session>>>>,
    /// Sessions whose sockets are being driven.
    driven: Mutex<usize>,
    rested: Condvar,
    relieving: AtomicBool,
    io_thread: Mutex<Option<(oneshot::Sender<()>, JoinHandle<()>)>>,
}

impl Library {
    /// Starts the threads. Each calls `on_thread_start` first.
    pub fn start(on_thread_start: fn()) -> io::Result<Arc<Self>> {
        let (stop, stopped) = oneshot::channel();
        let (started, start) = mpsc::channel();
        let runtime = Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(RESOLVERS)
            .thread_name("otc-resolver")
            .on_thread_start(on_thread_start)
            .build()?;
        let thread = std::thread::Builder::new().name("otc-io".into()).spawn(move || {
            on_thread_start();
            let _ = started.send((runtime.handle().clone(), runtime.block_on(async { Clock::new() })));
            let _ = runtime.block_on(stopped);
            runtime.shutdown_timeout(GOODBYE);
        })?;
        let (handle, clock) = start.recv().map_err(|_| io::Error::other("the I/O thread did not start"))?;
        Ok(Arc::new(Self {
            handle,
            clock,
            pool: Pool::start(on_thread_start)?,
            limiter: Limiter::new(),
            trusts: Mutex::default(),
            sessions: Mutex::new(Some(Vec::new())),
            driven: Mutex::default(),
            rested: Condvar::new(),
            relieving: AtomicBool::new(false),
            io_thread: Mutex::new(Some((stop, thread))),
        }))
    }

    /// Ends every session and every thread.
    ///
    /// Sessions that are connected get half a second to say that they leave; callbacks that run get until the deadline
    /// to return.
    pub fn stop(&self) -> Stopped {
        let deadline = Instant::now() + STOP;
        let sessions = self.sessions.lock().take().unwrap_or_default();
        let sessions: Vec<Arc<Session>> = sessions.iter().filter_map(Weak::upgrade).collect();
        for session in &sessions {
            session.end();
        }
        let goodbye = Instant::now() + GOODBYE;
        let mut driven = self.driven.lock();
        while *driven > 0 && !self.rested.wait_until(&mut driven, goodbye).timed_out() {}
        drop(driven);
        let mut in_time = self.pool.stop(deadline);
        for session in &sessions {
            session.strand.shut();
        }
        if !in_time {
            // Perhaps only callbacks that waited for their turn were late, and now none is left.
            in_time = self.pool.stop(Instant::now() + GOODBYE);
        }
        if let Some((stop, thread)) = self.io_thread.lock().take() {
            let _ = stop.send(());
            let _ = thread.join();
        }
        if in_time { Stopped::Cleanly } else { Stopped::Late }
    }

    /// Notes a session; false when the library stops.
    pub(super) fn add(&self, session: &Arc<Session>) -> bool {
        let mut sessions = self.sessions.lock();
        let Some(sessions) = &mut *sessions else { return false };
        if sessions.len() == sessions.capacity() {
            sessions.retain(|session| session.strong_count() > 0);
        }
        sessions.push(Arc::downgrade(session));
        true
    }

    pub(super) fn begin_driving(&self) {
        *self.driven.lock() += 1;
    }

    pub(super) fn end_driving(&self) {
        *self.driven.lock() -= 1;
        self.rested.notify_all();
    }

    /// The trusted certificates, read once for each file.
    pub(super) fn trust(&self, ca_file: Option<&PathBuf>) -> Result<Trust, Failure> {
        let mut trusts = self.trusts.lock();
        if let Some(trust) = trusts.get(&ca_file.cloned()) {
            return Ok(trust.clone());
        }
        let trust = Trust::load(ca_file.map(PathBuf::as_path))?;
        trusts.insert(ca_file.cloned(), trust.clone());
        Ok(trust)
    }

    /// Looks after the callback threads until no session waits for one.
    pub(super) fn relieve_pool(self: &Arc<Self>) {
        if self.relieving.swap(true, Ordering::AcqRel) {
            return;
        }
        let library = Arc::clone(self);
        self.handle.spawn(async move {
            loop {
                tokio::time::sleep(BLOCKED_AFTER).await;
                if !library.pool.relieve() {
                    break;
                }
            }
            library.relieving.store(false, Ordering::Release);
            // A session may have begun to wait just before the flag was lowered.
            if library.pool.relieve() {
                library.relieve_pool();
            }
        });
    }
}
