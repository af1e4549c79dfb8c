//! A session as the C API sees it: an engine behind a lock, a task that drives it, a queue of callbacks.

use super::crew::in_callback;
use super::http::Way;
use super::library::Library;
use super::proxy::NetworkProxy;
use super::recording::{RecordFile, Recording};
use super::socket::Socket;
use super::strand::{Listener, Strand};
use super::task;
use super::tls::Trust;
use crate::session::{Config, Engine, Event, Failure, Input, Output, Refused, Seeds};
use otc_protocol::Moment;
use otc_protocol::error::ErrorCode;
use parking_lot::Mutex;
use rand::TryRng;
use rand::rngs::SysRng;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// What a session is made with, beside what the engine wants to know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Certificates to trust beside the system's.
    pub ca_file: Option<PathBuf>,
    /// What stands between the network and the session.
    pub network_proxy: Option<NetworkProxy>,
    /// Callbacks that may wait before the session stops reading its socket.
    pub callback_queue: usize,
    /// Where what happens is written down.
    pub record_file: Option<RecordFile>,
}

/// One session.
pub struct Session {
    pub(super) library: Arc<Library>,
    pub(super) settings: Settings,
    pub(super) strand: Arc<Strand>,
    /// The task has something to do.
    pub(super) wake: Notify,
    pub(super) core: Mutex<Core>,
    /// The open socket. Locked before `core`, and held from the taking of outputs until they are queued, so that frames keep
    /// the engine's order; who holds `core` may only try to lock it.
    pub(super) socket: Mutex<Option<Box<Socket>>>,
}

/// How long the end of a session waits for its recording to be written.
const WRITING: Duration = Duration::from_millis(500);

/// A list of outputs that had more room than this and is empty gives it back.
const KEPT_CAPACITY: usize = 64;

pub(super) struct Core {
    engine: Engine,
    out: Vec<Output>,
    /// Boxed, because hardly any session has one.
    pub(super) recording: Option<Box<Recording>>,
    /// A task drives the engine.
    driven: bool,
    /// The application is done with the session: it connects no more.
    ended: bool,
}

impl Core {
    fn handle(&mut self, now: Moment, input: Input<'_>) -> Result<(), Refused> {
        match &mut self.recording {
            None => self.engine.handle(now, input, &mut self.out),
            Some(recording) => recording.handle(&mut self.engine, now, input, &mut self.out),
        }
    }

    /// Writes what has been recorded.
    fn save(&mut self) -> Ended {
        let saved = self.recording.as_mut().map_or(Ok(true), |recording| recording.save());
        if !matches!(saved, Ok(true)) {
            self.recording = None;
        }
        Ended(saved.err())
    }
}

/// Why a recording has ended early, if it has. It goes to the log, and so to the application's logger, which may call the
/// session: nobody tells it before all locks are free.
#[must_use]
struct Ended(Option<io::Error>);

impl Ended {
    fn tell(self) {
        if let Some(error) = self.0 {
            crate::log::warn(&format!("The recording of a session ends early: {error}."));
        }
    }
}

impl Session {
    /// A session that is not connected.
    pub fn new(
        library: &Arc<Library>,
        config: Config,
        settings: Settings,
        listener: Box<dyn Listener>,
    ) -> io::Result<Arc<Self>> {
        let seeds = Seeds { ids: random()?, sockets: random()? };
        let recording = Recording::begin(
            &library.writers,
            settings.record_file.as_ref(),
            library.clock.now(),
            &config,
            &seeds,
        )?;
        let core = Core {
            engine: Engine::new(config, seeds),
            out: Vec::new(),
            recording: recording.map(Box::new),
            driven: false,
            ended: false,
        };
        let session = Arc::new(Self {
            library: Arc::clone(library),
            strand: Strand::new(listener, settings.callback_queue, &library.crew),
            settings,
            wake: Notify::new(),
            core: Mutex::new(core),
            socket: Mutex::new(None),
        });
        if library.add(&session) {
            Ok(session)
        } else {
            Err(io::Error::other("the library is being stopped"))
        }
    }

    /// Carries out a call of the application: connect, signal, disconnect.
    pub fn call(self: &Arc<Self>, input: Input<'_>) -> Result<(), Refused> {
        let mut core = self.core.lock();
        if core.ended && matches!(input, Input::Connect { .. }) {
            return Err(Refused { code: ErrorCode::IllegalState, text: "The session is being ended." });
        }
        let nothing_waits = core.out.is_empty();
        let result = core.handle(self.library.clock.now(), input);
        let ended = core.save();
        if result.is_ok() {
            self.carry_out(&mut core, nothing_waits);
        }
        drop(core);
        ended.tell();
        result
    }

