//! `[limits]`: what may be set of how much callers may do.

use super::ConfigError;
use super::within::within;
use crate::http::Proxies;
use crate::sessions::{Settings, SignalRate};
use crate::{listener, load};
use otc_protocol::limits::{
    ARRIVALS_MOST, FAILED_CALLS_PER_SECOND, HTTP_HEAD_TIMEOUT_MOST, LATE_AFTER_MOST, OPEN_SOCKETS, RATE_MOST,
    REST_CALLS_PER_SECOND, RESUME_GRACE, RESUME_GRACE_MOST, SESSION_CONNECTIONS, SESSION_STREAMS,
    TLS_HANDSHAKE_TIMEOUT_MOST,
};
use serde::Deserialize;
use std::time::Duration;

const MEGABYTE: u64 = 1024 * 1024;
/// Most of them that can be set: a terabyte.
const MEGABYTES_MOST: u64 = 1024 * 1024;

/// The section of the file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileLimits {
    rest_per_second: Option<u32>,
    failed_rest_per_second: Option<u32>,
    connections_per_address: Option<u64>,
    arrivals_per_address: Option<u64>,
    head_seconds: Option<u64>,
    handshake_seconds: Option<u64>,
    connections_per_session: Option<usize>,
    streams_per_session: Option<usize>,
    signals_per_second: Option<u32>,
    signal_burst: Option<u32>,
    connections: Option<u64>,
    messages_megabytes: Option<u64>,
    late_milliseconds: Option<u64>,
}

/// How often REST calls may come.
#[derive(Clone, Copy, Debug)]
pub struct RestRates {
    /// Calls of one project in a second, with five seconds' worth at once; 0: as many as it likes.
    pub per_second: u32,
    /// Calls with a bad token, about one project and from one address, in a second, as above.
    pub failed_per_second: u32,
}

impl Default for RestRates {
    fn default() -> Self {
        Self { per_second: REST_CALLS_PER_SECOND, failed_per_second: FAILED_CALLS_PER_SECOND }
    }
}

impl FileLimits {
    /// What the section says of REST calls.
    pub(super) fn rest_rates(&self) -> Result<RestRates, ConfigError> {
        let default = RestRates::default();
        let rate = |name: &'static str, given: Option<u32>, default: u32| match given.unwrap_or(default) {
            rate if rate > RATE_MOST => Err(ConfigError::Rate(name)),
            rate => Ok(rate),
        };
        Ok(RestRates {
            per_second: rate("rest_per_second", self.rest_per_second, default.per_second)?,
            failed_per_second: rate(
                "failed_rest_per_second",
                self.failed_rest_per_second,
                default.failed_per_second,
            )?,
        })
    }

    /// What the section says of rooms, which keep a lost socket for so many seconds.
    pub(super) fn rooms(&self, grace_seconds: Option<u64>) -> Result<Settings, ConfigError> {
        let resume_grace = grace_seconds.map_or(RESUME_GRACE, Duration::from_secs);
        if resume_grace > RESUME_GRACE_MOST {
            return Err(ConfigError::Grace);
        }
        let count = |name, given: Option<usize>, most| match given.unwrap_or(most) {
            count if (1..=most).contains(&count) => Ok(count),
            _ => Err(ConfigError::Count(name, most)),
        };
        Ok(Settings {
            resume_grace,
            session_connections: count(
                "connections_per_session",
                self.connections_per_session,
                SESSION_CONNECTIONS,
            )?,
            session_streams: count("streams_per_session", self.streams_per_session, SESSION_STREAMS)?,
            signal_rate: self.signal_rate()?,
            ..Settings::default()
        })
    }

    fn signal_rate(&self) -> Result<Option<SignalRate>, ConfigError> {
        match (self.signals_per_second.unwrap_or(0), self.signal_burst) {
            (0, None) => Ok(None),
            (0, Some(_)) => Err(ConfigError::Half("a signal_burst", "signals_per_second")),
            (rate, _) if rate > RATE_MOST => Err(ConfigError::Rate("signals_per_second")),
            (rate, burst) => SignalRate::new(rate, burst).map(Some).ok_or(ConfigError::Burst),
        }
    }
}

/// Those of all clients together.
impl FileLimits {
    /// What the section says of how much is too much.
    pub(super) fn load(&self) -> Result<load::Settings, ConfigError> {
        let usual = load::Settings::default();
        let connections = within("limits.connections", self.connections, 1..=OPEN_SOCKETS as u64)?;
        let megabytes = within("limits.messages_megabytes", self.messages_megabytes, 1..=MEGABYTES_MOST)?;
        let late_most = u64::try_from(LATE_AFTER_MOST.as_millis()).unwrap_or(u64::MAX);
        let late = within("limits.late_milliseconds", self.late_milliseconds, 1..=late_most)?;
        Ok(load::Settings {
            connections: connections.and_then(|most| usize::try_from(most).ok()).unwrap_or(usual.connections),
            messages_bytes: megabytes
                .and_then(|megabytes| usize::try_from(megabytes * MEGABYTE).ok())
                .unwrap_or(usual.messages_bytes),
            late_after: late.map_or(usual.late_after, Duration::from_millis),
        })
    }
}

/// Those of the listener.
impl FileLimits {
    /// What the section says of connections.
    pub(super) fn listener(&self, proxies: Proxies) -> Result<listener::Settings, ConfigError> {
        let usual = listener::Settings::default();
        let connections =
            within("limits.connections_per_address", self.connections_per_address, 1..=OPEN_SOCKETS as u64)?;
        let arrivals =
            within("limits.arrivals_per_address", self.arrivals_per_address, 1..=ARRIVALS_MOST.into())?;
        let head = within("limits.head_seconds", self.head_seconds, 1..=HTTP_HEAD_TIMEOUT_MOST.as_secs())?;
        let handshake = within(
            "limits.handshake_seconds",
            self.handshake_seconds,
            1..=TLS_HANDSHAKE_TIMEOUT_MOST.as_secs(),
        )?;
        Ok(listener::Settings {
            connections_per_address: connections
                .and_then(|most| usize::try_from(most).ok())
                .unwrap_or(usual.connections_per_address),
            arrivals_per_address: arrivals.and_then(|rate| u32::try_from(rate).ok()),
            head_timeout: head.map_or(usual.head_timeout, Duration::from_secs),
            handshake_timeout: handshake.map_or(usual.handshake_timeout, Duration::from_secs),
            proxies,
        })
    }
}
