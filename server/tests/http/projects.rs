//! Account calls: projects that REST makes (`rest.md §2.5`).

use crate::member::Member;
use crate::support::{
    Answer, DEADLINE, KEY, Request, SECRET, connect, jwt, pair, rest_token, session_of, unix_seconds,
};
use otc_protocol::raptor::Body;
use otc_server::config::AccountSettings;
use otc_server::mint::{self, TokenRequest};
use otc_server::{Config, KeyPair, Server};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

fn account() -> KeyPair {
    KeyPair::new("100", "the secret of the account").unwrap()
}

fn config(rotation: Duration) -> Config {
    Config { account: AccountSettings { pair: Some(account()), rotation }, ..Config::local(pair()) }
}

fn start() -> Server {
    Server::start(config(Duration::from_secs(3600))).unwrap()
}

fn call(server: &Server, line: &str, body: &str) -> Answer {
    let request = Request::new(line).header("X-OPENTOK-AUTH", &mint::account_token(&account()).unwrap());
    let request = if body.is_empty() { request } else { request.body("application/json", body) };
    request.send(server.addr())
}

fn ok(answer: &Answer) -> Value {
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"), "{answer:?}");
    answer.json()
}

fn text(project: &Value, name: &str) -> String {
    project[name].as_str().unwrap_or_else(|| panic!("{name} of {project}")).to_owned()
}

/// What the REST call of a project's own is answered.
fn own_call(server: &Server, id: &str, secret: &str) -> u16 {
    let request = Request::new("POST /session/create").header("X-OPENTOK-AUTH", &rest_token(id, secret));
    request.header("Accept", "application/json").send(server.addr()).status
}

