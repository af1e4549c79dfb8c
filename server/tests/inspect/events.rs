//! The event stream of a session, as `EventSource` reads it.

use crate::browser::{Browser, OTHER, OTHER_SECRET};
use crate::member::Member;
use crate::support::{Answer, DEADLINE, KEY, connect, jwt, pair, session_of, start, unix_seconds};
use otc_protocol::raptor::{Body, Json, SignalContent};
use otc_server::{Config, KeyPair, Server};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// An event stream that is open.
#[derive(Debug)]
pub(crate) struct Stream {
    reader: BufReader<TcpStream>,
    /// Lines of pieces that were read.
    lines: VecDeque<String>,
}

/// One event: its name, its id and its data.
#[derive(Debug)]
struct Told {
    event: String,
    id: Option<u64>,
    data: Value,
}

/// Opens it; else the answer.
pub(crate) fn open(
    browser: &Browser,
    session: &str,
    query: &str,
    after: Option<u64>,
) -> Result<Stream, Answer> {
    let mut stream = connect(browser.server);
    let after = after.map(|n| format!("Last-Event-ID: {n}\r\n")).unwrap_or_default();
    let head = format!(
        "GET /inspect/api/sessions/{session}/events{query} HTTP/1.1\r\nHost: {}\r\nCookie: {}\r\n\
         Accept: text/event-stream\r\nSec-Fetch-Site: same-origin\r\n{after}\r\n",
        browser.server, browser.cookie
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(reader.read_line(&mut head).unwrap() > 0, "{head}");
    }
    if head.starts_with("HTTP/1.1 200 ") {
        assert!(head.contains("content-type: text/event-stream\r\n"), "{head}");
        assert!(
            head.contains("cache-control: no-store\r\n") && head.contains("default-src 'none'"),
            "{head}"
        );
        return Ok(Stream { reader, lines: VecDeque::new() });
    }
    let length = head.split("content-length: ").nth(1).unwrap().split("\r\n").next().unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    reader.read_exact(&mut body).unwrap();
    Err(Answer::read(format!("{head}{}", String::from_utf8(body).unwrap()).as_bytes()))
}

impl Stream {
    /// The next line; `None` at the end.
    fn line(&mut self) -> Option<String> {
        while self.lines.is_empty() {
            let mut size = String::new();
            if self.reader.read_line(&mut size).unwrap() == 0 {
                return None;
            }
            let mut piece = vec![0; usize::from_str_radix(size.trim(), 16).unwrap() + 2];
            self.reader.read_exact(&mut piece).unwrap();
            let piece = String::from_utf8(piece).unwrap();
            if size.trim() == "0" {
                return None;
            }
            let piece = piece.strip_suffix("\r\n").unwrap();
            assert!(piece.ends_with("\n\n"), "a piece ends with its events: {piece:?}");
            self.lines.extend(piece[..piece.len() - 1].split('\n').map(str::to_owned));
        }
        self.lines.pop_front()
    }

    fn next(&mut self) -> Option<Told> {
        let (mut event, mut id, mut data, start) = (String::new(), None, None, Instant::now());
        loop {
            let line = self.line()?;
            match line.split_once(": ") {
                Some(("event", name)) => name.clone_into(&mut event),
                Some(("id", n)) => id = Some(n.parse().unwrap()),
                Some(("data", text)) => assert!(data.replace(serde_json::from_str(text).unwrap()).is_none()),
                Some(("retry", _)) => {}
                _ if line.is_empty() => {
                    if let Some(data) = data.take() {
                        return Some(Told { event, id, data });
                    }
                }
                _ => {
                    assert_eq!(line, ":");
                    assert!(start.elapsed() < DEADLINE, "nothing is told");
                }
            }
        }
    }

    /// What comes next of those events.
    pub(crate) fn until(&mut self, event: &str, is: impl Fn(&Value) -> bool) -> Value {
        let start = Instant::now();
        loop {
            let told = self.next().expect("not the end");
            if told.event == event && is(&told.data) {
                return told.data;
            }
            assert!(start.elapsed() < DEADLINE, "{told:?}");
        }
    }

    pub(crate) fn entry(&mut self, kind: &str) -> Value {
        self.until("entry", |entry| entry["kind"] == kind)
    }
}

/// Waits until the server has noticed that nobody watches a session.
fn nobody_watches(server: &Server, session: &str) {
    let start = Instant::now();
    while server.app().registry.is_watched(session) {
        assert!(start.elapsed() < DEADLINE, "the room goes on telling");
        std::thread::yield_now();
    }
}

pub(crate) fn say(member: &mut Member, kind: &str, data: &str) {
    let data = Some(Json::from_text(data.to_owned()).unwrap());
    let content = SignalContent { kind: Some(kind.to_owned()), data, ..SignalContent::default() };
    let signal = Body::Signal { id: format!("signal-{kind}"), to: None, content };
    assert_eq!(member.ask(signal).0, 200);
}

