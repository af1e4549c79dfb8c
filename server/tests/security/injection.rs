//! Line ends and markup in names and data: they stay what they are, in logs, in headers, in XML and in addresses.

use crate::member::Member;
use crate::process::Site;
use crate::raw::said;
use crate::support::{KEY, Request, pair, session_of, start, token_for};
use otc_server::mint::{self, TokenRequest};
use otc_server::{Config, Server};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;

/// What would be a line, a colour, or a header of its own.
const FORGED: &str = "a\r\nFORGED: line\r\n\r\n\u{1b}[31mred\u{0}\u{2028}b";

/// The path of every route, with `{names}` of what can stand in it.
fn routes() -> Vec<String> {
    let source = include_str!("../../src/http/mod.rs");
    let mut parts = source.split("\npub(crate) fn on_");
    let all = parts.next().expect("the router");
    let of = |part: &str, before: &str| -> Vec<String> {
        let paths = part.split(".route(").skip(1).filter_map(|route| route.trim_start().strip_prefix('"'));
        paths.map(|path| format!("{before}{}", path.split('"').next().expect("a path"))).collect()
    };
    let mut routes = of(all, "");
    for part in parts {
        let (name, _) = part.split_once("()").expect("a function");
        let (before, _) = all.split_once(&format!("\", on_{name}()")).expect("its nest");
        routes.extend(of(part, before.rsplit('"').next().expect("its path")));
    }
    assert!(routes.len() > 25, "{routes:?}");
    for known in ["/v2/project/{project}/callback/{id}", "/v2/project/{project}/archive/{archive}/stop"] {
        assert!(routes.iter().any(|route| route == known), "{known} is not among {routes:?}");
    }
    routes
}

/// That path, with `text` wherever `known` says nothing else.
fn filled(route: &str, text: &str, known: &[(&str, &str)]) -> String {
    let fill = |segment: &str| match segment.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
        Some(name) => known.iter().find(|(its, _)| *its == name).map_or(text, |(_, value)| *value).to_owned(),
        None => segment.to_owned(),
    };
    route.split('/').map(fill).collect::<Vec<_>>().join("/")
}

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect::<Vec<_>>().concat()
}

/// A body of any call, as bad as can be.
fn forged_body() -> serde_json::Value {
    let names =
        ["name", "type", "data", "group", "event", "url", "secret", "status", "sessionId", "addStream"];
    let mut body: serde_json::Map<_, _> =
        names.into_iter().map(|name| (name.to_owned(), FORGED.into())).collect();
    body.insert("excludedStreamIds".into(), serde_json::json!([FORGED]));
    body.insert("items".into(), serde_json::json!([{"id": FORGED, "layoutClassList": [FORGED]}]));
    body.into()
}

#[test]
fn nobody_writes_lines_of_his_own_into_the_log() {
    let site = Site::new();
    let account = site.file("account", "[account]\nkey = \"999999\"\nsecret = \"an-account-secret\"\n");
    std::fs::set_permissions(&account, std::fs::Permissions::from_mode(0o600)).expect("its owner's");
    let arguments = ["--config", &account];
    let server = site.spawn_with("127.0.0.1:0", &arguments, "trace").listening().expect("a free port");
    let address: SocketAddr = server.address().parse().expect("an address");
    let forged = encoded(FORGED);
    let token = crate::support::rest_token(crate::process::KEY, crate::process::SECRET);
    for line in [
        format!("GET /session/{forged}"),
        format!("GET /session/1_{forged}"),
        format!("GET /session/{}?x={forged}", site.session),
        format!("GET /project/{forged}/config.json"),
        format!("POST /v2/project/{forged}/session/{forged}/signal"),
        format!("DELETE /v2/project/{KEY}/session/{}/connection/{forged}", site.session),
        format!("POST /v2/project/{KEY}/session/{forged}/connection/{forged}/signal"),
        format!("GET /rumorwebsocketsv2?socketId={forged}&attempt={forged}"),
        format!("GET /{forged}"),
    ] {
        for header in ["X-OPENTOK-AUTH", "User-Agent", "Origin", "X-Forwarded-Host", "X-Forwarded-For"] {
            // A header cannot hold a line's end; what comes nearest to it.
            let request = Request::new(&line).header(header, "x\t\u{85}\u{2028}FORGED: line");
            request.header("X-TB-TOKEN-AUTH", &token).send(address);
        }
    }
    let known = [("project", KEY), ("session", site.session.as_str())];
    let calls = [
        (&token, &known[..1]),
        (&token, &known[..]),
        (&crate::support::rest_token("999999", "an-account-secret"), &[]),
    ];
    for (token, known) in calls {
        let own = |route: &String| known.iter().all(|(name, _)| route.contains(&format!("{{{name}}}")));
        for route in routes().iter().filter(|route| own(route)) {
            for method in METHODS {
                let path = filled(route, &forged, known);
                let request = Request::new(&format!("{method} {path}?offset={forged}&sessionId={forged}"));
                let request =
                    request.header("X-OPENTOK-AUTH", token).header("User-Agent", "x\t\u{85}\u{2028}FORGED");
                let answer = request.body("application/json", forged_body().to_string()).send(address);
                assert_ne!(answer.status, 429, "{method} {route}: {answer:?}");
                // The credentials are good; what they are shown with is not.
                let is_own = route.contains("/callback")
                    || route.starts_with("/v2/project/{project}/session") && known.len() > 1;
                assert!(
                    !(is_own && answer.status == 403) || known.is_empty(),
                    "{method} {route}: {answer:?}"
                );
            }
        }
    }
    let data =
        mint::token(&site.pair, &TokenRequest { data: FORGED.into(), ..TokenRequest::new(&site.session) });
    let mut member = Member::join_with(address, &site.session, &data.expect("minted")).expect("joined");
    let stream = serde_json::json!({"name": FORGED, "channel": []});
    member.say("create", &format!("/stream/{FORGED}"), &stream);
    member.say("signal", &format!("/signal/{FORGED}"), &serde_json::json!({"type": FORGED, "data": FORGED}));
    member.say(FORGED, FORGED, &stream);
    let report = serde_json::json!({
        "action": "ReportIssue", "issueId": crate::support::SOMEBODY, "sessionId": FORGED, "connectionId": FORGED,
        "partnerId": FORGED, "clientVersion": FORGED, "description": FORGED,
    });
    let event = Request::new("POST /logging/ClientEvent").body("application/json", report.to_string());
    assert_eq!(event.send(address).status, 200);
    drop(member);
    let log = server.stop();
    assert!(log.contains("issue reported"), "{log}");
    for line in log.lines() {
        assert!(!line.trim_start().starts_with("FORGED"), "{line}");
        assert!(!line.contains(['\u{1b}', '\0', '\u{2028}', '\u{85}']), "{}", line.escape_debug());
    }
}

