//! Somebody who uses a server until it is gone, and remembers each answer.

use super::member::Member;
use super::support::{DEADLINE, KEY, SECRET, jwt, rest_token, unix_seconds};
use otc_protocol::session_id::ProjectId;
use otc_server::mint;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread::JoinHandle;

/// How many use a server at one time.
pub(crate) const WORKERS: u32 = 3;

/// Whether an archive is deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Deleted {
    /// Nobody has asked for it.
    #[default]
    No,
    /// It was asked for, and there was no answer.
    Perhaps,
    /// It was answered.
    Yes,
}

/// Who may make projects.
pub(crate) const ACCOUNT: &str = "777777";
pub(crate) const ACCOUNT_SECRET: &str = "the-secret-of-the-account";

/// What is known of an archive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Known {
    /// Whether its end was answered. Without that it may have ended or not.
    pub(crate) stopped: bool,
    /// Whether it is deleted.
    pub(crate) deleted: Deleted,
    /// The signals whose answers came while it ran.
    pub(crate) signals: Vec<String>,
    /// Its layout, if that was answered.
    pub(crate) layout: Option<&'static str>,
}

/// What one has been answered.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) archives: BTreeMap<String, Known>,
    /// Sessions that are always archived.
    pub(crate) sessions: Vec<String>,
    /// Projects, and whether they are suspended; `None`: that was asked for.
    pub(crate) projects: BTreeMap<String, Option<bool>>,
}

pub(crate) struct Worker(JoinHandle<Report>);

impl Worker {
    pub(crate) fn start(server: SocketAddr, number: u32, seed: u64) -> Self {
        Self(std::thread::spawn(move || {
            let mut report = Report::default();
            let mut user = User { server, random: StdRng::seed_from_u64(seed), number, report: &mut report };
            // It ends with the server, whose end is an error whatever is done.
            let _ = user.go_on();
            report
        }))
    }

    /// What it was answered.
    pub(crate) fn ended(self) -> Report {
        self.0.join().expect("a worker does not panic")
    }
}

struct User<'a> {
    server: SocketAddr,
    random: StdRng,
    number: u32,
    report: &'a mut Report,
}

/// What a request came to: the status and the body.
pub(crate) type Answer = (u16, String);

/// A REST call of the project.
pub(crate) fn call(server: SocketAddr, method: &str, path: &str, body: &str) -> io::Result<Answer> {
    call_with(&rest_token(KEY, SECRET), server, method, path, body)
}

/// A REST call of the account.
pub(crate) fn call_account(server: SocketAddr, method: &str, path: &str, body: &str) -> io::Result<Answer> {
    let now = unix_seconds();
    let claims = json!({"iss": ACCOUNT, "ist": "account", "iat": now, "exp": now + 60});
    call_with(&jwt(&claims, ACCOUNT_SECRET), server, method, path, body)
}

/// A call on a connection of its own; an error when there is no whole answer.
fn call_with(token: &str, server: SocketAddr, method: &str, path: &str, body: &str) -> io::Result<Answer> {
    let mut stream = TcpStream::connect_timeout(&server, DEADLINE)?;
    stream.set_read_timeout(Some(DEADLINE))?;
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\nAccept: application/json\r\n\
         X-OPENTOK-AUTH: {token}\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let broken = || io::Error::from(io::ErrorKind::UnexpectedEof);
    let answer = String::from_utf8(answer).map_err(|_| broken())?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(broken)?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(broken)?;
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap_or("0");
    if length.parse() == Ok(body.len()) { Ok((status, body.to_owned())) } else { Err(broken()) }
}

pub(crate) fn archives(rest: &str) -> String {
    format!("/v2/project/{KEY}/archive{rest}")
}

impl User<'_> {
    fn go_on(&mut self) -> io::Result<()> {
        let session = mint::session(&ProjectId::new(KEY).expect("a key"), false).expect("minted");
        let (server, join) = (self.server, session.clone());
        // It panics when the server is killed meanwhile; on a thread of its own that is an error.
        let member = std::thread::spawn(move || Member::join(server, &join)).join();
        let _member = member.map_err(|_| io::ErrorKind::ConnectionReset)?;
        loop {
            self.create()?;
            self.make_project()?;
            self.archive(&session)?;
        }
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> io::Result<Value> {
        let (status, body) = call(self.server, method, path, &body.to_string())?;
        assert!((200..300).contains(&status), "{method} {path}: {status} {body}");
        Ok(serde_json::from_str(&body).unwrap_or_default())
    }

    /// A session that is always archived.
    fn create(&mut self) -> io::Result<()> {
        let form = format!("archiveMode=always&archiveName=of+{}", self.number);
        let (status, body) = call(self.server, "POST", "/session/create", &form)?;
        assert_eq!(status, 200, "{body}");
        let created: Value = serde_json::from_str(&body)?;
        self.report.sessions.push(created[0]["session_id"].as_str().expect("an id").to_owned());
        Ok(())
    }

    /// A project, which may be suspended at once.
    fn make_project(&mut self) -> io::Result<()> {
        let body = json!({"name": "of a worker"}).to_string();
        let (status, body) = call_account(self.server, "POST", "/v2/project", &body)?;
        assert_eq!(status, 200, "{body}");
        let made: Value = serde_json::from_str(&body)?;
        let id = made["id"].as_str().expect("an id").to_owned();
        self.report.projects.insert(id.clone(), Some(false));
        if self.random.random_ratio(1, 2) {
            self.report.projects.insert(id.clone(), None);
            let body = json!({"status": "SUSPENDED"}).to_string();
            let (status, body) = call_account(self.server, "PUT", &format!("/v2/project/{id}"), &body)?;
            assert_eq!(status, 200, "{body}");
            self.report.projects.insert(id, Some(true));
        }
        Ok(())
    }

    /// An archive's life, or a part of it.
    fn archive(&mut self, session: &str) -> io::Result<()> {
        let tag = self.random.random::<u64>().to_string();
        let wishes = json!({"sessionId": session, "name": "n", "multiArchiveTag": tag});
        let begun = self.call("POST", &archives(""), &wishes)?;
        let id = begun["id"].as_str().expect("an id").to_owned();
        self.report.archives.insert(id.clone(), Known::default());
        for _ in 0..self.random.random_range(0..4) {
            let data = self.random.random::<u64>().to_string();
            let signal = format!("/v2/project/{KEY}/session/{session}/signal");
            self.call("POST", &signal, &json!({"data": data}))?;
            self.known(&id).signals.push(data);
        }
        if self.random.random_ratio(1, 3) {
            self.call("PUT", &archives(&format!("/{id}/layout")), &json!({"type": "pip"}))?;
            self.known(&id).layout = Some("pip");
        }
        if self.random.random_ratio(1, 8) {
            return Ok(()); // It goes on.
        }
        self.call("POST", &archives(&format!("/{id}/stop")), &json!({}))?;
        self.known(&id).stopped = true;
        if self.random.random_ratio(1, 4) {
            self.known(&id).deleted = Deleted::Perhaps;
            self.call("DELETE", &archives(&format!("/{id}")), &json!({}))?;
            self.known(&id).deleted = Deleted::Yes;
        }
        Ok(())
    }

    fn known(&mut self, id: &str) -> &mut Known {
        self.report.archives.entry(id.to_owned()).or_default()
    }
}
