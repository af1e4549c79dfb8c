//! Thousands who come and say nothing, or half of something: whoever is served does not notice, and they are gone in time.

use crate::DEADLINE;
use crate::member::Member;
use crate::process::{Site, raise_file_limit};
use crate::raw::{LAST, answers, said as said_to};
use crate::support::connect;
use otc_protocol::limits::{ADDRESS_REQUESTS_BYTES, CLIENT_SILENCE, HTTP_HEAD_BYTES, HTTP_REPORT_BYTES};
use otc_protocol::raptor::Body;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// Of each kind.
const CROWD: usize = 600;
/// Of those who say as much as they may: more than there is room for.
const FULL_CROWD: usize = 1600;
/// What one of them may cost the server.
const BYTES_EACH: u64 = 32 * 1024;

const HALF_HEAD: &[u8] = b"GET /session/s HTTP/1.1\r\nHost: h\r\nX-OPENTOK-AUTH: ";
const HALF_UPGRADE: &[u8] =
    b"GET /rumorwebsocketsv2?socketId=a HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\n\
                            Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbX";
/// Ends like a request of ours, and then nobody joins.
const SILENT_SOCKET: &[u8] =
    b"GET /rumorwebsocketsv2?socketId=NUMBER HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\n\
                              Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                              Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// A frame of 128 KiB, of which four bytes come.
const HALF_FRAME: &[u8] = &[0x82, 0xff, 0, 0, 0, 0, 0, 2, 0, 0, 1, 2, 3, 4, 9, 9, 9, 9];

/// Connections that have said this much.
fn crowd(server: SocketAddr, said: &[u8]) -> Vec<TcpStream> {
    let come = |number: usize| {
        let mut stream = connect(server);
        stream.set_read_timeout(Some(DEADLINE)).expect("an open socket");
        // Each socket needs an id of its own.
        let own = format!("{number:06}");
        let place = said.windows(6).position(|bytes| bytes == b"NUMBER");
        let said = place
            .map_or(said.to_vec(), |place| [&said[..place], own.as_bytes(), &said[place + 6..]].concat());
        stream.write_all(&said).expect("an open socket");
        stream
    };
    (0..CROWD).map(come).collect()
}

/// Says something to everybody, and how long it took until it came back.
fn round_trip(member: &mut Member) -> Duration {
    let start = Instant::now();
    member.say("signal", "/signal/s", &serde_json::json!({"data": "x"}));
    while !matches!(member.told().1, Body::Signal { .. }) {}
    start.elapsed()
}

#[test]
fn whoever_is_served_does_not_notice_and_they_are_gone_in_time() {
    raise_file_limit(9 * CROWD); // Both tests may run at one time.
    let site = Site::new();
    let config = site.file("door.toml", "[limits]\nhead_seconds = 3\n");
    let server = site.spawn("127.0.0.1:0", &["--config", &config]).listening().expect("a free port");
    let address: SocketAddr = server.address().parse().expect("an address");
    let mut member = Member::join_with(address, &site.session, &site.token()).expect("joined");
    let (before, start) = (server.resident(), Instant::now());
    let mut worst = round_trip(&mut member);
    let half_frame = String::from_utf8_lossy(SILENT_SOCKET).replace("NUMBER", "f-NUMBER").into_bytes();
    let half_frame = [half_frame, HALF_FRAME.to_vec()].concat();
    let mut all = Vec::new();
    for said in [b"", HALF_HEAD, HALF_UPGRADE, SILENT_SOCKET, &half_frame] {
        all.extend(crowd(address, said));
        worst = worst.max(round_trip(&mut member));
    }
    let grown = server.resident().saturating_sub(before);
    let gone = std::thread::spawn(move || {
        for mut stream in all {
            // A reset is an end, too; a timeout would be none.
            if let Err(error) = stream.read_to_end(&mut Vec::new()) {
                assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{error}");
            }
        }
    });
    while !gone.is_finished() {
        worst = worst.max(round_trip(&mut member));
    }
    gone.join().expect("all are gone");
    let took = start.elapsed();
    println!(
        "{} gone after {took:?}, {} KiB each, longest round trip {worst:?}",
        5 * CROWD,
        grown / 1024 / (5 * CROWD as u64)
    );
    assert!(worst < CLIENT_SILENCE, "a client would have noticed: {worst:?}");
    assert!(grown < 5 * CROWD as u64 * BYTES_EACH, "{grown} bytes");
    server.stop();
}

