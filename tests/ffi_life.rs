//! The library's life: before init, destroy, init again. Process-wide, hence one test.
#![allow(
    unsafe_code,
    clippy::undocumented_unsafe_blocks,
    reason = "the C API is called as C calls it: with what the test holds"
)]

mod common;

use common::program::{c, last_error, no_callbacks, text};
use common::wait_until;
use common::world::World;
use otc::ffi::*;
use std::ptr::null_mut;
use std::time::{Duration, Instant};

fn session(world: &World) -> *mut otc_session {
    world.session_of(&no_callbacks())
}

/// Threads of this process that are the library's.
#[cfg(target_os = "linux")]
fn library_threads() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").expect("Linux has it");
    let names = tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok());
    names.filter(|name| name.starts_with("otc-worker")).count()
}

/// Waits until so many are there: a thread gets its name, and leaves the list, a moment after it says so.
#[cfg(target_os = "linux")]
fn wait_for_library_threads(count: usize) {
    wait_until(&format!("{count} threads"), || library_threads() == count);
}

#[test]
fn init_destroy_and_again() {
    let world = World::new();
    assert_eq!(otc_destroy(), 0, "nothing to destroy is no failure");
    assert!(session(&world).is_null());
    assert!(last_error().contains("otc_init"), "{}", last_error());

    let mut connection = null_mut();
    for round in 0..5 {
        assert_eq!(otc_init(null_mut()), 0);
        assert_eq!(otc_init(null_mut()), 0);
        let sessions: Vec<_> = (0..10).map(|_| session(&world)).collect();
        for &session in &sessions {
            assert!(!session.is_null(), "{}", last_error());
            assert_eq!(unsafe { otc_session_connect(session, c(&world.token("x")).as_ptr()) }, 0);
        }
        wait_until("session is joined", || {
            sessions.iter().all(|session| otc_session_get_connection_status(*session) == 2)
        });
        // However many sessions there are.
        #[cfg(target_os = "linux")]
        wait_for_library_threads(3);
        if round == 0 {
            connection = otc_session_get_connection(sessions[0]);
        }
        // Some leave, some are deleted, the others are ended by destroy.
        assert_eq!(otc_session_disconnect(sessions[0]), 0);
        assert_eq!(otc_session_delete(sessions[1]), 0);
        let start = Instant::now();
        assert_eq!(otc_destroy(), 0);
        assert!(start.elapsed() < Duration::from_secs(5));
        #[cfg(target_os = "linux")]
        wait_for_library_threads(0);
        for session in sessions {
            assert_eq!(otc_session_delete(session), 1, "stale");
            assert!(otc_session_get_id(session).is_null());
        }
        assert_eq!(otc_destroy(), 0);
    }
    // Everybody has said goodbye: nobody is left whom a newcomer could see.
    assert_eq!(otc_init(null_mut()), 0);
    let (observer, _) = world.member("observer");
    observer.assert_quiet();
    drop(observer);
    assert_eq!(otc_destroy(), 0);
    assert_eq!(text(otc_connection_get_data(connection)).as_deref(), Some("x"), "the caller's objects stay");
    assert_eq!(otc_connection_delete(connection), 0);
}
