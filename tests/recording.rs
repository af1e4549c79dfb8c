//! Recordings of real sessions: what was recorded happens again, to the same end, and says nothing that it must not.
//!
//! With `OTC_KEEP_RECORDINGS=tests/replays` the recordings are kept in that folder (CONTRIBUTING.md).
#![allow(
    unsafe_code,
    clippy::undocumented_unsafe_blocks,
    reason = "the C API is called as C calls it: with what the test holds"
)]

mod common;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use common::peer::Peer;
use common::program::{Heard, Program, c, last_error};
use common::proxy::Proxy;
use common::recorded::{Folder, as_recorded, events, keep, program, replay};
use common::tap::Tap;
use common::world::{KEY, SECRET, World};
use otc::ffi::*;
use otc_protocol::permissions::Role;
use serde_json::{Value, json};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

const WINDOW: i32 = 30_000;

/// Everything that is heard until `last`, that included.
fn hear_until(program: &Program, last: &Heard) -> Vec<Heard> {
    let mut heard = Vec::new();
    while heard.last() != Some(last) {
        heard.push(program.next());
    }
    heard
}

/// The recording holds these events, in this order. Why a session was disconnected, callbacks do not tell; and this program
/// asks for signals that fail to be told through `on_error`.
fn assert_told(file: &Path, heard: &[Heard]) {
    let mut recorded = events(&replay(file));
    for event in &mut recorded {
        if event["event"] == "disconnected" {
            *event = json!({"event": "disconnected"});
        }
        if event["event"] == "signal_failed" {
            *event = json!({"event": "error", "code": event["code"]});
        }
    }
    assert_eq!(recorded, heard.iter().map(as_recorded).collect::<Vec<Value>>());
}

#[test]
fn a_session_that_is_cut_again_and_again_happens_again() {
    let folder = Folder::new("cuts");
    let file = folder.file("cuts.jsonl");
    let world = World::new();
    let proxy = Proxy::start(world.server.addr(), 7, 20_000);
    let ada = program(&world, &proxy.url(), &file, WINDOW);
    ada.connect(&world.token("ada"));
    let me = ada.wait_for_connected();
    let (bob, bob_id) = world.member("bob");
    let mut heard = vec![Heard::Connected];
    heard.extend(hear_until(&ada, &Heard::Came { id: bob_id.clone(), data: "bob".into() }));
    proxy.cut(true);
    for round in 0..40 {
        ada.signal("count", &format!("{round} of ada"));
        bob.signal("count", &format!("{round} of bob"));
        heard.extend(hear_until(&ada, &Heard::signal("count", &format!("{round} of bob"), Some(&bob_id))));
    }
    proxy.cut(false);
    ada.signal("last", "");
    let last = Heard::signal("last", "", Some(&me));
    if !heard.contains(&last) {
        heard.extend(hear_until(&ada, &last));
    }
    assert!(proxy.cuts() > 0 && heard.contains(&Heard::Reconnected), "{} cuts: {heard:?}", proxy.cuts());
    ada.disconnect();
    heard.extend(hear_until(&ada, &Heard::Disconnected));
    ada.delete();
    assert_told(&file, &heard);
    keep(&file, "cuts.jsonl");
}

