//! Tokens: what a `T1==` or JWT text holds and what it claims, in the encodings of all the published SDKs
//! (`rest.md §1.2`, `§1.3`). Signing and verifying are the server's.

use crate::limits::{
    CONNECTION_DATA_CHARS, LAYOUT_CLASS_CHARS, LAYOUT_CLASSES, PROJECT_BYTES, SESSION_ID_BYTES, TOKEN_BYTES,
    TOKEN_LIFE,
};
use crate::permissions::Role;
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD};
use serde_json::{Map, Value, json};
use std::fmt;

/// What a `T1==` token starts with.
pub const T1_PREFIX: &str = "T1==";
/// The only scope of client tokens.
pub const CONNECT_SCOPE: &str = "session.connect";
/// Far above any real time, and exact as a floating-point number.
const LATEST_SECOND: f64 = 1e15;

/// Why a token cannot be read, as a sentence whose subject (“it”) is the token. Holds nothing of the token itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenError {
    /// Longer than [`TOKEN_BYTES`].
    TooLong,
    /// Neither kind of token; the text says what is wrong with it.
    Malformed(&'static str),
    /// A field that every token has is not there.
    Missing(&'static str),
    /// A field's value cannot be.
    Invalid(&'static str),
    /// A field is there twice, so that two readers could understand two things.
    Repeated(&'static str),
}

impl fmt::Display for TokenError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(formatter, "it is longer than {TOKEN_BYTES} bytes"),
            Self::Malformed(what) => write!(formatter, "it is malformed: {what}"),
            Self::Missing(field) => write!(formatter, "it has no {field}"),
            Self::Invalid(field) => write!(formatter, "it has an invalid {field}"),
            Self::Repeated(field) => write!(formatter, "it has more than one {field}"),
        }
    }
}

impl std::error::Error for TokenError {}

/// A `T1==` token, taken apart and not verified.
#[derive(Clone, PartialEq, Eq)]
pub struct T1 {
    /// The API key that it names; not covered by the signature, but it chooses the secret.
    pub partner_id: String,
    /// HMAC-SHA1 of `data` with the key's secret.
    pub signature: [u8; 20],
    /// The signed bytes: a form.
    pub data: Vec<u8>,
}

impl T1 {
    /// Takes a token apart.
    pub fn parse(token: &str) -> Result<Self, TokenError> {
        let encoded = bounded(token)?.strip_prefix(T1_PREFIX);
        let encoded = encoded.ok_or(TokenError::Malformed("no T1== at its start"))?;
        let bytes = decode_base64(encoded).ok_or(TokenError::Malformed("no base64 after T1=="))?;
        let colon = bytes.iter().position(|byte| *byte == b':');
        let (head, data) = bytes.split_at(colon.ok_or(TokenError::Malformed("no signed part"))?);
        let [partner_id, signature] = form_fields(head, ["partner_id", "sig"])?;
        let partner_id = partner_id.ok_or(TokenError::Missing("partner_id"))?;
        if partner_id.len() > PROJECT_BYTES {
            return Err(TokenError::Invalid("partner_id"));
        }
        let signature = signature.ok_or(TokenError::Missing("sig"))?;
        let signature = decode_hex(&signature).ok_or(TokenError::Invalid("sig"))?;
        Ok(Self { partner_id, signature, data: data[1..].to_vec() })
    }

    /// The token's text.
    pub fn encode(&self) -> String {
        let mut bytes = format!("partner_id={}&sig=", self.partner_id).into_bytes();
        bytes.extend(self.signature.iter().flat_map(|byte| [hex_digit(byte >> 4), hex_digit(byte & 15)]));
        bytes.push(b':');
        bytes.extend_from_slice(&self.data);
        format!("{T1_PREFIX}{}", BASE64_STANDARD.encode(bytes))
    }

    /// What the token claims.
    pub fn claims(&self) -> Result<Claims, TokenError> {
        Claims::from_form(&self.partner_id, &self.data)
    }
}

