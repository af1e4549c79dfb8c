//! Names of receivers become addresses.

use super::shares::Shares;
use parking_lot::Mutex;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use tokio::net::lookup_host;
use tokio::sync::Notify;

/// The addresses of a name, some time.
pub(super) type Found = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

/// Looks names up.
pub(super) trait Names: Send + Sync {
    /// `turn` lasts as long as the lookup does.
    fn look_up(&self, host: &str, port: u16, turn: Turn) -> Found;
}

/// Who may look a name up. A lookup that hangs holds a thread, so there are not many at a time, and no project's names
/// take the threads of all.
pub(super) struct Lookups {
    shares: Mutex<Shares>,
    ended: Notify,
}

impl Lookups {
    pub(super) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { shares: Mutex::new(Shares::new(most)), ended: Notify::new() })
    }

    /// Waits until a name of `owner`'s may be looked up.
    pub(super) async fn turn(self: &Arc<Self>, owner: &Arc<str>) -> Turn {
        loop {
            let ended = self.ended.notified();
            if let Some(turn) = self.try_turn(owner) {
                return turn;
            }
            ended.await;
        }
    }

    fn try_turn(self: &Arc<Self>, owner: &Arc<str>) -> Option<Turn> {
        let mut shares = self.shares.lock();
        if !shares.has_room(owner, 1) {
            return None;
        }
        shares.take(owner, 1);
        Some(Turn { lookups: Arc::clone(self), owner: Arc::clone(owner) })
    }
}

/// That a name may be looked up.
pub(super) struct Turn {
    lookups: Arc<Lookups>,
    owner: Arc<str>,
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.lookups.shares.lock().give_back(&self.owner, 1);
        self.lookups.ended.notify_waiters();
    }
}

/// As the system does it.
pub(super) struct SystemNames;

impl Names for SystemNames {
    fn look_up(&self, host: &str, port: u16, turn: Turn) -> Found {
        let host = host.to_owned();
        Box::pin(async move {
            // Whoever waits no longer does not end the lookup: its thread goes on, and so does its turn.
            let lookup = tokio::spawn(async move {
                let found = lookup_host((host.as_str(), port)).await.map(Iterator::collect);
                drop(turn);
                found
            });
            lookup.await.map_err(io::Error::other)?
        })
    }
}
