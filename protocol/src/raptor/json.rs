//! JSON that is passed on as it is.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use std::fmt;

/// An object whose meaning is the business of others; kept whole.
pub type Object = serde_json::Map<String, serde_json::Value>;

/// A JSON value that is relayed to the byte.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Json(Box<RawValue>);

impl Json {
    /// Checks that `text` is one JSON value.
    pub fn from_text(text: String) -> Result<Self, serde_json::Error> {
        RawValue::from_string(text).map(Self)
    }

    /// The JSON of a string.
    pub fn from_str_value(text: &str) -> Self {
        serde_json::value::to_raw_value(text).map_or_else(|_| Self(RawValue::NULL.to_owned()), Self)
    }

    /// The value's text.
    pub fn text(&self) -> &str {
        self.0.get()
    }

    /// What the text says when it is a string.
    ///
    /// Half of a surrogate pair, which JavaScript strings may hold and UTF-8 cannot, becomes U+FFFD.
    pub fn as_string(&self) -> Option<String> {
        let text = self.text();
        if !text.starts_with('"') {
            return None;
        }
        serde_json::from_str(text).ok().or_else(|| Some(lossy_string(text)))
    }
}

/// Reads a valid JSON string that holds lone surrogates.
fn lossy_string(json: &str) -> String {
    let inner = json.get(1..json.len().saturating_sub(1)).unwrap_or_default();
    let mut units: Vec<u16> = Vec::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(char) = chars.next() {
        let mut push = |char: char| units.extend_from_slice(char.encode_utf16(&mut [0; 2]));
        if char != '\\' {
            push(char);
            continue;
        }
        match chars.next() {
            Some('u') => {
                let hex: String = chars.by_ref().take(4).collect();
                units.push(u16::from_str_radix(&hex, 16).unwrap_or(0xfffd));
            }
            Some('b') => push('\u{8}'),
            Some('f') => push('\u{c}'),
            Some('n') => push('\n'),
            Some('r') => push('\r'),
            Some('t') => push('\t'),
            Some(other) => push(other),
            None => {}
        }
    }
    String::from_utf16_lossy(&units)
}

impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl Eq for Json {}

/// The size only: the value may be a signal.
impl fmt::Debug for Json {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Json({} bytes)", self.text().len())
    }
}

/// Reads milliseconds that may be written as a number, as text, or not at all.
pub(super) fn lenient_millis<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "`as` saturates, which is meant"
    )]
    Ok(match serde_json::Value::deserialize(deserializer)? {
        serde_json::Value::Number(number) => {
            number.as_u64().or(number.as_f64().map(|float| float as u64)).unwrap_or(0)
        }
        serde_json::Value::String(text) => text.parse().unwrap_or(0),
        _ => 0,
    })
}

/// Reads a value that may be absent or null as its default.
pub(super) fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Writes a whole number without a fraction: `640`, as it came, rather than `640.0`.
#[allow(clippy::ref_option, reason = "serde asks for this form")]
pub(super) fn plain_number<S: Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    /// From here on a float may stand for several whole numbers.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match *value {
        #[allow(clippy::cast_possible_truncation, reason = "whole and within the bounds of an i64")]
        Some(number) if number.fract() == 0.0 && number.abs() < EXACT => {
            serializer.serialize_i64(number as i64)
        }
        number => number.serialize(serializer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_read_even_with_half_a_surrogate_pair() {
        let json = |text: &str| Json::from_text(text.into()).expect("valid");
        assert_eq!(json(r#""a\u0041\n\ud83d\ude00""#).as_string().as_deref(), Some("aA\n😀"));
        assert_eq!(json(r#""x\ud83d\t\"y""#).as_string().as_deref(), Some("x\u{fffd}\t\"y"));
        assert_eq!(json("{}").as_string(), None);
        assert_eq!(json("12").as_string(), None);
    }

    #[test]
    fn debug_shows_no_content() {
        assert_eq!(format!("{:?}", Json::from_str_value("hello")), "Json(7 bytes)");
    }
}