/// Without the signature and the data.
impl fmt::Debug for T1 {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("T1").field("partner_id", &self.partner_id).finish_non_exhaustive()
    }
}

/// A JWT, taken apart and not verified.
#[derive(Clone, PartialEq, Eq)]
pub struct Jwt<'a> {
    /// The bytes that are signed: header and claims as they stand in the text.
    pub signed: &'a str,
    /// The signature, still in base64.
    pub signature: &'a str,
    /// The JOSE header.
    pub header: Map<String, Value>,
    /// The claims' JSON.
    pub claims: Vec<u8>,
}

impl<'a> Jwt<'a> {
    /// Takes a token apart.
    pub fn parse(token: &'a str) -> Result<Self, TokenError> {
        let (signed, signature) = bounded(token)?.rsplit_once('.').unwrap_or_default();
        let (header, claims) = signed.split_once('.').unwrap_or_default();
        if header.is_empty() || claims.contains('.') {
            return Err(TokenError::Malformed("neither T1== nor three parts with dots between them"));
        }
        let header = decode_base64(header).and_then(|json| serde_json::from_slice(&json).ok());
        let claims = decode_base64(claims).ok_or(TokenError::Malformed("claims that are not base64"))?;
        let header = header.ok_or(TokenError::Malformed("a header that is not JSON in base64"))?;
        Ok(Self { signed, signature, header, claims })
    }

    /// The algorithm that the header names. A verifier pins its own and compares.
    pub fn algorithm(&self) -> Option<&str> {
        self.header.get("alg").and_then(Value::as_str)
    }
}

/// Without the signature and the claims.
impl fmt::Debug for Jwt<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Jwt").field("algorithm", &self.algorithm()).finish_non_exhaustive()
    }
}

/// What a client token claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// Whose token it is: `partner_id`, `iss` or `application_id`.
    pub project: String,
    /// The session that it opens.
    pub session_id: String,
    /// What its connection may do there.
    pub role: Role,
    /// When it was made, in Unix seconds.
    pub created: Option<u64>,
    /// When it ends, in Unix seconds, if it says so itself.
    pub expires: Option<u64>,
    /// What the others learn about its connection; empty when there is nothing.
    pub connection_data: String,
    /// Layout classes that its streams start with.
    pub initial_layout_class_list: Vec<String>,
    /// What it is for; `None` when it does not say.
    pub scope: Option<String>,
}

impl Claims {
    /// Reads the signed part of a `T1==` token of `project`.
    pub fn from_form(project: &str, data: &[u8]) -> Result<Self, TokenError> {
        let names = [
            "session_id",
            "create_time",
            "expire_time",
            "role",
            "connection_data",
            "initial_layout_class_list",
            "scope",
        ];
        let [session_id, created, expires, role, data, classes, scope] = form_fields(data, names)?;
        Self {
            project: project.to_owned(),
            session_id: session_id.unwrap_or_default(),
            role: read_role(role.as_deref())?,
            created: Some(form_seconds(created, "create_time")?.ok_or(TokenError::Missing("create_time"))?),
            expires: form_seconds(expires, "expire_time")?,
            connection_data: data.unwrap_or_default(),
            initial_layout_class_list: split_classes(&classes.unwrap_or_default()),
            scope,
        }
        .checked()
    }

    /// Reads the claims of a JWT.
    pub fn from_jwt_json(json: &[u8]) -> Result<Self, TokenError> {
        let claims: Map<String, Value> = serde_json::from_slice(json)
            .map_err(|_| TokenError::Malformed("claims that are not a JSON object"))?;
        let created = json_seconds(&claims, "iat")?;
        let expires = json_seconds(&claims, "exp")?;
        Self {
            project: json_project(&claims)?,
            session_id: json_text(&claims, "session_id")?.unwrap_or_default().to_owned(),
            role: read_role(json_text(&claims, "role")?)?,
            created: created.or(json_seconds(&claims, "create_time")?),
            expires: expires.or(json_seconds(&claims, "expire_time")?),
            connection_data: json_text(&claims, "connection_data")?.unwrap_or_default().to_owned(),
            initial_layout_class_list: json_classes(&claims)?,
            scope: json_text(&claims, "scope")?.map(str::to_owned),
        }
        .checked()
    }

