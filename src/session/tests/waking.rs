//! Clocks that jump: a laptop that slept, with a clock that ran on or one that stood still, and clocks that go back.

use super::Client;
use super::client::{Did, Sent, config, info};
use crate::session::{Config, Event, FailureKind, Input, Status};
use otc_protocol::Moment;
use otc_protocol::limits::{OUTBOX_SIGNALS, REQUEST_WINDOW_AFTER_CUT};
use serde_json::json;
use std::time::Duration;

const HOURS: Duration = Duration::from_secs(5 * 60 * 60);

/// The machine sleeps: nothing happens, and on waking the clock has run on. The timer rings, once.
fn sleep(client: &mut Client) {
    client.now = client.now + HOURS;
    client.handle(Input::Timer);
}

/// The clock goes back; the driver has woken the engine before and does so after.
fn step_back(client: &mut Client, duration: Duration) {
    client.handle(Input::Timer);
    client.now = Moment::ZERO + (client.now - Moment::ZERO).saturating_sub(duration);
    client.handle(Input::Timer);
}

fn dials(news: &[Did]) -> usize {
    news.iter().filter(|did| matches!(did, Did::Dialed { .. })).count()
}

/// What 1022 or the like ends with, told at once.
fn ended(news: &[Did]) -> Option<i32> {
    news.iter().find_map(|did| match did {
        Did::Told(Event::Error { code, .. }) => Some(code.code()),
        _ => None,
    })
}

#[test]
fn while_connected_the_way_back_begins_at_once_and_once() {
    let mut client = Client::joined();
    sleep(&mut client);
    let news = client.take();
    assert!(
        matches!(&news[..], [Did::Abandoned, Did::Told(Event::Reconnecting), Did::Dialed { .. }]),
        "{news:?}"
    );
    client.open();
    client.pong();
    assert_eq!(client.events(), [Event::Reconnected]);
    // Or the server has forgotten it meanwhile.
    sleep(&mut client);
    client.open();
    client.close(Some(1011));
    assert_eq!(ended(&client.take()), Some(1022));
}

#[test]
fn what_had_arrived_before_the_timer_rings_proves_life() {
    let mut client = Client::joined();
    client.now = client.now + HOURS;
    client.pong();
    client.handle(Input::Timer);
    let news = client.take();
    assert_eq!(news, [Did::Sent(Sent::Ping)], "the socket has survived, as on a clock that stood still");
}

#[test]
fn while_connected_with_a_full_outbox_nothing_is_lost_and_nothing_floods() {
    let mut client = Client::joined();
    for index in 0..OUTBOX_SIGNALS {
        client.signal(&index.to_string());
    }
    client.take();
    sleep(&mut client);
    assert_eq!(dials(&client.take()), 1);
    assert_eq!(client.engine.queued_signals(), OUTBOX_SIGNALS);
    client.open();
    client.pong();
    let mut sent = client.signals_sent();
    assert_eq!(sent.len(), REQUEST_WINDOW_AFTER_CUT);
    let mut data: Vec<String> = Vec::new();
    while !sent.is_empty() {
        for (transaction, text) in sent.drain(..) {
            client.status(&transaction, 200, &json!({}));
            data.push(text);
        }
        sent = client.signals_sent();
    }
    assert!(data == (0..OUTBOX_SIGNALS).map(|index| index.to_string()).collect::<Vec<_>>());
}

#[test]
fn while_away_the_window_has_ended_and_that_is_told_at_once() {
    let ways: [fn(&mut Client); 3] =
        [|_| {}, |client| client.fail_open(FailureKind::Unreachable), Client::open];
    for way in ways {
        let mut client = Client::joined();
        client.close(None);
        client.signal("waits");
        way(&mut client);
        client.take();
        sleep(&mut client);
        let news = client.take();
        assert_eq!((ended(&news), dials(&news)), (Some(1022), 0));
        assert!(matches!(news.last(), Some(Did::Told(Event::Disconnected(_)))), "{news:?}");
        let failed = news.iter().filter(|did| matches!(did, Did::Told(Event::SignalFailed(_)))).count();
        assert_eq!(failed, 1);
    }
}

#[test]
fn while_away_in_a_longer_window_it_goes_on_with_one_try() {
    let mut client = Client::with(Config { reconnect_window: 2 * HOURS, ..config() }, 1);
    client.join();
    client.close(None);
    client.fail_open(FailureKind::Unreachable);
    client.take();
    sleep(&mut client);
    assert_eq!(dials(&client.take()), 1);
    sleep(&mut client);
    assert_eq!(ended(&client.take()), Some(1022));
}

