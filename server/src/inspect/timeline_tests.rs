use super::*;
use otc_protocol::limits::{INSPECT_QUEUE_BYTES, INSPECT_QUEUE_ENTRIES};
use otc_protocol::raptor::{Connection, Json, Reason, SignalContent};

const START: u64 = 1_700_000_000_000;

fn address(project: &str, session: &str) -> SessionAddress {
    SessionAddress { project: project.into(), session: session.into() }
}

fn noted(session: &SessionAddress, unix_ms: u64, event: Event) -> Noted {
    Noted { session: session.clone(), unix_ms, event }
}

fn joined(data: &str) -> Event {
    let connection = Connection { id: "c".into(), data: data.into(), ..Connection::default() };
    Event::ConnectionCreated { connection }
}

fn signal(data: &str) -> Event {
    let data = Some(Json::from_str_value(data));
    Event::Overheard { from: None, to: None, content: SignalContent { data, ..SignalContent::default() } }
}

impl Timeline {
    fn happens(&self, session: &SessionAddress, unix_ms: u64, event: Event) {
        self.take(&[noted(session, unix_ms, event)]);
    }

    fn heard(
        &self,
        session: &SessionAddress,
        after: u64,
        with_contents: bool,
        now: u64,
    ) -> Option<Listening> {
        self.listen(&session.project, &session.session, after, with_contents, false, now)
    }

    /// Checks the counts against what is there.
    fn bytes(&self) -> usize {
        let rings = self.0.lock();
        for ring in rings.all.values() {
            assert_eq!(ring.bytes, ring.entries.iter().map(Entry::bytes).sum::<usize>());
            assert_eq!(ring.signals, ring.entries.iter().filter(|entry| entry.is_signal).count());
            assert!(ring.entries.iter().is_sorted_by_key(|entry| entry.n));
        }
        let counted = rings.all.values().map(|ring| RING + ring.bytes).sum::<usize>();
        assert_eq!(rings.bytes, counted);
        counted
    }
}

fn numbers(entries: &[Entry]) -> Vec<u64> {
    entries.iter().map(|entry| entry.n).collect()
}

#[test]
fn who_listens_is_told_what_was_and_then_what_comes_once_each() {
    let timeline = Timeline::default();
    let session = address("1", "s");
    assert!(timeline.heard(&session, 0, false, START).is_none(), "nothing is known of it");
    for number in 0..3 {
        timeline.happens(&session, START + number, joined(""));
    }
    let listening = timeline.heard(&session, 0, false, START).unwrap();
    let before = numbers(&listening.before);
    assert_eq!(before, [1, 2, 3].map(|number| START * 1000 + number));
    timeline.happens(&session, START, joined(""));
    assert_eq!(listening.take().map(|entry| entry.n), Some(before[2] + 1));
    assert!(listening.take().is_none());
    let again = timeline.heard(&session, before[1], false, START).unwrap();
    assert_eq!(numbers(&again.before), [before[2], before[2] + 1], "it goes on where it was");
    assert!(timeline.heard(&session, u64::MAX, false, START).unwrap().before.is_empty());
    assert!(timeline.heard(&address("2", "s"), 0, false, START).is_none(), "another project");
    assert!(timeline.heard(&address("1", "t"), 0, false, START).is_none(), "another session");
    let lives = timeline.listen("1", "t", 0, false, true, START).unwrap();
    assert!(lives.before.is_empty(), "one that is there and has no history");
    timeline.bytes();
}

