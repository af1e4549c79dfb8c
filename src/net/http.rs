//! One HTTP request over a connection of its own.

use super::dial::dial;
use super::proxy::NetworkProxy;
use super::tls::Trust;
use super::url::Endpoint;
use crate::session::{Failure, FailureKind, Refusal};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::Request;
use hyper::header::{HOST, HeaderMap, RETRY_AFTER, USER_AGENT};
use hyper::http::request::Builder;
use hyper_util::rt::TokioIo;
use otc_protocol::limits::RETRY_AFTER_MOST;
use std::time::Duration;

/// What an HTTP server has answered.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// What a status that is no success means for another try.
pub(super) fn refusal(status: u16, headers: &HeaderMap) -> FailureKind {
    match status {
        401 | 403 => FailureKind::Refused(Refusal::Forbidden),
        404 => FailureKind::Refused(Refusal::Missing),
        410 => FailureKind::Refused(Refusal::Gone),
        429 | 503 => FailureKind::Busy(retry_after(headers)),
        _ => FailureKind::Unreachable,
    }
}

/// The pause of `Retry-After` in seconds. The form with a date is left alone: it is about a clock that may be another one.
fn retry_after(headers: &HeaderMap) -> Duration {
    let value = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()).unwrap_or_default().trim();
    if value.is_empty() || !value.bytes().all(|digit| digit.is_ascii_digit()) {
        return Duration::ZERO;
    }
    value.parse().map_or(RETRY_AFTER_MOST, |seconds| Duration::from_secs(seconds).min(RETRY_AFTER_MOST))
}

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
        let (head, body) = response.into_parts();
        let body = Limited::new(body, most).collect().await;
        let body = body.map_err(|_| unreachable("the answer broke off or is too large"))?;
        Ok(Answer { status: head.status.as_u16(), headers: head.headers, body: body.to_bytes() })
    };
    tokio::pin!(exchange);
    tokio::select! {
        biased;
        answer = &mut exchange => answer,
        // The connection may end in the same moment in which the answer is complete.
        _ = connection => exchange.await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_status_means() {
        let forbidden = FailureKind::Refused(Refusal::Forbidden);
        let (missing, gone) = (FailureKind::Refused(Refusal::Missing), FailureKind::Refused(Refusal::Gone));
        let table = [(401, forbidden), (403, forbidden), (404, missing), (410, gone)];
        for (status, kind) in table {
            assert_eq!(refusal(status, &HeaderMap::new()), kind, "{status}");
        }
        for status in [200, 301, 400, 407, 408, 426, 500, 502, 504] {
            assert_eq!(refusal(status, &HeaderMap::new()), FailureKind::Unreachable, "{status}");
        }
    }

    #[test]
    fn how_long_the_server_wants_to_be_left_alone() {
        let most = RETRY_AFTER_MOST.as_secs();
        let table: [(&[u8], u64); 8] = [
            (b"7", 7),
            (b" 7 ", 7),
            (b"0", 0),
            (b"-1", 0),
            (b"18446744073709551615", most),
            (b"99999999999999999999999", most),
            (b"Wed, 21 Oct 2026 07:28:00 GMT", 0),
            (b"\xff", 0),
        ];
        for status in [429, 503] {
            assert_eq!(refusal(status, &HeaderMap::new()), FailureKind::Busy(Duration::ZERO));
            for (value, seconds) in table {
                let value = hyper::header::HeaderValue::from_bytes(value).expect("a header");
                let headers = HeaderMap::from_iter([(RETRY_AFTER, value)]);
                assert_eq!(refusal(status, &headers), FailureKind::Busy(Duration::from_secs(seconds)));
            }
        }
    }
}
