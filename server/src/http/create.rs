//! `POST /session/create`: new sessions (`rest.md §2.2`).

use super::answer::{ApiError, accepts_json, json_text, xml_text};
use super::{body, caller};
use crate::App;
use crate::archives::{ArchiveMode, SessionProperties};
use crate::calendar::Date;
use crate::keys::random;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use otc_protocol::limits::{ARCHIVE_NAME_CHARS, HTTP_FORM_BYTES};
use otc_protocol::raptor::SessionAddress;
use otc_protocol::session_id::{ProjectId, SessionId};
use otc_protocol::uuid;
use quick_xml::escape::escape;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;
use tracing::info;

/// The resolutions of archives (`rest.md §2.2`).
pub(super) const RESOLUTIONS: [&str; 6] =
    ["640x480", "480x640", "1280x720", "720x1280", "1920x1080", "1080x1920"];
/// How long ICE credentials last, as the platform says in its answer.
const ICE_SECONDS: u32 = 86_100;

/// Answers a new session in the language that the caller reads.
pub(super) async fn create(State(app): State<Arc<App>>, request: Request) -> Response {
    let json = accepts_json(request.headers());
    match created(&app, request).await {
        Ok(session) if json => json_text(StatusCode::OK, session.json().to_string()),
        Ok(session) => xml_text(StatusCode::OK, &session.xml()),
        Err(error) if json => error.into_response(),
        Err(error) => error.into_xml(),
    }
}

async fn created(app: &App, request: Request) -> Result<Created, ApiError> {
    let project = caller::authenticate(app, &request);
    let (project, body) = body::unless_refused(project, request.into_body()).await?;
    // By the path and not by the content type: an SDK labels its form as JSON (`rest.md §0`, rule 6).
    let form = body::read(body, HTTP_FORM_BYTES).await?;
    caller::still_active(app, &project)?;
    let options = Options::read(&form)?;
    let created_ms = app.time().unix_ms;
    let segment = uuid::from_random(unguessable()?);
    let mut session = SessionId::new(project.clone(), created_ms, unguessable()?);
    session.location = options.location;
    session.relayed = options.relayed;
    session.encrypted = options.encrypted;
    let id = session.encode();
    if let Some(properties) = options.properties(created_ms) {
        let address = SessionAddress { project: project.to_string(), session: id.clone() };
        app.archives.remember(address, properties).await?;
    }
    info!(%project, session = %id, relayed = options.relayed, "session created");
    Ok(Created { id, project, unix_ms: created_ms, segment })
}

fn unguessable<const N: usize>() -> Result<[u8; N], ApiError> {
    random().map_err(|error| ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))
}

/// What the form asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Options {
    relayed: bool,
    encrypted: bool,
    archive_always: bool,
    archive_name: Option<String>,
    archive_resolution: Option<String>,
    location: Option<Ipv4Addr>,
}

impl Options {
    fn read(form: &[u8]) -> Result<Self, ApiError> {
        let fields = fields(form)?;
        let field = |name: &str| fields.get(name).map(String::as_str).filter(|value| !is_absent(value));
        let options = Self {
            relayed: choice(field("p2p.preference"), "p2p.preference", ["disabled", "enabled"])?,
            encrypted: choice(field("e2ee"), "e2ee", ["false", "true"])?,
            archive_always: choice(field("archiveMode"), "archiveMode", ["manual", "always"])?,
            archive_name: field("archiveName").map(str::to_owned),
            archive_resolution: field("archiveResolution").map(str::to_owned),
            location: field("location").map(location).transpose()?,
        };
        if field("archiveName").is_some_and(|name| name.chars().count() > ARCHIVE_NAME_CHARS) {
            return Err(ApiError::bad_request("archiveName is longer than 80 characters"));
        }
        if field("archiveResolution").is_some_and(|resolution| !RESOLUTIONS.contains(&resolution)) {
            return Err(ApiError::bad_request(format!(
                "archiveResolution must be one of {}",
                RESOLUTIONS.join(", ")
            )));
        }
        options.checked()
    }

    /// What has to be remembered, because the session's id does not say it.
    fn properties(&self, created_ms: u64) -> Option<SessionProperties> {
        self.archive_always.then(|| SessionProperties {
            archive_mode: ArchiveMode::Always,
            archive_name: self.archive_name.clone(),
            archive_resolution: self.archive_resolution.clone(),
            created_ms,
        })
    }

