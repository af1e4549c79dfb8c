//! The session info: the document that a client asks for before it opens its socket (`wire.md §2`).

use crate::error::ErrorCode;
use crate::limits::{ICE_SERVERS, INFO_BYTES, URL_BYTES};
use serde::ser::{SerializeMap, SerializeStruct};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value, json};
use std::fmt;

/// Where a session's media goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preference {
    /// From client to client.
    Enabled,
    /// Through the server; also when the document does not say.
    #[default]
    Disabled,
    /// From client to client while there are two, else through the server.
    Adaptive,
}

impl Preference {
    /// The name in the document.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
            Self::Adaptive => "adaptive",
        }
    }

    fn from_name(name: &str) -> Self {
        [Self::Enabled, Self::Adaptive].into_iter().find(|known| known.name() == name).unwrap_or_default()
    }
}

/// What the session can do. The default is what a client assumes of a document that says nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // they are the document's
pub struct Properties {
    /// Where media goes.
    pub p2p: Preference,
    /// Whether a socket that was cut may be resumed.
    pub reconnection: bool,
    /// Whether media may be negotiated again.
    pub renegotiation: bool,
    /// Whether publishers send several qualities; `None` leaves it to the app.
    pub simulcast: Option<bool>,
    /// Whether those qualities are told apart by stream id.
    pub stream_simulcast_rid_enabled: bool,
    /// Whether H.264 may be used.
    pub h264: bool,
    /// Whether VP8 may be used.
    pub vp8: bool,
    /// Whether VP9 may be used.
    pub vp9: bool,
    /// The codec that offers name first; empty for none.
    pub priority_video_codec: String,
    /// Which ICE candidates clients use: `all`, `relay` or empty.
    pub client_candidates: String,
    /// Whether media is encrypted end to end.
    pub e2ee: bool,
    /// Whether one peer connection carries all subscribers.
    pub single_peer_connection: bool,
}

impl Default for Properties {
    fn default() -> Self {
        Self {
            p2p: Preference::default(),
            reconnection: false,
            renegotiation: false,
            simulcast: None,
            stream_simulcast_rid_enabled: false,
            h264: true,
            vp8: true,
            vp9: true,
            priority_video_codec: String::new(),
            client_candidates: String::new(),
            e2ee: false,
            single_peer_connection: false,
        }
    }
}

impl Properties {
    fn read(value: Option<&Value>) -> Self {
        let Some(Value::Object(map)) = value else { return Self::default() };
        let flag = |name: &str| map.get(name).and_then(Value::as_bool);
        let preference =
            value.and_then(|value| value.pointer("/p2p/preference/value")).and_then(Value::as_str);
        Self {
            p2p: preference.map(Preference::from_name).unwrap_or_default(),
            reconnection: flag("reconnection").unwrap_or(false),
            renegotiation: flag("renegotiation").unwrap_or(false),
            simulcast: flag("simulcast"),
            stream_simulcast_rid_enabled: flag("streamSimulcastRidEnabled").unwrap_or(false),
            h264: flag("h264").unwrap_or(true),
            vp8: flag("vp8").unwrap_or(true),
            vp9: flag("vp9").unwrap_or(true),
            priority_video_codec: text(map, "priorityVideoCodec").unwrap_or_default(),
            client_candidates: text(map, "clientCandidates").unwrap_or_default(),
            e2ee: flag("e2ee").unwrap_or(false),
            single_peer_connection: flag("singlePeerConnection").unwrap_or(false),
        }
    }
}

impl Serialize for Properties {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("p2p", &json!({"preference": {"value": self.p2p.name()}}))?;
        map.serialize_entry("reconnection", &self.reconnection)?;
        map.serialize_entry("renegotiation", &self.renegotiation)?;
        if let Some(simulcast) = self.simulcast {
            map.serialize_entry("simulcast", &simulcast)?;
        }
        map.serialize_entry("streamSimulcastRidEnabled", &self.stream_simulcast_rid_enabled)?;
        map.serialize_entry("h264", &self.h264)?;
        map.serialize_entry("vp8", &self.vp8)?;
        map.serialize_entry("vp9", &self.vp9)?;
        map.serialize_entry("priorityVideoCodec", &self.priority_video_codec)?;
        map.serialize_entry("clientCandidates", &self.client_candidates)?;
        map.serialize_entry("e2ee", &self.e2ee)?;
        map.serialize_entry("singlePeerConnection", &self.single_peer_connection)?;
        map.end()
    }
}

/// A server that helps peers to find a way to each other.
#[derive(Clone, PartialEq, Eq)]
pub struct IceServer {
    /// Its addresses, `stun:…` or `turn:…`.
    pub urls: Vec<String>,
    /// The name to log in with.
    pub username: Option<String>,
    /// The password to log in with.
    pub credential: Option<String>,
}

