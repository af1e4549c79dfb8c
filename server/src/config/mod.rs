//! What the server is started with: flags, environment and file, put together and checked.

mod account;
mod archives;
mod check;
mod error;
mod ice;
mod inspect;
mod keys;
mod limits;
mod metrics;
mod origins;
mod proxies;
mod tls;
mod webhooks;
mod within;

pub use account::AccountSettings;
pub use error::ConfigError;
pub use ice::GivenIce;
pub use limits::RestRates;

use crate::archives::Settings as ArchiveSettings;
use crate::http::{Origins, Proxies, PublicUrl, Subnet, Wording};
use crate::keys::{KeyError, KeyPair, Secret};
use crate::listener;
use crate::projects::Definition;
use crate::secret_file::{Access, TextFile};
use crate::sessions;
use crate::tls::Files;
use account::FileAccount;
use keys::{FileApplication, FileKey};
use limits::FileLimits;
use otc_protocol::limits::DRAIN_MOST;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::time::Duration;
use within::within;

/// Where the server listens when it is not told.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:8080";

/// A server's configuration, complete and checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The projects to work for.
    pub projects: Vec<Definition>,
    /// Who may make more of them.
    pub account: AccountSettings,
    /// How often REST calls may come.
    pub rest_rates: RestRates,
    /// The address at which clients reach the server, when it cannot be seen from their requests.
    pub public_url: Option<PublicUrl>,
    /// Whether the role `subscriber` may send signals (`rest.md §1.4` leaves it open).
    pub subscriber_may_signal: bool,
    /// Where the server keeps what outlives it; `None`: nothing does.
    pub data: Option<PathBuf>,
    /// The certificate with which it speaks HTTPS; `None`: it speaks HTTP.
    pub tls: Option<Files>,
    /// Whose pages may use it.
    pub origins: Origins,
    /// How long sessions go on when the server is told to stop; `None`: not at all.
    pub drain: Option<Duration>,
    /// What of the listener can be set.
    pub listener: listener::Settings,
    /// What of the rooms can be set.
    pub rooms: sessions::Settings,
    /// Who is told what happens, and how.
    pub webhooks: crate::webhooks::Settings,
    /// What of archives can be set.
    pub archives: ArchiveSettings,
    /// Whether there is a page that shows sessions.
    pub inspect: bool,
    /// How much is too much.
    pub load: crate::load::Settings,
    /// What of metrics can be set.
    pub metrics: crate::metrics::Settings,
}

impl Config {
    /// A server for one project on a free port of this machine alone, as tests want it.
    pub fn local(pair: KeyPair) -> Self {
        let listen = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
        Self {
            listen,
            projects: vec![pair.into()],
            account: AccountSettings::default(),
            rest_rates: RestRates::default(),
            public_url: None,
            subscriber_may_signal: false,
            data: None,
            tls: None,
            origins: Origins::Any,
            drain: None,
            listener: listener::Settings::default(),
            rooms: sessions::Settings::default(),
            webhooks: crate::webhooks::Settings::default(),
            archives: ArchiveSettings::default(),
            inspect: true,
            load: crate::load::Settings::default(),
            metrics: crate::metrics::Settings::default(),
        }
    }

