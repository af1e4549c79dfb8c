//! A client under test: an engine, a clock that is moved by hand, and everything that the engine asked for.

use crate::session::record::{Recorder, Recording};
use crate::session::{
    Config, Engine, Event, FailedSignal, Failure, FailureKind, Input, MediaConfig, Moderation, Output,
    Refused, Secret, Seeds, Status,
};
use otc_protocol::Moment;
use otc_protocol::envelope;
use otc_protocol::error::ErrorCode;
use otc_protocol::limits::OUTBOX_SIGNALS;
use otc_protocol::rumor::{Frame, Kind};
use serde_json::{Value, json};
use std::time::Duration;

pub(super) const KEY: &str = "123456";
pub(super) const SESSION: &str = "1_MX4xMjM0NTZ-fjF-eA";
pub(super) const TOKEN: &str = "T1==secret";
pub(super) const SYMPHONY: &str = "symphony.example";
/// The beginning of every uri.
pub(super) const S: &str = "/v2/partner/123456/session/1_MX4xMjM0NTZ-fjF-eA";

/// An output, with frames decoded.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Did {
    Asked { attempt: u64, url: String, token: String, connection: String },
    Dialed { attempt: u64, url: String },
    Sent(Sent),
    Closed,
    Abandoned,
    Told(Event),
    Warned(String),
}

/// A frame that the client sent.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Sent {
    Connect { connection: String, notify: String },
    Subscribe(Vec<String>),
    Request { transaction: String, from: String, to: Vec<String>, token: Option<String>, message: Value },
    Ack { transaction: String, to: Vec<String>, from: String },
    Leave,
    Ping,
}

impl Sent {
    fn read(bytes: &[u8]) -> Self {
        let frame = Frame::decode(bytes).expect("the client sends whole frames");
        let header = |name: &str| frame.header(name).map(str::to_owned);
        let need = |name: &str| header(name).unwrap_or_else(|| panic!("{frame:?} has no {name}"));
        let to = || frame.addresses().map(str::to_owned).collect();
        match frame.kind {
            Kind::Connect => {
                assert!(header("TRANSACTION-ID").is_some());
                Self::Connect { connection: need("uniqueId"), notify: need("notifyDisconnectAddress") }
            }
            Kind::Subscribe => Self::Subscribe(to()),
            Kind::Message => {
                assert_eq!(need("Content-Type"), "application/x-raptor+v2");
                Self::Request {
                    transaction: need("TRANSACTION-ID"),
                    from: need("X-TB-FROM-ADDRESS"),
                    to: to(),
                    token: header("X-TB-TOKEN-AUTH"),
                    message: serde_json::from_slice(frame.data).expect("requests are JSON"),
                }
            }
            Kind::Status => {
                assert_eq!(header("STATUS"), None, "an acknowledgement has no STATUS header (wire.md §3.3)");
                assert!(frame.data.is_empty());
                Self::Ack { transaction: need("TRANSACTION-ID"), to: to(), from: need("X-TB-FROM-ADDRESS") }
            }
            Kind::Disconnect => {
                assert_eq!(need("reconnect"), "");
                Self::Leave
            }
            Kind::Ping => {
                assert_eq!(bytes, [0, 0, 0, 5, 0, 0, 7, 0, 0]);
                Self::Ping
            }
            other => panic!("a client never sends {other:?}"),
        }
    }
}

impl From<Output> for Did {
    fn from(output: Output) -> Self {
        match output {
            Output::RequestInfo { attempt, url, token, connection_id } => {
                Self::Asked { attempt, url, token: token.0, connection: connection_id }
            }
            Output::Dial { attempt, url } => Self::Dialed { attempt, url },
            Output::Send(bytes) => Self::Sent(Sent::read(&bytes)),
            Output::Close => Self::Closed,
            Output::Abandon => Self::Abandoned,
            Output::Event(event) => Self::Told(event),
            Output::Warn(text) => Self::Warned(text),
        }
    }
}

/// What a client is made with.
pub(super) fn config() -> Config {
    Config {
        api_key: KEY.into(),
        session_id: SESSION.into(),
        api_url: "http://api.example".into(),
        proxy_url: None,
        connection_events_suppressed: false,
        reconnect_window: Duration::from_secs(30),
        signal_queue: OUTBOX_SIGNALS,
        user_agent: "test".into(),
        session_migration: false,
        media: MediaConfig::default(),
    }
}

