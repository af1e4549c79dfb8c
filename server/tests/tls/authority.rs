//! A certificate authority of one's own, and clients that trust it.

use super::DEADLINE;
use otc_server::tls::Files;
use rcgen::{BasicConstraints, Certificate, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion};
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// An authority, and a folder with what it has made.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: Certificate,
    pub(crate) folder: PathBuf,
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
        let folder = std::env::temp_dir().join(format!("otc-server-tls-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder for temporary files");
        fs::write(folder.join("authority.pem"), certificate.pem()).expect("our folder");
        Self { issuer: Issuer::new(params, key), certificate, folder }
    }

    /// The file that names it, for the C client.
    pub(crate) fn path(&self) -> String {
        self.folder.join("authority.pem").to_str().expect("text").to_owned()
    }

    /// A certificate for 127.0.0.1 and its key, in files.
    pub(crate) fn issue(&self) -> Files {
        let files = Files::new(self.folder.join("cert.pem"), self.folder.join("key.pem"));
        self.issue_into(&files);
        files
    }

    /// The same in the place of what these files held.
    pub(crate) fn issue_into(&self, files: &Files) {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("a name");
        let certificate = params.signed_by(&key, &self.issuer).expect("signed");
        fs::write(&files.cert, certificate.pem()).expect("our folder");
        write_private(&files.key, key.serialize_pem().as_bytes());
    }

    /// How a client that trusts this authority alone shakes hands.
    pub(crate) fn client(&self, versions: &[&'static SupportedProtocolVersion]) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.der().clone()).expect("a certificate");
        ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_protocol_versions(versions)
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth()
    }

    /// Whether the server has a certificate of this authority.
    pub(crate) fn has_certified(&self, server: SocketAddr) -> bool {
        Spoken::to(server, self.client(rustls::ALL_VERSIONS)).is_ok()
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Writes a file that nobody else may read.
pub(crate) fn write_private(path: &Path, text: &[u8]) {
    fs::write(path, text).expect("our folder");
    set_mode(path, 0o600);
}

pub(crate) fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("our file");
}

/// A connection whose handshake is over.
pub(crate) struct Spoken(pub(crate) StreamOwned<ClientConnection, TcpStream>);

impl Spoken {
    pub(crate) fn to(server: SocketAddr, client: ClientConfig) -> Result<Self, std::io::Error> {
        Self::over(TcpStream::connect_timeout(&server, DEADLINE)?, server, client)
    }

    /// The same over a connection that is there.
    pub(crate) fn over(
        mut stream: TcpStream,
        server: SocketAddr,
        client: ClientConfig,
    ) -> Result<Self, std::io::Error> {
        stream.set_read_timeout(Some(DEADLINE))?;
        let name = ServerName::from(server.ip());
        let mut session = ClientConnection::new(Arc::new(client), name).map_err(std::io::Error::other)?;
        while session.is_handshaking() {
            session.complete_io(&mut stream)?;
        }
        Ok(Self(StreamOwned::new(session, stream)))
    }

    /// The whole answer to a request without a body, on this connection, which ends with it.
    pub(crate) fn get(mut self, path: &str, headers: &str) -> String {
        let request = format!("GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n{headers}\r\n");
        self.0.write_all(request.as_bytes()).expect("an open connection");
        let mut answer = String::new();
        self.0.read_to_string(&mut answer).expect("an end that TLS announces");
        answer
    }
}
