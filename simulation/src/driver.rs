//! Does what an engine asks for, and tells it what happens, as `src/net/task.rs` does.

use crate::dice::Dice;
use crate::flow::Unit;
use crate::wire::{Near, Wire, WireId};
use crate::world::World;
use bytes::Bytes;
use otc::session::{Failure, FailureKind, Input, Output, Status};
use otc_protocol::Moment;
use otc_protocol::limits::LEAVE_TIMEOUT;
use otc_protocol::session_info::{Properties, SessionInfo};
use std::sync::Arc;
use std::time::Duration;

/// Frames that are handled in one go.
const BATCH: usize = 256;
/// How long acknowledgements wait for something to travel with, and how many may.
const HOLD: Duration = Duration::from_millis(2);
const HELD_FRAMES: usize = 32;

impl World<'_> {
    /// Does what the engine asked for.
    pub(crate) fn carry_out(&mut self, index: usize) {
        let mut has_told = false;
        for output in std::mem::take(&mut self.clients[index].out) {
            match output {
                Output::Send(frame) => {
                    if let Some(wire) = self.socket_of(index) {
                        wire.backlog.push_back(Unit::Frame(frame));
                    }
                }
                Output::Event(event) => {
                    has_told = true;
                    self.tell(index, event);
                }
                Output::RequestInfo { attempt, .. } => self.request_info(index, attempt),
                Output::Dial { attempt, url } => {
                    self.drop_wire(index, |client| client.socket.take());
                    self.drop_wire(index, |client| client.dial.take());
                    self.dial(index, attempt, &url);
                }
                Output::Close => self.close(index),
                Output::Abandon => {
                    self.clients[index].info = None;
                    self.clients[index].turn = None;
                    self.drop_wire(index, |client| client.dial.take());
                    self.drop_wire(index, |client| client.socket.take());
                }
                Output::Warn(text) => self.trace.say(self.now, || format!("client {index} warns: {text}")),
            }
        }
        let waiting = self.socket_of(index).map(|wire| wire.backlog.len());
        let client = &mut self.clients[index];
        client.hold = match waiting {
            Some(waiting) if has_told && waiting <= HELD_FRAMES => client.hold.or(Some(self.now + HOLD)),
            _ => None,
        };
        self.write(index);
        self.look_at_room(index);
        self.look_at_patience(index);
    }

    /// The open socket's wire.
    fn socket_of(&mut self, index: usize) -> Option<&mut Wire> {
        let socket = self.clients[index].socket?;
        self.wires.get_mut(&socket)
    }

    /// Writes what may be written.
    pub(crate) fn write(&mut self, index: usize) {
        let (now, client) = (self.now, &mut self.clients[index]);
        if client.asleep_until > now {
            return;
        }
        let held = client.hold.is_some_and(|until| until > now);
        let wires = [client.socket.filter(|_| !held), client.closing];
        for wire in wires.into_iter().flatten() {
            if let Some(wire) = self.wires.get_mut(&wire) {
                wire.push_up(now);
            }
        }
    }

    fn drop_wire(&mut self, index: usize, which: impl FnOnce(&mut crate::client::Client) -> Option<WireId>) {
        if let Some(wire) = which(&mut self.clients[index])
            && let Some(wire) = self.wires.get_mut(&wire)
        {
            wire.drop_near(self.now);
        }
    }

    fn request_info(&mut self, index: usize, attempt: u64) {
        let reachable = self.can_reach(index);
        let latency = self.quality_of(index).latency;
        let (is_calm, client) = (self.is_calm, &mut self.clients[index]);
        let wait = 2 * latency + client.dice.millis(0, 5);
        // Nobody answers: it is refused at once, or not at all.
        let wait = if reachable || client.dice.one_in(2) { wait } else { Duration::from_secs(3600) };
        let turn = self.now + queue(&mut client.dice, is_calm);
        client.turn = Some(turn);
        client.info = Some((attempt, turn + wait, reachable));
    }

    /// The session info comes, or it is clear that it does not.
    pub(crate) fn info(&mut self, index: usize) {
        let Some((attempt, _, reachable)) = self.clients[index].info.take() else { return };
        let _ = if reachable {
            let session = &self.plan.sessions[self.plan.people[self.clients[index].person].session];
            let body = document(session);
            self.handle(index, Input::Info { attempt, status: 200, body: body.as_bytes() })
        } else {
            self.handle(index, Input::InfoFailed { attempt, failure: unreachable() })
        };
        self.carry_out(index);
    }

    fn dial(&mut self, index: usize, attempt: u64, url: &str) {
        self.note_dial(index);
        let query = url.split_once('?').map_or("", |(_, query)| query);
        let value = |name: &str| {
            query.split('&').find_map(|pair| pair.split_once('=').filter(|(key, _)| *key == name))
        };
        let socket: Arc<str> = value("socketId").map_or("", |(_, id)| id).into();
        let coming_back = value("reconnect").is_some();
        let quality = self.quality_of(index);
        let (is_calm, client) = (self.is_calm, &mut self.clients[index]);
        let mut wire = Wire::new(index, attempt, (socket, coming_back), quality, client.dice.fork());
        wire.after_rest = self.nothing_is_owed;
        client.turn = Some(self.now + queue(&mut client.dice, is_calm));
        client.dial = Some(self.next_wire);
        self.wires.insert(self.next_wire, wire);
        self.next_wire += 1;
    }

    /// The dial, or the request for session info, has got its turn.
    pub(crate) fn turn(&mut self, index: usize) {
        let now = self.now;
        let client = &mut self.clients[index];
        client.turn = None;
        if let Some((attempt, _, _)) = client.info {
            let _ = self.handle(index, Input::Dialing { attempt });
            return;
        }
        let Some(id) = client.dial else { return };
        let Some(attempt) = self.wires.get(&id).map(|wire| wire.attempt) else { return };
        let _ = self.handle(index, Input::Dialing { attempt });
        let offline = self.offline_until[self.clients[index].person];
        let Some(wire) = self.wires.get_mut(&id) else { return };
        if offline > now {
            if wire.dice.one_in(2) {
                // The system knows that there is no network.
                wire.down.send(now, Unit::Refusal(FailureKind::Unreachable));
                return;
            }
            wire.up.stall(offline);
        }
        wire.up.send(now, Unit::Hello);
        if !self.is_calm {
            self.disturb_dial(id);
        }
    }

    fn close(&mut self, index: usize) {
        self.drop_wire(index, |client| client.closing.take());
        let now = self.now;
        let Some(id) = self.clients[index].socket.take() else { return };
        if let Some(wire) = self.wires.get_mut(&id) {
            wire.backlog.push_back(Unit::Close(Some(1000)));
            wire.near = Near::Closing { until: now + LEAVE_TIMEOUT, written: false };
            self.clients[index].closing = Some(id);
        }
    }

    /// The last words of a closing socket are out, or it took too long.
    pub(crate) fn near_deadline(&mut self, id: WireId) {
        let Some(wire) = self.wires.get_mut(&id) else { return };
        let (index, attempt) = (wire.client, wire.attempt);
        let Near::Closing { until, written } = wire.near else { return };
        if until <= self.now {
            self.drop_wire(index, |client| client.closing.take());
        } else if written && !wire.told_written {
            wire.told_written = true;
            let peer_closed = wire.peer_closed;
            let _ = self.handle(index, Input::Closed { attempt, code: None });
            self.carry_out(index);
            if peer_closed {
                self.drop_wire(index, |client| client.closing.take());
            }
        }
    }

    /// Something has arrived at a client.
    pub(crate) fn near_reads(&mut self, id: WireId) {
        let now = self.now;
        let Some(wire) = self.wires.get_mut(&id) else { return };
        let index = wire.client;
        match wire.near {
            Near::Dialing => self.dialed(id),
            Near::Open => self.read_frames(id),
            Near::Closing { .. } => {
                if matches!(wire.down.take(now), Some(Unit::Close(_) | Unit::End)) {
                    let written = wire.told_written;
                    if written {
                        self.drop_wire(index, |client| client.closing.take());
                    } else {
                        wire.peer_closes_first();
                    }
                }
            }
            Near::Gone => {
                wire.down.take(now);
            }
        }
    }

    fn dialed(&mut self, id: WireId) {
        let Some(wire) = self.wires.get_mut(&id) else { return };
        let (index, attempt) = (wire.client, wire.attempt);
        let unit = wire.down.take(self.now);
        self.clients[index].dial = None;
        if matches!(unit, Some(Unit::Refusal(FailureKind::Refused(_)))) {
            // A no ends the session at once, whatever the server would have done.
            self.is_refused(index);
        }
        let Some(wire) = self.wires.get_mut(&id) else { return };
        let _ = if matches!(unit, Some(Unit::Welcome)) {
            wire.near = Near::Open;
            self.clients[index].epoch = wire.epoch;
            self.clients[index].socket = Some(id);
            self.handle(index, Input::Opened { attempt })
        } else {
            wire.drop_near(self.now);
            let failure = match unit {
                Some(Unit::Refusal(kind)) => Failure { kind, text: "the server says no".to_owned() },
                _ => unreachable(),
            };
            self.handle(index, Input::OpenFailed { attempt, failure })
        };
        self.carry_out(index);
    }

    /// Its session ends now, and the server hears of it only by the silence.
    fn is_refused(&mut self, index: usize) {
        if let Some(life) = self.clients[index].life {
            self.book.lives[life].left = true;
        }
    }

    fn read_frames(&mut self, id: WireId) {
        let now = self.now;
        let Some(wire) = self.wires.get_mut(&id) else { return };
        let (index, attempt, after_rest) = (wire.client, wire.attempt, wire.after_rest);
        let mut frames: Vec<Bytes> = Vec::new();
        let mut closed = None;
        while frames.len() < BATCH && closed.is_none() {
            match wire.down.take(now) {
                Some(Unit::Frame(frame)) => frames.push(frame),
                Some(Unit::Close(code)) => closed = Some(code),
                Some(_) => closed = Some(None),
                None => break,
            }
        }
        if closed.is_some() {
            self.drop_wire(index, |client| client.socket.take());
        }
        for frame in frames {
            if after_rest && is_message(&frame) {
                self.book.wrong("a message was replayed that had been acknowledged long before");
            }
            let _ = self.handle(index, Input::Frame { attempt, bytes: &frame });
        }
        if let Some(code) = closed {
            let _ = self.handle(index, Input::Closed { attempt, code });
            if self.clients[index].engine.status() == Status::Connected {
                self.book.wrong(format!("client {index} does not notice that its socket is closed"));
            }
        }
        self.carry_out(index);
    }

    /// The engine's timer is due.
    pub(crate) fn timer(&mut self, index: usize) {
        let _ = self.handle(index, Input::Timer);
        self.carry_out(index);
    }

    /// Acknowledgements have waited long enough.
    pub(crate) fn end_hold(&mut self, index: usize) {
        self.clients[index].hold = None;
        self.write(index);
    }

    /// A moment at which a client that sleeps can do something.
    pub(crate) fn awake(&self, index: usize, at: Moment) -> Moment {
        at.max(self.clients[index].asleep_until)
    }
}

fn is_message(frame: &[u8]) -> bool {
    const MESSAGE: u8 = 2;
    frame.get(6) == Some(&MESSAGE)
}

/// How long it takes until it is this session's turn: others of the process may have dialed before.
fn queue(dice: &mut Dice, is_calm: bool) -> Duration {
    if !is_calm && dice.one_in(10) { dice.millis(0, 1500) } else { Duration::ZERO }
}

fn unreachable() -> Failure {
    Failure { kind: FailureKind::Unreachable, text: "nobody answers".to_owned() }
}

/// The session info that the server gives (`wire.md §2.2`).
fn document(session: &str) -> String {
    let info = SessionInfo {
        session_id: session.to_owned(),
        partner_id: "1".to_owned(),
        project_id: Some("1".to_owned()),
        create_dt: None,
        session_status: None,
        session_segment_id: None,
        messaging_url: "ws://simulation/rumorwebsocketsv2".to_owned(),
        messaging_server_url: None,
        media_server_hostname: None,
        symphony_address: Some("symphony.simulation".to_owned()),
        ice_server: None,
        ice_servers: None,
        ice_credential_expiration: None,
        properties: Properties { reconnection: true, renegotiation: true, ..Properties::default() },
    };
    info.document()
}
