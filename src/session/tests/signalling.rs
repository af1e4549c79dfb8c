//! Signals on their way out (`wire.md §6`, `design.md §4`).

use super::Client;
use super::client::{Did, S, SYMPHONY, Sent};
use crate::session::{Event, FailedSignal, Input, Status};
use otc_protocol::error::ErrorCode;
use otc_protocol::limits::{OUTBOX_BYTES, OUTBOX_SIGNALS, RATE_RETRIES, REQUEST_WINDOW};
use serde_json::{Value, json};
use std::time::Duration;

fn send(client: &mut Client, kind: Option<&str>, data: Option<&str>, to: Option<&str>) -> Value {
    client.take();
    client.try_handle(Input::Signal { kind, data, to, retry: true }).expect("accepted");
    let frames = client.frames();
    let [Sent::Request { from, to, token, message, .. }] = frames.as_slice() else { panic!("{frames:?}") };
    assert_eq!((from, to.as_slice(), token), (&client.me, &[SYMPHONY.to_owned()][..], &None));
    message.clone()
}

#[test]
fn what_a_signal_looks_like() {
    let mut client = Client::joined();
    let message = send(&mut client, Some("chat"), Some("hello \"w\u{f6}rld\" \u{1}"), None);
    let uri = message["uri"].as_str().expect("text");
    let id = uri.strip_prefix(&format!("{S}/signal/")).expect("to everybody");
    assert!(otc_protocol::uuid::parse(id).is_some());
    assert_eq!(message["method"], "signal");
    assert_eq!(message["content"], json!({"type": "chat", "data": "hello \"w\u{f6}rld\" \u{1}"}));

    let message = send(&mut client, None, None, Some("a"));
    assert!(message["uri"].as_str().expect("text").starts_with(&format!("{S}/connection/a/signal/")));
    assert_eq!(message["content"], json!({}), "absent keys stay absent");
    assert_eq!(send(&mut client, Some(""), Some(""), None)["content"], json!({"data": ""}));
}

#[test]
fn ids_are_never_used_twice() {
    let mut client = Client::joined();
    for _ in 0..100 {
        client.signal("x");
    }
    let mut ids: Vec<String> = client.requests().into_iter().map(|(transaction, _)| transaction).collect();
    ids.extend(
        client.requests().iter().filter_map(|(_, message)| message["uri"].as_str().map(str::to_owned)),
    );
    let count = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), count);
}

#[test]
fn the_window_bounds_what_is_unanswered_and_the_order_holds() {
    let mut client = Client::joined();
    for index in 0..REQUEST_WINDOW + 10 {
        client.signal(&index.to_string());
    }
    let sent = client.signals_sent();
    assert_eq!(sent.len(), REQUEST_WINDOW);
    assert!(sent.iter().enumerate().all(|(index, (_, data))| *data == index.to_string()));
    client.status(&sent[0].0, 200, &json!({}));
    client.status(&sent[7].0, 200, &json!({}));
    let more: Vec<String> = client.signals_sent().into_iter().map(|(_, data)| data).collect();
    assert_eq!(more, [REQUEST_WINDOW.to_string(), (REQUEST_WINDOW + 1).to_string()]);
    client.status(&sent[0].0, 200, &json!({}));
    client.status("unknown", 500, &json!({}));
    assert_eq!(client.take(), [], "a second answer and an answer to nothing change nothing");
}

#[test]
fn the_outbox_is_bounded_in_number_and_frees_itself() {
    let mut client = Client::joined();
    for _ in 0..OUTBOX_SIGNALS {
        client.signal("x");
    }
    assert_eq!(client.engine.queued_signals(), OUTBOX_SIGNALS);
    let refused = client.try_signal("x", true).expect_err("full");
    assert_eq!(refused.code, ErrorCode::UnableToSendSignal);
    assert!(!refused.text.is_empty());
    let (first, _) = client.signals_sent().remove(0);
    client.status(&first, 200, &json!({}));
    client.signal("x");
    assert!(client.try_signal("x", true).is_err());
}

#[test]
fn the_outbox_is_bounded_in_bytes() {
    let mut client = Client::joined();
    client.close(None);
    let heavy = "\u{1}".repeat(8192); // Six bytes each as JSON.
    let mut accepted = 0;
    while client.try_signal(&heavy, true).is_ok() {
        accepted += 1;
        assert!(accepted * 6 * 8192 <= OUTBOX_BYTES);
    }
    assert!(accepted >= 1024, "{accepted}");
}

#[test]
fn a_refused_signal_is_told_and_the_session_lives() {
    for status in [400, 403, 404, 413, 500, 503] {
        let mut client = Client::joined();
        client.signal("one");
        client.signal("two");
        let sent = client.signals_sent();
        client.status(&sent[0].0, status, &json!({"reason": "because"}));
        let events = client.events();
        let [Event::SignalFailed(FailedSignal { code, text, .. })] = events.as_slice() else {
            panic!("{events:?}")
        };
        assert_eq!(code.code(), 1550);
        assert!(text.contains("because") && text.contains(&status.to_string()), "{text}");
        assert!(!text.contains("one"), "contents stay out of messages");
        assert_eq!(client.engine.status(), Status::Connected);
        client.status(&sent[1].0, 200, &json!({}));
        assert_eq!(client.take(), []);
    }
}

