//! Planted bugs that take more than a condition. One: messages are acknowledged first and handled with the next input, which may be the end of the socket.

use super::io::{Input, Output};
use super::{Engine, Phase};
use crate::planted::{self, Bug};
use otc_protocol::Moment;
use otc_protocol::envelope::{self, Delivery, FromServer};
use otc_protocol::rumor::Frame;

impl Engine {
    /// Acknowledges a message and keeps it for later.
    pub(super) fn put_off(
        &mut self,
        now: Moment,
        bytes: &[u8],
        delivery: &Delivery<'_>,
        out: &mut Vec<Output>,
    ) {
        if let (Phase::Joined(membership), Some(transaction)) = (&mut self.phase, delivery.transaction)
            && let Ok(frame) = envelope::acknowledge(
                delivery.from.unwrap_or_default(),
                transaction,
                &membership.connection_id,
            )
        {
            membership.link.send(now, frame, out);
        }
        self.put_off.push(bytes.to_vec());
    }

    /// Two more: what is sent again has new ids, or the second cut empties the outbox.
    pub(super) fn spoil_outbox(&mut self) {
        if planted::is(Bug::ReplayWithNewIds) {
            self.outbox.rename(|| self.ids.uuid());
        }
        let Phase::Joined(membership) = &self.phase else { return };
        if planted::is(Bug::DropOutbox) && membership.returned.is_some() {
            self.outbox.clear();
        }
    }

    /// Handles what was put off, or drops it at a cut.
    pub(super) fn catch_up(&mut self, now: Moment, input: &Input<'_>, out: &mut Vec<Output>) {
        let is_cut = matches!(input, Input::Closed { .. });
        if !is_cut && !matches!(input, Input::Frame { .. } | Input::Timer) {
            return;
        }
        for bytes in std::mem::take(&mut self.put_off) {
            let read = Frame::decode(&bytes).map(|frame| FromServer::read(&frame));
            if let Ok(FromServer::Message(delivery)) = read
                && !is_cut
            {
                self.message(now, &delivery, out);
            }
        }
    }
}