#[test]
fn members_signals_and_streams_happen_again() {
    let folder = Folder::new("joined");
    let file = folder.file("joined.jsonl");
    let world = World::new();
    let (_bob, _) = world.member("bob");
    let ada = program(&world, &world.server.url(), &file, WINDOW);
    ada.connect(&world.token_of(Role::Moderator));
    let me = ada.wait_for_connected();
    let mut peer = Peer::join(&world, &world.token("peer"));
    let camera = otc_protocol::uuid::from_random([7; 16]);
    let stream = json!({"name": "Ada's kitchen", "channel": [
        {"id": "video1", "type": "video", "active": true, "width": 640, "height": 480, "source": "camera"},
        {"id": "audio1", "type": "audio", "active": true},
    ]});
    let path = format!("/stream/{camera}");
    assert_eq!(peer.ask_json("create", &path, &stream).0, 200);
    for (channel, change) in
        [("audio1", json!({"active": false})), ("video1", json!({"width": 320, "height": 240}))]
    {
        assert_eq!(peer.ask_json("update", &format!("{path}/channel/{channel}"), &change).0, 200);
    }
    ada.signal("chat", "hello \u{e9} \u{1f600} \"quoted\" \n");
    assert_eq!(ada.signal_to_self("dm", ""), 0);
    assert_eq!(
        unsafe { otc_session_force_mute_all(ada.session, std::ptr::null_mut(), 0) },
        0,
        "{}",
        last_error()
    );
    assert_eq!(ada.try_signal("no good type", "x"), 1461);
    peer.leave();
    ada.signal("last", "");
    let mut heard = vec![Heard::Connected];
    heard.extend(hear_until(&ada, &Heard::signal("last", "", Some(&me))));
    ada.disconnect();
    heard.extend(hear_until(&ada, &Heard::Disconnected));
    ada.delete();
    assert_told(&file, &heard);
    assert!(std::fs::read_to_string(&file).expect("written").contains(r#""refused":1461"#));
    keep(&file, "joined.jsonl");
}

#[test]
fn a_silent_network_happens_again() {
    let folder = Folder::new("silence");
    let file = folder.file("silence.jsonl");
    let world = World::new();
    let tap = Tap::start(world.server.addr());
    let ada = program(&world, &tap.url(), &file, WINDOW);
    ada.connect(&world.token("ada"));
    let me = ada.wait_for_connected();
    tap.swallow(true);
    ada.signal("count", "into the silence");
    assert_eq!(ada.next(), Heard::Reconnecting);
    ada.signal("count", "while away");
    tap.swallow(false);
    let mut heard = vec![Heard::Connected, Heard::Reconnecting];
    heard.extend(hear_until(&ada, &Heard::signal("count", "while away", Some(&me))));
    assert!(heard.contains(&Heard::signal("count", "into the silence", Some(&me))), "{heard:?}");
    ada.disconnect();
    heard.extend(hear_until(&ada, &Heard::Disconnected));
    ada.delete();
    assert_told(&file, &heard);
    keep(&file, "silence.jsonl");
}

#[test]
fn a_session_that_is_lost_happens_again() {
    let folder = Folder::new("dropped");
    let file = folder.file("dropped.jsonl");
    let world = World::new();
    let tap = Tap::start(world.server.addr());
    let ada = program(&world, &tap.url(), &file, 1500);
    ada.connect(&world.token("ada"));
    ada.wait_for_connected();
    tap.refuse(true);
    tap.cut();
    assert_eq!(ada.next(), Heard::Reconnecting);
    ada.signal("count", "into the void");
    let mut heard = vec![Heard::Connected, Heard::Reconnecting];
    heard.extend(hear_until(&ada, &Heard::Disconnected));
    let codes = heard.iter().filter_map(|heard| match heard {
        Heard::Error { code, .. } => Some(*code),
        _ => None,
    });
    assert_eq!(codes.collect::<Vec<_>>(), [1550, 1022]);
    // The same object joins again, in the same recording.
    tap.refuse(false);
    ada.connect(&world.token("ada"));
    ada.wait_for_connected();
    heard.push(Heard::Connected);
    ada.disconnect();
    heard.extend(hear_until(&ada, &Heard::Disconnected));
    ada.delete();
    assert_told(&file, &heard);
    keep(&file, "dropped.jsonl");
}

#[test]
fn a_refused_join_happens_again() {
    let folder = Folder::new("refused");
    let file = folder.file("refused.jsonl");
    let world = World::new();
    let ada = program(&world, &world.server.url(), &file, WINDOW);
    ada.connect("T1==bm8gdG9rZW4");
    assert_eq!(ada.wait_for_failure().0, 1004);
    ada.delete();
    let told = events(&replay(&file));
    assert_eq!(told, [json!({"event": "error", "code": 1004})]);
    keep(&file, "refused.jsonl");
}

/// A text in every form in which it might have got into a file.
fn forms(text: &str) -> Vec<String> {
    let written = |byte: fn(u8) -> String| text.bytes().map(byte).collect::<Vec<String>>().concat();
    let percent = written(|byte| format!("%{byte:02X}"));
    let url_encoded = form_urlencoded(text);
    let json = serde_json::to_string(text).expect("a text");
    let json = json.trim_matches('"').to_owned();
    let hex = written(|byte| format!("{byte:02x}"));
    // Inside of a longer text, base64 has one of three forms; without its ends they can be found.
    let mut forms: Vec<String> = (0..3)
        .flat_map(|shift| {
            let shifted = format!("{}{text}", "x".repeat(shift));
            [STANDARD.encode(&shifted), URL_SAFE_NO_PAD.encode(&shifted)]
                .map(|encoded| encoded.trim_end_matches('=').to_owned())
                .map(|encoded| encoded.get(4..encoded.len().saturating_sub(2)).unwrap_or_default().to_owned())
        })
        .filter(|encoded| encoded.len() >= 8)
        .collect();
    forms.extend([text.to_owned(), json.clone(), json.replace('\\', "\\\\"), percent, url_encoded, hex]);
    forms
}

fn form_urlencoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[test]
#[allow(clippy::too_many_lines, reason = "a session with everything in it that must not be written down")]
fn a_recording_holds_no_secret_and_nothing_that_was_said() {
    const ICE: &str = "ice-credential-swordfish";
    const E2EE: &str = "e2ee-secret-swordfish";
    const SUFFIX: &str = "agent-of-nobody";
    const ISSUE: &str = "issue: the swordfish is ill";
    let folder = Folder::new("secrets");
    let file = folder.file("secrets.jsonl");
    let world = World::new();
    let tap = Tap::start(world.server.addr());
    let path = c(file.to_str().expect("UTF-8"));
    let also = |settings| unsafe {
        let (url, credential) = (c("turn:ice.example.org:3478"), c(ICE));
        let (mut urls, mut users) = ([url.as_ptr().cast_mut()], [credential.as_ptr().cast_mut()]);
        let mut credentials = users;
        let ice = otc_custom_ice_config {
            num_ice_servers: 1,
            ice_url: urls.as_mut_ptr(),
            ice_user: users.as_mut_ptr(),
            ice_credential: credentials.as_mut_ptr(),
            force_turn: 0,
            use_custom_turn_only: 0,
        };
        assert_eq!(otc_session_settings_set_custom_ice_config(settings, &raw const ice), 0);
        assert_eq!(otc_session_settings_set_user_agent_suffix(settings, c(SUFFIX).as_ptr()), 0);
        assert_eq!(otc_session_settings_set_record_file(settings, path.as_ptr()), 0);
    };
    let wishes =
        common::program::Wishes { api_url: Some(&tap.url()), also: Some(&also), ..Default::default() };
    let ada = Program::new(KEY, &world.session_id, &wishes);
    assert_eq!(
        unsafe { otc_session_set_encryption_secret(ada.session, c(E2EE).as_ptr()) },
        0,
        "{}",
        last_error()
    );
    let token = world.token("data of ada \"quoted\"");
    ada.connect(&token);
    let me = ada.wait_for_connected();
    let mut peer = Peer::join(&world, &world.token("data-of-the-peer"));
    let stream = json!({"name": "name of the stream", "customProperties": {"customKey": "custom value"},
        "channel": [{"id": "video of nobody", "type": "video", "source": "secret source"}]});
    assert_eq!(peer.ask_json("create", "/stream/stream-of-the-peer", &stream).0, 200);
    let content =
        json!({"type": "type.of.the.peer", "data": {"someKey": ["some value", 4_711_004_711_u64, true]}});
    assert_eq!(peer.ask_json("signal", "/signal/of-the-peer", &content).0, 200);
    let words = "data of a signal, \"quoted\", \u{e9}\n";
    ada.signal("type-of-a-signal", words);
    tap.cut();
    ada.signal("another-type", "data while away");
    hear_until(&ada, &Heard::signal("another-type", "data while away", Some(&me)));
    let mut issue = std::ptr::null_mut();
    assert_eq!(unsafe { otc_session_report_issue(ada.session, c(ISSUE).as_ptr(), &raw mut issue) }, 0);
    unsafe { libc::free(issue.cast()) };
    // A call that is refused is recorded, too.
    assert_eq!(ada.try_signal("type with $pecial", "data that is refused"), 1461);
    ada.disconnect();
    hear_until(&ada, &Heard::Disconnected);
    ada.connect("T1==a-token-that-is-none");
    ada.wait_for_failure();
    ada.delete();

    let recording = std::fs::read_to_string(&file).expect("written");
    replay(&file);
    assert!(recording.contains(&me), "ids stay");
    let sockets = tap.socket_ids();
    assert!(sockets.len() >= 2, "the cut made a second one: {sockets:?}");
    // The parts of the token, and what they say: a JWT.
    let inside = token.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).expect("base64"));
    let inside =
        inside.map(|part| String::from_utf8_lossy(&part).into_owned()).collect::<Vec<_>>().join("\"");
    let parts = inside.split('"').chain(token.split('.')).filter(|part| part.len() >= 12).map(str::to_owned);
    let mut secrets: Vec<String> = [
        token.as_str(),
        "a-token-that-is-none",
        SECRET,
        &world.session_id,
        KEY,
        ICE,
        E2EE,
        SUFFIX,
        ISSUE,
        "swordfish",
        "data of ada \"quoted\"",
        "data-of-the-peer",
        "name of the stream",
        "customProperties",
        "customKey",
        "custom value",
        "stream-of-the-peer",
        "video of nobody",
        "secret source",
        "type.of.the.peer",
        "someKey",
        "some value",
        "4711004711",
        "of-the-peer",
        "type-of-a-signal",
        words,
        "another-type",
        "data while away",
        "type with $pecial",
        "data that is refused",
        "ice.example.org",
        "127.0.0.1",
        tap.url().as_str(),
    ]
    .map(str::to_owned)
    .into();
    secrets.extend(sockets);
    secrets.extend(parts);
    for secret in &secrets {
        for form in forms(secret) {
            assert!(!recording.contains(&form), "{secret:?} is there as {form:?}:\n{recording}");
        }
    }
    // The search finds what is there.
    assert!(forms(&me).iter().any(|form| recording.contains(form)));
}

