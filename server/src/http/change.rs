//! Changes to what the server remembers.

use super::answer::ApiError;
use axum::http::StatusCode;

/// Carries out a change to its end, even when the caller hangs up in the middle: the store and the server must not come to
/// think different things.
pub(super) async fn finish<T: Send + 'static, E: Into<ApiError> + Send + 'static>(
    change: impl Future<Output = Result<T, E>> + Send + 'static,
) -> Result<T, ApiError> {
    match tokio::spawn(change).await {
        Ok(changed) => changed.map_err(Into::into),
        Err(_) => Err(ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "The change broke off")),
    }
}
