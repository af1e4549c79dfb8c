//! TLS with an explicit provider: the process-wide one belongs to the application.

use super::dial::Stream;
use crate::session::{Failure, FailureKind};
use rustls::ClientConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls_platform_verifier::Verifier;
use std::path::Path;
use std::sync::Arc;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// How servers are trusted: the system's roots, and those of a file of the application's own.
#[derive(Clone)]
pub(super) struct Trust(Arc<ClientConfig>);

impl Trust {
    /// Reads the system's roots and, if named, a file of PEM certificates.
    pub(super) fn load(ca_file: Option<&Path>) -> Result<Self, Failure> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let extra = ca_file.map_or(Ok(Vec::new()), certificates)?;
        let verifier = Verifier::new_with_extra_roots(extra, Arc::clone(&provider))
            .map_err(|error| permanent(format!("the trusted certificates cannot be loaded: {error}")))?;
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| permanent(format!("TLS cannot be set up: {error}")))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        Ok(Self(Arc::new(config)))
    }

    /// The handshake of a fresh connection to `host`.
    pub(super) async fn handshake(
        &self,
        host: &str,
        stream: Box<dyn Stream>,
    ) -> Result<TlsStream<Box<dyn Stream>>, Failure> {
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| permanent(format!("{host} is not a name that a certificate can have")))?;
        let connector = TlsConnector::from(Arc::clone(&self.0));
        connector.connect(name, stream).await.map_err(|error| {
            let untrusted = error.get_ref().is_some_and(|inner| {
                matches!(inner.downcast_ref(), Some(rustls::Error::InvalidCertificate(_)))
            });
            let kind = if untrusted { FailureKind::Permanent } else { FailureKind::Unreachable };
            Failure { kind, text: format!("TLS with {host} failed: {error}") }
        })
    }
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let unreadable = |error: &dyn std::fmt::Display| {
        permanent(format!("the CA file {} cannot be read: {error}", file.display()))
    };
    let found: Vec<_> = CertificateDer::pem_file_iter(file)
        .map_err(|error| unreadable(&error))?
        .collect::<Result<_, _>>()
        .map_err(|error| unreadable(&error))?;
    if found.is_empty() {
        return Err(unreadable(&"it holds no PEM certificate"));
    }
    Ok(found)
}

fn permanent(text: String) -> Failure {
    Failure { kind: FailureKind::Permanent, text }
}
