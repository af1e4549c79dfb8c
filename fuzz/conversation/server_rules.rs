//! What the rooms keep to, whatever they are told.

use bytes::Bytes;
use otc_protocol::envelope::FromServer;
use otc_protocol::limits::SERVER_FRAME_BYTES;
use otc_protocol::rumor::Frame;
use otc_protocol::uuid;
use otc_server::sessions::{CloseCode, Delivery, Link};
use serde_json::Value;
use std::collections::{BTreeSet, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::Waker;

/// The sending half of one WebSocket, which keeps what it is given.
#[derive(Default)]
pub(crate) struct Pipe {
    given: Mutex<Vec<Delivery>>,
    pub(crate) full: AtomicBool,
    closed: AtomicBool,
}

impl Link for Pipe {
    fn deliver(&self, delivery: Delivery) -> Option<Waker> {
        let is_end = matches!(delivery, Delivery::Close(_));
        let closed = self.closed.fetch_or(is_end, Ordering::Relaxed);
        assert!(!closed || is_end, "given to a closed socket: {delivery:?}");
        if !closed {
            self.given.lock().unwrap_or_else(PoisonError::into_inner).push(delivery);
        }
        None
    }

    fn is_full(&self) -> bool {
        self.full.load(Ordering::Relaxed)
    }
}

impl Pipe {
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// The data of the one answer that has come, and nothing else.
    pub(crate) fn answer(&self) -> Value {
        let given = self.take();
        let [Delivery::Reply(bytes)] = &given[..] else { panic!("not one answer: {given:?}") };
        let frame = whole(bytes);
        let FromServer::Status(answer) = FromServer::read(&frame) else { panic!("no answer: {frame:?}") };
        serde_json::from_slice(answer.data).expect("JSON")
    }

    fn take(&self) -> Vec<Delivery> {
        std::mem::take(&mut *self.given.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What has come over one WebSocket.
#[derive(Default)]
pub(crate) struct Heard {
    /// Transactions that were answered, with their numbers.
    pub(crate) statuses: Vec<(String, u16)>,
    /// Messages: transaction, originator and JSON.
    pub(crate) messages: Vec<(String, String, Value)>,
    pub(crate) pongs: usize,
    pub(crate) close: Option<CloseCode>,
}

/// What has been said over one WebSocket.
#[derive(Default)]
pub(crate) struct Ear {
    /// The newest message of this WebSocket: its room, and its place there.
    last: Option<(u64, u64)>,
    /// Messages of it that the client has not acknowledged.
    pub(crate) owed: BTreeSet<u128>,
}

impl Ear {
    /// Takes what has come; each frame is one that clients know, and in order.
    pub(crate) fn hear(&mut self, pipe: &Pipe) -> Heard {
        let mut heard = Heard::default();
        for delivery in pipe.take() {
            assert_eq!(heard.close, None, "something after the end");
            match delivery {
                Delivery::Pong => heard.pongs += 1,
                Delivery::Close(code) => heard.close = Some(code),
                Delivery::Reply(frame) => heard.reply(&frame),
                Delivery::Message(frame) => self.message(&frame, &mut heard),
            }
        }
        heard
    }

    fn message(&mut self, bytes: &Bytes, heard: &mut Heard) {
        let frame = whole(bytes);
        let FromServer::Message(message) = FromServer::read(&frame) else { panic!("no message: {frame:?}") };
        let transaction = message.transaction.expect("every message wants to be acknowledged");
        let from = message.from.expect("every message has an originator, if an empty one");
        let number = uuid::parse(transaction).expect("a server's transactions are UUIDs");
        #[allow(clippy::cast_possible_truncation)]
        let (room, place) = ((number >> 64) as u64, number as u64);
        if let Some((last_room, last)) = self.last {
            assert_eq!(room, last_room, "a socket is in one room");
            assert!(place > last, "out of order");
        }
        self.last = Some((room, place));
        self.owed.insert(number);
        let json = serde_json::from_slice(message.data).expect("what the server says is JSON");
        heard.messages.push((transaction.to_owned(), from.to_owned(), json));
    }
}

impl Heard {
    fn reply(&mut self, bytes: &Bytes) {
        let frame = whole(bytes);
        let FromServer::Status(answer) = FromServer::read(&frame) else { panic!("no answer: {frame:?}") };
        assert!((200..600).contains(&answer.code));
        assert!(answer.data.is_empty() || serde_json::from_slice::<Value>(answer.data).is_ok());
        self.statuses.push((answer.transaction.to_owned(), answer.code));
    }
}

fn whole(bytes: &Bytes) -> Frame<'_> {
    assert!(bytes.len() <= SERVER_FRAME_BYTES, "no client takes this frame");
    Frame::decode(bytes).expect("the server sends whole frames")
}

/// What a member that listens knows of its session.
#[derive(Default)]
pub(crate) struct View {
    pub(crate) connections: HashSet<String>,
    pub(crate) streams: HashSet<String>,
}

impl View {
    /// Who comes was not there, who goes was.
    pub(crate) fn learn(&mut self, json: &Value) {
        let uri = json["uri"].as_str().expect("every message has a uri");
        let (_, path) = uri.split_once("/session/").expect("of a session");
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        let known = match parts[..] {
            ["connection", id] => (&mut self.connections, id),
            ["stream", id] => (&mut self.streams, id),
            _ => return,
        };
        match json["method"].as_str() {
            Some("created") => assert!(known.0.insert(known.1.to_owned()), "{uri} came twice"),
            Some("deleted") => assert!(known.0.remove(known.1), "{uri} was not there"),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use otc_protocol::envelope;

    fn message(place: u64) -> Delivery {
        Delivery::Message(envelope::message("/t", &uuid::format(u128::from(place)), "", b"{}").expect("fits"))
    }

    /// Whether the rules let it pass that a socket is given this.
    fn passes(deliveries: &[Delivery]) -> bool {
        let pipe = Pipe::default();
        let check = || {
            for delivery in deliveries {
                assert!(pipe.deliver(delivery.clone()).is_none());
            }
            Ear::default().hear(&pipe);
        };
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(check)).is_ok()
    }

    #[test]
    fn rooms_that_break_a_rule_are_caught() {
        let end = || Delivery::Close(CloseCode::Done);
        assert!(passes(&[message(1), Delivery::Pong, message(3), end(), end()]));
        assert!(!passes(&[end(), Delivery::Pong]), "nothing follows the end");
        assert!(!passes(&[message(2), message(1)]), "out of order");
        assert!(!passes(&[message(1), message(1)]), "twice over one socket");
        assert!(!passes(&[Delivery::Message(Bytes::from_static(b"x"))]), "no frame");
        assert!(!passes(&[Delivery::Reply(Bytes::from_static(b"x"))]), "no frame");
        let mut view = View::default();
        let news =
            |method: &str| serde_json::json!({"method": method, "uri": "/v2/partner/1/session/s/stream/x"});
        view.learn(&news("created"));
        view.learn(&news("deleted"));
        assert!(view.streams.is_empty());
    }
}