#[test]
fn an_answer_that_is_no_number_is_a_refusal() {
    let mut client = Client::joined();
    client.signal("x");
    let (transaction, _) = client.signals_sent().remove(0);
    let frame = otc_protocol::rumor::encode(
        otc_protocol::rumor::Kind::Status,
        &[],
        &[("TRANSACTION-ID", &transaction), ("STATUS", "fine")],
        b"\xff\xff",
    )
    .expect("fits");
    client.receive(&frame);
    assert_eq!(client.errors(), [ErrorCode::UnableToSendSignal]);
}

#[test]
fn what_the_server_has_no_time_for_is_sent_again_in_order() {
    let mut client = Client::joined();
    for data in ["0", "1", "2", "3"] {
        client.signal(data);
    }
    let sent = client.signals_sent();
    for (transaction, _) in [&sent[2], &sent[0], &sent[1]] {
        client.status(transaction, 429, &json!({"reason": "slowly"}));
    }
    client.signal("4");
    client.pass_ms(500);
    assert_eq!(client.signals_sent(), [], "one is still under way, and may be refused, too");
    client.status(&sent[3].0, 429, &json!({"reason": "slowly"}));
    let mut again = Vec::new();
    loop {
        let batch = client.signals_sent();
        if batch.is_empty() {
            break;
        }
        assert!(!again.is_empty() || batch.len() == 1, "one, to see whether the server has time");
        for (transaction, data) in batch {
            assert!(sent.iter().all(|(old, _)| *old != transaction), "a refused transaction has its answer");
            client.status(&transaction, 200, &json!({}));
            again.push(data);
        }
    }
    assert_eq!(again, ["0", "1", "2", "3", "4"]);
    assert_eq!(client.take(), []);
    assert_eq!(client.engine.queued_signals(), 0);
}

#[test]
fn a_pause_follows_the_first_refusal_and_grows_until_something_is_accepted() {
    let mut client = Client::joined();
    client.signal("0");
    client.signal("1");
    let mut sent = client.signals_sent();
    client.status(&sent[0].0, 429, &json!({}));
    client.status(&sent[1].0, 429, &json!({}));
    let mut pauses = Vec::new();
    for _ in 0..4 {
        let start = client.now;
        sent = client.signals_sent();
        while sent.is_empty() {
            let until = client.engine.deadline().expect("a pause");
            client.pass(until - client.now);
            client.pong();
            sent = client.signals_sent();
        }
        pauses.push(client.now - start);
        let [(transaction, data)] = sent.as_slice() else { panic!("{sent:?}") };
        assert_eq!(data, "0");
        client.status(transaction, 429, &json!({}));
    }
    for (pause, most) in pauses.iter().zip([250, 500, 1000, 2000]) {
        let most = Duration::from_millis(most);
        assert!(*pause >= most / 2 && *pause <= most, "{pauses:?}");
    }
}

#[test]
fn the_server_that_never_has_time_is_given_up() {
    let mut client = Client::joined();
    client.signal("x");
    let start = client.now;
    for _ in 0..RATE_RETRIES {
        let (transaction, _) = client.signals_sent().pop().expect("sent again");
        client.status(&transaction, 429, &json!({"reason": "slowly"}));
        assert_eq!(client.errors(), []);
        let until = client.engine.deadline().expect("a pause");
        client.pass(until - client.now);
        client.pong();
        while client.engine.queued_signals() == 1
            && client.did.last().and_then(super::client::sent_signal).is_none()
        {
            let until = client.engine.deadline().expect("a pause");
            client.pass(until - client.now);
            client.pong();
        }
    }
    let (transaction, _) = client.signals_sent().pop().expect("sent for the last time");
    client.status(&transaction, 429, &json!({"reason": "slowly"}));
    assert_eq!(client.errors(), [ErrorCode::UnableToSendSignal]);
    assert_eq!(client.engine.queued_signals(), 0);
    let took = client.now - start;
    assert!(took > Duration::from_secs(5) && took < Duration::from_secs(30), "{took:?}");
}

#[test]
fn a_cut_ends_the_pause_that_the_server_asked_for() {
    let mut client = Client::joined();
    client.signal("x");
    let (transaction, _) = client.signals_sent().remove(0);
    client.status(&transaction, 429, &json!({}));
    client.close(None);
    client.take();
    client.open();
    assert_eq!(client.signals_sent().len(), 1);
}

#[test]
fn signals_may_be_sent_the_moment_one_is_in_and_no_earlier() {
    let mut client = Client::new();
    let refused = |client: &mut Client| client.try_signal("x", true).expect_err("too early").code.code();
    assert_eq!(refused(&mut client), 1010);
    client.connect().expect("idle");
    assert_eq!(refused(&mut client), 1010);
    client.reach_socket();
    client.hear_own_created();
    assert_eq!(refused(&mut client), 1010);
    client.answer_join(&json!({"connection": [], "stream": [], "archive": []}));
    client.signal("x");
    client.disconnect().expect("joined");
    assert_eq!(refused(&mut client), 1010, "leaving");
    client.close(None);
    assert_eq!(refused(&mut client), 1010, "left");
}

#[test]
fn an_answer_fills_the_window_before_anything_else() {
    let mut client = Client::joined();
    for _ in 0..=REQUEST_WINDOW {
        client.signal("x");
    }
    let (first, _) = client.signals_sent().remove(0);
    client.status(&first, 404, &json!({}));
    let news = client.take();
    assert!(
        matches!(&news[..], [Did::Told(Event::SignalFailed(_)), Did::Sent(Sent::Request { .. })]),
        "{news:?}"
    );
}
