//! `[limits]`: what may be set of how much callers may do.

use super::ConfigError;
use otc_protocol::limits::{FAILED_CALLS_PER_SECOND, RATE_MOST, REST_CALLS_PER_SECOND};
use serde::Deserialize;

/// The section of the file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileLimits {
    rest_per_second: Option<u32>,
    failed_rest_per_second: Option<u32>,
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
}
