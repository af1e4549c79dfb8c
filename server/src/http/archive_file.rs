//! The files of archives: for who has a URL that the server has signed, and for REST callers.

use super::answer::ApiError;
use super::archives::{no_such_archive, on_archive};
use super::body;
use super::fields::Query;
use super::rest::PartPath;
use crate::App;
use crate::archives::Content;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use futures_util::{Stream, stream};
use otc_protocol::uuid;
use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;
use tokio::task::spawn_blocking;

/// Exactly this.
const JSON_LINES: HeaderValue = HeaderValue::from_static("application/jsonl");
const SUFFIX: &str = ".jsonl";
/// What is read of a file at one time.
const CHUNK: usize = 64 * 1024;

/// `GET /archive/{id}.jsonl?…`: whoever has this URL.
pub(super) async fn by_url(
    State(app): State<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, ApiError> {
    let query = Query::read(request.uri().query());
    let checked = path.map_err(ApiError::from).and_then(|Path(file)| {
        let id = file.strip_suffix(SUFFIX).filter(|id| uuid::parse(id).is_some());
        let id = id.ok_or_else(no_such_archive)?;
        let (expires, signature) = (query.text(&["expires"]), query.text(&["signature"]));
        app.archives.check_link(id, expires, signature, app.unix_seconds()).map_err(ApiError::forbidden)?;
        Ok(id.to_owned())
    });
    let (id, body) = body::unless_refused(checked, request.into_body()).await?;
    body::discard(body).await?;
    send(&app, id).await
}

/// `GET …/archive/{id}/file`: the same for whoever may ask for the archive.
pub(super) async fn by_caller(
    State(app): State<Arc<App>>,
    path: PartPath,
    request: Request,
) -> Result<Response, ApiError> {
    let call = on_archive(&app, path, request).await?;
    send(&app, call.record.id).await
}

async fn send(app: &Arc<App>, id: String) -> Result<Response, ApiError> {
    let (shared, wanted) = (Arc::clone(app), id.clone());
    let content = spawn_blocking(move || shared.archives.file(&wanted)).await.map_err(io::Error::other);
    let content = content.and_then(|content| content).map_err(|error| {
        tracing::error!(archive = %id, %error, "an archive cannot be read");
        ApiError::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "The archive cannot be read; the server's log says why",
        )
    })?;
    let content = content.ok_or_else(|| {
        ApiError::new(
            StatusCode::NOT_FOUND,
            "The archive has no file: it is running, has expired or has failed",
        )
    })?;
    let (length, body) = match content {
        Content::Memory(bytes) => (bytes.len() as u64, Body::from(bytes)),
        Content::Disk(file, length) => (length, Body::from_stream(chunks(file, length))),
    };
    let mut response = Response::new(body);
    let file_name = HeaderValue::try_from(format!("attachment; filename=\"{id}{SUFFIX}\""));
    for (name, value) in [
        (header::CONTENT_TYPE, Ok(JSON_LINES)),
        (header::CONTENT_LENGTH, Ok(length.into())),
        (header::CONTENT_DISPOSITION, file_name),
        (header::CACHE_CONTROL, Ok(HeaderValue::from_static("private, no-store"))),
        (HeaderName::from_static("x-content-type-options"), Ok(HeaderValue::from_static("nosniff"))),
    ] {
        if let Ok(value) = value {
            response.headers_mut().insert(name, value);
        }
    }
    Ok(response)
}

/// So many bytes of a file, a piece at a time: nobody makes the server hold a whole file.
fn chunks(file: File, length: u64) -> impl Stream<Item = io::Result<Bytes>> {
    stream::unfold(Some((file, length)), |left| async move {
        let (mut file, left) = left.filter(|(_, left)| *left > 0)?;
        let read = spawn_blocking(move || {
            let mut chunk = Vec::new();
            let most = left.min(CHUNK as u64);
            file.by_ref().take(most).read_to_end(&mut chunk)?;
            // A file that has become shorter breaks the answer off, so that nobody takes it for the whole.
            if chunk.is_empty() { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok((file, chunk)) }
        });
        match read.await.map_err(io::Error::other).and_then(|read| read) {
            Ok((file, chunk)) => {
                let left = left - chunk.len() as u64;
                Some((Ok(chunk.into()), Some((file, left))))
            }
            Err(error) => Some((Err(error), None)),
        }
    })
}
