//! What has happened in each session of late, and whoever listens to it. Pure: times are handed in.
//!
//! It reads the chronicle. Nobody makes it wait: what a listener does not take in time is missing to him (`listening`).

use super::entry;
use super::listening::{Listener, Listening};
use crate::chronicle::{Lost, Noted, Reads};
use crate::sessions::Event;
use otc_protocol::limits::{INSPECT_TIMELINE, INSPECT_TIMELINE_BYTES, INSPECT_TIMELINE_KEPT};
use otc_protocol::raptor::SessionAddress;
use parking_lot::Mutex;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// One entry, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its number, which grows; also from one server to the next.
    pub(super) n: u64,
    pub(super) text: Arc<str>,
    is_signal: bool,
}

/// Bytes of an entry without its text.
const BARE: usize = 64;
/// Bytes of a session without its entries.
const RING: usize = 512;

impl Entry {
    /// One that is no signal.
    pub(super) fn new(n: u64, text: String) -> Self {
        Self { n, text: text.into(), is_signal: false }
    }

    pub(super) fn bytes(&self) -> usize {
        BARE + self.text.len()
    }
}

/// What has happened in one session.
struct Ring {
    project: Arc<str>,
    entries: VecDeque<Entry>,
    next: u64,
    bytes: usize,
    signals: usize,
    /// When something last happened, in milliseconds since 1970.
    at: u64,
    ended: bool,
    listeners: Vec<Listener>,
}

/// All of it.
pub(crate) struct Timeline(Mutex<Rings>);

struct Rings {
    all: HashMap<Arc<str>, Ring>,
    bytes: usize,
    most: usize,
    /// When it was last looked for what is over, in milliseconds since 1970.
    swept: u64,
}

impl Default for Timeline {
    fn default() -> Self {
        Self::bounded(INSPECT_TIMELINE_BYTES)
    }
}

impl Reads for Timeline {
    fn take(&self, noted: &[Noted]) {
        for noted in noted {
            self.0.lock().note(noted);
        }
    }

    fn lost(&self, lost: &[Lost]) {
        for Lost { session, unix_ms, events, .. } in lost {
            self.0.lock().miss(session, *unix_ms, *events);
        }
    }
}

impl Timeline {
    fn bounded(most: usize) -> Self {
        Self(Mutex::new(Rings { all: HashMap::new(), bytes: 0, most, swept: 0 }))
    }

    /// What has happened in a session of a project after the entry of that number, and what happens from now on; `None`
    /// when nothing is known of it, and it does not live.
    pub(super) fn listen(
        &self,
        project: &str,
        session: &str,
        after: u64,
        with_contents: bool,
        lives: bool,
        now_ms: u64,
    ) -> Option<Listening> {
        let mut rings = self.0.lock();
        rings.sweep(now_ms);
        if lives && !rings.all.contains_key(session) {
            let address = SessionAddress { project: project.to_owned(), session: session.to_owned() };
            rings.ring(&address, now_ms);
        }
        let ring = rings.all.get_mut(session).filter(|ring| &*ring.project == project)?;
        let before = ring.entries.iter().filter(|entry| entry.n > after).cloned().collect();
        let listening = Listening::new(before);
        ring.listeners.retain(Listener::is_there);
        ring.listeners.push(listening.listener(with_contents));
        Some(listening)
    }
}

impl Rings {
    fn note(&mut self, noted: &Noted) {
        let Noted { session, unix_ms, event } = noted;
        let is_signal = entry::is_signal(event);
        if is_signal && !self.all.get(session.session.as_str()).is_some_and(Ring::is_heard) {
            return; // Nobody listens: what is said is no history.
        }
        let ring = self.ring(session, *unix_ms);
        match event {
            Event::SessionCreated => ring.ended = false,
            Event::SessionDestroyed => ring.ended = true,
            _ => {}
        }
        let n = ring.number();
        let text: Arc<str> = entry::text(n, *unix_ms, event, false).into();
        let told = Entry { n, text: Arc::clone(&text), is_signal };
        let in_full = (is_signal && ring.listeners.iter().any(|listener| listener.with_contents))
            .then(|| Entry { text: entry::text(n, *unix_ms, event, true).into(), ..told.clone() });
        ring.tell(&told, in_full.as_ref(), *unix_ms);
        self.keep(session, Entry { n, text, is_signal });
        self.sweep(*unix_ms);
    }

    fn miss(&mut self, session: &SessionAddress, unix_ms: u64, events: u64) {
        let ring = self.ring(session, unix_ms);
        let n = ring.number();
        let missed = Entry::new(n, entry::gap(n, unix_ms, events));
        ring.tell(&missed, None, unix_ms);
        self.keep(session, missed);
    }

