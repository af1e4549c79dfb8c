//! Processes that stand still for a while: SIGSTOP and SIGCONT.

use super::{Plan, Row, conclude, span, unreported};
use crate::client::command::{Command, Until};
use crate::ledger::Number;
use crate::outcome::{Account, Outcome, What};
use crate::world::{Path, SOON, World};
use otc_harness::{Error, now};
use otc_protocol::limits::SERVER_SILENCE;
use std::thread::sleep;
use std::time::Duration;

pub(super) const SERVER_SHORT: Row = Row {
    name: "server-frozen",
    what: "the server stands still for less than anybody's patience",
    quick: true,
    run: |plan, outcome| server(plan, outcome, 1000, 4500),
};

pub(super) const SERVER_LONG: Row = Row {
    name: "server-frozen-long",
    what: "the server stands still for longer than the patience of clients and its own",
    quick: false,
    run: |plan, outcome| server(plan, outcome, 11_000, 14_000),
};

pub(super) const CLIENT: Row = Row {
    name: "client-frozen",
    what: "one of two client processes stands still for longer than the server's patience, as in a short sleep",
    quick: true,
    run: client,
};

pub(super) const SUSPENDED: Row = Row {
    name: "client-suspended",
    what: "the same for longer than the server keeps its place; it connects anew",
    quick: false,
    run: suspended,
};

/// Signals in a second and member: what a frozen one is owed must not pass the server's bound.
const RATE: u32 = 300;
/// How soon a client must have come back, or said that it cannot, when it goes on.
const WITHIN: f64 = 5.0;

fn server(plan: &Plan, outcome: &mut Outcome, least: u64, most: u64) -> Result<(), Error> {
    let mut world = World::new(plan, &[])?;
    world.gather([Path::Direct, Path::Direct])?;
    world.noise()?;
    let is_long = least > 6000;
    let rounds = if is_long || plan.quick { 1 } else { 3 };
    for _ in 0..rounds {
        sleep(Duration::from_millis(world.roll(200, 1000)));
        world.server.process.freeze()?;
        sleep(Duration::from_millis(world.roll(least, most)));
        world.server.process.thaw()?;
        outcome.faults += 1;
    }
    if is_long {
        world.until(&Until::Returned { times: 1 }, SOON)?;
    }
    let accounts = conclude(&mut world, outcome)?;
    let away =
        accounts.iter().filter(|account| account.count(|what| *what == What::Reconnecting) > 0).count();
    let expected = if is_long { accounts.len() } else { 0 };
    if away != expected {
        outcome.wrong.push(format!("{away} members reconnected, not {expected}"));
    }
    Ok(())
}

fn client(plan: &Plan, outcome: &mut Outcome) -> Result<(), Error> {
    let mut world = World::new(plan, &[])?;
    world.gather([Path::Direct, Path::Direct])?;
    world.noise_at(Some(RATE))?;
    sleep(Duration::from_millis(world.roll(200, 1000)));
    let since = sleep_through(&mut world, Duration::from_millis(500))?;
    outcome.faults = 1;
    world.until_back(0, 1)?;
    let accounts = conclude(&mut world, outcome)?;
    awake(&accounts, since, &What::Reconnected, outcome);
    Ok(())
}

/// The server's grace here.
const GRACE: &str = "2";

fn suspended(plan: &Plan, outcome: &mut Outcome) -> Result<(), Error> {
    let mut world = World::new(plan, &["--grace-seconds", GRACE])?;
    world.gather([Path::Direct, Path::Direct])?;
    world.noise_at(Some(RATE))?;
    sleep(Duration::from_millis(world.roll(200, 1000)));
    let since = sleep_through(&mut world, Duration::from_millis(4500))?;
    outcome.faults = 1;
    if !world.clients[0].comes(&Until::Ended { times: 1 }, SOON)? {
        return Err("who was away for too long was not told so".into());
    }
    world.quiet()?;
    world.clients[0].done(&Command::Rejoin)?;
    world.together()?;
    world.noise_at(Some(RATE))?;
    sleep(Duration::from_secs(1));
    let accounts = world.settle()?;
    judge_suspended(&accounts, outcome);
    awake(&accounts, since, &What::Disconnected, outcome);
    Ok(())
}

/// Those who sleep.
fn sleeps(member: Number) -> bool {
    member < 2
}

/// While the sleepers are no members they are owed nothing, and nobody is owed what they said before.
fn judge_suspended(accounts: &[Account], outcome: &mut Outcome) {
    outcome.add_where(
        accounts,
        |addressee, stream| {
            if sleeps(stream.sender) { stream.life > 0 } else { !sleeps(addressee) }
        },
    );
    outcome.judge_order();
    outcome
        .notes
        .push("What was for the sleepers, and what they said before, is not counted as owed; what they said was heard or reported.".to_owned());
    if outcome.lost > 0 {
        outcome.wrong.push(format!("{} lost", outcome.lost));
    }
    // Whatever the sleepers had said, the others have heard it or they have been told.
    let witness = accounts.iter().find(|account| !sleeps(account.member));
    for (stream, index) in unreported(accounts) {
        let heard = witness.and_then(|witness| witness.heard.iter().find(|(heard, _)| *heard == stream));
        if !heard.is_some_and(|(_, heard)| heard.has(index)) {
            outcome.wrong.push(format!("{index} of {stream:?} was neither heard nor reported"));
        }
    }
    for account in accounts {
        let member = account.member;
        let gone: Vec<_> = account.notes.iter().filter(|note| matches!(note.what, What::Went(_))).collect();
        if sleeps(member) {
            let told: Vec<_> =
                account.notes.iter().map(|note| &note.what).filter(|what| is_end(what)).collect();
            if !matches!(told[..], [What::Error { code: DROPPED, .. }, What::Disconnected]) {
                outcome.wrong.push(format!("member {member} was told {told:?}"));
            }
            // What it was not there for is one gap in what each of the others said.
            for (stream, heard) in account.heard.iter().filter(|(stream, _)| !sleeps(stream.sender)) {
                let gap = heard.missing.first().zip(heard.missing.last());
                let width = gap.map_or(0, |(first, last)| last - first + 1);
                if width != heard.missing.len() as u64 {
                    outcome.wrong.push(format!("member {member} misses more than one piece of {stream:?}"));
                }
            }
        } else if gone.len() != 2 {
            outcome.wrong.push(format!("member {member} saw {} leave, not the two", gone.len()));
        }
    }
}

/// `OTC_CONNECTION_DROPPED`
const DROPPED: i32 = 1022;

fn is_end(what: &What) -> bool {
    matches!(what, What::Error { .. } | What::Disconnected)
}

/// Stops the first process for longer than the server's patience and `more`; the answer is when it went on.
fn sleep_through(world: &mut World, more: Duration) -> Result<u64, Error> {
    let client = &world.clients[0].process;
    client.freeze()?;
    sleep(SERVER_SILENCE + more);
    let since = now();
    client.thaw()?;
    Ok(since)
}

/// Notes how long those who had been asleep took to be told this.
fn awake(accounts: &[Account], since: u64, what: &What, outcome: &mut Outcome) {
    let sleepers = accounts.iter().filter(|account| sleeps(account.member));
    let times = sleepers.filter_map(|account| account.times(what).last().copied());
    match span(since, times) {
        Some((_, most)) => {
            outcome.notes.push(format!("Told {most:.2} s after it went on."));
            if most > WITHIN {
                outcome.wrong.push(format!("told {most:.1} s after it went on"));
            }
        }
        None => outcome.wrong.push(format!("nobody was told {what:?}")),
    }
}
