//! `[account]`: who may make projects by REST (`rest.md §2.5`).

use super::{ConfigError, Given};
use crate::keys::{KeyPair, Secret};
use otc_protocol::limits::{SECRET_ROTATION, SECRET_ROTATION_MOST};
use serde::Deserialize;
use std::time::Duration;

/// The section of the file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileAccount {
    key: Option<String>,
    secret: Option<Secret>,
    rotation_hours: Option<u64>,
}

/// Who may make projects, and what becomes of the secrets that are replaced.
#[derive(Clone, Debug)]
pub struct AccountSettings {
    /// The account's key and secret; `None`: account calls are off.
    pub pair: Option<KeyPair>,
    /// How long a secret counts that was replaced.
    pub rotation: Duration,
}

impl Default for AccountSettings {
    fn default() -> Self {
        Self { pair: None, rotation: SECRET_ROTATION }
    }
}

impl FileAccount {
    pub(super) fn has_secret(&self) -> bool {
        self.secret.is_some()
    }

    /// The section, and what the command line says instead.
    pub(super) fn complete(self, given: &Given) -> Result<AccountSettings, ConfigError> {
        let key = given.account_key.clone().or(self.key);
        let secret = given.account_secret.clone().or(self.secret);
        let pair = match (key, secret) {
            (Some(key), Some(secret)) => Some(KeyPair::new(&key, secret.expose())?),
            (None, None) => None,
            (Some(_), None) => {
                return Err(ConfigError::Half(
                    "an account key",
                    "an account secret (--account-secret or OTC_ACCOUNT_SECRET)",
                ));
            }
            (None, Some(_)) => {
                return Err(ConfigError::Half(
                    "an account secret",
                    "an account key (--account-key or OTC_ACCOUNT_KEY)",
                ));
            }
        };
        let rotation = self
            .rotation_hours
            .map_or(SECRET_ROTATION, |hours| Duration::from_secs(hours.saturating_mul(3600)));
        if rotation > SECRET_ROTATION_MOST {
            return Err(ConfigError::Rotation);
        }
        Ok(AccountSettings { pair, rotation })
    }
}
