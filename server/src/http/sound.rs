//! Requests that a proxy could understand otherwise than this server does are refused, and their connection ends: what
//! follows on it could be anybody's (RFC 9112, section 11.2). Most are refused by the layer that reads heads already.

use super::answer::ApiError;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Version, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// Lets requests pass that can be understood in one way alone.
pub(super) async fn only(request: Request, next: Next) -> Response {
    match fault(request.version(), request.headers()) {
        None => next.run(request).await,
        Some(fault) => {
            let mut response = fault.into_response();
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            response
        }
    }
}

fn fault(version: Version, headers: &HeaderMap) -> Option<ApiError> {
    let hosts = headers.get_all(header::HOST).iter().count();
    if hosts > 1 || (hosts == 0 && version >= Version::HTTP_11) {
        return Some(ApiError::bad_request(
            "Say with one Host header at which host you look for this server",
        ));
    }
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    let is_chunked = |coding: &HeaderValue| coding.as_bytes().eq_ignore_ascii_case(b"chunked");
    if codings.next().is_some_and(|coding| !is_chunked(coding)) || codings.next().is_some() {
        let message = "The only Transfer-Encoding that this server reads is chunked, said once";
        return Some(ApiError::new(StatusCode::NOT_IMPLEMENTED, message));
    }
    None
}
