//! A registry, a clock that is moved by hand, and clients that say what they are told to.

use crate::sessions::{
    Admission, CloseCode, Delivery, Event, Gate, Link, Refusal, Registry, Seat, Settings, Snapshot, Time,
    Unfit, Witness,
};
use bytes::Bytes;
use otc_protocol::envelope::{self, FromServer, Request};
use otc_protocol::permissions::Role;
use otc_protocol::raptor::{Archive, SessionAddress};
use otc_protocol::rumor::Frame;
use otc_protocol::{Moment, uuid};
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Waker;
use std::time::Duration;

pub(super) const SESSION: &str = "2_MX4x";
pub(super) const UNIX_MS: u64 = 1_795_241_973_240;

/// What a scripted client's socket was given.
#[derive(Default)]
pub(super) struct Pipe {
    deliveries: Mutex<Vec<Delivery>>,
    pub(super) full: AtomicBool,
}

impl Link for Pipe {
    fn deliver(&self, delivery: Delivery) -> Option<Waker> {
        self.deliveries.lock().push(delivery);
        None
    }

    fn is_full(&self) -> bool {
        self.full.load(Ordering::Relaxed)
    }
}

impl Pipe {
    /// The code of the STATUS of a request, which stays here unread.
    pub(super) fn status(&self, transaction: &str) -> u16 {
        let deliveries = self.deliveries.lock();
        let code = deliveries.iter().find_map(|delivery| match Heard::of(delivery.clone()) {
            Heard::Status { transaction: of, code, .. } if of == transaction => Some(code),
            _ => None,
        });
        code.expect("an answer")
    }
}

/// What a client hears.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Heard {
    Pong,
    Status { transaction: String, code: u16, data: Value },
    Message { transaction: String, from: String, json: Value },
    Close(CloseCode),
}

impl Heard {
    fn of(delivery: Delivery) -> Self {
        let frame = match delivery {
            Delivery::Pong => return Self::Pong,
            Delivery::Close(code) => return Self::Close(code),
            Delivery::Reply(frame) | Delivery::Message(frame) => frame,
        };
        let json = |data: &[u8]| {
            if data.is_empty() { Value::Null } else { serde_json::from_slice(data).expect("JSON") }
        };
        match FromServer::read(&Frame::decode(&frame).expect("a frame")) {
            FromServer::Pong => Self::Pong,
            FromServer::Status(answer) => Self::Status {
                transaction: answer.transaction.into(),
                code: answer.code,
                data: json(answer.data),
            },
            FromServer::Message(message) => Self::Message {
                transaction: message.transaction.expect("server messages have a transaction").into(),
                from: message.from.expect("server messages have an originator").into(),
                json: json(message.data),
            },
            FromServer::Other => panic!("a frame that clients do not know"),
        }
    }
}

pub(super) struct World {
    pub(super) registry: Arc<Registry<Pipe>>,
    pub(super) now: Moment,
    settings: Settings,
    log: Arc<Log>,
}

/// What has happened in [`SESSION`].
#[derive(Default)]
struct Log(Mutex<Vec<Event>>);

impl Witness for Arc<Log> {
    fn saw(&self, session: &SessionAddress, event: Event) {
        if session.session == SESSION {
            self.0.lock().push(event);
        }
    }
}

/// Tokens of this world: role, `|`, connection data; or layout classes, or that the session is to be archived.
pub(super) fn admit(token: &str, session: &SessionAddress, _: u64) -> Result<Admission, Refusal> {
    let (role, data) = token.split_once('|').unwrap_or((token, ""));
    let role = Role::from_name(role).ok_or_else(|| Refusal::new(403, "Invalid token"))?;
    if !session.session.starts_with("2_") {
        return Err(Refusal::new(404, "Invalid session"));
    }
    let permissions = role.permissions(false);
    if let Some(classes) = data.strip_prefix("classes ") {
        let layout_classes = classes.split(' ').map(str::to_owned).collect();
        return Ok(Admission { permissions, layout_classes, ..Admission::default() });
    }
    if data == "archive me" {
        let archive = Archive { id: "archive".into(), ..Archive::default() };
        return Ok(Admission { permissions, archive: Some(archive), ..Admission::default() });
    }
    Ok(Admission { permissions, data: data.to_owned(), ..Admission::default() })
}

impl World {
    pub(super) fn new() -> Self {
        Self::with(Settings::default())
    }

    pub(super) fn with(settings: Settings) -> Self {
        Self::behind(admit, settings)
    }

    /// With a gate of its own.
    pub(super) fn behind(gate: impl Gate + 'static, settings: Settings) -> Self {
        let mut nonce = 0x1234_5678_9abc_def0;
        let log = Arc::new(Log::default());
        let random = move || {
            nonce += 1;
            nonce
        };
        let registry = Registry::new(settings.clone(), gate, log.clone(), random);
        Self { registry, now: Moment::from_millis(1000), settings, log }
    }