#[test]
fn a_project_is_made_used_suspended_and_deleted() {
    let server = start();
    let made = ok(&call(&server, "POST /v2/project", r#"{"name":"Räume"}"#));
    let (id, secret) = (text(&made, "id"), text(&made, "secret"));
    assert_eq!((made["name"].as_str(), made["status"].as_str()), (Some("Räume"), Some("ACTIVE")));
    assert_eq!(
        (made["environment"].as_str(), made["applicationId"].as_str()),
        (Some("standard"), Some(&*id))
    );
    let age = unix_seconds().abs_diff(made["createdAt"].as_u64().unwrap() / 1000);
    assert!(age < 60 && id.parse::<i32>().is_ok() && secret.len() == 40, "{made}");
    assert_eq!(own_call(&server, &id, &secret), 200);
    let own = KeyPair::new(&id, &secret).unwrap();
    let session = session_of(&id);
    let token = mint::token(&own, &TokenRequest::new(&session)).unwrap();
    let join = || Member::join_as(server.addr(), &id, &session, &token);
    let mut member = join().unwrap();

    let one = format!("GET /v2/project/{id}");
    assert_eq!(ok(&call(&server, &one, "")), made);
    assert_eq!(ok(&call(&server, &format!("{one}/"), "")), made, "with a slash at its end, too");
    let change = |status: &str| {
        call(&server, &format!("PUT /v2/project/{id}"), &format!("{{\"status\":\"{status}\"}}"))
    };
    let suspended = ok(&change("SUSPENDED"));
    assert_eq!((suspended["status"].as_str(), suspended.get("secret")), (Some("SUSPENDED"), None));
    assert_eq!(own_call(&server, &id, &secret), 403);
    let (status, said) = join().err().unwrap();
    assert!(status == 403 && said.contains("suspended"), "{said}");

    assert_eq!(ok(&change("ACTIVE"))["status"], "ACTIVE");
    let signal = Request::new(&format!("POST /v2/project/{id}/session/{session}/signal"))
        .header("X-OPENTOK-AUTH", &rest_token(&id, &secret))
        .body("application/json", r#"{"data":"still here"}"#);
    assert_eq!(signal.send(server.addr()).status, 204, "who was in has stayed");
    let heard = loop {
        if let Body::Signal { content, .. } = member.told().1 {
            break content.data.map(|data| data.as_string().unwrap());
        }
    };
    assert_eq!(heard.as_deref(), Some("still here"));

    let gone = call(&server, &format!("DELETE /v2/project/{id}"), "");
    assert_eq!((gone.status, gone.body.as_str()), (204, ""));
    assert_eq!(own_call(&server, &id, &secret), 403);
    assert!(join().err().unwrap().1.contains("does not know"));
    for line in [one, format!("DELETE /v2/project/{id}"), format!("POST /v2/project/{id}/refreshSecret")] {
        assert_eq!(call(&server, &line, "").error().0, 404, "{line}");
    }
    assert_eq!(change("ACTIVE").error().0, 404);
}

#[test]
fn projects_are_listed_without_secrets() {
    let server = start();
    for body in ["", "{}", r#"{"name":null}"#, r#"{"name":""}"#] {
        assert_eq!(ok(&call(&server, "POST /v2/project", body))["name"], "", "{body}");
    }
    let all = call(&server, "GET /v2/project", "");
    let list = ok(&all);
    let list = list.as_array().unwrap();
    assert_eq!(list.len(), 5, "{all:?}");
    assert!(list.iter().any(|project| project["id"] == KEY), "those of the configuration, too");
    assert!(!all.body.contains("secret"), "{all:?}");
}

#[test]
fn a_new_secret_leaves_the_old_one_its_time() {
    for (rotation, old) in [(3600, 200), (0, 403)] {
        let server = Server::start(config(Duration::from_secs(rotation))).unwrap();
        let made = ok(&call(&server, "POST /v2/project", ""));
        let (id, first) = (text(&made, "id"), text(&made, "secret"));
        let refresh = format!("POST /v2/project/{id}/refreshSecret");
        let second = text(&ok(&call(&server, &refresh, "")), "secret");
        assert_ne!(first, second);
        assert_eq!((own_call(&server, &id, &second), own_call(&server, &id, &first)), (200, old));
        let third = text(&ok(&call(&server, &refresh, "{}")), "secret");
        let answers = [&third, &second, &first].map(|secret| own_call(&server, &id, secret));
        assert_eq!(answers, [200, old, 403], "two at a time");
        assert_eq!(text(&ok(&call(&server, &format!("GET /v2/project/{id}"), "")), "secret"), third);
    }
}

#[test]
fn projects_of_the_configuration_are_changed_there() {
    let server = start();
    let path = format!("/v2/project/{KEY}");
    let read = ok(&call(&server, &format!("GET {path}"), ""));
    assert_eq!((read["id"].as_str(), read.get("secret")), (Some(KEY), None));
    for (line, body) in [
        (format!("PUT {path}"), r#"{"status":"SUSPENDED"}"#),
        (format!("DELETE {path}"), ""),
        (format!("POST {path}/refreshSecret"), ""),
    ] {
        let (status, said) = call(&server, &line, body).error();
        assert!(status == 409 && said.contains("configuration"), "{line}: {said}");
    }
    assert_eq!(own_call(&server, KEY, SECRET), 200);
}

#[test]
fn bad_account_calls_are_refused() {
    let server = start();
    let long = format!("{{\"name\":\"{}\"}}", "x".repeat(129));
    for (line, body, status) in [
        ("POST /v2/project", r#"{"name":7}"#, 400),
        ("POST /v2/project", "[]", 400),
        ("POST /v2/project", "name=x", 400),
        ("POST /v2/project", &*long, 400),
        ("POST /v2/project", r#"{"name":"a\nb"}"#, 400),
        ("POST /v2/project", &"x".repeat(100_000), 413),
        ("PUT /v2/project/123456", "", 400),
        ("PUT /v2/project/123456", r#"{"status":"DELETED"}"#, 400),
        ("PUT /v2/project/nobody", r#"{"status":"ACTIVE"}"#, 404),
        ("GET /v2/project/%2e%2e%2f", "", 404),
        ("GET /v2/project/%ff", "", 400),
        ("PATCH /v2/project/123456", "", 405),
    ] {
        assert_eq!(call(&server, line, body).error().0, status, "{line} {body:.60}");
    }
    let now = unix_seconds();
    let claims = |kind: &str| json!({"iss": "100", "ist": kind, "iat": now, "exp": now + 300});
    let secret = "the secret of the account";
    for (token, expected) in [
        (rest_token(KEY, SECRET), "Issuer not found"),
        (jwt(&claims("project"), secret), "account"),
        (jwt(&claims("account"), "a guess"), "signature"),
    ] {
        for line in
            ["POST /v2/project", "GET /v2/project", "GET /v2/project/123456", "DELETE /v2/project/123456"]
        {
            let (status, said) =
                Request::new(line).header("X-OPENTOK-AUTH", &token).send(server.addr()).error();
            assert!(status == 403 && said.contains(expected), "{line}: {said}");
        }
    }
    assert_eq!(own_call(&server, "100", secret), 403, "the account is no project");
    let off = Server::start(Config::local(pair())).unwrap();
    let (status, said) = call(&off, "POST /v2/project", "").error();
    assert!(status == 403 && said.contains("--account-key"), "{said}");
}

/// A directory that goes away with the value.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        let name: [u8; 8] = otc_server::keys::random().unwrap();
        Self(std::env::temp_dir().join(format!("otc-projects-{:x}", u64::from_be_bytes(name))))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn projects_outlive_the_server() {
    let directory = Directory::new();
    let config = || Config { data: Some(directory.0.clone()), ..config(Duration::from_secs(3600)) };
    let server = Server::start(config()).unwrap();
    let kept = ok(&call(&server, "POST /v2/project", r#"{"name":"kept"}"#));
    let (id, first) = (text(&kept, "id"), text(&kept, "secret"));
    let second = text(&ok(&call(&server, &format!("POST /v2/project/{id}/refreshSecret"), "")), "secret");
    let gone = text(&ok(&call(&server, "POST /v2/project", "")), "id");
    assert_eq!(call(&server, &format!("DELETE /v2/project/{gone}"), "").status, 204);
    let session = session_of(&id);
    let own = KeyPair::new(&id, &second).unwrap();
    let token = mint::token(&own, &TokenRequest::new(&session)).unwrap();
    let _member = Member::join_as(server.addr(), &id, &session, &token).unwrap();
    server.hand_over().unwrap();

    let server = Server::start(config()).unwrap();
    let again = ok(&call(&server, &format!("GET /v2/project/{id}"), ""));
    assert_eq!((text(&again, "name"), text(&again, "secret")), ("kept".into(), second.clone()));
    assert_eq!(again["createdAt"], kept["createdAt"]);
    assert_eq!((own_call(&server, &id, &first), own_call(&server, &id, &second)), (200, 200));
    assert_eq!(call(&server, &format!("GET /v2/project/{gone}"), "").error().0, 404);
    let signal = Request::new(&format!("POST /v2/project/{id}/session/{session}/signal"))
        .header("X-OPENTOK-AUTH", &rest_token(&id, &second))
        .send(server.addr());
    assert_eq!(signal.status, 204, "its session was carried on: {signal:?}");
}

/// Waits for what nobody tells of.
fn until(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < DEADLINE, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A REST call of which all is sent but the last byte.
fn all_but_its_end(server: &Server, line: &str, token: &str, body: &str) -> TcpStream {
    let mut stream = connect(server.addr());
    let head = format!(
        "{line} HTTP/1.1\r\nHost: x\r\nX-OPENTOK-AUTH: {token}\r\nContent-Length: {}\r\nConnection: close\r\n\
         Expect: 100-continue\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    // The server asks for the body once it has looked at the token.
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).unwrap();
    assert!(go_on.starts_with(b"HTTP/1.1 100 Continue"), "{:?}", String::from_utf8_lossy(&go_on));
    stream.write_all(&body.as_bytes()[..body.len() - 1]).unwrap();
    stream
}

fn the_end_of(mut stream: TcpStream, body: &str) -> Answer {
    stream.write_all(&body.as_bytes()[body.len() - 1..]).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    Answer::read(&answer)
}

#[test]
fn a_call_that_was_begun_before_its_project_went_does_nothing() {
    const CALLBACK: &str = r#"{"group":"stream","event":"created","url":"http://127.0.0.1:9/"}"#;
    const SIGNAL: &str = r#"{"data":"too late"}"#;
    const FORM: &str = "p2p.preference=disabled";
    let server = start();
    for goes in ["DELETE", "PUT"] {
        let made = ok(&call(&server, "POST /v2/project", ""));
        let (id, secret) = (text(&made, "id"), text(&made, "secret"));
        let token = rest_token(&id, &secret);
        let signal = format!("POST /v2/project/{id}/session/{}/signal", session_of(&id));
        let callback = format!("POST /v2/project/{id}/callback");
        let create = "POST /session/create".to_owned();
        let calls = [(callback, CALLBACK), (signal, SIGNAL), (create, FORM)]
            .map(|(line, body)| (all_but_its_end(&server, &line, &token, body), body));
        let project = format!("{goes} /v2/project/{id}");
        let body = if goes == "PUT" { r#"{"status":"SUSPENDED"}"# } else { "" };
        assert!(call(&server, &project, body).status < 300);
        for (stream, body) in calls {
            let answer = the_end_of(stream, body);
            assert_eq!(answer.status, 403, "{goes}, {body}: {answer:?}");
        }
    }
}

/// The server of that directory, which knows the usual project too, or another instead.
fn start_in(directory: &Directory, configured: KeyPair) -> Server {
    let account = config(Duration::from_secs(3600)).account;
    let mut config = Config { data: Some(directory.0.clone()), account, ..Config::local(configured) };
    config.rooms.resume_grace = Duration::from_millis(100);
    Server::start(config).unwrap()
}

fn callbacks(server: &Server, id: &str, secret: &str) -> Vec<Value> {
    let request = Request::new(&format!("GET /v2/project/{id}/callback"));
    let answer = request.header("X-OPENTOK-AUTH", &rest_token(id, secret)).send(server.addr());
    ok(&answer).as_array().unwrap().clone()
}

fn register(server: &Server, id: &str, secret: &str) {
    let body = r#"{"group":"stream","event":"created","url":"http://127.0.0.1:9/"}"#;
    let request = Request::new(&format!("POST /v2/project/{id}/callback"));
    let request = request.header("X-OPENTOK-AUTH", &rest_token(id, secret));
    ok(&request.body("application/json", body).send(server.addr()));
}

#[test]
fn webhooks_and_archives_go_with_their_project() {
    let directory = Directory::new();
    let server = start_in(&directory, pair());
    let made = ok(&call(&server, "POST /v2/project", ""));
    let (id, secret) = (text(&made, "id"), text(&made, "secret"));
    register(&server, &id, &secret);
    let own_archive = |method: &str, rest: &str, body: &str| {
        let request = Request::new(&format!("{method} /v2/project/{id}/archive{rest}"));
        let request = request.header("X-OPENTOK-AUTH", &rest_token(&id, &secret));
        ok(&request.body("application/json", body).send(server.addr()))
    };
    let own = KeyPair::new(&id, &secret).unwrap();
    let session = mint::session(&own.project, false).unwrap();
    let token = mint::token(&own, &TokenRequest::new(&session)).unwrap();
    let member = Member::join_as(server.addr(), &id, &session, &token).unwrap();
    let begin = || text(&own_archive("POST", "", &json!({"sessionId": session}).to_string()), "id");
    let ended = begin();
    own_archive("POST", &format!("/{ended}/stop"), "");
    let url = text(&own_archive("GET", &format!("/{ended}"), ""), "url");
    let path = url.strip_prefix(&server.url()).unwrap().to_owned();
    let load = || Request::new(&format!("GET {path}")).send(server.addr()).status;
    assert_eq!(load(), 200);
    begin(); // It still runs when the project goes.
    let files = || std::fs::read_dir(directory.0.join("archives")).unwrap().count();
    assert_eq!(files(), 2);

    assert_eq!(call(&server, &format!("DELETE /v2/project/{id}"), "").status, 204);
    assert_eq!((load(), files()), (404, 1));
    drop(member);
    until("the file of the archive that ran is gone, too", || files() == 0);
    drop(server);

    // Nothing is left for who has the same key one day.
    let server = start_in(&directory, KeyPair::new(&id, "another").unwrap());
    assert_eq!(callbacks(&server, &id, "another"), Vec::<Value>::new());
}

#[test]
fn webhooks_of_a_project_that_the_configuration_has_no_more_are_dropped() {
    let directory = Directory::new();
    let server = start_in(&directory, pair());
    register(&server, KEY, SECRET);
    drop(server);
    let server = start_in(&directory, pair());
    assert_eq!(callbacks(&server, KEY, SECRET).len(), 1);
    drop(server);
    drop(start_in(&directory, KeyPair::new("654321", "another").unwrap()));
    let server = start_in(&directory, pair());
    assert_eq!(callbacks(&server, KEY, SECRET), Vec::<Value>::new());
}
