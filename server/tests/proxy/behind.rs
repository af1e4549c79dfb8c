//! What clients, REST and the log see of a server behind nginx.

use crate::authority::{Authority, Spoken};
use crate::document::{block, replaced};
use crate::elsewhere::connect_from;
use crate::nginx::{Nginx, wait_until};
use crate::process::{KEY, Process, SECRET, Site};
use crate::program::{Heard, Program, Wishes};
use crate::support::{Answer, rest_token};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::Ipv4Addr;

/// Somebody who is no proxy.
const CLIENT: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// A server that believes nginx as the documentation says, and nginx before it.
struct Scene {
    authority: Authority,
    site: Site,
    server: Process,
    nginx: Nginx,
}

impl Scene {
    fn new(limits: &str) -> Self {
        let (authority, site) = (Authority::new(), Site::new());
        let text = replaced(block("toml"), &[("127.0.0.1:8080", "127.0.0.1:0")]);
        let config = site.file("proxied.toml", &format!("{text}\n{limits}"));
        let starting =
            site.spawn_with("127.0.0.1:0", &["--config", &config, "--log-format", "json"], "debug");
        let server = starting.listening().expect("a free port");
        let nginx = Nginx::start(&authority, server.address());
        Self { authority, site, server, nginx }
    }

    /// A connection with nginx from another address of this machine.
    fn connect(&self, from: Ipv4Addr) -> Spoken {
        let client = self.authority.client(rustls::ALL_VERSIONS);
        let stream = connect_from(from, self.nginx.address);
        let spoken = Spoken::over(stream, self.nginx.address, client);
        spoken.unwrap_or_else(|error| panic!("{error}: {}", self.nginx.errors()))
    }

    /// What nginx answers to somebody who is no proxy.
    fn ask(&self, line: &str, headers: &[(&str, &str)]) -> Answer {
        self.send(CLIENT, line, headers, "")
    }

