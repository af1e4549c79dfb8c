//! Every way in which a connect fails, with its number (`wire.md §2.3`, `§3.7`, `§5.1`, `c-api.md §3.4`).

use super::Client;
use super::client::{Did, S, Sent, codes, config, info};
use crate::session::{Config, DisconnectReason, Event, FailureKind, Refusal, Status};
use otc_protocol::Moment;
use serde_json::{Value, json};
use std::time::Duration;

fn error(code: u16) -> Vec<u8> {
    json!([{"error": {"code": code, "errorMessage": {"code": -1, "message": "the server's words"}}}])
        .to_string()
        .into_bytes()
}

fn without(name: &str) -> Vec<u8> {
    let mut info = info();
    info[0].as_object_mut().expect("an object").remove(name);
    info.to_string().into_bytes()
}

fn with(name: &str, value: Value) -> Vec<u8> {
    let mut info = info();
    info[0][name] = value;
    info.to_string().into_bytes()
}

/// Fails every attempt in the same way; the answer is the number, the text, and when the attempts began.
fn fail(mut client: Client, mut attempt: impl FnMut(&mut Client)) -> (i32, String, Vec<Duration>) {
    let start = client.now;
    client.connect().expect("idle");
    let mut begun: Vec<Moment> = Vec::new();
    loop {
        begun.push(client.now);
        attempt(&mut client);
        if client.engine.status() == Status::Failed {
            break;
        }
        assert_eq!(client.engine.status(), Status::Connecting);
        assert!(codes(&told(&client)).is_empty(), "an error is told once, at the end");
        let until = client.engine.deadline().expect("a pause");
        client.pass(until - client.now);
    }
    let events = told(&client);
    let [Event::Error { code, text }] = events.as_slice() else {
        panic!("on_error and nothing else: {events:?}")
    };
    assert_eq!(client.engine.deadline(), None);
    assert_eq!(client.engine.disconnect_reason(), DisconnectReason::None);
    client.pass(Duration::from_secs(120));
    assert_eq!(told(&client).len(), 1);
    client.connect().expect("a failed session can be tried again");
    (code.code(), text.clone(), begun.into_iter().map(|begun| begun - start).collect())
}

fn told(client: &Client) -> Vec<Event> {
    let events = client
        .did
        .iter()
        .filter_map(|did| if let Did::Told(event) = did { Some(event.clone()) } else { None });
    events.collect()
}

fn millis(pauses: &[Duration]) -> Vec<u128> {
    pauses.iter().map(Duration::as_millis).collect()
}

const ONCE: &[u128] = &[0];
/// "Retried" is two more tries, after 600 and 1,200 ms.
const THRICE: &[u128] = &[0, 600, 1800];

#[test]
fn session_info() {
    let table: Vec<(u16, Vec<u8>, i32, &[u128])> = vec![
        (200, error(400), 1005, ONCE),
        (200, error(404), 1005, ONCE),
        (200, error(403), 1004, ONCE),
        (200, error(409), 1026, ONCE),
        (200, error(500), 2001, ONCE),
        (200, error(503), 2001, THRICE),
        (200, error(999), 2001, THRICE),
        (300, Vec::new(), 2001, THRICE),
        (401, Vec::new(), 1004, ONCE),
        (403, error(403), 1004, ONCE),
        (404, Vec::new(), 1005, ONCE),
        (410, Vec::new(), 1005, ONCE),
        (503, Vec::new(), 2001, THRICE),
        (500, Vec::new(), 2001, THRICE),
        (200, Vec::new(), 1006, THRICE),
        (200, b"[]".to_vec(), 1006, THRICE),
        (200, b"not json".to_vec(), 2001, THRICE),
        (200, b"\"text\"".to_vec(), 2001, THRICE),
        (200, vec![0xff; 10], 2001, THRICE),
        (200, with("partner_id", json!("654321")), 1004, ONCE),
        (200, without("session_id"), 1006, ONCE),
        (200, with("session_id", Value::Null), 1006, ONCE),
        (200, without("messaging_url"), 1503, ONCE),
        (200, with("messaging_url", json!("http://h")), 1503, ONCE),
    ];
    for (status, body, expected, tries) in table {
        let shown = String::from_utf8_lossy(&body).into_owned();
        let (code, text, begun) = fail(Client::new(), |client| client.answer_info(status, &body));
        assert_eq!(code, expected, "{status} {shown}: {text}");
        assert_eq!(millis(&begun), tries, "{status} {shown}");
    }
}

#[test]
fn the_servers_words_reach_the_application() {
    let (_, text, _) = fail(Client::new(), |client| client.answer_info(200, &error(403)));
    assert_eq!(text, "the server's words");
}

