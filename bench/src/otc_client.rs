//! The client that uses the library: all its sessions are members of one session id.

use crate::Error;
use crate::command::{self, Client, PATIENCE};
use otc_harness::c_api::{Event, Hears, Library, Sent, Session, SessionRef, Wishes};
use std::ffi::CString;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Runs the client until standard input ends.
pub(crate) fn run(
    url: &str,
    api_key: &str,
    session_id: &str,
    token: &str,
    connection_events: bool,
) -> Result<(), Error> {
    let client = OtcClient {
        members: Vec::new(),
        board: Arc::default(),
        url: url.to_owned(),
        api_key: api_key.to_owned(),
        session_id: session_id.to_owned(),
        token: token.to_owned(),
        connection_events,
        _library: Library::start()?,
    };
    command::serve(&mut { client })
}

struct OtcClient {
    members: Vec<Session>,
    board: Arc<Board>,
    url: String,
    api_key: String,
    session_id: String,
    token: String,
    /// Whether members hear of each other: with a thousand of them that would be a million events.
    connection_events: bool,
    /// Dropped last.
    _library: Library,
}

/// How long a sender backs off when too many of its signals wait; there are a hundred times as many of them.
const BACK_OFF: Duration = Duration::from_millis(1);

/// A sender that knows nothing of its receiver's pace can go on until the server ends the receiver's connection, because
/// what it is owed has passed its bound (32 MiB): half of that may be on its way, or somewhat more than an outbox holds.
fn most_on_their_way(bytes: usize) -> usize {
    (16 * 1024 * 1024 / (bytes + FRAME_BYTES)).min(20_000)
}

/// What a signal's frame has beside its data, about.
const FRAME_BYTES: usize = 512;

impl Client for OtcClient {
    fn join(&mut self, members: usize) -> Result<(), Error> {
        for _ in self.members.len()..members {
            let hears = Member(Arc::clone(&self.board));
            let wishes = Wishes {
                connection_events: self.connection_events,
                ..Wishes::new(&self.url, &self.api_key, &self.session_id)
            };
            let session = Session::new(&wishes, hears)?;
            session.connect(&self.token)?;
            self.members.push(session);
        }
        self.board.wait(|news| (news.connected >= members).then_some(()))
    }

    fn round_trips(&mut self, bytes: usize, count: usize) -> Result<Vec<f64>, Error> {
        let [member] = &self.members[..] else { return Err("round trips are for one member alone".into()) };
        let member = member.as_ref();
        let data = text(bytes)?;
        let times = Vec::with_capacity(count);
        self.board.expect(0);
        self.board.news().trips = Some(Trips { data: data.clone(), sent: Instant::now(), times, count });
        member.signal(&data)?;
        self.board
            .wait(|news| news.trips.take_if(|trips| trips.times.len() == count).map(|trips| trips.times))
    }

    fn stream(&mut self, bytes: usize, duration: Duration) -> Result<(usize, Duration), Error> {
        let (sender, receiver) = (self.member(0)?.as_ref(), self.member(1)?.connection()?);
        let data = text(bytes)?;
        let most = most_on_their_way(bytes);
        self.board.expect(usize::MAX);
        let start = Instant::now();
        let mut sent = 0;
        while start.elapsed() < duration {
            let on_their_way = sent - self.board.heard.load(Ordering::Relaxed);
            if on_their_way < most && sender.signal_to(&data, &receiver)? == Sent::Accepted {
                sent += 1;
            } else {
                sleep(BACK_OFF);
            }
        }
        self.board.still_expect(sent);
        let end = self.board.wait(|news| news.complete)?;
        Ok((sent, end - start))
    }

    fn fan_out(&mut self, bytes: usize, signals: usize) -> Result<Duration, Error> {
        let sender = self.member(0)?.as_ref();
        let data = text(bytes)?;
        self.board.expect(signals * self.members.len());
        let start = Instant::now();
        for _ in 0..signals {
            while sender.signal(&data)? == Sent::Full {
                sleep(BACK_OFF);
            }
        }
        Ok(self.board.wait(|news| news.complete)? - start)
    }
}

