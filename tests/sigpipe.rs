//! A signal written on the application's thread to a peer that is gone, over TLS: no SIGPIPE, whose default is the end of
//! the process. Process-wide, hence one test.
#![cfg(target_os = "linux")]
#![allow(
    unsafe_code,
    clippy::undocumented_unsafe_blocks,
    reason = "the C API is called as C calls it: with what the test holds"
)]

mod common;

use common::program::{c, last_error, no_callbacks, start_library, text};
use common::tls::behind_tls;
use common::world::KEY;
use common::{DEADLINE, wait_until};
use otc::ffi::*;
use std::ffi::{c_char, c_int, c_void};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

static PIPES: AtomicUsize = AtomicUsize::new(0);
static PAUSES: AtomicUsize = AtomicUsize::new(0);

extern "C" fn on_pipe(_: c_int) {
    PIPES.fetch_add(1, Ordering::SeqCst);
}

unsafe extern "C-unwind" fn logger(line: *const c_char) {
    if text(line).is_some_and(|line| line.contains("callback queue is full")) {
        PAUSES.fetch_add(1, Ordering::SeqCst);
    }
}

struct Shared {
    connected: Sender<()>,
    /// Ends when the test lets go of its other end.
    release: Mutex<Receiver<()>>,
}

unsafe extern "C-unwind" fn connected(_: *mut otc_session, user: *mut c_void) {
    let _ = unsafe { &*user.cast::<Shared>() }.connected.send(());
}

unsafe extern "C-unwind" fn signal(
    _: *mut otc_session,
    user: *mut c_void,
    _: *const c_char,
    _: *const c_char,
    _: *const otc_connection,
) {
    let _ = unsafe { &*user.cast::<Shared>() }.release.lock().expect("nobody panics with it").recv();
}

/// The sockets of this machine with that port at one end: state, and whether something is on its way to that end.
fn sockets(port: &str) -> Vec<(String, bool)> {
    let port = format!(":{:04X}", port.parse::<u16>().expect("a port"));
    let table = std::fs::read_to_string("/proc/net/tcp").expect("Linux has it");
    let sockets = table.lines().skip(1).filter_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (to_send, to_read) = fields[4].split_once(':').expect("two queues");
        let waiting = if fields[1].ends_with(&port) {
            to_read
        } else if fields[2].ends_with(&port) {
            to_send
        } else {
            return None;
        };
        Some((fields[3].to_owned(), waiting != "00000000"))
    });
    sockets.collect()
}

const ESTABLISHED: &str = "01";
const CLOSE_WAIT: &str = "08";

#[test]
fn a_lone_signal_to_a_peer_that_is_gone_raises_nothing() {
    start_library();
    otc_log_set_logger_callback(Some(logger));
    otc_log_enable(2);
    // What comes between has the peer reset at once: then the write fails otherwise, and nothing is proven.
    let start = Instant::now();
    while !signals_to_a_peer_that_is_gone() {
        assert!(start.elapsed() < DEADLINE, "every peer was written to before it was pinged");
    }
    assert_eq!(PIPES.load(Ordering::SeqCst), 0);
    otc_log_enable(0);
    assert_eq!(otc_destroy(), 0);
}

/// Whether the peer had closed in order, and was then pinged and has reset the connection.
fn signals_to_a_peer_that_is_gone() -> bool {
    let pauses = PAUSES.load(Ordering::SeqCst);
    let behind = behind_tls("127.0.0.1", "127.0.0.1", false);
    let port = behind.url.rsplit(':').next().expect("a port").to_owned();
    let (tell_connected, is_connected) = channel();
    let (release, released) = channel();
    let shared = Shared { connected: tell_connected, release: Mutex::new(released) };
    let mut callbacks = no_callbacks();
    callbacks.on_connected = Some(connected);
    callbacks.on_signal_received = Some(signal);
    callbacks.user_data = std::ptr::from_ref(&shared).cast_mut().cast();
    let settings = otc_session_settings_new();
    let session = unsafe {
        assert_eq!(otc_session_settings_set_api_url(settings, c(&behind.url).as_ptr()), 0);
        assert_eq!(otc_session_settings_set_ca_file(settings, c(behind.authority.path()).as_ptr()), 0);
        assert_eq!(otc_session_settings_set_callback_queue_size(settings, 1), 0);
        let id = c(&behind.world.session_id);
        otc_session_new_with_settings(c(KEY).as_ptr(), id.as_ptr(), &raw const callbacks, settings)
    };
    assert_eq!(otc_session_settings_delete(settings), 0);
    let token = c(&behind.world.token(""));
    assert_eq!(unsafe { otc_session_connect(session, token.as_ptr()) }, 0, "{}", last_error());
    is_connected.recv_timeout(DEADLINE).expect("on_connected");

    // The callback queue fills up, so the session does not read, and does not see that its peer goes.
    let (other, _) = behind.world.member("other");
    for _ in 0..5 {
        other.signal("t", "x");
    }
    wait_until("reading pauses", || PAUSES.load(Ordering::SeqCst) > pauses);
    other.delete();
    // The peer has read everything, so it closes in order, and that nobody reads here. A reset follows the next ping.
    wait_until("all is read", || {
        sockets(&port).iter().all(|(state, waiting)| state != ESTABLISHED || !waiting)
    });
    drop(behind);
    let has = |wanted: &str| sockets(&port).iter().any(|(state, _)| state == wanted);
    wait_until("the peer has closed", || has(CLOSE_WAIT) || !has(ESTABLISHED));
    let closed = has(CLOSE_WAIT).then(Instant::now);
    wait_until("the socket is reset", || !has(CLOSE_WAIT));
    // It was the ping, then, and not an acknowledgement that was on its way and whose failure the session has seen.
    let by_ping = closed.is_some_and(|closed| closed.elapsed() > Duration::from_secs(1));

    let before = unsafe { libc::signal(libc::SIGPIPE, on_pipe as *const () as usize) };
    assert_eq!(unsafe { otc_session_signal(session, c"t".as_ptr(), c"x".as_ptr()) }, 0, "{}", last_error());
    unsafe { libc::signal(libc::SIGPIPE, before) };
    drop(release);
    assert_eq!(otc_session_delete(session), 0);
    by_ping
}
