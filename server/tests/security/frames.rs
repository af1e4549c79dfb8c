//! WebSocket frames that are none: each ends its own socket, and nobody else's.

use crate::member::Member;
use crate::support::{KEY, connect, session_of, start};
use otc_protocol::limits::{CLOSE_WITHIN, SERVER_SILENCE};
use otc_protocol::raptor::Body;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// An open WebSocket, byte for byte.
fn open(server: SocketAddr, socket: &str) -> TcpStream {
    let mut stream = connect(server);
    let head = format!(
        "GET /rumorwebsocketsv2?socketId={socket}&attempt=1 HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).expect("an open socket");
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("an answer");
        answer.push(byte[0]);
    }
    assert!(answer.starts_with(b"HTTP/1.1 101"), "{}", answer.escape_ascii());
    stream
}

/// A frame with a mask of zeros: its first byte, and what is in it.
fn frame(first: u8, content: &[u8]) -> Vec<u8> {
    let length = match content.len() {
        length @ 0..=125 => vec![0x80 | u8::try_from(length).expect("small")],
        length => [&[0xfe][..], &u16::try_from(length).expect("a short one").to_be_bytes()].concat(),
    };
    [&[first][..], &length, &[0; 4], content].concat()
}

/// A frame that says that it has so many bytes.
fn of_length(first: u8, length: u64) -> Vec<u8> {
    [&[first, 0xff][..], &length.to_be_bytes(), &[0; 4]].concat()
}

#[test]
fn frames_that_break_the_protocol_end_their_socket() {
    let server = start();
    let session = session_of(KEY);
    let mut member = Member::join(server.addr(), &session);
    let binary = frame(0x82, b"x");
    for (name, bytes) in [
        ("not masked", vec![0x82, 0x01, b'x']),
        ("a bit that is reserved", frame(0xc2, b"x")),
        ("compressed", frame(0xc1, b"\x2a\x00")),
        ("an operation that is reserved", frame(0x83, b"x")),
        ("a control operation that is reserved", frame(0x8b, b"x")),
        ("a continuation of nothing", frame(0x80, b"x")),
        ("a frame within another one", [frame(0x02, b"x"), binary.clone()].concat()),
        ("a ping in pieces", frame(0x09, b"x")),
        ("a ping of 200 bytes", frame(0x89, &[b'x'; 200])),
        ("a close of one byte", frame(0x88, b"x")),
        ("a close with a code that is none", frame(0x88, &999u16.to_be_bytes())),
        ("a close with a reason that is no text", frame(0x88, b"\x03\xe8\xff\xfe")),
        ("a text that is none", frame(0x81, b"\xff\xfe")),
        ("a frame of nearly everything", of_length(0x82, u64::MAX)),
        ("a frame of half of that", of_length(0x82, u64::MAX / 2)),
        ("a frame of a gigabyte", of_length(0x82, 1 << 30)),
        ("a ping of a gigabyte", of_length(0x89, 1 << 30)),
        ("half a gigabyte in pieces", of_length(0x02, 1 << 29)),
    ] {
        let mut stream = open(server.addr(), "broken");
        let start = Instant::now();
        stream.write_all(&bytes).expect("an open socket");
        // A reset is an end, too; a timeout would be none.
        let ended = stream.read_to_end(&mut Vec::new());
        assert!(ended.is_ok() || start.elapsed() < SERVER_SILENCE, "{name}: {ended:?}");
        assert!(start.elapsed() < SERVER_SILENCE, "{name}: it goes on for {:?}", start.elapsed());
    }
    member.say("signal", "/signal/own", &serde_json::json!({"data": "x"}));
    while !matches!(member.told().1, Body::Signal { .. }) {}
}

/// Pieces of nothing, without an end: no bound of size is ever reached.
#[test]
fn a_message_without_an_end_is_no_sign_of_life() {
    let server = start();
    let mut stream = open(server.addr(), "endless");
    stream.write_all(&frame(0x02, b"")).expect("an open socket");
    let start = Instant::now();
    // It has some time to close, and what it still sends is read for a while.
    let most = SERVER_SILENCE + 2 * CLOSE_WITHIN + Duration::from_secs(15);
    let pieces = frame(0x00, b"").repeat(500);
    // A pause keeps the test from being a load: ten thousand pieces in a second.
    while stream.write_all(&pieces).is_ok() {
        assert!(start.elapsed() < most, "it goes on for {:?}", start.elapsed());
        stream.set_read_timeout(Some(Duration::from_millis(50))).expect("an open socket");
        if matches!(stream.read(&mut [0; 1024]), Ok(0)) {
            break;
        }
    }
    println!("it ended after {:?}", start.elapsed());
    assert!(start.elapsed() >= SERVER_SILENCE, "it ended for another reason: {:?}", start.elapsed());
}
