//! `GET /session/{id}`: what a client asks before it opens its socket (`wire.md §2`).

use super::Peer;
use super::address::PublicUrl;
use super::answer::json_text;
use super::later::{come_later, find_another, overloaded};
use super::request_log::Known;
use crate::App;
use crate::auth::Refusal;
use crate::keys::random;
use crate::sessions::is_id;
use crate::sessions::log_text::beginning;
use axum::Extension;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use otc_protocol::limits::LOG_CHARS;
use otc_protocol::session_id::SessionId;
use otc_protocol::session_info::{ErrorDocument, Preference, Properties, SessionInfo};
use otc_protocol::uuid;
use std::sync::Arc;
use tracing::{debug, info};

/// Where clients address their requests; the room behind the socket does not look at it.
pub const SYMPHONY_ADDRESS: &str = "symphony.otc-server";
/// The headers that a client's token comes in (`wire.md §2.1`, `rest.md §1.6`).
const TOKEN_HEADERS: [&str; 2] = ["x-opentok-auth", "x-tb-token-auth"];
/// The header that its id comes in (`wire.md §2.1`).
const CONNECTION_HEADER: &str = "x-tb-connectionid";
/// Characters that a log shows of what is no session id.
const STRANGE_CHARS: usize = 16;

/// Answers the session info, or why there is none: with status 200 either way (`wire.md §2.3`).
pub(super) async fn session_info(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    path: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    if let Err(wait) = app.askers.admit(peer.remote.ip(), app.time().now) {
        app.metrics.later_info.count();
        return come_later(wait);
    }
    if let Some(reason) = app.load.refuses() {
        app.metrics.refused_info.count();
        return overloaded(reason);
    }
    // What is not even UTF-8 is refused like any other id that is none.
    let session_id = path.map_or_else(|_| "\u{fffd}".to_owned(), |Path(session_id)| session_id);
    match describe(&app, peer, &session_id, &request) {
        Ok(_) if app.health.is_draining() && !app.registry.is_alive(&session_id) => find_another(),
        Ok(info) => {
            debug!(session = %session_id, peer = %peer.remote, "session info given");
            json_text(StatusCode::OK, info.document())
        }
        Err(Refusal { code, status, reason }) => {
            let session = shown(&session_id);
            info!(?session, peer = %peer.remote, code = code.code(), %reason, "session info refused");
            json_text(StatusCode::OK, ErrorDocument { code: status, message: reason }.document())
        }
    }
}

/// As much of a session id as a log may have. What is none may be a token that was put in its place.
fn shown(session_id: &str) -> &str {
    let most = if SessionId::decode(session_id).is_ok() { LOG_CHARS } else { STRANGE_CHARS };
    beginning(session_id, most)
}

/// An address below `/session` that names no session: the client reads errors in this form alone (`wire.md §2.3`).
pub(super) async fn no_session(Extension(peer): Extension<Peer>) -> Response {
    let message = "Invalid session id: the path is not /session/ID";
    info!(peer = %peer.remote, "session info refused: {message}");
    let document = ErrorDocument { code: 404, message: message.to_owned() }.document();
    json_text(StatusCode::OK, document)
}

fn describe(app: &App, peer: Peer, session_id: &str, request: &Request) -> Result<SessionInfo, Refusal> {
    let session = app.auth.session(session_id)?;
    let project = session.project.as_str();
    let token = client_token(request.headers());
    app.auth.verify_client_token(token, session_id, project, app.unix_seconds())?;
    Known::project(request, &session.project);
    Known::session(request, session_id);
    let address = match &app.public_url {
        Some(address) => address.clone(),
        None => PublicUrl::of_request(request.headers(), request.uri(), peer).ok_or_else(|| {
            Refusal::request("The request does not say at which host it looks for this server")
        })?,
    };
    let user = connection_id(request.headers());
    let mut info = document(session_id, &session, &address);
    info.ice_servers = Some(app.ice.told(user, app.unix_seconds()));
    info.ice_credential_expiration = Some(app.ice.lasts().as_secs());
    if app.ice.relay_only {
        "relay".clone_into(&mut info.properties.client_candidates);
    }
    Ok(info)
}

/// The token, or an empty one, which is refused like any other bad one.
fn client_token(headers: &HeaderMap) -> &str {
    let values = TOKEN_HEADERS.iter().filter_map(|name| headers.get(*name)?.to_str().ok());
    values.map(str::trim).find(|token| !token.is_empty()).unwrap_or_default()
}

/// The id that the client will have in the session, as it says, for the operators of TURN servers.
fn connection_id(headers: &HeaderMap) -> &str {
    let id = headers.get(CONNECTION_HEADER).and_then(|id| id.to_str().ok());
    id.filter(|id| is_id(id)).unwrap_or("nobody")
}

fn document(session_id: &str, session: &SessionId, address: &PublicUrl) -> SessionInfo {
    let host = Some(address.host().to_owned());
    SessionInfo {
        session_id: session_id.to_owned(),
        partner_id: session.project.to_string(),
        project_id: Some(session.project.to_string()),
        create_dt: session.created_ms.map(|created| created.to_string()),
        session_status: Some("INFLIGHT".to_owned()),
        session_segment_id: random().ok().map(uuid::from_random),
        messaging_url: address.messaging_url(),
        messaging_server_url: host.clone(),
        media_server_hostname: host,
        symphony_address: Some(SYMPHONY_ADDRESS.to_owned()),
        ice_server: None,
        ice_servers: None,
        ice_credential_expiration: None,
        properties: Properties {
            // Routed sessions too: until the server forwards media, calls go from client to client.
            p2p: Preference::Enabled,
            reconnection: true,
            renegotiation: true,
            priority_video_codec: "vp8".to_owned(),
            client_candidates: "all".to_owned(),
            e2ee: session.encrypted,
            ..Properties::default()
        },
    }
}
