//! Hostile peers: what they do to the server, and to those who behave.
//!
//! For each attack there are a server, two pairs of clients that behave (`pair`), one of them in the session that is
//! attacked, and those who attack (`attack`), all in processes of their own. The pairs are watched before, during and
//! after it.
//!
//! * `socket`, `member`: a client made by hand; `ground`: what attackers share
//! * `slowly`, `malformed`, `floods`, `debtors`: what they do

mod attack;
mod debtors;
mod floods;
mod ground;
mod malformed;
mod member;
mod pair;
mod slowly;
mod socket;

pub(crate) use attack::run as attack;
pub(crate) use pair::run as pair;

use crate::options::Options;
use crate::report::{Table, grouped, write_into};
use attack::ATTACKS;
use ground::{Attack, CameTo, Orders};
use otc_harness::Error;
use otc_harness::process::Process;
use otc_harness::server::{Server, new_session, otc_server};
use pair::{Fared, Meeting};
use std::fs::File;
use std::path::Path;
use std::process::Command;
use std::thread::{self, ScopedJoinHandle, sleep};
use std::time::{Duration, Instant};

/// How long the pairs are watched before an attack, during it, and after it.
struct Watch {
    before: Duration,
    during: Duration,
    after: Duration,
}

impl Watch {
    fn of(options: &Options) -> Self {
        let [before, during, after] =
            if options.quick { [1, 2, 4] } else { [3, 6, 8] }.map(Duration::from_secs);
        Self { before, during, after }
    }
}

/// Lost connections are forgotten after so many seconds; the allocator keeps what they took for a while longer.
const GRACE_SECONDS: &str = "3";
/// How often the server's memory is looked at.
const LOOK: Duration = Duration::from_millis(50);
const MEGABYTE: f64 = 1024.0 * 1024.0;

/// What one attack came to.
struct Outcome {
    attack: &'static Attack,
    attackers: usize,
    came_to: CameTo,
    before: [Fared; 2],
    during: [Fared; 2],
    end: [Fared; 2],
    /// Megabytes of the server: before, at most, after.
    memory: [f64; 3],
    /// Of one processor, while it was attacked.
    processor: f64,
    lines: usize,
}

/// Runs the attacks, prints the table, and fails when somebody who behaves was disturbed or memory was not bounded.
pub(crate) fn run(options: &Options) -> Result<(), Error> {
    if let Some(name) = options.names.iter().find(|name| ATTACKS.iter().all(|attack| attack.name != **name)) {
        let names: Vec<&str> = ATTACKS.iter().map(|attack| attack.name).collect();
        return Err(format!("no attack is called {name}; there are: {}", names.join(" ")).into());
    }
    let chosen = ATTACKS
        .iter()
        .filter(|attack| options.names.is_empty() || options.names.iter().any(|name| name == attack.name));
    let outcomes = try_all(&chosen.collect::<Vec<_>>(), options)?;
    let text = render(&outcomes);
    print!("{text}");
    if let Some(document) = &options.into {
        write_into(document, "hostile", &text)?;
    }
    let failed: Vec<&str> = outcomes
        .iter()
        .filter(|outcome| !outcome.faults().is_empty())
        .map(|outcome| outcome.attack.name)
        .collect();
    if failed.is_empty() { Ok(()) } else { Err(format!("failed: {}", failed.join(", ")).into()) }
}

