//! Who is in a session (`rest.md §2.1`).

use super::answer::{ApiError, json_text};
use super::fields::Query;
use super::rest::{Limit, SessionPath, on_session};
use crate::App;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};
use std::sync::Arc;

/// `GET …/connection`: all, in the order of their coming, or `count` of them from `offset` on; `count` in the answer is
/// how many there are altogether.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    path: SessionPath,
    request: Request,
) -> Result<Response, ApiError> {
    let query = Query::read(request.uri().query());
    let (target, _) = on_session(&app, path, request, Limit::Nothing).await?;
    let offset = query.count("offset")?.unwrap_or(0);
    let most = query.count("count")?.unwrap_or(usize::MAX);
    let connections = app.registry.connections(&target.session)?;
    let shown = connections.iter().skip(offset).take(most).map(|connection| {
        json!({
            "connectionId": connection.id,
            "connectionState": "Connected",
            "createdAt": connection.creation_time,
        })
    });
    let answer = json!({
        "count": connections.len(),
        "projectId": target.project.as_str(),
        "applicationId": target.project.as_str(),
        "sessionId": target.session,
        "items": shown.collect::<Vec<Value>>(),
    });
    Ok(json_text(StatusCode::OK, answer.to_string()))
}
