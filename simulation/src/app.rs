//! What users do.

use crate::client::{Client, Stage};
use crate::signal::data_of;
use crate::world::World;
use otc::session::{Input, Moderation, Secret, Status};
use otc_protocol::Moment;
use otc_protocol::error::ErrorCode;

impl World<'_> {
    /// The application of a client does something, and decides when to go on.
    pub(crate) fn act(&mut self, index: usize) {
        let pace = self.plan.people[self.clients[index].person].pace_ms;
        let client = &mut self.clients[index];
        client.next_act = self.now + client.dice.millis(0, pace);
        match client.stage {
            Stage::Idle if client.wants_in => self.connect(index),
            Stage::Idle => {
                client.wants_in = true;
                client.next_act = self.now + client.dice.millis(0, 3000);
            }
            _ if self.is_calm => {}
            Stage::Connecting => self.give_up_sometimes(index),
            Stage::In | Stage::Away | Stage::Lost => self.live(index),
        }
    }

    fn connect(&mut self, index: usize) {
        let role = self.plan.people[self.clients[index].person].role;
        let token = Secret(role.name().to_owned());
        // How often the application connects is its own affair.
        self.clients[index].dials.clear();
        let connected = self.handle(index, Input::Connect { token, api_url: None });
        if let Err(refused) = connected {
            self.book.wrong(format!("client {index} may not connect anew: {}", refused.text));
        }
        self.clients[index].stage = Stage::Connecting;
        self.carry_out(index);
    }

    fn give_up_sometimes(&mut self, index: usize) {
        if self.clients[index].dice.one_in(300) {
            self.leave(index);
        }
    }

    /// Somebody who is in does what people do there.
    fn live(&mut self, index: usize) {
        let restlessness = self.plan.people[self.clients[index].person].restlessness;
        let client = &mut self.clients[index];
        let choice = client.dice.below(1000);
        if choice < restlessness {
            if client.dice.one_in(3) {
                self.delete(index);
            } else {
                self.leave(index);
            }
            return;
        }
        match client.dice.below(100) {
            0..48 => self.signal(index),
            48..80 => {
                let burst = client.dice.between(2, 10);
                (0..burst).for_each(|_| self.signal(index));
            }
            80..90 => {}
            90..96 => self.moderate(index),
            _ => self.speak_for_the_server(index),
        }
    }

    fn signal(&mut self, index: usize) {
        let client = &mut self.clients[index];
        let to = match client.dice.below(4) {
            0 => self.somebody(index),
            _ => None,
        };
        let client = &mut self.clients[index];
        let retry = !client.dice.one_in(4);
        let padding = if client.dice.one_in(12) { client.dice.index(3000) } else { client.dice.index(20) };
        let (status, room) = (client.engine.status(), client.engine.queued_signals());
        let most = self.plan.people[client.person].outbox;
        let number = self.book.new_signal(client.life, to.clone(), retry);
        let data = data_of(number, padding);
        let input = Input::Signal { kind: Some("s"), data: Some(&data), to: to.as_deref(), retry };
        match self.handle(index, input) {
            Ok(()) => self.book.count.signals += 1,
            Err(refused) => {
                self.book.signals.pop();
                let may = match refused.code {
                    ErrorCode::NotConnected => {
                        status != Status::Connected && (!retry || status != Status::Reconnecting)
                    }
                    ErrorCode::UnableToSendSignal => room >= most,
                    _ => false,
                };
                if !may {
                    self.book
                        .wrong(format!("client {index} refused a signal ({status:?}): {}", refused.text));
                }
            }
        }
        self.carry_out(index);
    }

    /// Somebody of the session whom this client knows, itself at times, or somebody who is not there any more.
    fn somebody(&mut self, index: usize) -> Option<String> {
        let client = &mut self.clients[index];
        let others = client.engine.others();
        if !others.is_empty() && !client.dice.one_in(6) {
            return Some(others[client.dice.index(others.len())].id.clone());
        }
        let pick = client.dice.index(self.book.lives.len());
        self.book.lives.get(pick).map(|life| life.connection.clone())
    }

    fn moderate(&mut self, index: usize) {
        let target = self.somebody(index).unwrap_or_default();
        let client = &mut self.clients[index];
        let moderation = match client.dice.below(5) {
            0 => Moderation::Disconnect(&target),
            1 | 2 => Moderation::MuteAll { except: &[] },
            _ => Moderation::EndMute,
        };
        // Whoever is no moderator is refused.
        let _ = self.handle(index, Input::Moderate(moderation));
        self.carry_out(index);
    }

    fn speak_for_the_server(&mut self, index: usize) {
        if !self.plan.rest || self.server.frozen_until > self.now {
            return;
        }
        let session = self.plan.people[self.clients[index].person].session;
        let one = self.somebody(index).unwrap_or_default();
        let dice = &mut self.clients[index].dice;
        match dice.below(12) {
            0 => self.server_disconnects(session, &one),
            1..4 => self.server_signals(session, Some(&one)),
            _ => self.server_signals(session, None),
        }
    }

    fn intend_to_leave(&mut self, index: usize) {
        let client = &mut self.clients[index];
        client.wants_in = false;
        if let Some(life) = client.life {
            self.book.lives[life].left = true;
        }
    }

    /// `otc_session_disconnect`.
    pub(crate) fn leave(&mut self, index: usize) {
        if matches!(self.clients[index].stage, Stage::Idle) {
            return;
        }
        self.intend_to_leave(index);
        // It may have ended already, and the application has not heard of it yet.
        let _ = self.handle(index, Input::Disconnect);
        self.carry_out(index);
    }

    /// `otc_session_delete`: nothing more is told. The same person takes a new session.
    pub(crate) fn delete(&mut self, index: usize) {
        self.intend_to_leave(index);
        let client = &mut self.clients[index];
        client.deleted = true;
        client.told.clear();
        client.next_act = Moment::from_micros(u64::MAX);
        let (person, dice) = (client.person, client.dice.fork());
        let _ = self.handle(index, Input::Disconnect);
        self.carry_out(index);
        if !self.is_leaving {
            let who = &self.plan.people[person];
            let session = &self.plan.sessions[who.session];
            self.clients.push(Client::new(self.now, person, who, session, dice));
        }
    }
}
