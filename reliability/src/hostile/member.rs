//! A client that has joined, and does what it likes from then on.

use super::socket::{BINARY, Incoming, Socket};
use bytes::Bytes;
use otc_harness::Error;
use otc_harness::server::{API_KEY, API_SECRET};
use otc_protocol::envelope::{self, FromServer, Request};
use otc_protocol::rumor::Frame;
use otc_protocol::uuid;
use otc_server::KeyPair;
use otc_server::mint::{self, TokenRequest};
use serde_json::{Value, json};
use std::time::Duration;

/// How long a join may take.
const SOON: Duration = Duration::from_secs(30);

pub(super) struct Member {
    pub(super) socket: Socket,
    pub(super) id: String,
    pub(super) socket_id: String,
    session: String,
    transactions: u64,
}

/// A message that has come.
pub(super) struct Heard {
    pub(super) transaction: String,
    pub(super) from: String,
}

/// A new id.
pub(super) fn new_id() -> Result<String, Error> {
    Ok(uuid::from_random(otc_server::keys::random()?))
}

/// A token for the session, with this connection data.
pub(super) fn token(session: &str, data: &str) -> Result<String, Error> {
    let request = TokenRequest { data: data.to_owned(), ..TokenRequest::new(session) };
    Ok(mint::token(&KeyPair::new(API_KEY, API_SECRET)?, &request)?)
}

impl Member {
    /// A client whose socket is open, and that has said who it is.
    pub(super) async fn knock(address: &str, session: &str) -> Result<Self, Error> {
        let (id, socket_id) = (new_id()?, new_id()?);
        let (socket, _) = Socket::open(address, &socket_id, false, "").await?;
        let mut member = Self { socket, id, socket_id, session: session.to_owned(), transactions: 0 };
        let transaction = member.transaction();
        let connect = envelope::connect(&member.id, &transaction, "symphony.h")?;
        member.socket.message(BINARY, &connect).await?;
        Ok(member)
    }

    /// A client that is in.
    pub(super) async fn join(address: &str, session: &str, data: &str) -> Result<Self, Error> {
        let mut member = Self::knock(address, session).await?;
        let status = member.enter(&token(session, data)?).await?;
        if status == 200 { Ok(member) } else { Err(format!("a join was answered with {status}").into()) }
    }

    /// Asks to come in; the answer's number.
    pub(super) async fn enter(&mut self, token: &str) -> Result<u16, Error> {
        let transaction = self.transaction();
        let message = self.uri("create", &format!("/connection/{}", self.id), &json!({"userAgent": "x"}));
        let data = message.to_string();
        let request =
            Request { transaction: &transaction, from: &self.id, token: Some(token), data: data.as_bytes() };
        self.socket.message(BINARY, &envelope::request("symphony.h", &request)?).await?;
        let answer = async {
            loop {
                match self.socket.next().await {
                    Incoming::Message(bytes) => {
                        if let Some(code) = status(&bytes, &transaction) {
                            return Ok(code);
                        }
                    }
                    Incoming::Control => {}
                    end => return Err(format!("{end:?} instead of the answer to a join").into()),
                }
            }
        };
        tokio::time::timeout(SOON, answer).await?
    }

    /// A number that it has not used before.
    pub(super) fn transaction(&mut self) -> String {
        self.transactions += 1;
        uuid::format(u128::from(self.transactions))
    }

    fn uri(&self, method: &str, path: &str, content: &Value) -> Value {
        let uri = format!("/v2/partner/{API_KEY}/session/{}{path}", self.session);
        json!({"method": method, "uri": uri, "content": content})
    }

    /// The frame of a request.
    pub(super) fn request(&mut self, method: &str, path: &str, content: &Value) -> Result<Bytes, Error> {
        let transaction = self.transaction();
        let data = self.uri(method, path, content).to_string();
        let request =
            Request { transaction: &transaction, from: &self.id, token: None, data: data.as_bytes() };
        Ok(envelope::request("symphony.h", &request)?)
    }

    /// The frame of a signal to everybody, or to one.
    pub(super) fn signal(&mut self, to: Option<&str>, bytes: usize) -> Result<Bytes, Error> {
        let path = to.map_or_else(|| "/signal/s".to_owned(), |to| format!("/connection/{to}/signal/s"));
        self.request("signal", &path, &json!({"data": "x".repeat(bytes)}))
    }

    /// The frame that acknowledges a message.
    pub(super) fn acknowledgement(&self, heard: &Heard) -> Result<Bytes, Error> {
        Ok(envelope::acknowledge(&heard.from, &heard.transaction, &self.id)?)
    }
}

/// The number of the answer to `transaction`, if this is it.
fn status(bytes: &[u8], transaction: &str) -> Option<u16> {
    match FromServer::read(&Frame::decode(bytes).ok()?) {
        FromServer::Status(answer) if answer.transaction == transaction => Some(answer.code),
        _ => None,
    }
}

/// The message in a frame, if there is one.
pub(super) fn message(bytes: &[u8]) -> Option<Heard> {
    match FromServer::read(&Frame::decode(bytes).ok()?) {
        FromServer::Message(message) => Some(Heard {
            transaction: message.transaction?.to_owned(),
            from: message.from.unwrap_or_default().to_owned(),
        }),
        _ => None,
    }
}
