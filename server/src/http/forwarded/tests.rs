//! Whom a proxy speaks for, and what a client behind it may write without being believed.

use super::*;
use crate::http::Subnet;
use proptest::prelude::*;

const PROXY: &str = "10.0.0.1:4000";

fn proxies(wording: Wording) -> Proxies {
    let subnets = ["10.0.0.0/8", "2001:db8:aaaa::/48"].map(|text| Subnet::parse(text).expect("a subnet"));
    Proxies::new(subnets.to_vec(), wording).expect("few")
}

fn read(wording: Wording, headers: &[(&str, &[u8])]) -> Result<Client, Misspoken> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let name: HeaderName = name.parse().expect("a name");
        map.append(name, HeaderValue::from_bytes(value).expect("a value"));
    }
    client(&proxies(wording), PROXY.parse().expect("an address"), &map)
}

/// The client's address as these say it; a word when it is not said.
fn address(wording: Wording, name: &str, lines: &[&str]) -> String {
    let headers: Vec<_> = lines.iter().map(|line| (name, line.as_bytes())).collect();
    match read(wording, &headers) {
        Ok(client) => client.address.to_string(),
        Err(_) => "refused".to_owned(),
    }
}

#[test]
fn the_first_address_from_the_right_that_is_not_trusted_is_the_clients() {
    for (lines, expected) in [
        (&[][..], PROXY),
        (&["203.0.113.9"], "203.0.113.9:0"),
        (&["203.0.113.9:5060"], "203.0.113.9:5060"),
        (&["6.6.6.6, 203.0.113.9"], "203.0.113.9:0"),
        (&["6.6.6.6", "203.0.113.9"], "203.0.113.9:0"),
        (&["10.6.6.6, 203.0.113.9"], "203.0.113.9:0"),
        (&["203.0.113.9, 10.0.0.2"], "203.0.113.9:0"),
        (&["6.6.6.6 ,\t203.0.113.9 , 10.0.0.2, 2001:db8:aaaa::5"], "203.0.113.9:0"),
        (&["10.0.0.9, 10.0.0.2"], "10.0.0.9:0"),
        (&["::ffff:203.0.113.9"], "203.0.113.9:0"),
        (&["203.0.113.9, ::ffff:10.0.0.2"], "203.0.113.9:0"),
        (&["2001:db8::9"], "[2001:db8::9]:0"),
        (&["[2001:db8::9]"], "[2001:db8::9]:0"),
        (&["[2001:db8::9]:443"], "[2001:db8::9]:443"),
        (&["203.0.113.9, unknown"], PROXY),
        (&["unknown, 10.0.0.2"], "10.0.0.2:0"),
        // Left of the client's address stands what the client has written.
        (&["garbage \u{1F600}, 203.0.113.9"], "203.0.113.9:0"),
        (&[",,, 203.0.113.9"], "203.0.113.9:0"),
        // What the proxy itself writes must be an address.
        (&[""], "refused"),
        (&["203.0.113.9,"], "refused"),
        (&["203.0.113.9, garbage"], "refused"),
        (&["garbage, 10.0.0.2"], "refused"),
        (&["203.0.113.9.1"], "refused"),
        (&["203.0.113.09"], "refused"),
        (&["203.0.113.9:"], "refused"),
        (&["203.0.113.9:+80"], "refused"),
        (&["203.0.113.9:65536"], "refused"),
        (&["[203.0.113.9]"], "refused"),
        (&["[2001:db8::9"], "refused"),
        (&["[2001:db8::9]443"], "refused"),
        (&["2001:db8::9%eth0"], "refused"),
        (&["\"203.0.113.9\""], "refused"),
        (&["for=203.0.113.9"], "refused"),
        (&["localhost"], "refused"),
    ] {
        assert_eq!(address(Wording::XForwarded, "x-forwarded-for", lines), expected, "{lines:?}");
    }
    let not_text: &[u8] = b"203.0.113.9, \xff";
    assert_eq!(
        read(Wording::XForwarded, &[("x-forwarded-for", not_text)]),
        Err(Misspoken::Address("X-Forwarded-For"))
    );
}

#[test]
fn the_same_of_the_header_of_the_rfc() {
    for (lines, expected) in [
        (&[][..], PROXY),
        (&["for=203.0.113.9"], "203.0.113.9:0"),
        (&["for=6.6.6.6, for=203.0.113.9;proto=https"], "203.0.113.9:0"),
        (&["for=6.6.6.6", "For=\"203.0.113.9:80\""], "203.0.113.9:80"),
        (&["for=203.0.113.9, for=10.0.0.2;by=10.0.0.1"], "203.0.113.9:0"),
        (&["for=\"[2001:db8::9]:_port\""], "[2001:db8::9]:0"),
        (&["for=\"_hidden\", for=10.0.0.2"], "10.0.0.2:0"),
        (&["for=203.0.113.9, for=unknown"], PROXY),
        (&["for=203.0.113.9, proto=https"], PROXY),
        (&["for=somebody"], "refused"),
        (&["for=203.0.113.9;for=6.6.6.6"], "refused"),
        // Who opens a quotation mark would swallow what the proxy writes behind it.
        (&["for=6.6.6.6;x=\", for=203.0.113.9"], "refused"),
        (&["for=6.6.6.6;x=\", for=\"[2001:db8::9]\""], "refused"),
        (&["for=6.6.6.6;x=\"\\, for=\"[2001:db8::9]\""], "refused"),
        (&["for=6.6.6.6;x=\"", "for=203.0.113.9"], "refused"),
    ] {
        assert_eq!(address(Wording::Forwarded, "forwarded", lines), expected, "{lines:?}");
    }
}

