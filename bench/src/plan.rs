//! What is measured, in which order.

use crate::Error;
use crate::child::{self, BareServer};
use crate::command::Command;
use otc_harness::process::Process;
use otc_harness::server::Server;
use otc_harness::stats::median;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

/// How much of everything.
pub(crate) struct Plan {
    rounds: usize,
    /// Round trips in each round and size.
    trips: usize,
    /// How long each stream of a round lasts.
    stream: Duration,
    /// Members that hear a fan-out.
    members: usize,
    /// Signals to everybody in each round that are sent one after the other, and at once.
    singles: usize,
    burst: usize,
    /// How long idle sessions idle before their memory is read: two heart-beats.
    idle: Duration,
}

/// The sizes of messages.
pub(crate) const SMALL: usize = 64;
/// A signal of 64 bytes, its reply, its delivery and its acknowledgement are about that many bytes.
pub(crate) const LARGE: usize = 1024;

/// What the two sides came to, round by round.
#[derive(Default)]
pub(crate) struct Pair {
    pub(crate) otc: Vec<f64>,
    pub(crate) bare: Vec<f64>,
}

impl Pair {
    /// The median of the ratios of the rounds.
    pub(crate) fn ratio(&self) -> f64 {
        median(&self.otc.iter().zip(&self.bare).map(|(otc, bare)| otc / bare).collect::<Vec<_>>())
    }
}

/// Times of one kind of work, and nanoseconds of processor time for each piece of it.
#[derive(Default)]
pub(crate) struct Costs {
    pub(crate) client: Pair,
    pub(crate) server: Pair,
}

/// Round trips of one size, in nanoseconds.
#[derive(Default)]
pub(crate) struct Trips {
    pub(crate) p50: Pair,
    pub(crate) p99: Pair,
    pub(crate) cpu: Costs,
}

/// Signals from one to one, per second.
#[derive(Default)]
pub(crate) struct Stream {
    pub(crate) rate: Pair,
    pub(crate) cpu: Costs,
}

/// Signals from one to all.
#[derive(Default)]
pub(crate) struct FanOut {
    /// Nanoseconds until the last had a signal that was sent alone.
    pub(crate) last: Pair,
    /// Deliveries per second of many at once.
    pub(crate) rate: Pair,
    pub(crate) cpu: Costs,
}

/// One process with one session and with many.
pub(crate) struct Idle {
    /// Bytes of a session at the client, and at the server.
    pub(crate) client: Pair,
    pub(crate) server: Pair,
    /// Threads of the client with one session and with all.
    pub(crate) threads: [f64; 2],
}

/// Everything that was measured.
pub(crate) struct Results {
    pub(crate) rounds: usize,
    pub(crate) members: usize,
    pub(crate) small_trips: Trips,
    pub(crate) large_trips: Trips,
    pub(crate) small_stream: Stream,
    pub(crate) large_stream: Stream,
    pub(crate) fan_out: FanOut,
    pub(crate) idle: Idle,
}

/// A client and its server.
struct Side<'a> {
    client: Process,
    server: &'a Process,
}

/// What one command came to.
struct Outcome {
    answer: Vec<f64>,
    client_nanos: f64,
    server_nanos: f64,
}

impl Plan {
    /// Numbers to rely on, in a few minutes.
    pub(crate) fn full() -> Self {
        Self {
            rounds: 11,
            trips: 4000,
            stream: Duration::from_millis(1200),
            members: 1000,
            singles: 15,
            burst: 40,
            idle: Duration::from_secs(5),
        }
    }

    /// A first impression.
    pub(crate) fn quick() -> Self {
        Self {
            rounds: 3,
            trips: 1500,
            stream: Duration::from_millis(600),
            singles: 5,
            burst: 20,
            ..Self::full()
        }
    }

    /// Runs everything.
    pub(crate) fn run(&self, program: &Path) -> Result<Results, Error> {
        let (otc_server, bare_server) = (Server::start(program)?, BareServer::start()?);
        let mut results = Results {
            rounds: self.rounds,
            members: self.members,
            small_trips: Trips::default(),
            large_trips: Trips::default(),
            small_stream: Stream::default(),
            large_stream: Stream::default(),
            fan_out: FanOut::default(),
            idle: Idle { client: Pair::default(), server: Pair::default(), threads: [0.0; 2] },
        };
        let mut otc =
            Side { client: child::otc_client(&otc_server, program, true)?, server: &otc_server.process };
        let mut bare = Side { client: bare_server.client()?, server: &bare_server.process };
        eprintln!("round trips …");
        for side in [&mut otc, &mut bare] {
            side.ask(Command::Join { members: 1 })?;
            side.ask(Command::RoundTrips { bytes: SMALL, count: self.trips })?;
        }
        for _ in 0..self.rounds {
            self.trips(&mut otc, &mut bare, SMALL, &mut results.small_trips)?;
            self.trips(&mut otc, &mut bare, LARGE, &mut results.large_trips)?;
        }
        eprintln!("signals from one to one …");
        for side in [&mut otc, &mut bare] {
            side.ask(Command::Join { members: 2 })?;
            side.ask(Command::Stream { bytes: SMALL, duration: self.stream / 4 })?;
        }
        for _ in 0..self.rounds {
            self.stream(&mut otc, &mut bare, SMALL, &mut results.small_stream)?;
            self.stream(&mut otc, &mut bare, LARGE, &mut results.large_stream)?;
        }
        drop((otc, bare));
        // Fresh servers and clients: their memory shall hold nothing but what is counted.
        drop((otc_server, bare_server));
        self.crowd(program, &mut results)?;
        Ok(results)
    }

