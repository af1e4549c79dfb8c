//! The dropped socket (`wire.md §3.5`, `design.md §4`).

use super::Client;
use super::client::{Did, Sent, codes, config, info, parameter};
use crate::session::{Config, DisconnectReason, Event, FailureKind, Input, Status};
use otc_protocol::limits::{BACKOFF_FIRST, BACKOFF_MOST, REQUEST_WINDOW, REQUEST_WINDOW_AFTER_CUT};
use serde_json::json;
use std::time::Duration;

#[test]
fn the_socket_is_replaced_and_the_application_told_once() {
    let mut client = Client::new();
    client.connect().expect("idle");
    client.reach_socket();
    let first = client.dials().pop().expect("dialed");
    client.answer_join(&json!({"connection": [], "stream": [], "archive": []}));
    client.hear_own_created();
    client.take();

    client.close(Some(1006));
    let news = client.take();
    let [Did::Told(Event::Reconnecting), Did::Dialed { url, .. }] = news.as_slice() else {
        panic!("{news:?}")
    };
    assert_eq!(client.engine.status(), Status::Reconnecting);
    assert_eq!(parameter(url, "socketId"), parameter(&first, "socketId"));
    assert_eq!(parameter(url, "reconnect"), Some("true"));
    assert_ne!(parameter(url, "attempt"), parameter(&first, "attempt"));
    assert!(client.engine.connection().is_some(), "one is still a member");

    client.fail_open(FailureKind::Unreachable);
    client.pass_ms(400);
    client.open();
    assert_eq!(client.frames(), [], "no CONNECT, no SUBSCRIBE, no create");
    assert_eq!(client.events(), [], "Reconnecting is told once, and the open socket proves nothing yet");
    assert_eq!(client.engine.status(), Status::Reconnecting);
    client.pong();
    assert_eq!(client.events(), [Event::Reconnected]);
    client.pong();
    assert_eq!(client.events(), []);
    assert_eq!(client.engine.status(), Status::Connected);
}

#[test]
fn the_first_frame_may_be_a_message() {
    let mut client = Client::joined();
    client.close(None);
    client.open();
    client.take();
    client.hear_signal("t", "", &json!({}));
    let events = client.events();
    assert!(matches!(&events[..], [Event::Reconnected, Event::Signal(_)]), "{events:?}");
}

#[test]
fn what_is_unanswered_is_repeated_then_what_waits_goes_out() {
    let mut client = Client::joined();
    for index in 0..REQUEST_WINDOW + 2 {
        client.signal(&index.to_string());
    }
    let sent = client.signals_sent();
    client.status(&sent[1].0, 200, &json!({}));
    let mut expected: Vec<_> =
        sent.iter().enumerate().filter(|(index, _)| *index != 1).map(|(_, sent)| sent.clone()).collect();
    expected.extend(client.signals_sent());
    client.close(None);
    client.signal("while away");
    assert_eq!(client.signals_sent(), [], "nothing goes out while there is no socket");
    client.open();
    let mut batch = client.signals_sent();
    assert_eq!(
        batch.len(),
        REQUEST_WINDOW_AFTER_CUT,
        "a link that breaks again should have got something done"
    );
    let mut repeated = Vec::new();
    while !batch.is_empty() {
        for (transaction, _) in &batch {
            client.status(transaction, 200, &json!({}));
        }
        repeated.append(&mut batch);
        batch = client.signals_sent();
    }
    let new = repeated.split_off(expected.len());
    assert_eq!(repeated.len(), expected.len());
    assert!(repeated == expected, "the same transactions in the same order");
    let new: Vec<String> = new.into_iter().map(|(_, data)| data).collect();
    assert_eq!(new, [(REQUEST_WINDOW + 1).to_string(), "while away".to_owned()]);
}

#[test]
fn a_repeated_request_is_the_same_to_the_byte() {
    let mut client = Client::joined();
    client.signal("x");
    let before = client.frames();
    client.close(None);
    client.open();
    let after: Vec<Sent> = client.frames();
    assert_eq!(before, after);
}

#[test]
fn what_is_replayed_is_acknowledged_and_heard_once() {
    let mut client = Client::joined();
    client.hear_signal("t1", "a", &json!({"data": "1"}));
    client.take();
    client.close(None);
    client.open();
    client.hear_signal("t1", "a", &json!({"data": "1"}));
    client.hear_signal("t2", "a", &json!({"data": "2"}));
    let news = client.take();
    let acks: Vec<_> = news.iter().filter(|did| matches!(did, Did::Sent(Sent::Ack { .. }))).collect();
    assert_eq!(acks.len(), 2);
    let heard: Vec<_> = news.iter().filter(|did| matches!(did, Did::Told(Event::Signal(_)))).collect();
    assert_eq!(heard.len(), 1);
}

