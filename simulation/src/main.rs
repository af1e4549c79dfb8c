//! Runs the simulation for a time, or one seed of it.

use otc_simulation::{Count, run, traced};
use std::io::{BufWriter, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

const USAGE: &str = "usage: otc-simulation --seconds N [--first-seed S]   runs seeds until the time is up
       otc-simulation --seed S [--trace]            runs one, and shows what happens";

/// How often it says how far it is.
const PROGRESS: Duration = Duration::from_secs(30);

/// Failures after which more of them say nothing new.
const ENOUGH: u32 = 20;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["--seconds", seconds] => soak(seconds, "0"),
        ["--seconds", seconds, "--first-seed", first] => soak(seconds, first),
        ["--seed", seed] => one(seed, false),
        ["--seed", seed, "--trace"] => one(seed, true),
        _ => None,
    }
    .unwrap_or_else(|| {
        eprintln!("{USAGE}");
        ExitCode::from(2)
    })
}

fn one(seed: &str, trace: bool) -> Option<ExitCode> {
    let seed = seed.parse().ok()?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    let result = if trace {
        // Whoever closes the pipe has seen enough.
        traced(seed, &mut |line| drop(writeln!(out, "{line}")))
    } else {
        run(seed)
    };
    drop(out);
    Some(match result {
        Ok(report) => {
            println!("seed {seed}: nothing wrong in {:.1} s: {:?}", report.time.as_secs_f64(), report.count);
            ExitCode::SUCCESS
        }
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    })
}

fn soak(seconds: &str, first: &str) -> Option<ExitCode> {
    let (seconds, first): (u64, u64) = (seconds.parse().ok()?, first.parse().ok()?);
    let (start, end) = (Instant::now(), Duration::from_secs(seconds));
    let (mut seed, mut time, mut count) = (first, Duration::ZERO, Count::default());
    let (mut failures, mut said) = (0u32, Duration::ZERO);
    while start.elapsed() < end {
        match run(seed) {
            Ok(report) => {
                time += report.time;
                count.add(&report.count);
            }
            Err(failure) => {
                eprintln!("{failure}");
                failures += 1;
                if failures == ENOUGH {
                    eprintln!("simulation: that is enough");
                    break;
                }
            }
        }
        seed += 1;
        if start.elapsed() >= said + PROGRESS {
            said = start.elapsed();
            println!("simulation: {} s, {} seeds, {failures} failed", said.as_secs(), seed - first);
        }
    }
    let hours = time.as_secs_f64() / 3600.0;
    println!("simulation: {} seeds from {first} on, {hours:.1} hours of virtual time", seed - first);
    println!("  {:>12} joins, {} of them lost (1022), {} returns", count.joins, count.losses, count.returns);
    println!(
        "  {:>12} signals accepted, {} delivered, {} requests reported",
        count.signals, count.deliveries, count.reports
    );
    println!("  {:>12} requests replayed", count.replayed_requests);
    println!("  {:>12} faults, {} servers killed, {} restarted", count.cuts, count.kills, count.restarts);
    println!("  {failures:>12} seeds failed");
    if seed == first {
        eprintln!("simulation: no seed was run in {seconds} s, so nothing was tried");
        return Some(ExitCode::FAILURE);
    }
    Some(if failures == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
