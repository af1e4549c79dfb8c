//! Signals and forced leaves by REST (`rest.md §2.1`).

use crate::member::Member;
use crate::support::{
    Answer, KEY, Request, SECRET, SOMEBODY, jwt, pair, rest_token, session_of, start, unix_seconds,
};
use otc_protocol::raptor::{Body, Reason, SignalContent};
use otc_server::{Config, Server};
use serde_json::json;

fn path(session: &str, rest: &str) -> String {
    format!("/v2/project/{KEY}/session/{session}/{rest}")
}

fn signal(server: &Server, session: &str, body: &str) -> Answer {
    let request = Request::new(&format!("POST {}", path(session, "signal"))).authorized();
    request.body("application/json", body).send(server.addr())
}

#[test]
fn bad_signals_are_refused() {
    let server = start();
    let session = session_of(KEY);
    let data = |length: usize| format!("{{\"data\":\"{}\"}}", "x".repeat(length));
    for (body, status) in [
        (r#"{"type":"a b"}"#.to_owned(), 400),
        (r#"{"type":1}"#.into(), 400),
        (r#"{"data":{"not":"a text"}}"#.into(), 400),
        ("data=hello".into(), 400),
        ("[]".into(), 400),
        (data(8193), 413),
        (data(100_000), 413),
        (format!(r#"{{"type":"{}"}}"#, "t".repeat(129)), 413),
        (r#"{"type":"chat","data":"hello"}"#.into(), 404),
        (String::new(), 404),
        (data(8192), 404),
    ] {
        assert_eq!(signal(&server, &session, &body).error().0, status, "{body:.60}");
    }
    for (session, status) in [("nonsense", 400), ("%ff", 400), (session_of("654321").as_str(), 403)] {
        assert_eq!(signal(&server, session, "{}").error().0, status);
    }
}

#[test]
fn bad_connections_are_refused() {
    let server = start();
    let session = session_of(KEY);
    let long = "x".repeat(65);
    for (connection, status) in
        [("a%20b", 400), ("%0a", 400), (long.as_str(), 400), ("immune-1_.", 404), (SOMEBODY, 404)]
    {
        let connection = format!("connection/{connection}");
        let signal = Request::new(&format!("POST {}", path(&session, &format!("{connection}/signal"))));
        assert_eq!(signal.authorized().body("application/json", "{}").send(server.addr()).error().0, status);
        for content_type in ["application/json", "text/plain"] {
            let disconnect = Request::new(&format!("DELETE {}", path(&session, &connection))).authorized();
            assert_eq!(disconnect.body(content_type, "").send(server.addr()).error().0, status);
        }
    }
}

#[test]
fn credentials_are_those_of_the_project_in_the_path() {
    let server = start();
    let (session, foreign) = (session_of(KEY), session_of("654321"));
    for (session, rest, method) in [
        (&session, "signal".to_owned(), "POST"),
        (&session, format!("connection/{SOMEBODY}/signal"), "POST"),
        (&session, format!("connection/{SOMEBODY}"), "DELETE"),
    ] {
        let path = path(session, &rest);
        for token in [None, Some(rest_token("654321", "another-secret")), Some(rest_token(KEY, "wrong"))] {
            let request = Request::new(&format!("{method} {path}"));
            let request =
                token.iter().fold(request, |request, token| request.header("X-OPENTOK-AUTH", token));
            let answer = request.send(server.addr());
            assert_eq!((answer.error().0, answer.json()["code"].as_i64()), (403, Some(-1)), "{path}");
        }
    }
    let other = format!("/v2/project/654321/session/{foreign}/signal");
    let request = Request::new(&format!("POST {other}")).authorized();
    assert_eq!(request.send(server.addr()).error().0, 403, "a valid token of another project");
}

/// The type and data of the next signal, which is from nobody.
fn heard(member: &mut Member) -> (Option<String>, Option<String>) {
    loop {
        if let (from, Body::Signal { content: SignalContent { kind, data, .. }, .. }) = member.told() {
            assert_eq!(from, "", "the server is nobody");
            return (kind, data.map(|data| data.as_string().unwrap()));
        }
    }
}

#[test]
fn signals_reach_everybody_or_one() {
    let server = start();
    let session = session_of(KEY);
    let (mut ada, mut bob) = (Member::join(server.addr(), &session), Member::join(server.addr(), &session));
    let some = |text: &str| Some(text.to_owned());

    let answer = signal(&server, &session, r#"{"type":"chat","data":"to \u00fc all"}"#);
    assert_eq!((answer.status, answer.body.as_str(), answer.header("content-type")), (204, "", ""));
    for member in [&mut ada, &mut bob] {
        assert_eq!(heard(member), (some("chat"), some("to ü all")));
    }

    let path = path(&session, &format!("connection/{}/signal", bob.id));
    let one =
        Request::new(&format!("POST {path}/")).authorized().body("application/json", r#"{"data":"to Bob"}"#);
    assert_eq!(one.send(server.addr()).status, 204);
    assert_eq!(signal(&server, &session, "").status, 204, "a bare ping");
    assert_eq!(heard(&mut bob), (None, some("to Bob")));
    assert_eq!(heard(&mut bob), (None, None));
    assert_eq!(heard(&mut ada), (None, None), "what was for Bob did not reach Ada");
}

#[test]
fn a_forced_leave_is_seen_by_its_target_and_by_the_others() {
    let server = start();
    let session = session_of(KEY);
    let (mut ada, mut bob) = (Member::join(server.addr(), &session), Member::join(server.addr(), &session));
    let path = path(&session, &format!("connection/{}", bob.id));
    let leave = || Request::new(&format!("DELETE {path}")).authorized().body("application/json", "");
    let answer = leave().send(server.addr());
    assert_eq!((answer.status, answer.body.as_str()), (204, ""));
    for member in [&mut ada, &mut bob] {
        let (id, reason) = loop {
            if let (_, Body::ConnectionDeleted { id, reason }) = member.told() {
                break (id, reason);
            }
        };
        assert_eq!((id, reason), (bob_id(&path), Reason::ForceDisconnected));
    }
    assert_eq!(leave().send(server.addr()).error().0, 404, "Bob has left");
}

fn bob_id(path: &str) -> String {
    path.rsplit('/').next().unwrap().to_owned()
}

/// The gate between rooms and tokens.
#[test]
fn a_token_decides_who_joins_and_what_they_may() {
    let server = start();
    let session = session_of(KEY);
    let now = unix_seconds();
    let token = |role: &str, secret: &str| {
        let claims = json!({"iss": KEY, "session_id": session, "iat": now, "exp": now + 60, "role": role});
        jwt(&claims, secret)
    };
    let joined = |server: &Server, role: &str| {
        Member::join_with(server.addr(), &session, &token(role, SECRET)).expect("joined").permissions
    };
    assert_eq!(joined(&server, "subscriber"), ["subscribe"]);
    assert_eq!(joined(&server, "publisher"), ["publish", "subscribe", "signal"]);
    assert_eq!(joined(&server, "moderator").len(), 6);
    let permissive = Config { subscriber_may_signal: true, ..Config::local(pair()) };
    let permissive = Server::start(permissive).unwrap();
    assert_eq!(joined(&permissive, "subscriber"), ["subscribe", "signal"]);

    let refused = |token: &str| Member::join_with(server.addr(), &session, token).err().expect("refused");
    let (status, data) = refused(&token("publisher", "wrong"));
    assert!(status == 403 && data.contains("signature"), "{status} {data}");
    let (status, data) = refused("");
    assert!(status == 403 || status == 400, "{status} {data}");
}