impl IceServer {
    /// An entry of the document, whose addresses are one `url`, one `urls` or several.
    fn read(value: &Value) -> Option<Self> {
        let map = value.as_object()?;
        let urls = match map.get("urls").filter(|urls| !urls.is_null()).or(map.get("url"))? {
            Value::String(url) => vec![url.clone()],
            Value::Array(urls) => urls.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => return None,
        };
        Some(Self { urls, username: text(map, "username"), credential: text(map, "credential") })
    }
}

/// Without the password.
impl fmt::Debug for IceServer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("IceServer").field("urls", &self.urls).finish_non_exhaustive()
    }
}

impl Serialize for IceServer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut server = serializer.serialize_struct("IceServer", 3)?;
        match self.urls.as_slice() {
            [url] => server.serialize_field("url", url)?,
            urls => server.serialize_field("urls", urls)?,
        }
        server.serialize_field("username", &self.username)?;
        server.serialize_field("credential", &self.credential)?;
        server.end()
    }
}

/// The session info.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SessionInfo {
    /// The session.
    pub session_id: String,
    /// Whose session it is, as the URIs of the protocol call it.
    pub partner_id: String,
    /// The same by its newer name.
    pub project_id: Option<String>,
    /// When the session was created.
    pub create_dt: Option<String>,
    /// The session's state.
    pub session_status: Option<String>,
    /// Names this use of the session in reports.
    pub session_segment_id: Option<String>,
    /// Where the WebSocket is.
    pub messaging_url: String,
    /// The host behind it, for reports.
    pub messaging_server_url: Option<String>,
    /// The host of the media server, for reports.
    pub media_server_hostname: Option<String>,
    /// Where requests are addressed; starts with `symphony.`.
    pub symphony_address: Option<String>,
    /// The host of the TURN server.
    pub ice_server: Option<String>,
    /// The ICE servers; `None` makes clients ask again.
    pub ice_servers: Option<Vec<IceServer>>,
    /// Seconds for which the credentials of the ICE servers last.
    pub ice_credential_expiration: Option<u64>,
    /// What the session can do.
    pub properties: Properties,
}

impl SessionInfo {
    /// The document that the server answers: an array of one.
    pub fn document(&self) -> String {
        json!([self]).to_string()
    }

    fn read(map: &Map<String, Value>) -> Result<Self, InfoError> {
        let session_id = text(map, "session_id").filter(|id| !id.is_empty());
        let session_id = session_id.ok_or_else(|| {
            InfoError::fatal(ErrorCode::ConnectionFailed, "The session info does not name its session")
        })?;
        let project_id = text(map, "project_id");
        let partner_id = text(map, "partner_id").or_else(|| project_id.clone());
        let partner_id = partner_id.ok_or_else(|| {
            InfoError::fatal(ErrorCode::UnexpectedSessionInfo, "The session info does not name its project")
        })?;
        let ice_servers = map.get("ice_servers").and_then(Value::as_array);
        Ok(Self {
            session_id,
            partner_id,
            project_id,
            create_dt: text(map, "create_dt"),
            session_status: text(map, "session_status"),
            session_segment_id: text(map, "session_segment_id"),
            messaging_url: messaging_url(map)?,
            messaging_server_url: text(map, "messaging_server_url"),
            media_server_hostname: text(map, "media_server_hostname"),
            symphony_address: text(map, "symphony_address"),
            ice_server: text(map, "ice_server"),
            ice_servers: ice_servers
                .map(|servers| servers.iter().take(ICE_SERVERS).filter_map(IceServer::read).collect()),
            ice_credential_expiration: map.get("ice_credential_expiration").and_then(Value::as_u64),
            properties: Properties::read(map.get("properties")),
        })
    }
}

/// Reads the object itself, not the array around it.
impl<'de> Deserialize<'de> for SessionInfo {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let map = Map::deserialize(deserializer)?;
        Self::read(&map).map_err(serde::de::Error::custom)
    }
}

/// A refusal in the place of the session info; sent with HTTP status 200 (`wire.md §2.3`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorDocument {
    /// What kind of refusal, as an HTTP status.
    pub code: u16,
    /// Why, for people.
    pub message: String,
}

impl ErrorDocument {
    /// The document that the server answers.
    pub fn document(&self) -> String {
        let message = json!({"code": -1, "message": self.message});
        json!([{"error": {"code": self.code, "errorMessage": message}}]).to_string()
    }
}

/// Why there is no session info.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InfoError {
    /// What `on_error` reports.
    pub code: ErrorCode,
    /// Why, for people.
    pub message: String,
    /// Whether asking again may help.
    pub retry: bool,
}

