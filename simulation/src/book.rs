//! What really happened, and what each was told of it: against this the run is checked, at once wherever possible.

use crate::count::Count;
use crate::life::{Life, LifeId};
use crate::signal::{Certainty, Number, Signal, number_of};
use otc::session::FailedSignal;
use otc_protocol::Moment;
use otc_protocol::envelope::{Answer, Request};
use otc_protocol::raptor::{Body, Message};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

#[derive(Default)]
pub(crate) struct Book {
    pub(crate) lives: Vec<Life>,
    by_connection: HashMap<String, LifeId>,
    pub(crate) signals: Vec<Signal>,
    /// What each transaction asks for, since it reached a server.
    asked: HashMap<String, Asked>,
    /// What each session's room did, in order.
    deeds: Vec<Vec<Deed>>,
    /// What carries each socket id at the server, and since when.
    carriers: BTreeMap<Arc<str>, Carrier>,
    /// Which of the server's lives it is.
    pub(crate) epoch: u32,
    order: u64,
    /// Session, server and order of each stream that was ever published.
    streams: BTreeMap<String, (usize, u32, u64)>,
    /// The first thing that was wrong.
    pub(crate) wrong: Option<String>,
    pub(crate) count: Count,
}

/// What a request asks for, and whether it was carried out.
struct Asked {
    what: What,
    answered: bool,
}

enum What {
    Join { connection: String, socket: Arc<str>, session: usize, suppressed: bool },
    Signal(Number),
    Mute(bool),
    Disconnect(String),
    Publish(String),
    Other,
}

/// Something that a room told its members.
struct Deed {
    order: u64,
    epoch: u32,
    to: Option<String>,
    item: Item,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    Signal(Number),
    Mute(bool),
}

struct Carrier {
    wire: Option<u64>,
    since: Moment,
    longest_away: Duration,
}

impl Book {
    pub(crate) fn new(sessions: usize) -> Self {
        Self { deeds: (0..sessions).map(|_| Vec::new()).collect(), ..Self::default() }
    }

    /// Something is not as it must be; the first time counts.
    pub(crate) fn wrong(&mut self, what: impl Into<String>) {
        self.wrong.get_or_insert(what.into());
    }

    pub(crate) fn life_of(&self, connection: &str) -> Option<LifeId> {
        self.by_connection.get(connection).copied()
    }

    /// A signal is about to be sent; its number.
    pub(crate) fn new_signal(&mut self, from: Option<LifeId>, to: Option<String>, retry: bool) -> Number {
        self.signals.push(Signal { from, to, retry, carried_out: false, reported: None });
        self.signals.len() - 1
    }

    /// The server reads a request.
    pub(crate) fn request(&mut self, request: &Request<'_>, session: usize, socket: &Arc<str>) {
        if self.asked.contains_key(request.transaction) {
            self.count.replayed_requests += 1;
            return;
        }
        let what = match Message::decode(request.data).map(|message| message.body) {
            Ok(Body::ConnectionCreate { id, content }) => What::Join {
                connection: id,
                socket: socket.clone(),
                session,
                suppressed: content.connection_events_suppressed,
            },
            Ok(Body::Signal { content, .. }) => {
                let data = content.data.and_then(|data| data.as_string()).unwrap_or_default();
                match number_of(&data) {
                    Some(number) => What::Signal(number),
                    None => return self.wrong("a signal reached the server with other data than was sent"),
                }
            }
            Ok(Body::SessionMute(mute)) => What::Mute(mute.active),
            Ok(Body::ConnectionDelete { id }) => What::Disconnect(id),
            Ok(Body::StreamCreate(stream)) => What::Publish(stream.id),
            _ => What::Other,
        };
        self.asked.insert(request.transaction.to_owned(), Asked { what, answered: false });
    }

