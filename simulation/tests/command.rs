//! What the program says with its exit code.

use std::process::Command;

#[test]
fn a_soak_that_tries_nothing_fails() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_otc-simulation"));
    let output = command.args(["--seconds", "0"]).output().expect("the program runs");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no seed was run"), "{output:?}");
}

#[test]
fn one_seed_that_is_right_succeeds() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_otc-simulation"));
    let output = command.args(["--seed", "1"]).output().expect("the program runs");
    assert!(output.status.success(), "{output:?}");
}
