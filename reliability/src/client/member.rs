//! A member of a room: a session of the C API, and what its callbacks have written down.

use super::command::{Join, Until};
use crate::ledger::{Ledger, Letter, Number, Stream};
use crate::outcome::{Account, Note, What};
use otc_harness::c_api::{Connection, Event, Hears, Sent, Session, SessionRef, Wishes};
use otc_harness::server::{API_KEY, API_SECRET};
use otc_harness::{Error, now};
use otc_server::KeyPair;
use otc_server::mint::{self, TokenRequest};
use std::collections::BTreeMap;
use std::ffi::CString;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::sleep;
use std::time::Duration;

/// One member.
pub(super) struct Member {
    room: Number,
    number: Number,
    session_id: String,
    session: Session,
    ears: Arc<Ears>,
    mouth: Mutex<Mouth>,
}

/// What it has heard.
struct Ears {
    number: Number,
    bell: Arc<Bell>,
    ledger: Mutex<Ledger>,
    state: Mutex<State>,
    /// When the last signal was heard.
    last_signal: AtomicU64,
    /// How long the next signal's callback takes, in milliseconds.
    block: AtomicU64,
}

#[derive(Default)]
struct State {
    connected: bool,
    others: BTreeMap<Number, Arc<Connection>>,
    notes: Vec<Note>,
    failed: Vec<(Stream, u64)>,
}

impl State {
    fn count(&self, what: &What) -> usize {
        self.notes.iter().filter(|note| note.what == *what).count()
    }
}

/// What it has said.
#[derive(Default)]
struct Mouth {
    life: u32,
    overall: u64,
    sent: BTreeMap<Stream, u64>,
}

/// Rings when something has happened to any member.
#[derive(Default)]
pub(super) struct Bell {
    mutex: Mutex<()>,
    rung: Condvar,
}

/// Signals do not ring, because there are so many.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

impl Bell {
    fn ring(&self) {
        self.rung.notify_all();
    }

    /// Waits for a ring, or a moment.
    pub(super) fn wait(&self) {
        let guard = lock(&self.mutex);
        drop(self.rung.wait_timeout(guard, LOOK_AGAIN).unwrap_or_else(PoisonError::into_inner));
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What happened to a signal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    Accepted,
    /// Not now.
    Refused,
}

impl Member {
    /// A member that has begun to join.
    pub(super) fn join(join: &Join, number: Number, bell: &Arc<Bell>) -> Result<Self, Error> {
        let ears = Arc::new(Ears {
            number,
            bell: Arc::clone(bell),
            ledger: Mutex::default(),
            state: Mutex::default(),
            last_signal: AtomicU64::new(0),
            block: AtomicU64::new(0),
        });
        let wishes = Wishes {
            reconnect_window: join.window_millis.map(Duration::from_millis),
            ..Wishes::new(&join.url, API_KEY, &join.session_id)
        };
        let session = Session::new(&wishes, Listener(Arc::clone(&ears)))?;
        let session_id = join.session_id.clone();
        let member = Self { room: join.room, number, session_id, session, ears, mouth: Mutex::default() };
        member.connect()?;
        Ok(member)
    }

    fn connect(&self) -> Result<(), Error> {
        let pair = KeyPair::new(API_KEY, API_SECRET)?;
        let request = TokenRequest { data: self.number.to_string(), ..TokenRequest::new(&self.session_id) };
        self.session.connect(&mint::token(&pair, &request)?)
    }

    /// Connects again if it has been disconnected.
    pub(super) fn rejoin(&self) -> Result<(), Error> {
        if lock(&self.ears.state).connected {
            return Ok(());
        }
        let mut mouth = lock(&self.mouth);
        mouth.life += 1;
        mouth.overall = 0;
        self.connect()
    }

    /// The others it knows, by number.
    pub(super) fn others(&self) -> Vec<(Number, Arc<Connection>)> {
        let state = lock(&self.ears.state);
        state.others.iter().map(|(number, connection)| (*number, Arc::clone(connection))).collect()
    }

    /// One of the others.
    pub(super) fn other(&self, number: Number) -> Option<(Number, Arc<Connection>)> {
        lock(&self.ears.state).others.get(&number).map(|connection| (number, Arc::clone(connection)))
    }

    /// How often it has come back.
    pub(super) fn returns(&self) -> usize {
        lock(&self.ears.state).count(&What::Reconnected)
    }

