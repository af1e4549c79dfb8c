//! The tokens of REST calls (`rest.md §1.6`).

use super::{Account, Authenticator, Unproven, issuer, suspended};
use crate::projects::{Claimed, Credentials, Project, Status};
use otc_protocol::limits::{APPLICATION_TOKEN_LIFE_MOST, CLOCK_SKEW, REST_TOKEN_LIFE_MOST};
use otc_protocol::session_id::ProjectId;
use otc_protocol::token::{CONNECT_SCOPE, Jwt};
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;

/// What a project is told of the kind of tokens that it needs.
const PROJECT: &str = "project";
/// The same of account calls.
const ACCOUNT: &str = "account";

/// The token of a REST call, read and not verified.
pub(crate) struct RestToken<'a> {
    jwt: Jwt<'a>,
    claimed: Claimed,
}

impl Authenticator {
    /// Reads the token of a REST call that is about a project.
    pub(crate) fn read_rest_token<'a>(&self, token: &'a str) -> Result<RestToken<'a>, String> {
        let jwt = Jwt::parse(token).map_err(|error| format!("Invalid token: {error}"))?;
        let claimed = self.projects.claimed(&issuer(&jwt));
        Ok(RestToken { jwt, claimed })
    }

    /// Reads the token of an account call.
    pub(crate) fn read_account_token<'a>(&'a self, token: &'a str) -> Result<AccountToken<'a>, String> {
        let account = self.account.as_ref().ok_or(
            "Account calls are off: start the server with --account-key and --account-secret, or [account]",
        )?;
        let jwt = Jwt::parse(token).map_err(|error| format!("Invalid token: {error}"))?;
        Ok(AccountToken { known: issuer(&jwt) == account.key().as_str(), jwt, account })
    }

    /// The account, if there is one.
    pub(crate) fn account(&self) -> Option<&ProjectId> {
        self.account.as_ref().map(Account::key)
    }
}

/// The token of an account call, read and not verified.
pub(crate) struct AccountToken<'a> {
    jwt: Jwt<'a>,
    account: &'a Account,
    known: bool,
}

impl AccountToken<'_> {
    /// The account, if the token names it.
    pub(crate) fn account(&self) -> Option<&ProjectId> {
        self.known.then(|| self.account.key())
    }

    /// The account, if it has signed the token; else why it has not.
    pub(crate) fn verify(self, now_s: u64) -> Result<ProjectId, String> {
        self.account.verify(self.known, &self.jwt, now_s).map_err(in_words)?;
        let claims = claims(&self.jwt)?;
        if kind(&self.jwt, &claims).is_none_or(|kind| kind != ACCOUNT) {
            return Err("the token's issuer type (ist) must be account".into());
        }
        check_times(&claims, REST_TOKEN_LIFE_MOST, now_s)?;
        Ok(self.account.key().clone())
    }
}

impl RestToken<'_> {
    /// The project that it names, if the server works for it.
    pub(crate) fn project(&self) -> Option<&ProjectId> {
        self.claimed.known.then(|| self.claimed.project.id())
    }

    /// The project that it speaks for; else why there is none.
    pub(crate) fn verify(self, now_s: u64) -> Result<Arc<Project>, String> {
        let project = self.claimed.verify(&self.jwt, now_s).map_err(in_words)?;
        let claims = claims(&self.jwt)?;
        if kind(&self.jwt, &claims).is_some_and(|kind| kind != PROJECT) {
            return Err("the token's issuer type (ist) must be project".into());
        }
        // Whoever signs client tokens signs these as well: a client's must not become a key to the whole project.
        if claims.contains_key("session_id")
            || claims.get("scope").is_some_and(|scope| scope == CONNECT_SCOPE)
        {
            return Err(
                "a client token does not authorise REST calls; sign one with ist, iat and exp only".into()
            );
        }
        let life = match project.credentials() {
            Credentials::Secret(_) => REST_TOKEN_LIFE_MOST,
            Credentials::PublicKey(_) => APPLICATION_TOKEN_LIFE_MOST,
        };
        check_times(&claims, life, now_s)?;
        match project.status() {
            Status::Active => Ok(project),
            Status::Suspended => Err(suspended(&project)),
        }
    }
}

fn claims(jwt: &Jwt<'_>) -> Result<Map<String, Value>, String> {
    serde_json::from_slice(&jwt.claims).map_err(|_| "the token's claims are not a JSON object".to_owned())
}

/// What a token says that it is for. It may say so in its header (`rest.md §0`, rule 16).
fn kind<'a>(jwt: &'a Jwt<'_>, claims: &'a Map<String, Value>) -> Option<&'a Value> {
    claims.get("ist").or(jwt.header.get("ist")).filter(|kind| !kind.is_null())
}

/// What the SDKs know the platform to say of an unknown project (`rest.md §1.6`).
fn in_words(unproven: Unproven) -> String {
    match unproven {
        Unproven::Unknown => "Issuer not found".to_owned(),
        other => format!("Invalid token: {other}"),
    }
}

/// The times of a REST token: made not too long ago, for not too long.
fn check_times(claims: &Map<String, Value>, longest: Duration, now_s: u64) -> Result<(), String> {
    let seconds = |name: &str| claims.get(name).and_then(Value::as_f64);
    let expires = seconds("exp").ok_or("the token has no expiration time (exp)")?;
    let skew = CLOCK_SKEW.as_secs_f64();
    let now = Duration::from_secs(now_s).as_secs_f64();
    let issued = seconds("iat").unwrap_or(now);
    if issued > now + skew {
        return Err("issued time cannot be greater than current time".into());
    }
    if expires + skew <= now {
        return Err("the token has expired".into());
    }
    if expires - issued > longest.as_secs_f64() + skew {
        return Err(format!("the token lives longer than {} minutes", longest.as_secs() / 60));
    }
    Ok(())
}
