//! What a client behind a proxy can make of the headers that are the proxy's: nothing.

use crate::raw::opened;
use crate::support::{Answer, KEY, Request, connect, pair, rest_token, session_of, token_for};
use otc_protocol::limits::ARRIVAL_BURST_SECONDS;
use otc_server::http::{Proxies, Subnet, Wording};
use otc_server::{Config, Server, listener};
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};

/// A server that believes `proxies`, with these bounds.
fn server_behind(subnet: &str, bounds: &listener::Settings) -> Server {
    let subnets = vec![Subnet::parse(subnet).expect("a subnet")];
    let proxies = Proxies::new(subnets, Wording::XForwarded).expect("one");
    let config =
        Config { listener: listener::Settings { proxies, ..bounds.clone() }, ..Config::local(pair()) };
    Server::start(config).expect("a server")
}

/// Session info, as a proxy asks for it whose client's header it has written to.
fn ask(server: SocketAddr, headers: &[(&str, &str)]) -> Answer {
    let session = session_of(KEY);
    let request = Request::new(&format!("GET /session/{session}"));
    let request = headers.iter().fold(request, |request, (name, value)| request.header(name, value));
    request.header("X-OPENTOK-AUTH", &token_for(&session)).send(server)
}

/// A WebSocket that stays open, and the status of its answer.
fn hold(server: SocketAddr, socket: &str, forwarded: &str) -> (u16, TcpStream) {
    let mut stream = connect(server);
    let head = format!(
        "GET /rumorwebsocketsv2?socketId={socket} HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nX-Forwarded-For: {forwarded}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).expect("an open socket");
    let mut line = String::new();
    BufReader::new(&stream).read_line(&mut line).expect("an answer");
    (line[9..12].parse().expect("a status"), stream)
}

#[test]
fn who_is_no_trusted_proxy_speaks_for_himself_alone() {
    let bounds = listener::Settings { arrivals_per_address: Some(1), ..listener::Settings::default() };
    let server = server_behind("192.0.2.0/24", &bounds);
    let forged =
        [("X-Forwarded-For", "203.0.113.9"), ("X-Forwarded-Host", "evil"), ("X-Forwarded-Proto", "https")];
    let named =
        [&forged[..], &[("Host", "calls:8"), ("X-Request-Id", "forged-id"), ("Forwarded", "for=192.0.2.1")]]
            .concat();
    let answer = ask(server.addr(), &named);
    assert_eq!(answer.json()[0]["messaging_url"], "ws://calls:8/rumorwebsocketsv2");
    let id = answer.header("x-request-id");
    assert!(id.len() == 16 && id != "forged-id", "{id}");
    // A name for each request gives no room for more of them.
    let statuses: Vec<u16> = (0..3 * ARRIVAL_BURST_SECONDS)
        .map(|number| ask(server.addr(), &[("X-Forwarded-For", &format!("203.0.113.{number}"))]).status)
        .collect();
    assert!(statuses.contains(&429), "{statuses:?}");
    // What is nonsense is nobody's business.
    assert_eq!(
        Request::new("GET /project/1/config.json")
            .header("X-Forwarded-For", "nonsense")
            .send(server.addr())
            .status,
        200
    );
}

#[test]
fn each_client_behind_a_proxy_is_counted_by_itself() {
    let bounds = listener::Settings {
        arrivals_per_address: Some(1),
        connections_per_address: 2,
        ..listener::Settings::default()
    };
    let server = server_behind("127.0.0.1", &bounds);
    let address = server.addr();
    let often = |forwarded: &dyn Fn(u64) -> String| -> Vec<u16> {
        (0..3 * ARRIVAL_BURST_SECONDS)
            .map(|number| ask(address, &[("X-Forwarded-For", &forwarded(number))]).status)
            .collect()
    };
    assert!(often(&|number| format!("203.0.113.{number}")).iter().all(|status| *status == 200));
    let forger = often(&|number| format!("203.0.113.{number}, 198.51.100.1"));
    assert!(forger[0] == 200 && forger.contains(&429), "{forger:?}");
    let one_host = often(&|number| format!("2001:db8::{number}"));
    assert!(one_host.contains(&429), "one host has them all: {one_host:?}");
    // Connections, too: the proxy's own are as many as it likes, and those of its clients are not.
    let proxy: Vec<TcpStream> = (0..8).map(|_| connect(address)).collect();
    let (first, one) = hold(address, "one", "198.51.100.7");
    let (second, two) = hold(address, "two", "6.6.6.6, 198.51.100.7");
    assert_eq!((first, second), (101, 101));
    assert_eq!(opened(address, "three", "X-Forwarded-For: 1.2.3.4, 198.51.100.7\r\n"), 429, "one too many");
    let refused = ask(address, &[("X-Forwarded-For", "198.51.100.7:9")]);
    let (status, message) = refused.error();
    assert!(status == 429 && message.contains("connections_per_address"), "{message}");
    assert_eq!(refused.header("retry-after"), "10");
    assert_eq!(opened(address, "four", "X-Forwarded-For: 198.51.100.8\r\n"), 101, "another one is not meant");
    drop((one, two, proxy));
    // The server may take a moment to see that they are gone.
    let start = std::time::Instant::now();
    while opened(address, "five", "X-Forwarded-For: 198.51.100.7\r\n") != 101 {
        assert!(start.elapsed() < crate::DEADLINE, "the place does not come back");
    }
}

#[test]
fn bad_tokens_are_counted_for_each_client_behind_a_proxy() {
    let server = server_behind("127.0.0.1", &listener::Settings::default());
    let call = |client: &str| {
        let request =
            Request::new("POST /session/create").header("X-OPENTOK-AUTH", &rest_token(KEY, "guessed"));
        request
            .header("X-Forwarded-For", client)
            .header("Accept", "application/json")
            .send(server.addr())
            .status
    };
    let guesses: Vec<u16> =
        (0..200).map(|_| call("203.0.113.9")).take_while(|status| *status == 403).collect();
    assert!(guesses.len() < 200, "nobody counts");
    assert_eq!((call("203.0.113.9"), call("203.0.113.10")), (429, 403));
}

#[test]
fn a_proxy_that_is_not_understood_is_told_so() {
    let server = server_behind("127.0.0.1", &listener::Settings::default());
    for (headers, says) in [
        (&[("X-Forwarded-For", "somebody")][..], "X-Forwarded-For"),
        (&[("X-Forwarded-For", "203.0.113.9, ")], "X-Forwarded-For"),
        (&[("X-Forwarded-For", "203.0.113.9"), ("X-Forwarded-Proto", "gopher")], "neither http nor https"),
        (&[("X-Forwarded-For", "203.0.113.9"), ("X-Forwarded-Host", "a b")], "host"),
    ] {
        let (status, message) = ask(server.addr(), headers).error();
        assert!(status == 400 && message.contains(says), "{headers:?}: {message}");
    }
    // What it is asked for, and under which name.
    let said = [
        ("Host", "inner:8080"),
        ("X-Forwarded-For", "garbage, 203.0.113.9"),
        ("X-Forwarded-Host", "calls.example.org"),
        ("X-Forwarded-Proto", "https"),
        ("X-Request-Id", "from-the.proxy_1"),
        ("Forwarded", "for=\"garbage"),
    ];
    let answer = ask(server.addr(), &said);
    assert_eq!(answer.json()[0]["messaging_url"], "wss://calls.example.org/rumorwebsocketsv2");
    assert_eq!(answer.header("x-request-id"), "from-the.proxy_1");
    let id = ask(server.addr(), &[("X-Request-Id", "a b")]).header("x-request-id").to_owned();
    assert!(id.len() == 16, "{id}");
    // Two hosts stay two hosts.
    let two = Request::new("GET /session/x").header("Host", "one").header("Host", "two");
    assert_eq!(two.header("X-Forwarded-Host", "three").send(server.addr()).status, 400);
}
