//! The socket under a session: open, silent, lost, coming back (`wire.md §3.4`, `§3.5`).

use super::event::Event;
use super::io::{Failure, FailureKind, Output, Refusal};
use super::outbox::Outgoing;
use super::said::said;
use super::status::{DisconnectReason, Status};
use super::{Engine, Membership, Phase, Returned};
use crate::planted::{self, Bug};
use otc_protocol::Moment;
use otc_protocol::envelope;
use otc_protocol::error::ErrorCode;
use otc_protocol::limits::{
    BACKOFF_FIRST, BACKOFF_MOST, CLIENT_SILENCE, DIAL_TIMEOUT, DIAL_TURN, PING_AFTER,
};
use std::time::Duration;

/// Close codes that say: do not come back (`wire.md §3.6`).
const PERMANENT_CLOSES: [u16; 2] = [1003, 1011];

/// The state of the one socket.
pub(super) enum Link {
    /// None; the next try starts then.
    Waiting { until: Moment },
    /// Being opened.
    Dialing { attempt: u64, until: Moment },
    /// Open.
    Open { attempt: u64, received: Moment, sent: Moment },
}

impl Link {
    pub(super) fn is_open(&self) -> bool {
        matches!(self, Self::Open { .. })
    }

    /// Whether `attempt` is the socket that is open.
    pub(super) fn is(&self, attempt: u64) -> bool {
        matches!(self, Self::Open { attempt: open, .. } if *open == attempt)
    }

    /// Whether `attempt` is the socket that is being opened.
    pub(super) fn is_dialing(&self, attempt: u64) -> bool {
        matches!(self, Self::Dialing { attempt: dialing, .. } if *dialing == attempt)
    }

    /// When something is due: the next try, the end of a dial, a ping, or the end of patience.
    pub(super) fn deadline(&self, reading: bool) -> Moment {
        match *self {
            Self::Waiting { until } | Self::Dialing { until, .. } => until,
            Self::Open { received, sent, .. } => {
                let ping = sent + PING_AFTER;
                if reading { ping.min(received + CLIENT_SILENCE) } else { ping }
            }
        }
    }

    /// Sends a frame if the socket is open.
    pub(super) fn send(&mut self, now: Moment, frame: bytes::Bytes, out: &mut Vec<Output>) {
        if let Self::Open { sent, .. } = self {
            *sent = now;
            out.push(Output::Send(frame));
        }
    }

    /// Whether nothing has been heard for too long.
    pub(super) fn is_silent(&self, now: Moment, reading: bool) -> bool {
        matches!(*self, Self::Open { received, .. } if reading && received + CLIENT_SILENCE <= now)
    }

    /// Sends a ping if one is due.
    pub(super) fn keep_alive(&mut self, now: Moment, out: &mut Vec<Output>) {
        if matches!(*self, Self::Open { sent, .. } if sent + PING_AFTER <= now) {
            self.send(now, envelope::ping(), out);
        }
    }
}

impl Membership {
    /// Starts opening a socket (`wire.md §3.1`): a first one, or one that takes over from another.
    pub(super) fn dial(&mut self, dial: (u64, String), until: Moment, resume: bool, out: &mut Vec<Output>) {
        let (attempt, attempt_id) = dial;
        self.link = Link::Dialing { attempt, until };
        if !self.resumable {
            out.push(Output::Dial { attempt, url: self.messaging_url.clone() });
            return;
        }
        let separator = if self.messaging_url.contains('?') { '&' } else { '?' };
        let reconnect = if resume { "&reconnect=true" } else { "" };
        let url = format!(
            "{}{separator}socketId={}{reconnect}&attempt={attempt_id}",
            self.messaging_url, self.socket_id
        );
        out.push(Output::Dial { attempt, url });
    }
}

impl Membership {
    /// Why the session is not back yet, as far as it is known.
    fn why_away(&self) -> Option<&str> {
        match self.link {
            Link::Open { .. } => Some("the server took a new socket and said nothing on it"),
            Link::Dialing { .. } | Link::Waiting { .. } => self.failure.as_deref(),
        }
    }
}

impl Engine {
    /// The number and the id of the next dial.
    pub(super) fn new_dial(&mut self) -> (u64, String) {
        (self.next_attempt(), self.ids.uuid())
    }

