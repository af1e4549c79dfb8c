//! The live sessions of a project, and one of them.

use super::visit;
use crate::App;
use crate::http::{ApiError, discard, json_text};
use crate::sessions::{Glimpse, View};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use otc_protocol::limits::{INSPECT_SESSIONS, SESSION_ID_BYTES};
use otc_protocol::session_id::{ProjectId, SessionId};
use serde::Serialize;
use serde_json::json;
use std::sync::Arc;
use tokio::task::spawn_blocking;

/// `GET /inspect/api/sessions`: the newest first, `after` one of them.
pub(super) async fn list(State(app): State<Arc<App>>, mut request: Request) -> Result<Response, ApiError> {
    let project = caller(&app, &mut request)?;
    let query = form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes());
    let after = query.into_owned().find(|(name, _)| name == "after").map(|(_, after)| after);
    discard(request.into_body()).await?;
    let now = app.time().unix_ms;
    let (sessions, more) =
        app.registry.live(project.as_str(), after.as_deref(), INSPECT_SESSIONS).ok_or_else(|| {
            ApiError::new(StatusCode::NOT_FOUND, "That session has ended: list them from the first")
        })?;
    let answer =
        json!({"now": now, "more": more, "sessions": sessions.iter().map(listed).collect::<Vec<_>>()});
    Ok(json_text(StatusCode::OK, answer.to_string()))
}

fn listed(session: &Glimpse) -> serde_json::Value {
    json!({
        "id": session.id,
        "media": media(&session.id),
        "since": session.since,
        "connections": session.connections,
        "streams": session.streams,
        "signals": session.signals,
        "archives": session.archives,
    })
}

/// `GET /inspect/api/sessions/{id}`: one that somebody is in.
pub(super) async fn state(
    State(app): State<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
    mut request: Request,
) -> Result<Response, ApiError> {
    let project = caller(&app, &mut request)?;
    let session = own(&project, path)?;
    discard(request.into_body()).await?;
    let (shared, wanted) = (Arc::clone(&app), session.clone());
    let view = move || {
        let view = shared.registry.view(project.as_str(), &wanted)?;
        Some(at(shared.time().unix_ms, &document(&wanted, &view)))
    };
    // A large one is too much for a thread that has connections to serve.
    let document = spawn_blocking(view).await.map_err(|_| visit::broken())?;
    Ok(json_text(StatusCode::OK, document.ok_or_else(nobody)?))
}

/// The project that asks, if it has not asked too often.
pub(super) fn caller(app: &App, request: &mut Request) -> Result<ProjectId, ApiError> {
    let project = visit::of(request)?.login.project;
    let turn = visit::inspect(app)?.calls.take(project.clone(), app.time().now);
    turn.map_err(|wait| ApiError::too_many("Too many calls of this project", wait))?;
    Ok(project)
}

/// A session of the project; of another one nothing is said, not even that it is another's.
pub(super) fn own(
    project: &ProjectId,
    path: Result<Path<String>, PathRejection>,
) -> Result<String, ApiError> {
    let Path(session) = path?;
    let is_own = session.len() <= SESSION_ID_BYTES
        && SessionId::decode(&session).is_ok_and(|decoded| decoded.project == *project);
    if is_own { Ok(session) } else { Err(nobody()) }
}

pub(super) fn nobody() -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "Nobody is in such a session")
}

/// Where media of a session goes.
fn media(session: &str) -> &'static str {
    if SessionId::decode(session).is_ok_and(|session| session.relayed) { "relayed" } else { "routed" }
}

/// What is told of a session.
#[derive(Serialize)]
struct Document<'a> {
    id: &'a str,
    media: &'static str,
    /// Whether somebody is in it.
    live: bool,
    #[serde(flatten)]
    view: &'a View,
}

/// The JSON of a session, but for the time.
pub(super) fn document(id: &str, view: &View) -> String {
    let live = !view.connections.is_empty();
    serde_json::to_string(&Document { id, media: media(id), live, view }).unwrap_or_default()
}

/// The same of one that nobody is in.
pub(super) fn gone(id: &str) -> String {
    document(id, &View::default())
}

/// A document at its time.
pub(super) fn at(now: u64, document: &str) -> String {
    format!("{{\"now\":{now},{}", document.strip_prefix('{').unwrap_or_default())
}
