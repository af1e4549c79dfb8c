//! What happens in all sessions, in one order, for whoever keeps account of it: archives and webhooks, and the timeline of
//! `/inspect`, which hears of it first because it waits for no disk.
//!
//! A room tells it under its lock and must not wait, so there is a queue and a thread. The queue is bounded: when readers
//! are too slow for what happens, signals and changes of streams are left out first, and are counted.

use crate::sessions::{Event, Witness};
use otc_protocol::limits::{CHRONICLE_BYTES, CHRONICLE_EVENTS, CONCLUDE_WITHIN};
use otc_protocol::raptor::{Connection, SessionAddress, SignalContent, Stream};
use parking_lot::{Condvar, Mutex};
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::io;
use std::iter::Peekable;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;
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
    /// Those of them that only whoever watches the session would have heard of.
    pub(crate) overheard: u64,
}

impl Lost {
    /// How many archives and webhooks miss.
    pub(crate) fn missed(&self) -> u64 {
        self.events - self.overheard
    }
}

/// Reads the chronicle, on its thread. It may wait for a disk, and nothing slower.
pub(crate) trait Reads: Send + Sync {
    /// What happened next, in order.
    fn take(&self, noted: &[Noted]);
    /// What was left out after that, before what is taken next.
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
    entries: Vec<Entry>,
    load: Load,
    /// A log line has said that something is left out of what is waiting.
    complained: bool,
    /// By session: what was left out since the last event of it that fitted.
    lost: HashMap<String, Lost>,
    /// Events that archives and webhooks were not told of.
    left_out: u64,
    /// Set when it takes nothing more: until when it may be read.
    closed: Option<Instant>,
}

/// What waits or is being read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Load {
    entries: usize,
    bytes: usize,
}

/// How the chronicle does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Waiting {
    pub(crate) events: usize,
    pub(crate) bytes: usize,
    /// Events that archives and webhooks were not told of, since the server started.
    pub(crate) left_out: u64,
}

/// Something that waits to be read.
struct Entry {
    what: What,
    bytes: usize,
}

#[allow(clippy::large_enum_variant, reason = "nearly all are the large one: a box for each would cost more")]
enum What {
    Noted(Noted),
    /// At this place.
    Lost(Lost),
}

/// What readers are given at a time.
#[derive(Default)]
struct Batch {
    noted: Vec<Noted>,
    lost: Vec<Lost>,
    load: Load,
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

    /// How much waits or is being read, and what was left out.
    pub(crate) fn load(&self) -> Waiting {
        let queue = self.shared.queue.lock();
        Waiting { events: queue.load.entries, bytes: queue.load.bytes, left_out: queue.left_out }
    }

    /// Lets readers read what is there, until then, and takes nothing more.
    pub(crate) fn close(&self, until: Instant) {
        self.shared.queue.lock().closed.get_or_insert(until);
        self.shared.filled.notify_all();
        let thread = self.thread.lock().take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            error!("the thread of the chronicle has panicked");
        }
    }
}

impl Drop for Chronicle {
    fn drop(&mut self) {
        self.close(Instant::now() + CONCLUDE_WITHIN);
    }
}

impl Witness for Pen {
    fn saw(&self, session: &SessionAddress, event: Event) {
        self.0.note(session, event);
    }
}

impl Shared {
    fn note(&self, session: &SessionAddress, event: Event) {
        let bytes = weight(&event);
        let unix_ms = (self.clock)();
        let mut queue = self.queue.lock();
        if queue.closed.is_some() {
            return;
        }
        if queue.has_room(bytes, share(&event)) {
            queue.take_in(Noted { session: session.clone(), unix_ms, event }, bytes);
        } else {
            let is_missed = !matches!(event, Event::Overheard { .. });
            queue.leave_out(session, unix_ms, is_missed);
        }
        drop(queue);
        self.filled.notify_one();
    }

    /// Waits for something and passes it on; `false` when there will be nothing more.
    fn pass_on(&self, readers: &[Arc<dyn Reads>]) -> bool {
        let mut queue = self.queue.lock();
        while queue.entries.is_empty() && queue.lost.is_empty() && queue.closed.is_none() {
            self.filled.wait(&mut queue);
        }
        let is_closed = queue.closed.is_some();
        let entries = queue.take_out();
        drop(queue);
        let mut entries = entries.into_iter().peekable();
        while entries.peek().is_some() {
            if self.is_late() {
                error!(
                    events = entries.count(),
                    "the server stops; archives and webhooks miss what was not read in time"
                );
                break;
            }
            let batch = Batch::next(&mut entries);
            batch.read_by(readers);
            self.queue.lock().load.give_back(batch.load);
        }
        !is_closed
    }

    /// Whether it is closed, and the time to read is over.
    fn is_late(&self) -> bool {
        self.queue.lock().closed.is_some_and(|until| Instant::now() >= until)
    }
}