    pub(super) fn dialing(&mut self, now: Moment, attempt: u64) {
        let link = match &mut self.phase {
            Phase::Connecting(connecting) => connecting.dialing(now, attempt),
            Phase::Joined(membership) => Some(&mut membership.link),
            _ => None,
        };
        if let Some(Link::Dialing { attempt: dialing, until }) = link
            && *dialing == attempt
        {
            *until = now + DIAL_TIMEOUT;
        }
    }

    pub(super) fn opened(&mut self, now: Moment, attempt: u64, out: &mut Vec<Output>) {
        let open = Link::Open { attempt, received: now, sent: now };
        match &mut self.phase {
            Phase::Connecting(connecting) => connecting.opened(attempt, open, out),
            Phase::Joined(membership) if membership.link.is_dialing(attempt) => {
                membership.link = open;
                self.pump(now, out);
            }
            _ => {}
        }
    }

    pub(super) fn open_failed(
        &mut self,
        now: Moment,
        attempt: u64,
        failure: &Failure,
        out: &mut Vec<Output>,
    ) {
        match &mut self.phase {
            Phase::Connecting(_) => self.join_open_failed(now, attempt, failure, out),
            Phase::Joined(membership) if membership.link.is_dialing(attempt) => {
                let text = said(&failure.text);
                let pause = match failure.kind {
                    FailureKind::Refused(Refusal::Forbidden | Refusal::Gone | Refusal::Login) => {
                        self.dropped(
                            &format!("The connection was lost and will not be restored: {text}"),
                            out,
                        );
                        return;
                    }
                    FailureKind::Busy(pause) => pause,
                    // A certificate that is not trusted, too: behind many a sign-in page of a Wi-Fi is the server.
                    FailureKind::Refused(Refusal::Missing)
                    | FailureKind::Unreachable
                    | FailureKind::Permanent
                    | FailureKind::Token => Duration::ZERO,
                };
                out.push(Output::Warn(format!("Coming back failed, will try again: {text}")));
                membership.failure = Some(text);
                self.try_again(now, pause, out);
            }
            _ => {}
        }
    }

    pub(super) fn closed(&mut self, now: Moment, attempt: u64, code: Option<u16>, out: &mut Vec<Output>) {
        let refused = code.is_some_and(|code| PERMANENT_CLOSES.contains(&code));
        match &mut self.phase {
            Phase::Connecting(_) => self.join_closed(now, attempt, refused, out),
            Phase::Joined(membership) if membership.link.is(attempt) => {
                let code = code.map(|code| format!(" (close code {code})")).unwrap_or_default();
                if refused {
                    self.dropped(&format!("The server ended this client's session{code}."), out);
                } else {
                    membership.failure = Some(format!("the server closed the socket{code}"));
                    self.link_lost(now, out);
                }
            }
            Phase::Leaving { attempt: leaving, .. } if *leaving == attempt => self.left(out),
            _ => {}
        }
    }

    pub(super) fn link_timer(&mut self, now: Moment, out: &mut Vec<Output>) {
        let reading = self.reading;
        let window = self.config.reconnect_window;
        let Phase::Joined(membership) = &mut self.phase else { return };
        if membership.window_end(window, reading).is_some_and(|end| end <= now) {
            let why = membership.why_away().map(|why| format!(": {why}")).unwrap_or_default();
            out.push(Output::Abandon);
            self.dropped(&format!("The connection was lost and could not be restored in time{why}"), out);
            return;
        }
        match membership.link {
            Link::Waiting { until } if until <= now => self.come_back(now, out),
            Link::Dialing { until, .. } if until <= now => {
                out.push(Output::Abandon);
                membership.failure = Some("the server could not be reached in time".to_owned());
                self.link_lost(now, out);
            }
            Link::Open { .. } if membership.link.is_silent(now, reading) => {
                membership.failure = Some("the server has fallen silent".to_owned());
                // Without a close handshake: it would wait for a peer who may be gone.
                out.push(Output::Abandon);
                self.link_lost(now, out);
            }
            Link::Open { .. } => {
                membership.link.keep_alive(now, out);
                self.pump(now, out);
                self.leave_when_answered(now, out);
            }
            _ => {}
        }
    }

    pub(super) fn set_reading(&mut self, now: Moment, reading: bool) {
        self.reading = reading;
        let link = match &mut self.phase {
            Phase::Joined(membership) => {
                if membership.link.is_open()
                    && reading
                    && let Some(since) = &mut membership.away_since
                {
                    *since = now;
                }
                &mut membership.link
            }
            Phase::Connecting(connecting) => match connecting.link_mut() {
                Some(link) => link,
                None => return,
            },
            _ => return,
        };
        if let Link::Open { received, .. } = link
            && reading
        {
            *received = now;
        }
    }

