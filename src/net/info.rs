//! The session-info request (`wire.md §2.1`).

use super::http::{self, Answer, Way};
use super::tls::Trust;
use super::url::Endpoint;
use crate::session::{CLIENT_VERSION, Failure, FailureKind, Secret};
use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{ACCEPT, HeaderValue};
use hyper::{Method, Request};
use otc_protocol::limits::INFO_BYTES;

/// Asks for the session info.
pub(super) async fn request(
    url: &str,
    token: &Secret,
    connection_id: &str,
    way: Way<'_, impl Fn() -> Result<Trust, Failure>>,
) -> Result<Answer, Failure> {
    let endpoint = Endpoint::parse(url)?;
    let request = get(&endpoint, token, connection_id, way.user_agent)?;
    let answer =
        http::exchange(&endpoint, request, INFO_BYTES, "the session info could not be read from", way)
            .await?;
    // Other refusals have words that the engine reads.
    match http::refusal(answer.status, &answer.headers) {
        kind @ FailureKind::Busy(_) => {
            let text = format!("{} has no time (HTTP status {})", endpoint.place(), answer.status);
            Err(Failure { kind, text })
        }
        _ => Ok(answer),
    }
}

fn get(
    endpoint: &Endpoint,
    token: &Secret,
    connection_id: &str,
    user_agent: &str,
) -> Result<Request<Full<Bytes>>, Failure> {
    let unfit =
        |kind, what: &str| Failure { kind, text: format!("{what} holds characters that cannot be sent") };
    let mut token = HeaderValue::from_str(&token.0).map_err(|_| unfit(FailureKind::Token, "the token"))?;
    token.set_sensitive(true);
    http::request(Method::GET, endpoint, user_agent)
        .header(ACCEPT, "application/json")
        .header("X-OPENTOK-AUTH", token)
        .header("X-TB-VERSION", "1")
        .header("X-TB-CLIENT-VERSION", CLIENT_VERSION)
        .header("X-TB-CONNECTIONID", connection_id)
        .body(Full::default())
        .map_err(|_| unfit(FailureKind::Permanent, "the address"))
}