    /// Has done what the engine wants: at once, or by the task.
    fn carry_out(self: &Arc<Self>, core: &mut Core, nothing_waits: bool) {
        if core.out.is_empty() || (nothing_waits && self.write_now(core)) {
            return;
        }
        if core.driven {
            self.wake.notify_one();
        } else {
            core.driven = true;
            self.library.begin_driving();
            self.library.handle.spawn(task::drive(Arc::clone(self)));
        }
    }

    /// Writes a lone signal from the caller's thread, which spares the way over the I/O thread. In a stream of signals that
    /// would spoil the batches, in which one system call writes many.
    fn write_now(&self, core: &mut Core) -> bool {
        let is_lone = core.engine.queued_signals() == 1;
        if !is_lone || !core.out.iter().all(|output| matches!(output, Output::Send(_))) {
            return false;
        }
        let Some(mut socket) = self.socket.try_lock() else { return false };
        let Some(socket) = socket.as_mut() else { return false };
        for output in core.out.drain(..) {
            if let Output::Send(frame) = output {
                socket.send(frame);
            }
        }
        let _ = socket.poll_write(&mut Context::from_waker(Waker::noop()));
        if !socket.is_flushed() {
            // The task writes the rest, or finds out that the socket is broken.
            self.wake.notify_one();
        }
        true
    }

    /// Asks the engine something.
    pub fn ask<T>(&self, question: impl FnOnce(&Engine) -> T) -> T {
        question(&self.core.lock().engine)
    }

    /// Sets the last callback; false when it is too late for that.
    pub fn set_release(&self, set: impl FnOnce()) -> bool {
        self.strand.set_release(set)
    }

    /// Leaves the session if it is joined and ends its callbacks: none begins after this call has returned. Outside a
    /// callback it waits for the one that is running.
    pub fn delete(self: &Arc<Self>) {
        // First of all, or the end would still be told, to somebody whose handle is stale.
        self.strand.shut();
        self.end();
        let session_id = self.ask(|engine| engine.config().session_id.clone());
        self.strand.close(&session_id);
        let recorded = self.core.lock().recording.as_ref().map(|recording| recording.queue());
        if let Some(recorded) = recorded.filter(|_| !in_callback()) {
            recorded.wait(Instant::now() + WRITING);
        }
    }

    /// Writes nothing more down; what has been is written to its file all the same.
    pub(super) fn end_recording(&self) {
        self.core.lock().recording = None;
    }

    /// Leaves the session if it is joined, for good.
    pub(super) fn end(self: &Arc<Self>) {
        self.core.lock().ended = true;
        // A session that is not connected has nothing to leave.
        let _ = self.call(Input::Disconnect);
    }

    /// Feeds the engine with what has happened, in order.
    pub(super) fn feed<'a>(&self, inputs: impl IntoIterator<Item = Input<'a>>) {
        let mut core = self.core.lock();
        let now = self.library.clock.now();
        for input in inputs {
            // Only calls of the application can be refused.
            let _ = core.handle(now, input);
        }
        let ended = core.save();
        drop(core);
        ended.tell();
    }

    /// Moves what is to be done into `outputs`, which is empty; says when the engine wants to be woken, and whether it
    /// believes that the socket is being read.
    pub(super) fn take(&self, outputs: &mut Vec<Output>) -> (Option<Moment>, bool) {
        if outputs.capacity() > KEPT_CAPACITY {
            *outputs = Vec::new();
        }
        let mut core = self.core.lock();
        std::mem::swap(&mut core.out, outputs);
        (core.engine.deadline(), core.engine.is_reading())
    }

    /// How its requests get to a server.
    pub(super) fn way<'a>(&'a self, user_agent: &'a str) -> Way<'a, impl Fn() -> Result<Trust, Failure>> {
        Way { user_agent, proxy: self.settings.network_proxy.as_ref(), trust: || self.trust() }
    }

    /// The certificates that it trusts.
    pub(super) fn trust(&self) -> Result<Trust, Failure> {
        self.library.trust(self.settings.ca_file.as_ref())
    }

    /// The task has a fault: the application is told, and the session can be connected again.
    pub(super) fn broke(&self) {
        *self.socket.lock() = None;
        let mut guard = self.core.lock();
        let core = &mut *guard;
        core.out.clear();
        match &mut core.recording {
            None => core.engine.broke(&mut core.out),
            Some(recording) => recording.broke(&mut core.engine, self.library.clock.now(), &mut core.out),
        }
        let ended = core.save();
        let told = core.out.drain(..).filter_map(|output| match output {
            Output::Event(event) => Some(event),
            _ => None,
        });
        self.tell(told.collect::<Vec<_>>());
        core.driven = false;
        self.library.end_driving();
        drop(guard);
        ended.tell();
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
        self.strand.push(events);
    }
}

/// Randomness of the system's.
fn random() -> io::Result<[u8; 32]> {
    let mut bytes = [0; 32];
    SysRng.try_fill_bytes(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(bytes)
}