impl InfoError {
    fn fatal(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retry: false }
    }

    fn passing(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retry: true }
    }

    /// The refusal of an HTTP status. A server of the hosted platform's kind never sends one (`wire.md §2.3`); what stands
    /// before a server may, and its no is final where the same question will get the same answer.
    fn of_status(http_status: u16, body: &[u8]) -> Self {
        let message =
            format!("The server answered HTTP status {http_status} to the request for session info");
        let code = match http_status {
            401 | 403 => ErrorCode::AuthorizationFailure,
            404 | 410 => ErrorCode::InvalidSession,
            _ => return Self::passing(ErrorCode::UnexpectedSessionInfo, message),
        };
        let document =
            (body.len() <= INFO_BYTES).then(|| serde_json::from_slice::<Value>(body).ok()).flatten();
        match document.as_ref().and_then(|document| document.pointer("/0/error")) {
            Some(error) => Self { code, retry: false, ..Self::refusal(error) },
            None => Self::fatal(code, message),
        }
    }

    /// The refusal of an error element (`wire.md §2.3`).
    fn refusal(error: &Value) -> Self {
        let code = error.get("code");
        let code = code.and_then(|code| code.as_u64().or_else(|| code.as_str()?.parse().ok()));
        let said = error.pointer("/errorMessage/message").or(error.get("message")).and_then(Value::as_str);
        let said = said.map(|text| text.chars().take(MESSAGE_CHARS).collect::<String>());
        let or = |fallback: &str| said.clone().unwrap_or_else(|| fallback.to_owned());
        match code {
            Some(400 | 404) => {
                Self::fatal(ErrorCode::InvalidSession, format!("{} (1005)", or("Invalid session id")))
            }
            Some(403) => Self::fatal(ErrorCode::AuthorizationFailure, or("The server refused the token")),
            Some(409) => Self::fatal(ErrorCode::BlockedCountry, or("The server does not serve this place")),
            Some(500) => Self::fatal(ErrorCode::UnexpectedSessionInfo, or("The server failed")),
            other => {
                let code = other.map_or("none".to_owned(), |code| code.to_string());
                let reason = or("no reason given");
                let message = format!("The server refused the session info with error code {code}: {reason}");
                Self::passing(ErrorCode::UnexpectedSessionInfo, message)
            }
        }
    }
}

impl fmt::Display for InfoError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for InfoError {}

/// Characters of a server's message that are passed on.
const MESSAGE_CHARS: usize = 1024;

/// What a client makes of the answer to its request for session info (`wire.md §2.3`).
pub fn parse_response(http_status: u16, body: &[u8], api_key: &str) -> Result<SessionInfo, InfoError> {
    use ErrorCode::{AuthorizationFailure, ConnectionFailed, UnexpectedSessionInfo};
    if !(200..300).contains(&http_status) {
        return Err(InfoError::of_status(http_status, body));
    }
    if body.is_empty() {
        return Err(InfoError::passing(ConnectionFailed, "The server answered an empty session info"));
    }
    if body.len() > INFO_BYTES {
        return Err(InfoError::passing(
            UnexpectedSessionInfo,
            "The server answered a session info that is too large",
        ));
    }
    let Ok(Value::Array(elements)) = serde_json::from_slice(body) else {
        return Err(InfoError::passing(UnexpectedSessionInfo, "The session info is not a JSON array"));
    };
    let info = match elements.first() {
        None => {
            return Err(InfoError::passing(ConnectionFailed, "The server answered an empty session info"));
        }
        Some(Value::Object(info)) => info,
        Some(_) => {
            return Err(InfoError::passing(UnexpectedSessionInfo, "The session info is not a JSON object"));
        }
    };
    if let Some(error) = info.get("error").filter(|error| !error.is_null()) {
        return Err(InfoError::refusal(error));
    }
    let info = SessionInfo::read(info)?;
    if info.partner_id != api_key {
        let message = "API key does not match the session: it belongs to another project";
        return Err(InfoError::fatal(AuthorizationFailure, message));
    }
    Ok(info)
}

/// A member that is a text or, as some servers write ids, a number; anything else counts as absent.
fn text(map: &Map<String, Value>, name: &str) -> Option<String> {
    match map.get(name)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn messaging_url(map: &Map<String, Value>) -> Result<String, InfoError> {
    let none = |message| InfoError::fatal(ErrorCode::NoMessagingServer, message);
    let url = text(map, "messaging_url").filter(|url| !url.is_empty());
    let url = url.ok_or_else(|| none("The session info names no messaging server"))?;
    let scheme = url.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    if url.len() <= URL_BYTES && scheme.is_some_and(|scheme| scheme == "ws" || scheme == "wss") {
        Ok(url)
    } else {
        Err(none("The session info names a messaging server that is not a ws:// or wss:// URL"))
    }
}

#[cfg(test)]
#[path = "session_info_tests.rs"]
mod tests;
