//! What clients ask for and send besides their session: the live configuration and their reports (`wire.md §1`).

use super::answer::{ApiError, json_text};
use super::body;
use crate::listener::{Holding, OpenSocket};
use crate::sessions::log_text::beginning;
use axum::Extension;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use otc_protocol::limits::{HTTP_REPORT_BYTES, ISSUE_LOG_CHARS, LOG_CHARS};
use otc_protocol::uuid;
use serde::Deserialize;
use tracing::info;

/// The live configuration: nothing of it differs from what the client has built in.
pub(super) async fn config() -> Response {
    json_text(StatusCode::OK, "{}")
}

/// Takes a report. One of an issue is logged; others are forgotten: they may hold anything, and nobody here analyses them.
pub(super) async fn report(Extension(place): Extension<OpenSocket>, request: Request) -> Response {
    if !request.uri().path().ends_with("/ClientEvent") {
        let done = body::discard(request.into_body()).await;
        return done.map_or_else(ApiError::into_response, |()| json_text(StatusCode::OK, "{}"));
    }
    let mut holding = Holding::new(place);
    match body::read_strange(request.into_body(), HTTP_REPORT_BYTES, &mut holding).await {
        Ok(body) => {
            if let Some(issue) = Issue::read(&body) {
                issue.log();
            }
        }
        Err(error) if error.status == StatusCode::PAYLOAD_TOO_LARGE => {}
        Err(error) => return error.into_response(),
    }
    json_text(StatusCode::OK, "{}")
}

/// What an application tells the operator of, with the id by which he is asked about it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Issue {
    action: String,
    #[serde(rename = "issueId")]
    id: String,
    session_id: String,
    connection_id: Option<String>,
    partner_id: String,
    client_version: String,
    description: String,
}

impl Issue {
    fn read(body: &[u8]) -> Option<Self> {
        let issue: Self = serde_json::from_slice(body).ok()?;
        (issue.action == "ReportIssue" && uuid::parse(&issue.id).is_some()).then_some(issue)
    }

    fn log(&self) {
        let field = |text| beginning(text, LOG_CHARS);
        info!(
            issue = self.id,
            session = ?field(&self.session_id),
            connection = ?self.connection_id.as_deref().map_or("none", field),
            project = ?field(&self.partner_id),
            client = ?field(&self.client_version),
            description = ?beginning(&self.description, ISSUE_LOG_CHARS),
            "issue reported"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn issue() -> Value {
        json!({
            "action": "ReportIssue", "issueId": "c053fcc8-c681-41d5-8ec2-7a9e1434a21e", "sessionId": "S",
            "connectionId": null, "partnerId": "1", "clientVersion": "otc-1", "description": "no sound", "more": [1],
        })
    }

    #[test]
    fn an_issue_has_an_id_and_says_what_it_is() {
        let read = |json: &Value| Issue::read(json.to_string().as_bytes());
        assert_eq!(read(&issue()).expect("an issue").description, "no sound");
        for (key, value) in [
            ("action", json!("Connect")),
            ("issueId", json!("my\nissue")),
            ("issueId", json!(7)),
            ("description", Value::Null),
            ("sessionId", json!({})),
        ] {
            let mut other = issue();
            other[key] = value;
            assert!(read(&other).is_none(), "{other}");
        }
        assert!(Issue::read(b"payload=x").is_none() && Issue::read(b"").is_none());
    }
}
