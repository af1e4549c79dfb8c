//! A callback that does not return for a long time.

use super::{Plan, Row, conclude};
use crate::client::command::Command;
use crate::outcome::{Outcome, What};
use crate::world::{Path, World};
use otc_harness::Error;
use std::thread::sleep;
use std::time::Duration;

pub(super) const QUEUE: Row = Row {
    name: "queue-full",
    what: "a callback blocks for longer than all patience while the others send, so that its session's queue is full",
    quick: true,
    run,
};

/// Signals in a second and member.
const RATE: u32 = 400;

fn run(plan: &Plan, outcome: &mut Outcome) -> Result<(), Error> {
    let mut world = World::new(plan, &[])?;
    world.gather([Path::Direct, Path::Direct])?;
    world.noise_at(Some(RATE))?;
    let millis = world.roll(11_000, 13_000);
    world.clients[0].done(&Command::Block { millis })?;
    sleep(Duration::from_millis(millis));
    outcome.faults = 1;
    let accounts = conclude(&mut world, outcome)?;
    if accounts.iter().any(|account| account.count(|what| *what == What::Reconnecting) > 0) {
        outcome.wrong.push("a full queue is no reason to reconnect".to_owned());
    }
    Ok(())
}
