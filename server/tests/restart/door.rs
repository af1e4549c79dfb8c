//! A client that was about to join, byte for byte.

use super::DEADLINE;
use super::process::{KEY, Site};
use futures_util::{SinkExt, StreamExt};
use otc_protocol::envelope::{self, FromServer};
use otc_protocol::rumor::Frame;
use otc_protocol::uuid;
use serde_json::json;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

type Socket = WebSocketStream<TcpStream>;

async fn open(address: &str, query: &str) -> Socket {
    let stream = TcpStream::connect(address).await.expect("the server listens");
    let url = format!("ws://{address}/rumorwebsocketsv2?{query}");
    tokio_tungstenite::client_async(url, stream).await.expect("a WebSocket").0
}

async fn close_code(socket: &mut Socket) -> u16 {
    loop {
        match timeout(DEADLINE, socket.next()).await.expect("in time") {
            Some(Ok(Message::Close(Some(frame)))) => return frame.code.into(),
            Some(Ok(_)) => {}
            other => panic!("the server should close: {other:?}"),
        }
    }
}

/// Joins; the status of the answer.
async fn join(site: &Site, token: &str, socket: &mut Socket) -> u16 {
    let topic = format!("/v2/partner/{KEY}/session/{}", site.session);
    let transaction = uuid::format(1);
    let message =
        json!({ "method": "create", "uri": format!("{topic}/connection/c"), "content": {} }).to_string();
    let request = envelope::Request {
        transaction: &transaction,
        from: "c",
        token: Some(token),
        data: message.as_bytes(),
    };
    let frames = [
        envelope::connect("c", "connect", "symphony.h").expect("fits"),
        envelope::subscribe(&topic).expect("fits"),
        envelope::request("symphony.h", &request).expect("fits"),
    ];
    for frame in frames {
        socket.send(Message::Binary(frame)).await.expect("an open socket");
    }
    loop {
        let frame = match timeout(DEADLINE, socket.next()).await.expect("in time") {
            Some(Ok(Message::Binary(frame))) => frame,
            other => panic!("a frame should come: {other:?}"),
        };
        match FromServer::read(&Frame::decode(&frame).expect("a frame")) {
            FromServer::Status(answer) if answer.transaction == transaction => return answer.code,
            _ => {}
        }
    }
}

/// 1012 makes the published clients come back (`wire.md §3.6`), 1011 makes them start anew (`§3.5` rule 5), and they do so
/// with the same connection id (`§3.7`).
#[tokio::test(flavor = "multi_thread")]
async fn who_had_not_joined_starts_anew_and_who_had_comes_back() {
    let site = Site::new();
    let token = site.token();
    let server = site.start();
    let address = server.address().to_owned();
    let mut door = open(&address, "socketId=door&attempt=1").await;
    door.send(Message::Binary(envelope::connect("d", "connect", "symphony.h").expect("fits")))
        .await
        .expect("an open socket");
    // Its answer says that the server knows the socket; one that it does not know yet is closed with 1001.
    timeout(DEADLINE, door.next()).await.expect("in time").expect("an answer").expect("an open socket");
    let mut member = open(&address, "socketId=member&attempt=1").await;
    assert_eq!(join(&site, &token, &mut member).await, 200);
    server.signal(rustix::process::Signal::TERM);
    assert_eq!((close_code(&mut door).await, close_code(&mut member).await), (1012, 1012));
    let (status, log) = server.ended();
    assert!(status.success(), "{status}: {log}");

    let server = site.start_at(&address);
    let mut door = open(&address, "socketId=door&reconnect=true&attempt=2").await;
    assert_eq!(close_code(&mut door).await, 1011);
    let mut member = open(&address, "socketId=member&reconnect=true&attempt=2").await;
    match timeout(DEADLINE, member.next()).await.expect("in time") {
        Some(Ok(Message::Binary(frame))) => assert_eq!(frame, envelope::pong(), "unasked"),
        other => panic!("a PONG should come: {other:?}"),
    }
    let mut anew = open(&address, "socketId=anew&attempt=3").await;
    assert_eq!(join(&site, &token, &mut anew).await, 200, "a join that was answered may be made anew, too");
    server.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_whose_key_was_taken_away_has_no_members_any_more() {
    let site = Site::new();
    let token = site.token();
    let server = site.start();
    let address = server.address().to_owned();
    let mut member = open(&address, "socketId=member&attempt=1").await;
    assert_eq!(join(&site, &token, &mut member).await, 200);
    server.signal(rustix::process::Signal::TERM);
    assert_eq!(close_code(&mut member).await, 1012);
    let (status, log) = server.ended();
    assert!(status.success(), "{status}: {log}");

    let other = site.of_another_project();
    let server = other.start_at(&address);
    let mut member = open(&address, "socketId=member&reconnect=true&attempt=2").await;
    assert_eq!(close_code(&mut member).await, 1011);
    let log = server.stop();
    assert!(log.contains("projects that this one does not know") && log.contains("sessions=1"), "{log}");
}