#[test]
fn while_connecting_it_is_reported_or_goes_on_at_once() {
    type Stage = (fn(&mut Client), Option<i32>);
    let stages: [Stage; 4] = [
        (|_| {}, Some(1020)),
        (|client| client.answer_info(200, info().to_string().as_bytes()), Some(1021)),
        (Client::reach_socket, Some(1021)),
        // In the pause before the second attempt, which then begins.
        (|client| client.fail_info(FailureKind::Unreachable), None),
    ];
    for (reach, code) in stages {
        let mut client = Client::new();
        client.connect().expect("idle");
        reach(&mut client);
        client.take();
        sleep(&mut client);
        let news = client.take();
        assert_eq!(ended(&news), code, "{news:?}");
        let asked = news.iter().filter(|did| matches!(did, Did::Asked { .. })).count();
        assert_eq!(asked, usize::from(code.is_none()));
    }
}

#[test]
fn while_the_application_keeps_it_from_reading_silence_does_not_count() {
    let mut client = Client::joined();
    client.handle(Input::Reading(false));
    sleep(&mut client);
    assert_eq!(client.take(), [Did::Sent(Sent::Ping)], "one, not one for every two seconds of the night");
    client.handle(Input::Reading(true));
    client.pass_ms(5_899);
    assert_eq!(client.events(), []);
    client.pass_ms(1);
    assert_eq!(client.events(), [Event::Reconnecting], "from then on it does");
}

#[test]
fn while_leaving_it_is_over_at_once() {
    let mut client = Client::joined();
    client.signal("unanswered");
    client.disconnect().expect("joined");
    client.take();
    sleep(&mut client);
    sleep(&mut client);
    assert!(client.take().iter().any(|did| matches!(did, Did::Told(Event::Disconnected(_)))));
    assert_eq!(client.engine.status(), Status::NotConnected);
}

#[test]
fn after_a_clock_that_stood_still_a_dead_network_is_noticed_within_six_seconds() {
    // For the engine nothing has happened; the network has gone without a word.
    let mut client = Client::joined();
    client.pass_ms(1_000);
    client.pass_ms(5_000);
    assert_eq!(client.events(), [Event::Reconnecting]);
}

#[test]
fn a_thousand_that_wake_together_ask_for_one_dial_each() {
    let mut dialed = 0;
    for seed in 0..=u8::MAX {
        let mut clients: Vec<Client> = (0..4)
            .map(|_| {
                let mut client = Client::with(config(), seed);
                client.join();
                client.has_turns = false;
                client
            })
            .collect();
        for client in &mut clients {
            sleep(client);
            // No turn comes for a while: nothing else happens, and nothing is given up.
            client.pass_ms(20_000);
            dialed += dials(&client.take());
            assert_eq!(client.engine.status(), Status::Reconnecting);
        }
    }
    assert_eq!(dialed, 4 * 256);
}

#[test]
fn a_clock_that_goes_back_delays_nothing() {
    let back = Duration::from_secs(3 * 60 * 60);
    let mut client = Client::new();
    client.now = client.now + back + back;
    client.join();
    client.pass_ms(1_500);
    step_back(&mut client, back);
    assert_eq!(client.take(), []);
    client.pass_ms(500);
    assert_eq!(client.take(), [Did::Sent(Sent::Ping)], "two seconds after the last frame, as ever");
    client.pong();
    client.pass_ms(5_900);
    assert_eq!(client.events(), [Event::Reconnecting]);
    client.pass_ms(10_000);
    step_back(&mut client, back);
    client.pass_ms(19_999);
    assert_eq!(client.engine.status(), Status::Reconnecting);
    client.pass_ms(1);
    assert_eq!(client.engine.status(), Status::NotConnected, "the window is as long as ever");
}

#[test]
fn time_that_runs_wild_ends_no_program() {
    let mut client = Client::joined();
    client.is_replayed = false;
    let end = u64::MAX >> 1;
    let wild = [0, end, 1, end / 2, 0, end, 1_000_000, 0];
    for (round, micros) in wild.into_iter().cycle().take(200).enumerate() {
        client.now = Moment::from_micros(micros);
        match round % 5 {
            0 => drop(client.try_signal("x", round % 2 == 0)),
            1 => client.pong(),
            2 => client.open(),
            3 => client.close(None),
            _ => {}
        }
        client.handle(Input::Timer);
    }
}
