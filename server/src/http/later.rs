//! "Too often": who comes from one address more often than is set.

use super::answer::ApiError;
use axum::response::{IntoResponse, Response};
use otc_protocol::limits::CROWDED_RETRY;
use std::time::Duration;

/// 429, and in how many seconds to come again. The C client waits for so long; the published JavaScript client tries a
/// session's info twice more (`wire.md §2.3`) and a socket after three seconds (`§3.7`).
pub(crate) fn come_later(wait: Duration) -> Response {
    ApiError::too_many("Too many come from your address (arrivals_per_address)", wait).into_response()
}

/// 429 for one more connection of an address, behind a proxy, than may be open at one time.
pub(crate) fn too_crowded() -> Response {
    let message = "Your address has too many connections (connections_per_address)";
    ApiError::too_many(message, CROWDED_RETRY).into_response()
}
