//! One connection between a client and the server, with both its ends.

use crate::dice::Dice;
use crate::flow::{Flow, Quality, Unit};
use crate::pipe::Pipe;
use bytes::Bytes;
use otc_protocol::Moment;
use otc_server::sessions::Seat;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// Wires in the order of their making.
pub(crate) type WireId = u64;

#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(crate) struct Wire {
    /// Whose it is.
    pub(crate) client: usize,
    /// The engine's name for it.
    pub(crate) attempt: u64,
    /// What the client says of itself (`wire.md §3.1`).
    pub(crate) socket: Arc<str>,
    pub(crate) coming_back: bool,
    pub(crate) up: Flow,
    pub(crate) down: Flow,
    pub(crate) near: Near,
    pub(crate) far: Far,
    /// What the client has written and its system has not taken yet.
    pub(crate) backlog: VecDeque<Unit>,
    /// Chance of this wire's own.
    pub(crate) dice: Dice,
    /// Which of the server's lives has accepted it.
    pub(crate) epoch: Option<u32>,
    /// Opened when nothing was owed to anybody.
    pub(crate) after_rest: bool,
    /// The engine knows that the last words are out.
    pub(crate) told_written: bool,
    /// The peer of a closing wire has closed.
    pub(crate) peer_closed: bool,
}

/// The client's end.
pub(crate) enum Near {
    Dialing,
    Open,
    /// The last words are on their way.
    Closing {
        until: Moment,
        written: bool,
    },
    Gone,
}

/// The server's end.
pub(crate) enum Far {
    /// The server does not know of it yet.
    Coming,
    Open(Place),
    /// The end is said, and the client has until then to agree.
    Closing {
        place: Place,
        until: Moment,
        said: bool,
    },
    Gone,
}

/// What the server's task of one WebSocket holds.
pub(crate) struct Place {
    pub(crate) seat: Seat<Pipe>,
    pub(crate) pipe: Arc<Pipe>,
    /// Read, and not taken by the room yet.
    pub(crate) arrived: VecDeque<Bytes>,
    /// Nothing is read before.
    pub(crate) pause: Option<Moment>,
}

impl Wire {
    pub(crate) fn new(
        client: usize,
        attempt: u64,
        (socket, coming_back): (Arc<str>, bool),
        quality: Quality,
        mut dice: Dice,
    ) -> Self {
        Self {
            client,
            attempt,
            socket,
            coming_back,
            up: Flow::new(dice.fork(), quality),
            down: Flow::new(dice.fork(), quality),
            near: Near::Dialing,
            far: Far::Coming,
            backlog: VecDeque::new(),
            dice,
            epoch: None,
            after_rest: false,
            told_written: false,
            peer_closed: false,
        }
    }

    /// The peer of a closing wire has closed before the last words were out.
    pub(crate) fn peer_closes_first(&mut self) {
        self.peer_closed = true;
        self.backlog.clear();
        if let Near::Closing { written, .. } = &mut self.near {
            *written = true;
        }
    }

    /// Whether it is open and carries nothing but signs of life.
    pub(crate) fn is_quiet(&self) -> bool {
        let Far::Open(place) = &self.far else { return false };
        let waits = place.pipe.is_waiting() || !place.arrived.is_empty();
        matches!(self.near, Near::Open)
            && self.backlog.is_empty()
            && !waits
            && self.up.is_quiet()
            && self.down.is_quiet()
    }

    /// Nobody holds an end of it any more; `is_calm`: what stands still now does so for ever.
    pub(crate) fn is_over(&self, is_calm: bool) -> bool {
        let near = matches!(self.near, Near::Gone);
        let far = match &self.far {
            Far::Gone => true,
            Far::Coming => self.up.is_empty() || (is_calm && self.up.next().is_none()),
            _ => false,
        };
        near && far
    }

    /// The client writes what its system takes.
    pub(crate) fn push_up(&mut self, now: Moment) {
        while self.up.has_room() {
            let Some(unit) = self.backlog.pop_front() else { break };
            self.up.send(now, unit);
        }
        if let Near::Closing { written, .. } = &mut self.near {
            *written |= self.backlog.is_empty();
        }
    }

    /// The client drops its end: what its system has not taken is lost, and if there is something unread, what is under way
    /// may be lost too.
    pub(crate) fn drop_near(&mut self, now: Moment) {
        if matches!(self.near, Near::Gone) {
            return;
        }
        self.near = Near::Gone;
        self.backlog.clear();
        self.down.shut();
        if matches!(self.far, Far::Coming) && self.up.is_empty() {
            self.up.shut(); // It never got its turn.
        } else if self.dice.one_in(3) {
            let keep = self.dice.index(self.up.bytes() + 1);
            self.up.cut(keep, Some(now + self.up.latency()));
        } else {
            self.up.send(now, Unit::End);
        }
    }

    /// The server's end is gone.
    pub(crate) fn drop_far(&mut self, now: Moment) {
        self.far = Far::Gone;
        self.up.shut();
        self.down.send(now, Unit::End);
    }

    /// The network loses the connection at some byte of each direction. Each side hears of it soon, late, or never.
    pub(crate) fn cut(&mut self, now: Moment) {
        for upward in [true, false] {
            let noticed = match self.dice.below(10) {
                0..5 => Some(now + self.dice.millis(0, 50)),
                5..7 => Some(now + self.dice.millis(50, 9000)),
                _ => None,
            };
            let flow = if upward { &mut self.up } else { &mut self.down };
            let keep = self.dice.index(flow.bytes() + 1);
            flow.cut(keep, noticed);
        }
    }

    /// Both sides hear at once that it is lost.
    pub(crate) fn break_off(&mut self, now: Moment) {
        self.up.release();
        self.down.release();
        self.up.cut(0, Some(now + Duration::from_millis(1)));
        self.down.cut(0, Some(now + Duration::from_millis(1)));
    }
}
