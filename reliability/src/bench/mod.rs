//! How long things take: coming back, noticing, catching up. Each beside something that it can be compared with, measured
//! in the same run and in turns, so that whatever else the machine does falls on both.

mod replay;
mod returns;
mod silence;

use crate::options::Options;
use crate::report::{Table, write_into};
use crate::row::Plan;
use otc_harness::stats::quantile;
use otc_harness::{Error, process};

/// A line of the table.
struct Figure {
    what: String,
    measured: String,
    baseline: String,
    target: Option<Target>,
}

/// What it should be, and whether it is.
struct Target {
    text: &'static str,
    met: bool,
}

/// Measures everything and prints the table; fails when a target is missed.
pub(crate) fn run(options: &Options) -> Result<(), Error> {
    process::raise_file_limit()?;
    let plan = Plan::of("bench", options);
    eprintln!("seed {}", options.seed);
    let mut figures = Vec::new();
    eprintln!("from a cut to on_reconnected …");
    figures.extend(returns::measure(&plan)?);
    eprintln!("from silence to on_reconnecting …");
    figures.extend(silence::measure(&plan)?);
    eprintln!("catching up after a cut …");
    figures.extend(replay::measure(&plan)?);
    let text = render(&figures);
    print!("{text}");
    if let Some(document) = &options.into {
        write_into(document, "times", &text)?;
    }
    let missed: Vec<&str> = figures
        .iter()
        .filter(|figure| figure.target.as_ref().is_some_and(|target| !target.met))
        .map(|figure| &*figure.what)
        .collect();
    if missed.is_empty() { Ok(()) } else { Err(format!("targets missed: {}", missed.join("; ")).into()) }
}

fn render(figures: &[Figure]) -> String {
    let mut table = Table::new(&["what", "measured", "beside", "target"]);
    for Figure { what, measured, baseline, target } in figures {
        let target = target.as_ref().map_or_else(String::new, |Target { text, met }| {
            format!("{text}: {}", if *met { "met" } else { "MISSED" })
        });
        table.row([what.clone(), measured.clone(), baseline.clone(), target]);
    }
    table.render()
}

/// Median and 99th percentile of microseconds, as milliseconds.
fn spread(micros: &[f64]) -> [f64; 2] {
    [0.5, 0.99].map(|share| quantile(micros, share) / 1000.0)
}

/// Microseconds from one moment to another.
#[allow(clippy::cast_precision_loss, reason = "far below 2^52")]
fn micros(from: u64, until: u64) -> f64 {
    until.saturating_sub(from) as f64
}
