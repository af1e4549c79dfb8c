//! A server process.

use super::DEADLINE;
use otc_server::KeyPair;
use otc_server::mint::{self, TokenRequest};
use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit};
use std::cell::RefCell;
use std::ffi::OsString;
use std::fs::Permissions;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::Instant;

pub(crate) const KEY: &str = "123456";
pub(crate) const SECRET: &str = "a-very-secret-secret";

/// Lets this process open so many files.
pub(crate) fn raise_file_limit(wanted: usize) {
    let wanted = wanted as u64;
    let allowed = getrlimit(Resource::Nofile);
    assert!(allowed.maximum.is_none_or(|most| most >= wanted), "this test needs `ulimit -Hn` {wanted}");
    let raised = Rlimit { current: Some(wanted), maximum: allowed.maximum };
    setrlimit(Resource::Nofile, raised).expect("within the limit");
}

/// A data directory, and what all servers that use it have in common.
pub(crate) struct Site {
    pub(crate) data: PathBuf,
    pub(crate) session: String,
    pub(crate) pair: KeyPair,
    files: RefCell<Vec<PathBuf>>,
}

impl Site {
    pub(crate) fn new() -> Self {
        static SITES: AtomicU32 = AtomicU32::new(0);
        let number = SITES.fetch_add(1, Ordering::Relaxed);
        let data = std::env::temp_dir().join(format!("otc-restart-{}-{number}", std::process::id()));
        let pair = KeyPair::new(KEY, SECRET).expect("a pair");
        let session = mint::session(&pair.project, true).expect("minted");
        Self { data, session, pair, files: RefCell::default() }
    }

    /// The same directory, for servers that know another project.
    pub(crate) fn of_another_project(&self) -> Self {
        let pair = KeyPair::new("654321", SECRET).expect("a pair");
        Self { data: self.data.clone(), session: self.session.clone(), pair, files: RefCell::default() }
    }

    pub(crate) fn token(&self) -> String {
        mint::token(&self.pair, &TokenRequest::new(&self.session)).expect("minted")
    }

    /// A file of that text for the server to read, which goes away with the site.
    pub(crate) fn file(&self, name: &str, text: &str) -> String {
        let path = self.data.with_extension(name);
        std::fs::write(&path, text).expect("a folder for temporary files");
        // Whatever the user's umask is: the server takes no configuration that others may change.
        std::fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("our file");
        self.files.borrow_mut().push(path.clone());
        path.to_str().expect("text").to_owned()
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
        self.spawn_with(address, arguments, "info")
    }

    /// A server that may have so many files open, and starts.
    #[allow(dead_code, reason = "some of those who have sites limit nothing")]
    pub(crate) fn spawn_limited(&self, files: u32, arguments: &[&str]) -> Starting {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("ulimit -n {files} && exec \"$0\" \"$@\"")]).arg(program());
        self.spawn_as(shell, "127.0.0.1:0", arguments, "info")
    }

    /// The same, with that much in its log.
    pub(crate) fn spawn_with(&self, address: &str, arguments: &[&str], log: &str) -> Starting {
        self.spawn_as(Command::new(program()), address, arguments, log)
    }

    fn spawn_as(&self, mut program: Command, address: &str, arguments: &[&str], log: &str) -> Starting {
        let mut child = program
            .args(["serve", "--listen", address])
            .args(arguments)
            .env("OTC_DATA", &self.data)
            .env("OTC_API_KEY", self.pair.project.as_str())
            .env("OTC_API_SECRET", self.pair.secret.expose())
            .env("OTC_LOG", log)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the server's program");
        let out = BufReader::new(child.stdout.take().expect("piped"));
        let stderr = child.stderr.take().expect("piped");
        let log = Arc::<Log>::default();
        let reader = std::thread::spawn({
            let log = Arc::clone(&log);
            move || log.follow(stderr)
        });
        Starting { child, out, log, reader }
    }
}

/// `OTC_SERVER` names another one: as it ships.
fn program() -> OsString {
    std::env::var_os("OTC_SERVER").unwrap_or(env!("CARGO_BIN_EXE_otc-server").into())
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.data);
        for file in self.files.borrow().iter() {
            let _ = std::fs::remove_file(file);
        }
    }
}

/// What a server has logged so far.
#[derive(Default)]
struct Log {
    text: Mutex<String>,
    more: Condvar,
}

impl Log {
    fn follow(&self, stderr: ChildStderr) {
        let mut stderr = BufReader::new(stderr);
        let mut line = String::new();
        while matches!(stderr.read_line(&mut line), Ok(1..)) {
            self.text.lock().expect("no panic").push_str(&line);
            self.more.notify_all();
            line.clear();
        }
    }

    fn text(&self) -> String {
        self.text.lock().expect("no panic").clone()
    }
}

/// A process that does not listen yet.
pub(crate) struct Starting {
    child: Child,
    out: BufReader<ChildStdout>,
    log: Arc<Log>,
    reader: JoinHandle<()>,
}

impl Starting {
    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Waits until it listens; its log, when it does not.
    pub(crate) fn listening(mut self) -> Result<Process, String> {
        let mut line = String::new();
        self.out.read_line(&mut line).expect("text");
        match line.trim().strip_prefix("listening on ") {
            Some(url) => Ok(Process {
                url: url.to_owned(),
                child: self.child,
                log: self.log,
                reader: Some(self.reader),
                out: self.out,
            }),
            None => {
                let _ = self.child.wait();
                self.reader.join().expect("no panic");
                Err(self.log.text())
            }
        }
    }
}

/// A process that listens. It is killed when it is dropped.
pub(crate) struct Process {
    pub(crate) url: String,
    child: Child,
    log: Arc<Log>,
    reader: Option<JoinHandle<()>>,
    /// Held open: the server may have more to say.
    out: BufReader<ChildStdout>,
}

impl Process {
    pub(crate) fn address(&self) -> &str {
        self.url.split_once("://").expect("an address").1
    }

    /// Where its metrics are, which it says after where it listens.
    #[allow(dead_code, reason = "some of those who have servers do not ask for it")]
    pub(crate) fn metrics(&mut self) -> std::net::SocketAddr {
        let mut line = String::new();
        self.out.read_line(&mut line).expect("text");
        let address =
            line.trim().strip_prefix("metrics on http://").and_then(|url| url.strip_suffix("/metrics"));
        address
            .and_then(|address| address.parse().ok())
            .unwrap_or_else(|| panic!("not where metrics are: {line}"))
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Bytes of memory that are really there.
    pub(crate) fn resident(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid().as_raw_nonzero()));
        let status = status.expect("the server runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("every process has it");
        1024 * line.trim().trim_end_matches("kB").trim().parse::<u64>().expect("a number")
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("our child");
    }

    /// Waits until its log says this.
    pub(crate) fn wait_for_log(&self, words: &str) {
        let text = self.log.text.lock().expect("no panic");
        let waited = self.log.more.wait_timeout_while(text, DEADLINE, |text| !text.contains(words));
        let (text, waited) = waited.expect("no panic");
        assert!(!waited.timed_out(), "{words} is missing in\n{text}");
    }

    /// Waits for its end; how it ended, and its log.
    pub(crate) fn ended(mut self) -> (ExitStatus, String) {
        let status = self.child.wait().expect("our child");
        self.reader.take().expect("once").join().expect("no panic");
        (status, self.log.text())
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
