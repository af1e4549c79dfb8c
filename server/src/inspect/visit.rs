//! What a call shows for its login: the cookie, and whatever changes something more than that.

use super::Inspect;
use super::logins::{Login, Ticket};
use super::site::Site;
use crate::App;
use crate::http::{ApiError, LoggedIn, refuse};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

/// Says that a page of this server has made the call: no other one knows what to write into it.
const CSRF_HEADER: HeaderName = HeaderName::from_static("x-otc-csrf");

/// A call of somebody who has logged in.
#[derive(Clone)]
pub(super) struct Visit {
    pub(super) login: Login,
    pub(super) ticket: Ticket,
}

/// What browsers call the ticket. With TLS the name itself says that it came that way: no page of a place without TLS can
/// have put it there.
pub(super) fn cookie_name(site: &Site) -> &'static str {
    if site.encrypted { "__Secure-otc-inspect" } else { "otc-inspect" }
}

/// The ticket of a call, if it has one. Two are an error: one of them was put there by somebody else.
pub(super) fn ticket(site: &Site, headers: &HeaderMap) -> Result<Option<Ticket>, ApiError> {
    let name = cookie_name(site);
    let cookies = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let mut own = cookies
        .flat_map(|value| value.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .filter(|(said, _)| *said == name);
    match (own.next(), own.next()) {
        (Some((_, value)), None) => Ok(Ticket::parse(value)),
        (None, _) => Ok(None),
        (Some(_), Some(_)) => {
            let message = "The browser has two cookies of this page: remove the cookies of this site";
            Err(ApiError::new(StatusCode::UNAUTHORIZED, message))
        }
    }
}

/// Lets calls pass that come from a page of this server and have a login that counts.
pub(super) async fn admit(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    match check(&app, &mut request) {
        Ok(visit) => {
            request.extensions_mut().insert(LoggedIn(visit.login.project.clone()));
            request.extensions_mut().insert(visit);
            next.run(request).await
        }
        Err(refusal) => refuse(request, refusal).await.into_response(),
    }
}

fn check(app: &App, request: &mut Request) -> Result<Visit, ApiError> {
    let site = site(request)?;
    let changes = ![Method::GET, Method::HEAD].contains(request.method());
    let headers = request.headers();
    site.sent_by_own_page(headers, changes)?;
    let ticket = ticket(&site, headers)?.ok_or_else(stranger)?;
    let login = inspect(app)?.logins.find(&ticket, app.time().now).ok_or_else(stranger)?;
    if changes {
        let mut said = headers.get_all(CSRF_HEADER).iter();
        let is_right = said.next().is_some_and(|said| ticket.is_csrf(said.as_bytes()));
        if !is_right || said.next().is_some() {
            return Err(ApiError::forbidden("X-OTC-CSRF is missing or wrong: the login's answer says it"));
        }
        if has_body(headers) {
            is_json(headers)?;
        }
    }
    Ok(Visit { login, ticket })
}

fn has_body(headers: &HeaderMap) -> bool {
    let length = headers.get(header::CONTENT_LENGTH).is_some_and(|length| length != "0");
    length || headers.contains_key(header::TRANSFER_ENCODING) || headers.contains_key(header::CONTENT_TYPE)
}

/// Whether the body says that it is JSON: no form of any page can send that.
pub(super) fn is_json(headers: &HeaderMap) -> Result<(), ApiError> {
    let mut kinds = headers.get_all(header::CONTENT_TYPE).iter().map(HeaderValue::as_bytes);
    let kind = kinds.next().and_then(|kind| kind.split(|byte| *byte == b';').next());
    let is_json = kind.is_some_and(|kind| kind.trim_ascii().eq_ignore_ascii_case(b"application/json"));
    if is_json && kinds.next().is_none() {
        return Ok(());
    }
    let message = "The body has to be JSON: Content-Type: application/json";
    Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message))
}

/// The login of a call that was let in.
pub(super) fn of(request: &mut Request) -> Result<Visit, ApiError> {
    request.extensions_mut().remove::<Visit>().ok_or_else(stranger)
}

/// The same, which stays there.
pub(super) fn login(request: &Request) -> Result<&Login, ApiError> {
    request.extensions().get::<Visit>().map(|visit| &visit.login).ok_or_else(stranger)
}

/// How a call has found the server.
pub(super) fn site(request: &mut Request) -> Result<Site, ApiError> {
    request.extensions().get::<Site>().cloned().ok_or_else(broken)
}

/// What the page's side keeps. Its routes are there only if it is.
pub(super) fn inspect(app: &App) -> Result<&Inspect, ApiError> {
    app.inspect.as_deref().ok_or_else(broken)
}

pub(super) fn stranger() -> ApiError {
    ApiError::new(StatusCode::UNAUTHORIZED, "Nobody is logged in here: POST /inspect/api/login")
}

/// What cannot be, unless the system gives no random bytes.
pub(super) fn broken() -> ApiError {
    ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "The server cannot do that now")
}
