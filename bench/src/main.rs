//! Measures the library and the server beside a bare WebSocket pair.
//!
//! Everything runs on loopback, each side in processes of its own: the server (`otc-server`), a client that uses the
//! library through the functions of its C API, and the same two made of bare tokio-tungstenite. Both sides do the same
//! work in turns (A, B, A, B, …), so that whatever else the machine does falls on both; what counts is their ratio.
//!
//! * `plan`: what is measured; `table`: how it is shown
//! * `child`: processes, seen from outside; `command`: what a client process can be told
//! * `otc_client` on `c_api`; `bare_client` and `bare_server`
#![deny(unsafe_code)]

mod bare_client;
mod bare_server;
mod c_api;
mod child;
mod command;
mod otc_client;
mod plan;
mod stats;
mod table;

use plan::Plan;
use std::path::PathBuf;
use std::process::ExitCode;

/// What can go wrong, for people.
type Error = Box<dyn std::error::Error + Send + Sync>;

const USAGE: &str = "usage: otc-bench [--quick] [--server PATH-OF-otc-server]";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("otc-bench: {error}");
            ExitCode::FAILURE
        }
    }
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
    let mut server = std::env::current_exe()?.with_file_name("otc-server");
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match *argument {
            "--quick" => plan = Plan::quick(),
            "--server" => server = PathBuf::from(rest.next().ok_or(USAGE)?),
            "--help" | "-h" => {
                println!("{USAGE}");
                return Ok(());
            }
            other => return Err(format!("{other} is not an option; {USAGE}").into()),
        }
    }
    if !server.is_file() {
        let server = server.display();
        return Err(format!("there is no {server}; build it: cargo build --release -p otc-server").into());
    }
    child::raise_file_limit()?;
    let results = plan.run(&server)?;
    print!("{}", table::render(&results));
    Ok(())
}
