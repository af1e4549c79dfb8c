//! What pages of others, strangers and other projects do not get.

use crate::browser::{Browser, OTHER, OTHER_SECRET, credentials};
use crate::member::Member;
use crate::support::{Answer, KEY, Request, SECRET, connect, pair, session_of, start};
use otc_server::http::PublicUrl;
use otc_server::{Config, Server};
use serde_json::json;
use std::io::{Read, Write};
use std::net::SocketAddr;

/// Every call that wants a login: its method, and what stands behind `/inspect/api/`.
fn calls(session: &str) -> Vec<(&'static str, String)> {
    let of_session = |rest: &str| format!("v2/project/{KEY}/session/{session}{rest}");
    let of_archive = |rest: &str| format!("v2/project/{KEY}/archive{rest}");
    let archive = "/c053fcc8-c681-41d5-8ec2-7a9e1434a21e";
    vec![
        ("GET", "me".into()),
        ("POST", "logout".into()),
        ("GET", "sessions".into()),
        ("GET", format!("sessions/{session}")),
        ("GET", format!("sessions/{session}/events")),
        ("POST", of_session("/signal")),
        ("POST", of_session("/mute")),
        ("GET", of_session("/connection")),
        ("DELETE", of_session("/connection/c1")),
        ("POST", of_session("/connection/c1/signal")),
        ("GET", of_session("/stream")),
        ("PUT", of_session("/stream")),
        ("GET", of_session("/stream/s1")),
        ("POST", of_session("/stream/s1/mute")),
        ("GET", of_archive("")),
        ("POST", of_archive("")),
        ("PUT", of_archive("/storage")),
        ("DELETE", of_archive("/storage")),
        ("GET", of_archive(archive)),
        ("DELETE", of_archive(archive)),
        ("POST", of_archive(&format!("{archive}/stop"))),
        ("PUT", of_archive(&format!("{archive}/layout"))),
        ("PATCH", of_archive(&format!("{archive}/streams"))),
        ("GET", of_archive(&format!("{archive}/file"))),
        ("GET", "nothing/of/the/kind".into()),
    ]
}

/// What every answer says to browsers, whatever it is.
fn check_headers(answer: &Answer) {
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(answer.header(name), value, "{name}: {answer:?}");
    }
    let policy = answer.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"), "{answer:?}");
    for part in ["base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'", "connect-src 'self'"] {
        assert!(policy.contains(part), "{answer:?}");
    }
    assert!(!answer.headers.keys().any(|name| name.starts_with("access-control")), "{answer:?}");
}

#[test]
fn nothing_is_told_without_a_login() {
    let server = start();
    let session = session_of(KEY);
    let _ada = Member::join(server.addr(), &session);
    let browser = Browser::log_in(server.addr());
    for (method, path) in calls(&session) {
        let line = format!("{method} /inspect/api/{path}");
        for cookie in [
            "",
            "otc-inspect=",
            "otc-inspect=x",
            &format!("otc-inspect={}", "0".repeat(64)),
            &format!("__Secure-{}", browser.cookie),
            &format!("{}; {}", browser.cookie, browser.cookie),
        ] {
            let request = Request::new(&line).header("X-OTC-CSRF", &browser.csrf).authorized();
            let request = if cookie.is_empty() { request } else { request.header("Cookie", cookie) };
            let answer = request.send(server.addr());
            assert_eq!(answer.error().0, 401, "{line} {cookie}");
            check_headers(&answer);
            assert_eq!(answer.header("cache-control"), "no-store");
        }
    }
    assert_eq!(browser.get("me").status, 200, "nothing of that has done any harm");
}

#[test]
fn what_changes_something_says_that_a_page_of_this_server_wants_it() {
    let server = start();
    let session = session_of(KEY);
    let _ada = Member::join(server.addr(), &session);
    let (browser, second) = (Browser::log_in(server.addr()), Browser::log_in(server.addr()));
    for (method, path) in calls(&session) {
        let line = format!("{method} /inspect/api/{path}");
        if method == "GET" {
            continue;
        }
        for csrf in ["", "x", &second.csrf, &"0".repeat(64), browser.cookie.split_once('=').unwrap().1] {
            let request = browser.request(&line);
            let request = if csrf.is_empty() { request } else { request.header("X-OTC-CSRF", csrf) };
            let error = request.send(server.addr()).error();
            assert!(error.0 == 403 && error.1.contains("X-OTC-CSRF"), "{line} {csrf}: {error:?}");
        }
        let twice = browser.request(&line).header("X-OTC-CSRF", &browser.csrf).header("X-OTC-CSRF", "x");
        assert_eq!(twice.send(server.addr()).error().0, 403, "{line}");
        // No form sends JSON.
        for kind in [
            "application/x-www-form-urlencoded",
            "text/plain",
            "multipart/form-data; boundary=x",
            "application/jsonp",
        ] {
            let request = browser.request(&line).header("X-OTC-CSRF", &browser.csrf).body(kind, "{}");
            assert_eq!(request.send(server.addr()).error().0, 415, "{line} {kind}");
        }
    }
    let untyped = format!(
        "POST /inspect/api/v2/project/{KEY}/session/{session}/mute HTTP/1.1\r\nHost: localhost\r\nCookie: {}\r\n\
         X-OTC-CSRF: {}\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{{}}",
        browser.cookie, browser.csrf
    );
    let (mut stream, mut answer) = (connect(server.addr()), Vec::new());
    stream.write_all(untyped.as_bytes()).unwrap();
    stream.read_to_end(&mut answer).unwrap();
    assert_eq!(Answer::read(&answer).error().0, 415);
    let form = Request::new("POST /inspect/api/login").body("text/plain", credentials(KEY, SECRET));
    assert_eq!(form.send(server.addr()).error().0, 415);
}