    /// The second at which the token ends: its own, or [`TOKEN_LIFE`] after it was made, or after `now`.
    pub fn expires_at(&self, now: u64) -> u64 {
        self.expires.unwrap_or_else(|| self.created.unwrap_or(now).saturating_add(TOKEN_LIFE.as_secs()))
    }

    /// The part of a `T1==` token that is to be signed.
    pub fn to_form(&self, nonce: u64) -> String {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("session_id", &self.session_id);
        form.append_pair("create_time", &self.created.unwrap_or_default().to_string());
        if let Some(expires) = self.expires {
            form.append_pair("expire_time", &expires.to_string());
        }
        form.append_pair("nonce", &nonce.to_string()).append_pair("role", self.role.name());
        if !self.connection_data.is_empty() {
            form.append_pair("connection_data", &self.connection_data);
        }
        form.append_pair("initial_layout_class_list", &self.initial_layout_class_list.join(" "));
        if let Some(scope) = &self.scope {
            form.append_pair("scope", scope);
        }
        form.finish()
    }

    /// The claims of a JWT.
    pub fn to_jwt_json(&self, nonce: u64) -> Value {
        let mut claims = Map::new();
        let mut put = |name: &str, value: Value| claims.insert(name.to_owned(), value);
        put("iss", self.project.as_str().into());
        put("ist", "project".into());
        put("iat", self.created.into());
        put("exp", self.expires.into());
        put("nonce", nonce.into());
        put("session_id", self.session_id.as_str().into());
        put("role", self.role.name().into());
        put("scope", self.scope.as_deref().into());
        if !self.connection_data.is_empty() {
            put("connection_data", self.connection_data.as_str().into());
        }
        put("initial_layout_class_list", self.initial_layout_class_list.join(" ").into());
        claims.retain(|_, value| !value.is_null());
        Value::Object(claims)
    }

    /// The claims of an application's JWT, in the shape of the Vonage SDKs.
    pub fn to_application_json(&self, jti: &str) -> Value {
        let mut claims = Map::new();
        let mut put = |name: &str, value: Value| claims.insert(name.to_owned(), value);
        put("application_id", self.project.as_str().into());
        put("sub", "video".into());
        put("acl", json!({"paths": {"/session/**": {}}}));
        put("jti", jti.into());
        put("iat", self.created.into());
        put("exp", self.expires.into());
        put("session_id", self.session_id.as_str().into());
        put("role", self.role.name().into());
        put("scope", self.scope.as_deref().into());
        if !self.connection_data.is_empty() {
            put("connection_data", self.connection_data.as_str().into());
        }
        put("initial_layout_class_list", self.initial_layout_class_list.join(" ").into());
        claims.retain(|_, value| !value.is_null());
        Value::Object(claims)
    }

    /// The claims, if they keep the bounds that every token has.
    fn checked(self) -> Result<Self, TokenError> {
        if self.session_id.is_empty() {
            return Err(TokenError::Missing("session_id"));
        }
        if self.session_id.len() > SESSION_ID_BYTES {
            return Err(TokenError::Invalid("session_id"));
        }
        if self.connection_data.chars().count() > CONNECTION_DATA_CHARS {
            return Err(TokenError::Invalid("connection_data: it is longer than 1,024 characters"));
        }
        let classes = &self.initial_layout_class_list;
        let characters: usize = classes.iter().map(|class| class.chars().count() + 1).sum();
        if classes.len() > LAYOUT_CLASSES || characters > LAYOUT_CLASS_CHARS + 1 {
            return Err(TokenError::Invalid("initial_layout_class_list: it is too long"));
        }
        Ok(self)
    }
}

fn bounded(token: &str) -> Result<&str, TokenError> {
    if token.len() > TOKEN_BYTES { Err(TokenError::TooLong) } else { Ok(token) }
}

