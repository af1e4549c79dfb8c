//! "Too often": who comes from one address more often than is set.

use super::answer::ApiError;
use axum::response::{IntoResponse, Response};
use std::time::Duration;

/// 429, and in how many seconds to come again. The C client waits for so long; the published JavaScript client tries a
/// session's info twice more (`wire.md §2.3`) and a socket after three seconds (`§3.7`).
pub(crate) fn come_later(wait: Duration) -> Response {
    ApiError::too_many("Too many come from your address (arrivals_per_address)", wait).into_response()
}
