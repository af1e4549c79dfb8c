//! Leaving: the last words, then the end.

use super::io::{Output, Refused};
use super::link::Link;
use super::status::{DisconnectReason, Status};
use super::{Engine, Phase};
use otc_protocol::Moment;
use otc_protocol::envelope;
use otc_protocol::error::ErrorCode;
use otc_protocol::limits::LEAVE_TIMEOUT;

impl Engine {
    pub(super) fn disconnect(&mut self, now: Moment, out: &mut Vec<Output>) -> Result<(), Refused> {
        match &mut self.phase {
            Phase::Idle => {
                return Err(Refused { code: ErrorCode::NotConnected, text: "The session is not connected." });
            }
            Phase::Leaving { .. } => {}
            Phase::Connecting(connecting) => match connecting.link_mut() {
                Some(Link::Open { attempt, .. }) => {
                    let attempt = *attempt;
                    self.say_goodbye(now, attempt, out);
                }
                _ => self.leave_at_once(out),
            },
            Phase::Joined(membership) => match membership.link {
                // Nothing has come over the new socket yet: what is unanswered is not waited for, but the others are told.
                Link::Open { attempt, .. } if membership.away_since.is_some() => {
                    self.report_unanswered(out);
                    self.say_goodbye(now, attempt, out);
                }
                Link::Open { .. } => {
                    membership.leaving.get_or_insert(now + LEAVE_TIMEOUT);
                    self.status = Status::Disconnecting;
                    self.leave_when_answered(now, out);
                }
                _ => {
                    self.report_unanswered(out);
                    self.leave_at_once(out);
                }
            },
        }
        Ok(())
    }

    /// A signal that was accepted is not lost because its sender leaves: the goodbye waits for the answers, as long as
    /// they come.
    pub(super) fn leave_when_answered(&mut self, now: Moment, out: &mut Vec<Output>) {
        let Phase::Joined(membership) = &mut self.phase else { return };
        let (Some(until), Link::Open { attempt, .. }) = (membership.leaving, &membership.link) else {
            return;
        };
        let attempt = *attempt;
        if self.outbox.len() > 0 && until > now {
            return;
        }
        self.report_unanswered(out);
        self.say_goodbye(now, attempt, out);
    }

    fn say_goodbye(&mut self, now: Moment, attempt: u64, out: &mut Vec<Output>) {
        self.status = Status::Disconnecting;
        self.phase = Phase::Leaving { attempt, until: now + LEAVE_TIMEOUT };
        out.push(Output::Send(envelope::leave()));
        out.push(Output::Close);
    }

    pub(super) fn leave_at_once(&mut self, out: &mut Vec<Output>) {
        out.push(Output::Abandon);
        self.left(out);
    }

    /// The socket of a leaving client is closed.
    pub(super) fn left(&mut self, out: &mut Vec<Output>) {
        self.end(DisconnectReason::ClientDisconnected, out);
    }
}
