//! The server's rooms against clients that do anything, and one that behaves.

use super::messages::{self, SESSION, TOPIC};
use super::server_rules::{Ear, Heard, Pipe, View};
use super::source::Source;
use bytes::Bytes;
use otc_protocol::envelope::{self, FromClient, Request};
use otc_protocol::permissions::Role;
use otc_protocol::raptor::{SessionAddress, SignalContent};
use otc_protocol::rumor::Frame;
use otc_protocol::{Moment, uuid};
use otc_server::sessions::{Admission, CloseCode, Refusal, Registry, Scales, Seat, Settings, Time};
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Most operations of one conversation.
const OPERATIONS: usize = 2000;
/// How often the witness shows that it lives.
const SIGN_OF_LIFE: Duration = Duration::from_secs(4);
/// The one that behaves; nobody can guess its name.
const WITNESS: &str = "witness-of-4711";
/// Clients that do anything.
const PEERS: usize = 6;

fn settings() -> Settings {
    Settings {
        resume_grace: Duration::from_secs(45),
        sockets: PEERS + 4,
        doors: 4,
        sessions: 2,
        session_connections: 6,
        session_streams: 4,
        signal_rate: None,
        owed_messages: 64,
        owed_bytes: 96 * 1024,
        state_bytes: 16 * 1024,
        scales: Scales::up_to(24 * 1024),
        messages_bytes: 4 * 1024 * 1024,
        ice_servers: otc_server::ice::IceServers::default(),
    }
}

/// Tokens of this world: a role, `|`, and connection data.
fn admit(token: &str, session: &SessionAddress, _: u64) -> Result<Admission, Refusal> {
    let (role, data) = token.split_once('|').unwrap_or((token, ""));
    let role = Role::from_name(role).ok_or_else(|| Refusal::new(403, "Invalid token"))?;
    if !session.session.starts_with("2_") {
        return Err(Refusal::new(404, "Invalid session"));
    }
    Ok(Admission { permissions: role.permissions(false), data: data.to_owned(), ..Admission::default() })
}

/// One client.
struct Peer {
    name: String,
    socket: String,
    /// As whom it is open.
    open_as: String,
    seat: Option<Seat<Pipe>>,
    pipe: Arc<Pipe>,
    ear: Ear,
    /// Frames that have not been taken, because too many answers wait.
    left: VecDeque<Bytes>,
    /// Requests that were sent, to be repeated.
    sent: Vec<Bytes>,
    /// Messages that have come, to be acknowledged.
    heard: Vec<String>,
    /// What offers were asked for, by their uri, and what is to be named in them.
    asked: BTreeMap<String, Value>,
}

impl Peer {
    fn new(name: String, socket: String) -> Self {
        let pipe = Arc::new(Pipe::default());
        let (left, sent, heard) = (VecDeque::new(), Vec::new(), Vec::new());
        Self {
            name,
            socket,
            open_as: String::new(),
            seat: None,
            pipe,
            ear: Ear::default(),
            left,
            sent,
            heard,
            asked: BTreeMap::new(),
        }
    }

    fn is_open(&self) -> bool {
        self.seat.is_some() && !self.pipe.is_closed()
    }

    /// Takes what has come.
    fn listen(&mut self) -> Heard {
        let heard = self.ear.hear(&self.pipe);
        for (transaction, _, json) in &heard.messages {
            self.heard.push(transaction.clone());
            if let ("generateoffer", Some(uri)) =
                (json["method"].as_str().unwrap_or(""), json["uri"].as_str())
            {
                self.asked.insert(uri.to_owned(), json["content"].clone());
            }
        }
        let bound = settings().owed_messages;
        if heard.close.is_none() && self.is_open() {
            assert!(self.ear.owed.len() <= bound, "{} is owed too much", self.name);
        }
        heard
    }
}

struct Conversation<'a> {
    source: Source<'a>,
    registry: Arc<Registry<Pipe>>,
    now: Moment,
    peers: Vec<Peer>,
    witness: Peer,
    view: View,
    /// When the witness has last said something.
    said: Moment,
    transactions: u64,
    stopped: bool,
}

