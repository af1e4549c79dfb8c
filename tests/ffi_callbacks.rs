//! Callbacks: what may be done inside them, and what they may rely on.
#![allow(
    unsafe_code,
    clippy::undocumented_unsafe_blocks,
    reason = "the C API is called as C calls it: with what the test holds"
)]

mod common;

use common::DEADLINE;
use common::program::{Heard, c, callbacks, last_error, no_callbacks, start_library, text};
use common::world::World;
use otc::ffi::*;
use std::ffi::{c_char, c_void};
use std::ptr::null;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Instant;

const INVALID_PARAM: i32 = 1;

/// A session whose callbacks do what a test wants.
struct Hooks {
    on_connected: Box<dyn Fn(*mut otc_session) + Send + Sync>,
    on_signal: Box<dyn Fn(*mut otc_session, *const otc_connection) + Send + Sync>,
}

impl Hooks {
    fn none() -> Self {
        Self { on_connected: Box::new(|_| ()), on_signal: Box::new(|_, _| ()) }
    }

    /// The hooks live as long as the process: a callback may run as long as the session does.
    fn session(self, world: &World) -> *mut otc_session {
        unsafe extern "C-unwind" fn connected(session: *mut otc_session, user: *mut c_void) {
            (unsafe { &*user.cast::<Hooks>() }.on_connected)(session);
        }
        unsafe extern "C-unwind" fn signal(
            session: *mut otc_session,
            user: *mut c_void,
            _: *const c_char,
            _: *const c_char,
            from: *const otc_connection,
        ) {
            (unsafe { &*user.cast::<Hooks>() }.on_signal)(session, from);
        }
        start_library();
        let callbacks = otc_session_callbacks {
            on_connected: Some(connected),
            on_signal_received: Some(signal),
            user_data: std::ptr::from_mut(Box::leak(Box::new(self))).cast(),
            ..no_callbacks()
        };
        let session = world.session_of(&callbacks);
        assert!(!session.is_null());
        session
    }
}

fn connect(session: *mut otc_session, world: &World) {
    assert_eq!(unsafe { otc_session_connect(session, c(&world.token("")).as_ptr()) }, 0, "{}", last_error());
}

/// A sender that callbacks of any thread may use.
fn reports<T: Send + 'static>() -> (Mutex<Sender<T>>, Receiver<T>) {
    let (sender, receiver) = channel();
    (Mutex::new(sender), receiver)
}

fn report<T>(sender: &Mutex<Sender<T>>, news: T) {
    let _ = sender.lock().expect("nobody panics with it").send(news);
}

#[test]
fn a_session_is_deleted_inside_its_own_callback() {
    let world = World::new();
    let (observer, _) = world.member("observer");
    let (sender, told) = reports();
    let hooks = Hooks {
        on_connected: Box::new(move |session| {
            let first = otc_session_delete(session);
            let second = otc_session_delete(session);
            report(&sender, (first, second, otc_session_get_id(session).is_null()));
        }),
        ..Hooks::none()
    };
    connect(hooks.session(&world), &world);
    assert_eq!(told.recv_timeout(DEADLINE).expect("on_connected"), (0, INVALID_PARAM, true));
    let Heard::Came { id, .. } = observer.next() else { panic!("it was in") };
    assert_eq!(observer.next(), Heard::Went { id });
}

#[test]
fn the_library_is_not_destroyed_inside_a_callback() {
    let world = World::new();
    let (sender, told) = reports();
    let hooks = Hooks {
        on_connected: Box::new(move |_| report(&sender, (otc_destroy(), last_error()))),
        ..Hooks::none()
    };
    let session = hooks.session(&world);
    connect(session, &world);
    let (status, words) = told.recv_timeout(DEADLINE).expect("on_connected");
    assert_eq!(status, 1015);
    assert!(words.contains("otc_destroy"), "{words}");
    assert_eq!(otc_session_get_connection_status(session), 2, "no effect");
    assert_eq!(otc_session_delete(session), 0);
}

#[test]
fn two_sessions_delete_each_other_from_their_callbacks() {
    let world = World::new();
    let (sender, told) = reports();
    let sender = Arc::new(sender);
    let handles: Arc<Mutex<Vec<usize>>> = Arc::default();
    let both = Arc::new(std::sync::Barrier::new(2));
    let hooks = |mine: usize| {
        let (sender, handles, both) = (Arc::clone(&sender), Arc::clone(&handles), Arc::clone(&both));
        Hooks {
            on_connected: Box::new(move |_| {
                both.wait();
                let other = handles.lock().expect("nobody panics with it")[1 - mine];
                report(&sender, otc_session_delete(other as *mut _));
            }),
            ..Hooks::none()
        }
    };
    let sessions = [hooks(0).session(&world), hooks(1).session(&world)];
    handles.lock().expect("nobody panics with it").extend(sessions.map(|session| session as usize));
    for session in sessions {
        connect(session, &world);
    }
    for _ in 0..2 {
        assert_eq!(told.recv_timeout(DEADLINE).expect("no deadlock"), 0);
    }
    for session in sessions {
        assert_eq!(otc_session_delete(session), INVALID_PARAM);
    }
}

