//! One client: an engine, and what `src/net/task.rs` keeps beside it.

use crate::absence::{Absence, Cause};
use crate::book::Item;
use crate::dice::Dice;
use crate::flow::FOREVER;
use crate::life::LifeId;
use crate::plan::Person;
use crate::signal::number_of;
use crate::wire::WireId;
use crate::world::World;
use otc::session::{Config, DisconnectReason, Engine, Event, FailedSignal, Input, Output, Refused, Status};
use otc_protocol::Moment;
use otc_protocol::envelope::FromServer;
use otc_protocol::error::ErrorCode;
use otc_protocol::limits::CLIENT_SILENCE;
use otc_protocol::raptor::{Body, Message};
use otc_protocol::rumor::Frame;
use std::collections::VecDeque;
use std::time::Duration;

/// More dials of one client within a second are a storm.
const DIALS: usize = 8;

pub(crate) struct Client {
    /// Which of the people has it.
    pub(crate) person: usize,
    pub(crate) engine: Engine,
    pub(crate) out: Vec<Output>,
    pub(crate) dice: Dice,
    /// Session info that was asked for: when it comes, and whether.
    pub(crate) info: Option<(u64, Moment, bool)>,
    /// When what is to be asked for or dialed gets its turn.
    pub(crate) turn: Option<Moment>,
    pub(crate) dial: Option<WireId>,
    pub(crate) socket: Option<WireId>,
    pub(crate) closing: Option<WireId>,
    /// When it was last heard of its open socket, or began to listen, by its own clock.
    heard: Moment,
    /// When it dialed lately.
    pub(crate) dials: VecDeque<Moment>,
    absence: Absence,
    /// Acknowledgements wait until then for something to travel with.
    pub(crate) hold: Option<Moment>,
    /// Callbacks that wait, with the life that they are about.
    pub(crate) told: VecDeque<(Option<LifeId>, Event)>,
    /// The callback queue was full and has not been emptied since.
    full: bool,
    /// The application takes no callback before.
    pub(crate) stuck_until: Moment,
    /// The machine sleeps.
    pub(crate) asleep_until: Moment,
    /// What the client's clock shows beyond the world's, in microseconds.
    pub(crate) ahead: i64,
    /// The application has deleted the session: it hears nothing more.
    pub(crate) deleted: bool,
    /// The application wants to be in the session.
    pub(crate) wants_in: bool,
    pub(crate) next_act: Moment,
    /// Which of the server's lives accepted the last socket.
    pub(crate) epoch: Option<u32>,
    /// The connection id of the last join.
    own: String,
    /// The life that the engine is in.
    pub(crate) life: Option<LifeId>,
    /// What the application has been told of the session's standing.
    pub(crate) stage: Stage,
}

/// Where the application believes its session to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Idle,
    Connecting,
    In,
    Away,
    /// It was told 1022; the end must follow.
    Lost,
}

impl Client {
    pub(crate) fn new(now: Moment, index: usize, who: &Person, session_id: &str, mut dice: Dice) -> Self {
        let config = Config {
            api_key: "1".to_owned(),
            session_id: session_id.to_owned(),
            api_url: "http://simulation".to_owned(),
            proxy_url: None,
            connection_events_suppressed: who.suppressed,
            reconnect_window: who.window,
            signal_queue: who.outbox,
            user_agent: "simulation".to_owned(),
            session_migration: false,
            media: otc::session::MediaConfig::default(),
        };
        // So far that no jump back gets below zero.
        let ahead = (1 << 42) + i64::try_from(dice.below(1 << 40)).unwrap_or(0);
        Self {
            person: index,
            engine: Engine::new(config, dice.seed()),
            out: Vec::new(),
            info: None,
            turn: None,
            dial: None,
            socket: None,
            closing: None,
            heard: Moment::ZERO,
            dials: VecDeque::new(),
            absence: Absence::default(),
            hold: None,
            told: VecDeque::new(),
            full: false,
            stuck_until: Moment::ZERO,
            asleep_until: Moment::ZERO,
            ahead,
            deleted: false,
            wants_in: true,
            next_act: now + dice.millis(0, 1000),
            dice,
            epoch: None,
            own: String::new(),
            life: None,
            stage: Stage::Idle,
        }
    }

    /// What its own clock shows.
    pub(crate) fn clock(&self, now: Moment) -> Moment {
        Moment::from_micros(now.as_micros().saturating_add_signed(self.ahead))
    }

