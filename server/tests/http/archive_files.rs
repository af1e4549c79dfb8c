//! The files of archives: what is in them, and who may load them.

use crate::archives::{begin, call, get, routed, stop};
use crate::member::Member;
use crate::support::{KEY, Request, start};
use otc_protocol::limits::ARCHIVE_URL_LIFE;
use otc_server::Server;
use serde_json::{Value, json};

fn signal(server: &Server, session: &str, to: &str, body: &Value) {
    let path = format!("POST /v2/project/{KEY}/session/{session}{to}/signal");
    let request = Request::new(&path).authorized().body("application/json", body.to_string());
    assert_eq!(request.send(server.addr()).status, 204);
}

fn lines(text: &str) -> Vec<Value> {
    assert!(text.ends_with('\n'), "a file ends on a line");
    text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
}

#[test]
fn the_file_tells_what_happened() {
    let server = start();
    let session = routed();
    let mut ada = Member::join(server.addr(), &session);
    ada.publish("st1", &json!([{"id": "video1", "type": "video", "active": true, "source": "screen"}]));
    let id = begin(&server, &session);
    let bob = Member::join(server.addr(), &session);
    signal(&server, &session, "", &json!({"type": "chat", "data": "to all"}));
    signal(&server, &session, &format!("/connection/{}", bob.id), &json!({"data": "line\nand another"}));
    let mute = format!("POST /v2/project/{KEY}/session/{session}/stream/st1/mute");
    assert_eq!(Request::new(&mute).authorized().send(server.addr()).status, 200);
    let leave = format!("DELETE /v2/project/{KEY}/session/{session}/connection/{}", bob.id);
    assert_eq!(Request::new(&leave).authorized().send(server.addr()).status, 204);
    stop(&server, &id);

    let answer = call(&server, "GET", &format!("/{id}/file"), "");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body.len() as u64, get(&server, &id)["size"].as_u64().unwrap());
    let lines = lines(&answer.body);
    let kinds: Vec<&str> = lines.iter().map(|line| line["kind"].as_str().unwrap()).collect();
    let expected = [
        "archive",
        "connection",
        "stream",
        "connectionCreated",
        "signal",
        "signal",
        "muted",
        "connectionDestroyed",
        "end",
    ];
    assert_eq!(kinds, expected);
    assert!(lines[0]["media"].as_str().unwrap().starts_with("not recorded"), "{}", lines[0]);
    assert_eq!((&lines[0]["id"], &lines[0]["sessionId"]), (&json!(id), &json!(session)));
    assert_eq!(lines[1]["connection"]["id"], json!(ada.id));
    let stream = &lines[2]["stream"];
    assert_eq!((&stream["id"], &stream["videoType"]), (&json!("st1"), &json!("screen")));
    assert_eq!(stream["connectionId"], json!(ada.id));
    assert_eq!(
        (&lines[4]["type"], &lines[4]["data"], lines[4].get("from")),
        (&json!("chat"), &json!("to all"), None)
    );
    assert_eq!((&lines[5]["to"], &lines[5]["data"]), (&json!(bob.id), &json!("line\nand another")));
    assert_eq!((&lines[6]["stream"], &lines[6]["active"]), (&json!("st1"), &json!(true)));
    assert_eq!(lines[7]["reason"], "forceDisconnected");
    assert_eq!(lines[8]["reason"], "user initiated");
    let at: Vec<u64> = lines.iter().map(|line| line["at"].as_u64().unwrap()).collect();
    assert!(at.is_sorted(), "{at:?}");
}

/// A server with an archive that has ended; its id and the path of its URL.
fn with_archive() -> (Server, String, String) {
    let server = start();
    let session = routed();
    let _ada = Member::join(server.addr(), &session);
    let id = begin(&server, &session);
    stop(&server, &id);
    let url = get(&server, &id)["url"].as_str().unwrap().to_owned();
    let path = url.strip_prefix(&server.url()).expect("where it was asked for").to_owned();
    (server, id, path)
}

fn load(server: &Server, path: &str) -> crate::support::Answer {
    Request::new(&format!("GET {path}")).send(server.addr())
}

