//! Reports of issues to the server: one POST each, in the background.

use super::http;
use super::library::Library;
use super::session::Session;
use super::url::Endpoint;
use crate::session::{CLIENT_VERSION, Failure, FailureKind, Refused};
use hyper::Method;
use hyper::header::{ACCEPT, CONTENT_TYPE};
use otc_protocol::error::ErrorCode;
use otc_protocol::limits::{INFO_BYTES, ISSUE_TIMEOUT, ISSUES_UNDER_WAY};
use otc_protocol::uuid;
use rand::TryRng;
use rand::rngs::SysRng;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::time::error::Elapsed;
use tokio::time::timeout;

/// Reports of this process that are on their way.
static UNDER_WAY: AtomicUsize = AtomicUsize::new(0);

/// A report on its way. Dropping it undelivered, as happens when the library stops, is said in the log.
struct Report {
    library: Arc<Library>,
    issue: String,
    failure: Option<String>,
}

impl Report {
    fn begin(library: &Arc<Library>) -> Result<Self, Refused> {
        let mut random = [0; 16];
        SysRng.try_fill_bytes(&mut random).map_err(|_| Refused {
            code: ErrorCode::Fatal,
            text: "The system gives no randomness for an issue id.",
        })?;
        let grown = |count| (count < ISSUES_UNDER_WAY).then_some(count + 1);
        if UNDER_WAY.fetch_update(Ordering::AcqRel, Ordering::Acquire, grown).is_err() {
            let text = "As many issue reports as may be are on their way; report again in some seconds.";
            return Err(Refused { code: ErrorCode::IllegalState, text });
        }
        // A library that stops waits for it, as for a session that is leaving.
        library.begin_driving();
        Ok(Self {
            library: Arc::clone(library),
            issue: uuid::from_random(random),
            failure: Some("the library has been stopped".to_owned()),
        })
    }

    fn end(mut self, delivered: Result<Result<(), Failure>, Elapsed>) {
        self.failure = match delivered {
            Ok(Ok(())) => None,
            Ok(Err(failure)) => Some(failure.text),
            Err(_) => Some("it took too long".to_owned()),
        };
    }
}

impl Drop for Report {
    fn drop(&mut self) {
        if let Some(failure) = &self.failure {
            crate::log::warn(&format!(
                "The report of issue {} has not reached the server: {failure}.",
                self.issue
            ));
        }
        UNDER_WAY.fetch_sub(1, Ordering::AcqRel);
        self.library.end_driving();
    }
}

impl Session {
    /// Sends a report of an issue to the server, without waiting for it; the answer is the issue's id.
    pub fn report_issue(self: &Arc<Self>, description: &str) -> Result<String, Refused> {
        let report = Report::begin(&self.library)?;
        let issue = report.issue.clone();
        let (config, url, connection, status) = self.ask(|engine| {
            let connection = engine.connection().map(|own| own.id.clone());
            let url = format!("{}/logging/ClientEvent", engine.api_url());
            let config = engine.config().clone();
            let url = config.through_proxy(url);
            (config, url, connection, engine.status())
        });
        crate::log::info(&format!(
            "Issue {issue} is reported: session {:?}, connection {}, {status:?}.",
            config.session_id,
            connection.as_deref().unwrap_or("none"),
        ));
        let event = json!({
            "action": "ReportIssue",
            "issueId": issue,
            "sessionId": config.session_id,
            "connectionId": connection,
            "partnerId": config.api_key,
            "clientVersion": CLIENT_VERSION,
            "description": description,
        });
        let body = event.to_string();
        let session = Arc::clone(self);
        self.library.handle.spawn(async move {
            report.end(timeout(ISSUE_TIMEOUT, session.post(&url, &config.user_agent, body)).await);
        });
        Ok(issue)
    }

    async fn post(&self, url: &str, user_agent: &str, json: String) -> Result<(), Failure> {
        let failed = |text| Failure { kind: FailureKind::Permanent, text };
        let endpoint = Endpoint::parse(url)?;
        let request = http::request(Method::POST, &endpoint, user_agent)
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/json")
            .body(json.into())
            .map_err(|_| failed("the address holds characters that cannot be sent".to_owned()))?;
        let way = self.way(user_agent);
        let purpose = "it could not be sent to";
        match http::exchange(&endpoint, request, INFO_BYTES, purpose, way).await? {
            http::Answer { status: 200..=299, .. } => Ok(()),
            http::Answer { status, .. } => Err(failed(format!("{} answers {status}", endpoint.place()))),
        }
    }
}
