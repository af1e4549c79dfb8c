//! The account: who may make projects (`rest.md §2.5`).

use super::{Unproven, verify_jwt};
use crate::keys::{KeyError, KeyPair, Secret};
use crate::projects::{Credentials, Proof};
use otc_protocol::session_id::ProjectId;
use otc_protocol::token::Jwt;
use std::fmt;

/// The key and secret of account calls.
pub struct Account {
    key: ProjectId,
    credentials: Credentials,
    /// Stands in for the credentials of accounts that are not this one.
    nobody: Credentials,
}

impl Account {
    /// The account of that key and secret.
    pub fn new(pair: KeyPair) -> Result<Self, KeyError> {
        let credentials = |secret: Secret| Credentials::new(&Proof::Secret { secret, previous: None });
        Ok(Self {
            key: pair.project,
            credentials: credentials(pair.secret),
            nobody: credentials(KeyPair::generate()?.secret),
        })
    }

    /// Its key.
    pub(super) fn key(&self) -> &ProjectId {
        &self.key
    }

    /// Whether it has signed that JWT; `known`: the JWT names it.
    pub(super) fn verify(&self, known: bool, jwt: &Jwt<'_>, now_s: u64) -> Result<(), Unproven> {
        let credentials = if known { &self.credentials } else { &self.nobody };
        verify_jwt(jwt, credentials, known, now_s)
    }
}

/// Without the secret.
impl fmt::Debug for Account {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Account({})", self.key)
    }
}
