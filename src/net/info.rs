//! The session-info request (`wire.md §2.1`).

use super::dial::dial;
use super::tls::Trust;
use super::url::Endpoint;
use crate::session::{Failure, FailureKind, Secret};
use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::Request;
use hyper::header::{ACCEPT, HOST, HeaderValue};
use hyper_util::rt::TokioIo;
use otc_protocol::limits::INFO_BYTES;

/// An HTTP status and what came with it.
pub(super) type Answer = (u16, Bytes);

/// Asks for the session info.
pub(super) async fn request(
    url: &str,
    token: &Secret,
    connection_id: &str,
    trust: impl Fn() -> Result<Trust, Failure>,
) -> Result<Answer, Failure> {
    let endpoint = Endpoint::parse(url)?;
    let unreachable = |what: &str| Failure {
        kind: FailureKind::Unreachable,
        text: format!("the session info could not be read from {}: {what}", endpoint.place()),
    };
    let request = get(&endpoint, token, connection_id)?;
    let stream = dial(&endpoint, trust).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| unreachable(&error.to_string()))?;
    let exchange = async {
        let response = sender.send_request(request).await.map_err(|error| unreachable(&error.to_string()))?;
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), INFO_BYTES).collect().await;
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

fn get(endpoint: &Endpoint, token: &Secret, connection_id: &str) -> Result<Request<Empty<Bytes>>, Failure> {
    let unfit =
        |kind, what: &str| Failure { kind, text: format!("{what} holds characters that cannot be sent") };
    let authority = endpoint.uri.authority().map_or("", |authority| authority.as_str());
    let path = endpoint.uri.path_and_query().map_or("/", |path| path.as_str());
    let mut token = HeaderValue::from_str(&token.0).map_err(|_| unfit(FailureKind::Token, "the token"))?;
    token.set_sensitive(true);
    Request::get(path)
        .header(HOST, authority)
        .header(ACCEPT, "application/json")
        .header("X-OPENTOK-AUTH", token)
        .header("X-TB-VERSION", "1")
        .header("X-TB-CLIENT-VERSION", concat!("otc-", env!("CARGO_PKG_VERSION")))
        .header("X-TB-CONNECTIONID", connection_id)
        .body(Empty::new())
        .map_err(|_| unfit(FailureKind::Permanent, "the address"))
}
