//! A session that waits for its turn to dial: who gives up does not wait for it, and takes nobody's.
//!
//! In a binary of its own: the rate is the process's.
#![allow(
    unsafe_code,
    clippy::undocumented_unsafe_blocks,
    reason = "the C API is called as C calls it: with what the test holds"
)]

mod common;

use common::program::{Heard, Program};
use common::wall::{Fate, Wall};
use common::world::World;
use otc::ffi::*;
use std::time::{Duration, Instant};

const SESSIONS: usize = 30;
const AT_ONCE: Duration = Duration::from_secs(2);

#[test]
fn who_gives_up_waits_for_no_turn_and_takes_none() {
    let world = World::new();
    let wall = Wall::before(world.server.addr());
    let mut herd: Vec<Program> = (0..SESSIONS).map(|_| world.member_at(&wall.url(), "").0).collect();
    assert_eq!(otc_set_dials_per_second(1), 0);
    let before = wall.connections();
    wall.sever_and(Fate::Pass);
    for program in &herd {
        program.wait_for(&Heard::Reconnecting);
    }
    let last = herd.pop().expect("many");

    let start = Instant::now();
    for (index, program) in herd.drain(..).enumerate() {
        if index % 2 == 0 {
            program.disconnect();
            // One that has just got its turn may be back by now.
            program.wait_for(&Heard::Disconnected);
        }
        program.delete();
    }
    assert!(start.elapsed() < 2 * AT_ONCE, "{:?} for all of them", start.elapsed());
    // Half a minute's worth of turns has not been used up: the last one is back within seconds.
    last.wait_for(&Heard::Reconnected);
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
    let dials = wall.connections() - before;
    assert!(dials < 15, "{dials} dials in {:?}", start.elapsed());

    // The same for one that has not been in yet, whose request for session info waits.
    let waiting: Vec<Program> = (0..5)
        .map(|_| {
            let program = world.program_at(&wall.url());
            program.connect(&world.token(""));
            program
        })
        .collect();
    let start = Instant::now();
    for program in waiting {
        program.delete();
    }
    assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
    assert_eq!(otc_set_dials_per_second(100), 0);
}