#[test]
fn what_was_comes_first_and_then_what_happens() {
    let mut config = Config::local(pair());
    config.rooms.resume_grace = Duration::from_millis(100);
    let server = Server::start(config).unwrap();
    let browser = Browser::log_in(server.addr());
    let session = session_of(KEY);
    let mut ada = Member::join(server.addr(), &session);
    ada.publish("s1", &json!([{"id": "audio1", "type": "audio", "active": true}]));
    let mut stream = open(&browser, &session, "", None).unwrap();
    assert_eq!(stream.line().unwrap(), "retry: 2000");

    // The account is written by a thread of its own: the state may overtake it.
    let (mut kinds, mut last, mut state) = (Vec::new(), 0, None);
    while kinds.len() < 3 || state.is_none() {
        let told = stream.next().unwrap();
        match told.event.as_str() {
            "entry" => {
                let n = told.data["n"].as_u64().unwrap();
                assert!(told.id == Some(n) && n > last, "{told:?}");
                last = n;
                kinds.push(told.data["kind"].as_str().unwrap().to_owned());
            }
            "state" => assert!(state.replace(told).is_none(), "nothing has changed"),
            "signals" => assert_eq!(told.data["total"], 0),
            _ => panic!("{told:?}"),
        }
    }
    let state = state.unwrap();
    assert_eq!(kinds, ["sessionCreated", "connectionCreated", "streamCreated"]);
    assert_eq!(state.id, None, "who comes back goes on behind an entry");
    let asked = browser.get(&format!("sessions/{session}")).json();
    let mut told = state.data.clone();
    told["now"] = asked["now"].clone();
    assert_eq!((told, asked["live"].as_bool()), (asked, Some(true)));
    let bob = Member::join(server.addr(), &session);
    let joined = stream.entry("connectionCreated");
    assert_eq!(joined["connection"], json!({"id": bob.id, "data": ""}));
    let state = stream.until("state", |_| true);
    assert_eq!(state["connections"][1]["id"], bob.id.as_str());
    let muted = browser.change("POST", &format!("v2/project/{KEY}/session/{session}/stream/s1/mute"), "");
    assert_eq!(muted.status, 200);
    assert_eq!(stream.entry("muted")["stream"], "s1");
    let gone =
        browser.change("DELETE", &format!("v2/project/{KEY}/session/{session}/connection/{}", bob.id), "");
    assert_eq!(gone.status, 204);
    let left = stream.entry("connectionDestroyed");
    assert_eq!((&left["connection"]["id"], &left["reason"]), (&json!(bob.id), &json!("forceDisconnected")));

    // It goes on where it was.
    let after = left["n"].as_u64();
    let mut again = open(&browser, &session, "", after).unwrap();
    let first = again.next().unwrap();
    assert_eq!(first.event, "state", "nothing has happened since: {first:?}");

    drop((ada, bob));
    for stream in [&mut stream, &mut again] {
        assert_eq!(stream.entry("streamDestroyed")["stream"]["id"], "s1");
        stream.entry("sessionDestroyed");
        let over = stream.until("state", |state| state["live"] == false);
        assert_eq!((&over["id"], &over["connections"]), (&json!(session), &json!([])));
    }
    assert_eq!(browser.get(&format!("sessions/{session}")).error().0, 404);
    // What has happened can be read for a while, and the session may go on.
    let mut after = open(&browser, &session, "", None).unwrap();
    after.entry("sessionDestroyed");
    assert_eq!(after.until("state", |_| true)["live"], false);
    let eve = Member::join(server.addr(), &session);
    assert_eq!(after.entry("connectionCreated")["connection"]["id"], eve.id.as_str());
    assert_eq!(after.until("state", |state| state["live"] == true)["connections"][0]["id"], eve.id.as_str());
}

