//! Measures the library and the server beside a bare WebSocket pair.
//!
//! Everything runs on loopback, each side in processes of its own: the server (`otc-server`), a client that uses the
//! library through the functions of its C API, and the same two made of bare tokio-tungstenite. Both sides do the same
//! work in turns (A, B, A, B, …), so that whatever else the machine does falls on both; what counts is their ratio.
//!
//! * `plan`: what is measured; `table`: how it is shown
//! * `child`: processes, seen from outside; `command`: what a client process can be told
//! * `otc_client`; `bare_client` and `bare_server`
#![forbid(unsafe_code)]

mod bare_client;
mod bare_server;
mod child;
mod command;
mod otc_client;
mod plan;
mod table;

use otc_harness::{Error, process, server};
use plan::Plan;
use std::path::PathBuf;
use std::process::ExitCode;

const USAGE: &str = "usage: otc-bench [--quick] [--server PATH-OF-otc-server]";

fn main() -> ExitCode {
    otc_harness::main("otc-bench", run)
}

fn run(arguments: &[&str]) -> Result<(), Error> {
    match arguments {
        ["bare-server"] => return bare_server::run(),
        ["bare-client", address] => return bare_client::run(address),
        ["otc-client", url, key, session, token, events] => {
            return otc_client::run(url, key, session, token, events.parse()?);
        }
        _ => {}
    }
    let mut plan = Plan::full();
    let mut program = None;
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match *argument {
            "--quick" => plan = Plan::quick(),
            "--server" => program = Some(PathBuf::from(rest.next().ok_or(USAGE)?)),
            "--help" | "-h" => {
                println!("{USAGE}");
                return Ok(());
            }
            other => return Err(format!("{other} is not an option; {USAGE}").into()),
        }
    }
    let program = server::find(program)?;
    process::raise_file_limit()?;
    let results = plan.run(&program)?;
    print!("{}", table::render(&results));
    Ok(())
}
