//! What the kernel does to connections: client and server are in network namespaces of their own.

use super::{Plan, Row, TOLERANCE, conclude, span};
use crate::client::command::Until;
use crate::namespace::{Filter, Namespaces};
use crate::outcome::{Outcome, What};
use crate::world::{Path, SOON, World};
use otc_harness::{Error, now};
use otc_protocol::limits::CLIENT_SILENCE;
use std::thread::sleep;
use std::time::Duration;

pub(super) const DROP: Row = Row {
    name: "packets-dropped",
    what: "the client's packet filter drops everything for a while",
    quick: true,
    run: |plan, outcome| {
        let [begin, end]: [Deed; 2] = [|spaces| spaces.filter(Filter::Drop), |spaces| spaces.pass()];
        run(plan, outcome, &Fault { begin, end, millis: (6500, 9000), at_once: false })
    },
};

pub(super) const RESET: Row = Row {
    name: "connections-reset",
    what: "the client's packet filter resets connections for a while, and refuses new ones",
    quick: true,
    run: |plan, outcome| {
        let [begin, end]: [Deed; 2] = [|spaces| spaces.filter(Filter::Reset), |spaces| spaces.pass()];
        run(plan, outcome, &Fault { begin, end, millis: (300, 3000), at_once: true })
    },
};

pub(super) const LINK: Row = Row {
    name: "link-down",
    what: "the client's network interface is down for a while",
    quick: false,
    run: |plan, outcome| {
        let [begin, end]: [Deed; 2] = [|spaces| spaces.link(false), |spaces| spaces.link(true)];
        run(plan, outcome, &Fault { begin, end, millis: (6500, 9000), at_once: false })
    },
};

pub(super) const ADDRESS: Row = Row {
    name: "address-changed",
    what: "the client's network interface gets another address, and loses the old one",
    quick: true,
    run: |plan, outcome| {
        let [begin, end]: [Deed; 2] = [Namespaces::change_address, |_| Ok(())];
        run(plan, outcome, &Fault { begin, end, millis: (0, 1000), at_once: false })
    },
};

pub(super) const MOVED: Row = Row {
    name: "interface-moved",
    what: "the client's network interface goes away, and comes back",
    quick: false,
    run: |plan, outcome| {
        let [begin, end]: [Deed; 2] = [|spaces| spaces.take_interface(), |spaces| spaces.give_interface()];
        run(plan, outcome, &Fault { begin, end, millis: (6500, 9000), at_once: false })
    },
};

/// Signals in a second and member: what those who are away are owed must not pass the server's bound.
const RATE: u32 = 300;

type Deed = fn(&mut Namespaces) -> Result<(), Error>;

/// What is done, and how long it lasts.
struct Fault {
    begin: Deed,
    end: Deed,
    /// At least, and at most.
    millis: (u64, u64),
    /// It is noticed when it happens, not when the patience of the client ends.
    at_once: bool,
}

fn run(plan: &Plan, outcome: &mut Outcome, fault: &Fault) -> Result<(), Error> {
    let spaces = match Namespaces::new() {
        Ok(spaces) => spaces,
        Err(why) => {
            outcome.not_here = Some(why.to_string());
            return Ok(());
        }
    };
    let mut world = World::apart(plan, spaces)?;
    world.gather([Path::Cable, Path::Direct])?;
    world.noise_at(Some(RATE))?;
    let rounds = if plan.quick { 1 } else { 3 };
    let mut noticed: Vec<(f64, f64)> = Vec::new();
    for round in 1..=rounds {
        sleep(Duration::from_millis(world.roll(200, 1000)));
        (fault.begin)(world.spaces()?)?;
        let since = now();
        sleep(Duration::from_millis(world.roll(fault.millis.0, fault.millis.1)));
        (fault.end)(world.spaces()?)?;
        if !world.clients[0].comes(&Until::Left { times: round }, SOON)? {
            return Err("nobody noticed".into());
        }
        world.until_back(0, round)?;
        let accounts = world.accounts()?;
        let away = accounts.iter().filter(|account| account.member < 2);
        noticed.extend(span(
            since,
            away.filter_map(|account| account.times(&What::Reconnecting).get(round - 1).copied()),
        ));
        outcome.faults += 1;
    }
    let last = noticed.iter().fold(0.0, |last, (_, most)| f64::max(last, *most));
    outcome.notes.push(format!("Noticed after {last:.1} s at most."));
    let patience = if fault.at_once { Duration::ZERO } else { CLIENT_SILENCE };
    if last > patience.as_secs_f64() + TOLERANCE {
        outcome.wrong.push(format!("noticed after {last:.1} s"));
    }
    conclude(&mut world, outcome).map(drop)
}
