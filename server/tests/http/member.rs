//! A member of a session, as small as it can be: it joins and waits for what it is told.

use crate::support::{KEY, connect, token_for};
use otc_protocol::envelope::{self, FromServer, Request};
use otc_protocol::raptor::{Body, ConnectionRequest, Message, SessionAddress};
use otc_protocol::rumor::Frame;
use otc_protocol::uuid;
use otc_server::keys::random;
use std::net::{SocketAddr, TcpStream};
use tokio_tungstenite::tungstenite::protocol::WebSocket;
use tokio_tungstenite::tungstenite::{Message as Packet, client};

pub(crate) struct Member {
    pub(crate) id: String,
    pub(crate) permissions: Vec<String>,
    socket: WebSocket<TcpStream>,
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
        let id = new_id();
        let url =
            format!("ws://{server}/{server}/rumorwebsocketsv2?socketId={}&attempt={}", new_id(), new_id());
        let (mut socket, _) = client(url, connect(server)).unwrap();
        let address = SessionAddress { project: KEY.to_owned(), session: session.to_owned() };
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
        let mut member = Self { id, permissions: Vec::new(), socket };
        loop {
            match member.next() {
                Heard::Refused(status, data) => return Err((status, data)),
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
        loop {
            if let Heard::Told(from, body) = self.next() {
                return (from, *body);
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
            FromServer::Status(answer) if !answer.is_success() => {
                Heard::Refused(answer.code, String::from_utf8_lossy(answer.data).into_owned())
            }
            _ => Heard::Other,
        }
    }
}

enum Heard {
    Told(String, Box<Body>),
    Refused(u16, String),
    Other,
}
