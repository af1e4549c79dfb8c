//! Somebody with another kind of client, on a network that never fails: she publishes streams and ends them. What the
//! others are told of it while they are away must reach them, each once.

use crate::dice::Dice;
use crate::pipe::Pipe;
use crate::server::{note_answers, note_request};
use crate::world::World;
use bytes::Bytes;
use otc_protocol::envelope::{self, FromServer, Request};
use otc_protocol::raptor::{Body, ConnectionRequest, Message, Object, SessionAddress, StreamRequest};
use otc_protocol::rumor::Frame;
use otc_protocol::{Moment, uuid};
use otc_server::sessions::Seat;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

pub(crate) struct Publisher {
    pub(crate) session: usize,
    /// Her connection, while she is in.
    pub(crate) connection: String,
    socket: Arc<str>,
    place: Option<(Seat<Pipe>, Arc<Pipe>)>,
    /// What she publishes.
    pub(crate) streams: Vec<String>,
    dice: Dice,
    pub(crate) next: Moment,
}

/// Stands for her WebSocket where wires have numbers.
const HER_WIRE: u64 = u64::MAX;
/// How often she looks what has come.
const LOOK: Duration = Duration::from_millis(400);

impl Publisher {
    pub(crate) fn new(now: Moment, session: usize, mut dice: Dice) -> Self {
        Self {
            session,
            connection: String::new(),
            socket: "".into(),
            place: None,
            streams: Vec::new(),
            next: now + dice.millis(0, 1000),
            dice,
        }
    }

    /// Whether she is in, and nothing waits for her.
    pub(crate) fn is_settled(&self) -> bool {
        let quiet = |(_, pipe): &(_, Arc<Pipe>)| pipe.close().is_none() && !pipe.is_waiting();
        !self.connection.is_empty() && self.place.as_ref().is_some_and(quiet)
    }

    fn id(&mut self) -> String {
        let mut random = [0; 16];
        random.copy_from_slice(&self.dice.seed()[..16]);
        uuid::from_random(random)
    }
}

