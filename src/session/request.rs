//! Requests on their way out, and the server's answers to them.

use super::io::{Output, Refused};
use super::outbox::RequestKind;
use super::said::said;
use super::{Engine, Membership, Phase};
use bytes::Bytes;
use otc_protocol::Moment;
use otc_protocol::envelope::{self, Answer, Request};
use otc_protocol::error::ErrorCode;
use otc_protocol::limits::{BACKOFF_MOST, LEAVE_TIMEOUT, RATE_RETRY};
use otc_protocol::raptor::{Refusal, SessionAddress};

impl Engine {
    /// The session of which something can be asked: it is joined, and not being left.
    pub(super) fn session_to_ask(&self) -> Result<&SessionAddress, Refused> {
        let not_connected = |text| Refused { code: ErrorCode::NotConnected, text };
        match &self.phase {
            Phase::Joined(membership) if membership.leaving.is_some() => {
                Err(not_connected("The session is being disconnected."))
            }
            Phase::Joined(membership) => Ok(&membership.address),
            _ => Err(not_connected("The session is not connected; wait for on_connected.")),
        }
    }

    /// Puts a request, written as Raptor JSON, behind those that wait, and sends it if it can be sent now.
    pub(super) fn send_request(
        &mut self,
        now: Moment,
        kind: RequestKind,
        data: Vec<u8>,
        out: &mut Vec<Output>,
    ) -> Result<(), Refused> {
        if !self.outbox.has_room_for(data.len()) {
            let text = "Too many requests wait for the server's answer; send more slowly, or wait for on_reconnected.";
            return Err(Refused { code: kind.code(), text });
        }
        let transaction = self.ids.uuid();
        self.outbox.push(kind, transaction, data);
        self.pump(now, out);
        Ok(())
    }

    /// Sends what waits, as far as the window and the server's wishes allow.
    pub(super) fn pump(&mut self, now: Moment, out: &mut Vec<Output>) {
        let Phase::Joined(membership) = &mut self.phase else { return };
        if !membership.link.is_open() || self.paused_until.is_some_and(|until| until > now) {
            return;
        }
        self.paused_until = None;
        while let Some(outgoing) = self.outbox.next_to_send() {
            let frame = membership.request(&outgoing.transaction, None, &outgoing.data);
            membership.link.send(now, frame, out);
        }
    }

    /// Takes the server's answer to a request.
    pub(super) fn answered(&mut self, now: Moment, answer: &Answer<'_>, out: &mut Vec<Output>) {
        let Some(mut outgoing) = self.outbox.answered(answer.transaction) else { return };
        if let Phase::Joined(membership) = &mut self.phase {
            membership.proven();
            membership.leaving = membership.leaving.map(|_| now + LEAVE_TIMEOUT);
        }
        if answer.code == 429 && !self.outbox.is_refused_for_good() {
            // The refused transaction has its answer; a server may repeat it.
            outgoing.transaction = self.ids.uuid();
            if let Some(refusals) = self.outbox.put_back(outgoing) {
                let most = RATE_RETRY.saturating_mul(1 << refusals).min(BACKOFF_MOST);
                self.paused_until = Some(now + most / 2 + self.ids.jitter(most / 2));
            }
            self.pump(now, out);
            return;
        }
        if answer.is_success() {
            self.outbox.accepted();
        } else {
            let (what, reason) = (outgoing.kind.name(), reason_of(answer.data));
            let text = format!("The server refused a {what} ({}): {reason}", answer.code);
            out.push(Output::Event(outgoing.failed(text)));
        }
        self.pump(now, out);
        self.leave_when_answered(now, out);
    }
}

impl Membership {
    /// The frame of a request.
    pub(super) fn request(&self, transaction: &str, token: Option<&str>, data: &[u8]) -> Bytes {
        let request = Request { transaction, from: &self.connection_id, token, data };
        // Every text in it has been checked to be shorter than a frame's limits.
        envelope::request(&self.symphony, &request).unwrap_or_default()
    }
}

/// The reason in the data of an error STATUS.
pub(super) fn reason_of(data: &[u8]) -> String {
    let refusal: Refusal = serde_json::from_slice(data).unwrap_or_default();
    if refusal.reason.is_empty() {
        return "no reason given".to_owned();
    }
    said(&refusal.reason)
}
