//! The short form of the table, in every test run: real processes, real sockets, and the kernel's own networks where the
//! machine allows.

use std::process::{Command, Output};

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_otc-reliability")).args(arguments).output().expect("the program runs")
}

#[test]
fn nothing_is_lost_in_the_short_table() {
    let output = run(&["table", "--quick"]);
    let (table, words) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    // What could not be tried here is said in both.
    println!("{table}\n{words}");
    assert!(output.status.success(), "{words}");
    let rows = table.lines().skip(2);
    for row in rows {
        let cells: Vec<&str> = row.split(" | ").map(str::trim).collect();
        let not_here = cells.last().is_some_and(|last| last.contains("NOT ON THIS MACHINE"));
        assert!(not_here || cells[3] != "0", "nothing was delivered: {row}");
        let faults = [cells[4], cells[5]];
        assert!(not_here || faults == ["0", "0"], "{row}");
    }
}

#[test]
fn what_it_does_not_know_it_refuses() {
    for arguments in
        [&["table", "no-such-row"][..], &["table", "--no-such-option"], &["table", "--seed"], &["dance"], &[]]
    {
        assert!(!run(arguments).status.success(), "{arguments:?}");
    }
}
