//! Session ids: `1_` and a base64 record that names the project, so that an id says by itself whose it is (`rest.md §1.1`).

use crate::limits::{PROJECT_BYTES, SESSION_ID_BYTES};
use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::prelude::BASE64_STANDARD;
use std::fmt;
use std::net::Ipv4Addr;

/// The alphabet of ids; padding is not written and may be there.
const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The version of the record, its first field.
const RECORD_VERSION: &str = "1";
/// Fields of a record up to the random one; newer records have up to three more.
const FEWEST_FIELDS: usize = 5;
/// Far above what any record has had.
const MOST_FIELDS: usize = 16;

/// A project: an API key or an application id, as it can stand in ids, URIs and tokens.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProjectId(String);

impl ProjectId {
    /// The project of that text: up to 64 ASCII letters, digits and `-`.
    pub fn new(text: &str) -> Result<Self, SessionIdError> {
        let fits = (1..=PROJECT_BYTES).contains(&text.len());
        if fits && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            Ok(Self(text.to_owned()))
        } else {
            Err(SessionIdError::Project)
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether every published server SDK can work with it: a decimal number that fits an `int`, or a UUID
    /// (`rest.md §0`, rule 12).
    pub fn suits_every_sdk(&self) -> bool {
        let number = self.0.bytes().all(|byte| byte.is_ascii_digit()) && self.0.parse::<i32>().is_ok();
        number || self.is_application()
    }

    /// Whether it is an application id (a UUID) rather than an API key.
    pub fn is_application(&self) -> bool {
        crate::uuid::parse(&self.0).is_some()
    }
}

impl fmt::Display for ProjectId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for ProjectId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// What a session id says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionId {
    /// Whose session it is.
    pub project: ProjectId,
    /// Where its clients are, if its creator said so.
    pub location: Option<Ipv4Addr>,
    /// When it was created, in Unix milliseconds; `None` for ids that are old enough to say it in another way.
    pub created_ms: Option<u64>,
    /// Whether media goes from client to client rather than through the server.
    pub relayed: bool,
    /// Whether clients encrypt media end to end. Written into ids of this project's making, so that a server that
    /// was restarted still knows.
    pub encrypted: bool,
    /// What makes the id unique; 24 characters of base64 in newer ones.
    random: String,
}

impl SessionId {
    /// A new session of `project`: routed, not encrypted, without a location.
    pub fn new(project: ProjectId, created_ms: u64, random: [u8; 18]) -> Self {
        Self {
            project,
            location: None,
            created_ms: Some(created_ms),
            relayed: false,
            encrypted: false,
            random: BASE64_STANDARD.encode(random),
        }
    }

    /// The id of a new session.
    pub fn mint(project: &ProjectId, created_ms: u64, random: [u8; 18], relayed: bool) -> String {
        Self { relayed, ..Self::new(project.clone(), created_ms, random) }.encode()
    }

    /// The text of the id.
    pub fn encode(&self) -> String {
        let location = self.location.map(|address| address.to_string()).unwrap_or_default();
        let created = self.created_ms.map(|ms| ms.to_string()).unwrap_or_default();
        let relayed = if self.relayed { "P" } else { "" };
        let encrypted = if self.encrypted { "E" } else { "" };
        let Self { project, random, .. } = self;
        let record =
            format!("{RECORD_VERSION}~{project}~{location}~{created}~{random}~{relayed}~{encrypted}~");
        format!("1_{}", ENGINE.encode(record))
    }

    /// What `text` says. Tolerant of the tails that ids had over the years; strict about whose it is.
    pub fn decode(text: &str) -> Result<Self, SessionIdError> {
        if text.len() > SESSION_ID_BYTES {
            return Err(SessionIdError::TooLong);
        }
        let record = text.strip_prefix("1_").or_else(|| text.strip_prefix("2_"));
        let record =
            ENGINE.decode(record.ok_or(SessionIdError::Prefix)?).map_err(|_| SessionIdError::Base64)?;
        let record = String::from_utf8(record).map_err(|_| SessionIdError::Record)?;
        let fields: Vec<&str> = record.split('~').take(MOST_FIELDS + 1).collect();
        if fields[0] != RECORD_VERSION || !(FEWEST_FIELDS..=MOST_FIELDS).contains(&fields.len()) {
            return Err(SessionIdError::Record);
        }
        Ok(Self {
            project: ProjectId::new(fields[1])?,
            location: fields[2].parse().ok(),
            created_ms: fields[3].parse().ok(),
            relayed: fields.get(5) == Some(&"P"),
            encrypted: fields.get(6) == Some(&"E"),
            random: fields[4].to_owned(),
        })
    }
}

