//! Heads that are too much: of headers, of bytes, of an address.

use crate::raw::{answers, said, shown};
use crate::support::{Request, connect, start};
use otc_protocol::limits::{HTTP_HEAD_BYTES, HTTP_HEADERS};
use std::io::{ErrorKind, Read, Write};

const LINE: &str = "GET /project/1/config.json HTTP/1.1\r\nHost: h\r\nConnection: close\r\n";

#[test]
fn as_many_headers_as_the_bound_says() {
    let server = start();
    let with = |count: usize| {
        let others = (0..count - 2).map(|index| format!("X-{index}: y\r\n")).collect::<Vec<_>>().concat();
        let said = said(server.addr(), format!("{LINE}{others}\r\n").as_bytes());
        answers(&said)[0].status
    };
    assert_eq!(with(HTTP_HEADERS), 200);
    for count in [HTTP_HEADERS + 1, 5_000, 16_000] {
        assert_eq!(with(count), 431, "{count}");
    }
}

#[test]
fn as_many_bytes_as_the_bound_says() {
    let server = start();
    let status = |head: String| {
        let said = said(server.addr(), head.as_bytes());
        // Who is still sending when the connection closes may lose the answer.
        answers(&said).first().map(|answer| answer.status)
    };
    let filled = |bytes: usize| format!("{LINE}X: {}\r\n\r\n", "y".repeat(bytes - LINE.len() - 7));
    assert_eq!(status(filled(HTTP_HEAD_BYTES - 1)), Some(200));
    assert_eq!(status(filled(HTTP_HEAD_BYTES + 1)), Some(431));
    assert!(matches!(status(filled(16 * HTTP_HEAD_BYTES)), None | Some(431)));
    // Ninety headers of 800 bytes.
    let many = format!("X: {}\r\n", "y".repeat(800)).repeat(90);
    assert!(matches!(status(format!("{LINE}{many}\r\n")), None | Some(431)));
    let long_address = format!("GET /{} HTTP/1.1\r\nHost: h\r\n\r\n", "a".repeat(2 * HTTP_HEAD_BYTES));
    assert!(matches!(status(long_address), None | Some(414 | 431)));
    let long_name = format!("{LINE}{}: y\r\n\r\n", "x".repeat(2 * HTTP_HEAD_BYTES));
    assert!(matches!(status(long_name), None | Some(431)));
    let long_method = format!("{} / HTTP/1.1\r\nHost: h\r\n\r\n", "G".repeat(2 * HTTP_HEAD_BYTES));
    assert!(matches!(status(long_method), None | Some(400 | 431)));
    assert_eq!(Request::new("GET /project/1/config.json").send(server.addr()).status, 200);
}

/// A head without an end is not read to its end.
#[test]
fn an_endless_head_is_not_kept() {
    let server = start();
    for endless in ["X", "X: y\r\n", "\r\n"] {
        let mut stream = connect(server.addr());
        let beginning = if endless == "\r\n" { "" } else { LINE };
        let part = endless.repeat(10_000 / endless.len());
        let mut taken = stream.write(beginning.as_bytes()).expect("an open socket");
        let refused = loop {
            match stream.write(part.as_bytes()) {
                Ok(bytes) => taken += bytes,
                Err(error) => break error.kind(),
            }
            assert!(taken < 200_000_000, "{} is taken without end", shown(endless.as_bytes()));
        };
        assert!(matches!(refused, ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), "{refused}");
        let _ = stream.read_to_end(&mut Vec::new());
    }
}

#[test]
fn a_thousand_requests_at_once_are_answered_in_their_order() {
    let server = start();
    let mut asked = String::new();
    for index in 0..1000 {
        let path = if index % 2 == 0 { "/project/1/config.json" } else { "/nothing" };
        asked.extend(["GET ", path, " HTTP/1.1\r\nHost: h\r\n\r\n"]);
    }
    asked.extend([LINE, "\r\n"]);
    let answers = answers(&said(server.addr(), asked.as_bytes()));
    assert_eq!(answers.len(), 1001);
    for (index, answer) in answers.iter().enumerate() {
        assert_eq!(answer.status, if index % 2 == 0 { 200 } else { 404 }, "{index}");
    }
}