    /// The server answers a request.
    pub(crate) fn answer(&mut self, answer: &Answer<'_>, session: usize) {
        let Some(asked) = self.asked.get_mut(answer.transaction) else { return };
        if answer.code == 429 {
            // Not now: whoever has not heard of it asks again under the same id.
            self.count.refusals += 1;
            if asked.answered {
                self.wrong("a request was carried out, and refused when it was repeated");
            }
            return;
        }
        if std::mem::replace(&mut asked.answered, true) || !answer.is_success() {
            return;
        }
        match &asked.what {
            What::Join { connection, socket, session, suppressed } => {
                let (connection, socket) = (connection.clone(), socket.clone());
                let (session, suppressed) = (*session, *suppressed);
                self.joins(connection, session, socket, suppressed);
            }
            What::Signal(number) => {
                let number = *number;
                self.signalled(number, session);
            }
            What::Mute(active) => {
                let item = Item::Mute(*active);
                self.deed(session, None, item);
            }
            What::Disconnect(connection) => {
                let connection = connection.clone();
                self.kick(&connection);
            }
            What::Publish(stream) => {
                let stream = stream.clone();
                self.order += 1;
                self.streams.insert(stream, (session, self.epoch, self.order));
            }
            What::Other => {}
        }
    }

    /// A client knows that it has joined.
    pub(crate) fn enters(&mut self, life: LifeId) {
        self.lives[life].entered = Some(self.order);
    }

    /// An application hears that a stream is there, or not any more.
    pub(crate) fn sees_stream(&mut self, life: LifeId, stream: &str, is_there: bool) {
        let observer = &mut self.lives[life];
        let is_news = if is_there {
            observer.streams.insert(stream.to_owned());
            observer.known_streams.insert(stream.to_owned())
        } else {
            observer.streams.remove(stream)
        };
        if !is_news || !self.streams.contains_key(stream) {
            let name = &self.lives[life].connection;
            let what = format!("exactly once: {name} was told that stream {stream} is there: {is_there}");
            self.wrong(what);
        }
    }

    /// A stream that was published while this life was in its session, and of which it was never told.
    pub(crate) fn missed_stream(&self, life: LifeId) -> Option<&String> {
        let life = &self.lives[life];
        let concerns = |(session, epoch, order): &(usize, u32, u64)| {
            *session == life.session
                && *epoch == life.epoch
                && life.entered.is_some_and(|entered| *order > entered)
        };
        let mut streams = self.streams.iter().filter(|(_, stream)| concerns(stream));
        streams.find_map(|(id, _)| (!life.known_streams.contains(id)).then_some(id))
    }

    fn joins(&mut self, connection: String, session: usize, socket: Arc<str>, suppressed: bool) {
        self.count.joins += 1;
        self.order += 1;
        let life = Life {
            heard: self.deeds[session].len(),
            suppressed,
            ..Life::new(connection.clone(), session, self.epoch, socket, self.order)
        };
        if self.by_connection.insert(connection, self.lives.len()).is_some() {
            self.wrong("a connection id was used for two joins");
        }
        self.lives.push(life);
    }

    /// A room carried a signal out.
    pub(crate) fn signalled(&mut self, number: Number, session: usize) {
        let Some(signal) = self.signals.get_mut(number) else {
            return self.wrong(format!("signal {number} was never sent"));
        };
        if std::mem::replace(&mut signal.carried_out, true) {
            return self.wrong(format!("exactly once: signal {number} was carried out twice"));
        }
        if signal.reported == Some(Certainty::Certain) {
            return self
                .wrong(format!("signal {number} was carried out after its sender was told that it was not"));
        }
        let to = signal.to.clone();
        if let Some(from) = signal.from {
            let life = &mut self.lives[from];
            if life.last.is_some_and(|last| last > number) {
                return self.wrong(format!("order: signal {number} was carried out after a later one"));
            }
            life.last = Some(number);
        }
        self.deed(session, to, Item::Signal(number));
    }

    fn deed(&mut self, session: usize, to: Option<String>, item: Item) {
        self.order += 1;
        self.deeds[session].push(Deed { order: self.order, epoch: self.epoch, to, item });
    }

