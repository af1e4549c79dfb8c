//! Whatever is said to a server that logs everything, no secret, no token and no signal is in its log.

use crate::DEADLINE;
use crate::member::Member;
use crate::process::{KEY, SECRET, Site};
use crate::raw::said;
use crate::support::{Answer, Request, SOMEBODY, connect, rest_token};
use otc_protocol::raptor::Body;
use otc_server::auth::TokenKind;
use otc_server::mint::{self, TokenRequest};
use serde_json::json;
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::time::Instant;
use tokio_tungstenite::tungstenite::{Message as Packet, client};

const WHISPERED: &str = "whispered-between-us";
/// In the URL of a receiver, and what deliveries to it are signed with.
const RECEIVER_KEY: &str = "key-of-a-receiver";
const HOOK_SECRET: &str = "secret-of-a-receiver";

/// A server's process, a session, and its good tokens.
struct Scene {
    site: Site,
    address: SocketAddr,
    /// The address of REST calls on the session.
    base: String,
    jwt: String,
    rest: String,
}

impl Scene {
    fn token(&self, kind: TokenKind) -> String {
        let request = TokenRequest { kind, data: "name=Ada".into(), ..TokenRequest::new(&self.site.session) };
        mint::token(&self.site.pair, &request).expect("minted")
    }

    fn call(&self, line: &str, body: &str) -> Answer {
        let request = Request::new(line).header("X-OPENTOK-AUTH", &self.rest);
        request.body("application/json", body).send(self.address)
    }

    /// Shows a token wherever one may stand, and where none may.
    fn show(&self, token: &str) {
        let Self { base, address, site, .. } = self;
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
            format!("GET /archive/{token:.2000}"),
            format!("PUT /{token:.2000}"),
        ] {
            for header in
                ["X-OPENTOK-AUTH", "X-TB-TOKEN-AUTH", "Authorization", "X-TB-PARTNER-AUTH", "Cookie"]
            {
                Request::new(&line).header(header, token).header("Origin", "https://h").send(*address);
            }
        }
        // Heads that are none, and one that breaks off in the middle of the token.
        let line = format!("POST {base}/signal HTTP/1.1\r\nHost: h\r\nX-OPENTOK-AUTH: {token}");
        said(*address, format!("{line}\r\n folded\r\n\r\n").as_bytes());
        said(*address, format!("{line}\r\nContent-Length: x\r\n\r\n").as_bytes());
        connect(*address).write_all(line.as_bytes()).expect("an open socket");
        if let Ok(mut member) = Member::join_with(*address, &site.session, token) {
            member.say("signal", "/signal/s", &json!({"type": WHISPERED, "data": WHISPERED}));
            while !matches!(member.told().1, Body::Signal { .. }) {}
        }
    }

    /// Signals, good ones and bad ones, and what is no signal.
    fn whisper(&self) {
        let mut member = Member::join_with(self.address, &self.site.session, &self.jwt).expect("joined");
        for body in [
            format!("{{\"type\":\"{WHISPERED}\",\"data\":\"{WHISPERED}\"}}"),
            format!("{{\"type\":\"{WHISPERED}\",\"data\":[\"{WHISPERED}\"]}}"),
            format!("{{\"data\":\"{WHISPERED}"),
            format!("{{\"data\":\"{}\"}}", WHISPERED.repeat(4000)),
        ] {
            self.call(&format!("POST {}/signal", self.base), &body);
        }
        let signal = json!({"type": WHISPERED, "data": {"text": WHISPERED.repeat(4000)}});
        member.say("signal", "/signal/s", &signal);
        member.say("signal", &format!("/signal/{WHISPERED}/{WHISPERED}"), &signal);
        member.say(WHISPERED, "/nothing", &signal);
        let said = format!("{WHISPERED}{}", self.jwt);
        self.break_off("2f0e8a51-text", Packet::text(said.clone()));
        self.break_off("7c1d9b42-garbage", Packet::binary(said));
    }

    /// Opens a socket, says this, and waits until the server has closed it.
    fn break_off(&self, socket: &str, said: Packet) {
        let url = format!("ws://{}/rumorwebsocketsv2?socketId={socket}&attempt=1", self.address);
        let (mut socket, _) = client(url, connect(self.address)).expect("a WebSocket");
        socket.send(said).expect("an open socket");
        while socket.read().is_ok() {}
    }

    /// A receiver that nobody reaches; its URL may be as good as a key.
    fn hook(&self) {
        let closed = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("bound");
        let url = format!("http://{closed}/hook?key={RECEIVER_KEY}");
        let wish = json!({"group": "connection", "event": "created", "url": url, "secret": HOOK_SECRET});
        let answer = self.call(&format!("POST /v2/project/{KEY}/callback"), &wish.to_string());
        assert_eq!(answer.status, 200, "{answer:?}");
    }

    /// An archive of what is whispered. The URL of its file is as good as a key: the part that makes it so.
    fn archive(&self) -> String {
        let routed = mint::session(&self.site.pair.project, false).expect("minted");
        let token = mint::token(&self.site.pair, &TokenRequest::new(&routed)).expect("minted");
        let mut speaker = Member::join_with(self.address, &routed, &token).expect("joined");
        let wish = json!({"sessionId": routed, "name": "n"}).to_string();
        let archive = self.call(&format!("POST /v2/project/{KEY}/archive"), &wish).json();
        let archive = format!("/v2/project/{KEY}/archive/{}", archive["id"].as_str().expect("an archive"));
        speaker.say("signal", "/signal/s", &json!({"type": "t", "data": WHISPERED}));
        while !matches!(speaker.told().1, Body::Signal { .. }) {}
        self.call(&format!("POST {archive}/stop"), "");
        let start = Instant::now();
        let url = loop {
            let now = self.call(&format!("GET {archive}"), "").json();
            match now["url"].as_str() {
                Some(url) => break url.to_owned(),
                None => assert!(start.elapsed() < DEADLINE, "{now}"),
            }
        };
        let (_, path) = url.split_once("://").and_then(|(_, rest)| rest.split_once('/')).expect("a URL");
        let file = Request::new(&format!("GET /{path}")).send(self.address);
        assert!(file.status == 200 && file.body.contains(WHISPERED), "{file:?}");
        path.split_once("signature=").expect("signed").1.to_owned()
    }
}

