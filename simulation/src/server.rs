//! The server: its rooms, and what `server/src/socket/task.rs` does for each WebSocket.

use crate::dice::Dice;
use crate::flow::Unit;
use crate::pipe::Pipe;
use crate::plan::Plan;
use crate::wire::{Far, Place, WireId};
use crate::world::World;
use otc::session::FailureKind;
use otc_protocol::Moment;
use otc_protocol::envelope::{FromClient, FromServer};
use otc_protocol::limits::{CLOSE_WITHIN, CROWDED_BATCH_FRAMES, CROWDED_PAUSE, SOCKET_BATCH_FRAMES};
use otc_protocol::permissions::Role;
use otc_protocol::raptor::{Json, SessionAddress, SignalContent};
use otc_protocol::rumor::Frame;
use otc_server::sessions::{Admission, Refusal, Registry, Settings, Time};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// How late a silent or lost socket may be noticed, as in `server/src/socket`.
const LOOK_EVERY: u64 = 250_000;
/// The calendar when a run begins.
const UNIX_MS: u64 = 1_795_000_000_000;

pub(crate) struct Server {
    /// `None` while it is down.
    pub(crate) registry: Option<Arc<Registry<Pipe>>>,
    pub(crate) up_at: Moment,
    pub(crate) frozen_until: Moment,
    /// What it does first when it thaws: look at its timers, or read.
    pub(crate) looks_first: bool,
    /// Its clock began then.
    zero: Moment,
    /// Its process ends then: its sessions have been taken out.
    pub(crate) stops_at: Option<Moment>,
    /// What the next process carries on, as it lies on the disk.
    handed_over: Option<Vec<u8>>,
}

/// Tokens of the simulation are names of roles.
fn admit(token: &str, _: &SessionAddress, _: u64) -> Result<Admission, Refusal> {
    let role = Role::from_name(token).ok_or_else(|| Refusal::new(403, "Invalid token"))?;
    Ok(Admission { permissions: role.permissions(false), ..Admission::default() })
}

pub(crate) fn settings(plan: &Plan) -> Settings {
    Settings {
        resume_grace: plan.grace,
        owed_messages: plan.owed,
        signal_rate: plan.signal_rate,
        ..Settings::default()
    }
}

impl Server {
    pub(crate) fn new(plan: &Plan, dice: &mut Dice) -> Self {
        Self {
            registry: Some(rooms(plan, dice)),
            up_at: Moment::ZERO,
            frozen_until: Moment::ZERO,
            looks_first: false,
            zero: Moment::ZERO,
            stops_at: None,
            handed_over: None,
        }
    }

    /// When it looks after its timers next.
    pub(crate) fn next_look(&self) -> Option<Moment> {
        let due = self.registry.as_ref()?.next_wake()?.as_micros();
        Some(self.zero + Duration::from_micros(due.div_ceil(LOOK_EVERY) * LOOK_EVERY))
    }

    /// What its clock shows.
    pub(crate) fn clock(&self, now: Moment) -> Moment {
        Moment::ZERO + (now - self.zero)
    }

    /// A moment at which it can do something.
    pub(crate) fn thawed(&self, at: Moment) -> Moment {
        at.max(self.frozen_until)
    }
}

fn rooms(plan: &Plan, dice: &mut Dice) -> Arc<Registry<Pipe>> {
    let mut random = dice.fork();
    Registry::new(settings(plan), admit, (), move || random.next())
}

