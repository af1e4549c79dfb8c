//! Bytes on a connection, and every answer to them.

use crate::support::{Answer, connect, pair};
use otc_server::config::RestRates;
use otc_server::{Config, KeyPair, Server};
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::SocketAddr;

/// A request that is sound, has its own answer, and ends its connection: what comes after an attack.
pub(crate) const LAST: &str =
    "GET /project/1/config.json HTTP/1.1\r\nHost: h\r\nX-Last: yes\r\nConnection: close\r\n\r\n";

/// A server for two projects that lets everybody try as often as he likes.
pub(crate) fn start_patient() -> Server {
    let mut config = Config::local(pair());
    config.projects.push(KeyPair::new("654321", "another-secret").expect("a pair").into());
    config.rest_rates = RestRates { per_second: 0, failed_per_second: 0 };
    Server::start(config).expect("a server")
}

/// What the server says until it closes the connection, which it must.
pub(crate) fn said(server: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = connect(server);
    // It may have closed before everything is written.
    let _ = stream.write_all(bytes);
    let mut said = Vec::new();
    match stream.read_to_end(&mut said) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{}", shown(bytes)),
    }
    said
}

/// The answers in it.
pub(crate) fn answers(mut said: &[u8]) -> Vec<Answer> {
    let mut answers = Vec::new();
    while let Some(end) = said.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
        let (head, rest) = said.split_at(end + 4);
        let mut answer = Answer::read(head);
        let length = answer.header("content-length").parse().unwrap_or(0).min(rest.len());
        answer.body = String::from_utf8(rest[..length].to_vec()).expect("text");
        answers.push(answer);
        said = &rest[length..];
    }
    assert!(said.is_empty(), "no answer: {}", shown(said));
    answers
}

/// The statuses of all answers to these bytes and [`LAST`] after them.
pub(crate) fn statuses(server: SocketAddr, bytes: &[u8]) -> Vec<u16> {
    let said = said(server, &[bytes, LAST.as_bytes()].concat());
    answers(&said).iter().map(|answer| answer.status).collect()
}

/// The beginning of it, for people.
pub(crate) fn shown(bytes: &[u8]) -> String {
    bytes[..bytes.len().min(300)].escape_ascii().to_string()
}

/// The status of the answer to somebody who opens a WebSocket.
pub(crate) fn opened(server: SocketAddr, socket: &str, headers: &str) -> u16 {
    let head = format!(
        "GET /rumorwebsocketsv2?socketId={socket} HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
    );
    let mut stream = connect(server);
    stream.write_all(head.as_bytes()).expect("an open socket");
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).expect("an answer");
    line[9..12].parse().expect("a status")
}
