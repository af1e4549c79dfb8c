//! A client that costs little: ten thousand of them fit into a process.

use super::DEADLINE;
use super::process::{KEY, Site};
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use otc_protocol::envelope::{self, FromServer};
use otc_protocol::rumor::Frame;
use otc_protocol::uuid;
use otc_server::mint::{self, TokenRequest};
use serde_json::json;
use std::net::Ipv4Addr;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

pub(crate) struct Client {
    name: String,
    topic: String,
    pub(crate) socket: WebSocketStream<TcpStream>,
    transactions: u128,
    /// Acknowledgements that it has not sent.
    owed: Vec<Bytes>,
}

impl Client {
    /// Somebody who has joined, and was told so.
    pub(crate) async fn join(site: &Site, address: &str, session: &str, name: &str) -> Self {
        Self::join_from(Ipv4Addr::LOCALHOST, site, address, session, name).await
    }

    /// The same, from an address of its own.
    pub(crate) async fn join_from(
        from: Ipv4Addr,
        site: &Site,
        address: &str,
        session: &str,
        name: &str,
    ) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind((from, 0).into()).expect("all of 127.0.0.0/8 is this machine");
        let listening = address.parse().expect("an address");
        let stream = socket.connect(listening).await.expect("the server listens");
        let url = format!("ws://{address}/rumorwebsocketsv2?socketId={name}&attempt=1");
        let opened = timeout(DEADLINE, tokio_tungstenite::client_async(url, stream)).await.expect("in time");
        let (socket, _) = opened.expect("a WebSocket");
        let topic = format!("/v2/partner/{KEY}/session/{session}");
        let mut client = Self { name: name.to_owned(), topic, socket, transactions: 0, owed: Vec::new() };
        client.send(envelope::connect(name, "connect", "symphony.h").expect("fits")).await;
        let token = mint::token(&site.pair, &TokenRequest::new(session)).expect("minted");
        let join = client.request("create", &format!("/connection/{name}"), json!({}), Some(&token)).await;
        while !client.is_answer(&join).await {}
        client
    }

    pub(crate) async fn send(&mut self, frame: Bytes) {
        let sent = timeout(DEADLINE, self.socket.send(Message::Binary(frame))).await.expect("in time");
        sent.expect("an open socket");
    }

    async fn request(
        &mut self,
        method: &str,
        path: &str,
        content: serde_json::Value,
        token: Option<&str>,
    ) -> String {
        self.transactions += 1;
        let transaction = uuid::format(self.transactions);
        let uri = format!("{}{path}", self.topic);
        let data = json!({ "method": method, "uri": uri, "content": content }).to_string();
        let request =
            envelope::Request { transaction: &transaction, from: &self.name, token, data: data.as_bytes() };
        self.send(envelope::request("symphony.h", &request).expect("fits")).await;
        transaction
    }

    pub(crate) async fn frame(&mut self) -> Bytes {
        loop {
            match timeout(DEADLINE, self.socket.next()).await.expect("in time") {
                Some(Ok(Message::Binary(frame))) => {
                    self.owed.extend(self.acknowledgement(&frame));
                    return frame;
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("a frame should come: {other:?}"),
            }
        }
    }

    /// Whether the next frame is the answer to `transaction`, which must not be a refusal.
    async fn is_answer(&mut self, transaction: &str) -> bool {
        let frame = self.frame().await;
        match FromServer::read(&Frame::decode(&frame).expect("a frame")) {
            FromServer::Status(answer) if answer.transaction == transaction => {
                assert_eq!(answer.code, 200);
                true
            }
            _ => false,
        }
    }

    /// The acknowledgement of a message; `None` of other frames.
    fn acknowledgement(&self, frame: &[u8]) -> Option<Bytes> {
        let frame = Frame::decode(frame).expect("a frame");
        let FromServer::Message(message) = FromServer::read(&frame) else { return None };
        let (from, transaction) = (message.from?, message.transaction?);
        Some(envelope::acknowledge(from, transaction, &self.name).expect("fits"))
    }

    /// Shows that it lives, with no more than one call: ten thousand do it every other second.
    pub(crate) fn beat(&self) {
        // A final binary frame of nine bytes, masked with zeros, which leave a PING as it is.
        let mut frame = [0; 15];
        frame[..2].copy_from_slice(&[0x82, 0x89]);
        frame[6..].copy_from_slice(&envelope::ping());
        // One that is gone shows it later.
        let _ = self.socket.get_ref().try_write(&frame);
    }

    /// Signals some times, and waits until the last one is answered.
    pub(crate) async fn speak(&mut self, times: usize, data: &str) {
        let mut last = String::new();
        for _ in 0..times {
            last = self.request("signal", "/signal/s", json!({ "data": data }), None).await;
        }
        while !self.is_answer(&last).await {}
    }

    /// Acknowledges everything that it has heard.
    pub(crate) async fn acknowledge(&mut self) {
        for acknowledgement in std::mem::take(&mut self.owed) {
            self.socket.feed(Message::Binary(acknowledgement)).await.expect("an open socket");
        }
        self.send(envelope::ping()).await;
    }

    /// Leaves as clients do.
    pub(crate) async fn leave(mut self) {
        self.send(envelope::leave()).await;
        // The server may have closed it already.
        let _ = self.socket.close(None).await;
    }

    /// The connection breaks at once.
    pub(crate) fn reset(self) {
        self.socket.get_ref().set_zero_linger().expect("an open socket");
    }
}
