//! How a receiver can tell that a delivery is ours (`rest.md §3`, secure callbacks).

use crate::auth::hs256_jwt;
use crate::hex::hex;
use crate::unrepeated;
use otc_protocol::limits::WEBHOOK_SECRET_CHARS;
use ring::digest::{SHA256, digest};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;
use std::fmt;

/// What deliveries are signed with. It can be used and not be shown by accident.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct SigningSecret(String);

impl SigningSecret {
    /// The secret of that text; `None`: it is none.
    pub fn new(text: impl Into<String>) -> Option<Self> {
        let text = text.into();
        WEBHOOK_SECRET_CHARS.contains(&text.chars().count()).then_some(Self(text))
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// Whatever else stands in its place is not repeated in the error.
impl<'de> Deserialize<'de> for SigningSecret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let secret = unrepeated::text(deserializer)?.and_then(Self::new);
        secret.ok_or_else(|| D::Error::custom("the secret of a webhook is a text of 1 to 50 characters"))
    }
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SigningSecret(…)")
    }
}

/// The header `Authorization` of a delivery: who sends it, about which project, and the hash of its body.
pub(super) fn authorization(
    secret: &SigningSecret,
    project: &str,
    id: &str,
    body: &[u8],
    unix_seconds: u64,
) -> String {
    let claims = json!({
        "iat": unix_seconds,
        "jti": id,
        // The receivers that are there look for this word.
        "iss": "Vonage",
        "payload_hash": sha256_hex(body),
        "api_key": project,
        "application_id": project,
    });
    format!("Bearer {}", hs256_jwt(&claims, secret.bytes()))
}

/// The hash as lower-case hexadecimal digits.
pub(super) fn sha256_hex(bytes: &[u8]) -> String {
    hex(digest(&SHA256, bytes).as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;
    use ring::hmac;
    use serde_json::Value;

    #[test]
    fn a_signature_is_what_receivers_compute() {
        let secret = SigningSecret::new("hush").unwrap();
        let header = authorization(&secret, "123456", "an-id", b"{}", 1_739_538_900);
        let token = header.strip_prefix("Bearer ").unwrap();
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"hush");
        let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap();
        hmac::verify(&key, signed.as_bytes(), &signature).expect("the right signature");
        let parts: Vec<Value> = signed
            .split('.')
            .map(|part| serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap())
            .collect();
        assert_eq!(parts[0], json!({"typ": "JWT", "alg": "HS256"}));
        assert_eq!(
            parts[1],
            json!({"iat": 1_739_538_900, "jti": "an-id", "iss": "Vonage", "api_key": "123456",
                "application_id": "123456",
                "payload_hash": "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"})
        );
    }

    #[test]
    fn a_secret_has_a_length_and_is_not_shown() {
        assert!(SigningSecret::new("").is_none());
        assert!(SigningSecret::new("é".repeat(51)).is_none());
        let secret = SigningSecret::new("é".repeat(50)).unwrap();
        assert!(!format!("{secret:?}").contains('é'));
        for wrong in ["7", "[\"hush\"]", "\"\""] {
            let error = serde_json::from_str::<SigningSecret>(wrong).unwrap_err().to_string();
            assert!(error.contains("1 to 50") && !error.contains("hush"), "{error}");
        }
    }
}