    /// Another process takes over; what it is handed passes through JSON, as it does between real ones.
    pub(super) fn restart(&mut self) {
        let json = self.freeze();
        self.restore(&json).expect("what was frozen is restored");
    }

    /// Everything, as JSON; the registry that is left takes nothing more.
    pub(super) fn freeze(&self) -> Vec<u8> {
        serde_json::to_vec(&self.registry.freeze(self.now)).expect("JSON")
    }

    /// Carries on what is in `json`.
    pub(super) fn restore(&mut self, json: &[u8]) -> Result<(), Unfit> {
        let snapshot: Snapshot = serde_json::from_slice(json).map_err(|_| Unfit("no snapshot"))?;
        let random = || 0x0fed_cba9_8765_4321;
        let (settings, log) = (self.settings.clone(), self.log.clone());
        self.registry = Registry::restore(settings, admit, log, random, self.now, snapshot)?;
        Ok(())
    }

    /// What has happened since the last asking.
    pub(super) fn happened(&self) -> Vec<Event> {
        std::mem::take(&mut *self.log.0.lock())
    }

    pub(super) fn time(&self) -> Time {
        Time { now: self.now, unix_ms: UNIX_MS }
    }

    /// Lets time pass; timers run when they are due.
    pub(super) fn pass(&mut self, duration: Duration) {
        let end = self.now + duration;
        while let Some(due) = self.registry.next_wake().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            self.registry.wake(self.now);
        }
        self.now = end;
    }

    /// Lets time pass while these clients show that they live.
    pub(super) fn pass_with(&mut self, duration: Duration, clients: &mut [&mut Client]) {
        let end = self.now + duration;
        while self.now < end {
            let step = Duration::from_secs(2).min(end - self.now);
            self.pass(step);
            for client in &mut *clients {
                client.send(self, envelope::ping());
            }
        }
    }

    /// A client whose socket is open.
    pub(super) fn client(&self, name: &str) -> Client {
        let mut client = Client {
            id: name.to_owned(),
            socket: format!("socket-{name}"),
            session: SESSION.to_owned(),
            seat: None,
            pipe: Arc::new(Pipe::default()),
            transactions: 0,
            handled: HashSet::new(),
            peers: HashMap::new(),
        };
        client.open(self, false);
        client
    }

    /// A client that has joined and has heard everything about it.
    pub(super) fn join(&self, name: &str, token: &str) -> Client {
        let mut client = self.client(name);
        client.join(self, token);
        client.listen(self);
        client
    }
}

pub(super) struct Client {
    pub(super) id: String,
    pub(super) socket: String,
    pub(super) session: String,
    seat: Option<Seat<Pipe>>,
    pub(super) pipe: Arc<Pipe>,
    transactions: u32,
    handled: HashSet<String>,
    /// The peer connections that it has heard of: the path of the subscriber, and what their messages name.
    pub(super) peers: HashMap<String, Value>,
}

impl Client {
    pub(super) fn open(&mut self, world: &World, coming_back: bool) {
        self.pipe = Arc::new(Pipe::default());
        self.seat = Some(world.registry.open(world.now, &self.socket, coming_back, self.pipe.clone()));
    }

    /// The socket breaks and nobody says so to the client's peer; what was under way is lost.
    pub(super) fn cut(&mut self, world: &World) {
        if let Some(seat) = self.seat.take() {
            seat.lost(world.now);
        }
        self.pipe = Arc::new(Pipe::default());
    }

    /// The socket goes dead without the server noticing.
    pub(super) fn go_dead(&mut self) -> Option<Seat<Pipe>> {
        self.pipe = Arc::new(Pipe::default());
        self.seat.take()
    }

    pub(super) fn send(&mut self, world: &World, frame: Bytes) {
        let mut frames = VecDeque::from([frame]);
        self.seat.as_mut().expect("an open socket").receive(world.time(), &mut frames);
        assert!(frames.is_empty() || self.pipe.is_full());
    }

    pub(super) fn seat(&mut self) -> &mut Seat<Pipe> {
        self.seat.as_mut().expect("an open socket")
    }

    /// What has arrived, unprocessed.
    pub(super) fn read(&self) -> Vec<Heard> {
        self.pipe.deliveries.lock().drain(..).map(Heard::of).collect()
    }

    /// The bytes that have arrived.
    pub(super) fn read_raw(&self) -> Vec<Delivery> {
        std::mem::take(&mut *self.pipe.deliveries.lock())
    }

    /// What has arrived; messages are acknowledged, and dropped when they have been heard before.
    pub(super) fn listen(&mut self, world: &World) -> Vec<Heard> {
        let mut new = Vec::new();
        for heard in self.read() {
            if let Heard::Message { transaction, from, json } = &heard {
                self.note_peer(json);
                let frame = envelope::acknowledge(from, transaction, &self.id).expect("fits");
                if self.seat.is_some() {
                    self.send(world, frame);
                }
                if !self.handled.insert(transaction.clone()) {
                    continue;
                }
            }
            new.push(heard);
        }
        new
    }

