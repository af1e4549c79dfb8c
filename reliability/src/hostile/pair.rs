//! Two pairs of clients that behave, as a process of their own: one in the session that is attacked, one in another. In
//! each one tells the other something again and again, and how long that took is written down.

use otc_harness::c_api::{Connection, Event, Hears, Library, Sent, Session, SessionRef, Wishes};
use otc_harness::server::API_KEY;
use otc_harness::stats::quantile;
use otc_harness::{Error, now};
use serde::{Deserialize, Serialize};
use std::ffi::CString;
use std::io::{BufRead, stdin};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

/// What the process is told when it is started.
#[derive(Serialize, Deserialize)]
pub(crate) struct Meeting {
    pub(crate) url: String,
    /// The session that is attacked, and another one.
    pub(crate) sessions: [String; 2],
}

/// How one pair has fared since the last asking.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Fared {
    /// Signals since the beginning.
    pub(crate) sent: u64,
    pub(crate) heard: u64,
    /// Told again, or out of order, since the beginning.
    pub(crate) wrong: u64,
    /// Cuts and errors since the beginning.
    pub(crate) trouble: u64,
    /// Milliseconds since the last asking.
    pub(crate) median: f64,
    pub(crate) p99: f64,
    pub(crate) longest: f64,
}

/// Between two signals of a pair.
const PAUSE: Duration = Duration::from_millis(4);
/// How long anything may take that a server does at once.
const SOON: Duration = Duration::from_secs(60);

#[derive(Default)]
struct Notes {
    took: Mutex<Vec<f64>>,
    heard: AtomicU64,
    wrong: AtomicU64,
    trouble: AtomicU64,
}

struct Listener {
    notes: Arc<Notes>,
    /// What the one who speaks has to know: whom to speak to.
    met: Option<Sender<Connection>>,
}

impl Hears for Listener {
    fn hear(&self, _: SessionRef, event: Event<'_>) {
        match event {
            Event::Came(member) => {
                if let Some(met) = self.met.as_ref().filter(|_| member.data() == "listener") {
                    // Nobody waits for a second one.
                    let _ = met.send(member.copy());
                }
            }
            Event::Signal { data, .. } if self.met.is_none() => self.note(&data.read()),
            Event::Reconnecting | Event::Disconnected | Event::Error { .. } => {
                self.notes.trouble.fetch_add(1, Ordering::SeqCst);
            }
            _ => {}
        }
    }
}

impl Listener {
    fn note(&self, text: &str) {
        // What others say to everybody is not for this ear.
        let Some((number, at)) = text.split_once(' ') else { return };
        let (Ok(number), Ok(at)) = (number.parse::<u64>(), at.parse::<u64>()) else { return };
        let expected = self.notes.heard.fetch_add(1, Ordering::SeqCst);
        self.notes.wrong.fetch_add(u64::from(number != expected), Ordering::SeqCst);
        #[allow(clippy::cast_precision_loss, reason = "microseconds of a minute fit")]
        let millis = now().saturating_sub(at) as f64 / 1000.0;
        self.notes.took.lock().unwrap_or_else(PoisonError::into_inner).push(millis);
    }
}

/// Two clients, and how they fare.
struct Pair {
    notes: Arc<Notes>,
    sent: Arc<AtomicU64>,
    _listener: Session,
}

impl Pair {
    fn meet(url: &str, session_id: &str, stop: &Arc<AtomicBool>) -> Result<Self, Error> {
        let notes = Arc::new(Notes::default());
        let wishes = Wishes::new(url, API_KEY, session_id);
        let token = |data: &str| super::member::token(session_id, data);
        let (met, meets) = channel();
        let speaker = Session::new(&wishes, Listener { notes: Arc::clone(&notes), met: Some(met) })?;
        let listener = Session::new(&wishes, Listener { notes: Arc::clone(&notes), met: None })?;
        listener.connect(&token("listener")?)?;
        speaker.connect(&token("speaker")?)?;
        let sent = Arc::new(AtomicU64::new(0));
        let (stop, count) = (Arc::clone(stop), Arc::clone(&sent));
        let other = wait_for(&meets)?;
        thread::spawn(move || speak(&speaker, &other, &count, &stop));
        Ok(Self { notes, sent, _listener: listener })
    }

    fn fared(&self) -> Fared {
        let took = std::mem::take(&mut *self.notes.took.lock().unwrap_or_else(PoisonError::into_inner));
        Fared {
            sent: self.sent.load(Ordering::SeqCst),
            heard: self.notes.heard.load(Ordering::SeqCst),
            wrong: self.notes.wrong.load(Ordering::SeqCst),
            trouble: self.notes.trouble.load(Ordering::SeqCst),
            median: quantile(&took, 0.5),
            p99: quantile(&took, 0.99),
            longest: quantile(&took, 1.0),
        }
    }
}

fn wait_for(meets: &Receiver<Connection>) -> Result<Connection, Error> {
    meets.recv_timeout(SOON).map_err(|_| "the pair does not meet".into())
}

fn speak(speaker: &Session, other: &Connection, sent: &AtomicU64, stop: &AtomicBool) {
    while !stop.load(Ordering::SeqCst) {
        let number = sent.load(Ordering::SeqCst);
        let Ok(text) = CString::new(format!("{number} {}", now())) else { return };
        if let Ok(Sent::Accepted) = speaker.as_ref().signal_to(&text, other) {
            sent.fetch_add(1, Ordering::SeqCst);
        }
        sleep(PAUSE);
    }
    // The last words are heard before the speaker goes: it is asked to stay until its process ends.
    loop {
        thread::park();
    }
}

/// The process: tells how both pairs have fared for each line that it is told, and at its end when all has been heard.
pub(crate) fn run(meeting: &str) -> Result<(), Error> {
    let Meeting { url, sessions } = serde_json::from_str(meeting)?;
    let _library = Library::start()?;
    let stop = Arc::new(AtomicBool::new(false));
    let pairs = [Pair::meet(&url, &sessions[0], &stop)?, Pair::meet(&url, &sessions[1], &stop)?];
    println!("ready");
    for line in stdin().lock().lines() {
        if line? == "end" {
            stop.store(true, Ordering::SeqCst);
            let end = Instant::now() + SOON;
            sleep(2 * PAUSE);
            let all_heard =
                |pair: &Pair| pair.notes.heard.load(Ordering::SeqCst) >= pair.sent.load(Ordering::SeqCst);
            while !pairs.iter().all(all_heard) && Instant::now() < end {
                sleep(PAUSE);
            }
        }
        println!("{}", serde_json::to_string(&pairs.each_ref().map(Pair::fared))?);
    }
    // Nothing has to be said any more, and the speakers do not end by themselves.
    std::process::exit(0);
}
