//! The listener: accepts connections and serves HTTP/1.1 on them, within bounds.

mod addresses;
mod impatient;

pub(crate) use addresses::{Arrivals, Network};

use crate::App;
use crate::http::{Peer, route_path, router};
use crate::tls::Tls;
use addresses::{Crowds, Visitor};
use axum::Router;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use impatient::Impatient;
use otc_protocol::limits::{
    ADDRESS_CONNECTIONS, HTTP_HEAD_BYTES, HTTP_HEAD_TIMEOUT, HTTP_HEADERS, HTTP_WRITE_TIMEOUT, OPEN_SOCKETS,
    STOP_WITHIN, TLS_HANDSHAKE_TIMEOUT,
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
use tokio::time::{Instant, sleep, timeout};
use tracing::{debug, warn};

/// Connections that wait to be accepted: a thousand clients that come back at once must not be turned away.
const BACKLOG: u32 = 4096;
/// Pause after a failed accept: the system is short of something, and asking again at once gives it no time.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Pause between two lines of the log about connections that cannot be taken.
const COMPLAIN_EVERY: Duration = Duration::from_secs(10);

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
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connections_per_address: ADDRESS_CONNECTIONS,
            arrivals_per_address: None,
            head_timeout: HTTP_HEAD_TIMEOUT,
            handshake_timeout: TLS_HANDSHAKE_TIMEOUT,
        }
    }
}

/// The places that a connection takes.
pub struct Place {
    _among_all: OwnedSemaphorePermit,
    _at_its_address: Visitor,
}

/// Held for as long as a connection lives; every request has it among its extensions, and a WebSocket keeps it.
pub type OpenSocket = Arc<Place>;

/// A listener at `address`. Call it within a runtime.
pub(crate) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // Lets a restarted server listen while old connections linger.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Says now and then what would otherwise fill the log.
#[derive(Default)]
struct Complaints {
    last: Option<Instant>,
    reasons: u64,
}

impl Complaints {
    /// Another reason; `complain` is told how many there have been.
    fn make(&mut self, complain: impl FnOnce(u64)) {
        self.reasons += 1;
        if self.last.is_none_or(|last| last.elapsed() >= COMPLAIN_EVERY) {
            self.last = Some(Instant::now());
            complain(self.reasons);
        }
    }
}

/// Ends when the server stops, or is gone.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// The connections that are open when no more are accepted.
pub(crate) struct Open(Arc<Semaphore>);

