//! The library against the real server: a session, end to end.
#![allow(
    unsafe_code,
    clippy::undocumented_unsafe_blocks,
    reason = "the C API is called as C calls it: with what the test holds"
)]

mod common;

use common::program::{Heard, Program, Wishes, c, last_error, text};
use common::proxy::Proxy;
use common::rest;
use common::world::{KEY, World, pair};
use otc::ffi::*;
use otc_protocol::permissions::Role;
use otc_server::mint::{self, TokenRequest};
use otc_server::{Config, KeyPair};
use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::ptr::null;

#[test]
fn two_members_see_each_other_come_and_go() {
    let world = World::new();
    let (ada, ada_id) = world.member("ada");
    let (bob, bob_id) = world.member("bob");
    assert_ne!(ada_id, bob_id);
    assert_eq!(ada.next(), Heard::Came { id: bob_id.clone(), data: "bob".into() });
    assert_eq!(bob.next(), Heard::Came { id: ada_id, data: "ada".into() });
    ada.assert_quiet();
    bob.wait_for(&Heard::signal("fence", "", ada.id().as_deref()));
    bob.disconnect();
    assert_eq!(bob.next(), Heard::Disconnected);
    assert_eq!(bob.id(), None);
    assert_eq!(otc_session_get_disconnect_reason(bob.session), 1);
    assert_eq!(otc_session_get_connection_status(bob.session), 0);
    assert_eq!(ada.next(), Heard::Went { id: bob_id });
}

#[test]
fn a_deleted_session_leaves() {
    let world = World::new();
    let (ada, _) = world.member("ada");
    let (bob, bob_id) = world.member("bob");
    ada.wait_for(&Heard::Came { id: bob_id.clone(), data: "bob".into() });
    bob.delete();
    assert_eq!(ada.next(), Heard::Went { id: bob_id });
}

#[test]
fn the_same_object_joins_again() {
    let world = World::new();
    let (ada, first) = world.member("ada");
    ada.disconnect();
    assert_eq!(ada.next(), Heard::Disconnected);
    ada.connect(&world.token("ada"));
    let second = ada.wait_for_connected();
    assert_ne!(first, second);
}

#[test]
fn signals_to_all_come_back_to_the_sender() {
    let world = World::new();
    let (ada, ada_id) = world.member("");
    let (bob, bob_id) = world.member("");
    ada.wait_for(&Heard::Came { id: bob_id, data: String::new() });
    bob.wait_for(&Heard::Came { id: ada_id.clone(), data: String::new() });
    let words = "h\u{e9}llo \u{1f600} \"quoted\" \\ \n \u{1} end";
    ada.signal("chat", words);
    let expected = Heard::signal("chat", words, Some(&ada_id));
    assert_eq!(ada.next(), expected);
    assert_eq!(bob.next(), expected);

    // Without type, without data, without either, empty.
    for (kind, data) in [(None, Some("d")), (Some("k"), None), (None, None), (None, Some(""))] {
        let (c_kind, c_data) = (kind.map(c), data.map(c));
        let pointer = |text: &Option<std::ffi::CString>| text.as_ref().map_or(null(), |text| text.as_ptr());
        let status = unsafe { otc_session_signal(ada.session, pointer(&c_kind), pointer(&c_data)) };
        assert_eq!(status, 0, "{}", last_error());
        let expected = Heard::Signal {
            kind: kind.map(str::to_owned),
            data: data.map(str::to_owned),
            from: Some(ada_id.clone()),
        };
        assert_eq!((ada.next(), bob.next()), (expected.clone(), expected));
    }
}

#[test]
fn the_largest_signal_passes() {
    let world = World::new();
    let (ada, me) = world.member("");
    for data in ["x".repeat(8192), "\u{e4}".repeat(4096), "\u{1}".repeat(8192), "\\\"".repeat(4096)] {
        ada.signal(&"t".repeat(128), &data);
        assert_eq!(ada.next(), Heard::signal(&"t".repeat(128), &data, Some(&me)));
    }
    assert_eq!(ada.try_signal("t", &"x".repeat(8193)), 1413);
}