/// A session info that lets a client in.
pub(super) fn info() -> Value {
    json!([{
        "session_id": SESSION, "partner_id": KEY, "messaging_url": "ws://msg.example/rumorwebsocketsv2",
        "symphony_address": SYMPHONY, "properties": {"reconnection": true},
    }])
}

/// How the server describes a member.
pub(super) fn member(id: &str) -> Value {
    json!({"id": id, "creationTime": 1_795_241_973_240_u64, "data": format!("data of {id}"),
           "permissions": ["publish", "subscribe", "signal"], "capablities": {}})
}

/// How the server describes a moderator.
pub(super) fn moderator(id: &str) -> Value {
    let permissions =
        json!(["publish", "subscribe", "signal", "forceunpublish", "forcedisconnect", "forcemute", "fly"]);
    let mut moderator = member(id);
    moderator["permissions"] = permissions;
    moderator
}

/// What happens to it is recorded; at its end it happens again, with the same outcome.
pub(super) struct Client {
    pub(super) engine: Engine,
    recorder: Recorder,
    seed: u8,
    /// Off for runs at the end of time, where a recording, which begins at 0, has some left.
    pub(super) is_replayed: bool,
    pub(super) now: Moment,
    /// The newest request or dial.
    pub(super) attempt: u64,
    /// One's own connection id.
    pub(super) me: String,
    pub(super) did: Vec<Did>,
    /// Every status that it told; not among what it did.
    pub(super) statuses: Vec<Status>,
    /// Whether its dials and requests get their turn at once.
    pub(super) has_turns: bool,
    seen: usize,
}

impl Client {
    pub(super) fn new() -> Self {
        Self::with(config(), 1)
    }

    pub(super) fn with(config: Config, seed: u8) -> Self {
        let now = Moment::from_millis(1_000_000);
        let seeds = Seeds { ids: [seed; 32], sockets: [seed ^ 1; 32] };
        Self {
            recorder: Recorder::new(now, "test", &config, &seeds),
            engine: Engine::new(config, seeds),
            seed,
            is_replayed: true,
            now,
            attempt: 0,
            me: String::new(),
            did: Vec::new(),
            statuses: Vec::new(),
            has_turns: true,
            seen: 0,
        }
    }

    /// A client that has joined; everything until then is forgotten.
    pub(super) fn joined() -> Self {
        let mut client = Self::new();
        client.join();
        client
    }

    /// A client with a moderator's token that has joined; everything until then is forgotten.
    pub(super) fn moderator() -> Self {
        let mut client = Self::new();
        client.join_as(moderator);
        client
    }

    pub(super) fn join(&mut self) {
        self.join_as(member);
    }

    fn join_as(&mut self, described: fn(&str) -> Value) {
        self.connect().expect("idle");
        self.reach_socket();
        self.answer_join(&json!({"connection": [], "stream": [], "archive": []}));
        let me = self.me.clone();
        self.hear_described("own-created", &me, &described(&me));
        assert_eq!(self.engine.status(), Status::Connected, "{:?}", self.did);
        self.take();
    }

    /// As far as the open socket.
    pub(super) fn reach_socket(&mut self) {
        self.answer_info(200, info().to_string().as_bytes());
        self.open();
    }

    pub(super) fn try_handle(&mut self, input: Input<'_>) -> Result<(), Refused> {
        let mut out = Vec::new();
        let result = self.recorder.handle(&mut self.engine, self.now, input, &mut out);
        if result.is_err() {
            assert_eq!(out, [], "a refused call changes nothing");
        }
        self.take_status(&mut out);
        for did in out.into_iter().map(Did::from) {
            match &did {
                Did::Asked { attempt, connection, .. } => {
                    self.attempt = *attempt;
                    self.me.clone_from(connection);
                }
                Did::Dialed { attempt, .. } => self.attempt = *attempt,
                _ => {}
            }
            if let (Did::Asked { attempt, .. } | Did::Dialed { attempt, .. }, true) = (&did, self.has_turns) {
                let turn = Input::Dialing { attempt: *attempt };
                let Self { engine, recorder, now, .. } = self;
                recorder.handle(engine, *now, turn, &mut Vec::new()).expect("not a call");
            }
            self.did.push(did);
        }
        result
    }

