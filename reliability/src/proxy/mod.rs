//! The bad network: a TCP proxy that cuts, falls silent, delays, and is slow.

mod pump;

use otc_harness::{Error, now};
use pump::Link;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::watch;

/// Towards the server, or towards the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Up,
    Down,
}

impl Way {
    const BOTH: [Self; 2] = [Self::Up, Self::Down];
}

/// What the network does at the moment, for each way.
#[derive(Clone, Copy, Debug, Default)]
struct Weather {
    /// Nothing passes; what was said meanwhile passes afterwards.
    silent: [bool; 2],
    /// Every byte takes this long.
    delay: Duration,
    /// Bytes in a second and way.
    rate: Option<u64>,
    /// New connections are closed at once.
    refusing: bool,
}

/// The proxy; its connections end when it is dropped.
pub(crate) struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    _runtime: Runtime,
}

struct Shared {
    server: Mutex<SocketAddr>,
    weather: watch::Sender<Weather>,
    links: Mutex<Vec<Link>>,
    /// Bytes that pass in one way before a cut, at most; 0: any number.
    cut_after: AtomicU64,
    cuts: AtomicU64,
    dice: Mutex<StdRng>,
    /// When each WebSocket was dialed.
    dials: Mutex<Vec<u64>>,
}

impl Shared {
    /// Bytes that may pass before a cut that falls anywhere.
    fn budget(&self) -> Option<u64> {
        let most = self.cut_after.load(Ordering::SeqCst);
        (most > 0).then(|| lock(&self.dice).next_u64() % most)
    }

    /// Keeps a new connection, so that it can be cut.
    fn keep(&self, link: Link) {
        let mut links = lock(&self.links);
        links.retain(|link| !link.is_over());
        links.push(link);
    }

    /// Whether to end a connection with a reset instead of an end.
    fn wants_reset(&self) -> bool {
        lock(&self.dice).next_u64().is_multiple_of(2)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Proxy {
    /// A proxy on `listen` (port 0) in front of `server`; what it does at random comes from `seed`.
    pub(crate) fn start(listen: &str, server: &str, seed: u64) -> Result<Self, Error> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let listener = runtime.block_on(TcpListener::bind(listen))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            server: Mutex::new(server.parse()?),
            weather: watch::Sender::new(Weather::default()),
            links: Mutex::default(),
            cut_after: AtomicU64::new(0),
            cuts: AtomicU64::new(0),
            dice: Mutex::new(StdRng::seed_from_u64(seed)),
            dials: Mutex::default(),
        });
        runtime.spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self { address, shared, _runtime: runtime })
    }

    /// What clients take for the server's address.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Cuts connections after any number of bytes below `most` in either way; `None`: no more.
    pub(crate) fn cut_after(&self, most: Option<u64>) {
        self.shared.cut_after.store(most.unwrap_or(0), Ordering::SeqCst);
        let links = lock(&self.shared.links);
        for link in links.iter() {
            link.set_budgets(|| self.shared.budget());
        }
    }

    /// Connections that were cut.
    pub(crate) fn cuts(&self) -> u64 {
        self.shared.cuts.load(Ordering::SeqCst)
    }

    /// Cuts all of them now; the answer is when.
    pub(crate) fn cut_all(&self) -> u64 {
        let mut links = lock(&self.shared.links);
        links.retain(|link| !link.is_over());
        self.shared.cuts.fetch_add(links.len() as u64, Ordering::SeqCst);
        let now = now();
        links.drain(..).for_each(|link| link.cut(self.shared.wants_reset()));
        now
    }

    /// Cuts the oldest WebSocket; the answer is when.
    pub(crate) fn cut_oldest(&self) -> Result<u64, Error> {
        let mut links = lock(&self.shared.links);
        links.retain(|link| !link.is_over());
        let oldest = links.iter().position(Link::is_socket).ok_or("no WebSocket is open")?;
        let link = links.remove(oldest);
        self.shared.cuts.fetch_add(1, Ordering::SeqCst);
        let now = now();
        link.cut(self.shared.wants_reset());
        Ok(now)
    }

    /// Lets nothing pass in these ways; the answer is since when.
    pub(crate) fn silence(&self, ways: &[Way]) -> u64 {
        self.shared.weather.send_modify(|weather| weather.silent = Way::BOTH.map(|way| ways.contains(&way)));
        now()
    }

    /// Has every byte take so long, and lets no more than so many pass in a second and way.
    pub(crate) fn slow(&self, delay: Duration, rate: Option<u64>) {
        self.shared.weather.send_modify(|weather| (weather.delay, weather.rate) = (delay, rate));
    }

    /// Closes new connections at once.
    pub(crate) fn refuse(&self, refusing: bool) {
        self.shared.weather.send_modify(|weather| weather.refusing = refusing);
    }

    /// Leads to another server from now on.
    pub(crate) fn lead_to(&self, server: &str) -> Result<(), Error> {
        *lock(&self.shared.server) = server.parse()?;
        Ok(())
    }

    /// When each WebSocket was dialed.
    pub(crate) fn dials(&self) -> Vec<u64> {
        lock(&self.shared.dials).clone()
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let Ok((client, _)) = listener.accept().await else { continue };
        let at = now();
        if shared.weather.borrow().refusing {
            continue;
        }
        let server = *lock(&shared.server);
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            // A server that is not there: the client's connection ends, too.
            let Ok(server) = TcpStream::connect(server).await else { return };
            if client.set_nodelay(true).and_then(|()| server.set_nodelay(true)).is_err() {
                return;
            }
            let link = Link::new(|| shared.budget());
            shared.keep(link.share());
            link.run(client, server, &shared, at).await;
        });
    }
}
