//! A session server that the published OpenTok / Vonage Video client and server SDKs use unmodified.
//!
//! * [`http`]: session info, REST calls, and the way to the socket; `listener`: connections; [`tls`]:
//!   their encryption
//! * `socket`: the WebSocket; [`sessions`]: rooms, pure
//! * [`auth`], [`projects`], [`keys`], `gate`: who may do what; [`mint`]: ids and tokens
//! * [`config`]: what the server is started with; `data`: where it keeps what outlives it; `handover`: its sessions there; `health`: whether it goes away;
//!   `store`: the database; `chronicle`: what happens in sessions, for whoever keeps account of it
//! * [`ice`]: STUN and TURN servers that clients are told of
//! * `inspect`: a page that shows sessions
//! * [`load`]: whether anything new is taken on
//! * [`metrics`]: what is counted and measured
//! * `archives`: what happened in sessions, as files; [`webhooks`]: receivers are told what happens
#![forbid(unsafe_code)]

pub mod archives;
pub mod auth;
mod calendar;
mod chronicle;
pub mod config;
mod data;
pub mod gate;
mod handover;
mod health;
mod hex;
pub mod http;
pub mod ice;
mod inspect;
pub mod keys;
pub mod listener;
pub mod load;
pub mod log_flood;
pub mod metrics;
pub mod mint;
pub mod planted;
pub mod projects;
mod rate;
pub mod secret_file;
pub mod sessions;
pub mod socket;
mod store;
pub mod tls;
mod unrepeated;
pub mod webhooks;

pub use config::Config;
pub use keys::KeyPair;

use archives::Archives;
use auth::{Account, Authenticator};
use chronicle::{Chronicle, Reads};
use data::DataDir;
use gate::TokenGate;
use health::Health;
use http::{Callers, Origins, PublicUrl};
use ice::IceServers;
use inspect::Inspect;
use listener::Arrivals;
use load::Load;
use metrics::Metrics;
use otc_protocol::Moment;
use otc_protocol::limits::{CONCLUDE_WITHIN, STOP_WITHIN, WEBHOOK_HANDOVER_WITHIN};
use projects::Projects;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use sessions::{Snapshot, Time, Witness};
use std::collections::HashSet;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};
use store::Store;
use tls::Tls;
use tokio::net::TcpListener;
use tokio::runtime::{Handle, Runtime};
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tracing::{info, warn};
use webhooks::Webhooks;

/// What all requests and sockets of a server share.
pub struct App {
    /// The projects that it works for.
    pub projects: Arc<Projects>,
    /// Who may do what.
    pub auth: Arc<Authenticator>,
    /// The rooms.
    pub registry: Arc<socket::Registry>,
    /// How often REST calls have come of late.
    pub(crate) callers: Callers,
    /// How long a secret counts that an account call has replaced.
    pub(crate) secret_rotation: Duration,
    /// Where clients reach the server, if it was told.
    pub public_url: Option<PublicUrl>,
    /// Whose pages may use it.
    pub origins: Origins,
    /// Those who ask for session info, of late.
    pub(crate) askers: Arrivals,
    /// Those who open a socket. Counted by themselves: who was let in to ask can open one, too.
    pub(crate) openers: Arrivals,
    /// What it remembers.
    pub(crate) store: Arc<Store>,
    /// What happened in sessions, as files.
    pub(crate) archives: Arc<Archives>,
    chronicle: Chronicle,
    /// The page that shows sessions, if it is on.
    pub(crate) inspect: Option<Arc<Inspect>>,
    /// Whether it goes away.
    pub(crate) health: Health,
    /// STUN and TURN servers that clients are told of.
    pub(crate) ice: IceServers,
    /// Who is told what happens.
    pub webhooks: Arc<Webhooks>,
    /// What is counted and measured.
    pub(crate) metrics: Arc<Metrics>,
    /// Whether anything new is taken on.
    pub(crate) load: Arc<Load>,
    started: Instant,
    stop: watch::Receiver<bool>,
}

/// What a server remembers, in its data directory or in memory.
struct Kept {
    store: Arc<Store>,
    archives: Arc<Archives>,
    webhooks: Arc<Webhooks>,
}

