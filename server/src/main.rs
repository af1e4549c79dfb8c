//! The program: `serve`, `check-config`, `session`, `token`, `rest-token`.

mod cli;

use cli::{Cli, Command};
use std::io::Write;
use std::process::ExitCode;

/// The system's allocator keeps what ten thousand clients have left behind (`tests/memory`).
#[cfg(all(feature = "jemalloc", not(target_env = "msvc")))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let result = match Cli::read().command {
        Command::Serve(serve) => cli::serve(*serve),
        Command::CheckConfig(serve) => cli::check_config(*serve),
        Command::Session(session) => cli::session(&session).and_then(|id| print(&id)),
        Command::Token(token) => cli::token(&token).and_then(|token| print(&token)),
        Command::RestToken(token) => cli::rest_token(&token).and_then(|token| print(&token)),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // When standard error is gone too there is nobody to tell.
            let _ = writeln!(std::io::stderr(), "otc-server: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The value and a newline, and nothing else: scripts read it.
fn print(value: &str) -> Result<(), cli::Error> {
    Ok(writeln!(std::io::stdout(), "{value}")?)
}
