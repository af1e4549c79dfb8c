//! Getting in: session info, socket, join (`wire.md §2`, `§3.7`, `§5.1`).

use super::config::CLIENT_VERSION;
use super::duplicates::Duplicates;
use super::event::Event;
use super::io::{Failure, FailureKind, Output, Refusal, Refused, Secret};
use super::link::Link;
use super::request::reason_of;
use super::roster::Roster;
use super::said::said;
use super::status::{DisconnectReason, Status};
use super::{Engine, Membership, Phase};
use otc_protocol::Moment;
use otc_protocol::envelope::{self, Answer};
use otc_protocol::error::ErrorCode;
use otc_protocol::limits::{
    CONNECT_ATTEMPTS, CONNECT_PAUSE_MOST, CONNECT_RETRY, DIAL_TURN, HELD_BYTES, HELD_MESSAGES, INFO_TIMEOUT,
    JOIN_TIMEOUT, NAME_BYTES,
};
use otc_protocol::raptor::{Body, ConnectionRequest, Message, SessionAddress, SessionState};
use otc_protocol::session_info::{self, SessionInfo};
use std::fmt::Write;
use std::time::Duration;

/// A connect under way.
pub(super) struct Connecting {
    token: Secret,
    /// Attempts that have failed.
    failed: u32,
    stage: Stage,
}

#[allow(
    clippy::large_enum_variant,
    reason = "there is one for each session, and it moves into the joined phase"
)]
enum Stage {
    /// The session info has been asked for.
    Info { attempt: u64, connection_id: String, until: Moment },
    /// The last attempt failed; the next one starts then.
    Pause { until: Moment },
    /// The socket is being opened, or the server's answer is awaited.
    Joining(Joining),
}

/// A join under way.
pub(super) struct Joining {
    pub(super) membership: Membership,
    /// What happened before the application may hear of it.
    pub(super) held: Vec<Event>,
    /// Messages that have come so far, and their bytes.
    pub(super) told: (usize, usize),
    create: Create,
    /// Whether a socket has been open: then the next one resumes it.
    opened: bool,
    until: Moment,
}

/// The request that creates the connection.
struct Create {
    transaction: String,
    data: Vec<u8>,
    answered: bool,
}

/// Why an attempt failed.
struct Trouble {
    code: ErrorCode,
    text: String,
    /// How long to wait at least before another attempt; `None`: there is none.
    retry: Option<Duration>,
}

impl Trouble {
    fn new(code: ErrorCode, text: String, retry: bool) -> Self {
        Self { code, text, retry: retry.then_some(Duration::ZERO) }
    }

    /// `code` is what it comes to unless the failure says more.
    fn of(failure: &Failure, code: ErrorCode) -> Self {
        let text = said(&failure.text);
        match failure.kind {
            FailureKind::Unreachable => Self::new(code, text, true),
            FailureKind::Permanent | FailureKind::Refused(Refusal::Login) => Self::new(code, text, false),
            FailureKind::Refused(Refusal::Forbidden) | FailureKind::Token => {
                Self::new(ErrorCode::AuthorizationFailure, text, false)
            }
            FailureKind::Refused(Refusal::Missing | Refusal::Gone) => {
                Self::new(ErrorCode::InvalidSession, text, false)
            }
            FailureKind::Busy(pause) if pause > CONNECT_PAUSE_MOST => {
                let text = format!("{text}; it asks to be left alone for {} seconds", pause.as_secs());
                Self::new(code, text, false)
            }
            FailureKind::Busy(pause) => Self { code, text, retry: Some(pause) },
        }
    }
}

impl Joining {
    /// Whether the server says more than fits before it has let this client in.
    pub(super) fn holds_too_much(&self) -> bool {
        let (messages, bytes) = self.told;
        messages > HELD_MESSAGES || bytes > HELD_BYTES || self.membership.roster.is_too_large()
    }
}

impl Connecting {
    pub(super) fn deadline(&self, reading: bool) -> Moment {
        match &self.stage {
            Stage::Info { until, .. } | Stage::Pause { until } => *until,
            Stage::Joining(joining) => joining.until.min(joining.membership.link.deadline(reading)),
        }
    }

    pub(super) fn joining_mut(&mut self) -> Option<&mut Joining> {
        match &mut self.stage {
            Stage::Joining(joining) => Some(joining),
            _ => None,
        }
    }

    pub(super) fn link_mut(&mut self) -> Option<&mut Link> {
        self.joining_mut().map(|joining| &mut joining.membership.link)
    }

    pub(super) fn socket_id(&self) -> Option<&str> {
        match &self.stage {
            Stage::Joining(joining) => Some(&joining.membership.socket_id),
            _ => None,
        }
    }