impl Kept {
    /// `is_local`: the server listens on this machine alone.
    fn open(config: &Config, data: Option<&DataDir>, is_local: bool) -> io::Result<Self> {
        let store = Arc::new(match data {
            Some(data) => Store::open(data)?,
            None => Store::in_memory()?,
        });
        let webhooks = Arc::new(Webhooks::open(&config.webhooks, is_local, Arc::clone(&store))?);
        let archives = Archives::open(config.archives.clone(), &store, data, config.public_url.clone())?;
        let told = Arc::clone(&webhooks);
        archives
            .tell(Box::new(move |session, object| told.archive(&session.project, &session.session, object)));
        Ok(Self { store, archives: Arc::new(archives), webhooks })
    }
}

impl App {
    fn new(
        config: Config,
        earlier: Option<Snapshot>,
        kept: Kept,
        stop: watch::Receiver<bool>,
    ) -> io::Result<Self> {
        let Kept { store, archives, webhooks } = kept;
        let projects = Projects::new(config.projects, unix_ms()).map_err(io::Error::other)?;
        projects.load(&store).map_err(io::Error::other)?;
        webhooks.leave_out_strangers(|project| projects.knows(project)).map_err(io::Error::other)?;
        let projects = Arc::new(projects);
        for project in webhooks.unknown_projects(|id| projects.knows(id)) {
            warn!(%project, "no project of that id is known: the [[webhooks]] that name it are told nothing until there is one");
        }
        let account = config.account.pair.map(Account::new).transpose().map_err(io::Error::other)?;
        let auth = Arc::new(Authenticator::new(Arc::clone(&projects), account));
        let ice = config.rooms.ice_servers.clone();
        let inspect = config.inspect.then(|| Arc::new(Inspect::new(Arc::clone(&projects))));
        // In this order: the page waits for no disk, so it comes first.
        let mut readers: Vec<Arc<dyn Reads>> = Vec::new();
        readers.extend(inspect.as_ref().map(|inspect| Arc::clone(inspect.timeline()) as _));
        readers.extend([Arc::clone(&webhooks) as Arc<dyn Reads>, Arc::clone(&archives) as _]);
        let chronicle = Chronicle::start(unix_ms, readers)?;
        let metrics = Arc::<Metrics>::default();
        let load = Arc::new(Load::new(config.load, Arc::clone(&metrics)));
        let gate = || {
            TokenGate::new(Arc::clone(&auth), config.subscriber_may_signal)
                .archiving(Arc::clone(&archives))
                .under(Arc::clone(&load))
        };
        let random = || -> io::Result<_> {
            let mut random = StdRng::from_seed(keys::random().map_err(io::Error::other)?);
            Ok(move || random.next_u64())
        };
        // What of earlier archives its sessions go on with.
        let mut running = HashSet::new();
        let carried_on = match earlier {
            Some(mut earlier) => {
                leave_out_strangers(&mut earlier, &auth);
                running.extend(earlier.archives().map(|(session, id)| (session.to_owned(), id.to_owned())));
                carry_on(config.rooms.clone(), gate(), chronicle.pen(), random()?, earlier)
            }
            None => None,
        };
        let carried_on_nothing = carried_on.is_none();
        let registry = match carried_on {
            Some(registry) => registry,
            None => socket::Registry::new(config.rooms, gate(), chronicle.pen(), random()?),
        };
        if carried_on_nothing {
            running.clear();
        }
        load.watch(registry.tally());
        archives.recover(&running, unix_ms()).map_err(io::Error::other)?;
        let time = Time { now: Moment::ZERO, unix_ms: unix_ms() };
        for (session, id) in running.iter().filter(|(session, id)| !archives.is_running(session, id)) {
            let ended = registry.stop_archive(time, session, id, "the server was stopped or killed");
            warn!(archive = %id, %session, ?ended, "an archive does not go on with its session");
        }
        Ok(Self {
            projects,
            auth,
            registry,
            callers: Callers::new(config.rest_rates),
            secret_rotation: config.account.rotation,
            public_url: config.public_url,
            origins: config.origins,
            askers: Arrivals::new(config.listener.arrivals_per_address),
            openers: Arrivals::new(config.listener.arrivals_per_address),
            store,
            archives,
            webhooks,
            chronicle,
            inspect,
            metrics,
            load,
            health: Health::default(),
            ice,
            started: Instant::now(),
            stop,
        })
    }

