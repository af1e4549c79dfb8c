//! The public key of an application, which proves the tokens that its private key has signed (RS256).

use super::{der, pem};
use crate::keys::{KeyError, random};
use otc_protocol::limits::{KEY_FILE_BYTES, RSA_KEY_BITS, RSA_KEY_BITS_MOST};
use ring::rsa::PublicKeyComponents;
use ring::signature::RSA_PKCS1_2048_8192_SHA256;
use std::fmt;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

/// An RSA public key of 2,048 to 8,192 bits.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    modulus: Arc<[u8]>,
    exponent: Arc<[u8]>,
}

impl PublicKey {
    /// The key of a PEM text: `PUBLIC KEY` or `RSA PUBLIC KEY`.
    pub fn from_pem(text: &str) -> Result<Self, PublicKeyError> {
        // Before anything else, and whatever else is there: a key that must not be here.
        if text.contains("PRIVATE KEY-----") {
            return Err(PublicKeyError::Private);
        }
        let (label, der) = pem::first_block(text).ok_or(PublicKeyError::NotPem)?;
        let key = match label.as_str() {
            "PUBLIC KEY" => match der::key_info(&der).ok_or(PublicKeyError::Malformed)? {
                der::KeyInfo::Rsa(key) => key,
                der::KeyInfo::Other => return Err(PublicKeyError::NotRsa),
            },
            "RSA PUBLIC KEY" => &der,
            "CERTIFICATE" => return Err(PublicKeyError::Certificate),
            _ => return Err(PublicKeyError::NotPem),
        };
        let (modulus, exponent) = der::rsa_public_key(key).ok_or(PublicKeyError::Malformed)?;
        Self::new(modulus, exponent)
    }

    /// The key that `text` is, or that the file of that name has.
    pub fn from_pem_or_file(text: &str) -> Result<Self, PublicKeyError> {
        if pem::looks_like_pem(text) { Self::from_pem(text) } else { Self::from_file(Path::new(text)) }
    }

    /// The key of a file.
    pub fn from_file(path: &Path) -> Result<Self, PublicKeyError> {
        let named = |error: PublicKeyError| PublicKeyError::In(path.display().to_string(), Box::new(error));
        let file = std::fs::File::open(path).map_err(|error| {
            let error = PublicKeyError::Unreadable(error.kind());
            if is_surely_a_name(path) { named(error) } else { PublicKeyError::NoFile(Box::new(error)) }
        })?;
        let mut text = Vec::new();
        file.take(KEY_FILE_BYTES)
            .read_to_end(&mut text)
            .map_err(|error| named(PublicKeyError::Unreadable(error.kind())))?;
        Self::from_pem(&String::from_utf8_lossy(&text)).map_err(named)
    }

    fn new(modulus: &[u8], exponent: &[u8]) -> Result<Self, PublicKeyError> {
        let leading = modulus.first().map_or(0, |byte| byte.leading_zeros() as usize);
        let bits = modulus.len() * 8 - leading;
        if !(RSA_KEY_BITS..=RSA_KEY_BITS_MOST).contains(&bits) {
            return Err(PublicKeyError::Size(bits));
        }
        // Three or more, odd, and no longer than 33 bits: what can be verified with.
        let value = exponent.iter().fold(0u64, |value, byte| value << 8 | u64::from(*byte));
        let usable = exponent.len() <= 5 && (3..1 << 33).contains(&value) && value % 2 == 1;
        if !usable || modulus.last().is_some_and(|byte| byte % 2 == 0) {
            return Err(PublicKeyError::Malformed);
        }
        Ok(Self { modulus: modulus.into(), exponent: exponent.into() })
    }

    /// A key whose private one nobody has: a number that is no product of two known primes.
    pub(super) fn of_nobody() -> Result<Self, KeyError> {
        let mut modulus: [u8; RSA_KEY_BITS / 8] = random()?;
        modulus[0] |= 0x80;
        modulus[RSA_KEY_BITS / 8 - 1] |= 1;
        Ok(Self { modulus: modulus.as_slice().into(), exponent: [1, 0, 1].as_slice().into() })
    }

    /// Whether the private key has signed this.
    pub(super) fn verify(&self, signed: &[u8], signature: &[u8]) -> bool {
        let key = PublicKeyComponents { n: &*self.modulus, e: &*self.exponent };
        key.verify(&RSA_PKCS1_2048_8192_SHA256, signed, signature).is_ok()
    }
}

/// Whether this is the name of a file, and not a key whose `-----BEGIN` line is missing: Base64 has no dots, and does not
/// begin a key with a slash.
fn is_surely_a_name(path: &Path) -> bool {
    const LONGEST: usize = 255;
    let Some(text) = path.to_str() else { return false };
    let is_one_word = text.len() <= LONGEST && !text.chars().any(char::is_control);
    is_one_word && (text.starts_with('/') || text.contains('.'))
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PublicKey({} bits)", self.modulus.len() * 8)
    }
}

/// Why a public key cannot be used. Holds nothing of the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicKeyError {
    /// The file cannot be read.
    Unreadable(std::io::ErrorKind),
    /// There is no PEM.
    NotPem,
    /// A private key.
    Private,
    /// A certificate.
    Certificate,
    /// A key for other algorithms.
    NotRsa,
    /// Its bytes are not those of a key.
    Malformed,
    /// It has too few or too many bits.
    Size(usize),
    /// There is no file of a name that may be a key itself, so that it is not repeated.
    NoFile(Box<PublicKeyError>),
    /// What is wrong with the file of that name.
    In(String, Box<PublicKeyError>),
}

impl fmt::Display for PublicKeyError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(kind) => write!(formatter, "cannot be read: {kind}"),
            Self::NotPem => formatter.write_str(
                "is no public key in PEM: a text that starts with -----BEGIN PUBLIC KEY-----",
            ),
            Self::Private => formatter.write_str(
                "is a private key, which stays where tokens are made: give the public key \
                 (openssl pkey -in PRIVATE.pem -pubout -out PUBLIC.pem)",
            ),
            Self::Certificate => formatter.write_str(
                "is a certificate: give the public key in it (openssl x509 -in CERTIFICATE.pem -noout -pubkey)",
            ),
            Self::NotRsa => formatter.write_str("is not an RSA key: tokens of applications are signed by RS256"),
            Self::Malformed => formatter.write_str("is damaged: its bytes are not those of an RSA public key"),
            Self::Size(bits) => write!(
                formatter,
                "has {bits} bits: give a key of {RSA_KEY_BITS} to {RSA_KEY_BITS_MOST} bits \
                 (openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out PRIVATE.pem)"
            ),
            Self::NoFile(error) => write!(
                formatter,
                "is neither a text in PEM, which starts with -----BEGIN PUBLIC KEY-----, nor the name of a file: it {error}"
            ),
            Self::In(file, error) => write!(formatter, "{file}: it {error}"),
        }
    }
}

impl std::error::Error for PublicKeyError {}