#[test]
fn a_signal_to_one_reaches_that_one_alone() {
    let world = World::new();
    let (ada, ada_id) = world.member("");
    let (bob, _) = world.member("");
    let (cy, cy_id) = world.member("");
    cy.wait_for(&Heard::Came { id: ada_id.clone(), data: String::new() });
    let own = otc_session_get_connection(bob.session);
    assert_eq!(ada.signal_to("dm", "psst", own), 0, "{}", last_error());
    assert_eq!(otc_connection_delete(own), 0);
    bob.wait_for(&Heard::signal("dm", "psst", Some(&ada_id)));
    let fence = Heard::signal("fence", "", Some(&cy_id));
    cy.signal("fence", "");
    for program in [&ada, &cy] {
        loop {
            match program.next() {
                heard if heard == fence => break,
                Heard::Signal { kind, .. } => panic!("{kind:?} was not for everybody"),
                _ => {}
            }
        }
    }
}

#[test]
fn a_signal_to_one_who_has_left_is_reported() {
    let world = World::new();
    let (ada, _) = world.member("");
    let (bob, bob_id) = world.member("");
    let gone = otc_session_get_connection(bob.session);
    bob.delete();
    ada.wait_for(&Heard::Went { id: bob_id });
    assert_eq!(ada.signal_to("dm", "psst", gone), 0);
    assert_eq!(otc_connection_delete(gone), 0);
    let (code, words) = ada.wait_for_failure();
    assert_eq!(code, 1550, "{words}");
    ada.assert_quiet();
}

