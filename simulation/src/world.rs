//! Everything at once, and the loop that lets the next thing happen.

use crate::book::Book;
use crate::client::Client;
use crate::dice::Dice;
use crate::flow::{FOREVER, Quality};
use crate::plan::Plan;
use crate::publisher::Publisher;
use crate::server::Server;
use crate::trace::Trace;
use crate::wire::{Far, Near, Wire, WireId};
use otc_protocol::Moment;
use std::collections::BTreeMap;

pub(crate) struct World<'a> {
    pub(crate) now: Moment,
    pub(crate) dice: Dice,
    pub(crate) plan: Plan,
    pub(crate) server: Server,
    pub(crate) clients: Vec<Client>,
    pub(crate) publishers: Vec<Publisher>,
    pub(crate) wires: BTreeMap<WireId, Wire>,
    pub(crate) next_wire: WireId,
    pub(crate) next_fault: Moment,
    /// For each of the people: no network before.
    pub(crate) offline_until: Vec<Moment>,
    /// People do nothing but come back.
    pub(crate) is_calm: bool,
    /// Everybody has acknowledged everything.
    pub(crate) nothing_is_owed: bool,
    /// Everybody goes for good.
    pub(crate) is_leaving: bool,
    pub(crate) book: Book,
    pub(crate) trace: Trace<'a>,
    /// Things that happened at this very moment.
    at_once: u32,
}

/// What happens next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Fault,
    ServerStarts,
    ServerStops,
    Look,
    FarReads(WireId),
    FarDeadline(WireId),
    NearReads(WireId),
    NearDeadline(WireId),
    Info(usize),
    Turn(usize),
    Timer(usize),
    EndHold(usize),
    Callbacks(usize),
    Act(usize),
    Publish(usize),
}

/// So much at one moment means that time stands still.
const AT_ONCE: u32 = 20_000;

impl<'a> World<'a> {
    pub(crate) fn new(seed: u64, trace: Trace<'a>) -> Self {
        let mut dice = Dice::new(seed);
        let plan = Plan::draw(&mut dice);
        let now = Moment::from_millis(1000);
        let people = plan.people.iter().enumerate();
        let clients = people
            .map(|(index, who)| Client::new(now, index, who, &plan.sessions[who.session], dice.fork()))
            .collect();
        let publishes = plan.publishes.then_some(0).into_iter();
        let publishers = publishes.map(|session| Publisher::new(now, session, dice.fork())).collect();
        Self {
            now,
            publishers,
            server: Server::new(&plan, &mut dice),
            clients,
            wires: BTreeMap::new(),
            next_wire: 1,
            next_fault: now + dice.millis(0, plan.calm_ms),
            offline_until: vec![Moment::ZERO; plan.people.len()],
            is_calm: false,
            nothing_is_owed: false,
            is_leaving: false,
            book: Book::new(plan.sessions.len()),
            trace,
            at_once: 0,
            dice,
            plan,
        }
    }

    pub(crate) fn quality_of(&self, index: usize) -> Quality {
        self.plan.people[self.clients[index].person].quality
    }

    /// Whether HTTP gets through.
    pub(crate) fn can_reach(&self, index: usize) -> bool {
        self.server.registry.is_some()
            && self.server.frozen_until <= self.now
            && self.offline_until[self.clients[index].person] <= self.now
    }

    /// Lets everything happen until `end`, or until something is wrong.
    pub(crate) fn run_until(&mut self, end: Moment) {
        while self.book.wrong.is_none() {
            let Some((at, next)) = self.next().filter(|(at, _)| *at <= end) else {
                self.now = self.now.max(end);
                return;
            };
            if at > self.now {
                self.now = at;
                self.at_once = 0;
            }
            self.at_once += 1;
            if self.at_once > AT_ONCE {
                self.book.wrong(format!("time stands still: {next:?} again and again"));
            }
            self.step(next);
            self.settle();
        }
    }

