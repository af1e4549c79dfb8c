//! Signals that were accepted and have not come through: each is told once, with what it was (`design.md §4`).

use super::Client;
use super::client::{Did, S, config, sent_signal};
use crate::session::{Config, DisconnectReason, Event, FailureKind, Input, Moderation, OwnSignal};
use otc_protocol::error::ErrorCode;
use serde_json::json;
use std::time::Duration;

/// What is told: the data of each failed signal, `1022` and the like for errors, and the end.
fn told(client: &mut Client) -> Vec<String> {
    let line = |event: Event| match event {
        Event::SignalFailed(failed) => {
            assert_eq!(failed.code, ErrorCode::UnableToSendSignal);
            Some(failed.signal().expect("readable").data.unwrap_or_default())
        }
        Event::Error { code, .. } => Some(code.code().to_string()),
        Event::Disconnected(_) => Some("end".to_owned()),
        _ => None,
    };
    client.events().into_iter().filter_map(line).collect()
}

/// The one failed signal: what it was, and the text.
fn only(client: &mut Client) -> (OwnSignal, String) {
    let events = client.events();
    let [Event::SignalFailed(failed)] = events.as_slice() else { panic!("{events:?}") };
    (failed.signal().expect("readable"), failed.text.clone())
}

#[test]
fn type_data_and_addressee_are_those_of_the_call() {
    let nasty = "\"quoted\\ \u{1} grüß\u{2028} 😀";
    let table: [(Option<&str>, Option<&str>, Option<&str>); 5] = [
        (None, None, None),
        (Some("t"), Some(""), None),
        (Some("t"), Some(nasty), Some("5b7a4ad4-8b2e-4fd4-9bb2-43f0e0ae1f3b")),
        (None, Some("{\"a\":[1]}"), Some("you")),
        (Some("a-b_c~d"), None, Some("you")),
    ];
    for (kind, data, to) in table {
        let mut client = Client::joined();
        client.handle(Input::Signal { kind, data, to, retry: true });
        let (transaction, _) = client.requests().pop().expect("sent");
        client.take();
        client.status(&transaction, 404, &json!({"reason": "nobody of that name"}));
        let (signal, text) = only(&mut client);
        let owned = |text: Option<&str>| text.map(str::to_owned);
        assert_eq!(signal, OwnSignal { kind: owned(kind), data: owned(data), to: owned(to) });
        assert_eq!(text, "The server refused a signal (404): nobody of that name");
    }
}

#[test]
fn contents_stay_out_of_logs() {
    let mut client = Client::joined();
    client.signal("private");
    client.close(Some(1011));
    let shown = format!("{:?}", client.events());
    assert!(shown.contains("SignalFailed") && !shown.contains("private"), "{shown}");
}

#[test]
fn whoever_is_not_heard_of_in_the_window_is_told_in_order_before_1022() {
    let mut client = Client::with(Config { reconnect_window: Duration::from_secs(3), ..config() }, 1);
    client.join();
    for data in ["0", "1", "2"] {
        client.signal(data);
    }
    let sent = client.signals_sent();
    // Put off: it goes back among those that wait, and keeps its place.
    client.status(&sent[0].0, 429, &json!({}));
    client.close(None);
    client.signal("3");
    client.take();
    client.pass_ms(3000);
    assert_eq!(told(&mut client), ["0", "1", "2", "3", "1022", "end"]);
    client.pass_ms(60_000);
    assert_eq!(client.take(), [], "once");
    client.join();
    assert_eq!(client.engine.queued_signals(), 0, "a new connection begins with nothing");
}

#[test]
fn the_text_says_whether_it_may_have_arrived() {
    let mut client = Client::joined();
    client.signal("sent");
    client.close(None);
    client.signal("not sent");
    client.take();
    client.disconnect().expect("joined");
    let texts: Vec<String> = client
        .events()
        .into_iter()
        .filter_map(|event| if let Event::SignalFailed(failed) = event { Some(failed.text) } else { None })
        .collect();
    assert_eq!(
        texts,
        [
            "The session ended before the server answered; the signal may have arrived.",
            "The session ended before the signal was sent.",
        ]
    );
}

#[test]
fn every_end_tells_of_what_is_unanswered_first() {
    type End = fn(&mut Client);
    let ends: [(&str, End); 5] = [
        ("refused for good", |client| client.close(Some(1003))),
        ("disconnect while away", |client| {
            client.close(None);
            client.disconnect().expect("joined");
        }),
        ("disconnect, and no answer", |client| {
            client.disconnect().expect("joined");
            client.pass_ms(5_000);
        }),
        ("disconnect, and a cut", |client| {
            client.disconnect().expect("joined");
            client.close(None);
        }),
        ("the server does not know the socket any more", |client| {
            client.close(None);
            client.open();
            client.close(Some(1011));
        }),
    ];
    for (name, end) in ends {
        let mut client = Client::joined();
        client.signal("a");
        client.signal("b");
        client.take();
        end(&mut client);
        let told = told(&mut client);
        assert_eq!(told[..2], ["a", "b"], "{name}");
        assert_eq!(told.last().map(String::as_str), Some("end"), "{name}: {told:?}");
        assert_eq!(told.iter().filter(|line| ["a", "b"].contains(&line.as_str())).count(), 2, "{name}");
    }
    for reason in ["forceDisconnected", "networkDisconnected"] {
        let mut client = Client::joined();
        client.signal("a");
        client.take();
        let uri = format!("{S}/connection/{}", client.me);
        client.message("t", "", &json!({"method": "deleted", "uri": uri, "content": {}, "reason": reason}));
        let told = told(&mut client);
        assert_eq!((told[0].as_str(), told.last().map(String::as_str)), ("a", Some("end")), "{reason}");
    }
}

#[test]
fn one_on_its_way_at_the_cut_is_told_then_if_it_may_not_be_repeated() {
    let mut client = Client::joined();
    client.signal("kept");
    client.try_signal("fleeting", false).expect("connected");
    client.take();
    client.close(None);
    assert_eq!(told(&mut client), ["fleeting"]);
    client.fail_open(FailureKind::Unreachable);
    client.pass_ms(400);
    client.open();
    client.pong();
    let again: Vec<String> = client.take().iter().filter_map(sent_signal).map(|(_, data)| data).collect();
    assert_eq!(again, ["kept"]);
    client.close(Some(1011));
    assert_eq!(told(&mut client), ["kept", "1022", "end"]);
    assert_eq!(client.engine.disconnect_reason(), DisconnectReason::NetworkDisconnected);
}

#[test]
fn what_was_answered_is_not_told_of() {
    let mut client = Client::joined();
    client.signal("a");
    client.signal("b");
    let sent = client.signals_sent();
    client.status(&sent[0].0, 200, &json!({}));
    client.close(Some(1011));
    assert_eq!(told(&mut client), ["b", "1022", "end"]);
}

#[test]
fn a_moderators_request_is_an_error_as_before() {
    let mut client = Client::moderator();
    client.moderate(Moderation::EndMute).expect("allowed");
    client.take();
    client.close(Some(1011));
    assert_eq!(told(&mut client), ["1540", "1022", "end"]);
    assert!(!client.did.iter().any(|did| matches!(did, Did::Told(Event::SignalFailed(_)))));
}
