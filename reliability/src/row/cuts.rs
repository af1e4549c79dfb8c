//! Connections that are cut at any byte.

use super::{Plan, Row, conclude};
use crate::outcome::Outcome;
use crate::world::{Path, SOON, World};
use otc_harness::Error;
use std::thread::sleep;
use std::time::{Duration, Instant};

pub(super) const CUTS: Row = Row {
    name: "cuts",
    what: "connections are cut at any byte, in both directions, while everybody sends as fast as it goes",
    quick: true,
    run,
};

/// How long one of the distances between cuts is kept to.
const SPELL: Duration = Duration::from_millis(100);

fn run(plan: &Plan, outcome: &mut Outcome) -> Result<(), Error> {
    let wanted = if plan.quick { 100 } else { 1000 };
    let mut world = World::new(plan, &[])?;
    world.gather([Path::Proxy, Path::Proxy])?;
    world.noise()?;
    let deadline = Instant::now() + SOON * 3;
    while world.proxy.cuts() < wanted && Instant::now() < deadline {
        // Now after many frames, now within the first ones or within the handshake. Not too often: each try that is in
        // vain makes the next one wait for longer, and who is away for too long is owed more than the server keeps.
        let most = if world.roll(0, 7) == 0 { world.roll(200, 8000) } else { 1 << world.roll(15, 20) };
        world.proxy.cut_after(Some(most));
        let refusing = world.roll(0, 19) == 0;
        world.proxy.refuse(refusing);
        sleep(SPELL);
    }
    world.proxy.refuse(false);
    world.proxy.cut_after(None);
    outcome.faults = world.proxy.cuts();
    if outcome.faults < wanted {
        outcome.wrong.push(format!("{} cuts instead of {wanted}", outcome.faults));
    }
    conclude(&mut world, outcome).map(drop)
}
