//! What all sessions of the process share.

use super::clock::Clock;
use super::crew::Crew;
use super::limiter::Limiter;
use super::session::Session;
use super::tls::Trust;
use super::writer::Writers;
use crate::session::Failure;
use parking_lot::{Condvar, Mutex};
use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Handle};

/// How long leaving sessions may take to say so when the library stops.
const GOODBYE: Duration = Duration::from_millis(500);
/// How long stopping may take in all: for callbacks that run and wait, for the last ones, and for the runtime.
const STOP: Duration = Duration::from_secs(5);
const STOP_CALLBACKS: Duration = Duration::from_secs(4);
const STOP_LAST_CALLBACKS: Duration = Duration::from_millis(4500);
/// Threads for names that have to be looked up.
const RESOLVERS: usize = 4;

/// Whether everything ended in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// Every thread of the library has ended.
    Cleanly,
    /// A callback has not returned; its thread goes on.
    Late,
    /// The end of a recording is not written; the thread that waits for the disk goes on.
    Unwritten,
}

/// The threads and the shared state of the library.
pub struct Library {
    pub(super) handle: Handle,
    pub(super) clock: Clock,
    pub(super) crew: Arc<Crew>,
    pub(super) limiter: Limiter,
    pub(super) writers: Writers,
    trusts: Mutex<HashMap<Option<PathBuf>, Trust>>,
    /// `None` once the library stops.
    sessions: Mutex<Option<Vec<Weak<Session>>>>,
    /// Sessions whose sockets are being driven.
    driven: Mutex<usize>,
    rested: Condvar,
}

impl Library {
    /// Starts the threads. Each calls `on_thread_start` first.
    pub fn start(on_thread_start: fn()) -> io::Result<Arc<Self>> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(RESOLVERS)
            .thread_name("otc-resolver")
            .on_thread_start(on_thread_start)
            .build()?;
        Ok(Arc::new(Self {
            handle: runtime.handle().clone(),
            clock: runtime.block_on(async { Clock::new() }),
            crew: Crew::start(runtime, on_thread_start)?,
            limiter: Limiter::new(),
            writers: Writers::new(on_thread_start),
            trusts: Mutex::default(),
            sessions: Mutex::new(Some(Vec::new())),
            driven: Mutex::default(),
            rested: Condvar::new(),
        }))
    }

    /// Ends every session and every thread.
    ///
    /// Sessions that are connected get half a second to say that they leave; callbacks that run get until the deadline
    /// to return.
    pub fn stop(&self) -> Stopped {
        let start = Instant::now();
        let sessions = self.sessions.lock().take().unwrap_or_default();
        let sessions: Vec<Arc<Session>> = sessions.iter().filter_map(Weak::upgrade).collect();
        for session in &sessions {
            session.end();
        }
        let goodbye = Instant::now() + GOODBYE;
        let mut driven = self.driven.lock();
        while *driven > 0 && !self.rested.wait_until(&mut driven, goodbye).timed_out() {}
        drop(driven);
        for session in &sessions {
            session.strand.wind_up();
        }
        let mut in_time = self.crew.stop(start + STOP_CALLBACKS);
        if !in_time {
            // Perhaps only callbacks that waited for their turn were late, and now none is left but the last ones.
            for session in &sessions {
                session.strand.shut();
            }
            in_time = self.crew.stop(start + STOP_LAST_CALLBACKS);
        }
        for session in &sessions {
            session.end_recording();
        }
        let are_written = self.writers.stop(start + STOP_LAST_CALLBACKS);
        self.crew.shut_down(STOP.saturating_sub(start.elapsed()).min(GOODBYE));
        match (in_time, are_written) {
            (false, _) => Stopped::Late,
            (true, false) => Stopped::Unwritten,
            (true, true) => Stopped::Cleanly,
        }
    }

    /// Whether the library stops, or has stopped.
    pub fn is_stopped(&self) -> bool {
        self.sessions.lock().is_none()
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
}
