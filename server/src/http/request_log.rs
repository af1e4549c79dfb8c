//! One line of the log for each request, and its id in all the others.

use super::RequestId;
use axum::extract::{MatchedPath, Request};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use otc_protocol::session_id::ProjectId;
use std::sync::{Arc, OnceLock};
use std::time::Instant;
use tracing::field::display;
use tracing::{Instrument, debug, error_span, info};

/// The module whose lines come at the rate at which projects may call: no flood, because strangers' calls are not among them.
pub(crate) const MODULE: &str = module_path!();

/// The route of session info.
const SESSION_INFO: &str = "/session/{session}";

/// What has been found out about a request, once it is certain: what stands in its path may be anything.
#[derive(Clone, Debug, Default)]
pub(super) struct Known(Arc<Facts>);

#[derive(Debug, Default)]
struct Facts {
    /// Who has called.
    project: OnceLock<ProjectId>,
    /// The session that it is about.
    session: OnceLock<String>,
}

impl Known {
    /// Notes whose request it is.
    pub(super) fn project(request: &Request, project: &ProjectId) {
        if let Some(Self(facts)) = request.extensions().get() {
            // Who calls is found out once.
            let _ = facts.project.set(project.clone());
        }
    }

    /// Notes the session of a request.
    pub(super) fn session(request: &Request, session: &str) {
        if let Some(Self(facts)) = request.extensions().get() {
            let _ = facts.session.set(session.to_owned());
        }
    }
}

/// Lets a request be answered, and writes what came of it: about calls of a project with `info`, about others with
/// `debug`. Nothing that the caller wrote is in the line, but what has been verified.
pub(super) async fn log(mut request: Request, next: Next) -> Response {
    let Some(id) = request.extensions().get::<RequestId>().cloned() else { return next.run(request).await };
    let known = Known::default();
    request.extensions_mut().insert(known.clone());
    let method = method(request.method());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let begun = Instant::now();
    // Whatever level is chosen: every line is to have it.
    let span = error_span!("request", %id);
    async move {
        let answer = next.run(request).await;
        let route = route.as_ref().map_or("none", MatchedPath::as_str);
        let (status, ms) = (answer.status().as_u16(), milliseconds(begun));
        let Known(facts) = known;
        let (project, session) = (facts.project.get().map(display), facts.session.get().map(display));
        // Clients ask for session info by the thousand.
        if project.is_some() && route != SESSION_INFO {
            info!(method, route, status, ms, project, session, "answered");
        } else {
            debug!(method, route, status, ms, project, session, "answered");
        }
        answer
    }
    .instrument(span)
    .await
}

/// The name of a method that there is; what else stands in its place may be anything.
fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "another",
    }
}

/// With one digit behind the point.
fn milliseconds(since: Instant) -> f64 {
    (since.elapsed().as_secs_f64() * 10_000.0).round() / 10.0
}
