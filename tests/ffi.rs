//! The exported functions and everything bad that C can do to them: nothing crashes, everything says what was wrong.
#![allow(
    unsafe_code,
    clippy::undocumented_unsafe_blocks,
    reason = "the C API is called as C calls it: with what the test holds"
)]

mod common;

use common::program::{Program, Wishes, c, last_error, no_callbacks, start_library, text};
use common::world::{KEY, World};
use otc::ffi::*;
use std::ffi::{CStr, c_char, c_void};
use std::ptr::{null, null_mut};

const INVALID_PARAM: i32 = 1;
const BAD_ARGUMENT: i32 = 1011;
const YES: otc_signal_options = otc_signal_options { retry_after_reconnect: 1 };

fn session() -> *mut otc_session {
    start_library();
    let callbacks = no_callbacks();
    let session = unsafe { otc_session_new(c"123456".as_ptr(), c"1_x".as_ptr(), &raw const callbacks) };
    assert!(!session.is_null(), "{}", last_error());
    session
}

/// The failed call has said why, in a sentence.
fn said_why() {
    let words = last_error();
    assert!(words.len() > 10 && words.ends_with('.'), "{words:?}");
}

fn refused(status: i32, expected: i32) {
    assert_eq!(status, expected);
    said_why();
}

/// Calls every function of a session with what is none.
fn every_session_function(session: *mut otc_session, expected: i32) {
    let (kind, data) = (c"t".as_ptr(), c"d".as_ptr());
    unsafe {
        refused(otc_session_connect(session, c"token".as_ptr()), expected);
        let port = 1;
        refused(
            otc_session_connect_to_host(session, c"h".as_ptr(), c"".as_ptr(), port, 0, c"t".as_ptr()),
            expected,
        );
        refused(otc_session_disconnect(session), expected);
        refused(otc_session_signal(session, kind, data), expected);
        refused(otc_session_signal_to_connection(session, kind, data, null()), expected);
        refused(otc_session_signal_with_options(session, kind, data, YES), expected);
        refused(otc_session_signal_to_connection_with_options(session, kind, data, null(), YES), expected);
        refused(otc_session_send_signal(session, kind, data), expected);
        refused(otc_session_send_signal_to_connection(session, kind, data, null()), expected);
        refused(otc_session_send_signal_with_options(session, kind, data, YES), expected);
        refused(
            otc_session_send_signal_to_connection_with_options(session, kind, data, null(), YES),
            expected,
        );
        refused(otc_session_force_mute_all(session, null_mut(), 0), expected);
        refused(otc_session_force_mute_stream(session, c"stream".as_ptr()), expected);
        refused(otc_session_set_encryption_secret(session, c"long enough".as_ptr()), expected);
        let mut issue = std::ptr::dangling_mut();
        refused(otc_session_report_issue(session, c"it fails".as_ptr(), &raw mut issue), expected);
        assert!(issue.is_null());
    }
    refused(otc_session_disable_force_mute(session), expected);
    refused(otc_session_force_disconnect(session, null()), expected);
    assert!(otc_session_get_connections(session).is_null());
    said_why();
    assert!(otc_session_get_id(session).is_null());
    assert!(otc_session_get_connection(session).is_null());
    assert!(otc_session_get_user_data(session).is_null());
    assert_eq!(otc_session_get_capabilities(session), otc_session_capabilities::default());
    assert_eq!(otc_session_get_connection_status(session), 0);
    assert_eq!(otc_session_get_disconnect_reason(session), 0);
    refused(otc_session_set_on_released(session, None), expected);
    refused(otc_session_set_on_status_changed(session, None), expected);
    refused(otc_session_set_on_signal_failed(session, None), expected);
    refused(otc_session_delete(session), expected);
}

fn every_settings_function(settings: *mut otc_session_settings, expected: i32) {
    unsafe {
        refused(otc_session_settings_set_api_url(settings, c"http://h".as_ptr()), expected);
        refused(otc_session_settings_set_ca_file(settings, c"/f".as_ptr()), expected);
        refused(otc_session_settings_set_proxy_url(settings, c"http://h".as_ptr()), expected);
        refused(otc_session_settings_set_network_proxy(settings, c"http://h:1".as_ptr()), expected);
        refused(otc_session_settings_set_user_agent_suffix(settings, c"x".as_ptr()), expected);
        refused(otc_session_settings_set_record_file(settings, c"/f".as_ptr()), expected);
        refused(otc_session_settings_set_custom_ice_config(settings, null()), expected);
        let callbacks = no_callbacks();
        assert!(
            otc_session_new_with_settings(c"1".as_ptr(), c"s".as_ptr(), &raw const callbacks, settings)
                .is_null()
        );
        said_why();
    }
    refused(otc_session_settings_set_connection_events_suppressed(settings, 1), expected);
    refused(otc_session_settings_set_ip_whitelist(settings, 1), expected);
    refused(otc_session_settings_set_single_peer_connection(settings, 1), expected);
    refused(otc_session_settings_set_session_migration(settings, 1), expected);
    refused(otc_session_settings_set_reconnect_window(settings, 1), expected);
    refused(otc_session_settings_set_callback_queue_size(settings, 1), expected);
    refused(otc_session_settings_set_signal_queue_size(settings, 1), expected);
    refused(otc_session_settings_delete(settings), expected);
}

