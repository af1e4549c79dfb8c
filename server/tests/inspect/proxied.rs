//! Where the page is reached through a proxy, or from another machine.

use crate::browser::{Browser, credentials};
use crate::support::{Answer, KEY, Request, SECRET, pair, start};
use otc_server::{Config, Server};
use std::net::SocketAddr;

/// A login, as a proxy passes it on.
fn log_in(server: SocketAddr, from: &str, proto: &str, headers: &[(&str, &str)], secret: &str) -> Answer {
    let request = Request::new("POST /inspect/api/login").header("X-Forwarded-For", from);
    let request = request.header("X-Forwarded-Proto", proto);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(name, value));
    request.body("application/json", credentials(KEY, secret)).send(server)
}

const FAR: &str = "192.0.2.1";
const CALLS: (&str, &str) = ("X-Forwarded-Host", "calls.example.org");

#[test]
fn nobody_sends_a_secret_from_another_machine_without_tls() {
    let server = Server::start(Config::behind_proxies(pair())).unwrap();
    let refused = log_in(server.addr(), FAR, "http", &[], SECRET).error();
    assert!(refused.0 == 403 && refused.1.contains("https"), "{refused:?}");
    assert_eq!(log_in(server.addr(), "127.0.0.1", "http", &[], SECRET).status, 200);
    let answer =
        log_in(server.addr(), FAR, "https", &[CALLS, ("Origin", "https://calls.example.org")], SECRET);
    assert_eq!(answer.status, 200, "{answer:?}");
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("__Secure-otc-inspect="), "{cookie}");
    assert!(
        cookie.ends_with("; Path=/inspect; Max-Age=43200; HttpOnly; SameSite=Strict; Secure"),
        "{cookie}"
    );
    let browser = Browser::of(server.addr(), &answer);
    let me = |proto: &str, host: &str| {
        let request = browser.request("GET /inspect/api/me").header("X-Forwarded-Proto", proto);
        request.header("X-Forwarded-Host", host).send(server.addr()).status
    };
    assert_eq!(me("https", "calls.example.org"), 200);
    assert_eq!(me("http", "127.0.0.1"), 401, "what is for TLS counts with TLS alone");
    assert_eq!(me("http", "calls.example.org"), 421);
    for origin in ["http://calls.example.org", "https://evil.example", "https://calls.example.org:8443"] {
        let answer = log_in(server.addr(), FAR, "https", &[CALLS, ("Origin", origin)], SECRET);
        assert_eq!(answer.error().0, 403, "{origin}");
    }
}

/// A page that has led its own name here can write these headers into what it sends.
#[test]
fn who_is_no_trusted_proxy_is_not_believed() {
    let server = start();
    let calls = [("Host", "calls.example.org"), ("X-Forwarded-Host", "127.0.0.1")];
    assert_eq!(log_in(server.addr(), FAR, "https", &calls, SECRET).error().0, 421);
    let answer = log_in(server.addr(), FAR, "https", &[CALLS], SECRET);
    assert_eq!(answer.status, 200);
    assert!(answer.header("set-cookie").starts_with("otc-inspect="), "it came without TLS: {answer:?}");
}

#[test]
fn wrong_logins_are_counted_for_each_client_of_a_proxy() {
    let server = Server::start(Config::behind_proxies(pair())).unwrap();
    let guess = |from: &str| log_in(server.addr(), from, "https", &[CALLS], "my-guess").status;
    assert!((0..100).any(|_| guess(FAR) == 429));
    assert_eq!(guess("192.0.2.2"), 403, "another one");
    assert_eq!(
        log_in(server.addr(), FAR, "https", &[CALLS], SECRET).status,
        200,
        "who knows it always passes"
    );
}
