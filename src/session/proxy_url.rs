//! A server that stands in for all others (`wire.md §1.1`): each URL becomes one of its own.

/// `url` as it is asked for at `proxy`: `scheme://H/P` becomes `proxy/H/P`, with the port if it names one. Whether the
/// connection is encrypted the proxy's scheme says.
pub(super) fn through(proxy: &str, url: &str) -> String {
    let (Some((proxy_scheme, place)), Some((scheme, target))) =
        (proxy.split_once("://"), url.split_once("://"))
    else {
        // What is no URL cannot be dialed either way, and the failure names it.
        return url.to_owned();
    };
    let is = |scheme: &str, known: &str| scheme.eq_ignore_ascii_case(known);
    let is_socket = is(scheme, "ws") || is(scheme, "wss");
    let scheme = match (is_socket, is(proxy_scheme, "https")) {
        (true, true) => "wss",
        (true, false) => "ws",
        (false, true) => "https",
        (false, false) => "http",
    };
    format!("{scheme}://{}/{target}", place.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_url_becomes_one_of_the_proxys() {
        for (proxy, url, expected) in [
            ("https://p", "https://a.example/session/S?x=1", "https://p/a.example/session/S?x=1"),
            ("http://p:8080/in/front", "https://a:1/session/S", "http://p:8080/in/front/a:1/session/S"),
            ("https://p/", "ws://m:80/rumor?socketId=1", "wss://p/m:80/rumor?socketId=1"),
            ("http://p", "wss://m/rumor", "ws://p/m/rumor"),
            ("HTTPS://p", "WSS://m", "wss://p/m"),
            ("http://[::1]:1", "https://[::2]:2/x", "http://[::1]:1/[::2]:2/x"),
            ("http://p", "no url", "no url"),
        ] {
            assert_eq!(through(proxy, url), expected);
        }
    }
}