/// Why a text is not a session id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionIdError {
    /// Longer than 255 characters.
    TooLong,
    /// Does not start with `1_` or `2_`.
    Prefix,
    /// What follows is not base64.
    Base64,
    /// What is encoded is not a session's record.
    Record,
    /// The project is not an API key or application id.
    Project,
}

impl fmt::Display for SessionIdError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::TooLong => "it is longer than 255 characters",
            Self::Prefix => "it does not start with 1_ or 2_",
            Self::Base64 => "what follows its prefix is not base64 of the URL-safe alphabet",
            Self::Record => "what it encodes is not the record of a session",
            Self::Project => "its project is not an API key or application id (ASCII letters, digits and -)",
        })
    }
}

impl std::error::Error for SessionIdError {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MS: u64 = 1_739_538_894_959;

    fn project(text: &str) -> ProjectId {
        ProjectId::new(text).unwrap()
    }

    /// An id of any record, as somebody else could have made it.
    fn id_of(record: &str) -> String {
        format!("1_{}", ENGINE.encode(record))
    }

    /// The rules by which each published SDK decides that an id belongs to a key (`rest.md §1.1`).
    mod sdk {
        use super::*;

        fn record(id: &str) -> Vec<u8> {
            let standard = id[2..].replace('-', "+").replace('_', "/");
            base64::prelude::BASE64_STANDARD_NO_PAD.decode(standard).unwrap()
        }

        pub(super) fn npm(id: &str, key: &str) -> bool {
            String::from_utf8_lossy(&record(id)).split('~').nth(1) == Some(key)
        }

        pub(super) fn pypi(id: &str, key: &str) -> bool {
            String::from_utf8(record(id)).is_ok_and(|text| text.split('~').any(|field| field == key))
        }

        pub(super) fn ruby(id: &str, key: &str) -> bool {
            String::from_utf8_lossy(&record(id)).contains(key)
        }

        pub(super) fn java(id: &str, key: &str) -> bool {
            String::from_utf8_lossy(&record(id)).split('~').any(|field| field == key)
        }

        pub(super) fn dotnet(id: &str, key: &str) -> bool {
            let field = String::from_utf8_lossy(&record(id)).split('~').nth(1).map(str::to_owned);
            let field = field.unwrap_or_default();
            id.split('_').count() == 2 && field == key && field.parse::<i32>().is_ok()
        }

        /// Splits the encoded text at `-` and decodes the pieces separately, as leniently as PHP decodes.
        pub(super) fn php(id: &str, key: &str) -> bool {
            let lenient = GeneralPurpose::new(
                &base64::alphabet::STANDARD,
                GeneralPurposeConfig::new()
                    .with_decode_allow_trailing_bits(true)
                    .with_decode_padding_mode(DecodePaddingMode::Indifferent),
            );
            id[2..].split('-').any(|piece| {
                let decoded = lenient.decode(piece).unwrap();
                String::from_utf8_lossy(&decoded).split('~').any(|field| field == key)
            })
        }
    }

    #[test]
    fn minted_ids_have_the_records_of_the_platform() {
        let random = [0xfb; 18];
        let record = |id: String| String::from_utf8(ENGINE.decode(&id[2..]).unwrap()).unwrap();
        let base64 = BASE64_STANDARD.encode(random);
        let key = project("123456");
        assert_eq!(
            record(SessionId::mint(&key, MS, random, true)),
            format!("1~123456~~1739538894959~{base64}~P~~")
        );
        assert_eq!(
            record(SessionId::mint(&key, MS, random, false)),
            format!("1~123456~~1739538894959~{base64}~~~")
        );
    }

    #[test]
    fn ids_of_every_year_are_read() {
        let app = "29f760f8-7ce1-46c9-ade3-f2dedee4ed5f";
        for (record, key, created, relayed) in [
            ("1~47665971~~1739538894959~Q9mcXG1QrN3TIYu8y+ppx/gs~~~", "47665971", Some(MS), false),
            ("1~47665971~12.34.56.78~1739538894959~Q9mcXG1QrN3TIYu8y+ppx/gs~P~~", "47665971", Some(MS), true),
            ("1~47665971~~1739538894959~Q9mcXG1QrN3TIYu8y+ppx/gs~~", "47665971", Some(MS), false),
            ("1~100~12.34.56.78~Mon Mar 17 00:41:31 PDT 2014~0.42~", "100", None, false),
            (&format!("1~{app}~~1739538894959~Q9mcXG1QrN3TIYu8y+ppx/gs~P~~"), app, Some(MS), true),
        ] {
            let id = SessionId::decode(&id_of(record)).unwrap();
            assert_eq!((id.project.as_str(), id.created_ms, id.relayed), (key, created, relayed), "{record}");
        }
        let second = SessionId::mint(&project("1"), 5, [1; 18], true).replacen("1_", "2_", 1);
        assert!(SessionId::decode(&second).unwrap().relayed);
    }

