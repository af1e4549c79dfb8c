//! Whether the server takes on anything new. One that has too much to do refuses newcomers and goes on for those who are
//! in, rather than failing all of them; whoever comes back to a session is let in as ever.

use crate::metrics::Metrics;
use crate::sessions::Tally;
use otc_protocol::limits::{
    FILES_RESERVED, LATE_AFTER, LATE_FOR, LATE_SOCKETS, MESSAGES_BYTES, OPEN_SOCKETS, REFUSING_QUARTERS,
    RELIEVED_EIGHTHS,
};
use parking_lot::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use tracing::{info, warn};

/// How much is too much.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Bytes of memory that messages and answers to members may take.
    pub messages_bytes: usize,
    /// How late sockets may be served.
    pub late_after: Duration,
    /// Connections at one time.
    pub connections: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { messages_bytes: MESSAGES_BYTES, late_after: LATE_AFTER, connections: OPEN_SOCKETS }
    }
}

impl Settings {
    /// With as many connections as there may be open files for.
    pub(crate) fn within_files(self, most_files: Option<u64>) -> Self {
        let Some(files) = most_files.and_then(|files| usize::try_from(files).ok()) else { return self };
        let reserved = FILES_RESERVED.min(files / 2);
        Self { connections: self.connections.min(files - reserved).max(1), ..self }
    }

    /// Of `wanted` connections from one address so many that it alone keeps nobody out: newcomers are refused later.
    pub(crate) fn within_half(&self, wanted: usize) -> usize {
        wanted.min(self.connections / 2).max(1)
    }
}

/// What the server has to do, beside what it can.
pub(crate) struct Load {
    settings: Settings,
    metrics: Arc<Metrics>,
    /// What rooms count; there are no rooms before.
    tally: OnceLock<Arc<Tally>>,
    /// What the log has last said.
    refusing: AtomicBool,
    /// Whether messages are too many, and connections, until they are clearly fewer.
    heavy: AtomicBool,
    crowded: AtomicBool,
}

impl Load {
    pub(crate) fn new(settings: Settings, metrics: Arc<Metrics>) -> Self {
        metrics.lateness.set(settings.late_after);
        Self {
            settings,
            metrics,
            tally: OnceLock::new(),
            refusing: AtomicBool::default(),
            heavy: AtomicBool::default(),
            crowded: AtomicBool::default(),
        }
    }

    /// These are the rooms.
    pub(crate) fn watch(&self, tally: &Arc<Tally>) {
        // There is one registry for each server.
        let _ = self.tally.set(Arc::clone(tally));
    }

    /// Connections that there may be at one time.
    pub(crate) fn most_connections(&self) -> usize {
        self.settings.connections
    }

    /// Bytes that there may be of [`Self::messages_bytes`].
    pub(crate) fn most_messages_bytes(&self) -> usize {
        self.settings.messages_bytes
    }

    /// Bytes of memory that messages and answers to members take.
    pub(crate) fn messages_bytes(&self) -> usize {
        let messages = self.tally.get().map_or(0, |tally| tally.messages_bytes());
        messages.saturating_add(self.metrics.waiting_replies.bytes())
    }

    /// Why nobody new is let in, for people, if that is so.
    pub(crate) fn refuses(&self) -> Option<&'static str> {
        let reason = Reason::ALL.into_iter().find(|reason| self.is_so(*reason)).map(Reason::text);
        // Whoever asks first notices.
        if becomes(&self.refusing, reason.is_some()) {
            match reason {
                Some(reason) => warn!(reason, "nobody new is let in until this is over"),
                None => info!("newcomers are let in again"),
            }
        }
        reason
    }

    /// Whether nobody new is let in for this reason.
    pub(crate) fn is_so(&self, reason: Reason) -> bool {
        match reason {
            Reason::Memory => {
                is_still_too_much(&self.heavy, self.messages_bytes(), self.settings.messages_bytes)
            }
            Reason::Late => self.metrics.lateness.is_late(Instant::now()),
            Reason::Connections => {
                let open = usize::try_from(self.metrics.connections.now()).unwrap_or(usize::MAX);
                is_still_too_much(&self.crowded, open, self.settings.connections)
            }
        }
    }
}

/// What comes back needs room too, so newcomers do not have all of it.
fn is_too_much(much: usize, most: usize) -> bool {
    much >= (most / 4 * REFUSING_QUARTERS + most % 4 * REFUSING_QUARTERS / 4).max(1)
}

/// The same, which ends later than it begins: at the border it would change with every request.
fn is_still_too_much(was: &AtomicBool, much: usize, most: usize) -> bool {
    let enough = most / 8 * RELIEVED_EIGHTHS + most % 8 * RELIEVED_EIGHTHS / 8;
    let is_so = is_too_much(much, most) || (was.load(Ordering::Relaxed) && much > enough);
    becomes(was, is_so);
    is_so
}

/// Writes it down if it is news; whether it was. Everybody who comes asks, and reading alone costs the others nothing.
fn becomes(flag: &AtomicBool, is_so: bool) -> bool {
    flag.load(Ordering::Relaxed) != is_so && flag.swap(is_so, Ordering::Relaxed) != is_so
}

