//! The listener: accepts connections and serves HTTP/1.1 on them, within bounds.

mod addresses;
mod complaints;
mod entrance;
mod holding;
mod impatient;

pub(crate) use addresses::{Arrivals, Network};
pub(crate) use holding::Holding;
pub(crate) use impatient::Impatient;

use crate::App;
use crate::http::{Peer, Proxies, RequestId, route_path, router, without_body};
use crate::metrics::Metrics;
use crate::tls::Tls;
use addresses::Visitor;
use axum::Router;
use axum::body::Body;
use axum::response::IntoResponse;
use complaints::Complaints;
use entrance::{Entrance, signed};
use holding::{Meter, Metered};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use otc_protocol::limits::{
    ADDRESS_CONNECTIONS, HTTP_HEAD_BYTES, HTTP_HEAD_TIMEOUT, HTTP_HEADERS, HTTP_WRITE_TIMEOUT, STOP_WITHIN,
    TLS_HANDSHAKE_TIMEOUT,
};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{sleep, timeout};
use tracing::{debug, warn};

/// Connections that wait to be accepted: a thousand clients that come back at once must not be turned away.
const BACKLOG: u32 = 4096;
/// Pause after a failed accept: the system is short of something, and asking again at once gives it no time.
pub(crate) const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What of the listener can be set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Connections at one time from one address; further ones are closed at once.
    pub connections_per_address: usize,
    /// Requests for session info in a second from one address, and as many new WebSockets; those of ten seconds at once.
    /// Further ones are refused (429). `None`: nobody counts them.
    pub arrivals_per_address: Option<u32>,
    /// How long the head of a request may take, and how long a kept connection may idle.
    pub head_timeout: Duration,
    /// How long a TLS handshake may take.
    pub handshake_timeout: Duration,
    /// The proxies that are believed when they say for whom they speak.
    pub proxies: Proxies,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connections_per_address: ADDRESS_CONNECTIONS,
            arrivals_per_address: None,
            head_timeout: HTTP_HEAD_TIMEOUT,
            handshake_timeout: TLS_HANDSHAKE_TIMEOUT,
            proxies: Proxies::default(),
        }
    }
}

/// The places that a connection takes.
pub struct Place {
    among_all: Arc<AmongAll>,
    at_its_address: Visitor,
}

/// A connection's place among all.
struct AmongAll {
    _permit: OwnedSemaphorePermit,
    metrics: Arc<Metrics>,
}

impl AmongAll {
    fn take(permit: OwnedSemaphorePermit, metrics: Arc<Metrics>) -> Arc<Self> {
        metrics.connections.come();
        Arc::new(Self { _permit: permit, metrics })
    }
}

impl Drop for AmongAll {
    fn drop(&mut self) {
        self.metrics.connections.gone();
    }
}

/// Held for as long as a connection lives, or a request that came through a proxy; every request has it among its
/// extensions, and a WebSocket keeps it.
pub type OpenSocket = Arc<Place>;

/// A listener at `address`; an error says `what` for. Call it within a runtime.
pub(crate) fn bind(address: SocketAddr, what: &str) -> io::Result<TcpListener> {
    open(address)
        .map_err(|error| io::Error::new(error.kind(), format!("cannot listen on {address}{what}: {error}")))
}

fn open(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // Lets a restarted server listen while old connections linger.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// HTTP within the bounds of heads.
pub(crate) fn http(head_timeout: Duration) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(head_timeout)
        .max_headers(HTTP_HEADERS)
        .max_header_size(HTTP_HEAD_BYTES)
        .max_buf_size(HTTP_HEAD_BYTES);
    http
}

/// Ends when the server stops, or is gone.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// The connections that are open when no more are accepted.
pub(crate) struct Open {
    room: Arc<Semaphore>,
    /// How many there may be.
    most: usize,
}

impl Open {
    /// Waits until all answers on their way are written and all sockets closed, or for [`STOP_WITHIN`].
    pub(crate) async fn settle(self) {
        let all = u32::try_from(self.most).unwrap_or(u32::MAX);
        if timeout(STOP_WITHIN, self.room.acquire_many(all)).await.is_err() {
            debug!("stopped with open connections");
        }
    }
}

