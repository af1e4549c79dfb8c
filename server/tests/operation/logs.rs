//! The log as programs read it: one JSON object in each line, with ids and without secrets.

use crate::member::Member;
use crate::process::{KEY, SECRET, Site};
use crate::support::{Request, SOMEBODY, rest_token};
use otc_protocol::raptor::Body;
use serde_json::{Value, json};
use std::net::SocketAddr;

const WHISPERED: &str = "whispered-between-us";

/// A session in which something is said, with REST calls about it, at a server that logs everything.
fn whole_session(site: &Site, arguments: &[&str]) -> Vec<Value> {
    let arguments = [&["--log-format", "json", "--trusted-proxy", "127.0.0.1"], arguments].concat();
    let server = site.spawn_with("127.0.0.1:0", &arguments, "trace").listening().expect("a free port");
    let address: SocketAddr = server.address().parse().expect("an address");
    let info = Request::new(&format!("GET /session/{}?secret=in-a-query", site.session));
    assert_eq!(info.header("X-OPENTOK-AUTH", &site.token()).send(address).status, 200);
    let mut one = Member::join_with(address, &site.session, &site.token()).expect("joined");
    let mut other = Member::join_with(address, &site.session, &site.token()).expect("joined");
    one.say("signal", "/signal/chat", &json!({"type": "chat", "data": WHISPERED}));
    while !matches!(other.told().1, Body::Signal { .. }) {}
    let base = format!("/v2/project/{KEY}/session/{}", site.session);
    let rest = rest_token(KEY, SECRET);
    let call = |line: String, body: &str| {
        let request =
            Request::new(&line).header("X-OPENTOK-AUTH", &rest).header("X-Request-Id", "named-by-the-proxy");
        let request = request.header("X-Forwarded-For", "6.6.6.6, 203.0.113.9");
        request.body("application/json", body).send(address).status
    };
    let signal = json!({"type": "chat", "data": WHISPERED}).to_string();
    assert_eq!(call(format!("POST {base}/signal?secret=in-a-query"), &signal), 204);
    assert_eq!(call(format!("GET {base}/connection"), ""), 200);
    assert_eq!(call(format!("DELETE {base}/connection/{SOMEBODY}"), ""), 404);
    assert_eq!(call(format!("DELETE {base}/connection/{}", other.id), ""), 204);
    // What somebody means harm with, or has at the wrong place.
    Request::new(&format!("GET /session/{}", site.token())).send(address);
    Request::new(&format!("{SECRET} /v2/project/{KEY}")).send(address);
    Request::new("GET /\"},\"level\":\"FORGED\"")
        .header("X-OPENTOK-AUTH", "x\"},\"level\":\"FORGED")
        .send(address);
    one.leave();
    drop(other);
    let log = server.stop();
    for secret in [SECRET, WHISPERED, "in-a-query", "6.6.6.6", &rest, &site.token()] {
        let line = log.lines().find(|line| line.contains(secret));
        assert!(line.is_none(), "{secret} is in the log: {:.400}", line.unwrap_or_default());
    }
    let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    log.lines().map(parse).collect()
}

#[test]
fn every_line_is_an_object_and_every_request_has_one() {
    let site = Site::new();
    let lines = whole_session(&site, &[]);
    for line in &lines {
        for name in ["timestamp", "level", "target", "message"] {
            assert!(line[name].is_string(), "{name} is missing in {line}");
        }
        assert_ne!(line["level"], "FORGED");
    }
    let find = |wanted: &Value| -> &Value {
        let has =
            |line: &&Value| wanted.as_object().expect("one").iter().all(|(name, value)| line[name] == *value);
        lines
            .iter()
            .find(has)
            .unwrap_or_else(|| panic!("{wanted} is missing in {}", Value::from(lines.clone())))
    };
    let on_sessions = "/v2/project/{project}/session/{session}";
    let (session, project) = (site.session.as_str(), KEY);
    let signal = find(&json!({
        "message": "answered", "level": "INFO", "method": "POST", "route": format!("{on_sessions}/signal"),
        "status": 204, "project": project, "session": session,
    }));
    assert!(signal["ms"].as_f64().is_some_and(|ms| (0.0..60_000.0).contains(&ms)), "{signal}");
    assert_eq!(signal["span"], json!({"name": "request", "id": "named-by-the-proxy"}));
    find(
        &json!({"message": "answered", "method": "DELETE", "route": format!("{on_sessions}/connection/{{connection}}"), "status": 404}),
    );
    // Other lines of the same request have its id, too.
    let gone = find(&json!({"message": "disconnected by REST", "session": session}));
    assert_eq!(gone["span"]["id"], "named-by-the-proxy");
    find(
        &json!({"message": "answered", "level": "DEBUG", "route": "/session/{session}", "status": 200, "session": session}),
    );
    // What is not verified is not there.
    let strange = find(&json!({"message": "answered", "method": "another"}));
    assert!(strange.get("project").is_none(), "{strange}");
    // A WebSocket from its opening to its end.
    let open = find(&json!({"message": "socket open", "coming_back": false}));
    let inside =
        find(&json!({"message": "socket in its session", "socket": open["socket"], "session": session}));
    let connection = inside["connection"].as_str().expect("an id");
    find(&json!({"message": "joined", "session": session, "connection": connection}));
    let closed = find(&json!({"message": "socket closed", "socket": open["socket"], "session": session}));
    assert!(closed["id"].is_string() && closed["id"] == open["id"], "{closed}");
}

#[test]
fn people_read_the_same_in_words() {
    let site = Site::new();
    let server = site.spawn("127.0.0.1:0", &["--log-format", "text"]).listening().expect("a free port");
    let address: SocketAddr = server.address().parse().expect("an address");
    let line = format!("GET /v2/project/{KEY}/session/{}/connection", site.session);
    let answer = Request::new(&line).header("X-OPENTOK-AUTH", &rest_token(KEY, SECRET)).send(address);
    assert_eq!(answer.status, 200);
    // A proxy that nobody has told the server of.
    for _ in 0..3 {
        Request::new("GET /healthz").header("X-Forwarded-For", "203.0.113.9").send(address);
    }
    let id = answer.header("x-request-id").to_owned();
    let log = server.stop();
    let line = log.lines().find(|line| line.contains("answered")).unwrap_or_else(|| panic!("{log}"));
    for part in [format!("request{{id={id}}}"), "status=200".to_owned(), format!("session={}", site.session)]
    {
        assert!(line.contains(&part), "{part} is missing in {line}");
    }
    let hints: Vec<_> = log.lines().filter(|line| line.contains("trusted_proxies")).collect();
    assert!(hints.len() == 1 && hints[0].contains("is not believed"), "once, and what to do: {log}");
    assert!(!log.contains("203.0.113.9"), "{log}");
}
