//! When coming back ends before the window does, and what the application is told of why.

use super::Client;
use super::client::{Did, S, codes, config};
use crate::session::{Config, DisconnectReason, Event, Failure, FailureKind, Input, Refusal, Secret, Status};
use otc_protocol::limits::{BACKOFF_FIRST, SAID_CHARS};
use serde_json::json;
use std::time::Duration;

/// A member whose connection is lost, and whose first try to come back is under way.
fn away(window: Duration) -> Client {
    let mut client = Client::with(Config { reconnect_window: window, ..config() }, 1);
    client.join();
    client.close(None);
    client.take();
    client
}

const WINDOW: Duration = Duration::from_secs(30);

/// The text of 1022, which is told just before the end and alone.
fn dropped(client: &mut Client) -> String {
    let events = client.events();
    let [Event::Error { code, text }, Event::Disconnected(DisconnectReason::NetworkDisconnected)] =
        events.as_slice()
    else {
        panic!("1022 and on_disconnected: {events:?}")
    };
    assert_eq!(code.code(), 1022);
    assert_eq!((client.engine.status(), client.engine.deadline()), (Status::NotConnected, None));
    text.clone()
}

fn fail_open(client: &mut Client, kind: FailureKind, text: &str) {
    let failure = Failure { kind, text: text.to_owned() };
    client.handle(Input::OpenFailed { attempt: client.attempt, failure });
}

#[test]
fn a_no_ends_it_at_once_and_says_whose() {
    for refusal in [Refusal::Forbidden, Refusal::Gone, Refusal::Login] {
        let mut client = away(WINDOW);
        fail_open(&mut client, FailureKind::Refused(refusal), "HTTP status 403 Forbidden: key\r\nsuspended");
        let text = dropped(&mut client);
        assert!(text.ends_with(": HTTP status 403 Forbidden: key  suspended"), "{text}");
        client.join();
    }
}

#[test]
fn a_no_comes_late_too() {
    let mut client = away(WINDOW);
    client.fail_open(FailureKind::Unreachable);
    client.pass(BACKOFF_FIRST);
    client.take();
    client.fail_open(FailureKind::Refused(Refusal::Gone));
    dropped(&mut client);
}

#[test]
fn what_a_server_says_is_bounded() {
    let mut client = away(WINDOW);
    fail_open(&mut client, FailureKind::Refused(Refusal::Gone), &"long ".repeat(SAID_CHARS));
    assert!(dropped(&mut client).chars().count() < SAID_CHARS + 100);
}

#[test]
fn everything_else_is_tried_again_a_certificate_too() {
    // Behind the sign-in page of a Wi-Fi, with a certificate of its own, is the server.
    // A router says 404 while its server is being replaced.
    let missing = FailureKind::Refused(Refusal::Missing);
    for kind in [FailureKind::Unreachable, FailureKind::Permanent, missing, FailureKind::Busy(Duration::ZERO)]
    {
        let mut client = away(WINDOW);
        client.fail_open(kind);
        client.pass(BACKOFF_FIRST);
        assert_eq!(client.dials().len(), 1, "{kind:?}");
        client.open();
        client.pong();
        assert_eq!(client.events(), [Event::Reconnected], "{kind:?}");
    }
}

#[test]
fn a_server_without_time_is_left_alone_within_the_window() {
    let mut client = away(WINDOW);
    client.fail_open(FailureKind::Busy(Duration::from_secs(7)));
    client.take();
    client.pass_ms(6_999);
    assert_eq!(client.take(), [], "not earlier");
    client.pass(BACKOFF_FIRST + Duration::from_millis(1));
    assert_eq!(client.dials().len(), 1);
    // Longer than the window: there is nothing to be done but to wait for its end.
    client.fail_open(FailureKind::Busy(Duration::from_secs(3600)));
    client.take();
    client.pass(WINDOW);
    let text = dropped(&mut client);
    assert!(text.contains("in time: "), "{text}");
}

#[test]
fn those_that_were_asked_for_the_same_pause_do_not_come_at_the_same_time() {
    let mut times: Vec<Duration> = (1..=20)
        .map(|seed| {
            let mut client = Client::with(config(), seed);
            client.join();
            client.close(None);
            client.fail_open(FailureKind::Busy(Duration::from_secs(5)));
            client.engine.deadline().expect("another try") - client.now
        })
        .collect();
    times.sort();
    times.dedup();
    assert!(times.len() > 15 && times[0] >= Duration::from_secs(5), "{times:?}");
}

