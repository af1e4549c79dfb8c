//! A session server that the published OpenTok / Vonage Video client and server SDKs use unmodified.
//!
//! * [`http`]: session info, REST calls, and the way to the socket; `listener`: connections
//! * `socket`: the WebSocket; [`sessions`]: rooms, pure
//! * [`auth`], [`keys`], `gate`: who may do what; [`mint`]: ids and tokens
//! * [`config`]: what the server is started with
#![forbid(unsafe_code)]

pub mod auth;
pub mod config;
pub mod gate;
pub mod http;
pub mod keys;
pub mod listener;
pub mod mint;
pub mod sessions;
pub mod socket;

pub use config::Config;
pub use keys::KeyPair;

use auth::Authenticator;
use gate::TokenGate;
use http::PublicUrl;
use keys::Keys;
use otc_protocol::Moment;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use sessions::Time;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};
use tokio::runtime::Runtime;
use tokio::sync::watch;

/// What all requests and sockets of a server share.
pub struct App {
    /// Who may do what.
    pub auth: Arc<Authenticator>,
    /// The rooms.
    pub registry: Arc<socket::Registry>,
    /// Where clients reach the server, if it was told.
    pub public_url: Option<PublicUrl>,
    started: Instant,
    stop: watch::Receiver<bool>,
}

impl App {
    fn new(config: Config, stop: watch::Receiver<bool>) -> Result<Self, keys::KeyError> {
        let auth = Arc::new(Authenticator::new(Keys::new(&config.keys)?));
        let gate = TokenGate::new(Arc::clone(&auth), config.subscriber_may_signal);
        let mut random = StdRng::from_seed(keys::random()?);
        let registry = socket::Registry::new(config.rooms, gate, move || random.next_u64());
        Ok(Self { auth, registry, public_url: config.public_url, started: Instant::now(), stop })
    }

    /// What time it is.
    pub fn time(&self) -> Time {
        let micros = u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX);
        let unix = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        Time {
            now: Moment::from_micros(micros),
            unix_ms: u64::try_from(unix.as_millis()).unwrap_or(u64::MAX),
        }
    }

    /// Seconds since 1970.
    pub fn unix_seconds(&self) -> u64 {
        self.time().unix_ms / 1000
    }

    /// Becomes true when the server stops.
    pub fn stopping(&self) -> watch::Receiver<bool> {
        self.stop.clone()
    }
}

/// A running server. It stops when it is dropped.
pub struct Server {
    address: SocketAddr,
    app: Arc<App>,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

/// How long tasks that do not heed the stop may go on.
const ABANDON_AFTER: Duration = Duration::from_secs(1);

impl Server {
    /// Starts a server with threads of its own. When this returns, it accepts connections.
    pub fn start(config: Config) -> io::Result<Self> {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().thread_name("otc-server").enable_all().build()?;
        let listener = {
            let _within = runtime.enter();
            listener::bind(config.listen)?
        };
        let address = listener.local_addr()?;
        let (stop, stopping) = watch::channel(false);
        let app = App::new(config, stopping.clone()).map_err(io::Error::other)?;
        let app = Arc::new(app);
        runtime.spawn(socket::attend(Arc::clone(&app)));
        let serve = listener::run(listener, Arc::clone(&app), stopping);
        let thread =
            std::thread::Builder::new().name("otc-server".to_owned()).spawn(move || run(runtime, serve))?;
        Ok(Self { address, app, stop, thread: Some(thread) })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// The address as clients are given it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What its requests and sockets share.
    pub fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// Stops it and waits until it has: no new connections, answers on their way are still written.
    pub fn stop(self) {
        drop(self);
    }
}

fn run(runtime: Runtime, serve: impl Future<Output = ()>) {
    runtime.block_on(serve);
    runtime.shutdown_timeout(ABANDON_AFTER);
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been printed; there is nothing to add.
            let _ = thread.join();
        }
    }
}
