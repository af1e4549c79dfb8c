//! Rows in random order, with random seeds, until the time is up.

use crate::options::Options;
use crate::outcome::Outcome;
use crate::row::{self, Plan, Row};
use crate::runner;
use otc_harness::Error;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Rows that run at the same time.
const AT_ONCE: usize = 2;
/// How often it says that it is still there.
const PROGRESS: Duration = Duration::from_secs(30);

/// Runs for as long as the options say; fails when a row has failed, after those that were under way.
pub(crate) fn run(options: &Options) -> Result<(), Error> {
    let choice = Choice {
        rows: row::chosen(options)?,
        dice: Mutex::new(StdRng::seed_from_u64(options.seed)),
        until: Instant::now() + Duration::from_secs(options.seconds),
        failed: AtomicBool::new(false),
    };
    let rows = choice.rows.len();
    eprintln!("seed {}; {rows} rows, {AT_ONCE} at a time, for {} s", options.seed, options.seconds);
    let (sender, receiver) = channel();
    let tally = thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            let sender = sender.clone();
            let choice = &choice;
            scope.spawn(move || {
                while let Some(plan) = choice.next(options) {
                    let outcome = runner::run(&plan);
                    choice.failed.fetch_or(!outcome.wrong.is_empty(), Ordering::SeqCst);
                    // The tally is there for as long as this thread is.
                    let _ = sender.send(outcome);
                }
            });
        }
        drop(sender);
        count(&receiver, options)
    });
    println!("{}", tally.in_words());
    tally.verdict()
}

/// What is run next.
struct Choice {
    rows: Vec<&'static Row>,
    dice: Mutex<StdRng>,
    until: Instant,
    failed: AtomicBool,
}

impl Choice {
    /// A row and a seed; none when the time is up.
    fn next(&self, options: &Options) -> Option<Plan> {
        if Instant::now() >= self.until || self.failed.load(Ordering::SeqCst) || self.rows.is_empty() {
            return None;
        }
        let mut dice = self.dice.lock().unwrap_or_else(PoisonError::into_inner);
        let row = self.rows[dice.random_range(0..self.rows.len())];
        let seed = u64::from(dice.random::<u32>());
        Some(Plan { seed, ..Plan::new(row, options) })
    }
}

/// What has been done so far.
struct Tally {
    start: Instant,
    rows: u64,
    sent: u64,
    faults: u64,
    /// What has failed, and how to see it again.
    failed: Vec<String>,
}

/// Counts until no more comes, and says now and then how far it is.
fn count(outcomes: &Receiver<Outcome>, options: &Options) -> Tally {
    let mut tally = Tally { start: Instant::now(), rows: 0, sent: 0, faults: 0, failed: Vec::new() };
    let mut next = Instant::now() + PROGRESS;
    loop {
        match outcomes.recv_timeout(next.saturating_duration_since(Instant::now())) {
            Ok(outcome) => tally.note(&outcome, options),
            Err(RecvTimeoutError::Timeout) => {
                println!("{}", tally.in_words());
                next += PROGRESS;
            }
            Err(RecvTimeoutError::Disconnected) => return tally,
        }
    }
}

impl Tally {
    fn note(&mut self, outcome: &Outcome, options: &Options) {
        self.rows += u64::from(outcome.not_here.is_none());
        self.sent += outcome.sent;
        self.faults += outcome.faults;
        if !outcome.wrong.is_empty() {
            let (words, again) = (outcome.in_words(), options.again(outcome.seed, &outcome.row));
            eprintln!("{words}");
            self.failed.push(format!("{words}; again with: {again}"));
        }
    }

    /// Nothing has failed, and something was tried.
    fn verdict(&self) -> Result<(), Error> {
        if !self.failed.is_empty() {
            return Err(self.failed.join("\n").into());
        }
        if self.rows == 0 {
            return Err("no row was run to its end on this machine, so nothing was tried".into());
        }
        Ok(())
    }

    fn in_words(&self) -> String {
        let Self { start, rows, faults, sent, failed } = self;
        let (seconds, failed) = (start.elapsed().as_secs(), failed.len());
        format!("{seconds} s: {rows} rows, {faults} faults, {sent} signals, {failed} rows failed")
    }
}