/// Base64 of either alphabet, padded or not: the SDKs differ.
fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let standard: Vec<u8> = text
        .trim_end_matches('=')
        .bytes()
        .map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            other => other,
        })
        .collect();
    BASE64_STANDARD_NO_PAD.decode(standard).ok()
}

fn decode_hex(text: &str) -> Option<[u8; 20]> {
    let digits = text.as_bytes();
    let mut bytes = [0; 20];
    if digits.len() != 2 * bytes.len() {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = hex_value(pair[0])? << 4 | hex_value(pair[1])?;
    }
    Some(bytes)
}

fn hex_value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

fn hex_digit(value: u8) -> u8 {
    b"0123456789abcdef"[usize::from(value & 15)]
}

/// The fields of these names. Others are ignored; one that is there twice is refused, because an SDK that does not
/// escape a value would let its author add fields.
fn form_fields<const N: usize>(
    form: &[u8],
    names: [&'static str; N],
) -> Result<[Option<String>; N], TokenError> {
    let mut fields = [const { None }; N];
    for (name, value) in form_urlencoded::parse(form) {
        let Some(index) = names.iter().position(|known| *known == name) else { continue };
        if fields[index].replace(value.into_owned()).is_some() {
            return Err(TokenError::Repeated(names[index]));
        }
    }
    Ok(fields)
}

fn read_role(name: Option<&str>) -> Result<Role, TokenError> {
    name.map_or(Ok(Role::default()), |name| Role::from_name(name).ok_or(TokenError::Invalid("role")))
}

fn form_seconds(text: Option<String>, field: &'static str) -> Result<Option<u64>, TokenError> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let seconds: f64 = text.parse().map_err(|_| TokenError::Invalid(field))?;
    if seconds.is_finite() { Ok(Some(whole_seconds(seconds))) } else { Err(TokenError::Invalid(field)) }
}

/// The whole seconds of any number: what lies before 1970 or beyond all use is cut to the nearest that does not.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // both are ruled out by the clamp
fn whole_seconds(seconds: f64) -> u64 {
    seconds.clamp(0.0, LATEST_SECOND) as u64
}

fn json_seconds(claims: &Map<String, Value>, field: &'static str) -> Result<Option<u64>, TokenError> {
    match claims.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => Ok(Some(whole_seconds(value.as_f64().ok_or(TokenError::Invalid(field))?))),
    }
}

fn json_text<'a>(claims: &'a Map<String, Value>, field: &'static str) -> Result<Option<&'a str>, TokenError> {
    match claims.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(TokenError::Invalid(field)),
    }
}

fn json_project(claims: &Map<String, Value>) -> Result<String, TokenError> {
    let issuer = match claims.get("iss") {
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => json_text(claims, "iss")?.map(str::to_owned),
    };
    let application = json_text(claims, "application_id")?.map(str::to_owned);
    let project = match (issuer, application) {
        (Some(issuer), Some(application)) if issuer != application => {
            return Err(TokenError::Invalid("iss: it differs from its application_id"));
        }
        (Some(project), _) | (None, Some(project)) => project,
        (None, None) => return Err(TokenError::Missing("iss or application_id")),
    };
    if project.len() > PROJECT_BYTES { Err(TokenError::Invalid("iss")) } else { Ok(project) }
}

/// A text of names with blanks between them (PHP: form-encoded), or an array of names.
fn json_classes(claims: &Map<String, Value>) -> Result<Vec<String>, TokenError> {
    const FIELD: &str = "initial_layout_class_list";
    let Some(Value::Array(names)) = claims.get(FIELD) else {
        let text = json_text(claims, FIELD)?.unwrap_or_default();
        return Ok(split_classes(&text.replace('+', " ").replace("%20", " ")));
    };
    names
        .iter()
        .map(|name| name.as_str().map(str::to_owned).ok_or(TokenError::Invalid(FIELD)))
        .filter(|name| name.as_ref() != Ok(&String::new()))
        .collect()
}

fn split_classes(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

#[cfg(test)]
#[path = "token_tests.rs"]
mod tests;
