//! One connection, from its join to its end, as its client and the others were told of it.

use crate::signal::Number;
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

/// A life's number.
pub(crate) type LifeId = usize;

/// One connection, from its join on.
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(crate) struct Life {
    pub(crate) connection: String,
    pub(crate) session: usize,
    pub(crate) epoch: u32,
    pub(crate) socket: Arc<str>,
    pub(crate) joined: u64,
    /// Deeds of the room that it has heard of, or that were not for it.
    pub(crate) heard: usize,
    /// It has heard something since it joined.
    pub(crate) began: bool,
    /// All that it has heard is that people are muted, which may have been so when it joined.
    pub(crate) was_muted: bool,
    pub(crate) suppressed: bool,
    /// Somebody was allowed to send it away.
    pub(crate) kicked: bool,
    /// When its client knew that it had joined, in the order of what rooms do.
    pub(crate) entered: Option<u64>,
    /// Streams that it was told of and not told that they ended.
    pub(crate) streams: BTreeSet<String>,
    pub(crate) known_streams: HashSet<String>,
    /// Its own application wanted it to end.
    pub(crate) left: bool,
    /// Its client was told of its end.
    pub(crate) ended: bool,
    /// Requests that were accepted; that the server has answered; that were reported.
    pub(crate) accepted: u64,
    pub(crate) answered: u64,
    pub(crate) reported: u64,
    /// The last of its signals that was carried out.
    pub(crate) last: Option<Number>,
    /// Whom it was told of and not told that they left.
    pub(crate) others: HashSet<String>,
    /// Everybody whom it was ever told of.
    pub(crate) known: HashSet<String>,
    /// Somebody saw it leave.
    pub(crate) seen_leaving: bool,
}

impl Life {
    /// A life that begins.
    pub(crate) fn new(connection: String, session: usize, epoch: u32, socket: Arc<str>, joined: u64) -> Self {
        Self {
            connection,
            session,
            epoch,
            socket,
            joined,
            heard: 0,
            began: false,
            was_muted: false,
            suppressed: false,
            kicked: false,
            entered: None,
            streams: BTreeSet::new(),
            known_streams: HashSet::new(),
            left: false,
            ended: false,
            accepted: 0,
            answered: 0,
            reported: 0,
            last: None,
            others: HashSet::new(),
            known: HashSet::new(),
            seen_leaving: false,
        }
    }
}
