//! Who may do what: tokens are signed and verified here (`rest.md §1.2`, `§1.3`, `§1.6`).

use crate::keys::{Key, KeyError, Keys, random};
use otc_protocol::error::ErrorCode;
use otc_protocol::limits::{CLOCK_SKEW, REST_TOKEN_LIFE_MOST, TOKEN_LIFE_MOST};
use otc_protocol::session_id::{ProjectId, SessionId};
use otc_protocol::token::{CONNECT_SCOPE, Claims, Jwt, T1, T1_PREFIX};
use ring::hmac;
use serde_json::{Map, Value};
use std::fmt;

/// The only algorithm of tokens that a secret signs. Pinned: a token's header is compared with it and chooses nothing.
const ALGORITHM: jsonwebtoken::Algorithm = jsonwebtoken::Algorithm::HS256;
const ALGORITHM_NAME: &str = "HS256";

/// Why a client may not join. What it says may be shown to the client; it holds nothing of the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What the client's app is told.
    pub code: ErrorCode,
    /// The same as an HTTP status, for STATUS frames and error elements.
    pub status: u16,
    /// Why, for people.
    pub reason: String,
}

impl Refusal {
    /// The token does not open the session (1004).
    fn authorization(reason: impl Into<String>) -> Self {
        Self { code: ErrorCode::AuthorizationFailure, status: 403, reason: reason.into() }
    }

    /// The request itself is not one that a client sends (1005, which is what its app is told of status 400).
    pub(crate) fn request(reason: impl Into<String>) -> Self {
        Self { code: ErrorCode::InvalidSession, status: 400, reason: reason.into() }
    }

    /// There is no such session (1005).
    fn session(reason: impl Into<String>) -> Self {
        Self { code: ErrorCode::InvalidSession, status: 404, reason: reason.into() }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.reason)
    }
}

impl std::error::Error for Refusal {}

/// Verifies the tokens of clients and of REST calls.
#[derive(Debug)]
pub struct Authenticator {
    keys: Keys,
}

impl Authenticator {
    /// An authenticator for the projects of `keys`.
    pub fn new(keys: Keys) -> Self {
        Self { keys }
    }

    /// Whether the server works for that project.
    pub fn knows(&self, project: &str) -> bool {
        self.keys.knows(project)
    }

    /// The session that a text names, if it names one of a project of this server.
    pub fn session(&self, session_id: &str) -> Result<SessionId, Refusal> {
        let session = SessionId::decode(session_id)
            .map_err(|error| Refusal::session(format!("Invalid session id: {error}")))?;
        if self.keys.knows(session.project.as_str()) {
            Ok(session)
        } else {
            Err(Refusal::authorization("The session belongs to a project that this server does not know"))
        }
    }

    /// What a client's token allows it in `session_id`, which the client addresses as one of `project_in_uri`;
    /// `now_s` is the time in Unix seconds.
    pub fn verify_client_token(
        &self,
        token: &str,
        session_id: &str,
        project_in_uri: &str,
        now_s: u64,
    ) -> Result<Claims, Refusal> {
        let session = self.session(session_id)?;
        if session.project.as_str() != project_in_uri {
            return Err(Refusal::authorization("The session belongs to another API key"));
        }
        let claims = self
            .verified_claims(token)
            .map_err(|reason| Refusal::authorization(format!("Invalid token: {reason}")))?;
        if claims.project != project_in_uri {
            return Err(Refusal::authorization("Invalid token: it was made for another API key"));
        }
        if claims.session_id != session_id {
            return Err(Refusal::authorization("Invalid token: it was made for another session"));
        }
        check_purpose_and_time(&claims, now_s).map_err(Refusal::authorization)?;
        Ok(claims)
    }

    /// The claims of a client token of either kind whose signature is right.
    fn verified_claims(&self, token: &str) -> Result<Claims, String> {
        if token.starts_with(T1_PREFIX) {
            let t1 = T1::parse(token).map_err(|error| error.to_string())?;
            let key = self.key(&t1.partner_id)?;
            hmac::verify(&key.t1, &t1.data, &t1.signature).map_err(|_| WRONG_SIGNATURE)?;
            return t1.claims().map_err(|error| error.to_string());
        }
        let jwt = Jwt::parse(token).map_err(|error| error.to_string())?;
        // Who signed comes before all else that the token says.
        verify_jwt(&jwt, self.key(&issuer(&jwt))?)?;
        Claims::from_jwt_json(&jwt.claims).map_err(|error| error.to_string())
    }

    /// The project that a REST call's token (header `X-OPENTOK-AUTH`) speaks for; else why there is none.
    pub fn verify_rest_token(&self, token: &str, now_s: u64) -> Result<ProjectId, String> {
        let jwt = Jwt::parse(token).map_err(|error| format!("Invalid token: {error}"))?;
        let key = self.keys.get(&issuer(&jwt)).ok_or("Issuer not found")?;
        verify_jwt(&jwt, key).map_err(|reason| format!("Invalid token: {reason}"))?;
        let claims: Map<String, Value> =
            serde_json::from_slice(&jwt.claims).map_err(|_| "the token's claims are not a JSON object")?;
        // `ist` may sit in the header (`rest.md §0`, rule 16).
        let kind = claims.get("ist").or(jwt.header.get("ist"));
        if kind.is_some_and(|kind| kind != "project" && !kind.is_null()) {
            return Err("the token's issuer type (ist) must be project".into());
        }
        // The same secret signs both kinds of token: a client's must not become a key to the whole project.
        if claims.contains_key("session_id")
            || claims.get("scope").is_some_and(|scope| scope == CONNECT_SCOPE)
        {
            return Err(
                "a client token does not authorise REST calls; sign one with ist, iat and exp only".into()
            );
        }
        check_rest_times(&claims, now_s)?;
        Ok(key.project.clone())
    }

