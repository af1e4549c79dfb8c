//! Bodies of requests: bounded in size and time.

use super::answer::ApiError;
use crate::listener::Holding;
use axum::body::Body;
use axum::http::StatusCode;
use http_body_util::BodyExt;
use otc_protocol::limits::{HTTP_BODY_TIMEOUT, HTTP_DRAIN_BYTES};
use tokio::time::timeout;

/// The whole body, if it has at most `limit` bytes and arrives in time.
///
/// What is beyond the limit is read and dropped, within a bound of its own: who is still sending when the connection
/// closes may never see the answer.
pub(super) async fn read(body: Body, limit: usize) -> Result<Vec<u8>, ApiError> {
    read_if(body, limit, |_| true).await
}

/// The same of somebody who has said nothing to show who he is: only while there is room for what such people send.
pub(crate) async fn read_strange(
    body: Body,
    limit: usize,
    holding: &mut Holding,
) -> Result<Vec<u8>, ApiError> {
    read_if(body, limit, |more| holding.grow(more)).await
}

async fn read_if(body: Body, limit: usize, has_room: impl FnMut(usize) -> bool) -> Result<Vec<u8>, ApiError> {
    match timeout(HTTP_BODY_TIMEOUT, collect(body, limit, has_room)).await {
        Ok(Ok(kept)) => kept.map_err(|lack| match lack {
            Lack::Limit => {
                ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, format!("The body is larger than {limit} bytes"))
            }
            Lack::Room => ApiError::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "There is no room for this body now: try again in a minute",
            ),
        }),
        Ok(Err(_)) => Err(ApiError::bad_request("The body could not be read")),
        Err(_) => Err(ApiError::new(StatusCode::REQUEST_TIMEOUT, "The body did not arrive in time")),
    }
}

/// Why a body is not kept.
enum Lack {
    Limit,
    Room,
}

/// The bytes of a body.
async fn collect(
    mut body: Body,
    limit: usize,
    mut has_room: impl FnMut(usize) -> bool,
) -> Result<Result<Vec<u8>, Lack>, axum::Error> {
    let mut kept = Ok(Vec::new());
    let mut length = 0usize;
    while length <= limit + HTTP_DRAIN_BYTES {
        let Some(frame) = body.frame().await else { break };
        let Ok(data) = frame?.into_data() else { continue }; // Trailers say nothing here.
        length += data.len();
        let Ok(bytes) = &mut kept else { continue };
        if length > limit {
            kept = Err(Lack::Limit);
        } else if has_room(data.len()) {
            bytes.extend_from_slice(&data);
        } else {
            kept = Err(Lack::Room);
        }
    }
    Ok(kept)
}

/// What was checked and the body that goes with it; a refusal only once that body is read and dropped.
///
/// Many clients send the head and the body by themselves: a connection that closes in between fails them before they
/// look for the answer.
pub(crate) async fn unless_refused<T>(
    checked: Result<T, ApiError>,
    body: Body,
) -> Result<(T, Body), ApiError> {
    match checked {
        Ok(checked) => Ok((checked, body)),
        Err(refusal) => {
            // What is wrong with the request goes before what is wrong with its body.
            let _ = discard(body).await;
            Err(refusal)
        }
    }
}

/// Reads a body that nobody wants, so that the connection can be used again.
pub(crate) async fn discard(body: Body) -> Result<(), ApiError> {
    read(body, 0).await.map(|_| ()).or_else(|error| match error.status {
        StatusCode::PAYLOAD_TOO_LARGE => Ok(()),
        _ => Err(error),
    })
}
