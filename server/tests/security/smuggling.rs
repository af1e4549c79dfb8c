//! Requests within requests: what a proxy and the server could understand differently ends the connection, and nothing
//! that comes after it is answered.

use crate::raw::{LAST, answers, said, shown, statuses};
use crate::support::start;

/// A request that takes any body.
fn post(headers: &str, body: &str) -> Vec<u8> {
    format!("POST /logging/ClientEvent HTTP/1.1\r\nHost: h\r\n{headers}\r\n\r\n{body}").into_bytes()
}

#[test]
fn lengths_that_contradict_each_other_end_the_connection() {
    let server = start();
    // RFC 9112, section 6.1: chunks count, and nothing after them does.
    for headers in [
        "Content-Length: 6\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 6",
        "Content-Length: 0\r\nTransfer-Encoding: Chunked",
    ] {
        assert_eq!(statuses(server.addr(), &post(headers, "0\r\n\r\n")), [200], "{headers}");
    }
    for headers in [
        "Content-Length: 3\r\nContent-Length: 4",
        "Content-Length: 3, 3",
        "Content-Length: +3",
        "Content-Length: -1",
        "Content-Length: 0x3",
        "Content-Length: 3 3",
        "Content-Length: 3;",
        "Content-Length:",
        "Content-Length: \u{663}",
        "Content-Length: 18446744073709551616",
        "Content-Length : 3",
        "Content-Length\t: 3",
        " Content-Length: 3",
        "X: folded\r\n Content-Length: 3",
        "X: folded\r\n\tContent-Length: 3",
        "Content-Length: 3\rX: y",
        "Content-Length: 3\0",
        "Con\0tent-Length: 3",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: identity",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        "Transfer-Encoding: \u{b}chunked",
        "Transfer-Encoding: \"chunked\"",
        "Transfer-Encoding:\r\n chunked",
        "Transfer-Encoding : chunked",
        "no header at all",
        ": nameless",
    ] {
        assert_eq!(statuses(server.addr(), &post(headers, "abc")), [400], "{headers:?}");
    }
    for headers in [
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked, chunked",
    ] {
        assert_eq!(statuses(server.addr(), &post(headers, "0\r\n\r\n")), [501], "{headers:?}");
    }
    let old = b"POST /logging/ClientEvent HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    assert_eq!(statuses(server.addr(), old), [400]);
    // The same length twice says one thing (RFC 9110, section 8.6).
    let twice = post("Content-Length: 3\r\nContent-Length: 3", "abc");
    assert_eq!(statuses(server.addr(), &twice), [200, 200]);
}

#[test]
fn chunks_that_are_none_end_the_connection() {
    let server = start();
    let chunked = |body: &str| statuses(server.addr(), &post("Transfer-Encoding: chunked", body));
    for body in [
        "-1\r\nabc\r\n0\r\n\r\n",
        "+3\r\nabc\r\n0\r\n\r\n",
        "0x3\r\nabc\r\n0\r\n\r\n",
        "3 3\r\nabc\r\n0\r\n\r\n",
        "g\r\nabc\r\n0\r\n\r\n",
        "\r\nabc\r\n0\r\n\r\n",
        "3\nabc\r\n0\r\n\r\n",
        "3\r\nabcd\r\n0\r\n\r\n",
        "3\r\nabc0\r\n\r\n",
        "3;x\ny\r\nabc\r\n0\r\n\r\n",
        "10000000000000003\r\nabc\r\n0\r\n\r\n",
        "ffffffffffffffff0\r\nabc\r\n0\r\n\r\n",
        &format!("3;{}\r\nabc\r\n0\r\n\r\n", "x".repeat(100_000)),
        &format!("0\r\nX: {}\r\n\r\n", "x".repeat(100_000)),
    ] {
        assert_eq!(chunked(body), [400], "{}", shown(body.as_bytes()));
    }
    for body in ["3\r\nabc\r\n0\r\n\r\n", "003;a=b\r\nabc\r\n0\r\n\r\n", "0\r\nContent-Length: 9\r\n\r\n"] {
        assert_eq!(chunked(body), [200, 200], "{body:?}");
    }
}

