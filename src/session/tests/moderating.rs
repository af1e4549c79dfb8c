//! A moderator's requests (`wire.md §5.3`, `§7.6`): muting and sending away.

use super::Client;
use super::client::{S, SYMPHONY, Sent, codes};
use crate::session::Moderation::{Disconnect, EndMute, MuteAll, MuteStream};
use crate::session::{Event, FailedSignal, Moderation, Status};
use otc_protocol::error::ErrorCode;
use otc_protocol::limits::{MUTE_EXCLUSIONS, OUTBOX_SIGNALS, REQUEST_BYTES};
use serde_json::{Value, json};

const EVERYBODY: Moderation<'static> = MuteAll { except: &[] };

/// What a request was about: its method, the end of its uri, and the data of a signal.
fn summary(message: &Value) -> (String, String) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let uri = text(&message["uri"]);
    let path = uri.strip_prefix(S).expect("of this session").to_owned();
    if message["method"] == "signal" {
        return ("signal".to_owned(), text(&message["content"]["data"]));
    }
    (text(&message["method"]), path)
}

/// The requests since the last look: transaction and summary.
fn sent(client: &mut Client) -> Vec<(String, (String, String))> {
    let frames = client.frames();
    let requests = frames.into_iter().filter_map(|frame| match frame {
        Sent::Request { transaction, message, .. } => Some((transaction, summary(&message))),
        _ => None,
    });
    requests.collect()
}

fn numbers(events: &[Event]) -> Vec<i32> {
    codes(events).iter().map(|code| code.code()).collect()
}

#[test]
fn what_the_requests_look_like() {
    let mute =
        |active: bool| json!({"reason": "mute", "channels": ["audio"], "active": active, "locked": false});
    let mut excluding = mute(true);
    excluding["exclusion"] = json!(["s1", "s2"]);
    for (moderation, method, path, content) in [
        (EVERYBODY, "update", "", mute(true)),
        (MuteAll { except: &["s1", "s2"] }, "update", "", excluding),
        (EndMute, "update", "", mute(false)),
        (MuteStream("st"), "update", "/stream/st", mute(true)),
        (Disconnect("you"), "delete", "/connection/you", json!({})),
    ] {
        let mut client = Client::moderator();
        client.moderate(moderation).expect("allowed");
        let frames = client.frames();
        let [Sent::Request { from, to, token, message, .. }] = frames.as_slice() else {
            panic!("{frames:?}")
        };
        assert_eq!((from, to.as_slice(), token), (&client.me, &[SYMPHONY.to_owned()][..], &None));
        let expected = json!({"method": method, "uri": format!("{S}{path}"), "content": content});
        assert_eq!(*message, expected);
    }
}

#[test]
fn who_is_no_moderator_is_refused_at_once_and_nothing_is_sent() {
    let mut client = Client::joined();
    for (moderation, code) in
        [(EVERYBODY, 1540), (EndMute, 1540), (MuteStream("st"), 1540), (Disconnect("you"), 1520)]
    {
        let refused = client.moderate(moderation).expect_err("a publisher");
        assert_eq!(refused.code.code(), code, "{moderation:?}");
        assert!(refused.text.contains("moderator"), "it says what to do: {}", refused.text);
    }
    assert_eq!((client.take(), client.engine.queued_signals()), (vec![], 0));
}

#[test]
fn only_members_may_ask() {
    let refused = |client: &mut Client| client.moderate(EVERYBODY).expect_err("too early or too late").code;
    let mut client = Client::new();
    assert_eq!(refused(&mut client), ErrorCode::NotConnected);
    client.connect().expect("idle");
    client.reach_socket();
    assert_eq!(refused(&mut client), ErrorCode::NotConnected);
    let mut client = Client::moderator();
    client.signal("waits for its answer");
    client.disconnect().expect("joined");
    assert_eq!(refused(&mut client), ErrorCode::NotConnected, "leaving");
    client.close(None);
    assert_eq!(refused(&mut client), ErrorCode::NotConnected, "left");
}

