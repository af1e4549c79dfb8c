//! Archives (`rest.md §2.4`, `docs/server/archives.md`).

use super::Peer;
use super::address::PublicUrl;
use super::answer::{ApiError, json_text, no_content};
use super::archive_wishes::{Choice, read_choice, read_layout, read_wishes};
use super::fields::{Fields, Query};
use super::rest::{Limit, PartPath, on_part, on_project};
use crate::App;
use crate::archives::{OutputMode, Record, Status, StreamMode};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use otc_protocol::limits::{ARCHIVE_LIST, ARCHIVE_LIST_MOST, ARCHIVE_WITHIN, HTTP_ARCHIVE_BYTES};
use otc_protocol::raptor::SessionAddress;
use otc_protocol::session_id::{ProjectId, SessionId};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use tracing::info;

/// The project of a path.
type ProjectPath = Result<Path<String>, PathRejection>;

/// Why an archive ends that a call ends; the platform's words.
const BY_CALL: &str = "user initiated";

/// `POST …/archive`: begins one.
pub(super) async fn start(
    State(app): State<Arc<App>>,
    path: ProjectPath,
    request: Request,
) -> Result<Response, ApiError> {
    let project = path.map(|Path(project)| project);
    let (project, body) = on_project(&app, project, request, Limit::Bytes(HTTP_ARCHIVE_BYTES)).await?;
    let fields = Fields::read(&body)?;
    let session = fields.text(&["sessionId", "session_id"])?;
    let session = session.ok_or_else(|| ApiError::bad_request("sessionId is missing: which session?"))?;
    let wishes = read_wishes(&fields)?;
    may_be_archived(&session_of(&project, &session)?)?;
    let address = SessionAddress { project: project.to_string(), session };
    let is_tagged = wishes.tag.is_some();
    let pending = app.archives.reserve(&address, wishes, app.time().unix_ms)?;
    let (archive, registry) = (pending.archive.clone(), &app.registry);
    let asked = if is_tagged {
        registry.start_archive(app.time(), &address.session, archive)
    } else {
        registry.start_untagged_archive(app.time(), &address.session, archive)
    };
    if let Err(refusal) = asked {
        pending.give_up();
        return Err(refusal.into());
    }
    let begun = timeout(ARCHIVE_WITHIN, pending.begun()).await.map_err(|_| late("begin"))?;
    Ok(answer(&app, &begun?, None))
}

/// `POST …/archive/{id}/stop`: ends one. It is complete when the answer comes.
pub(super) async fn stop(
    State(app): State<Arc<App>>,
    path: PartPath,
    request: Request,
) -> Result<Response, ApiError> {
    let call = on_archive(&app, path, request).await?;
    let Record { id, session, .. } = &call.record;
    let ended = app.archives.ended(session, id).filter(|_| call.record.status == Status::Started);
    let ended = ended.ok_or_else(not_running)?;
    app.registry.stop_archive(app.time(), session, id, BY_CALL).map_err(|refusal| match refusal.status {
        // It has just ended by itself.
        404 => not_running(),
        _ => refusal.into(),
    })?;
    // Whether it is told or the sender is gone, it has ended.
    let _ = timeout(ARCHIVE_WITHIN, ended).await.map_err(|_| late("end"))?;
    let record = app.archives.get(&call.record.project, id)?.unwrap_or(call.record);
    info!(archive = %record.id, "archive stopped by REST");
    // That its file can be had is another matter; that it has none is not.
    let status = if record.status == Status::Failed { Status::Failed } else { Status::Stopped };
    Ok(answer(&app, &Record { status, ..record }, None))
}

/// `GET …/archive/{id}`: one.
pub(super) async fn get(
    State(app): State<Arc<App>>,
    path: PartPath,
    request: Request,
) -> Result<Response, ApiError> {
    let call = on_archive(&app, path, request).await?;
    Ok(answer(&app, &call.record, call.address.as_ref()))
}

/// `GET …/archive`: all of a project or of one session, the newest first.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    path: ProjectPath,
    request: Request,
) -> Result<Response, ApiError> {
    let query = Query::read(request.uri().query());
    let address = address_of(&app, &request);
    let project = path.map(|Path(project)| project);
    let (project, _) = on_project(&app, project, request, Limit::Nothing).await?;
    let offset = query.count("offset")?.unwrap_or(0);
    let count = query.count("count")?.unwrap_or(ARCHIVE_LIST).min(ARCHIVE_LIST_MOST);
    let session = query.text(&["sessionId", "session_id"]).map(str::to_owned);
    session.as_deref().map(|session| session_of(&project, session)).transpose()?;
    let listed = move || {
        let (total, records) = app.archives.list(project.as_str(), session.as_deref(), offset, count)?;
        let now_s = app.unix_seconds();
        let shown = |record: &Record| app.archives.object(record, address.as_ref(), now_s);
        let items: Vec<Value> = records.iter().map(shown).collect();
        Ok::<_, ApiError>(json!({"count": total, "items": items}).to_string())
    };
    // A thousand of them are too many for a thread that has connections to serve.
    let listed = spawn_blocking(listed).await;
    let broken = |_| ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "The list broke off");
    Ok(json_text(StatusCode::OK, listed.map_err(broken)??))
}

