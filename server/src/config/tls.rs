//! `[tls]`: the certificate with which the server speaks HTTPS.

use super::ConfigError;
use crate::secret_file::Access;
use crate::tls::Files;
use serde::Deserialize;
use std::path::PathBuf;

/// What was said of it, by the file or by the command line.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tls {
    pub(super) cert: Option<PathBuf>,
    pub(super) key: Option<PathBuf>,
}

impl Tls {
    /// The two files, each from `given` if it is there.
    pub(super) fn complete(self, given: Self, access: Access) -> Result<Option<Files>, ConfigError> {
        match (given.cert.or(self.cert), given.key.or(self.key)) {
            (Some(cert), Some(key)) => Ok(Some(Files { cert, key, access })),
            (None, None) => Ok(None),
            (Some(_), None) => {
                Err(ConfigError::Half("a certificate", "its key (--tls-key, OTC_TLS_KEY, or key in [tls])"))
            }
            (None, Some(_)) => Err(ConfigError::Half(
                "the key of a certificate",
                "the certificate (--tls-cert, OTC_TLS_CERT, or cert in [tls])",
            )),
        }
    }
}
