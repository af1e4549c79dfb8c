//! Networks that have one way out: HTTP CONNECT, SOCKS5, and a server that stands in for all others.
#![allow(
    unsafe_code,
    clippy::undocumented_unsafe_blocks,
    reason = "the C API is called as C calls it: with what the test holds"
)]

mod common;

use common::gateway::{Gateway, INNER_HOST, Language};
use common::program::{Heard, Program, Wishes, c, last_error};
use common::tls::behind_tls;
use common::world::{KEY, World};
use otc::ffi::*;
use std::net::TcpListener;
use std::ptr::null_mut;

const LANGUAGES: [Language; 2] = [Language::Http, Language::Socks5];
const LOGIN: (&str, &str) = ("me@home", "s3cret:word");
/// The same as it stands in a URL.
const LOGIN_IN_URL: &str = "me%40home:s3cret%3Aword@";

fn set_network_proxy(settings: *mut otc_session_settings, url: &str) {
    let status = unsafe { otc_session_settings_set_network_proxy(settings, c(url).as_ptr()) };
    assert_eq!(status, 0, "{}", last_error());
}

/// The server's URL as it is known behind a gateway.
fn inner_url(world: &World) -> String {
    format!("http://{INNER_HOST}:{}", world.server.addr().port())
}

/// A program that knows no other way than `proxy`, and has not connected.
fn program(world: &World, proxy: &str, also: &dyn Fn(*mut otc_session_settings)) -> Program {
    let also = |settings| {
        set_network_proxy(settings, proxy);
        also(settings);
    };
    let url = inner_url(world);
    let wishes = Wishes { api_url: Some(&url), also: Some(&also), ..Wishes::default() };
    Program::new(KEY, &world.session_id, &wishes)
}

fn signals(program: &Program, me: &str) {
    program.signal("t", "through");
    program.wait_for(&Heard::signal("t", "through", Some(me)));
}

#[test]
fn a_session_lives_behind_a_proxy() {
    for language in LANGUAGES {
        for login in [None, Some(LOGIN)] {
            let world = World::new();
            let gateway = Gateway::start(language, login);
            let proxy = gateway.url(login.map_or("", |_| LOGIN_IN_URL));
            let suffix = |settings| {
                let suffix = c"kiosk/4.2 (hall)";
                assert_eq!(
                    unsafe { otc_session_settings_set_user_agent_suffix(settings, suffix.as_ptr()) },
                    0
                );
            };
            let program = program(&world, &proxy, &suffix);
            program.connect(&world.token("x"));
            let me = program.wait_for_connected();
            signals(&program, &me);
            let place = format!("{INNER_HOST}:{}", world.server.addr().port());
            gateway.seen(|seen| {
                assert_eq!(seen.targets, [&*place, &*place], "{language:?}: session info and socket");
                let asked = String::from_utf8_lossy(&seen.openings[0]).to_ascii_lowercase();
                assert!(asked.contains("user-agent: libotc/"), "{asked}");
                assert!(asked.contains(" kiosk/4.2 (hall)\r\n"), "{asked}");
            });
            let mut issue = null_mut();
            let status =
                unsafe { otc_session_report_issue(program.session, c"slow".as_ptr(), &raw mut issue) };
            assert_eq!(status, 0, "{}", last_error());
            unsafe { libc::free(issue.cast()) };
            gateway.wait_for(3);
            program.disconnect();
            assert_eq!(program.next(), Heard::Disconnected);
            assert_eq!(gateway.seen(|seen| seen.strangers), 0);
        }
    }
}

#[test]
fn tls_goes_through_a_proxy_end_to_end() {
    for language in LANGUAGES {
        let gateway = Gateway::start(language, Some(LOGIN));
        let behind = behind_tls(INNER_HOST, INNER_HOST, false);
        let also = |settings| set_network_proxy(settings, &gateway.url(LOGIN_IN_URL));
        let wishes = Wishes {
            api_url: Some(&behind.url),
            ca_file: Some(behind.authority.path()),
            also: Some(&also),
            ..Wishes::default()
        };
        let program = Program::new(KEY, &behind.world.session_id, &wishes);
        program.connect(&behind.world.token("x"));
        let me = program.wait_for_connected();
        signals(&program, &me);
        gateway.seen(|seen| {
            assert_eq!(seen.targets.len(), 2);
            let handshake = 0x16;
            assert!(seen.openings.iter().all(|opening| opening[0] == handshake), "the proxy sees TLS alone");
        });
    }
}

#[test]
fn a_session_comes_back_through_the_proxy() {
    for language in LANGUAGES {
        let world = World::new();
        let gateway = Gateway::start(language, None);
        let program = program(&world, &gateway.url(""), &|_| {});
        program.connect(&world.token("x"));
        let me = program.wait_for_connected();
        gateway.close(true);
        assert_eq!(program.next(), Heard::Reconnecting);
        program.signal("t", "while away");
        gateway.close(false);
        assert_eq!(program.next(), Heard::Reconnected);
        program.wait_for(&Heard::signal("t", "while away", Some(&me)));
    }
}

/// Connects and hears why that failed.
fn failure(world: &World, proxy: &str) -> (i32, String) {
    let program = program(world, proxy, &|_| {});
    program.connect(&world.token("x"));
    program.wait_for_failure()
}

