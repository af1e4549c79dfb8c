//! Registration of webhooks (`rest.md §2.1`).

use super::answer::{ApiError, json_text, no_content};
use super::body;
use super::caller::{authorize_project, still_active};
use crate::App;
use crate::store::StoreError;
use crate::webhooks::{Registration, SigningSecret, Wish, WishError};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use otc_protocol::limits::HTTP_CALLBACK_BYTES;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use tracing::{error, info};

/// `POST …/callback`: from now on a URL is told of an event.
pub(super) async fn register(
    State(app): State<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, ApiError> {
    let checked =
        path.map_err(ApiError::from).and_then(|Path(project)| authorize_project(&app, &request, &project));
    let (project, body) = body::unless_refused(checked, request.into_body()).await?;
    let body = body::read(body, HTTP_CALLBACK_BYTES).await?;
    let wish = read(&body)?;
    let registration = finish(async move {
        // Of a project that is deleted meanwhile nobody could take it back.
        let _held = app.projects.hold().await;
        still_active(&app, &project)?;
        let made = app.webhooks.register(project.as_str(), wish).await.map_err(refused)?;
        info!(%project, id = %made.id, "a webhook is registered");
        Ok::<_, ApiError>(made)
    });
    let registration = registration.await??;
    Ok(json_text(StatusCode::OK, shown(&registration).to_string()))
}

/// `GET …/callback`: all registrations of a project.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, ApiError> {
    let checked =
        path.map_err(ApiError::from).and_then(|Path(project)| authorize_project(&app, &request, &project));
    let (project, body) = body::unless_refused(checked, request.into_body()).await?;
    body::discard(body).await?;
    let registrations: Vec<_> = app.webhooks.registrations(project.as_str()).iter().map(shown).collect();
    Ok(json_text(StatusCode::OK, Value::Array(registrations).to_string()))
}

/// `DELETE …/callback/{id}`: that registration ends, and what waits for its URL is dropped if it was the last.
pub(super) async fn unregister(
    State(app): State<Arc<App>>,
    path: Result<Path<(String, String)>, PathRejection>,
    request: Request,
) -> Result<Response, ApiError> {
    let checked = path
        .map_err(ApiError::from)
        .and_then(|Path((project, id))| Ok((authorize_project(&app, &request, &project)?, id)));
    let ((project, id), body) = body::unless_refused(checked, request.into_body()).await?;
    body::discard(body).await?;
    let known = finish(async move {
        let known = app.webhooks.unregister(project.as_str(), &id).await;
        known.inspect(|known| info!(%project, %id, known, "a webhook is registered no more"))
    });
    if known.await?.map_err(|error| not_kept(&error))? {
        Ok(no_content())
    } else {
        Err(ApiError::new(StatusCode::NOT_FOUND, "There is no such callback"))
    }
}

/// Carries out a change to its end, even when the caller hangs up in the middle: the database and the server must not come
/// to think different things.
async fn finish<T: Send + 'static>(change: impl Future<Output = T> + Send + 'static) -> Result<T, ApiError> {
    let broken = |_| ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "The change broke off");
    tokio::spawn(change).await.map_err(broken)
}

fn read(body: &[u8]) -> Result<Wish, ApiError> {
    let body: Map<String, Value> =
        serde_json::from_slice(body).map_err(|_| ApiError::bad_request("The body is not a JSON object"))?;
    let text = |name: &str| match body.get(name) {
        Some(Value::String(text)) => Ok(text.clone()),
        _ => Err(ApiError::bad_request(format!("{name} is needed, and is a text"))),
    };
    let secret = match body.get("secret") {
        None | Some(Value::Null) => None,
        Some(Value::String(secret)) => Some(SigningSecret::new(secret.as_str()).ok_or_else(bad_secret)?),
        Some(_) => return Err(bad_secret()),
    };
    Ok(Wish { group: text("group")?, event: text("event")?, url: text("url")?, secret })
}

fn bad_secret() -> ApiError {
    ApiError::bad_request("secret is a text of 1 to 50 characters")
}

/// A registration as it is answered; its secret stays here.
fn shown(registration: &Registration) -> Value {
    let Registration { id, group, event, url, created_ms } = registration;
    json!({"id": id, "group": group, "event": event, "url": url, "createdAt": created_ms})
}

fn refused(error: WishError) -> ApiError {
    match error {
        WishError::Event => ApiError::bad_request(
            "There is no such event: group is connection, stream or session with the event created or destroyed, \
             or archive with the event status",
        ),
        WishError::Url(error) => ApiError::bad_request(format!("url: {error}")),
        WishError::ProjectFull => ApiError::new(
            StatusCode::CONFLICT,
            "The project has as many callbacks as it may have: delete one",
        ),
        WishError::ServerFull => {
            ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "The server has as many callbacks as it may have")
        }
        WishError::Store(error) => not_kept(&error),
    }
}

fn not_kept(error: &StoreError) -> ApiError {
    error!(%error, "a registration could not be changed");
    ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "The server could not keep that: see its log")
}
