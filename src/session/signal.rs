//! Signals on their way out.

use super::Engine;
use super::io::{Output, Refused};
use super::outbox::RequestKind;
use super::status::Status;
use otc_protocol::Moment;
use otc_protocol::error::ErrorCode;
use otc_protocol::limits::{SIGNAL_DATA_BYTES, SIGNAL_TYPE_BYTES};
use otc_protocol::raptor::{Body, Json, Message, SignalContent};

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
        let session = self.session_to_ask()?.clone();
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
        let kind = if retry { RequestKind::Signal } else { RequestKind::FleetingSignal };
        let data = Message { session, body }.encode();
        self.send_request(now, kind, data, out)
    }
}

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