    fn note_peer(&mut self, json: &Value) {
        let (content, topic) = (&json["content"], format!("/v2/partner/1/session/{}", self.session));
        let path = json["uri"].as_str().and_then(|uri| uri.strip_prefix(&topic));
        if let (Some(path), true) = (path, content["peerId"].is_string()) {
            let names = json!({ "peerId": content["peerId"], "sourceStreamId": content["sourceStreamId"] });
            self.peers.insert(path.to_owned(), names);
        }
    }

    /// What it says on a peer connection that it has heard of, with what that is called.
    pub(super) fn say(&mut self, world: &World, method: &str, path: &str, what: &Value) -> (u16, Value) {
        let mut content = self.peers.get(path).unwrap_or_else(|| panic!("{path} is known")).clone();
        for (key, value) in what.as_object().expect("an object") {
            content[key] = value.clone();
        }
        self.call(world, method, path, content)
    }

    /// The messages that have arrived, as (from, method, rest of the uri, content).
    pub(super) fn messages(&mut self, world: &World) -> Vec<(String, String, String, Value)> {
        let topic = format!("/v2/partner/1/session/{}", self.session);
        let messages = self.listen(world).into_iter().filter_map(|heard| match heard {
            Heard::Message { from, json, .. } => {
                let text = |key: &str| json[key].as_str().unwrap_or_default().to_owned();
                let uri = text("uri");
                let mut content = json["content"].clone();
                if !json["reason"].is_null() {
                    content = json["reason"].clone();
                }
                Some((from, text("method"), uri.strip_prefix(&topic).unwrap_or(&uri).to_owned(), content))
            }
            _ => None,
        });
        messages.collect()
    }

    pub(super) fn new_transaction(&mut self) -> String {
        self.transactions += 1;
        let who: u128 = self.id.bytes().fold(0, |sum, byte| sum * 31 + u128::from(byte));
        uuid::format(who << 64 | u128::from(self.transactions))
    }

    pub(super) fn request_frame(&self, transaction: &str, json: &Value, token: Option<&str>) -> Bytes {
        let data = json.to_string();
        let request = Request { transaction, from: &self.id, token, data: data.as_bytes() };
        envelope::request("symphony.h", &request).expect("fits")
    }

    /// A message of this client's session.
    pub(super) fn message(&self, method: &str, path: &str, content: impl Into<Value>) -> Value {
        json!({ "method": method, "uri": format!("/v2/partner/1/session/{}{path}", self.session), "content": content.into() })
    }

    pub(super) fn join_message(&self) -> Value {
        self.message("create", &format!("/connection/{}", self.id), json!({ "userAgent": "test" }))
    }

    /// Sends the frames of a connect; the transaction of the join.
    pub(super) fn join(&mut self, world: &World, token: &str) -> String {
        let message = self.join_message();
        self.join_with(world, token, &message)
    }

    pub(super) fn join_with(&mut self, world: &World, token: &str, message: &Value) -> String {
        let (connect, join) = (self.new_transaction(), self.new_transaction());
        let topic = format!("/v2/partner/1/session/{}", self.session);
        self.send(world, envelope::connect(&self.id, &connect, "symphony.h").expect("fits"));
        self.send(world, envelope::subscribe(&topic).expect("fits"));
        let frame = self.request_frame(&join, message, Some(token));
        self.send(world, frame);
        join
    }

    /// Sends a request; its transaction.
    pub(super) fn request(&mut self, world: &World, method: &str, path: &str, content: Value) -> String {
        let transaction = self.new_transaction();
        let frame = self.request_frame(&transaction, &self.message(method, path, content), None);
        self.send(world, frame);
        transaction
    }

    /// Sends a request; code and data of its one STATUS. What else arrived stays.
    pub(super) fn call(&mut self, world: &World, method: &str, path: &str, content: Value) -> (u16, Value) {
        let transaction = self.request(world, method, path, content);
        self.answer(&transaction)
    }

    /// The one STATUS of a request.
    pub(super) fn answer(&self, transaction: &str) -> (u16, Value) {
        let mut answers = Vec::new();
        self.pipe.deliveries.lock().retain(|delivery| match Heard::of(delivery.clone()) {
            Heard::Status { transaction: of, code, data } if of == transaction => {
                answers.push((code, data));
                false
            }
            _ => true,
        });
        assert_eq!(answers.len(), 1, "exactly one STATUS for each request");
        answers.remove(0)
    }

    pub(super) fn signal(&mut self, world: &World, data: &str) -> String {
        self.request(
            world,
            "signal",
            &format!("/signal/{}", uuid::from_random([7; 16])),
            json!({ "data": data }),
        )
    }
}

/// The data of the signals among messages.
pub(super) fn signal_data(messages: &[(String, String, String, Value)]) -> Vec<(&str, &str)> {
    let signals = messages.iter().filter(|(_, method, _, _)| method == "signal");
    signals
        .map(|(from, _, _, content)| (from.as_str(), content["data"].as_str().unwrap_or_default()))
        .collect()
}
