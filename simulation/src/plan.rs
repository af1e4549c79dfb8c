//! What one run is like: drawn from its seed before it begins.

use crate::dice::Dice;
use crate::flow::Quality;
use otc_protocol::limits;
use otc_protocol::permissions::Role;
use otc_server::sessions::SignalRate;
use std::time::Duration;

#[allow(clippy::struct_excessive_bools, reason = "each is a choice of its own")]
pub(crate) struct Plan {
    /// Session ids.
    pub(crate) sessions: Vec<String>,
    pub(crate) people: Vec<Person>,
    /// How long people act and the network fails.
    pub(crate) active: Duration,
    /// How long from one fault to the next, at most.
    pub(crate) calm_ms: u64,
    /// How long a server keeps a lost socket.
    pub(crate) grace: Duration,
    /// Messages that one socket may be owed.
    pub(crate) owed: usize,
    /// Whether the server may be killed.
    pub(crate) kills: bool,
    /// Whether the server may hand its sessions over to a new one.
    pub(crate) restarts: bool,
    /// Whether somebody publishes in the first session.
    pub(crate) publishes: bool,
    /// Whether the application's server speaks and sends people away.
    pub(crate) rest: bool,
    /// How many signals the server takes from one connection.
    pub(crate) signal_rate: Option<SignalRate>,
}

/// Somebody with a client, and where she is.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) session: usize,
    pub(crate) role: Role,
    /// Hears of nobody's coming and going.
    pub(crate) suppressed: bool,
    pub(crate) quality: Quality,
    /// How long the client tries to come back.
    pub(crate) window: Duration,
    /// Requests that her client's outbox takes.
    pub(crate) outbox: usize,
    /// Callbacks that may wait.
    pub(crate) callbacks: usize,
    /// Milliseconds from one thing that she does to the next, at most.
    pub(crate) pace_ms: u64,
    /// How often she leaves, in a thousand things that she does.
    pub(crate) restlessness: u64,
}

impl Plan {
    pub(crate) fn draw(dice: &mut Dice) -> Self {
        let sessions: Vec<String> = (0..=dice.below(4) / 3).map(|number| format!("2_{number}")).collect();
        let window_ms = dice.between(4000, 30_000);
        let people = (0..dice.between(2, 4)).map(|_| Person::draw(dice, sessions.len(), window_ms)).collect();
        // A server that keeps lost sockets for less than clients try is configured badly, and must not lose anything either.
        let grace = Duration::from_millis(if dice.one_in(8) { window_ms / 2 } else { window_ms + 12_000 });
        Self {
            sessions,
            people,
            active: if dice.one_in(3) { dice.millis(4000, 15_000) } else { dice.millis(500, 4000) },
            calm_ms: [300, 1000, 3000, 9000][dice.index(4)],
            grace,
            owed: if dice.one_in(6) {
                usize::try_from(dice.between(8, 200)).unwrap_or(8)
            } else {
                limits::UNACKNOWLEDGED_MESSAGES
            },
            kills: dice.one_in(4),
            restarts: dice.one_in(2),
            publishes: dice.one_in(3),
            rest: dice.one_in(3),
            signal_rate: if dice.one_in(3) { signal_rate(dice) } else { None },
        }
    }

    /// Whether somebody may be ended because she is owed too much.
    pub(crate) fn is_tight(&self) -> bool {
        self.owed < limits::UNACKNOWLEDGED_MESSAGES
    }
}

impl Person {
    fn draw(dice: &mut Dice, sessions: usize, window_ms: u64) -> Self {
        let count = |dice: &mut Dice, from, to| usize::try_from(dice.between(from, to)).unwrap_or(1);
        Self {
            session: dice.index(sessions),
            role: [Role::Moderator, Role::Publisher, Role::Publisher, Role::Publisher][dice.index(4)],
            suppressed: dice.one_in(5),
            quality: quality(dice),
            window: Duration::from_millis(window_ms),
            outbox: if dice.one_in(3) { count(dice, 3, 60) } else { limits::OUTBOX_SIGNALS },
            callbacks: if dice.one_in(2) { count(dice, 2, 40) } else { limits::CALLBACK_QUEUE },
            pace_ms: [200, 800, 3000][dice.index(3)],
            restlessness: [0, 5, 40][dice.index(3)],
        }
    }

    /// One on a good network, who changes nothing any more.
    pub(crate) fn quiet(session: usize) -> Self {
        Self {
            session,
            role: Role::Publisher,
            suppressed: false,
            quality: Quality {
                latency: Duration::from_millis(1),
                jitter: Duration::ZERO,
                rate: 10_000_000,
                buffer: 65_536,
            },
            window: limits::RECONNECT_WINDOW,
            outbox: limits::OUTBOX_SIGNALS,
            callbacks: limits::CALLBACK_QUEUE,
            pace_ms: 1000,
            restlessness: 0,
        }
    }
}

/// Few enough that people are refused, and so many that all they say gets through before long.
fn signal_rate(dice: &mut Dice) -> Option<SignalRate> {
    let number = |dice: &mut Dice, from, to| u32::try_from(dice.between(from, to)).unwrap_or(1);
    let per_second = number(dice, 8, 60);
    let burst = number(dice, 1, 2 * u64::from(per_second));
    SignalRate::new(per_second, Some(burst))
}

fn quality(dice: &mut Dice) -> Quality {
    let latency = match dice.below(3) {
        0 => dice.millis(0, 1),
        1 => dice.millis(5, 60),
        _ => dice.millis(60, 250),
    };
    let jitter = if dice.one_in(3) { dice.millis(0, 300) } else { Duration::from_micros(dice.below(2000)) };
    let rate = if dice.one_in(4) { dice.between(4000, 60_000) } else { 10_000_000 };
    let buffer = [4096, 16_384, 65_536][dice.index(3)];
    Quality { latency, jitter, rate, buffer }
}