#[test]
fn a_wrong_password_is_said_and_not_repeated() {
    for language in LANGUAGES {
        for login in ["", "me%40home:wrongword@", "other:s3cret%3Aword@"] {
            let world = World::new();
            let gateway = Gateway::start(language, Some(LOGIN));
            let (code, text) = failure(&world, &gateway.url(login));
            assert_eq!(code, 1006, "{text}");
            assert!(text.contains(&gateway.address().to_string()), "{text}");
            assert!(text.contains("password"), "{text}");
            assert!(!text.contains("wrongword") && !text.contains("s3cret"), "{text}");
            gateway.seen(|seen| assert_eq!((seen.strangers, seen.targets.len()), (1, 0), "asked once"));
        }
    }
}

#[test]
fn a_proxy_that_is_not_there_is_named() {
    let world = World::new();
    for scheme in ["http", "socks5"] {
        let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = free.local_addr().expect("bound");
        drop(free);
        let (code, text) = failure(&world, &format!("{scheme}://me:s3cret@{address}"));
        assert_eq!(code, 1006, "{text}");
        assert!(text.contains(&format!("proxy {address} cannot be reached")), "{text}");
        assert!(!text.contains("s3cret"), "{text}");
    }
}

#[test]
fn a_proxy_that_says_nothing_is_a_failure_and_not_a_hang() {
    let world = World::new();
    // It takes connections and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = silent.local_addr().expect("bound");
    let waiting: Vec<Program> = ["http", "socks5"]
        .map(|scheme| {
            let program = program(&world, &format!("{scheme}://{address}"), &|_| {});
            program.connect(&world.token("x"));
            program
        })
        .into();
    for program in waiting {
        let (code, text) = program.wait_for_failure();
        assert_eq!(code, 1006, "{text}");
        assert!(text.contains(&format!("proxy {address} did not connect")), "{text}");
    }
}

#[test]
fn a_server_that_stands_in_for_all_others() {
    let world = World::new();
    let gateway = Gateway::start(Language::Socks5, None);
    // Both at once, too: the way to the server that stands in goes through a network proxy.
    for behind_gateway in [false, true] {
        let also = |settings| {
            let host = if behind_gateway { inner_url(&world) } else { world.server.url() };
            let url = c(&format!("{host}/in/front"));
            assert_eq!(unsafe { otc_session_settings_set_proxy_url(settings, url.as_ptr()) }, 0);
            if behind_gateway {
                set_network_proxy(settings, &gateway.url(""));
            }
        };
        let wishes = Wishes { api_url: Some("https://api.invalid"), also: Some(&also), ..Wishes::default() };
        let program = Program::new(KEY, &world.session_id, &wishes);
        program.connect(&world.token("x"));
        let me = program.wait_for_connected();
        signals(&program, &me);
        program.disconnect();
        assert_eq!(program.next(), Heard::Disconnected);
        // The host that the call names is asked for there as well.
        program.connect_to_host("other.invalid", "/x", 443, true, &world.token("x"));
        program.wait_for_connected();
    }
    let place = format!("{INNER_HOST}:{}", world.server.addr().port());
    assert_eq!(gateway.seen(|seen| seen.targets.clone()), vec![place; 4]);
    let asked = gateway.seen(|seen| String::from_utf8_lossy(&seen.openings[0]).into_owned());
    assert!(asked.starts_with("GET /in/front/api.invalid/session/"), "{asked}");
}

#[test]
fn a_window_of_nothing_ends_the_session_at_once() {
    let world = World::new();
    let gateway = Gateway::start(Language::Socks5, None);
    let program = program(&world, &gateway.url(""), &|settings| {
        assert_eq!(otc_session_settings_set_reconnect_window(settings, 0), 0);
    });
    program.connect(&world.token("x"));
    program.wait_for_connected();
    gateway.close(false);
    let Heard::Error { code: 1022, .. } = program.next() else { panic!("no word of the lost connection") };
    assert_eq!(program.next(), Heard::Disconnected);
    assert_eq!(otc_session_get_disconnect_reason(program.session), 3);
}

#[test]
fn a_window_ends_when_it_was_said_to() {
    let world = World::new();
    let gateway = Gateway::start(Language::Socks5, None);
    let program = program(&world, &gateway.url(""), &|settings| {
        assert_eq!(otc_session_settings_set_reconnect_window(settings, 700), 0);
        assert_eq!(otc_session_settings_set_signal_queue_size(settings, 2), 0);
    });
    program.connect(&world.token("x"));
    program.wait_for_connected();
    gateway.close(true);
    let start = std::time::Instant::now();
    assert_eq!(program.next(), Heard::Reconnecting);
    assert_eq!((program.try_signal("t", "1"), program.try_signal("t", "2")), (0, 0));
    assert_eq!(program.try_signal("t", "3"), 1550, "two may wait");
    for code in [1550, 1550, 1022] {
        let Heard::Error { code: said, text } = program.next() else { panic!("no word of what was lost") };
        assert_eq!(said, code, "{text}");
    }
    assert_eq!(program.next(), Heard::Disconnected);
    let elapsed = start.elapsed().as_millis();
    assert!((600..20_000).contains(&elapsed), "{elapsed} ms");
}
