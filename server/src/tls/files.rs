//! The files of a certificate and of its key, read and checked.

use crate::hex::hex;
use crate::secret_file::{self, Access, SecretFileError};
use otc_protocol::limits::TLS_FILE_BYTES;
use ring::digest::{SHA256, digest};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{InconsistentKeys, ServerConfig};
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The one protocol that is spoken inside (RFC 7301): who wants another one is told so in the handshake.
const HTTP_1_1: &[u8] = b"http/1.1";

/// Where a certificate and its key are, in PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// The server's certificate first, then those of its issuers.
    pub cert: PathBuf,
    /// The certificate's private key.
    pub key: PathBuf,
    /// Whether others may read the key, who could then be the server for its clients.
    pub(crate) access: Access,
}

/// What handshakes need.
pub(super) struct Certificate {
    pub(super) config: Arc<ServerConfig>,
    /// The SHA-256 of the server's own certificate, as tools show it.
    pub(super) fingerprint: String,
}

impl Files {
    /// A certificate, and its key that nobody else may read.
    pub fn new(cert: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        Self { cert: cert.into(), key: key.into(), access: Access::OwnerOnly }
    }

    /// Whether both can be used; the SHA-256 of the server's own certificate, and its file.
    pub(crate) fn check(&self) -> Result<String, TlsError> {
        self.load().map(|certificate| format!("{} of {}", certificate.fingerprint, self.cert.display()))
    }

    /// Reads both, and checks that they go together.
    pub(super) fn load(&self) -> Result<Certificate, TlsError> {
        let at = |file: &Path, fault| TlsError { file: file.to_owned(), fault };
        let chain = certificates(&self.cert)?;
        let fingerprint = fingerprint(&chain[0]);
        let key = key(&self.key, self.access).map_err(|fault| at(&self.key, fault))?;
        let provider = Arc::new(default_provider());
        let signing =
            provider.key_provider.load_private_key(key).map_err(|_| at(&self.key, Fault::UnusableKey))?;
        let certified = CertifiedKey::new(chain, signing);
        match certified.keys_match() {
            // A kind of key that does not show its public half.
            Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => {}
            Err(rustls::Error::InconsistentKeys(_)) => {
                return Err(at(&self.key, Fault::OtherKey(self.cert.clone())));
            }
            Err(_) => return Err(at(&self.cert, Fault::NoCertificate)),
        }
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|_| at(&self.key, Fault::UnusableKey))?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
        config.alpn_protocols = vec![HTTP_1_1.to_vec()];
        Ok(Certificate { config: Arc::new(config), fingerprint })
    }
}

/// The certificates of a file in PEM, at least one; else why there are none.
pub(crate) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    chain(path).map_err(|fault| TlsError { file: path.to_owned(), fault })
}

fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, Fault> {
    let text = read(&open(path)?)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    chain.ok().filter(|chain| !chain.is_empty()).ok_or(Fault::NoCertificate)
}

/// The first private key of a file. Nothing that the file holds gets into an error.
fn key(path: &Path, access: Access) -> Result<PrivateKeyDer<'static>, Fault> {
    let file = open(path)?;
    secret_file::check(&file, path, access).map_err(Fault::Exposed)?;
    let text = read(&file)?;
    PrivateKeyDer::from_pem_slice(&text).map_err(|error| match error {
        pem::Error::NoItemsFound if find(&text, b"ENCRYPTED PRIVATE KEY-----") => Fault::EncryptedKey,
        _ => Fault::NoKey,
    })
}

fn find(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// Opens a plain file. Another one, such as a pipe, could make whoever reads it wait.
fn open(path: &Path) -> Result<File, Fault> {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        #[allow(clippy::cast_possible_wrap, reason = "flags are small")]
        options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits() as i32);
    }
    let file = options.read(true).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(Fault::NotAFile) }
}

fn read(file: &File) -> Result<Vec<u8>, Fault> {
    let mut text = Vec::new();
    file.take(TLS_FILE_BYTES + 1).read_to_end(&mut text)?;
    if text.len() as u64 > TLS_FILE_BYTES { Err(Fault::TooLarge) } else { Ok(text) }
}

fn fingerprint(certificate: &CertificateDer<'_>) -> String {
    format!("sha256:{}", hex(digest(&SHA256, certificate).as_ref()))
}

/// Why a certificate cannot be used.
#[derive(Debug)]
pub struct TlsError {
    file: PathBuf,
    fault: Fault,
}

#[derive(Debug)]
enum Fault {
    Unreadable(io::Error),
    NotAFile,
    TooLarge,
    NoCertificate,
    NoKey,
    EncryptedKey,
    UnusableKey,
    OtherKey(PathBuf),
    Exposed(SecretFileError),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Unreadable(error)
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.display();
        match &self.fault {
            Fault::Unreadable(error) => write!(formatter, "cannot read {file}: {error}"),
            Fault::NotAFile => write!(formatter, "{file} is not a plain file"),
            Fault::TooLarge => write!(formatter, "{file} is larger than {TLS_FILE_BYTES} bytes"),
            Fault::NoCertificate => write!(
                formatter,
                "{file} is not a certificate in PEM: give a file with certificates, a server's own first and those of its \
                 issuers after it"
            ),
            Fault::NoKey => write!(
                formatter,
                "{file} is not a private key in PEM: give the file with the certificate's private key"
            ),
            Fault::EncryptedKey => write!(
                formatter,
                "the private key in {file} is encrypted: decrypt it with openssl pkey -in {file} -out FILE"
            ),
            Fault::UnusableKey => {
                write!(
                    formatter,
                    "the private key in {file} cannot be used: take RSA (2048 bits or more), ECDSA or Ed25519"
                )
            }
            Fault::OtherKey(cert) => write!(
                formatter,
                "the private key in {file} is not that of the certificate in {}: give the two that belong together",
                cert.display()
            ),
            Fault::Exposed(error) => error.fmt(formatter),
        }
    }
}

impl std::error::Error for TlsError {}
