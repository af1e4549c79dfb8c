//! `allowed_origins`: whose pages may use the server.

use super::ConfigError;
use crate::http::{Origin, Origins};

/// The origins of a list; without a list every page may.
pub(super) fn complete(list: Option<Vec<String>>) -> Result<Origins, ConfigError> {
    let Some(list) = list else { return Ok(Origins::Any) };
    let read = |(number, text): (usize, String)| Origin::parse(&text).ok_or(ConfigError::Origin(number));
    Ok(Origins::Only((1..).zip(list).map(read).collect::<Result<_, _>>()?))
}
