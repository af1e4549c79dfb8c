//! API keys and their secrets.

use crate::unrepeated;
use otc_protocol::session_id::ProjectId;
use ring::rand::{SecureRandom, SystemRandom};
use serde::de::Error;
use serde::{Deserialize, Deserializer};
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
        match unrepeated::text(deserializer)? {
            Some(text) => Self::new(text).map_err(D::Error::custom),
            None => Err(D::Error::custom("a secret is a text in quotes")),
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
    /// Not the id of an application.
    Application,
    /// Not a name.
    Name,
    /// The same project twice.
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
            Self::Application => "an application id is a UUID",
            Self::Name => "the name of a project has at most 128 characters, on one line",
            Self::Repeated => {
                "an API key or application is given twice; give each once (a second secret: previous_api_secret)"
            }
            Self::Random => "the system gives no random bytes",
        })
    }
}

impl std::error::Error for KeyError {}

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
    }

    #[test]
    fn keys_and_secrets_are_checked() {
        assert_eq!(KeyPair::new("", "s").unwrap_err(), KeyError::Project);
        assert_eq!(KeyPair::new("a b", "s").unwrap_err(), KeyError::Project);
        assert_eq!(KeyPair::new("1", "").unwrap_err(), KeyError::Secret);
        assert_eq!(KeyPair::new("1", &"s".repeat(1025)).unwrap_err(), KeyError::Secret);
    }
}