fn refused(world: &World, path: &Path) -> String {
    let callbacks = common::program::no_callbacks();
    let settings = otc_session_settings_new();
    let session = unsafe {
        assert_eq!(
            otc_session_settings_set_record_file(settings, c(path.to_str().expect("UTF-8")).as_ptr()),
            0
        );
        otc_session_new_with_settings(
            c(KEY).as_ptr(),
            c(&world.session_id).as_ptr(),
            &raw const callbacks,
            settings,
        )
    };
    let text = last_error();
    assert_eq!(otc_session_settings_delete(settings), 0);
    assert!(session.is_null(), "{}", path.display());
    assert!(text.contains(path.to_str().expect("UTF-8")), "{text}");
    text
}

#[test]
fn only_files_that_are_recordings_are_overwritten() {
    let folder = Folder::new("files");
    let world = World::new();
    let program = |file: &Path| program(&world, &world.server.url(), file, WINDOW);

    let file = folder.file("new");
    program(&file).delete();
    let mode = |file: &Path| std::fs::metadata(file).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&file), 0o600);
    // Sessions of one process do not share a file.
    program(&file).delete();
    let second = folder.file("new.2");
    replay(&second);
    replay(&file);

    // An older recording, that others could read; longer than the new one.
    let older = folder.file("older");
    let old = std::fs::read_to_string(&file).expect("written") + "not even JSON\n";
    std::fs::write(&older, old).expect("written");
    std::fs::set_permissions(&older, PermissionsExt::from_mode(0o644)).expect("one's own");
    program(&older).delete();
    replay(&older);
    assert_eq!(mode(&older), 0o600);

    let diary = folder.file("diary");
    std::fs::write(&diary, "Dear diary").expect("written");
    assert!(refused(&world, &diary).contains("no recording"));
    assert_eq!(std::fs::read_to_string(&diary).expect("still there"), "Dear diary");
    assert!(!refused(&world, &folder.file("missing/file")).is_empty());
    refused(&world, &folder.0);
    let link = folder.file("link");
    symlink(&file, &link).expect("a link");
    refused(&world, &link);
    let pipe = folder.file("pipe");
    let name = c(pipe.to_str().expect("UTF-8"));
    assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }, 0);
    // Nobody is at the other end: the call must not wait for it.
    assert!(refused(&world, &pipe).contains("no regular file"));
}

/// Two programs with one environment, for example one that starts the other.
#[test]
fn a_file_that_another_process_writes_is_left_to_it() {
    use std::os::fd::AsRawFd;
    let folder = Folder::new("claimed");
    let world = World::new();
    let file = folder.file("shared");
    program(&world, &world.server.url(), &file, WINDOW).delete();
    // To the system, files that are opened twice are as those of two processes.
    let other = folder.file("other");
    std::fs::rename(&file, &other).expect("written");
    let theirs = std::fs::File::open(&other).expect("there");
    let claim = || unsafe { libc::flock(theirs.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) } == 0;
    common::wait_until("the deleted session has closed its file", claim);
    let before = std::fs::read_to_string(&other).expect("there");
    program(&world, &world.server.url(), &other, WINDOW).delete();
    assert_eq!(std::fs::read_to_string(&other).expect("there"), before);
    replay(&folder.file("other.2"));
    drop(theirs);
}
