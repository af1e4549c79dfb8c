//! Bodies of requests: bounded in size and time.

use super::answer::ApiError;
use axum::body::Body;
use axum::http::StatusCode;
use http_body_util::BodyExt;
use otc_protocol::limits::{HTTP_BODY_TIMEOUT, HTTP_DRAIN_BYTES};
use tokio::time::timeout;

/// The whole body, if it has at most `limit` bytes and arrives in time.
///
/// What is beyond the limit is read and dropped, within a bound of its own: who is still sending when the connection
/// closes may never see the answer.
pub(super) async fn read(mut body: Body, limit: usize) -> Result<Vec<u8>, ApiError> {
    let mut kept = Vec::new();
    let mut length = 0usize;
    let all = async {
        while length <= limit + HTTP_DRAIN_BYTES {
            let Some(frame) = body.frame().await else { return Ok(()) };
            let Ok(data) = frame.map_err(|_| ApiError::bad_request("The body could not be read"))?.into_data() else {
                continue; // Trailers say nothing here.
            };
            length += data.len();
            if length <= limit {
                kept.extend_from_slice(&data);
            }
        }
        Ok(())
    };
    match timeout(HTTP_BODY_TIMEOUT, all).await {
        Ok(result) => result?,
        Err(_) => return Err(ApiError::new(StatusCode::REQUEST_TIMEOUT, "The body did not arrive in time")),
    }
    if length > limit {
        let message = format!("The body is larger than {limit} bytes");
        return Err(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, message));
    }
    Ok(kept)
}

/// Reads a body that nobody wants, so that the connection can be used again.
pub(super) async fn discard(body: Body) -> Result<(), ApiError> {
    read(body, 0).await.map(|_| ()).or_else(|error| match error.status {
        StatusCode::PAYLOAD_TOO_LARGE => Ok(()),
        _ => Err(error),
    })
}
