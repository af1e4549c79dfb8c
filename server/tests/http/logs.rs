//! Logs say what happened and hold nothing secret.

use crate::member::Member;
use crate::support::{KEY, Request, connect, rest_token, session_of, start, token_for};
use otc_protocol::limits::CLIENT_FRAME_BYTES;
use otc_protocol::raptor::Body;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::{Mutex, OnceLock};
use tokio_tungstenite::tungstenite::{Message as Packet, client};
use tracing_subscriber::fmt::MakeWriter;

/// What every server of this process logs, at every level.
#[derive(Clone, Copy)]
struct Captured;

fn text() -> &'static Mutex<Vec<u8>> {
    static TEXT: OnceLock<Mutex<Vec<u8>>> = OnceLock::new();
    TEXT.get_or_init(Mutex::default)
}

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        text().lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Captured {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        *self
    }
}

/// Opens a socket of its own, says this, and waits until the server has closed it; the client's address.
fn broken_off(server: SocketAddr, socket: &str, said: Packet) -> SocketAddr {
    let stream = connect(server);
    let own = stream.local_addr().unwrap();
    let (mut socket, _) =
        client(format!("ws://{server}/rumorwebsocketsv2?socketId={socket}"), stream).unwrap();
    socket.send(said).unwrap();
    while socket.read().is_ok() {}
    own
}

#[test]
fn refusals_are_logged_without_tokens_and_secrets() {
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(Captured);
    tracing::subscriber::set_global_default(subscriber.finish()).unwrap();
    let server = start();
    let (session, other) = (session_of(KEY), session_of(KEY));
    let good = token_for(&session);
    let bad = format!("{}x", &good[..good.len() - 1]);
    let t1 = "T1==cGFydG5lcl9pZD0xMjM0NTY=";
    let wrong = rest_token(KEY, "a-guessed-secret");
    let data = "whispered-between-us";
    for (session, token) in [(&session, &good), (&other, &good), (&session, &bad), (&session, &t1.to_owned())]
    {
        let request = Request::new(&format!("GET /session/{session}")).header("X-OPENTOK-AUTH", token);
        assert_eq!(request.send(server.addr()).status, 200);
    }
    let path = format!("/v2/project/{KEY}/session/{session}/signal");
    let signal = |request: Request| {
        request.body("application/json", format!("{{\"data\":\"{data}\"}}")).send(server.addr()).status
    };
    assert_eq!(signal(Request::new(&format!("POST {path}")).header("X-OPENTOK-AUTH", &wrong)), 403);
    assert_eq!(signal(Request::new(&format!("POST {path}")).authorized()), 404);
    let mut member = Member::join_with(server.addr(), &session, &good).expect("joined");
    assert!(Member::join_with(server.addr(), &session, &bad).is_err());
    assert_eq!(signal(Request::new(&format!("POST {path}")).authorized()), 204);
    while !matches!(member.told(), (_, Body::Signal { .. })) {}
    assert_eq!(Request::new("POST /session/create").authorized().send(server.addr()).status, 200);
    let hostile = Request::new("GET /session/1_%0aforged%20line").header("X-OPENTOK-AUTH", &good);
    assert_eq!(hostile.send(server.addr()).status, 200);
    let sockets = ["2f0e8a51-text-bearer", "7c1d9b42-garbage-bearer", "b83a6f17-large-bearer"];
    let large = format!("{data}{}", "x".repeat(CLIENT_FRAME_BYTES));
    let peers = [
        broken_off(server.addr(), sockets[0], Packet::text(data)),
        broken_off(server.addr(), sockets[1], Packet::binary(data)),
        broken_off(server.addr(), sockets[2], Packet::binary(large)),
    ];
    let issue = "0b6f9f0e-9a51-4c2c-8a0e-1d7b1f6a2c11";
    let report = |description: &str| {
        let event = serde_json::json!({
            "action": "ReportIssue", "issueId": issue, "sessionId": session, "connectionId": member.id,
            "partnerId": KEY, "clientVersion": "otc-test", "description": description,
        });
        Request::new("POST /logging/ClientEvent").body("application/json", event.to_string())
    };
    let long = format!("no sound\nforged line\u{1b}[31m{}", "x".repeat(8000));
    assert_eq!(report(&long).send(server.addr()).status, 200);
    let other = "{\"action\":\"Connect\",\"sessionId\":\"said-by-a-page\"}".to_owned();
    let event = Request::new("POST /logging/ClientEvent").body("text/plain", other);
    assert_eq!(event.send(server.addr()).status, 200);
    server.stop(); // Then everything about its sockets is in the log.

    let log = String::from_utf8(text().lock().unwrap().clone()).unwrap();
    for said in ["another session", "signature", "REST call refused", "session created"] {
        assert!(log.contains(said), "{said} is missing in\n{log}");
    }
    let line = |word: &str, other: &str| {
        let found = log.lines().find(|line| line.contains(word) && line.contains(other));
        found.unwrap_or_else(|| panic!("{word} and {other} are missing in\n{log}"))
    };
    assert!(line("REST call refused", "signature").contains("127.0.0.1:"), "{log}");
    for ((socket, peer), code) in sockets.iter().zip(peers).zip(["1003", "1003", "1009"]) {
        let line = line("socket broken off", &peer.to_string());
        assert!(line.contains("INFO") && line.contains(code) && line.contains(&socket[..8]), "{line}");
        assert!(!log.contains(&socket[..9]), "a socket id is as good as a key:\n{log}");
    }
    let line = line("issue reported", issue);
    for said in ["INFO", &session, &member.id, KEY, "otc-test", r"no sound\nforged line\u{1b}[31mxxx"] {
        assert!(line.contains(said), "{said} is missing in {line}");
    }
    assert!(line.len() < 3000, "{} characters", line.len());
    assert!(!log.contains("said-by-a-page"), "other reports are forgotten");
    assert!(!log.contains("\nforged"), "a request cannot write lines of its own:\n{log}");
    for secret in [&good, &bad, t1, &wrong, data, crate::support::SECRET, "a-guessed-secret"] {
        assert!(!log.contains(secret), "{secret} is in\n{log}");
    }
    let signature = |token: &str| token.rsplit('.').next().unwrap().to_owned();
    assert!(!log.contains(&signature(&good)) && !log.contains(&signature(&wrong)), "{log}");
}
