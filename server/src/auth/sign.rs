//! Tokens, signed: for the command line and for whoever tests a server.

use crate::keys::{KeyError, KeyPair, random};
use crate::projects::PrivateKey;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use otc_protocol::session_id::ProjectId;
use otc_protocol::token::{Claims, T1};
use otc_protocol::uuid;
use ring::hmac;
use serde_json::{Value, json};
use std::fmt;

/// The two kinds of client token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// What the SDKs make today.
    Jwt,
    /// What they made before.
    T1,
}

/// Who signs tokens.
#[derive(Clone, Copy, Debug)]
pub enum Signer<'a> {
    /// An API key, with its secret.
    Pair(&'a KeyPair),
    /// An application, with its private key.
    Application(&'a PrivateKey),
}

impl<'a> From<&'a KeyPair> for Signer<'a> {
    fn from(pair: &'a KeyPair) -> Self {
        Self::Pair(pair)
    }
}

impl<'a> From<&'a PrivateKey> for Signer<'a> {
    fn from(key: &'a PrivateKey) -> Self {
        Self::Application(key)
    }
}

impl Signer<'_> {
    /// Whose tokens they are.
    pub fn project(&self) -> &ProjectId {
        match self {
            Self::Pair(pair) => &pair.project,
            Self::Application(key) => &key.application,
        }
    }
}

/// The text of a client token.
pub(crate) fn sign_claims(claims: &Claims, kind: TokenKind, signer: Signer<'_>) -> Result<String, SignError> {
    let nonce = u64::from(u32::from_be_bytes(random().map_err(SignError::Key)?));
    match (kind, signer) {
        (TokenKind::T1, Signer::Pair(pair)) => {
            let data = claims.to_form(nonce).into_bytes();
            let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, pair.secret.expose().as_bytes());
            let signature = hmac::sign(&key, &data).as_ref().try_into().map_err(|_| SignError::Signature)?;
            Ok(T1 { partner_id: claims.project.clone(), signature, data }.encode())
        }
        (TokenKind::T1, Signer::Application(_)) => Err(SignError::Kind),
        (TokenKind::Jwt, Signer::Pair(_)) => sign_json(&claims.to_jwt_json(nonce), signer),
        (TokenKind::Jwt, Signer::Application(_)) => {
            let id = uuid::from_random(random().map_err(SignError::Key)?);
            sign_json(&claims.to_application_json(&id), signer)
        }
    }
}

/// The claims of a token for REST calls: of `kind` project or account, from `now_s` on for `seconds`.
pub(crate) fn rest_claims(
    signer: Signer<'_>,
    account: bool,
    now_s: u64,
    seconds: u64,
) -> Result<Value, SignError> {
    let id = uuid::from_random(random().map_err(SignError::Key)?);
    let (issuer, expires) = (signer.project().as_str(), now_s.saturating_add(seconds));
    Ok(match signer {
        Signer::Pair(_) => {
            let kind = if account { "account" } else { "project" };
            json!({"iss": issuer, "ist": kind, "iat": now_s, "exp": expires, "jti": id})
        }
        Signer::Application(_) => {
            json!({"application_id": issuer, "iat": now_s, "exp": expires, "jti": id})
        }
    })
}

/// A JWT of these claims.
pub(crate) fn sign_json(claims: &Value, signer: Signer<'_>) -> Result<String, SignError> {
    match signer {
        Signer::Pair(pair) => Ok(hs256_jwt(claims, pair.secret.expose().as_bytes())),
        Signer::Application(key) => {
            let signed = unsigned_jwt("RS256", claims);
            let signature = key.sign(signed.as_bytes()).ok_or(SignError::Signature)?;
            Ok(format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature)))
        }
    }
}

/// A JWT of these claims that whoever has the secret can verify.
pub fn hs256_jwt(claims: &Value, secret: &[u8]) -> String {
    let signed = unsigned_jwt("HS256", claims);
    let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), signed.as_bytes());
    format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
}

fn unsigned_jwt(algorithm: &str, claims: &Value) -> String {
    let part = |json: &Value| BASE64_URL_SAFE_NO_PAD.encode(json.to_string());
    format!("{}.{}", part(&json!({"alg": algorithm, "typ": "JWT"})), part(claims))
}

/// Why a token cannot be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignError {
    /// There is no randomness.
    Key(KeyError),
    /// A token of the older kind, of an application.
    Kind,
    /// The signature could not be made.
    Signature,
}

impl fmt::Display for SignError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(error) => error.fmt(formatter),
            Self::Kind => formatter.write_str("a T1 token is made with a secret: an application makes a JWT"),
            Self::Signature => formatter.write_str("the token could not be signed"),
        }
    }
}

impl std::error::Error for SignError {}
