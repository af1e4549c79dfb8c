//! Logging in and out: a project's credentials for a cookie.

use super::site::Site;
use super::visit;
use super::{Inspect, logins::Login, logins::Ticket};
use crate::App;
use crate::auth::{hs256_jwt, rest_claims, suspended};
use crate::http::{ApiError, Peer, json_text, no_content, read_strange, unless_refused};
use crate::keys::{KeyPair, Secret};
use crate::listener::{Holding, Network, OpenSocket};
use crate::projects::Project;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use otc_protocol::limits::{HTTP_LOGIN_BYTES, INSPECT_LOGIN_LIFE};
use serde::Deserialize;
use serde_json::json;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use tracing::info;

/// What somebody shows: a token of REST calls, or what signs one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shown {
    token: Option<String>,
    key: Option<String>,
    secret: Option<Secret>,
}

/// How long the token lives that a key and its secret make here.
const TOKEN_SECONDS: u64 = 60;

const WRONG: &str = "The key or the secret is wrong";

/// `POST /inspect/api/login`
pub(super) async fn login(State(app): State<Arc<App>>, mut request: Request) -> Result<Response, ApiError> {
    let inspect = visit::inspect(&app)?;
    let site = visit::site(&mut request)?;
    let checked = may_log_in(&site, &request);
    let peer = request.extensions().get::<Peer>().map(|peer| peer.remote);
    let before = visit::ticket(&site, request.headers()).ok().flatten();
    let place = request.extensions().get::<OpenSocket>().cloned();
    let (place, body) =
        unless_refused(checked.and_then(|()| place.ok_or_else(visit::broken)), request.into_body()).await?;
    let body = read_strange(body, HTTP_LOGIN_BYTES, &mut Holding::new(place)).await?;
    let shown: Shown = serde_json::from_slice(&body).map_err(|_| unreadable())?;
    let from = peer.map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |peer| peer.ip());
    let known =
        identify(&app, &shown).map_err(|(about, refusal)| limited(&app, inspect, from, about, refusal));
    let project = known.inspect_err(|error| {
        info!(peer = peer.map(display), reason = %error.message, "login refused");
    })?;
    let (time, id) = (app.time(), project.id().clone());
    let begun = inspect.logins.begin(project, time.now, time.unix_ms);
    let (ticket, login) = begun.map_err(|_| visit::broken())?;
    // Whatever the browser had before is no more: nobody goes on with a ticket that another one has put there.
    if let Some(login) = before.and_then(|before| inspect.logins.find(&before, time.now)) {
        inspect.logins.end(login.id);
    }
    info!(peer = peer.map(display), project = %id, "logged in to /inspect");
    let mut response = answer(&ticket, &login);
    let life = INSPECT_LOGIN_LIFE.as_secs();
    set_cookie(&mut response, &site, &ticket.expose(), life)?;
    Ok(response)
}

/// `GET /inspect/api/me`
pub(super) async fn me(mut request: Request) -> Result<Response, ApiError> {
    let visit = visit::of(&mut request)?;
    Ok(answer(&visit.ticket, &visit.login))
}

/// `POST /inspect/api/logout`
pub(super) async fn logout(State(app): State<Arc<App>>, mut request: Request) -> Result<Response, ApiError> {
    let (visit, site) = (visit::of(&mut request)?, visit::site(&mut request)?);
    crate::http::discard(request.into_body()).await?;
    visit::inspect(&app)?.logins.end(visit.login.id);
    let mut response = no_content();
    set_cookie(&mut response, &site, "", 0)?;
    Ok(response)
}

/// What is asked before anybody looks at the body.
fn may_log_in(site: &Site, request: &Request) -> Result<(), ApiError> {
    site.sent_by_own_page(request.headers(), true)?;
    visit::is_json(request.headers())?;
    let is_near =
        request.extensions().get::<Peer>().is_some_and(|peer| peer.remote.ip().to_canonical().is_loopback());
    if site.encrypted || is_near {
        return Ok(());
    }
    Err(ApiError::forbidden(
        "Everybody on the way could read the secret: open this page by https (--tls-cert, or a proxy that speaks TLS)",
    ))
}

/// The project whose credentials these are; else which one is meant, if it is one, and why not.
fn identify(app: &App, shown: &Shown) -> Result<Arc<Project>, (Option<String>, ApiError)> {
    let now = app.unix_seconds();
    let by_token = |token: &str| {
        let read = app.auth.read_rest_token(token).map_err(|reason| (None, reason))?;
        let about = read.project().map(ToString::to_string);
        read.verify(now).map_err(|reason| (about, reason))
    };
    match shown {
        Shown { token: Some(token), key: None, secret: None } => {
            by_token(token.trim()).map_err(|(about, reason)| (about, ApiError::forbidden(reason)))
        }
        Shown { token: None, key: Some(key), secret: Some(secret) } => {
            let wrong = || ApiError::forbidden(WRONG);
            let key = key.trim();
            if otc_protocol::uuid::parse(key).is_some() {
                let message = "An application has no secret: log in with a token (otc-server rest-token)";
                return Err((None, ApiError::forbidden(message)));
            }
            let pair = KeyPair::new(key, secret.expose()).map_err(|_| (None, wrong()))?;
            // The one way to verify a secret; who has it could make this token himself.
            let claims = rest_claims((&pair).into(), false, now, TOKEN_SECONDS);
            let token = hs256_jwt(&claims.map_err(|_| (None, visit::broken()))?, secret.expose().as_bytes());
            by_token(&token).map_err(|(about, reason)| {
                // Told to those alone who have the secret.
                let is_suspended = app.projects.get(key).is_some_and(|project| reason == suspended(&project));
                (about, if is_suspended { ApiError::forbidden(reason) } else { wrong() })
            })
        }
        _ => Err((None, unreadable())),
    }
}

/// The refusal, or that there were too many. A right login always passes: who guesses must not be able to shut out whoever
/// knows the secret and comes from the same address.
fn limited(app: &App, inspect: &Inspect, from: IpAddr, about: Option<String>, refusal: ApiError) -> ApiError {
    let about = about.and_then(|about| app.projects.get(&about)).map(|project| project.id().clone());
    let turn = inspect.failures.take((Network::from(from), about), app.time().now);
    turn.map_or_else(
        |wait| ApiError::too_many("Too many wrong logins came from this address", wait),
        |()| refusal,
    )
}

fn unreadable() -> ApiError {
    ApiError::bad_request("Log in with a JSON object: either key and secret, or token")
}

fn answer(ticket: &Ticket, login: &Login) -> Response {
    let answer =
        json!({"project": login.project.as_str(), "csrf": ticket.csrf(), "expiresAt": login.expires_ms});
    json_text(StatusCode::OK, answer.to_string())
}

/// Gives the browser the ticket, for this page alone; or takes it away.
fn set_cookie(response: &mut Response, site: &Site, value: &str, seconds: u64) -> Result<(), ApiError> {
    let (name, path) = (visit::cookie_name(site), site.cookie_path());
    let secure = if site.encrypted { "; Secure" } else { "" };
    let cookie = format!("{name}={value}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    let cookie = HeaderValue::try_from(cookie).map_err(|_| visit::broken())?;
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(())
}
