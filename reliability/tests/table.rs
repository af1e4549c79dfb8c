//! The short form of the table, in every test run: real processes, real sockets, and the kernel's own networks where the
//! machine allows.

use std::io::Write;
use std::process::{Command, Output};

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_otc-reliability")).args(arguments).output().expect("the program runs")
}

/// Set where every row can be tried: then one that cannot is a failure.
const ALL: &str = "OTC_REQUIRE_ALL_ROWS";
/// Rows of the short table.
const ROWS: usize = 12;

#[test]
fn nothing_is_lost_in_the_short_table() {
    let output = run(&["table", "--quick"]);
    let (table, words) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    println!("{table}\n{words}");
    assert!(output.status.success(), "{words}");
    let (mut rows, mut skipped) = (0, Vec::new());
    for row in table.lines().skip(2) {
        rows += 1;
        let cells: Vec<&str> = row.split(" | ").map(str::trim).collect();
        if cells.last().is_some_and(|last| last.contains("NOT ON THIS MACHINE")) {
            skipped.push(format!("{}: {}", cells[0], cells[cells.len() - 1]));
            continue;
        }
        assert!(cells[3] != "0", "nothing was delivered: {row}");
        assert_eq!([cells[4], cells[5]], ["0", "0"], "{row}");
    }
    assert_eq!(rows, ROWS, "{table}");
    assert!(skipped.len() < ROWS, "nothing was tried");
    assert!(skipped.is_empty() || std::env::var_os(ALL).is_none(), "{ALL} is set, and {skipped:?}");
    for row in skipped {
        // Past the test's captured output: whoever runs the tests is to see it.
        let _ = std::io::stderr().write_all(format!("otc-reliability: {row}\n").as_bytes());
    }
}

#[test]
fn a_soak_that_tries_nothing_fails() {
    let output = run(&["soak", "--seconds", "0"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("nothing was tried"), "{output:?}");
}

#[test]
fn what_it_does_not_know_it_refuses() {
    for arguments in
        [&["table", "no-such-row"][..], &["table", "--no-such-option"], &["table", "--seed"], &["dance"], &[]]
    {
        assert!(!run(arguments).status.success(), "{arguments:?}");
    }
}