/// Why nobody new is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// Messages take too much memory.
    Memory,
    /// Sockets are served too late.
    Late,
    /// There are too many connections.
    Connections,
}

impl Reason {
    const ALL: [Self; 3] = [Self::Memory, Self::Late, Self::Connections];

    /// For people.
    fn text(self) -> &'static str {
        match self {
            Self::Memory => "The server holds too many messages for its members",
            Self::Late => "The server is behind with its work",
            Self::Connections => "The server has too many connections",
        }
    }
}

/// Whether sockets are served in time: noticed when they are served, so that nobody has to look at a clock for it.
#[derive(Debug)]
pub(crate) struct Lateness {
    /// What is too late, in microseconds.
    after: AtomicU64,
    /// Whether there may be anything in `late`.
    any: AtomicBool,
    late: Mutex<Late>,
}

#[derive(Debug, Default)]
struct Late {
    /// Since when they are counted.
    since: Option<Instant>,
    sockets: u32,
    /// Nobody new is let in until then.
    until: Option<Instant>,
}

impl Default for Lateness {
    fn default() -> Self {
        Self { after: AtomicU64::new(u64::MAX), any: AtomicBool::default(), late: Mutex::default() }
    }
}

impl Lateness {
    /// From now on this is too late.
    fn set(&self, after: Duration) {
        self.after.store(u64::try_from(after.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// A socket was served so late.
    pub(crate) fn note(&self, now: Instant, took: Duration) {
        if took.as_micros() < self.after.load(Ordering::Relaxed).into() {
            return;
        }
        let mut late = self.late.lock();
        if late.since.is_none_or(|since| now - since > LATE_FOR) {
            (late.since, late.sockets) = (Some(now), 0);
        }
        late.sockets += 1;
        if late.sockets >= LATE_SOCKETS {
            late.until = Some(now + LATE_FOR);
            self.any.store(true, Ordering::Relaxed);
        }
    }

    fn is_late(&self, now: Instant) -> bool {
        if !self.any.load(Ordering::Relaxed) {
            return false;
        }
        let mut late = self.late.lock();
        let is_late = late.until.is_some_and(|until| now < until);
        if !is_late {
            late.until = None;
            self.any.store(false, Ordering::Relaxed);
        }
        is_late
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_late_sockets_say_nothing_and_many_say_that_for_a_while() {
        let (lateness, begun) = (Lateness::default(), Instant::now());
        lateness.set(Duration::from_secs(1));
        let late = Duration::from_secs(1);
        for _ in 1..LATE_SOCKETS {
            lateness.note(begun, late);
        }
        (0..1000).for_each(|_| lateness.note(begun, late / 2));
        assert!(!lateness.is_late(begun));
        let later = begun + 2 * LATE_FOR;
        lateness.note(later, late);
        assert!(!lateness.is_late(later), "the others were long ago");
        for _ in 1..LATE_SOCKETS {
            lateness.note(later, late);
        }
        assert!(lateness.is_late(later) && lateness.is_late(later + LATE_FOR / 2));
        assert!(!lateness.is_late(later + LATE_FOR), "it recovers by itself");
        assert!(!lateness.any.load(Ordering::Relaxed));
    }

    #[test]
    fn newcomers_have_three_quarters() {
        for (most, first) in [(4, 3), (1, 1), (32, 24), (65_536, 49_152), (10, 7)] {
            assert!(is_too_much(first, most) && !is_too_much(first - 1, most), "{most}");
        }
    }

    #[test]
    fn one_address_alone_keeps_nobody_out() {
        for connections in [3, 4, 5, 32, 768, OPEN_SOCKETS] {
            let settings = Settings { connections, ..Settings::default() };
            assert!(!is_too_much(settings.within_half(usize::MAX), connections), "{connections}");
            assert_eq!((settings.within_half(1), settings.within_half(0)), (1, 1));
        }
    }

    #[test]
    fn connections_leave_files_to_the_others() {
        let connections = |files| Settings::default().within_files(files).connections;
        assert_eq!((connections(None), connections(Some(64)), connections(Some(1))), (OPEN_SOCKETS, 32, 1));
        assert_eq!(connections(Some(1024)), 1024 - FILES_RESERVED);
        assert_eq!(connections(Some(1 << 40)), OPEN_SOCKETS);
    }

    #[test]
    fn who_is_kept_out_is_let_in_once_there_is_clearly_less() {
        let was = AtomicBool::default();
        let looks = [74, 75, 74, 63, 62, 74, 75].map(|much| is_still_too_much(&was, much, 100));
        assert_eq!(looks, [false, true, true, true, false, false, true]);
    }

    #[test]
    fn connections_are_counted_while_they_are_there() {
        let metrics = Arc::<Metrics>::default();
        let load = Load::new(Settings { connections: 4, ..Settings::default() }, Arc::clone(&metrics));
        (0..2).for_each(|_| metrics.connections.come());
        assert_eq!(load.refuses(), None);
        metrics.connections.come();
        assert_eq!(load.refuses(), Some(Reason::Connections.text()));
        metrics.connections.gone();
        assert_eq!(load.refuses(), None);
    }
}
