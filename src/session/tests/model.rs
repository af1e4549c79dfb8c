//! The engine against a small server that keeps the rules of `wire.md §3.5`, over a network that cuts at random:
//! every request is carried out exactly once and in order, and every signal arrives so, both ways. Every seed is a run that can be repeated.

use super::Client;
use super::client::{Did, S, Sent, config, message_frame, moderator, signal_message};
use crate::session::{Config, Event, FailureKind, Moderation, Status};
use bytes::Bytes;
use otc_protocol::Moment;
use otc_protocol::envelope;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::json;
use std::collections::{HashMap, VecDeque};
use std::time::Duration;

struct Dice(StdRng);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0.next_u64() % end
    }

    fn one_in(&mut self, chances: u64) -> bool {
        self.below(chances) == 0
    }

    fn millis(&mut self, end: u64) -> Duration {
        Duration::from_micros(self.below(end * 1000))
    }
}

/// Says which run it was when an assertion fails anywhere inside it.
struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the seed of this run: {}", self.0);
        }
    }
}

/// What the server knows of the one client.
#[derive(Default)]
struct Server {
    joined: bool,
    /// It breaks rule 4 of `wire.md §3.5`, to see whether that would be noticed.
    forgetful: bool,
    /// Messages that are not acknowledged, in order.
    owed: VecDeque<(String, Bytes)>,
    /// The answers given.
    answers: HashMap<String, Bytes>,
    /// What the client's requests said, in the order in which they were carried out.
    carried_out: Vec<String>,
    /// Signals told to the client so far.
    told: u64,
    messages: u64,
}

impl Server {
    /// Sends a message to the client, now or at the next resume.
    fn tell(&mut self, from: &str, message: &serde_json::Value) -> Bytes {
        self.messages += 1;
        let transaction = format!("server-{}", self.messages);
        let frame = message_frame(&transaction, from, message);
        self.owed.push_back((transaction, frame.clone()));
        frame
    }

    fn tell_next_number(&mut self) -> Bytes {
        let number = self.told;
        self.told += 1;
        self.tell("", &signal_message(&json!({"type": "number", "data": number.to_string()})))
    }

    /// Takes a frame; the answer is what goes back at once.
    fn take(&mut self, me: &str, sent: &Sent, dice: &mut Dice) -> Vec<Bytes> {
        match sent {
            Sent::Connect { .. } | Sent::Subscribe(_) | Sent::Leave => Vec::new(),
            Sent::Ping => vec![envelope::pong()],
            Sent::Ack { transaction, .. } => {
                self.owed.retain(|(owed, _)| owed != transaction);
                Vec::new()
            }
            Sent::Request { transaction, message, .. } => {
                if let Some(answer) = self.answers.get(transaction).filter(|_| !self.forgetful) {
                    return vec![answer.clone()];
                }
                let (data, told) = self.carry_out(me, message);
                let answer =
                    envelope::status(me, 200, transaction, data.to_string().as_bytes()).expect("fits");
                self.answers.insert(transaction.clone(), answer.clone());
                if dice.one_in(2) { vec![answer, told] } else { vec![told, answer] }
            }
        }
    }

    fn carry_out(&mut self, me: &str, message: &serde_json::Value) -> (serde_json::Value, Bytes) {
        if message["method"] == "create" {
            assert!(!self.joined, "a join is carried out once");
            self.joined = true;
            let created =
                json!({"method": "created", "uri": format!("{S}/connection/{me}"), "content": moderator(me)});
            return (json!({"connection": [], "stream": [], "archive": []}), self.tell(me, &created));
        }
        // The number of a request is the data of a signal, or names the stream or the connection that is meant.
        let uri = message["uri"].as_str().expect("text");
        let number = match message["method"].as_str().expect("text") {
            "signal" => message["content"]["data"].as_str().expect("text"),
            "update" => uri.strip_prefix(&format!("{S}/stream/")).expect("a stream"),
            "delete" => uri.strip_prefix(&format!("{S}/connection/")).expect("a connection"),
            other => panic!("{other}"),
        };
        self.carried_out.push(number.to_owned());
        (json!({}), self.tell(me, &signal_message(&json!({"type": "echo", "data": number}))))
    }
}

/// Frames under way in one direction, each with its time of arrival.
type Way = VecDeque<(Moment, Bytes)>;

