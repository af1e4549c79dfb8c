//! Connections: bounds, keep-alive, start and stop.

use crate::support::{Answer, DEADLINE, Request, connect, pair, start};
use otc_protocol::limits::{HTTP_HEAD_BYTES, HTTP_HEADERS};
use otc_server::{Config, Server};
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;

/// One answer of a connection that stays open.
fn next_answer(reader: &mut BufReader<TcpStream>) -> Answer {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        assert_ne!(reader.read_until(b'\n', &mut head).unwrap(), 0, "closed");
    }
    let answer = Answer::read(&head);
    let length = answer.header("content-length").parse().unwrap();
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    Answer { body: String::from_utf8(body).unwrap(), ..answer }
}

#[test]
fn a_connection_serves_many_requests() {
    let server = start();
    let stream = connect(server.addr());
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    for (request, status) in [
        ("GET /project/1/config.json HTTP/1.1\r\nHost: h\r\n\r\n", 200),
        ("POST /logging/ClientEvent HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc", 200),
        (
            "POST /session/create HTTP/1.1\r\nHost: h\r\nAccept: application/json\r\nContent-Length: 0\r\n\r\n",
            403,
        ),
        ("GET /nothing HTTP/1.1\r\nHost: h\r\n\r\n", 404),
        ("GET /project/1/config.json HTTP/1.1\r\nHost: h\r\n\r\n", 200),
    ] {
        (&stream).write_all(request.as_bytes()).unwrap();
        assert_eq!(next_answer(&mut reader).status, status, "{request}");
    }
}

#[test]
fn unknown_addresses_and_methods_are_errors_with_a_message() {
    let server = start();
    for (line, status) in [
        ("GET /", 404),
        ("GET /v2/project/123456/unknown", 404),
        ("DELETE /session/create", 405),
        ("POST /rumorwebsocketsv2", 405),
        ("PUT /v2/project/1/session/s/signal", 405),
    ] {
        assert_eq!(Request::new(line).send(server.addr()).error().0, status, "{line}");
    }
}

/// What the server answers to bytes that are no request, and that it closes the connection then.
fn answer_to(server: &Server, bytes: &[u8]) -> Vec<u8> {
    let mut stream = connect(server.addr());
    // The server may have closed before everything is written.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}"),
    }
    answer
}

#[test]
fn what_is_no_request_ends_its_connection_alone() {
    let server = start();
    let line = "GET /project/1/config.json HTTP/1.1\r\nHost: h\r\n";
    let many = "X: y\r\n".repeat(HTTP_HEADERS + 1);
    for (bytes, status) in [
        (b"\x16\x03\x01\x00\x05hello\r\n\r\n".to_vec(), "400"),
        (b"nonsense\r\n\r\n".to_vec(), "400"),
        (format!("{line}Content-Length: x\r\n\r\n").into_bytes(), "400"),
        (format!("{line}{many}\r\n").into_bytes(), "431"),
        (format!("{line}X: {}\r\n\r\n", "y".repeat(2 * HTTP_HEAD_BYTES)).into_bytes(), "431"),
    ] {
        let answer = answer_to(&server, &bytes);
        let answer = String::from_utf8_lossy(&answer);
        // Who is still sending when the connection closes may lose the answer.
        let may_be_lost = bytes.len() > HTTP_HEAD_BYTES && answer.is_empty();
        assert!(may_be_lost || answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
    }
    assert_eq!(Request::new("GET /project/1/config.json").send(server.addr()).status, 200);
}

#[test]
fn a_stopped_server_closes_its_port_and_its_connections() {
    let server = start();
    let address = server.addr();
    let mut idle = connect(address);
    let mut reader = BufReader::new(connect(address));
    reader.get_mut().write_all(b"GET /project/1/config.json HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
    assert_eq!(next_answer(&mut reader).status, 200);
    server.stop();
    assert!(TcpStream::connect_timeout(&address, DEADLINE).is_err(), "the port is closed");
    let mut rest = Vec::new();
    for stream in [&mut idle, reader.get_mut()] {
        assert!(matches!(stream.read_to_end(&mut rest), Ok(0) | Err(_)), "the connection is closed");
    }
}

#[test]
fn a_taken_port_is_an_error() {
    let server = start();
    let config = Config { listen: server.addr(), ..Config::local(pair()) };
    assert_eq!(Server::start(config).err().map(|error| error.kind()), Some(ErrorKind::AddrInUse));
}
