//! A running server, requests to it, and tokens as the SDKs make them.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use otc_protocol::session_id::ProjectId;
use otc_server::mint::{self, TokenRequest};
use otc_server::{Config, KeyPair, Server};
use ring::hmac;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, SystemTime};

/// How long anything may take before a test fails.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);
pub(crate) const KEY: &str = "123456";
pub(crate) const SECRET: &str = "the-secret-of-123456";
/// A connection id.
pub(crate) const SOMEBODY: &str = "c053fcc8-c681-41d5-8ec2-7a9e1434a21e";

pub(crate) fn pair() -> KeyPair {
    KeyPair::new(KEY, SECRET).unwrap()
}

/// A server for two projects.
pub(crate) fn start() -> Server {
    let mut config = Config::local(pair());
    config.projects.push(KeyPair::new("654321", "another-secret").unwrap().into());
    Server::start(config).unwrap()
}

pub(crate) fn session_of(project: &str) -> String {
    mint::session(&ProjectId::new(project).unwrap(), true).unwrap()
}

pub(crate) fn token_for(session: &str) -> String {
    mint::token(&pair(), &TokenRequest::new(session)).unwrap()
}

pub(crate) fn unix_seconds() -> u64 {
    SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs()
}

/// A JWT of these claims.
pub(crate) fn jwt(claims: &Value, secret: &str) -> String {
    let part = |json: &Value| BASE64_URL_SAFE_NO_PAD.encode(json.to_string());
    let signed = format!("{}.{}", part(&json!({"alg": "HS256", "typ": "JWT"})), part(claims));
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), signed.as_bytes());
    format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(tag))
}

/// The token of a REST call, as the npm SDK makes it.
pub(crate) fn rest_token(project: &str, secret: &str) -> String {
    let now = unix_seconds();
    jwt(&json!({"iss": project, "ist": "project", "iat": now, "exp": now + 300}), secret)
}

/// A request, written byte for byte.
pub(crate) struct Request {
    head: String,
    body: Vec<u8>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Request {
    /// `GET /path`, without any header.
    pub(crate) fn new(line: &str) -> Self {
        Self { head: format!("{line} HTTP/1.1\r\n"), body: Vec::new() }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.head.extend([name, ": ", value, "\r\n"]);
        self
    }

    /// With the token that authorises REST calls of [`KEY`].
    pub(crate) fn authorized(self) -> Self {
        self.header("X-OPENTOK-AUTH", &rest_token(KEY, SECRET))
    }

    pub(crate) fn body(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        let length = self.body.len().to_string();
        self.header("Content-Type", content_type).header("Content-Length", &length)
    }

    /// Sends it on a connection of its own.
    pub(crate) fn send(self, server: SocketAddr) -> Answer {
        self.send_over(connect(server), server)
    }

    /// Sends it on a connection that is open already, as the last one.
    #[allow(dead_code, reason = "some of those who have requests open no connection before")]
    pub(crate) fn send_over(self, mut stream: TcpStream, server: SocketAddr) -> Answer {
        let has_host = self.head.to_ascii_lowercase().contains("\r\nhost:");
        let request = if has_host { self } else { self.header("Host", &server.to_string()) };
        let request = request.header("Connection", "close");
        stream.write_all(format!("{}\r\n", request.head).as_bytes()).unwrap();
        stream.write_all(&request.body).unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        Answer::read(&bytes)
    }
}

pub(crate) fn connect(server: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect_timeout(&server, DEADLINE).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.set_write_timeout(Some(DEADLINE)).unwrap();
    stream
}

impl Answer {
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines.map(|line| {
            let (name, value) = line.split_once(": ").unwrap();
            (name.to_ascii_lowercase(), value.to_owned())
        });
        Self { status, headers: headers.collect(), body: body.to_owned() }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The status, and the message of an error's body, which has all three members (`rest.md §0`, rule 14).
    pub(crate) fn error(&self) -> (u16, String) {
        let body = self.json();
        assert_eq!(body["message"], body["description"], "{self:?}");
        assert!(body["code"].is_i64(), "{self:?}");
        assert_eq!(self.header("content-type"), "application/json");
        (self.status, body["message"].as_str().unwrap().to_owned())
    }
}
