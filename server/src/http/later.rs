//! "Too often": who comes from one address more often than is set.

use super::answer::ApiError;
use axum::response::{IntoResponse, Response};
use otc_protocol::limits::{CROWDED_RETRY, DRAIN_RETRY, LOADED_RETRY};
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

/// 503 for whoever would begin a session at a server that is about to stop.
pub(super) fn find_another() -> Response {
    let message = "This server is about to stop, and no session begins here any more: try again in a moment";
    ApiError::unavailable(message, DRAIN_RETRY).into_response()
}

/// 503 while the server takes on nothing new, and in how many seconds to come again. Clients wait as for 429.
pub(crate) fn overloaded(reason: &str) -> Response {
    let message = format!("{reason}: try again in {} s", LOADED_RETRY.as_secs());
    ApiError::unavailable(&message, LOADED_RETRY).into_response()
}
