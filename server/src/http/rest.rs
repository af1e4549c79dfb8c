//! REST calls on a session: signals from nobody, and forced leaves (`rest.md §2.1`).

use super::answer::{ApiError, no_content};
use super::{Peer, body};
use crate::App;
use crate::sessions::{Refusal, is_id};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use otc_protocol::limits::{HTTP_SIGNAL_BYTES, SIGNAL_DATA_BYTES};
use otc_protocol::raptor::{Json, SignalContent};
use otc_protocol::session_id::{ProjectId, SessionId};
use serde_json::{Map, Value};
use std::sync::Arc;
use tracing::field::display;
use tracing::info;

/// The header of REST calls (`rest.md §1.6`).
const AUTH_HEADER: &str = "x-opentok-auth";

/// The project and session of a path.
type SessionPath = Result<Path<(String, String)>, PathRejection>;
/// The project, session and connection of a path.
type ConnectionPath = Result<Path<(String, String, String)>, PathRejection>;

/// `POST …/signal`: to everybody.
pub(super) async fn signal_all(
    State(app): State<Arc<App>>,
    path: SessionPath,
    request: Request,
) -> Result<Response, ApiError> {
    signal(&app, path.map(|Path((project, session))| (project, session, None)), request).await
}

/// `POST …/connection/{id}/signal`: to one.
pub(super) async fn signal_one(
    State(app): State<Arc<App>>,
    path: ConnectionPath,
    request: Request,
) -> Result<Response, ApiError> {
    let path = path.map(|Path((project, session, connection))| (project, session, Some(connection)));
    signal(&app, path, request).await
}

/// `DELETE …/connection/{id}`: one leaves, and is told that it was made to.
pub(super) async fn disconnect(
    State(app): State<Arc<App>>,
    path: ConnectionPath,
    request: Request,
) -> Result<Response, ApiError> {
    let checked = path.map_err(ApiError::from).and_then(|Path((project, session, connection))| {
        authorize(&app, &request, &project, &session)?;
        check_connection(&connection)?;
        Ok((session, connection))
    });
    let ((session, connection), body) = body::unless_refused(checked, request.into_body()).await?;
    body::discard(body).await?;
    app.registry.disconnect(app.time(), &session, &connection).map_err(refused)?;
    info!(%session, %connection, "disconnected by REST");
    Ok(no_content())
}

async fn signal(
    app: &App,
    path: Result<(String, String, Option<String>), PathRejection>,
    request: Request,
) -> Result<Response, ApiError> {
    let checked = path.map_err(ApiError::from).and_then(|(project, session, to)| {
        authorize(app, &request, &project, &session)?;
        to.as_deref().map(check_connection).transpose()?;
        Ok((session, to))
    });
    let ((session, to), body) = body::unless_refused(checked, request.into_body()).await?;
    let body = body::read(body, HTTP_SIGNAL_BYTES).await?;
    let content = read_signal(&body)?;
    app.registry.signal(app.time(), &session, to.as_deref(), content).map_err(refused)?;
    Ok(no_content())
}

/// The project that a REST call speaks for.
pub(super) fn authenticate(app: &App, request: &Request) -> Result<ProjectId, ApiError> {
    verify(app, request.headers()).map_err(|reason| {
        let peer = request.extensions().get::<Peer>().map(|peer| display(peer.remote));
        info!(peer, %reason, "REST call refused");
        ApiError::forbidden(reason)
    })
}

fn verify(app: &App, headers: &HeaderMap) -> Result<ProjectId, String> {
    let token = headers
        .get(AUTH_HEADER)
        .ok_or("Authentication required: send a JWT in the header X-OPENTOK-AUTH")?
        .to_str()
        .map_err(|_| "X-OPENTOK-AUTH is not a JWT")?;
    app.auth.verify_rest_token(token.trim(), app.unix_seconds())
}

