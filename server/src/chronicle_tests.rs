use super::*;
use otc_protocol::raptor::{Archive, Json, Reason};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

const DEADLINE: Duration = Duration::from_secs(20);

/// Tells what it reads, each time only once somebody takes it.
struct Slow(SyncSender<Read>);

enum Read {
    Took(Vec<Noted>),
    Missed(Vec<Lost>),
}

impl Reads for Slow {
    fn take(&self, noted: &[Noted]) {
        let _ = self.0.send(Read::Took(noted.to_vec()));
    }
    fn lost(&self, lost: &[Lost]) {
        let _ = self.0.send(Read::Missed(lost.to_vec()));
    }
}

fn chronicle() -> (Chronicle, Receiver<Read>) {
    let (sender, read) = sync_channel(0);
    (Chronicle::start(|| 7, vec![Arc::new(Slow(sender))]).unwrap(), read)
}

fn session(name: &str) -> SessionAddress {
    SessionAddress { project: "1".to_owned(), session: name.to_owned() }
}

fn signal(data: &str) -> Event {
    let data = Some(Json::from_str_value(data));
    Event::Signal { from: None, to: None, content: SignalContent { data, ..SignalContent::default() } }
}

fn took(read: &Receiver<Read>) -> Vec<Noted> {
    match read.recv_timeout(DEADLINE).expect("something is read") {
        Read::Took(noted) => noted,
        Read::Missed(lost) => panic!("{lost:?} lost"),
    }
}

#[test]
fn what_happens_is_read_in_order_with_its_time() {
    let (chronicle, read) = chronicle();
    let pen = chronicle.pen();
    let events: Vec<Event> = (0..1000).map(|number| signal(&number.to_string())).collect();
    for event in &events {
        pen.saw(&session("a"), event.clone());
    }
    let mut seen = Vec::new();
    while seen.len() < events.len() {
        seen.extend(took(&read));
    }
    assert!(seen.iter().all(|noted| noted.unix_ms == 7 && noted.session == session("a")));
    assert_eq!(seen.into_iter().map(|noted| noted.event).collect::<Vec<_>>(), events);
}

