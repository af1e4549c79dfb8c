//! From a URL to an open byte stream.

use super::names::look_up;
use super::proxy::NetworkProxy;
use super::tls::Trust;
use super::url::Endpoint;
use crate::session::{Failure, FailureKind};
use otc_protocol::limits::DIAL_ADDRESS_TIMEOUT;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
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

/// A socket whose writes never raise SIGPIPE: the application's threads write, too, and theirs is not blocked. A plain write
/// is `send` with `MSG_NOSIGNAL`; a vectored one would be `writev`, which has no such flag.
pub(super) struct Quiet(TcpStream);

impl AsyncRead for Quiet {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

/// `poll_write_vectored` and `is_write_vectored` are left as they come: one plain write of the first slice.
impl AsyncWrite for Quiet {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

/// Resolves the name and tries its addresses one after the other; the last failure counts.
pub(super) async fn connect(host: &str, port: u16) -> io::Result<Quiet> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    let mut addresses = look_up(host, port).await?.into_iter().peekable();
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
                return Ok(Quiet(stream));
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}