/// Accepts and serves connections until `stop` says so; then the listener is closed.
pub(crate) async fn accept(
    listener: TcpListener,
    tls: Option<Arc<Tls>>,
    settings: Settings,
    app: Arc<App>,
    mut stop: watch::Receiver<bool>,
) -> Open {
    let most = app.load.most_connections();
    let room = Arc::new(Semaphore::new(most));
    let metrics = Arc::clone(&app.metrics);
    let router = router(app);
    let entrance = Arc::new(Entrance::new(settings.proxies, settings.connections_per_address));
    let head_timeout = settings.head_timeout;
    let (mut full, mut crowded, mut failed) =
        (Complaints::default(), Complaints::default(), Complaints::default());
    loop {
        let accepted = tokio::select! {
            () = stopped(&mut stop) => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, remote)) => {
                let Ok(permit) = Arc::clone(&room).try_acquire_owned() else {
                    metrics.refused_full.count();
                    full.make(|closed| warn!(peer = %remote, closed, "connection closed: {most} are open"));
                    continue;
                };
                let Some(at_its_address) = entrance.enter(remote.ip()) else {
                    metrics.refused_address.count();
                    crowded.make(|closed| {
                        let most = settings.connections_per_address;
                        warn!(peer = %remote, closed, most, "connection closed: its address has too many (connections_per_address)");
                    });
                    continue;
                };
                let (Ok(local), Ok(())) = (stream.local_addr(), stream.set_nodelay(true)) else {
                    continue; // The peer is gone already.
                };
                let peer = Peer { remote, local, encrypted: tls.is_some() };
                let among_all = AmongAll::take(permit, Arc::clone(&metrics));
                let place = Arc::new(Place { among_all, at_its_address });
                let (router, entrance) = (router.clone(), Arc::clone(&entrance));
                let door = Door { peer, router, place, entrance, head_timeout, stop: stop.clone() };
                tokio::spawn(door.welcome(stream, tls.clone()));
            }
            Err(error) => {
                metrics.refused_system.count();
                failed.make(|times| {
                    warn!(%error, times, "cannot accept a connection; is the limit of open files reached?");
                });
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    Open { room, most }
}

/// What a connection comes through.
struct Door {
    peer: Peer,
    router: Router,
    place: OpenSocket,
    entrance: Arc<Entrance>,
    head_timeout: Duration,
    stop: watch::Receiver<bool>,
}

impl Door {
    /// Serves a connection, encrypted or not.
    async fn welcome<S>(mut self, stream: S, tls: Option<Arc<Tls>>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let settled = Arc::new(AtomicBool::new(false));
        // Below TLS, which takes more than it has written.
        let stream = Impatient::new(stream, HTTP_WRITE_TIMEOUT, Arc::clone(&settled));
        let Some(tls) = tls else { return self.serve(stream, &settled).await };
        let shaken = tokio::select! {
            shaken = tls.handshake(self.peer.remote.ip().into(), stream) => shaken,
            () = stopped(&mut self.stop) => return,
        };
        match shaken {
            Ok(stream) => self.serve(stream, &settled).await,
            Err(error) => debug!(peer = %self.peer.remote, %error, "no TLS handshake"),
        }
    }

    /// Serves HTTP; `settled` becomes true when that is over.
    async fn serve<S>(self, stream: S, settled: &AtomicBool)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Self { peer, router, place, entrance, head_timeout, mut stop } = self;
        let router = TowerToHyperService::new(router);
        let meter = Meter::new(OpenSocket::clone(&place));
        let stream = Metered::new(stream, Arc::clone(&meter), Arc::clone(&place.among_all.metrics));
        let service = service_fn(|request: hyper::Request<Incoming>| {
            let mut request = request.map(Body::new);
            route_path(&mut request);
            let admitted = entrance.admit(&mut request, peer, &place);
            let id = request.extensions().get::<RequestId>().cloned();
            let (router, meter) = (&router, Arc::clone(&meter));
            let answer = match admitted {
                Ok(()) => Ok(router.call(request)),
                Err(refusal) => Err(without_body(request, refusal.into_response())),
            };
            async move {
                let answer = match answer {
                    Ok(answer) => answer.await,
                    Err(refusal) => Ok(refusal.await),
                };
                meter.answered();
                answer.map(|answer| signed(answer, id))
            }
        });
        let connection = http(head_timeout).serve_connection(TokioIo::new(stream), service).with_upgrades();
        let mut connection = pin!(connection);
        let result = tokio::select! {
            result = connection.as_mut() => result,
            () = stopped(&mut stop) => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        // Either it is gone or a WebSocket.
        settled.store(true, Ordering::Relaxed);
        meter.settle();
        if let Err(error) = result {
            debug!(peer = %peer.remote, %error, "connection ended");
        }
    }
}

#[cfg(test)]
mod tests;
