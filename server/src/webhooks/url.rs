//! The URL of a receiver, and which addresses it may lead to.

use hyper::Uri;
use otc_protocol::limits::WEBHOOK_URL_BYTES;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A URL that deliveries can go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookUrl {
    text: String,
    uri: Uri,
    secure: bool,
    port: u16,
}

impl HookUrl {
    /// The URL that `text` is.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        if text.len() > WEBHOOK_URL_BYTES {
            return Err(UrlError::Long);
        }
        let uri: Uri = text.parse().map_err(|_| UrlError::Malformed)?;
        let secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(UrlError::Scheme),
        };
        let authority = uri.authority().ok_or(UrlError::Malformed)?;
        if authority.as_str().contains('@') {
            return Err(UrlError::User);
        }
        if text.contains('#') || authority.host().is_empty() {
            return Err(UrlError::Malformed);
        }
        let port = match &authority.as_str()[authority.host().len()..] {
            "" if secure => 443,
            "" => 80,
            port => port[1..].parse().ok().filter(|port| *port > 0).ok_or(UrlError::Malformed)?,
        };
        Ok(Self { text: text.to_owned(), uri, secure, port })
    }

    /// As it was given.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it asks for TLS.
    pub fn secure(&self) -> bool {
        self.secure
    }

    /// The name or address, an IPv6 one without its brackets.
    pub fn host(&self) -> &str {
        self.uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']')
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Host and port as a request names them.
    pub(super) fn authority(&self) -> &str {
        self.uri.authority().map_or("", |authority| authority.as_str())
    }

    /// Path and query.
    pub(super) fn path(&self) -> String {
        let path = self.uri.path_and_query().map_or("", |path| path.as_str());
        if path.starts_with('/') { path.to_owned() } else { format!("/{path}") }
    }

    /// What of it may be logged: paths and queries often hold a password of the receiver's.
    pub(crate) fn place(&self) -> String {
        format!("{}://{}", if self.secure { "https" } else { "http" }, self.authority())
    }
}

/// Why a URL is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UrlError {
    /// Too many bytes.
    Long,
    /// Not a URL with a host.
    Malformed,
    /// Neither http nor https.
    Scheme,
    /// With a user name.
    User,
    /// It leads to this machine or its network.
    Near,
}

impl fmt::Display for UrlError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Long => write!(formatter, "the URL is longer than {WEBHOOK_URL_BYTES} bytes"),
            Self::Malformed => formatter.write_str("not a URL: give http(s)://host[:port][/path][?query]"),
            Self::Scheme => formatter.write_str("the URL must begin with http:// or https://"),
            Self::User => formatter.write_str(
                "the URL has a user name or password: set a secret, with which deliveries are signed",
            ),
            Self::Near => formatter.write_str(
                "the URL leads to this machine or a private network: \
                 the server's webhook_private_targets = true would allow it",
            ),
        }
    }
}

impl std::error::Error for UrlError {}

/// Where deliveries may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Addresses of the public network only.
    Public,
    /// Those, and this machine itself: not its networks, where others rely on nobody else being.
    PublicAndLoopback,
    /// This machine and its networks too.
    Everywhere,
}

impl Reach {
    /// Whether a delivery may go to that address. Asked of the address that is connected to, each time: a name may lead
    /// elsewhere tomorrow.
    pub fn allows(self, address: IpAddr) -> bool {
        match self {
            Self::Everywhere => !address.is_multicast(),
            Self::PublicAndLoopback => address.to_canonical().is_loopback() || is_public(address),
            Self::Public => is_public(address),
        }
    }

