//! A child process: told what to do by lines, watched through `/proc`, stopped and gone on with by signals.

use crate::Error;
use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

/// A process; it is killed when this is dropped.
pub struct Process {
    name: &'static str,
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Process {
    /// Starts it, with pipes for its standard input and output.
    pub fn spawn(name: &'static str, command: &mut Command) -> Result<Self, Error> {
        let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = spawned.map_err(|error| format!("{name} cannot be started: {error}"))?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("a child without pipes".into());
        };
        Ok(Self { name, child, stdin, stdout: BufReader::new(stdout) })
    }

    /// The process's id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The next line of its standard output.
    pub fn read_line(&mut self) -> Result<String, Error> {
        let mut line = String::new();
        if self.stdout.read_line(&mut line)? == 0 {
            return Err(format!("{} has ended; its last words are above", self.name).into());
        }
        line.truncate(line.trim_end().len());
        Ok(line)
    }

    /// Tells it a line on its standard input.
    pub fn write_line(&mut self, line: &str) -> Result<(), Error> {
        Ok(writeln!(self.stdin, "{line}")?)
    }

    /// What follows `listening on` in its first line.
    pub fn address(&mut self) -> Result<String, Error> {
        let line = self.read_line()?;
        let address = line.strip_prefix("listening on ");
        Ok(address.ok_or_else(|| format!("{} said {line:?} instead of its address", self.name))?.to_owned())
    }

    /// Processor time of all its threads so far.
    pub fn cpu(&self) -> Result<Duration, Error> {
        let mut nanos = 0u64;
        for thread in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            // A thread that ends in this moment had nothing to do.
            let Ok(times) = fs::read_to_string(thread?.path().join("schedstat")) else { continue };
            nanos += times.split(' ').next().unwrap_or_default().parse::<u64>()?;
        }
        Ok(Duration::from_nanos(nanos))
    }

    /// Resident memory in bytes.
    pub fn memory(&self) -> Result<f64, Error> {
        Ok(self.status("VmRSS:")? * 1024.0)
    }

    /// How many threads it has.
    pub fn threads(&self) -> Result<f64, Error> {
        self.status("Threads:")
    }

    fn status(&self, key: &str) -> Result<f64, Error> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let value = status.lines().find_map(|line| line.strip_prefix(key)?.split_whitespace().next());
        Ok(value.ok_or_else(|| format!("/proc says nothing of {key}"))?.parse()?)
    }

    /// SIGSTOP: it stands still until [`Process::thaw`].
    pub fn freeze(&self) -> Result<(), Error> {
        self.signal(Signal::STOP)
    }

    /// SIGCONT
    pub fn thaw(&self) -> Result<(), Error> {
        self.signal(Signal::CONT)
    }

    /// SIGTERM, and waits until it has ended.
    pub fn terminate(&mut self) -> Result<ExitStatus, Error> {
        self.signal(Signal::TERM)?;
        Ok(self.child.wait()?)
    }

    /// SIGKILL, and waits until it has ended.
    pub fn kill(&mut self) -> Result<(), Error> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    fn signal(&self, signal: Signal) -> Result<(), Error> {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).ok_or("a process has an id")?;
        Ok(kill_process(id, signal)?)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A thousand sockets are a thousand open files in each process.
pub fn raise_file_limit() -> Result<(), Error> {
    let maximum = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })
        .map_err(|error| format!("the limit of open files cannot be raised: {error}").into())
}
