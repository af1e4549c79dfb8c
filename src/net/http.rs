//! One HTTP request over a connection of its own.

use super::dial::dial;
use super::proxy::NetworkProxy;
use super::tls::Trust;
use super::url::Endpoint;
use crate::session::{Failure, FailureKind};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::Request;
use hyper::header::{HOST, USER_AGENT};
use hyper::http::request::Builder;
use hyper_util::rt::TokioIo;

/// An HTTP status and what came with it.
pub(super) type Answer = (u16, Bytes);

/// How a session's requests get to a server.
#[derive(Clone, Copy)]
pub(super) struct Way<'a, T> {
    pub(super) user_agent: &'a str,
    pub(super) proxy: Option<&'a NetworkProxy>,
    pub(super) trust: T,
}

/// The beginning of a request to `endpoint`.
pub(super) fn request(method: hyper::Method, endpoint: &Endpoint, user_agent: &str) -> Builder {
    let authority = endpoint.uri.authority().map_or("", |authority| authority.as_str());
    let path = endpoint.uri.path_and_query().map_or("/", |path| path.as_str());
    Request::builder().method(method).uri(path).header(HOST, authority).header(USER_AGENT, user_agent)
}

/// Sends `request` and reads an answer of `most` bytes at most. `purpose` begins the text of a failure, and the place
/// follows it.
pub(super) async fn exchange(
    endpoint: &Endpoint,
    request: Request<Full<Bytes>>,
    most: usize,
    purpose: &str,
    way: Way<'_, impl Fn() -> Result<Trust, Failure>>,
) -> Result<Answer, Failure> {
    let unreachable = |what: &str| Failure {
        kind: FailureKind::Unreachable,
        text: format!("{purpose} {}: {what}", endpoint.place()),
    };
    let stream = dial(endpoint, way.proxy, way.trust).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| unreachable(&error.to_string()))?;
    let exchange = async {
        let response = sender.send_request(request).await.map_err(|error| unreachable(&error.to_string()))?;
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), most).collect().await;
        let body = body.map_err(|_| unreachable("the answer broke off or is too large"))?;
        Ok((status, body.to_bytes()))
    };
    tokio::pin!(exchange);
    tokio::select! {
        biased;
        answer = &mut exchange => answer,
        // The connection may end in the same moment in which the answer is complete.
        _ = connection => exchange.await,
    }
}
