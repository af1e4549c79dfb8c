//! Real sockets over loopback against a running server.

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use otc_protocol::envelope::{self, FromServer};
use otc_protocol::limits::CLIENT_FRAME_BYTES;
use otc_protocol::rumor::Frame;
use otc_protocol::uuid;
use otc_server::mint::{self, TokenRequest};
use otc_server::{Config, KeyPair, Server};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};

/// Far more than anything here takes.
const DEADLINE: Duration = Duration::from_secs(30);
/// How long the server waits for somebody whose socket is cut, where that is to be seen.
const GRACE: Duration = Duration::from_millis(500);
/// How much later it may be: less than what it gives to a socket that is silent.
const LATE: Duration = Duration::from_secs(8);

fn pair() -> KeyPair {
    KeyPair::new("123456", "a secret of some length").expect("a pair")
}

/// A server, and a session that it knows.
struct Scene {
    server: Server,
    pair: KeyPair,
    session: String,
}

impl Scene {
    fn new() -> Self {
        Self::with(Config::local(pair()))
    }

    fn with(config: Config) -> Self {
        let pair = pair();
        let session = mint::session(&pair.project, true).expect("a session");
        let server = Server::start(config).expect("a server");
        Self { server, pair, session }
    }

    fn topic(&self) -> String {
        format!("/v2/partner/{}/session/{}", self.pair.project, self.session)
    }

    fn token(&self) -> String {
        mint::token(&self.pair, &TokenRequest::new(&self.session)).expect("a token")
    }

    async fn open(&self, query: &str) -> Result<WebSocketStream<TcpStream>, Error> {
        let stream = TcpStream::connect(self.server.addr()).await.expect("the server listens");
        stream.set_nodelay(true).expect("an open socket");
        let url = format!("ws://{}/rumorwebsocketsv2?{query}", self.server.addr());
        let config = WebSocketConfig::default().max_message_size(None).max_frame_size(None);
        let opened = tokio_tungstenite::client_async_with_config(url, stream, Some(config)).await;
        opened.map(|(socket, _)| socket)
    }

    /// Somebody who has joined.
    async fn join(&self, name: &str) -> Client {
        let socket = self.open(&format!("socketId={name}&attempt=1")).await.expect("a WebSocket");
        let mut client = Client { name: name.to_owned(), topic: self.topic(), socket, transactions: 0 };
        client.send(envelope::connect(name, "connect", "symphony.h").expect("fits")).await;
        client.send(envelope::subscribe(&client.topic).expect("fits")).await;
        let transaction =
            client.request("create", &format!("/connection/{name}"), json!({}), Some(&self.token())).await;
        assert_eq!(client.status(&transaction).await, 200);
        client.message("created").await;
        client
    }
}

struct Client {
    name: String,
    topic: String,
    socket: WebSocketStream<TcpStream>,
    transactions: u128,
}

impl Client {
    async fn send(&mut self, frame: Bytes) {
        timeout(DEADLINE, self.socket.send(Message::Binary(frame)))
            .await
            .expect("in time")
            .expect("an open socket");
    }

    async fn request(&mut self, method: &str, path: &str, content: Value, token: Option<&str>) -> String {
        self.transactions += 1;
        let transaction = uuid::format(self.transactions);
        let uri = format!("{}{path}", self.topic);
        let data = json!({ "method": method, "uri": uri, "content": content }).to_string();
        let request =
            envelope::Request { transaction: &transaction, from: &self.name, token, data: data.as_bytes() };
        self.send(envelope::request("symphony.h", &request).expect("fits")).await;
        transaction
    }

    async fn signal(&mut self, data: &str) -> String {
        self.request("signal", "/signal/s", json!({ "data": data }), None).await
    }

    async fn frame(&mut self) -> Bytes {
        loop {
            match timeout(DEADLINE, self.socket.next()).await.expect("in time") {
                Some(Ok(Message::Binary(frame))) => return frame,
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("a frame should come: {other:?}"),
            }
        }
    }