#[test]
fn ids_that_are_none_are_refused_whoever_asks() {
    let long = "x".repeat(65);
    let mut client = Client::joined();
    for bad in ["", "a/b", "a b", "../s", "ä", "a\n", "a?b", "%2f", long.as_str()] {
        for moderation in [MuteStream(bad), MuteAll { except: &["good", bad] }, Disconnect(bad)] {
            let refused = client.moderate(moderation).expect_err("no id");
            assert_eq!(refused.code, ErrorCode::NullOrInvalidParameter, "{moderation:?}");
        }
    }
    let mut client = Client::moderator();
    client.moderate(MuteStream(&long[1..])).expect("64 characters");
    client.moderate(MuteStream("A-z_0.9")).expect("every kind of character");
}

#[test]
fn exclusions_are_bounded_in_number_and_bytes() {
    let mut client = Client::moderator();
    let uuids: Vec<String> = (0..=MUTE_EXCLUSIONS as u128).map(otc_protocol::uuid::format).collect();
    let mut ids: Vec<&str> = uuids.iter().map(String::as_str).collect();
    let refused = client.moderate(MuteAll { except: &ids }).expect_err("one too many");
    assert_eq!(refused.code, ErrorCode::NullOrInvalidParameter);
    assert!(refused.text.contains(&MUTE_EXCLUSIONS.to_string()), "{}", refused.text);
    ids.pop();
    client.moderate(MuteAll { except: &ids }).expect("all streams of the largest session");
    let [(_, message)] = &client.requests()[1..] else { panic!("one request beside the join") };
    assert!(message.to_string().len() <= REQUEST_BYTES);
    let long = "x".repeat(64);
    let ids = vec![long.as_str(); MUTE_EXCLUSIONS];
    client.take();
    let refused = client.moderate(MuteAll { except: &ids }).expect_err("no frame has room for them");
    assert_eq!((refused.code, client.take()), (ErrorCode::NullOrInvalidParameter, vec![]));
}

#[test]
fn requests_and_signals_keep_their_order() {
    let mut client = Client::moderator();
    client.signal("one");
    client.moderate(EVERYBODY).expect("allowed");
    client.close(None);
    client.signal("two");
    client.moderate(Disconnect("you")).expect("it waits, as signals do");
    client.signal("three");
    client.take();
    client.open();
    let order: Vec<String> = sent(&mut client).into_iter().map(|(_, (method, _))| method).collect();
    assert_eq!(order, ["signal", "update", "signal", "delete", "signal"]);
}

#[test]
fn a_cut_repeats_what_is_unanswered_under_the_same_id_and_nothing_else() {
    let mut client = Client::moderator();
    client.moderate(MuteStream("answered")).expect("allowed");
    client.moderate(MuteStream("unanswered")).expect("allowed");
    client.try_signal("fleeting", false).expect("connected");
    client.moderate(Disconnect("you")).expect("allowed");
    let before = sent(&mut client);
    client.status(&before[0].0, 200, &json!({}));
    client.close(None);
    assert_eq!(numbers(&client.events()), [1550], "the signal that is not repeated");
    client.open();
    let again = sent(&mut client);
    assert_eq!(again, [before[1].clone(), before[3].clone()]);
    for (transaction, _) in &again {
        client.status(transaction, 200, &json!({}));
        client.status(transaction, 200, &json!({}));
    }
    client.close(None);
    client.take();
    client.open();
    assert_eq!((sent(&mut client), client.engine.queued_signals()), (vec![], 0));
}

#[test]
fn each_refusal_has_the_number_of_what_was_refused_and_the_servers_reason() {
    for (moderation, number) in
        [(EVERYBODY, 1540), (EndMute, 1540), (MuteStream("st"), 1540), (Disconnect("you"), 1520)]
    {
        for status in [403, 404, 500] {
            let mut client = Client::moderator();
            client.moderate(moderation).expect("allowed");
            let (transaction, _) = sent(&mut client).remove(0);
            client.status(&transaction, status, &json!({"reason": "because"}));
            let events = client.events();
            let [Event::Error { code, text }] = events.as_slice() else { panic!("{events:?}") };
            assert_eq!(code.code(), number);
            assert!(text.contains("because") && text.contains(&status.to_string()), "{text}");
            assert_eq!(client.engine.status(), Status::Connected);
        }
    }
}

