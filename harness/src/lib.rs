//! What the benchmark and the fault tests share.
//!
//! [`c_api`] is the library as a C program sees it, [`process`] a child process, [`server`] is `otc-server` as one, and
//! [`stats`] has medians; [`main`] is what their programs begin with.
#![deny(unsafe_code)]

pub mod c_api;
pub mod process;
pub mod server;
pub mod stats;

use std::process::ExitCode;

/// What can go wrong, for people.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// Microseconds of the machine's monotonic clock, which is the same in all processes.
pub fn now() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    u64::try_from(time.tv_sec).unwrap_or(0) * 1_000_000 + u64::try_from(time.tv_nsec).unwrap_or(0) / 1000
}

/// Runs the program `name`: hands its arguments to `run`, and says what went wrong.
pub fn main(name: &str, run: impl FnOnce(&[&str]) -> Result<(), Error>) -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{name}: {error}");
            ExitCode::FAILURE
        }
    }
}