    /// When the engine wants to be woken, by the world's clock.
    pub(crate) fn timer(&self) -> Option<Moment> {
        let deadline = self.engine.deadline()?;
        let at = Moment::from_micros(deadline.as_micros().saturating_add_signed(-self.ahead));
        (at < FOREVER).then_some(at)
    }

    /// Nothing is under way, and nobody will ask it for anything.
    pub(crate) fn is_over(&self) -> bool {
        self.deleted
            && self.engine.deadline().is_none()
            && self.info.is_none()
            && self.dial.is_none()
            && self.socket.is_none()
            && self.closing.is_none()
    }

    /// Whether the driver may read on, as the strand says it: once full, the callback queue has to shrink to half.
    pub(crate) fn has_room(&mut self, most: usize) -> bool {
        if self.told.len() >= most {
            self.full = true;
        } else if self.told.len() <= most / 2 {
            self.full = false;
        }
        self.deleted || !self.full
    }
}

/// Whether an event tells of a request that was refused or never answered.
fn is_report(event: &Event) -> bool {
    use ErrorCode::{UnableToForceDisconnect, UnableToForceMute};
    matches!(
        event,
        Event::SignalFailed(_) | Event::Error { code: UnableToForceMute | UnableToForceDisconnect, .. }
    )
}

fn failed_signal(output: &Output) -> Option<&FailedSignal> {
    match output {
        Output::Event(Event::SignalFailed(failed)) => Some(failed),
        _ => None,
    }
}

/// Whether a frame is a STATUS that says yes.
fn is_yes(bytes: &[u8]) -> bool {
    const STATUS: u8 = 9;
    bytes.get(6) == Some(&STATUS)
        && Frame::decode(bytes).is_ok_and(|frame| match FromServer::read(&frame) {
            FromServer::Status(answer) => answer.is_success(),
            _ => false,
        })
}

fn is_loss(output: &Output) -> bool {
    matches!(output, Output::Event(Event::Error { code: ErrorCode::ConnectionDropped, .. }))
}

/// Whether a frame says that this connection has ended.
fn tells_of_the_end(frame: &[u8], own: &str) -> bool {
    Frame::decode(frame).is_ok_and(|frame| match FromServer::read(&frame) {
        FromServer::Message(message) => Message::decode(message.data)
            .is_ok_and(|message| matches!(message.body, Body::ConnectionDeleted { id, .. } if id == own)),
        _ => false,
    })
}

