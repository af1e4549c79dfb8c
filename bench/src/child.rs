//! The processes of a run, told what to do by lines.

use crate::Error;
use crate::command::Command as Task;
use otc_harness::process::Process;
use otc_harness::server::{API_KEY, Server, new_session, new_token};
use std::path::Path;
use std::process::Command;

/// Has a client carry out a command, and gives its answer.
pub(crate) fn ask(client: &mut Process, task: Task) -> Result<Vec<f64>, Error> {
    client.write_line(&task.to_string())?;
    let answer = client.read_line()?;
    answer.split_whitespace().map(|number| Ok(number.parse()?)).collect()
}

/// Starts a client that uses the library, for a session of its own; its members may hear of each other.
pub(crate) fn otc_client(server: &Server, program: &Path, connection_events: bool) -> Result<Process, Error> {
    let session = new_session(program)?;
    let token = new_token(program, &session, "")?;
    let mut command = Command::new(std::env::current_exe()?);
    let events = connection_events.to_string();
    command.args(["otc-client", server.url(), API_KEY, &session, &token, &events]);
    Process::spawn("the client", &mut command)
}

/// The server of the bare side, and the address of it.
pub(crate) struct BareServer {
    pub(crate) process: Process,
    address: String,
}

impl BareServer {
    /// Starts it.
    pub(crate) fn start() -> Result<Self, Error> {
        let mut command = Command::new(std::env::current_exe()?);
        let mut process = Process::spawn("the bare server", command.arg("bare-server"))?;
        let address = process.address()?;
        Ok(Self { process, address })
    }

    /// Starts a client of it.
    pub(crate) fn client(&self) -> Result<Process, Error> {
        let mut command = Command::new(std::env::current_exe()?);
        Process::spawn("the bare client", command.args(["bare-client", &self.address]))
    }
}
