//! Leaving, and being made to leave (`wire.md §3.6`, `§5.3`).

use super::Client;
use super::client::{Did, S, Sent, codes, info};
use crate::session::{DisconnectReason, Event, FailureKind, Status};
use otc_protocol::limits::REQUEST_WINDOW;
use serde_json::json;

const LEFT: Event = Event::Disconnected(DisconnectReason::ClientDisconnected);

fn end_of_own_connection(reason: &str, me: &str) -> serde_json::Value {
    json!({"method": "deleted", "uri": format!("{S}/connection/{me}"), "reason": reason, "content": {}})
}

#[test]
fn a_joined_client_says_goodbye() {
    let mut client = Client::joined();
    client.disconnect().expect("joined");
    assert_eq!(client.take(), [Did::Sent(Sent::Leave), Did::Closed]);
    assert_eq!(client.engine.status(), Status::Disconnecting);
    client.disconnect().expect("a second time changes nothing");
    assert_eq!(client.take(), []);
    client.close(None);
    assert_eq!(client.take(), [Did::Told(LEFT)]);
    assert_eq!(client.engine.status(), Status::NotConnected);
    assert_eq!(client.engine.disconnect_reason(), DisconnectReason::ClientDisconnected);
    assert_eq!(client.disconnect().expect_err("left").code.code(), 1010);
    assert_eq!(client.engine.connection(), None);
}

#[test]
fn accepted_signals_go_out_before_the_goodbye() {
    let mut client = Client::joined();
    for index in 0..3000 {
        client.signal(&index.to_string());
    }
    client.disconnect().expect("joined");
    assert_eq!(client.try_signal("late", true).expect_err("leaving").code.code(), 1010);
    let mut sent = Vec::new();
    let mut news = client.take();
    while news.last() != Some(&Did::Closed) {
        let batch: Vec<_> = news.iter().filter_map(super::client::sent_signal).collect();
        assert!(batch.len() <= REQUEST_WINDOW, "within the window, as always");
        for (transaction, data) in batch {
            client.pass_ms(1);
            client.status(&transaction, if data == "7" { 403 } else { 200 }, &json!({}));
            sent.push(data);
        }
        news = client.take();
    }
    assert!(sent == (0..3000).map(|index| index.to_string()).collect::<Vec<_>>());
    assert_eq!(news[news.len() - 2..], [Did::Sent(Sent::Leave), Did::Closed]);
}

#[test]
fn what_the_server_refuses_while_leaving_is_told() {
    let mut client = Client::joined();
    client.signal("x");
    let transaction = client.signals_sent()[0].0.clone();
    client.disconnect().expect("joined");
    client.status(&transaction, 403, &json!({"reason": "no"}));
    let news = client.take();
    assert!(
        matches!(&news[..], [Did::Told(Event::SignalFailed(_)), Did::Sent(Sent::Leave), Did::Closed]),
        "{news:?}"
    );
}

#[test]
fn a_cut_while_leaving_is_the_end() {
    let mut client = Client::joined();
    client.signal("x");
    client.disconnect().expect("joined");
    client.take();
    client.close(None);
    let events = client.events();
    assert_eq!(codes(&events).iter().map(|code| code.code()).collect::<Vec<_>>(), [1550]);
    assert_eq!(events.last(), Some(&LEFT));
}

#[test]
fn who_leaves_over_a_new_socket_that_has_said_nothing_does_not_come_back_first() {
    let mut client = Client::joined();
    client.close(None);
    client.signal("x");
    client.open();
    client.take();
    client.disconnect().expect("joined");
    let news = client.take();
    assert!(
        matches!(&news[..], [Did::Told(Event::SignalFailed(_)), Did::Sent(Sent::Leave), Did::Closed]),
        "{news:?}"
    );
    client.pong();
    assert_eq!((client.take(), client.engine.status()), (vec![], Status::Disconnecting));
    client.close(None);
    assert_eq!(client.events(), [LEFT]);
}

#[test]
fn answers_and_goodbye_get_two_seconds_each() {
    let mut client = Client::joined();
    client.signal("x");
    client.disconnect().expect("joined");
    client.take();
    client.pass_ms(1999);
    assert_eq!(client.events(), [], "the answer may still come");
    client.pass_ms(1);
    let news = client.take();
    assert!(news.contains(&Did::Sent(Sent::Leave)) && news.last() == Some(&Did::Closed), "{news:?}");
    let told = news.iter().filter(|did| matches!(did, Did::Told(Event::SignalFailed(_)))).count();
    assert_eq!(told, 1, "nothing is known of the signal");
    client.pass_ms(1999);
    assert_eq!(client.take(), []);
    client.pass_ms(1);
    assert_eq!(client.take(), [Did::Abandoned, Did::Told(LEFT)]);
}