fn every_connection_function(connection: *mut otc_connection, expected: i32) {
    for empty in [
        otc_connection_get_id(connection),
        otc_connection_get_data(connection),
        otc_connection_get_session_id(connection),
    ] {
        assert_eq!(text(empty).as_deref(), Some(""));
        said_why();
    }
    assert_eq!(otc_connection_get_creation_time(connection), 0);
    assert!(otc_connection_copy(connection).is_null());
    refused(otc_connection_delete(connection), expected);
}

fn every_list_function(list: *mut otc_connection_list, expected: i32) {
    assert_eq!(otc_connection_list_get_size(list), 0);
    said_why();
    assert!(otc_connection_list_get(list, 0).is_null());
    said_why();
    refused(otc_connection_list_delete(list), expected);
}

fn every_stream_function(stream: *mut otc_stream, expected: i32) {
    for empty in [otc_stream_get_id(stream), otc_stream_get_name(stream)] {
        assert_eq!(text(empty).as_deref(), Some(""));
        said_why();
    }
    for no in [
        otc_stream_has_video_track(stream),
        otc_stream_has_video(stream),
        otc_stream_has_audio_track(stream),
        otc_stream_has_audio(stream),
        otc_stream_has_captions(stream),
        otc_stream_get_video_width(stream),
        otc_stream_get_video_height(stream),
    ] {
        assert_eq!(no, 0);
    }
    assert_eq!(otc_stream_get_creation_time(stream), 0);
    assert_eq!(otc_stream_get_video_type(stream), 1);
    assert!(otc_stream_get_connection(stream).is_null());
    assert!(otc_stream_copy(stream).is_null());
    refused(otc_stream_delete(stream), expected);
}

/// Calls every function that takes an object with something else.
fn every_function(handle: usize) {
    every_session_function(handle as *mut _, INVALID_PARAM);
    every_settings_function(handle as *mut _, INVALID_PARAM);
    every_connection_function(handle as *mut _, INVALID_PARAM);
    every_list_function(handle as *mut _, INVALID_PARAM);
    every_stream_function(handle as *mut _, INVALID_PARAM);
}

#[test]
fn null_and_foreign_pointers_in_place_of_objects() {
    start_library();
    let local = 7u64;
    let heap = Box::new([0u8; 64]);
    let address = std::ptr::from_ref(&local) as usize;
    let on_heap = std::ptr::from_ref(&*heap) as usize;
    for handle in [
        0,
        1,
        8,
        0xdead_beef,
        address,
        address + 1,
        on_heap,
        on_heap + 1,
        usize::MAX,
        usize::MAX - 1,
        usize::MAX / 2,
    ] {
        every_function(handle);
    }
}

#[test]
fn handles_of_another_kind() {
    let session = session();
    let settings = otc_session_settings_new();
    every_settings_function(session.cast(), INVALID_PARAM);
    every_connection_function(session.cast(), INVALID_PARAM);
    every_list_function(session.cast(), INVALID_PARAM);
    every_stream_function(session.cast(), INVALID_PARAM);
    every_session_function(settings.cast(), INVALID_PARAM);
    every_connection_function(settings.cast(), INVALID_PARAM);
    every_list_function(settings.cast(), INVALID_PARAM);
    every_stream_function(settings.cast(), INVALID_PARAM);
    assert_eq!(otc_session_delete(session), 0);
    assert_eq!(otc_session_settings_delete(settings), 0);
}

#[test]
fn deleted_handles_stay_dead() {
    let first = session();
    assert_eq!(otc_session_delete(first), 0);
    every_session_function(first, INVALID_PARAM);
    // The next one takes its place, and is another one.
    let second = session();
    assert_ne!(first, second);
    every_session_function(first, INVALID_PARAM);
    assert_eq!(otc_session_get_connection_status(second), 0);
    assert_eq!(otc_session_delete(second), 0);

    let settings = otc_session_settings_new();
    assert_eq!(otc_session_settings_delete(settings), 0);
    every_settings_function(settings, INVALID_PARAM);
}