/// One conversation, as `bytes` decide.
///
/// # Panics
///
/// When the rooms break a rule.
pub fn run(bytes: &[u8]) {
    let Some(source) = Source::without(WITNESS, bytes) else { return };
    let mut nonce = 0x1234_5678_9abc_def0;
    let random = move || {
        nonce += 1;
        nonce
    };
    let peer =
        |index: usize| Peer::new(["a", "b", "c", "d", "s", "p"][index].into(), format!("socket-{index}"));
    let mut conversation = Conversation {
        source,
        registry: Registry::new(settings(), admit, (), random),
        now: Moment::from_millis(1000),
        peers: (0..PEERS).map(peer).collect(),
        witness: Peer::new(WITNESS.into(), "socket-of-the-witness".into()),
        view: View::default(),
        said: Moment::ZERO,
        transactions: 0,
        stopped: false,
    };
    conversation.witness_joins();
    for _ in 0..OPERATIONS {
        if conversation.source.is_empty() || conversation.stopped {
            break;
        }
        conversation.operation();
        conversation.witness_listens();
    }
    conversation.finish();
}

impl Conversation<'_> {
    fn operation(&mut self) {
        let who = self.source.below(PEERS);
        match self.source.byte() % 32 {
            0 | 1 => self.open(who, false),
            2 | 3 => self.open(who, true),
            4 => self.cut(who),
            5..=7 => self.join(who),
            8..=15 => self.request(who),
            16 => self.repeat(who),
            17..=19 => self.acknowledge(who),
            20 => self.flood(who),
            21 => {
                let frame = messages::any_frame(&mut self.source, &self.peers[who].name);
                self.send(who, frame.into());
            }
            22 => {
                let raw = Bytes::copy_from_slice(self.source.raw());
                self.send(who, raw);
            }
            23 => self.send(who, envelope::ping()),
            24 => {
                let frame = if self.source.one_in(2) { envelope::leave() } else { envelope::replaced() };
                self.send(who, frame);
            }
            25 | 26 => {
                let millis = self.source.pick(&[40, 400]) * u64::from(self.source.byte());
                self.pass(Duration::from_millis(millis));
            }
            27 => self.rest(),
            28 => {
                let full = self.source.one_in(2);
                self.peers[who].pipe.full.store(full, Ordering::Relaxed);
                self.deliver(who, None);
            }
            29 => self.break_off(who),
            30 => self.open_under_another_name(who),
            _ if self.source.one_in(64) => self.stop(),
            _ => self.join_well(who),
        }
        self.everybody_listens();
    }

    fn time(&self) -> Time {
        Time { now: self.now, unix_ms: 1_795_241_973_240 }
    }

    fn transaction(&mut self) -> String {
        self.transactions += 1;
        uuid::format(7 << 64 | u128::from(self.transactions))
    }

    // ---- sockets ----

    fn open(&mut self, who: usize, coming_back: bool) {
        let now = self.now;
        let peer = &mut self.peers[who];
        let old = std::mem::replace(&mut peer.pipe, Arc::new(Pipe::default()));
        peer.ear = Ear::default();
        peer.left.clear();
        let seat = self.registry.open(now, &peer.socket, coming_back, peer.pipe.clone());
        let stale = peer.seat.replace(seat);
        let heard = peer.listen();
        if coming_back && heard.close.is_none() {
            assert_eq!(heard.pongs, 1, "a client that is back is told so");
            let is_replaced = stale.is_some() && peer.open_as == peer.socket;
            assert!(old.is_closed() || !is_replaced, "a socket that is replaced ends");
        }
        peer.open_as.clone_from(&peer.socket);
        if let Some(stale) = stale {
            stale.lost(now);
        }
        assert!(self.registry.sockets() <= settings().sockets);
    }

    /// The socket id of somebody else, or any.
    fn open_under_another_name(&mut self, who: usize) {
        let socket = if self.source.one_in(2) {
            let other = self.source.below(PEERS);
            self.peers[other].socket.clone()
        } else {
            format!("socket-{}", self.source.byte())
        };
        let own = std::mem::replace(&mut self.peers[who].socket, socket);
        let coming_back = self.source.one_in(2);
        self.open(who, coming_back);
        if self.source.one_in(2) {
            self.peers[who].socket = own;
        }
    }

    fn cut(&mut self, who: usize) {
        let peer = &mut self.peers[who];
        peer.left.clear();
        if let Some(seat) = peer.seat.take() {
            seat.lost(self.now);
        }
    }

    fn break_off(&mut self, who: usize) {
        let time = self.time();
        let code = self.source.pick(&[CloseCode::Foreign, CloseCode::TooLarge]);
        if let Some(seat) = &mut self.peers[who].seat {
            seat.break_off(time, code);
        }
    }

    /// The frames that are left, and one more; each request gets its one answer.
    fn deliver(&mut self, who: usize, frame: Option<Bytes>) {
        let time = self.time();
        let peer = &mut self.peers[who];
        let was_open = peer.is_open();
        drop(peer.listen());
        peer.left.extend(frame);
        let Some(seat) = &mut peer.seat else { return };
        let full = peer.pipe.full.load(Ordering::Relaxed);
        let mut frames = std::mem::take(&mut peer.left);
        let asked: Vec<Bytes> = frames.iter().cloned().collect();
        seat.receive(time, &mut frames);
        let taken = &asked[..asked.len() - frames.len()];
        assert!(frames.is_empty() || full);
        peer.left = frames;
        for number in taken.iter().filter_map(acknowledged) {
            peer.ear.owed.remove(&number);
        }
        let heard = peer.listen();
        if !was_open {
            return;
        }
        let wanted: Vec<String> = taken.iter().filter_map(transaction_to_answer).collect();
        let answered: Vec<String> = heard.statuses.into_iter().map(|(transaction, _)| transaction).collect();
        if heard.close.is_some() {
            // What came after the end was not read.
            assert!(wanted.starts_with(&answered), "{answered:?} of {wanted:?}");
        } else {
            assert_eq!(answered, wanted, "one answer for each request, in their order");
        }
    }

    fn send(&mut self, who: usize, frame: Bytes) {
        if self.peers[who].left.len() < 64 {
            self.deliver(who, Some(frame));
        }
    }

    // ---- what clients say ----

    fn join(&mut self, who: usize) {
        let token = self.source.pick(&[
            "publisher|x",
            "moderator|",
            "subscriber|",
            "publisher|{\"a\":1}",
            "wrong",
            "",
        ]);
        let session = self.source.pick(&[SESSION, SESSION, SESSION, "2_other", "2_third", "1_wrong"]);
        let id = if self.source.one_in(6) {
            messages::id(&mut self.source, &self.peers[who].name)
        } else {
            self.peers[who].name.clone()
        };
        let suppressed = self.source.one_in(4);
        self.join_as(who, token, session, &id, suppressed);
    }

    fn join_well(&mut self, who: usize) {
        self.open(who, false);
        let name = self.peers[who].name.clone();
        let token = self.source.pick(&["publisher|x", "moderator|"]);
        self.join_as(who, token, SESSION, &name, false);
    }

    fn join_as(&mut self, who: usize, token: &str, session: &str, id: &str, suppressed: bool) {
        let transaction = self.transaction();
        let topic = format!("/v2/partner/123456/session/{session}");
        let content = json!({"userAgent": "test", "connectionEventsSuppressed": suppressed});
        let message =
            json!({"method": "create", "uri": format!("{topic}/connection/{id}"), "content": content});
        let data = message.to_string();
        if !self.source.one_in(8) {
            let connect = self.transaction();
            let frames = [envelope::connect(id, &connect, "symphony.h"), envelope::subscribe(&topic)];
            frames.into_iter().flatten().for_each(|frame| self.send(who, frame));
        }
        let request =
            Request { transaction: &transaction, from: id, token: Some(token), data: data.as_bytes() };
        if let Ok(frame) = envelope::request("symphony.h", &request) {
            self.peers[who].sent.push(frame.clone());
            self.send(who, frame);
        }
    }

    /// A message that makes sense; one on a peer connection names it as it is called, however they have come to know.
    fn sensible(&mut self, own: &str) -> Vec<u8> {
        let data = messages::sensible(&mut self.source, own);
        messages::named(data, |uri| self.peers.iter().find_map(|peer| peer.asked.get(uri)))
    }

    fn request(&mut self, who: usize) {
        let own = self.peers[who].name.clone();
        let data = if self.source.one_in(4) {
            messages::message(&mut self.source, &own)
        } else {
            self.sensible(&own)
        };
        let transaction = if self.source.one_in(10) { self.source.text() } else { self.transaction() };
        let token = self.source.one_in(20).then_some("moderator|y");
        let request = Request { transaction: &transaction, from: &own, token, data: &data };
        let Ok(frame) = envelope::request("symphony.h", &request) else { return };
        let mut frame = frame.to_vec();
        if self.source.one_in(32) {
            self.source.mutate(&mut frame);
        }
        let frame = Bytes::from(frame);
        self.peers[who].sent.push(frame.clone());
        self.send(who, frame);
    }

    /// One of its requests again, or of somebody else's.
    fn repeat(&mut self, who: usize) {
        let whose = if self.source.one_in(4) { self.source.below(PEERS) } else { who };
        let sent = &self.peers[whose].sent;
        let back = self.source.below(sent.len().min(64));
        if let Some(frame) = sent.iter().rev().nth(back).cloned() {
            self.send(who, frame);
        }
    }

    /// What it has got, once or twice; what others have got; what nobody has.
    fn acknowledge(&mut self, who: usize) {
        let name = self.peers[who].name.clone();
        let transactions: Vec<String> = match self.source.below(6) {
            0 => vec![self.source.text()],
            1 => vec![uuid::format(u128::from(self.source.byte()) << 64 | u128::from(self.source.byte()))],
            2 => {
                let other = self.source.below(PEERS);
                self.peers[other].heard.last().cloned().into_iter().collect()
            }
            3 => self.peers[who].heard.iter().rev().take(1 + self.source.below(8)).cloned().collect(),
            _ => self.peers[who].heard.clone(),
        };
        for transaction in transactions {
            if let Ok(frame) = envelope::acknowledge("x", &transaction, &name) {
                self.send(who, frame);
            }
        }
    }

    /// Many requests at once.
    fn flood(&mut self, who: usize) {
        let own = self.peers[who].name.clone();
        let data = self.sensible(&own);
        for _ in 0..self.source.byte() {
            let transaction = self.transaction();
            let request = Request { transaction: &transaction, from: &own, token: None, data: &data };
            let Ok(frame) = envelope::request("symphony.h", &request) else { return };
            self.send(who, frame);
            self.witness_listens();
        }
    }

    // ---- the application's server, the clock ----

    fn rest(&mut self) {
        let time = self.time();
        let to = messages::id(&mut self.source, "a");
        if self.source.one_in(2) {
            // Whether it is found or not.
            let _ = self.registry.disconnect(time, SESSION, &to);
            return;
        }
        let content: SignalContent =
            serde_json::from_value(json!({"type": "t", "data": self.source.text()})).expect("a signal");
        let to = self.source.one_in(2).then_some(to.as_str());
        let _ = self.registry.signal(time, SESSION, to, content);
    }

    fn pass(&mut self, duration: Duration) {
        let end = self.now + duration;
        loop {
            let sign = self.said + SIGN_OF_LIFE;
            let next = self.registry.next_wake().unwrap_or(end).min(sign).min(end);
            self.now = self.now.max(next);
            if self.now >= sign {
                self.witness_says(envelope::ping());
            }
            self.wake();
            if self.now >= end {
                break;
            }
        }
        self.everybody_listens();
    }

    fn wake(&mut self) {
        self.registry.wake(self.now);
        assert!(self.registry.next_wake().is_none_or(|next| next > self.now), "time stands still");
    }

    fn everybody_listens(&mut self) {
        for peer in &mut self.peers {
            drop(peer.listen());
        }
    }

    fn stop(&mut self) {
        self.registry.stop(self.now);
        self.stopped = true;
        assert!(self.witness.pipe.is_closed(), "everybody is told that the server stops");
    }

    // ---- the witness ----

    fn witness_joins(&mut self) {
        let now = self.now;
        let seat = self.registry.open(now, &self.witness.socket, false, self.witness.pipe.clone());
        self.witness.seat = Some(seat);
        let message =
            json!({"method": "create", "uri": format!("{TOPIC}/connection/{WITNESS}"), "content": {}});
        let data = message.to_string();
        let request =
            Request { transaction: "join", from: WITNESS, token: Some("publisher|w"), data: data.as_bytes() };
        self.witness_says(envelope::request("symphony.h", &request).expect("fits"));
        let heard = self.witness.listen();
        assert_eq!(heard.statuses, [("join".to_owned(), 200)]);
        self.take_news(heard);
    }

    fn witness_says(&mut self, frame: Bytes) {
        let time = self.time();
        self.said = self.now;
        let mut frames = VecDeque::from([frame]);
        self.witness.seat.as_mut().expect("it is open").receive(time, &mut frames);
    }

    fn witness_listens(&mut self) {
        let heard = self.witness.listen();
        if self.stopped {
            return;
        }
        self.take_news(heard);
    }

    fn take_news(&mut self, heard: Heard) {
        assert_eq!(heard.close, None, "whoever behaves stays");
        for (transaction, _, json) in heard.messages {
            self.view.learn(&json);
            self.witness.ear.owed.remove(&uuid::parse(&transaction).expect("a UUID"));
            self.witness_says(envelope::acknowledge("x", &transaction, WITNESS).expect("fits"));
        }
    }

    /// What the witness was told is what is there.
    fn check_view(&mut self) {
        let data = json!({"method": "read", "uri": TOPIC, "content": {}}).to_string();
        let request = Request { transaction: "read", from: WITNESS, token: None, data: data.as_bytes() };
        self.witness_listens();
        let time = self.time();
        let mut frames = VecDeque::from([envelope::request("symphony.h", &request).expect("fits")]);
        self.witness.seat.as_mut().expect("it is open").receive(time, &mut frames);
        let state = self.witness.pipe.answer();
        let ids = |key: &str| {
            let list = state["content"][key].as_array().cloned().unwrap_or_default();
            list.iter().filter_map(|entry| entry["id"].as_str().map(str::to_owned)).collect()
        };
        assert_eq!(self.view.connections, ids("connection"));
        assert_eq!(self.view.streams, ids("stream"));
    }

    // ---- the end ----

    /// Everybody goes; nothing is left.
    fn finish(mut self) {
        if !self.stopped {
            self.check_view();
            self.witness_says(envelope::leave());
        }
        for who in 0..PEERS {
            self.cut(who);
        }
        if let Some(seat) = self.witness.seat.take() {
            seat.lost(self.now);
        }
        self.now = self.now + Duration::from_secs(15);
        self.wake();
        self.now = self.now + settings().resume_grace + Duration::from_secs(60);
        self.wake();
        assert_eq!((self.registry.sockets(), self.registry.sessions()), (0, 0), "nobody is left");
        assert_eq!(self.registry.next_wake(), None);
    }
}

/// The transaction of a frame that wants an answer.
fn transaction_to_answer(bytes: &Bytes) -> Option<String> {
    let frame = Frame::decode(bytes).ok()?;
    match FromClient::read(&frame).ok()? {
        FromClient::Request(request) => Some(request.transaction.to_owned()),
        FromClient::Connect { transaction, .. } => transaction.map(str::to_owned),
        _ => None,
    }
}

/// The message that a frame acknowledges.
fn acknowledged(bytes: &Bytes) -> Option<u128> {
    let frame = Frame::decode(bytes).ok()?;
    match FromClient::read(&frame).ok()? {
        FromClient::Acknowledge { transaction } => uuid::parse(transaction),
        _ => None,
    }
}
