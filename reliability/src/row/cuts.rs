//! Connections that are cut at any byte.

use super::{Plan, Row, conclude};
use crate::outcome::Outcome;
use crate::proxy::Proxy;
use crate::world::{Path, World};
use otc_harness::Error;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::{Duration, Instant};

pub(super) const CUTS: Row = Row {
    name: "cuts",
    what: "connections are cut at any byte, in both directions, while everybody sends as fast as it goes, in volleys",
    quick: true,
    run,
};

/// Signals of each member in a volley: four times as many may be owed to one who is away, and more than 65,536 would end
/// it. The next volley comes when all of the last one has been heard, through the same cuts.
const VOLLEY: u32 = 1000;
/// However slow the machine is, and fewer cuts than this show nothing.
const LONGEST: Duration = Duration::from_secs(60);
const LEAST: u64 = 30;

fn run(plan: &Plan, outcome: &mut Outcome) -> Result<(), Error> {
    let wanted = if plan.quick { 60 } else { 500 };
    let mut world = World::new(plan, &[])?;
    world.gather([Path::Proxy, Path::Proxy])?;
    let storm = Storm::begin(&world.proxy, plan.seed);
    let deadline = Instant::now() + LONGEST;
    let mut heard = true;
    while heard && world.proxy.cuts() < wanted && Instant::now() < deadline {
        world.volley(VOLLEY)?;
        heard = world.all_heard_by(deadline)?;
    }
    drop(storm);
    outcome.faults = world.proxy.cuts();
    if outcome.faults < LEAST {
        outcome.wrong.push(format!("{} cuts, not {LEAST}", outcome.faults));
    }
    conclude(&mut world, outcome).map(drop)
}

/// Cuts, until it is dropped.
struct Storm {
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// How long one of the distances between cuts is kept to.
const SPELL: Duration = Duration::from_millis(100);

impl Storm {
    fn begin(proxy: &Arc<Proxy>, seed: u64) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let (proxy, is_over) = (Arc::clone(proxy), Arc::clone(&over));
        let mut dice = StdRng::seed_from_u64(seed);
        let thread = spawn(move || {
            while !is_over.load(Ordering::SeqCst) {
                // Now after many frames, now within the first ones or within the handshake.
                let early = dice.random_ratio(1, 10);
                let most = if early { dice.random_range(200..8000) } else { 1 << dice.random_range(15..20) };
                proxy.cut_after(Some(most));
                proxy.refuse(dice.random_ratio(1, 40));
                sleep(SPELL);
            }
            proxy.cut_after(None);
            proxy.refuse(false);
        });
        Self { over, thread: Some(thread) }
    }
}

impl Drop for Storm {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // What it has broken shows in what is heard.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}
