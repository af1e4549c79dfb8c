//! The client's engine against an application, a network and a server that do anything.

use super::client_rules::{Cause, Rules, TOKEN};
use super::messages::{self, SESSION, TOPIC};
use super::source::Source;
use otc::session::{Config, Engine, Failure, FailureKind, Input, MediaConfig, Moderation, Secret};
use otc_protocol::{Moment, envelope};
use serde_json::{Value, json};
use std::time::Duration;

/// Most operations of one conversation.
const OPERATIONS: usize = 4000;
/// Timers at one moment, of which each leads to another one.
const TIMERS: usize = 64;

struct Conversation<'a> {
    source: Source<'a>,
    engine: Engine,
    now: Moment,
    rules: Rules,
    messages: u32,
    /// Transactions of messages, to be repeated.
    said: Vec<String>,
    info: String,
}

/// One conversation, as `bytes` decide.
///
/// # Panics
///
/// When the engine breaks a rule.
pub fn run(bytes: &[u8]) {
    let Some(mut source) = Source::without(TOKEN, bytes) else { return };
    let config = Config {
        api_key: "123456".into(),
        session_id: SESSION.into(),
        api_url: "http://api.example".into(),
        proxy_url: source.one_in(8).then(|| "http://proxy.example:3128/x".into()),
        connection_events_suppressed: source.one_in(4),
        reconnect_window: source.pick(&[30, 2, 600, 0].map(Duration::from_secs)),
        signal_queue: source.pick(&[16, 1, 3000]),
        user_agent: "test".into(),
        session_migration: source.one_in(2),
        media: MediaConfig::default(),
    };
    let engine = Engine::new(config, [source.byte(); 32]);
    let mut conversation = Conversation {
        source,
        engine,
        now: Moment::from_millis(1_000_000),
        rules: Rules::default(),
        messages: 0,
        said: Vec::new(),
        info: String::new(),
    };
    for _ in 0..OPERATIONS {
        if conversation.source.is_empty() {
            break;
        }
        conversation.operation();
    }
    conversation.finish();
}

