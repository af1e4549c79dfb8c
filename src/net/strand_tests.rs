//! The crew and its strands, without sockets.

use super::super::crew::{BLOCKED_AFTER, MOST_THREADS, THREADS};
use super::*;
use crate::session::Event;
use std::sync::mpsc::{Receiver, Sender, channel};

/// Runs a closure for each event, and one at the end.
struct Hear<F> {
    hear: F,
    released: Option<Sender<()>>,
}

impl<F: Fn(Event) + Send + Sync> Listener for Hear<F> {
    fn hear(&self, event: Event) {
        (self.hear)(event);
    }

    fn awaits_release(&self) -> bool {
        self.released.is_some()
    }

    fn released(&self) {
        let _ = self.released.as_ref().map(|released| released.send(()));
    }

    fn callback_name(&self, _event: &Event) -> &'static str {
        "on_test"
    }
}

const DEADLINE: Duration = Duration::from_secs(20);
const MOST: usize = 8;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// A crew, and the runtime that it drives.
fn crew() -> (Arc<Crew>, tokio::runtime::Handle) {
    let runtime = runtime();
    let handle = runtime.handle().clone();
    (Crew::start(runtime, || ()).expect("threads"), handle)
}

fn stop(crew: &Arc<Crew>) -> bool {
    let stopped = crew.stop(Instant::now() + DEADLINE);
    crew.shut_down(DEADLINE);
    stopped
}

fn strand(crew: &Arc<Crew>, hear: impl Fn(Event) + Send + Sync + 'static) -> Arc<Strand> {
    Strand::new(Box::new(Hear { hear, released: None }), MOST, crew)
}

/// A strand that tells when it is released.
fn telling(crew: &Arc<Crew>, hear: impl Fn(Event) + Send + Sync + 'static) -> (Arc<Strand>, Receiver<()>) {
    let (released, is_released) = channel();
    (Strand::new(Box::new(Hear { hear, released: Some(released) }), MOST, crew), is_released)
}

fn numbered(number: usize) -> Event {
    Event::ArchiveStopped { id: number.to_string() }
}

/// A callback that tells that it runs, then waits for a word.
fn blocking() -> (impl Fn(Event) + Send + Sync + 'static, Receiver<()>, Sender<()>) {
    let (began, begun) = channel();
    let (release, released) = channel::<()>();
    let released = Mutex::new(released);
    let hear = move |_| {
        let _ = began.send(());
        let _ = released.lock().recv();
    };
    (hear, begun, release)
}

#[test]
fn callbacks_of_one_session_run_in_order_and_one_at_a_time() {
    let (crew, _) = crew();
    let (heard, received) = channel();
    let running = Mutex::new(());
    let strand = strand(&crew, move |event| {
        let _alone = running.try_lock().expect("no other callback of the session runs");
        let _ = heard.send(event);
    });
    for number in 0..1000 {
        strand.push([numbered(number)]);
    }
    for number in 0..1000 {
        assert_eq!(received.recv_timeout(DEADLINE), Ok(numbered(number)));
    }
    assert_eq!(crew.threads(), THREADS);
    assert!(stop(&crew));
}

#[test]
fn blocked_callbacks_cost_threads_and_hold_up_neither_other_callbacks_nor_the_sockets() {
    let (crew, handle) = crew();
    let blocked: Vec<_> = (0..THREADS + 2)
        .map(|_| {
            let (hear, begun, release) = blocking();
            let strand = strand(&crew, hear);
            strand.push([Event::Connected]);
            begun.recv_timeout(DEADLINE).expect("a thread is found for it");
            (strand, release)
        })
        .collect();
    let (heard, received) = channel();
    let free = strand(&crew, move |event| drop(heard.send(event)));
    free.push([Event::Connected]);
    assert_eq!(received.recv_timeout(DEADLINE), Ok(Event::Connected));
    let (ran, has_run) = channel();
    handle.spawn(async move { ran.send(()) });
    has_run.recv_timeout(DEADLINE).expect("the runtime is driven");
    let threads = crew.threads();
    assert!((THREADS + 3..=MOST_THREADS).contains(&threads), "{threads} threads");
    drop(blocked);
    assert!(stop(&crew));
}

#[test]
fn one_blocked_callback_costs_nothing_that_is_not_there() {
    let (crew, handle) = crew();
    let (hear, begun, release) = blocking();
    let stuck = strand(&crew, hear);
    stuck.push([Event::Connected]);
    begun.recv_timeout(DEADLINE).expect("it runs");
    let (heard, received) = channel();
    let free = strand(&crew, move |event| drop(heard.send(event)));
    for number in 0..100 {
        let (ran, has_run) = channel();
        handle.spawn(async move { ran.send(()) });
        has_run.recv_timeout(DEADLINE).expect("the runtime is driven");
        free.push([numbered(number)]);
        assert_eq!(received.recv_timeout(DEADLINE), Ok(numbered(number)));
    }
    assert_eq!(crew.threads(), THREADS);
    drop(release);
    assert!(stop(&crew));
}

#[test]
fn a_thread_that_comes_back_from_a_long_callback_serves_on() {
    let (crew, _) = crew();
    // One after the other, more often than there may be threads.
    for round in 0..2 * MOST_THREADS {
        let (hear, begun, release) = blocking();
        let stuck = strand(&crew, hear);
        stuck.push([Event::Connected]);
        begun.recv_timeout(DEADLINE).expect("it runs");
        let (heard, received) = channel();
        let free = strand(&crew, move |event| drop(heard.send(event)));
        free.push([numbered(round)]);
        assert_eq!(received.recv_timeout(DEADLINE), Ok(numbered(round)));
        drop(release);
    }
    assert!(crew.threads() <= THREADS + 1, "{} threads", crew.threads());
    assert!(stop(&crew));
}