    /// Somebody was sent away.
    pub(crate) fn kick(&mut self, connection: &str) {
        if let Some(life) = self.life_of(connection) {
            self.lives[life].kicked = true;
        }
    }

    /// The next thing that the room told this life, if there is something left.
    fn next_for(&self, life: &Life) -> Option<usize> {
        let deeds = &self.deeds[life.session];
        let is_for = |deed: &Deed| {
            deed.epoch == life.epoch
                && deed.order > life.joined
                && deed.to.as_ref().is_none_or(|to| *to == life.connection)
        };
        (life.heard..deeds.len()).find(|index| is_for(&deeds[*index]))
    }

    /// An application hears a signal or a mute.
    pub(crate) fn hears(&mut self, life: LifeId, item: Item, from: Option<&str>) {
        let listener = &self.lives[life];
        let name = &listener.connection;
        let next = self.next_for(listener);
        let expected = next.map(|index| self.deeds[listener.session][index].item);
        if expected != Some(item) {
            // Who joins a muted session is told so before anything else, even if the first thing that is said then is the same.
            if item == Item::Mute(true) && (!listener.began || listener.was_muted) {
                self.lives[life].began = true;
                self.lives[life].was_muted = false;
                return;
            }
            let what = format!("exactly once, in order: {name} heard {item:?} instead of {expected:?}");
            return self.wrong(what);
        }
        if let Item::Signal(number) = item {
            self.count.deliveries += 1;
            let sender = self.signals[number].from.map(|from| &self.lives[from].connection);
            if sender.map(String::as_str) != from {
                let what = format!("{name} heard signal {number} from {from:?}, who did not send it");
                return self.wrong(what);
            }
            let is_other = sender.filter(|sender| *sender != name);
            let is_stranger = |id: &&String| !listener.suppressed && !listener.others.contains(*id);
            if let Some(stranger) =
                is_other.filter(is_stranger).filter(|id| !self.may_be_unknown(id, listener))
            {
                let what = format!("{name} heard a signal of {stranger}, of whom it was not told");
                return self.wrong(what);
            }
        }
        let listener = &mut self.lives[life];
        listener.was_muted = !listener.began && item == Item::Mute(true);
        listener.began = true;
        listener.heard = next.map_or(listener.heard, |index| index + 1);
    }

    /// Who has left while a newcomer still waited for the list of who is there is left out of it; what they said is told.
    fn may_be_unknown(&self, sender: &str, listener: &Life) -> bool {
        let has_gone = |life: LifeId| {
            let Life { left, ended, entered, kicked, epoch, .. } = self.lives[life];
            left || ended || kicked || entered.is_none() || epoch != self.epoch
        };
        !listener.known.contains(sender) && self.life_of(sender).is_some_and(has_gone)
    }

    /// An application hears that somebody is there.
    pub(crate) fn sees_coming(&mut self, life: LifeId, other: &str) {
        let observer = &mut self.lives[life];
        let first = observer.known.insert(other.to_owned());
        observer.others.insert(other.to_owned());
        if !first || observer.suppressed {
            let what = format!("{} was told again that {other} is there", observer.connection);
            return self.wrong(what);
        }
        if self.life_of(other).is_none() {
            self.wrong(format!("somebody was told of {other}, who never joined"));
        }
    }

    /// An application hears that somebody has left.
    pub(crate) fn sees_leaving(
        &mut self,
        life: LifeId,
        other: &str,
        now: Moment,
        grace: Duration,
        tight: bool,
    ) {
        let observer = &mut self.lives[life];
        if !observer.others.remove(other) {
            let what =
                format!("{} was told that {other} left, of whom it had not been told", observer.connection);
            return self.wrong(what);
        }
        let Some(gone) = self.life_of(other) else { return };
        self.lives[gone].seen_leaving = true;
        if self.lives[gone].entered.is_some()
            && let Some(away) = self.ended_early(gone, now, grace, tight)
        {
            let what = format!("{other} was seen leaving after it had been away for {away:?} of {grace:?}");
            self.wrong(what);
        }
    }

