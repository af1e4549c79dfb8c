//! REST calls (`rest.md §2`): who calls, and about what.

use super::answer::ApiError;
use super::body;
use super::caller::{authorize, authorize_project, still_active};
use crate::App;
use crate::sessions::{Refusal, is_id};
use axum::extract::Path;
use axum::extract::Request;
use axum::extract::rejection::PathRejection;
use axum::http::StatusCode;
use otc_protocol::session_id::ProjectId;
use std::sync::Arc;

/// The project and session of a path.
pub(super) type SessionPath = Result<Path<(String, String)>, PathRejection>;
/// The project and an archive or a callback of it.
pub(super) type PartPath = Result<Path<(String, String)>, PathRejection>;
/// The project, the session and one of its connections or streams.
pub(super) type MemberPath = Result<Path<(String, String, String)>, PathRejection>;

/// A session whose project has called.
pub(super) struct Target {
    pub(super) project: ProjectId,
    pub(super) session: String,
}

/// A call on a session whose caller may speak for it, with the body within `limit`.
pub(super) async fn on_session(
    app: &Arc<App>,
    path: SessionPath,
    request: Request,
    limit: Limit,
) -> Result<(Target, Vec<u8>), ApiError> {
    let checked = path.map_err(ApiError::from).and_then(|Path((project, session))| {
        let project = authorize(app, &request, &project, &session)?;
        Ok(Target { project, session })
    });
    limit.read(app, checked, request).await
}

/// The same of a call on one of its connections or streams, whose id is handed out, too.
pub(super) async fn on_member(
    app: &Arc<App>,
    path: MemberPath,
    request: Request,
    limit: Limit,
) -> Result<((Target, String), Vec<u8>), ApiError> {
    let checked = path.map_err(ApiError::from).and_then(|Path((project, session, id))| {
        let project = authorize(app, &request, &project, &session)?;
        // What a client may join or publish with, or it could put itself out of reach of whoever moderates.
        if !is_id(&id) {
            return Err(ApiError::bad_request(
                "Invalid connection or stream id: it has 1 to 64 letters, digits, or - _ . characters",
            ));
        }
        Ok((Target { project, session }, id))
    });
    limit.read(app, checked, request).await
}

/// A call on a project by itself, with the body within `limit`.
pub(super) async fn on_project(
    app: &Arc<App>,
    project: Result<String, PathRejection>,
    request: Request,
    limit: Limit,
) -> Result<(ProjectId, Vec<u8>), ApiError> {
    let checked =
        project.map_err(ApiError::from).and_then(|project| authorize_project(app, &request, &project));
    limit.read(app, checked, request).await
}

/// The same of a call on an archive or a callback of the project, whose id is handed out as it stands in the path.
pub(super) async fn on_part(
    app: &Arc<App>,
    path: PartPath,
    request: Request,
    limit: Limit,
) -> Result<((ProjectId, String), Vec<u8>), ApiError> {
    let checked = path
        .map_err(ApiError::from)
        .and_then(|Path((project, id))| Ok((authorize_project(app, &request, &project)?, id)));
    limit.read(app, checked, request).await
}

/// What a call is about.
trait OfProject {
    /// The project that has called.
    fn project(&self) -> &ProjectId;
}

impl OfProject for ProjectId {
    fn project(&self) -> &ProjectId {
        self
    }
}

impl OfProject for Target {
    fn project(&self) -> &ProjectId {
        &self.project
    }
}

impl<T: OfProject> OfProject for (T, String) {
    fn project(&self) -> &ProjectId {
        self.0.project()
    }
}

/// How much of a body is wanted.
#[derive(Clone, Copy)]
pub(super) enum Limit {
    /// So many bytes at most.
    Bytes(usize),
    /// Nothing: it is read and forgotten, whatever it is.
    Nothing,
}

impl Limit {
    async fn read<T: OfProject>(
        self,
        app: &App,
        checked: Result<T, ApiError>,
        request: Request,
    ) -> Result<(T, Vec<u8>), ApiError> {
        let (checked, body) = body::unless_refused(checked, request.into_body()).await?;
        let body = match self {
            Self::Bytes(limit) => body::read(body, limit).await?,
            Self::Nothing => body::discard(body).await.map(|()| Vec::new())?,
        };
        still_active(app, checked.project())?;
        Ok((checked, body))
    }
}

/// What a room refuses.
impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self::new(status, refusal.reason)
    }
}