    fn key(&self, project: &str) -> Result<&Key, String> {
        self.keys.get(project).ok_or_else(|| "its API key is unknown to this server".to_owned())
    }
}

const WRONG_SIGNATURE: &str = "its signature does not match; was it made with the secret of its API key?";

/// Whose token a JWT says it is; empty when it does not.
fn issuer(jwt: &Jwt<'_>) -> String {
    let claims: Map<String, Value> = serde_json::from_slice(&jwt.claims).unwrap_or_default();
    match claims.get("iss").filter(|issuer| !issuer.is_null()).or(claims.get("application_id")) {
        Some(Value::String(issuer)) => issuer.clone(),
        Some(Value::Number(issuer)) => issuer.to_string(),
        _ => String::new(),
    }
}

fn verify_jwt(jwt: &Jwt<'_>, key: &Key) -> Result<(), String> {
    if jwt.algorithm() != Some(ALGORITHM_NAME) {
        return Err(format!("its algorithm is not {ALGORITHM_NAME}"));
    }
    if jwt.header.contains_key("crit") {
        return Err("its header demands extensions (crit) that this server does not know".to_owned());
    }
    let right =
        jsonwebtoken::crypto::verify(jwt.signature, jwt.signed.as_bytes(), &key.jwt_verify, ALGORITHM);
    if right.unwrap_or(false) { Ok(()) } else { Err(WRONG_SIGNATURE.to_owned()) }
}

/// The checks of a client token that need no secret (`rest.md §1.3`, "Server checks on connect").
fn check_purpose_and_time(claims: &Claims, now_s: u64) -> Result<(), String> {
    let skew = CLOCK_SKEW.as_secs();
    let expires = claims.expires_at(now_s);
    if claims.scope.as_deref().is_some_and(|scope| scope != CONNECT_SCOPE) {
        return Err(format!("Invalid token: its scope is not {CONNECT_SCOPE}"));
    }
    if claims.created.is_some_and(|created| created > now_s + skew) {
        return Err("Invalid token: its creation time lies in the future; check the clocks".into());
    }
    if expires <= now_s {
        return Err("Token expired: make a new one".into());
    }
    if expires.saturating_sub(claims.created.unwrap_or(now_s)) > TOKEN_LIFE_MOST.as_secs() + skew {
        return Err("Invalid token: it lives longer than 30 days".into());
    }
    Ok(())
}

/// The times of a REST token: made not too long ago, for not too long (`rest.md §1.6`).
fn check_rest_times(claims: &Map<String, Value>, now_s: u64) -> Result<(), String> {
    let seconds = |name: &str| claims.get(name).and_then(Value::as_f64);
    let expires = seconds("exp").ok_or("the token has no expiration time (exp)")?;
    let skew = CLOCK_SKEW.as_secs_f64();
    let now = std::time::Duration::from_secs(now_s).as_secs_f64();
    let issued = seconds("iat").unwrap_or(now);
    if issued > now + skew {
        return Err("issued time cannot be greater than current time".into());
    }
    if expires + skew <= now {
        return Err("the token has expired".into());
    }
    if expires - issued > REST_TOKEN_LIFE_MOST.as_secs_f64() + skew {
        return Err("the token lives longer than 5 minutes".into());
    }
    Ok(())
}

/// The two kinds of client token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// What the SDKs make today.
    Jwt,
    /// What they made before.
    T1,
}

/// The text of a client token that `key` signs.
pub(crate) fn sign(claims: &Claims, kind: TokenKind, key: &Key) -> Result<String, SignError> {
    let nonce = u64::from(u32::from_be_bytes(random().map_err(SignError::Key)?));
    match kind {
        TokenKind::T1 => {
            let data = claims.to_form(nonce).into_bytes();
            let tag = hmac::sign(&key.t1, &data);
            let signature = tag.as_ref().try_into().map_err(|_| SignError::Signature)?;
            Ok(T1 { partner_id: claims.project.clone(), signature, data }.encode())
        }
        TokenKind::Jwt => {
            let header = jsonwebtoken::Header::new(ALGORITHM);
            let claims = claims.to_jwt_json(nonce);
            jsonwebtoken::encode(&header, &claims, &key.jwt_sign).map_err(|_| SignError::Signature)
        }
    }
}

/// Why a token cannot be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignError {
    /// There is no randomness.
    Key(KeyError),
    /// The signature could not be made.
    Signature,
}

impl fmt::Display for SignError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(error) => error.fmt(formatter),
            Self::Signature => formatter.write_str("the token could not be signed"),
        }
    }
}

impl std::error::Error for SignError {}

#[cfg(test)]
#[path = "auth_tests.rs"]
mod tests;
