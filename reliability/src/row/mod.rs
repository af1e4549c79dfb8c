//! The rows of the table: what goes wrong in each.

mod cuts;
mod frozen;
mod kernel;
mod killed;
mod queue;
mod restarted;
mod silence;
mod slow;
mod thousand;

use crate::client::command::Until;
use crate::ledger::Stream;
use crate::options::Options;
use crate::outcome::{Account, Outcome, What};
use crate::world::World;
use otc_harness::{Error, now};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

/// How a row is run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(crate) row: String,
    pub(crate) seed: u64,
    /// Less of everything.
    pub(crate) quick: bool,
    /// The program of the server.
    pub(crate) server: PathBuf,
}

impl Plan {
    pub(crate) fn new(row: &Row, options: &Options) -> Self {
        Self::of(row.name, options)
    }

    /// What the options say, for what is no row.
    pub(crate) fn of(name: &str, options: &Options) -> Self {
        let (quick, server) = (options.quick, options.server.clone());
        Self { row: name.to_owned(), seed: options.seed, quick, server }
    }
}

/// A row.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    /// What is done, for the table.
    pub(crate) what: &'static str,
    /// Whether it is short enough for every test run.
    pub(crate) quick: bool,
    pub(crate) run: fn(&Plan, &mut Outcome) -> Result<(), Error>,
}

/// All rows, in the order of the table.
pub(crate) const ALL: &[Row] = &[
    cuts::CUTS,
    silence::UP,
    silence::DOWN,
    silence::BOTH,
    slow::SLOW,
    restarted::RESTARTED,
    killed::KILLED,
    frozen::SERVER_SHORT,
    frozen::SERVER_LONG,
    frozen::CLIENT,
    frozen::SUSPENDED,
    kernel::DROP,
    kernel::RESET,
    kernel::LINK,
    kernel::ADDRESS,
    kernel::MOVED,
    queue::QUEUE,
    thousand::THOUSAND,
];

/// The row of this name.
pub(crate) fn find(name: &str) -> Result<&'static Row, Error> {
    ALL.iter().find(|row| row.name == name).ok_or_else(|| {
        let names: Vec<_> = ALL.iter().map(|row| row.name).collect();
        format!("{name} is no row; there are {}", names.join(", ")).into()
    })
}

/// The rows that the command line asks for.
pub(crate) fn chosen(options: &Options) -> Result<Vec<&'static Row>, Error> {
    if options.names.is_empty() {
        return Ok(ALL.iter().filter(|row| row.quick || !options.quick).collect());
    }
    options.names.iter().map(|name| find(name)).collect()
}

/// Runs a row; what it came to, whatever happens.
pub(crate) fn run(plan: &Plan) -> Result<Outcome, Error> {
    let row = find(&plan.row)?;
    let start = std::time::Instant::now();
    let mut outcome = Outcome { row: plan.row.clone(), seed: plan.seed, ..Outcome::default() };
    if let Err(error) = (row.run)(plan, &mut outcome) {
        outcome.wrong.push(error.to_string());
    }
    outcome.seconds = start.elapsed().as_secs_f64();
    Ok(outcome)
}

/// Has everybody heard everything, counts, and judges: nothing lost, and everybody came back.
fn conclude(world: &mut World, outcome: &mut Outcome) -> Result<Vec<Account>, Error> {
    let accounts = world.settle()?;
    // What a session is told of its return comes before what it has missed, so it has been told by now.
    if let Err(error) = world.until(&Until::Returned { times: 0 }, Duration::from_secs(1)) {
        outcome.wrong.push(error.to_string());
    }
    outcome.add(&accounts);
    outcome.judge();
    judge_returns(&accounts, outcome);
    Ok(accounts)
}

/// Signals to everybody that their own sender has neither heard nor been told of as failed.
fn unreported(accounts: &[Account]) -> Vec<(Stream, u64)> {
    let mut found = Vec::new();
    for account in accounts {
        let failed: BTreeSet<_> = account.failed.iter().collect();
        let heard: BTreeMap<_, _> = account.heard.iter().map(|(stream, heard)| (stream, heard)).collect();
        for (stream, sent) in account.sent.iter().filter(|(stream, _)| stream.to.is_none()) {
            let was_heard = |index: u64| heard.get(stream).is_some_and(|heard| heard.has(index));
            let silent = (0..*sent).map(|index| (*stream, index));
            found.extend(silent.filter(|signal| !failed.contains(signal) && !was_heard(signal.1)));
        }
    }
    found
}

/// How much later than it should something may be noticed, on a machine that has much else to do: in seconds. How soon it
/// is noticed on one that has time is measured by the benchmark.
const TOLERANCE: f64 = 4.0;

/// Seconds from `since` until each of `times`, the shortest and the longest.
fn span(since: u64, times: impl IntoIterator<Item = u64>) -> Option<(f64, f64)> {
    let seconds =
        times.into_iter().map(|time| Duration::from_micros(time.saturating_sub(since)).as_secs_f64());
    seconds.fold(None, |span, time| {
        let (least, most) = span.unwrap_or((time, time));
        Some((f64::min(least, time), f64::max(most, time)))
    })
}

/// The last things that a member was told, for people.
fn last_words(account: &Account) -> String {
    let notes = account.notes.iter().rev().take(4).rev();
    let ago = |at| Duration::from_micros(now().saturating_sub(at)).as_secs_f64();
    notes.map(|note| format!("{:?} {:.1} s ago", note.what, ago(note.at))).collect::<Vec<_>>().join(", ")
}

/// What must hold where everybody comes back: nobody is seen leaving, nothing fails, and who was told that it reconnects is
/// told that it has.
pub(crate) fn judge_returns(accounts: &[Account], outcome: &mut Outcome) {
    for account in accounts {
        let member = account.member;
        let went = account.count(|what| matches!(what, What::Went(_)));
        if went > 0 {
            outcome.wrong.push(format!("member {member} saw {went} others leave"));
        }
        for note in &account.notes {
            if let What::Error { code, text } = &note.what {
                outcome.wrong.push(format!("member {member} was told {code}: {text}"));
            }
        }
        let ended = account.count(|what| *what == What::Disconnected);
        let (away, back) = (
            account.count(|what| *what == What::Reconnecting),
            account.count(|what| *what == What::Reconnected),
        );
        if ended > 0 || away != back {
            let told = format!("{away} × reconnecting, {back} × reconnected, {ended} × disconnected");
            outcome.wrong.push(format!("member {member} was told: {told}, at last {}", last_words(account)));
        }
    }
}
