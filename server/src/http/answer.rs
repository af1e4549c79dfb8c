//! Answers: JSON with the exact content types that the SDKs compare, and errors as they read them (`rest.md §0`).

use super::caller::whole_seconds;
use crate::store::StoreError;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use quick_xml::escape::escape;
use serde_json::json;
use std::time::Duration;
use tracing::error;

/// Exactly this: an SDK compares the header for equality (`rest.md §0`, rule 1).
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const XML: HeaderValue = HeaderValue::from_static("text/xml");

/// A JSON document.
pub(crate) fn json_text(status: StatusCode, text: impl Into<Body>) -> Response {
    with_type(status, JSON, text.into())
}

/// An XML document.
pub(super) fn xml_text(status: StatusCode, text: &str) -> Response {
    let text = format!("<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>{text}");
    with_type(status, XML, Body::from(text))
}

/// Done, and nothing to say about it.
pub(crate) fn no_content() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

fn with_type(status: StatusCode, content_type: HeaderValue, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // What others have named or said is in it: no browser is to take it for a page.
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Whether the caller reads JSON; who does not say so reads XML (`rest.md §0`, rule 2).
pub(super) fn accepts_json(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|kind| {
        kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
    })
}

/// A refused REST call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApiError {
    pub(super) status: StatusCode,
    pub(crate) message: String,
    /// After how many seconds to try again.
    retry_after: Option<u64>,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), retry_after: None }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// Bad credentials; never 401, which most SDKs do not know (`rest.md §0`, rule 3).
    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, message)
    }

    /// The caller has called too often, and is told after how long to try again.
    pub(crate) fn too_many(message: &str, wait: Duration) -> Self {
        let seconds = whole_seconds(wait);
        let message = format!("{message}: try again in {seconds} s");
        Self { retry_after: Some(seconds), ..Self::new(StatusCode::TOO_MANY_REQUESTS, message) }
    }

    /// Nobody is served now, and may try again after so long.
    pub(super) fn unavailable(message: &str, wait: Duration) -> Self {
        let retry_after = Some(whole_seconds(wait));
        Self { retry_after, ..Self::new(StatusCode::SERVICE_UNAVAILABLE, message) }
    }

    fn with_retry_after(&self, mut response: Response) -> Response {
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }

    /// The number in the body: the platform says -1 of credentials, and repeats the status of anything else.
    fn code(&self) -> i32 {
        if self.status == StatusCode::FORBIDDEN { -1 } else { i32::from(self.status.as_u16()) }
    }

    /// The error for callers that read XML: credentials as the platform words them (`rest.md §1.6`), others as the
    /// SDKs look for them (`§2.2`).
    pub(super) fn into_xml(self) -> Response {
        let (code, message) = (self.code(), escape(&self.message));
        let text = if self.status == StatusCode::FORBIDDEN {
            format!(
                "<errorPayload><code>{code}</code><message>{message}</message>\
                 <description>{message}</description></errorPayload>"
            )
        } else {
            format!("<error code=\"{code}\"><invalid message=\"{message}\">{message}</invalid></error>")
        };
        self.with_retry_after(xml_text(self.status, &text))
    }
}

/// A path that is not UTF-8 once it is decoded.
impl From<PathRejection> for ApiError {
    fn from(_: PathRejection) -> Self {
        Self::bad_request("The path is not UTF-8")
    }
}

/// What went wrong is for the log alone.
impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        if error == StoreError::Closed {
            return Self::new(StatusCode::SERVICE_UNAVAILABLE, "The server stops; try again in a moment");
        }
        error!(%error, "a REST call failed");
        let message = "The server cannot read or write what it remembers; its log says why";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, message)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = json!({"code": self.code(), "message": self.message, "description": self.message});
        self.with_retry_after(json_text(self.status, body.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_asks_for_json_gets_it() {
        for (accept, expected) in [
            (None, false),
            (Some("*/*"), false),
            (Some("text/xml, application/xml"), false),
            (Some("application/jsonp"), false),
            (Some("application/json"), true),
            (Some("text/plain, Application/JSON; q=0.5"), true),
        ] {
            let headers = accept.map(|accept| (header::ACCEPT, accept.parse().unwrap()));
            assert_eq!(accepts_json(&headers.into_iter().collect()), expected, "{accept:?}");
        }
    }
}