    fn send(&self, from: Ipv4Addr, line: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut connection = self.connect(from).0;
        let has_host = headers.iter().any(|(name, _)| *name == "Host");
        let host = if has_host { String::new() } else { format!("Host: {}\r\n", self.nginx.address) };
        let headers: Vec<_> = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let headers = headers.concat();
        let length = body.len();
        let request = format!(
            "{line} HTTP/1.1\r\n{host}{headers}Connection: close\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        connection.write_all(request.as_bytes()).expect("an open connection");
        let mut answer = Vec::new();
        // nginx ends connections without telling TLS.
        let _ = connection.read_to_end(&mut answer);
        Answer::read(&answer)
    }

    fn info(&self, headers: &[(&str, &str)]) -> Answer {
        let token = self.site.token();
        let headers = [&[("X-OPENTOK-AUTH", token.as_str())], headers].concat();
        self.ask(&format!("GET /session/{}", self.site.session), &headers)
    }

    /// A C client in the session, by the address of nginx.
    fn join(&self) -> (Program, String) {
        let (url, ca_file) = (format!("https://{}", self.nginx.address), self.authority.path());
        let wishes = Wishes { api_url: Some(&url), ca_file: Some(&ca_file), ..Wishes::default() };
        let program = Program::new(KEY, &self.site.session, &wishes);
        program.connect(&self.site.token());
        let id = program.wait_for_connected();
        (program, id)
    }
}

#[test]
fn clients_and_rest_come_through_nginx_and_are_known_by_their_own_names() {
    let scene = Scene::new("");
    let nginx = scene.nginx.address;
    // Sockets: what one says the other one hears, and the URL of the info led there.
    let info = scene.info(&[]);
    assert_eq!(info.json()[0]["messaging_url"], format!("wss://{nginx}/rumorwebsocketsv2"), "{info:?}");
    let (ada, ada_id) = scene.join();
    let (bob, bob_id) = scene.join();
    assert_eq!(ada.next(), Heard::Came { id: bob_id.clone(), data: String::new() });
    assert_eq!(bob.next(), Heard::Came { id: ada_id.clone(), data: String::new() });
    let text = "x".repeat(8000);
    for _ in 0..50 {
        ada.signal("many", &text);
    }
    for _ in 0..50 {
        assert_eq!(bob.next(), Heard::signal("many", &text, Some(&ada_id)));
        assert_eq!(ada.next(), Heard::signal("many", &text, Some(&ada_id)));
    }
    // REST.
    let token = rest_token(KEY, SECRET);
    let rest = [("X-OPENTOK-AUTH", token.as_str()), ("Accept", "application/json")];
    let base = format!("/v2/project/{KEY}/session/{}", scene.site.session);
    let list = scene.ask(&format!("GET {base}/connection"), &rest);
    assert_eq!((list.status, list.json()["count"].as_u64()), (200, Some(2)), "{list:?}");
    let said =
        scene.send(CLIENT, &format!("POST {base}/signal"), &rest, "{\"type\":\"rest\",\"data\":\"hello\"}");
    assert_eq!(said.status, 204);
    assert_eq!(bob.next(), Heard::signal("rest", "hello", None));
    // What a client writes into the proxy's headers is not believed.
    let forged = [
        ("Host", "calls.example.org:8443"),
        ("X-Forwarded-For", "6.6.6.6"),
        ("X-Forwarded-Host", "evil.example"),
        ("X-Forwarded-Proto", "http"),
        ("X-Request-Id", "forged-id"),
        ("Forwarded", "for=6.6.6.7;host=evil.example;proto=http"),
    ];
    let info = scene.info(&forged);
    assert_eq!(info.json()[0]["messaging_url"], "wss://calls.example.org:8443/rumorwebsocketsv2");
    let id = info.header("x-request-id").to_owned();
    assert!(id.len() == 32 && id != "forged-id", "{id}");
    // A token of the longest kind, and the health of the server.
    let long = format!("{}{}", scene.site.token(), "A".repeat(16_000));
    let session = &scene.site.session;
    assert_eq!(scene.ask(&format!("GET /session/{session}"), &[("X-OPENTOK-AUTH", &long)]).status, 200);
    assert_eq!(scene.ask("GET /readyz", &[]).body, "ready\n");
    drop((ada, bob));
    let Scene { server, nginx, authority: _authority, .. } = scene;
    let errors = nginx.errors();
    assert!(!errors.contains("[emerg]") && !errors.contains("[error]"), "{errors}");
    let access = nginx.stop();
    assert!(access.lines().any(|line| line.contains(&id)), "{id} is missing in {access}");
    let log = server.stop();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let peer_of = |wanted: &str| {
        let line = lines.iter().find(|line| line["span"]["id"] == wanted && line["peer"].is_string());
        line.map(|line| line["peer"].as_str().expect("text").to_owned())
    };
    assert_eq!(peer_of(&id).as_deref(), Some("127.0.0.2:0"), "it is nginx that says where a client is");
    assert!(!log.contains("6.6.6.6") && !log.contains("6.6.6.7") && !log.contains("evil"), "{log}");
}

#[test]
fn bounds_for_addresses_are_the_clients() {
    let scene = Scene::new("[limits]\nconnections_per_address = 2\n");
    let url = format!("GET /session/{}", scene.site.session);
    let token = scene.site.token();
    let ask = |from: Ipv4Addr, forwarded: &str| {
        let headers = [("X-OPENTOK-AUTH", token.as_str()), ("X-Forwarded-For", forwarded)];
        scene.send(from, &url, &headers, "").status
    };
    let held: Vec<_> = (0..2).map(|number| scene.hold(CLIENT, &format!("held-{number}"))).collect();
    assert_eq!(ask(CLIENT, "203.0.113.9"), 429, "whoever he says that he is");
    assert_eq!(ask(Ipv4Addr::new(127, 0, 0, 3), "203.0.113.9"), 200, "another one is not meant");
    // A proxy before nginx, which is trusted as well.
    let outer = Ipv4Addr::LOCALHOST;
    assert_eq!((ask(outer, "203.0.113.9"), ask(outer, "6.6.6.6, 127.0.0.2")), (200, 429));
    drop(held);
    wait_until("the places come back", || ask(CLIENT, "203.0.113.9") == 200);
}

impl Scene {
    /// A WebSocket from there, open until it is dropped.
    fn hold(&self, from: Ipv4Addr, socket: &str) -> Spoken {
        let mut held = self.connect(from);
        let head = format!(
            "GET /rumorwebsocketsv2?socketId={socket} HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        held.0.write_all(head.as_bytes()).expect("an open connection");
        let mut start = [0; 12];
        held.0.read_exact(&mut start).expect("an answer");
        assert_eq!(&start, b"HTTP/1.1 101");
        held
    }
}

/// What is installed for systemd.
const SERVICE: &str = include_str!("../../../docs/server/otc-server.service");

/// The words that the service has are words that the program takes.
#[test]
fn the_service_says_what_the_program_understands() {
    let site = Site::new();
    let config = site.file("service.toml", include_str!("../../../docs/server/otc-server.toml"));
    for name in ["ExecStartPre=", "ExecStart="] {
        let line = SERVICE.lines().find_map(|line| line.strip_prefix(name)).expect("a command");
        let words: Vec<&str> = line.split(' ').collect();
        let (program, arguments) = words.split_first().expect("a program");
        assert_eq!(*program, "/usr/local/bin/otc-server");
        assert!(matches!(arguments[0], "serve" | "check-config"), "{line}");
        let arguments =
            arguments[1..].iter().map(|word| word.replace("/etc/otc-server/otc-server.toml", &config));
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_otc-server"));
        let output = command.arg("check-config").args(arguments).output().expect("the server's program");
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    }
    assert!([block("toml"), block("nginx")].iter().all(|block| block.contains("127.0.0.1:8080")));
}