impl World<'_> {
    /// Lets something happen to an engine. No request may vanish: each leaves the outbox with the server's yes or with a
    /// report.
    pub(crate) fn handle(&mut self, index: usize, input: Input<'_>) -> Result<(), Refused> {
        let client = &mut self.clients[index];
        let now = client.clock(self.now);
        let (before, told) = (client.engine.queued_signals(), client.out.len());
        let is_request = matches!(input, Input::Signal { .. } | Input::Moderate(_));
        if matches!(input, Input::Frame { .. } | Input::Opened { .. } | Input::Reading(true)) {
            client.heard = now;
        }
        let yes = matches!(&input, Input::Frame { bytes, .. } if is_yes(bytes));
        let mut cause = Cause::of(&input, client.socket.is_some());
        let frame = if let Input::Frame { bytes, .. } = &input { *bytes } else { &[] };
        let name = if self.trace.is_on() { format!("{input:?}") } else { String::new() };
        let result = client.engine.handle(now, input, &mut client.out);
        self.trace.say(self.now, || format!("client {index} <- {name}"));
        let accepted = is_request && result.is_ok();
        let (after, life) = (client.engine.queued_signals(), client.life);
        // By the time that this is told, the session may have ended again.
        if client.out[told..].contains(&Output::Event(Event::Connected)) {
            client.own = client.engine.connection().map(|own| own.id.clone()).unwrap_or_default();
        }
        let new = client.out[told..].iter();
        let reports = new.filter(|output| matches!(output, Output::Event(event) if is_report(event))).count();
        let failed: Vec<&FailedSignal> = client.out[told..].iter().filter_map(failed_signal).collect();
        self.book.report(&failed);
        let left = (before + usize::from(accepted)).checked_sub(reports);
        let answered = yes && left == Some(after + 1);
        if left != Some(after) && !answered {
            self.book.wrong(format!(
                "delivered or reported: client {index} had {before} requests, accepted {accepted}, reported {reports}, has {after}"
            ));
        }
        if after > self.plan.people[client.person].outbox {
            self.book.wrong(format!("bound: the outbox of client {index} holds {after} requests"));
        }
        if let Some(life) = life {
            let life = &mut self.book.lives[life];
            life.accepted += u64::from(accepted);
            life.answered += u64::from(answered);
            life.reported += reports as u64;
        } else if accepted {
            self.book.wrong(format!("client {index} accepted a request without a session"));
        }
        self.book.count.reports += reports as u64;
        let client = &self.clients[index];
        let is_lost = client.out[told..].iter().any(is_loss);
        if is_lost && tells_of_the_end(frame, &client.own) {
            cause = Cause::Ended;
        }
        self.look_at_absence(index, (now, cause), told, answered);
        if is_lost && cause == Cause::Ended {
            self.look_at_end(index);
        }
        result
    }

    /// Nobody gives up before the window has passed, unless the server has said so and was right; nor later.
    fn look_at_absence(&mut self, index: usize, what: (Moment, Cause), told: usize, answered: bool) {
        let client = &mut self.clients[index];
        let window = self.plan.people[client.person].window;
        let wrong = client.absence.take(what, window, &client.out[told..], answered);
        // While the open socket is not read, nobody could hear that the session is back.
        let runs = client.engine.status() == Status::Reconnecting
            && (client.engine.is_reading() || client.socket.is_none());
        let deadline = client.engine.deadline();
        let wrong = wrong.or(client.absence.look(window, deadline, what.1).filter(|_| runs));
        if let Some(wrong) = wrong {
            self.book.wrong(format!("given up in time: client {index} {wrong}"));
        }
    }

    /// Whom the server ends has been away for too long, or is owed too much, or is not known to it.
    fn look_at_end(&mut self, index: usize) {
        let own = &self.clients[index].own;
        if let Some(life) = self.book.life_of(own)
            && let Some(away) = self.book.ended_early(life, self.now, self.plan.grace, self.plan.is_tight())
        {
            let what = format!("the server ended {own} after it had been away for {away:?}");
            self.book.wrong(what);
        }
    }

    /// Silence is noticed in time: the engine wants to be woken before it has lasted too long.
    pub(crate) fn look_at_patience(&mut self, index: usize) {
        let client = &self.clients[index];
        let listens = client.socket.is_some() && client.engine.is_reading();
        let patience = client.heard + CLIENT_SILENCE;
        if listens && client.engine.deadline().is_none_or(|deadline| deadline > patience) {
            self.book.wrong(format!("client {index} would not notice that its socket has fallen silent"));
        }
    }

    /// A server that has lost many clients must not be stormed by any of them.
    pub(crate) fn note_dial(&mut self, index: usize) {
        let (now, dials) = (self.now, &mut self.clients[index].dials);
        while dials.front().is_some_and(|dial| *dial + Duration::from_secs(1) < now) {
            dials.pop_front();
        }
        dials.push_back(now);
        if dials.len() > DIALS {
            self.book.wrong(format!("client {index} has dialed {DIALS} times within a second"));
        }
    }

    /// Puts an event into the callback queue.
    pub(crate) fn tell(&mut self, index: usize, event: Event) {
        self.trace.say(self.now, || format!("client {index} tells {event:?}"));
        let client = &mut self.clients[index];
        if event == Event::Connected {
            let own = &client.own;
            client.life = self.book.life_of(own);
            match client.life {
                Some(life) => self.book.enters(life),
                None => self.book.wrong(format!("client {index} is connected as {own}, who never joined")),
            }
        }
        let life = client.life;
        match &event {
            Event::Reconnected => {
                self.book.count.returns += 1;
                if life.is_some_and(|life| Some(self.book.lives[life].epoch) != client.epoch) {
                    self.book.wrong(format!("client {index} came back to a server that does not know it"));
                }
            }
            Event::Disconnected(_) => {
                client.life = None;
                if let Some(life) = life {
                    let life = &mut self.book.lives[life];
                    life.ended = true;
                    if life.accepted != life.answered + life.reported {
                        let what = format!(
                            "answered once: client {index} had {} requests, {} answers, {} reports",
                            life.accepted, life.answered, life.reported
                        );
                        self.book.wrong(what);
                    }
                }
            }
            _ => {}
        }
        if !client.deleted {
            client.told.push_back((life, event));
        }
    }

    /// The application takes the callbacks that wait.
    pub(crate) fn callbacks(&mut self, index: usize) {
        while let Some((life, event)) = self.clients[index].told.pop_front() {
            self.hear(index, life, &event);
            let client = &mut self.clients[index];
            // Some applications take their time.
            if client.dice.one_in(20) {
                client.stuck_until = self.now + client.dice.millis(0, 60);
                break;
            }
        }
        self.look_at_room(index);
    }

    /// The driver reads only while the callback queue has room.
    pub(crate) fn look_at_room(&mut self, index: usize) {
        let most = self.plan.people[self.clients[index].person].callbacks;
        let client = &mut self.clients[index];
        let has_room = client.has_room(most);
        if client.engine.is_reading() != has_room {
            let _ = self.handle(index, Input::Reading(has_room));
            self.carry_out(index);
        }
    }

    /// What the application makes of an event: it must fit to what it has been told before.
    fn hear(&mut self, index: usize, life: Option<LifeId>, event: &Event) {
        use Stage::{Away, Connecting, Idle, In, Lost};
        let client = &mut self.clients[index];
        let stage = client.stage;
        let soon = self.now + client.dice.millis(1, 2000);
        let next = match (stage, event) {
            (In, Event::Reconnecting) => Some(Away),
            (In | Away, Event::Error { code: ErrorCode::ConnectionDropped, .. }) => Some(Lost),
            (In | Away, _) if is_report(event) => Some(stage),
            // A failed connect ends with one error.
            (Connecting, Event::Error { code, .. }) if *code != ErrorCode::ConnectionDropped => Some(Idle),
            (Lost, Event::Disconnected(DisconnectReason::NetworkDisconnected))
            | (In | Away, Event::Disconnected(DisconnectReason::ForceDisconnected)) => Some(Idle),
            (In | Away | Connecting, Event::Disconnected(DisconnectReason::ClientDisconnected)) => {
                (!client.wants_in).then_some(Idle)
            }
            (_, Event::StatusChanged(_)) => Some(stage),
            (Connecting, Event::Connected)
            | (Away, Event::Reconnected)
            | (
                In,
                Event::ConnectionCreated(_)
                | Event::ConnectionDropped(_)
                | Event::Signal(_)
                | Event::MuteForced { .. }
                | Event::StreamReceived(_)
                | Event::StreamDropped(_),
            ) => Some(In),
            _ => None,
        };
        match next {
            Some(next) => client.stage = next,
            None => self
                .book
                .wrong(format!("callbacks out of order: client {index} is {stage:?} and hears {event:?}")),
        }
        if client.stage == Idle && stage != Idle {
            client.next_act = soon;
        } else if *event == Event::Connected {
            client.next_act = client.next_act.min(soon);
        }
        if client.stage == Lost {
            self.book.count.losses += 1;
        }
        let Some(life) = life else { return };
        match event {
            Event::ConnectionCreated(other) => self.book.sees_coming(life, &other.id),
            Event::ConnectionDropped(other) => {
                let (grace, tight) = (self.plan.grace, self.plan.is_tight());
                self.book.sees_leaving(life, &other.id, self.now, grace, tight);
            }
            Event::Signal(signal) => {
                let from = signal.from.as_ref().map(|from| from.id.as_str());
                match signal.data.as_deref().and_then(number_of) {
                    Some(number) => self.book.hears(life, Item::Signal(number), from),
                    None => self.book.wrong("a signal arrived with other data than was sent"),
                }
            }
            Event::StreamReceived(stream) => self.book.sees_stream(life, &stream.id, true),
            Event::StreamDropped(stream) => self.book.sees_stream(life, &stream.id, false),
            Event::MuteForced { active } => self.book.hears(life, Item::Mute(*active), None),
            Event::Disconnected(DisconnectReason::ForceDisconnected) if !self.book.lives[life].kicked => {
                self.book.wrong(format!("client {index} was sent away by nobody"));
            }
            _ => {}
        }
    }

    /// Whether a client is in its session, undisturbed, and has told its application so.
    pub(crate) fn is_settled(&self, index: usize) -> bool {
        let client = &self.clients[index];
        client.engine.status() == Status::Connected
            && client.stage == Stage::In
            && client.told.is_empty()
            && client.engine.queued_signals() == 0
    }
}