/// Whether the caller may speak for the session of a path.
fn authorize(app: &App, request: &Request, project: &str, session: &str) -> Result<(), ApiError> {
    let caller = authenticate(app, request)?;
    if caller.as_str() != project {
        return Err(ApiError::forbidden("The token is of another project than the one in the path"));
    }
    let session = SessionId::decode(session)
        .map_err(|error| ApiError::bad_request(format!("Invalid session id: {error}")))?;
    if session.project == caller {
        Ok(())
    } else {
        Err(ApiError::forbidden("The session is of another project"))
    }
}

fn check_connection(connection: &str) -> Result<(), ApiError> {
    // What a client may join with, or it could put itself out of reach of whoever moderates.
    is_id(connection).then_some(()).ok_or_else(|| {
        ApiError::bad_request("Invalid connection id: it has 1 to 64 letters, digits, or - _ . characters")
    })
}

/// The signal of a body: `type` and `data`, optional texts both; nothing at all is a bare ping (`rest.md §2.1`).
fn read_signal(body: &[u8]) -> Result<SignalContent, ApiError> {
    if body.trim_ascii().is_empty() {
        return Ok(SignalContent::default());
    }
    let body: Map<String, Value> =
        serde_json::from_slice(body).map_err(|_| ApiError::bad_request("The body is not a JSON object"))?;
    let text = |name: &str| match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(ApiError::bad_request(format!("{name} is not a text"))),
    };
    let (kind, data) = (text("type")?, text("data")?);
    // In bytes, unlike what clients send each other (`rest.md §4`).
    if data.as_ref().is_some_and(|data| data.len() > SIGNAL_DATA_BYTES) {
        let message = format!("data is longer than {SIGNAL_DATA_BYTES} bytes");
        return Err(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, message));
    }
    let data = data.map(|data| Json::from_str_value(&data));
    let content = SignalContent { kind, data, ..SignalContent::default() };
    content.check().map_err(|refusal| from_status(refusal.status(), refusal.reason()))?;
    Ok(content)
}

fn refused(refusal: Refusal) -> ApiError {
    from_status(refusal.status, refusal.reason)
}

fn from_status(status: u16, message: impl Into<String>) -> ApiError {
    ApiError::new(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_of_signals_are_read() {
        let texts = |kind: Option<&str>, data: Option<&str>| SignalContent {
            kind: kind.map(str::to_owned),
            data: data.map(Json::from_str_value),
            ..SignalContent::default()
        };
        for (body, expected) in [
            ("", texts(None, None)),
            (" \r\n", texts(None, None)),
            ("{}", texts(None, None)),
            (r#"{"type":null,"data":null}"#, texts(None, None)),
            (r#"{"type":"chat","data":"hé \"you\""}"#, texts(Some("chat"), Some("hé \"you\""))),
            (r#"{"data":"","from":"x"}"#, texts(None, Some(""))),
        ] {
            assert_eq!(read_signal(body.as_bytes()), Ok(expected), "{body}");
        }
    }

    #[test]
    fn bad_bodies_are_refused_with_their_status() {
        let data = |length: usize| format!(r#"{{"data":"{}"}}"#, "é".repeat(length / 2));
        assert!(read_signal(data(8192).as_bytes()).is_ok());
        for (body, status) in [
            (data(8194), 413),
            (format!(r#"{{"type":"{}"}}"#, "t".repeat(129)), 413),
            (r#"{"type":"a b"}"#.into(), 400),
            (r#"{"type":7}"#.into(), 400),
            (r#"{"data":{"a":1}}"#.into(), 400),
            ("[]".into(), 400),
            ("type=chat".into(), 400),
            ("{\"data\":\"\u{0}\"}".into(), 400),
            ("{".into(), 400),
        ] {
            assert_eq!(read_signal(body.as_bytes()).unwrap_err().status.as_u16(), status, "{body:.60}");
        }
        assert_eq!(read_signal(&[0xff, 0xfe]).unwrap_err().status, StatusCode::BAD_REQUEST);
    }
}