#[test]
fn frames_and_closes_of_the_old_socket_are_ignored() {
    let mut client = Client::joined();
    let old = client.attempt;
    client.close(None);
    let new = client.attempt;
    client.take();
    client.attempt = old;
    client.pong();
    client.close(Some(1011));
    client.fail_open(FailureKind::Permanent);
    client.open();
    client.attempt = new;
    assert_eq!(client.take(), []);
    assert_eq!(client.engine.status(), Status::Reconnecting);
}

/// The pauses between failing dials.
fn pauses(seed: u8) -> Vec<Duration> {
    let mut client = Client::with(Config { reconnect_window: Duration::from_secs(600), ..config() }, seed);
    client.join();
    client.close(None);
    assert_eq!(client.dials().len(), 1, "the first try is at once");
    let mut pauses = Vec::new();
    for _ in 0..12 {
        client.fail_open(FailureKind::Unreachable);
        let start = client.now;
        while client.dials().is_empty() {
            let until = client.engine.deadline().expect("another try");
            client.pass(until - client.now);
        }
        pauses.push(client.now - start);
    }
    pauses
}

#[test]
fn pauses_grow_and_are_fully_jittered() {
    let runs: Vec<Vec<Duration>> = (1..=20).map(pauses).collect();
    for (index, most) in
        (1..=12u32).map(|tries| (BACKOFF_FIRST * 2u32.pow((tries - 1).min(10))).min(BACKOFF_MOST)).enumerate()
    {
        let of_this_try: Vec<Duration> = runs.iter().map(|run| run[index]).collect();
        assert!(of_this_try.iter().all(|pause| *pause < most), "{of_this_try:?} under {most:?}");
        assert!(of_this_try.iter().any(|pause| *pause < most / 2), "jitter reaches down: {of_this_try:?}");
        assert!(of_this_try.iter().any(|pause| *pause > most / 2), "and up: {of_this_try:?}");
    }
}

#[test]
fn a_server_that_accepts_and_closes_is_dialed_ever_more_slowly_and_given_up() {
    let mut client = Client::joined();
    client.take();
    let start = client.now;
    let mut dials = 0;
    client.close(None);
    while client.engine.status() != Status::NotConnected {
        dials += client.dials().len();
        client.open();
        client.pong();
        client.close(Some(1001));
        if let Some(until) = client.engine.deadline()
            && client.did.last().is_none_or(|did| !matches!(did, Did::Dialed { .. }))
        {
            client.pass(until - client.now);
        }
    }
    assert!((6..60).contains(&dials), "{dials} dials");
    assert_eq!(client.now - start, Duration::from_secs(30), "nothing got through: it was no return");
    assert_eq!(client.errors().iter().map(|code| code.code()).collect::<Vec<_>>(), [1022]);
}

#[test]
fn a_dial_that_hangs_is_given_up_and_tried_again() {
    let mut client = Client::joined();
    client.close(None);
    client.take();
    client.pass_ms(14_999);
    assert_eq!(client.take(), []);
    client.pass_ms(2000);
    let news = client.take();
    assert!(matches!(&news[..], [Did::Abandoned, Did::Dialed { .. }]), "{news:?}");
}

#[test]
fn the_window_ends_with_1022_and_then_on_disconnected() {
    let mut client = Client::joined();
    client.signal("sent");
    client.close(None);
    client.signal("waiting");
    client.fail_open(FailureKind::Unreachable);
    client.take();
    client.pass_ms(29_999);
    while client.engine.status() != Status::NotConnected {
        assert!(codes(&client.events()).is_empty());
        client.fail_open(FailureKind::Unreachable);
        client.pass_ms(1);
    }
    let events = client.events();
    let [lost @ .., last] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(codes(lost).iter().map(|code| code.code()).collect::<Vec<_>>(), [1550, 1550, 1022]);
    assert_eq!(*last, Event::Disconnected(DisconnectReason::NetworkDisconnected));
    assert_eq!(client.engine.disconnect_reason(), DisconnectReason::NetworkDisconnected);
    assert_eq!((client.engine.queued_signals(), client.engine.deadline()), (0, None));
    assert!(client.did.contains(&Did::Abandoned));
    client.join();
}

#[test]
fn the_window_is_the_configured_one_and_begins_anew_with_each_cut() {
    let mut client = Client::with(Config { reconnect_window: Duration::from_secs(3), ..config() }, 1);
    client.join();
    for round in 0..3 {
        client.close(None);
        client.pass_ms(2500);
        client.open();
        client.pong();
        assert_eq!(client.engine.status(), Status::Connected);
        client.hear_signal(&format!("t{round}"), "", &json!({}));
    }
    client.pass_ms(1000);
    client.pong();
    client.close(None);
    client.pass_ms(2999);
    assert_eq!(client.engine.status(), Status::Reconnecting);
    client.pass_ms(1);
    assert_eq!(client.engine.status(), Status::NotConnected);
}

