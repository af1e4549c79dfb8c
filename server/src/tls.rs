//! TLS: handshakes with the server's certificate, which can be renewed while it runs.

mod files;
mod turns;

pub(crate) use files::certificates;
pub use files::{Files, TlsError};

use crate::listener::Network;
use files::Certificate;
use otc_protocol::limits::TLS_WRITE_BUFFER;
use parking_lot::RwLock;
use rustls::ServerConfig;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tracing::{info, warn};
use turns::Turns;

/// A certificate and its key, as new connections see them.
pub(crate) struct Tls {
    files: Files,
    handshake_timeout: Duration,
    current: RwLock<Arc<ServerConfig>>,
    turns: Turns,
}

impl Tls {
    /// Reads the files.
    pub(crate) fn new(files: Files, handshake_timeout: Duration) -> Result<Self, TlsError> {
        let certificate = files.load()?;
        info!(certificate = %certificate.fingerprint, "TLS with the certificate of {}", files.cert.display());
        let current = RwLock::new(certificate.config);
        Ok(Self { files, handshake_timeout, current, turns: Turns::new() })
    }

    /// Reads the files again. What is wrong with them is logged, and the certificate that there was goes on being used.
    pub(crate) fn renew(&self) {
        match self.files.load() {
            Ok(Certificate { config, fingerprint }) => {
                *self.current.write() = config;
                info!(certificate = %fingerprint, "new connections get the certificate that was read again");
            }
            Err(error) => warn!(%error, "the certificate is not renewed; the one before is used on"),
        }
    }

    /// The handshake of a peer from there, which may take so long.
    pub(crate) async fn handshake<S>(&self, network: Network, stream: S) -> io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let acceptor = TlsAcceptor::from(Arc::clone(&self.current.read()));
        let shaken = acceptor.accept_with(stream, |session| session.set_buffer_limit(Some(TLS_WRITE_BUFFER)));
        self.turns
            .take(network, self.handshake_timeout, shaken)
            .await
            .unwrap_or_else(|_| Err(io::Error::new(ErrorKind::TimedOut, "the TLS handshake took too long")))
    }
}