    /// The time of the request, and the join's, begin with their turns.
    pub(super) fn dialing(&mut self, now: Moment, attempt: u64) -> Option<&mut Link> {
        if let Stage::Info { attempt: asked, until, .. } = &mut self.stage
            && *asked == attempt
        {
            *until = now + INFO_TIMEOUT;
        }
        let joining = self.joining_mut()?;
        if !joining.opened && joining.membership.link.is_dialing(attempt) {
            joining.until = now + JOIN_TIMEOUT;
        }
        Some(&mut joining.membership.link)
    }

    /// Ends what is under way. The server may have let the client in: it is told that nobody stays, so that the others
    /// do not see a member who is none.
    fn give_up(&mut self, out: &mut Vec<Output>) {
        if self.link_mut().is_some_and(|link| link.is_open()) {
            out.push(Output::Send(envelope::leave()));
            out.push(Output::Close);
        } else {
            out.push(Output::Abandon);
        }
    }

    /// A socket is open: introduces the client, or repeats what is unanswered on a resumed one.
    pub(super) fn opened(&mut self, attempt: u64, open: Link, out: &mut Vec<Output>) {
        let Stage::Joining(joining) = &mut self.stage else { return };
        if !joining.membership.link.is_dialing(attempt) {
            return;
        }
        joining.membership.link = open;
        if !joining.opened {
            joining.opened = true;
            out.extend(joining.membership.introduction().into_iter().map(Output::Send));
        }
        if !joining.create.answered {
            let Create { transaction, data, .. } = &joining.create;
            out.push(Output::Send(joining.membership.request(transaction, Some(&self.token.0), data)));
        }
    }
}

impl Membership {
    /// CONNECT and SUBSCRIBE, the first frames of a new socket id.
    fn introduction(&self) -> Vec<bytes::Bytes> {
        let connect = envelope::connect(&self.connection_id, &self.socket_id, &self.symphony);
        let subscribe = envelope::subscribe(&self.address.topic());
        [connect, subscribe].into_iter().flatten().collect()
    }
}

impl Engine {
    pub(super) fn connect(
        &mut self,
        now: Moment,
        token: Secret,
        api_url: Option<String>,
        out: &mut Vec<Output>,
    ) -> Result<(), Refused> {
        if !matches!(self.phase, Phase::Idle) {
            return Err(Refused {
                code: ErrorCode::IllegalState,
                text: "The session is connected, connecting or disconnecting; wait for on_disconnected.",
            });
        }
        self.status = Status::Connecting;
        self.disconnect_reason = DisconnectReason::None;
        self.api_url = api_url;
        let stage = self.ask_for_info(now, &token, out);
        self.phase = Phase::Connecting(Connecting { token, failed: 0, stage });
        Ok(())
    }

    fn ask_for_info(&mut self, now: Moment, token: &Secret, out: &mut Vec<Output>) -> Stage {
        let attempt = self.next_attempt();
        let connection_id = self.ids.uuid();
        let base = self.api_url();
        let url = format!("{base}/session/{}?extended=true", path_segment(&self.config.session_id));
        let url = self.config.through_proxy(url);
        out.push(Output::RequestInfo {
            attempt,
            url,
            token: token.clone(),
            connection_id: connection_id.clone(),
        });
        Stage::Info { attempt, connection_id, until: now + DIAL_TURN }
    }

    pub(super) fn info(
        &mut self,
        now: Moment,
        attempt: u64,
        status: u16,
        body: &[u8],
        out: &mut Vec<Output>,
    ) {
        let Some(connection_id) = self.awaited_info(attempt) else { return };
        match session_info::parse_response(status, body, &self.config.api_key) {
            Ok(info) => self.join(now, &info, connection_id, out),
            Err(error) => {
                let trouble = Trouble::new(error.code, said(&error.message), error.retry);
                self.attempt_failed(now, trouble, out);
            }
        }
    }

    pub(super) fn info_failed(
        &mut self,
        now: Moment,
        attempt: u64,
        failure: &Failure,
        out: &mut Vec<Output>,
    ) {
        if self.awaited_info(attempt).is_some() {
            let code = match failure.kind {
                FailureKind::Busy(_) => ErrorCode::UnexpectedSessionInfo,
                _ => ErrorCode::ConnectionFailed,
            };
            self.attempt_failed(now, Trouble::of(failure, code), out);
        }
    }