#[test]
fn what_was_never_answered_is_reported_with_its_number() {
    let mut client = Client::moderator();
    client.signal("x");
    client.moderate(Disconnect("you")).expect("allowed");
    client.moderate(EVERYBODY).expect("allowed");
    client.close(None);
    client.signal("y");
    client.take();
    client.close(Some(1011));
    client.open();
    client.close(Some(1011));
    let events = client.events();
    assert_eq!(numbers(&events), [1550, 1520, 1540, 1550, 1022]);
    let said = events.iter().filter(|event| match event {
        Event::Error { text, .. } | Event::SignalFailed(FailedSignal { text, .. }) => {
            text.contains("may have arrived")
        }
        _ => false,
    });
    assert_eq!(said.count(), 4);
}

#[test]
fn a_goodbye_waits_for_the_answer() {
    let mut client = Client::moderator();
    client.moderate(Disconnect("you")).expect("allowed");
    let (transaction, _) = sent(&mut client).remove(0);
    client.disconnect().expect("joined");
    assert_eq!(client.frames(), []);
    client.status(&transaction, 200, &json!({}));
    assert_eq!(client.frames(), [Sent::Leave]);
}

#[test]
fn who_sends_itself_away_hears_no_error() {
    let mut client = Client::moderator();
    let me = client.me.clone();
    client.moderate(Disconnect(&me)).expect("allowed");
    let (transaction, _) = sent(&mut client).remove(0);
    client.status(&transaction, 200, &json!({}));
    let deleted = json!({
        "method": "deleted", "uri": format!("{S}/connection/{me}"), "reason": "forceDisconnected", "content": {},
    });
    client.message("gone", "", &deleted);
    let events = client.events();
    assert!(matches!(events.as_slice(), [Event::Disconnected(_)]), "{events:?}");
}

#[test]
fn what_the_server_has_no_time_for_is_asked_again() {
    let mut client = Client::moderator();
    client.moderate(MuteStream("st")).expect("allowed");
    client.signal("behind");
    let first = sent(&mut client);
    client.status(&first[0].0, 429, &json!({}));
    client.status(&first[1].0, 429, &json!({}));
    assert_eq!(client.take(), []);
    client.pass_ms(250);
    let mut again = sent(&mut client);
    client.status(&again[0].0, 200, &json!({}));
    again.extend(sent(&mut client));
    let what = |requests: &[(String, (String, String))]| -> Vec<_> {
        requests.iter().map(|(_, what)| what.clone()).collect()
    };
    assert_eq!(what(&again), what(&first));
    assert_ne!(again[0].0, first[0].0, "the old one has its answer");
}

#[test]
fn a_full_outbox_refuses_with_the_number_of_what_was_asked() {
    let mut client = Client::moderator();
    for _ in 0..OUTBOX_SIGNALS {
        client.signal("x");
    }
    client.take();
    for (moderation, code) in [(EVERYBODY, 1540), (Disconnect("you"), 1520)] {
        assert_eq!(client.moderate(moderation).expect_err("full").code.code(), code);
    }
    assert_eq!(client.take(), []);
}

#[test]
fn a_mute_is_told_each_time() {
    let mut client = Client::joined();
    for (transaction, active) in [("1", true), ("1", true), ("2", false)] {
        let mute = json!({"method": "update", "uri": S, "content": {"reason": "mute", "active": active}});
        client.message(transaction, "m", &mute);
    }
    let told = [Event::MuteForced { active: true }, Event::MuteForced { active: false }];
    assert_eq!(client.events(), told, "a copy is not news");
}
