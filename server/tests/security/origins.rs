//! Pages of foreign origins, when the operator names the ones that may come.

use crate::paths::addresses;
use crate::raw::opened;
use crate::support::{KEY, Request, SECRET, pair, rest_token, session_of, start, token_for};
use otc_server::http::{Origin, Origins};
use otc_server::{Config, Server};

const OWN: &str = "https://app.example";

fn start_for(origins: &[&str]) -> Server {
    let origins = origins.iter().map(|origin| Origin::parse(origin).expect("an origin"));
    let config = Config { origins: Origins::Only(origins.collect()), ..Config::local(pair()) };
    Server::start(config).expect("a server")
}

/// The status of the answer to somebody who opens a WebSocket.
fn open(server: &Server, origins: &[&str]) -> u16 {
    let said: Vec<_> = origins.iter().map(|origin| format!("Origin: {origin}\r\n")).collect();
    opened(server.addr(), "a", &said.concat())
}

const FOREIGN: [&str; 16] = [
    "https://evil.example",
    "http://app.example",
    "https://app.example:8443",
    "https://app.example.evil.example",
    "https://evil-app.example",
    "https://sub.app.example",
    "https://app.example.",
    "https://app.example/",
    "https://app.example@evil.example",
    "https://evil@app.example",
    "https://app.example%2eevil.example",
    "https://app.example, https://evil.example",
    "https://app.example\tevil",
    "https://\u{430}pp.example",
    "null",
    "",
];

#[test]
fn foreign_pages_open_no_socket() {
    let server = start_for(&[OWN, "http://localhost:5173"]);
    for origins in
        [&[][..], &[OWN], &["HTTPS://App.Example"], &["https://app.example:443"], &["http://localhost:5173"]]
    {
        assert_eq!(open(&server, origins), 101, "{origins:?}");
    }
    for origin in FOREIGN {
        assert_eq!(open(&server, &[origin]), 403, "{origin}");
    }
    assert_eq!(open(&server, &[OWN, OWN]), 403);
    assert_eq!(open(&server, &[OWN, "https://evil.example"]), 403);
    let closed = start_for(&[]);
    assert_eq!((open(&closed, &[]), open(&closed, &[OWN])), (101, 403));
    let open_to_all = start();
    for origin in FOREIGN {
        assert_eq!(open(&open_to_all, &[origin]), 101, "{origin}");
    }
}

#[test]
fn foreign_pages_call_nothing_whatever_token_they_have() {
    let server = start_for(&[OWN]);
    let session = session_of(KEY);
    let token = rest_token(KEY, SECRET);
    let status = |line: &str, origin: Option<&str>| {
        let request = Request::new(line).header("X-OPENTOK-AUTH", &token);
        let request = origin.into_iter().fold(request, |request, origin| request.header("Origin", origin));
        request.send(server.addr()).status
    };
    let mut all = addresses(KEY, &session);
    all.push(("POST", "/session/create".to_owned()));
    for (method, path) in all {
        let line = format!("{method} {path}");
        assert_eq!(status(&line, Some("https://evil.example")), 403, "{line}");
        assert_eq!(status(&line, Some(OWN)), status(&line, None), "{line}");
    }
    assert_eq!(status(&format!("GET /v2/project/{KEY}/archive"), Some(OWN)), 200);
}

#[test]
fn foreign_pages_read_no_answer() {
    let server = start_for(&[OWN]);
    let session = session_of(KEY);
    let token = token_for(&session);
    let lines = [
        format!("GET /session/{session}"),
        "GET /project/1/config.json".to_owned(),
        "POST /logging/ClientEvent".to_owned(),
        format!("OPTIONS /session/{session}"),
        "OPTIONS /logging/ClientEvent".to_owned(),
    ];
    for line in &lines {
        let ask = |origin: Option<&str>| {
            let request = Request::new(line).header("X-OPENTOK-AUTH", &token);
            let request =
                origin.into_iter().fold(request, |request, origin| request.header("Origin", origin));
            request.send(server.addr())
        };
        let answer = ask(Some(OWN));
        assert!(matches!(answer.status, 200 | 204), "{line}: {answer:?}");
        assert_eq!(answer.header("access-control-allow-origin"), OWN, "{line}");
        assert!(answer.header("vary").contains("Origin"), "{answer:?}");
        assert_eq!(answer.header("access-control-allow-credentials"), "");
        let native = ask(None);
        assert!(matches!(native.status, 200 | 204), "{line}: {native:?}");
        assert_eq!(native.header("access-control-allow-origin"), "");
        for origin in FOREIGN {
            let answer = ask(Some(origin));
            assert_eq!(answer.error().0, 403, "{line} from {origin}");
            assert_eq!(answer.header("access-control-allow-origin"), "", "{line} from {origin}");
            assert!(!answer.body.contains("messaging_url"));
        }
    }
}
