//! The HTTP side: what clients ask before they open their socket, and the REST calls of server SDKs.

mod address;
mod answer;
mod archive_file;
mod archive_wishes;
mod archives;
mod body;
mod callbacks;
mod caller;
mod change;
mod connections;
mod cors;
mod create;
mod fields;
mod forwarded;
pub(crate) mod health;
mod later;
mod moderation;
mod origin;
mod path;
mod projects;
mod proxies;
mod reports;
mod request_id;
mod request_log;
mod rest;
mod session_info;
mod signals;
mod sound;
mod streams;

pub use address::{PublicUrl, SOCKET_PATH};
// For the page, which is answered as REST calls are.
pub(crate) use answer::{ApiError, json_text, no_content};
pub(crate) use body::{discard, read_strange, unless_refused};
pub(crate) use caller::{Callers, LoggedIn};
pub(crate) use forwarded::{Client, Misspoken, client};
pub(crate) use later::{come_later, overloaded, too_crowded};
pub use origin::{Origin, Origins};
pub use proxies::{Proxies, Subnet, SubnetError, Wording};
pub use request_id::RequestId;
pub(crate) use request_log::MODULE as REQUEST_LOG;
pub use session_info::SYMPHONY_ADDRESS;

use crate::{App, inspect, metrics};
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::Response;
use axum::routing::{delete, get, patch, post, put};
use std::net::SocketAddr;
use std::sync::Arc;

/// Who is at the two ends of a request's way; every request has it among its extensions. If a trusted proxy stands between,
/// it is the proxy's client that is meant ([`Proxies`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The client; port 0 when a proxy does not say which.
    pub remote: SocketAddr,
    /// This end.
    pub local: SocketAddr,
    /// Whether the client speaks TLS.
    pub encrypted: bool,
}

/// All routes. Requests come with their path as [`route_path`] makes it.
pub(crate) fn router(app: Arc<App>) -> Router {
    let client = Router::new()
        .route("/project/{project}/config.json", get(reports::config).options(cors::preflight))
        .route("/session/{session}", get(session_info::session_info).options(cors::preflight))
        .route("/session", get(session_info::no_session).options(cors::preflight))
        .route("/session/create", get(session_info::no_session))
        .route("/session/{session}/{*rest}", get(session_info::no_session).options(cors::preflight))
        .route("/logging/{*kind}", post(reports::report).get(reports::report).options(cors::preflight))
        .layer(from_fn_with_state(Arc::clone(&app), cors::share));
    let rest = Router::new()
        .route("/session/create", post(create::create))
        .route("/v2/project", post(projects::create).get(projects::list))
        .route(
            "/v2/project/{project}",
            get(projects::read).put(projects::set_status).delete(projects::delete),
        )
        .route("/v2/project/{project}/refreshSecret", post(projects::refresh_secret))
        .route("/v2/project/{project}/callback", post(callbacks::register).get(callbacks::list))
        .route("/v2/project/{project}/callback/{id}", delete(callbacks::unregister))
        .nest("/v2/project/{project}/session/{session}", on_sessions())
        .nest("/v2/project/{project}/archive", on_archives())
        .route("/archive/{file}", get(archive_file::by_url))
        .layer(from_fn_with_state(Arc::clone(&app), cors::admit));
    let page = if app.inspect.is_some() { inspect::router(&app) } else { Router::new() };
    client
        .merge(rest)
        .merge(page)
        .route(SOCKET_PATH, get(socket).layer(from_fn_with_state(Arc::clone(&app), cors::admit)))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(Arc::clone(&app))
        .merge(health::router(Arc::clone(&app)))
        .layer(DefaultBodyLimit::disable()) // each route reads its body within its own bound
        .layer(from_fn(sound::only))
        .layer(from_fn_with_state(app, metrics::count))
        .layer(from_fn(request_log::log))
}

/// REST calls on a session.
pub(crate) fn on_sessions() -> Router<Arc<App>> {
    Router::new()
        .route("/signal", post(signals::to_all))
        .route("/mute", post(moderation::mute_session))
        .route("/connection", get(connections::list))
        .route("/connection/{connection}", delete(moderation::disconnect))
        .route("/connection/{connection}/signal", post(signals::to_one))
        .route("/stream", get(streams::list).put(streams::set_classes))
        .route("/stream/{stream}", get(streams::get))
        .route("/stream/{stream}/mute", post(moderation::mute_stream))
}

/// REST calls on archives.
pub(crate) fn on_archives() -> Router<Arc<App>> {
    Router::new()
        .route("/", post(archives::start).get(archives::list))
        .route("/storage", put(archives::set_storage).delete(archives::remove_storage))
        .route("/{archive}", get(archives::get).delete(archives::delete))
        .route("/{archive}/stop", post(archives::stop))
        .route("/{archive}/layout", put(archives::set_layout))
        .route("/{archive}/streams", patch(archives::choose_streams))
        .route("/{archive}/file", get(archive_file::by_caller))
}

/// Brings the path of a request into the form that the routes know.
pub(crate) fn route_path<B>(request: &mut axum::http::Request<B>) {
    if let Some(uri) = path::routed(request.uri()) {
        *request.uri_mut() = uri;
    }
}

async fn socket(State(app): State<Arc<App>>, request: Request) -> Response {
    crate::socket::upgrade(app, request).await
}

async fn not_found(request: Request) -> ApiError {
    refuse(request, ApiError::new(StatusCode::NOT_FOUND, "There is nothing here")).await
}

async fn method_not_allowed(request: Request) -> ApiError {
    let refusal = ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "This address does not take that method");
    refuse(request, refusal).await
}

/// An answer that waits for the body of its request, which nobody reads.
pub(crate) async fn without_body(request: Request, answer: Response) -> Response {
    // A body that breaks off changes nothing about the answer.
    let _ = body::discard(request.into_body()).await;
    answer
}

pub(crate) async fn refuse(request: Request, refusal: ApiError) -> ApiError {
    // A body that breaks off changes nothing about the refusal.
    let _ = body::discard(request.into_body()).await;
    refusal
}