#[test]
fn pages_of_others_get_nothing() {
    let server = start();
    let session = session_of(KEY);
    let _ada = Member::join(server.addr(), &session);
    let browser = Browser::log_in(server.addr());
    let own = format!("http://{}", server.addr());
    let sibling = format!("http://{}:1", server.addr().ip());
    let tls = format!("https://{}", server.addr());
    for (method, path) in calls(&session) {
        for (name, value) in [
            ("Sec-Fetch-Site", "cross-site"),
            ("Sec-Fetch-Site", "same-site"),
            ("Sec-Fetch-Site", "same-origin, cross-site"),
            ("Origin", "https://evil.example"),
            ("Origin", "null"),
            ("Origin", &sibling),
            ("Origin", &tls),
        ] {
            let request = browser.request(&format!("{method} /inspect/api/{path}"));
            let request = request.header("X-OTC-CSRF", &browser.csrf).header(name, value);
            let answer = request.send(server.addr());
            assert_eq!(answer.error().0, 403, "{method} {path} {name}: {value}");
            check_headers(&answer);
        }
        if path.ends_with("/events") {
            continue; // It would go on for ever.
        }
        let typed =
            browser.request(&format!("{method} /inspect/api/{path}")).header("Sec-Fetch-Site", "none");
        let typed = typed.header("X-OTC-CSRF", &browser.csrf).send(server.addr());
        assert_eq!(typed.status == 403, method != "GET", "{method} {path}");
    }
    let log_in = |name: &str, value: &str| {
        let request = Request::new("POST /inspect/api/login").header(name, value);
        request.body("application/json", credentials(KEY, SECRET)).send(server.addr()).status
    };
    for (name, value, status) in [
        ("Origin", own.as_str(), 200),
        ("Sec-Fetch-Site", "same-origin", 200),
        ("Origin", "https://evil.example", 403),
        ("Sec-Fetch-Site", "cross-site", 403),
        ("Sec-Fetch-Site", "none", 403),
    ] {
        assert_eq!(log_in(name, value), status, "{name}: {value}");
    }
    let preflight = Request::new("OPTIONS /inspect/api/login")
        .header("Origin", "https://evil.example")
        .header("Access-Control-Request-Method", "POST")
        .send(server.addr());
    assert!(preflight.status >= 400);
    check_headers(&preflight);
}

/// A name that somebody else has led here (DNS rebinding) is none of this server's.
#[test]
fn it_is_found_under_its_own_names_alone() {
    let status = |server: SocketAddr, host: &str, path: &str| {
        Request::new(&format!("GET {path}")).header("Host", host).send(server).status
    };
    let server = start();
    let port = server.addr().port();
    for host in ["127.0.0.1", "localhost", "LOCALHOST", "a.localhost", "[::1]", "192.0.2.7"] {
        assert_eq!(status(server.addr(), &format!("{host}:{port}"), "/inspect"), 200, "{host}");
        assert_eq!(status(server.addr(), host, "/inspect/api/me"), 401, "{host}");
    }
    for host in [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "xlocalhost",
        "127.0.0.1x",
        "u@h",
    ] {
        for path in ["/inspect", "/inspect/", "/inspect/assets/x.js", "/inspect/api/me", "/inspect/x"] {
            let answer = Request::new(&format!("GET {path}")).header("Host", host).send(server.addr());
            assert_eq!(answer.error().0, 421, "{host} {path}");
            check_headers(&answer);
        }
    }
    let mut config = Config::local(pair());
    config.public_url = PublicUrl::parse("https://calls.example.org/otc");
    let server = Server::start(config).unwrap();
    assert_eq!(status(server.addr(), "calls.example.org", "/inspect"), 200);
    assert_eq!(status(server.addr(), "Calls.Example.org:8080", "/inspect"), 200);
    assert_eq!(status(server.addr(), "127.0.0.1", "/inspect"), 200);
    assert_eq!(status(server.addr(), "evil.example", "/inspect"), 421);
}

