//! Why a server does not start, in words that say what to do.

use super::DEFAULT_LISTEN;
use crate::http::SubnetError;
use crate::keys::KeyError;
use crate::projects::PublicKeyError;
use crate::secret_file::SecretFileError;
use otc_protocol::limits::{RATE_MOST, SIGNAL_BURST_SECONDS, TRUSTED_PROXIES};
use std::fmt;
use std::net::SocketAddr;
use std::ops::RangeInclusive;

/// Why the server does not start.
#[derive(Debug)]
pub enum ConfigError {
    /// Not an address.
    Listen(String),
    /// Open to others without a key.
    Open(SocketAddr),
    /// A key without a secret or the other way round.
    Half(&'static str, &'static str),
    /// A key or secret that cannot be one.
    Key(KeyError),
    /// Not a URL that clients could use.
    PublicUrl,
    /// Not the origin of a page: which of the list, from 1 on.
    Origin(usize),
    /// Not a subnet of proxies that can be believed: which of the list, from 1 on, and why.
    Proxy(usize, SubnetError),
    /// Too many subnets of proxies.
    Proxies,
    /// Not a header in which proxies say for whom they speak.
    ForwardedHeader,
    /// A number that cannot be one: the name of the setting, and what it may be.
    Number(&'static str, RangeInclusive<u64>),
    /// A grace that is too long.
    Grace,
    /// The text of an application is not one.
    Application,
    /// The public key of this application cannot be used.
    PublicKey(String, PublicKeyError),
    /// The status of this project is not one.
    Status(String, String),
    /// The time at which a secret of this key ends is not one.
    Time(String),
    /// A number of connections or streams that cannot be kept: the name of the setting, and the most.
    Count(&'static str, usize),
    /// A burst of signals that is none, or too large for its rate.
    Burst,
    /// A rate that is too high to be one: the name of the setting.
    Rate(&'static str),
    /// Replaced secrets would count for too long.
    Rotation,
    /// The account's key is a project's, too.
    AccountIsProject,
    /// A file with secrets that others may read, or one that they may change.
    Secrets(SecretFileError),
    /// Something about webhooks: what.
    Webhooks(String),
    /// Something about STUN and TURN servers: what.
    Ice(String),
    /// The file cannot be read.
    Unreadable(String, std::io::Error),
    /// The file is not what it should be: name, line, reason.
    Malformed(String, Option<usize>, String),
}

impl From<KeyError> for ConfigError {
    fn from(error: KeyError) -> Self {
        Self::Key(error)
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listen(text) => {
                write!(formatter, "cannot listen on {text:?}: give an address like {DEFAULT_LISTEN}")
            }
            Self::Open(address) => write!(
                formatter,
                "without an API key and secret the server listens on this machine only, not on {address}: \
                 give --api-key and --api-secret (or OTC_API_KEY and OTC_API_SECRET, or --config)"
            ),
            Self::Half(given, missing) => {
                write!(formatter, "{given} was given without {missing}: give both or none")
            }
            Self::Key(error) => error.fmt(formatter),
            // Without the text: who writes a password into a URL does so anywhere in it.
            Self::PublicUrl => formatter.write_str(
                "the public URL is not one: give http(s)://host[:port][/path], without user, query or fragment",
            ),
            Self::Origin(number) => write!(
                formatter,
                "number {number} of allowed_origins is not the origin of a page: give scheme://host[:port] without a path, like https://app.example, \
                 and leave allowed_origins out when pages of any origin may come"
            ),
            Self::Proxy(number, error) => {
                let reason = match error {
                    SubnetError::Malformed => "is neither an address nor a subnet",
                    SubnetError::Beyond => "has bits beyond its length",
                    SubnetError::Everybody => {
                        "would believe everybody, so that anybody could say that he is somebody else"
                    }
                };
                write!(formatter, "number {number} of trusted_proxies {reason}: give one like 10.0.0.0/8 or 127.0.0.1")
            }
            Self::Proxies => write!(formatter, "there are more than {TRUSTED_PROXIES} trusted_proxies: give larger subnets"),
            Self::ForwardedHeader => formatter.write_str("forwarded_header is neither X-Forwarded-For nor Forwarded: give the one that your proxy sets"),
            Self::Number(name, range) => write!(
                formatter,
                "{name} must be a number from {} to {}: give another, or leave it out",
                range.start(),
                range.end()
            ),
            Self::Grace => write!(formatter, "the grace is longer than a day: give fewer seconds"),
            Self::Application => {
                formatter.write_str("an application is given as UUID=FILE, with the file of its public key")
            }
            Self::PublicKey(id, error @ PublicKeyError::In(..)) => {
                write!(formatter, "the public key of the application {id:?}: {error}")
            }
            Self::PublicKey(id, error) => {
                write!(formatter, "the public key of the application {id:?} {error}")
            }
            Self::Status(id, word) => {
                write!(formatter, "the status of {id} is {word:?}: give \"active\" or \"suspended\"")
            }
            Self::Time(key) => write!(
                formatter,
                "previous_valid_until of the key {key:?} is no time: give one like 2030-01-31T12:00:00Z, or Unix seconds"
            ),
            Self::Count(name, most) => write!(formatter, "{name} is not between 1 and {most}"),
            Self::Burst => write!(
                formatter,
                "signal_burst is not between 1 and {SIGNAL_BURST_SECONDS} times signals_per_second"
            ),
            Self::Rate(name) => {
                write!(formatter, "{name} is more than {RATE_MOST}: give fewer, or 0 for no limit")
            }
            Self::Rotation => write!(formatter, "rotation_hours is more than 30 days: give at most 720"),
            Self::AccountIsProject => {
                formatter.write_str("the account has the key of a project: give it a key of its own")
            }
            Self::Secrets(error) => error.fmt(formatter),
            Self::Webhooks(reason) => write!(formatter, "webhooks: {reason}"),
            Self::Ice(reason) => write!(formatter, "ice: {reason}"),
            Self::Unreadable(file, error) => write!(formatter, "cannot read {file}: {error}"),
            Self::Malformed(file, line, reason) => {
                let line = line.map(|line| format!(", line {line}")).unwrap_or_default();
                write!(formatter, "{file}{line}: {reason}")
            }
        }
    }
}

impl std::error::Error for ConfigError {}
