//! Whatever is said to a server that logs everything, no secret, no token and no signal is in its log.

use crate::member::Member;
use crate::process::{KEY, SECRET, Site};
use crate::raw::said;
use crate::support::{Request, SOMEBODY, connect, rest_token};
use otc_protocol::raptor::Body;
use otc_server::auth::TokenKind;
use otc_server::mint::{self, TokenRequest};
use std::io::Write;
use std::net::SocketAddr;
use tokio_tungstenite::tungstenite::{Message as Packet, client};

const WHISPERED: &str = "whispered-between-us";

/// Opens a socket, says this, and waits until the server has closed it.
fn broken_off(server: SocketAddr, socket: &str, said: Packet) {
    let url = format!("ws://{server}/rumorwebsocketsv2?socketId={socket}&attempt=1");
    let (mut socket, _) = client(url, connect(server)).expect("a WebSocket");
    socket.send(said).expect("an open socket");
    while socket.read().is_ok() {}
}

#[test]
fn a_log_of_everything_holds_no_secret() {
    let site = Site::new();
    let server = site.spawn_with("127.0.0.1:0", &[], "trace").listening().expect("a free port");
    let address: SocketAddr = server.address().parse().expect("an address");
    let of_kind = |kind| {
        let request = TokenRequest { kind, data: "name=Ada".into(), ..TokenRequest::new(&site.session) };
        mint::token(&site.pair, &request).expect("minted")
    };
    let (jwt, t1) = (of_kind(TokenKind::Jwt), of_kind(TokenKind::T1));
    let (rest, guessed) = (rest_token(KEY, SECRET), rest_token(KEY, "a-guessed-secret"));
    let tokens = [
        jwt.clone(),
        t1.clone(),
        rest.clone(),
        guessed,
        format!("{jwt}x"),
        format!("{rest}{}", "A".repeat(40_000)),
    ];
    let base = format!("/v2/project/{KEY}/session/{}", site.session);
    for token in &tokens {
        for line in [
            format!("GET /session/{}", site.session),
            format!("GET /session/{}?token={token:.2000}", site.session),
            format!("GET /session/{token:.2000}"),
            format!("POST {base}/signal"),
            format!("POST {base}/connection/{SOMEBODY}/signal"),
            format!("DELETE {base}/connection/{token:.2000}"),
            "POST /session/create".to_owned(),
            "GET /rumorwebsocketsv2?socketId=a".to_owned(),
            format!("GET /rumorwebsocketsv2?socketId={token:.2000}"),
            format!("PUT /{token:.2000}"),
        ] {
            for header in
                ["X-OPENTOK-AUTH", "X-TB-TOKEN-AUTH", "Authorization", "X-TB-PARTNER-AUTH", "Cookie"]
            {
                Request::new(&line).header(header, token).header("Origin", "https://h").send(address);
            }
        }
        // Heads and bodies that are none.
        said(
            address,
            format!("POST {base}/signal HTTP/1.1\r\nX-OPENTOK-AUTH: {token}\r\n broken\r\n\r\n").as_bytes(),
        );
        said(address, format!("POST {base}/signal HTTP/1.1\r\nHost: h\r\nX-OPENTOK-AUTH: {token}\r\nContent-Length: x\r\n\r\n").as_bytes());
        if let Ok(mut member) = Member::join_with(address, &site.session, token) {
            member.say("signal", "/signal/s", &serde_json::json!({"type": WHISPERED, "data": WHISPERED}));
            while !matches!(member.told().1, Body::Signal { .. }) {}
        }
    }
    let mut member = Member::join_with(address, &site.session, &jwt).expect("joined");
    for body in [
        format!("{{\"type\":\"{WHISPERED}\",\"data\":\"{WHISPERED}\"}}"),
        format!("{{\"type\":\"{WHISPERED}\",\"data\":[\"{WHISPERED}\"]}}"),
        format!("{{\"data\":\"{WHISPERED}"),
        format!("{{\"data\":\"{}\"}}", WHISPERED.repeat(4000)),
    ] {
        let request = Request::new(&format!("POST {base}/signal")).header("X-OPENTOK-AUTH", &rest);
        request.body("application/json", body).send(address);
    }
    let signal = serde_json::json!({"type": WHISPERED, "data": {"text": WHISPERED.repeat(4000)}});
    member.say("signal", "/signal/s", &signal);
    member.say("signal", &format!("/signal/{WHISPERED}/{WHISPERED}"), &signal);
    member.say(WHISPERED, "/nothing", &signal);
    broken_off(address, "2f0e8a51-text", Packet::text(format!("{WHISPERED}{jwt}")));
    broken_off(address, "7c1d9b42-garbage", Packet::binary(format!("{WHISPERED}{jwt}")));
    // A connection that breaks off in the middle of a token.
    connect(address)
        .write_all(format!("GET /session/s HTTP/1.1\r\nX-OPENTOK-AUTH: {jwt}").as_bytes())
        .expect("an open socket");
    drop(member);
    let log = server.stop();
    assert!(
        log.contains("DEBUG") && log.contains("REST call refused") && log.contains("session info refused"),
        "{log:.2000}"
    );
    let mut secrets = vec![SECRET.to_owned(), "a-guessed-secret".to_owned(), WHISPERED.to_owned()];
    for token in &tokens {
        secrets.push(token.chars().take(200).collect());
        // The part that makes it valid.
        secrets.extend(token.rsplit('.').next().map(|signature| signature.chars().take(40).collect()));
    }
    for secret in secrets {
        let line = log.lines().find(|line| line.contains(&secret));
        assert!(line.is_none(), "{secret} is in the log: {:.400}", line.unwrap_or_default());
    }
}