#[test]
fn delete_waits_for_a_running_callback() {
    let world = World::new();
    let (sender, told) = reports();
    let (go_on, wait) = channel();
    let wait = Mutex::new(wait);
    let hooks = Hooks {
        on_connected: Box::new(move |_| {
            report(&sender, "begun");
            let _ = wait.lock().expect("nobody panics with it").recv_timeout(DEADLINE);
            report(&sender, "ended");
        }),
        ..Hooks::none()
    };
    let session = hooks.session(&world);
    connect(session, &world);
    assert_eq!(told.recv_timeout(DEADLINE), Ok("begun"));
    let handle = session as usize;
    let deleting = std::thread::spawn(move || otc_session_delete(handle as *mut _));
    // Once the handle is stale the delete is under way.
    let start = Instant::now();
    while !otc_session_get_id(session).is_null() {
        assert!(start.elapsed() < DEADLINE);
        std::thread::yield_now();
    }
    assert!(!deleting.is_finished(), "the callback has not returned");
    go_on.send(()).expect("the callback waits");
    assert_eq!(deleting.join().expect("it asserts nothing"), 0);
    assert_eq!(told.try_recv(), Ok("ended"), "it had returned when delete did");
}

#[test]
fn no_callback_begins_after_delete_has_returned() {
    let world = World::new();
    let (noisy, _) = world.member("");
    for _ in 0..20 {
        let deleted = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let (sender, told) = reports();
        let flag = Arc::clone(&deleted);
        let hooks = Hooks {
            on_signal: Box::new(move |_, _| report(&sender, flag.load(std::sync::atomic::Ordering::SeqCst))),
            ..Hooks::none()
        };
        let session = hooks.session(&world);
        connect(session, &world);
        let start = Instant::now();
        while otc_session_get_connection_status(session) != 2 {
            assert!(start.elapsed() < DEADLINE);
            std::thread::yield_now();
        }
        for _ in 0..200 {
            noisy.signal("n", "");
        }
        assert_eq!(told.recv_timeout(DEADLINE), Ok(false));
        assert_eq!(otc_session_delete(session), 0);
        deleted.store(true, std::sync::atomic::Ordering::SeqCst);
        let mut heard = 0;
        while noisy.ears.next_within(DEADLINE).is_some_and(|news| {
            heard += usize::from(matches!(news, Heard::Signal { .. }));
            heard < 200
        }) {}
        assert!(told.try_iter().all(|after| !after), "a callback began after delete had returned");
    }
}

#[test]
fn what_a_callback_was_lent_ends_with_it() {
    let world = World::new();
    let (sender, told) = reports();
    let hooks = Hooks {
        on_signal: Box::new(move |session, from| {
            let id = text(otc_connection_get_id(from));
            let copy = otc_connection_copy(from);
            // An answer from inside the callback, to the one who asked.
            let status =
                unsafe { otc_session_signal_to_connection(session, c"answer".as_ptr(), null(), from) };
            report(&sender, (id, from as usize, copy as usize, status));
        }),
        ..Hooks::none()
    };
    let session = hooks.session(&world);
    connect(session, &world);
    let (ada, ada_id) = world.member("");
    let Heard::Came { id: bot, .. } = ada.next() else { panic!("the bot is there") };
    ada.signal("question", "?");
    let (id, lent, copy, status) = told.recv_timeout(DEADLINE).expect("the signal");
    assert_eq!((id.as_ref(), status), (Some(&ada_id), 0));
    ada.wait_for(&Heard::Signal { kind: Some("answer".into()), data: None, from: Some(bot) });
    assert_eq!(otc_connection_delete(lent as *mut _), INVALID_PARAM);
    assert_eq!(text(otc_connection_get_id(lent as *const _)).as_deref(), Some(""));
    assert_eq!(text(otc_connection_get_id(copy as *const _)), Some(ada_id));
    assert_eq!(otc_connection_delete(copy as *mut _), 0);
    assert_eq!(otc_session_delete(session), 0);
}

#[test]
fn calls_from_many_threads_at_once() {
    let world = World::new();
    let (ada, _) = world.member("");
    let handle = ada.session as usize;
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(move || {
                let session = handle as *mut otc_session;
                for _ in 0..100 {
                    assert_eq!(unsafe { otc_session_signal(session, null(), c"x".as_ptr()) }, 0);
                    let own = otc_session_get_connection(session);
                    assert!(!own.is_null());
                    assert_eq!(otc_connection_delete(own), 0);
                    let _ =
                        (otc_session_get_capabilities(session), otc_session_get_connection_status(session));
                }
            });
        }
    });
    for _ in 0..800 {
        assert!(matches!(ada.next(), Heard::Signal { .. }));
    }
}

#[test]
fn a_session_without_callbacks_works() {
    let world = World::new();
    let (ada, _) = world.member("");
    let ears = Arc::default();
    let table = otc_session_callbacks { user_data: callbacks(&ears).user_data, ..no_callbacks() };
    let silent = world.session_of(&table);
    connect(silent, &world);
    assert!(matches!(ada.next(), Heard::Came { .. }));
    ada.signal("t", "x");
    assert!(matches!(ada.next(), Heard::Signal { .. }));
    assert_eq!(otc_session_delete(silent), 0);
    assert!(matches!(ada.next(), Heard::Went { .. }));
}