    /// Whether a URL can be right: a name is only looked up when something is delivered.
    pub fn admits(self, url: &HookUrl) -> Result<(), UrlError> {
        let host = url.host().trim_end_matches('.').to_ascii_lowercase();
        let near = match host.parse::<IpAddr>() {
            Ok(address) => !self.allows(address),
            Err(_) => self == Self::Public && (host == "localhost" || host.ends_with(".localhost")),
        };
        if near { Err(UrlError::Near) } else { Ok(()) }
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// Neither special (RFC 6890) nor for groups.
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_documentation()
        || a == 0
        || (a == 100 && (64..128).contains(&b)) // shared by the customers of a provider
        || (a == 192 && b == 0 && c == 0) // protocol assignments
        || (a == 192 && b == 88 && c == 99) // 6to4 relays
        || (a == 198 && (18..20).contains(&b)) // benchmarks
        || a >= 224; // groups, reserved, broadcast
    !special
}

/// Of the one block that is in use (`2000::/3`), what is not special and does not hide an IPv4 address. Addresses that are
/// mapped to IPv4 are outside of it.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    let special = (a == 0x2001 && (b < 0x0200 || b == 0x0db8)) // protocol assignments, Teredo; documentation
        || a == 0x2002 // 6to4
        || a == 0x3ffe // a test network of old
        || (a == 0x3fff && b < 0x1000); // documentation
    (0x2000..0x4000).contains(&a) && !special
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read() {
        for (text, host, port, secure, path) in [
            ("https://example.org", "example.org", 443, true, "/"),
            ("HTTP://Example.org:8080/a?b=c", "Example.org", 8080, false, "/a?b=c"),
            ("http://[2001:db8::1]:81/x", "2001:db8::1", 81, false, "/x"),
            ("http://10.0.0.1?q", "10.0.0.1", 80, false, "/?q"),
        ] {
            let url = HookUrl::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(
                (url.host(), url.port(), url.secure(), url.path().as_str()),
                (host, port, secure, path)
            );
        }
    }

    #[test]
    fn what_is_no_receiver_is_refused() {
        let long = format!("http://h/{}", "x".repeat(WEBHOOK_URL_BYTES));
        for (text, error) in [
            ("", UrlError::Malformed),
            ("/path", UrlError::Scheme),
            ("h:80", UrlError::Scheme),
            ("ftp://h/", UrlError::Scheme),
            ("file:///etc/passwd", UrlError::Malformed),
            ("http://", UrlError::Malformed),
            ("http://:80/", UrlError::Malformed),
            ("http://h:0/", UrlError::Malformed),
            ("http://h:65536/", UrlError::Malformed),
            ("http://h:/", UrlError::Malformed),
            ("http://user:word@h/", UrlError::User),
            ("http://user@h/", UrlError::User),
            ("http://h\\@g/", UrlError::Malformed),
            ("http://h/#part", UrlError::Malformed),
            ("http://h/\r\nX: y", UrlError::Malformed),
            ("http://h/ü y", UrlError::Malformed),
            (&long, UrlError::Long),
        ] {
            assert_eq!(HookUrl::parse(text).unwrap_err(), error, "{text:.60}");
        }
    }

    #[test]
    fn only_public_addresses_are_reached() {
        for near in [
            "127.0.0.1",
            "127.255.255.254",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "0.1.2.3",
            "100.64.0.1",
            "192.0.0.8",
            "198.18.0.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "192.0.2.1",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "::7f00:1",
            "fe80::1",
            "fc00::1",
            "fdff::1",
            "fec0::1",
            "ff02::1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2001::1",
            "2001:db8::1",
            "3fff::1",
            "100::1",
        ] {
            let near: IpAddr = near.parse().unwrap();
            assert!(!Reach::Public.allows(near), "{near}");
            let is_here = near.to_canonical().is_loopback();
            assert_eq!(Reach::PublicAndLoopback.allows(near), is_here, "{near}");
        }
        for far in ["8.8.8.8", "100.128.0.1", "172.32.0.1", "2606:4700::1111", "2001:4860:4860::8888"] {
            for reach in [Reach::Public, Reach::PublicAndLoopback] {
                assert!(reach.allows(far.parse().unwrap()), "{far}");
            }
        }
        assert!(Reach::Everywhere.allows("127.0.0.1".parse().unwrap()));
        assert!(!Reach::Everywhere.allows("224.0.0.1".parse().unwrap()));
    }

    #[test]
    fn literal_addresses_are_refused_before_anything_is_sent() {
        let admits = |reach: Reach, text: &str| reach.admits(&HookUrl::parse(text).unwrap());
        for near in ["http://127.0.0.1/", "https://[::1]:8443/", "http://LocalHost./", "http://a.localhost/"]
        {
            assert_eq!(admits(Reach::Public, near), Err(UrlError::Near), "{near}");
            for reach in [Reach::PublicAndLoopback, Reach::Everywhere] {
                assert_eq!(admits(reach, near), Ok(()), "{near}");
            }
        }
        assert_eq!(admits(Reach::Public, "http://example.org/"), Ok(()));
        assert_eq!(admits(Reach::PublicAndLoopback, "http://169.254.169.254/"), Err(UrlError::Near));
    }
}
