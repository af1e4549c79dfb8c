//! An archive goes on with its session, and its clients hear of it once.

use super::process::{KEY, Process, SECRET, Site};
use super::program::{Heard, Program, Wishes};
use super::support::{jwt, unix_seconds};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;

/// A REST call on archives: the body of its answer.
fn call(server: &Process, method: &str, rest: &str, body: &Value) -> String {
    let mut stream = TcpStream::connect(server.address()).expect("it listens");
    let now = unix_seconds();
    let token = jwt(&json!({"iss": KEY, "ist": "project", "iat": now, "exp": now + 60}), SECRET);
    let body = body.to_string();
    let length = body.len();
    let request = format!(
        "{method} /v2/project/{KEY}/archive{rest} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\
         X-OPENTOK-AUTH: {token}\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).expect("written");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    answer.split_once("\r\n\r\n").expect("a body").1.to_owned()
}

#[test]
fn an_archive_goes_on_with_its_session() {
    let mut site = Site::new();
    site.session = otc_server::mint::session(&site.pair.project, false).expect("minted");
    let first = site.start();
    let address = first.address().to_owned();
    let program =
        Program::new(KEY, &site.session, &Wishes { api_url: Some(&first.url), ..Wishes::default() });
    program.connect(&site.token());
    let me = program.wait_for_connected();
    let begun = call(&first, "POST", "", &json!({"sessionId": site.session, "name": "n"}));
    let begun: Value = serde_json::from_str(&begun).expect("JSON");
    let id = begun["id"].as_str().expect("an id").to_owned();
    let name = "n".to_owned();
    assert_eq!(program.next(), Heard::ArchiveStarted { id: id.clone(), name });
    program.signal("before", "x");
    program.wait_for(&Heard::signal("before", "x", Some(&me)));
    first.stop();
    let second = site.start_at(&address);
    program.wait_for(&Heard::Reconnected);
    program.signal("after", "x");
    program.wait_for(&Heard::signal("after", "x", Some(&me)));
    call(&second, "POST", &format!("/{id}/stop"), &json!({}));
    program.wait_for(&Heard::ArchiveStopped { id: id.clone() });
    let file = call(&second, "GET", &format!("/{id}/file"), &json!({}));
    let lines: Vec<Value> =
        file.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect();
    let said = |line: &Value| line.get("type").unwrap_or(&line["kind"]).as_str().expect("a word").to_owned();
    let said: Vec<String> = lines.iter().map(said).collect();
    assert_eq!(said, ["archive", "connection", "before", "restart", "after", "end"]);
    second.stop();
}