#[test]
fn nobody_writes_headers_or_markup_of_his_own_into_an_answer() {
    let server = start();
    let session = session_of(KEY);
    let forged = encoded("x\r\nX-Forged: yes\r\n\r\n<script>alert(1)</script>");
    let mut lines = vec![
        format!("OPTIONS /session/{forged}"),
        format!("GET /{forged}"),
        format!("GET /rumorwebsocketsv2?socketId={forged}"),
    ];
    for known in [&[("project", KEY)][..], &[("project", KEY), ("session", &session)]] {
        for route in routes() {
            let path = filled(&route, &forged, known);
            lines.extend(METHODS.map(|method| format!("{method} {path}?offset={forged}&sessionId={forged}")));
        }
    }
    lines.sort();
    lines.dedup();
    for line in lines {
        let head = format!(
            "{line} HTTP/1.1\r\nHost: h\r\nConnection: close\r\nX-OPENTOK-AUTH: {}\r\n\
             Access-Control-Request-Headers: x%0d%0aX-Forged: yes\r\n\r\n",
            crate::support::rest_token(KEY, crate::support::SECRET)
        );
        let said = said(server.addr(), head.as_bytes());
        let said = String::from_utf8(said).expect("text").to_ascii_lowercase();
        let (head, _) = said.split_once("\r\n\r\n").expect("an answer");
        assert!(!head.lines().any(|line| line.starts_with("x-forged")), "{said}");
        // No browser may take it for a page.
        let is_plain = head.contains("content-type: text/plain") || head.starts_with("http/1.1 204");
        let is_data = (head.contains("application/json") || head.contains("text/xml"))
            && head.contains("x-content-type-options: nosniff");
        assert!(is_plain || is_data, "{said}");
    }
    // XML, for the SDKs that read it.
    let request = Request::new("POST /session/create").authorized();
    let answer = request
        .body("application/x-www-form-urlencoded", "archiveMode=%3C/invalid%3E%26%22")
        .send(server.addr());
    assert_eq!((answer.status, answer.header("content-type")), (400, "text/xml"));
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert!(!answer.body.contains("</invalid>&"), "{}", answer.body);
}

/// A receiver's address is in the head of every delivery to it.
#[test]
fn no_receiver_writes_headers_of_his_own_into_deliveries() {
    let server = start();
    for url in [
        "http://192.0.2.1/\r\nX-Forged: yes",
        "http://192.0.2.1/ HTTP/1.1\r\nX-Forged: yes\r\n\r\n",
        "http://192.0.2.1\r\nX-Forged: yes/",
        "http://192.0.2.1/a b",
        "http://192.0.2.1/\0",
        "\nhttp://192.0.2.1/",
    ] {
        let wish = serde_json::json!({"group": "connection", "event": "created", "url": url});
        let request = Request::new(&format!("POST /v2/project/{KEY}/callback")).authorized();
        let (status, message) =
            request.body("application/json", wish.to_string()).send(server.addr()).error();
        assert_eq!(status, 400, "{url:?}: {message}");
    }
}

/// Who asks decides where he himself is sent, and cannot put more than a host into that address.
#[test]
fn an_address_is_a_host_and_a_port() {
    let server = Server::start(Config::behind_proxies(pair())).expect("a server");
    let session = session_of(KEY);
    let token = token_for(&session);
    for host in [
        "evil@h",
        "h/path",
        "h?query",
        "h#fragment",
        "h\\evil",
        "h\"quote",
        "h<b>",
        "h evil",
        "h:port",
        "[::1",
        "%0d%0a",
    ] {
        for header in ["Host", "X-Forwarded-Host"] {
            let request = Request::new(&format!("GET /session/{session}")).header("X-OPENTOK-AUTH", &token);
            let answer = request.header(header, host).send(server.addr());
            if answer.status == 400 {
                continue;
            }
            let info = answer.json()[0].clone();
            let url = info["messaging_url"].as_str().unwrap_or_default();
            assert!(info["error"]["code"] == 400 || url.is_empty(), "{header}: {host} leads to {url}");
        }
    }
}
