//! Servers that do what none should, beside one that does as it should: the process stays small, the session with the bad
//! one ends or waits in a defined way, and the others notice nothing.
#![cfg(target_os = "linux")]

mod common;

use common::program::{Heard, Program};
use common::world::{KEY, World};
use otc_protocol::envelope::{self, FromClient};
use otc_protocol::limits::{CLIENT_SILENCE, INFO_BYTES, ROSTER_CONNECTIONS, SERVER_FRAME_BYTES};
use otc_protocol::rumor::Frame;
use otc_protocol::uuid;
use serde_json::json;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio_tungstenite::tungstenite::{Message as Packet, WebSocket, accept};

/// How a bad server goes on when a client has asked to join; whatever it cannot say any more, because the client has gone,
/// is not said.
type Script = fn(&mut Voice) -> Option<()>;

/// A server that answers session infos, and then follows a script with each WebSocket.
struct BadServer {
    url: String,
    sockets: Arc<AtomicUsize>,
}

/// One WebSocket of it, whose client wants to join, or to come back.
struct Voice {
    socket: WebSocket<TcpStream>,
    /// `None` of a client that comes back.
    join: Option<String>,
    me: String,
    session: String,
    said: u128,
}

impl BadServer {
    fn start(session: &str, script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        let info = json!([{
            "session_id": session, "partner_id": KEY, "messaging_url": format!("ws://{address}/rumor"),
            "symphony_address": "symphony.h", "properties": {"reconnection": true},
        }]);
        let (sockets, session) = (Arc::new(AtomicUsize::new(0)), session.to_owned());
        let count = Arc::clone(&sockets);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (info, session, count) = (info.to_string(), session.clone(), Arc::clone(&count));
                std::thread::spawn(move || serve(stream, &info, &session, &count, script));
            }
        });
        Self { url: format!("http://{address}"), sockets }
    }
}

fn serve(
    mut stream: TcpStream,
    info: &str,
    session: &str,
    sockets: &AtomicUsize,
    script: Script,
) -> Option<()> {
    let mut head = [0; 16];
    while stream.peek(&mut head).ok()? < head.len() {}
    if head.starts_with(b"GET /session/") {
        let mut request = [0; 8192];
        let _ = stream.read(&mut request).ok()?;
        let head = format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", info.len());
        return stream.write_all((head + info).as_bytes()).ok();
    }
    let mut comes_back = false;
    let peek = stream.try_clone().ok()?;
    let mut request = [0; 512];
    if let Ok(length) = peek.peek(&mut request) {
        comes_back = String::from_utf8_lossy(&request[..length]).contains("reconnect=true");
    }
    let mut socket = accept(stream).ok()?;
    sockets.fetch_add(1, Ordering::SeqCst);
    let (mut join, mut me) = (None, String::new());
    while !comes_back && join.is_none() {
        let Packet::Binary(bytes) = socket.read().ok()? else { continue };
        if let Ok(FromClient::Request(request)) = FromClient::read(&Frame::decode(&bytes).ok()?) {
            (join, me) = (Some(request.transaction.to_owned()), request.from.to_owned());
        }
    }
    let mut voice = Voice { socket, join, me, session: session.to_owned(), said: 0 };
    script(&mut voice);
    // The client decides when it is over.
    while voice.socket.read().is_ok() {}
    Some(())
}

impl Voice {
    fn uri(&self, path: &str) -> String {
        format!("/v2/partner/{KEY}/session/{}{path}", self.session)
    }

    fn send(&mut self, frame: impl Into<bytes::Bytes>) -> Option<()> {
        self.socket.send(Packet::Binary(frame.into())).ok()
    }

    fn answer(&mut self, code: u16, data: &[u8]) -> Option<()> {
        let join = self.join.clone()?;
        self.send(envelope::status(&self.me.clone(), code, &join, data).ok()?)
    }

    fn tell(&mut self, method: &str, path: &str, content: &serde_json::Value) -> Option<()> {
        self.said += 1;
        let json = json!({"method": method, "uri": self.uri(path), "content": content}).to_string();
        let frame = envelope::message(&self.uri(""), &uuid::format(self.said), "", json.as_bytes()).ok()?;
        self.send(frame)
    }