#[test]
fn signals_are_entries_while_somebody_listens_and_never_kept_with_what_they_say() {
    let timeline = Timeline::default();
    let session = address("1", "s");
    timeline.happens(&session, START, Event::SessionCreated);
    timeline.happens(&session, START, signal("hush 1"));
    let plain = timeline.heard(&session, 0, false, START).unwrap();
    let curious = timeline.heard(&session, 0, true, START).unwrap();
    assert_eq!(plain.before.len(), 1);
    timeline.happens(&session, START, signal("hush 2"));
    let (told, in_full) = (plain.take().unwrap(), curious.take().unwrap());
    assert_eq!(told.n, in_full.n);
    assert!(!told.text.contains("hush") && told.text.contains("\"bytes\":6"), "{}", told.text);
    assert!(in_full.text.contains("\"data\":\"hush 2\""), "{}", in_full.text);
    let later = timeline.heard(&session, 0, true, START).unwrap();
    assert!(later.before.len() == 2 && later.before.iter().all(|entry| !entry.text.contains("hush")));
    drop((plain, curious, later));
    timeline.happens(&session, START, signal("hush 3"));
    assert_eq!(timeline.heard(&session, 0, true, START).unwrap().before.len(), 2, "nobody listened");
    timeline.bytes();
}

#[test]
fn the_newest_are_remembered_and_signals_push_nothing_else_out() {
    let timeline = Timeline::default();
    let session = address("1", "s");
    for _ in 0..INSPECT_TIMELINE + 10 {
        timeline.happens(&session, START, joined(""));
    }
    let listening = timeline.heard(&session, 0, false, START).unwrap();
    assert_eq!(listening.before.len(), INSPECT_TIMELINE);
    assert_eq!(listening.before[0].n, START * 1000 + 11);
    for _ in 0..3 * INSPECT_TIMELINE {
        timeline.happens(&session, START, signal(""));
        assert!(listening.take().is_some());
    }
    let kept = timeline.heard(&session, 0, false, START).unwrap().before;
    let signals = kept.iter().filter(|entry| entry.is_signal).count();
    assert_eq!((kept.len(), signals), (INSPECT_TIMELINE, INSPECT_TIMELINE / 2));
    timeline.lost(&[Lost { session: session.clone(), unix_ms: START, events: 7, overheard: 7 }]);
    assert!(listening.take().unwrap().text.contains(r#""kind":"gap","events":7"#));
    timeline.bytes();
}

#[test]
fn a_slow_listener_is_told_how_much_is_missing_and_where_and_the_others_miss_nothing() {
    for (data, most) in [("", INSPECT_QUEUE_ENTRIES), (&*"x".repeat(4096), INSPECT_QUEUE_BYTES / 4096)] {
        let timeline = Timeline::default();
        let session = address("1", "s");
        let slow = timeline.listen("1", "s", 0, false, true, START).unwrap();
        let quick = timeline.listen("1", "s", 0, false, true, START).unwrap();
        let happens = |times: usize| {
            for _ in 0..times {
                timeline.happens(&session, START, joined(data));
                assert!(!quick.take().unwrap().text.contains("gap"));
            }
        };
        let take_all = || std::iter::from_fn(|| slow.take()).collect::<Vec<Entry>>();
        happens(INSPECT_QUEUE_ENTRIES + 50);
        let mut told = take_all();
        let gap: serde_json::Value = serde_json::from_str(&told.pop().unwrap().text).unwrap();
        assert!(told.len() <= most && told.len() + 10 > most, "{} of {most}", told.len());
        assert!(numbers(&told).windows(2).all(|pair| pair[1] == pair[0] + 1));
        let missing = INSPECT_QUEUE_ENTRIES + 50 - told.len();
        assert_eq!((&gap["kind"], &gap["events"]), (&"gap".into(), &missing.into()));
        let last = told.last().unwrap().n + missing as u64;
        assert_eq!((&gap["n"], &gap["at"]), (&last.into(), &START.into()));
        happens(1);
        assert_eq!(numbers(&take_all()), [last + 1], "it goes on behind what is missing");
    }
}

#[test]
fn who_waits_for_what_happens_next_is_woken_by_it() {
    let timeline = Timeline::default();
    let session = address("1", "s");
    let listening = timeline.listen("1", "s", 0, false, true, START).unwrap();
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let mut next = std::pin::pin!(listening.next());
    assert!(next.as_mut().poll(&mut context).is_pending());
    timeline.happens(&session, START, joined("x"));
    let std::task::Poll::Ready(entry) = next.poll(&mut context) else { panic!("it waits on") };
    assert!(entry.text.contains('x'));
}

#[test]
fn a_session_that_is_over_is_forgotten_after_a_while() {
    let kept = u64::try_from(INSPECT_TIMELINE_KEPT.as_millis()).unwrap();
    let timeline = Timeline::default();
    let (over, again, lives) = (address("1", "a"), address("1", "b"), address("1", "c"));
    for session in [&over, &again, &lives] {
        timeline.happens(session, START, Event::SessionCreated);
    }
    for session in [&over, &again] {
        let connection = Connection::default();
        let left = Event::ConnectionDestroyed { connection, reason: Reason::ClientDisconnected };
        timeline.happens(session, START, left);
        timeline.happens(session, START, Event::SessionDestroyed);
    }
    let waits = timeline.heard(&over, 0, false, START + kept - 1).expect("not yet");
    timeline.happens(&again, START + kept - 1, Event::SessionCreated);
    let later = START + 2 * kept;
    assert_eq!(timeline.heard(&over, 0, false, later).unwrap().before.len(), 3, "somebody listens to it");
    timeline.happens(&over, later, Event::SessionCreated);
    let last = timeline.heard(&over, 0, false, later).unwrap().before[2].n;
    assert_eq!(waits.take().unwrap().n, last + 1, "nothing is missing between one life of it and the next");
    timeline.happens(&over, later, Event::SessionDestroyed);
    drop(waits);
    assert_eq!(timeline.heard(&again, 0, false, later).unwrap().before.len(), 4, "it has begun again");
    assert_eq!(timeline.heard(&lives, 0, false, later).unwrap().before.len(), 1, "it lives");
    let even_later = later + 2 * kept;
    assert!(timeline.heard(&over, 0, false, even_later).is_none());
    timeline.bytes();
}

#[test]
fn all_together_have_a_bound_and_a_busy_project_takes_nothing_from_a_quiet_one() {
    const MOST: usize = 256 * 1024;
    let timeline = Timeline::bounded(MOST);
    let quiet = address("2", "quiet");
    for _ in 0..50 {
        timeline.happens(&quiet, START, joined("history"));
    }
    let heard = address("1", "heard");
    let listening = timeline.listen("1", "heard", 0, false, true, START).unwrap();
    timeline.happens(&heard, START, joined("x"));
    let data = "x".repeat(200);
    let mut most = 0;
    for number in 0..3_000u64 {
        timeline.happens(&address("1", &format!("s{}", number / 10)), START + number, joined(&data));
        if number.is_multiple_of(10) {
            most = most.max(timeline.bytes());
        }
    }
    most = most.max(timeline.bytes());
    assert!((MOST / 8 * 7..=MOST).contains(&most), "{most}");
    assert_eq!(timeline.heard(&quiet, 0, false, START).unwrap().before.len(), 50);
    assert!(timeline.heard(&address("1", "s0"), 0, false, START).is_none(), "the quietest of the busy one");
    let newest = timeline.heard(&address("1", "s299"), 0, false, START).unwrap();
    assert_eq!(newest.before.len(), 10);
    // Who listened to a session whose history is forgotten goes on listening.
    assert!(listening.take().is_some());
    timeline.happens(&heard, START + 40_000, joined("y"));
    assert!(listening.take().unwrap().text.contains('y'));
}

#[test]
fn numbers_grow_from_one_history_to_the_next() {
    let (one, two) = (Timeline::default(), Timeline::default());
    let session = address("1", "s");
    for _ in 0..1000 {
        one.happens(&session, START, joined(""));
    }
    let before = one.heard(&session, 0, false, START).unwrap().before;
    two.happens(&session, START + 1, joined(""));
    let after = two.heard(&session, before.last().unwrap().n, false, START).unwrap().before;
    assert_eq!(after.len(), 1, "whoever goes on where he was misses nothing");
    assert!(after[0].n < 1 << 53, "a number that JavaScript can hold");
}
