//! Cross-origin requests: the client is a page of anybody's (`wire.md §2.1`). What it sends to authorise itself is a
//! token in a header, never a cookie, so every origin may be allowed.

use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// What the published client sends (`wire.md §2.1`), for browsers that do not say what they want to send.
const HEADERS: HeaderValue = HeaderValue::from_static(
    "content-type, accept, x-opentok-auth, x-tb-token-auth, x-tb-version, x-tb-client-version, x-tb-connectionid",
);
/// Longest list of wanted headers that is answered with itself.
const WANTED_BYTES: usize = 1024;

/// Lets every page read the answer.
pub(super) async fn allow_any_origin(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
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