    /// The code of the answer to `transaction`; what comes before it is passed over.
    async fn status(&mut self, transaction: &str) -> u16 {
        loop {
            let bytes = self.frame().await;
            match FromServer::read(&Frame::decode(&bytes).expect("a frame")) {
                FromServer::Status(answer) if answer.transaction == transaction => return answer.code,
                _ => {}
            }
        }
    }

    /// The next message of this method, acknowledged like those before it.
    async fn message(&mut self, method: &str) -> Value {
        loop {
            let bytes = self.frame().await;
            let frame = Frame::decode(&bytes).expect("a frame");
            let FromServer::Message(message) = FromServer::read(&frame) else { continue };
            let transaction = message.transaction.expect("a transaction").to_owned();
            let json: Value = serde_json::from_slice(message.data).expect("JSON");
            let ack = envelope::acknowledge(message.from.expect("an originator"), &transaction, &self.name);
            self.send(ack.expect("fits")).await;
            if json["method"] == method {
                return json;
            }
        }
    }

    async fn signal_data(&mut self) -> String {
        self.message("signal").await["content"]["data"].as_str().expect("text").to_owned()
    }

    /// The code with which the server closes, whatever comes before.
    async fn close_code(&mut self) -> u16 {
        close_code(&mut self.socket).await
    }
}

async fn close_code(socket: &mut WebSocketStream<TcpStream>) -> u16 {
    loop {
        match timeout(DEADLINE, socket.next()).await.expect("in time") {
            Some(Ok(Message::Close(Some(frame)))) => return frame.code.into(),
            Some(Ok(_)) => {}
            other => panic!("the server should close: {other:?}"),
        }
    }
}

#[tokio::test]
async fn two_join_signal_and_leave() {
    let scene = Scene::new();
    let (mut a, mut b) = (scene.join("a").await, scene.join("b").await);
    let text = "é😀\"\\\u{0}".repeat(1000);
    let transaction = a.signal(&text).await;
    assert_eq!(a.status(&transaction).await, 200);
    assert_eq!(a.signal_data().await, text);
    assert_eq!(b.signal_data().await, text);
    for index in 0..50 {
        b.signal(&index.to_string()).await;
    }
    for index in 0..50 {
        assert_eq!(a.signal_data().await, index.to_string());
    }
    // As the published client leaves: it waits for nothing.
    b.send(envelope::leave()).await;
    b.socket.close(None).await.expect("an open socket");
    drop(b);
    let gone = a.message("deleted").await;
    assert_eq!(gone["reason"], "clientDisconnected");
    scene.server.stop();
}

#[tokio::test]
async fn a_cut_socket_comes_back_to_what_it_missed() {
    let scene = Scene::new();
    let (mut a, mut b) = (scene.join("a").await, scene.join("b").await);
    a.signal("one").await;
    assert_eq!(b.signal_data().await, "one");
    // When the server answers, it has read that b has "one".
    b.send(envelope::ping()).await;
    assert_eq!(b.frame().await, envelope::pong());
    drop(b.socket);
    for data in ["two", "three"] {
        let transaction = a.signal(data).await;
        assert_eq!(a.status(&transaction).await, 200);
    }
    b.socket = scene.open("socketId=b&reconnect=true&attempt=2").await.expect("a WebSocket");
    assert_eq!(b.frame().await, envelope::pong(), "before anything was asked");
    assert_eq!(b.signal_data().await, "two");
    assert_eq!(b.signal_data().await, "three");
    // The server still believes in the socket that is replaced now.
    let old = std::mem::replace(
        &mut b.socket,
        scene.open("socketId=b&reconnect=true&attempt=3").await.expect("a WebSocket"),
    );
    assert_eq!(b.frame().await, envelope::pong());
    let mut old = Client { socket: old, name: "b".into(), topic: scene.topic(), transactions: 0 };
    assert_eq!(old.close_code().await, 1000);
    b.signal("back").await;
    loop {
        if a.signal_data().await == "back" {
            break;
        }
    }
}