    /// The same behind proxies on this machine, which are believed.
    pub fn behind_proxies(pair: KeyPair) -> Self {
        let subnets = ["127.0.0.0/8", "::1"].map(Subnet::parse);
        let subnets = subnets.into_iter().filter_map(Result::ok).collect();
        let proxies = Proxies::new(subnets, Wording::default()).unwrap_or_default();
        let listener = listener::Settings { proxies, ..listener::Settings::default() };
        Self { listener, ..Self::local(pair) }
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
    /// Applications: each an id, `=`, and the file of its public key.
    pub applications: Vec<String>,
    /// The key of account calls.
    pub account_key: Option<String>,
    /// Its secret.
    pub account_secret: Option<Secret>,
    /// Whether files with secrets may be readable by others.
    pub readable_secrets: bool,
    /// A certificate.
    pub tls_cert: Option<PathBuf>,
    /// Its key.
    pub tls_key: Option<PathBuf>,
    /// The origins of pages that may use the server.
    pub allowed_origins: Option<Vec<String>>,
    /// The subnets of proxies that are believed.
    pub trusted_proxies: Option<Vec<String>>,
    /// The header in which they say for whom they speak.
    pub forwarded_header: Option<String>,
    /// Whether there is no page that shows sessions.
    pub no_inspect: bool,
    /// STUN and TURN servers.
    pub ice: GivenIce,
    /// Where metrics can be read.
    pub metrics_listen: Option<String>,
    /// Seconds for which sessions go on when the server is told to stop.
    pub drain_seconds: Option<u64>,
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
    allowed_origins: Option<Vec<String>>,
    trusted_proxies: Option<Vec<String>>,
    forwarded_header: Option<String>,
    drain_seconds: Option<u64>,
    #[serde(default)]
    allow_readable_secrets: bool,
    #[serde(default)]
    tls: tls::Tls,
    #[serde(default)]
    keys: Vec<FileKey>,
    #[serde(default)]
    applications: Vec<FileApplication>,
    #[serde(default)]
    account: FileAccount,
    #[serde(default)]
    limits: FileLimits,
    #[serde(default)]
    webhooks: Vec<webhooks::FileHook>,
    #[serde(default)]
    webhook_delivery: webhooks::FileDelivery,
    webhook_private_targets: Option<bool>,
    #[serde(rename = "webhook_ca_file")]
    webhook_ca: Option<PathBuf>,
    #[serde(default)]
    archives: archives::Section,
    #[serde(default)]
    inspect: inspect::Section,
    #[serde(default)]
    ice: ice::FileIce,
    #[serde(default)]
    metrics: metrics::Section,
}

impl File {
    /// Whether somebody who reads the file could then do what only its owner may.
    fn has_secrets(&self) -> bool {
        !self.keys.is_empty()
            || self.account.has_secret()
            || self.ice.has_secret()
            || self.webhooks.iter().any(webhooks::FileHook::has_secret)
    }
}

impl Given {
    /// The configuration, and the key pair that was made up for it because none was given.
    pub fn complete(self) -> Result<(Config, Option<KeyPair>), ConfigError> {
        let access = if self.readable_secrets { Access::Anybody } else { Access::OwnerOnly };
        let mut file =
            self.file.as_deref().map(|path| read_file(path, access)).transpose()?.unwrap_or_default();
        let (keys, applications) = (std::mem::take(&mut file.keys), std::mem::take(&mut file.applications));
        let mut projects = keys::definitions(&self, keys, applications)?;
        let account = std::mem::take(&mut file.account).complete(&self)?;
        let listen = self.listen.or(file.listen);
        let listen = resolve(listen.as_deref().unwrap_or(DEFAULT_LISTEN))?;
        // Who makes projects by REST need not begin with one.
        let alone = projects.is_empty() && account.pair.is_none();
        let generated = if alone { Some(generate(listen)?) } else { None };
        projects.extend(generated.clone().map(Definition::from));
        check_ids(&projects, &account)?;
        let mut rooms = file.limits.rooms(self.grace_seconds.or(file.grace_seconds))?;
        rooms.ice_servers = file.ice.complete(self.ice)?;
        let rest_rates = file.limits.rest_rates()?;
        let public_url = self.public_url.or(file.public_url);
        let public_url =
            public_url.map(|url| PublicUrl::parse(&url).ok_or(ConfigError::PublicUrl)).transpose()?;
        let subscriber_may_signal = self.subscriber_may_signal || file.subscriber_may_signal;
        let data = self.data.or(file.data);
        let webhooks = webhooks::settings(
            file.webhooks,
            &file.webhook_delivery,
            file.webhook_private_targets,
            file.webhook_ca,
        )?;
        let archives = file.archives.settings()?;
        let access = if file.allow_readable_secrets { Access::Anybody } else { access };
        let tls = file.tls.complete(tls::Tls { cert: self.tls_cert, key: self.tls_key }, access)?;
        let origins = origins::complete(self.allowed_origins.or(file.allowed_origins))?;
        let drain = self.drain_seconds.or(file.drain_seconds);
        let drain = within("drain_seconds", drain, 0..=DRAIN_MOST.as_secs())?.filter(|seconds| *seconds > 0);
        let drain = drain.map(Duration::from_secs);
        let forwarded_header = self.forwarded_header.or(file.forwarded_header);
        let trusted_proxies = self.trusted_proxies.or(file.trusted_proxies);
        let proxies = proxies::complete(trusted_proxies, forwarded_header.as_deref())?;
        let listener = file.limits.listener(proxies)?;
        let load = file.limits.load()?;
        let metrics = file.metrics.settings(self.metrics_listen)?;
        let config = Config {
            listen,
            projects,
            account,
            rest_rates,
            public_url,
            subscriber_may_signal,
            data,
            tls,
            origins,
            drain,
            listener,
            rooms,
            webhooks,
            archives,
            inspect: !self.no_inspect && file.inspect.enabled,
            load,
            metrics,
        };
        Ok((config, generated))
    }
}

fn read_file(path: &Path, access: Access) -> Result<File, ConfigError> {
    let shown = path.display().to_string();
    let read = TextFile::read(path).map_err(|error| ConfigError::Unreadable(shown.clone(), error))?;
    let text = &read.text;
    // The parser's full message quotes the line, and the line may hold a secret.
    let file: File = toml::from_str(text).map_err(|error: toml::de::Error| {
        let line = error.span().map(|span| 1 + text[..span.start].matches('\n').count());
        ConfigError::Malformed(shown, line, without_value(error.message()))
    })?;
    if file.has_secrets() && !file.allow_readable_secrets {
        read.check(path, access).map_err(ConfigError::Secrets)?;
    }
    // Whatever the file says of that itself: who may write it could have written that.
    read.check_writers(path, access).map_err(ConfigError::Secrets)?;
    Ok(file)
}

/// What the parser says, without the value that it did not expect: that may be a secret at the wrong place.
fn without_value(message: &str) -> String {
    let starts = ["invalid type: ", "invalid value: ", "unknown variant "];
    let Some(start) = starts.into_iter().find(|start| message.starts_with(start)) else {
        return message.to_owned();
    };
    // The last one: the value may hold the same words.
    let expected = message.rfind(", expected ").map_or("", |at| &message[at..]);
    let kind = message[start.len()..].split(['"', '`', ',']).next().unwrap_or_default().trim_end();
    format!("{}{kind}{expected}", if kind.is_empty() { start.trim_end() } else { start })
}

/// Each project is there once, and the account is none of them.
fn check_ids(projects: &[Definition], account: &AccountSettings) -> Result<(), ConfigError> {
    let mut ids = BTreeSet::new();
    if !projects.iter().all(|project| ids.insert(project.id.as_str())) {
        return Err(KeyError::Repeated.into());
    }
    match &account.pair {
        Some(pair) if ids.contains(pair.project.as_str()) => Err(ConfigError::AccountIsProject),
        _ => Ok(()),
    }
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

#[cfg(test)]
mod example_tests;
#[cfg(test)]
mod limits_tests;
#[cfg(test)]
mod tests;
