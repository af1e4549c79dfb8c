//! A server that lets so many in each second: a client that comes too soon is told when to come again, and does.
#![allow(
    unsafe_code,
    dead_code,
    clippy::undocumented_unsafe_blocks,
    reason = "the C API is called as C calls it: with what the test holds; and its helpers are those of other tests too"
)]

mod common;

use common::program::Heard;
use common::world::{World, pair};
use otc_server::{Config, listener};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

/// Whether this request is refused with 429.
fn is_put_off(world: &World, request: &str) -> bool {
    let mut stream = TcpStream::connect(world.server.addr()).expect("the server listens");
    stream.write_all(request.as_bytes()).expect("an open socket");
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).expect("an answer");
    line.starts_with("HTTP/1.1 429")
}

#[test]
fn who_comes_too_soon_comes_again_and_is_let_in() {
    let limits = listener::Settings { arrivals_per_address: Some(1), ..listener::Settings::default() };
    let world = World::with(Config { listener: limits, ..Config::local(pair()) });
    let ask = format!("GET /session/{} HTTP/1.1\r\nHost: h\r\n\r\n", world.session_id);
    let open = "GET /rumorwebsocketsv2?socketId=other HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\n\
                Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    for request in [open, &ask, open, &ask] {
        while !is_put_off(&world, request) {}
    }
    let (ada, id) = world.member("ada");
    ada.signal("t", "here");
    assert_eq!(ada.next(), Heard::signal("t", "here", Some(&id)));
}
