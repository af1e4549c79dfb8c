//! Whether the server is well, and whether more may be sent to it.

use crate::App;
use std::sync::atomic::{AtomicBool, Ordering};
use tracing::info;

/// How far the server is with going away.
#[derive(Debug, Default)]
pub(crate) struct Health {
    draining: AtomicBool,
}

impl Health {
    /// Whether it goes away once nobody is left.
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }
}

impl App {
    /// From now on no session begins here: those who come are to find another server. What there is goes on, and whoever
    /// joins a session that somebody is in is let in.
    pub fn drain(&self) {
        if !self.health.draining.swap(true, Ordering::AcqRel) {
            self.registry.close_to_new_sessions();
            info!(sessions = self.registry.sessions(), "draining: no session begins here any more");
        }
    }

    /// Why nobody should be sent here now, in words for whoever looks after the server; `None`: it is ready.
    pub fn unready(&self) -> Option<&'static str> {
        if self.health.is_draining() || *self.stop.borrow() {
            Some("draining: the server is about to stop")
        } else if self.store.has_failed() {
            Some("the database does not write: see the log")
        } else {
            self.load.refuses()
        }
    }
}
