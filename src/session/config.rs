//! What a session is made with.

use std::time::Duration;

/// What the application decided before it connects; fixed for the life of the session.
#[derive(Clone, Debug)]
pub struct Config {
    /// API key or application id.
    pub api_key: String,
    /// Which session.
    pub session_id: String,
    /// Where the session info is asked for, without a slash at the end.
    pub api_url: String,
    /// Hear of nobody's coming and going.
    pub connection_events_suppressed: bool,
    /// How long to try to come back.
    pub reconnect_window: Duration,
    /// What the client calls itself.
    pub user_agent: String,
}

/// The hosted platform's address for an API key (`rest.md §2`).
const HOSTED_FOR_KEYS: &str = "https://api.opentok.com";
/// The hosted platform's address for an application id.
const HOSTED_FOR_APPLICATIONS: &str = "https://video.api.vonage.com";

/// The hosted platform's API URL for what looks like an API key (digits) or an application id (a UUID).
pub fn hosted_api_url(api_key: &str) -> &'static str {
    if otc_protocol::uuid::parse(api_key).is_some() { HOSTED_FOR_APPLICATIONS } else { HOSTED_FOR_KEYS }
}
