//! What the server is started with: flags, environment and file, put together and checked.

use crate::http::PublicUrl;
use crate::keys::{KeyError, KeyPair, Keys, Secret};
use crate::sessions;
use otc_protocol::limits::RESUME_GRACE;
use serde::Deserialize;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where the server listens when it is not told.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:8080";
/// Longest time that a lost socket may be waited for.
const GRACE_MOST: Duration = Duration::from_secs(24 * 60 * 60);

/// A server's configuration, complete and checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The projects to work for.
    pub keys: Vec<KeyPair>,
    /// The address at which clients reach the server, when it cannot be seen from their requests.
    pub public_url: Option<PublicUrl>,
    /// Whether the role `subscriber` may send signals (`rest.md §1.4` leaves it open).
    pub subscriber_may_signal: bool,
    /// Where the server keeps what outlives it; `None`: nothing does.
    pub data: Option<PathBuf>,
    /// What of the rooms can be set.
    pub rooms: sessions::Settings,
}

impl Config {
    /// A server for one project on a free port of this machine alone, as tests want it.
    pub fn local(pair: KeyPair) -> Self {
        let listen = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
        Self {
            listen,
            keys: vec![pair],
            public_url: None,
            subscriber_may_signal: false,
            data: None,
            rooms: sessions::Settings::default(),
        }
    }
}

/// What the command line and the environment said; it goes before the file.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// Where to listen.
    pub listen: Option<String>,
    /// One API key.
    pub api_key: Option<String>,
    /// Its secret.
    pub api_secret: Option<Secret>,
    /// A TOML file.
    pub file: Option<PathBuf>,
    /// The address at which clients reach the server.
    pub public_url: Option<String>,
    /// Whether subscribers may signal.
    pub subscriber_may_signal: bool,
    /// Where the server keeps what outlives it.
    pub data: Option<PathBuf>,
    /// Seconds for which a lost socket is waited for.
    pub grace_seconds: Option<u64>,
}

/// The file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    listen: Option<String>,
    public_url: Option<String>,
    #[serde(default)]
    subscriber_may_signal: bool,
    data: Option<PathBuf>,
    grace_seconds: Option<u64>,
    #[serde(default)]
    keys: Vec<FileKey>,
}

/// One `[[keys]]` of the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileKey {
    api_key: String,
    api_secret: Secret,
}

impl Given {
    /// The configuration, and the key pair that was made up for it because none was given.
    pub fn complete(self) -> Result<(Config, Option<KeyPair>), ConfigError> {
        let file = self.file.as_deref().map(read_file).transpose()?.unwrap_or_default();
        let mut keys = Vec::new();
        for key in &file.keys {
            keys.push(KeyPair::new(&key.api_key, key.api_secret.expose())?);
        }
        match (&self.api_key, &self.api_secret) {
            (Some(key), Some(secret)) => {
                let pair = KeyPair::new(key, secret.expose())?;
                keys.retain(|known| known.project != pair.project);
                keys.push(pair);
            }
            (None, None) => {}
            (Some(_), None) => {
                return Err(ConfigError::Half("a key", "a secret (--api-secret or OTC_API_SECRET)"));
            }
            (None, Some(_)) => return Err(ConfigError::Half("a secret", "a key (--api-key or OTC_API_KEY)")),
        }
        let listen = self.listen.or(file.listen);
        let listen = resolve(listen.as_deref().unwrap_or(DEFAULT_LISTEN))?;
        let generated = if keys.is_empty() { Some(generate(listen)?) } else { None };
        keys.extend(generated.clone());
        Keys::new(&keys)?;
        let grace = self.grace_seconds.or(file.grace_seconds).map_or(RESUME_GRACE, Duration::from_secs);
        if grace > GRACE_MOST {
            return Err(ConfigError::Grace);
        }
        let public_url = self.public_url.or(file.public_url);
        let public_url =
            public_url.map(|url| PublicUrl::parse(&url).ok_or(ConfigError::PublicUrl(url))).transpose()?;
        let subscriber_may_signal = self.subscriber_may_signal || file.subscriber_may_signal;
        let rooms = sessions::Settings { resume_grace: grace, ..sessions::Settings::default() };
        let data = self.data.or(file.data);
        Ok((Config { listen, keys, public_url, subscriber_may_signal, data, rooms }, generated))
    }
}

fn read_file(path: &Path) -> Result<File, ConfigError> {
    let shown = path.display().to_string();
    let text =
        std::fs::read_to_string(path).map_err(|error| ConfigError::Unreadable(shown.clone(), error))?;
    // The parser's full message quotes the line, and the line may hold a secret.
    toml::from_str(&text).map_err(|error: toml::de::Error| {
        let line = error.span().map(|span| 1 + text[..span.start].matches('\n').count());
        ConfigError::Malformed(shown, line, error.message().to_owned())
    })
}

fn resolve(listen: &str) -> Result<SocketAddr, ConfigError> {
    let address = listen.to_socket_addrs().ok().and_then(|mut addresses| addresses.next());
    address.ok_or_else(|| ConfigError::Listen(listen.to_owned()))
}

/// A server that nobody gave a key to works, for this machine only.
fn generate(listen: SocketAddr) -> Result<KeyPair, ConfigError> {
    if listen.ip().to_canonical().is_loopback() {
        Ok(KeyPair::generate()?)
    } else {
        Err(ConfigError::Open(listen))
    }
}

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
    PublicUrl(String),
    /// A grace that is too long.
    Grace,
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
            Self::PublicUrl(url) => {
                write!(formatter, "the public URL {url:?} is not one: give http(s)://host[:port][/path]")
            }
            Self::Grace => write!(formatter, "the grace is longer than a day: give fewer seconds"),
            Self::Unreadable(file, error) => write!(formatter, "cannot read {file}: {error}"),
            Self::Malformed(file, line, reason) => {
                let line = line.map(|line| format!(", line {line}")).unwrap_or_default();
                write!(formatter, "{file}{line}: {reason}")
            }
        }
    }
}

impl std::error::Error for ConfigError {}

#[cfg(test)]
mod tests;
