//! Registration of webhooks (`rest.md §2.1`).

use super::answer::{ApiError, json_text, no_content};
use super::caller::still_active;
use super::change::finish;
use super::fields::Fields;
use super::rest::{Limit, PartPath, on_part, on_project};
use crate::App;
use crate::store::StoreError;
use crate::webhooks::{Registration, SigningSecret, Wish, WishError};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use otc_protocol::limits::HTTP_CALLBACK_BYTES;
use otc_protocol::uuid;
use serde_json::{Value, json};
use std::sync::Arc;
use tracing::info;

/// `POST …/callback`: from now on a URL is told of an event.
pub(super) async fn register(
    State(app): State<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, ApiError> {
    let project = path.map(|Path(project)| project);
    let (project, body) = on_project(&app, project, request, Limit::Bytes(HTTP_CALLBACK_BYTES)).await?;
    let wish = read(&Fields::read(&body)?)?;
    let registration = finish(async move {
        // Of a project that is deleted meanwhile nobody could take it back.
        let _held = app.projects.hold().await;
        still_active(&app, &project)?;
        let made = app.webhooks.register(project.as_str(), wish).await?;
        info!(%project, id = %made.id, "a webhook is registered");
        Ok::<_, ApiError>(made)
    })
    .await?;
    Ok(json_text(StatusCode::OK, shown(&registration).to_string()))
}

/// `GET …/callback`: all registrations of a project.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, ApiError> {
    let project = path.map(|Path(project)| project);
    let (project, _) = on_project(&app, project, request, Limit::Nothing).await?;
    let registrations: Vec<_> = app.webhooks.registrations(project.as_str()).iter().map(shown).collect();
    Ok(json_text(StatusCode::OK, Value::Array(registrations).to_string()))
}

/// `DELETE …/callback/{id}`: that registration ends, and what waits for its URL is dropped if it was the last.
pub(super) async fn unregister(
    State(app): State<Arc<App>>,
    path: PartPath,
    request: Request,
) -> Result<Response, ApiError> {
    let ((project, id), _) = on_part(&app, path, request, Limit::Nothing).await?;
    let unknown = || ApiError::new(StatusCode::NOT_FOUND, "There is no such callback");
    // Else it would be written into the log as the caller writes it.
    let id = uuid::parse(&id).map(uuid::format).ok_or_else(unknown)?;
    let known = finish(async move {
        let known = app.webhooks.unregister(project.as_str(), &id).await?;
        if known {
            info!(%project, ?id, "a webhook is registered no more");
        }
        Ok::<_, StoreError>(known)
    });
    if known.await? { Ok(no_content()) } else { Err(unknown()) }
}

fn read(body: &Fields) -> Result<Wish, ApiError> {
    let text = |name: &str| {
        let text = body.text(&[name]).ok().flatten();
        text.ok_or_else(|| ApiError::bad_request(format!("{name} is needed, and is a text")))
    };
    let secret = match body.text(&["secret"]).map_err(|_| bad_secret())? {
        None => None,
        Some(secret) => Some(SigningSecret::new(secret).ok_or_else(bad_secret)?),
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

impl From<WishError> for ApiError {
    fn from(error: WishError) -> Self {
        match error {
            WishError::Event => Self::bad_request(
                "There is no such event: group is connection, stream or session with the event created or destroyed, \
                 or archive with the event status",
            ),
            WishError::Url(error) => Self::bad_request(format!("url: {error}")),
            WishError::ProjectFull => {
                let message = "The project has as many callbacks as it may have: delete one";
                Self::new(StatusCode::CONFLICT, message)
            }
            WishError::ServerFull => {
                let message = "The server has as many callbacks as it may have";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, message)
            }
            WishError::Store(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_stops_says_when_to_ask_again() {
        let closed = ApiError::from(WishError::Store(StoreError::Closed));
        assert_eq!(closed.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(closed.message.contains("try again"), "{}", closed.message);
    }
}
