//! One delivery: a request to the receiver, and whether it has taken it.

use super::names::{Lookups, Names, Turn};
use super::queue::Delivery;
use super::signature::authorization;
use super::target::Target;
use super::trust::Trust;
use super::url::{HookUrl, Reach};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName, HeaderValue, USER_AGENT};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use otc_protocol::limits::{
    DIAL_ADDRESS_TIMEOUT, HTTP_HEADERS, WEBHOOK_ANSWER_BYTES, WEBHOOK_ANSWER_WITHIN, WEBHOOK_HEAD_BYTES,
    WEBHOOK_LOOKUPS,
};
use rustls::pki_types::ServerName;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout, timeout_at};

/// The event's id, for receivers of unsigned deliveries too.
const ID: HeaderName = HeaderName::from_static("webhook-id");
const AGENT: &str = concat!("otc-server/", env!("CARGO_PKG_VERSION"));

/// Makes deliveries.
pub(super) struct Courier {
    names: Box<dyn Names>,
    lookups: Arc<Lookups>,
    trust: Trust,
    reach: Reach,
    timeout: Duration,
}

/// A connection that can be used for the receiver's next delivery. It ends when it is dropped.
pub(super) struct Kept {
    sender: SendRequest<Full<Bytes>>,
    connection: AbortHandle,
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

/// Where a receiver is.
enum Destination {
    Address(IpAddr),
    /// Where its name leads, which may be asked.
    Name(Turn),
}

/// Why a receiver has not taken a delivery: a text for the log, without anything that the receiver has said.
pub(super) type Failure = String;

/// A byte stream, encrypted or not.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

impl Courier {
    pub(super) fn new(names: Box<dyn Names>, trust: Trust, reach: Reach, timeout: Duration) -> Self {
        Self { names, lookups: Lookups::new(WEBHOOK_LOOKUPS), trust, reach, timeout }
    }

    /// Tries a delivery once. What comes back with success is the connection, if it can be used again.
    pub(super) async fn deliver(
        &self,
        target: &Target,
        delivery: &Delivery,
        unix_seconds: u64,
        kept: Option<Kept>,
    ) -> Result<Option<Kept>, Failure> {
        let (response, kept) = self.exchange(target, delivery, unix_seconds, kept).await?;
        let status = response.status();
        if status.is_success() {
            return Ok(reusable(response, kept).await);
        }
        Err(if status.is_redirection() {
            format!("answered {}: redirects are not followed", status.as_u16())
        } else {
            format!("answered {}", status.as_u16())
        })
    }

    async fn exchange(
        &self,
        target: &Target,
        delivery: &Delivery,
        unix_seconds: u64,
        kept: Option<Kept>,
    ) -> Result<(Response<Incoming>, Kept), Failure> {
        let request = || request(target, delivery, unix_seconds);
        let late = |_| format!("no answer within {:?}", self.timeout);
        let begun = Instant::now();
        if let Some(mut kept) = kept {
            let sent = timeout(self.timeout, send(&mut kept, request()?)).await.map_err(late)?;
            // The receiver may have closed it meanwhile. It may also have taken the delivery, and hears of it once more.
            if let Ok(response) = sent {
                return Ok((response, kept));
            }
        }
        let left = self.timeout.saturating_sub(begun.elapsed());
        // How long others' names take is not this receiver's fault.
        let destination = match target.url.host().parse::<IpAddr>() {
            Ok(address) => Destination::Address(address),
            Err(_) => Destination::Name(self.lookups.turn(&target.owner).await),
        };
        let deadline = Instant::now() + left;
        let exchange = async {
            let mut fresh = self.connect(&target.url, destination, deadline).await?;
            let response = send(&mut fresh, request()?).await;
            let response = response.map_err(|error| format!("no answer: {error}"))?;
            Ok((response, fresh))
        };
        timeout_at(deadline, exchange).await.map_err(late)?
    }

