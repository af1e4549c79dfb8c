//! What happens in all sessions, in one order, for whoever keeps account of it: archives, webhooks.
//!
//! A room tells it under its lock and must not wait, so there is a queue and a thread. The queue is bounded: when readers
//! are too slow for what happens, signals and changes of streams are left out first, and are counted.

use crate::sessions::{Event, Witness};
use otc_protocol::limits::{CHRONICLE_BYTES, CHRONICLE_EVENTS};
use otc_protocol::raptor::{Connection, SessionAddress, SignalContent, Stream};
use parking_lot::{Condvar, Mutex};
use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use tracing::{error, warn};

/// Something that happened, where and when.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Noted {
    /// In which session.
    pub(crate) session: SessionAddress,
    /// When, in milliseconds since 1970.
    pub(crate) unix_ms: u64,
    /// What.
    pub(crate) event: Event,
}

/// Events of one session that nobody could be told of, because the queue was full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lost {
    /// Of which session.
    pub(crate) session: SessionAddress,
    /// When that was noticed, in milliseconds since 1970.
    pub(crate) unix_ms: u64,
    /// How many.
    pub(crate) events: u64,
}

/// Reads the chronicle, on its thread. It may wait for a disk, and nothing slower.
pub(crate) trait Reads: Send + Sync {
    /// What happened next, in order.
    fn take(&self, noted: &[Noted]);
    /// What was left out after that.
    fn lost(&self, lost: &[Lost]);
}

/// The queue and its thread.
pub(crate) struct Chronicle {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    queue: Mutex<Queue>,
    filled: Condvar,
    clock: fn() -> u64,
}

#[derive(Default)]
struct Queue {
    noted: Vec<Noted>,
    bytes: usize,
    lost: HashMap<String, Lost>,
    closed: bool,
}

/// What rooms are given.
pub(crate) struct Pen(Arc<Shared>);

impl Chronicle {
    /// A chronicle that `readers` read, each in this order. `clock` says how many milliseconds it is since 1970.
    pub(crate) fn start(clock: fn() -> u64, readers: Vec<Arc<dyn Reads>>) -> io::Result<Self> {
        let shared = Arc::new(Shared { queue: Mutex::default(), filled: Condvar::new(), clock });
        let read = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("otc-chronicle".to_owned())
            .spawn(move || while read.pass_on(&readers) {})?;
        Ok(Self { shared, thread: Mutex::new(Some(thread)) })
    }

    /// What writes into it.
    pub(crate) fn pen(&self) -> Pen {
        Pen(Arc::clone(&self.shared))
    }

    /// Lets readers read what is there, and takes nothing more.
    pub(crate) fn close(&self) {
        self.shared.queue.lock().closed = true;
        self.shared.filled.notify_all();
        let thread = self.thread.lock().take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            error!("the thread of the chronicle has panicked");
        }
    }
}

impl Drop for Chronicle {
    fn drop(&mut self) {
        self.close();
    }
}

impl Witness for Pen {
    fn saw(&self, session: &SessionAddress, event: Event) {
        self.0.note(session, event);
    }
}

impl Shared {
    fn note(&self, session: &SessionAddress, event: Event) {
        let weight = weight(&event);
        let unix_ms = (self.clock)();
        let mut queue = self.queue.lock();
        if queue.closed {
            return;
        }
        if queue.has_room(weight, is_needed(&event)) {
            queue.bytes += weight;
            queue.noted.push(Noted { session: session.clone(), unix_ms, event });
        } else {
            queue.leave_out(session, unix_ms);
        }
        drop(queue);
        self.filled.notify_one();
    }

