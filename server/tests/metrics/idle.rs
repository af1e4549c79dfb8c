//! A server that nobody uses does nothing at all.

use crate::DEADLINE;
use crate::process::{Process, Site};
use crate::support::Request;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How long idle servers are watched: the one time that a test lets pass.
const WATCHED: Duration = Duration::from_secs(2);
/// Threads may be woken so often in that time, all of them together.
const WAKES: u64 = 5;

/// What its threads have done so far: how often they went to sleep, and ticks that processors have worked for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Work {
    sleeps: u64,
    ticks: u64,
}

fn threads(server: &Process) -> Vec<PathBuf> {
    let tasks = fs::read_dir(format!("/proc/{}/task", server.pid().as_raw_nonzero())).expect("it runs");
    tasks.map(|task| task.expect("readable").path()).collect()
}

/// A thread may end between two looks; what it did is then missing, which makes the sum smaller.
fn work(server: &Process) -> Work {
    let mut work = Work { sleeps: 0, ticks: 0 };
    for thread in threads(server) {
        let status = fs::read_to_string(thread.join("status")).unwrap_or_default();
        let sleeps = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        work.sleeps += sleeps.map_or(0, |count| count.trim().parse().expect("a number"));
        let stat = fs::read_to_string(thread.join("stat")).unwrap_or_default();
        // After the name, which may hold anything: state, ten more, and then user and system time.
        let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields).split_whitespace();
        work.ticks +=
            fields.skip(11).take(2).map(|ticks| ticks.parse::<u64>().expect("a number")).sum::<u64>();
    }
    work
}

fn is_asleep(server: &Process) -> bool {
    threads(server).iter().all(|thread| {
        let stat = fs::read_to_string(thread.join("stat")).unwrap_or_default();
        stat.rsplit_once(')').is_none_or(|(_, fields)| fields.trim_start().starts_with('S'))
    })
}

/// Waits until its start is over: it has answered, and all of its threads sleep.
fn settle(server: &Process) {
    let address = server.address().parse().expect("an address");
    assert_eq!(Request::new("GET /nothing").send(address).status, 404);
    let begun = Instant::now();
    // Several looks: one thread may wake another one in between.
    let mut quiet = 0;
    let mut before = work(server);
    while quiet < 50 {
        assert!(begun.elapsed() < DEADLINE, "it does not come to rest");
        std::thread::yield_now();
        let now = work(server);
        quiet = if is_asleep(server) && now == before { quiet + 1 } else { 0 };
        before = now;
    }
}

#[test]
fn an_idle_server_does_nothing() {
    let bare = Site::new();
    let plain = bare.spawn("127.0.0.1:0", &["--metrics-listen", "127.0.0.1:0"]).listening().expect("started");
    let site = Site::new();
    let config = site.file(
        "toml",
        "webhook_private_targets = true\n\
         [[webhooks]]\nurl = \"http://127.0.0.1:9/hook\"\n\
         [archives]\nhours = 1\nretention_hours = 1\n",
    );
    let full = site.spawn("127.0.0.1:0", &["--config", &config]).listening().expect("started");
    for server in [&plain, &full] {
        settle(server);
    }
    let before = [work(&plain), work(&full)];
    std::thread::sleep(WATCHED);
    for (server, before) in [&plain, &full].into_iter().zip(before) {
        let after = work(server);
        let woken = after.sleeps - before.sleeps;
        assert!(woken <= WAKES, "its threads were woken {woken} times: {before:?}, {after:?}");
        assert_eq!(after.ticks, before.ticks, "it has worked");
    }
    plain.stop();
    full.stop();
}