/// Bytes that have come to the server and that it has not read.
fn unread(server: SocketAddr) -> u64 {
    let table = std::fs::read_to_string("/proc/net/tcp").expect("every system has it");
    let local = format!(":{:04X}", server.port());
    let queues = table.lines().skip(1).filter_map(|line| {
        let mut columns = line.split_whitespace().skip(1);
        let is_here = columns.next()?.ends_with(&local);
        let queues = columns.nth(2)?.split_once(':')?;
        is_here.then(|| u64::from_str_radix(queues.1, 16).expect("a number"))
    });
    queues.sum()
}

/// Connections that have said this much, if the server took it: some are closed before all is said.
fn full_crowd(server: SocketAddr, said: &[u8]) -> Vec<TcpStream> {
    let come = |_| {
        let mut stream = connect(server);
        stream.set_read_timeout(Some(DEADLINE)).expect("an open socket");
        let _ = stream.write_all(said);
        stream
    };
    (0..FULL_CROWD).map(come).collect()
}

/// Heads and reports that are as large as may be, and lack their end.
#[test]
fn whoever_says_much_and_does_not_end_it_costs_little_too() {
    raise_file_limit(9 * CROWD); // Both tests may run at one time.
    let filler = "y".repeat(HTTP_HEAD_BYTES - 4096);
    let body = "z".repeat(HTTP_REPORT_BYTES - 1000);
    let head = format!("GET /session/s HTTP/1.1\r\nHost: h\r\nX: {filler}");
    let post = "POST /logging/ClientEvent HTTP/1.1\r\nHost: h\r\n";
    let length = format!("Content-Length: {HTTP_REPORT_BYTES}\r\n\r\n");
    let report = format!("{post}{length}{body}");
    let both = format!("{post}X: {filler}\r\n{length}{body}");
    for said in [head, report, both] {
        let site = Site::new();
        let server = site.spawn("127.0.0.1:0", &[]).listening().expect("a free port");
        let address: SocketAddr = server.address().parse().expect("an address");
        let mut member = Member::join_with(address, &site.session, &site.token()).expect("joined");
        let before = server.resident();
        let all = full_crowd(address, said.as_bytes());
        let start = Instant::now();
        while unread(address) > 0 {
            assert!(start.elapsed() < DEADLINE, "the server does not read");
        }
        let (worst, grown) = (round_trip(&mut member), server.resident().saturating_sub(before));
        println!("{} KiB each, round trip {worst:?}", grown / 1024 / FULL_CROWD as u64);
        assert!(worst < CLIENT_SILENCE, "a client would have noticed: {worst:?}");
        // What is held, and as much again for the holes that it leaves.
        let most = FULL_CROWD as u64 * BYTES_EACH + 2 * ADDRESS_REQUESTS_BYTES as u64;
        assert!(grown < most, "{grown} bytes, at most {most}");
        // Whoever says as much as people do is served.
        assert_eq!(answers(&said_to(address, LAST.as_bytes()))[0].status, 200);
        drop(all);
        // What they held is given back. The server may take a moment to see that they are gone.
        let filled = LAST.replace("X-Last: yes", &format!("X-Last: {filler}"));
        let start = Instant::now();
        while answers(&said_to(address, filled.as_bytes())).is_empty() {
            assert!(start.elapsed() < DEADLINE, "there is no room for large heads any more");
        }
        let log = server.stop();
        let lines = log.lines().filter(|line| line.contains("its address holds")).count() as u64;
        assert!((1..=DEADLINE.as_secs() / 10).contains(&lines), "{log}");
    }
}
