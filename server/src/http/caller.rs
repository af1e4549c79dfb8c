//! Who calls: the token of a REST call, and how often its project may call (`rest.md §1.6`).

use super::Peer;
use super::answer::ApiError;
use super::request_log::Known;
use crate::App;
use crate::auth::suspended;
use crate::config::RestRates;
use crate::listener::Network;
use crate::projects::Status;
use crate::rate::Rates;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, header};
use otc_protocol::limits::{CALLERS, FAILED_CALLERS, RATE_BURST_SECONDS};
use otc_protocol::session_id::{ProjectId, SessionId};
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;
use tracing::field::display;
use tracing::info;

/// The header of OpenTok's SDKs; Vonage's send `Authorization: Bearer`.
const AUTH_HEADER: HeaderName = HeaderName::from_static("x-opentok-auth");

/// How often callers have called of late.
pub(crate) struct Callers {
    /// Calls of each project.
    calls: Rates<ProjectId>,
    /// Calls with a bad token: from where, and about which of the projects, if it is one.
    ///
    /// With the project in it, because all callers behind a proxy come from one address.
    failures: Rates<(Network, Option<ProjectId>)>,
}

impl Callers {
    pub(crate) fn new(rates: RestRates) -> Self {
        Self {
            calls: Rates::new(rates.per_second, RATE_BURST_SECONDS, CALLERS),
            failures: Rates::new(rates.failed_per_second, RATE_BURST_SECONDS, FAILED_CALLERS),
        }
    }
}

/// The project that somebody has logged in as; a call that has it among its extensions needs no token.
#[derive(Clone, Debug)]
pub(crate) struct LoggedIn(pub(crate) ProjectId);

/// The project that a REST call speaks for, which has not called too often.
pub(super) fn authenticate(app: &App, request: &Request) -> Result<ProjectId, ApiError> {
    let verified = identify(app, request);
    count(app, request, verified).inspect(|project| Known::project(request, project))
}

/// Whoever has called, if not too often. Who is refused is logged.
fn count(app: &App, request: &Request, verified: Result<ProjectId, ApiError>) -> Result<ProjectId, ApiError> {
    let in_turn = verified.and_then(|caller| {
        let turn = app.callers.calls.take(caller.clone(), app.time().now);
        turn.map(|()| caller).map_err(|wait| ApiError::too_many("Too many calls of this project", wait))
    });
    in_turn.inspect_err(|error| {
        let peer = request.extensions().get::<Peer>().map(|peer| display(peer.remote));
        info!(peer, reason = %error.message, "REST call refused");
    })
}

/// The project of a path, if the caller may speak for it and the session is its own.
pub(super) fn authorize(
    app: &App,
    request: &Request,
    project: &str,
    id: &str,
) -> Result<ProjectId, ApiError> {
    let caller = authorize_project(app, request, project)?;
    let session = SessionId::decode(id)
        .map_err(|error| ApiError::bad_request(format!("Invalid session id: {error}")))?;
    if session.project == caller {
        Known::session(request, id);
        Ok(caller)
    } else {
        Err(ApiError::forbidden("The session is of another project"))
    }
}

/// The project of a path, if the caller may speak for it.
pub(super) fn authorize_project(app: &App, request: &Request, project: &str) -> Result<ProjectId, ApiError> {
    let caller = authenticate(app, request)?;
    if caller.as_str() == project {
        Ok(caller)
    } else {
        Err(ApiError::forbidden("The token is of another project than the one in the path"))
    }
}

/// Refuses the call of a project that was deleted or suspended since its token was looked at: a body may take its time.
pub(super) fn still_active(app: &App, caller: &ProjectId) -> Result<(), ApiError> {
    match app.projects.get(caller.as_str()) {
        Some(project) if project.status() == Status::Active => Ok(()),
        Some(project) => Err(ApiError::forbidden(suspended(&project))),
        None => Err(ApiError::forbidden("The project was deleted")),
    }
}

/// Refuses a call that is not the account's, or one too many.
pub(super) fn authenticate_account(app: &App, request: &Request) -> Result<(), ApiError> {
    let verified = token(request.headers()).map_err(ApiError::forbidden).and_then(|token| {
        let read = app.auth.read_account_token(token);
        let about = read.as_ref().ok().and_then(|token| token.account().cloned());
        limited(app, request, about, || read?.verify(app.unix_seconds()))
    });
    count(app, request, verified).map(|_| ())
}

fn identify(app: &App, request: &Request) -> Result<ProjectId, ApiError> {
    if let Some(LoggedIn(project)) = request.extensions().get() {
        return Ok(project.clone());
    }
    let token = token(request.headers()).map_err(ApiError::forbidden)?;
    let read = app.auth.read_rest_token(token);
    let about = read.as_ref().ok().and_then(|token| token.project().cloned());
    limited(app, request, about, || Ok(read?.verify(app.unix_seconds())?.id().clone()))
}

