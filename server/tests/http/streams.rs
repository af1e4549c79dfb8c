//! Lists of streams and connections, and layout classes, by REST (`rest.md §2.1`).

use crate::member::Member;
use crate::support::{Answer, KEY, Request, SECRET, jwt, session_of, start, unix_seconds};
use otc_server::Server;
use serde_json::{Value, json};

fn call(server: &Server, method: &str, session: &str, rest: &str, body: &str) -> Answer {
    let request = Request::new(&format!("{method} /v2/project/{KEY}/session/{session}/{rest}")).authorized();
    request.body("application/json", body).send(server.addr())
}

/// An answer that is as the SDKs want it.
fn json_of(answer: &Answer) -> Value {
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"), "{answer:?}");
    answer.json()
}

fn video(source: &str) -> Value {
    json!([
        {"id": "audio1", "type": "audio", "active": true},
        {"id": "video1", "type": "video", "active": true, "source": source},
    ])
}

#[test]
fn a_session_that_nobody_is_in_has_empty_lists() {
    let server = start();
    let session = session_of(KEY);
    for rest in ["stream", "stream/", "stream?session_id=x"] {
        assert_eq!(json_of(&call(&server, "GET", &session, rest, "")), json!({"count": 0, "items": []}));
    }
    let connections = json!({
        "count": 0, "projectId": KEY, "applicationId": KEY, "sessionId": session, "items": [],
    });
    assert_eq!(json_of(&call(&server, "GET", &session, "connection/", "")), connections);
    assert_eq!(call(&server, "GET", &session, "stream/x", "").error().0, 404);
    let items = r#"{"items":[{"id":"x","layoutClassList":["y"]}]}"#;
    assert_eq!(call(&server, "PUT", &session, "stream", items).error().0, 404);
}

#[test]
fn streams_are_listed_and_their_classes_set() {
    let server = start();
    let session = session_of(KEY);
    let now = unix_seconds();
    let token = jwt(
        &json!({
            "iss": KEY, "session_id": session, "iat": now, "exp": now + 60, "role": "publisher",
            "initial_layout_class_list": "focus small",
        }),
        SECRET,
    );
    let mut ada = Member::join_with(server.addr(), &session, &token).expect("joined");
    let mut bob = Member::join(server.addr(), &session);
    ada.publish("s1", &video("screen"));
    bob.publish("s2", &json!([{"id": "audio1", "type": "audio", "active": true}]));
    let first = json!({
        "id": "s1", "name": "name of s1", "videoType": "screen", "layoutClassList": ["focus", "small"],
    });
    let second = json!({"id": "s2", "name": "name of s2", "layoutClassList": []});
    let both = json!({"count": 2, "items": [first, second]});
    assert_eq!(json_of(&call(&server, "GET", &session, "stream", "")), both);
    assert_eq!(json_of(&call(&server, "GET", &session, "stream/s1", "")), first);

    let items = r#"{"items":[{"id":"s2","layoutClassList":["big"]}]}"#;
    let second = json!({"id": "s2", "name": "name of s2", "layoutClassList": ["big"]});
    assert_eq!(
        json_of(&call(&server, "PUT", &session, "stream", items)),
        json!({"count": 1, "items": [second]})
    );
    assert_eq!(json_of(&call(&server, "GET", &session, "stream/s2", "")), second);
    for body in [
        "",
        "{}",
        r#"{"items":{}}"#,
        r#"{"items":[{"layoutClassList":["x"]}]}"#,
        r#"{"items":[{"id":"s1","layoutClassList":["two words"]}]}"#,
        r#"{"items":[{"id":"s1","layoutClassList":["x"]},{"id":"unknown","layoutClassList":["x"]}]}"#,
    ] {
        assert_eq!(call(&server, "PUT", &session, "stream", body).error().0, 400, "{body}");
    }
    assert_eq!(json_of(&call(&server, "GET", &session, "stream/s1", "")), first, "all or nothing");
}

#[test]
fn connections_are_listed_in_pages() {
    let server = start();
    let session = session_of(KEY);
    let members: Vec<Member> = (0..3).map(|_| Member::join(server.addr(), &session)).collect();
    let page = |query: &str| {
        let list = json_of(&call(&server, "GET", &session, &format!("connection{query}"), ""));
        assert_eq!((&list["count"], &list["sessionId"]), (&json!(3), &json!(session)));
        let items = list["items"].as_array().expect("a list").clone();
        items
            .into_iter()
            .map(|item| {
                assert_eq!(item["connectionState"], "Connected");
                assert!(
                    item["createdAt"].as_u64().is_some_and(|created| created > 1_600_000_000_000),
                    "{item}"
                );
                item["connectionId"].as_str().expect("an id").to_owned()
            })
            .collect::<Vec<String>>()
    };
    let ids: Vec<String> = members.iter().map(|member| member.id.clone()).collect();
    assert_eq!(page(""), ids);
    assert_eq!(page("?offset=1"), ids[1..]);
    assert_eq!(page("/?offset=1&count=1"), ids[1..2]);
    assert_eq!(page("?count=0"), Vec::<String>::new());
    assert_eq!(page("?offset=7&count=2"), Vec::<String>::new());
    assert_eq!(page("?offset=&count=null"), ids);
    for query in ["?offset=-1", "?count=many", "?count=99999999999999999999999"] {
        assert_eq!(
            call(&server, "GET", &session, &format!("connection{query}"), "").error().0,
            400,
            "{query}"
        );
    }
}