#[test]
fn null_in_place_of_texts() {
    start_library();
    let callbacks = no_callbacks();
    let (key, id) = (c"1".as_ptr(), c"s".as_ptr());
    unsafe {
        for (key, id, callbacks) in
            [(null(), id, &raw const callbacks), (key, null(), &raw const callbacks), (key, id, null())]
        {
            assert!(otc_session_new(key, id, callbacks).is_null());
            said_why();
            let settings = otc_session_settings_new();
            assert!(otc_session_new_with_settings(key, id, callbacks, settings).is_null());
            said_why();
            assert_eq!(otc_session_settings_delete(settings), 0);
        }
        let session = session();
        let (host, empty, token) = (c"h".as_ptr(), c"".as_ptr(), c"t".as_ptr());
        refused(otc_session_connect(session, null()), BAD_ARGUMENT);
        refused(otc_session_connect_to_host(session, null(), empty, 1, 0, token), BAD_ARGUMENT);
        refused(otc_session_connect_to_host(session, host, null(), 1, 0, token), BAD_ARGUMENT);
        refused(otc_session_connect_to_host(session, host, empty, 1, 0, null()), BAD_ARGUMENT);
        refused(otc_session_signal_to_connection(session, null(), null(), null()), BAD_ARGUMENT);
        refused(
            otc_session_signal_to_connection_with_options(session, null(), null(), null(), YES),
            BAD_ARGUMENT,
        );
        refused(otc_session_send_signal_to_connection(session, null(), null(), null()), BAD_ARGUMENT);
        refused(
            otc_session_send_signal_to_connection_with_options(session, null(), null(), null(), YES),
            BAD_ARGUMENT,
        );
        refused(otc_session_signal(session, null(), null()), 1010);
        refused(otc_session_disconnect(session), 1010);
        assert_eq!(otc_session_get_connection_status(session), 0, "nothing of it has changed anything");
        assert_eq!(otc_session_delete(session), 0);
        let settings = otc_session_settings_new();
        refused(otc_session_settings_set_api_url(settings, null()), BAD_ARGUMENT);
        refused(otc_session_settings_set_ca_file(settings, null()), BAD_ARGUMENT);
        assert_eq!(otc_session_settings_delete(settings), 0);
    }
}

#[test]
fn texts_that_are_too_long_or_not_utf_8() {
    let long = c(&"x".repeat(20_000));
    let odd = c"\xff\xfe".as_ptr();
    let callbacks = no_callbacks();
    let session = session();
    unsafe {
        for bad in [long.as_ptr(), odd] {
            assert!(otc_session_new(bad, c"s".as_ptr(), &raw const callbacks).is_null());
            assert!(otc_session_new(c"1".as_ptr(), bad, &raw const callbacks).is_null());
            refused(otc_session_connect(session, bad), BAD_ARGUMENT);
            refused(
                otc_session_connect_to_host(session, bad, c"".as_ptr(), 1, 0, c"t".as_ptr()),
                BAD_ARGUMENT,
            );
            refused(
                otc_session_connect_to_host(session, c"h".as_ptr(), bad, 1, 0, c"t".as_ptr()),
                BAD_ARGUMENT,
            );
            let settings = otc_session_settings_new();
            refused(otc_session_settings_set_api_url(settings, bad), BAD_ARGUMENT);
            assert_eq!(otc_session_settings_delete(settings), 0);
        }
        refused(otc_session_signal(session, odd, null()), BAD_ARGUMENT);
        refused(otc_session_signal(session, null(), odd), BAD_ARGUMENT);
        refused(otc_session_signal(session, long.as_ptr(), null()), 1414);
        refused(otc_session_signal(session, null(), long.as_ptr()), 1413);
        refused(otc_session_signal(session, c"a b".as_ptr(), null()), 1461);
    }
    assert_eq!(otc_session_delete(session), 0);
}

#[test]
fn hosts_and_ports() {
    let session = session();
    let connect = |host: &CStr, path: &CStr, port| unsafe {
        otc_session_connect_to_host(session, host.as_ptr(), path.as_ptr(), port, 0, c"t".as_ptr())
    };
    for port in [0, -1, 65_536, i32::MAX, i32::MIN] {
        refused(connect(c"127.0.0.1", c"", port), BAD_ARGUMENT);
    }
    for host in [c"", c"a b", c"a/b", c"a?b", c"http://a", c"a#b"] {
        refused(connect(host, c"", 80), BAD_ARGUMENT);
    }
    for path in [c"a b", c"?x=1", c"#x"] {
        refused(connect(c"127.0.0.1", path, 80), BAD_ARGUMENT);
    }
    assert_eq!(otc_session_get_connection_status(session), 0);
    assert_eq!(otc_session_delete(session), 0);
}

