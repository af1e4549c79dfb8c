//! Cross-origin requests: the client is a page of anybody's (`wire.md §2.1`), or of those whom the operator names. What it
//! sends to authorise itself is a token in a header, never a cookie, so every origin may be allowed.

use super::answer::ApiError;
use super::origin::Origins;
use super::{Peer, refuse};
use crate::App;
use crate::sessions::log_text::beginning;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use otc_protocol::limits::LOG_CHARS;
use std::sync::Arc;
use tracing::field::display;
use tracing::info;

/// What the published client sends (`wire.md §2.1`), for browsers that do not say what they want to send.
const HEADERS: HeaderValue = HeaderValue::from_static(
    "content-type, accept, x-opentok-auth, x-tb-token-auth, x-tb-version, x-tb-client-version, x-tb-connectionid",
);
/// Longest list of wanted headers that is answered with itself.
const WANTED_BYTES: usize = 1024;

/// Lets pages that may ask read the answer, and refuses others.
pub(super) async fn share(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let only = app.origins != Origins::Any;
    let readers = match &app.origins {
        Origins::Any => Some(HeaderValue::from_static("*")),
        Origins::Only(_) => request.headers().get(header::ORIGIN).cloned(),
    };
    let mut response = match foreign(&app, &request) {
        Some(refusal) => refuse(request, refusal).await.into_response(),
        None => {
            let mut response = next.run(request).await;
            let headers = response.headers_mut();
            headers.extend(readers.map(|readers| (header::ACCESS_CONTROL_ALLOW_ORIGIN, readers)));
            response
        }
    };
    if only {
        response.headers_mut().append(header::VARY, HeaderValue::from_static("Origin"));
    }
    response
}

/// Refuses what comes from a page of an origin that may not.
pub(super) async fn admit(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    match foreign(&app, &request) {
        Some(refusal) => refuse(request, refusal).await.into_response(),
        None => next.run(request).await,
    }
}

/// The refusal of a request from such a page.
fn foreign(app: &App, request: &Request) -> Option<ApiError> {
    if app.origins.admit(request.headers()) {
        return None;
    }
    let peer = request.extensions().get::<Peer>().map(|peer| display(peer.remote));
    let origin = request.headers().get(header::ORIGIN).map(HeaderValue::as_bytes).unwrap_or_default();
    let origin = String::from_utf8_lossy(origin);
    info!(peer, origin = ?beginning(&origin, LOG_CHARS), "a page is refused: allowed_origins does not name its origin");
    Some(ApiError::forbidden(
        "Pages of this origin may not use this server: allowed_origins does not name it",
    ))
}

/// The answer to a browser that asks before it sends.
pub(super) async fn preflight(request: Request) -> Response {
    let wanted = request.headers().get(header::ACCESS_CONTROL_REQUEST_HEADERS);
    let wanted = wanted.filter(|wanted| wanted.len() <= WANTED_BYTES).cloned().unwrap_or(HEADERS);
    let answer = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, OPTIONS")),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, wanted),
        (header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400")),
        (header::VARY, HeaderValue::from_static("Access-Control-Request-Headers")),
    ];
    (StatusCode::NO_CONTENT, answer).into_response()
}