impl OtcClient {
    fn member(&self, index: usize) -> Result<&Session, Error> {
        self.members.get(index).ok_or_else(|| "join more members first".into())
    }
}

fn text(bytes: usize) -> Result<CString, Error> {
    Ok(CString::new("x".repeat(bytes))?)
}

/// What the callbacks of all members write down.
#[derive(Default)]
struct Board {
    /// Signals heard since the last [`Board::expect`], and how many there will be; 0 while round trips run.
    heard: AtomicUsize,
    expected: AtomicUsize,
    news: Mutex<News>,
    changed: Condvar,
}

#[derive(Default)]
struct News {
    connected: usize,
    failure: Option<String>,
    trips: Option<Trips>,
    /// When the last expected signal was heard.
    complete: Option<Instant>,
}

struct Trips {
    data: CString,
    sent: Instant,
    times: Vec<f64>,
    count: usize,
}

impl Board {
    fn news(&self) -> MutexGuard<'_, News> {
        self.news.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts from 0 to `signals`. Nothing may be on its way.
    fn expect(&self, signals: usize) {
        let mut news = self.news();
        news.complete = None;
        self.heard.store(0, Ordering::SeqCst);
        self.expected.store(signals, Ordering::SeqCst);
    }

    /// Goes on counting, now that the number is known.
    fn still_expect(&self, signals: usize) {
        self.expected.store(signals, Ordering::SeqCst);
        if self.heard.load(Ordering::SeqCst) == signals {
            self.news().complete.get_or_insert_with(Instant::now);
        }
    }

    /// Waits until `answer` has one.
    fn wait<T>(&self, mut answer: impl FnMut(&mut News) -> Option<T>) -> Result<T, Error> {
        let deadline = Instant::now() + PATIENCE;
        let mut news = self.news();
        loop {
            if let Some(failure) = news.failure.take() {
                return Err(failure.into());
            }
            if let Some(answer) = answer(&mut news) {
                return Ok(answer);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err("what was waited for did not come".into());
            }
            news = self.changed.wait_timeout(news, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// One member's ear.
struct Member(Arc<Board>);

impl Hears for Member {
    fn hear(&self, session: SessionRef, event: Event<'_>) {
        match event {
            Event::Connected => {
                self.0.news().connected += 1;
                self.0.changed.notify_all();
            }
            Event::Signal { .. } => self.signal(session),
            Event::Disconnected => self.failed("a session was disconnected".to_owned()),
            Event::SignalFailed { text, .. } => self.failed(text.into_owned()),
            Event::Error { code, text } => self.failed(format!("{code}: {text}")),
            Event::Reconnecting | Event::Reconnected | Event::Came(_) | Event::Went(_) => {}
        }
    }
}

impl Member {
    fn signal(&self, session: SessionRef) {
        let board = &*self.0;
        if board.expected.load(Ordering::SeqCst) > 0 {
            let heard = board.heard.fetch_add(1, Ordering::SeqCst) + 1;
            if heard == board.expected.load(Ordering::SeqCst) {
                board.news().complete = Some(Instant::now());
                board.changed.notify_all();
            }
            return;
        }
        let mut news = board.news();
        let Some(trips) = &mut news.trips else { return };
        trips.times.push(nanos(trips.sent.elapsed()));
        if trips.times.len() == trips.count {
            board.changed.notify_all();
            return;
        }
        trips.sent = Instant::now();
        if let Err(error) = session.signal(&trips.data) {
            news.failure = Some(error.to_string());
            board.changed.notify_all();
        }
    }

    fn failed(&self, text: String) {
        // The first one is the cause of the others.
        self.0.news().failure.get_or_insert(text);
        self.0.changed.notify_all();
    }
}

#[allow(clippy::cast_precision_loss, reason = "far below 2^52")]
fn nanos(duration: Duration) -> f64 {
    duration.as_nanos() as f64
}
