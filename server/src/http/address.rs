//! Where clients find the WebSocket: the configured public URL, else where their own request went.

use super::Peer;
use axum::http::uri::{Authority, Uri};
use axum::http::{HeaderMap, header};
use std::net::IpAddr;

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

    /// The address of one request. A proxy on this machine or network may say what it was asked for
    /// (`X-Forwarded-Proto`, `X-Forwarded-Host`). Nobody else is misled: who asks gets the answer alone.
    pub(crate) fn of_request(headers: &HeaderMap, uri: &Uri, peer: Peer) -> Option<Self> {
        let trusted = is_near(peer.remote.ip().to_canonical());
        let forwarded = |name: &str| if trusted { first(headers, name) } else { None };
        let scheme = forwarded("x-forwarded-proto").unwrap_or(if peer.encrypted { "https" } else { "http" });
        let host = forwarded("x-forwarded-host")
            .or_else(|| headers.get(header::HOST)?.to_str().ok())
            .or_else(|| Some(uri.authority()?.as_str()));
        let authority = match host {
            Some(host) => authority(host)?,
            None => authority(&peer.local.to_string())?,
        };
        Some(Self { encrypted: is_encrypted(scheme)?, authority, path: String::new() })
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

/// Whether an address is of this machine or of a private network, such as that of containers.
fn is_near(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_loopback() || address.is_private(),
        IpAddr::V6(address) => {
            address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
        }
    }
}

fn is_encrypted(scheme: &str) -> Option<bool> {
    let is = |known: &str| scheme.eq_ignore_ascii_case(known);
    if is("https") || is("wss") {
        Some(true)
    } else if is("http") || is("ws") {
        Some(false)
    } else {
        None
    }
}

/// A host and port without a user in front. What stands behind a colon is a port.
fn authority(text: &str) -> Option<Authority> {
    let authority: Authority = text.parse().ok()?;
    let has_port = authority.as_str().len() > authority.host().len();
    let port = authority.port_u16().is_some();
    let sound = !authority.host().is_empty() && !text.contains('@') && has_port == port;
    sound.then_some(authority)
}

/// The first of the values that a chain of proxies may have collected.
fn first<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let value = headers.get(name)?.to_str().ok()?.split(',').next()?.trim();
    (!value.is_empty()).then_some(value)
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
    fn who_came_encrypted_goes_on_so_unless_a_proxy_nearby_says_otherwise() {
        let url = |headers: &[(&'static str, &str)], peer: &str| of_either(headers, peer, true);
        let host = ("host", "calls:8443");
        assert_eq!(url(&[host], "192.0.2.9").as_deref(), Some("wss://calls:8443/rumorwebsocketsv2"));
        assert_eq!(url(&[], "192.0.2.9").as_deref(), Some("wss://127.0.0.1:8080/rumorwebsocketsv2"));
        let said = [host, ("x-forwarded-proto", "http")];
        assert_eq!(url(&said, "192.0.2.9").as_deref(), Some("wss://calls:8443/rumorwebsocketsv2"));
        assert_eq!(url(&said, "127.0.0.1").as_deref(), Some("ws://calls:8443/rumorwebsocketsv2"));
    }

    #[test]
    fn only_a_proxy_nearby_may_speak_for_others() {
        let headers = [
            ("host", "inner:8080"),
            ("x-forwarded-host", "calls.example.org, inner"),
            ("x-forwarded-proto", "https, http"),
        ];
        let outer = Some("wss://calls.example.org/rumorwebsocketsv2".to_owned());
        for near in [
            "127.0.0.1",
            "::1",
            "::ffff:127.0.0.1",
            "10.0.0.7",
            "::ffff:10.0.0.7",
            "172.16.0.1",
            "172.31.255.254",
            "192.168.3.4",
            "fc00::1",
            "fdff::1",
            "fe80::1",
            "febf::1",
        ] {
            assert_eq!(of(&headers, near), outer, "{near}");
        }
        let inner = Some("ws://inner:8080/rumorwebsocketsv2".to_owned());
        for far in ["192.0.2.9", "172.15.0.1", "172.32.0.1", "192.169.0.1", "11.0.0.1", "fb00::1", "fec0::1"]
        {
            assert_eq!(of(&headers, far), inner, "{far}");
        }
        assert_eq!(of(&[("host", "h"), ("x-forwarded-proto", "gopher")], "127.0.0.1"), None);
    }
}