    /// What time it is.
    pub fn time(&self) -> Time {
        let micros = u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX);
        Time { now: Moment::from_micros(micros), unix_ms: unix_ms() }
    }

    /// Seconds since 1970.
    pub fn unix_seconds(&self) -> u64 {
        self.time().unix_ms / 1000
    }

    /// Finishes what is to be remembered, once nothing happens in sessions any more; what is being delivered has a little
    /// time. For a thread of the runtime that may wait: the next server may wait for this one.
    fn conclude(&self, within: Duration) {
        let until = Instant::now() + CONCLUDE_WITHIN;
        self.chronicle.close(until);
        self.archives.suspend(until);
        Handle::current().block_on(self.webhooks.finish(within));
        self.store.close();
    }

    /// Becomes true when the server stops.
    pub fn stopping(&self) -> watch::Receiver<bool> {
        self.stop.clone()
    }
}

/// A project whose key was taken away has no members any more.
fn leave_out_strangers(earlier: &mut Snapshot, auth: &Authenticator) {
    let sessions = earlier.keep_projects(|project| auth.knows(project));
    if sessions > 0 {
        warn!(
            sessions,
            "an earlier server has left sessions of projects that this one does not know; they end"
        );
    }
}

/// The rooms of an earlier server, if they fit together. The clock of this one begins now.
fn carry_on(
    settings: sessions::Settings,
    gate: TokenGate,
    witness: impl Witness + 'static,
    random: impl FnMut() -> u64 + Send + 'static,
    earlier: Snapshot,
) -> Option<Arc<socket::Registry>> {
    let (sessions, connections, owed) = (earlier.sessions(), earlier.lines(), earlier.owed());
    match socket::Registry::restore(settings, gate, witness, random, Moment::ZERO, earlier) {
        Ok(registry) => {
            info!(sessions, connections, owed, "carrying on the sessions of an earlier server");
            Some(registry)
        }
        Err(unfit) => {
            warn!(reason = %unfit, "what an earlier server has left does not fit together; starting without sessions");
            None
        }
    }
}

/// A running server. It stops when it is dropped.
pub struct Server {
    address: SocketAddr,
    metrics_address: Option<SocketAddr>,
    app: Arc<App>,
    tls: Option<Arc<Tls>>,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<io::Result<()>>>,
}

/// Milliseconds since 1970.
fn unix_ms() -> u64 {
    let unix = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    u64::try_from(unix.as_millis()).unwrap_or(u64::MAX)
}

/// How long tasks that do not heed the stop may go on.
const ABANDON_AFTER: Duration = Duration::from_secs(1);