struct World {
    client: Client,
    server: Server,
    dice: Dice,
    up: Way,
    down: Way,
    /// A dial that is under way, and when it ends.
    dial: Option<Moment>,
    /// The client has a socket.
    open: bool,
    /// What is sent on it arrives.
    live: bool,
    looked: usize,
    own_back: Vec<String>,
    numbers: Vec<String>,
    cuts: u32,
    /// Whether the server forgets its answers once the client has joined.
    forgetful: bool,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut dice = Dice(StdRng::seed_from_u64(seed));
        let engine_seed = u8::try_from(dice.below(256)).unwrap_or(0);
        let config = Config { reconnect_window: Duration::from_secs(600), ..config() };
        Self {
            client: Client::with(config, engine_seed),
            server: Server::default(),
            dice,
            up: Way::new(),
            down: Way::new(),
            dial: None,
            open: false,
            live: false,
            looked: 0,
            own_back: Vec::new(),
            numbers: Vec::new(),
            cuts: 0,
            forgetful: false,
        }
    }

    /// The application asks for something that has this number.
    fn ask(&mut self, number: &str) {
        match self.dice.below(4) {
            0 => self.client.moderate(Moderation::MuteStream(number)).expect("allowed"),
            1 => self.client.moderate(Moderation::Disconnect(number)).expect("allowed"),
            _ => self.client.signal(number),
        }
    }

    /// Does what the engine asked for.
    fn carry_out(&mut self) {
        while self.looked < self.client.did.len() {
            let did = self.client.did[self.looked].clone();
            self.looked += 1;
            match did {
                Did::Asked { .. } => {
                    self.client.answer_info(200, super::client::info().to_string().as_bytes());
                }
                Did::Dialed { .. } => {
                    (self.open, self.live) = (false, false);
                    self.dial = Some(self.client.now + self.dice.millis(200));
                }
                Did::Sent(sent) => {
                    assert!(self.open, "sent without a socket: {sent:?}");
                    if !self.live {
                        continue;
                    }
                    let arrival = self.arrival(Direction::Up);
                    // The bytes were decoded for the checks; what travels is the index of what was sent.
                    self.up.push_back((arrival, Bytes::from((self.looked - 1).to_be_bytes().to_vec())));
                }
                Did::Closed | Did::Abandoned => {
                    (self.open, self.live) = (false, false);
                    self.dial = None;
                }
                Did::Told(event) => self.hear(event),
                Did::Warned(_) => {}
            }
        }
    }

    fn hear(&mut self, event: Event) {
        match event {
            Event::Signal(signal) => {
                let data = signal.data.expect("every signal here has data");
                if signal.kind.as_deref() == Some("number") {
                    assert_eq!(signal.from, None);
                    self.numbers.push(data);
                } else {
                    assert_eq!(signal.from.map(|from| from.id.clone()).as_ref(), Some(&self.client.me));
                    self.own_back.push(data);
                }
            }
            Event::Error { code, text } => panic!("{code}: {text}"),
            Event::Disconnected(reason) => panic!("{reason:?}"),
            _ => {}
        }
    }

    /// A time of arrival behind everything that is under way already.
    fn arrival(&mut self, direction: Direction) -> Moment {
        let longest = if self.dice.one_in(20) { 3000 } else { 50 };
        let delay = self.dice.millis(longest);
        let way = if direction == Direction::Up { &self.up } else { &self.down };
        let last = way.back().map_or(Moment::ZERO, |(arrival, _)| *arrival);
        (self.client.now + delay).max(last)
    }

    fn send_down(&mut self, frames: Vec<Bytes>) {
        for frame in frames {
            let arrival = self.arrival(Direction::Down);
            self.down.push_back((arrival, frame));
        }
    }

    /// The socket is cut: a part of what is under way still arrives at the server, the rest is lost.
    fn cut(&mut self) {
        if !self.live {
            return;
        }
        self.cuts += 1;
        self.live = false;
        let arriving = usize::try_from(self.dice.below(self.up.len() as u64 + 1)).unwrap_or(0);
        for _ in 0..arriving {
            self.server_takes_one();
        }
        self.up.clear();
        self.down.clear();
        // Half of the cuts are noticed at once, the others by their silence.
        if self.dice.one_in(2) {
            let code = if self.dice.one_in(2) { Some(1006) } else { None };
            self.open = false;
            self.client.close(code);
        }
    }

    fn server_takes_one(&mut self) {
        let Some((_, index)) = self.up.pop_front() else { return };
        let index = usize::from_be_bytes(index[..].try_into().expect("an index"));
        let Did::Sent(sent) = self.client.did[index].clone() else { unreachable!("only frames travel") };
        let me = self.client.me.clone();
        let back = self.server.take(&me, &sent, &mut self.dice);
        if self.live {
            self.send_down(back);
        }
    }

    /// The dial ends: with a socket, or, when the network is bad, without.
    fn end_dial(&mut self, bad: bool) {
        self.dial = None;
        if bad && self.dice.one_in(3) {
            self.client.fail_open(FailureKind::Unreachable);
            return;
        }
        (self.open, self.live) = (true, true);
        self.up.clear();
        self.down.clear();
        self.client.open();
        let mut frames = vec![envelope::pong()];
        frames.extend(self.server.owed.iter().map(|(_, frame)| frame.clone()));
        self.send_down(frames);
    }

    /// Whatever comes next, in time's order.
    fn step(&mut self, until: Moment, bad: bool) {
        self.carry_out();
        let timer = self.client.engine.deadline();
        let up = if self.live { self.up.front().map(|(at, _)| *at) } else { None };
        let down = if self.live { self.down.front().map(|(at, _)| *at) } else { None };
        let next = [timer, up, down, self.dial].into_iter().flatten().min();
        let Some(next) = next.filter(|next| *next <= until) else {
            self.client.now = until;
            return;
        };
        self.client.now = self.client.now.max(next);
        if down == Some(next) {
            let (_, frame) = self.down.pop_front().expect("looked at");
            self.client.receive(&frame);
        } else if up == Some(next) {
            self.server_takes_one();
        } else if self.dial == Some(next) {
            self.end_dial(bad);
        } else {
            self.client.pass(Duration::ZERO);
        }
        self.carry_out();
    }

    fn run(&mut self, duration: Duration, bad: bool) {
        let end = self.client.now + duration;
        let mut steps = 0;
        while self.client.now < end {
            self.step(end, bad);
            steps += 1;
            assert!(steps < 1_000_000, "time stands still at {:?}", self.client.now);
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Direction {
    Up,
    Down,
}

fn numbers(end: u64) -> Vec<String> {
    (0..end).map(|number| number.to_string()).collect()
}

/// One run; the answer is how many cuts it had.
fn run(seed: u64) -> u32 {
    let _seed = Seed(seed);
    run_in(World::new(seed))
}

fn run_in(mut world: World) -> u32 {
    world.client.connect().expect("idle");
    world.run(Duration::from_secs(20), false);
    assert_eq!(world.client.engine.status(), Status::Connected);
    world.server.forgetful = world.forgetful;
    let mut sent = 0;
    for _ in 0..150 {
        match world.dice.below(10) {
            0 => world.cut(),
            1..=4 => {
                for _ in 0..world.dice.below(40) {
                    world.ask(&sent.to_string());
                    sent += 1;
                }
            }
            5..=7 => {
                for _ in 0..world.dice.below(20) {
                    let frame = world.server.tell_next_number();
                    if world.live {
                        world.send_down(vec![frame]);
                    }
                }
            }
            _ => {}
        }
        let pause = world.dice.millis(400);
        world.run(pause, true);
    }
    world.run(Duration::from_secs(120), false);
    assert_eq!(world.client.engine.status(), Status::Connected);
    assert_eq!(world.client.engine.queued_signals(), 0, "every request is answered");
    assert!(world.server.owed.is_empty(), "every message is acknowledged");
    assert_eq!(world.server.carried_out, numbers(sent), "every request once and in order");
    assert_eq!(world.own_back, numbers(sent), "and back");
    assert_eq!(world.numbers, numbers(world.server.told), "and those of others");
    world.cuts
}

/// Runs of one test; `OTC_TEST_RUNS` asks for more, `OTC_TEST_SEED` for others.
const RUNS: u64 = 30;

fn asked(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().expect("a number"))
}

#[test]
fn exactly_once_and_in_order_through_any_cuts() {
    let (first, runs) = (asked("OTC_TEST_SEED", 0), asked("OTC_TEST_RUNS", RUNS));
    let cuts: u32 = (first..first + runs).map(run).sum();
    assert!(u64::from(cuts) >= runs, "the {runs} runs had {cuts} cuts in all");
}

#[test]
fn a_broken_rule_would_be_found() {
    let caught = (0..5).any(|seed| {
        let world = World { forgetful: true, ..World::new(seed) };
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run_in(world))).is_err()
    });
    assert!(caught, "a server that carries out repeated requests twice");
}

#[test]
fn a_run_can_be_repeated() {
    let trace = || {
        let mut world = World::new(7);
        world.client.connect().expect("idle");
        world.run(Duration::from_secs(5), true);
        world.cut();
        world.run(Duration::from_secs(5), true);
        std::mem::take(&mut world.client.did)
    };
    assert_eq!(trace(), trace());
}
