//! Who may do what: tokens are verified here (`rest.md §1.2`, `§1.3`, `§1.6`), and signed for the command line.
//!
//! The project that a token names decides how it is verified, and nothing that the token says about itself does. A token
//! of an unknown project is held against a project that nobody has, so that the answer takes as long. What differs is the
//! text: API keys are no secrets, they stand in every session id. That a project is suspended is told to those alone whose
//! signature is right.

mod account;
mod rest_token;
mod sign;

pub use account::Account;
pub use sign::{SignError, Signer, TokenKind, hs256_jwt};
pub(crate) use sign::{rest_claims, sign_claims, sign_json};

use crate::projects::{Claimed, Credentials, Project, Projects, Status};
use otc_protocol::error::ErrorCode;
use otc_protocol::limits::{CLOCK_SKEW, TOKEN_LIFE_MOST};
use otc_protocol::session_id::SessionId;
use otc_protocol::token::{CONNECT_SCOPE, Claims, Jwt, T1, T1_PREFIX};
use serde_json::{Map, Value};
use std::fmt;
use std::sync::Arc;

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
    projects: Arc<Projects>,
    account: Option<Account>,
}

impl Authenticator {
    /// An authenticator for these projects, and for the account that may make more of them.
    pub fn new(projects: Arc<Projects>, account: Option<Account>) -> Self {
        Self { projects, account }
    }

    /// Whether the server works for that project.
    pub fn knows(&self, project: &str) -> bool {
        self.projects.knows(project)
    }

    /// The session that a text names, if it names one of a project of this server.
    pub fn session(&self, session_id: &str) -> Result<SessionId, Refusal> {
        let session = SessionId::decode(session_id)
            .map_err(|error| Refusal::session(format!("Invalid session id: {error}")))?;
        if self.projects.knows(session.project.as_str()) {
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
        let (project, claims) = self
            .verified_claims(token, now_s)
            .map_err(|reason| Refusal::authorization(format!("Invalid token: {reason}")))?;
        if project.id().as_str() != project_in_uri {
            return Err(Refusal::authorization("Invalid token: it was made for another API key"));
        }
        if claims.session_id != session_id {
            return Err(Refusal::authorization("Invalid token: it was made for another session"));
        }
        check_purpose_and_time(&claims, now_s).map_err(Refusal::authorization)?;
        if project.status() == Status::Suspended {
            return Err(Refusal::authorization(suspended(&project)));
        }
        Ok(claims)
    }

    /// The claims of a client token of either kind whose signature is right, and whose it is.
    fn verified_claims(&self, token: &str, now_s: u64) -> Result<(Arc<Project>, Claims), String> {
        if token.starts_with(T1_PREFIX) {
            let t1 = T1::parse(token).map_err(|error| error.to_string())?;
            let claimed = self.projects.claimed(&t1.partner_id);
            let project = claimed.verify_t1(&t1, now_s).map_err(|unproven| unproven.to_string())?;
            return Ok((project, t1.claims().map_err(|error| error.to_string())?));
        }
        let jwt = Jwt::parse(token).map_err(|error| error.to_string())?;
        // Who signed comes before all else that the token says.
        let claimed = self.projects.claimed(&issuer(&jwt));
        let project = claimed.verify(&jwt, now_s).map_err(|unproven| unproven.to_string())?;
        Ok((project, Claims::from_jwt_json(&jwt.claims).map_err(|error| error.to_string())?))
    }
}

/// What callers of a suspended project are told.
pub(crate) fn suspended(project: &Project) -> String {
    format!("The project {} is suspended: it has to be made ACTIVE again", project.id())
}

/// Whose token a JWT says it is; empty when it does not.
fn issuer(jwt: &Jwt<'_>) -> String {
    let claims: Map<String, Value> = serde_json::from_slice(&jwt.claims).unwrap_or_default();
    match claims.get("iss").filter(|issuer| !issuer.is_null()).or(claims.get("application_id")) {
        Some(Value::String(issuer)) => issuer.clone(),
        Some(Value::Number(issuer)) => issuer.to_string(),
        _ => String::new(),
    }
}

/// Why nobody is known to have signed a token, as a sentence whose subject (“it”) is the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unproven {
    /// The server does not work for the project.
    Unknown,
    /// The token has another algorithm than its project, which has this one.
    Algorithm(&'static str),
    /// A signature that means something else than usual.
    Extensions,
    /// Not signed by its project.
    Signature,
}

impl fmt::Display for Unproven {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => formatter.write_str("its API key or application is unknown to this server"),
            Self::Algorithm(name) => write!(formatter, "its algorithm is not {name}"),
            Self::Extensions => {
                formatter.write_str("its header demands extensions (crit) that this server does not know")
            }
            Self::Signature => formatter.write_str(
                "its signature does not match; was it made with the secret of its API key, or the private key of \
                 its application?",
            ),
        }
    }
}

/// Whether these credentials have signed that JWT. Those of nobody are held against it as others are, and never have.
fn verify_jwt(jwt: &Jwt<'_>, credentials: &Credentials, known: bool, now_s: u64) -> Result<(), Unproven> {
    let algorithm = credentials.algorithm();
    let unfit = if jwt.algorithm() != Some(algorithm) {
        Some(Unproven::Algorithm(algorithm))
    } else if jwt.header.contains_key("crit") {
        Some(Unproven::Extensions)
    } else {
        None
    };
    let right = unfit.is_none() && credentials.have_signed(jwt, now_s);
    match (known, unfit) {
        (false, _) => Err(Unproven::Unknown),
        (true, Some(unfit)) => Err(unfit),
        (true, None) if right => Ok(()),
        (true, None) => Err(Unproven::Signature),
    }
}

impl Claimed {
    /// The project, if it has signed that JWT.
    fn verify(self, jwt: &Jwt<'_>, now_s: u64) -> Result<Arc<Project>, Unproven> {
        verify_jwt(jwt, self.project.credentials(), self.known, now_s).map(|()| self.project)
    }

    /// The project, if it has signed that T1 token.
    fn verify_t1(self, t1: &T1, now_s: u64) -> Result<Arc<Project>, Unproven> {
        let right = self.project.credentials().have_signed_t1(t1, now_s);
        match (self.known, right) {
            (false, _) => Err(Unproven::Unknown),
            (true, false) => Err(Unproven::Signature),
            (true, true) => Ok(self.project),
        }
    }
}

/// The checks of a client token that need no secret (`rest.md §1.3`, "Server checks on connect").
fn check_purpose_and_time(claims: &Claims, now_s: u64) -> Result<(), String> {
    let skew = CLOCK_SKEW.as_secs();
    // A day from now, as `rest.md §1.3` has it, would be a day from each time that it is looked at: it would never end.
    if claims.created.is_none() && claims.expires.is_none() {
        return Err("Invalid token: it says neither when it was made (iat) nor when it expires (exp)".into());
    }
    let expires = claims.expires_at(now_s);
    if claims.scope.as_deref().is_some_and(|scope| scope != CONNECT_SCOPE) {
        return Err(format!("Invalid token: its scope is not {CONNECT_SCOPE}"));
    }
    if claims.created.is_some_and(|created| created > now_s.saturating_add(skew)) {
        return Err("Invalid token: its creation time lies in the future; check the clocks".into());
    }
    if expires.saturating_add(skew) <= now_s {
        return Err("Token expired: make a new one".into());
    }
    if expires.saturating_sub(claims.created.unwrap_or(now_s)) > TOKEN_LIFE_MOST.as_secs() + skew {
        return Err("Invalid token: it lives longer than 30 days".into());
    }
    Ok(())
}

#[cfg(test)]
mod tests;
