//! The REST calls, byte for byte as the npm SDK makes them.

use crate::support::{Answer, KEY, Request, rest_token, start};
use otc_protocol::limits::WEBHOOK_REGISTRATIONS_OF_ONE;
use serde_json::{Value, json};
use std::net::SocketAddr;

const PATH: &str = "/v2/project/123456/callback";

pub(crate) fn register(server: SocketAddr, body: &Value) -> Answer {
    Request::new(&format!("POST {PATH}"))
        .authorized()
        .header("Accept", "application/json")
        .header("headers", "[object Object]")
        .body("application/json", body.to_string())
        .send(server)
}

fn list(server: SocketAddr) -> Value {
    let answer = Request::new(&format!("GET {PATH}")).authorized().send(server);
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    answer.json()
}

#[test]
fn callbacks_are_registered_listed_and_taken_back() {
    let server = start();
    let wish = json!({"group": "connection", "event": "created", "url": "http://127.0.0.1:9/hook"});
    let answer = register(server.addr(), &wish);
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    let made = answer.json();
    assert_eq!(
        (&made["group"], &made["event"], &made["url"]),
        (&wish["group"], &wish["event"], &wish["url"])
    );
    assert!(made["createdAt"].as_u64().is_some_and(|at| at > 1_700_000_000_000));
    let id = made["id"].as_str().expect("an id");
    assert_eq!(id.len(), 36);
    assert_eq!(register(server.addr(), &wish).json(), made, "again is the same");

    let mut secret = json!({"group": "archive", "event": "status", "url": "http://127.0.0.1:9/hook"});
    secret["secret"] = "hush".into();
    let other = register(server.addr(), &secret).json();
    assert!(other["secret"].is_null());
    assert_eq!(list(server.addr()), json!([made, other]));

    // As that SDK sends it: with a content type and no body.
    let delete = |id: &str| {
        let request = Request::new(&format!("DELETE {PATH}/{id}")).authorized();
        request.header("Content-Type", "application/json").send(server.addr())
    };
    let answer = delete(id);
    assert_eq!((answer.status, answer.body.as_str()), (204, ""));
    assert_eq!(delete(id).error().0, 404);
    assert_eq!(delete("..%2f..").error().0, 404);
    assert_eq!(list(server.addr()), json!([other]));
}

#[test]
fn bad_registrations_are_refused_with_what_to_do() {
    let server = start();
    let good = json!({"group": "stream", "event": "destroyed", "url": "http://127.0.0.1:9/"});
    for (member, value, said) in [
        ("group", json!("sip"), "group is"),
        ("event", json!("status"), "group is"),
        ("group", Value::Null, "group is needed"),
        ("event", json!(7), "event is needed"),
        ("url", Value::Null, "url is needed"),
        ("url", json!(["http://h/"]), "url is needed"),
        ("url", json!("ftp://h/"), "http"),
        ("url", json!("http://user:word@h/"), "secret"),
        ("url", json!(format!("http://h/{}", "x".repeat(2048))), "2048"),
        ("secret", json!(""), "1 to 50"),
        ("secret", json!("s".repeat(51)), "1 to 50"),
        ("secret", json!(7), "1 to 50"),
    ] {
        let mut wish = good.clone();
        wish[member] = value;
        let (status, message) = register(server.addr(), &wish).error();
        assert!(status == 400 && message.contains(said), "{wish}: {status} {message}");
    }
    for body in ["", "[]", "group=stream", "{"] {
        let request = Request::new(&format!("POST {PATH}")).authorized().body("application/json", body);
        assert_eq!(request.send(server.addr()).error().0, 400, "{body}");
    }
    let huge = format!("{{\"url\":\"{}\"}}", "x".repeat(10_000));
    let request = Request::new(&format!("POST {PATH}")).authorized().body("application/json", huge);
    assert_eq!(request.send(server.addr()).error().0, 413);
    assert_eq!(list(server.addr()), json!([]));
}

#[test]
fn only_the_project_itself_may_do_that() {
    let server = start();
    let other = || rest_token("654321", "another-secret");
    for line in ["POST", "GET", "DELETE"] {
        let path = if line == "DELETE" { format!("{PATH}/x") } else { PATH.to_owned() };
        let line = format!("{line} {path}");
        let nobody = Request::new(&line).send(server.addr());
        assert_eq!(nobody.error().0, 403, "{line}");
        let stranger = Request::new(&line).header("X-OPENTOK-AUTH", &other()).send(server.addr());
        assert_eq!(stranger.error().0, 403, "{line}");
    }
    // What one project has registered another does not see.
    let wish = json!({"group": "stream", "event": "created", "url": "http://127.0.0.1:9/"});
    let id = register(server.addr(), &wish).json()["id"].as_str().expect("an id").to_owned();
    let strange = |line: &str| {
        let line = format!("{line} /v2/project/654321/callback");
        let line = if line.starts_with("DELETE") { format!("{line}/{id}") } else { line };
        Request::new(&line).header("X-OPENTOK-AUTH", &other()).send(server.addr())
    };
    assert_eq!(strange("GET").json(), json!([]));
    assert_eq!(strange("DELETE").error().0, 404);
    assert_eq!(list(server.addr())[0]["id"], id);
    assert_eq!(KEY, "123456");
}

#[test]
fn a_project_has_so_many_and_no_more() {
    let server = start();
    let wish =
        |number: usize| json!({"group": "stream", "event": "created", "url": format!("http://h{number}/")});
    for number in 0..WEBHOOK_REGISTRATIONS_OF_ONE {
        assert_eq!(register(server.addr(), &wish(number)).status, 200);
    }
    let (status, message) = register(server.addr(), &wish(1000)).error();
    assert!(status == 409 && message.contains("delete one"), "{status} {message}");
}
