//! What a server process holds.

use super::process::Process;
use super::support::{Request, SOMEBODY};
use std::fmt;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// A look at a server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    pub(crate) rss_kib: u64,
    pub(crate) sockets: usize,
    pub(crate) sessions: usize,
}

impl fmt::Display for Sample {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rss_kib, sockets, sessions } = self;
        let (mib, tenths) = (rss_kib / 1024, rss_kib % 1024 * 10 / 1024);
        write!(formatter, "{mib:>7}.{tenths} MiB {sockets:>9} {sessions:>9}")
    }
}

/// Open TCP connections and the listener.
pub(crate) fn sockets(server: &Process) -> usize {
    let files = std::fs::read_dir(format!("/proc/{}/fd", server.pid().as_raw_nonzero())).expect("it runs");
    let is_socket = |link: std::path::PathBuf| link.to_string_lossy().starts_with("socket:");
    files
        .filter(|file| {
            file.as_ref().ok().and_then(|file| file.path().read_link().ok()).is_some_and(is_socket)
        })
        .count()
}

/// How many of these sessions somebody is in.
pub(crate) fn inhabited(server: &Process, sessions: &[String]) -> usize {
    let address: SocketAddr = server.address().parse().expect("an address");
    let is_inhabited = |session: &&String| {
        // Nobody has that connection id, but only where somebody is does the server look for it.
        let path = format!(
            "POST /v2/project/{}/session/{session}/connection/{SOMEBODY}/signal",
            super::process::KEY
        );
        let token = super::support::rest_token(super::process::KEY, super::process::SECRET);
        let request = Request::new(&path).header("X-OPENTOK-AUTH", &token);
        let answer = request.body("application/json", "{}").send(address);
        assert_eq!(answer.status, 404);
        !answer.body.contains("Nobody is in the session")
    };
    sessions.iter().filter(is_inhabited).count()
}

pub(crate) fn sample(server: &Process, sessions: &[String]) -> Sample {
    let inhabited = inhabited(server, sessions);
    Sample { rss_kib: server.resident() / 1024, sockets: sockets(server), sessions: inhabited }
}

/// Waits until `happened`; whether it has within `patience`.
pub(crate) async fn wait(patience: Duration, happened: impl Fn() -> bool) -> bool {
    let start = Instant::now();
    while !happened() {
        if start.elapsed() > patience {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    true
}
