//! A page to look at: the live sessions of a project, and what happens in them (`docs/server/inspect.md`).
//!
//! * `assets`: the page itself; `site`: where a request goes and where it comes from
//! * `logins`: who has logged in; `login`: how; `visit`: what a call shows for it
//! * `sessions`: lists and states; `timeline`: what has happened, `entry` by `entry`; `listening`: what waits for whoever
//!   listens to it; `events`: how that is told him, in one of the `seats`

mod assets;
mod entry;
mod events;
mod listening;
mod login;
mod logins;
mod seats;
mod sessions;
mod site;
mod timeline;
mod visit;

use crate::App;
use crate::http::{ApiError, on_archives, on_sessions, refuse};
use crate::listener::Network;
use crate::projects::Projects;
use crate::rate::Rates;
use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::routing::{any, get, post};
use logins::Logins;
use otc_protocol::limits::{
    CALLERS, FAILED_CALLERS, FAILED_LOGINS_PER_SECOND, INSPECT_CALLS_PER_SECOND, RATE_BURST_SECONDS,
};
use otc_protocol::session_id::ProjectId;
use seats::Seats;
use std::sync::Arc;
use timeline::Timeline;

/// What the page's side of the server keeps.
pub(crate) struct Inspect {
    logins: Logins,
    /// Wrong logins: from where, and about which of the projects, if it is one.
    failures: Rates<(Network, Option<ProjectId>)>,
    /// Lists and states that each project has asked for.
    calls: Rates<ProjectId>,
    timeline: Arc<Timeline>,
    seats: Arc<Seats>,
}

impl Inspect {
    pub(crate) fn new(projects: Arc<Projects>) -> Self {
        Self {
            logins: Logins::new(projects),
            failures: Rates::new(FAILED_LOGINS_PER_SECOND, RATE_BURST_SECONDS, FAILED_CALLERS),
            calls: Rates::new(INSPECT_CALLS_PER_SECOND, RATE_BURST_SECONDS, CALLERS),
            timeline: Arc::default(),
            seats: Arc::default(),
        }
    }

    /// Reads what happens.
    pub(crate) fn timeline(&self) -> &Arc<Timeline> {
        &self.timeline
    }
}

/// Where all of it is.
const ROOT: &str = "/inspect";

/// Its routes. Each answer says what browsers may make of it; what is not the page wants a login, but the login.
pub(crate) fn router(app: &Arc<App>) -> Router<Arc<App>> {
    let page = Router::new()
        .route(ROOT, get(assets::page))
        .route("/inspect/", get(assets::without_slash))
        .route("/inspect/assets/{name}", get(assets::asset))
        .route("/inspect/api/login", post(login::login));
    let api = Router::new()
        .route("/inspect/api/me", get(login::me))
        .route("/inspect/api/logout", post(login::logout))
        .route("/inspect/api/sessions", get(sessions::list))
        .route("/inspect/api/sessions/{session}", get(sessions::state))
        .route("/inspect/api/sessions/{session}/events", get(events::events))
        .nest("/inspect/api/v2/project/{project}/session/{session}", on_sessions())
        .nest("/inspect/api/v2/project/{project}/archive", on_archives())
        .route("/inspect/api/{*rest}", any(not_found))
        .method_not_allowed_fallback(method_not_allowed)
        .layer(from_fn_with_state(Arc::clone(app), visit::admit));
    page.merge(api)
        .route("/inspect/{*rest}", any(not_found))
        .method_not_allowed_fallback(method_not_allowed)
        .layer(from_fn_with_state(Arc::clone(app), site::guard))
}

async fn not_found(request: Request) -> ApiError {
    refuse(request, ApiError::new(StatusCode::NOT_FOUND, "There is nothing here")).await
}

async fn method_not_allowed(request: Request) -> ApiError {
    let refusal = ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "This address does not take that method");
    refuse(request, refusal).await
}
