//! Many sessions in one process that lose their server in the same moment.

use super::{Plan, Row, conclude, span};
use crate::client::command::{Burst, Command, Join, Until};
use crate::outcome::{Outcome, What};
use crate::world::{Path, World};
use otc_harness::Error;
use otc_harness::server::new_session;
use otc_protocol::limits::DIALS_PER_SECOND;
use std::time::Duration;

pub(super) const THOUSAND: Row =
    Row { name: "thousand", what: "1,000 sessions of one process are cut at once", quick: true, run };

/// Members of each room.
const ROOM: u32 = 10;
/// Signals of each member, while it is away.
const EACH: u32 = 3;
const SECOND: u64 = 1_000_000;

fn run(plan: &Plan, outcome: &mut Outcome) -> Result<(), Error> {
    let rooms = if plan.quick { 20 } else { 100 };
    let mut world = World::new(plan, &[])?;
    world.start(Path::Proxy)?;
    for room in 0..rooms {
        let (url, session_id) = (world.proxy.url(), new_session(&plan.server)?);
        let members = (room * ROOM..(room + 1) * ROOM).collect();
        let join = Join { url, session_id, room, members, window_millis: None };
        world.clients[0].done(&Command::Join(join))?;
    }
    let patience = Duration::from_secs(u64::from(rooms * ROOM / DIALS_PER_SECOND) + 30);
    world.until(&Until::Together { others: ROOM as usize - 1 }, patience)?;
    let since = world.proxy.cut_all();
    world.clients[0].done(&Command::Burst(Burst { each: EACH, bytes: 64, to: None }))?;
    world.until(&Until::Returned { times: 1 }, patience)?;
    outcome.faults = world.proxy.cuts();
    let dials: Vec<u64> = world.proxy.dials().into_iter().filter(|dial| *dial >= since).collect();
    let most = busiest(&dials);
    let accounts = conclude(&mut world, outcome)?;
    let times = accounts.iter().filter_map(|account| account.times(&What::Reconnected).last().copied());
    let (_, last) = span(since, times).ok_or("nobody has come back")?;
    let dials_by_second: Vec<String> = histogram(&dials, since).iter().map(ToString::to_string).collect();
    outcome
        .notes
        .push(format!("All back after {last:.1} s; dials in each second: {}.", dials_by_second.join(" ")));
    if most > DIALS_PER_SECOND as usize + SLACK {
        outcome.wrong.push(format!("{most} dials within a second, not {DIALS_PER_SECOND}"));
    }
    Ok(())
}

/// Dials that a busy machine may have held up, so that they come with the next ones.
const SLACK: usize = 10;

/// Most dials within any second.
fn busiest(dials: &[u64]) -> usize {
    let within = |from: u64| dials.iter().filter(|dial| (from..from + SECOND).contains(dial)).count();
    dials.iter().map(|dial| within(*dial)).max().unwrap_or(0)
}

/// Dials in each second since then.
fn histogram(dials: &[u64], since: u64) -> Vec<usize> {
    let mut counts = Vec::new();
    for dial in dials {
        let second = usize::try_from((dial - since) / SECOND).unwrap_or(usize::MAX).min(600);
        if counts.len() <= second {
            counts.resize(second + 1, 0);
        }
        counts[second] += 1;
    }
    counts
}
