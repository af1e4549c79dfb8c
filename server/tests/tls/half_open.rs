//! Two thousand who begin a handshake and leave it there: whoever is served does not notice, and they are gone in time.

use super::DEADLINE;
use super::authority::Authority;
use super::process::{KEY, Site, raise_file_limit};
use super::program::{Heard, Program, Wishes};
use otc_protocol::limits::CLIENT_SILENCE;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// Half of them silent, half of them with the beginning of a handshake.
const CROWD: usize = 2000;
/// What one of them may cost the server.
const BYTES_EACH: u64 = 32 * 1024;
const HALF_HELLO: &[u8] = &[0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03];

fn begin(server: SocketAddr, number: usize) -> TcpStream {
    let mut stream = TcpStream::connect_timeout(&server, DEADLINE).expect("the server listens");
    stream.set_read_timeout(Some(DEADLINE)).expect("an open socket");
    if number.is_multiple_of(2) {
        stream.write_all(HALF_HELLO).expect("an open socket");
    }
    stream
}

/// Says something to itself, and how long it took until it came back.
fn round_trip(program: &Program, id: &str) -> Duration {
    let start = Instant::now();
    program.signal("t", "x");
    assert_eq!(program.next(), Heard::signal("t", "x", Some(id)));
    start.elapsed()
}

#[test]
fn whoever_is_served_does_not_notice_and_they_are_gone_in_time() {
    raise_file_limit(CROWD + 500);
    let authority = Authority::new();
    let (files, site) = (authority.issue(), Site::new());
    let config = site.file("tls.toml", "[limits]\nhandshake_seconds = 3\n");
    let (cert, key) = (files.cert.to_str().expect("text"), files.key.to_str().expect("text"));
    let arguments = ["--config", &config, "--tls-cert", cert, "--tls-key", key];
    let server = site.spawn("127.0.0.1:0", &arguments).listening().expect("a free port");
    let address: SocketAddr = server.address().parse().expect("an address");
    let ca_file = authority.path();
    let wishes = Wishes { api_url: Some(&server.url), ca_file: Some(&ca_file), ..Wishes::default() };
    let program = Program::new(KEY, &site.session, &wishes);
    program.connect(&site.token());
    let id = program.wait_for_connected();

    let mut worst = round_trip(&program, &id);
    let (before, start) = (server.resident(), Instant::now());
    let mut crowd = Vec::new();
    for number in 0..CROWD {
        crowd.push(begin(address, number));
        if number.is_multiple_of(100) {
            worst = worst.max(round_trip(&program, &id));
        }
    }
    let each = server.resident().saturating_sub(before) / CROWD as u64;
    let gone = std::thread::spawn(move || {
        for mut stream in crowd {
            // A reset is an end, too; a timeout would be none.
            if let Err(error) = stream.read_to_end(&mut Vec::new()) {
                assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}");
            }
        }
    });
    while !gone.is_finished() {
        worst = worst.max(round_trip(&program, &id));
        assert!(authority.has_certified(address), "others can still come in");
    }
    gone.join().expect("all are gone");
    println!("{CROWD} gone after {:?}, {each} bytes each, longest round trip {worst:?}", start.elapsed());
    assert!(each < BYTES_EACH, "{each} bytes");
    assert!(worst < CLIENT_SILENCE, "a client would have noticed: {worst:?}");
    drop(program);
    server.stop();
}
