//! The secret of end-to-end encryption. It protects media; signals are not encrypted with it.

use super::Engine;
use super::io::{Refused, Secret};
use otc_protocol::error::ErrorCode;
use otc_protocol::limits::ENCRYPTION_SECRET_CHARS;
use otc_protocol::raptor::RESENDS_IN_ORDER;
use otc_protocol::session_info::Properties;

impl Engine {
    pub(super) fn set_encryption_secret(&mut self, secret: Secret) -> Result<(), Refused> {
        if !ENCRYPTION_SECRET_CHARS.contains(&secret.0.chars().count()) {
            let text = "The encryption secret must have 8 to 256 characters.";
            return Err(Refused { code: ErrorCode::InvalidEncryptionSecret, text });
        }
        self.encryption_secret = Some(secret);
        Ok(())
    }

    /// What this client says that it can do (`wire.md §2.2`, `§5.1`).
    pub(super) fn client_capabilities(&self, session: &Properties) -> Vec<String> {
        let encrypts = session.e2ee && self.encryption_secret.is_some();
        let names = ["forceMute", RESENDS_IN_ORDER].into_iter().chain(encrypts.then_some("e2ee"));
        names.map(str::to_owned).collect()
    }
}