    /// The connection id that was named in the session-info request `attempt`, if its answer is awaited.
    fn awaited_info(&self, attempt: u64) -> Option<String> {
        match &self.phase {
            Phase::Connecting(Connecting {
                stage: Stage::Info { attempt: asked, connection_id, .. },
                ..
            }) if *asked == attempt => Some(connection_id.clone()),
            _ => None,
        }
    }

    fn join(&mut self, now: Moment, info: &SessionInfo, connection_id: String, out: &mut Vec<Output>) {
        let address = SessionAddress { project: info.partner_id.clone(), session: info.session_id.clone() };
        let content = ConnectionRequest {
            user_agent: self.config.user_agent.clone(),
            client_version: CLIENT_VERSION.to_owned(),
            capabilities: self.client_capabilities(&info.properties),
            connection_events_suppressed: self.config.connection_events_suppressed,
            ..ConnectionRequest::default()
        };
        let body = Body::ConnectionCreate { id: connection_id.clone(), content };
        let data = Message { session: address.clone(), body }.encode();
        let mut membership = Membership {
            address,
            connection_id,
            socket_id: self.ids.socket(),
            messaging_url: self.config.through_proxy(info.messaging_url.clone()),
            symphony: info
                .symphony_address
                .clone()
                .filter(|address| address.len() <= NAME_BYTES)
                .unwrap_or_default(),
            resumable: info.properties.reconnection,
            roster: Roster::new(self.config.connection_events_suppressed),
            duplicates: Duplicates::default(),
            link: Link::Waiting { until: now },
            away_since: None,
            returned: None,
            leaving: None,
            tries: 0,
            failure: None,
            malformed: 0,
        };
        membership.dial(self.new_dial(), now + DIAL_TURN, false, out);
        let create = Create { transaction: self.ids.uuid(), data, answered: false };
        let until = now + DIAL_TURN;
        let joining = Joining { membership, held: Vec::new(), told: (0, 0), create, opened: false, until };
        if let Phase::Connecting(connecting) = &mut self.phase {
            connecting.stage = Stage::Joining(joining);
        }
    }

    pub(super) fn join_open_failed(
        &mut self,
        now: Moment,
        attempt: u64,
        failure: &Failure,
        out: &mut Vec<Output>,
    ) {
        let Phase::Connecting(Connecting { stage: Stage::Joining(joining), .. }) = &self.phase else {
            return;
        };
        if joining.membership.link.is_dialing(attempt) {
            self.attempt_failed(now, Trouble::of(failure, ErrorCode::ConnectionRefused), out);
        }
    }

    /// The socket of a join is gone: resumes it, or starts over when the server does not know it.
    pub(super) fn join_closed(&mut self, now: Moment, attempt: u64, refused: bool, out: &mut Vec<Output>) {
        let Phase::Connecting(Connecting { stage: Stage::Joining(joining), .. }) = &mut self.phase else {
            return;
        };
        if !joining.membership.link.is(attempt) {
            return;
        }
        joining.membership.tries += 1;
        joining.membership.link = Link::Waiting { until: now };
        let start_over = refused || !joining.membership.resumable;
        if start_over || joining.membership.tries >= CONNECT_ATTEMPTS {
            let text = "The messaging server closed the socket before the session was joined.".to_owned();
            let trouble = Trouble::new(ErrorCode::ConnectionFailed, text, start_over);
            self.attempt_failed(now, trouble, out);
            return;
        }
        let dial = self.new_dial();
        if let Phase::Connecting(Connecting { stage: Stage::Joining(joining), .. }) = &mut self.phase {
            joining.membership.dial(dial, joining.until, true, out);
        }
    }

    /// Takes the answer to the creation of the connection.
    pub(super) fn join_answered(&mut self, now: Moment, answer: &Answer<'_>, out: &mut Vec<Output>) {
        let Phase::Connecting(Connecting { stage: Stage::Joining(joining), .. }) = &mut self.phase else {
            return;
        };
        if joining.create.answered || joining.create.transaction != answer.transaction {
            return;
        }
        joining.create.answered = true;
        if !answer.is_success() {
            let trouble = join_refused(answer);
            self.attempt_failed(now, trouble, out);
            return;
        }
        match SessionState::read(answer.data) {
            Ok((state, left_out)) => {
                if left_out > 0 {
                    let text = format!(
                        "The server's list of the session has {left_out} malformed entries, ignored."
                    );
                    out.push(Output::Warn(text));
                }
                let Membership { roster, connection_id, .. } = &mut joining.membership;
                // Who was there before comes before what has happened since.
                let since = std::mem::take(&mut joining.held);
                roster.list(connection_id, state, &mut joining.held);
                joining.held.extend(since.into_iter().map(|event| roster.introduce(event)));
                if !self.hears_too_much(now, out) {
                    self.join_progressed(out);
                }
            }
            Err(_) => {
                let text = "The messaging server's list of the session could not be read.".to_owned();
                let code = ErrorCode::UnexpectedSessionInfo;
                self.attempt_failed(now, Trouble::new(code, text, true), out);
            }
        }
    }

