//! Muting by REST (`rest.md §2.1`).

use crate::member::Member;
use crate::support::{Answer, KEY, Request, SOMEBODY, session_of, start};
use otc_protocol::raptor::Body;
use otc_server::Server;
use serde_json::json;

fn post(server: &Server, session: &str, rest: &str, body: &str) -> Answer {
    let request = Request::new(&format!("POST /v2/project/{KEY}/session/{session}/{rest}")).authorized();
    request.body("application/json", body).send(server.addr())
}

/// What mutes are answered.
fn check_project(answer: &Answer) {
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"), "{answer:?}");
    let project = answer.json();
    assert_eq!((&project["id"], &project["status"]), (&json!(KEY), &json!("ACTIVE")));
    assert_eq!(project.get("secret"), None);
}

/// Whom the next mute is about: a stream, or everybody but these.
fn muted(member: &mut Member) -> (Option<String>, Vec<String>, bool) {
    loop {
        match member.told() {
            (from, Body::StreamMute { id, mute }) => {
                assert_eq!((from.as_str(), mute.channels.as_slice()), ("", ["audio".to_owned()].as_slice()));
                return (Some(id), mute.exclusion, mute.active);
            }
            (from, Body::SessionMute(mute)) => {
                assert_eq!(from, "", "nobody's wish but the application's");
                return (None, mute.exclusion, mute.active);
            }
            _ => {}
        }
    }
}

#[test]
fn one_stream_is_muted_and_its_publisher_hears_it() {
    let server = start();
    let session = session_of(KEY);
    let mut ada = Member::join(server.addr(), &session);
    ada.publish("s1", &json!([]));
    for body in ["", "{}", "null", "not even JSON"] {
        check_project(&post(&server, &session, "stream/s1/mute", body));
        assert_eq!(muted(&mut ada), (Some("s1".into()), vec![], true));
    }
    check_project(&post(&server, &session, "stream/s1/mute/", ""));
    assert_eq!(post(&server, &session, "stream/other/mute", "").error().0, 404);
    assert_eq!(post(&server, &session, "stream/a%20b/mute", "").error().0, 400);
    assert_eq!(post(&server, &session_of(KEY), "stream/s1/mute", "").error().0, 404, "nobody is in that one");
}

#[test]
fn everybody_is_muted_but_the_excluded_and_whoever_comes_later_is_told() {
    let server = start();
    let session = session_of(KEY);
    let mut ada = Member::join(server.addr(), &session);
    for stream in ["s1", "s2"] {
        ada.publish(stream, &json!([]));
    }
    for (body, excluded) in [
        (r#"{"active":true,"excludedStreamIds":["s2"]}"#, vec!["s2".to_owned()]),
        (r#"{"active":"true","excludedStreams":["s2","unknown"]}"#, vec!["s2".to_owned()]),
        (r#"{"active":true,"excludedStreamIds":null}"#, vec![]),
    ] {
        check_project(&post(&server, &session, "mute", body));
        assert_eq!(muted(&mut ada), (None, excluded.clone(), true), "{body}");
        assert_eq!(muted(&mut ada), (Some("s1".into()), vec![], true), "{body}");
        if excluded.is_empty() {
            assert_eq!(muted(&mut ada), (Some("s2".into()), vec![], true), "{body}");
        }
    }
    let late = Member::join(server.addr(), &session);
    assert_eq!(late.state["mute"], json!({"active": true}));
    check_project(&post(&server, &session, "mute", r#"{"active":false,"excludedStreamIds":["s1"]}"#));
    assert_eq!(muted(&mut ada), (None, vec![], false));
    let later = Member::join(server.addr(), &session);
    assert_eq!(later.state.get("mute"), None);
    for (body, status) in [(r#"{"active":1}"#, 400), (r#"{"excludedStreamIds":"s1"}"#, 400), ("[]", 400)] {
        assert_eq!(post(&server, &session, "mute", body).error().0, status, "{body}");
    }
    let large = format!(r#"{{"active":true,"excludedStreamIds":["{}"]}}"#, "x".repeat(1024 * 1024));
    assert_eq!(post(&server, &session, "mute", &large).error().0, 413);
    assert_eq!(post(&server, &session_of(KEY), "mute", r#"{"active":true}"#).error().0, 404);
}

#[test]
fn credentials_and_methods_are_checked_at_every_address() {
    let server = start();
    let session = session_of(KEY);
    for (method, rest) in [
        ("POST", "mute".to_owned()),
        ("POST", format!("stream/{SOMEBODY}/mute")),
        ("GET", "stream".to_owned()),
        ("PUT", "stream".to_owned()),
        ("GET", format!("stream/{SOMEBODY}")),
        ("GET", "connection".to_owned()),
    ] {
        let path = format!("{method} /v2/project/{KEY}/session/{session}/{rest}");
        let answer = Request::new(&path).send(server.addr());
        assert_eq!((answer.error().0, answer.json()["code"].as_i64()), (403, Some(-1)), "{path}");
        let foreign = format!("{method} /v2/project/{KEY}/session/{}/{rest}", session_of("654321"));
        assert_eq!(Request::new(&foreign).authorized().send(server.addr()).error().0, 403, "{foreign}");
        let other = format!("PATCH /v2/project/{KEY}/session/{session}/{rest}");
        assert_eq!(Request::new(&other).authorized().send(server.addr()).error().0, 405, "{other}");
    }
}
