//! A session as the C API sees it: an engine behind a lock, a task that drives it, a queue of callbacks.

use super::library::Library;
use super::strand::{Listener, Strand};
use super::task;
use crate::session::{Config, Engine, Event, Input, Output, Refused};
use otc_protocol::Moment;
use parking_lot::Mutex;
use rand::TryRng;
use rand::rngs::SysRng;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::Notify;

/// What a session is made with, beside what the engine wants to know.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Certificates to trust beside the system's.
    pub ca_file: Option<PathBuf>,
}

/// One session.
pub struct Session {
    pub(super) library: Arc<Library>,
    pub(super) settings: Settings,
    pub(super) strand: Arc<Strand>,
    /// The task has something to do.
    pub(super) wake: Notify,
    core: Mutex<Core>,
}

struct Core {
    engine: Engine,
    out: Vec<Output>,
    /// A task drives the engine.
    driven: bool,
}

impl Session {
    /// A session that is not connected.
    pub fn new(
        library: &Arc<Library>,
        config: Config,
        settings: Settings,
        listener: Box<dyn Listener>,
    ) -> io::Result<Arc<Self>> {
        let mut seed = [0; 32];
        SysRng.try_fill_bytes(&mut seed).map_err(|error| io::Error::other(error.to_string()))?;
        let core = Core { engine: Engine::new(config, seed), out: Vec::new(), driven: false };
        let session = Arc::new(Self {
            library: Arc::clone(library),
            settings,
            strand: Strand::new(listener, &library.pool),
            wake: Notify::new(),
            core: Mutex::new(core),
        });
        library.add(&session);
        Ok(session)
    }

    /// Carries out a call of the application: connect, signal, disconnect.
    pub fn call(self: &Arc<Self>, input: Input<'_>) -> Result<(), Refused> {
        let mut core = self.core.lock();
        let core = &mut *core;
        core.engine.handle(self.library.clock.now(), input, &mut core.out)?;
        if core.out.is_empty() {
            return Ok(());
        }
        if core.driven {
            self.wake.notify_one();
        } else {
            core.driven = true;
            self.library.begin_driving();
            self.library.handle.spawn(task::drive(Arc::clone(self)));
        }
        Ok(())
    }

    /// Asks the engine something.
    pub fn ask<T>(&self, question: impl FnOnce(&Engine) -> T) -> T {
        question(&self.core.lock().engine)
    }

    /// Leaves the session if it is joined and ends its callbacks: none begins after this call has returned. Outside a
    /// callback it waits for the one that is running.
    pub fn delete(self: &Arc<Self>) {
        self.leave();
        let session_id = self.ask(|engine| engine.config().session_id.clone());
        self.strand.close(&session_id);
    }

    /// Leaves the session if it is joined.
    pub(super) fn leave(self: &Arc<Self>) {
        // A session that is not connected has nothing to leave.
        let _ = self.call(Input::Disconnect);
    }

    /// Feeds the engine with what has happened, in order.
    pub(super) fn feed<'a>(&self, inputs: impl IntoIterator<Item = Input<'a>>) {
        let mut core = self.core.lock();
        let core = &mut *core;
        let now = self.library.clock.now();
        for input in inputs {
            // Only calls of the application can be refused.
            let _ = core.engine.handle(now, input, &mut core.out);
        }
    }

    /// Moves what is to be done into `outputs`, which is empty; says when the engine wants to be woken, and whether it
    /// believes that the socket is being read.
    pub(super) fn take(&self, outputs: &mut Vec<Output>) -> (Option<Moment>, bool) {
        let mut core = self.core.lock();
        std::mem::swap(&mut core.out, outputs);
        (core.engine.deadline(), core.engine.is_reading())
    }

    /// Ends the task if there is nothing left to do; the next call of the application starts another one.
    pub(super) fn rest(&self) -> bool {
        let mut core = self.core.lock();
        if !core.out.is_empty() || core.engine.deadline().is_some() {
            return false;
        }
        core.driven = false;
        core.out = Vec::new();
        self.library.end_driving();
        true
    }

    /// Puts events into the callback queue.
    pub(super) fn tell(&self, events: impl IntoIterator<Item = Event>) {
        if self.strand.push(events) {
            self.library.relieve_pool();
        }
    }
}