    async fn connect(
        &self,
        url: &HookUrl,
        destination: Destination,
        deadline: Instant,
    ) -> Result<Kept, Failure> {
        let addresses = match destination {
            Destination::Address(address) => vec![SocketAddr::new(address, url.port())],
            Destination::Name(turn) => {
                let found = self.names.look_up(url.host(), url.port(), turn).await;
                found.map_err(|error| format!("its name cannot be looked up: {error}"))?
            }
        };
        let stream = self.dial(&addresses, deadline).await?;
        let stream: Box<dyn Stream> =
            if url.secure() { Box::new(self.encrypt(url, stream).await?) } else { Box::new(stream) };
        let (sender, connection) = Builder::new()
            .max_buf_size(WEBHOOK_HEAD_BYTES)
            .max_headers(HTTP_HEADERS)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| format!("no HTTP: {error}"))?;
        // How it ends is seen by whoever waits for an answer.
        let connection = tokio::spawn(async move { drop(connection.await) }).abort_handle();
        Ok(Kept { sender, connection })
    }

    /// Connects to the first address that takes it. Each is checked, for a name may lead elsewhere at any time.
    async fn dial(&self, addresses: &[SocketAddr], deadline: Instant) -> Result<TcpStream, Failure> {
        let mut last: Failure = "its name has no address".to_owned();
        for (index, address) in addresses.iter().enumerate() {
            if !self.reach.allows(address.ip()) {
                last = format!(
                    "its address {} is of this machine or a private network (webhook_private_targets = true would allow it)",
                    address.ip()
                );
                continue;
            }
            let others = addresses.len() - index - 1;
            match timeout(time_for_one(deadline, others), connect_tcp(*address)).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => last = format!("cannot be reached: {error}"),
                Err(_) => last = format!("cannot be reached: {} does not answer", address.ip()),
            }
        }
        Err(last)
    }

    async fn encrypt(&self, url: &HookUrl, stream: TcpStream) -> Result<impl Stream + use<>, Failure> {
        let connector = self.trust.connector().map_err(|error| format!("no TLS: {error}"))?;
        let name = ServerName::try_from(url.host().to_owned())
            .map_err(|_| "its name is not one that a certificate can have".to_owned())?;
        connector.connect(name, stream).await.map_err(|error| format!("no TLS: {error}"))
    }
}

/// How long an address may take when others are still to be tried: one that swallows everything, as those of IPv6 do where
/// it is not set up, leaves them time.
fn time_for_one(deadline: Instant, others: usize) -> Duration {
    let left = deadline.saturating_duration_since(Instant::now());
    match u32::try_from(others) {
        Ok(0) => left,
        Ok(others) => (left / (others + 1)).min(DIAL_ADDRESS_TIMEOUT),
        Err(_) => Duration::ZERO,
    }
}

async fn connect_tcp(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn send(kept: &mut Kept, request: Request<Full<Bytes>>) -> hyper::Result<Response<Incoming>> {
    kept.sender.ready().await?;
    kept.sender.send_request(request).await
}

fn request(target: &Target, delivery: &Delivery, unix_seconds: u64) -> Result<Request<Full<Bytes>>, Failure> {
    let mut request = Request::post(target.url.path())
        .header(HOST, target.url.authority())
        .header(CONTENT_TYPE, "application/json")
        .header(USER_AGENT, AGENT)
        .header(ID, &*delivery.id);
    if let Some(secret) = &target.secret {
        let (project, body) = (&*delivery.project, delivery.body.as_bytes());
        let signed = authorization(secret, project, &delivery.id, body, unix_seconds);
        let mut signed =
            HeaderValue::try_from(signed).map_err(|error| format!("cannot be signed: {error}"))?;
        signed.set_sensitive(true);
        request = request.header(AUTHORIZATION, signed);
    }
    let body = Full::new(Bytes::copy_from_slice(delivery.body.as_bytes()));
    request.body(body).map_err(|error| format!("no request can be made for its URL: {error}"))
}

/// The connection, once the rest of the answer has been read. Nobody wants it, so it may be neither long nor slow.
async fn reusable(response: Response<Incoming>, kept: Kept) -> Option<Kept> {
    if response.status() == StatusCode::NO_CONTENT {
        return Some(kept);
    }
    let mut rest = Limited::new(response.into_body(), WEBHOOK_ANSWER_BYTES);
    let read = timeout(WEBHOOK_ANSWER_WITHIN, async {
        while let Some(frame) = rest.frame().await {
            frame.ok()?;
        }
        Some(())
    });
    read.await.ok()?.map(|()| kept)
}

#[cfg(test)]
#[path = "courier_tests.rs"]
mod tests;
