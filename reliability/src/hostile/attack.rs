//! The process of those who attack, and what they can do.

use super::ground::{Attack, Attacker, GAVE_UP, Ground, Orders};
use super::{debtors, floods, malformed, slowly};
use otc_harness::Error;
use otc_harness::process::raise_file_limit;
use std::io::{BufRead, stdin};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::sleep;
use std::time::{Duration, Instant};
use tokio::runtime::Builder;

/// How long it may take until everybody is where they want to get to; then it begins with those who are, who must be half
/// of them at least.
const PREPARATION: Duration = Duration::from_secs(20);

const fn attack(
    name: &'static str,
    what: &'static str,
    [attackers, quick_attackers]: [usize; 2],
    megabytes: f64,
    begin: fn(Arc<Ground>, usize) -> Attacker,
) -> Attack {
    Attack { name, what, attackers, quick_attackers, megabytes, begin }
}

/// All of them. The memory allowed for is what the bounds of the server come to for so many.
pub(super) const ATTACKS: &[Attack] = &[
    attack("idle", "connections that say nothing", [4000, 400], 80.0, slowly::idle),
    attack("slow-heads", "heads of requests, byte by byte", [2000, 200], 80.0, slowly::heads),
    attack("slow-bodies", "bodies of requests, byte by byte", [2000, 200], 80.0, slowly::bodies),
    attack("doors", "WebSockets that never join", [2000, 200], 120.0, slowly::doors),
    attack("slow-frames", "WebSocket frames, byte by byte", [1000, 100], 80.0, slowly::frames),
    attack("giant-frames", "frames of a gigabyte", [8, 2], 30.0, malformed::giant),
    attack(
        "endless",
        "messages of pieces, or of empty pieces, that never end",
        [8, 2],
        30.0,
        malformed::endless,
    ),
    attack("compressed", "compression, which was not agreed on", [8, 2], 120.0, malformed::compressed),
    attack(
        "malformed",
        "no mask, undefined kinds, no UTF-8, long pings, foreign frames",
        [8, 5],
        120.0,
        malformed::wrong,
    ),
    attack("requests", "requests, as fast as they are answered", [4, 2], 30.0, floods::requests),
    attack("signals", "signals to everybody, as fast as they are answered", [2, 1], 80.0, floods::signals),
    attack(
        "states",
        "two ask for the state of a session of hundreds, again and again",
        [202, 52],
        200.0,
        floods::states,
    ),
    attack("unread-states", "hundreds ask for it and take nothing", [200, 50], 600.0, floods::unread_states),
    attack("joins", "joining and leaving", [8, 2], 100.0, floods::joins),
    attack("bad-tokens", "joins with bad tokens", [8, 2], 60.0, floods::bad_tokens),
    attack("pings", "pings of either kind, without reading the answers", [8, 2], 30.0, floods::pings),
    attack("rest", "REST calls with bad tokens", [8, 2], 30.0, floods::rest),
    attack("strangers", "coming back to socket ids that nobody has", [8, 2], 30.0, floods::strangers),
    attack("no-acknowledgement", "members who never acknowledge", [2, 1], 200.0, debtors::silent),
    attack("deaf", "members who never read", [2, 1], 200.0, debtors::deaf),
    attack("over-eager", "acknowledging twice, and what has not come", [2, 1], 60.0, debtors::eager),
    attack("returns", "coming back again and again, owed 16 MB", [2, 1], 120.0, debtors::resumes),
];

/// The process: attacks until it is told to stop, and says what came of it.
pub(crate) fn run(orders: &str) -> Result<(), Error> {
    let orders: Orders = serde_json::from_str(orders)?;
    let attack = ATTACKS.iter().find(|attack| attack.name == orders.attack).ok_or("no such attack")?;
    raise_file_limit()?;
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let ground = Ground::new(&orders);
    let attackers = attack.size(orders.quick);
    for number in 0..attackers {
        let (attacker, ground) = ((attack.begin)(Arc::clone(&ground), number), Arc::clone(&ground));
        runtime.spawn(async move {
            if let Err(error) = attacker.await {
                ground.count(GAVE_UP);
                if ground.first_failure() {
                    eprintln!("{}: {error}", attack.name);
                }
            }
        });
    }
    let end = Instant::now() + PREPARATION;
    while ground.there.load(Ordering::SeqCst) < attackers && Instant::now() < end {
        sleep(Duration::from_millis(10));
    }
    let there = ground.there.load(Ordering::SeqCst);
    println!("begun");
    stdin().lock().read_line(&mut String::new())?;
    println!("{}", serde_json::to_string(&ground.came_to(there))?);
    // What is under way is not waited for.
    runtime.shutdown_background();
    Ok(())
}