#[test]
fn frames_that_come_while_leaving_are_not_told() {
    let mut client = Client::joined();
    client.disconnect().expect("joined");
    client.take();
    client.hear_signal("t", "", &json!({}));
    client.receive(b"garbage");
    assert_eq!(client.take(), []);
}

#[test]
fn disconnect_in_every_phase_of_connecting() {
    let steps: [fn(&mut Client); 5] = [
        |_| {},
        |client| client.answer_info(503, b""),
        |client| client.answer_info(200, info().to_string().as_bytes()),
        |client| {
            client.reach_socket();
            client.close(None);
        },
        |client| {
            client.reach_socket();
            client.status(&client.create_transaction(), 503, &json!({}));
        },
    ];
    for step in steps {
        let mut client = Client::new();
        client.connect().expect("idle");
        step(&mut client);
        client.take();
        client.disconnect().expect("connecting");
        assert_eq!(client.take(), [Did::Abandoned, Did::Told(LEFT)]);
        assert_eq!(client.engine.deadline(), None);
        client.answer_info(200, info().to_string().as_bytes());
        client.open();
        client.pass_ms(60_000);
        assert_eq!(client.take(), [], "it is over");
        client.join();
    }
}

#[test]
fn disconnect_with_a_socket_that_has_not_joined() {
    let mut client = Client::new();
    client.connect().expect("idle");
    client.reach_socket();
    client.take();
    client.disconnect().expect("connecting");
    assert_eq!(client.take(), [Did::Sent(Sent::Leave), Did::Closed]);
    client.close(None);
    assert_eq!(client.events(), [LEFT]);
}

#[test]
fn disconnect_while_away() {
    let mut client = Client::joined();
    client.signal("x");
    client.close(None);
    client.take();
    client.disconnect().expect("coming back");
    let events = client.events();
    assert_eq!(
        codes(&events).iter().map(|code| code.code()).collect::<Vec<_>>(),
        [1550],
        "the signal may have arrived"
    );
    assert_eq!(events.last(), Some(&LEFT));

    let mut client = Client::joined();
    client.close(None);
    client.fail_open(FailureKind::Unreachable);
    client.take();
    client.disconnect().expect("pausing");
    assert_eq!(client.take(), [Did::Abandoned, Did::Told(LEFT)]);

    let mut client = Client::joined();
    client.close(None);
    client.open();
    client.take();
    client.disconnect().expect("nearly back");
    assert_eq!(client.take(), [Did::Sent(Sent::Leave), Did::Closed]);
}

#[test]
fn being_sent_away() {
    for (reason, expected) in [
        ("forceDisconnected", DisconnectReason::ForceDisconnected),
        ("clientDisconnected", DisconnectReason::ClientDisconnected),
        ("somethingNew", DisconnectReason::ForceDisconnected),
    ] {
        let mut client = Client::joined();
        let me = client.me.clone();
        client.message("t", "", &end_of_own_connection(reason, &me));
        let news = client.take();
        let ack = Did::Sent(Sent::Ack { transaction: "t".into(), to: vec![String::new()], from: me });
        assert_eq!(news, [ack, Did::Closed, Did::Told(Event::Disconnected(expected))], "{reason}");
        assert_eq!(client.engine.disconnect_reason(), expected);
        client.close(Some(1000));
        client.pass_ms(60_000);
        assert_eq!(client.take(), [], "it does not come back");
        client.join();
        assert_eq!(client.engine.disconnect_reason(), DisconnectReason::None);
    }
}

#[test]
fn being_sent_away_for_a_lost_network() {
    let mut client = Client::joined();
    let me = client.me.clone();
    client.signal("x");
    client.take();
    client.message("t", "", &end_of_own_connection("networkDisconnected", &me));
    let events = client.events();
    assert_eq!(codes(&events).iter().map(|code| code.code()).collect::<Vec<_>>(), [1550, 1022]);
    assert_eq!(events.last(), Some(&Event::Disconnected(DisconnectReason::NetworkDisconnected)));
}

#[test]
fn unanswered_signals_of_one_who_is_sent_away_are_reported() {
    let mut client = Client::joined();
    let me = client.me.clone();
    client.signal("a");
    client.signal("b");
    client.take();
    client.message("t", "", &end_of_own_connection("forceDisconnected", &me));
    assert_eq!(client.errors().iter().map(|code| code.code()).collect::<Vec<_>>(), [1550, 1550]);
}

#[test]
fn who_leaves_on_the_way_back_is_leaving_all_the_way() {
    let mut client = Client::joined();
    client.close(None);
    client.open();
    client.signal("one");
    client.disconnect().expect("joined");
    client.pong();
    let (transaction, _) = client.requests().pop().expect("the signal");
    client.status(&transaction, 200, &json!({}));
    client.close(None);
    let there = [Status::Reconnecting, Status::Disconnecting, Status::NotConnected];
    assert_eq!(client.statuses[client.statuses.len() - 3..], there);
}
