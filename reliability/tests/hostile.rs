//! The short form of the attacks, in every test run: who behaves notices nothing, and memory is bounded.

use std::process::Command;

/// One of each kind.
const ATTACKS: [&str; 9] = [
    "doors",
    "slow-frames",
    "giant-frames",
    "compressed",
    "malformed",
    "bad-tokens",
    "unread-states",
    "no-acknowledgement",
    "returns",
];

#[test]
fn attacks_are_nobody_elses_trouble() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_otc-reliability"));
    let output = command.args(["hostile", "--quick"]).args(ATTACKS).output().expect("the program runs");
    let (table, words) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    println!("{table}\n{words}");
    assert!(output.status.success(), "{words}");
    assert_eq!(table.lines().skip(2).count(), ATTACKS.len(), "{table}");
}

#[test]
fn an_unknown_attack_is_refused() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_otc-reliability"));
    let output = command.args(["hostile", "no-such-attack"]).output().expect("the program runs");
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("giant-frames"), "it says what there is");
}
