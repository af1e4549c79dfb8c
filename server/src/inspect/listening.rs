//! What waits for one listener of a timeline. It has a bound: what does not fit is counted, and told as a gap where it would
//! have been.

use super::entry;
use super::timeline::Entry;
use otc_protocol::limits::{INSPECT_QUEUE_BYTES, INSPECT_QUEUE_ENTRIES};
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::{Arc, Weak};
use tokio::sync::Notify;

#[derive(Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    news: Notify,
}

#[derive(Default)]
struct Waiting {
    entries: VecDeque<Entry>,
    bytes: usize,
    /// What did not fit, behind all that waits.
    missed: Option<Missed>,
}

/// Entries that are missing.
struct Missed {
    /// The number of the last one, and when it was, in milliseconds since 1970.
    n: u64,
    at: u64,
    events: u64,
}

/// Where entries go as they come.
pub(super) struct Listener {
    pub(super) with_contents: bool,
    queue: Weak<Queue>,
}

/// What one listener is told.
pub(super) struct Listening {
    /// What had happened before.
    pub(super) before: Vec<Entry>,
    queue: Arc<Queue>,
}

impl Listener {
    pub(super) fn is_there(&self) -> bool {
        self.queue.strong_count() > 0
    }

    /// Tells it, if it is still there.
    pub(super) fn tell(&self, entry: &Entry, at: u64) {
        let Some(queue) = self.queue.upgrade() else { return };
        queue.waiting.lock().add(entry, at);
        queue.news.notify_one();
    }
}

impl Waiting {
    fn add(&mut self, entry: &Entry, at: u64) {
        let fits =
            self.entries.len() < INSPECT_QUEUE_ENTRIES && self.bytes + entry.bytes() <= INSPECT_QUEUE_BYTES;
        match &mut self.missed {
            None if fits => {
                self.bytes += entry.bytes();
                self.entries.push_back(entry.clone());
            }
            // What follows what is missing does not overtake the word about it.
            missed => {
                let events = 1 + missed.as_ref().map_or(0, |missed| missed.events);
                *missed = Some(Missed { n: entry.n, at, events });
            }
        }
    }

    fn take(&mut self) -> Option<Entry> {
        if let Some(entry) = self.entries.pop_front() {
            self.bytes -= entry.bytes();
            return Some(entry);
        }
        let Missed { n, at, events } = self.missed.take()?;
        Some(Entry::new(n, entry::gap(n, at, events)))
    }
}

impl Listening {
    pub(super) fn new(before: Vec<Entry>) -> Self {
        Self { before, queue: Arc::default() }
    }

    /// Where its entries go.
    pub(super) fn listener(&self, with_contents: bool) -> Listener {
        Listener { with_contents, queue: Arc::downgrade(&self.queue) }
    }

    /// What happens next.
    pub(super) async fn next(&self) -> Entry {
        loop {
            if let Some(entry) = self.take() {
                return entry;
            }
            self.queue.news.notified().await;
        }
    }

    /// The same of what is there already.
    pub(super) fn take(&self) -> Option<Entry> {
        self.queue.waiting.lock().take()
    }
}