impl World<'_> {
    /// She looks what has come, and does something.
    pub(crate) fn publish(&mut self, index: usize) {
        self.publishers[index].next = self.now + LOOK;
        if self.is_leaving || self.server.registry.is_none() || self.server.stops_at.is_some() {
            return;
        }
        if !self.has_open_socket(index) {
            self.open_socket(index);
            return;
        }
        self.listen(index);
        let her = &mut self.publishers[index];
        if her.place.is_none() {
            return; // She has just been sent away.
        }
        let mut frames = vec![envelope::ping()];
        if !self.is_calm && her.dice.one_in(3) {
            let body = match her.streams.len() {
                0 => self.begins_stream(index),
                3.. => self.ends_stream(index),
                _ if her.dice.one_in(2) => self.begins_stream(index),
                _ => self.ends_stream(index),
            };
            frames.push(self.her_request(index, body, None));
        }
        self.send(index, frames);
        self.listen(index);
    }

    /// Her socket is gone when the server says so, or is gone itself.
    fn has_open_socket(&mut self, index: usize) -> bool {
        let now = self.server.clock(self.now);
        let her = &mut self.publishers[index];
        if let Some((seat, pipe)) = her.place.take() {
            if pipe.close().is_none() {
                her.place = Some((seat, pipe));
                return true;
            }
            seat.lost(now);
            self.book.dropped(&her.socket, HER_WIRE, self.now);
        }
        false
    }

    /// She comes, or comes back; who is not known any more comes anew.
    fn open_socket(&mut self, index: usize) {
        let Some(registry) = self.server.registry.clone() else { return };
        let now = self.server.clock(self.now);
        let her = &mut self.publishers[index];
        let comes_back = !her.connection.is_empty();
        if !comes_back {
            her.socket = her.id().into();
        }
        let pipe = Arc::new(Pipe::default());
        let seat = registry.open(now, &her.socket, comes_back, pipe.clone());
        if pipe.close().is_some() {
            her.connection.clear();
            her.streams.clear();
            return;
        }
        self.book.carried(&her.socket, HER_WIRE, self.now);
        let is_greeted = pipe.is_waiting();
        her.place = Some((seat, pipe));
        if comes_back {
            // A server that knows her says so at once.
            if !is_greeted {
                self.book.wrong("the publisher came back to a server that does not know it");
            }
            return;
        }
        her.connection = her.id();
        let (id, connect) = (her.connection.clone(), her.id());
        let address = self.address(index).topic();
        let opening = [envelope::connect(&id, &connect, "symphony"), envelope::subscribe(&address)];
        let body = Body::ConnectionCreate { id, content: ConnectionRequest::default() };
        let join = self.her_request(index, body, Some("publisher"));
        self.send(index, opening.into_iter().flatten().chain([join]).collect());
        if let Some(life) = self.book.life_of(&self.publishers[index].connection) {
            self.book.lives[life].entered = Some(u64::MAX);
        }
    }

    fn address(&self, index: usize) -> SessionAddress {
        let session = self.plan.sessions[self.publishers[index].session].clone();
        SessionAddress { project: "1".to_owned(), session }
    }

    fn her_request(&mut self, index: usize, body: Body, token: Option<&str>) -> Bytes {
        let data = Message { session: self.address(index), body }.encode();
        let transaction = self.publishers[index].id();
        let from = &self.publishers[index].connection;
        let request = Request { transaction: &transaction, from, token, data: &data };
        envelope::request("symphony", &request).unwrap_or_default()
    }

    fn begins_stream(&mut self, index: usize) -> Body {
        let her = &mut self.publishers[index];
        let id = her.id();
        her.streams.push(id.clone());
        Body::StreamCreate(StreamRequest { id, ..StreamRequest::default() })
    }

    fn ends_stream(&mut self, index: usize) -> Body {
        let her = &mut self.publishers[index];
        let id = her.streams.remove(0);
        Body::StreamDelete { id, content: Object::default() }
    }

    /// Acknowledges what has come. Who is sent away goes.
    fn listen(&mut self, index: usize) {
        let her = &self.publishers[index];
        let Some((_, pipe)) = &her.place else { return };
        let (mut frames, mut is_sent_away) = (Vec::new(), false);
        while let Some(bytes) = pipe.take() {
            if let Ok(frame) = Frame::decode(&bytes)
                && let FromServer::Message(message) = FromServer::read(&frame)
                && let (Some(from), Some(transaction)) = (message.from, message.transaction)
            {
                frames.extend(envelope::acknowledge(from, transaction, &her.connection));
                is_sent_away |= Message::decode(message.data).is_ok_and(|message| {
                    matches!(message.body, Body::ConnectionDeleted { id, .. } if id == her.connection)
                });
            }
        }
        self.send(index, frames);
        if is_sent_away {
            self.goes(index);
        }
    }

    fn goes(&mut self, index: usize) {
        let now = self.server.clock(self.now);
        let her = &mut self.publishers[index];
        if let Some((seat, _)) = her.place.take() {
            seat.lost(now);
            self.book.dropped(&her.socket, HER_WIRE, self.now);
        }
        her.connection.clear();
        her.streams.clear();
    }

    fn send(&mut self, index: usize, frames: Vec<Bytes>) {
        let time = self.time();
        let her = &mut self.publishers[index];
        let Some((seat, pipe)) = &mut her.place else { return };
        for bytes in &frames {
            note_request(&mut self.book, bytes, her.session, &her.socket);
        }
        let mut frames: VecDeque<Bytes> = frames.into();
        while !frames.is_empty() {
            seat.receive(time, &mut frames);
            note_answers(&mut self.book, pipe, her.session);
            if pipe.is_crowded() {
                pipe.take();
            }
        }
    }

    /// The server is gone; she notices when she looks next.
    pub(crate) fn drop_publishers(&mut self) {
        for her in &mut self.publishers {
            if her.place.take().is_some() {
                self.book.dropped(&her.socket, HER_WIRE, self.now);
            }
        }
    }

    /// She leaves for good.
    pub(crate) fn dismiss_publishers(&mut self) {
        for index in 0..self.publishers.len() {
            if let Some(life) = self.book.life_of(&self.publishers[index].connection) {
                self.book.lives[life].left = true;
            }
            self.send(index, vec![envelope::leave()]);
        }
        let now = self.server.clock(self.now);
        for her in &mut self.publishers {
            if let Some((seat, _)) = her.place.take() {
                seat.lost(now);
            }
        }
    }
}
