//! What rooms count is what is there, whatever has happened to it.

use super::world::{Client, World};
use crate::sessions::{Figure, Settings, SignalRate};
use otc_protocol::limits::{
    OWED_MESSAGE_COST, RELIEF_AFTER, RELIEF_EVERY, RESUME_GRACE, SERVER_SILENCE, SHARE_BYTES,
};
use serde_json::json;
use std::time::Duration;

/// How many members there are, how many of them are away, and what they are owed.
fn now(world: &World) -> [u64; 4] {
    let figures = [Figure::Members, Figure::MembersAway, Figure::OwedMessages, Figure::OwedBytes];
    figures.map(|figure| world.registry.tally().get(figure))
}

#[test]
fn gauges_follow_cuts_returns_silence_restarts_and_ends() {
    let mut world = World::new();
    let (mut a, mut b) = (world.join("a", "publisher|"), world.join("b", "publisher|"));
    a.listen(&world);
    b.listen(&world);
    assert_eq!(now(&world), [2, 0, 0, 0]);
    assert_eq!(world.registry.tally().messages_bytes(), 0, "nobody has any of them any more");
    b.cut(&world);
    a.signal(&world, "x");
    a.listen(&world);
    let [members, away, messages, bytes] = now(&world);
    assert_eq!((members, away, messages), (2, 1, 1));
    let weight = usize::try_from(bytes).unwrap() + 2 * OWED_MESSAGE_COST;
    assert_eq!(world.registry.tally().messages_bytes(), weight, "the message, and its place");

    world.restart();
    assert_eq!(now(&world), [2, 2, 1, bytes], "as an earlier server has left it");
    assert_eq!(world.registry.tally().messages_bytes(), weight);
    b.open(&world, true);
    assert_eq!(now(&world)[1], 1);
    b.listen(&world);
    assert_eq!(now(&world), [2, 1, 0, 0]);
    assert_eq!(world.registry.tally().get(Figure::Resumes), 1);
    world.pass(SERVER_SILENCE + Duration::from_secs(1));
    assert_eq!(now(&world)[1], 2, "one was never there, the other one is silent");
    world.pass(RESUME_GRACE);
    assert_eq!(now(&world), [0; 4]);
    assert_eq!(world.registry.tally().get(Figure::Dropped), 2);
    assert_eq!(world.registry.tally().get(Figure::Sessions), 0);
    assert_eq!(world.registry.tally().messages_bytes(), 0);
}

#[test]
fn signals_count_once_each_and_by_what_became_of_them() {
    let signal_rate = SignalRate::new(1, Some(2));
    let world = World::with(Settings { signal_rate, ..Settings::default() });
    let (mut a, mut b) = (world.join("a", "publisher|"), world.join("b", "subscriber|"));
    for expected in [200, 200, 429] {
        assert_eq!(a.call(&world, "signal", "/signal/s", json!({"data": "x"})).0, expected);
    }
    assert_eq!(b.call(&world, "signal", "/signal/s", json!({"data": "x"})).0, 403);
    let get = |figure| world.registry.tally().get(figure);
    assert_eq!((get(Figure::Signals), get(Figure::Deliveries)), (2, 4));
    assert_eq!((get(Figure::SignalsTooOften), get(Figure::SignalsForbidden)), (1, 1));
}

/// Nobody is owed more than may be in all; those who keep up are not ended for those who do not.
#[test]
fn too_much_for_all_ends_those_who_are_owed_the_most() {
    let world = World::with(Settings { messages_bytes: 4 * SHARE_BYTES, ..Settings::default() });
    let (mut talker, mut quick) = (world.join("talker", "publisher|"), world.join("quick", "publisher|"));
    let slow = world.join("slow", "publisher|");
    let data = "x".repeat(4000);
    let tally = world.registry.tally();
    let mut most = 0;
    for _ in 0..200 {
        talker.signal(&world, &data);
        talker.listen(&world);
        quick.listen(&world);
        most = most.max(tally.messages_bytes());
    }
    assert!(most < 5 * SHARE_BYTES, "{most} bytes");
    assert_eq!((tally.get(Figure::Overflowed), tally.get(Figure::Members)), (1, 2));
    assert_eq!(tally.get(Figure::Signals), 200);
    drop(slow);
}

/// Members of a session of their own who are owed so many signals, and show that they live.
fn hoarders(world: &World, many: usize, signals: usize) -> Vec<Client> {
    let mut hoarders: Vec<Client> =
        (0..many).map(|number| world.join(&format!("hoarder-{number}"), "publisher|")).collect();
    let mut talker = world.join("talker", "publisher|");
    for _ in 0..signals {
        talker.signal(world, &"x".repeat(4000));
        talker.listen(world);
    }
    hoarders.push(talker);
    hoarders
}

fn overflowed(world: &World) -> u64 {
    world.registry.tally().get(Figure::Overflowed)
}

/// Nobody tells them anything any more, so nobody but the clock would end them.
#[test]
fn silent_members_who_are_owed_the_most_are_ended_and_not_those_who_are_owed_less() {
    let mut world = World::with(Settings { messages_bytes: 64 * SHARE_BYTES, ..Settings::default() });
    let mut clients = hoarders(&world, 6, 740);
    let bytes = world.registry.tally().messages_bytes();
    assert!((56 * SHARE_BYTES..64 * SHARE_BYTES).contains(&bytes), "almost all of it: {bytes}");
    // More than an equal share, and far less than they are.
    let mut behind = world.join("behind", "publisher|");
    let mut talker = clients.pop().expect("the talker");
    for _ in 0..20 {
        talker.signal(&world, &"y".repeat(4000));
        talker.listen(&world);
    }
    assert_eq!(overflowed(&world), 0);
    world.pass(Duration::from_secs(1));
    assert_eq!((overflowed(&world), world.registry.tally().get(Figure::Members)), (6, 2));
    behind.listen(&world);
    assert_eq!(behind.call(&world, "signal", "/signal/s", json!({"data": "x"})).0, 200);
    drop(clients);
    talker.listen(&world);
    world.pass(2 * RELIEF_EVERY);
    assert_eq!(overflowed(&world), 6);
}

/// What keeps newcomers out ends by itself.
#[test]
fn members_who_acknowledge_nothing_keep_newcomers_out_for_a_while_only() {
    let mut world = World::with(Settings { messages_bytes: 64 * SHARE_BYTES, ..Settings::default() });
    let mut clients = hoarders(&world, 6, 650);
    let bytes = world.registry.tally().messages_bytes();
    assert!((48 * SHARE_BYTES..56 * SHARE_BYTES).contains(&bytes), "three quarters of it: {bytes}");
    let mut all: Vec<&mut Client> = clients.iter_mut().collect();
    world.pass_with(RELIEF_AFTER / 2, &mut all);
    assert_eq!(overflowed(&world), 0);
    world.pass_with(RELIEF_AFTER, &mut all);
    assert_eq!((overflowed(&world), world.registry.tally().get(Figure::Members)), (6, 1));
    drop(clients.drain(..6));
    assert!(world.registry.tally().messages_bytes() < 40 * SHARE_BYTES);
    world.pass(RELIEF_EVERY);
    assert!(world.registry.next_wake().is_none_or(|due| due > world.time().now + Duration::from_millis(1)));
}