/// One after the other, because they are measured; in the short form, where nothing is, two at a time.
fn try_all(attacks: &[&'static Attack], options: &Options) -> Result<Vec<Outcome>, Error> {
    let at_once = if options.quick { 2 } else { 1 };
    let mut outcomes = Vec::new();
    for some in attacks.chunks(at_once) {
        let some: Vec<Result<Outcome, Error>> = thread::scope(|scope| {
            let threads: Vec<_> =
                some.iter().map(|attack| scope.spawn(|| try_out(attack, options))).collect();
            let join =
                |thread: ScopedJoinHandle<'_, _>| thread.join().unwrap_or_else(|_| Err("a panic".into()));
            threads.into_iter().map(join).collect()
        });
        for outcome in some {
            let outcome = outcome?;
            let faults = outcome.faults().join("; ");
            eprintln!("{}: {} {faults}", outcome.attack.name, outcome.came_to.counts);
            outcomes.push(outcome);
        }
    }
    Ok(outcomes)
}

fn try_out(attack: &'static Attack, options: &Options) -> Result<Outcome, Error> {
    try_out_here(attack, options).map_err(|error| format!("{}: {error}", attack.name).into())
}

fn try_out_here(attack: &'static Attack, options: &Options) -> Result<Outcome, Error> {
    let watch = Watch::of(options);
    let log = tempfile(attack.name);
    let mut command = otc_server(&options.server);
    // As the server logs by default.
    command.env("OTC_LOG", "info").stderr(File::create(&log)?);
    let server = Server::start_with(command, "127.0.0.1:0", &["--grace-seconds", GRACE_SECONDS])?;
    let sessions = [new_session(&options.server)?, new_session(&options.server)?];
    let mut pairs = Pairs::meet(&server, &sessions)?;
    sleep(watch.before / 2);
    pairs.fared()?;
    sleep(watch.before);
    let before = pairs.fared()?;
    let memory_before = server.process.memory()? / MEGABYTE;

    let orders = Orders {
        attack: attack.name.to_owned(),
        quick: options.quick,
        address: server.address().to_owned(),
        session: sessions[0].clone(),
    };
    // Attackers have processors of their own; here they get what the others leave.
    let mut command = Command::new("nice");
    command.args(["-n", "10"]).arg(std::env::current_exe()?).arg("hostile-attack");
    let mut attackers = Process::spawn("those who attack", command.arg(serde_json::to_string(&orders)?))?;
    let mut most = memory_before;
    let begun = attackers.read_line()?;
    if begun != "begun" {
        return Err(format!("those who attack: {begun}").into());
    }
    pairs.fared()?;
    let (start, cpu) = (Instant::now(), server.process.cpu()?);
    while start.elapsed() < watch.during {
        sleep(LOOK);
        most = most.max(server.process.memory()? / MEGABYTE);
    }
    let processor = server.process.cpu()?.saturating_sub(cpu).as_secs_f64() / start.elapsed().as_secs_f64();
    let during = pairs.fared()?;
    attackers.write_line("stop")?;
    let came_to: CameTo = serde_json::from_str(&attackers.read_line()?)?;
    drop(attackers);

    sleep(watch.after);
    let memory_after = server.process.memory()? / MEGABYTE;
    let end = pairs.end()?;
    let lines = std::fs::read_to_string(&log)?.lines().count();
    std::fs::remove_file(&log)?;
    let memory = [memory_before, most, memory_after];
    let attackers = attack.size(options.quick);
    Ok(Outcome { attack, attackers, came_to, before, during, end, memory, processor, lines })
}

fn tempfile(name: &str) -> std::path::PathBuf {
    Path::new(&std::env::temp_dir()).join(format!("otc-hostile-{}-{name}.log", std::process::id()))
}

/// The process with the pairs.
struct Pairs(Process);

impl Pairs {
    fn meet(server: &Server, sessions: &[String; 2]) -> Result<Self, Error> {
        let meeting = Meeting { url: server.url().to_owned(), sessions: sessions.clone() };
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("hostile-pair").arg(serde_json::to_string(&meeting)?);
        let mut process = Process::spawn("the pairs", &mut command)?;
        match process.read_line()?.as_str() {
            "ready" => Ok(Self(process)),
            other => Err(format!("the pairs say {other}").into()),
        }
    }

    fn fared(&mut self) -> Result<[Fared; 2], Error> {
        self.ask("go on")
    }

    /// They stop, and wait until all has been heard.
    fn end(&mut self) -> Result<[Fared; 2], Error> {
        self.ask("end")
    }

    fn ask(&mut self, what: &str) -> Result<[Fared; 2], Error> {
        self.0.write_line(what)?;
        Ok(serde_json::from_str(&self.0.read_line()?)?)
    }
}

impl Outcome {
    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for (who, fared) in ["the same session", "another session"].into_iter().zip(&self.end) {
            let lost = fared.sent - fared.heard.min(fared.sent);
            if lost > 0 || fared.wrong > 0 || fared.trouble > 0 || fared.sent == 0 {
                let Fared { sent, wrong, trouble, .. } = fared;
                faults.push(format!(
                    "WRONG in {who}: of {sent} signals {lost} lost, {wrong} again or out of order, {trouble} cuts or errors"
                ));
            }
        }
        let [before, most, _] = self.memory;
        if most - before > self.attack.megabytes {
            faults.push(format!(
                "WRONG: {:.0} MB more, {} expected at most",
                most - before,
                self.attack.megabytes
            ));
        }
        faults.extend(self.came_to.wrong(self.attackers));
        faults
    }
}

fn render(outcomes: &[Outcome]) -> String {
    let mut table = Table::new(&[
        "attack",
        "what came of it",
        "same session: p50, p99 before → during (ms)",
        "another session: p50, p99 before → during (ms)",
        "lost",
        "memory before → most → after (MB)",
        "processor",
        "log lines",
    ]);
    for outcome in outcomes {
        let fared = |index: usize| {
            let (before, during) = (&outcome.before[index], &outcome.during[index]);
            format!("{:.2}, {:.2} → {:.2}, {:.2}", before.median, before.p99, during.median, during.p99)
        };
        let lost: u64 = outcome.end.iter().map(|fared| fared.sent - fared.heard.min(fared.sent)).sum();
        let sent: u64 = outcome.end.iter().map(|fared| fared.sent).sum();
        let [before, most, after] = outcome.memory;
        table.row([
            format!("{}: {}", outcome.attack.name, outcome.attack.what),
            [outcome.came_to.counts.clone()]
                .into_iter()
                .chain(outcome.faults())
                .collect::<Vec<_>>()
                .join(". "),
            fared(0),
            fared(1),
            format!("{lost} of {}", grouped(sent)),
            format!("{before:.0} → {most:.0} → {after:.0}"),
            format!("{:.0} %", outcome.processor * 100.0),
            grouped(outcome.lines as u64),
        ]);
    }
    table.render()
}