#[test]
fn an_open_socket_without_a_frame_does_not_stop_the_window() {
    let mut client = Client::with(Config { reconnect_window: Duration::from_secs(3), ..config() }, 1);
    client.join();
    client.close(None);
    client.open();
    client.pass_ms(3000);
    assert_eq!(client.engine.status(), Status::NotConnected);
}

#[test]
fn the_server_can_forbid_to_come_back() {
    for code in [1003, 1011] {
        let mut client = Client::joined();
        client.signal("x");
        client.take();
        client.close(Some(code));
        let events = client.events();
        assert_eq!(codes(&events).iter().map(|code| code.code()).collect::<Vec<_>>(), [1550, 1022]);
        assert_eq!(events.last(), Some(&Event::Disconnected(DisconnectReason::NetworkDisconnected)));
    }
    for code in [1000, 1001, 1006, 1008, 1012, 4001, 4500] {
        let mut client = Client::joined();
        client.close(Some(code));
        assert_eq!(client.events(), [Event::Reconnecting], "{code} (wire.md §3.6)");
    }
}

#[test]
fn a_resume_that_the_server_does_not_know_ends_the_session() {
    let mut client = Client::joined();
    client.close(None);
    client.open();
    client.take();
    client.close(Some(1011));
    let events = client.events();
    assert_eq!(codes(&events).iter().map(|code| code.code()).collect::<Vec<_>>(), [1022]);
    assert_eq!(events.last(), Some(&Event::Disconnected(DisconnectReason::NetworkDisconnected)));
    assert_eq!(client.engine.deadline(), None);
}

#[test]
fn without_leave_to_resume_the_first_drop_is_the_end() {
    let mut client = Client::new();
    client.connect().expect("idle");
    let mut info = info();
    info[0]["properties"] = json!({"reconnection": false});
    client.answer_info(200, info.to_string().as_bytes());
    client.open();
    client.answer_join(&json!({"connection": [], "stream": [], "archive": []}));
    client.hear_own_created();
    client.take();
    client.close(Some(1006));
    let events = client.events();
    assert_eq!(codes(&events).iter().map(|code| code.code()).collect::<Vec<_>>(), [1022]);
    assert_eq!(
        events.last(),
        Some(&Event::Disconnected(DisconnectReason::NetworkDisconnected)),
        "wire.md §2.2"
    );
    assert_eq!(client.dials(), [""; 0]);
}

#[test]
fn a_signal_that_may_not_be_repeated_is_reported_or_refused() {
    let mut client = Client::joined();
    client.try_signal("on its way", false).expect("connected");
    client.signal("repeatable");
    client.take();
    client.close(None);
    let events = client.events();
    assert!(matches!(&events[..], [Event::Reconnecting, Event::SignalFailed(_)]), "{events:?}");
    assert_eq!(codes(&events).iter().map(|code| code.code()).collect::<Vec<_>>(), [1550]);
    let refused = client.try_signal("while away", false).expect_err("away");
    assert_eq!(refused.code.code(), 1010);
    client.open();
    assert!(client.try_signal("not yet back", false).is_err());
    let again: Vec<String> = client.signals_sent().into_iter().map(|(_, data)| data).collect();
    assert_eq!(again, ["repeatable"]);
    client.pong();
    client.try_signal("back", false).expect("connected");
}

#[test]
fn a_second_cut_reports_nothing_twice() {
    let mut client = Client::joined();
    client.try_signal("x", false).expect("connected");
    client.close(None);
    client.open();
    client.close(None);
    client.pass_ms(500);
    client.open();
    client.pong();
    assert_eq!(client.errors().len(), 1);
}

#[test]
fn the_window_does_not_run_while_the_application_keeps_the_socket_from_being_read() {
    let mut client = Client::joined();
    client.handle(Input::Reading(false));
    client.close(None);
    client.open();
    client.take();
    client.pass_ms(60_000);
    assert!(client.events().is_empty(), "nothing could be heard");
    client.handle(Input::Reading(true));
    client.pass_ms(5_000);
    client.pong();
    assert_eq!(client.events(), [Event::Reconnected]);
}

#[test]
fn every_change_of_the_status_is_told_once() {
    use Status::{Connected, Connecting, Disconnecting, Failed, NotConnected, Reconnecting};
    let mut client = Client::joined();
    client.close(None);
    client.open();
    client.pong();
    client.disconnect().expect("joined");
    client.close(None);
    assert_eq!(
        client.statuses,
        [Connecting, Connected, Reconnecting, Connected, Disconnecting, NotConnected]
    );
    client.statuses = vec![NotConnected];
    client.connect().expect("idle");
    client.fail_info(FailureKind::Permanent);
    assert_eq!(client.statuses, [NotConnected, Connecting, Failed]);
}
