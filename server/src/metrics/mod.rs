//! What the server counts and measures of itself, for whoever watches over it (`docs/server/metrics.md`).
//!
//! Counting costs a few atomic additions: no lock, no memory. What rooms count is in [`crate::sessions::Tally`]; what has
//! its own numbers anyway (webhooks, the database) is asked for when somebody looks.
//!
//! * `histogram`: durations; `routes`: HTTP requests; `process`: what the system says
//! * `page`: all of it as text; `listener`: who is given it

mod histogram;
mod listener;
mod page;
pub(crate) mod process;
mod routes;

pub(crate) use histogram::{Durations, Histogram};
pub(crate) use listener::serve;
pub(crate) use routes::count;

use crate::load::Lateness;
use routes::Routes;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// What of metrics can be set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Where they can be read; `None`: nowhere.
    pub listen: Option<SocketAddr>,
}

/// What is counted outside of rooms.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    /// Connections to the listener.
    pub(crate) connections: Traffic,
    /// WebSockets.
    pub(crate) sockets: Traffic,
    /// Connections that were closed at once: all are taken, …
    pub(crate) refused_full: Counter,
    /// … or their address has too many.
    pub(crate) refused_address: Counter,
    /// Connections that the system could not give.
    pub(crate) refused_system: Counter,
    /// Who asked for session info, or for a WebSocket, and was to come later: by the rate of their address …
    pub(crate) later_info: Counter,
    /// See above.
    pub(crate) later_socket: Counter,
    /// Bytes from clients, without those of TLS.
    pub(crate) received: Counter,
    /// Bytes to them.
    pub(crate) sent: Counter,
    /// Bytes of answers that wait for sockets, about.
    pub(crate) waiting_replies: Gauge,
    /// Whether sockets are served in time.
    pub(crate) lateness: Lateness,
    /// Who asked for session info, or for a WebSocket, while nobody new was let in.
    pub(crate) refused_info: Counter,
    /// See above.
    pub(crate) refused_socket: Counter,
    /// HTTP requests.
    pub(crate) routes: Routes,
    /// How long things take.
    pub(crate) latencies: Latencies,
}

/// How long things take.
#[derive(Debug, Default)]
pub(crate) struct Latencies {
    /// A signal: from the reading of its frame until it waits for each of its addressees.
    pub(crate) signal: Histogram,
    /// A join: from the reading of its frame until it is answered.
    pub(crate) join: Histogram,
    /// From the moment at which a socket's task has something to do until it does it.
    pub(crate) wake: Histogram,
}

/// Something that only grows.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn count(&self) {
        self.add(1);
    }

    pub(crate) fn add(&self, more: usize) {
        self.0.fetch_add(more as u64, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A number that is the sum of several.
#[derive(Debug, Default)]
pub(crate) struct Gauge(AtomicUsize);

impl Gauge {
    /// One of them was this, and is that.
    pub(crate) fn change(&self, was: usize, is: usize) {
        // What has become less is added too: the sum wraps.
        self.0.fetch_add(is.wrapping_sub(was), Ordering::Relaxed);
    }

    pub(crate) fn bytes(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// Things that come and go.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    come: AtomicU64,
    gone: AtomicU64,
}

impl Traffic {
    pub(crate) fn come(&self) {
        self.come.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn gone(&self) {
        self.gone.fetch_add(1, Ordering::Relaxed);
    }

    /// How many have come.
    pub(crate) fn total(&self) -> u64 {
        self.come.load(Ordering::Relaxed)
    }

    /// How many are there.
    pub(crate) fn now(&self) -> u64 {
        // In this order: whoever comes and goes meanwhile must not make it less than none.
        let gone = self.gone.load(Ordering::Acquire);
        self.come.load(Ordering::Acquire).saturating_sub(gone)
    }
}