#[test]
fn api_urls() {
    start_library();
    let settings = otc_session_settings_new();
    let set = |url: &str| unsafe { otc_session_settings_set_api_url(settings, c(url).as_ptr()) };
    for bad in [
        "",
        "/",
        "host",
        "ftp://h",
        "http://",
        "http://h?x",
        "http://h#x",
        "http://a b",
        "https:///x",
        "ws://h",
    ] {
        refused(set(bad), BAD_ARGUMENT);
    }
    for good in ["http://h", "https://h/", "http://127.0.0.1:1/path/", "http://[::1]:80"] {
        assert_eq!(set(good), 0, "{good}");
    }
    refused(unsafe { otc_session_settings_set_ca_file(settings, c"".as_ptr()) }, BAD_ARGUMENT);
    assert_eq!(otc_session_settings_delete(settings), 0);
}

#[test]
fn what_is_passed_is_copied() {
    start_library();
    let user_data = std::ptr::from_ref(&()).cast_mut().cast::<c_void>();
    let session = {
        let (mut key, mut id) = (*b"123456\0", *b"1_x\0");
        let mut table = Box::new(otc_session_callbacks { user_data, ..no_callbacks() });
        let session = unsafe {
            otc_session_new(key.as_ptr().cast::<c_char>(), id.as_ptr().cast::<c_char>(), &raw const *table)
        };
        key.fill(b'z');
        id.fill(b'z');
        table.user_data = null_mut();
        session
    };
    assert_eq!(text(otc_session_get_id(session)).as_deref(), Some("1_x"));
    assert_eq!(otc_session_get_user_data(session), user_data);
    assert_eq!(
        otc_session_get_id(session),
        otc_session_get_id(session),
        "the same text as long as the session lives"
    );
    assert_eq!(otc_session_delete(session), 0);
}

#[test]
fn the_last_error_is_the_threads_own() {
    let session = session();
    refused(unsafe { otc_session_connect(session, null()) }, BAD_ARGUMENT);
    let mine = last_error();
    assert!(mine.contains("token"), "{mine}");
    let theirs = std::thread::spawn(|| {
        let before = last_error();
        assert_eq!(otc_session_delete(null_mut()), INVALID_PARAM);
        (before, last_error())
    });
    let (before, after) = theirs.join().expect("it asserts nothing that fails");
    assert_eq!(before, "");
    assert!(after.contains("session"), "{after}");
    assert_eq!(last_error(), mine);
    assert_eq!(otc_session_delete(session), 0);
    assert_eq!(last_error(), mine, "a call that succeeds leaves it");
}

#[test]
fn initialising_twice_changes_nothing() {
    let session = session();
    assert_eq!(otc_init(null_mut()), 0);
    assert_eq!(text(otc_session_get_id(session)).as_deref(), Some("1_x"));
    assert_eq!(otc_session_delete(session), 0);
}

#[test]
fn connection_objects_outlive_their_session() {
    let world = World::new();
    let (ada, id) = world.member("ada's data");
    let own = otc_session_get_connection(ada.session);
    let copy = otc_connection_copy(own);
    assert_ne!(own, copy);
    assert_eq!(otc_connection_delete(own), 0);
    ada.delete();
    every_connection_function(own, INVALID_PARAM);
    assert_eq!(text(otc_connection_get_id(copy)), Some(id));
    assert_eq!(text(otc_connection_get_data(copy)).as_deref(), Some("ada's data"));
    assert_eq!(text(otc_connection_get_session_id(copy)), Some(world.session_id.clone()));
    assert!(otc_connection_get_creation_time(copy) > 1_600_000_000_000, "milliseconds since 1970");
    every_stream_function(copy.cast(), INVALID_PARAM);
    every_session_function(copy.cast(), INVALID_PARAM);
    assert_eq!(otc_connection_delete(copy), 0);
    assert_eq!(otc_connection_delete(copy), INVALID_PARAM);
}

#[test]
fn a_second_connect_is_refused() {
    let world = World::new();
    let program = Program::new(
        KEY,
        &world.session_id,
        &Wishes { api_url: Some(&world.server.url()), ..Wishes::default() },
    );
    program.connect(&world.token(""));
    refused(unsafe { otc_session_connect(program.session, c"t".as_ptr()) }, 1015);
    program.wait_for_connected();
    refused(unsafe { otc_session_connect(program.session, c"t".as_ptr()) }, 1015);
}
