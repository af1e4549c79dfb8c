//! Account calls: projects are made, listed, suspended and deleted (`rest.md §2.5`).

use super::answer::{ApiError, json_text, no_content};
use super::change::finish;
use super::fields::Fields;
use super::{body, caller};
use crate::App;
use crate::archives::Archives;
use crate::projects::{ChangeError, Project, Status};
use crate::store::Writer;
use crate::webhooks::Webhooks;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use otc_protocol::limits::HTTP_FORM_BYTES;
use serde_json::Value;
use std::sync::Arc;
use tokio::task::spawn_blocking;

/// The project of a path.
type ProjectPath = Result<Path<String>, PathRejection>;

/// `POST /v2/project`: a new project, with its secret.
pub(super) async fn create(State(app): State<Arc<App>>, request: Request) -> Result<Response, ApiError> {
    let body = authorized(&app, request).await?;
    let name = Fields::read(&body::read(body, HTTP_FORM_BYTES).await?)?.text(&["name"])?.unwrap_or_default();
    let project = finish(async move {
        let taken = |id: &_| app.auth.account() == Some(id);
        app.projects.make(&app.store, name, taken, app.time().unix_ms).await
    })
    .await?;
    Ok(with_secret(&project))
}

/// `GET /v2/project`: all of them, without secrets.
pub(super) async fn list(State(app): State<Arc<App>>, request: Request) -> Result<Response, ApiError> {
    body::discard(authorized(&app, request).await?).await?;
    let all: Value = app.projects.list().iter().map(|project| project.details()).collect();
    Ok(json_text(StatusCode::OK, all.to_string()))
}

/// `GET /v2/project/{id}`: one, with its secret if an account call has made it.
pub(super) async fn read(
    State(app): State<Arc<App>>,
    path: ProjectPath,
    request: Request,
) -> Result<Response, ApiError> {
    body::discard(authorized(&app, request).await?).await?;
    let project = app.projects.get(&id(path)?).ok_or(ChangeError::Unknown)?;
    Ok(with_secret(&project))
}

/// `PUT /v2/project/{id}`: suspends it, or makes it active again.
pub(super) async fn set_status(
    State(app): State<Arc<App>>,
    path: ProjectPath,
    request: Request,
) -> Result<Response, ApiError> {
    let body = authorized(&app, request).await?;
    let status = Fields::read(&body::read(body, HTTP_FORM_BYTES).await?)?.text(&["status"])?;
    let status = status.as_deref().and_then(Status::from_name);
    let status = status.ok_or_else(|| ApiError::bad_request("status must be ACTIVE or SUSPENDED"))?;
    let id = id(path)?;
    let project = finish(async move { app.projects.set_status(&app.store, &id, status).await }).await?;
    Ok(json_text(StatusCode::OK, project.details().to_string()))
}

/// `POST /v2/project/{id}/refreshSecret`: a new secret; the one before counts for a while.
pub(super) async fn refresh_secret(
    State(app): State<Arc<App>>,
    path: ProjectPath,
    request: Request,
) -> Result<Response, ApiError> {
    body::discard(authorized(&app, request).await?).await?;
    let id = id(path)?;
    let project = finish(async move {
        let now = app.unix_seconds();
        app.projects.refresh_secret(&app.store, &id, app.secret_rotation, now).await
    })
    .await?;
    Ok(with_secret(&project))
}

/// `DELETE /v2/project/{id}`: it, and its webhooks and archives, which nobody could ask for any more.
///
/// 204: a published SDK takes nothing else (the project that `rest.md §2.5` has for all of these calls is no more).
pub(super) async fn delete(
    State(app): State<Arc<App>>,
    path: ProjectPath,
    request: Request,
) -> Result<Response, ApiError> {
    body::discard(authorized(&app, request).await?).await?;
    let id = id(path)?;
    finish(async move {
        let with_it = |edit: &mut Writer<'_>, id: &str| {
            Webhooks::disown(edit, id)?;
            Archives::disown(edit, id)
        };
        let gone = app.projects.delete(&app.store, &id, with_it).await?;
        let archives = Arc::clone(&app.archives);
        // A file that cannot be removed now is removed at the next start: no record tells of it.
        let _ = spawn_blocking(move || archives.forget_files(&gone)).await;
        app.webhooks.forget(&id).await.map_err(ChangeError::Store)
    })
    .await?;
    Ok(no_content())
}

/// The body of a call of the account.
async fn authorized(app: &App, request: Request) -> Result<axum::body::Body, ApiError> {
    let caller = caller::authenticate_account(app, &request);
    Ok(body::unless_refused(caller, request.into_body()).await?.1)
}

fn id(path: ProjectPath) -> Result<String, ApiError> {
    Ok(path?.0)
}

fn with_secret(project: &Project) -> Response {
    json_text(StatusCode::OK, project.details_with_secret().to_string())
}

impl From<ChangeError> for ApiError {
    fn from(error: ChangeError) -> Self {
        let status = match error {
            ChangeError::Unknown => StatusCode::NOT_FOUND,
            ChangeError::Configured(_) | ChangeError::Full => StatusCode::CONFLICT,
            ChangeError::Key(crate::keys::KeyError::Random) => StatusCode::INTERNAL_SERVER_ERROR,
            ChangeError::Key(_) => StatusCode::BAD_REQUEST,
            ChangeError::Store(error) => return error.into(),
        };
        Self::new(status, error.to_string())
    }
}
