//! Drives sessions through the C API against the real server, in processes of their own, while the network, the server
//! and the clients fail, and counts what became of every signal.
//!
//! * `row`: what is tried; `runner`: runs rows, each as a process; `soak`: at random, until the time is up; `bench`: times
//! * `client`: the process with the sessions; `ledger`: what was sent and what was heard; `outcome`: what it came to
//! * `world`: a server, a proxy and clients; `proxy`: the bad network; `namespace`: the kernel's own
//! * `leftover`: what a row that is killed must not leave behind
//! * `hostile`: peers that attack the server, and what those who behave notice of it
//! * `report`: tables, and the documents that they are written into
#![forbid(unsafe_code)]

mod bench;
mod client;
mod hostile;
mod ledger;
mod leftover;
mod namespace;
mod options;
mod outcome;
mod proxy;
mod report;
mod row;
mod runner;
mod soak;
mod world;

use options::{Options, USAGE};
use otc_harness::Error;
use std::process::ExitCode;

fn main() -> ExitCode {
    otc_harness::main("otc-reliability", run)
}

fn run(arguments: &[&str]) -> Result<(), Error> {
    match arguments {
        ["client"] => client::run(),
        ["row", plan] => runner::child(plan),
        ["hostile-pair", meeting] => hostile::pair(meeting),
        ["hostile-attack", orders] => hostile::attack(orders),
        ["hostile", rest @ ..] => hostile::run(&Options::read(rest)?),
        ["table", rest @ ..] => runner::table(&Options::read(rest)?),
        ["bench", rest @ ..] => bench::run(&Options::read(rest)?),
        ["soak", rest @ ..] => soak::run(&Options::read(rest)?),
        ["--help" | "-h" | "help"] => {
            println!("{USAGE}");
            Ok(())
        }
        _ => Err(USAGE.into()),
    }
}
