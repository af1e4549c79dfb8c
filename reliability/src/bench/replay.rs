//! How fast what was said during a cut arrives after it.

use super::{Figure, micros};
use crate::client::command::{Burst, Command, Until};
use crate::outcome::{Account, What};
use crate::row::Plan;
use crate::world::{PATIENCE, Path, World};
use otc_harness::stats::median;
use otc_harness::{Error, now};

/// Bytes of each signal.
const BYTES: usize = 64;

/// Who is cut off, and who is not: the process, and the member.
const CUT: (usize, u32) = (0, 0);
const OTHER: (usize, u32) = (1, 1);

pub(super) fn measure(plan: &Plan) -> Result<Vec<Figure>, Error> {
    let (rounds, signals) = if plan.quick { (1, 2000) } else { (7, 10_000) };
    let mut world = World::new(plan, &[])?;
    world.gather_pair([Path::Proxy, Path::Direct])?;
    let mut figures = Vec::new();
    let mut returns = 0;
    for (what, from, to) in [("client to server", CUT, OTHER), ("server to client", OTHER, CUT)] {
        let (mut cut, mut bare) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            let start = now();
            say(&mut world, from.0, to.1, signals)?;
            bare.push(rate(signals, start, heard(&mut world, to)?));

            world.proxy.refuse(true);
            world.proxy.cut_all();
            returns += 1;
            world.clients[CUT.0].comes(&Until::Left { times: returns }, PATIENCE)?;
            say(&mut world, from.0, to.1, signals)?;
            world.proxy.refuse(false);
            world.clients[CUT.0].comes(&Until::Returned { times: returns }, PATIENCE)?;
            let last = heard(&mut world, to)?;
            let back = account(&world.accounts()?, CUT.1)?.times(&What::Reconnected);
            cut.push(rate(signals, *back.last().ok_or("it has come back")?, last));
        }
        figures.push(Figure {
            what: format!("signals caught up with after a cut, {what}, {signals} at a time"),
            measured: format!("{:.0}/s", median(&cut)),
            baseline: format!("without a cut: {:.0}/s", median(&bare)),
            target: None,
        });
    }
    Ok(figures)
}

/// Sends this many to one.
fn say(world: &mut World, process: usize, to: u32, each: u32) -> Result<(), Error> {
    world.clients[process].done(&Command::Burst(Burst { each, bytes: BYTES, to: Some(to) }))
}

/// Waits until one has heard all that was said to it; the answer is when it heard the last.
fn heard(world: &mut World, (process, member): (usize, u32)) -> Result<u64, Error> {
    let accounts = world.accounts()?;
    let sent = accounts.iter().flat_map(|account| account.sent.clone()).collect();
    if !world.clients[process].comes(&Until::Heard { sent }, PATIENCE)? {
        return Err("not everything was heard".into());
    }
    Ok(account(&world.accounts()?, member)?.last_signal)
}

fn account(accounts: &[Account], member: u32) -> Result<&Account, Error> {
    accounts
        .iter()
        .find(|account| account.member == member)
        .ok_or_else(|| "every member has an account".into())
}

fn rate(signals: u32, from: u64, until: u64) -> f64 {
    f64::from(signals) / micros(from, until) * 1e6
}
