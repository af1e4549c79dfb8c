//! A server that nobody uses does nothing at all.

use crate::DEADLINE;
use crate::process::{Process, Site};
use crate::support::Request;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long idle servers are watched: the one time that a test lets pass.
const WATCHED: Duration = Duration::from_secs(2);
/// Threads may be woken so often in that time, all of them together.
const WAKES: u64 = 5;

/// What a thread has done so far: how often it went to sleep, and ticks that processors have worked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Work {
    sleeps: u64,
    ticks: u64,
}

/// What each thread has done. By thread, as one may end between two looks, and what it did is then missing.
type ByThread = BTreeMap<PathBuf, Work>;

fn threads(server: &Process) -> Vec<PathBuf> {
    let tasks = fs::read_dir(format!("/proc/{}/task", server.pid().as_raw_nonzero())).expect("it runs");
    tasks.map(|task| task.expect("readable").path()).collect()
}

fn work(server: &Process) -> ByThread {
    threads(server).into_iter().filter_map(|thread| Some((thread.clone(), work_of(&thread)?))).collect()
}

/// Nothing of a thread that has ended meanwhile.
fn work_of(thread: &Path) -> Option<Work> {
    let status = fs::read_to_string(thread.join("status")).ok()?;
    let sleeps = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
    let stat = fs::read_to_string(thread.join("stat")).ok()?;
    // After the name, which may hold anything: state, ten more, and then user and system time.
    let fields = stat.rsplit_once(')')?.1.split_whitespace();
    Some(Work {
        sleeps: sleeps.trim().parse().expect("a number"),
        ticks: fields.skip(11).take(2).map(|ticks| ticks.parse::<u64>().expect("a number")).sum(),
    })
}

/// What was done between two looks. A new thread has done all of its work in between.
fn done(before: &ByThread, after: &ByThread) -> Work {
    after.iter().fold(Work { sleeps: 0, ticks: 0 }, |done, (thread, now)| {
        let then = before.get(thread).copied().unwrap_or(Work { sleeps: 0, ticks: 0 });
        Work { sleeps: done.sleeps + now.sleeps - then.sleeps, ticks: done.ticks + now.ticks - then.ticks }
    })
}

#[test]
fn a_thread_that_ends_takes_nothing_from_the_work_of_the_others() {
    let look = |all: &[(&str, u64)]| -> ByThread {
        all.iter().map(|&(thread, sleeps)| (thread.into(), Work { sleeps, ticks: 1 })).collect()
    };
    let done = done(&look(&[("stays", 10), ("ends", 500)]), &look(&[("stays", 12), ("comes", 3)]));
    assert_eq!(done, Work { sleeps: 5, ticks: 1 });
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
        let done = done(&before, &work(server));
        assert!(done.sleeps <= WAKES && done.ticks == 0, "it has worked: {done:?}");
    }
    plain.stop();
    full.stop();
}
