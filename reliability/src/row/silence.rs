//! Connections that are open and carry nothing.

use super::{Plan, Row, TOLERANCE, conclude, span};
use crate::client::command::Until;
use crate::outcome::{Outcome, What};
use crate::proxy::Way;
use crate::world::{Path, SOON, World};
use otc_harness::Error;
use otc_protocol::limits::{CLIENT_SILENCE, SERVER_SILENCE};
use std::thread::sleep;
use std::time::Duration;

pub(super) const UP: Row = Row {
    name: "silence-up",
    what: "nothing reaches the server from two of four members, who still hear everything",
    quick: false,
    run: |plan, outcome| run(plan, outcome, &[Way::Up], SERVER_SILENCE),
};

pub(super) const DOWN: Row = Row {
    name: "silence-down",
    what: "nothing reaches two of four members, whom the server still hears",
    quick: true,
    run: |plan, outcome| run(plan, outcome, &[Way::Down], CLIENT_SILENCE),
};

pub(super) const BOTH: Row = Row {
    name: "silence-both",
    what: "two of four members are cut off without a word, as by a cable that is pulled",
    quick: false,
    run: |plan, outcome| run(plan, outcome, &[Way::Up, Way::Down], CLIENT_SILENCE),
};

/// Signals in a second and member: what the silent ones are owed must not pass the server's bound.
const RATE: u32 = 300;
fn run(plan: &Plan, outcome: &mut Outcome, ways: &[Way], noticed_after: Duration) -> Result<(), Error> {
    let rounds = if plan.quick { 1 } else { 2 };
    let mut world = World::new(plan, &[])?;
    world.gather([Path::Proxy, Path::Direct])?;
    world.noise_at(Some(RATE))?;
    let mut noticed: Vec<(f64, f64)> = Vec::new();
    for round in 1..=rounds {
        sleep(Duration::from_millis(world.roll(200, 1500)));
        let since = world.proxy.silence(ways);
        if !world.clients[0].comes(&Until::Left { times: round }, SOON)? {
            return Err("the silence was not noticed".into());
        }
        // Some tries to come back are in vain, too.
        sleep(Duration::from_millis(world.roll(0, 3000)));
        world.proxy.silence(&[]);
        world.until_back(0, round)?;
        let silent = world.accounts()?;
        let times = silent.iter().filter(|account| account.member < 2);
        let times = times.filter_map(|account| account.times(&What::Reconnecting).last().copied());
        noticed.extend(span(since, times));
        outcome.faults += 1;
    }
    let (least, most) = noticed.iter().fold((f64::MAX, 0.0), |(least, most), (first, last)| {
        (f64::min(least, *first), f64::max(most, *last))
    });
    outcome.notes.push(format!("Noticed after {least:.1} to {most:.1} s."));
    if most > noticed_after.as_secs_f64() + TOLERANCE {
        outcome.wrong.push(format!("noticed after {most:.1} s, not {:.1}", noticed_after.as_secs_f64()));
    }
    let accounts = conclude(&mut world, outcome)?;
    for account in accounts.iter().filter(|account| account.member >= 2) {
        if account.count(|what| *what == What::Reconnecting) > 0 {
            outcome.wrong.push(format!("member {} was not silent, and reconnected", account.member));
        }
    }
    Ok(())
}
