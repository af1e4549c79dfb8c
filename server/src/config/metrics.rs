//! `[metrics]`.

use super::{ConfigError, resolve};
use crate::metrics::Settings;
use serde::Deserialize;

/// The section of the file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Section {
    listen: Option<String>,
}

impl Section {
    /// The settings; what was `given` goes before the file.
    pub(super) fn settings(self, given: Option<String>) -> Result<Settings, ConfigError> {
        let listen = given.or(self.listen);
        Ok(Settings { listen: listen.as_deref().map(resolve).transpose()? })
    }
}
