//! From a URL to an open byte stream.

use super::proxy::NetworkProxy;
use super::tls::Trust;
use super::url::Endpoint;
use crate::session::{Failure, FailureKind};
use otc_protocol::limits::DIAL_ADDRESS_TIMEOUT;
use std::io;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

/// A byte stream, encrypted or not.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Connects, by way of the proxy if there is one, and makes the TLS handshake where the scheme asks for it.
pub(super) async fn dial(
    endpoint: &Endpoint,
    proxy: Option<&NetworkProxy>,
    trust: impl Fn() -> Result<Trust, Failure>,
) -> Result<Box<dyn Stream>, Failure> {
    let stream = match proxy {
        Some(proxy) => proxy.reach(endpoint).await?,
        None => Box::new(connect(&endpoint.host, endpoint.port).await.map_err(|error| Failure {
            kind: FailureKind::Unreachable,
            text: format!("{} cannot be reached: {error}", endpoint.place()),
        })?),
    };
    if endpoint.secure { Ok(Box::new(trust()?.handshake(&endpoint.host, stream).await?)) } else { Ok(stream) }
}

/// Resolves the name and tries its addresses one after the other; the last failure counts.
pub(super) async fn connect(host: &str, port: u16) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    let mut addresses = lookup_host((host, port)).await?.peekable();
    while let Some(address) = addresses.next() {
        let attempt = TcpStream::connect(address);
        // An address that nobody answers at must not use up the time of the others.
        let result = if addresses.peek().is_some() {
            timeout(DIAL_ADDRESS_TIMEOUT, attempt)
                .await
                .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
        } else {
            attempt.await
        };
        match result {
            Ok(stream) => {
                // A signal is a small write that somebody waits for.
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}