#[test]
fn nobody_answers_the_request_for_session_info() {
    let (code, _, begun) = fail(Client::new(), |client| client.fail_info(FailureKind::Unreachable));
    assert_eq!((code, millis(&begun).as_slice()), (1006, THRICE));
    let (code, _, begun) = fail(Client::new(), |client| client.fail_info(FailureKind::Permanent));
    assert_eq!((code, millis(&begun).as_slice()), (1006, ONCE), "a wrong certificate will be wrong again");
}

#[test]
fn a_refusal_on_the_way_ends_the_connect_at_once_with_its_number() {
    for (refusal, asked, opened) in [
        (Refusal::Forbidden, 1004, 1004),
        (Refusal::Missing, 1005, 1005),
        (Refusal::Gone, 1005, 1005),
        (Refusal::Login, 1006, 1023),
    ] {
        let kind = FailureKind::Refused(refusal);
        let (code, text, begun) = fail(Client::new(), |client| client.fail_info(kind));
        assert_eq!((code, millis(&begun).as_slice()), (asked, ONCE), "{text}");
        let (code, text, begun) = fail(Client::new(), |client| {
            client.answer_info(200, info().to_string().as_bytes());
            client.fail_open(kind);
        });
        assert_eq!((code, millis(&begun).as_slice()), (opened, ONCE), "{text}");
    }
}

#[test]
fn a_server_without_time_is_left_alone_for_as_long_as_it_asks() {
    let busy = |seconds| FailureKind::Busy(Duration::from_secs(seconds));
    let (code, _, begun) = fail(Client::new(), |client| client.fail_info(busy(0)));
    assert_eq!((code, millis(&begun).as_slice()), (2001, THRICE), "it did not say how long");
    let (code, _, begun) = fail(Client::new(), |client| {
        client.answer_info(200, info().to_string().as_bytes());
        client.fail_open(busy(3));
    });
    assert_eq!((code, begun.len()), (1023, 3));
    for pause in begun.windows(2).map(|pair| pair[1].saturating_sub(pair[0])) {
        assert!((Duration::from_secs(3)..Duration::from_millis(4200)).contains(&pause), "{pause:?}");
    }
    let (code, text, begun) = fail(Client::new(), |client| client.fail_info(busy(11)));
    assert_eq!((code, millis(&begun).as_slice()), (2001, ONCE), "nobody waits that long for a connect");
    assert!(text.contains("11 seconds"), "{text}");
}

#[test]
fn the_session_info_takes_too_long() {
    let mut client = Client::new();
    client.connect().expect("idle");
    client.pass_ms(14_999);
    assert_eq!(client.errors(), []);
    client.pass_ms(1);
    let news = client.take();
    assert!(
        matches!(&news[..], [Did::Abandoned, Did::Told(Event::Error { code, .. })] if code.code() == 1020),
        "{news:?}"
    );
    client.answer_info(200, info().to_string().as_bytes());
    assert_eq!(client.take(), [], "an answer to an abandoned request changes nothing");
}

#[test]
fn the_socket_cannot_be_opened() {
    let refuse = |client: &mut Client, kind| {
        client.answer_info(200, info().to_string().as_bytes());
        client.fail_open(kind);
    };
    let (code, _, begun) = fail(Client::new(), |client| refuse(client, FailureKind::Unreachable));
    assert_eq!((code, millis(&begun).as_slice()), (1023, THRICE));
    let (code, _, begun) = fail(Client::new(), |client| refuse(client, FailureKind::Permanent));
    assert_eq!((code, millis(&begun).as_slice()), (1023, ONCE));
}

#[test]
fn the_socket_does_not_open_in_time() {
    let mut client = Client::new();
    client.connect().expect("idle");
    client.answer_info(200, info().to_string().as_bytes());
    client.pass_ms(14_999);
    assert_eq!(client.errors(), []);
    client.pass_ms(1);
    assert_eq!(client.errors().iter().map(|code| code.code()).collect::<Vec<_>>(), [1021]);
    client.open();
    assert_eq!(client.take(), [], "a socket that opens too late changes nothing");
}

#[test]
fn the_server_does_not_answer_the_join() {
    // It answers pings, so that the socket is not silent.
    let mut client = Client::new();
    client.connect().expect("idle");
    client.reach_socket();
    for _ in 0..14 {
        client.pass_ms(1000);
        client.pong();
    }
    assert_eq!(client.errors(), []);
    client.pass_ms(1000);
    let events = client.events();
    assert_eq!(codes(&events).iter().map(|code| code.code()).collect::<Vec<_>>(), [1021]);
}

#[test]
fn a_join_that_is_given_up_is_taken_back() {
    // The server may have let the client in: the others must not see it hang about.
    let mut client = Client::new();
    client.connect().expect("idle");
    client.reach_socket();
    client.answer_join(&json!({"connection": [], "stream": [], "archive": []}));
    client.take();
    for _ in 0..15 {
        client.pass_ms(1000);
        client.pong();
    }
    let news = client.take();
    let leave = news.iter().position(|did| *did == Did::Sent(Sent::Leave));
    let close = news.iter().position(|did| *did == Did::Closed);
    assert!(leave.is_some() && leave < close, "{news:?}");
    assert_eq!(client.engine.status(), Status::Failed);
}

