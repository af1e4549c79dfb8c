//! The results, for people.

use crate::plan::{Costs, Pair, Results};
use otc_harness::stats::median;
use std::fmt::Write;

/// A first target, and whether it is met.
struct Target {
    text: &'static str,
    met: bool,
}

/// The whole table.
pub(crate) fn render(results: &Results) -> String {
    let mut table = Table(String::new());
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    table.line(&format!(
        "The library and otc-server beside a bare tokio-tungstenite pair: loopback, {} interleaved rounds, medians, {cores} cores.\n\
         A round trip is one's own broadcast, the next sent from inside the callback. Only ratios mean something.\n",
        results.rounds
    ));
    table.line(&format!("{:34}{:>12}{:>12}{:>9}", "", "otc", "bare", "ratio"));
    for (size, trips) in [("64 B", &results.small_trips), ("1 KiB", &results.large_trips)] {
        let met = trips.p50.ratio() <= 2.0;
        let target = Target { text: "at most 2", met };
        table.row(&format!("round trip {size}, p50"), &trips.p50, micros, Some(&target));
        table.row(&format!("round trip {size}, p99"), &trips.p99, micros, None);
        table.costs(&trips.cpu);
    }
    let (small, large) = (&results.small_stream, &results.large_stream);
    let against_large = Pair { otc: small.rate.otc.clone(), bare: large.rate.bare.clone() };
    let target = Target { text: "at least 0.2", met: against_large.ratio() >= 0.2 };
    table.row("1→1, 64 B beside bare 1 KiB", &against_large, per_second, Some(&target));
    for (size, stream) in [("64 B", small), ("1 KiB", large)] {
        table.row(&format!("1→1, {size}"), &stream.rate, per_second, None);
        table.costs(&stream.cpu);
    }
    let members = results.members;
    table.row(&format!("1→{members}, 64 B, deliveries"), &results.fan_out.rate, per_second, None);
    table.costs(&results.fan_out.cpu);
    table.row(&format!("1→{members}, until the last has it"), &results.fan_out.last, micros, None);
    let idle = &results.idle;
    let target = Target { text: "at most 24 KB", met: median(&idle.client.otc) <= 24_000.0 };
    table.row("memory of an idle session, client", &idle.client, kilobytes, Some(&target));
    table.row("memory of an idle session, server", &idle.server, kilobytes, None);
    let [one, all] = idle.threads;
    let text = format!("threads of the client: {one} with 1 session, {all} with {members}");
    table.verdict(&format!("{text:67}"), &Target { text: "the same", met: (one - all).abs() < 0.5 });
    table.0
}

struct Table(String);

impl Table {
    fn line(&mut self, text: &str) {
        self.0.push_str(text);
        self.0.push('\n');
    }

    fn row(&mut self, name: &str, pair: &Pair, unit: fn(f64) -> String, target: Option<&Target>) {
        let (otc, bare) = (unit(median(&pair.otc)), unit(median(&pair.bare)));
        let mut line = format!("{name:34}{otc:>12}{bare:>12}");
        // Writing to a string cannot fail.
        let _ = write!(line, "{:>9.2}", pair.ratio());
        match target {
            Some(target) => self.verdict(&line, target),
            None => self.line(&line),
        }
    }

    fn costs(&mut self, costs: &Costs) {
        self.row("  processor time of the client", &costs.client, micros, None);
        self.row("  processor time of the server", &costs.server, micros, None);
    }

    fn verdict(&mut self, line: &str, target: &Target) {
        let verdict = if target.met { "met" } else { "MISSED" };
        self.line(&format!("{line}   {}: {verdict}", target.text));
    }
}

fn micros(nanos: f64) -> String {
    format!("{:.2} µs", nanos / 1e3)
}

fn per_second(rate: f64) -> String {
    format!("{rate:.0}/s")
}

fn kilobytes(bytes: f64) -> String {
    format!("{:.1} KB", bytes / 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{FanOut, Idle, Stream, Trips};

    fn pair(otc: f64, bare: f64) -> Pair {
        Pair { otc: vec![otc], bare: vec![bare] }
    }

    #[test]
    fn every_target_has_its_verdict() {
        let mut results = Results {
            rounds: 1,
            members: 9,
            small_trips: Trips { p50: pair(3.0, 1.0), ..Trips::default() },
            large_trips: Trips { p50: pair(2.0, 1.0), ..Trips::default() },
            small_stream: Stream { rate: pair(3.0, 3.0), ..Stream::default() },
            large_stream: Stream { rate: pair(1.0, 10.0), ..Stream::default() },
            fan_out: FanOut::default(),
            idle: Idle { client: pair(24_001.0, 1.0), server: pair(1.0, 1.0), threads: [4.0, 4.0] },
        };
        let verdicts = |results: &Results| -> Vec<bool> {
            let table = render(results);
            table
                .lines()
                .filter(|line| line.contains(": "))
                .filter_map(|line| match line.rsplit_once(": ")?.1 {
                    "met" => Some(true),
                    "MISSED" => Some(false),
                    _ => None,
                })
                .collect()
        };
        assert_eq!(verdicts(&results), [false, true, true, false, true]);
        results.small_stream.rate = pair(1.9, 3.0);
        results.idle.threads[1] = 5.0;
        assert_eq!(verdicts(&results), [false, true, false, false, false]);
    }
}