    /// Lets the client in, or back.
    fn let_in(&mut self) -> Option<()> {
        if self.join.is_none() {
            return self.send(envelope::pong());
        }
        self.answer(200, br#"{"connection":[],"stream":[],"archive":[]}"#)?;
        let me = self.me.clone();
        self.tell("created", &format!("/connection/{me}"), &json!({"id": me, "permissions": ["signal"]}))
    }
}

/// Two clients of a server that behaves, in the same process.
struct Beside {
    world: World,
    ada: Program,
    bob: Program,
    said: u32,
}

impl Beside {
    fn new() -> Self {
        let world = World::new();
        let (ada, ada_id) = world.member("ada");
        let (bob, bob_id) = world.member("bob");
        ada.wait_for(&Heard::Came { id: bob_id, data: "bob".into() });
        bob.wait_for(&Heard::Came { id: ada_id, data: "ada".into() });
        Self { world, ada, bob, said: 0 }
    }

    /// They hear each other, and nothing else has happened to them. The answer is how long it took.
    fn check(&mut self) -> Duration {
        let start = Instant::now();
        self.said += 1;
        let (text, from) = (self.said.to_string(), self.ada.id());
        self.ada.signal("beside", &text);
        for program in [&self.ada, &self.bob] {
            assert_eq!(program.next(), Heard::signal("beside", &text, from.as_deref()), "and nothing else");
        }
        start.elapsed()
    }

