//! A member of a session, as small as it can be: it joins and waits for what it is told.
#![allow(dead_code, reason = "each test has need of another part of it")]

use crate::support::{KEY, connect, token_for};
use otc_protocol::envelope::{self, FromServer, Request};
use otc_protocol::raptor::{Body, ConnectionRequest, Message, SessionAddress};
use otc_protocol::rumor::Frame;
use otc_protocol::uuid;
use otc_server::keys::random;
use serde_json::Value;
use std::collections::VecDeque;
use std::net::{SocketAddr, TcpStream};
use tokio_tungstenite::tungstenite::protocol::WebSocket;
use tokio_tungstenite::tungstenite::{Message as Packet, client};

pub(crate) struct Member {
    pub(crate) id: String,
    pub(crate) permissions: Vec<String>,
    /// What it calls its socket.
    pub(crate) socket_id: String,
    /// What it was told of the session when it joined.
    pub(crate) state: Value,
    address: SessionAddress,
    socket: WebSocket<TcpStream>,
    requests: u32,
    /// What came while it waited for an answer.
    heard: VecDeque<(String, Body)>,
}

fn new_id() -> String {
    uuid::from_random(random().unwrap())
}

impl Member {
    /// Joins with a token of `token_for`, by the path of a proxy.
    pub(crate) fn join(server: SocketAddr, session: &str) -> Self {
        Self::join_with(server, session, &token_for(session)).expect("joined")
    }

    /// Joins with this token; else the refusal's status and data.
    pub(crate) fn join_with(server: SocketAddr, session: &str, token: &str) -> Result<Self, (u16, String)> {
        Self::join_as(server, KEY, session, token)
    }

    /// The same in a session of any project.
    pub(crate) fn join_as(
        server: SocketAddr,
        project: &str,
        session: &str,
        token: &str,
    ) -> Result<Self, (u16, String)> {
        let (id, socket_id) = (new_id(), new_id());
        let url =
            format!("ws://{server}/{server}/rumorwebsocketsv2?socketId={socket_id}&attempt={}", new_id());
        let (mut socket, _) = client(url, connect(server)).unwrap();
        let address = SessionAddress { project: project.to_owned(), session: session.to_owned() };
        let symphony = otc_server::http::SYMPHONY_ADDRESS;
        let create = Message {
            session: address.clone(),
            body: Body::ConnectionCreate { id: id.clone(), content: ConnectionRequest::default() },
        };
        let request = Request { transaction: "join", from: &id, token: Some(token), data: &create.encode() };
        for frame in [
            envelope::connect(&id, "connect", symphony).unwrap(),
            envelope::subscribe(&address.topic()).unwrap(),
            envelope::request(symphony, &request).unwrap(),
        ] {
            socket.send(Packet::Binary(frame)).unwrap();
        }
        let mut member = Self {
            id,
            permissions: Vec::new(),
            socket_id,
            state: Value::Null,
            address,
            socket,
            requests: 0,
            heard: VecDeque::new(),
        };
        loop {
            match member.next() {
                Heard::Answer { status, data, .. } if status >= 300 => return Err((status, data)),
                Heard::Answer { transaction, data, .. } => {
                    if transaction == "join" {
                        member.state = serde_json::from_str(&data).unwrap();
                    }
                }
                Heard::Told(_, body) => match *body {
                    Body::ConnectionCreated(connection) if connection.id == member.id => {
                        member.permissions = connection.permissions;
                        return Ok(member);
                    }
                    _ => {}
                },
                Heard::Other => {}
            }
        }
    }

    /// What the session tells next, and from whom it is; empty for the server.
    pub(crate) fn told(&mut self) -> (String, Body) {
        if let Some(heard) = self.heard.pop_front() {
            return heard;
        }
        loop {
            if let Heard::Told(from, body) = self.next() {
                return (from, *body);
            }
        }
    }

    /// Asks for something; the status and the reason of the answer.
    pub(crate) fn ask(&mut self, body: Body) -> (u16, String) {
        self.requests += 1;
        let transaction = format!("request-{}", self.requests);
        let data = Message { session: self.address.clone(), body }.encode();
        let request = Request { transaction: &transaction, from: &self.id, token: None, data: &data };
        let frame = envelope::request(otc_server::http::SYMPHONY_ADDRESS, &request).unwrap();
        self.socket.send(Packet::Binary(frame)).unwrap();
        loop {
            match self.next() {
                Heard::Answer { transaction: of, status, data } if of == transaction => {
                    return (status, data);
                }
                Heard::Told(from, body) => self.heard.push_back((from, *body)),
                _ => {}
            }
        }
    }

    /// Says whatever it is, without waiting for what comes of it.
    pub(crate) fn say(&mut self, method: &str, path: &str, content: &Value) {
        let uri = format!("{}{path}", self.address.topic());
        let data = serde_json::json!({"method": method, "uri": uri, "content": content}).to_string();
        let (transaction, symphony) = (new_id(), otc_server::http::SYMPHONY_ADDRESS);
        let request =
            Request { transaction: &transaction, from: &self.id, token: None, data: data.as_bytes() };
        self.socket.send(Packet::Binary(envelope::request(symphony, &request).unwrap())).unwrap();
    }

    /// Publishes a stream with these channels, and waits until it has heard of it.
    pub(crate) fn publish(&mut self, id: &str, channel: &Value) {
        let request = serde_json::json!({"id": id, "name": format!("name of {id}"), "channel": channel});
        let request = serde_json::from_value(request).unwrap();
        assert_eq!(self.ask(Body::StreamCreate(request)).0, 200);
        while !matches!(self.told(), (_, Body::StreamCreated(stream)) if stream.id == id) {}
    }

    /// Leaves for good.
    pub(crate) fn leave(mut self) {
        self.socket.send(Packet::Binary(envelope::leave())).unwrap();
        while self.socket.read().is_ok() {}
    }

    /// Waits until the server closes the socket; the code with which it does.
    pub(crate) fn closed(mut self) -> Option<u16> {
        loop {
            match self.socket.read() {
                Ok(Packet::Close(frame)) => return frame.map(|frame| frame.code.into()),
                Ok(_) => {}
                Err(_) => return None,
            }
        }
    }

    fn next(&mut self) -> Heard {
        let Packet::Binary(bytes) = self.socket.read().unwrap() else { return Heard::Other };
        match FromServer::read(&Frame::decode(&bytes).unwrap()) {
            FromServer::Message(delivery) => {
                let from = delivery.from.expect("always there").to_owned();
                Heard::Told(from, Box::new(Message::decode(delivery.data).unwrap().body))
            }
            FromServer::Status(answer) => Heard::Answer {
                transaction: answer.transaction.to_owned(),
                status: answer.code,
                data: String::from_utf8_lossy(answer.data).into_owned(),
            },
            _ => Heard::Other,
        }
    }
}

enum Heard {
    Told(String, Box<Body>),
    Answer { transaction: String, status: u16, data: String },
    Other,
}
