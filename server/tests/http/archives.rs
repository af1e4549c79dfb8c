//! Archives by REST, as the server SDKs ask for them (`rest.md §2.4`, `docs/server/archives.md`).

use crate::member::Member;
use crate::support::{Answer, DEADLINE, KEY, Request, pair, rest_token, session_of, start};
use otc_protocol::raptor::Body;
use otc_protocol::session_id::ProjectId;
use otc_protocol::uuid;
use otc_server::{Config, Server, mint};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Not an archive of anybody.
const UNKNOWN: &str = "c053fcc8-c681-41d5-8ec2-7a9e1434a21e";

pub(crate) fn routed() -> String {
    mint::session(&ProjectId::new(KEY).unwrap(), false).unwrap()
}

pub(crate) fn call(server: &Server, method: &str, rest: &str, body: &str) -> Answer {
    let request = Request::new(&format!("{method} /v2/project/{KEY}/archive{rest}")).authorized();
    request.body("application/json", body).send(server.addr())
}

/// The archive of an answer.
fn archive(answer: &Answer) -> Value {
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"), "{answer:?}");
    let archive = answer.json();
    assert!(archive["createdAt"].as_u64().unwrap() > 1_700_000_000_000, "{archive}");
    assert_eq!((&archive["event"], &archive["mediaRecorded"]), (&json!("archive"), &json!(false)));
    archive
}

pub(crate) fn begin(server: &Server, session: &str) -> String {
    let archive = archive(&call(server, "POST", "", &json!({"sessionId": session}).to_string()));
    assert_eq!(archive["status"], "started");
    archive["id"].as_str().unwrap().to_owned()
}

pub(crate) fn stop(server: &Server, id: &str) -> Value {
    archive(&call(server, "POST", &format!("/{id}/stop"), ""))
}

pub(crate) fn get(server: &Server, id: &str) -> Value {
    archive(&call(server, "GET", &format!("/{id}"), ""))
}

