//! Paths and methods: no trick reaches another project's sessions, a file, or a fault of the server.

use crate::member::Member;
use crate::raw::{answers, said, start_patient};
use crate::support::{KEY, Request, SECRET, SOMEBODY, rest_token, session_of};
use otc_server::Server;

/// Every address of the REST calls, with something of its own in each place.
pub(crate) fn addresses(project: &str, session: &str) -> Vec<(&'static str, String)> {
    let base = format!("/v2/project/{project}");
    let within = format!("{base}/session/{session}");
    vec![
        ("POST", format!("{within}/signal")),
        ("POST", format!("{within}/connection/{SOMEBODY}/signal")),
        ("DELETE", format!("{within}/connection/{SOMEBODY}")),
        ("GET", format!("{within}/connection")),
        ("GET", format!("{within}/stream")),
        ("PUT", format!("{within}/stream")),
        ("GET", format!("{within}/stream/{SOMEBODY}")),
        ("POST", format!("{within}/stream/{SOMEBODY}/mute")),
        ("POST", format!("{within}/mute")),
        ("POST", format!("{base}/archive")),
        ("GET", format!("{base}/archive")),
        ("GET", format!("{base}/archive/{SOMEBODY}")),
        ("DELETE", format!("{base}/archive/{SOMEBODY}")),
        ("POST", format!("{base}/archive/{SOMEBODY}/stop")),
        ("PUT", format!("{base}/archive/{SOMEBODY}/layout")),
        ("PATCH", format!("{base}/archive/{SOMEBODY}/streams")),
        ("GET", format!("{base}/archive/{SOMEBODY}/file")),
        ("PUT", format!("{base}/archive/storage")),
        ("DELETE", format!("{base}/archive/storage")),
        ("GET", format!("/archive/{SOMEBODY}.jsonl?expires=9999999999&signature={}", "0".repeat(64))),
        ("POST", format!("{base}/callback")),
        ("GET", format!("{base}/callback")),
        ("DELETE", format!("{base}/callback/{SOMEBODY}")),
    ]
}

fn status(server: &Server, method: &str, path: &str, token: Option<&str>) -> u16 {
    let auth = token.map(|token| format!("X-OPENTOK-AUTH: {token}\r\n")).unwrap_or_default();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\nAccept: application/json\r\n{auth}\
         Content-Length: 2\r\n\r\n{{}}"
    );
    let said = said(server.addr(), head.as_bytes());
    answers(&said).first().unwrap_or_else(|| panic!("{method} {path} has no answer")).status
}

#[test]
fn a_rule_about_a_path_is_not_walked_around_by_something_in_front_of_it() {
    let server = start_patient();
    let session = session_of(KEY);
    let token = rest_token(KEY, SECRET);
    let mut all = addresses(KEY, &session);
    all.push(("POST", "/session/create".to_owned()));
    for (method, path) in all {
        for front in
            ["/x", "/x/session/x/y", "/session/x/y", "/session/x", "/v2", "/rumorwebsocketsv2", "/logging/x"]
        {
            let path = format!("{front}{path}");
            let status = status(&server, method, &path, Some(&token));
            // These two are answered for what is in front: what is asked there is no session, or a report.
            let is_other = front == "/logging/x" || method == "GET" && front.starts_with("/session/");
            assert!([404, 405].contains(&status) || is_other, "{method} {path}: {status}");
        }
    }
}

#[test]
fn nobody_speaks_for_another_project() {
    let server = start_patient();
    let (own, foreign) = (session_of(KEY), session_of("654321"));
    let mut member = Member::join(server.addr(), &own);
    let token = rest_token("654321", "another-secret");
    for (method, path) in addresses(KEY, &own).into_iter().chain(addresses("654321", &own)) {
        for (method, path) in [
            (method, path.clone()),
            (method, path.replace("/v2/project/", "/v2/project/654321/../")),
            (method, format!("/v2/project/654321/session/{foreign}/..%2f..%2f..%2f..{path}")),
            (method, format!("http://h{path}")),
            (method, format!("/any/proxy{path}")),
            (method, path.replace(KEY, "%31%32%33%34%35%36")),
        ] {
            let with = status(&server, method, &path, Some(&token));
            // An address of its own project without a session may well be its own.
            let is_own = path.contains("/project/654321/") && !path.contains("/session/");
            assert!(is_own || matches!(with, 400 | 403 | 404 | 405), "{method} {path}: {with}");
            let without = status(&server, method, &path, None);
            assert!(matches!(without, 400 | 403 | 404 | 405), "{method} {path} without a token: {without}");
        }
    }
    // The member of the other project's session has noticed nothing.
    let own_token = rest_token(KEY, crate::support::SECRET);
    let signal = format!("/v2/project/{KEY}/session/{own}/signal");
    assert_eq!(status(&server, "POST", &signal, Some(&own_token)), 204);
    assert!(matches!(member.told().1, otc_protocol::raptor::Body::Signal { .. }));
}