    /// The socket of a joined session is gone: tells the application once, and tries to come back.
    fn link_lost(&mut self, now: Moment, out: &mut Vec<Output>) {
        let Phase::Joined(membership) = &mut self.phase else { return };
        if !membership.resumable {
            self.dropped("The connection was lost, and the server does not let clients come back.", out);
            return;
        }
        if membership.leaving.is_some() {
            self.report_unanswered(out);
            self.leave_at_once(out);
            return;
        }
        let gives_up = planted::is(Bug::GiveUp) && membership.returned.is_some();
        if self.config.reconnect_window.is_zero() || gives_up {
            self.dropped("The connection was lost; the settings say not to restore it.", out);
            return;
        }
        if membership.away_since.is_none() {
            // The first try is at once, unless the last return did not last: a server that accepts and drops again must
            // not be dialed in a loop. If nothing got through meanwhile, it was no return at all.
            let (since, tries) = match &membership.returned {
                Some(Returned { at, lost, proven }) if now.since(*at) < PING_AFTER => {
                    if *proven {
                        (now, 1)
                    } else {
                        (*lost, membership.tries.max(1))
                    }
                }
                _ => (now, 0),
            };
            membership.away_since = Some(since);
            membership.tries = tries;
            self.status = Status::Reconnecting;
            out.push(Output::Event(Event::Reconnecting));
            report_lost(self.outbox.take_unrepeatable(), "The connection was lost", out);
        }
        self.outbox.cut();
        self.paused_until = None;
        self.try_again(now, Duration::ZERO, out);
    }

    /// Opens the next socket, at once or after a pause: a random one, on top of what the server asked for.
    fn try_again(&mut self, now: Moment, asked: Duration, out: &mut Vec<Output>) {
        let Phase::Joined(membership) = &mut self.phase else { return };
        let pause = match membership.tries {
            0 => asked,
            tries => {
                let most = BACKOFF_FIRST.saturating_mul(1 << (tries - 1).min(16)).min(BACKOFF_MOST);
                asked + self.ids.jitter(most)
            }
        };
        membership.tries += 1;
        membership.link = Link::Waiting { until: now + pause };
        if pause.is_zero() {
            self.come_back(now, out);
        }
        #[cfg(feature = "planted")]
        self.spoil_outbox();
    }

    fn come_back(&mut self, now: Moment, out: &mut Vec<Output>) {
        let dial = self.new_dial();
        if let Phase::Joined(membership) = &mut self.phase {
            membership.dial(dial, now + DIAL_TURN, true, out);
        }
    }

    /// The session is lost for good.
    pub(super) fn dropped(&mut self, text: &str, out: &mut Vec<Output>) {
        self.report_unanswered(out);
        out.push(Output::Event(Event::Error { code: ErrorCode::ConnectionDropped, text: text.to_owned() }));
        self.end(DisconnectReason::NetworkDisconnected, out);
    }

    /// The driver has a fault: whatever was going on is over.
    pub(crate) fn broke(&mut self, out: &mut Vec<Output>) {
        if matches!(self.phase, Phase::Idle) {
            return;
        }
        out.push(Output::Event(Event::StatusChanged(Status::NotConnected)));
        self.report_unanswered(out);
        let text =
            "The library has a fault; please report it. The session can be connected again.".to_owned();
        out.push(Output::Event(Event::Error { code: ErrorCode::InternalError, text }));
        self.end(DisconnectReason::NetworkDisconnected, out);
    }

    /// Says for every request that the server has not answered that nothing is known of it.
    pub(super) fn report_unanswered(&mut self, out: &mut Vec<Output>) {
        report_lost(self.outbox.clear(), "The session ended", out);
    }

    /// Back to idle, with a word to the application.
    pub(super) fn end(&mut self, reason: DisconnectReason, out: &mut Vec<Output>) {
        self.phase = Phase::Idle;
        self.status = Status::NotConnected;
        self.disconnect_reason = reason;
        self.paused_until = None;
        self.outbox.clear();
        out.push(Output::Event(Event::Disconnected(reason)));
    }
}

fn report_lost(lost: Vec<Outgoing>, what_happened: &str, out: &mut Vec<Output>) {
    out.extend(lost.into_iter().map(|outgoing| Output::Event(outgoing.lost(what_happened))));
}