#[test]
fn a_log_of_everything_holds_no_secret() {
    let site = Site::new();
    let server = site.spawn_with("127.0.0.1:0", &[], "trace").listening().expect("a free port");
    let address: SocketAddr = server.address().parse().expect("an address");
    let base = format!("/v2/project/{KEY}/session/{}", site.session);
    let jwt = site.token();
    let scene = Scene { site, address, base, jwt, rest: rest_token(KEY, SECRET) };
    let tokens = [
        scene.token(TokenKind::Jwt),
        scene.token(TokenKind::T1),
        scene.rest.clone(),
        rest_token(KEY, "a-guessed-secret"),
        format!("{}x", scene.jwt),
        format!("{}{}", scene.rest, "A".repeat(40_000)),
    ];
    for token in &tokens {
        scene.show(token);
    }
    scene.whisper();
    scene.hook();
    let signature = scene.archive();
    let log = server.stop();

    for told in ["DEBUG", "REST call refused", "session info refused", "socket broken off"] {
        assert!(log.contains(told), "{told} is missing in {log:.2000}");
    }
    let mut secrets: Vec<String> =
        [SECRET, "a-guessed-secret", WHISPERED, RECEIVER_KEY, HOOK_SECRET, &signature]
            .map(str::to_owned)
            .into();
    for token in tokens.iter().chain([&scene.jwt]) {
        secrets.push(token.chars().take(200).collect());
        // The part that makes it valid.
        secrets.extend(token.rsplit('.').next().map(|signature| signature.chars().take(40).collect()));
    }
    for secret in secrets {
        let line = log.lines().find(|line| line.contains(&secret));
        assert!(line.is_none(), "{secret} is in the log: {:.400}", line.unwrap_or_default());
    }
}
