//! How fast one connection may signal.

use super::world::{Client, World, signal_data};
use crate::sessions::{Settings, SignalRate};
use otc_protocol::limits::REQUEST_WINDOW;
use serde_json::json;
use std::time::Duration;

fn world(per_second: u32, burst: u32) -> World {
    let signal_rate = SignalRate::new(per_second, Some(burst));
    assert!(signal_rate.is_some());
    World::with(Settings { signal_rate, ..Settings::default() })
}

/// The status of a signal of this id.
fn signal(world: &World, client: &mut Client, id: &str) -> u16 {
    client.call(world, "signal", &format!("/signal/{id}"), json!({ "data": id })).0
}

#[test]
fn who_is_too_fast_is_told_so_and_nobody_else_is_hindered() {
    let mut world = world(2, 4);
    let (mut a, mut b) = (world.join("a", "moderator|"), world.join("b", "publisher|"));
    a.listen(&world);
    for index in 0..4 {
        assert_eq!(signal(&world, &mut a, &index.to_string()), 200);
    }
    let (status, data) = a.call(&world, "signal", "/signal/x", json!({ "data": "too fast" }));
    let reason = data["reason"].as_str().expect("a reason");
    assert_eq!((status, reason.contains("2 in a second, and 4 at once")), (429, true), "{reason}");
    assert_eq!(a.call(&world, "signal", "/connection/b/signal/x", json!({})).0, 429, "to one, too");
    assert_eq!(signal(&world, &mut b, "of-b"), 200, "each has its own");
    let mute = json!({ "reason": "mute", "active": true });
    assert_eq!(a.call(&world, "update", "", mute).0, 200, "signals are what is counted");
    let content = otc_protocol::raptor::SignalContent::default();
    for _ in 0..10 {
        let signalled = world.registry.signal(world.time(), super::world::SESSION, None, content.clone());
        assert_eq!(signalled, Ok(()), "the application's server is not one of them");
    }
    world.pass(Duration::from_millis(500));
    assert_eq!(signal(&world, &mut a, "later"), 200);
    let heard = b.messages(&world);
    let of_a: Vec<_> = signal_data(&heard).into_iter().filter(|(from, _)| *from == "a").collect();
    assert_eq!(of_a, [("a", "0"), ("a", "1"), ("a", "2"), ("a", "3"), ("a", "later")]);
}

#[test]
fn a_refusal_that_was_lost_is_no_answer_for_ever() {
    let mut world = world(1, 1);
    let (mut a, mut b) = (world.join("a", "publisher|"), world.join("b", "publisher|"));
    assert_eq!(signal(&world, &mut a, "0"), 200);
    let transaction = a.new_transaction();
    let frame =
        a.request_frame(&transaction, &a.message("signal", "/signal/1", json!({ "data": "1" })), None);
    a.send(&world, frame.clone());
    assert_eq!(a.answer(&transaction).0, 429);
    a.cut(&world);
    world.pass(Duration::from_secs(1));
    a.open(&world, true);
    a.send(&world, frame.clone());
    assert_eq!(a.answer(&transaction).0, 200, "it was not carried out, and now it is");
    a.send(&world, frame);
    assert_eq!(a.answer(&transaction).0, 200);
    assert_eq!(signal_data(&b.messages(&world)), [("a", "0"), ("a", "1")], "once");
}

#[test]
fn who_sends_again_in_order_is_known_by_what_it_says_when_it_joins_and_after_a_restart() {
    let mut world = world(4, 4);
    let mut a = world.client("a");
    let capabilities = json!({ "capabilities": ["forceMute", "otcResendsInOrder"] });
    let message = a.message("create", "/connection/a", capabilities);
    a.join_with(&world, "publisher|", &message);
    let mut b = world.join("b", "publisher|");
    for restarted in [false, true] {
        if restarted {
            world.restart();
            for client in [&mut a, &mut b] {
                client.cut(&world);
                client.open(&world, true);
            }
        }
        for client in [&mut a, &mut b] {
            for index in 0..4 {
                assert_eq!(signal(&world, client, &index.to_string()), 200);
            }
            assert_eq!(signal(&world, client, "refused"), 429);
        }
        world.pass(Duration::from_secs(1));
        assert_eq!(signal(&world, &mut a, "behind-it"), 429, "it comes again after the refused one");
        assert_eq!(signal(&world, &mut b, "behind-it"), 200, "this one never sends again");
        for id in ["refused", "behind-it"] {
            assert_eq!(signal(&world, &mut a, id), 200);
        }
        world.pass(Duration::from_secs(1));
    }
}

/// What must not be sent again after a cut never comes again, and keeps no place.
#[test]
fn who_has_lost_all_that_was_refused_goes_on_after_a_cut() {
    for refused in [1, REQUEST_WINDOW] {
        let mut world = world(4, 4);
        let mut a = world.client("a");
        let capabilities = json!({ "capabilities": ["otcResendsInOrder"] });
        let message = a.message("create", "/connection/a", capabilities);
        a.join_with(&world, "publisher|", &message);
        for index in 0..4 {
            assert_eq!(signal(&world, &mut a, &index.to_string()), 200);
        }
        for index in 0..refused {
            assert_eq!(signal(&world, &mut a, &format!("fleeting-{index}")), 429);
        }
        a.cut(&world);
        world.pass(Duration::from_secs(1));
        a.open(&world, true);
        assert_eq!(signal(&world, &mut a, "new"), 200, "{refused} were refused before the cut");
    }
}