/// The archive once it has that status. One that has begun by itself is there a moment after clients hear of it.
pub(crate) fn becomes(server: &Server, id: &str, status: &str) -> Value {
    let start = Instant::now();
    loop {
        let answer = call(server, "GET", &format!("/{id}"), "");
        if answer.status == 200 && answer.json()["status"] == status {
            return archive(&answer);
        }
        assert!(start.elapsed() < DEADLINE, "{answer:?} is not {status}");
        // Nobody tells of it, and calls have a rate.
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// What a member is told of archives next: the id and whether it runs.
fn told_of_archive(member: &mut Member) -> (String, bool) {
    loop {
        match member.told().1 {
            Body::ArchiveCreated(archive) => return (archive.id, true),
            Body::ArchiveUpdated { id, change } => return (id, change.status == "started"),
            _ => {}
        }
    }
}

#[test]
fn an_archive_begins_ends_and_is_there() {
    let server = start();
    let session = routed();
    let mut ada = Member::join(server.addr(), &session);
    let body = json!({"sessionId": session, "name": "Monday", "hasVideo": "true", "resolution": null});
    let begun = archive(&call(&server, "POST", "/", &body.to_string()));
    let id = begun["id"].as_str().unwrap().to_owned();
    assert!(uuid::parse(&id).is_some(), "{id}");
    let shown = ["status", "name", "reason", "sessionId", "projectId", "url", "outputMode", "streamMode"];
    let shown: Vec<&Value> = shown.iter().map(|name| &begun[*name]).collect();
    let expected =
        json!(["started", "Monday", "", session, KEY, null, "composed", "auto"]).as_array().unwrap().clone();
    assert_eq!(shown, expected.iter().collect::<Vec<_>>());
    assert_eq!((&begun["partnerId"], &begun["size"]), (&json!(123_456), &json!(0)));
    assert_eq!(told_of_archive(&mut ada), (id.clone(), true));
    let bob = Member::join(server.addr(), &session);
    assert_eq!(bob.state["archive"], json!([{"id": id, "name": "Monday", "status": "started"}]));
    assert_eq!(get(&server, &id)["status"], "started");

    let stopped = stop(&server, &id);
    assert_eq!((&stopped["status"], &stopped["url"]), (&json!("stopped"), &Value::Null));
    assert_eq!(stopped["reason"], "user initiated");
    assert_eq!(told_of_archive(&mut ada), (id.clone(), false));
    // It is complete when the answer comes.
    let available = get(&server, &id);
    assert_eq!(available["status"], "available");
    assert!(available["size"].as_u64().unwrap() > 100, "{available}");
    assert!(available["url"].as_str().unwrap().starts_with(&server.url()), "{available}");
    let again = call(&server, "POST", &format!("/{id}/stop"), "");
    assert_eq!(again.error(), (409, "The archive is not running".to_owned()));
}

#[test]
fn who_asks_for_what_cannot_be_is_told_why() {
    let server = start();
    let session = routed();
    let start = |body: Value| call(&server, "POST", "", &body.to_string()).error();
    assert_eq!(start(json!({"sessionId": session})).0, 404, "nobody is there");
    let _ada = Member::join(server.addr(), &session);
    let relayed = session_of(KEY);
    let _bob = Member::join(server.addr(), &relayed);
    let (status, message) = start(json!({"sessionId": relayed}));
    assert!(status == 409 && message.contains("p2p.preference=disabled"), "{message}");
    let foreign = mint::session(&ProjectId::new("654321").unwrap(), false).unwrap();
    assert_eq!(start(json!({"sessionId": foreign})).0, 403);
    for body in [
        json!({}),
        json!({"sessionId": "nonsense"}),
        json!({"sessionId": 7}),
        json!({"sessionId": session, "hasAudio": false, "hasVideo": false}),
        json!({"sessionId": session, "outputMode": "individual", "resolution": "640x480"}),
        json!([]),
    ] {
        assert_eq!(start(body.clone()).0, 400, "{body}");
    }
    assert_eq!(start(json!({"sessionId": session, "name": "n".repeat(70_000)})).0, 413);
    begin(&server, &session);
    let (status, message) = start(json!({"sessionId": session}));
    assert!(status == 409 && message.contains("multiArchiveTag"), "{message}");
    let tagged = json!({"sessionId": session, "multiArchiveTag": "second"});
    let second = archive(&call(&server, "POST", "", &tagged.to_string()));
    assert_eq!(second["multiArchiveTag"], "second");
    assert_eq!(start(tagged).0, 409, "the tag is taken");
    stop(&server, second["id"].as_str().unwrap());
    let tagged = json!({"sessionId": session, "multiArchiveTag": "second"});
    assert_eq!(call(&server, "POST", "", &tagged.to_string()).status, 200, "it is fresh again");
}

#[test]
fn archives_are_listed_newest_first() {
    let server = start();
    let (one, other) = (routed(), routed());
    let _members = [Member::join(server.addr(), &one), Member::join(server.addr(), &other)];
    let ids = [&one, &other, &one].map(|session| {
        let id = begin(&server, session);
        stop(&server, &id);
        id
    });
    let list = |query: &str| {
        let answer = call(&server, "GET", query, "");
        assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"), "{query}");
        let list = answer.json();
        let items = list["items"].as_array().unwrap();
        let ids: Vec<String> = items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect();
        (list["count"].as_u64().unwrap(), ids)
    };
    // Of those that began in the same millisecond the one with the greatest id is first.
    let newest = |ids: &[&String]| {
        let mut ids: Vec<String> = ids.iter().map(|id| (*id).clone()).collect();
        ids.sort_by_key(|id| std::cmp::Reverse((get(&server, id)["createdAt"].as_u64(), id.clone())));
        ids
    };
    let newest_of_one = newest(&[&ids[0], &ids[2]]);
    let newest = newest(&[&ids[0], &ids[1], &ids[2]]);
    assert_eq!(list(""), (3, newest.clone()));
    assert_eq!(list("/?offset=0&count=1000"), (3, newest.clone()));
    assert_eq!(list("?offset=1&count=1"), (3, newest[1..2].to_vec()));
    assert_eq!(list(&format!("?sessionId={one}")), (2, newest_of_one));
    assert_eq!(list(&format!("?session_id={other}&count=null")), (1, vec![ids[1].clone()]));
    assert_eq!(list("?count=0"), (3, vec![]));
    for (query, status) in [("?offset=-1", 400), ("?count=x", 400), ("?sessionId=x", 400)] {
        assert_eq!(call(&server, "GET", query, "").error().0, status, "{query}");
    }
}

#[test]
fn a_deleted_archive_is_gone() {
    let server = start();
    let session = routed();
    let _ada = Member::join(server.addr(), &session);
    let id = begin(&server, &session);
    assert_eq!(call(&server, "DELETE", &format!("/{id}"), "").error().0, 409, "it runs");
    stop(&server, &id);
    let url = get(&server, &id)["url"].as_str().unwrap().to_owned();
    let answer = call(&server, "DELETE", &format!("/{id}"), "");
    assert_eq!((answer.status, answer.body.as_str()), (204, ""));
    for (method, rest) in [("GET", ""), ("DELETE", ""), ("POST", "/stop"), ("GET", "/file")] {
        assert_eq!(call(&server, method, &format!("/{id}{rest}"), "").error().0, 404, "{method} {rest}");
    }
    let path = url.strip_prefix(&server.url()).unwrap();
    assert_eq!(Request::new(&format!("GET {path}")).send(server.addr()).error().0, 404);
}

/// What is about media is checked and remembered, so that a program finds its mistakes here as elsewhere.
#[test]
fn layouts_and_streams_are_remembered() {
    let server = start();
    let session = routed();
    let mut ada = Member::join(server.addr(), &session);
    ada.publish("st1", &json!([]));
    let auto = begin(&server, &session);
    let layout = |id: &str, body: &str| call(&server, "PUT", &format!("/{id}/layout"), body);
    let changed = archive(&layout(&auto, r#"{"type":"bestFit","screenshareType":"pip"}"#));
    assert_eq!(changed["layout"], json!({"type": "bestFit", "screenshareType": "pip"}));
    assert_eq!(get(&server, &auto)["layout"]["type"], "bestFit");
    assert_eq!(layout(&auto, r#"{"type":"custom"}"#).error().0, 400);
    let streams = |id: &str, body: &str| call(&server, "PATCH", &format!("/{id}/streams"), body);
    let (status, message) = streams(&auto, r#"{"addStream":"st1"}"#).error();
    assert!(status == 405 && message.contains("streamMode manual"), "{message}");

    let body = json!({
        "sessionId": session, "streamMode": "manual", "outputMode": "individual", "multiArchiveTag": "m"
    });
    let manual = archive(&call(&server, "POST", "", &body.to_string()));
    assert_eq!((&manual["outputMode"], manual.get("resolution")), (&json!("individual"), None));
    let manual = manual["id"].as_str().unwrap();
    assert_eq!(layout(manual, r#"{"type":"pip"}"#).error().0, 400, "each has its own file");
    let answer = streams(manual, r#"{"addStream":"st1","hasVideo":false}"#);
    assert_eq!((answer.status, answer.body.as_str()), (204, ""));
    let chosen = json!([{"streamId": "st1", "hasAudio": true, "hasVideo": false}]);
    assert_eq!(get(&server, manual)["streams"], chosen);
    assert_eq!(streams(manual, r#"{"addStream":"other"}"#).error().0, 404);
    assert_eq!(streams(manual, "{}").error().0, 400);
    assert_eq!(streams(manual, r#"{"removeStream":"st1"}"#).status, 204);
    assert_eq!(get(&server, manual)["streams"], json!([]));

    let (status, message) = call(&server, "PUT", "/storage", r#"{"type":"S3"}"#).error();
    assert!(status == 501 && message.contains("uploads them nowhere"), "{message}");
    assert_eq!(call(&server, "DELETE", "/storage", "").status, 204);
}

#[test]
fn credentials_and_methods_are_checked_at_every_address() {
    let server = start();
    let session = routed();
    let _ada = Member::join(server.addr(), &session);
    let id = begin(&server, &session);
    for (method, rest) in [
        ("POST", String::new()),
        ("GET", String::new()),
        ("GET", format!("/{id}")),
        ("DELETE", format!("/{id}")),
        ("POST", format!("/{id}/stop")),
        ("PUT", format!("/{id}/layout")),
        ("PATCH", format!("/{id}/streams")),
        ("GET", format!("/{id}/file")),
        ("PUT", "/storage".to_owned()),
        ("DELETE", "/storage".to_owned()),
    ] {
        let line = format!("{method} /v2/project/{KEY}/archive{rest}");
        for token in [None, Some(rest_token(KEY, "wrong")), Some(rest_token("654321", "another-secret"))] {
            let request = Request::new(&line);
            let request =
                token.iter().fold(request, |request, token| request.header("X-OPENTOK-AUTH", token));
            assert_eq!(request.send(server.addr()).error().0, 403, "{line} {token:?}");
        }
        // Another project finds nothing of it.
        let other = Request::new(&format!("{method} /v2/project/654321/archive{rest}"));
        let other = other.header("X-OPENTOK-AUTH", &rest_token("654321", "another-secret"));
        let answer = other.body("application/json", r#"{"sessionId":"x","type":"pip"}"#).send(server.addr());
        assert!(!answer.body.contains(&id), "{line}: {answer:?}");
        if rest.contains(&id) {
            assert_eq!(answer.status, 404, "{line}");
        }
        let wrong = Request::new(&format!("TRACE /v2/project/{KEY}/archive{rest}")).authorized();
        assert_eq!(wrong.send(server.addr()).error().0, 405, "{line}");
    }
    assert_eq!(get(&server, &id)["status"], "started");
    assert_eq!(call(&server, "GET", &format!("/{UNKNOWN}"), "").error().0, 404);
}

/// The session says it, its first client starts it, and its last one ends it.
#[test]
fn a_session_that_is_always_archived_is() {
    let server = start();
    let create = |form: &str| {
        let request = Request::new("POST /session/create").authorized().header("Accept", "application/json");
        request.body("application/x-www-form-urlencoded", form).send(server.addr())
    };
    let form = "archiveMode=always&archiveName=every+day&archiveResolution=1280x720";
    let session = create(form).json()[0]["session_id"].as_str().unwrap().to_owned();
    let list = || {
        let list = call(&server, "GET", &format!("?sessionId={session}"), "").json();
        list["items"].as_array().unwrap().clone()
    };
    for round in 1..=2 {
        assert_eq!(list().len(), round - 1);
        let mut ada = Member::join(server.addr(), &session);
        let (id, runs) = told_of_archive(&mut ada);
        assert!(runs);
        let bob = Member::join(server.addr(), &session);
        assert_eq!(bob.state["archive"][0]["id"], json!(id));
        let archive = becomes(&server, &id, "started");
        assert_eq!((&archive["name"], &archive["resolution"]), (&json!("every day"), &json!("1280x720")));
        assert_eq!(list().len(), round);
        for member in [&ada, &bob] {
            let path = format!("/v2/project/{KEY}/session/{session}/connection/{}", member.id);
            let answer = Request::new(&format!("DELETE {path}")).authorized().send(server.addr());
            assert_eq!(answer.status, 204);
        }
        let ended = becomes(&server, &id, "available");
        assert_eq!(ended["reason"], "session ended");
    }
    for form in ["archiveMode=always&p2p.preference=enabled", "archiveMode=always&e2ee=true"] {
        assert_eq!(create(form).error().0, 400, "{form}");
    }
    let encrypted = create("e2ee=true").json()[0]["session_id"].as_str().unwrap().to_owned();
    let _eve = Member::join(server.addr(), &encrypted);
    let refused = call(&server, "POST", "", &json!({"sessionId": encrypted}).to_string());
    assert_eq!(refused.error().0, 409);
}

#[test]
fn an_archive_ends_when_it_has_lasted_long_enough() {
    let mut config = Config::local(pair());
    config.archives.lasts = Duration::from_millis(500);
    let server = Server::start(config).unwrap();
    let session = routed();
    let mut ada = Member::join(server.addr(), &session);
    let id = begin(&server, &session);
    assert_eq!(told_of_archive(&mut ada), (id.clone(), true));
    assert_eq!(told_of_archive(&mut ada), (id.clone(), false));
    assert_eq!(becomes(&server, &id, "available")["reason"], "maximum duration exceeded");
}

#[test]
fn an_archive_ends_when_it_is_full() {
    let mut config = Config::local(pair());
    config.archives.bytes_each = 64 * 1024;
    let server = Server::start(config).unwrap();
    let session = routed();
    let mut ada = Member::join(server.addr(), &session);
    let id = begin(&server, &session);
    let path = format!("POST /v2/project/{KEY}/session/{session}/signal");
    let signal = json!({"type": "chat", "data": "x".repeat(8000)}).to_string();
    for _ in 0..9 {
        let request = Request::new(&path).authorized().body("application/json", signal.as_str());
        assert_eq!(request.send(server.addr()).status, 204);
    }
    assert_eq!(told_of_archive(&mut ada), (id.clone(), true));
    assert_eq!(told_of_archive(&mut ada), (id.clone(), false));
    let ended = becomes(&server, &id, "available");
    assert_eq!(ended["reason"], "maximum size exceeded");
    assert!(ended["size"].as_u64().unwrap() <= 64 * 1024);
}

#[test]
fn old_archives_expire() {
    let mut config = Config::local(pair());
    config.archives.kept = Duration::from_millis(500);
    config.rest_rates.per_second = 0; // It is asked again and again.
    let server = Server::start(config).unwrap();
    let session = routed();
    let _ada = Member::join(server.addr(), &session);
    let id = begin(&server, &session);
    stop(&server, &id);
    let expired = becomes(&server, &id, "expired");
    assert_eq!(expired["url"], Value::Null);
    assert_eq!(call(&server, "GET", &format!("/{id}/file"), "").error().0, 404);
    assert_eq!(call(&server, "DELETE", &format!("/{id}"), "").status, 204);
}

#[test]
fn a_project_has_as_many_archives_as_it_may() {
    let mut config = Config::local(pair());
    config.archives.per_project = 1;
    let server = Server::start(config).unwrap();
    let session = routed();
    let _ada = Member::join(server.addr(), &session);
    let id = begin(&server, &session);
    stop(&server, &id);
    let refused = call(&server, "POST", "", &json!({"sessionId": session}).to_string());
    let (status, said) = refused.error();
    assert!(status == 409 && said.contains("delete some"), "waiting would not help: {said}");
    assert_eq!(call(&server, "DELETE", &format!("/{id}"), "").status, 204);
    begin(&server, &session);
}
