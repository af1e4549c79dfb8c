//! The rounds: a server is started, checked, used, and killed.

use super::answered::Answered;
use super::process::{Site, Starting};
use super::support::pair;
use super::worker::{self, Worker};
use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};
use rustix::process::Signal;
use std::net::SocketAddr;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// Times that a server is killed while it is used.
const ROUNDS: u32 = 25;
/// Times that one is killed before it has told that it listens, among them the first one of all.
const EARLY: u32 = 6;
/// How long a server is used at most.
const USED: Duration = Duration::from_millis(250);
/// How long a server that is killed early has at most.
const STARTING: Duration = Duration::from_millis(60);
/// How long the whole may take, on a machine that does little else.
const ALL: Duration = Duration::from_secs(20);

#[test]
fn what_was_answered_is_there_after_a_kill_at_any_moment() {
    let seed = std::env::var("OTC_TEST_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or_else(|| u64::from_be_bytes(otc_server::keys::random().expect("randomness")));
    println!("OTC_TEST_SEED={seed}");
    let start = Instant::now();
    let mut random = StdRng::seed_from_u64(seed);
    let mut site = Site::new();
    site.pair = pair();
    // The test calls more often than an application does; and the account may make projects.
    let config = site.data.with_extension("toml");
    std::fs::write(&config, "[limits]\nrest_per_second = 0\n").expect("room on the disk");
    let config = config.to_str().expect("UTF-8");
    let arguments =
        ["--config", config, "--account-key", worker::ACCOUNT, "--account-secret", worker::ACCOUNT_SECRET];
    let mut answered = Answered::default();
    for round in 0..ROUNDS + EARLY {
        let starting = site.spawn("127.0.0.1:0", &arguments);
        if round % (ROUNDS / EARLY + 1) == 0 {
            kill_early(starting, random.random_range(Duration::ZERO..STARTING));
            continue;
        }
        let server = starting.listening().unwrap_or_else(|log| panic!("round {round}: {log}"));
        let address: SocketAddr = server.address().parse().expect("an address");
        answered.check(address, &site.data);
        let workers: Vec<Worker> =
            (0..worker::WORKERS).map(|number| Worker::start(address, number, random.next_u64())).collect();
        // Not a pause but the moment that the seed has chosen.
        std::thread::sleep(random.random_range(Duration::ZERO..USED));
        server.signal(Signal::KILL);
        let (status, log) = server.ended();
        assert!(!status.success() && !log.contains("panicked"), "round {round}: {status}: {log}");
        for worker in workers {
            answered.learn(worker.ended());
        }
    }
    let server = site.spawn("127.0.0.1:0", &arguments).listening().expect("a free port");
    answered.check(server.address().parse().expect("an address"), &site.data);
    answered.expect_some_of_everything();
    println!("{} in {:?}", answered.summary(), start.elapsed());
    assert!(server.stop().contains("sessions left"), "an orderly end after all of that");
    std::fs::remove_file(config).expect("our file");
    println!("{:?} in all; {ALL:?} is the aim", start.elapsed());
}

/// Kills a server that may or may not listen by then.
fn kill_early(starting: Starting, after: Duration) {
    let (told, listens) = channel();
    let pid = starting.pid();
    let waiting = std::thread::spawn(move || {
        let listening = starting.listening();
        let _ = told.send(());
        listening
    });
    let heard = listens.recv_timeout(after);
    assert_ne!(
        heard,
        Err(RecvTimeoutError::Disconnected),
        "the thread that waits for the server has panicked"
    );
    rustix::process::kill_process(pid, Signal::KILL).expect("our child");
    match waiting.join().expect("no panic") {
        Ok(server) => drop(server.ended()),
        Err(log) => assert!(!log.contains("panicked") && !log.contains("cannot open"), "{log}"),
    }
}