/// Lets the window end after `last` has happened, and takes the text of 1022.
fn reason(last: impl FnOnce(&mut Client)) -> String {
    let mut client = away(Duration::from_secs(3));
    last(&mut client);
    client.take();
    client.pass(Duration::from_secs(3));
    dropped(&mut client)
}

#[test]
fn the_end_of_the_window_names_the_last_failure() {
    let begin = "The connection was lost and could not be restored in time";
    let refused = "h:443 cannot be reached: connection refused";
    let text = reason(|client| {
        fail_open(client, FailureKind::Unreachable, "no route");
        client.pass(BACKOFF_FIRST);
        fail_open(client, FailureKind::Unreachable, refused);
        // And then the next one hangs.
        client.pass(2 * BACKOFF_FIRST);
    });
    assert_eq!(text, format!("{begin}: {refused}"));
    assert_eq!(
        reason(|client| fail_open(client, FailureKind::Permanent, "TLS with h failed: invalid certificate")),
        format!("{begin}: TLS with h failed: invalid certificate")
    );
    assert_eq!(reason(Client::open), format!("{begin}: the server took a new socket and said nothing on it"));
    let closed = reason(|client| {
        client.open();
        client.close(Some(1012));
    });
    assert_eq!(closed, format!("{begin}: the server closed the socket (close code 1012)"));
}

#[test]
fn a_return_forgets_why_it_took_so_long() {
    let mut client = away(Duration::from_secs(3));
    fail_open(&mut client, FailureKind::Unreachable, "an old story");
    client.pass(BACKOFF_FIRST);
    client.open();
    client.pong();
    client.pass_ms(2500);
    client.pong();
    client.close(Some(1006));
    client.take();
    client.pass(Duration::from_secs(3));
    let text = dropped(&mut client);
    assert!(!text.contains("old story"), "{text}");
}

#[test]
fn a_close_for_good_names_its_code() {
    for code in [1003, 1011] {
        let mut client = away(WINDOW);
        client.open();
        client.close(Some(code));
        assert_eq!(
            dropped(&mut client),
            format!("The server ended this client's session (close code {code}).")
        );
    }
}

#[test]
fn on_reconnecting_is_told_once_through_failures_and_sockets_that_open_and_close() {
    let mut client = Client::joined();
    client.close(None);
    for round in 0..12 {
        if round % 2 == 0 {
            client.fail_open(FailureKind::Unreachable);
        } else {
            client.open();
            client.close(Some(1006));
        }
        let until = client.engine.deadline().expect("another try");
        client.pass(until - client.now);
    }
    client.open();
    client.pong();
    assert_eq!(client.events(), [Event::Reconnecting, Event::Reconnected]);
}

#[test]
fn the_window_is_measured_from_the_first_loss() {
    let mut client = Client::joined();
    client.close(None);
    let lost = client.now;
    client.take();
    while client.engine.status() == Status::Reconnecting {
        client.open();
        client.close(Some(1006));
        let until = client.engine.deadline().expect("another try, or the end");
        client.pass(until - client.now);
    }
    assert_eq!(client.now - lost, WINDOW);
    dropped(&mut client);
}

#[test]
fn who_learns_from_the_first_frame_that_it_is_over_has_not_come_back() {
    for (reason, expected) in [("forceDisconnected", vec![]), ("networkDisconnected", vec![1022])] {
        let mut client = away(WINDOW);
        client.open();
        client.take();
        let uri = format!("{S}/connection/{}", client.me);
        client.message("t", "", &json!({"method": "deleted", "uri": uri, "content": {}, "reason": reason}));
        let events = client.events();
        assert_eq!(codes(&events).iter().map(|code| code.code()).collect::<Vec<_>>(), expected);
        assert!(!events.contains(&Event::Reconnected), "{events:?}");
        assert!(matches!(events.last(), Some(Event::Disconnected(_))), "{events:?}");
    }
}

#[test]
fn a_new_connect_after_the_end_is_a_new_session() {
    let mut client = away(WINDOW);
    let old = client.me.clone();
    client.fail_open(FailureKind::Refused(Refusal::Gone));
    dropped(&mut client);
    client.try_handle(Input::Connect { token: Secret("T1==other".into()), api_url: None }).expect("idle");
    assert_ne!(client.me, old);
    let news = client.take();
    assert!(matches!(&news[..], [Did::Asked { token, .. }] if token == "T1==other"), "{news:?}");
}
