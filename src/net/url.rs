//! URLs: where the session info and the socket are.

use crate::session::{Failure, FailureKind};
use hyper::Uri;
use otc_protocol::limits::URL_BYTES;
use std::net::Ipv6Addr;

/// Where the API of a server is: `http` or `https`, without a query, without a slash at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiUrl(String);

impl ApiUrl {
    /// Checks an URL.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.trim_end_matches('/');
        if text.len() > URL_BYTES {
            return Err("The URL is too long.");
        }
        let Ok(uri) = text.parse::<Uri>() else {
            return Err("The URL cannot be read; write https://host[:port][/path].");
        };
        if !matches!(uri.scheme_str(), Some("http" | "https")) {
            return Err("The URL must begin with http:// or https://.");
        }
        let has_user = uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
        if has_user {
            return Err("The URL names a user; write https://host[:port][/path].");
        }
        if uri.host().is_none_or(str::is_empty) || uri.query().is_some() || text.contains('#') {
            return Err("The URL must name a host and have no query; write https://host[:port][/path].");
        }
        Ok(Self(text.to_owned()))
    }

    /// Puts an URL together from its parts.
    pub fn from_parts(host: &str, path: &str, port: u16, secure: bool) -> Result<Self, &'static str> {
        let scheme = if secure { "https" } else { "http" };
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let host = match bare.parse::<Ipv6Addr>() {
            Ok(address) => format!("[{address}]"),
            // What else could stand there would change what the URL means.
            Err(_) if host.is_empty() || host.contains([':', '/', '?', '#', '@', '[', ']', '\\']) => {
                return Err("The host is not one; give a name or an address, without scheme and port.");
            }
            Err(_) => host.to_owned(),
        };
        let slash = if path.is_empty() || path.starts_with('/') { "" } else { "/" };
        Self::parse(&format!("{scheme}://{host}:{port}{slash}{path}"))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a dial needs of a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) secure: bool,
    pub(super) uri: Uri,
}

impl Endpoint {
    pub(super) fn parse(url: &str) -> Result<Self, Failure> {
        let unreadable = || Failure {
            kind: FailureKind::Permanent,
            text: format!("the address {} cannot be read", url.split('?').next().unwrap_or_default()),
        };
        let uri: Uri = url.parse().map_err(|_| unreadable())?;
        let secure = match uri.scheme_str() {
            Some("https" | "wss") => true,
            Some("http" | "ws") => false,
            _ => return Err(unreadable()),
        };
        let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(unreadable)?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        Ok(Self { host, port, secure, uri })
    }

    /// Host and port; for messages, because path and query name sockets.
    pub(super) fn place(&self) -> String {
        place(&self.host, self.port)
    }
}

/// Host and port as they stand in URLs.
pub(super) fn place(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn api_urls_are_checked_and_trimmed() {
        for (text, expected) in [
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
            ("https://host/path/", "https://host/path"),
            ("http://[::1]:1", "http://[::1]:1"),
        ] {
            assert_eq!(ApiUrl::parse(text).expect("good").as_str(), expected);
        }
        for bad in [
            "",
            "host",
            "ftp://host",
            "http://",
            "http://host?x=1",
            "http://ho st",
            "http://host/#x",
            "https:///x",
            "http://user:password@host",
        ] {
            assert!(ApiUrl::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn parts_are_put_together() {
        let url = |host, path, port, secure| ApiUrl::from_parts(host, path, port, secure).expect("good").0;
        assert_eq!(url("host", "", 443, true), "https://host:443");
        assert_eq!(url("::1", "a/b", 80, false), "http://[::1]:80/a/b");
        assert_eq!(url("host", "/a", 80, false), "http://host:80/a");
        assert_eq!(url("[::1]", "", 80, false), "http://[::1]:80");
        for bad in ["", "a/b", "a:1", "http://a", "a?b", "a#b", "user@a", "[a]", "a b", "\\a"] {
            assert!(ApiUrl::from_parts(bad, "", 80, false).is_err(), "{bad}");
        }
    }

    #[test]
    fn endpoints_have_ports_of_their_schemes() {
        let endpoint =
            |url| Endpoint::parse(url).map(|endpoint| (endpoint.host, endpoint.port, endpoint.secure));
        assert_eq!(endpoint("ws://h/x?y"), Ok(("h".into(), 80, false)));
        assert_eq!(endpoint("wss://[::1]/"), Ok(("::1".into(), 443, true)));
        assert_eq!(endpoint("https://h:1/"), Ok(("h".into(), 1, true)));
        assert!(endpoint("gopher://h").is_err());
    }
}