    fn ring(&mut self, session: &SessionAddress, unix_ms: u64) -> &mut Ring {
        let Self { all, bytes, .. } = self;
        let ring = all.entry(session.session.as_str().into()).or_insert_with(|| {
            *bytes += RING;
            // Greater than all that this session has had from an earlier one, or from a server before.
            Ring::new(&session.project, unix_ms.saturating_mul(1000))
        });
        ring.at = ring.at.max(unix_ms);
        ring
    }

    fn keep(&mut self, session: &SessionAddress, entry: Entry) {
        let Some(ring) = self.all.get_mut(session.session.as_str()) else { return };
        let before = ring.bytes;
        ring.keep(entry);
        self.bytes = self.bytes + ring.bytes - before;
        if self.bytes > self.most {
            self.make_room();
        }
    }

    /// Forgets sessions of the project that takes the most, those first that have been quiet for longest. It makes more room
    /// than is needed, so that it need not look again at once.
    fn make_room(&mut self) {
        while self.bytes > self.most / 8 * 7 {
            let mut shares: HashMap<&str, usize> = HashMap::new();
            for ring in self.all.values() {
                *shares.entry(&ring.project).or_default() += RING + ring.bytes;
            }
            let Some((project, share)) = shares.into_iter().max_by_key(|(_, bytes)| *bytes) else { return };
            let own = self.all.iter().filter(|(_, ring)| &*ring.project == project);
            let mut own: Vec<(u64, Arc<str>)> = own.map(|(id, ring)| (ring.at, Arc::clone(id))).collect();
            own.sort();
            // A part of what it has, for others may then have more.
            let mut left = (share / 4).max(1);
            for (_, session) in own {
                let freed = self.forget(&session);
                left = left.saturating_sub(freed);
                if left == 0 {
                    break;
                }
            }
        }
    }

    /// Forgets what has happened in a session; who listens goes on. How many bytes that were.
    fn forget(&mut self, session: &str) -> usize {
        let Some(ring) = self.all.get_mut(session) else { return 0 };
        let freed = std::mem::take(&mut ring.bytes);
        ring.entries = VecDeque::new();
        ring.signals = 0;
        self.bytes -= freed;
        freed + self.drop_ring(session)
    }

    /// Drops all that is known of a session; nothing of one that somebody listens to.
    fn drop_ring(&mut self, session: &str) -> usize {
        if self.all.get(session).is_none_or(Ring::is_heard) {
            return 0;
        }
        let bytes = self.all.remove(session).map_or(0, |ring| RING + ring.bytes);
        self.bytes -= bytes;
        bytes
    }

    /// Forgets sessions that are over, some time after, but those that somebody listens to.
    fn sweep(&mut self, now_ms: u64) {
        let kept = u64::try_from(INSPECT_TIMELINE_KEPT.as_millis()).unwrap_or(u64::MAX);
        if now_ms.saturating_sub(self.swept) < kept / 10 {
            return;
        }
        self.swept = now_ms;
        let is_over = |ring: &Ring| ring.ended && now_ms.saturating_sub(ring.at) >= kept;
        let over: Vec<Arc<str>> =
            self.all.iter().filter(|(_, ring)| is_over(ring)).map(|(id, _)| Arc::clone(id)).collect();
        for session in over {
            self.drop_ring(&session);
        }
    }
}

impl Ring {
    fn new(project: &str, next: u64) -> Self {
        Self {
            project: project.into(),
            entries: VecDeque::new(),
            next,
            bytes: 0,
            signals: 0,
            at: 0,
            ended: false,
            listeners: Vec::new(),
        }
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn is_heard(&self) -> bool {
        self.listeners.iter().any(Listener::is_there)
    }

    fn tell(&mut self, entry: &Entry, in_full: Option<&Entry>, at: u64) {
        self.listeners.retain(Listener::is_there);
        for listener in &self.listeners {
            listener.tell(in_full.filter(|_| listener.with_contents).unwrap_or(entry), at);
        }
    }

    fn keep(&mut self, entry: Entry) {
        self.bytes += entry.bytes();
        self.signals += usize::from(entry.is_signal);
        self.entries.push_back(entry);
        if self.entries.len() <= INSPECT_TIMELINE {
            return;
        }
        // What is said must not push out what has happened.
        let of_signals = self.signals > INSPECT_TIMELINE / 2;
        let oldest = self.entries.iter().position(|entry| entry.is_signal || !of_signals).unwrap_or(0);
        if let Some(gone) = self.entries.remove(oldest) {
            self.bytes -= gone.bytes();
            self.signals -= usize::from(gone.is_signal);
        }
    }
}

#[cfg(test)]
#[path = "timeline_tests.rs"]
mod tests;