#[test]
fn heads_that_are_none_end_the_connection() {
    let server = start();
    let path = "/project/1/config.json";
    for head in [
        format!("GET {path} HTTP/1.1\rHost: h\r\n\r\n"),
        format!("GET  {path} HTTP/1.1\r\nHost: h\r\n\r\n"),
        format!("GET {path}  HTTP/1.1\r\nHost: h\r\n\r\n"),
        format!("GET\t{path} HTTP/1.1\r\nHost: h\r\n\r\n"),
        format!(" GET {path} HTTP/1.1\r\nHost: h\r\n\r\n"),
        format!("GET {path}\r\nHost: h\r\n\r\n"),
        format!("GET {path} HTTP/1.2\r\nHost: h\r\n\r\n"),
        format!("GET {path} HTTP/0.9\r\nHost: h\r\n\r\n"),
        format!("GET {path} HTTP/2.0\r\nHost: h\r\n\r\n"),
        format!("GET {path} http/1.1\r\nHost: h\r\n\r\n"),
        format!("GET {path}\0 HTTP/1.1\r\nHost: h\r\n\r\n"),
        format!("G(T {path} HTTP/1.1\r\nHost: h\r\n\r\n"),
        format!("GET {path} HTTP/1.1\r\n\r\n"),
        format!("GET {path} HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n"),
        format!("GET {path} HTTP/1.1\r\nHost: h\r\nHost: evil\r\n\r\n"),
    ] {
        assert_eq!(statuses(server.addr(), head.as_bytes()), [400], "{head:?}");
    }
    let preface = said(server.addr(), b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    assert!(answers(&preface).iter().all(|answer| answer.status == 400), "{}", shown(&preface));
    // A line may end without CR (RFC 9112, section 2.2); then it ends for every line.
    let lines = format!("POST /logging/ClientEvent HTTP/1.1\nHost: h\nX: y\nContent-Length: 3\n\nabc{LAST}");
    assert_eq!(answers(&said(server.addr(), lines.as_bytes())).len(), 2);
}

#[test]
fn a_body_is_never_the_next_request() {
    let server = start();
    let hidden = "GET /hidden HTTP/1.1\r\nHost: h\r\n\r\n";
    for line in [
        "GET /project/1/config.json",
        "GET /session/s",
        "HEAD /session/s",
        "OPTIONS /session/s",
        "GET /rumorwebsocketsv2?socketId=a",
        "GET /nothing",
        "PUT /session/create",
        "DELETE /v2/project/1/session/s/connection/c",
        "POST /session/create",
    ] {
        for framed in [
            format!("Content-Length: {}\r\n\r\n{hidden}", hidden.len()),
            format!("Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{hidden}\r\n0\r\n\r\n", hidden.len()),
        ] {
            let request = format!("{line} HTTP/1.1\r\nHost: h\r\n{framed}{LAST}");
            let said = said(server.addr(), request.as_bytes());
            // The connection goes on with the last one, or ends.
            let said = String::from_utf8(said).expect("text");
            let count = said.matches("HTTP/1.1 ").count();
            assert!((1..=2).contains(&count), "{line}: {said}");
            assert_eq!(
                said.matches("HTTP/1.1 404").count(),
                usize::from(line == "GET /nothing"),
                "{line}: {said}"
            );
        }
    }
}

#[test]
fn an_upgrade_with_a_body_is_none() {
    let server = start();
    let upgrade = "GET /rumorwebsocketsv2?socketId=a HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\n\
                   Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    for (headers, body) in [
        ("Content-Length: 5", "hello"),
        ("Transfer-Encoding: chunked", "0\r\n\r\n"),
        ("Content-Length: 6\r\nTransfer-Encoding: chunked", "0\r\n\r\nG"),
    ] {
        let said = said(server.addr(), format!("{upgrade}{headers}\r\n\r\n{body}{LAST}").as_bytes());
        let first = &answers(&said)[0];
        assert_eq!(first.status, 400, "{headers}: {first:?}");
    }
    // Other protocols than ours are passed over.
    for wanted in ["h2c", "TLS/1.3", "websocket"] {
        let request = format!(
            "GET /project/1/config.json HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\n\
             Upgrade: {wanted}\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n\r\n"
        );
        assert_eq!(statuses(server.addr(), request.as_bytes()), [200, 200], "{wanted}");
    }
}
