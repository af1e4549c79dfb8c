//! Numbers of the file, and what they may be.

use super::ConfigError;
use std::ops::RangeInclusive;

/// A number that the file gives, if it gives one, and if it may be that.
pub(super) fn within(
    name: &'static str,
    value: Option<u64>,
    range: RangeInclusive<u64>,
) -> Result<Option<u64>, ConfigError> {
    match value {
        Some(value) if !range.contains(&value) => Err(ConfigError::Number(name, range)),
        value => Ok(value),
    }
}