#[test]
fn tricks_in_any_place_of_a_path_are_answered_with_an_error() {
    let server = start_patient();
    let token = rest_token(KEY, crate::support::SECRET);
    let session = session_of(KEY);
    let tricks = [
        "%2e%2e",
        "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "..%5c..%5cboot.ini",
        "%252e%252e%252f",
        "%c0%ae%c0%ae%c0%af",
        "%e0%80%af",
        "%f0%80%80%af",
        "%ed%a0%80",
        "%ff%fe",
        "%00",
        "a%00b",
        "%0d%0aX-Forged:%20yes",
        "%",
        "%2",
        "%zz",
        "%2f",
        "..",
        ".",
        ";jsessionid=1",
        "a;b=c",
        "$%7bjndi:ldap:%2f%2fh%2fa%7d",
        "%3cscript%3e",
        "'%20or%20'1'='1",
        "{session}",
        "*",
        "~",
        &"a".repeat(60_000),
        &"%61".repeat(15_000),
        &"a/".repeat(25_000),
    ];
    for (method, address) in addresses(KEY, &session) {
        for trick in tricks {
            for place in [session.as_str(), SOMEBODY, KEY, "signal"] {
                if !address.contains(place) {
                    continue;
                }
                let path = address.replace(place, trick);
                let status = status(&server, method, &path, Some(&token));
                let is_read = method == "GET" && status == 200;
                assert!(
                    matches!(status, 400 | 403 | 404 | 405 | 414) || is_read,
                    "{method} {path:.120}: {status}"
                );
            }
        }
    }
    for path in [
        "/../../../etc/passwd",
        "/..%2f..%2f..%2fetc%2fpasswd",
        "//etc/passwd",
        "/.git/config",
        "/session/..%2f..%2fetc",
        "/project/%2e%2e/config.json/..",
        "/%",
        "/",
        "*",
        "http://",
        "http://h",
        "//h",
    ] {
        let said = said(
            server.addr(),
            format!("GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").as_bytes(),
        );
        let said = String::from_utf8(said).expect("text");
        let status = said.get(9..12).unwrap_or_default();
        // The session info says what is wrong in its own way, with 200.
        let is_info = path.starts_with("/session/") && said.contains("\"error\"");
        assert!(matches!(status, "400" | "404" | "405") || is_info, "{path}: {said}");
        assert!(!said.contains("root:") && !said.contains("[core]"), "{said}");
    }
    assert_eq!(Request::new("GET /project/1/config.json").send(server.addr()).status, 200);
}

#[test]
fn methods_that_are_not_meant_change_nothing() {
    let server = start_patient();
    let session = session_of(KEY);
    let mut member = Member::join(server.addr(), &session);
    let token = rest_token(KEY, crate::support::SECRET);
    let base = format!("/v2/project/{KEY}/session/{session}");
    let (signal, connection) = (format!("{base}/signal"), format!("{base}/connection/{}", member.id));
    for method in ["TRACE", "CONNECT", "PROPFIND", "BREW", "get", "Post", "X"] {
        for path in [&signal, &connection, "/session/create", "/project/1/config.json", "/rumorwebsocketsv2"]
        {
            let status = status(&server, method, path, Some(&token));
            assert!(matches!(status, 400 | 404 | 405), "{method} {path}: {status}");
        }
    }
    // What one header says another method is, it is not.
    for header in ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"] {
        let request = Request::new(&format!("POST {connection}")).authorized().header(header, "DELETE");
        assert!(matches!(request.body("application/json", "{}").send(server.addr()).status, 404 | 405));
    }
    // TRACE would send back what a page may not see.
    let request = Request::new("TRACE /session/s").header("X-OPENTOK-AUTH", "a-token");
    let answer = request.send(server.addr());
    assert!(answer.status == 405 && !answer.body.contains("a-token"), "{answer:?}");
    // A CONNECT is not carried out.
    let tunnel =
        said(server.addr(), b"CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    assert!(matches!(answers(&tunnel)[0].status, 400 | 404 | 405));
    assert_eq!(status(&server, "POST", &signal, Some(&token)), 204, "nobody was sent away");
    assert!(matches!(member.told().1, otc_protocol::raptor::Body::Signal { .. }));
}
