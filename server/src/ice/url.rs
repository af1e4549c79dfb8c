//! Addresses of STUN and TURN servers, as browsers take them (RFC 7064, RFC 7065). A browser that is given another one makes no
//! call at all, so they are checked here.

use otc_protocol::limits::ICE_URL_BYTES;
use std::fmt;
use std::net::Ipv6Addr;

/// An address of a STUN or TURN server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IceUrl(String);

/// Why a text is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UrlError {
    /// It does not begin as one.
    Scheme,
    /// Slashes after the scheme, as other URLs have them.
    Slashes,
    /// Not a name or an address.
    Host,
    /// Not a port.
    Port,
    /// Something else after `?` than the transport, or the transport of a STUN server.
    Transport,
    /// Too long.
    Length,
}

impl fmt::Display for UrlError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Scheme => "does not begin with stun:, stuns:, turn: or turns:",
            Self::Slashes => "has slashes: give turn:host:port, without them",
            Self::Host => {
                "has no host that can be one: give a name, an IPv4 address, or an IPv6 address in brackets"
            }
            Self::Port => "has no port that can be one: give a number from 1 to 65535",
            Self::Transport => {
                "may have ?transport=udp or ?transport=tcp after a TURN server, and nothing else"
            }
            Self::Length => "is longer than 512 bytes",
        })
    }
}

impl IceUrl {
    /// The address that the text is.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        if text.len() > ICE_URL_BYTES {
            return Err(UrlError::Length);
        }
        let (scheme, rest) = text.split_once(':').ok_or(UrlError::Scheme)?;
        let is_turn = match scheme {
            "turn" | "turns" => true,
            "stun" | "stuns" => false,
            _ => return Err(UrlError::Scheme),
        };
        if rest.starts_with('/') {
            return Err(UrlError::Slashes);
        }
        let (place, transport) =
            rest.split_once('?').map_or((rest, None), |(place, query)| (place, Some(query)));
        match transport {
            None => {}
            Some("transport=udp" | "transport=tcp") if is_turn => {}
            Some(_) => return Err(UrlError::Transport),
        }
        check_place(place)?;
        Ok(Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it relays media, for users that it knows.
    pub fn is_turn(&self) -> bool {
        self.0.starts_with("turn")
    }
}

/// A host, perhaps with a port.
fn check_place(place: &str) -> Result<(), UrlError> {
    let port = if let Some(rest) = place.strip_prefix('[') {
        let (address, rest) = rest.split_once(']').ok_or(UrlError::Host)?;
        address.parse::<Ipv6Addr>().map_err(|_| UrlError::Host)?;
        match rest {
            "" => None,
            rest => Some(rest.strip_prefix(':').ok_or(UrlError::Host)?),
        }
    } else {
        let (host, port) = place.split_once(':').map_or((place, None), |(host, port)| (host, Some(port)));
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        if host.is_empty() || !host.bytes().all(is_letter) {
            return Err(UrlError::Host);
        }
        port
    };
    let is_port = |port: &str| {
        port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0)
    };
    if port.is_none_or(is_port) { Ok(()) } else { Err(UrlError::Port) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_browsers_take_are_taken() {
        for (text, is_turn) in [
            ("stun:stun.example.org", false),
            ("stun:192.0.2.1:3478", false),
            ("stuns:[2001:db8::1]:5349", false),
            ("turn:turn.example.org:3478?transport=udp", true),
            ("turns:[::1]?transport=tcp", true),
        ] {
            let url = IceUrl::parse(text).unwrap();
            assert_eq!((url.as_str(), url.is_turn()), (text, is_turn));
        }
    }

    #[test]
    fn others_are_refused_with_what_is_wrong() {
        let long = format!("stun:{}", "h".repeat(ICE_URL_BYTES));
        for (text, error) in [
            ("", UrlError::Scheme),
            ("turn.example.org", UrlError::Scheme),
            ("https://example.org", UrlError::Scheme),
            ("TURN:h", UrlError::Scheme),
            ("turn://h", UrlError::Slashes),
            ("turn:", UrlError::Host),
            ("turn:a b", UrlError::Host),
            ("turn:user@h", UrlError::Host),
            ("turn:2001:db8::1", UrlError::Port),
            ("turn:[2001:db8::1", UrlError::Host),
            ("turn:[h]", UrlError::Host),
            ("turn:[::1]3478", UrlError::Host),
            ("turn:h:", UrlError::Port),
            ("turn:h:0", UrlError::Port),
            ("turn:h:+1", UrlError::Port),
            ("turn:h:65536", UrlError::Port),
            ("turn:h/path", UrlError::Host),
            ("turn:h?transport=sctp", UrlError::Transport),
            ("turn:h?", UrlError::Transport),
            ("stun:h?transport=udp", UrlError::Transport),
            (&long, UrlError::Length),
        ] {
            assert_eq!(IceUrl::parse(text), Err(error), "{text}");
        }
    }
}
