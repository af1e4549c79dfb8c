//! Requests in which anything may be wrong: none is answered with a fault of the server, and nobody else notices.

use crate::member::Member;
use crate::raw::{shown, start_patient};
use crate::support::{KEY, connect, rest_token, session_of};
use otc_protocol::limits::CLIENT_SILENCE;
use otc_protocol::raptor::Body;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::time::Instant;

const REQUESTS: usize = 3000;

/// What may be put in anywhere.
const PIECES: [&[u8]; 24] = [
    b"\r\n",
    b"\n",
    b"\r",
    b"\r\n\r\n",
    b"\0",
    b" ",
    b"\t",
    b":",
    b"%",
    b"%00",
    b"%2f..",
    b"\xff",
    b"{",
    b"\"",
    b"Content-Length: 5\r\n",
    b"Content-Length: 99999999999\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Connection: upgrade\r\nUpgrade: websocket\r\n",
    b"Expect: 100-continue\r\n",
    b"Host: other\r\n",
    b"5\r\nhello\r\n",
    b"0\r\n\r\n",
    b"GET / HTTP/1.1\r\n",
    b"HTTP/1.1 500 forged\r\n\r\n",
];

/// Sound requests, to begin with.
fn sound(session: &str) -> Vec<Vec<u8>> {
    let token = rest_token(KEY, crate::support::SECRET);
    let base = format!("/v2/project/{KEY}/session/{session}");
    let json = "{\"type\":\"t\",\"data\":\"from the application\"}";
    let form = "p2p.preference=enabled&archiveMode=manual";
    let upgrade = "Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let with_body = |line: &str, body: &str| {
        format!(
            "{line} HTTP/1.1\r\nHost: h\r\nX-OPENTOK-AUTH: {token}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    [
        with_body("POST /session/create", form),
        with_body(&format!("POST {base}/signal"), json),
        with_body(&format!("PUT {base}/stream"), "{\"items\":[]}"),
        with_body(&format!("POST {base}/stream/{}/mute", crate::support::SOMEBODY), ""),
        with_body(&format!("POST /v2/project/{KEY}/archive"), "{\"sessionId\":\"s\"}"),
        with_body(
            &format!("POST /v2/project/{KEY}/callback"),
            "{\"group\":\"connection\",\"event\":\"created\",\"url\":\"http://192.0.2.1/\"}",
        ),
        with_body("POST /logging/ClientEvent", json),
        format!("GET {base}/connection HTTP/1.1\r\nHost: h\r\nX-OPENTOK-AUTH: {token}\r\n\r\n"),
        format!("GET /session/{session}?extended=true HTTP/1.1\r\nHost: h\r\n\r\n"),
        format!("GET /rumorwebsocketsv2?socketId=a&attempt=b HTTP/1.1\r\nHost: h\r\n{upgrade}\r\n"),
    ]
    .map(String::into_bytes)
    .into()
}

/// Changes it in one to four places.
fn spoilt(random: &mut StdRng, mut request: Vec<u8>) -> Vec<u8> {
    for _ in 0..random.random_range(1..=4) {
        let place = random.random_range(0..=request.len());
        match random.random_range(0..5) {
            0 if place < request.len() => request[place] = random.random(),
            1 => request.truncate(place),
            2 => {
                let end = (place + random.random_range(1..40)).min(request.len());
                request.drain(place..end);
            }
            3 => {
                let piece = PIECES.choose(random).expect("some");
                let times = if random.random_ratio(1, 20) { 2000 } else { 1 };
                request.splice(place..place, piece.repeat(times));
            }
            _ => {
                let copied = request[place..].to_vec();
                request.extend(copied);
            }
        }
    }
    request
}

/// The status of every answer, until the server closes the connection.
fn answered(server: SocketAddr, request: &[u8]) -> Vec<String> {
    let mut stream = connect(server);
    // It may have closed before everything is written.
    let _ = stream.write_all(request);
    let _ = stream.shutdown(Shutdown::Write);
    let mut said = Vec::new();
    if let Err(error) = stream.read_to_end(&mut said) {
        assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{}", shown(request));
    }
    let said = String::from_utf8_lossy(&said);
    said.split("HTTP/1.1 ").skip(1).map(|answer| answer.chars().take(3).collect()).collect()
}

#[test]
fn nothing_that_is_sent_makes_the_server_fail() {
    let seed = std::env::var("OTC_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(0x6f74_6364);
    println!("OTC_TEST_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let server = start_patient();
    let session = session_of(KEY);
    let mut member = Member::join(server.addr(), &session);
    let sound = sound(&session);
    for request in &sound {
        let statuses = answered(server.addr(), request);
        assert!(statuses.iter().all(|status| !status.starts_with('5')), "{}: {statuses:?}", shown(request));
    }
    for number in 0..REQUESTS {
        let request = sound.choose(&mut random).expect("some").clone();
        let request = spoilt(&mut random, request);
        let statuses = answered(server.addr(), &request);
        // What is in the transfer coding is the one thing that the server says it cannot do.
        let failed = statuses.iter().any(|status| status.starts_with('5') && status != "501");
        assert!(!failed, "{number}: {}: {statuses:?}", shown(&request));
        if number.is_multiple_of(100) {
            let start = Instant::now();
            member.say("signal", "/signal/own", &serde_json::json!({"data": number}));
            while !matches!(member.told(), (from, Body::Signal { .. }) if from == member.id) {}
            assert!(start.elapsed() < CLIENT_SILENCE, "{number}: {:?}", start.elapsed());
        }
    }
}
