//! How receivers with TLS are trusted: the system's roots, and those of a file of the administrator's own.

use parking_lot::Mutex;
use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls_platform_verifier::Verifier;
use std::io;
use std::path::Path;
use std::sync::Arc;
use tokio_rustls::TlsConnector;

/// The roots, of which the system's are read when the first receiver needs them.
pub(super) struct Trust {
    extra: Vec<CertificateDer<'static>>,
    loaded: Mutex<Option<Arc<ClientConfig>>>,
}

impl Trust {
    /// Reads the file, if one is named.
    pub(super) fn new(ca_file: Option<&Path>) -> io::Result<Self> {
        let extra = ca_file.map_or(Ok(Vec::new()), certificates)?;
        Ok(Self { extra, loaded: Mutex::new(None) })
    }

    /// What makes handshakes.
    pub(super) fn connector(&self) -> Result<TlsConnector, rustls::Error> {
        let mut loaded = self.loaded.lock();
        if let Some(config) = &*loaded {
            return Ok(TlsConnector::from(Arc::clone(config)));
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = Verifier::new_with_extra_roots(self.extra.iter().cloned(), Arc::clone(&provider))?;
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        let config = Arc::new(config);
        *loaded = Some(Arc::clone(&config));
        Ok(TlsConnector::from(config))
    }
}

fn certificates(file: &Path) -> io::Result<Vec<CertificateDer<'static>>> {
    let unreadable = |error: &dyn std::fmt::Display| {
        io::Error::other(format!("the file of certificates {} cannot be read: {error}", file.display()))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_certificates_is_refused() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        for file in ["Cargo.toml", "there-is-no-such-file.pem"] {
            let error = Trust::new(Some(&here.join(file))).err().expect("an error").to_string();
            assert!(error.contains(file), "{error}");
        }
    }
}