    /// Sends a signal of about so many bytes, to one or to everybody.
    pub(super) fn say(&self, to: Option<&(Number, Arc<Connection>)>, bytes: usize) -> Result<Said, Error> {
        let mut mouth = lock(&self.mouth);
        let stream = Stream {
            room: self.room,
            sender: self.number,
            life: mouth.life,
            to: to.map(|(number, _)| *number),
        };
        let index = mouth.sent.get(&stream).copied().unwrap_or(0);
        let mut text = Letter { stream, overall: mouth.overall, index }.to_string();
        text.extend(std::iter::repeat_n('.', bytes.saturating_sub(text.len())));
        let data = CString::new(text)?;
        let session = self.session.as_ref();
        let sent = match to {
            Some((_, connection)) => session.signal_to(&data, connection)?,
            None => session.signal(&data)?,
        };
        if sent != Sent::Accepted {
            return Ok(Said::Refused);
        }
        mouth.overall += 1;
        mouth.sent.insert(stream, index + 1);
        Ok(Said::Accepted)
    }

    pub(super) fn block(&self, millis: u64) {
        self.ears.block.store(millis, Ordering::SeqCst);
    }

    pub(super) fn is(&self, until: &Until) -> bool {
        let state = lock(&self.ears.state);
        let count = |what: &What| state.count(what);
        match until {
            Until::Together { others } => state.connected && state.others.len() == *others,
            Until::Returned { times } => {
                let returned = count(&What::Reconnected);
                returned >= *times && returned == count(&What::Reconnecting)
            }
            Until::Returns { total } => count(&What::Reconnected) >= *total,
            Until::Left { times } => count(&What::Reconnecting) >= *times,
            Until::Ended { times } => count(&What::Disconnected) >= *times,
            Until::Heard { sent } => {
                drop(state);
                let ledger = lock(&self.ears.ledger);
                sent.iter()
                    .filter(|(stream, _)| self.is_addressee(stream))
                    .all(|(stream, sent)| ledger.streams.get(stream).map_or(0, |heard| heard.next) >= *sent)
            }
        }
    }

    fn is_addressee(&self, stream: &Stream) -> bool {
        stream.room == self.room && stream.to.is_none_or(|to| to == self.number)
    }

    pub(super) fn account(&self) -> Account {
        let mouth = lock(&self.mouth);
        let ledger = lock(&self.ears.ledger);
        let state = lock(&self.ears.state);
        Account {
            room: self.room,
            member: self.number,
            life: mouth.life,
            sent: mouth.sent.iter().map(|(stream, sent)| (*stream, *sent)).collect(),
            heard: ledger.streams.iter().map(|(stream, heard)| (*stream, heard.clone())).collect(),
            failed: state.failed.clone(),
            duplicates: ledger.duplicates,
            disorder: ledger.disorder,
            foreign: ledger.foreign,
            last_signal: self.ears.last_signal.load(Ordering::SeqCst),
            notes: state.notes.clone(),
        }
    }
}

struct Listener(Arc<Ears>);

impl Hears for Listener {
    fn hear(&self, _: SessionRef, event: Event<'_>) {
        let ears = &*self.0;
        match event {
            Event::Signal { data, from } => {
                let from = from.and_then(|member| member.data().parse().ok());
                lock(&ears.ledger).note(ears.number, &data.read(), from);
                ears.last_signal.store(now(), Ordering::SeqCst);
                let block = ears.block.swap(0, Ordering::SeqCst);
                sleep(Duration::from_millis(block));
            }
            Event::Connected => ears.note(What::Connected, |state| state.connected = true),
            Event::Disconnected => ears.note(What::Disconnected, |state| {
                state.connected = false;
                state.others.clear();
            }),
            Event::Reconnecting => ears.note(What::Reconnecting, |_| {}),
            Event::Reconnected => ears.note(What::Reconnected, |_| {}),
            Event::Came(member) => {
                if let Ok(number) = member.data().parse::<Number>() {
                    lock(&ears.state).others.insert(number, Arc::new(member.copy()));
                    ears.bell.ring();
                }
            }
            Event::Went(member) => {
                let number = member.data().parse::<Number>().ok();
                ears.note(What::Went(number), |state| {
                    if let Some(number) = number {
                        state.others.remove(&number);
                    }
                });
            }
            Event::SignalFailed { data, .. } => match Letter::read(&data.read()) {
                Some(letter) => lock(&ears.state).failed.push((letter.stream, letter.index)),
                None => lock(&ears.ledger).foreign += 1,
            },
            Event::Error { code, text } => ears.note(What::Error { code, text: text.into_owned() }, |_| {}),
        }
    }
}

impl Ears {
    fn note(&self, what: What, change: impl FnOnce(&mut State)) {
        let at = now();
        let mut state = lock(&self.state);
        state.notes.push(Note { at, what });
        change(&mut state);
        drop(state);
        self.bell.ring();
    }
}