/// Behind a proxy that speaks TLS, the cookie is for TLS and for the proxy's path.
#[test]
fn a_public_url_says_how_the_browser_sees_it() {
    let mut config = Config::local(pair());
    config.public_url = PublicUrl::parse("https://calls.example.org/otc/");
    let server = Server::start(config).unwrap();
    let log_in = |host: &str, origin: &str| {
        let request = Request::new("POST /inspect/api/login").header("Host", host).header("Origin", origin);
        request.body("application/json", credentials(KEY, SECRET)).send(server.addr())
    };
    let answer = log_in("calls.example.org", "https://calls.example.org");
    assert_eq!(answer.status, 200, "{answer:?}");
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("__Secure-otc-inspect="), "{cookie}");
    assert!(
        cookie.ends_with("; Path=/otc/inspect; Max-Age=43200; HttpOnly; SameSite=Strict; Secure"),
        "{cookie}"
    );
    let browser = Browser::of(server.addr(), &answer);
    let me =
        |host: &str| browser.request("GET /inspect/api/me").header("Host", host).send(server.addr()).status;
    assert_eq!(me("calls.example.org"), 200);
    assert_eq!(me("127.0.0.1"), 401, "that is another place for a browser");
    assert_eq!(log_in("calls.example.org", "http://calls.example.org").status, 403);
    // A proxy that keeps the name to itself.
    assert_eq!(log_in("127.0.0.1:8080", "https://calls.example.org").status, 200);
}

#[test]
fn one_project_never_sees_another_one() {
    let server = start();
    let session = session_of(KEY);
    let mut ada = Member::join(server.addr(), &session);
    ada.publish("s1", &json!([]));
    let other = Browser::log_in_as(server.addr(), OTHER, OTHER_SECRET);
    let own = session_of(OTHER);
    for (method, path) in calls(&session) {
        if !path.contains('/') || path.starts_with("nothing") {
            continue;
        }
        // Its own project in the path, and the others' session or archive.
        for path in [path.clone(), path.replace(&format!("project/{KEY}"), &format!("project/{OTHER}"))] {
            let body = if method == "GET" || method == "DELETE" { "" } else { "{}" };
            let answer = other.change(method, &path, body);
            if path.contains(OTHER) && (path.ends_with("/archive") || path.ends_with("/storage")) {
                continue;
            }
            assert!([400, 403, 404].contains(&answer.error().0), "{method} {path}: {answer:?}");
            assert!(!answer.body.contains(&ada.id));
        }
    }
    let start = json!({"sessionId": session}).to_string();
    assert_eq!(other.change("POST", &format!("v2/project/{OTHER}/archive"), &start).error().0, 403);
    let list = format!("v2/project/{OTHER}/archive?sessionId={session}");
    assert_eq!(other.get(&list).error().0, 403);
    for (kind, id) in [("connection", ada.id.as_str()), ("stream", "s1")] {
        // In a session of its own there is none of that id.
        let path = format!("v2/project/{OTHER}/session/{own}/{kind}/{id}");
        let (method, path) =
            if kind == "connection" { ("DELETE", path) } else { ("POST", format!("{path}/mute")) };
        assert_eq!(other.change(method, &path, "").error().0, 404, "{path}");
    }
    let browser = Browser::log_in(server.addr());
    let state = browser.get(&format!("sessions/{session}")).json();
    assert_eq!((state["connectionCount"].as_u64(), state["muted"].as_bool()), (Some(1), Some(false)));
}

#[test]
fn the_page_is_served_to_everybody_and_says_nothing() {
    let server = start();
    let page = Request::new("GET /inspect").header("Sec-Fetch-Site", "cross-site").send(server.addr());
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert_eq!(page.header("cache-control"), "no-cache");
    check_headers(&page);
    let again = Request::new("GET /inspect").header("If-None-Match", page.header("etag")).send(server.addr());
    assert_eq!((again.status, again.body.as_str()), (304, ""));
    check_headers(&again);
    let slash = Request::new("GET /inspect/").send(server.addr());
    assert_eq!((slash.status, slash.header("location")), (308, "../inspect"));
    for path in
        ["assets/", "assets/nothing.js", "assets/..%2finspect.html", "assets/%2e%2e", "x", "assets/a/b"]
    {
        let answer = Request::new(&format!("GET /inspect/{path}")).send(server.addr());
        assert_eq!(answer.error().0, 404, "{path}");
        check_headers(&answer);
    }
    assert_eq!(Request::new("POST /inspect").send(server.addr()).error().0, 405);
}
