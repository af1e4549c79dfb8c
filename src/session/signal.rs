//! Signals on their way out.

use super::event::Event;
use super::io::{Output, Refused};
use super::status::Status;
use super::{Engine, Membership, Phase};
use bytes::Bytes;
use otc_protocol::Moment;
use otc_protocol::envelope::{self, Answer, Request};
use otc_protocol::error::ErrorCode;
use otc_protocol::limits::{
    BACKOFF_MOST, LEAVE_TIMEOUT, RATE_RETRIES, RATE_RETRY, SIGNAL_DATA_BYTES, SIGNAL_TYPE_BYTES,
};
use otc_protocol::raptor::{Body, Json, Message, Refusal, SignalContent};

impl Engine {
    pub(super) fn signal(
        &mut self,
        now: Moment,
        kind: Option<&str>,
        data: Option<&str>,
        to: Option<&str>,
        retry: bool,
        out: &mut Vec<Output>,
    ) -> Result<(), Refused> {
        check(kind.unwrap_or_default(), data.unwrap_or_default())?;
        let Phase::Joined(membership) = &self.phase else {
            return Err(refused(
                ErrorCode::NotConnected,
                "The session is not connected; wait for on_connected.",
            ));
        };
        if membership.leaving.is_some() {
            return Err(refused(ErrorCode::NotConnected, "The session is being disconnected."));
        }
        if self.status != Status::Connected && !retry {
            return Err(refused(
                ErrorCode::NotConnected,
                "The session is reconnecting and retry_after_reconnect is false; wait for on_reconnected.",
            ));
        }
        let content = SignalContent {
            kind: kind.filter(|kind| !kind.is_empty()).map(str::to_owned),
            data: data.map(Json::from_str_value),
            from_connection: None,
        };
        let body = Body::Signal { id: self.ids.uuid(), to: to.map(str::to_owned), content };
        let data = Message { session: membership.address.clone(), body }.encode();
        if !self.outbox.has_room_for(data.len()) {
            return Err(refused(
                ErrorCode::UnableToSendSignal,
                "Too many signals wait for the server's answer; send more slowly, or wait for on_reconnected.",
            ));
        }
        let transaction = self.ids.uuid();
        self.outbox.push(transaction, data, retry);
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

    /// Takes the server's answer to a signal.
    pub(super) fn answered(&mut self, now: Moment, answer: &Answer<'_>, out: &mut Vec<Output>) {
        let Some(mut outgoing) = self.outbox.answered(answer.transaction) else { return };
        if let Phase::Joined(membership) = &mut self.phase {
            membership.proven();
            membership.leaving = membership.leaving.map(|_| now + LEAVE_TIMEOUT);
        }
        if answer.code == 429 && outgoing.rate_refusals < RATE_RETRIES {
            let most = RATE_RETRY.saturating_mul(1 << outgoing.rate_refusals).min(BACKOFF_MOST);
            outgoing.rate_refusals += 1;
            // The refused transaction has its answer; the server would repeat it.
            outgoing.transaction = self.ids.uuid();
            self.outbox.put_back(outgoing);
            let until = now + most / 2 + self.ids.jitter(most / 2);
            self.paused_until = Some(self.paused_until.map_or(until, |paused| paused.max(until)));
            return;
        }
        if !answer.is_success() {
            let reason = reason_of(answer.data);
            let text = format!("The server refused a signal ({}): {reason}", answer.code);
            out.push(Output::Event(Event::Error { code: ErrorCode::UnableToSendSignal, text }));
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
    refusal.reason.chars().take(REASON_CHARACTERS).collect()
}

/// What of a server's reason an application is told.
const REASON_CHARACTERS: usize = 1024;

fn refused(code: ErrorCode, text: &'static str) -> Refused {
    Refused { code, text }
}

/// The vendor's bounds for what C sends (`c-api.md §6`).
fn check(kind: &str, data: &str) -> Result<(), Refused> {
    if kind.len() > SIGNAL_TYPE_BYTES {
        return Err(refused(ErrorCode::SignalTypeTooLong, "The signal type is longer than 128 bytes."));
    }
    if !kind.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_~".contains(&byte)) {
        return Err(refused(
            ErrorCode::InvalidSignalType,
            "The signal type may hold letters, digits, '-', '_' and '~' only.",
        ));
    }
    if data.len() > SIGNAL_DATA_BYTES {
        return Err(refused(ErrorCode::SignalDataTooLong, "The signal data is longer than 8192 bytes."));
    }
    Ok(())
}
