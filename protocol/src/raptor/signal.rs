//! Signals: what members say to each other (`wire.md §6`).

use super::connection::Connection;
use super::json::Json;
use crate::limits::{SIGNAL_DATA_UNITS, SIGNAL_TYPE_BYTES};
use serde::{Deserialize, Serialize};

/// What a signal carries. Absent keys stay absent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", from = "IncomingSignal")]
pub struct SignalContent {
    /// A word by which receivers tell signals apart.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Any JSON; the C API sends and receives strings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Json>,
    /// The sender, for receivers who hear of no connections (`wire.md §5.5`). What a client says here is its own
    /// word: a server that relays the signal replaces it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_connection: Option<Connection>,
}

/// A signal as it may be written: the sender has two names (`wire.md §5.5`).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct IncomingSignal {
    #[serde(rename = "type", default)]
    kind: Option<String>,
    #[serde(default, deserialize_with = "present")]
    data: Option<Json>,
    #[serde(default)]
    from_connection: Option<Connection>,
    #[serde(default)]
    connection: Option<Connection>,
}

impl From<IncomingSignal> for SignalContent {
    fn from(signal: IncomingSignal) -> Self {
        let IncomingSignal { kind, data, from_connection, connection } = signal;
        Self { kind, data, from_connection: from_connection.or(connection) }
    }
}

/// Keeps an explicit `null` apart from an absent key: it is a value that the sender chose.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Json>, D::Error> {
    Json::deserialize(deserializer).map(Some)
}

/// Why a server does not relay a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignalRefusal {
    /// More than 128 bytes of type.
    TypeTooLong,
    /// The type has characters outside `A-Z a-z 0-9 - . _ ~`.
    InvalidType,
    /// More than 8,192 UTF-16 units of data.
    DataTooLong,
}

impl SignalRefusal {
    /// The STATUS of the refusal.
    pub fn status(self) -> u16 {
        match self {
            Self::TypeTooLong | Self::DataTooLong => 413,
            Self::InvalidType => 400,
        }
    }

    /// What the sender is told.
    pub fn reason(self) -> &'static str {
        match self {
            Self::TypeTooLong => "The signal type is longer than 128 bytes.",
            Self::InvalidType => "The signal type may hold letters, digits and - . _ ~ only.",
            Self::DataTooLong => "The signal data is longer than 8192 characters.",
        }
    }
}

impl SignalContent {
    /// Checks the bounds that a server keeps.
    pub fn check(&self) -> Result<(), SignalRefusal> {
        if let Some(kind) = &self.kind {
            if kind.len() > SIGNAL_TYPE_BYTES {
                return Err(SignalRefusal::TypeTooLong);
            }
            if !kind.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)) {
                return Err(SignalRefusal::InvalidType);
            }
        }
        match &self.data {
            Some(data) if !fits(data) => Err(SignalRefusal::DataTooLong),
            _ => Ok(()),
        }
    }
}

/// Strings count without their quotes and escapes, other values as their text.
fn fits(data: &Json) -> bool {
    if data.text().len() <= SIGNAL_DATA_UNITS {
        return true; // A byte is never more than one unit.
    }
    let units = |text: &str| text.encode_utf16().count();
    data.as_string().map_or_else(|| units(data.text()), |text| units(&text)) <= SIGNAL_DATA_UNITS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(text: &str) -> SignalContent {
        SignalContent { data: Some(Json::from_str_value(text)), ..SignalContent::default() }
    }

    #[test]
    fn bounds_hold_at_their_edge() {
        assert_eq!(data(&"x".repeat(8192)).check(), Ok(()));
        assert_eq!(data(&"x".repeat(8193)).check(), Err(SignalRefusal::DataTooLong));
        assert_eq!(data(&"\u{1}".repeat(8192)).check(), Ok(()), "six bytes each when escaped");
        assert_eq!(data(&"😀".repeat(4096)).check(), Ok(()));
        assert_eq!(data(&"😀".repeat(4097)).check(), Err(SignalRefusal::DataTooLong));
        let kind = |kind: &str| SignalContent { kind: Some(kind.into()), ..SignalContent::default() }.check();
        assert_eq!(kind(&"t".repeat(128)), Ok(()));
        assert_eq!(kind(&"t".repeat(129)), Err(SignalRefusal::TypeTooLong));
        assert_eq!(kind("a.b-c_d~e9"), Ok(()));
        for bad in ["a b", "ä", "a/b", "a\0"] {
            assert_eq!(kind(bad), Err(SignalRefusal::InvalidType), "{bad}");
        }
    }

    #[test]
    fn absent_and_null_data_stay_what_they_are() {
        for text in ["{}", r#"{"data":null}"#, r#"{"type":"t","data":{"b":1.0,"a":12345678901234567890123}}"#]
        {
            let content: SignalContent = serde_json::from_str(text).expect("valid");
            assert_eq!(serde_json::to_string(&content).expect("writes"), text);
        }
    }
}