/// A proxy that writes one of the two lets the other one through as its client wrote it.
#[test]
fn one_of_the_two_is_believed_alone() {
    let both: &[(&str, &[u8])] = &[
        ("x-forwarded-for", b"203.0.113.1"),
        ("x-forwarded-proto", b"http"),
        ("forwarded", b"for=203.0.113.2;proto=https;host=two"),
    ];
    let one = read(Wording::XForwarded, both).expect("readable");
    assert_eq!(
        (one.address.to_string().as_str(), one.encrypted, one.host),
        ("203.0.113.1:0", Some(false), None)
    );
    let two = read(Wording::Forwarded, both).expect("readable");
    let host = Some(HeaderValue::from_static("two"));
    assert_eq!(
        (two.address.to_string().as_str(), two.encrypted, two.host),
        ("203.0.113.2:0", Some(true), host)
    );
}

#[test]
fn scheme_and_host_are_the_word_of_the_nearest_proxy() {
    let said = |headers: &[(&str, &[u8])]| {
        let client = read(Wording::XForwarded, headers)?;
        Ok((client.encrypted, client.host.map(|host| host.to_str().expect("text").to_owned())))
    };
    let host = |host: &str| Some(host.to_owned());
    assert_eq!(said(&[]), Ok((None, None)));
    assert_eq!(said(&[("x-forwarded-proto", b"HTTPS")]), Ok((Some(true), None)));
    assert_eq!(said(&[("x-forwarded-proto", b"https, http")]), Ok((Some(false), None)));
    assert_eq!(
        said(&[("x-forwarded-proto", b"https"), ("x-forwarded-proto", b"ws")]),
        Ok((Some(false), None))
    );
    assert_eq!(said(&[("x-forwarded-host", b"evil.example, calls:8443")]), Ok((None, host("calls:8443"))));
    for bad in [&b"gopher"[..], b"", b"https,", b"\xff", b"https;"] {
        assert_eq!(said(&[("x-forwarded-proto", bad)]), Err(Misspoken::Scheme), "{}", bad.escape_ascii());
    }
    for bad in [&b"user@calls"[..], b"", b"a b", b"calls:port", b"calls/path", b"\xff", b"calls,"] {
        assert_eq!(said(&[("x-forwarded-host", bad)]), Err(Misspoken::Host), "{}", bad.escape_ascii());
    }
    // Each element says it of its own client.
    let chain: &[u8] =
        b"for=6.6.6.6;proto=http, for=203.0.113.9;proto=https;host=outer, for=10.0.0.2;proto=http;host=inner";
    let client = read(Wording::Forwarded, &[("forwarded", chain)]).expect("readable");
    assert_eq!((client.encrypted, client.host), (Some(true), Some(HeaderValue::from_static("outer"))));
}

fn client_address() -> impl Strategy<Value = IpAddr> {
    let any = prop_oneof![any::<[u8; 4]>().prop_map(IpAddr::from), any::<[u8; 16]>().prop_map(IpAddr::from)];
    any.prop_map(|address| address.to_canonical())
        .prop_filter("not a proxy's", |address| !proxies(Wording::XForwarded).trusts(*address))
}

/// Whatever a client may put into a header.
fn forged() -> impl Strategy<Value = Vec<u8>> {
    let words = prop_oneof![
        Just("10.0.0.9".to_owned()),
        Just("127.0.0.1".to_owned()),
        Just("for=10.0.0.9;proto=https".to_owned()),
        Just("for=\"".to_owned()),
        Just("x=\"\\".to_owned()),
        Just("unknown".to_owned()),
        "[ -~]{0,20}",
    ];
    let text = proptest::collection::vec(words, 0..5).prop_map(|words| words.join(",").into_bytes());
    let bytes = proptest::collection::vec(prop_oneof![32u8..127, 128u8..=255], 0..30);
    prop_oneof![text, bytes]
}

proptest! {
    /// The proxy adds the address that it sees, in a line of its own or behind what is there. Whatever the client has
    /// written: it is taken for itself, or sent away.
    #[test]
    fn nobody_is_taken_for_somebody_else(
        client in client_address(),
        mut forged in forged(),
        own_line in any::<bool>(),
        hops in proptest::collection::vec(0u8.., 0..3),
    ) {
        let hops: Vec<String> = hops.iter().map(|last| format!("10.0.1.{last}")).collect();
        for wording in [Wording::XForwarded, Wording::Forwarded] {
            let name = wording.name();
            let written = |address: &str| match wording {
                Wording::XForwarded => address.to_owned(),
                Wording::Forwarded if address.contains(':') => format!("for=\"[{address}]\""),
                Wording::Forwarded => format!("for={address}"),
            };
            let mut behind = written(&client.to_string());
            for hop in &hops {
                behind = format!("{behind}, {}", written(hop));
            }
            let lines = if own_line {
                vec![forged.clone(), behind.into_bytes()]
            } else {
                forged.extend(b", ");
                forged.extend(behind.as_bytes());
                vec![forged.clone()]
            };
            let headers: Vec<_> = lines.iter().map(|line| (name, &line[..])).collect();
            let read = read(wording, &headers);
            if wording == Wording::XForwarded {
                prop_assert!(read.is_ok(), "what the client wrote is not even looked at: {read:?}");
            }
            if let Ok(read) = read {
                prop_assert_eq!(read.address, SocketAddr::new(client, 0));
            }
        }
    }
}