    /// The options, if they go together (`rest.md §1.5`).
    fn checked(self) -> Result<Self, ApiError> {
        let conflict = if self.archive_always && self.relayed {
            "archiveMode always needs a routed session: send p2p.preference=disabled"
        } else if self.encrypted && self.relayed {
            "e2ee needs a routed session: send p2p.preference=disabled"
        } else if self.encrypted && self.archive_always {
            "an encrypted session (e2ee) cannot be archived: send archiveMode=manual"
        } else {
            return Ok(self);
        };
        Err(ApiError::bad_request(conflict))
    }
}

/// The fields of a form; of a repeated one the last, unknown ones too.
fn fields(form: &[u8]) -> Result<BTreeMap<String, String>, ApiError> {
    let text = std::str::from_utf8(form).map_err(|_| not_a_form())?.trim();
    if text.starts_with(['{', '[', '<', '"']) {
        return Err(not_a_form());
    }
    Ok(form_urlencoded::parse(text.as_bytes()).into_owned().collect())
}

fn not_a_form() -> ApiError {
    ApiError::bad_request(
        "The body is not a form: send p2p.preference=disabled&archiveMode=manual, or nothing",
    )
}

/// SDKs write `location=null` and `location=` for what they were not given (`rest.md §0`, rule 7).
fn is_absent(value: &str) -> bool {
    matches!(value, "" | "null" | "undefined" | "None")
}

/// Whether the field has the second of two values; the first is what it has when it is not there.
fn choice(value: Option<&str>, name: &str, [no, yes]: [&str; 2]) -> Result<bool, ApiError> {
    match value {
        None => Ok(false),
        Some(value) if value.eq_ignore_ascii_case(no) => Ok(false),
        Some(value) if value.eq_ignore_ascii_case(yes) => Ok(true),
        Some(_) => Err(ApiError::bad_request(format!("{name} must be {no} or {yes}"))),
    }
}

fn location(value: &str) -> Result<Ipv4Addr, ApiError> {
    value.parse().map_err(|_| ApiError::bad_request("location must be an IPv4 address like 12.34.56.78"))
}

/// A new session.
struct Created {
    id: String,
    project: ProjectId,
    unix_ms: u64,
    segment: String,
}

impl Created {
    /// The platform's answer, with all of its members (`rest.md §2.2`).
    fn json(&self) -> Value {
        let project = self.project.as_str();
        let mut session = json!({
            "session_id": self.id, "project_id": project, "partner_id": project,
            "create_dt": date_text(self.unix_ms), "session_segment_id": self.segment,
            "ice_credential_expiration": ICE_SECONDS,
            "session_status": null, "status_invalid": null, "media_server_hostname": null,
            "messaging_server_url": null, "messaging_url": null, "symphony_address": null,
            "properties": null, "ice_server": null, "ice_servers": null,
        });
        if self.project.is_application() {
            session["application_id"] = project.into();
        }
        json!([session])
    }

    fn xml(&self) -> String {
        let (id, project) = (escape(&self.id), escape(self.project.as_str()));
        let date = date_text(self.unix_ms);
        format!(
            "<sessions><Session><session_id>{id}</session_id><partner_id>{project}</partner_id>\
             <create_dt>{date}</create_dt></Session></sessions>"
        )
    }
}

/// A time as the platform writes it: `Fri Feb 14 13:14:54 UTC 2025`.
fn date_text(unix_ms: u64) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let seconds = unix_ms / 1000;
    let (days, second_of_day) = (seconds / 86_400, seconds % 86_400);
    let (hour, minute, second) = (second_of_day / 3600, second_of_day / 60 % 60, second_of_day % 60);
    let Date { year, month, day } = Date::from_unix(days.cast_signed());
    let name = |names: &[&'static str], index: i64| {
        usize::try_from(index).ok().and_then(|index| names.get(index).copied()).unwrap_or_default()
    };
    let (weekday, month) = (name(&DAYS, days.cast_signed() % 7), name(&MONTHS, month - 1));
    format!("{weekday} {month} {day:02} {hour:02}:{minute:02}:{second:02} UTC {year}")
}

#[cfg(test)]
#[path = "create_tests.rs"]
mod tests;
