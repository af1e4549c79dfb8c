//! A name server that never answers, while a session is coming back: whoever gives up does not wait for it.
//!
//! In a binary of its own: it stands in for the system's `getaddrinfo`.
#![allow(
    unsafe_code,
    clippy::undocumented_unsafe_blocks,
    reason = "the C API is called as C calls it: with what the test holds; the stand-in has the system's form"
)]

mod common;

use common::program::{Heard, Program, Wishes, last_error};
use common::wall::{Fate, Wall};
use common::world::{KEY, World};
use common::{DEADLINE, wait_until};
use otc::ffi::*;
use std::ffi::{c_char, c_int, c_void};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

/// "At once", on a busy machine; the library stops within 5 s, whatever hangs.
const AT_ONCE: Duration = Duration::from_secs(2);
const STOPPED: Duration = Duration::from_secs(6);

/// Whether names hang.
static HANGING: Mutex<bool> = Mutex::new(false);
static CHANGED: Condvar = Condvar::new();
/// Lookups that hang.
static STUCK: AtomicU32 = AtomicU32::new(0);

type GetAddrInfo = unsafe extern "C" fn(
    *const c_char,
    *const c_char,
    *const libc::addrinfo,
    *mut *mut libc::addrinfo,
) -> c_int;

/// Every name is this machine's, once it is answered.
#[unsafe(no_mangle)]
unsafe extern "C" fn getaddrinfo(
    _node: *const c_char,
    service: *const c_char,
    hints: *const libc::addrinfo,
    found: *mut *mut libc::addrinfo,
) -> c_int {
    let mut hanging = HANGING.lock().expect("nobody panics with it");
    STUCK.fetch_add(1, Ordering::SeqCst);
    while *hanging {
        hanging = CHANGED.wait(hanging).expect("nobody panics with it");
    }
    STUCK.fetch_sub(1, Ordering::SeqCst);
    drop(hanging);
    unsafe {
        let systems = libc::dlsym(libc::RTLD_NEXT, c"getaddrinfo".as_ptr());
        let systems = std::mem::transmute::<*mut c_void, GetAddrInfo>(systems);
        systems(c"127.0.0.1".as_ptr(), service, hints, found)
    }
}

fn hang(hanging: bool) {
    *HANGING.lock().expect("nobody panics with it") = hanging;
    CHANGED.notify_all();
}

fn named(world: &World, wall: &Wall) -> Program {
    let url = format!("http://server.test:{}", wall.port());
    let wishes = Wishes { api_url: Some(&url), ..Wishes::default() };
    Program::new(KEY, &world.session_id, &wishes)
}

/// In the session, then away, with the way back stuck in a lookup.
fn stuck(world: &World, wall: &Wall) -> Program {
    let program = named(world, wall);
    program.connect(&world.token(""));
    program.wait_for_connected();
    hang(true);
    wall.sever_and(Fate::Pass);
    program.wait_for(&Heard::Reconnecting);
    wait_until("a lookup that hangs", || STUCK.load(Ordering::SeqCst) > 0);
    program
}

fn in_time(limit: Duration, what: &str, act: impl FnOnce()) {
    let start = Instant::now();
    act();
    assert!(start.elapsed() < limit, "{what} took {:?}", start.elapsed());
}

#[test]
fn nobody_waits_for_a_name_server() {
    let world = World::new();
    let wall = Wall::before(world.server.addr());

    let ada = stuck(&world, &wall);
    in_time(AT_ONCE, "disconnect", || {
        ada.disconnect();
        assert_eq!(ada.next(), Heard::Disconnected);
    });
    ada.delete();

    // While it hangs others are not held up: a connect is given up as quickly, and a session that knows the address goes on.
    let bob = named(&world, &wall);
    bob.connect(&world.token(""));
    in_time(AT_ONCE, "disconnect while connecting", || {
        bob.disconnect();
        assert_eq!(bob.next(), Heard::Disconnected);
    });
    let (cy, cy_id) = world.member("");
    cy.signal("t", "goes on");
    cy.wait_for(&Heard::signal("t", "goes on", Some(&cy_id)));
    cy.delete();
    hang(false);
    wait_until("all lookups answered", || STUCK.load(Ordering::SeqCst) == 0);

    let dan = stuck(&world, &wall);
    in_time(AT_ONCE, "delete", || dan.delete());
    hang(false);
    wait_until("all lookups answered", || STUCK.load(Ordering::SeqCst) == 0);

    // When it answers again in time nothing was lost.
    let eve = stuck(&world, &wall);
    eve.signal("t", "while the name server hangs");
    hang(false);
    eve.wait_for(&Heard::Reconnected);
    let me = eve.id();
    eve.wait_for(&Heard::signal("t", "while the name server hangs", me.as_deref()));

    // And the library can be stopped meanwhile.
    hang(true);
    wall.sever();
    eve.wait_for(&Heard::Reconnecting);
    wait_until("a lookup that hangs", || STUCK.load(Ordering::SeqCst) > 0);
    in_time(STOPPED, "otc_destroy", || assert_eq!(otc_destroy(), 0, "{}", last_error()));
    assert!(matches!(eve.ears.next_within(DEADLINE), Some(Heard::Disconnected)));
    hang(false);
}
