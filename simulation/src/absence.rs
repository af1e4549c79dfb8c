//! How long a client has been away by its own clock, reckoned beside its engine, which must give up neither earlier nor
//! later than its window says.

use otc::session::{Event, FailureKind, Input, Output};
use otc_protocol::Moment;
use otc_protocol::error::ErrorCode;
use otc_protocol::limits::PING_AFTER;
use std::time::Duration;

/// Close codes that say: do not come back (`wire.md §3.6`).
const FOR_GOOD: [u16; 2] = [1003, 1011];

/// What an engine is told, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// Its timer is due.
    Timer,
    /// The server has closed the socket for good.
    Ended,
    /// A dial was refused for good.
    Refused,
    /// A message or an answer has come.
    Delivered,
    /// The open socket is read again.
    Read,
    Other,
}

impl Cause {
    pub(crate) fn of(input: &Input<'_>, is_open: bool) -> Self {
        const MESSAGE: u8 = 2;
        const STATUS: u8 = 9;
        match input {
            Input::Timer => Self::Timer,
            Input::Closed { code: Some(code), .. } if FOR_GOOD.contains(code) => Self::Ended,
            Input::OpenFailed { failure, .. } if matches!(failure.kind, FailureKind::Refused(_)) => {
                Self::Refused
            }
            Input::Frame { bytes, .. } if matches!(bytes.get(6), Some(&(MESSAGE | STATUS))) => {
                Self::Delivered
            }
            Input::Reading(true) if is_open => Self::Read,
            _ => Self::Other,
        }
    }
}

#[derive(Default)]
pub(crate) struct Absence {
    /// The client's clock when its engine was last told something.
    last: Moment,
    /// Time that never goes back: while the clock does, it stands still.
    time: Moment,
    away: Option<Away>,
    returned: Option<Returned>,
}

/// Its window began somewhere between these two.
#[derive(Clone, Copy)]
struct Away {
    earliest: Moment,
    latest: Moment,
}

/// A return that may not have lasted.
struct Returned {
    at: Moment,
    away: Away,
    /// Something that had not come before has come since: certainly; perhaps.
    proven: bool,
    may_be_proven: bool,
}

impl Absence {
    /// An engine with this window was told something at `now` and answered with `out`, perhaps because a request was
    /// answered; what was wrong with that.
    pub(crate) fn take(
        &mut self,
        (now, cause): (Moment, Cause),
        window: Duration,
        out: &[Output],
        answered: bool,
    ) -> Option<String> {
        self.time = self.time + (now - self.last);
        self.last = now;
        if let (Cause::Read, Some(away)) = (cause, &mut self.away) {
            away.latest = self.time;
        }
        let mut wrong = None;
        for output in out {
            if let Output::Event(event) = output {
                wrong = wrong.or(self.told(event, cause, window));
            }
        }
        if let Some(returned) = &mut self.returned {
            returned.proven |= answered;
            returned.may_be_proven |= cause == Cause::Delivered;
        }
        wrong
    }

    fn told(&mut self, event: &Event, cause: Cause, window: Duration) -> Option<String> {
        match event {
            Event::Reconnecting => self.leave(),
            Event::Reconnected => {
                self.returned = self.away.take().map(|away| Returned {
                    at: self.time,
                    away,
                    proven: false,
                    may_be_proven: false,
                });
            }
            Event::Error { code: ErrorCode::ConnectionDropped, .. } => {
                let away = self.away.map(|away| self.time - away.earliest);
                let in_time = cause == Cause::Timer && away.is_some_and(|away| away >= window);
                if !in_time && !matches!(cause, Cause::Ended | Cause::Refused) {
                    return Some(format!("gives up because of {cause:?}, after {away:?} of {window:?}"));
                }
            }
            Event::Connected | Event::Disconnected(_) => (self.away, self.returned) = (None, None),
            Event::Signal(_)
            | Event::ConnectionCreated(_)
            | Event::ConnectionDropped(_)
            | Event::MuteForced { .. }
            | Event::StreamReceived(_)
            | Event::StreamDropped(_) => {
                if let Some(returned) = &mut self.returned {
                    returned.proven = true;
                }
            }
            _ => {}
        }
        None
    }

    /// The connection is lost. If the last return did not last and nothing got through, it was none.
    fn leave(&mut self) {
        let mut away = Away { earliest: self.time, latest: self.time };
        if let Some(returned) = self.returned.take().filter(|returned| self.time - returned.at < PING_AFTER) {
            if !returned.proven {
                away.earliest = returned.away.earliest;
            }
            if !returned.may_be_proven {
                away.latest = returned.away.latest;
            }
        }
        self.away = Some(away);
    }

    /// How much of its window an engine that is away has left, at most.
    fn left(&self, window: Duration) -> Option<Duration> {
        self.away.map(|away| (away.latest + window) - self.time)
    }

    /// What is wrong with an engine that is away, whose window runs, and that wants to be woken at `deadline`.
    pub(crate) fn look(&self, window: Duration, deadline: Option<Moment>, cause: Cause) -> Option<String> {
        let left = self.left(window)?;
        if left.is_zero() && cause == Cause::Timer {
            return Some(format!("does not give up after its window of {window:?}"));
        }
        let is_late = deadline.is_none_or(|deadline| deadline > self.last + left);
        is_late.then(|| format!("would not give up after its window of {window:?}"))
    }
}
