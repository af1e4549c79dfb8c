//! A server process.

use super::DEADLINE;
use otc_server::KeyPair;
use otc_server::mint::{self, TokenRequest};
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::Instant;

pub(crate) const KEY: &str = "123456";
pub(crate) const SECRET: &str = "a-very-secret-secret";

/// A data directory, and what all servers that use it have in common.
pub(crate) struct Site {
    pub(crate) data: PathBuf,
    pub(crate) session: String,
    pub(crate) pair: KeyPair,
}

impl Site {
    pub(crate) fn new() -> Self {
        static SITES: AtomicU32 = AtomicU32::new(0);
        let number = SITES.fetch_add(1, Ordering::Relaxed);
        let data = std::env::temp_dir().join(format!("otc-restart-{}-{number}", std::process::id()));
        let pair = KeyPair::new(KEY, SECRET).expect("a pair");
        let session = mint::session(&pair.project, true).expect("minted");
        Self { data, session, pair }
    }

    /// The same directory, for servers that know another project.
    pub(crate) fn of_another_project(&self) -> Self {
        let pair = KeyPair::new("654321", SECRET).expect("a pair");
        Self { data: self.data.clone(), session: self.session.clone(), pair }
    }

    pub(crate) fn token(&self) -> String {
        mint::token(&self.pair, &TokenRequest::new(&self.session)).expect("minted")
    }

    /// A server on a free port.
    pub(crate) fn start(&self) -> Process {
        self.spawn("127.0.0.1:0", &[]).listening().expect("a free port")
    }

    /// A server on the port of an earlier one. A client that dials nobody may hold it for a moment.
    pub(crate) fn start_at(&self, address: &str) -> Process {
        let start = Instant::now();
        loop {
            match self.spawn(address, &[]).listening() {
                Ok(process) => return process,
                Err(log) => assert!(start.elapsed() < DEADLINE, "the server does not start: {log}"),
            }
        }
    }

    /// A server that starts.
    pub(crate) fn spawn(&self, address: &str, arguments: &[&str]) -> Starting {
        // OTC_SERVER names another one: as it ships.
        let program = std::env::var_os("OTC_SERVER").unwrap_or(env!("CARGO_BIN_EXE_otc-server").into());
        let mut child = Command::new(program)
            .args(["serve", "--listen", address])
            .args(arguments)
            .env("OTC_DATA", &self.data)
            .env("OTC_API_KEY", self.pair.project.as_str())
            .env("OTC_API_SECRET", self.pair.secret.expose())
            .env("OTC_LOG", "info")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the server's program");
        let out = BufReader::new(child.stdout.take().expect("piped"));
        let log = child.stderr.take().expect("piped");
        Starting { child, out, log: std::thread::spawn(|| read(log)) }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.data);
    }
}

fn read(mut log: ChildStderr) -> String {
    let mut text = String::new();
    let _ = log.read_to_string(&mut text);
    text
}

/// A process that does not listen yet.
pub(crate) struct Starting {
    child: Child,
    out: BufReader<ChildStdout>,
    log: JoinHandle<String>,
}

impl Starting {
    /// Waits until it listens; its log, when it does not.
    pub(crate) fn listening(mut self) -> Result<Process, String> {
        let mut line = String::new();
        self.out.read_line(&mut line).expect("text");
        match line.trim().strip_prefix("listening on ") {
            Some(url) => {
                Ok(Process { url: url.to_owned(), child: self.child, log: Some(self.log), out: self.out })
            }
            None => {
                let _ = self.child.wait();
                Err(self.log.join().expect("no panic"))
            }
        }
    }
}

/// A process that listens. It is killed when it is dropped.
pub(crate) struct Process {
    pub(crate) url: String,
    child: Child,
    log: Option<JoinHandle<String>>,
    /// Held open: the server may have more to say.
    out: BufReader<ChildStdout>,
}

impl Process {
    pub(crate) fn address(&self) -> &str {
        self.url.strip_prefix("http://").expect("an address")
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("our child");
    }

    /// Waits for its end; how it ended, and its log.
    pub(crate) fn ended(mut self) -> (ExitStatus, String) {
        let status = self.child.wait().expect("our child");
        (status, self.log.take().expect("once").join().expect("no panic"))
    }

    /// Tells it to stop; its log.
    pub(crate) fn stop(self) -> String {
        self.signal(Signal::TERM);
        let (status, log) = self.ended();
        assert!(status.success(), "{status}: {log}");
        log
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What is in the directory, by name.
pub(crate) fn listing(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).expect("our directory");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}