    fn trips(&self, otc: &mut Side, bare: &mut Side, bytes: usize, trips: &mut Trips) -> Result<(), Error> {
        let command = Command::RoundTrips { bytes, count: self.trips };
        let (otc, bare) = (otc.ask(command)?, bare.ask(command)?);
        trips.p50.note(otc.number(0)?, bare.number(0)?);
        trips.p99.note(otc.number(1)?, bare.number(1)?);
        let count = whole(self.trips);
        trips.cpu.note((&otc, count), (&bare, count));
        Ok(())
    }

    fn stream(
        &self,
        otc: &mut Side,
        bare: &mut Side,
        bytes: usize,
        stream: &mut Stream,
    ) -> Result<(), Error> {
        let command = Command::Stream { bytes, duration: self.stream };
        let (otc, bare) = (otc.ask(command)?, bare.ask(command)?);
        let rate = |outcome: &Outcome| Ok::<_, Error>(outcome.number(0)? / outcome.number(1)? * 1e9);
        stream.rate.note(rate(&otc)?, rate(&bare)?);
        stream.cpu.note((&otc, otc.number(0)?), (&bare, bare.number(0)?));
        Ok(())
    }

    /// Many sessions in one process: idle first, then all in one room.
    fn crowd(&self, program: &Path, results: &mut Results) -> Result<(), Error> {
        let (otc_server, bare_server) = (Server::start(program)?, BareServer::start()?);
        let mut otc =
            Side { client: child::otc_client(&otc_server, program, false)?, server: &otc_server.process };
        let mut bare = Side { client: bare_server.client()?, server: &bare_server.process };
        eprintln!("{} idle sessions …", self.members);
        otc.warm_up()?;
        bare.warm_up()?;
        sleep(self.idle);
        let before = [otc.memory()?, bare.memory()?];
        results.idle.threads[0] = otc.client.threads()?;
        let all = Command::Join { members: self.members };
        otc.ask(all)?;
        bare.ask(all)?;
        sleep(self.idle);
        let after = [otc.memory()?, bare.memory()?];
        results.idle.threads[1] = otc.client.threads()?;
        let more = whole(self.members - WARM_MEMBERS);
        let [otc_each, bare_each] =
            [0, 1].map(|side| [0, 1].map(|end: usize| (after[side][end] - before[side][end]) / more));
        results.idle.client.note(otc_each[0], bare_each[0]);
        results.idle.server.note(otc_each[1], bare_each[1]);

        eprintln!("signals from one to {} …", self.members);
        let fan_out = &mut results.fan_out;
        for side in [&mut otc, &mut bare] {
            side.ask(Command::FanOut { bytes: SMALL, signals: 2 })?;
        }
        for _ in 0..self.rounds {
            let single = Command::FanOut { bytes: SMALL, signals: 1 };
            let mut singles = Pair::default();
            for _ in 0..self.singles {
                singles.note(otc.ask(single)?.number(0)?, bare.ask(single)?.number(0)?);
            }
            fan_out.last.note(median(&singles.otc), median(&singles.bare));
            let burst = Command::FanOut { bytes: SMALL, signals: self.burst };
            let (otc, bare) = (otc.ask(burst)?, bare.ask(burst)?);
            let deliveries = whole(self.burst * self.members);
            fan_out.rate.note(deliveries / otc.number(0)? * 1e9, deliveries / bare.number(0)? * 1e9);
            fan_out.cpu.note((&otc, deliveries), (&bare, deliveries));
        }
        Ok(())
    }
}

/// Members with which a process has everything that it allocates once.
const WARM_MEMBERS: usize = 1;

impl Side<'_> {
    fn ask(&mut self, command: Command) -> Result<Outcome, Error> {
        let (client, server) = (self.client.cpu()?, self.server.cpu()?);
        let answer = child::ask(&mut self.client, command)?;
        let nanos = |before: Duration, after: Duration| after.saturating_sub(before).as_secs_f64() * 1e9;
        Ok(Outcome {
            answer,
            client_nanos: nanos(client, self.client.cpu()?),
            server_nanos: nanos(server, self.server.cpu()?),
        })
    }

    /// Joins one member and has it work a little.
    fn warm_up(&mut self) -> Result<(), Error> {
        self.ask(Command::Join { members: WARM_MEMBERS })?;
        self.ask(Command::RoundTrips { bytes: LARGE, count: 1000 })?;
        Ok(())
    }

    /// Of client and server.
    fn memory(&self) -> Result<[f64; 2], Error> {
        Ok([self.client.memory()?, self.server.memory()?])
    }
}

impl Outcome {
    fn number(&self, index: usize) -> Result<f64, Error> {
        self.answer.get(index).copied().ok_or_else(|| "an answer was too short".into())
    }
}

impl Pair {
    fn note(&mut self, otc: f64, bare: f64) {
        self.otc.push(otc);
        self.bare.push(bare);
    }
}

impl Costs {
    /// Each with how many pieces of work it was.
    fn note(&mut self, otc: (&Outcome, f64), bare: (&Outcome, f64)) {
        self.client.note(otc.0.client_nanos / otc.1, bare.0.client_nanos / bare.1);
        self.server.note(otc.0.server_nanos / otc.1, bare.0.server_nanos / bare.1);
    }
}

#[allow(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn whole(count: usize) -> f64 {
    count as f64
}
