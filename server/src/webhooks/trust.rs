//! How receivers with TLS are trusted: the system's roots, and those of a file of the administrator's own.

use crate::tls;
use parking_lot::Mutex;
use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
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
        let extra = ca_file.map_or(Ok(Vec::new()), tls::certificates);
        let extra = extra.map_err(|error| io::Error::other(format!("webhook_ca_file: {error}")))?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhooks::courier::Courier;
    use crate::webhooks::names::{Found, Names, Turn};
    use crate::webhooks::queue::Delivery;
    use crate::webhooks::receiver::{DEADLINE, Manner, Receiver};
    use crate::webhooks::target::Target;
    use crate::webhooks::url::{HookUrl, Reach};
    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose, date_time_ymd};
    use rustls::ServerConfig;
    use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
    use std::net::SocketAddr;
    use std::path::PathBuf;
    use tokio::io::copy_bidirectional;
    use tokio::net::{TcpListener, TcpStream};
    use tokio_rustls::TlsAcceptor;

    /// An authority of the administrator's own, and its file.
    struct Authority(Issuer<'static, KeyPair>, PathBuf);

    impl Authority {
        fn new() -> Self {
            let key = KeyPair::generate().expect("a key");
            let mut params = CertificateParams::new(Vec::new()).expect("no names");
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
            let certificate = params.self_signed(&key).expect("signed");
            let file = std::env::temp_dir().join(format!("otc-webhook-ca-{}.pem", std::process::id()));
            std::fs::write(&file, certificate.pem()).expect("a file");
            Self(Issuer::new(params, key), file)
        }

        fn certify(&self, name: &str, expired: bool) -> TlsAcceptor {
            let key = KeyPair::generate().expect("a key");
            let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
            if expired {
                params.not_before = date_time_ymd(2020, 1, 1);
                params.not_after = date_time_ymd(2021, 1, 1);
            }
            let certificate = params.signed_by(&key, &self.0).expect("signed");
            let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let config = ServerConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()
                .expect("versions")
                .with_no_client_auth()
                .with_single_cert(vec![certificate.der().clone()], key)
                .expect("the key is the certificate's");
            TlsAcceptor::from(Arc::new(config))
        }
    }

    impl Drop for Authority {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.1);
        }
    }

    /// Every name is of this machine.
    struct Here;

    impl Names for Here {
        fn look_up(&self, _: &str, port: u16, _: Turn) -> Found {
            Box::pin(async move { Ok(vec![SocketAddr::from(([127, 0, 0, 1], port))]) })
        }
    }

    /// Takes the TLS off what is meant for `receiver`; the port.
    async fn terminate(receiver: SocketAddr, acceptor: TlsAcceptor) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("bound").port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A client that refuses the certificate ends here.
                let Ok(mut outer) = acceptor.accept(stream).await else { continue };
                let mut inner = TcpStream::connect(receiver).await.expect("it listens");
                tokio::spawn(async move { copy_bidirectional(&mut outer, &mut inner).await });
            }
        });
        port
    }

    async fn deliver(port: u16, ca_file: Option<&Path>) -> Result<(), String> {
        let trust = Trust::new(ca_file).expect("roots");
        let courier = Courier::new(Box::new(Here), trust, Reach::Everywhere, DEADLINE);
        let url = HookUrl::parse(&format!("https://hooks.example:{port}/hook")).expect("a URL");
        let target = Target::registered("1", url, None);
        let delivery = Delivery {
            number: 1,
            id: "an-id".into(),
            project: "1".into(),
            session: "s".into(),
            body: "{}".into(),
            unix_ms: 0,
        };
        courier.deliver(&target, &delivery, 0, None).await.map(|_| ())
    }

    #[tokio::test]
    async fn only_a_trusted_receiver_is_told() {
        let authority = Authority::new();
        let (file, mut receiver) = (Some(&*authority.1), Receiver::start(|_| Manner::status(200)).await);
        for (name, expired, file, told) in [
            ("hooks.example", false, file, true),
            ("hooks.example", false, None, false),
            ("other.example", false, file, false),
            ("hooks.example", true, file, false),
        ] {
            let port = terminate(receiver.address, authority.certify(name, expired)).await;
            match deliver(port, file).await {
                Ok(()) => {
                    let host = receiver.request().await.headers["host"].clone();
                    assert!(told && host.starts_with("hooks.example:"), "{name}: {host}");
                }
                Err(reason) => assert!(!told && reason.starts_with("no TLS"), "{name}: {reason}"),
            }
        }
    }

    #[test]
    fn a_file_without_certificates_is_refused() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        for file in ["Cargo.toml", "there-is-no-such-file.pem", "src"] {
            let error = Trust::new(Some(&here.join(file))).err().expect("an error").to_string();
            assert!(error.contains(file), "{error}");
        }
    }
}
