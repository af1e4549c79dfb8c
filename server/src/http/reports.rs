//! What clients ask for and send besides their session: the live configuration and their reports (`wire.md §1`).

use super::answer::json_text;
use super::body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

/// The live configuration: nothing of it differs from what the client has built in.
pub(super) async fn config() -> Response {
    json_text(StatusCode::OK, "{}")
}

/// Takes a report and forgets it: it may hold anything, and nobody here analyses it.
pub(super) async fn report(request: Request) -> Response {
    match body::discard(request.into_body()).await {
        Ok(()) => json_text(StatusCode::OK, "{}"),
        Err(error) => error.into_response(),
    }
}
