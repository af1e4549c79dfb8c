//! The private key of an application: tokens are made with it where it is, and the server never has it.

use super::pem;
use crate::secret_file::{self, Access};
use otc_protocol::session_id::ProjectId;
use ring::rand::SystemRandom;
use ring::rsa::KeyPair;
use ring::signature::RSA_PKCS1_SHA256;
use std::fmt;
use std::path::Path;

/// An application's id and its private key.
pub struct PrivateKey {
    /// The application.
    pub application: ProjectId,
    key: KeyPair,
}

impl PrivateKey {
    /// The key of a PEM text: `PRIVATE KEY` or `RSA PRIVATE KEY`, not encrypted.
    pub fn from_pem(application: &str, text: &str) -> Result<Self, PrivateKeyError> {
        let application = ProjectId::new(application).ok().filter(ProjectId::is_application);
        let application = application.ok_or(PrivateKeyError::Application)?;
        let (label, der) = pem::first_block(text).ok_or(PrivateKeyError::NotPem)?;
        let key = match label.as_str() {
            "PRIVATE KEY" => KeyPair::from_pkcs8(&der),
            "RSA PRIVATE KEY" => KeyPair::from_der(&der),
            "ENCRYPTED PRIVATE KEY" => return Err(PrivateKeyError::Encrypted),
            "PUBLIC KEY" | "RSA PUBLIC KEY" => return Err(PrivateKeyError::Public),
            _ => return Err(PrivateKeyError::NotPem),
        };
        Ok(Self { application, key: key.map_err(|_| PrivateKeyError::Unusable)? })
    }

    /// The key of a file that nobody else can read, unless `access` says otherwise.
    pub fn from_file(application: &str, path: &Path, access: Access) -> Result<Self, PrivateKeyError> {
        let text = secret_file::read(path, access).map_err(PrivateKeyError::File)?;
        Self::from_pem(application, &text)
    }

    /// The signature of these bytes (RS256).
    pub(crate) fn sign(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), bytes, &mut signature).ok()?;
        Some(signature)
    }
}

/// Without the key.
impl fmt::Debug for PrivateKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PrivateKey({})", self.application)
    }
}

/// Why a private key cannot be used. Holds nothing of the key.
#[derive(Debug)]
pub enum PrivateKeyError {
    /// Not the id of an application.
    Application,
    /// The file cannot be read, or others can.
    File(secret_file::SecretFileError),
    /// There is no PEM.
    NotPem,
    /// The key is encrypted.
    Encrypted,
    /// A public key.
    Public,
    /// Not an RSA key, damaged, or of a size that cannot be used.
    Unusable,
}

impl fmt::Display for PrivateKeyError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Application => formatter.write_str("an application id is a UUID"),
            Self::File(error) => error.fmt(formatter),
            Self::NotPem => formatter.write_str(
                "that is no private key in PEM: a text that starts with -----BEGIN PRIVATE KEY-----",
            ),
            Self::Encrypted => formatter.write_str(
                "the private key is encrypted: decrypt it first (openssl pkey -in ENCRYPTED.pem -out PRIVATE.pem)",
            ),
            Self::Public => formatter.write_str("that is the public key: tokens are signed with the private one"),
            Self::Unusable => formatter.write_str("the private key is no RSA key of 2048 to 4096 bits, or it is damaged"),
        }
    }
}

impl std::error::Error for PrivateKeyError {}
