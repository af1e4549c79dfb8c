//! A few thousand runs, all different, all repeatable.

use otc_simulation::{Count, run, traced};

/// Seeds of one test; two of them, so that both cores have something to do. `OTC_TEST_RUNS` asks for more,
/// `OTC_TEST_SEED` for others.
const RUNS: u64 = 1200;

fn asked(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().expect("a number"))
}

/// Runs every seed of one half, and fails with the first that is wrong.
fn half(offset: u64) {
    let (first, runs) = (asked("OTC_TEST_SEED", 0), asked("OTC_TEST_RUNS", RUNS));
    let mut count = Count::default();
    for seed in first + offset * runs..first + (offset + 1) * runs {
        match run(seed) {
            Ok(report) => count.add(&report.count),
            Err(failure) => panic!("{failure}"),
        }
    }
    // Otherwise they would prove nothing.
    assert!(count.cuts >= runs && count.returns >= runs && count.signals >= 10 * runs, "{count:?}");
    assert!(count.joins >= runs && count.deliveries >= 10 * runs && count.reports > 0, "{count:?}");
    assert!(count.replayed_requests > 0 && count.losses > 0, "{count:?}");
    assert!(count.kills > 0 && count.restarts > 0 && count.refusals >= runs, "{count:?}");
}

#[test]
fn the_first_half_of_the_seeds() {
    half(0);
}

#[test]
fn the_second_half_of_the_seeds() {
    half(1);
}

#[test]
fn a_run_can_be_repeated_exactly() {
    for seed in 0..20 {
        let trace = || {
            let mut lines = Vec::new();
            let result = traced(seed, &mut |line| lines.push(line.to_owned()));
            (result.is_ok(), lines)
        };
        let (first, second) = (trace(), trace());
        assert!(first.1.len() > 100, "seed {seed} has a trace");
        let different = first.1.iter().zip(&second.1).find(|(first, second)| first != second);
        assert_eq!((different, first.1.len()), (None, second.1.len()), "seed {seed}");
    }
}
