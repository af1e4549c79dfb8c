//! `trusted_proxies` and `forwarded_header`: which proxies are believed, and in which header.

use super::ConfigError;
use crate::http::{Proxies, Subnet, Wording};

/// The proxies of a list; without one none is believed.
pub(super) fn complete(
    list: Option<Vec<String>>,
    forwarded_header: Option<&str>,
) -> Result<Proxies, ConfigError> {
    let wording = forwarded_header
        .map_or(Some(Wording::default()), Wording::from_name)
        .ok_or(ConfigError::ForwardedHeader)?;
    let read = |(number, text): (usize, String)| {
        Subnet::parse(text.trim()).map_err(|error| ConfigError::Proxy(number, error))
    };
    let subnets = (1..).zip(list.unwrap_or_default()).map(read).collect::<Result<_, _>>()?;
    Proxies::new(subnets, wording).ok_or(ConfigError::Proxies)
}