#[test]
fn the_server_is_silent_while_joining() {
    let mut client = Client::new();
    client.connect().expect("idle");
    client.reach_socket();
    client.pass_ms(6000);
    assert_eq!(client.errors().iter().map(|code| code.code()).collect::<Vec<_>>(), [1021]);
}

#[test]
fn the_server_refuses_the_join() {
    for (status, reason, expected, tries) in [
        (400, "bad", 1006, ONCE),
        (409, "conflict", 1006, ONCE),
        (401, "who", 1004, ONCE),
        (403, "forbidden", 1004, ONCE),
        (404, "no such session", 1005, ONCE),
        (409, "connectionLimitExceeded", 1027, ONCE),
        (413, "connectionLimitExceeded", 1027, ONCE),
        (500, "fault", 2001, THRICE),
        (503, "busy", 2001, THRICE),
    ] {
        let (code, text, begun) = fail(Client::new(), |client| {
            client.reach_socket();
            let create = client.create_transaction();
            client.status(&create, status, &json!({"reason": reason}));
        });
        assert_eq!(code, expected, "{status} {reason}");
        assert_eq!(millis(&begun), tries, "{status} {reason}");
        assert!(text.contains(reason) && text.contains(&status.to_string()), "{text}");
    }
}

#[test]
fn the_answer_to_the_join_makes_no_sense() {
    for body in ["", "7", "{\"connection\":7}", "{\"connection\":[{}"] {
        let (code, _, begun) = fail(Client::new(), |client| {
            client.reach_socket();
            let create = client.create_transaction();
            let frame =
                otc_protocol::envelope::status(&client.me, 200, &create, body.as_bytes()).expect("fits");
            client.receive(&frame);
        });
        assert_eq!((code, millis(&begun).as_slice()), (2001, THRICE), "{body}");
    }
}

#[test]
fn an_answer_without_lists_is_an_empty_session() {
    let mut client = Client::new();
    client.connect().expect("idle");
    client.reach_socket();
    client.answer_join(&json!({"connection": null}));
    client.hear_own_created();
    assert_eq!(client.events(), [Event::Connected]);
}

#[test]
fn the_socket_closes_before_the_session_is_joined() {
    for code in [1003, 1011] {
        let (number, _, begun) = fail(Client::new(), |client| {
            client.reach_socket();
            client.close(Some(code));
        });
        assert_eq!((number, millis(&begun).as_slice()), (1006, THRICE), "every try with a new socket id");
    }
    let (number, _, begun) = fail(Client::new(), |client| {
        client.reach_socket();
        for _ in 0..3 {
            client.close(Some(1006));
            client.open();
        }
    });
    assert_eq!((number, begun.len()), (1006, 1), "resumed twice, then given up");
}

#[test]
fn the_server_ends_the_connection_while_it_joins() {
    for reason in ["forceDisconnected", "networkDisconnected", "clientDisconnected"] {
        let (code, _, _) = fail(Client::new(), |client| {
            client.reach_socket();
            let uri = format!("{S}/connection/{}", client.me);
            client.message(
                "t1",
                "",
                &json!({"method": "deleted", "uri": uri, "reason": reason, "content": {}}),
            );
        });
        assert_eq!(code, 1006, "a connect that fails is on_error alone ({reason})");
    }
}

#[test]
fn news_of_an_attempt_that_is_over_changes_nothing() {
    let mut client = Client::new();
    client.connect().expect("idle");
    client.reach_socket();
    let old = client.attempt;
    let create = client.create_transaction();
    client.status(&create, 503, &json!({}));
    client.pass_ms(600);
    client.answer_info(200, info().to_string().as_bytes());
    let new = client.attempt;
    client.take();
    client.attempt = old;
    client.open();
    client.pong();
    client.close(Some(1011));
    client.fail_open(FailureKind::Permanent);
    client.answer_info(403, b"");
    client.fail_info(FailureKind::Permanent);
    assert_eq!(client.take(), []);
    client.attempt = new;
    client.open();
    assert_eq!(client.frames().len(), 3);
}

#[test]
fn each_attempt_asks_for_the_session_info_again_with_a_new_socket() {
    let mut client = Client::with(Config { ..config() }, 1);
    client.connect().expect("idle");
    let mut sockets = Vec::new();
    for _ in 0..3 {
        client.answer_info(200, info().to_string().as_bytes());
        sockets.extend(client.dials());
        client.fail_open(FailureKind::Unreachable);
        client.pass_ms(1200);
    }
    let mut ids: Vec<_> =
        sockets.iter().filter_map(|url| super::client::parameter(url, "socketId")).collect();
    ids.dedup();
    assert_eq!(ids.len(), 3);
    assert!(sockets.iter().all(|url| !url.contains("reconnect=true")), "{sockets:?}");
}
