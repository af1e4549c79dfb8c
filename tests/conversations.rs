//! Whole conversations with peers that do anything (`fuzz/conversation`): the inputs that are kept, among them every
//! finding of the fuzzer, and random ones.

#[path = "../fuzz/conversation/lib.rs"]
pub mod conversation;

use conversation::{client, server};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// Random conversations of one test; `OTC_TEST_RUNS` asks for more, `OTC_TEST_SEED` for others.
const RUNS: u64 = 400;
/// Bytes of one of them.
const BYTES: usize = 1500;

fn asked(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().expect("a number"))
}

fn run_kept(target: &str, run: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .expect("kept inputs")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    assert!(files.len() >= 10, "{} has {} inputs", folder.display(), files.len());
    for file in files {
        let bytes = std::fs::read(&file).expect("an input");
        let result = catch_unwind(AssertUnwindSafe(|| run(&bytes)));
        assert!(result.is_ok(), "the input is {}", file.display());
    }
}

fn run_random(run: fn(&[u8])) {
    let (first, runs) = (asked("OTC_TEST_SEED", 0), asked("OTC_TEST_RUNS", RUNS));
    for seed in first..first + runs {
        let mut bytes = [0; BYTES];
        StdRng::seed_from_u64(seed).fill_bytes(&mut bytes);
        let result = catch_unwind(AssertUnwindSafe(|| run(&bytes)));
        assert!(result.is_ok(), "repeat it with OTC_TEST_SEED={seed} OTC_TEST_RUNS=1");
    }
}

#[test]
fn the_client_keeps_its_rules_in_kept_conversations() {
    run_kept("client_conversation", client::run);
}

#[test]
fn the_server_keeps_its_rules_in_kept_conversations() {
    run_kept("server_conversation", server::run);
}

#[test]
fn the_client_keeps_its_rules_in_random_conversations() {
    run_random(client::run);
}

#[test]
fn the_server_keeps_its_rules_in_random_conversations() {
    run_random(server::run);
}