impl Batch {
    /// Events up to one of an archive, and then what was left out after them. What one reader makes of an archive is told
    /// to another: it has to stand after what came before.
    fn next(entries: &mut Peekable<impl Iterator<Item = Entry>>) -> Self {
        let mut batch = Self::default();
        while let Some(entry) = entries.next_if(|entry| batch.takes(&entry.what)) {
            batch.load.add(entry.bytes);
            match entry.what {
                What::Noted(noted) => batch.noted.push(noted),
                What::Lost(lost) => batch.lost.push(lost),
            }
        }
        batch
    }

    fn takes(&self, what: &What) -> bool {
        match what {
            What::Noted(_) => self.lost.is_empty() && !self.noted.last().is_some_and(is_of_archive),
            What::Lost(_) => true,
        }
    }

    /// The mistake of one reader costs neither the others nor the thread.
    fn read_by(&self, readers: &[Arc<dyn Reads>]) {
        for reader in readers {
            let read = || {
                if !self.noted.is_empty() {
                    reader.take(&self.noted);
                }
                if !self.lost.is_empty() {
                    reader.lost(&self.lost);
                }
            };
            if catch_unwind(AssertUnwindSafe(read)).is_err() {
                error!(
                    events = self.noted.len(),
                    "a reader of the chronicle has panicked; it may miss events"
                );
            }
        }
    }
}

impl Load {
    fn add(&mut self, bytes: usize) {
        self.entries += 1;
        self.bytes += bytes;
    }

    fn give_back(&mut self, other: Self) {
        self.entries -= other.entries;
        self.bytes -= other.bytes;
    }
}

impl Queue {
    /// Whether an event of that weight fits into so many eighths of what there is room for.
    fn has_room(&self, bytes: usize, eighths: usize) -> bool {
        self.load.entries < CHRONICLE_EVENTS / 8 * eighths
            && self.load.bytes + bytes <= CHRONICLE_BYTES / 8 * eighths
    }

    /// Puts an event behind all others, and before it what was left out of its session.
    fn take_in(&mut self, noted: Noted, bytes: usize) {
        if let Some(lost) = self.lost.remove(&noted.session.session) {
            self.push(What::Lost(lost), BARE);
        }
        self.push(What::Noted(noted), bytes);
    }

    fn push(&mut self, what: What, bytes: usize) {
        self.load.add(bytes);
        self.entries.push(Entry { what, bytes });
    }

    /// All that is to be read now; it counts until it has been read.
    fn take_out(&mut self) -> Vec<Entry> {
        self.complained = false;
        for lost in std::mem::take(&mut self.lost).into_values() {
            self.push(What::Lost(lost), BARE);
        }
        std::mem::take(&mut self.entries)
    }

    /// `is_missed`: by archives or webhooks.
    fn leave_out(&mut self, session: &SessionAddress, unix_ms: u64, is_missed: bool) {
        if is_missed && !std::mem::replace(&mut self.complained, true) {
            warn!(
                waiting = self.load.entries,
                bytes = self.load.bytes,
                "events come faster than archives and webhooks are written; some are left out"
            );
        }
        self.left_out += u64::from(is_missed);
        let none = || Lost { session: session.clone(), unix_ms, events: 0, overheard: 0 };
        let lost = self.lost.entry(session.session.clone()).or_insert_with(none);
        lost.events += 1;
        lost.overheard += u64::from(!is_missed);
    }
}

/// How much of the room an event may find taken, in eighths. What others depend on finds room for longer; of archives there
/// are few, and none may begin or end unseen. Whoever watches a session takes little from those who keep account.
fn share(event: &Event) -> usize {
    match event {
        Event::Overheard { .. } => 1,
        Event::Signal { .. } | Event::StreamChanged { .. } | Event::Muted { .. } => 4,
        Event::ArchiveStarted { .. } => 16,
        Event::ArchiveStopped { .. } => 32,
        _ => 8,
    }
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
        Event::Signal { content, .. } | Event::Overheard { content, .. } => of_signal(content),
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
    let channels: usize =
        stream.channel.iter().map(|channel| BARE + channel.id.len() + of_object(&channel.state.extra)).sum();
    stream.name.len()
        + stream.connection.as_ref().map_or(0, of_connection)
        + channels
        + of_object(&stream.extra)
}

fn of_signal(content: &SignalContent) -> usize {
    let data = content.data.as_ref().map_or(0, |data| data.text().len());
    data + content.kind.as_ref().map_or(0, String::len)
        + content.from_connection.as_ref().map_or(0, of_connection)
}

/// Bytes of a JSON value without its texts, with its share of what holds it.
const JSON_BARE: usize = 72;

fn of_object(object: &Map<String, Value>) -> usize {
    // Its first names share one piece of memory.
    let bare = if object.is_empty() { 0 } else { BARE };
    bare + object.iter().map(|(name, value)| JSON_BARE + name.len() + of_value(value)).sum::<usize>()
}

/// It is as deep as a parser lets it be.
fn of_value(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        Value::String(text) => text.len(),
        Value::Array(values) => values.iter().map(|value| JSON_BARE + of_value(value)).sum(),
        Value::Object(object) => of_object(object),
    }
}

#[cfg(test)]
#[path = "chronicle_tests.rs"]
mod tests;
