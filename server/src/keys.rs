//! The projects that the server works for: API keys and their secrets.

use jsonwebtoken::{DecodingKey, EncodingKey};
use otc_protocol::session_id::ProjectId;
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use serde::de::{Error, IgnoredAny};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::fmt;

/// Most bytes of a secret; published ones have 40.
const SECRET_BYTES: usize = 1024;

/// An API secret. It can be used and not be shown by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The secret of that text.
    pub fn new(text: impl Into<String>) -> Result<Self, KeyError> {
        let text = text.into();
        if (1..=SECRET_BYTES).contains(&text.len()) { Ok(Self(text)) } else { Err(KeyError::Secret) }
    }

    /// The text, for the one place that has to show or send it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Whatever else stands in its place is not repeated in the error.
impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Given {
            Text(String),
            Other(IgnoredAny),
        }
        match Given::deserialize(deserializer)? {
            Given::Text(text) => Self::new(text).map_err(D::Error::custom),
            Given::Other(_) => Err(D::Error::custom("a secret is a text in quotes")),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

/// A project and its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPair {
    /// The API key.
    pub project: ProjectId,
    /// Its secret.
    pub secret: Secret,
}

impl KeyPair {
    /// The pair of these texts.
    pub fn new(api_key: &str, api_secret: &str) -> Result<Self, KeyError> {
        let project = ProjectId::new(api_key).map_err(|_| KeyError::Project)?;
        Ok(Self { project, secret: Secret::new(api_secret)? })
    }

    /// A pair that nobody has had before: eight digits, as most API keys have, and 40 hexadecimal digits.
    pub fn generate() -> Result<Self, KeyError> {
        let number = u32::from_be_bytes(random()?);
        let secret = format!("{:032x}{:08x}", u128::from_be_bytes(random()?), u32::from_be_bytes(random()?));
        Self::new(&(10_000_000 + number % 90_000_000).to_string(), &secret)
    }
}

/// Bytes that nobody can guess.
pub fn random<const N: usize>() -> Result<[u8; N], KeyError> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| KeyError::Random)?;
    Ok(bytes)
}

/// Why a key or secret cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyError {
    /// Not an API key.
    Project,
    /// Not a secret.
    Secret,
    /// The same key with two secrets.
    Repeated,
    /// The system gives no random bytes.
    Random,
}

impl fmt::Display for KeyError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Project => {
                "an API key has 1 to 64 ASCII letters, digits and - (best: a number up to 2147483647)"
            }
            Self::Secret => "an API secret has 1 to 1024 bytes",
            Self::Repeated => "an API key is given twice; give each key once, with one secret",
            Self::Random => "the system gives no random bytes",
        })
    }
}

impl std::error::Error for KeyError {}

/// A secret in the shapes that signing and verifying need.
pub(crate) struct Key {
    pub(crate) project: ProjectId,
    pub(crate) t1: hmac::Key,
    pub(crate) jwt_verify: DecodingKey,
    pub(crate) jwt_sign: EncodingKey,
}

impl Key {
    fn new(pair: &KeyPair) -> Self {
        let secret = pair.secret.expose().as_bytes();
        Self {
            project: pair.project.clone(),
            t1: hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret),
            jwt_verify: DecodingKey::from_secret(secret),
            jwt_sign: EncodingKey::from_secret(secret),
        }
    }
}

/// All projects of a server.
pub struct Keys(BTreeMap<String, Key>);

impl Keys {
    /// The projects of these pairs.
    pub fn new(pairs: &[KeyPair]) -> Result<Self, KeyError> {
        let mut keys = BTreeMap::new();
        for pair in pairs {
            if keys.insert(pair.project.as_str().to_owned(), Key::new(pair)).is_some() {
                return Err(KeyError::Repeated);
            }
        }
        Ok(Self(keys))
    }

    /// Whether the server works for that project.
    pub fn knows(&self, project: &str) -> bool {
        self.0.contains_key(project)
    }

    pub(crate) fn get(&self, project: &str) -> Option<&Key> {
        self.0.get(project)
    }
}

/// The projects without their secrets.
impl fmt::Debug for Keys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_pairs_suit_every_sdk_and_differ() {
        let (one, two) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
        assert!(one.project.suits_every_sdk() && one.project.as_str().len() == 8);
        assert_eq!(one.secret.expose().len(), 40);
        assert_ne!(one.secret, two.secret);
    }

    #[test]
    fn a_secret_is_not_shown() {
        let pair = KeyPair::new("123456", "hush").unwrap();
        assert!(!format!("{pair:?}").contains("hush"));
        assert!(!format!("{:?}", Keys::new(&[pair]).unwrap()).contains("hush"));
    }

    #[test]
    fn keys_and_secrets_are_checked() {
        assert_eq!(KeyPair::new("", "s").unwrap_err(), KeyError::Project);
        assert_eq!(KeyPair::new("a b", "s").unwrap_err(), KeyError::Project);
        assert_eq!(KeyPair::new("1", "").unwrap_err(), KeyError::Secret);
        assert_eq!(KeyPair::new("1", &"s".repeat(1025)).unwrap_err(), KeyError::Secret);
        let pair = KeyPair::new("1", "s").unwrap();
        assert_eq!(Keys::new(&[pair.clone(), pair]).err(), Some(KeyError::Repeated));
    }
}