impl Open {
    /// Waits until all answers on their way are written and all sockets closed, or for [`STOP_WITHIN`].
    pub(crate) async fn settle(self) {
        let all = u32::try_from(OPEN_SOCKETS).unwrap_or(u32::MAX);
        if timeout(STOP_WITHIN, self.0.acquire_many(all)).await.is_err() {
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
    let room = Arc::new(Semaphore::new(OPEN_SOCKETS));
    let router = router(app);
    let crowds = Crowds::new(settings.connections_per_address);
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
                let Ok(among_all) = Arc::clone(&room).try_acquire_owned() else {
                    full.make(
                        |closed| warn!(peer = %remote, closed, "connection closed: {OPEN_SOCKETS} are open"),
                    );
                    continue;
                };
                let Some(at_its_address) = crowds.enter(remote.ip()) else {
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
                let place = Arc::new(Place { _among_all: among_all, _at_its_address: at_its_address });
                let door = Door { peer, router: router.clone(), place, head_timeout, stop: stop.clone() };
                tokio::spawn(door.welcome(stream, tls.clone()));
            }
            Err(error) => {
                failed.make(|times| {
                    warn!(%error, times, "cannot accept a connection; is the limit of open files reached?");
                });
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    Open(room)
}

/// What a connection comes through.
struct Door {
    peer: Peer,
    router: Router,
    place: OpenSocket,
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
            shaken = tls.handshake(stream) => shaken,
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
        let Self { peer, router, place, head_timeout, mut stop } = self;
        let router = TowerToHyperService::new(router);
        let service = service_fn(|mut request| {
            route_path(&mut request);
            request.extensions_mut().insert(peer);
            request.extensions_mut().insert(OpenSocket::clone(&place));
            router.call(request)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(head_timeout)
            .max_headers(HTTP_HEADERS)
            .max_header_size(HTTP_HEAD_BYTES)
            .max_buf_size(HTTP_HEAD_BYTES)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
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
        if let Err(error) = result {
            debug!(peer = %peer.remote, %error, "connection ended");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Config, KeyPair};
    use otc_protocol::limits::HTTP_BODY_TIMEOUT;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    /// The far end of a served connection.
    fn served() -> DuplexStream {
        served_with(None)
    }

    fn served_with(tls: Option<Arc<Tls>>) -> DuplexStream {
        let (far, near) = duplex(1024);
        let (stop, stopping) = watch::channel(false);
        let config = Config::local(KeyPair::new("1", "s").unwrap());
        let kept = crate::Kept::open(&config, None, true).unwrap();
        let app = Arc::new(App::new(config, None, kept, stopping.clone()).unwrap());
        let address = SocketAddr::from(([127, 0, 0, 1], 1));
        let among_all = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
        let at_its_address = Crowds::new(1).enter(address.ip()).unwrap();
        let place = Arc::new(Place { _among_all: among_all, _at_its_address: at_its_address });
        let peer = Peer { remote: address, local: address, encrypted: tls.is_some() };
        tokio::spawn(async move {
            let _running = stop;
            let head_timeout = HTTP_HEAD_TIMEOUT;
            let door = Door { peer, router: router(app), place, head_timeout, stop: stopping };
            door.welcome(near, tls).await;
        });
        far
    }

    /// The far end of a connection that is to be encrypted.
    fn to_be_encrypted() -> DuplexStream {
        let folder = std::env::temp_dir().join(format!("otc-listener-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let own = rcgen::generate_simple_self_signed(vec!["h".to_owned()]).unwrap();
        let files = crate::tls::Files::new(folder.join("cert.pem"), folder.join("key.pem"));
        std::fs::write(&files.cert, own.cert.pem()).unwrap();
        std::fs::write(&files.key, "").unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(&files.key, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
        std::fs::write(&files.key, own.signing_key.serialize_pem()).unwrap();
        let tls = Tls::new(files, TLS_HANDSHAKE_TIMEOUT).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        served_with(Some(Arc::new(tls)))
    }

    /// What comes back until the end, and how long that takes.
    async fn answer_to(bytes: &str) -> (String, Duration) {
        let mut connection = served();
        let start = Instant::now();
        connection.write_all(bytes.as_bytes()).await.unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).await.unwrap();
        (answer, start.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_does_not_end_ends_the_connection() {
        for bytes in ["", "GET /session/s HTTP/1.1\r\nHost: h\r\nX-Slow:"] {
            let (_, took) = answer_to(bytes).await;
            assert!(
                took >= HTTP_HEAD_TIMEOUT && took < HTTP_HEAD_TIMEOUT + Duration::from_secs(1),
                "{took:?}"
            );
        }
    }

    /// Silent, or a handshake that comes byte by byte and never ends.
    #[tokio::test(start_paused = true)]
    async fn a_handshake_that_does_not_end_ends_the_connection() {
        for slow in [false, true] {
            let mut connection = to_be_encrypted();
            let start = Instant::now();
            if slow {
                let hello = [&[0x16, 0x03, 0x01, 0x3f, 0xff, 0x01][..], &[0; 100]].concat();
                for byte in hello {
                    if connection.write_all(&[byte]).await.is_err() {
                        break;
                    }
                    sleep(Duration::from_millis(500)).await;
                }
            }
            let mut answer = Vec::new();
            connection.read_to_end(&mut answer).await.unwrap();
            let took = start.elapsed();
            assert!(took >= TLS_HANDSHAKE_TIMEOUT && took < TLS_HANDSHAKE_TIMEOUT + Duration::from_secs(1));
        }
    }

    /// A client that sends its body by itself finds the connection as it was.
    #[tokio::test(start_paused = true)]
    async fn a_refusal_waits_for_the_body() {
        for (line, status) in [
            ("POST /session/create", "403"),
            ("POST /v2/project/1/session/s/signal", "403"),
            ("POST /v2/project/1/session/s/connection/c/signal", "403"),
            ("POST /v2/project/1/session/%ff/signal", "400"),
            ("DELETE /v2/project/1/session/s/connection/c", "403"),
            ("POST /nothing", "404"),
            ("PUT /session/create", "405"),
        ] {
            let mut connection = served();
            let head = format!("{line} HTTP/1.1\r\nHost: h\r\nContent-Length: 50000\r\n\r\n");
            connection.write_all(head.as_bytes()).await.unwrap();
            let mut start = [0; 12];
            let early = timeout(Duration::from_secs(1), connection.read_exact(&mut start)).await;
            assert!(early.is_err(), "{line} is answered before its body is there");
            connection.write_all(&vec![b'x'; 50_000]).await.unwrap();
            connection.read_exact(&mut start).await.unwrap();
            assert_eq!(String::from_utf8_lossy(&start), format!("HTTP/1.1 {status}"), "{line}");
            let next = "GET /project/1/config.json HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
            connection.write_all(next.as_bytes()).await.unwrap();
            let mut answers = String::new();
            connection.read_to_string(&mut answers).await.unwrap();
            assert!(answers.contains("HTTP/1.1 200 OK"), "{line}: {answers}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_takes_no_answers_is_left() {
        let mut connection = served();
        let start = Instant::now();
        let request = b"GET /project/1/config.json HTTP/1.1\r\nHost: h\r\n\r\n";
        let asks = async { while connection.write_all(request).await.is_ok() {} };
        timeout(3 * HTTP_WRITE_TIMEOUT, asks).await.expect("the server goes");
        let took = start.elapsed();
        assert!(took >= HTTP_WRITE_TIMEOUT && took < HTTP_WRITE_TIMEOUT + Duration::from_secs(1), "{took:?}");
    }

    /// One byte a second, which never lets the connection rest.
    #[tokio::test(start_paused = true)]
    async fn a_body_that_comes_slowly_is_not_waited_for() {
        let mut connection = served();
        let start = Instant::now();
        let head = "POST /logging/ClientEvent HTTP/1.1\r\nHost: h\r\nContent-Length: 5000\r\n\r\n";
        connection.write_all(head.as_bytes()).await.unwrap();
        let (mut answers, mut asks) = tokio::io::split(connection);
        tokio::spawn(async move {
            while asks.write_all(b"x").await.is_ok() {
                sleep(Duration::from_secs(1)).await;
            }
        });
        let mut answer = [0; 12];
        answers.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 408");
        assert!(start.elapsed() < HTTP_BODY_TIMEOUT + Duration::from_secs(2), "{:?}", start.elapsed());
        // What is still on its way is not waited for either.
        answers.read_to_end(&mut Vec::new()).await.unwrap();
        assert!(start.elapsed() < HTTP_BODY_TIMEOUT + Duration::from_secs(3), "{:?}", start.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_end_is_answered_all_the_same() {
        let head = "POST /logging/ClientEvent HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhalf";
        let (answer, took) = answer_to(head).await;
        assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
        assert!(took >= HTTP_BODY_TIMEOUT && took < HTTP_BODY_TIMEOUT + Duration::from_secs(1), "{took:?}");
    }
}
