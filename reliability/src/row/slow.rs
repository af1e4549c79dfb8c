//! A link that is slow and far.

use super::{Plan, Row, conclude};
use crate::outcome::Outcome;
use crate::world::{Path, World};
use otc_harness::Error;
use std::thread::sleep;
use std::time::Duration;

pub(super) const SLOW: Row =
    Row { name: "slow", what: "a slow and distant link, which is cut now and then", quick: true, run };

/// Signals in a second and member: somewhat more than the link carries.
const RATE: u32 = 100;

fn run(plan: &Plan, outcome: &mut Outcome) -> Result<(), Error> {
    let rounds = if plan.quick { 3 } else { 10 };
    let mut world = World::new(plan, &[])?;
    world.gather([Path::Proxy, Path::Proxy])?;
    world.noise_at(Some(RATE))?;
    for _ in 0..rounds {
        let (delay, rate) = (world.roll(20, 400), world.roll(40_000, 200_000));
        world.proxy.slow(Duration::from_millis(delay), Some(rate));
        sleep(Duration::from_millis(world.roll(500, 3000)));
        world.proxy.cut_all();
    }
    world.proxy.slow(Duration::ZERO, None);
    outcome.faults = world.proxy.cuts();
    outcome.notes.push("20 to 400 ms, 40 to 200 KB/s.".to_owned());
    conclude(&mut world, outcome).map(drop)
}