    /// Every change of the status is told, and before anything that it brings.
    fn take_status(&mut self, out: &mut Vec<Output>) {
        let is_event = |output: &Output| matches!(output, Output::Event(_));
        if let Some(first) = out.iter().position(is_event)
            && let Output::Event(Event::StatusChanged(status)) = out[first]
        {
            out.remove(first);
            self.statuses.push(status);
        }
        let told = self.statuses.last().copied().unwrap_or_default();
        assert_eq!(told, self.engine.status(), "the last status that was told");
        let later = out.iter().any(|output| matches!(output, Output::Event(Event::StatusChanged(_))));
        assert!(!later, "{out:?}");
    }

    pub(super) fn handle(&mut self, input: Input<'_>) {
        self.try_handle(input).expect("only calls of the application can be refused");
    }

    // ---- the application ----

    pub(super) fn connect(&mut self) -> Result<(), Refused> {
        self.try_handle(Input::Connect { token: Secret(TOKEN.into()), api_url: None })
    }

    pub(super) fn disconnect(&mut self) -> Result<(), Refused> {
        self.try_handle(Input::Disconnect)
    }

    pub(super) fn signal(&mut self, data: &str) {
        self.try_signal(data, true).expect("accepted");
    }

    pub(super) fn try_signal(&mut self, data: &str, retry: bool) -> Result<(), Refused> {
        self.try_handle(Input::Signal { kind: Some("t"), data: Some(data), to: None, retry })
    }

    pub(super) fn moderate(&mut self, moderation: Moderation<'_>) -> Result<(), Refused> {
        self.try_handle(Input::Moderate(moderation))
    }

    // ---- the network ----

    pub(super) fn answer_info(&mut self, status: u16, body: &[u8]) {
        self.handle(Input::Info { attempt: self.attempt, status, body });
    }

    pub(super) fn fail_info(&mut self, kind: FailureKind) {
        self.handle(Input::InfoFailed { attempt: self.attempt, failure: failure(kind) });
    }

    pub(super) fn open(&mut self) {
        self.handle(Input::Opened { attempt: self.attempt });
    }

    pub(super) fn fail_open(&mut self, kind: FailureKind) {
        self.handle(Input::OpenFailed { attempt: self.attempt, failure: failure(kind) });
    }

    pub(super) fn close(&mut self, code: Option<u16>) {
        self.handle(Input::Closed { attempt: self.attempt, code });
    }

    pub(super) fn receive(&mut self, bytes: &[u8]) {
        self.handle(Input::Frame { attempt: self.attempt, bytes });
    }

    // ---- the server ----

    pub(super) fn pong(&mut self) {
        self.receive(&envelope::pong());
    }

    pub(super) fn status(&mut self, transaction: &str, code: u16, data: &Value) {
        let frame = envelope::status(&self.me, code, transaction, data.to_string().as_bytes()).expect("fits");
        self.receive(&frame);
    }

    pub(super) fn message(&mut self, transaction: &str, from: &str, message: &Value) {
        self.receive(&message_frame(transaction, from, message));
    }

    pub(super) fn answer_join(&mut self, state: &Value) {
        let transaction = self.create_transaction();
        self.status(&transaction, 200, state);
    }

    /// The transaction of the newest request to create a connection.
    pub(super) fn create_transaction(&self) -> String {
        let create = self.requests().into_iter().rfind(|(_, message)| message["method"] == "create");
        create.expect("the client has asked to join").0
    }

    pub(super) fn hear_own_created(&mut self) {
        let me = self.me.clone();
        self.hear_created("own-created", &me);
    }

    pub(super) fn hear_created(&mut self, transaction: &str, id: &str) {
        self.hear_described(transaction, id, &member(id));
    }

    fn hear_described(&mut self, transaction: &str, id: &str, member: &Value) {
        let created = json!({"method": "created", "uri": format!("{S}/connection/{id}"), "content": member});
        self.message(transaction, id, &created);
    }

    pub(super) fn hear_signal(&mut self, transaction: &str, from: &str, content: &Value) {
        self.message(transaction, from, &signal_message(content));
    }

    // ---- time ----

    /// Moves the clock, and wakes the engine whenever it asked to be.
    pub(super) fn pass(&mut self, duration: Duration) {
        let end = self.now + duration;
        let mut wakes = 0;
        while let Some(deadline) = self.engine.deadline().filter(|deadline| *deadline <= end) {
            self.now = self.now.max(deadline);
            self.handle(Input::Timer);
            wakes += 1;
            assert!(wakes < 10_000, "the engine wants to be woken again and again at {:?}", self.now);
        }
        self.now = end;
    }