impl Conversation<'_> {
    fn operation(&mut self) {
        match self.source.byte() % 32 {
            0 => self.connect(),
            1 => drop(self.handle(Input::Disconnect, &Cause::Other)),
            2..=4 => self.signal(),
            5 => self.moderate(),
            6 => {
                let secret = Secret(self.source.text());
                self.handle(Input::SetEncryptionSecret(secret), &Cause::Other);
            }
            7 | 8 => self.answer_info(),
            9 => {
                let attempt = self.attempt(self.rules.asked);
                let failure = self.failure();
                self.handle(Input::InfoFailed { attempt, failure }, &Cause::Info(attempt));
            }
            10 => {
                let attempt = self.attempt(self.rules.dialed);
                self.handle(Input::Dialing { attempt }, &Cause::Other);
            }
            11 | 12 => {
                let attempt = self.attempt(self.rules.dialed);
                self.opened(attempt);
            }
            13 => {
                let attempt = self.attempt(self.rules.dialed);
                let failure = self.failure();
                self.handle(Input::OpenFailed { attempt, failure }, &Cause::OpenFailed(attempt));
            }
            14 => {
                // Perhaps the newest one, which is being closed.
                let attempt = self.attempt(self.rules.socket);
                let codes = [None, Some(1000), Some(1001), Some(1003), Some(1006), Some(1011), Some(4001)];
                let code = self.source.pick(&codes);
                self.handle(Input::Closed { attempt, code }, &Cause::Closed(attempt));
            }
            15 => {
                let reading = self.source.one_in(2);
                self.handle(Input::Reading(reading), &Cause::Other);
            }
            16 => {
                let millis = u64::from(self.source.byte()) * 30;
                self.pass(Duration::from_millis(millis));
            }
            17 => {
                let next = self.engine.deadline().map_or(Duration::ZERO, |next| next.since(self.now));
                self.pass(next);
            }
            18 => {
                // The machine slept: nothing was done in between.
                let seconds = u64::from(self.source.byte()) * 60;
                self.now = self.now + Duration::from_secs(seconds);
            }
            19 => drop(self.handle(Input::Timer, &Cause::Other)),
            20..=22 => self.answer_request(),
            23..=26 => self.say(),
            27 => {
                let own = self.rules.me.clone();
                let frame = messages::any_frame(&mut self.source, &own);
                self.frame(frame);
            }
            28 => {
                let raw = self.source.raw().to_vec();
                self.frame(raw);
            }
            29 => self.frame(envelope::pong().to_vec()),
            30 => self.join(),
            _ => self.come_back(),
        }
    }

    fn handle(&mut self, input: Input<'_>, cause: &Cause<'_>) -> bool {
        self.rules.begin(cause);
        let mut out = Vec::new();
        let result = self.engine.handle(self.now, input, &mut out);
        match &result {
            Ok(()) => self.rules.check(cause, &out, &self.engine),
            Err(refused) => {
                assert!(out.is_empty() && !refused.text.is_empty(), "a refused call changes nothing");
                self.rules.check(&Cause::Other, &out, &self.engine);
            }
        }
        for output in &out {
            // What a driver or a log would show.
            assert!(!format!("{output:?}").contains(TOKEN));
        }
        result.is_ok()
    }

    /// What the network's news is about: mostly what is under way, sometimes what is over.
    fn attempt(&mut self, current: Option<u64>) -> u64 {
        let current = current.unwrap_or(self.rules.attempt);
        if self.source.one_in(8) { current.saturating_sub(1 + self.source.below(3) as u64) } else { current }
    }

    fn failure(&mut self) -> Failure {
        let kind = self.source.pick(&[FailureKind::Unreachable, FailureKind::Permanent, FailureKind::Token]);
        Failure { kind, text: "the network is down".into() }
    }

    // ---- the application ----

    fn connect(&mut self) {
        let api_url = self.source.one_in(4).then(|| "http://other.example".to_owned());
        self.handle(Input::Connect { token: Secret(TOKEN.into()), api_url }, &Cause::Connected);
    }

    fn signal(&mut self) {
        let kind = self.source.one_in(2).then(|| self.source.text());
        let data = match self.source.below(4) {
            0 => None,
            1 => Some("x".repeat(33 * self.source.below(256))),
            _ => Some(self.source.text()),
        };
        let to = self.source.one_in(3).then(|| messages::id(&mut self.source, ""));
        let retry = !self.source.one_in(3);
        let input = Input::Signal { kind: kind.as_deref(), data: data.as_deref(), to: to.as_deref(), retry };
        self.handle(input, &Cause::Accepted);
    }

    fn moderate(&mut self) {
        let (one, other) = (messages::id(&mut self.source, ""), messages::id(&mut self.source, ""));
        let except = vec![one.as_str(); 1 + 20 * self.source.below(256)];
        let moderation = match self.source.below(4) {
            0 => Moderation::MuteAll { except: &except },
            1 => Moderation::EndMute,
            2 => Moderation::MuteStream(&other),
            _ => Moderation::Disconnect(&other),
        };
        self.handle(Input::Moderate(moderation), &Cause::Accepted);
    }

    // ---- the network ----

    fn opened(&mut self, attempt: u64) {
        self.handle(Input::Opened { attempt }, &Cause::Opened(attempt));
    }

    fn pass(&mut self, duration: Duration) {
        let end = self.now + duration;
        let (mut at_once, mut last) = (0, None);
        while let Some(deadline) = self.engine.deadline().filter(|deadline| *deadline <= end) {
            self.now = self.now.max(deadline);
            self.handle(Input::Timer, &Cause::Other);
            at_once = if last == Some(self.now) { at_once + 1 } else { 0 };
            last = Some(self.now);
            assert!(at_once < TIMERS, "time stands still");
        }
        self.now = end;
    }

    // ---- the server ----

    fn answer_info(&mut self) {
        let attempt = self.attempt(self.rules.asked);
        let mut document = json!([{
            "session_id": SESSION, "partner_id": "123456", "messaging_url": "ws://msg.example/rumor",
            "symphony_address": "symphony.h", "properties": {"reconnection": !self.source.one_in(5)},
        }]);
        let mut status = 200;
        match self.source.below(8) {
            0 => document[0]["messaging_url"] = self.source.text().into(),
            1 => document[0]["symphony_address"] = "s".repeat(8 * self.source.below(256)).into(),
            2 => status = self.source.pick(&[0, 204, 301, 400, 403, 404, 409, 418, 429, 500, 503]),
            3 => document = json!([{"error": {"code": 409, "errorMessage": self.source.text()}}]),
            _ => {}
        }
        let mut body = document.to_string().into_bytes();
        if self.source.one_in(6) {
            self.source.mutate(&mut body);
        }
        self.info = String::from_utf8_lossy(&body).into_owned();
        self.handle(Input::Info { attempt, status, body: &body }, &Cause::Info(attempt));
    }

    fn frame(&mut self, mut bytes: Vec<u8>) {
        if self.source.one_in(24) {
            self.source.mutate(&mut bytes);
        }
        let attempt = self.attempt(self.rules.socket);
        self.handle(Input::Frame { attempt, bytes: &bytes }, &Cause::Frame(attempt, &bytes));
    }

    /// An answer to one of the newest requests, or to none.
    fn answer_request(&mut self) {
        let back = self.source.below(1 + self.rules.requests.len().min(40));
        let newest = self.rules.requests.iter().rev().nth(back);
        let (transaction, is_join) =
            newest.cloned().unwrap_or_else(|| (self.source.text(), self.source.one_in(2)));
        let code = self.source.pick(&[200, 200, 200, 200, 204, 403, 409, 429, 429, 500, 0]);
        let own = self.rules.me.clone();
        let data = match (is_join, self.source.below(6)) {
            (true, 0..=3) => messages::state(&mut self.source, &own),
            (_, 4) => json!({"reason": self.source.pick(&["connectionLimitExceeded", "x"])}),
            (_, 5) => Value::String(self.source.text()),
            _ => json!({}),
        };
        if let Ok(frame) = envelope::status(&own, code, &transaction, data.to_string().as_bytes()) {
            self.frame(frame.to_vec());
        }
    }

    /// A message: under a new transaction, a repeated one, or a strange one.
    fn say(&mut self) {
        let own = self.rules.me.clone();
        let transaction = match self.source.below(8) {
            0 => self.source.text(),
            1 if !self.said.is_empty() => self.said[self.source.below(self.said.len())].clone(),
            _ => {
                self.messages += 1;
                otc_protocol::uuid::format(u128::from(self.messages))
            }
        };
        let data = if self.source.one_in(4) {
            messages::message(&mut self.source, &own)
        } else {
            messages::sensible(&mut self.source, &own)
        };
        let from = messages::id(&mut self.source, &own);
        if let Ok(frame) = envelope::message(TOPIC, &transaction, &from, &data) {
            self.said.push(transaction);
            self.frame(frame.to_vec());
        }
    }

    /// As far as a joined session, if nothing is in the way.
    fn join(&mut self) {
        self.handle(Input::Connect { token: Secret(TOKEN.into()), api_url: None }, &Cause::Connected);
        let Some(attempt) = self.rules.asked else { return };
        let body = json!([{
            "session_id": SESSION, "partner_id": "123456", "messaging_url": "ws://msg.example/rumor",
            "symphony_address": "symphony.h", "properties": {"reconnection": true},
        }]);
        let body = body.to_string();
        self.handle(Input::Info { attempt, status: 200, body: body.as_bytes() }, &Cause::Info(attempt));
        let Some(attempt) = self.rules.dialed else { return };
        self.opened(attempt);
        let Some((transaction, true)) = self.rules.requests.last().cloned() else { return };
        let own = self.rules.me.clone();
        let created = json!({"method": "created", "uri": format!("{TOPIC}/connection/{own}"), "content": {
            "id": own, "permissions": ["publish", "subscribe", "signal", "forcemute", "forcedisconnect"],
        }});
        self.messages += 1;
        let first = otc_protocol::uuid::format(u128::from(self.messages));
        let created = envelope::message(TOPIC, &first, &own, created.to_string().as_bytes()).expect("fits");
        let state = messages::state(&mut self.source, &own).to_string();
        let status = envelope::status(&own, 200, &transaction, state.as_bytes()).expect("fits");
        let frames = if self.source.one_in(2) { [created, status] } else { [status, created] };
        for bytes in frames {
            self.handle(Input::Frame { attempt, bytes: &bytes }, &Cause::Frame(attempt, &bytes));
        }
    }

    /// A cut, and a new socket if the engine wants one.
    fn come_back(&mut self) {
        if let Some(attempt) = self.rules.socket {
            self.handle(Input::Closed { attempt, code: None }, &Cause::Closed(attempt));
        }
        if self.rules.dialed.is_none() {
            self.pass(Duration::from_secs(5));
        }
        if let Some(attempt) = self.rules.dialed {
            self.opened(attempt);
            let bytes = envelope::pong();
            self.handle(Input::Frame { attempt, bytes: &bytes }, &Cause::Frame(attempt, &bytes));
        }
    }

    /// The application leaves: nothing may keep it.
    fn finish(mut self) {
        self.handle(Input::Reading(true), &Cause::Other);
        self.handle(Input::Disconnect, &Cause::Other);
        self.pass(Duration::from_secs(60));
        assert_eq!(self.engine.deadline(), None, "it has left: {:?}", self.engine.status());
    }
}
