//! A server that is killed, and has forgotten everybody when it is back.

use super::{Plan, Row, unreported};
use crate::client::command::{Command, Until};
use crate::ledger::Number;
use crate::outcome::{Account, Outcome, What};
use crate::report::grouped;
use crate::world::{Path, SOON, World};
use otc_harness::Error;
use otc_harness::server::{Server, otc_server};
use std::collections::BTreeMap;
use std::thread::sleep;
use std::time::Duration;

pub(super) const KILLED: Row = Row {
    name: "killed",
    what: "SIGKILL to the server, which is started again; every application connects anew",
    quick: true,
    run,
};

/// How long the clients try to come back.
const WINDOW: Duration = Duration::from_secs(4);
/// `OTC_CONNECTION_DROPPED`
const DROPPED: i32 = 1022;

fn run(plan: &Plan, outcome: &mut Outcome) -> Result<(), Error> {
    let rounds = if plan.quick { 2 } else { 6 };
    let mut world = World::new(plan, &[])?;
    world.gather_with([Path::Proxy, Path::Proxy], Some(WINDOW))?;
    for round in 1..=rounds {
        world.noise()?;
        sleep(Duration::from_millis(world.roll(300, 1200)));
        world.server.process.kill()?;
        // Back before anybody has given up, or after everybody has.
        let at_once = round % 2 == 1;
        if at_once {
            restart(&mut world)?;
        }
        world.until(&Until::Ended { times: round }, SOON)?;
        world.quiet()?;
        if !at_once {
            restart(&mut world)?;
        }
        world.clients.iter_mut().try_for_each(|client| client.done(&Command::Rejoin))?;
        world.together()?;
    }
    outcome.faults = rounds as u64;
    world.noise()?;
    sleep(Duration::from_millis(world.roll(300, 1200)));
    let accounts = world.settle()?;
    outcome.add(&accounts);
    judge(&accounts, rounds, outcome);
    Ok(())
}

fn restart(world: &mut World) -> Result<(), Error> {
    world.server = Server::start_with(otc_server(&world.plan.server), "127.0.0.1:0", &[])?;
    world.proxy.lead_to(world.server.address())
}

/// Losses are allowed here, but they end with the life in which the server was killed; and everybody is told.
fn judge(accounts: &[Account], rounds: usize, outcome: &mut Outcome) {
    outcome.judge_order();
    let lives: BTreeMap<Number, u32> =
        accounts.iter().map(|account| (account.member, account.life)).collect();
    let lost = Outcome::lost(accounts, |_, stream| lives[&stream.sender] == stream.life);
    if lost > 0 {
        outcome.wrong.push(format!("{lost} lost after the last return"));
    }
    if outcome.failed == 0 {
        outcome.wrong.push("no signal was reported as failed, although some were on their way".to_owned());
    }
    for account in accounts {
        let told: Vec<Option<i32>> = account
            .notes
            .iter()
            .filter_map(|note| match note.what {
                What::Error { code, .. } => Some(Some(code)),
                What::Disconnected => Some(None),
                _ => None,
            })
            .collect();
        let expected = [Some(DROPPED), None].repeat(rounds);
        if told != expected {
            let member = account.member;
            outcome.wrong.push(format!(
                "member {member} was told {told:?}, not {DROPPED} and the end, {rounds} times"
            ));
        }
    }
    let unreported = unreported(accounts);
    outcome.notes.push(format!(
        "Each told 1022 and `on_disconnected` {rounds} times. {} signals were neither heard by their own sender nor reported: \
         the server had answered them. Nothing lost after the last return.",
        grouped(unreported.len() as u64)
    ));
}
