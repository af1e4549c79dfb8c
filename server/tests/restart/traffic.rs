//! Two clients signal as fast as they can while the server is restarted again and again.

use super::DEADLINE;
use super::process::{KEY, Process, Site};
use super::program::{Heard, Program, Wishes};
use otc::ffi::otc_session_settings_set_signal_queue_size;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::ScopedJoinHandle;
use std::time::{Duration, Instant};

/// Times that the server is restarted.
const RESTARTS: u64 = 5;
/// Signals that each client has to hear between two restarts.
const BETWEEN: u64 = 1000;
/// Signals that wait in a client, so that little has to be caught up with at the end.
const QUEUE: i32 = 1024;

/// One client, and how far it has got.
struct Peer {
    program: Program,
    name: &'static str,
    heard: AtomicU64,
    reconnected: AtomicU64,
}

// The handle is a number, and the C API may be called from any thread.
unsafe impl Sync for Peer {}

impl Peer {
    fn join(site: &Site, url: &str, name: &'static str) -> Self {
        let small = |settings| assert_eq!(otc_session_settings_set_signal_queue_size(settings, QUEUE), 0);
        let wishes = Wishes { api_url: Some(url), also: Some(&small), ..Wishes::default() };
        let program = Program::new(KEY, &site.session, &wishes);
        program.connect(&site.token());
        program.wait_for_connected();
        Self { program, name, heard: AtomicU64::new(0), reconnected: AtomicU64::new(0) }
    }

    /// Signals numbers, one after the other, until `stop`; how many.
    fn speak(&self, stop: &AtomicBool) -> u64 {
        let mut number = 0;
        while !stop.load(Ordering::Relaxed) {
            self.say(self.name, &number.to_string());
            number += 1;
        }
        self.say("end", "");
        number
    }

    /// Signals, as soon as the outbox has room.
    fn say(&self, kind: &str, data: &str) {
        let start = Instant::now();
        while self.program.try_signal(kind, data) != 0 {
            assert!(start.elapsed() < DEADLINE, "the outbox stays full");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Hears until both have ended; how many numbers of each, which came in their order and each once.
    fn listen(&self) -> BTreeMap<String, u64> {
        let mut next = BTreeMap::new();
        let mut ends = 0;
        while ends < 2 {
            match self.program.next() {
                Heard::Signal { kind: Some(kind), .. } if kind == "end" => ends += 1,
                Heard::Signal { kind: Some(kind), data: Some(data), .. } => {
                    let expected: &mut u64 = next.entry(kind).or_default();
                    assert_eq!(data, expected.to_string(), "heard by {}: {next:?}", self.name);
                    *expected += 1;
                    self.heard.fetch_add(1, Ordering::Relaxed);
                }
                Heard::Reconnecting => {}
                Heard::Reconnected => {
                    self.reconnected.fetch_add(1, Ordering::Relaxed);
                }
                // Above all nobody leaves, and nothing fails.
                other => panic!("{} hears {other:?}", self.name),
            }
        }
        next
    }
}

fn wait_until(
    what: &str,
    workers: &[ScopedJoinHandle<'_, BTreeMap<String, u64>>],
    happened: impl Fn() -> bool,
) {
    let start = Instant::now();
    while !happened() {
        assert!(!workers.iter().any(ScopedJoinHandle::is_finished), "a listener has ended before: {what}");
        assert!(start.elapsed() < DEADLINE, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Every other time the next server is there before the first one is told to stop, and waits for its directory.
fn restart(site: &Site, server: Process, overlapping: bool) -> Process {
    let address = server.address().to_owned();
    let next = overlapping.then(|| site.spawn(&address, &[]));
    let log = server.stop();
    assert!(log.contains("sessions left for the next server sessions=1 connections=2"), "{log}");
    let started = next.and_then(|next| next.listening().ok());
    started.unwrap_or_else(|| site.start_at(&address))
}

#[test]
fn signals_in_both_directions_survive_every_restart() {
    let site = Site::new();
    let server = site.start();
    let peers = [Peer::join(&site, &server.url, "a"), Peer::join(&site, &server.url, "b")];
    let [a, b] = &peers;
    for (one, other) in [(a, b), (b, a)] {
        let id = other.program.id();
        assert!(matches!(one.program.next(), Heard::Came { id: came, .. } if Some(&came) == id.as_ref()));
    }
    let stop = AtomicBool::new(false);
    let server = std::thread::scope(|scope| {
        let mut server = server;
        let listeners: Vec<_> = peers.iter().map(|peer| scope.spawn(|| peer.listen())).collect();
        let speakers: Vec<_> = peers.iter().map(|peer| scope.spawn(|| peer.speak(&stop))).collect();
        for round in 1..=RESTARTS {
            let before = peers.each_ref().map(|peer| peer.heard.load(Ordering::Relaxed));
            wait_until("both hear", &listeners, || {
                peers
                    .iter()
                    .zip(before)
                    .all(|(peer, before)| peer.heard.load(Ordering::Relaxed) > before + BETWEEN)
            });
            server = restart(&site, server, round % 2 == 0);
            wait_until("both are back", &listeners, || {
                peers.iter().all(|peer| peer.reconnected.load(Ordering::Relaxed) >= round)
            });
        }
        stop.store(true, Ordering::Relaxed);
        let said: Vec<u64> = speakers.into_iter().map(|speaker| speaker.join().expect("spoke")).collect();
        let all = BTreeMap::from([("a".to_owned(), said[0]), ("b".to_owned(), said[1])]);
        for listener in listeners {
            assert_eq!(listener.join().expect("listened"), all, "everything that was said was heard");
        }
        println!("{RESTARTS} restarts, signals said: {said:?}, all heard twice, each once and in order");
        server
    });
    server.stop();
}
