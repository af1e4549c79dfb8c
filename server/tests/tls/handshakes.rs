//! Handshakes, and what is said after them.

use super::DEADLINE;
use super::authority::{Authority, Spoken};
use super::process::{KEY, SECRET};
use super::program::{Heard, Program, Wishes};
use otc_server::mint::{self, TokenRequest};
use otc_server::{Config, KeyPair, Server};
use rustls::ProtocolVersion;
use rustls::version::{TLS12, TLS13};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Instant;

fn pair() -> KeyPair {
    KeyPair::new(KEY, SECRET).expect("a pair")
}

fn start(authority: &Authority) -> Server {
    let config = Config { tls: Some(authority.issue()), ..Config::local(pair()) };
    Server::start(config).expect("a server")
}

/// A session and a token for it.
fn session() -> (String, String) {
    let session = mint::session(&pair().project, true).expect("minted");
    let token = mint::token(&pair(), &TokenRequest::new(&session)).expect("minted");
    (session, token)
}

fn program(server: &Server, authority: &Authority, (session, token): &(String, String)) -> (Program, String) {
    let (url, ca_file) = (server.url(), authority.path());
    let wishes = Wishes { api_url: Some(&url), ca_file: Some(&ca_file), ..Wishes::default() };
    let program = Program::new(KEY, session, &wishes);
    program.connect(token);
    let id = program.wait_for_connected();
    (program, id)
}

#[test]
fn the_c_client_joins_and_signals_by_wss() {
    let authority = Authority::new();
    let server = start(&authority);
    assert!(server.url().starts_with("https://127.0.0.1:"), "{}", server.url());
    let session = session();
    let (ada, ada_id) = program(&server, &authority, &session);
    let (bob, bob_id) = program(&server, &authority, &session);
    assert_eq!(ada.next(), Heard::Came { id: bob_id, data: String::new() });
    assert_eq!(bob.next(), Heard::Came { id: ada_id.clone(), data: String::new() });
    // More than the buffers of TLS and of the system hold.
    let text = "x".repeat(8000);
    for _ in 0..500 {
        ada.signal("many", &text);
    }
    for _ in 0..500 {
        assert_eq!(bob.next(), Heard::signal("many", &text, Some(&ada_id)));
        assert_eq!(ada.next(), Heard::signal("many", &text, Some(&ada_id)));
    }
    bob.disconnect();
    assert_eq!(bob.next(), Heard::Disconnected);
    assert!(matches!(ada.next(), Heard::Went { .. }));
}

#[test]
fn session_info_leads_to_wss() {
    let authority = Authority::new();
    let server = start(&authority);
    let (session, token) = session();
    let get = |headers: &str| {
        let spoken = Spoken::to(server.addr(), authority.client(rustls::ALL_VERSIONS)).expect("a handshake");
        spoken.get(&format!("/session/{session}"), &format!("X-OPENTOK-AUTH: {token}\r\n{headers}"))
    };
    let answer = get("");
    assert!(answer.contains("\"messaging_url\":\"wss://h/rumorwebsocketsv2\""), "{answer}");
}

#[test]
fn both_versions_are_spoken_and_http_1_1_alone() {
    let authority = Authority::new();
    let server = start(&authority);
    for (version, expected) in [(&TLS12, ProtocolVersion::TLSv1_2), (&TLS13, ProtocolVersion::TLSv1_3)] {
        for offered in [&[][..], &["http/1.1"], &["h2", "http/1.1"]] {
            let mut client = authority.client(&[version]);
            client.alpn_protocols = offered.iter().map(|name| name.as_bytes().to_vec()).collect();
            let spoken = Spoken::to(server.addr(), client).expect("a handshake");
            assert_eq!(spoken.0.conn.protocol_version(), Some(expected));
            let chosen = (!offered.is_empty()).then_some(&b"http/1.1"[..]);
            assert_eq!(spoken.0.conn.alpn_protocol(), chosen, "{offered:?}");
            let answer = spoken.get("/project/1/config.json", "");
            assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
        }
        let mut client = authority.client(&[version]);
        client.alpn_protocols = vec![b"h2".to_vec()];
        assert!(Spoken::to(server.addr(), client).is_err(), "nobody speaks h2 here");
    }
}

#[test]
fn who_speaks_no_tls_gets_no_answer_and_nobody_waits_for_him() {
    let authority = Authority::new();
    let server = start(&authority);
    let mut silent = TcpStream::connect(server.addr()).expect("the server listens");
    silent.set_read_timeout(Some(DEADLINE)).expect("an open socket");
    let mut plain = silent.try_clone().expect("a socket");
    let mut stranger = TcpStream::connect(server.addr()).expect("the server listens");
    stranger.set_read_timeout(Some(DEADLINE)).expect("an open socket");
    let request = b"GET /project/1/config.json HTTP/1.1\r\nHost: h\r\n\r\n";
    stranger.write_all(request).expect("an open socket");
    let mut answer = Vec::new();
    if let Err(error) = stranger.read_to_end(&mut answer) {
        assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}");
    }
    assert!(!answer.starts_with(b"HTTP"), "{}", String::from_utf8_lossy(&answer));
    // The beginning of a handshake; the rest never comes.
    plain.write_all(&[0x16, 0x03, 0x01, 0x02, 0x00, 0x01]).expect("an open socket");
    assert!(authority.has_certified(server.addr()));
    let start = Instant::now();
    server.stop();
    assert!(start.elapsed() < DEADLINE / 4, "{:?}", start.elapsed());
    assert!(matches!(silent.read(&mut [0; 8]), Ok(0) | Err(_)), "the connection is closed");
}