impl Server {
    /// Starts a server with threads of its own. When this returns, it accepts connections.
    pub fn start(mut config: Config) -> io::Result<Self> {
        config.load = config.load.within_files(metrics::process::most_files());
        // Rooms keep to the same bound.
        config.rooms.messages_bytes = config.load.messages_bytes;
        let mut listener_settings = config.listener.clone();
        let per_address = &mut listener_settings.connections_per_address;
        *per_address = config.load.within_half(*per_address);
        let tls =
            config.tls.clone().map(|files| Tls::new(files, listener_settings.handshake_timeout)).transpose();
        let tls = tls.map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?.map(Arc::new);
        let runtime =
            tokio::runtime::Builder::new_multi_thread().thread_name("otc-server").enable_all().build()?;
        // An earlier server that has let go of the directory listens no more.
        let data = config.data.as_deref().map(DataDir::open).transpose()?;
        let listener = {
            let _within = runtime.enter();
            listener::bind(config.listen, "")?
        };
        let metrics = {
            let _within = runtime.enter();
            config.metrics.listen.map(|listen| listener::bind(listen, " for metrics")).transpose()?
        };
        let address = listener.local_addr()?;
        let metrics_address = metrics.as_ref().map(TcpListener::local_addr).transpose()?;
        let is_local = address.ip().to_canonical().is_loopback();
        let kept = Kept::open(&config, data.as_ref(), is_local)?;
        // Clients that come in the meantime wait to be accepted.
        let grace = config.rooms.resume_grace;
        let earlier = data.as_ref().and_then(|data| handover::read(data, unix_ms(), grace));
        let (stop, stopping) = watch::channel(false);
        let app = App::new(config, earlier, kept, stopping.clone())?;
        let app = Arc::new(app);
        // After the last thing that may fail, and before anybody is served: what an earlier server has left is taken once.
        if let Some(data) = &data {
            handover::remove(data)?;
        }
        {
            let _within = runtime.enter();
            app.webhooks.start();
        }
        runtime.spawn(socket::attend(Arc::clone(&app)));
        runtime.spawn(archives::attend(Arc::clone(&app)));
        if let Some(listener) = metrics {
            runtime.spawn(metrics::serve(listener, Arc::clone(&app), stopping.clone()));
        }
        let serve = serve(listener, tls.clone(), listener_settings, Arc::clone(&app), data, stopping);
        let thread =
            std::thread::Builder::new().name("otc-server".to_owned()).spawn(move || run(runtime, serve))?;
        Ok(Self { address, metrics_address, app, tls, stop, thread: Some(thread) })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// Where its metrics can be read, if anywhere.
    pub fn metrics_addr(&self) -> Option<SocketAddr> {
        self.metrics_address
    }

    /// The address as clients are given it.
    pub fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// Reads certificate and key again, for new connections; the log says what came of it. False of a server that has
    /// none.
    pub fn renew_certificate(&self) -> bool {
        self.tls.as_ref().inspect(|tls| tls.renew()).is_some()
    }

    /// What its requests and sockets share.
    pub fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// Stops it and waits until it has: no new connections, answers on their way are still written. With a data directory
    /// its sessions are left there; a log line says so when that fails.
    pub fn stop(self) {
        drop(self);
    }

    /// The same, and whether the sessions are where the next server finds them.
    pub fn hand_over(mut self) -> io::Result<()> {
        self.end()
    }

    fn end(&mut self) -> io::Result<()> {
        self.stop.send_replace(true);
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(result)) => result,
            // It has printed why.
            Some(Err(_)) => Err(io::Error::other("the server has panicked")),
            None => Ok(()),
        }
    }
}

/// Serves until the server is to stop. Then nobody comes in any more, what has been carried out is left for the next
/// server, and after that nothing is carried out.
async fn serve(
    listener: TcpListener,
    tls: Option<Arc<Tls>>,
    settings: listener::Settings,
    app: Arc<App>,
    data: Option<DataDir>,
    stopping: watch::Receiver<bool>,
) -> io::Result<()> {
    let open = listener::accept(listener, tls, settings, Arc::clone(&app), stopping).await;
    let Some(data) = data else {
        app.registry.stop(app.time().now);
        open.settle().await;
        return spawn_blocking(move || app.conclude(STOP_WITHIN)).await.map_err(io::Error::other);
    };
    let now = app.time();
    let snapshot = app.registry.freeze(now.now);
    // The directory is let go of as soon as everything is in it: the next server need not wait for the last socket.
    let left = spawn_blocking(move || {
        // First of all: whoever loses patience and kills the process after that ends no session.
        let left = handover::leave(&data, &snapshot, now.unix_ms);
        app.conclude(WEBHOOK_HANDOVER_WITHIN);
        drop(data);
        left
    });
    open.settle().await;
    left.await.map_err(io::Error::other)?
}

fn run(runtime: Runtime, serve: impl Future<Output = io::Result<()>>) -> io::Result<()> {
    let result = runtime.block_on(serve);
    runtime.shutdown_timeout(ABANDON_AFTER);
    result
}

impl Drop for Server {
    fn drop(&mut self) {
        // What went wrong has been logged; there is nobody to tell.
        let _ = self.end();
    }
}

#[cfg(all(test, unix))]
mod lifetime_tests;