    #[test]
    fn what_is_not_an_id_is_refused_with_its_reason() {
        let minted = SessionId::mint(&project("1"), 5, [1; 18], true);
        for (text, error) in [
            (String::new(), SessionIdError::Prefix),
            ("3_MX4".into(), SessionIdError::Prefix),
            ("1_".into(), SessionIdError::Record),
            ("1_MX4?".into(), SessionIdError::Base64),
            (format!("{minted}*"), SessionIdError::Base64),
            (format!("1_{}", ENGINE.encode([0xff, 0xfe])), SessionIdError::Record),
            (id_of("1~47665971"), SessionIdError::Record),
            (id_of("2~47665971~~1~r~~~"), SessionIdError::Record),
            (id_of("1~~~1~r~~~"), SessionIdError::Project),
            (id_of("1~a b~~1~r~~~"), SessionIdError::Project),
            (id_of("1~../etc~~1~r~~~"), SessionIdError::Project),
            (id_of(&format!("1~1~{}", "~".repeat(40))), SessionIdError::Record),
            (format!("1_{}", "M".repeat(254)), SessionIdError::TooLong),
        ] {
            assert_eq!(SessionId::decode(&text), Err(error), "{text}");
            assert!(!error.to_string().is_empty());
        }
    }

    #[test]
    fn the_longest_id_is_within_the_documented_length() {
        let mut id = SessionId::new(project(&"k".repeat(PROJECT_BYTES)), u64::MAX, [0xff; 18]);
        id.location = Some(Ipv4Addr::BROADCAST);
        id.relayed = true;
        id.encrypted = true;
        assert!(id.encode().len() <= SESSION_ID_BYTES);
    }

    #[test]
    fn a_project_is_a_key_or_an_application_id() {
        assert!(project("2147483647").suits_every_sdk());
        assert!(project("29f760f8-7ce1-46c9-ade3-f2dedee4ed5f").suits_every_sdk());
        assert!(!project("2147483648").suits_every_sdk());
        assert!(!project("devkey").suits_every_sdk());
        assert!(!project("-1").suits_every_sdk());
        for bad in ["", "a~b", "a/b", "ä", "a?b", "a_b", &"1".repeat(PROJECT_BYTES + 1)] {
            assert_eq!(ProjectId::new(bad), Err(SessionIdError::Project), "{bad}");
        }
    }

    prop_compose! {
        fn any_id()(key in "[A-Za-z0-9-]{1,64}", location: Option<u32>, created_ms: u64, random: [u8; 18],
                    relayed: bool, encrypted: bool) -> SessionId {
            let location = location.map(Ipv4Addr::from_bits);
            SessionId { location, relayed, encrypted, ..SessionId::new(project(&key), created_ms, random) }
        }
    }

    proptest! {
        #[test]
        fn decode_reads_what_encode_writes(id in any_id()) {
            prop_assert_eq!(SessionId::decode(&id.encode()), Ok(id));
        }

        #[test]
        fn every_sdk_takes_a_minted_id_for_its_key(
            key in 1i32..i32::MAX, created_ms in 0u64..4_000_000_000_000, random: [u8; 18], relayed: bool,
            location: Option<u32>,
        ) {
            let key = key.to_string();
            let location = location.map(Ipv4Addr::from_bits);
            let id = SessionId { location, relayed, ..SessionId::new(project(&key), created_ms, random) }.encode();
            prop_assert!(sdk::npm(&id, &key), "npm {}", id);
            prop_assert!(sdk::pypi(&id, &key), "PyPI {}", id);
            prop_assert!(sdk::ruby(&id, &key), "Ruby {}", id);
            prop_assert!(sdk::java(&id, &key), "Java {}", id);
            prop_assert!(sdk::dotnet(&id, &key), ".NET {}", id);
            prop_assert!(sdk::php(&id, &key), "PHP {}", id);
            prop_assert!(!sdk::npm(&id, "0") && !sdk::java(&id, "0") && !sdk::php(&id, "0"));
        }

        #[test]
        fn decode_never_panics(text in ".{0,300}", record in any::<Vec<u8>>()) {
            let _ = SessionId::decode(&text);
            let _ = SessionId::decode(&format!("1_{text}"));
            let _ = SessionId::decode(&format!("2_{}", ENGINE.encode(record)));
        }
    }
}
