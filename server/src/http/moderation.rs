//! Forced leaves and muting (`rest.md §2.1`).

use super::answer::{ApiError, json_text, no_content};
use super::fields::Fields;
use super::rest::{Limit, MemberPath, SessionPath, Target, on_member, on_session};
use crate::App;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use otc_protocol::limits::{HTTP_LIST_BYTES, MUTE_EXCLUSIONS};
use std::sync::Arc;
use tracing::info;

/// `DELETE …/connection/{id}`: one leaves, and is told that it was made to.
pub(super) async fn disconnect(
    State(app): State<Arc<App>>,
    path: MemberPath,
    request: Request,
) -> Result<Response, ApiError> {
    let ((Target { session, .. }, connection), _) = on_member(&app, path, request, Limit::Nothing).await?;
    app.registry.disconnect(app.time(), &session, &connection)?;
    info!(%session, %connection, "disconnected by REST");
    Ok(no_content())
}

/// `POST …/stream/{id}/mute`: one stream.
pub(super) async fn mute_stream(
    State(app): State<Arc<App>>,
    path: MemberPath,
    request: Request,
) -> Result<Response, ApiError> {
    let ((target, stream), _) = on_member(&app, path, request, Limit::Nothing).await?;
    app.registry.mute_stream(app.time(), &target.session, &stream)?;
    info!(session = %target.session, %stream, "muted by REST");
    Ok(project(&app, &target))
}

/// `POST …/mute`: everybody but the excluded streams, and those who publish later; or the end of that.
pub(super) async fn mute_session(
    State(app): State<Arc<App>>,
    path: SessionPath,
    request: Request,
) -> Result<Response, ApiError> {
    let (target, body) = on_session(&app, path, request, Limit::Bytes(HTTP_LIST_BYTES)).await?;
    let (active, excluded) = read_mute(&body)?;
    app.registry.mute_session(app.time(), &target.session, active, excluded)?;
    info!(session = %target.session, active, "muted by REST");
    Ok(project(&app, &target))
}

/// Whether muting begins, which is what is meant when nothing is said, and which streams are excluded.
fn read_mute(body: &[u8]) -> Result<(bool, Vec<String>), ApiError> {
    let fields = Fields::read(body)?;
    let active = fields.flag(&["active"])?.unwrap_or(true);
    let excluded = fields.texts(&["excludedStreamIds", "excludedStreams"])?;
    if excluded.len() > MUTE_EXCLUSIONS {
        let message = format!("More than {MUTE_EXCLUSIONS} streams are excluded; a session has no more");
        return Err(ApiError::bad_request(message));
    }
    Ok((active, excluded))
}

/// What a mute is answered: the project it was done for (`rest.md §2.3`).
fn project(app: &App, target: &Target) -> Response {
    // It may have been deleted since it called.
    let details = app.projects.get(target.project.as_str()).map(|project| project.details());
    json_text(StatusCode::OK, details.map_or_else(|| "{}".to_owned(), |details| details.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mutes_are_read_as_the_sdks_write_them() {
        let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        for (body, expected) in [
            ("", (true, ids(&[]))),
            (r#"{"active":true}"#, (true, ids(&[]))),
            (r#"{"active":"true","excludedStreams":["a"]}"#, (true, ids(&["a"]))),
            (
                r#"{"active":true,"excludedStreamIds":["a","b"],"excludedStreams":["c"]}"#,
                (true, ids(&["a", "b"])),
            ),
            (r#"{"active":false,"excludedStreamIds":null}"#, (false, ids(&[]))),
            (r#"{"active":"false"}"#, (false, ids(&[]))),
        ] {
            assert_eq!(read_mute(body.as_bytes()), Ok(expected), "{body}");
        }
        let many = format!(r#"{{"excludedStreamIds":{:?}}}"#, vec!["s"; MUTE_EXCLUSIONS + 1]);
        for body in [many.as_str(), r#"{"active":1}"#, r#"{"excludedStreamIds":"a"}"#, "active=true", "[]"] {
            assert_eq!(read_mute(body.as_bytes()).unwrap_err().status.as_u16(), 400, "{body:.60}");
        }
    }
}
