//! A server with too much to do refuses those who come, and goes on for those who are in.
//!
//! The load comes from another process: this test itself, run once more.

use crate::client::Client;
use crate::page::Page;
use crate::process::{Process, Site};
use crate::support::{Answer, Request};
use crate::wait_until;
use otc_server::KeyPair;
use std::io::{BufRead, BufReader, Write, stdin};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

const THIS: &str = "loaded::a_loaded_server_refuses_newcomers_and_goes_on";
/// Who says to the other process which server, session, key and secret are meant.
const ORDERS: &str = "OTC_TEST_LOAD";
/// Members who acknowledge nothing.
const SLOW: u32 = 6;
/// Bytes of each signal that they are owed.
const SIGNAL: usize = 4000;
/// Signals after which the server has more than three quarters of what it may hold, and not yet almost all of it.
const SWELL: usize = 650;
/// Signals after which it would hold six times as much as it may.
const FLOOD: usize = 6000;
/// Signals that are under way at one time.
const AT_ONCE: usize = 50;
/// How often those who load the server show that they live.
const BEAT: Duration = Duration::from_secs(1);

/// The other process.
struct Load {
    child: Child,
    orders: ChildStdin,
    reports: BufReader<ChildStdout>,
}

impl Load {
    fn start(server: SocketAddr, site: &Site, session: &str) -> Self {
        let (key, secret) = (site.pair.project.as_str(), site.pair.secret.expose());
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", THIS, "--nocapture"])
            .env(ORDERS, format!("{server} {session} {key} {secret}"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this program again");
        let (orders, reports) = (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"));
        let mut load = Self { child, orders, reports: BufReader::new(reports) };
        load.wait_for("ready");
        load
    }

    /// Lets it say so many signals more, all of which are accepted.
    fn say(&mut self, signals: usize) {
        writeln!(self.orders, "{signals}").expect("it runs");
        self.wait_for("done");
    }

    fn wait_for(&mut self, word: &str) {
        let mut line = String::new();
        while !line.trim().ends_with(word) {
            line.clear();
            assert!(self.reports.read_line(&mut line).expect("text") > 0, "it has ended before {word}");
        }
    }

    /// Lets its speaker leave, and ends it with all of its connections.
    fn end(mut self) {
        drop(self.orders);
        assert!(self.child.wait().expect("our child").success());
    }
}

/// What the other process does.
fn load_the_server(orders: &str) {
    let [server, session, key, secret]: [&str; 4] =
        orders.split(' ').collect::<Vec<_>>().try_into().expect("four words");
    let (server, pair) = (server.parse().expect("an address"), KeyPair::new(key, secret).expect("a pair"));
    let mut slow: Vec<Client> = (0..SLOW).map(|_| Client::joined(server, &pair, session)).collect();
    let mut speaker = Client::joined(server, &pair, session);
    println!("ready");
    let (told, orders) = channel();
    std::thread::spawn(move || stdin().lines().map_while(Result::ok).try_for_each(|line| told.send(line)));
    let data = "x".repeat(SIGNAL);
    loop {
        match orders.recv_timeout(BEAT) {
            Ok(line) => {
                let mut left: usize = line.parse().expect("a number");
                while left > 0 {
                    let some = left.min(AT_ONCE);
                    let said: Vec<String> = (0..some).map(|_| speaker.say(&data)).collect();
                    for signal in said {
                        assert_eq!(speaker.answer(&signal), 200);
                    }
                    for _ in 0..some {
                        speaker.hear();
                    }
                    left -= some;
                }
                println!("done");
            }
            Err(RecvTimeoutError::Timeout) => speaker.beat(),
            Err(RecvTimeoutError::Disconnected) => return speaker.leave(),
        }
        slow.iter_mut().for_each(Client::beat_only);
    }
}

/// What a client asks before it opens its socket.
fn session_info(server: SocketAddr, site: &Site) -> Answer {
    let request = Request::new(&format!("GET /session/{}", site.session));
    request.header("X-TB-TOKEN-AUTH", &site.token()).send(server)
}

/// The most memory that the server has ever had.
fn peak(server: &Process) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid().as_raw_nonzero())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    1024 * line.trim().trim_end_matches("kB").trim().parse::<u64>().unwrap()
}

/// Signals of `from` reach `to`, each once and in their order.
fn talk(from: &mut Client, to: &mut Client, topic: &str) {
    let said: Vec<String> = (0..20).map(|number| format!("{topic} {number}")).collect();
    for data in &said {
        assert_eq!(from.signal(data), 200);
    }
    let heard: Vec<String> = said.iter().map(|_| to.hear()).collect();
    assert_eq!(heard, said);
    let own: Vec<String> = said.iter().map(|_| from.hear()).collect();
    assert_eq!(own, said);
}

#[test]
fn a_loaded_server_refuses_newcomers_and_goes_on() {
    if let Ok(orders) = std::env::var(ORDERS) {
        return load_the_server(&orders);
    }
    let site = Site::new();
    let config = site.file("toml", "[limits]\nmessages_megabytes = 4\n");
    let arguments = ["--config", &config, "--metrics-listen", "127.0.0.1:0"];
    let mut server = site.spawn("127.0.0.1:0", &arguments).listening().expect("started");
    let (address, metrics) = (server.address().parse().unwrap(), server.metrics());
    let value = |series: &str| Page::get(metrics).value(series);
    let pair = &site.pair;
    let (mut alice, mut bob) =
        (Client::joined(address, pair, &site.session), Client::joined(address, pair, &site.session));
    let mut newcomer = Client::open(address, pair, &site.session).expect("a WebSocket");
    assert_eq!(session_info(address, &site).status, 200);
    talk(&mut alice, &mut bob, "before");
    let before = server.resident();

    // Slow members of another session are owed more and more.
    let mut load = Load::start(address, &site, &another_session(&site));
    load.say(SWELL);
    let refusing = "otc_refusing{reason=\"memory\"}";
    wait_until("there is too much", || value(refusing) == 1.0);
    let refused = session_info(address, &site);
    assert_eq!((refused.status, refused.header("retry-after")), (503, "5"), "{refused:?}");
    assert_eq!(refused.error().1, "The server holds too many messages for its members: try again in 5 s");
    assert_eq!(Client::open(address, pair, &site.session).err(), Some(503));
    assert_eq!(newcomer.join(), 503);
    for listener in [address, metrics] {
        let ready = Request::new("GET /readyz").send(listener);
        assert_eq!(
            (ready.status, &*ready.body),
            (503, "The server holds too many messages for its members\n")
        );
    }
    let page = Page::get(metrics);
    for series in [
        "otc_newcomers_refused_total{what=\"session_info\",reason=\"load\"}",
        "otc_newcomers_refused_total{what=\"socket\",reason=\"load\"}",
        "otc_joins_total{result=\"busy\"}",
    ] {
        assert_eq!(page.value(series), 1.0, "{series}");
    }
    assert_eq!(page.value("otc_members_overflowed_total"), 0.0);

    // Those who are in go on, and who is cut off comes back.
    talk(&mut alice, &mut bob, "under load");
    alice.cut();
    assert_eq!(bob.signal("while she is away"), 200);
    assert_eq!(bob.hear(), "while she is away");
    alice.come_back().expect("she is known");
    assert_eq!(alice.hear(), "while she is away");
    talk(&mut bob, &mut alice, "again");

    // It does not hold more than it may, but ends those who are owed the most.
    load.say(FLOOD);
    assert_eq!(value("otc_members_overflowed_total"), f64::from(SLOW));
    talk(&mut alice, &mut bob, "flooded");
    // What it was sent is six times as much as it may hold.
    let (gained, sent) = (peak(&server).saturating_sub(before), ((SWELL + FLOOD) * SIGNAL) as u64);
    assert!(gained < sent, "it was sent {} KiB and has gained {} KiB", sent >> 10, gained >> 10);

    // And once the load is gone, newcomers are welcome.
    load.end();
    wait_until("there is room", || value(refusing) == 0.0);
    assert_eq!(session_info(address, &site).status, 200);
    let mut late = Client::joined(address, pair, &site.session);
    talk(&mut late, &mut bob, "after");
    wait_until("three are left", || value("otc_members") == 3.0);
    let log = server.stop();
    for words in ["nobody new is let in until this is over", "newcomers are let in again"] {
        assert!(log.contains(words), "{words} is missing in\n{log}");
    }
}

fn another_session(site: &Site) -> String {
    otc_server::mint::session(&site.pair.project, true).expect("minted")
}
