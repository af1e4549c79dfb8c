//! A member that speaks the protocol itself, line by line: it publishes, and it may lie about what it is allowed to.

use super::DEADLINE;
use super::world::{KEY, World};
use otc_protocol::envelope::{self, FromServer, Request};
use otc_protocol::raptor::{Body, ConnectionRequest, Message, SessionAddress};
use otc_protocol::rumor::Frame;
use otc_protocol::uuid;
use otc_server::http::SYMPHONY_ADDRESS;
use otc_server::keys::random;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::net::TcpStream;
use tokio_tungstenite::tungstenite::{Message as Packet, WebSocket, client};

/// A scripted member of a session.
pub(crate) struct Peer {
    pub(crate) id: String,
    session: SessionAddress,
    socket: WebSocket<TcpStream>,
    requests: u32,
    told: VecDeque<Body>,
}

fn new_id() -> String {
    uuid::from_random(random().expect("randomness"))
}

impl Peer {
    /// Joins the session of `world`.
    pub(crate) fn join(world: &World, token: &str) -> Self {
        let server = world.server.addr();
        let stream = TcpStream::connect(server).expect("the server listens");
        stream.set_read_timeout(Some(DEADLINE)).expect("a timeout");
        let url = format!("ws://{server}/rumorwebsocketsv2?socketId={}&attempt={}", new_id(), new_id());
        let (socket, _) = client(url, stream).expect("a WebSocket");
        let session = SessionAddress { project: KEY.into(), session: world.session_id.clone() };
        let mut peer = Self { id: new_id(), session, socket, requests: 0, told: VecDeque::new() };
        let greeting = [
            envelope::connect(&peer.id, "connect", SYMPHONY_ADDRESS),
            envelope::subscribe(&peer.session.topic()),
        ];
        for frame in greeting {
            peer.send(frame.expect("it fits"));
        }
        let create = Body::ConnectionCreate { id: peer.id.clone(), content: ConnectionRequest::default() };
        assert_eq!(peer.send_request(create, Some(token)).0, 200);
        while !matches!(peer.told(), Body::ConnectionCreated(own) if own.id == peer.id) {}
        peer
    }

    /// Asks for something; the answer's status and reason.
    pub(crate) fn ask(&mut self, body: Body) -> (u16, String) {
        self.send_request(body, None)
    }

    /// Asks for something in its own words: `path` is what comes after the session.
    pub(crate) fn ask_json(&mut self, method: &str, path: &str, content: &Value) -> (u16, String) {
        let uri = format!("{}{path}", self.session.topic());
        let json = json!({"method": method, "uri": uri, "content": content}).to_string();
        self.exchange(json.as_bytes(), None)
    }

    /// What the session tells next.
    pub(crate) fn told(&mut self) -> Body {
        loop {
            if let Some(body) = self.told.pop_front() {
                return body;
            }
            assert_eq!(self.read(), None, "no request is unanswered");
        }
    }

    /// Leaves, and waits until the server has closed the socket.
    pub(crate) fn leave(mut self) {
        self.send(envelope::leave());
        while self.socket.read().is_ok() {}
    }

    fn send_request(&mut self, body: Body, token: Option<&str>) -> (u16, String) {
        let data = Message { session: self.session.clone(), body }.encode();
        self.exchange(&data, token)
    }

    fn exchange(&mut self, data: &[u8], token: Option<&str>) -> (u16, String) {
        self.requests += 1;
        let transaction = self.requests.to_string();
        let request = Request { transaction: &transaction, from: &self.id, token, data };
        self.send(envelope::request(SYMPHONY_ADDRESS, &request).expect("it fits"));
        loop {
            if let Some((answered, status, data)) = self.read()
                && answered == transaction
            {
                return (status, data);
            }
        }
    }

    fn send(&mut self, frame: bytes::Bytes) {
        self.socket.send(Packet::Binary(frame)).expect("the socket is open");
    }

    /// Reads a frame: an answer's transaction, status and data, or something that is told, which is kept.
    fn read(&mut self) -> Option<(String, u16, String)> {
        let Packet::Binary(bytes) = self.socket.read().expect("the socket is open") else { return None };
        match FromServer::read(&Frame::decode(&bytes).expect("a frame")) {
            FromServer::Message(delivery) => {
                let transaction = delivery.transaction.expect("always there");
                let ack = envelope::acknowledge(delivery.from.unwrap_or_default(), transaction, &self.id);
                self.send(ack.expect("it fits"));
                self.told.push_back(Message::decode(delivery.data).expect("a message").body);
                None
            }
            FromServer::Status(answer) => {
                let data = String::from_utf8_lossy(answer.data).into_owned();
                Some((answer.transaction.to_owned(), answer.code, data))
            }
            _ => None,
        }
    }
}