    fn step(&mut self, next: Next) {
        match next {
            Next::Fault => self.strike(),
            Next::ServerStarts => self.start_server(),
            Next::ServerStops => self.stop_server(),
            Next::Look => self.look(),
            Next::FarReads(wire) => self.far_reads(wire),
            Next::FarDeadline(wire) => self.far_deadline(wire),
            Next::NearReads(wire) => self.near_reads(wire),
            Next::NearDeadline(wire) => self.near_deadline(wire),
            Next::Info(client) => self.info(client),
            Next::Turn(client) => self.turn(client),
            Next::Timer(client) => self.timer(client),
            Next::EndHold(client) => self.end_hold(client),
            Next::Callbacks(client) => self.callbacks(client),
            Next::Act(client) => self.act(client),
            Next::Publish(publisher) => self.publish(publisher),
        }
    }

    /// What waits is written wherever there is room now.
    fn settle(&mut self) {
        let ids: Vec<WireId> = self.wires.keys().copied().collect();
        let is_thawed = self.server.frozen_until <= self.now;
        for id in ids {
            if is_thawed {
                self.write_down(id);
            }
        }
        for index in 0..self.clients.len() {
            self.write(index);
        }
        let is_calm = self.is_calm;
        self.wires.retain(|_, wire| !wire.is_over(is_calm));
    }

    /// The next thing to happen: the earliest; of several, the first one here.
    fn next(&self) -> Option<(Moment, Next)> {
        let mut best: Option<(Moment, Next)> = None;
        let mut offer = |at: Option<Moment>, next: Next| {
            if let Some(at) = at.filter(|at| *at < FOREVER)
                && best.is_none_or(|(earliest, _)| at.max(self.now) < earliest)
            {
                best = Some((at.max(self.now), next));
            }
        };
        offer(Some(self.next_fault), Next::Fault);
        if self.server.registry.is_none() {
            offer(Some(self.server.up_at), Next::ServerStarts);
        }
        offer(self.server.stops_at.map(|at| self.server.thawed(at)), Next::ServerStops);
        let look = self.server.next_look().map(|at| self.server.thawed(at));
        if self.server.looks_first {
            offer(look, Next::Look);
        }
        for (id, wire) in &self.wires {
            let far = self.far_next(wire).map(|at| self.server.thawed(at));
            offer(far, Next::FarReads(*id));
            if let Far::Closing { until, .. } = &wire.far {
                offer(Some(self.server.thawed(*until)), Next::FarDeadline(*id));
            }
            let near = self.near_next(wire).map(|at| self.awake(wire.client, at));
            offer(near, Next::NearReads(*id));
            if let Near::Closing { until, written } = wire.near {
                let due = if written && !wire.told_written { self.now } else { until };
                offer(Some(self.awake(wire.client, due)), Next::NearDeadline(*id));
            }
        }
        offer(look, Next::Look);
        for (index, client) in self.clients.iter().enumerate() {
            let awake = |at: Option<Moment>| at.map(|at| self.awake(index, at));
            offer(awake(client.info.map(|(_, at, _)| at)), Next::Info(index));
            offer(awake(client.turn), Next::Turn(index));
            offer(awake(client.timer()), Next::Timer(index));
            offer(awake(client.hold), Next::EndHold(index));
            let callbacks = (!client.told.is_empty()).then_some(client.stuck_until);
            offer(awake(callbacks), Next::Callbacks(index));
            if !client.deleted {
                // An application that is stuck in a callback does nothing else.
                offer(awake(Some(client.next_act.max(client.stuck_until))), Next::Act(index));
            }
        }
        for (index, publisher) in self.publishers.iter().enumerate() {
            offer(Some(self.server.thawed(publisher.next)), Next::Publish(index));
        }
        best
    }

    /// When the server can read of a wire.
    fn far_next(&self, wire: &Wire) -> Option<Moment> {
        match &wire.far {
            Far::Coming | Far::Closing { .. } => wire.up.next(),
            Far::Open(place) if place.pipe.is_crowded() => None,
            Far::Open(place) => {
                let waits = (!place.arrived.is_empty()).then_some(self.now);
                let next = waits.into_iter().chain(wire.up.next()).min()?;
                Some(place.pause.map_or(next, |pause| next.max(pause)))
            }
            Far::Gone => None,
        }
    }

    /// When the client can read of a wire.
    fn near_next(&self, wire: &Wire) -> Option<Moment> {
        match wire.near {
            Near::Gone => None,
            Near::Open if !self.clients[wire.client].engine.is_reading() => None,
            Near::Closing { .. } if wire.peer_closed => None,
            Near::Dialing | Near::Open | Near::Closing { .. } => wire.down.next(),
        }
    }
}