#[test]
fn signals_are_told_while_somebody_watches_and_what_they_say_when_asked() {
    let server = start();
    let browser = Browser::log_in(server.addr());
    let session = session_of(KEY);
    let mut ada = Member::join(server.addr(), &session);
    say(&mut ada, "before", r#""nobody watches""#);
    assert!(!server.app().registry.is_watched(&session));
    let mut plain = open(&browser, &session, "", None).unwrap();
    let mut curious = open(&browser, &session, "?contents=1", None).unwrap();
    for stream in [&mut plain, &mut curious] {
        let mut before = stream.next().unwrap();
        while before.event == "entry" {
            assert_ne!(before.data["kind"], "signal", "{before:?}");
            before = stream.next().unwrap();
        }
        assert_eq!(stream.until("signals", |_| true)["total"], 1);
    }
    // A client's own JSON, with the ends of lines in it.
    say(&mut ada, "chat", "{\"a\":\r\n\n[\"\\n\\nevent: bye\\ndata: {}\\n\\n\"]}");
    let told = plain.entry("signal");
    let expected = json!({"n": told["n"], "at": told["at"], "kind": "signal", "from": ada.id, "type": "chat",
        "bytes": told["bytes"]});
    assert_eq!(told, expected);
    let mut told = curious.entry("signal");
    assert_eq!(told["data"].take(), json!({"a": ["\n\nevent: bye\ndata: {}\n\n"]}));
    for stream in [&mut plain, &mut curious] {
        let count = stream.until("signals", |_| true);
        assert!(count["total"] == 2 && count["at"].is_u64(), "{count}");
    }
    let path = format!("v2/project/{KEY}/session/{session}/connection/{}/signal", ada.id);
    assert_eq!(browser.change("POST", &path, r#"{"type":"hello","data":"you"}"#).status, 204);
    let told = curious.entry("signal");
    assert_eq!((&told["to"], &told["from"], &told["data"]), (&json!(ada.id), &Value::Null, &json!("you")));
    // Nothing of that is kept.
    let mut later = open(&browser, &session, "?contents=1", None).unwrap();
    for kind in ["chat", "hello"] {
        let told = later.until("entry", |entry| entry["type"] == kind);
        assert!(told["bytes"].is_u64() && told.get("data").is_none(), "{told}");
    }
    drop((plain, curious, later));
    nobody_watches(&server, &session);
    say(&mut ada, "after", "1");
    let mut stream = open(&browser, &session, "", None).unwrap();
    let mut told = stream.next().unwrap();
    while told.event == "entry" {
        assert_ne!(told.data["type"], "after");
        told = stream.next().unwrap();
    }
}

#[test]
fn it_ends_with_its_login_and_with_the_server() {
    let mut config = Config::local(pair());
    config.account.pair = Some(KeyPair::new("1000", "of-the-account").unwrap());
    let server = Server::start(config).unwrap();
    let now = unix_seconds();
    let account =
        jwt(&json!({"iss": "1000", "ist": "account", "iat": now, "exp": now + 300}), "of-the-account");
    let call = |method: &str, path: &str, body: &str| {
        let request = crate::support::Request::new(&format!("{method} /v2/project{path}"));
        request.header("X-OPENTOK-AUTH", &account).body("application/json", body).send(server.addr())
    };
    let made = call("POST", "", "{}").json();
    let (id, secret) = (made["id"].as_str().unwrap(), made["secret"].as_str().unwrap());
    let session = session_of(id);
    let token = otc_server::mint::TokenRequest::new(session.as_str());
    let own = KeyPair::new(id, secret).unwrap();
    let token = otc_server::mint::token(&own, &token).unwrap();
    let _member = Member::join_as(server.addr(), id, &session, &token).unwrap();
    let other = session_of(KEY);
    let _ada = Member::join(server.addr(), &other);

    let bye = |stream: &mut Stream, reason: &str| {
        assert_eq!(stream.until("bye", |_| true), json!({"reason": reason}));
        assert!(stream.next().is_none(), "that was the last");
    };
    let ada = Browser::log_in(server.addr());
    let (mut one, mut two) = (open(&ada, &other, "", None).unwrap(), open(&ada, &other, "", None).unwrap());
    assert_eq!(ada.change("POST", "logout", "").status, 204);
    bye(&mut one, "login");
    bye(&mut two, "login");
    assert_eq!(open(&ada, &other, "", None).unwrap_err().status, 401);

    let browser = Browser::log_in_as(server.addr(), id, secret);
    let mut stream = open(&browser, &session, "", None).unwrap();
    stream.until("state", |_| true);
    call("PUT", &format!("/{id}"), r#"{"status":"SUSPENDED"}"#);
    bye(&mut stream, "login");

    let ada = Browser::log_in(server.addr());
    let mut stream = open(&ada, &other, "", None).unwrap();
    stream.until("state", |_| true);
    let stopping = std::thread::spawn(move || server.stop());
    bye(&mut stream, "server");
    stopping.join().unwrap();
}

#[test]
fn only_some_are_open_at_one_time_and_others_see_none() {
    let server = start();
    let browser = Browser::log_in(server.addr());
    let session = session_of(KEY);
    let _ada = Member::join(server.addr(), &session);
    let bobs = session_of(KEY);
    let _bob = Member::join(server.addr(), &bobs);
    let _streams: Vec<Stream> = (0..7).map(|_| open(&browser, &session, "", None).unwrap()).collect();
    let eighth = open(&browser, &bobs, "", None).unwrap();
    let refused = open(&browser, &session, "", None).unwrap_err();
    assert_eq!((refused.error().0, refused.header("retry-after")), (429, "15"));
    assert!(refused.error().1.contains("event streams"), "{refused:?}");
    drop(eighth);
    nobody_watches(&server, &bobs);
    drop(open(&browser, &bobs, "", None).expect("its place is free"));
    nobody_watches(&server, &bobs);
    let other = Browser::log_in_as(server.addr(), OTHER, OTHER_SECRET);
    for session in [&session, &session_of(KEY), &session_of(OTHER), "x", &"x".repeat(400)] {
        assert_eq!(open(&other, session, "", None).unwrap_err().error().0, 404, "{session}");
    }
    assert_eq!(
        open(&browser, &session_of(KEY), "", None).unwrap_err().error().0,
        404,
        "nobody was ever there"
    );
}
