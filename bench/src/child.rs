//! The processes of a run, told what to do by lines and watched through `/proc`.

use crate::Error;
use crate::command::Command as Task;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

const API_KEY: &str = "1";
const API_SECRET: &str = "measured on this machine alone";

/// A process; it is killed when this is dropped.
pub(crate) struct Process {
    name: &'static str,
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Process {
    fn spawn(name: &'static str, command: &mut Command) -> Result<Self, Error> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("a child without pipes".into());
        };
        Ok(Self { name, child, stdin, stdout: BufReader::new(stdout) })
    }

    fn read_line(&mut self) -> Result<String, Error> {
        let mut line = String::new();
        if self.stdout.read_line(&mut line)? == 0 {
            return Err(format!("{} has ended; its last words are above", self.name).into());
        }
        line.truncate(line.trim_end().len());
        Ok(line)
    }

    /// What follows `listening on` in its first line.
    fn address(&mut self) -> Result<String, Error> {
        let line = self.read_line()?;
        let address = line.strip_prefix("listening on ");
        Ok(address.ok_or_else(|| format!("{} said {line:?} instead of its address", self.name))?.to_owned())
    }

    /// Has a client carry out a command, and gives its answer.
    pub(crate) fn ask(&mut self, task: Task) -> Result<Vec<f64>, Error> {
        writeln!(self.stdin, "{task}")?;
        let answer = self.read_line()?;
        answer.split_whitespace().map(|number| Ok(number.parse()?)).collect()
    }

    /// Processor time of all its threads so far.
    pub(crate) fn cpu(&self) -> Result<Duration, Error> {
        let mut nanos = 0u64;
        for thread in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            // A thread that ends in this moment had nothing to do.
            let Ok(times) = fs::read_to_string(thread?.path().join("schedstat")) else { continue };
            nanos += times.split(' ').next().unwrap_or_default().parse::<u64>()?;
        }
        Ok(Duration::from_nanos(nanos))
    }

    /// Resident memory in bytes.
    pub(crate) fn memory(&self) -> Result<f64, Error> {
        Ok(self.status("VmRSS:")? * 1024.0)
    }

    /// How many threads it has.
    pub(crate) fn threads(&self) -> Result<f64, Error> {
        self.status("Threads:")
    }

    fn status(&self, key: &str) -> Result<f64, Error> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let value = status.lines().find_map(|line| line.strip_prefix(key)?.split_whitespace().next());
        Ok(value.ok_or_else(|| format!("/proc says nothing of {key}"))?.parse()?)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server and the address of it.
pub(crate) struct Server {
    pub(crate) process: Process,
    address: String,
}

impl Server {
    /// Starts `otc-server` on a free port.
    pub(crate) fn otc(program: &Path) -> Result<Self, Error> {
        let mut command = otc_server(program);
        command.args(["serve", "--listen", "127.0.0.1:0"]).env("OTC_LOG", "warn");
        let mut process = Process::spawn("otc-server", &mut command)?;
        let address = process.address()?;
        Ok(Self { process, address })
    }

    /// Starts the bare server.
    pub(crate) fn bare() -> Result<Self, Error> {
        let mut command = Command::new(std::env::current_exe()?);
        let mut process = Process::spawn("the bare server", command.arg("bare-server"))?;
        let address = process.address()?;
        Ok(Self { process, address })
    }

    /// Starts a client of the bare server.
    pub(crate) fn bare_client(&self) -> Result<Process, Error> {
        let mut command = Command::new(std::env::current_exe()?);
        Process::spawn("the bare client", command.args(["bare-client", &self.address]))
    }

    /// Starts a client that uses the library, for a session of its own; its members may hear of each other.
    pub(crate) fn otc_client(&self, program: &Path, connection_events: bool) -> Result<Process, Error> {
        let session = output(otc_server(program).arg("session"))?;
        let token = output(otc_server(program).args(["token", "--session", &session]))?;
        let mut command = Command::new(std::env::current_exe()?);
        let events = connection_events.to_string();
        command.args(["otc-client", &self.address, API_KEY, &session, &token, &events]);
        Process::spawn("the client", &mut command)
    }
}

/// The server's program, with nothing in its environment but the key pair.
fn otc_server(program: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("OTC_") {
            command.env_remove(name);
        }
    }
    command.env("OTC_API_KEY", API_KEY).env("OTC_API_SECRET", API_SECRET);
    command
}

fn output(command: &mut Command) -> Result<String, Error> {
    let output = command.stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err("otc-server could not make a session id or a token".into());
    }
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// A thousand sockets are a thousand open files in each process.
pub(crate) fn raise_file_limit() -> Result<(), Error> {
    let maximum = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })
        .map_err(|error| format!("the limit of open files cannot be raised: {error}").into())
}
