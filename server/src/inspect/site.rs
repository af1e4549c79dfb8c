//! Where a request goes and where it comes from, as far as a browser tells: the same rules for all of `/inspect`.
//!
//! The cookie is the one thing here that a browser adds by itself, so pages of others must neither use it nor read
//! anything, also when their names lead to this machine (DNS rebinding).

use super::ROOT;
use crate::App;
use crate::http::{ApiError, Origin, Peer, refuse};
use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::net::IpAddr;
use std::sync::Arc;

/// What the page may do: what comes from the server itself. Nobody frames it, and it sends no form.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What every answer says to browsers.
const HEADERS: [(HeaderName, &str); 5] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The server as one request has found it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Site {
    /// Whether nobody between the browser and the server, or the proxy that it trusts, can read along.
    pub(super) encrypted: bool,
    /// What stands before `/inspect` in the browser's paths: that of a proxy.
    pub(super) prefix: String,
    /// The origins of its own pages.
    origins: Vec<Origin>,
}

impl Site {
    /// `None`: at a name that need not be this server's.
    pub(super) fn of(app: &App, request: &Request) -> Option<Self> {
        let peer = request.extensions().get::<Peer>()?;
        let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
        let host: Authority = host.or(request.uri().authority().map(Authority::as_str))?.parse().ok()?;
        let public = app.public_url.as_ref();
        let is_public = public.filter(|url| url.host().eq_ignore_ascii_case(host.host()));
        let encrypted = peer.encrypted || is_public.is_some_and(|url| url.web_url("").starts_with("https:"));
        // With TLS the browser has seen a certificate of that name; an address is where it leads.
        if !encrypted && is_public.is_none() && !is_address(host.host()) && !is_this_machine(host.host()) {
            return None;
        }
        let scheme = if encrypted { "https" } else { "http" };
        let origins = Origin::parse(&format!("{scheme}://{host}")).into_iter();
        let root = public.map(|url| url.web_url("/"));
        let prefix = is_public.map(|url| path_of(&url.web_url("")).to_owned()).unwrap_or_default();
        let origins = origins.chain(root.as_deref().and_then(origin_of)).collect();
        Some(Self { encrypted, prefix, origins })
    }

    /// The path that the cookie is sent to.
    pub(super) fn cookie_path(&self) -> String {
        format!("{}{ROOT}", self.prefix)
    }

    /// Whether a page of this server may have sent it, or no page at all. `changes`: it does something.
    pub(super) fn sent_by_own_page(&self, headers: &HeaderMap, changes: bool) -> Result<(), ApiError> {
        const FOREIGN: &str = "This was sent by a page of another origin";
        let mut sites = headers.get_all(FETCH_SITE).iter();
        let is_own = match (sites.next().map(HeaderValue::as_bytes), sites.next()) {
            (None, _) | (Some(b"same-origin"), None) => true,
            // Somebody has typed the address, or has opened it from a bookmark.
            (Some(b"none"), None) => !changes,
            _ => false,
        };
        let mut origins = headers.get_all(header::ORIGIN).iter();
        let is_own = is_own
            && match (origins.next(), origins.next()) {
                (None, _) => true,
                (Some(origin), None) => {
                    let origin = origin.to_str().ok().and_then(Origin::parse);
                    origin.is_some_and(|origin| self.origins.contains(&origin))
                }
                (Some(_), Some(_)) => false,
            };
        if is_own {
            return Ok(());
        }
        Err(ApiError::forbidden(format!(
            "{FOREIGN}, or a proxy hides where this server is found: then set public_url"
        )))
    }
}

/// An address is no name that somebody else could lead here.
fn is_address(host: &str) -> bool {
    let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    inner.unwrap_or(host).parse::<IpAddr>().is_ok()
}

/// Names that lead to this machine everywhere (RFC 6761, section 6.3).
fn is_this_machine(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    host == "localhost" || host.ends_with(".localhost")
}

/// The path of a URL, without the slash at its end.
fn path_of(url: &str) -> &str {
    let place = url.split_once("://").map_or("", |(_, place)| place);
    place.find('/').map_or("", |start| &place[start..])
}

/// The origin of a URL.
fn origin_of(url: &str) -> Option<Origin> {
    let (scheme, place) = url.split_once("://")?;
    let host = place.split('/').next()?;
    Origin::parse(&format!("{scheme}://{host}"))
}

/// Lets requests pass that have found this server under a name of its own, and tells browsers what they may make of the
/// answers.
pub(super) async fn guard(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let mut response = match Site::of(&app, &request) {
        Some(site) => {
            request.extensions_mut().insert(site);
            next.run(request).await
        }
        None => {
            let refusal = ApiError::new(
                StatusCode::MISDIRECTED_REQUEST,
                "This server does not know that name for itself: open /inspect by its address, or set public_url",
            );
            refuse(request, refusal).await.into_response()
        }
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
