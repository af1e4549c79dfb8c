//! What happens to the engine, as a recording says it.

use super::line::{Line, array, quoted};
use super::names::{Names, Shape, url};
use super::redact;
use crate::session::{Failure, FailureKind, Input, Moderation, Refusal as No};
use otc_protocol::envelope::{Answer, Delivery, FromServer};
use otc_protocol::error::ErrorCode;
use otc_protocol::raptor::{Message, Refusal, SessionState};
use otc_protocol::rumor::{Frame, FrameError};
use otc_protocol::session_info;
use serde_json::to_string;

/// Writes an input into an object that has begun. `api_key` is the session's own.
pub(super) fn input(line: &mut Line<'_>, names: &mut Names, api_key: &str, input: &Input<'_>) {
    match input {
        Input::Connect { token, api_url } => {
            line.text("in", "connect").put("token", Shape::of(&token.0).json());
            if let Some(api_url) = api_url {
                line.text("api_url", &url(api_url));
            }
        }
        Input::Signal { kind, data, to, retry } => {
            line.text("in", "signal").put("retry", retry);
            if let Some(kind) = kind {
                line.put("type", Shape::of_type(kind).json());
            }
            if let Some(data) = data {
                line.put("data", Shape::of(data).json());
            }
            if let Some(to) = to {
                line.text("to", &names.id(to));
            }
        }
        Input::SetEncryptionSecret(secret) => {
            line.text("in", "encryption_secret").put("secret", Shape::of(&secret.0).json());
        }
        Input::Moderate(moderation) => moderate(line, names, moderation),
        Input::Disconnect => {
            line.text("in", "disconnect");
        }
        Input::Info { attempt, status, body } => {
            line.text("in", "info").put("attempt", attempt).put("status", status).put("bytes", body.len());
            info(line, names, api_key, *status, body);
        }
        Input::InfoFailed { attempt, failure } => {
            failed(line.text("in", "info_failed").put("attempt", attempt), failure);
        }
        Input::Dialing { attempt } => {
            line.text("in", "dialing").put("attempt", attempt);
        }
        Input::Opened { attempt } => {
            line.text("in", "opened").put("attempt", attempt);
        }
        Input::OpenFailed { attempt, failure } => {
            failed(line.text("in", "open_failed").put("attempt", attempt), failure);
        }
        Input::Frame { attempt, bytes } => {
            frame(line.text("in", "frame").put("attempt", attempt), names, bytes);
        }
        Input::Closed { attempt, code } => {
            line.text("in", "closed").put("attempt", attempt);
            if let Some(code) = code {
                line.put("code", code);
            }
        }
        Input::Reading(reading) => {
            line.text("in", "reading").put("reading", reading);
        }
        Input::Timer => {
            line.text("in", "timer");
        }
    }
}

fn moderate(line: &mut Line<'_>, names: &mut Names, moderation: &Moderation<'_>) {
    match moderation {
        Moderation::MuteAll { except } => {
            let except = array(except.iter().map(|stream| quoted(&names.id(stream))));
            line.text("in", "mute_all").put("except", except)
        }
        Moderation::EndMute => line.text("in", "end_mute"),
        Moderation::MuteStream(stream) => line.text("in", "mute_stream").text("stream", &names.id(stream)),
        Moderation::Disconnect(connection) => {
            line.text("in", "send_away").text("connection", &names.id(connection))
        }
    };
}

fn failed(line: &mut Line<'_>, failure: &Failure) {
    line.text("failure", failure_name(failure.kind));
    if let FailureKind::Busy(pause) = failure.kind {
        line.put("pause", pause.as_millis());
    }
    line.put("text", Shape::of(&failure.text).json());
}

/// What a kind of failure is called.
pub(super) fn failure_name(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Unreachable => "unreachable",
        FailureKind::Busy(_) => "busy",
        FailureKind::Refused(No::Forbidden) => "forbidden",
        FailureKind::Refused(No::Missing) => "missing",
        FailureKind::Refused(No::Gone) => "gone",
        FailureKind::Refused(No::Login) => "login",
        FailureKind::Permanent => "permanent",
        FailureKind::Token => "token",
    }
}

/// What the client makes of a session info: the document, or why it is none.
fn info(line: &mut Line<'_>, names: &mut Names, api_key: &str, status: u16, body: &[u8]) {
    match session_info::parse_response(status, body, api_key) {
        Ok(info) => line.put("json", redact::info(names, &info).document()),
        Err(error) => line.put("error", error.code.code()).put("retry", error.retry),
    };
}

/// A body of which [`session_info::parse_response`] makes this refusal.
pub(super) fn refused_info(code: ErrorCode, retry: bool) -> &'static [u8] {
    match (code, retry) {
        (ErrorCode::InvalidSession, _) => br#"[{"error":{"code":404}}]"#,
        (ErrorCode::AuthorizationFailure, _) => br#"[{"error":{"code":403}}]"#,
        (ErrorCode::BlockedCountry, _) => br#"[{"error":{"code":409}}]"#,
        (ErrorCode::UnexpectedSessionInfo, false) => br#"[{"error":{"code":500}}]"#,
        (ErrorCode::ConnectionFailed, true) => b"",
        (ErrorCode::ConnectionFailed, false) => b"[{}]",
        (ErrorCode::NoMessagingServer, _) => br#"[{"session_id":"s","partner_id":"p"}]"#,
        _ => b"no document",
    }
}

fn frame(line: &mut Line<'_>, names: &mut Names, bytes: &[u8]) {
    line.put("bytes", bytes.len());
    let frame = match Frame::decode(bytes) {
        Ok(frame) => frame,
        Err(FrameError::UnknownKind(number)) => {
            line.text("frame", "unknown").put("number", number);
            return;
        }
        Err(_) => {
            line.text("frame", "malformed");
            return;
        }
    };
    match FromServer::read(&frame) {
        FromServer::Message(delivery) => message(line.text("frame", "message"), names, &delivery),
        FromServer::Status(answer) => status(line.text("frame", "status"), names, &answer),
        FromServer::Pong => {
            line.text("frame", "pong");
        }
        FromServer::Other => {
            line.text("frame", "other");
        }
    }
}

/// Without "json": the message is malformed.
fn message(line: &mut Line<'_>, names: &mut Names, delivery: &Delivery<'_>) {
    for (key, id) in [("transaction", delivery.transaction), ("from", delivery.from)] {
        if let Some(id) = id {
            line.text(key, &names.id(id));
        }
    }
    if let Ok(message) = Message::decode(delivery.data)
        && let Ok(json) = String::from_utf8(redact::message(names, message).encode())
    {
        line.put("json", json);
    }
}

/// Without "json": the answer is malformed.
fn status(line: &mut Line<'_>, names: &mut Names, answer: &Answer<'_>) {
    line.text("transaction", &names.id(answer.transaction)).put("status", answer.code);
    let json = if answer.is_success() {
        SessionState::read(answer.data).ok().and_then(|(state, left_out)| {
            if left_out > 0 {
                line.put("left_out", left_out);
            }
            let state = redact::state(names, &state);
            if state == SessionState::default() { Some("{}".to_owned()) } else { to_string(&state).ok() }
        })
    } else {
        let refusal = serde_json::from_slice::<Refusal>(answer.data).ok();
        refusal.and_then(|refusal| to_string(&redact::refusal(&refusal)).ok())
    };
    if let Some(json) = json {
        line.put("json", json);
    }
}
