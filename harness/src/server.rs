//! `otc-server` as a process of its own.

use crate::Error;
use crate::process::Process;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The key pair that every server here has.
pub const API_KEY: &str = "1";
/// Its secret.
pub const API_SECRET: &str = "measured on this machine alone";

/// A server and the address of it; it is killed when this is dropped.
pub struct Server {
    /// To be watched, stopped and killed.
    pub process: Process,
    url: String,
}

impl Server {
    /// Starts `otc-server` on a free port of this machine.
    pub fn start(program: &Path) -> Result<Self, Error> {
        Self::start_with(otc_server(program), "127.0.0.1:0", &[])
    }

    /// Starts what `command` runs (see [`otc_server`]) on `listen`, with further options of `serve`.
    pub fn start_with(mut command: Command, listen: &str, options: &[&str]) -> Result<Self, Error> {
        command.args(["serve", "--listen", listen]).args(options);
        let mut process = Process::spawn("otc-server", &mut command)?;
        let url = process.address()?;
        Ok(Self { process, url })
    }

    /// Where it is reached: `http://ADDRESS:PORT`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// `ADDRESS:PORT`
    pub fn address(&self) -> &str {
        self.url.trim_start_matches("http://")
    }
}

/// The server's program, with nothing in its environment but the key pair.
pub fn otc_server(program: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("OTC_") {
            command.env_remove(name);
        }
    }
    command.env("OTC_API_KEY", API_KEY).env("OTC_API_SECRET", API_SECRET).env("OTC_LOG", "warn");
    command
}

/// A new session id.
pub fn new_session(program: &Path) -> Result<String, Error> {
    output(otc_server(program).arg("session"))
}

/// A new token of a publisher; `data` is what the others learn about its connection.
pub fn new_token(program: &Path, session: &str, data: &str) -> Result<String, Error> {
    output(otc_server(program).args(["token", "--session", session, "--data", data]))
}

/// Where `otc-server` lies: beside this program, unless it is said.
pub fn find(said: Option<PathBuf>) -> Result<PathBuf, Error> {
    let path = match said {
        Some(path) => path,
        None => std::env::current_exe()?.with_file_name("otc-server"),
    };
    if path.is_file() {
        return Ok(path);
    }
    let profile = if cfg!(debug_assertions) { "" } else { " --release" };
    Err(format!("there is no {}; build it: cargo build{profile} -p otc-server", path.display()).into())
}

fn output(command: &mut Command) -> Result<String, Error> {
    let output = command.stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err("otc-server could not make a session id or a token".into());
    }
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}