#[test]
fn the_applications_server_signals_and_sends_away() {
    let world = World::new();
    let (ada, ada_id) = world.member("");
    let (bob, bob_id) = world.member("");
    ada.wait_for(&Heard::Came { id: bob_id.clone(), data: String::new() });
    bob.wait_for(&Heard::Came { id: ada_id, data: String::new() });
    let base = format!("/v2/project/{KEY}/session/{}", world.session_id);
    let body = r#"{"type":"news","data":"to all"}"#;
    assert_eq!(rest::call(world.server.addr(), "POST", &format!("{base}/signal"), body), 204);
    assert_eq!(ada.next(), Heard::signal("news", "to all", None));
    assert_eq!(bob.next(), Heard::signal("news", "to all", None));
    let one = format!("{base}/connection/{bob_id}");
    assert_eq!(
        rest::call(world.server.addr(), "POST", &format!("{one}/signal"), r#"{"data":"to one"}"#),
        204
    );
    assert_eq!(bob.next(), Heard::Signal { kind: None, data: Some("to one".into()), from: None });
    assert_eq!(rest::call(world.server.addr(), "DELETE", &one, ""), 204);
    assert_eq!(bob.next(), Heard::Disconnected);
    assert_eq!(otc_session_get_disconnect_reason(bob.session), 2);
    assert_eq!(ada.next(), Heard::Went { id: bob_id });
    bob.connect(&world.token(""));
    bob.wait_for_connected();
}

#[test]
fn what_the_token_allows() {
    let world = World::new();
    for (role, expected) in
        [(Role::Subscriber, [0, 1, 0, 0]), (Role::Publisher, [1, 1, 0, 0]), (Role::Moderator, [1, 1, 1, 1])]
    {
        let program = world.program();
        let zero = otc_session_get_capabilities(program.session);
        assert_eq!([zero.publish, zero.subscribe, zero.force_mute, zero.force_disconnect], [0; 4]);
        let request = TokenRequest { role, ..TokenRequest::new(&world.session_id) };
        program.connect(&mint::token(&pair(), &request).expect("minted"));
        program.wait_for(&Heard::Connected);
        let may = otc_session_get_capabilities(program.session);
        assert_eq!([may.publish, may.subscribe, may.force_mute, may.force_disconnect], expected, "{role:?}");
    }
}

#[test]
fn a_subscriber_may_not_signal_unless_the_server_is_told_so() {
    let join = |world: &World| {
        let request = TokenRequest { role: Role::Subscriber, ..TokenRequest::new(&world.session_id) };
        let program = world.program();
        program.connect(&mint::token(&pair(), &request).expect("minted"));
        program.wait_for_connected();
        program.signal("t", "x");
        program
    };
    let world = World::new();
    assert_eq!(join(&world).wait_for_failure().0, 1550);
    let world = World::with(Config { subscriber_may_signal: true, ..Config::local(pair()) });
    let program = join(&world);
    let me = program.id();
    assert_eq!(program.next(), Heard::signal("t", "x", me.as_deref()));
}

#[test]
fn events_of_others_can_be_suppressed() {
    let world = World::new();
    let (ada, ada_id) = world.member("ada");
    let url = world.server.url();
    let wishes = Wishes { api_url: Some(&url), suppressed: true, ..Wishes::default() };
    let quiet = Program::new(KEY, &world.session_id, &wishes);
    quiet.connect(&world.token("quiet"));
    let quiet_id = quiet.wait_for_connected();
    ada.wait_for(&Heard::Came { id: quiet_id, data: "quiet".into() });
    let (_cy, _) = world.member("cy");
    ada.signal("t", "x");
    assert_eq!(quiet.next(), Heard::signal("t", "x", Some(&ada_id)), "signals are heard, members are not");
}

#[test]
fn connect_to_host_goes_to_that_host() {
    let world = World::new();
    let program = Program::new(
        KEY,
        &world.session_id,
        &Wishes { api_url: Some("http://127.0.0.1:9"), ..Wishes::default() },
    );
    let address = world.server.addr();
    program.connect_to_host("127.0.0.1", "", address.port(), false, &world.token(""));
    program.wait_for_connected();
    assert_eq!(text(otc_session_get_id(program.session)), Some(world.session_id.clone()));
}

/// The number with which a connect fails.
fn failure(program: &Program, token: &str) -> (i32, String) {
    program.connect(token);
    let failure = program.wait_for_failure();
    assert!(!failure.1.is_empty());
    assert_eq!(program.id(), None);
    assert_eq!(otc_session_get_connection_status(program.session), 5);
    failure
}

#[test]
fn tokens_that_open_nothing() {
    let world = World::new();
    let other = mint::session(&pair().project, true).expect("minted");
    let foreign = mint::token(&pair(), &TokenRequest::new(other)).expect("minted");
    let liar = KeyPair::new(KEY, "another secret").expect("a key");
    let forged = mint::token(&liar, &TokenRequest::new(&world.session_id)).expect("minted");
    for token in ["", "nonsense", "line\nbreak", "T1==", "T1==bm9uc2Vuc2U=", "a.b.c", &foreign, &forged] {
        let program = world.program();
        let (code, words) = failure(&program, token);
        assert_eq!(code, 1004, "{words}");
        program.connect(&world.token(""));
        program.wait_for_connected();
    }
}

#[test]
fn a_key_of_another_project() {
    let stranger = KeyPair::new("654321", "its secret").expect("a key");
    let world =
        World::with(Config { projects: vec![pair().into(), stranger.into()], ..Config::local(pair()) });
    let url = world.server.url();
    let program =
        Program::new("654321", &world.session_id, &Wishes { api_url: Some(&url), ..Wishes::default() });
    let (code, words) = failure(&program, &world.token(""));
    assert_eq!(code, 1004, "{words}");
}

#[test]
fn a_session_that_is_none() {
    let world = World::new();
    let url = world.server.url();
    for id in ["banana", "1_x", "a b/c?d#e", "\u{e4}"] {
        let program = Program::new(KEY, id, &Wishes { api_url: Some(&url), ..Wishes::default() });
        let (code, words) = failure(&program, &world.token(""));
        assert_eq!(code, 1005, "{id}: {words}");
    }
}

/// A listener that answers everything with `answer`, and closes.
fn listener(answer: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut head = [0; 4096];
            let _ = stream.read(&mut head);
            let _ = stream.write_all(answer);
        }
    });
    url
}

