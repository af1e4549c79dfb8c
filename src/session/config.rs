//! What a session is made with.

use super::media::MediaConfig;
use super::proxy_url;
use std::time::Duration;

/// What this client calls its version.
pub const CLIENT_VERSION: &str = concat!("otc-", env!("CARGO_PKG_VERSION"));

/// What the application decided before it connects; fixed for the life of the session.
#[derive(Clone, Debug)]
pub struct Config {
    /// API key or application id.
    pub api_key: String,
    /// Which session.
    pub session_id: String,
    /// Where the session info is asked for, without a slash at the end.
    pub api_url: String,
    /// The server that stands in for all others (`wire.md §1.1`), without a slash at the end.
    pub proxy_url: Option<String>,
    /// Hear of nobody's coming and going.
    pub connection_events_suppressed: bool,
    /// How long to try to come back; zero: not at all.
    pub reconnect_window: Duration,
    /// Requests that may wait for the server's answer or for a connection.
    pub signal_queue: usize,
    /// What the client calls itself.
    pub user_agent: String,
    /// Follow the server to another one, once the library can.
    pub session_migration: bool,
    /// What the media half will want to know.
    pub media: MediaConfig,
}

impl Config {
    /// Where `url` is really asked for.
    pub(crate) fn through_proxy(&self, url: String) -> String {
        match &self.proxy_url {
            Some(proxy) => proxy_url::through(proxy, &url),
            None => url,
        }
    }
}

/// The hosted platform's address for an API key (`rest.md §2`).
const HOSTED_FOR_KEYS: &str = "https://api.opentok.com";
/// The hosted platform's address for an application id.
const HOSTED_FOR_APPLICATIONS: &str = "https://video.api.vonage.com";

/// The hosted platform's API URL for what looks like an API key (digits) or an application id (a UUID).
pub fn hosted_api_url(api_key: &str) -> &'static str {
    if otc_protocol::uuid::parse(api_key).is_some() { HOSTED_FOR_APPLICATIONS } else { HOSTED_FOR_KEYS }
}
