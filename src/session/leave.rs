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
                Link::Open { attempt, .. } => {
                    // A signal that was accepted is not lost because its sender leaves.
                    while let Some(outgoing) = self.outbox.send_regardless() {
                        let frame = membership.request(&outgoing.transaction, None, &outgoing.data);
                        membership.link.send(now, frame, out);
                    }
                    self.say_goodbye(now, attempt, out);
                }
                _ => {
                    self.report_unanswered(out);
                    self.leave_at_once(out);
                }
            },
        }
        Ok(())
    }

    fn say_goodbye(&mut self, now: Moment, attempt: u64, out: &mut Vec<Output>) {
        self.status = Status::Disconnecting;
        self.phase = Phase::Leaving { attempt, until: now + LEAVE_TIMEOUT };
        out.push(Output::Send(envelope::leave()));
        out.push(Output::Close);
    }

    fn leave_at_once(&mut self, out: &mut Vec<Output>) {
        out.push(Output::Abandon);
        self.left(out);
    }

    /// The socket of a leaving client is closed.
    pub(super) fn left(&mut self, out: &mut Vec<Output>) {
        self.end(DisconnectReason::ClientDisconnected, out);
    }
}
