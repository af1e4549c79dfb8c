//! What goes wrong: the network, the machines, and who takes no callbacks.

use crate::flow::{FOREVER, Unit};
use crate::wire::{Far, Near, Wire, WireId};
use crate::world::World;
use otc::session::{FailureKind, Refusal};
use otc_protocol::Moment;
use std::time::Duration;

impl World<'_> {
    /// Something goes wrong, and the next thing is planned.
    pub(crate) fn strike(&mut self) {
        let pause = self.dice.millis(0, self.plan.calm_ms);
        self.next_fault = self.now + pause;
        let victim = self.dice.index(self.clients.len());
        self.book.count.cuts += 1;
        match self.dice.below(100) {
            0..8 if self.plan.restarts => self.restart(),
            0..35 => self.cut_one(victim),
            35..55 => self.stall_one(victim),
            55..62 => self.go_offline(victim),
            62..70 => self.sleep(victim),
            70..74 => self.jump(victim),
            74..84 => self.stick(victim),
            84..90 => self.freeze(),
            90..94 => self.cut_all(),
            _ => self.kill(),
        }
    }

    fn wire_of(&mut self, victim: usize) -> Option<WireId> {
        let client = &self.clients[victim];
        client.socket.or(client.dial).or(client.closing)
    }

    fn cut_one(&mut self, victim: usize) {
        let now = self.now;
        let Some(id) = self.wire_of(victim) else { return };
        self.trace.say(now, || format!("wire {id} of client {victim} is cut"));
        if let Some(wire) = self.wires.get_mut(&id) {
            wire.cut(now);
        }
    }

    fn cut_all(&mut self) {
        self.trace.say(self.now, || "every wire is cut".to_owned());
        let now = self.now;
        self.wires.values_mut().for_each(|wire| wire.cut(now));
    }

    /// Bytes of one or of both directions stand still: for a moment, until the client has given up, or for ever.
    fn stall_one(&mut self, victim: usize) {
        let now = self.now;
        let Some(id) = self.wire_of(victim) else { return };
        let Some(wire) = self.wires.get_mut(&id) else { return };
        let until = match wire.dice.below(4) {
            0 => now + wire.dice.millis(50, 2000),
            1 => now + wire.dice.millis(2000, 12_000),
            2 => now + wire.dice.millis(5000, 60_000),
            _ => FOREVER,
        };
        let (up, down) = [(true, true), (true, false), (false, true)][wire.dice.index(3)];
        if up {
            wire.up.stall(until);
        }
        if down {
            wire.down.stall(until);
        }
        self.trace.say(now, || {
            format!("wire {id} of client {victim} stands still, up {up}, down {down}, until {until:?}")
        });
    }

    /// No network where the client is: what is open stands still, and dials fail.
    fn go_offline(&mut self, victim: usize) {
        let now = self.now;
        let until = now + self.dice.millis(100, 20_000);
        self.trace.say(now, || format!("client {victim} is offline until {until:?}"));
        self.offline_until[self.clients[victim].person] = until;
        let same_place = self.dice.one_in(2);
        for wire in self.wires.values_mut().filter(|wire| wire.client == victim) {
            // Back with another address, what was open never moves again.
            let until = if same_place { until } else { FOREVER };
            wire.up.stall(until);
            wire.down.stall(until);
        }
    }

    /// The machine sleeps. Its clock goes on meanwhile, or does not.
    fn sleep(&mut self, victim: usize) {
        let client = &mut self.clients[victim];
        if client.asleep_until > self.now {
            return;
        }
        let longest = [3000, 20_000, 70_000][client.dice.index(3)];
        let nap = client.dice.millis(100, longest);
        client.asleep_until = self.now + nap;
        let micros = i64::try_from(nap.as_micros()).unwrap_or(0);
        let stops = client.dice.one_in(2);
        if stops {
            client.ahead -= micros;
        }
        self.trace.say(self.now, || format!("client {victim} sleeps for {nap:?}, its clock stops: {stops}"));
    }

    /// The clock of a client jumps: seconds to hours, and at times back a little.
    fn jump(&mut self, victim: usize) {
        let client = &mut self.clients[victim];
        let back = client.dice.one_in(4);
        // Who waits for a moment waits longer by as much as the clock has gone back: nobody can tell.
        let seconds = if back { 2 } else { [3, 10, 100, 36_000][client.dice.index(4)] };
        let jump = client.dice.millis(500, seconds * 1000);
        let micros = i64::try_from(jump.as_micros()).unwrap_or(0);
        client.ahead += if back { -micros } else { micros };
        self.trace.say(self.now, || format!("the clock of client {victim} jumps by {jump:?}, back: {back}"));
    }

    /// An application takes no callbacks for a while.
    fn stick(&mut self, victim: usize) {
        let client = &mut self.clients[victim];
        let longest = [500, 4000, 20_000][client.dice.index(3)];
        client.stuck_until = self.now + client.dice.millis(100, longest);
        let until = client.stuck_until;
        self.trace.say(self.now, || format!("the application of client {victim} is stuck until {until:?}"));
    }

    /// The server stands still (SIGSTOP), and goes on.
    fn freeze(&mut self) {
        let longest = [1000, 8000, 20_000][self.dice.index(3)];
        self.server.frozen_until = self.now + self.dice.millis(100, longest);
        self.server.looks_first = self.dice.one_in(2);
        let until = self.server.frozen_until;
        self.trace.say(self.now, || format!("the server is frozen until {until:?}"));
    }

    /// The server is replaced by another one, at times because its machine is: then nothing that is under way arrives.
    fn restart(&mut self) {
        if self.dice.one_in(3) {
            self.cut_all();
        }
        self.restart_server();
    }

    fn kill(&mut self) {
        if self.plan.kills && self.server.registry.is_some() {
            let down = self.dice.millis(0, 6000);
            self.kill_server(down);
        }
    }

    /// A dial meets the network: it may be late, so that the client has given up when it reaches the server, or come twice.
    pub(crate) fn disturb_dial(&mut self, id: WireId) {
        let now = self.now;
        let quality = self.wires.get(&id).map(|wire| self.quality_of(wire.client));
        let (Some(wire), Some(quality)) = (self.wires.get_mut(&id), quality) else { return };
        match wire.dice.below(40) {
            0 => wire.up.stall(now + Duration::from_secs(16)),
            1 => {
                wire.up.stall(now + Duration::from_millis(900));
                wire.cut(now);
            }
            2 => wire.down.cut(0, Some(now + Duration::from_millis(50))),
            4 => refuse(wire, now),
            3 => {
                let name = (wire.socket.clone(), wire.coming_back);
                let mut ghost = Wire::new(wire.client, 0, name, quality, wire.dice.fork());
                let late = now + ghost.dice.millis(0, 9000);
                ghost.near = Near::Gone;
                ghost.down.shut();
                ghost.up.stall(late);
                ghost.up.send(now, Unit::Hello);
                let end = ghost.dice.one_in(2).then(|| late + ghost.dice.millis(0, 15_000));
                ghost.up.cut(usize::MAX, end);
                self.trace.say(now, || format!("wire {id} has a ghost"));
                self.wires.insert(self.next_wire, ghost);
                self.next_wire += 1;
            }
            _ => {}
        }
    }

    /// Everybody has a network again; some of them after their time to come back has passed.
    fn end_offline(&mut self) {
        let late = self.now + self.plan.grace + Duration::from_secs(3);
        for person in 0..self.offline_until.len() {
            let is_late = self.dice.one_in(12);
            self.offline_until[person] = if is_late { late } else { Moment::ZERO };
            for wire in self.wires.values_mut().filter(|_| is_late) {
                if self.clients[wire.client].person == person {
                    wire.up.stall(FOREVER);
                    wire.down.stall(FOREVER);
                }
            }
        }
    }

    /// The end of all faults.
    pub(crate) fn heal(&mut self) {
        self.trace.say(self.now, || "no more faults".to_owned());
        let now = self.now;
        self.next_fault = FOREVER;
        self.server.frozen_until = now;
        if self.server.registry.is_none() {
            self.server.up_at = now;
        }
        self.end_offline();
        for client in &mut self.clients {
            if client.asleep_until > now {
                let rest = i64::try_from((client.asleep_until - now).as_micros()).unwrap_or(0);
                client.ahead += if client.dice.one_in(2) { 0 } else { rest };
                client.asleep_until = now;
            }
            client.stuck_until = now;
        }
        for wire in self.wires.values_mut() {
            let is_late = self.offline_until[self.clients[wire.client].person] > now;
            if !is_late && (wire.up.is_stalled(now) || wire.down.is_stalled(now)) {
                match wire.dice.below(3) {
                    0 => wire.break_off(now),
                    1 => {} // Silent to the end.
                    _ => {
                        wire.up.release();
                        wire.down.release();
                    }
                }
            }
        }
    }
}

/// Something before the server answers the dial: it has no time, or says no for good.
fn refuse(wire: &mut Wire, now: Moment) {
    let kind = match wire.dice.below(8) {
        0 => FailureKind::Refused(Refusal::Gone),
        1 => FailureKind::Permanent,
        _ => FailureKind::Busy(wire.dice.millis(0, 3000)),
    };
    wire.up.shut();
    wire.far = Far::Gone;
    wire.down.send(now, Unit::Refusal(kind));
}
