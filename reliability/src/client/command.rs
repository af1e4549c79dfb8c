//! What a client process can be told, a line of JSON each, and what it answers.

use crate::ledger::{Number, Stream};
use crate::outcome::Account;
use serde::{Deserialize, Serialize};

/// Something to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Command {
    /// Members of a room join. Answers at once.
    Join(Join),
    /// Members begin to send. Answers at once.
    Send(Load),
    /// They stop. Answers when they have.
    Stop,
    /// Members send what the load says and no more. Answers when it is accepted.
    Volley(Load),
    /// Each sends some, all at once. Answers when they are accepted.
    Burst(Burst),
    /// The next signal's callback of the first member takes this long.
    Block { millis: u64 },
    /// Those who have been disconnected connect again, with a new token.
    Rejoin,
    /// Waits until something is true of all members; answers whether it came to be.
    Wait { until: Until, millis: u64 },
    /// What every member has sent and heard so far.
    Tell,
}

/// See [`Command::Join`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Join {
    pub(crate) url: String,
    pub(crate) session_id: String,
    pub(crate) room: Number,
    pub(crate) members: Vec<Number>,
    /// How long they try to come back, if not as long as the library's default.
    pub(crate) window_millis: Option<u64>,
}

/// See [`Command::Send`].
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Load {
    pub(crate) seed: u64,
    /// Signals in a second and member; `None`: as many as are accepted.
    pub(crate) rate: Option<u32>,
    /// Signals of each member, at most.
    pub(crate) most: Option<u32>,
    /// Of a hundred signals, how many are for one member alone.
    pub(crate) to_one: u32,
    /// Bytes of a signal, at most.
    pub(crate) bytes: usize,
}

/// See [`Command::Burst`].
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Burst {
    pub(crate) each: u32,
    pub(crate) bytes: usize,
    /// `None`: everybody.
    pub(crate) to: Option<Number>,
}

/// See [`Command::Wait`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Until {
    /// Every member is connected and sees this many others.
    Together { others: usize },
    /// Every member has been told this often that it reconnects, and as often that it has reconnected.
    Returned { times: usize },
    /// All members together have been told so often that they have reconnected.
    Returns { total: usize },
    /// Every member has been told so often that it reconnects.
    Left { times: usize },
    /// Every member is disconnected for good, for the so-manieth time.
    Ended { times: usize },
    /// Every member has heard the last that is for it of each of these; what is missing before it does not come any more.
    Heard { sent: Vec<(Stream, u64)> },
}

/// What came of it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Answer {
    Done,
    Came(bool),
    Told(Vec<Account>),
    Failed(String),
}