    pub(super) fn pass_ms(&mut self, millis: u64) {
        self.pass(Duration::from_millis(millis));
    }

    // ---- what came out ----

    /// What came out since the last look.
    pub(super) fn take(&mut self) -> Vec<Did> {
        let news = self.did[self.seen..].to_vec();
        self.seen = self.did.len();
        news
    }

    /// The events since the last look; everything else is passed over.
    pub(super) fn events(&mut self) -> Vec<Event> {
        self.take()
            .into_iter()
            .filter_map(|did| if let Did::Told(event) = did { Some(event) } else { None })
            .collect()
    }

    /// The frames since the last look; everything else is passed over.
    pub(super) fn frames(&mut self) -> Vec<Sent> {
        self.take()
            .into_iter()
            .filter_map(|did| if let Did::Sent(sent) = did { Some(sent) } else { None })
            .collect()
    }

    /// The errors since the last look.
    pub(super) fn errors(&mut self) -> Vec<ErrorCode> {
        codes(&self.events())
    }

    /// The text data of the signals that were sent since the last look, with their transactions.
    pub(super) fn signals_sent(&mut self) -> Vec<(String, String)> {
        let news = self.take();
        news.iter().filter_map(sent_signal).collect()
    }

    /// Every request so far: transaction and message.
    pub(super) fn requests(&self) -> Vec<(String, Value)> {
        let requests = self.did.iter().filter_map(|did| match did {
            Did::Sent(Sent::Request { transaction, message, .. }) => {
                Some((transaction.clone(), message.clone()))
            }
            _ => None,
        });
        requests.collect()
    }

    pub(super) fn dials(&mut self) -> Vec<String> {
        let news = self.take();
        news.into_iter()
            .filter_map(|did| if let Did::Dialed { url, .. } = did { Some(url) } else { None })
            .collect()
    }
}

/// Bytes of a recording that takes its time.
const LONG: usize = 256 * 1024;

impl Drop for Client {
    fn drop(&mut self) {
        if std::thread::panicking() || !self.is_replayed {
            return;
        }
        let text = self.recorder.take(str::to_owned);
        // It takes longer than the run itself did; of the long ones every eighth is enough.
        if text.len() > LONG && self.seed % 8 != 0 {
            return;
        }
        let recording = Recording::read(&text).expect("what is recorded can be read");
        let replayed = recording.replay();
        assert_eq!(replayed.broken_rules(), Vec::<String>::new());
        for step in replayed.steps {
            let recorded = serde_json::to_string_pretty(&step.recorded).expect("JSON");
            let out = serde_json::to_string_pretty(&step.out).expect("JSON");
            assert_eq!(step.different, None, "{}: recorded {recorded}, replayed {out}", step.happened);
        }
    }
}

/// Transaction and data of a signal.
pub(super) fn sent_signal(did: &Did) -> Option<(String, String)> {
    match did {
        Did::Sent(Sent::Request { transaction, message, .. }) if message["method"] == "signal" => {
            Some((transaction.clone(), message["content"]["data"].as_str().unwrap_or_default().to_owned()))
        }
        _ => None,
    }
}

pub(super) fn codes(events: &[Event]) -> Vec<ErrorCode> {
    let errors = events.iter().filter_map(|event| match event {
        Event::Error { code, text } | Event::SignalFailed(FailedSignal { code, text, .. }) => {
            assert!(!text.is_empty(), "an error always says something");
            Some(*code)
        }
        _ => None,
    });
    errors.collect()
}

pub(super) fn failure(kind: FailureKind) -> Failure {
    Failure { kind, text: "the network is down".into() }
}

pub(super) fn signal_message(content: &Value) -> Value {
    json!({"method": "signal", "uri": format!("{S}/signal/s1"), "content": content})
}

pub(super) fn message_frame(transaction: &str, from: &str, message: &Value) -> bytes::Bytes {
    envelope::message(S, transaction, from, message.to_string().as_bytes()).expect("fits")
}

/// The value of a query parameter.
pub(super) fn parameter<'a>(url: &'a str, name: &str) -> Option<&'a str> {
    let (_, query) = url.split_once('?')?;
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}
