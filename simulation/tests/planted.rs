//! Known bugs are planted, and the simulation must find each of them: `cargo test -p otc-simulation --features planted`.
#![cfg(feature = "planted")]

use otc::planted::Bug as ClientBug;
use otc_server::planted::Bug as ServerBug;
use otc_simulation::{Failure, run};

/// Seeds in which a bug must show.
const WITHIN: u64 = 500;

/// The first seed that finds the bug; the same seed finds nothing without it.
fn caught(name: &str, plant: impl Fn(bool)) -> Failure {
    plant(true);
    let found = (0..WITHIN).find_map(|seed| run(seed).err());
    plant(false);
    let Some(failure) = found else { panic!("{name}: not found within {WITHIN} seeds") };
    println!("{name}: found by {failure}");
    if let Err(failure) = run(failure.seed) {
        panic!("without a bug: {failure}");
    }
    failure
}

fn client(bug: ClientBug) -> Failure {
    caught(&format!("{bug:?}"), |planted| otc::planted::plant(planted.then_some(bug)))
}

fn server(bug: ServerBug) -> Failure {
    caught(&format!("{bug:?}"), |planted| otc_server::planted::plant(planted.then_some(bug)))
}

fn assert_says(failure: &Failure, words: &[&str]) {
    assert!(words.iter().any(|word| failure.what.contains(word)), "found by another invariant: {failure}");
}

#[test]
fn a_forgotten_duplicate_filter() {
    assert_says(&client(ClientBug::ForgetDuplicates), &["exactly once"]);
}

#[test]
fn an_acknowledgement_before_the_handling() {
    assert_says(&client(ClientBug::AcknowledgeFirst), &["exactly once", "rosters", "streams", "not told"]);
}

#[test]
fn a_replay_with_new_ids() {
    assert_says(&client(ClientBug::ReplayWithNewIds), &["carried out twice"]);
}

#[test]
fn an_outbox_that_the_second_cut_empties() {
    assert_says(&client(ClientBug::DropOutbox), &["delivered or reported"]);
}

#[test]
fn duplicates_that_are_not_acknowledged() {
    assert_says(&client(ClientBug::IgnoreDuplicates), &["replayed", "come to rest"]);
}

#[test]
fn giving_up_at_the_second_cut() {
    assert_says(&client(ClientBug::GiveUp), &["gives up because of"]);
}

#[test]
fn not_giving_up_in_time() {
    assert_says(&client(ClientBug::StayAway), &["not give up after its window"]);
}

#[test]
fn an_unknown_socket_that_is_taken_for_a_new_one() {
    assert_says(&server(ServerBug::UnknownIsNew), &["a server that does not know it", "rosters"]);
}

#[test]
fn answers_that_are_forgotten() {
    assert_says(&server(ServerBug::ForgetAnswers), &["exactly once"]);
}

#[test]
fn a_late_close_that_ends_the_new_socket() {
    assert_says(
        &server(ServerBug::LateCloseCounts),
        &["rosters", "seen leaving", "come to rest", "exactly once", "the server ended"],
    );
}

#[test]
fn answers_that_are_not_handed_over() {
    assert_says(&server(ServerBug::KeepAnswers), &["carried out twice", "exactly once"]);
}

#[test]
fn a_yes_after_the_sessions_were_handed_over() {
    assert_says(&server(ServerBug::SayYesTooLate), &["exactly once"]);
}

#[test]
fn others_that_are_sent_after_a_refusal() {
    assert_says(&client(ClientBug::SendOn), &["order:"]);
}

#[test]
fn a_refusal_that_later_signals_overtake() {
    assert_says(&server(ServerBug::RefuseAlone), &["order:"]);
}