    /// A session with the bad server, which has begun to connect.
    fn meet(&self, server: &BadServer) -> Program {
        let program = self.world.program_at(&server.url);
        program.connect(&self.world.token(""));
        program
    }
}

/// Megabytes that this process holds.
fn memory() -> usize {
    let text = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line");
    line.split_whitespace().next().and_then(|kilobytes| kilobytes.parse::<usize>().ok()).expect("a number")
        / 1024
}

/// Asserts what became of the memory since `before`. The bad server lives in this process, too, with its own buffers.
fn assert_grown_less(before: usize, most: usize) {
    let now = memory();
    assert!(now < before + most, "{before} MB before, {now} MB now");
}

fn giant_frames(voice: &mut Voice) -> Option<()> {
    voice.let_in()?;
    let stream = voice.socket.get_mut();
    // A binary message of 16 GB.
    stream.write_all(&[0x82, 127, 0, 0, 0, 4, 0, 0, 0, 0]).ok()?;
    loop {
        stream.write_all(&[7; 4096]).ok()?;
    }
}

fn signals_without_end(voice: &mut Voice) -> Option<()> {
    voice.let_in()?;
    loop {
        voice.tell("signal", "/signal/s", &json!({"type": "flood", "data": "x"}))?;
    }
}

fn members_without_end(voice: &mut Voice) -> Option<()> {
    voice.let_in()?;
    for number in 0.. {
        voice.tell("created", &format!("/connection/m{number}"), &json!({"id": format!("m{number}")}))?;
    }
    Some(())
}

/// The largest frame that there may be, of the smallest entries.
fn enormous_list(voice: &mut Voice) -> Option<()> {
    let entry = r#"{"id":"x"},"#;
    let entries = entry.repeat(SERVER_FRAME_BYTES / entry.len() - 512);
    let json = format!(r#"{{"connection":[{entries}{{"id":"x"}}],"stream":[],"archive":[]}}"#);
    voice.answer(200, json.as_bytes())
}

fn words_before_the_answer(voice: &mut Voice) -> Option<()> {
    let data = "x".repeat(8000);
    loop {
        voice.tell("signal", "/signal/s", &json!({"data": data}))?;
    }
}

/// The memory that is measured is that of the process: the tests of this file run one after the other.
static ALONE: Mutex<()> = Mutex::new(());

/// One after the other, for the same reason.
#[test]
fn a_bad_server_is_nobody_elses_trouble() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut beside = Beside::new();
    beside.check();

    let before = memory();
    let server = BadServer::start(&beside.world.session_id, giant_frames);
    let program = beside.meet(&server);
    program.wait_for_connected();
    let end = Instant::now() + Duration::from_secs(3);
    while Instant::now() < end {
        beside.check();
    }
    // The first try to come back is at once, the others wait longer and longer.
    let sockets = server.sockets.load(Ordering::SeqCst);
    assert!((2..=30).contains(&sockets), "{sockets} WebSockets in 3 seconds");
    program.disconnect();
    program.delete();
    assert_grown_less(before, 40);

    let before = memory();
    let server = BadServer::start(&beside.world.session_id, signals_without_end);
    let program = beside.meet(&server);
    program.wait_for_connected();
    // It is not read from any more when it takes no acknowledgements, and that is silence.
    let start = Instant::now();
    let mut heard = 0;
    loop {
        match program.next() {
            Heard::Signal { .. } => heard += 1,
            Heard::Reconnecting => break,
            other => panic!("{other:?}"),
        }
        if heard % 1000 == 0 {
            beside.check();
        }
    }
    assert!(start.elapsed() >= CLIENT_SILENCE && heard > 1000, "{heard} signals");
    program.disconnect();
    program.delete();
    beside.check();
    assert_grown_less(before, 60);

    let before = memory();
    let server = BadServer::start(&beside.world.session_id, members_without_end);
    let program = beside.meet(&server);
    program.wait_for_connected();
    let mut members = 0;
    loop {
        match program.next() {
            Heard::Came { .. } => members += 1,
            Heard::Error { code, .. } => break assert_eq!(code, 1022),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(members, ROSTER_CONNECTIONS + 1);
    assert_eq!(program.next(), Heard::Disconnected);
    beside.check();
    assert_grown_less(before, 80);
    program.delete();

    let before = memory();
    for (script, expected) in [(enormous_list as Script, 2001), (words_before_the_answer, 1006)] {
        let server = BadServer::start(&beside.world.session_id, script);
        let program = beside.meet(&server);
        let (code, text) = program.wait_for_failure();
        assert_ne!((code, text.is_empty()), (0, true));
        assert_eq!(code, expected, "{text}");
        beside.check();
    }
    assert_grown_less(before, 250);
}

/// Bodies that are too large, too slow, or elsewhere.
#[test]
fn session_infos_that_are_none() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut beside = Beside::new();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    let followed = Arc::new(AtomicUsize::new(0));
    let (count, own) = (Arc::clone(&followed), url.clone());
    std::thread::spawn(move || {
        for (number, stream) in listener.incoming().map_while(Result::ok).enumerate() {
            let (own, count) = (own.clone(), Arc::clone(&count));
            std::thread::spawn(move || info(stream, number, &own, &count));
        }
    });
    for expected in [1006, 2001] {
        let program = beside.world.program_at(&url);
        program.connect(&beside.world.token(""));
        let (code, text) = program.wait_for_failure();
        assert_eq!(code, expected, "{text}");
        beside.check();
    }
    assert_eq!(followed.load(Ordering::SeqCst), 0, "nobody is sent elsewhere with a token");
    // A body that comes byte by byte keeps nobody from leaving.
    let program = beside.world.program_at(&url);
    program.connect(&beside.world.token(""));
    let start = Instant::now();
    program.disconnect();
    assert_eq!(program.next(), Heard::Disconnected);
    assert!(start.elapsed() < CLIENT_SILENCE);
    beside.check();
}

/// The answers in the order of the requests: too large, three times because it is tried again; elsewhere, as often; slow.
fn info(mut stream: TcpStream, number: usize, own: &str, followed: &AtomicUsize) -> Option<()> {
    let mut request = [0; 8192];
    let length = stream.read(&mut request).ok()?;
    if request[..length].starts_with(b"GET /elsewhere") {
        followed.fetch_add(1, Ordering::SeqCst);
    }
    match number {
        0..3 => {
            let length = 100 * INFO_BYTES;
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
            stream.write_all(head.as_bytes()).ok()?;
            let part = vec![b' '; INFO_BYTES];
            (0..100).try_for_each(|_| stream.write_all(&part).ok())
        }
        3..6 => {
            let head = format!(
                "HTTP/1.1 302 Found\r\nLocation: {own}/elsewhere\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            );
            stream.write_all(head.as_bytes()).ok()
        }
        _ => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n").ok()?;
            // Until the client is gone.
            stream.set_read_timeout(Some(Duration::from_millis(100))).ok()?;
            loop {
                stream.write_all(b" ").ok()?;
                match stream.read(&mut request) {
                    Ok(0) => return Some(()),
                    Ok(_) => {}
                    Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                    Err(_) => return None,
                }
            }
        }
    }
}
