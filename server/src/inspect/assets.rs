//! The page, which is part of the program.

use crate::hex::hex;
use crate::http::{ApiError, refuse};
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use ring::digest::{SHA256, digest};
use std::sync::LazyLock;

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";

/// A file of the page.
struct Asset {
    name: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
}

macro_rules! embedded {
    ($name:literal, $kind:expr) => {
        Asset { name: $name, kind: $kind, bytes: include_bytes!(concat!("page/", $name)) }
    };
}

/// The page's own file.
const PAGE: Asset = embedded!("inspect.html", HTML);

/// What the page loads: `/inspect/assets/NAME`.
const ASSETS: &[Asset] = &[
    embedded!("api.js", JS),
    embedded!("archives.js", JS),
    embedded!("confirm.js", JS),
    embedded!("dom.js", JS),
    embedded!("entries.js", JS),
    embedded!("inspect.css", CSS),
    embedded!("live.js", JS),
    embedded!("login.js", JS),
    embedded!("main.js", JS),
    embedded!("names.js", JS),
    embedded!("outcome.js", JS),
    embedded!("rate.js", JS),
    embedded!("roster.js", JS),
    embedded!("send.js", JS),
    embedded!("session.js", JS),
    embedded!("sessions.js", JS),
    embedded!("timeline.js", JS),
    embedded!("words.js", JS),
];

/// What tells one version of a file from another.
fn tag(asset: &Asset) -> HeaderValue {
    let tag = format!("\"{}\"", hex(&digest(&SHA256, asset.bytes).as_ref()[..16]));
    HeaderValue::try_from(tag).unwrap_or(HeaderValue::from_static("\"\""))
}

static PAGE_TAG: LazyLock<HeaderValue> = LazyLock::new(|| tag(&PAGE));
static TAGS: LazyLock<Vec<HeaderValue>> = LazyLock::new(|| ASSETS.iter().map(tag).collect());

/// `GET /inspect`: the page.
pub(super) async fn page(request: Request) -> Response {
    send(&request, &PAGE, &PAGE_TAG)
}

/// `GET /inspect/`: the page has one address, which the names of its files are relative to.
pub(super) async fn without_slash() -> Response {
    (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, HeaderValue::from_static("../inspect"))])
        .into_response()
}

/// `GET /inspect/assets/{name}`: one of its files.
pub(super) async fn asset(
    path: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, ApiError> {
    let name = path.ok().map(|Path(name)| name);
    let known = ASSETS.iter().zip(TAGS.iter()).find(|(asset, _)| Some(asset.name) == name.as_deref());
    match known {
        Some((asset, tag)) => Ok(send(&request, asset, tag)),
        None => Err(refuse(request, ApiError::new(StatusCode::NOT_FOUND, "The page has no such file")).await),
    }
}

/// The file, unless the browser has it.
fn send(request: &Request, asset: &Asset, tag: &HeaderValue) -> Response {
    let had = request.headers().get(header::IF_NONE_MATCH).is_some_and(|had| had == tag);
    let mut response = if had {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let mut response = Response::new(Body::from(Bytes::from_static(asset.bytes)));
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.kind));
        response
    };
    response.headers_mut().insert(header::ETAG, tag.clone());
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use otc_protocol::limits::{
        ARCHIVE_NAME_CHARS, INSPECT_SESSIONS, INSPECT_TIMELINE, SIGNAL_DATA_BYTES, SIGNAL_TYPE_BYTES,
    };
    use std::collections::BTreeSet;

    /// What is in the directory is served, and nothing else.
    #[test]
    fn every_file_of_the_page_has_its_name_and_its_kind() {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/src/inspect/page");
        let files = std::fs::read_dir(directory).unwrap();
        let files: BTreeSet<String> =
            files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        let served: BTreeSet<String> =
            ASSETS.iter().chain([&PAGE]).map(|asset| asset.name.to_owned()).collect();
        assert_eq!(files, served);
        for Asset { name, kind, bytes } in ASSETS.iter().chain([&PAGE]) {
            let expected = match name.rsplit('.').next().unwrap() {
                "html" => HTML,
                "css" => "text/css; charset=utf-8",
                "js" => "text/javascript; charset=utf-8",
                "svg" => "image/svg+xml",
                other => panic!("what is {other}?"),
            };
            assert_eq!(*kind, expected);
            assert!(!bytes.is_empty(), "{name}");
        }
    }

    /// What the page says before the server has to, it says with the server's numbers.
    #[test]
    fn the_bounds_of_the_page_are_those_of_the_server() {
        for (name, bound) in [
            ("send.js", format!("const DATA_BYTES = {SIGNAL_DATA_BYTES};")),
            ("timeline.js", format!("const ENTRIES_MOST = {INSPECT_TIMELINE};")),
            ("dom.js", format!("export const ROWS_MOST = {INSPECT_SESSIONS};")),
            ("inspect.html", format!("name=\"type\" maxlength=\"{SIGNAL_TYPE_BYTES}\"")),
            ("inspect.html", format!("name=\"name\" maxlength=\"{ARCHIVE_NAME_CHARS}\"")),
        ] {
            let asset = ASSETS.iter().chain([&PAGE]).find(|asset| asset.name == name).unwrap();
            let text = std::str::from_utf8(asset.bytes).unwrap();
            assert!(text.contains(&bound), "{name} has not {bound}");
        }
    }
}
