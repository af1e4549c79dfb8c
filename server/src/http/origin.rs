//! Of which origins pages may speak to the server. Browsers alone say where a page is from, and they say it truly: whoever
//! is no browser says what he likes, or nothing.

use axum::http::{HeaderMap, header};
use otc_protocol::limits::ORIGIN_BYTES;
use std::collections::BTreeSet;
use std::fmt;
use std::net::Ipv6Addr;

/// The origin of a page as browsers write it (RFC 6454, section 6): `scheme://host[:port]` in lower case, without the
/// port that its scheme has anyway.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin(String);

impl Origin {
    /// The origin of that text. `null` is none: every page that hides its own origin says so.
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, place) = text.split_once("://").filter(|_| text.len() <= ORIGIN_BYTES)?;
        let (host, port) = host_and_port(place)?;
        if !is_scheme(scheme) || !is_host(host) {
            return None;
        }
        let (scheme, host) = (scheme.to_ascii_lowercase(), host.to_ascii_lowercase());
        let usual = match scheme.as_str() {
            "http" => Some(80),
            "https" => Some(443),
            _ => None,
        };
        let port = port.filter(|port| Some(*port) != usual).map(|port| format!(":{port}"));
        Some(Self(format!("{scheme}://{host}{}", port.unwrap_or_default())))
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

fn is_host(text: &str) -> bool {
    match text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => {
            let is_known = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
            !text.is_empty() && text.bytes().all(is_known)
        }
    }
}

/// A host, and its port if one is written down: a plain number without zeros in front.
fn host_and_port(place: &str) -> Option<(&str, Option<u16>)> {
    let end =
        if place.starts_with('[') { place.find(']')? + 1 } else { place.find(':').unwrap_or(place.len()) };
    let (host, rest) = place.split_at(end);
    let Some(digits) = rest.strip_prefix(':') else {
        return rest.is_empty().then_some((host, None));
    };
    let is_plain = digits.bytes().all(|digit| digit.is_ascii_digit()) && !digits.starts_with('0');
    Some((host, Some(digits.parse().ok().filter(|_| is_plain)?)))
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Whose pages may speak to the server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Origins {
    /// Everybody's: what authorises a client is a token that it shows, never something that its browser adds.
    #[default]
    Any,
    /// Those of these origins alone.
    Only(BTreeSet<Origin>),
}

impl Origins {
    /// Whether a request may come in: from a page of such an origin, or from no page at all.
    pub(super) fn admit(&self, headers: &HeaderMap) -> bool {
        let Self::Only(allowed) = self else { return true };
        let mut said = headers.get_all(header::ORIGIN).iter();
        match (said.next(), said.next()) {
            (None, _) => true,
            (Some(origin), None) => {
                let origin = origin.to_str().ok().and_then(Origin::parse);
                origin.is_some_and(|origin| allowed.contains(&origin))
            }
            (Some(_), Some(_)) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_read_as_browsers_write_them() {
        for (text, expected) in [
            ("https://app.example", Some("https://app.example")),
            ("HTTPS://App.Example:443", Some("https://app.example")),
            ("http://app.example:80", Some("http://app.example")),
            ("https://app.example:80", Some("https://app.example:80")),
            ("http://localhost:5173", Some("http://localhost:5173")),
            ("https://[2001:DB8::1]:8443", Some("https://[2001:db8::1]:8443")),
            ("capacitor://localhost", Some("capacitor://localhost")),
            ("null", None),
            ("", None),
            ("*", None),
            ("https://*.app.example", None),
            ("https://app.example/", None),
            ("https://app.example/page", None),
            ("https://app.example?", None),
            ("https://app.example#", None),
            ("https://user@app.example", None),
            ("https://app.example:443@evil.example", None),
            ("https://app.example:", None),
            ("https://app.example:0443", None),
            ("https://app.example:+443", None),
            ("https://app.example:65536", None),
            ("https://app.example evil", None),
            ("https://app.example, https://evil.example", None),
            ("https://app.example\\.evil.example", None),
            ("https://app.example%00.evil.example", None),
            ("https://äpp.example", None),
            ("https://[::1", None),
            ("https://[evil]", None),
            ("https://[::1]x", None),
            ("https://", None),
            ("://app.example", None),
            ("1https://app.example", None),
            ("app.example", None),
        ] {
            let read = Origin::parse(text).map(|origin| origin.to_string());
            assert_eq!(read.as_deref(), expected, "{text}");
        }
        let long = format!("https://{}", "a".repeat(ORIGIN_BYTES));
        assert_eq!(Origin::parse(&long), None);
    }

    #[test]
    fn only_pages_of_the_named_origins_are_admitted() {
        let admitted = |origins: &Origins, values: &[&[u8]]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::ORIGIN, value.to_vec().try_into().expect("a value"));
            }
            origins.admit(&headers)
        };
        let own: &[u8] = b"https://app.example";
        let only = Origins::Only(BTreeSet::from([Origin::parse("https://app.example").expect("one")]));
        for (values, expected) in [
            (&[][..], true),
            (&[own], true),
            (&[b"https://app.example:443"], true),
            (&[b"https://APP.example"], true),
            (&[own, own], false),
            (&[own, b"https://evil.example"], false),
            (&[b"null"], false),
            (&[b""], false),
            (&[b"http://app.example"], false),
            (&[b"https://app.example:8443"], false),
            (&[b"https://app.example.evil.example"], false),
            (&[b"https://sub.app.example"], false),
            (&[b"https://app.example."], false),
            (&[b"https://app.example/"], false),
            (&[b"https://evil@app.example"], false),
            (&[b"https://app.example\xff"], false),
        ] {
            assert_eq!(admitted(&only, values), expected, "{values:?}");
            assert!(admitted(&Origins::Any, values));
            assert_eq!(admitted(&Origins::Only(BTreeSet::new()), values), values.is_empty(), "{values:?}");
        }
    }
}