/// `DELETE …/archive/{id}`: the archive and its file are gone.
pub(super) async fn delete(
    State(app): State<Arc<App>>,
    path: PartPath,
    request: Request,
) -> Result<Response, ApiError> {
    let call = on_archive(&app, path, request).await?;
    if call.record.status == Status::Started {
        let message = "The archive is running: stop it before you delete it";
        return Err(ApiError::new(StatusCode::CONFLICT, message));
    }
    let id = call.record.id;
    if !app.archives.delete(id.clone()).await? {
        return Err(no_such_archive());
    }
    info!(archive = %id, "archive deleted by REST");
    Ok(no_content())
}

/// `PUT …/archive/{id}/layout`: how streams would share a picture. It is remembered: there is no picture.
pub(super) async fn set_layout(
    State(app): State<Arc<App>>,
    path: PartPath,
    request: Request,
) -> Result<Response, ApiError> {
    let call = on_archive(&app, path, request).await?;
    let layout = read_layout(&Fields::read(&call.body)?)?;
    if call.record.wishes.output_mode != OutputMode::Composed {
        return Err(ApiError::bad_request("Only a composed archive has a layout"));
    }
    let record = app.archives.set_layout(call.record.id, layout).await?.ok_or_else(no_such_archive)?;
    Ok(answer(&app, &record, call.address.as_ref()))
}

/// `PATCH …/archive/{id}/streams`: which streams would be in it. They are remembered: all events are recorded.
pub(super) async fn choose_streams(
    State(app): State<Arc<App>>,
    path: PartPath,
    request: Request,
) -> Result<Response, ApiError> {
    let call = on_archive(&app, path, request).await?;
    let choice = read_choice(&Fields::read(&call.body)?)?;
    if call.record.wishes.stream_mode == StreamMode::Auto {
        let message = "The archive has all streams: begin one with streamMode manual to choose them";
        return Err(ApiError::new(StatusCode::METHOD_NOT_ALLOWED, message));
    }
    let id = call.record.id;
    match choice {
        Choice::Add(chosen) => {
            app.registry.stream(&call.record.session, &chosen.stream_id)?;
            if !app.archives.choose(id, chosen).await? {
                return Err(ApiError::bad_request("Too many streams were chosen; remove some"));
            }
        }
        Choice::Remove(stream) => app.archives.leave_out(id, stream).await?,
    }
    Ok(no_content())
}

/// `PUT …/archive/storage`: files stay with the server.
pub(super) async fn set_storage(
    State(app): State<Arc<App>>,
    path: ProjectPath,
    request: Request,
) -> Result<Response, ApiError> {
    let project = path.map(|Path(project)| project);
    on_project(&app, project, request, Limit::Nothing).await?;
    let message = "This server keeps archives itself and uploads them nowhere: load them by their URL";
    Err(ApiError::new(StatusCode::NOT_IMPLEMENTED, message))
}

/// `DELETE …/archive/storage`: there is no storage elsewhere, which is what the caller wants.
pub(super) async fn remove_storage(
    State(app): State<Arc<App>>,
    path: ProjectPath,
    request: Request,
) -> Result<Response, ApiError> {
    let project = path.map(|Path(project)| project);
    on_project(&app, project, request, Limit::Nothing).await?;
    Ok(no_content())
}

/// A call on an archive of the caller's.
pub(super) struct Call {
    pub(super) record: Record,
    body: Vec<u8>,
    address: Option<PublicUrl>,
}

pub(super) async fn on_archive(app: &Arc<App>, path: PartPath, request: Request) -> Result<Call, ApiError> {
    let address = address_of(app, &request);
    let ((project, id), body) = on_part(app, path, request, Limit::Bytes(HTTP_ARCHIVE_BYTES)).await?;
    let record = app.archives.get(project.as_str(), &id)?.ok_or_else(no_such_archive)?;
    Ok(Call { record, body, address })
}

/// Where the caller reaches the server.
fn address_of(app: &App, request: &Request) -> Option<PublicUrl> {
    app.public_url.clone().or_else(|| {
        let peer = request.extensions().get::<Peer>()?;
        PublicUrl::of_request(request.headers(), request.uri(), *peer)
    })
}

fn session_of(project: &ProjectId, session: &str) -> Result<SessionId, ApiError> {
    let session = SessionId::decode(session)
        .map_err(|error| ApiError::bad_request(format!("Invalid session id: {error}")))?;
    if session.project == *project {
        Ok(session)
    } else {
        Err(ApiError::forbidden("The session is of another project"))
    }
}

/// Whoever makes a session relayed or encrypted is promised that nothing of it stays at a server.
fn may_be_archived(session: &SessionId) -> Result<(), ApiError> {
    let message = if session.relayed {
        "A relayed session cannot be archived: make it routed (p2p.preference=disabled)"
    } else if session.encrypted {
        "An encrypted session (e2ee) cannot be archived"
    } else {
        return Ok(());
    };
    Err(ApiError::new(StatusCode::CONFLICT, message))
}

fn answer(app: &App, record: &Record, address: Option<&PublicUrl>) -> Response {
    let object = app.archives.object(record, address, app.unix_seconds());
    json_text(StatusCode::OK, object.to_string())
}

pub(super) fn no_such_archive() -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "There is no such archive")
}

fn not_running() -> ApiError {
    ApiError::new(StatusCode::CONFLICT, "The archive is not running")
}

fn late(what: &str) -> ApiError {
    let message = format!("The archive does not {what} in time: the server is busy. Ask for it later");
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, message)
}
