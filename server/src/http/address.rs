//! Where clients find the WebSocket: the configured public URL, else where their own request went.

use super::Peer;
use super::forwarded::is_encrypted;
use axum::http::uri::{Authority, Uri};
use axum::http::{HeaderMap, header};

/// The WebSocket's path below the server's address (`wire.md §2.2`).
pub const SOCKET_PATH: &str = "/rumorwebsocketsv2";

/// The address at which clients reach the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    encrypted: bool,
    authority: Authority,
    path: String,
}

impl PublicUrl {
    /// The address that `url` names: `http(s)://host[:port][/path]`, or the same with `ws(s)`.
    pub fn parse(url: &str) -> Option<Self> {
        let uri: Uri = url.parse().ok()?;
        let encrypted = is_encrypted(uri.scheme_str()?)?;
        let path = uri.path().trim_end_matches('/').to_owned();
        let plain = uri.query().is_none() && !url.contains('#');
        plain.then(|| authority(uri.authority()?.as_str())).flatten().map(|authority| Self {
            encrypted,
            authority,
            path,
        })
    }

    /// The address of one request. What a trusted proxy was asked for is in both already.
    pub(crate) fn of_request(headers: &HeaderMap, uri: &Uri, peer: Peer) -> Option<Self> {
        let host = match headers.get(header::HOST) {
            Some(host) => Some(host.to_str().ok()?),
            None => uri.authority().map(Authority::as_str),
        };
        let authority = match host {
            Some(host) => authority(host)?,
            None => authority(&peer.local.to_string())?,
        };
        Some(Self { encrypted: peer.encrypted, authority, path: String::new() })
    }

    /// The WebSocket's URL.
    pub fn messaging_url(&self) -> String {
        let scheme = if self.encrypted { "wss" } else { "ws" };
        format!("{scheme}://{}{}{SOCKET_PATH}", self.authority, self.path)
    }

    /// The URL of something else at the same place; `path` begins with a slash.
    pub(crate) fn web_url(&self, path: &str) -> String {
        let scheme = if self.encrypted { "https" } else { "http" };
        format!("{scheme}://{}{}{path}", self.authority, self.path)
    }

    /// The host without the port.
    pub fn host(&self) -> &str {
        self.authority.host()
    }
}

/// A host and port without a user in front. What stands behind a colon is a port.
pub(super) fn authority(text: &str) -> Option<Authority> {
    let authority: Authority = text.parse().ok()?;
    let has_port = authority.as_str().len() > authority.host().len();
    let port = authority.port_u16().is_some();
    let sound = !authority.host().is_empty() && !text.contains('@') && has_port == port;
    sound.then_some(authority)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::SocketAddr;

    fn of(headers: &[(&'static str, &str)], peer: &str) -> Option<String> {
        of_either(headers, peer, false)
    }

    fn of_either(headers: &[(&'static str, &str)], peer: &str, encrypted: bool) -> Option<String> {
        let headers =
            headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        let remote = SocketAddr::new(peer.parse().unwrap(), 5000);
        let uri = Uri::from_static("/session/s");
        let peer = Peer { remote, local: "127.0.0.1:8080".parse().unwrap(), encrypted };
        Some(PublicUrl::of_request(&headers, &uri, peer)?.messaging_url())
    }

    #[test]
    fn public_urls_become_messaging_urls() {
        for (url, expected) in [
            ("https://calls.example.org", Some("wss://calls.example.org/rumorwebsocketsv2")),
            ("HTTP://10.0.0.1:8080/", Some("ws://10.0.0.1:8080/rumorwebsocketsv2")),
            ("wss://h:8443/a/b/", Some("wss://h:8443/a/b/rumorwebsocketsv2")),
            ("https://[2001:db8::1]:8443", Some("wss://[2001:db8::1]:8443/rumorwebsocketsv2")),
            ("ftp://h", None),
            ("h:8080", None),
            ("/path", None),
            ("https://user:password@h", None),
            ("https://h/?query", None),
            ("https://h/#fragment", None),
            ("", None),
        ] {
            let read = PublicUrl::parse(url).map(|url| url.messaging_url());
            assert_eq!(read.as_deref(), expected, "{url}");
        }
    }

    #[test]
    fn public_urls_have_other_things_beside_the_socket() {
        let url = |url| PublicUrl::parse(url).unwrap().web_url("/archive/a?b");
        assert_eq!(url("wss://calls.example.org/x/"), "https://calls.example.org/x/archive/a?b");
        assert_eq!(url("http://h:8080"), "http://h:8080/archive/a?b");
    }

    #[test]
    fn a_request_says_where_it_went() {
        let socket = |host: &str| Some(format!("{host}/rumorwebsocketsv2"));
        let far = "192.0.2.9";
        assert_eq!(of(&[("host", "calls:8080")], far), socket("ws://calls:8080"));
        assert_eq!(of(&[("host", "[::1]:8080")], far), socket("ws://[::1]:8080"));
        assert_eq!(of(&[], far), socket("ws://127.0.0.1:8080"));
        assert_eq!(of(&[("host", "user@calls")], far), None);
        assert_eq!(of(&[("host", "a b")], far), None);
        assert_eq!(of(&[("host", "calls:port")], far), None);
        assert_eq!(of(&[("host", "calls:65536")], far), None);
        assert_eq!(of(&[("host", "calls:")], far), None);
        assert_eq!(of(&[("host", "")], far), None);
    }

    #[test]
    fn who_came_encrypted_goes_on_so_whatever_the_head_says() {
        let far = "192.0.2.9";
        let said = [("host", "calls:8443"), ("x-forwarded-proto", "http"), ("x-forwarded-host", "elsewhere")];
        for encrypted in [true, false] {
            let scheme = if encrypted { "wss" } else { "ws" };
            for (headers, host) in
                [(&said[..1], "calls:8443"), (&[], "127.0.0.1:8080"), (&said, "calls:8443")]
            {
                let expected = format!("{scheme}://{host}/rumorwebsocketsv2");
                assert_eq!(of_either(headers, far, encrypted), Some(expected));
            }
        }
    }
}
