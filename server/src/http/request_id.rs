//! What one request is called in the log, in its answer, and at the proxy before the server.

use crate::hex::hex;
use axum::http::{HeaderMap, HeaderName};
use otc_protocol::limits::REQUEST_ID_CHARS;
use std::fmt;
use std::sync::Arc;

/// The id of a request; every request has it among its extensions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// The header in which it comes and goes.
    pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

    /// A new one, of 16 hexadecimal digits.
    pub(crate) fn new() -> Self {
        Self(hex(&rand::random::<u64>().to_be_bytes()).into())
    }

    /// The one that a trusted proxy has given to a request, if it can stand in a line of the log.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(Self::HEADER).iter();
        let (value, None) = (values.next()?.to_str().ok()?, values.next()) else { return None };
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let is_sound = (1..=REQUEST_ID_CHARS).contains(&value.len()) && value.bytes().all(is_plain);
        is_sound.then(|| Self(value.into()))
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_made_up_and_differ() {
        let (one, other) = (RequestId::new(), RequestId::new());
        assert_ne!(one, other);
        assert!(
            one.as_str().len() == 16 && one.as_str().bytes().all(|digit| digit.is_ascii_hexdigit()),
            "{one}"
        );
    }

    #[test]
    fn an_id_that_cannot_stand_in_a_line_is_none() {
        let of = |values: &[&str]| {
            let mut map = HeaderMap::new();
            for value in values {
                map.append(RequestId::HEADER, value.parse().expect("a value"));
            }
            RequestId::of(&map).map(|id| id.to_string())
        };
        let long = "x".repeat(REQUEST_ID_CHARS);
        for sound in ["a", "7f3c-1_2.x", &long] {
            assert_eq!(of(&[sound]).as_deref(), Some(sound));
        }
        for bad in ["", "a b", "a=b", "a\"b", "é", "a,b", &format!("{long}x")] {
            assert_eq!(of(&[bad]), None, "{bad}");
        }
        assert_eq!(of(&["a", "b"]), None, "which?");
        assert_eq!(of(&[]), None);
    }
}
