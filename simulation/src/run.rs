//! One run: people act while things go wrong; then everything comes to rest and is looked at; then everybody leaves.

use crate::client::Client;
use crate::count::Count;
use crate::dice::Dice;
use crate::plan::Person;
use crate::publisher::Publisher;
use crate::trace::Trace;
use crate::wire::Wire;
use crate::world::World;
use otc_protocol::Moment;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

/// What a run did, when nothing was wrong.
#[derive(Clone, Copy, Debug, Default)]
pub struct Report {
    /// The time that passed in it.
    pub time: Duration,
    /// What happened.
    pub count: Count,
}

/// What was wrong in a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Which run: [`run`] repeats it.
    pub seed: u64,
    /// When, by the run's clock.
    pub at: Moment,
    /// What.
    pub what: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, at, what } = self;
        let seconds = at.since(Moment::ZERO).as_secs_f64();
        write!(formatter, "seed {seed}, at {seconds:.6} s: {what}\n  ")?;
        write!(formatter, "cargo run -p otc-simulation -- --seed {seed} --trace")
    }
}

impl std::error::Error for Failure {}

/// Runs `seed` and checks everything that must be true.
pub fn run(seed: u64) -> Result<Report, Failure> {
    run_in(seed, Trace::none())
}

/// The same, telling `sink` what happens in time's order.
pub fn traced(seed: u64, sink: &mut dyn FnMut(&str)) -> Result<Report, Failure> {
    run_in(seed, Trace::to(sink))
}

fn run_in(seed: u64, trace: Trace<'_>) -> Result<Report, Failure> {
    let mut world = World::new(seed, trace);
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| world.whole_run())) {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a word");
        world.book.wrong(format!("a panic: {text}"));
    }
    match world.book.wrong.take() {
        Some(what) => {
            world.trace.say(world.now, || format!("WRONG: {what}"));
            Err(Failure { seed, at: world.now, what })
        }
        None => Ok(Report { time: world.now.since(Moment::ZERO), count: world.book.count }),
    }
}

/// How long everything may take to come to rest, beyond what the settings say: three attempts of a join.
const SETTLING: Duration = Duration::from_secs(80);
/// How often it is looked whether it has.
const LOOK: Duration = Duration::from_secs(2);

