//! Names of receivers become addresses.

use otc_protocol::limits::WEBHOOK_LOOKUPS;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use tokio::net::lookup_host;
use tokio::sync::Semaphore;

/// The addresses of a name, some time.
pub(super) type Found = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

/// Looks names up.
pub(super) trait Names: Send + Sync {
    fn look_up(&self, host: &str, port: u16) -> Found;
}

/// As the system does it. A lookup that hangs holds a thread, so there are not many at a time.
pub(super) struct SystemNames(Arc<Semaphore>);

impl SystemNames {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(WEBHOOK_LOOKUPS)))
    }
}

impl Names for SystemNames {
    fn look_up(&self, host: &str, port: u16) -> Found {
        let (permits, host) = (Arc::clone(&self.0), host.to_owned());
        Box::pin(async move {
            let permit = permits.acquire_owned().await.map_err(io::Error::other)?;
            // Whoever waits no longer does not end the lookup: its thread goes on, and so does its permit.
            let lookup = tokio::spawn(async move {
                let found = lookup_host((host.as_str(), port)).await.map(Iterator::collect);
                drop(permit);
                found
            });
            lookup.await.map_err(io::Error::other)?
        })
    }
}