/// What `verify` says. Of bad tokens each is counted; too many are told to come more slowly. A right one always passes: who
/// guesses must not be able to shut out whoever knows the secret and comes from the same address.
fn limited<T>(
    app: &App,
    request: &Request,
    about: Option<ProjectId>,
    verify: impl FnOnce() -> Result<T, String>,
) -> Result<T, ApiError> {
    verify().map_err(|reason| {
        let turn = app.callers.failures.take((origin(request), about), app.time().now);
        turn.map_or_else(
            |wait| ApiError::too_many("Too many calls with a bad token came from this address", wait),
            |()| ApiError::forbidden(reason),
        )
    })
}

/// The token of a call. Who sends both headers means OpenTok's: a proxy may have put the other one there.
fn token(headers: &HeaderMap) -> Result<&str, &'static str> {
    const MISSING: &str =
        "Authentication required: send a JWT in the header X-OPENTOK-AUTH, or as Authorization: Bearer";
    let only = |name: HeaderName| {
        let mut values = headers.get_all(name).iter();
        let value = values.next();
        if values.next().is_some() { Err("The token is sent twice: send one header") } else { Ok(value) }
    };
    if let Some(value) = only(AUTH_HEADER)? {
        return Ok(value.to_str().map_err(|_| "X-OPENTOK-AUTH is not a JWT")?.trim());
    }
    let value = only(header::AUTHORIZATION)?.ok_or(MISSING)?;
    let (scheme, token) =
        value.to_str().ok().and_then(|value| value.trim().split_once(' ')).ok_or(MISSING)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token.trim()) } else { Err(MISSING) }
}

/// Where a call comes from.
fn origin(request: &Request) -> Network {
    let peer = request.extensions().get::<Peer>();
    peer.map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |peer| peer.remote.ip()).into()
}

/// Seconds for the header `Retry-After`: the next whole one.
pub(super) fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    fn token_of(headers: &[(&str, &str)]) -> Result<String, String> {
        let mut request = Request::builder();
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::empty()).unwrap();
        token(request.headers()).map(str::to_owned).map_err(str::to_owned)
    }

    #[test]
    fn a_token_comes_in_either_header() {
        for (headers, expected) in [
            (&[("X-OPENTOK-AUTH", "a.b.c")][..], "a.b.c"),
            (&[("x-opentok-auth", " a.b.c ")], "a.b.c"),
            (&[("Authorization", "Bearer a.b.c")], "a.b.c"),
            (&[("Authorization", "bearer a.b.c")], "a.b.c"),
            (&[("authorization", "BEARER  a.b.c ")], "a.b.c"),
            (&[("Authorization", "Basic eA=="), ("X-OPENTOK-AUTH", "a.b.c")], "a.b.c"),
            (&[("Authorization", "Bearer d.e.f"), ("X-OPENTOK-AUTH", "a.b.c")], "a.b.c"),
        ] {
            assert_eq!(token_of(headers).as_deref(), Ok(expected), "{headers:?}");
        }
        for (headers, expected) in [
            (&[][..], "X-OPENTOK-AUTH"),
            (&[("Authorization", "Basic eA==")], "X-OPENTOK-AUTH"),
            (&[("Authorization", "Bearer")], "Bearer"),
            (&[("Authorization", "a.b.c")], "Bearer"),
            (&[("X-OPENTOK-AUTH", "a"), ("X-OPENTOK-AUTH", "b")], "twice"),
            (&[("Authorization", "Bearer a"), ("Authorization", "Bearer b")], "twice"),
            (&[("X-OPENTOK-AUTH", "é")], "not a JWT"),
        ] {
            let refusal = token_of(headers).unwrap_err();
            assert!(refusal.contains(expected), "{headers:?}: {refusal}");
        }
    }

    #[test]
    fn neighbours_in_ipv6_are_one_caller() {
        let origin_of = |address: &str| {
            let mut request = Request::new(Body::empty());
            let remote = std::net::SocketAddr::new(address.parse().unwrap(), 1);
            request.extensions_mut().insert(Peer { remote, local: remote, encrypted: false });
            origin(&request)
        };
        assert_eq!(origin_of("2001:db8:1:2::1"), origin_of("2001:db8:1:2:ffff::9"));
        assert_ne!(origin_of("2001:db8:1:2::1"), origin_of("2001:db8:1:3::1"));
        assert_ne!(origin_of("192.0.2.1"), origin_of("192.0.2.2"));
        assert_eq!(origin_of("::ffff:192.0.2.1"), origin_of("192.0.2.1"));
    }

    #[test]
    fn waits_are_told_in_whole_seconds() {
        assert_eq!(whole_seconds(Duration::from_millis(5)), 1);
        assert_eq!(whole_seconds(Duration::from_secs(2)), 2);
        assert_eq!(whole_seconds(Duration::from_millis(2001)), 3);
    }
}