    /// Tells the application that the session is joined, once list and own connection have both come.
    pub(super) fn join_progressed(&mut self, out: &mut Vec<Output>) {
        let complete = matches!(
            &self.phase,
            Phase::Connecting(Connecting { stage: Stage::Joining(joining), .. })
                if joining.membership.roster.is_complete()
        );
        if !complete {
            return;
        }
        match std::mem::replace(&mut self.phase, Phase::Idle) {
            Phase::Connecting(Connecting { stage: Stage::Joining(joining), .. }) => {
                let mut membership = joining.membership;
                membership.tries = 0;
                self.phase = Phase::Joined(membership);
                self.status = Status::Connected;
                out.push(Output::Event(Event::Connected));
                out.extend(joining.held.into_iter().map(Output::Event));
            }
            other => self.phase = other,
        }
    }

    /// The server has ended the connection while it was being made.
    pub(super) fn join_ended(&mut self, now: Moment, text: &str, out: &mut Vec<Output>) {
        let trouble = Trouble::new(ErrorCode::ConnectionFailed, text.to_owned(), false);
        self.attempt_failed(now, trouble, out);
    }

    pub(super) fn connect_timer(&mut self, now: Moment, out: &mut Vec<Output>) {
        let reading = self.reading;
        let Phase::Connecting(connecting) = &mut self.phase else { return };
        let timed_out = |code, text: &str| Trouble::new(code, text.to_owned(), false);
        let trouble = match &mut connecting.stage {
            Stage::Info { .. } => {
                timed_out(ErrorCode::StateFailed, "The session info did not arrive in time.")
            }
            Stage::Pause { .. } => {
                let token = connecting.token.clone();
                let stage = self.ask_for_info(now, &token, out);
                if let Phase::Connecting(connecting) = &mut self.phase {
                    connecting.stage = stage;
                }
                return;
            }
            Stage::Joining(joining) => {
                let link = &mut joining.membership.link;
                if joining.until > now && link.is_open() && !link.is_silent(now, reading) {
                    link.keep_alive(now, out);
                    return;
                }
                timed_out(ErrorCode::ConnectionTimedOut, "The messaging server did not answer in time.")
            }
        };
        self.attempt_failed(now, trouble, out);
    }

    fn attempt_failed(&mut self, now: Moment, trouble: Trouble, out: &mut Vec<Output>) {
        let Phase::Connecting(connecting) = &mut self.phase else { return };
        connecting.give_up(out);
        connecting.failed += 1;
        if let Some(asked) = trouble.retry.filter(|_| connecting.failed < CONNECT_ATTEMPTS) {
            let usual = CONNECT_RETRY.saturating_mul(1 << (connecting.failed - 1).min(16));
            // Many clients may have been asked to come back after the same time.
            let pause = if asked.is_zero() { usual } else { usual.max(asked + self.ids.jitter(usual)) };
            connecting.stage = Stage::Pause { until: now + pause };
            out.push(Output::Warn(format!("Connecting failed, will try again: {}", trouble.text)));
            return;
        }
        self.phase = Phase::Idle;
        self.status = Status::Failed;
        out.push(Output::Event(Event::Error { code: trouble.code, text: trouble.text }));
    }
}

/// Text as one segment of a URL's path: applications may call anything a session id.
fn path_segment(text: &str) -> String {
    let mut segment = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~=".contains(&byte) {
            segment.push(char::from(byte));
        } else {
            // Writing into a String cannot fail.
            let _ = write!(segment, "%{byte:02X}");
        }
    }
    segment
}

/// What an error STATUS to a join means to a C program (`wire.md §5.1`, `c-api.md §3.4`).
fn join_refused(answer: &Answer<'_>) -> Trouble {
    let reason = reason_of(answer.data);
    let code = match answer.code {
        _ if reason == "connectionLimitExceeded" => ErrorCode::ConnectionLimitExceeded,
        401 | 403 => ErrorCode::AuthorizationFailure,
        404 => ErrorCode::InvalidSession,
        400 | 409 => ErrorCode::ConnectionFailed,
        _ => ErrorCode::UnexpectedSessionInfo,
    };
    let retry = code == ErrorCode::UnexpectedSessionInfo;
    Trouble::new(code, format!("The server refused the connection ({}): {reason}", answer.code), retry)
}