#[test]
fn whoever_has_the_url_may_load_the_file_and_no_page_may_read_it() {
    let (server, id, path) = with_archive();
    let answer =
        Request::new(&format!("GET {path}")).header("Origin", "https://example.org").send(server.addr());
    assert_eq!(answer.status, 200);
    for (name, value) in [
        ("content-type", "application/jsonl".to_owned()),
        ("content-disposition", format!("attachment; filename=\"{id}.jsonl\"")),
        ("content-length", answer.body.len().to_string()),
        ("x-content-type-options", "nosniff".to_owned()),
        ("cache-control", "private, no-store".to_owned()),
        ("access-control-allow-origin", String::new()),
    ] {
        assert_eq!(answer.header(name), value, "{name}");
    }
    assert_eq!(lines(&answer.body).last().unwrap()["kind"], "end");
    let head = Request::new(&format!("HEAD {path}")).send(server.addr());
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    assert_eq!(head.header("content-length"), answer.body.len().to_string());
    let elsewhere = load(&server, &format!("/otc/proxy{path}"));
    assert_eq!(elsewhere.status, 404, "a proxy with a path of its own takes it off");
}

#[test]
fn urls_are_not_made_up_by_others() {
    let (server, id, path) = with_archive();
    let (file, query) = path.split_once('?').unwrap();
    let expires: u64 = query.strip_prefix("expires=").unwrap().split('&').next().unwrap().parse().unwrap();
    let now = crate::support::unix_seconds();
    assert!(expires <= now + ARCHIVE_URL_LIFE.as_secs() && expires > now, "{expires}");
    let flipped = if path.ends_with('0') { "1" } else { "0" };
    for wrong in [
        file.to_owned(),
        format!("{file}?expires={expires}"),
        format!("{file}?expires={expires}&signature="),
        format!("{file}?expires={expires}&signature={}", "0".repeat(64)),
        path.replace(&expires.to_string(), &(expires + 1).to_string()),
        format!("{}{flipped}", &path[..path.len() - 1]),
        format!("{path}00"),
    ] {
        let (status, message) = load(&server, &wrong).error();
        assert!(status == 403 && message.contains("ask for the archive"), "{wrong}: {status} {message}");
        assert!(!message.contains(&id), "{message}");
    }
}

/// Nothing but the files of archives is reached, however the path is written.
#[test]
fn paths_lead_nowhere_else() {
    let (server, id, path) = with_archive();
    let query = path.split_once('?').unwrap().1;
    for name in [
        "..",
        "../otc-server.redb",
        "..%2fotc-server.redb",
        "..%2F..%2Fetc%2Fpasswd",
        "%2e%2e%2fotc-server.redb.jsonl",
        "..%5c..%5cwindows.jsonl",
        "%2Fetc%2Fpasswd.jsonl",
        "/etc/passwd",
        "%00.jsonl",
        &format!("{id}.jsonl%00"),
        &format!("{id}%00.jsonl"),
        &format!("..%2farchives%2f{id}.jsonl"),
        &format!("{}.jsonl", id.to_uppercase()),
        &format!("{id}.jsonl.jsonl"),
        &id,
        "%ff.jsonl",
        "%252e%252e%252f.jsonl",
        &"a".repeat(5000),
    ] {
        let answer = load(&server, &format!("/archive/{name}?{query}"));
        assert!((400..500).contains(&answer.status), "{name}: {answer:?}");
        assert!(!answer.body.contains("root:") && !answer.body.contains("\"kind\""), "{name}: {answer:?}");
        if name == id {
            continue; // There is nothing wrong with it in a REST call.
        }
        for (method, rest) in [("GET", ""), ("GET", "/file"), ("DELETE", ""), ("POST", "/stop")] {
            let answer = call(&server, method, &format!("/{name}{rest}"), "");
            assert!((400..500).contains(&answer.status), "{method} {name}{rest}: {answer:?}");
        }
    }
    assert_eq!(get(&server, &id)["status"], "available", "it is still there");
}
