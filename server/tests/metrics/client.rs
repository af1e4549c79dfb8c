//! A member of a session that does what a test says: it acknowledges or not, reads or not, and comes back.

use crate::DEADLINE;
use otc_protocol::envelope::{self, FromServer, Request};
use otc_protocol::raptor::{Body, Message, SessionAddress};
use otc_protocol::rumor::Frame;
use otc_server::KeyPair;
use otc_server::http::SYMPHONY_ADDRESS;
use otc_server::keys::random;
use otc_server::mint::{self, TokenRequest};
use serde_json::json;
use std::collections::VecDeque;
use std::net::{SocketAddr, TcpStream};
use tokio_tungstenite::tungstenite::protocol::WebSocket;
use tokio_tungstenite::tungstenite::{Error, Message as Packet, client};

pub(crate) struct Client {
    server: SocketAddr,
    id: String,
    socket_id: String,
    address: SessionAddress,
    token: String,
    pub(crate) socket: WebSocket<TcpStream>,
    requests: u32,
    /// Whether it acknowledges what it hears.
    pub(crate) acknowledges: bool,
    /// The data of signals that came while it waited for something else.
    heard: VecDeque<String>,
}

fn new_id() -> String {
    otc_protocol::uuid::from_random(random().unwrap())
}

impl Client {
    /// A WebSocket that has not joined; else the status of the refusal.
    pub(crate) fn open(server: SocketAddr, pair: &KeyPair, session: &str) -> Result<Self, u16> {
        Self::open_with(server, pair, &TokenRequest::new(session), session)
    }

    pub(crate) fn open_with(
        server: SocketAddr,
        pair: &KeyPair,
        token: &TokenRequest,
        session: &str,
    ) -> Result<Self, u16> {
        let (id, socket_id) = (new_id(), new_id());
        let socket = dial(server, &format!("socketId={socket_id}&attempt={}", new_id()))?;
        let project = pair.project.as_str().to_owned();
        let address = SessionAddress { project, session: session.to_owned() };
        let token = mint::token(pair, token).unwrap();
        let heard = VecDeque::new();
        Ok(Self { server, id, socket_id, address, token, socket, requests: 0, acknowledges: true, heard })
    }

    /// Joins; the status of the answer.
    pub(crate) fn join(&mut self) -> u16 {
        self.send(envelope::connect(&self.id, "connect", SYMPHONY_ADDRESS).unwrap());
        let (path, token) = (format!("/connection/{}", self.id), self.token.clone());
        let join = self.request("create", &path, &json!({}), Some(&token));
        self.answer(&join)
    }

    /// A member of the session.
    pub(crate) fn joined(server: SocketAddr, pair: &KeyPair, session: &str) -> Self {
        let mut client = Self::open(server, pair, session).expect("a WebSocket");
        assert_eq!(client.join(), 200);
        client
    }

    /// Its connection id.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Leaves as clients do.
    pub(crate) fn leave(mut self) {
        self.send(envelope::leave());
        while self.next().is_ok() {}
    }

    /// The connection breaks.
    pub(crate) fn cut(&self) {
        let _ = self.socket.get_ref().shutdown(std::net::Shutdown::Both);
    }

    /// From now on its socket is none that the server has ever seen.
    pub(crate) fn take_another_name(&mut self) {
        self.socket_id = new_id();
    }

    /// Comes back with a new WebSocket; the status if it is refused.
    pub(crate) fn come_back(&mut self) -> Result<(), u16> {
        let query = format!("socketId={}&reconnect=true&attempt={}", self.socket_id, new_id());
        self.socket = dial(self.server, &query)?;
        Ok(())
    }

    fn send(&mut self, frame: bytes::Bytes) {
        self.socket.send(Packet::Binary(frame)).expect("an open socket");
    }

    /// Asks for something; its transaction.
    fn request(
        &mut self,
        method: &str,
        path: &str,
        content: &serde_json::Value,
        token: Option<&str>,
    ) -> String {
        self.requests += 1;
        let transaction = format!("request-{}", self.requests);
        let uri = format!("{}{path}", self.address.topic());
        let data = json!({"method": method, "uri": uri, "content": content}).to_string();
        let request = Request { transaction: &transaction, from: &self.id, token, data: data.as_bytes() };
        let frame = envelope::request(SYMPHONY_ADDRESS, &request).unwrap();
        self.send(frame);
        transaction
    }

    /// Says something to everybody without waiting for the answer; its transaction.
    pub(crate) fn say(&mut self, data: &str) -> String {
        self.request("signal", "/signal/s", &json!({"data": data}), None)
    }

    /// Asks for something; the status of the answer.
    pub(crate) fn ask(&mut self, method: &str, path: &str, content: &serde_json::Value) -> u16 {
        let transaction = self.request(method, path, content, None);
        self.answer(&transaction)
    }

    /// Signals to everybody; the status of the answer.
    pub(crate) fn signal(&mut self, data: &str) -> u16 {
        let transaction = self.say(data);
        self.answer(&transaction)
    }

    /// Waits for the answer to a request.
    pub(crate) fn answer(&mut self, transaction: &str) -> u16 {
        loop {
            if let Heard::Answer(of, status) = self.next().expect("an open socket")
                && of == transaction
            {
                return status;
            }
        }
    }

    /// The data of the next signal.
    pub(crate) fn hear(&mut self) -> String {
        loop {
            if let Some(data) = self.heard.pop_front() {
                return data;
            }
            self.next().expect("an open socket");
        }
    }

    /// Shows that it lives, and waits until the server has seen that, and everything before it.
    pub(crate) fn beat(&mut self) {
        self.send(envelope::ping());
        while !matches!(self.next().expect("an open socket"), Heard::Pong) {}
    }

    /// Shows that it lives, and reads nothing.
    pub(crate) fn beat_only(&mut self) {
        // One that the server has ended is not asked for more.
        let _ = self.socket.send(Packet::Binary(envelope::ping()));
    }

    /// Reads the next frame.
    fn next(&mut self) -> Result<Heard, Error> {
        let Packet::Binary(bytes) = self.socket.read()? else { return Ok(Heard::Other) };
        let frame = Frame::decode(&bytes).expect("a frame");
        Ok(match FromServer::read(&frame) {
            FromServer::Pong => Heard::Pong,
            FromServer::Status(answer) => Heard::Answer(answer.transaction.to_owned(), answer.code),
            FromServer::Message(message) => {
                if let Body::Signal { content, .. } = Message::decode(message.data).expect("JSON").body {
                    let data = content.data.and_then(|data| data.as_string()).expect("a string");
                    self.heard.push_back(data);
                }
                if let (true, Some(from), Some(transaction)) =
                    (self.acknowledges, message.from, message.transaction)
                {
                    let frame = envelope::acknowledge(from, transaction, &self.id).expect("fits");
                    self.send(frame);
                }
                Heard::Other
            }
            FromServer::Other => Heard::Other,
        })
    }
}

enum Heard {
    Answer(String, u16),
    Pong,
    Other,
}

fn dial(server: SocketAddr, query: &str) -> Result<WebSocket<TcpStream>, u16> {
    let stream = TcpStream::connect_timeout(&server, DEADLINE).expect("it listens");
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.set_write_timeout(Some(DEADLINE)).unwrap();
    match client(format!("ws://{server}/rumorwebsocketsv2?{query}"), stream) {
        Ok((socket, _)) => Ok(socket),
        Err(tokio_tungstenite::tungstenite::HandshakeError::Failure(Error::Http(answer))) => {
            Err(answer.status().as_u16())
        }
        Err(error) => panic!("no answer: {error}"),
    }
}
