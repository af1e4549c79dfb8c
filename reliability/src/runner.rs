//! Runs rows, each as a process with children of its own, several at the same time.

use crate::leftover;
use crate::options::Options;
use crate::outcome::Outcome;
use crate::report::{Table, grouped, write_into};
use crate::row::{self, Plan};
use otc_harness::Error;
use rustix::process::{Pid, Signal, getpgrp, kill_process_group};
use std::collections::VecDeque;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// Rows that run at the same time.
const AT_ONCE: usize = 4;
/// A row that takes longer than this has failed.
const LONGEST: Duration = Duration::from_secs(240);

/// A row's own process: runs it and prints what it came to. When whoever has started it is gone, so is it, with all that
/// it has started.
pub(crate) fn child(plan: &str) -> Result<(), Error> {
    let plan: Plan = serde_json::from_str(plan)?;
    thread::spawn(|| {
        let _ = std::io::stdin().lock().read_to_end(&mut Vec::new());
        leftover::remove_own();
        let _ = kill_process_group(getpgrp(), Signal::KILL);
    });
    let outcome = row::run(&plan)?;
    println!("{}", serde_json::to_string(&outcome)?);
    Ok(())
}

/// Runs a row in a process of its own.
pub(crate) fn run(plan: &Plan) -> Outcome {
    run_child(plan).unwrap_or_else(|error| Outcome {
        row: plan.row.clone(),
        seed: plan.seed,
        wrong: vec![error.to_string()],
        ..Outcome::default()
    })
}

fn run_child(plan: &Plan) -> Result<Outcome, Error> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("row").arg(serde_json::to_string(plan)?).process_group(0);
    let mut child = Group(command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?);
    let mut output = child.0.stdout.take().ok_or("a child without pipes")?;
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut text = String::new();
        // Whoever waits for it may have given up.
        let _ = sender.send(output.read_to_string(&mut text).map(|_| text));
    });
    match receiver.recv_timeout(LONGEST) {
        Ok(text) => Ok(serde_json::from_str(&text?)
            .map_err(|_| "the row's process has died; its last words are above")?),
        Err(RecvTimeoutError::Timeout) => Err(format!("it took more than {} s", LONGEST.as_secs()).into()),
        Err(RecvTimeoutError::Disconnected) => Err("its output cannot be read".into()),
    }
}

/// A process and all that it has started; none of them outlives this.
struct Group(Child);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw) {
            // All of them may have ended already.
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.0.wait();
        leftover::remove_stale();
    }
}

/// Runs every row, prints the table, and fails when one has failed.
pub(crate) fn table(options: &Options) -> Result<(), Error> {
    let rows = row::chosen(options)?;
    eprintln!("seed {}; {} rows, {AT_ONCE} at a time", options.seed, rows.len());
    let outcomes = run_all(rows.iter().map(|row| Plan::new(row, options)).enumerate().collect());
    let text = render(&outcomes);
    print!("{text}");
    if let Some(document) = &options.into {
        write_into(document, "faults", &text)?;
    }
    let failed: Vec<&str> =
        outcomes.iter().filter(|outcome| !outcome.wrong.is_empty()).map(|outcome| &*outcome.row).collect();
    if failed.is_empty() {
        return Ok(());
    }
    let again = options.again(options.seed, &failed.join(" "));
    Err(format!("failed: {}; again with: {again}", failed.join(", ")).into())
}

/// Runs the plans, [`AT_ONCE`] at a time; the outcomes come in the order of the plans.
fn run_all(plans: Vec<(usize, Plan)>) -> Vec<Outcome> {
    let waiting = Mutex::new(VecDeque::from(plans));
    let done = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let Some((index, plan)) = lock(&waiting).pop_front() else { return };
                    let outcome = run(&plan);
                    eprintln!("{}", outcome.in_words());
                    lock(&done).push((index, outcome));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, outcome)| outcome).collect()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn render(outcomes: &[Outcome]) -> String {
    let mut table = Table::new(&[
        "what happens",
        "times",
        "sent",
        "delivered",
        "duplicates",
        "out of order",
        "reported as failed",
        "lost",
        "beside",
    ]);
    for outcome in outcomes {
        let what = row::find(&outcome.row).map_or("", |row| row.what);
        let what = format!("{}: {what}", outcome.row);
        if let Some(why) = &outcome.not_here {
            let blank = std::iter::repeat_n("–".to_owned(), 7);
            table.row([what].into_iter().chain(blank).chain([format!("NOT ON THIS MACHINE: {why}")]));
            continue;
        }
        let numbers = [
            outcome.faults,
            outcome.sent,
            outcome.delivered,
            outcome.duplicates,
            outcome.disorder,
            outcome.failed,
            outcome.lost,
        ];
        let wrong = outcome.wrong.iter().map(|wrong| format!("WRONG: {wrong}."));
        let beside: Vec<String> = outcome.notes.iter().cloned().chain(wrong).collect();
        table.row([what].into_iter().chain(numbers.map(grouped)).chain([beside.join(" ")]));
    }
    table.render()
}
