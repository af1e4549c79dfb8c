//! Which proxies are believed when they say for whom they speak, and in which header they say it.

use otc_protocol::limits::TRUSTED_PROXIES;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

/// Addresses with the same beginning, written `10.0.0.0/8`, `2001:db8::/32`, or as one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subnet {
    first: IpAddr,
    bits: u32,
}

/// Why a text is no [`Subnet`] of proxies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubnetError {
    /// Neither an address nor a subnet.
    Malformed,
    /// It has bits that the length leaves out: which subnet is meant?
    Beyond,
    /// Whoever trusts everybody trusts whoever lies.
    Everybody,
}

impl Subnet {
    /// The subnet of that text. One of addresses that are IPv4 inside IPv6 is that of the IPv4 addresses.
    pub fn parse(text: &str) -> Result<Self, SubnetError> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| SubnetError::Malformed)?;
        let width = width(address);
        let bits = bits.map_or(Some(width), |bits| number(bits).filter(|bits| *bits <= width));
        let bits = bits.ok_or(SubnetError::Malformed)?;
        let (first, bits) = match (address.to_canonical(), address) {
            (IpAddr::V4(inside), IpAddr::V6(_)) if bits >= 96 => (IpAddr::V4(inside), bits - 96),
            _ => (address, bits),
        };
        if bits == 0 {
            return Err(SubnetError::Everybody);
        }
        if beginning(first, bits) != first {
            return Err(SubnetError::Beyond);
        }
        Ok(Self { first, bits })
    }

    fn contains(self, address: IpAddr) -> bool {
        address.is_ipv4() == self.first.is_ipv4() && beginning(address, self.bits) == self.first
    }
}

impl fmt::Display for Subnet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.first, self.bits)
    }
}

fn width(address: IpAddr) -> u32 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// A plain number without a sign or zeros in front.
fn number(digits: &str) -> Option<u32> {
    let is_plain =
        digits.bytes().all(|digit| digit.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    digits.parse().ok().filter(|_| is_plain)
}

/// The address with all but its first `bits` bits (at least one) at nought.
fn beginning(address: IpAddr, bits: u32) -> IpAddr {
    match address {
        IpAddr::V4(address) => Ipv4Addr::from_bits(address.to_bits() & (u32::MAX << (32 - bits))).into(),
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() & (u128::MAX << (128 - bits))).into()),
    }
}

/// How proxies say for whom they speak. One way alone is believed: a proxy lets the other one through as its client wrote it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wording {
    /// `X-Forwarded-For`, `X-Forwarded-Proto` and `X-Forwarded-Host`.
    #[default]
    XForwarded,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

impl Wording {
    /// The header that names the client.
    pub fn name(self) -> &'static str {
        match self {
            Self::XForwarded => "X-Forwarded-For",
            Self::Forwarded => "Forwarded",
        }
    }

    /// The one whose header has that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::XForwarded, Self::Forwarded]
            .into_iter()
            .find(|wording| wording.name().eq_ignore_ascii_case(name))
    }
}

/// The proxies that are believed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies {
    subnets: Vec<Subnet>,
    wording: Wording,
}

impl Proxies {
    /// Those of these subnets; `None` when there are more than [`TRUSTED_PROXIES`].
    pub fn new(subnets: Vec<Subnet>, wording: Wording) -> Option<Self> {
        (subnets.len() <= TRUSTED_PROXIES).then_some(Self { subnets, wording })
    }

    /// Where they are.
    pub fn subnets(&self) -> &[Subnet] {
        &self.subnets
    }

    /// How they speak.
    pub fn wording(&self) -> Wording {
        self.wording
    }

    /// Whether what comes from this address is believed.
    pub fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.subnets.iter().any(|subnet| subnet.contains(address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subnets_are_read_as_people_write_them() {
        for (text, expected) in [
            ("10.0.0.0/8", Ok("10.0.0.0/8")),
            ("127.0.0.1", Ok("127.0.0.1/32")),
            ("192.0.2.7/32", Ok("192.0.2.7/32")),
            ("0.0.0.0/1", Ok("0.0.0.0/1")),
            ("::1", Ok("::1/128")),
            ("2001:DB8::/32", Ok("2001:db8::/32")),
            ("::ffff:10.0.0.0/104", Ok("10.0.0.0/8")),
            ("::ffff:10.0.0.1", Ok("10.0.0.1/32")),
            ("::/3", Ok("::/3")),
            ("10.0.0.1/8", Err(SubnetError::Beyond)),
            ("2001:db8::1/32", Err(SubnetError::Beyond)),
            ("0.0.0.0/0", Err(SubnetError::Everybody)),
            ("::/0", Err(SubnetError::Everybody)),
            ("::ffff:0.0.0.0/96", Err(SubnetError::Everybody)),
            ("10.0.0.0/33", Err(SubnetError::Malformed)),
            ("::/129", Err(SubnetError::Malformed)),
            ("10.0.0.0/08", Err(SubnetError::Malformed)),
            ("10.0.0.0/+8", Err(SubnetError::Malformed)),
            ("10.0.0.0/", Err(SubnetError::Malformed)),
            ("10.0.0.0/8/8", Err(SubnetError::Malformed)),
            ("10.0.0/8", Err(SubnetError::Malformed)),
            ("010.0.0.0/8", Err(SubnetError::Malformed)),
            ("proxy.example", Err(SubnetError::Malformed)),
            ("*", Err(SubnetError::Malformed)),
            ("", Err(SubnetError::Malformed)),
        ] {
            let read = Subnet::parse(text).map(|subnet| subnet.to_string());
            assert_eq!(read, expected.map(str::to_owned), "{text}");
        }
    }

    #[test]
    fn a_subnet_has_the_addresses_that_begin_like_it() {
        let subnets = ["10.1.0.0/16", "192.0.2.7", "2001:db8:0:1::/64"];
        let subnets = subnets.map(|text| Subnet::parse(text).expect("one")).to_vec();
        let proxies = Proxies::new(subnets, Wording::default()).expect("few");
        let trusts = |address: &str| proxies.trusts(address.parse().expect("an address"));
        for near in ["10.1.0.0", "10.1.255.255", "::ffff:10.1.2.3", "192.0.2.7", "2001:db8:0:1:ffff::1"] {
            assert!(trusts(near), "{near}");
        }
        for far in ["10.0.255.255", "10.2.0.0", "192.0.2.6", "::10.1.2.3", "2001:db8:0:2::1", "::", "0.0.0.0"]
        {
            assert!(!trusts(far), "{far}");
        }
        assert!(!Proxies::default().trusts(Ipv4Addr::LOCALHOST.into()), "nobody is trusted unasked");
    }
}