impl World<'_> {
    pub(crate) fn time(&self) -> Time {
        Time { now: self.server.clock(self.now), unix_ms: UNIX_MS + self.now.as_micros() / 1000 }
    }

    /// A new server: it knows nothing, or what the last one has handed over.
    pub(crate) fn start_server(&mut self) {
        self.server.zero = self.now;
        let Some(bytes) = self.server.handed_over.take() else {
            self.trace.say(self.now, || "a new server".to_owned());
            self.server.registry = Some(rooms(&self.plan, &mut self.dice));
            return;
        };
        self.trace.say(self.now, || format!("a new server carries on {} bytes", bytes.len()));
        let mut random = self.dice.fork();
        let now = self.server.clock(self.now);
        let Ok(snapshot) = serde_json::from_slice(&bytes) else {
            return self.book.wrong("what was handed over cannot be read");
        };
        match Registry::restore(settings(&self.plan), admit, (), move || random.next(), now, snapshot) {
            Ok(registry) => self.server.registry = Some(registry),
            Err(unfit) => self.book.wrong(format!("what was handed over does not fit together: {unfit:?}")),
        }
    }

    /// The server takes its sessions out, closes every socket and ends soon.
    pub(crate) fn restart_server(&mut self) {
        let Some(registry) = self.server.registry.clone() else { return };
        if self.server.stops_at.is_some() || self.server.frozen_until > self.now {
            return;
        }
        let snapshot = registry.freeze(self.server.clock(self.now));
        self.trace.say(self.now, || format!("the server hands {} lines over", snapshot.lines()));
        self.book.count.restarts += 1;
        match serde_json::to_vec(&snapshot) {
            Ok(bytes) => self.server.handed_over = Some(bytes),
            Err(error) => self.book.wrong(format!("what is handed over cannot be written: {error}")),
        }
        self.server.stops_at = Some(self.now + self.dice.millis(0, 800));
        // Whoever speaks just now is refused, or it would be lost.
        for session in 0..self.plan.sessions.len() {
            self.server_signals(session, None);
        }
    }

    /// The process of a server that has handed its sessions over ends.
    pub(crate) fn stop_server(&mut self) {
        self.trace.say(self.now, || "the server ends".to_owned());
        let now = self.now;
        self.server.stops_at = None;
        self.drop_publishers();
        self.server.registry = None;
        self.server.up_at = now + self.dice.millis(0, 4000);
        for (id, wire) in &mut self.wires {
            if matches!(wire.far, Far::Coming | Far::Gone) {
                continue;
            }
            self.book.dropped(&wire.socket, *id, now);
            if wire.dice.one_in(2) {
                let keep = wire.dice.index(wire.down.bytes() + 1);
                wire.down.cut(keep, Some(now + wire.down.latency()));
            }
            wire.drop_far(now);
        }
    }

    /// The server is gone from one moment to the next, with everything that it knew.
    pub(crate) fn kill_server(&mut self, down: Duration) {
        self.trace.say(self.now, || format!("the server is killed, for {down:?}"));
        self.book.killed();
        self.book.count.kills += 1;
        self.server.registry = None;
        self.server.stops_at = None;
        self.server.handed_over = None;
        self.drop_publishers();
        self.server.up_at = self.now + down;
        let now = self.now;
        for wire in self.wires.values_mut().filter(|wire| !matches!(wire.far, Far::Coming | Far::Gone)) {
            wire.far = Far::Gone;
            wire.up.shut();
            // Its system says so for it, unless the machine is gone.
            let noticed = (!wire.dice.one_in(5)).then(|| now + wire.down.latency());
            let keep = wire.dice.index(wire.down.bytes() + 1);
            wire.down.cut(keep, noticed);
        }
    }

    /// The server looks after silent, lost and late sockets.
    pub(crate) fn look(&mut self) {
        if let Some(registry) = self.server.registry.clone() {
            registry.wake(self.server.clock(self.now));
        }
    }

    /// Something has arrived at the server.
    pub(crate) fn far_reads(&mut self, id: WireId) {
        let Some(wire) = self.wires.get_mut(&id) else { return };
        match std::mem::replace(&mut wire.far, Far::Gone) {
            Far::Coming => self.opens(id),
            Far::Open(place) => self.reads(id, place),
            Far::Closing { place, until, said } => {
                let unit = wire.up.take(self.now);
                if matches!(unit, Some(Unit::Close(_) | Unit::End)) {
                    self.loses(id, place);
                } else {
                    wire.far = Far::Closing { place, until, said };
                }
            }
            Far::Gone => {}
        }
    }

    /// A client asks for a WebSocket, perhaps one that has given up since.
    fn opens(&mut self, id: WireId) {
        let now = self.now;
        let Some(wire) = self.wires.get_mut(&id) else { return };
        let unit = wire.up.take(now);
        let (Some(registry), Some(Unit::Hello)) = (&self.server.registry, unit) else {
            wire.down.send(now, Unit::Refusal(FailureKind::Unreachable));
            wire.drop_far(now);
            return;
        };
        self.trace.say(now, || {
            format!(
                "wire {id} of client {} reaches the server, coming back: {}",
                wire.client, wire.coming_back
            )
        });
        wire.down.send(now, Unit::Welcome);
        wire.epoch = Some(self.book.epoch);
        let pipe = Arc::new(Pipe::default());
        let seat = registry.open(self.server.clock(now), &wire.socket, wire.coming_back, pipe.clone());
        if pipe.close().is_none() {
            self.book.carried(&wire.socket, id, now);
        }
        wire.far = Far::Open(Place { seat, pipe, arrived: VecDeque::new(), pause: None });
    }

    fn reads(&mut self, id: WireId, mut place: Place) {
        let time = self.time();
        let Some(wire) = self.wires.get_mut(&id) else { return };
        let session = self.plan.people[self.clients[wire.client].person].session;
        let most = if place.pause.take().is_some() { CROWDED_BATCH_FRAMES } else { SOCKET_BATCH_FRAMES };
        let mut end = None;
        while place.arrived.len() < most && end.is_none() {
            match wire.up.take(self.now) {
                Some(Unit::Frame(bytes)) => {
                    note_request(&mut self.book, &bytes, session, &wire.socket);
                    place.arrived.push_back(bytes);
                }
                Some(unit) => end = Some(unit),
                None => break,
            }
        }
        if place.seat.receive(time, &mut place.arrived) {
            place.pause = Some(self.now + CROWDED_PAUSE);
        }
        note_answers(&mut self.book, &place.pipe, session);
        match end {
            None => wire.far = Far::Open(place),
            // What waits is not written any more when the connection below is gone.
            Some(Unit::End) => self.loses(id, place),
            Some(_) => {
                let until = self.now + CLOSE_WITHIN;
                wire.far = Far::Closing { place, until, said: false };
                self.closes_back(id);
            }
        }
    }

    /// The client has closed: what waits is written, then the server closes too.
    fn closes_back(&mut self, id: WireId) {
        self.write_down(id);
        let Some(wire) = self.wires.get_mut(&id) else { return };
        if let Far::Closing { place, .. } = std::mem::replace(&mut wire.far, Far::Gone) {
            wire.down.send(self.now, Unit::Close(Some(1000)));
            self.loses(id, place);
        }
    }

    /// The server's end of a wire is gone, and the room hears of it.
    fn loses(&mut self, id: WireId, place: Place) {
        let now = self.now;
        let Some(wire) = self.wires.get_mut(&id) else { return };
        self.trace.say(now, || format!("wire {id} of client {} is lost at the server", wire.client));
        let (most, replies) = place.pipe.most();
        if most > self.plan.owed + replies + 2 {
            self.book.wrong(format!("bound: {most} deliveries waited for wire {id}"));
        }
        place.seat.lost(self.server.clock(now));
        self.book.dropped(&wire.socket, id, now);
        wire.drop_far(now);
    }

    /// The client has not agreed to the end in time.
    pub(crate) fn far_deadline(&mut self, id: WireId) {
        let Some(wire) = self.wires.get_mut(&id) else { return };
        if let Far::Closing { until, .. } = &wire.far
            && *until <= self.now
            && let Far::Closing { place, .. } = std::mem::replace(&mut wire.far, Far::Gone)
        {
            self.loses(id, place);
        }
    }

    /// Writes what waits for a wire, as far as its system takes it.
    pub(crate) fn write_down(&mut self, id: WireId) {
        let now = self.now;
        let Some(wire) = self.wires.get_mut(&id) else { return };
        let (place, said) = match &mut wire.far {
            Far::Open(place) => (place, None),
            Far::Closing { place, said, .. } => (place, Some(said)),
            Far::Coming | Far::Gone => return,
        };
        if said.as_ref().is_some_and(|said| **said) {
            return;
        }
        while wire.down.has_room() {
            let Some(frame) = place.pipe.take() else { break };
            wire.down.send(now, Unit::Frame(frame));
        }
        let Some(code) = place.pipe.close() else { return };
        let ends = wire.down.has_room();
        if ends {
            wire.down.send(now, Unit::Close(Some(code.number())));
        }
        match said {
            Some(said) => *said |= ends,
            None => {
                self.book.dropped(&wire.socket, id, now);
                self.trace
                    .say(now, || format!("the server closes wire {id} of client {}: {code:?}", wire.client));
                if let Far::Open(place) = std::mem::replace(&mut wire.far, Far::Gone) {
                    wire.far = Far::Closing { place, until: now + CLOSE_WITHIN, said: ends };
                }
            }
        }
    }

    /// The application's server says something to a session.
    pub(crate) fn server_signals(&mut self, session: usize, to: Option<&str>) {
        let Some(registry) = self.server.registry.clone() else { return };
        let number = self.book.new_signal(None, to.map(str::to_owned), true);
        let data = crate::signal::data_of(number, 0);
        let content =
            SignalContent { kind: None, data: Some(Json::from_str_value(&data)), from_connection: None };
        let done = registry.signal(self.time(), &self.plan.sessions[session], to, content);
        if done.is_ok() {
            self.book.signalled(number, session);
        } else {
            self.book.signals.pop();
        }
    }

    /// The application's server sends somebody away.
    pub(crate) fn server_disconnects(&mut self, session: usize, connection: &str) {
        let Some(registry) = self.server.registry.clone() else { return };
        if registry.disconnect(self.time(), &self.plan.sessions[session], connection).is_ok() {
            self.book.kick(connection);
        }
    }
}

pub(crate) fn note_request(book: &mut crate::book::Book, bytes: &[u8], session: usize, socket: &Arc<str>) {
    let Ok(frame) = Frame::decode(bytes) else { return book.wrong("a client sent what is no frame") };
    match FromClient::read(&frame) {
        Ok(FromClient::Request(request)) => book.request(&request, session, socket),
        Ok(_) => {}
        Err(error) => book.wrong(format!("a client sent what the server does not understand: {error}")),
    }
}

pub(crate) fn note_answers(book: &mut crate::book::Book, pipe: &Pipe, session: usize) {
    for bytes in pipe.answers() {
        if let Ok(frame) = Frame::decode(&bytes)
            && let FromServer::Status(answer) = FromServer::read(&frame)
        {
            book.answer(&answer, session);
        }
    }
}