impl World<'_> {
    fn whole_run(&mut self) {
        self.run_until(self.now + self.plan.active);
        self.is_calm = true;
        self.heal();
        self.come_to_rest();
        self.look_at_everybody();
        self.let_somebody_join();
        self.cut_once_more();
        self.let_everybody_go();
    }

    fn is_fine(&self) -> bool {
        self.book.wrong.is_none()
    }

    fn present(&self) -> impl Iterator<Item = usize> {
        (0..self.clients.len()).filter(|index| !self.clients[*index].deleted)
    }

    /// Waits until everybody is in and the server knows nobody else.
    fn come_to_rest(&mut self) {
        let end = self.now + self.plan.grace + SETTLING + self.longest_window();
        while self.is_fine() && !self.is_at_rest() {
            if self.now >= end {
                let waits = self.what_waits();
                return self.book.wrong(format!("it does not come to rest: {waits}"));
            }
            self.run_until(self.now + LOOK);
        }
        self.run_until(self.now + LOOK);
    }

    fn longest_window(&self) -> Duration {
        self.plan.people.iter().map(|who| who.window).max().unwrap_or_default()
    }

    fn is_at_rest(&self) -> bool {
        let people = self.present().count();
        self.present().all(|index| self.is_settled(index))
            && self.publishers.iter().all(Publisher::is_settled)
            && self.known_sockets() == people + self.publishers.len()
            && self.wires.len() == people
            && self.wires.values().all(Wire::is_quiet)
    }

    fn known_sockets(&self) -> usize {
        self.server.registry.as_ref().map_or(0, |registry| registry.sockets())
    }

    fn what_waits(&self) -> String {
        let clients = self.present().filter(|index| !self.is_settled(*index)).map(|index| {
            let client = &self.clients[index];
            let (status, stage) = (client.engine.status(), client.stage);
            let (queued, told) = (client.engine.queued_signals(), client.told.len());
            format!("client {index} is {status:?}, has heard {stage:?}, {queued} requests and {told} callbacks wait")
        });
        let wires = self.wires.values().filter(|wire| !wire.is_quiet()).count();
        let sockets = format!(
            "the server knows {} sockets, {} wires, {wires} not quiet",
            self.known_sockets(),
            self.wires.len()
        );
        clients.chain([sockets]).collect::<Vec<_>>().join("; ")
    }

    /// Everybody has heard everything, and all agree who is there.
    fn look_at_everybody(&mut self) {
        if !self.is_fine() {
            return;
        }
        let mut rosters: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
        for index in self.present() {
            let client = &self.clients[index];
            if let Some(own) = client.engine.connection() {
                let session = self.plan.people[client.person].session;
                rosters.entry(session).or_default().insert(own.id.clone());
            }
        }
        for her in &self.publishers {
            rosters.entry(her.session).or_default().insert(her.connection.clone());
        }
        for index in self.present().collect::<Vec<_>>() {
            self.look_at(index, &rosters);
        }
        let sessions = self.server.registry.as_ref().map_or(0, |registry| registry.sessions());
        if sessions != rosters.len() {
            self.book.wrong(format!("the server has {sessions} sessions, people are in {}", rosters.len()));
        }
        if let Some(lost) = self.book.lost_signal() {
            self.book.wrong(lost);
        }
    }

    fn look_at(&mut self, index: usize, rosters: &BTreeMap<usize, BTreeSet<String>>) {
        let client = &self.clients[index];
        let Some(life) = client.life else {
            return self.book.wrong(format!("client {index} is connected without a life"));
        };
        let me = &self.book.lives[life];
        let name = me.connection.clone();
        if let Some(item) = self.book.missed(life) {
            return self.book.wrong(format!("exactly once: {name} has not heard {item:?}"));
        }
        if me.seen_leaving {
            return self.book.wrong(format!("{name} is in its session, and was seen leaving"));
        }
        if me.epoch != self.book.epoch {
            return self.book.wrong(format!("{name} believes to be connected to a server that was killed"));
        }
        if me.accepted != me.answered + me.reported {
            let what = format!(
                "answered once: {name} had {} requests, {} answers and {} reports",
                me.accepted, me.answered, me.reported
            );
            return self.book.wrong(what);
        }
        let mut expected = rosters.get(&me.session).cloned().unwrap_or_default();
        expected.remove(&name);
        if me.suppressed {
            expected.clear();
        }
        let asked: BTreeSet<String> = client.engine.others().iter().map(|other| other.id.clone()).collect();
        let told: BTreeSet<String> = me.others.iter().cloned().collect();
        let published: BTreeSet<&String> = self
            .publishers
            .iter()
            .filter(|her| her.session == me.session)
            .flat_map(|her| &her.streams)
            .collect();
        if published != me.streams.iter().collect() {
            let what = format!("streams: {name} was told of {:?}, there are {published:?}", me.streams);
            return self.book.wrong(what);
        }
        if let Some(stream) = self.book.missed_stream(life) {
            return self.book.wrong(format!("exactly once: {name} was never told of stream {stream}"));
        }
        if asked != expected || told != expected {
            let what = format!("rosters: {name} lists {asked:?}, was told {told:?}, there are {expected:?}");
            self.book.wrong(what);
        }
    }

    /// Somebody comes into each session: what the server lists must be what the others see.
    fn let_somebody_join(&mut self) {
        if !self.is_fine() {
            return;
        }
        for session in 0..self.plan.sessions.len() {
            let who = Person::quiet(session);
            let person = self.plan.people.len();
            let dice = self.dice.fork();
            self.clients.push(Client::new(self.now, person, &who, &self.plan.sessions[session], dice));
            self.plan.people.push(who);
            self.offline_until.push(Moment::ZERO);
        }
        self.come_to_rest();
        self.look_at_everybody();
    }

    /// Everybody is cut once more, and comes back to nothing new: whatever was acknowledged stays so.
    fn cut_once_more(&mut self) {
        if !self.is_fine() {
            return;
        }
        self.trace.say(self.now, || "everybody is cut, and comes back".to_owned());
        self.nothing_is_owed = true;
        let (now, before) = (self.now, self.book.count.returns);
        self.wires.values_mut().for_each(|wire| wire.break_off(now));
        self.run_until(self.now + LOOK);
        self.come_to_rest();
        self.look_at_everybody();
        let (returns, people) = (self.book.count.returns - before, self.present().count() as u64);
        if self.is_fine() && returns != people {
            self.book.wrong(format!("{people} were cut, and {returns} times somebody came back"));
        }
    }

    /// Everybody leaves, one way or the other, and the server forgets them.
    fn let_everybody_go(&mut self) {
        if !self.is_fine() {
            return;
        }
        self.is_leaving = true;
        let mut dice: Dice = self.dice.fork();
        let mut forgotten_after = Duration::from_secs(15);
        if dice.one_in(4) {
            // The server is replaced, and to the next one nobody comes back.
            self.restart_server();
            self.run_until(self.server.stops_at.unwrap_or(self.now));
            forgotten_after += self.plan.grace;
        }
        self.dismiss_publishers();
        for index in self.present().collect::<Vec<_>>() {
            if dice.one_in(2) {
                self.leave(index);
            }
            self.delete(index);
        }
        self.run_until(self.now + forgotten_after);
        let Some(registry) = &self.server.registry else { return };
        let (sockets, sessions) = (registry.sockets(), registry.sessions());
        if (sockets, sessions) != (0, 0) || !self.wires.is_empty() {
            let wires = self.wires.len();
            let what = format!(
                "all have left, but {sockets} sockets, {sessions} sessions and {wires} wires are known"
            );
            self.book.wrong(what);
        }
        if let Some(index) = (0..self.clients.len()).find(|index| !self.clients[*index].is_over()) {
            self.book.wrong(format!("client {index} was deleted and is not at rest"));
        }
    }
}
