//! The heart-beat (`wire.md §3.4`).

use super::Client;
use super::client::{Did, Sent};
use crate::session::{Event, Input, Status};
use serde_json::json;

#[test]
fn a_ping_goes_out_after_two_quiet_seconds_and_only_then() {
    let mut client = Client::joined();
    client.pass_ms(1999);
    assert_eq!(client.take(), []);
    client.pass_ms(1);
    assert_eq!(client.take(), [Did::Sent(Sent::Ping)]);
    client.pong();
    client.pass_ms(1500);
    client.signal("x");
    client.take();
    client.pass_ms(1999);
    assert_eq!(client.take(), [], "whatever is sent counts");
    client.pass_ms(1);
    assert_eq!(client.take(), [Did::Sent(Sent::Ping)]);
}

#[test]
fn an_acknowledgement_counts_as_sent() {
    let mut client = Client::joined();
    client.pass_ms(1500);
    client.hear_signal("t", "", &json!({}));
    client.take();
    client.pass_ms(1999);
    assert_eq!(client.take(), []);
}

#[test]
fn pings_go_on_for_an_hour() {
    let mut client = Client::joined();
    for _ in 0..1800 {
        client.pass_ms(2000);
        client.pong();
    }
    let news = client.take();
    assert_eq!(news.len(), 1800);
    assert!(news.iter().all(|did| *did == Did::Sent(Sent::Ping)));
}

#[test]
fn silence_of_six_seconds_is_a_cut() {
    let mut client = Client::joined();
    client.pass_ms(5899);
    assert!(client.events().is_empty());
    client.pass_ms(1);
    let news = client.take();
    assert!(
        matches!(&news[..], [Did::Abandoned, Did::Told(Event::Reconnecting), Did::Dialed { .. }]),
        "{news:?}"
    );
}

#[test]
fn any_frame_is_a_sign_of_life() {
    let pong = otc_protocol::envelope::pong().to_vec();
    let unknown_kind = vec![0, 0, 0, 5, 0, 0, 99, 0, 0];
    let malformed = b"garbage".to_vec();
    for frame in [pong, unknown_kind, malformed, Vec::new()] {
        let mut client = Client::joined();
        client.pass_ms(5000);
        client.receive(&frame);
        client.pass_ms(5899);
        assert_eq!(client.engine.status(), Status::Connected, "{frame:?}");
        client.pass_ms(1);
        assert_eq!(client.engine.status(), Status::Reconnecting, "{frame:?}");
    }
}

#[test]
fn silence_does_not_count_while_nothing_is_read() {
    let mut client = Client::joined();
    client.pass_ms(3000);
    client.handle(Input::Reading(false));
    client.take();
    client.pass_ms(60_000);
    let news = client.take();
    assert_eq!(client.engine.status(), Status::Connected);
    assert!(
        news.len() >= 29 && news.iter().all(|did| *did == Did::Sent(Sent::Ping)),
        "the heart-beat goes on: {news:?}"
    );
    client.handle(Input::Reading(true));
    client.pass_ms(5899);
    assert_eq!(client.engine.status(), Status::Connected, "patience begins anew");
    client.pass_ms(1);
    assert_eq!(client.engine.status(), Status::Reconnecting);
}

#[test]
fn a_driver_that_does_not_read_says_so_once_and_is_believed_on_the_next_socket_too() {
    let mut client = Client::joined();
    client.handle(Input::Reading(false));
    client.close(None);
    client.open();
    client.pass_ms(20_000);
    let sockets = client.dials();
    assert_eq!(sockets.len(), 1, "the new socket is not dropped for a silence that nobody could have heard");
    client.handle(Input::Reading(true));
    client.pong();
    assert_eq!(client.engine.status(), Status::Connected);
}

#[test]
fn the_heart_beats_while_joining() {
    let mut client = Client::new();
    client.connect().expect("idle");
    client.reach_socket();
    client.take();
    client.pass_ms(2000);
    assert_eq!(client.take(), [Did::Sent(Sent::Ping)]);
}

#[test]
fn a_timer_that_rings_early_changes_nothing() {
    let mut client = Client::joined();
    let deadline = client.engine.deadline();
    client.pass_ms(100);
    client.handle(Input::Timer);
    client.handle(Input::Timer);
    assert_eq!(client.take(), []);
    assert_eq!(client.engine.deadline(), deadline);
    assert_eq!(Client::new().engine.deadline(), None, "an idle session costs nothing");
}

#[test]
fn a_clock_that_stands_still_is_no_trouble() {
    let mut client = Client::joined();
    for round in 0..100 {
        client.pong();
        client.signal("x");
        client.close(None);
        client.open();
        client.hear_signal(&format!("t{round}"), "", &json!({}));
        if client.engine.status() != Status::Connected {
            let until = client.engine.deadline().expect("coming back");
            client.pass(until - client.now);
        }
    }
    assert_eq!(client.engine.queued_signals(), 100);
}