#[tokio::test]
async fn a_cut_socket_that_stays_away_for_too_long_is_given_up_in_time() {
    let mut config = Config::local(pair());
    config.rooms.resume_grace = GRACE;
    let scene = Scene::with(config);
    let mut a = scene.join("a").await;
    // The second one is cut when whoever looks after them has gone back to sleep.
    for name in ["b", "c"] {
        let lost = scene.join(name).await;
        let cut = Instant::now();
        drop(lost.socket);
        let deleted = a.message("deleted").await;
        let after = cut.elapsed();
        let uri = format!("{}/connection/{name}", scene.topic());
        assert_eq!((&deleted["uri"], &deleted["reason"]), (&json!(uri), &json!("networkDisconnected")));
        assert!((GRACE..GRACE + LATE).contains(&after), "{name}: {after:?}");
    }
    let mut late = scene.open("socketId=b&reconnect=true&attempt=2").await.expect("opens, to be closed");
    assert_eq!(close_code(&mut late).await, 1011);
}

#[tokio::test]
async fn strangers_and_foreign_protocols_are_closed_with_their_codes() {
    let scene = Scene::new();
    let mut watcher = scene.join("w").await;
    let mut unknown =
        scene.open("socketId=never-seen&reconnect=true&attempt=1").await.expect("opens, to be closed");
    assert_eq!(close_code(&mut unknown).await, 1011);

    let mut text = scene.join("t").await;
    text.socket.send(Message::Text("hello".into())).await.expect("an open socket");
    assert_eq!(text.close_code().await, 1003);

    let mut garbage = scene.join("g").await;
    garbage.send(Bytes::from_static(b"not a frame")).await;
    assert_eq!(garbage.close_code().await, 1003);

    let mut large = scene.join("l").await;
    large.send(vec![0; CLIENT_FRAME_BYTES + 1].into()).await;
    assert_eq!(large.close_code().await, 1009);

    for _ in 0..3 {
        assert_eq!(watcher.message("deleted").await["reason"], "networkDisconnected");
    }
    watcher.signal("on").await;
    assert_eq!(watcher.signal_data().await, "on");
    assert_eq!(scene.server.app().registry.sockets(), 1);
}

#[tokio::test]
async fn requests_that_are_no_websockets_of_ours_are_told_so() {
    let scene = Scene::new();
    let refused = |result: Result<WebSocketStream<TcpStream>, Error>| match result {
        Err(Error::Http(response)) => response.status().as_u16(),
        other => panic!("should be refused: {other:?}"),
    };
    assert_eq!(refused(scene.open("attempt=1").await), 400);
    assert_eq!(refused(scene.open("socketId=a/b").await), 400);
    let mut plain = TcpStream::connect(scene.server.addr()).await.expect("the server listens");
    let request = b"GET /rumorwebsocketsv2?socketId=a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    plain.write_all(request).await.expect("an open socket");
    let mut answer = String::new();
    timeout(DEADLINE, plain.read_to_string(&mut answer)).await.expect("in time").expect("text");
    assert!(answer.starts_with("HTTP/1.1 426 "), "{answer}");
}

#[tokio::test]
async fn a_receiver_that_does_not_read_delays_nobody_and_misses_nothing() {
    let scene = Scene::new();
    let (mut a, mut b) = (scene.join("a").await, scene.join("b").await);
    let mut slow = scene.join("s").await;
    // More than the kernel's buffers take, and less than what ends a connection.
    let text = "x".repeat(8000);
    let signals = 2000;
    for index in 0..signals {
        a.signal(&format!("{index} {text}")).await;
        for client in [&mut a, &mut b] {
            assert!(client.signal_data().await.starts_with(&format!("{index} ")));
        }
        if index % 100 == 0 {
            slow.send(envelope::ping()).await; // It lives, and does not read.
        }
    }
    for index in 0..signals {
        assert!(slow.signal_data().await.starts_with(&format!("{index} ")));
    }
}

#[tokio::test]
async fn a_stopping_server_closes_its_sockets() {
    let scene = Scene::new();
    let mut a = scene.join("a").await;
    let mut waiting = scene.open("socketId=door&attempt=1").await.expect("a WebSocket");
    let server = scene.server;
    let stopped = tokio::task::spawn_blocking(move || server.stop());
    assert_eq!(a.close_code().await, 1001);
    assert_eq!(close_code(&mut waiting).await, 1001);
    drop((a, waiting));
    timeout(DEADLINE, stopped).await.expect("in time").expect("stops");
}
