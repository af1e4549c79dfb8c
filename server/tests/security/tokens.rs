//! Tokens that are too long, or no tokens, wherever one may stand. What is in them is the matter of `server/src/auth`.

use crate::member::Member;
use crate::raw::start_patient;
use crate::support::{KEY, Request, SOMEBODY, session_of, token_for};
use std::time::Instant;

/// Far less than a server needs that works on what it should refuse at once.
const SLOW: std::time::Duration = std::time::Duration::from_secs(5);

/// What fits into a head, and is no token.
fn nonsense() -> Vec<String> {
    let long = "A".repeat(50_000);
    vec![
        String::new(),
        "x".to_owned(),
        "null".to_owned(),
        "..".to_owned(),
        ".".repeat(50_000),
        long.clone(),
        format!("{long}.{long:.10}.x"),
        format!("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.{long}.{long:.10}"),
        "T1==".to_owned(),
        format!("T1=={long}"),
        format!("T1=={}", "cGFydG5lcl9pZD0".repeat(3000)),
        "T1==cGFydG5lcl9pZD0xMjM0NTYmc2lnPTo=".to_owned(),
        format!("Bearer {long}"),
        "=".repeat(50_000),
        "%00".repeat(10_000),
        "\u{e4}".repeat(1000),
    ]
}

#[test]
fn they_are_refused_by_rest() {
    let server = start_patient();
    let session = session_of(KEY);
    let base = format!("/v2/project/{KEY}/session/{session}");
    for token in nonsense() {
        for line in [
            "POST /session/create".to_owned(),
            format!("POST {base}/signal"),
            format!("POST {base}/connection/{SOMEBODY}/signal"),
            format!("DELETE {base}/connection/{SOMEBODY}"),
        ] {
            for header in ["X-OPENTOK-AUTH", "Authorization", "X-TB-PARTNER-AUTH"] {
                let start = Instant::now();
                let request = Request::new(&line).header("Accept", "application/json").header(header, &token);
                let (status, message) = request.send(server.addr()).error();
                assert_eq!(status, 403, "{line} {token:.40}: {message}");
                assert!(!message.contains("AAAA") && start.elapsed() < SLOW, "{message}");
            }
        }
    }
}

#[test]
fn they_are_refused_where_clients_ask_for_their_session() {
    let server = start_patient();
    let session = session_of(KEY);
    for token in nonsense() {
        for header in ["X-OPENTOK-AUTH", "X-TB-TOKEN-AUTH"] {
            let request = Request::new(&format!("GET /session/{session}")).header(header, &token);
            let answer = request.send(server.addr());
            assert_eq!(answer.json()[0]["error"]["code"], 403, "{token:.40}");
            assert!(!answer.body.contains("AAAA"), "{}", answer.body);
        }
    }
}

#[test]
fn they_are_refused_where_clients_join() {
    let server = start_patient();
    let session = session_of(KEY);
    // A frame's header has room for 65,535 bytes.
    let longest = ["A".repeat(65_535), ".".repeat(65_535)];
    for token in nonsense().into_iter().chain(longest) {
        let refused = Member::join_with(server.addr(), &session, &token).err().expect("no member");
        assert_eq!(refused.0, 403, "{token:.40}: {refused:?}");
        assert!(!refused.1.contains("AAAA"), "{refused:?}");
    }
    Member::join_with(server.addr(), &session, &token_for(&session)).expect("a good one");
}

/// A token of another kind opens nothing: neither that of a REST call a session, nor that of a client REST.
#[test]
fn tokens_open_what_they_were_made_for() {
    let server = start_patient();
    let session = session_of(KEY);
    let of_a_client = token_for(&session);
    let request = Request::new("POST /session/create").header("Accept", "application/json");
    assert_eq!(request.header("X-OPENTOK-AUTH", &of_a_client).send(server.addr()).status, 403);
    let of_rest = crate::support::rest_token(KEY, crate::support::SECRET);
    assert_eq!(Member::join_with(server.addr(), &session, &of_rest).err().expect("no member").0, 403);
}
