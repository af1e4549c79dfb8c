//! `https` and `wss` before a server, with a certificate authority of one's own.

use super::program::{Program, Wishes};
use super::world::{KEY, World, pair};
use otc_server::Config;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// A certificate authority and the file that names it.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    file: PathBuf,
}

impl Authority {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let certificate = params.self_signed(&key).expect("signed");
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("otc-tls-test-{}-{number}.pem", std::process::id());
        let file = std::env::temp_dir().join(name);
        std::fs::write(&file, certificate.pem()).expect("a folder for temporary files");
        Self { issuer: Issuer::new(params, key), file }
    }

    pub(crate) fn path(&self) -> &str {
        self.file.to_str().expect("text")
    }

    /// A server's configuration with a certificate for `name`.
    fn certify(&self, name: &str, expired: bool) -> Arc<ServerConfig> {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        if expired {
            params.not_before = date_time_ymd(2020, 1, 1);
            params.not_after = date_time_ymd(2021, 1, 1);
        }
        let certificate = params.signed_by(&key, &self.issuer).expect("signed");
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .expect("the key is the certificate's");
        Arc::new(config)
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.file);
    }
}

/// Takes the TLS off what is meant for `server`, as a proxy in front of it does; ends with the runtime.
fn terminate(runtime: &tokio::runtime::Runtime, server: SocketAddr, config: Arc<ServerConfig>) -> u16 {
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    let acceptor = TlsAcceptor::from(config);
    runtime.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                // A client that refuses the certificate ends here.
                let Ok(mut outer) = acceptor.accept(stream).await else { return };
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    match outer.read_u8().await {
                        Ok(byte) => head.push(byte),
                        Err(_) => return,
                    }
                }
                head.truncate(head.len() - 2);
                head.extend_from_slice(b"X-Forwarded-Proto: https\r\n\r\n");
                let mut inner = TcpStream::connect(server).await.expect("the server listens");
                inner.write_all(&head).await.expect("the server reads");
                let _ = copy_bidirectional(&mut outer, &mut inner).await;
            });
        }
    });
    port
}

/// A server behind TLS with a certificate for `certified`, called by the name `called`.
pub(crate) struct Behind {
    pub(crate) world: World,
    pub(crate) authority: Authority,
    pub(crate) url: String,
    _runtime: tokio::runtime::Runtime,
}

pub(crate) fn behind_tls(certified: &str, called: &str, expired: bool) -> Behind {
    let world = World::with(Config::behind_proxies(pair()));
    let authority = Authority::new();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("threads");
    let port = terminate(&runtime, world.server.addr(), authority.certify(certified, expired));
    Behind { world, authority, url: format!("https://{called}:{port}"), _runtime: runtime }
}

impl Behind {
    pub(crate) fn program(&self, ca_file: Option<&str>) -> Program {
        let wishes = Wishes { api_url: Some(&self.url), ca_file, ..Wishes::default() };
        let program = Program::new(KEY, &self.world.session_id, &wishes);
        program.connect(&self.world.token("x"));
        program
    }

    pub(crate) fn assert_refused(&self, ca_file: Option<&str>) {
        let (code, words) = self.program(ca_file).wait_for_failure();
        assert_eq!(code, 1006, "{words}");
    }
}