/// Tells which of two readers it is, and what it reads.
struct Named(&'static str, std::sync::mpsc::Sender<String>);

impl Reads for Named {
    fn take(&self, noted: &[Noted]) {
        for noted in noted {
            let what = match &noted.event {
                Event::ArchiveStarted { .. } => "archive started",
                Event::ArchiveStopped { .. } => "archive stopped",
                _ => "something else",
            };
            let _ = self.1.send(format!("{}: {what}", self.0));
        }
    }
    fn lost(&self, lost: &[Lost]) {
        for lost in lost {
            let _ = self.1.send(format!("{}: {} lost in {}", self.0, lost.events, lost.session.session));
        }
    }
}

fn idle() -> Shared {
    Shared { queue: Mutex::default(), filled: Condvar::new(), clock: || 7 }
}

fn archive_started() -> Event {
    Event::ArchiveStarted {
        archive: Archive::default(),
        connections: Vec::new(),
        streams: Vec::new(),
        muted: false,
    }
}

fn archive_stopped() -> Event {
    Event::ArchiveStopped { id: String::new(), reason: String::new() }
}

/// What one reader is told next.
fn told(shared: &Shared) -> Vec<String> {
    let (sender, told) = std::sync::mpsc::channel();
    assert!(shared.pass_on(&[Arc::new(Named("1", sender)) as _]), "it is not closed");
    told.into_iter().collect()
}

/// An archive that ends has its gap, and one that begins later has none.
#[test]
fn what_is_left_out_is_missed_at_its_place() {
    let shared = idle();
    for _ in 0..CHRONICLE_EVENTS / 2 + 3 {
        shared.note(&session("a"), signal(""));
    }
    shared.note(&session("b"), signal(""));
    shared.note(&session("a"), archive_stopped());
    shared.note(&session("a"), signal(""));
    let mut expected = vec!["1: something else".to_owned(); CHRONICLE_EVENTS / 2];
    expected.extend(["1: 3 lost in a", "1: archive stopped"].map(str::to_owned));
    let told = told(&shared);
    let (before, mut after) = (told[..expected.len()].to_vec(), told[expected.len()..].to_vec());
    assert!(before == expected, "{:?}", &before[expected.len() - 4..]);
    after.sort();
    assert_eq!(after, ["1: 1 lost in a", "1: 1 lost in b"]);
}

/// Whether somebody is warned, and how many events are said to be missed.
fn complaint(shared: &Shared) -> (bool, u64) {
    let queue = shared.queue.lock();
    (queue.complained, queue.left_out)
}

/// Who watches a session takes nothing from those who keep account of another one.
#[test]
fn what_is_overheard_takes_an_eighth_at_most_and_nobody_is_warned_of_it() {
    let shared = idle();
    for _ in 0..CHRONICLE_EVENTS / 8 + 3 {
        shared.note(
            &session("a"),
            Event::Overheard { from: None, to: None, content: SignalContent::default() },
        );
    }
    assert_eq!(complaint(&shared), (false, 0));
    for _ in 0..CHRONICLE_EVENTS / 8 * 3 {
        shared.note(&session("b"), signal(""));
    }
    assert!(!shared.queue.lock().complained, "there is room for all of these");
    shared.note(&session("b"), signal(""));
    assert_eq!(complaint(&shared), (true, 1));
    let mut told = told(&shared).split_off(CHRONICLE_EVENTS / 2);
    told.sort();
    assert_eq!(told, ["1: 1 lost in b", "1: 3 lost in a"]);
    assert!(!shared.queue.lock().complained);
}

#[test]
fn archives_begin_and_end_however_much_waits() {
    let shared = idle();
    for _ in 0..=CHRONICLE_EVENTS {
        shared.note(&session("a"), Event::SessionCreated);
    }
    shared.note(&session("a"), archive_started());
    shared.note(&session("a"), archive_stopped());
    let told = told(&shared);
    let expected = ["1: 1 lost in a", "1: archive started", "1: archive stopped"];
    assert_eq!(told[CHRONICLE_EVENTS..], expected.map(str::to_owned));
}

#[test]
fn what_is_being_read_still_takes_room() {
    let shared = idle();
    shared.note(&session("a"), signal("some text"));
    let load = shared.queue.lock().load;
    assert!(load.entries == 1 && load.bytes > BARE, "{load:?}");
    let shared = Arc::new(shared);
    let (sender, seen) = std::sync::mpsc::channel();
    assert!(shared.pass_on(&[Arc::new(Looks(Arc::clone(&shared), sender)) as _]));
    assert_eq!(seen.recv(), Ok(load));
    assert_eq!(shared.queue.lock().load, Load::default());
}

/// Tells what counts while it reads.
struct Looks(Arc<Shared>, std::sync::mpsc::Sender<Load>);

impl Reads for Looks {
    fn take(&self, _: &[Noted]) {
        let _ = self.1.send(self.0.queue.lock().load);
    }
    fn lost(&self, _: &[Lost]) {}
}

/// Reads nothing.
struct Panics;

impl Reads for Panics {
    fn take(&self, _: &[Noted]) {
        panic!("this is what the test is about");
    }
    fn lost(&self, _: &[Lost]) {}
}

#[test]
fn a_reader_that_panics_ends_nothing() {
    let (sender, read) = std::sync::mpsc::channel();
    let readers: Vec<Arc<dyn Reads>> = vec![Arc::new(Panics), Arc::new(Named("2", sender))];
    let chronicle = Chronicle::start(|| 7, readers).unwrap();
    for _ in 0..2 {
        chronicle.pen().saw(&session("a"), archive_started());
        assert_eq!(read.recv_timeout(DEADLINE).unwrap(), "2: archive started");
    }
}

#[test]
fn an_end_that_takes_too_long_leaves_the_rest_out() {
    let (chronicle, read) = chronicle();
    let pen = chronicle.pen();
    for _ in 0..100 {
        pen.saw(&session("a"), archive_started());
    }
    let taken = took(&read).len();
    chronicle.shared.queue.lock().closed = Some(Instant::now());
    let rest =
        read.iter().map(|read| if let Read::Took(noted) = read { noted.len() } else { 0 }).sum::<usize>();
    chronicle.close(Instant::now() + DEADLINE);
    assert!(taken + rest < 100, "{taken} and {rest}");
}

/// What an event is reckoned to take is no less than it takes, and what it says counts.
#[test]
fn what_streams_say_of_themselves_has_weight() {
    let stream = |extra: Value| {
        let Value::Object(extra) = extra else { panic!("an object") };
        weight(&Event::StreamChanged { stream: Stream { extra, ..Stream::default() } })
    };
    let bare = stream(serde_json::json!({}));
    assert!(stream(serde_json::json!({ "a": "x".repeat(10_000) })) > bare + 10_000);
    assert!(stream(serde_json::json!({ "a": vec![0; 10_000] })) > bare + 10_000 * size_of::<Value>());
    assert!(stream(serde_json::json!({ "a": { "b": { "c": {} } } })) > bare + 3 * BARE);
}

/// The second makes something of an archive, which the first is told at once: before anything that came later.
#[test]
fn readers_are_at_the_same_place_when_an_archive_begins_or_ends() {
    let (sender, read) = std::sync::mpsc::channel();
    let shared = Shared { queue: Mutex::default(), filled: Condvar::new(), clock: || 7 };
    let archive = Archive::default();
    for event in [
        Event::SessionCreated,
        Event::ArchiveStarted { archive, connections: Vec::new(), streams: Vec::new(), muted: false },
        signal(""),
        Event::ArchiveStopped { id: String::new(), reason: String::new() },
        Event::SessionDestroyed,
    ] {
        shared.note(&session("a"), event);
    }
    let readers = ["1", "2"].map(|name| Arc::new(Named(name, sender.clone())) as Arc<dyn Reads>);
    assert!(shared.pass_on(&readers), "it is not closed");
    drop((readers, sender));
    let (other, begun, ended) = ("something else", "archive started", "archive stopped");
    let mut expected = Vec::new();
    for slice in [&[other, begun][..], &[other, ended], &[other]] {
        for name in ["1", "2"] {
            expected.extend(slice.iter().map(|what| format!("{name}: {what}")));
        }
    }
    assert_eq!(read.into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn an_orderly_end_reads_everything_and_takes_nothing_more() {
    let (chronicle, read) = chronicle();
    let pen = chronicle.pen();
    pen.saw(&session("a"), Event::SessionCreated);
    pen.saw(&session("a"), Event::SessionDestroyed);
    let closing = std::thread::spawn(move || chronicle.close(Instant::now() + DEADLINE));
    let mut seen = took(&read);
    while seen.len() < 2 {
        seen.extend(took(&read));
    }
    closing.join().unwrap();
    pen.saw(&session("a"), Event::SessionCreated);
    assert!(read.recv_timeout(DEADLINE).is_err(), "the reader is gone");
}

/// A room is never made to wait, memory is bounded, and who depends on the order of lives still learns of them.
#[test]
fn a_slow_reader_loses_signals_first_and_is_told_how_many() {
    let (chronicle, read) = chronicle();
    let pen = chronicle.pen();
    // The thread holds the first one until it is taken.
    pen.saw(&session("a"), Event::SessionCreated);
    let sent = CHRONICLE_EVENTS;
    for number in 0..sent {
        pen.saw(&session(if number % 2 == 0 { "a" } else { "b" }), signal(""));
    }
    let archive = Archive { id: "x".to_owned(), ..Archive::default() };
    pen.saw(
        &session("a"),
        Event::ArchiveStarted { archive, connections: Vec::new(), streams: Vec::new(), muted: false },
    );
    let connection = Connection { id: "c".to_owned(), ..Connection::default() };
    pen.saw(&session("b"), Event::ConnectionDestroyed { connection, reason: Reason::ClientDisconnected });
    let (mut signals, mut others, mut lost) = (0, 0, 0);
    while signals + lost < sent || others < 3 {
        match read.recv_timeout(DEADLINE).expect("something is read") {
            Read::Took(noted) => {
                assert!(noted.len() <= CHRONICLE_EVENTS, "{}", noted.len());
                let of_signals = noted.iter().filter(|noted| share(&noted.event) == 4).count();
                signals += of_signals;
                others += noted.len() - of_signals;
            }
            Read::Missed(sessions) => {
                assert_eq!(sessions.len(), 1, "each session by itself, before what is told of it next");
                lost += sessions.iter().map(|lost| usize::try_from(lost.events).unwrap()).sum::<usize>();
            }
        }
    }
    assert_eq!((signals + lost, others), (sent, 3));
    // What is being read has its place, too.
    assert!(lost > 0 && signals >= CHRONICLE_EVENTS / 2 - 1, "{lost} lost, {signals} read");
}

#[test]
fn large_events_fill_it_as_well() {
    let (chronicle, read) = chronicle();
    let pen = chronicle.pen();
    pen.saw(&session("a"), Event::SessionCreated);
    let data = "x".repeat(8192);
    let sent = CHRONICLE_BYTES / data.len();
    assert!(sent < CHRONICLE_EVENTS / 2, "it is the bytes that this is about");
    for _ in 0..sent {
        pen.saw(&session("a"), signal(&data));
    }
    let (mut signals, mut lost) = (0, 0);
    while signals + lost < sent {
        match read.recv_timeout(DEADLINE).expect("something is read") {
            Read::Took(noted) => {
                let bytes: usize = noted.iter().map(|noted| weight(&noted.event)).sum();
                assert!(bytes <= CHRONICLE_BYTES, "{bytes}");
                signals += noted.iter().filter(|noted| share(&noted.event) == 4).count();
            }
            Read::Missed(sessions) => lost += usize::try_from(sessions[0].events).unwrap(),
        }
    }
    assert!(lost > 0, "nothing was left out");
}
