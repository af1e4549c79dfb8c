//! For whom a trusted proxy speaks.
//!
//! What stands furthest to the right was written by the proxy whose connection this is; what is left of it is believed for as
//! long as whoever wrote it is trusted. The first address from the right that is not trusted is the client's: what is left of
//! it the client itself may have written, and nobody looks at it.

mod elements;

use super::answer::ApiError;
use super::proxies::{Proxies, Wording};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use elements::{Element, elements};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// What a proxy says of its client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Client {
    /// Where it is; port 0 when the proxy does not say which.
    pub(crate) address: SocketAddr,
    /// Whether it speaks TLS with the proxy; `None`: it is not said.
    pub(crate) encrypted: Option<bool>,
    /// At which host it looked for this server, if that is said.
    pub(crate) host: Option<HeaderValue>,
}

/// Why a proxy is not understood: a header, and what should be in it. It is set up wrongly, and to take the client for
/// somebody else would be worse than to send it away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Misspoken {
    Address(&'static str),
    Scheme,
    Host,
}

impl IntoResponse for Misspoken {
    fn into_response(self) -> Response {
        let message = match self {
            Misspoken::Address(name) => {
                format!(
                    "The proxy's {name} cannot be read: it has to end with the address of the proxy's client"
                )
            }
            Misspoken::Scheme => "The proxy's word for the scheme is neither http nor https".to_owned(),
            Misspoken::Host => "The proxy's word for the host is none".to_owned(),
        };
        ApiError::bad_request(message).into_response()
    }
}

/// Of whom these headers speak, which came over a connection from `proxy`, which is trusted.
pub(crate) fn client(proxies: &Proxies, proxy: SocketAddr, headers: &HeaderMap) -> Result<Client, Misspoken> {
    match proxies.wording() {
        Wording::XForwarded => x_forwarded(proxies, proxy, headers),
        Wording::Forwarded => forwarded(proxies, proxy, headers),
    }
}

fn x_forwarded(proxies: &Proxies, proxy: SocketAddr, headers: &HeaderMap) -> Result<Client, Misspoken> {
    let mut address = proxy;
    for word in from_the_right(headers, &FOR) {
        match Node::read(word.map_err(|()| Misspoken::Address("X-Forwarded-For"))?) {
            Some(Node::At(at)) => address = at,
            // As far as anybody can see.
            Some(Node::Hidden) => break,
            None => return Err(Misspoken::Address("X-Forwarded-For")),
        }
        if !proxies.trusts(address.ip()) {
            break;
        }
    }
    // Whoever sets these replaces what was there. Of what is a list all the same the nearest proxy's word counts.
    let scheme = from_the_right(headers, &PROTO).next();
    let encrypted =
        scheme.map(|word| word.ok().and_then(is_encrypted).ok_or(Misspoken::Scheme)).transpose()?;
    let host = from_the_right(headers, &HOST).next();
    let host = host.map(|word| word.ok().and_then(host_value).ok_or(Misspoken::Host)).transpose()?;
    Ok(Client { address, encrypted, host })
}

fn forwarded(proxies: &Proxies, proxy: SocketAddr, headers: &HeaderMap) -> Result<Client, Misspoken> {
    const WRONG: Misspoken = Misspoken::Address("Forwarded");
    let mut told: Vec<Element> = Vec::new();
    for line in headers.get_all(header::FORWARDED) {
        let line = line.to_str().map_err(|_| WRONG)?;
        // All of it: an open quotation mark further left would swallow what the proxy wrote.
        told.extend(elements(line).ok_or(WRONG)?);
    }
    let mut client = Client { address: proxy, encrypted: None, host: None };
    for element in told.into_iter().rev() {
        // Each says how its node came to whoever wrote it.
        let encrypted = element.proto.map(|word| is_encrypted(&word).ok_or(Misspoken::Scheme)).transpose()?;
        let host = element.host.map(|word| host_value(&word).ok_or(Misspoken::Host)).transpose()?;
        match element.node.as_deref().map(Node::read) {
            Some(Some(Node::At(at))) => client = Client { address: at, encrypted, host },
            Some(Some(Node::Hidden)) | None => {
                client = Client { encrypted, host, ..client };
                break;
            }
            Some(None) => return Err(WRONG),
        }
        if !proxies.trusts(client.address.ip()) {
            break;
        }
    }
    Ok(client)
}

/// The words of a header that is a list, the last one first, wherever its lines are broken. An error for words that are
/// not text.
fn from_the_right<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> impl Iterator<Item = Result<&'a str, ()>> {
    let lines = headers.get_all(name).iter().rev();
    lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b',')).map(|word| {
        let word = std::str::from_utf8(word).map_err(|_| ())?;
        Ok(word.trim_matches([' ', '\t']))
    })
}

/// Somebody on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Node {
    At(SocketAddr),
    /// Whoever wrote it does not know, or does not say (RFC 7239, section 6).
    Hidden,
}

impl Node {
    /// An address with or without a port, and that of IPv6 with or without brackets; `unknown`, or a name that begins
    /// with `_`.
    fn read(text: &str) -> Option<Self> {
        if let Some((address, port)) = split(text) {
            let port = port.map_or(Some(0), read_port)?;
            return Some(Self::At(SocketAddr::new(address.to_canonical(), port)));
        }
        // A port may follow here, too.
        let name = text.split(':').next().unwrap_or_default();
        let is_hidden = name.eq_ignore_ascii_case("unknown") || (name.len() > 1 && name.starts_with('_'));
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-:".contains(&byte);
        (is_hidden && text.bytes().all(is_plain)).then_some(Self::Hidden)
    }
}

/// An address, and what stands behind it as its port.
fn split(text: &str) -> Option<(IpAddr, Option<&str>)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (address, rest) = rest.split_once(']')?;
        let address: Ipv6Addr = address.parse().ok()?;
        let port = if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) };
        return Some((address.into(), port));
    }
    if let Ok(address) = text.parse() {
        return Some((address, None));
    }
    let (address, port) = text.split_once(':')?;
    Some((IpAddr::V4(address.parse().ok()?), Some(port)))
}

/// A number, or a name that stands for one.
fn read_port(text: &str) -> Option<u16> {
    if text.len() > 1
        && text.starts_with('_')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    {
        return Some(0);
    }
    text.parse().ok().filter(|_| text.bytes().all(|digit| digit.is_ascii_digit()))
}

/// Whether that is the scheme of what is encrypted.
pub(super) fn is_encrypted(scheme: &str) -> Option<bool> {
    let is = |known: &str| scheme.eq_ignore_ascii_case(known);
    if is("https") || is("wss") {
        Some(true)
    } else if is("http") || is("ws") {
        Some(false)
    } else {
        None
    }
}

/// A host and port, for the header `Host`.
fn host_value(text: &str) -> Option<HeaderValue> {
    super::address::authority(text)?;
    HeaderValue::from_str(text).ok()
}

#[cfg(test)]
mod tests;
