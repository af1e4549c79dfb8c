//! What proves the tokens of a project. Its kind chooses the algorithm; a token chooses nothing.

use super::{Previous, Proof, PublicKey};
use crate::keys::Secret;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use otc_protocol::token::{Jwt, T1};
use ring::hmac;

/// Keys made of a project's secrets, or its public key.
pub(crate) enum Credentials {
    Secret(Box<Secrets>),
    PublicKey(PublicKey),
}

/// The secret in the shapes that signing and verifying need, and the one before it.
pub(crate) struct Secrets {
    current: SecretKeys,
    previous: Option<(SecretKeys, Option<u64>)>,
}

struct SecretKeys {
    t1: hmac::Key,
    jwt: hmac::Key,
}

impl SecretKeys {
    fn new(secret: &Secret) -> Self {
        let secret = secret.expose().as_bytes();
        Self {
            t1: hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret),
            jwt: hmac::Key::new(hmac::HMAC_SHA256, secret),
        }
    }
}

impl Secrets {
    /// Whether one of the secrets that count has signed. Both are always tried: how long it takes says nothing of which
    /// there are. `ring::hmac::verify` compares in constant time.
    fn verify(&self, now_s: u64, key: impl Fn(&SecretKeys) -> &hmac::Key, signed: &[u8], tag: &[u8]) -> bool {
        let verify = |keys: &SecretKeys| {
            #[cfg(test)]
            CHECKS.with(|checks| checks.set(checks.get() + 1));
            hmac::verify(key(keys), signed, tag).is_ok()
        };
        let current = verify(&self.current);
        let (previous, until) = match &self.previous {
            Some((keys, until)) => (verify(keys), *until),
            None => (verify(&self.current), None),
        };
        current | (previous & self.previous.is_some() & until.is_none_or(|until| now_s < until))
    }
}

#[cfg(test)]
thread_local! {
    /// Signatures that this thread has checked.
    pub(crate) static CHECKS: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
}

impl Credentials {
    pub(crate) fn new(proof: &Proof) -> Self {
        match proof {
            Proof::PublicKey(key) => Self::PublicKey(key.clone()),
            Proof::Secret { secret, previous } => Self::Secret(Box::new(Secrets {
                current: SecretKeys::new(secret),
                previous: previous
                    .as_ref()
                    .map(|Previous { secret, until }| (SecretKeys::new(secret), *until)),
            })),
        }
    }

    /// The only algorithm whose JWTs can be right.
    pub(crate) fn algorithm(&self) -> &'static str {
        match self {
            Self::Secret(_) => "HS256",
            Self::PublicKey(_) => "RS256",
        }
    }

    /// Whether a JWT is signed by who has the secret or the private key.
    pub(crate) fn have_signed(&self, jwt: &Jwt<'_>, now_s: u64) -> bool {
        let Ok(signature) = BASE64_URL_SAFE_NO_PAD.decode(jwt.signature) else { return false };
        let signed = jwt.signed.as_bytes();
        match self {
            Self::Secret(secrets) => secrets.verify(now_s, |keys| &keys.jwt, signed, &signature),
            Self::PublicKey(key) => {
                #[cfg(test)]
                CHECKS.with(|checks| checks.set(checks.get() + 1));
                key.verify(signed, &signature)
            }
        }
    }

    /// Whether a T1 token is signed by who has the secret; nobody can sign one with a private key.
    pub(crate) fn have_signed_t1(&self, t1: &T1, now_s: u64) -> bool {
        match self {
            Self::Secret(secrets) => secrets.verify(now_s, |keys| &keys.t1, &t1.data, &t1.signature),
            Self::PublicKey(_) => false,
        }
    }
}