#[test]
fn sockets_have_their_turn_between_callbacks_without_end() {
    let (crew, handle) = crew();
    let (ran, has_run) = channel();
    let itself: Arc<Mutex<Option<Arc<Strand>>>> = Arc::default();
    let again = Arc::clone(&itself);
    let endless = strand(&crew, move |event| {
        if let Some(itself) = &*again.lock() {
            itself.push([event]);
        }
    });
    *itself.lock() = Some(Arc::clone(&endless));
    endless.push([Event::Connected]);
    handle.spawn(async move { ran.send(()) });
    has_run.recv_timeout(DEADLINE).expect("the runtime is driven");
    *itself.lock() = None;
    assert!(stop(&crew));
}

#[test]
fn a_full_queue_says_so_and_tells_when_there_is_room() {
    let (crew, _) = crew();
    let (hear, begun, release) = blocking();
    let strand = strand(&crew, hear);
    strand.push((0..=MOST).map(numbered));
    begun.recv_timeout(DEADLINE).expect("the first callback runs");
    assert!(!strand.has_room());
    drop(release);
    let roomy = runtime().block_on(async { tokio::time::timeout(DEADLINE, strand.room().notified()).await });
    assert!(roomy.is_ok());
    assert!(strand.has_room());
    assert!(stop(&crew));
}

#[test]
fn closing_waits_for_the_running_callback_and_the_last_and_no_other_begins() {
    let (crew, _) = crew();
    let (hear, begun, release) = blocking();
    let (strand, is_released) = telling(&crew, hear);
    strand.push([Event::Connected, Event::Reconnecting]);
    begun.recv_timeout(DEADLINE).expect("the first callback runs");
    let (closed, is_closed) = channel();
    let closing = {
        let strand = Arc::clone(&strand);
        std::thread::spawn(move || {
            strand.close("S");
            let _ = closed.send(());
        })
    };
    assert!(is_closed.recv_timeout(BLOCKED_AFTER).is_err(), "the callback has not returned");
    assert!(is_released.try_recv().is_err());
    release.send(()).expect("it waits");
    is_closed.recv_timeout(DEADLINE).expect("the callback has returned");
    is_released.try_recv().expect("and the last one has run");
    closing.join().expect("no panic");
    strand.push([Event::Reconnected]);
    strand.close("S");
    assert!(stop(&crew));
    assert!(begun.try_recv().is_err(), "neither the waiting nor the late event was heard");
    assert!(is_released.try_recv().is_err(), "the last one runs once");
}

#[test]
fn closing_does_not_wait_for_a_thread_when_there_is_no_last_callback() {
    let (crew, _) = crew();
    let strand = strand(&crew, |_| ());
    assert!(stop(&crew), "no thread is left");
    strand.close("S");
}

#[test]
fn what_waits_at_the_end_is_heard_before_the_last_callback() {
    let (crew, _) = crew();
    let (heard, received) = channel();
    let (strand, is_released) = telling(&crew, move |event| drop(heard.send(event)));
    strand.push((0..3).map(numbered));
    strand.wind_up();
    strand.push([numbered(3)]);
    assert!(stop(&crew));
    assert_eq!(received.try_iter().collect::<Vec<_>>(), [numbered(0), numbered(1), numbered(2)]);
    assert_eq!(is_released.try_iter().count(), 1);
}

#[test]
fn what_waits_for_its_turn_does_not_begin_after_the_end() {
    let (crew, _) = crew();
    let (hear, begun, release) = blocking();
    let (strand, is_released) = telling(&crew, hear);
    strand.push([Event::Connected, Event::Reconnecting]);
    begun.recv_timeout(DEADLINE).expect("the first callback runs");
    strand.shut();
    assert!(!crew.stop(Instant::now() + BLOCKED_AFTER), "it still runs");
    assert!(is_released.try_recv().is_err());
    drop(release);
    is_released.recv_timeout(DEADLINE).expect("the last one follows even now");
    assert!(stop(&crew));
    assert!(begun.try_recv().is_err());
}

#[test]
fn a_fault_before_a_callback_costs_that_one_only() {
    let (crew, _) = crew();
    let (heard, received) = channel();
    let strand = strand(&crew, move |event| {
        assert_ne!(event, Event::Connected, "a fault that the test has made");
        let _ = heard.send(event);
    });
    strand.push([Event::Connected, Event::Reconnecting]);
    assert_eq!(received.recv_timeout(DEADLINE), Ok(Event::Reconnecting));
    assert!(stop(&crew));
}

#[test]
fn two_sessions_that_close_each_other_from_their_callbacks_are_both_released() {
    let (crew, _) = crew();
    let both: Arc<Mutex<Vec<Arc<Strand>>>> = Arc::default();
    let meet = Arc::new(std::sync::Barrier::new(2));
    let released: Vec<Receiver<()>> = (0..2)
        .map(|index| {
            let (others, meet) = (Arc::clone(&both), Arc::clone(&meet));
            let (strand, is_released) = telling(&crew, move |_| {
                meet.wait();
                let other = Arc::clone(&others.lock()[1 - index]);
                other.close("S");
            });
            both.lock().push(strand);
            is_released
        })
        .collect();
    let strands = both.lock().clone();
    for strand in &strands {
        strand.push([Event::Connected]);
    }
    for is_released in released {
        is_released.recv_timeout(DEADLINE).expect("released");
    }
    both.lock().clear();
    assert!(stop(&crew));
}