#[test]
fn servers_that_are_none() {
    let world = World::new();
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("bound");
    for (url, expected) in [
        (format!("http://{free}"), 1006),
        (listener(b""), 1006),
        (listener(b"SSH-2.0-OpenSSH\r\n"), 1006),
        (listener(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n[{"), 1006),
        (listener(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), 1006),
        (listener(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n<xml>"), 2001),
        (listener(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"), 2001),
        (listener(b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n"), 1004),
        (listener(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"), 1004),
        (listener(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"), 1005),
        (listener(b"HTTP/1.1 410 No\r\nContent-Length: 0\r\n\r\n"), 1005),
        (listener(b"HTTP/1.1 503 No\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n"), 2001),
        (format!("https://{free}"), 1006),
        ("http://no-such-host.invalid".to_owned(), 1006),
    ] {
        let program = world.program_at(&url);
        let (code, words) = failure(&program, &world.token(""));
        assert_eq!(code, expected, "{url}: {words}");
    }
}

#[test]
fn a_messaging_server_that_is_none() {
    let world = World::new();
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("bound");
    let body = format!(
        r#"[{{"session_id":"{}","partner_id":"{KEY}","messaging_url":"ws://{free}/x","properties":{{"reconnection":true}}}}]"#,
        world.session_id
    );
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let url = listener(Box::leak(answer.into_boxed_str()).as_bytes());
    let (code, words) = failure(&world.program_at(&url), &world.token(""));
    assert_eq!(code, 1023, "{words}");
}

#[test]
fn a_session_that_is_full() {
    let mut config = Config::local(pair());
    config.rooms.session_connections = 1;
    let world = World::with(config);
    let (_ada, _) = world.member("");
    let (code, words) = failure(&world.program(), &world.token(""));
    assert_eq!(code, 1027, "{words}");
}

#[test]
fn ten_thousand_signals_arrive_in_order() {
    const COUNT: usize = 10_000;
    let world = World::new();
    let (ada, ada_id) = world.member("");
    let (bob, bob_id) = world.member("");
    ada.wait_for(&Heard::Came { id: bob_id, data: String::new() });
    bob.wait_for(&Heard::Came { id: ada_id.clone(), data: String::new() });
    for number in 0..COUNT {
        ada.signal("n", &number.to_string());
    }
    for program in [&bob, &ada] {
        for number in 0..COUNT {
            assert_eq!(program.next(), Heard::signal("n", &number.to_string(), Some(&ada_id)));
        }
    }
    ada.assert_quiet();
}

/// Two members signal while the network is cut at any byte; the answer is how often.
#[test]
fn who_says_much_and_leaves_is_heard_to_the_end() {
    const SIGNALS: usize = 16_000;
    let world = World::new();
    let (listener, _) = world.member("listener");
    let (talker, talker_id) = world.member("talker");
    for index in 0..SIGNALS {
        talker.signal("n", &format!("{index:064}"));
    }
    talker.disconnect();
    assert_eq!(talker.try_signal("late", ""), 1010);
    for index in 0..SIGNALS {
        listener.wait_for(&Heard::signal("n", &format!("{index:064}"), Some(&talker_id)));
    }
    assert_eq!(listener.next(), Heard::Went { id: talker_id });
}

fn run_with_cuts(seed: u64) -> u32 {
    const ROUNDS: usize = 60;
    const EACH: usize = 25;
    eprintln!("the seed of this run: {seed}");
    let world = World::new();
    let proxy = Proxy::start(world.server.addr(), seed, 100_000);
    let (ada, ada_id) = world.member_at(&proxy.url(), "ada");
    let (bob, bob_id) = world.member_at(&proxy.url(), "bob");
    ada.wait_for(&Heard::Came { id: bob_id.clone(), data: "bob".into() });
    bob.wait_for(&Heard::Came { id: ada_id.clone(), data: "ada".into() });
    proxy.cut(true);
    let mut members = [&ada, &bob].map(|program| Listening {
        program,
        next: [(ada_id.clone(), 0), (bob_id.clone(), 0)].into(),
        away: false,
    });
    for round in 1..=ROUNDS {
        for number in (round - 1) * EACH..round * EACH {
            ada.signal("n", &number.to_string());
            bob.signal("n", &number.to_string());
        }
        for member in &mut members {
            member.listen_until(round * EACH);
        }
    }
    proxy.cut(false);
    proxy.cuts()
}

/// A member who expects the numbers of each sender in order.
struct Listening<'a> {
    program: &'a Program,
    next: HashMap<String, usize>,
    away: bool,
}

impl Listening<'_> {
    fn listen_until(&mut self, count: usize) {
        while self.next.values().any(|next| *next < count) {
            match self.program.next() {
                Heard::Signal { data: Some(data), from: Some(from), .. } => {
                    let expected = self.next.get_mut(&from).expect("one of the two");
                    assert_eq!(data, expected.to_string(), "the next one of {from}");
                    *expected += 1;
                }
                Heard::Reconnecting if !self.away => self.away = true,
                Heard::Reconnected if self.away => self.away = false,
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn nothing_is_lost_when_the_network_is_cut_at_any_byte() {
    let asked =
        |variable, default| std::env::var(variable).map_or(default, |text| text.parse().expect("a number"));
    let (first, runs) = (asked("OTC_TEST_SEED", 1), asked("OTC_TEST_RUNS", 1));
    for seed in first..first + runs {
        let cuts = run_with_cuts(seed);
        assert!(cuts >= 10, "the run had {cuts} cuts");
    }
}