    /// Waits for something and passes it on; `false` when there will be nothing more.
    fn pass_on(&self, readers: &[Arc<dyn Reads>]) -> bool {
        let mut queue = self.queue.lock();
        while queue.noted.is_empty() && queue.lost.is_empty() && !queue.closed {
            self.filled.wait(&mut queue);
        }
        let closed = queue.closed;
        let taken = std::mem::take(&mut *queue);
        queue.closed = closed;
        drop(queue);
        let lost: Vec<Lost> = taken.lost.into_values().collect();
        // What one reader makes of an archive is told to another: it has to stand after what came before.
        for noted in taken.noted.split_inclusive(is_of_archive) {
            for reader in readers {
                reader.take(noted);
            }
        }
        if !lost.is_empty() {
            for reader in readers {
                reader.lost(&lost);
            }
        }
        !closed
    }
}

impl Queue {
    /// Whether an event of that weight fits. What others depend on finds room for longer.
    fn has_room(&self, weight: usize, needed: bool) -> bool {
        let share = if needed { 1 } else { 2 };
        self.noted.len() < CHRONICLE_EVENTS / share && self.bytes + weight <= CHRONICLE_BYTES / share
    }

    fn leave_out(&mut self, session: &SessionAddress, unix_ms: u64) {
        if self.lost.is_empty() {
            warn!(
                waiting = self.noted.len(),
                bytes = self.bytes,
                "events come faster than archives and webhooks are written; some are left out"
            );
        }
        let lost = || Lost { session: session.clone(), unix_ms, events: 0 };
        self.lost.entry(session.session.clone()).or_insert_with(lost).events += 1;
    }
}

/// Whether what comes later cannot be understood without it.
fn is_needed(event: &Event) -> bool {
    !matches!(event, Event::Signal { .. } | Event::StreamChanged { .. } | Event::Muted { .. })
}

fn is_of_archive(noted: &Noted) -> bool {
    matches!(noted.event, Event::ArchiveStarted { .. } | Event::ArchiveStopped { .. })
}

/// Bytes of an event without its texts.
const BARE: usize = 512;

/// About how many bytes of memory an event takes.
fn weight(event: &Event) -> usize {
    let texts = match event {
        Event::SessionCreated | Event::SessionDestroyed => 0,
        Event::ConnectionCreated { connection } | Event::ConnectionDestroyed { connection, .. } => {
            of_connection(connection)
        }
        Event::StreamCreated { stream }
        | Event::StreamChanged { stream }
        | Event::StreamDestroyed { stream, .. } => of_stream(stream),
        Event::Muted { by, stream, excluded, .. } => {
            by.as_ref().map_or(0, String::len)
                + stream.as_ref().map_or(0, String::len)
                + excluded.iter().map(|stream| stream.len() + size_of::<String>()).sum::<usize>()
        }
        Event::Signal { content, .. } => of_signal(content),
        Event::ArchiveStarted { connections, streams, .. } => {
            connections.iter().map(|connection| BARE + of_connection(connection)).sum::<usize>()
                + streams.iter().map(|stream| BARE + of_stream(stream)).sum::<usize>()
        }
        Event::ArchiveStopped { id, reason } => id.len() + reason.len(),
    };
    BARE + texts
}

fn of_connection(connection: &Connection) -> usize {
    connection.data.len() + connection.permissions.iter().map(|word| word.len() + 24).sum::<usize>()
}

fn of_stream(stream: &Stream) -> usize {
    let extra = |extra: &serde_json::Map<_, _>| if extra.is_empty() { 0 } else { 4 * json_bytes(extra) };
    let channels: usize =
        stream.channel.iter().map(|channel| BARE + channel.id.len() + extra(&channel.state.extra)).sum();
    stream.name.len() + stream.connection.as_ref().map_or(0, of_connection) + channels + extra(&stream.extra)
}

fn of_signal(content: &SignalContent) -> usize {
    let data = content.data.as_ref().map_or(0, |data| data.text().len());
    data + content.kind.as_ref().map_or(0, String::len)
        + content.from_connection.as_ref().map_or(0, of_connection)
}

fn json_bytes(object: &serde_json::Map<String, serde_json::Value>) -> usize {
    serde_json::to_vec(object).map_or(0, |bytes| bytes.len())
}

#[cfg(test)]
#[path = "chronicle_tests.rs"]
mod tests;