    /// How long a life was away that the server ended without a reason.
    pub(crate) fn ended_early(
        &self,
        life: LifeId,
        now: Moment,
        grace: Duration,
        tight: bool,
    ) -> Option<Duration> {
        let life = &self.lives[life];
        let may_end = life.left || life.kicked || tight || life.epoch != self.epoch;
        self.longest_away(&life.socket, now).filter(|away| *away < grace && !may_end)
    }

    /// A WebSocket carries this socket id at the server from now on.
    pub(crate) fn carried(&mut self, socket: &Arc<str>, wire: u64, now: Moment) {
        let carrier = self.carriers.entry(socket.clone()).or_insert(Carrier {
            wire: None,
            since: now,
            longest_away: Duration::ZERO,
        });
        if carrier.wire.is_none() {
            carrier.longest_away = carrier.longest_away.max(now - carrier.since);
        }
        carrier.wire = Some(wire);
    }

    /// A WebSocket is lost, which may have been replaced before.
    pub(crate) fn dropped(&mut self, socket: &Arc<str>, wire: u64, now: Moment) {
        if let Some(carrier) = self.carriers.get_mut(socket)
            && carrier.wire == Some(wire)
        {
            carrier.wire = None;
            carrier.since = now;
        }
    }

    fn longest_away(&self, socket: &Arc<str>, now: Moment) -> Option<Duration> {
        let carrier = self.carriers.get(socket)?;
        let current = if carrier.wire.is_none() { now - carrier.since } else { Duration::ZERO };
        Some(carrier.longest_away.max(current))
    }

    /// The server is killed: it knows nobody any more.
    pub(crate) fn killed(&mut self) {
        self.epoch += 1;
        self.carriers.clear();
    }

    /// At rest: what this life, which is in its session, has not heard of.
    pub(crate) fn missed(&self, life: LifeId) -> Option<Item> {
        let life = &self.lives[life];
        self.next_for(life).map(|index| self.deeds[life.session][index].item)
    }

    /// Signals of which their senders are told that they have not, or may not have, come through.
    pub(crate) fn report(&mut self, failed: &[&FailedSignal]) {
        let mut last = None;
        for failed in failed {
            let Some(sent) = failed.signal() else {
                return self.wrong("a report does not say what was sent");
            };
            let Some(number) = sent.data.as_deref().and_then(number_of) else {
                return self.wrong("a report names other data than was sent");
            };
            if last.replace(number) > Some(number) {
                return self.wrong(format!("signal {number} was reported after a later one"));
            }
            let signal = &mut self.signals[number];
            let certainty =
                if failed.text.contains("may have arrived") { Certainty::Maybe } else { Certainty::Certain };
            if signal.to != sent.to || signal.reported.replace(certainty).is_some() {
                return self.wrong(format!("answered once: signal {number} was reported twice, or wrongly"));
            }
            if signal.carried_out && certainty == Certainty::Certain {
                return self.wrong(format!("signal {number} was carried out, and reported: {}", failed.text));
            }
        }
    }

    /// At rest: a signal that was lost without a word, or that was reported although it could be sent again.
    pub(crate) fn lost_signal(&self) -> Option<String> {
        self.signals.iter().enumerate().find_map(|(number, signal)| {
            let life = &self.lives[signal.from?];
            let is_lost = !signal.carried_out && signal.reported.is_none();
            let is_needless = signal.retry && signal.reported == Some(Certainty::Maybe) && !life.ended;
            (is_lost || is_needless).then(|| {
                let Signal { carried_out, reported, .. } = signal;
                format!(
                    "delivered or reported: signal {number} of {}: carried out: {carried_out}, {reported:?}",
                    life.connection
                )
            })
        })
    }
}
