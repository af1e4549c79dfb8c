//! What holds for every run, whatever happened.

use super::replay::{Replayed, Step};
use serde_json::Value;
use std::collections::HashSet;

/// Where the application believes that its session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Out,
    Connecting,
    In,
    Away,
}

/// What is watched.
struct Watch {
    /// What the events say.
    place: Place,
    /// The last status that was told.
    status: String,
    /// The socket that is being opened, and the one that is open.
    dialed: Option<u64>,
    open: Option<u64>,
    /// Requests that were sent and are not answered.
    unanswered: HashSet<String>,
    /// Requests of the application that the engine has taken.
    accepted: usize,
    /// Those that the server has carried out.
    carried_out: usize,
    /// Those of which the application was told that they failed, or may have.
    reported: usize,
    /// Those of them that were reported because of a cut. The server may have carried them out, and may still say so.
    reported_at_cut: usize,
    members: HashSet<String>,
    streams: HashSet<String>,
    /// What only a session that has ended may be told next.
    is_dropped: bool,
    broken: Vec<String>,
}

/// The numbers of errors that are about requests.
const REQUEST_ERRORS: [i64; 3] = [1520, 1540, 1550];
const DROPPED: i64 = 1022;

impl Replayed {
    /// What the engine did that it must never do: events in an order that makes no sense, requests that are lost or
    /// reported twice. Nothing, if all is well.
    pub fn broken_rules(&self) -> Vec<String> {
        let mut watch = Watch {
            place: Place::Out,
            status: "NotConnected".to_owned(),
            dialed: None,
            open: None,
            unanswered: HashSet::new(),
            accepted: 0,
            carried_out: 0,
            reported: 0,
            reported_at_cut: 0,
            members: HashSet::new(),
            streams: HashSet::new(),
            is_dropped: false,
            broken: Vec::new(),
        };
        for step in &self.steps {
            watch.step(step);
        }
        watch.broken
    }
}

impl Watch {
    fn step(&mut self, step: &Step) {
        if step.panicked {
            self.broken.push(format!("line {}: the engine panics", step.line));
            return;
        }
        self.take(&step.input, step.refused.is_some());
        let is_cut = step.out.iter().any(|output| text(output, "event") == "reconnecting");
        let reported = self.reported;
        for output in &step.out {
            if let Err(what) = self.look(output) {
                self.broken.push(format!("line {}: {what}: {output}", step.line));
            }
        }
        if is_cut {
            self.reported_at_cut += self.reported - reported;
        }
        if self.reported > self.accepted
            || self.reported + self.carried_out > self.accepted + self.reported_at_cut
        {
            self.broken.push(format!("line {}: a request was reported twice", step.line));
            self.accepted = self.reported + self.carried_out;
        }
        if self.is_dropped {
            self.broken.push(format!("line {}: nothing follows the error 1022", step.line));
            self.is_dropped = false;
        }
    }

    fn take(&mut self, input: &Value, refused: bool) {
        let attempt = input["attempt"].as_u64();
        match text(input, "in") {
            "signal" | "mute_all" | "end_mute" | "mute_stream" | "send_away" if !refused => {
                self.accepted += 1;
            }
            "opened" if attempt == self.dialed => self.open = self.dialed.take(),
            "closed" if attempt == self.open => self.open = None,
            "frame" if self.open.is_some() && attempt == self.open => {
                let is_carried_out = input["status"].as_u64().is_some_and(|code| (200..300).contains(&code));
                if self.unanswered.remove(text(input, "transaction")) && is_carried_out {
                    self.carried_out += 1;
                }
            }
            _ => {}
        }
    }

    fn look(&mut self, output: &Value) -> Result<(), &'static str> {
        let event = text(output, "event");
        if std::mem::take(&mut self.is_dropped) && event != "disconnected" {
            return Err("only on_disconnected may follow the error 1022");
        }
        match text(output, "do") {
            "abandon" | "close" => (self.dialed, self.open) = (None, None),
            "dial" => (self.dialed, self.open) = (output["attempt"].as_u64(), None),
            "send" if text(output, "frame") == "request" && text(output, "method") != "create" => {
                self.unanswered.insert(text(output, "transaction").to_owned());
            }
            _ => {}
        }
        let expect = |is_so: bool, what| if is_so { Ok(()) } else { Err(what) };
        let is_in = self.place == Place::In;
        match event {
            "status" => return self.status(text(output, "status")),
            "connected" => {
                self.members.clear();
                self.streams.clear();
                return self.go(Place::Connecting, Place::In);
            }
            "reconnecting" => return self.go(Place::In, Place::Away),
            "reconnected" => return self.go(Place::Away, Place::In),
            "disconnected" => return self.ended(),
            "error" | "signal_failed" => {
                let code = output["code"].as_i64().unwrap_or_default();
                self.is_dropped = code == DROPPED;
                self.reported += usize::from(REQUEST_ERRORS.contains(&code));
                return Ok(());
            }
            "connection_created" => {
                let is_new = self.members.insert(text(output, "connection").to_owned());
                expect(is_new, "told twice")?;
            }
            "connection_dropped" => {
                expect(self.members.remove(text(output, "connection")), "nobody was told of it")?;
            }
            "stream_received" => {
                expect(self.streams.insert(text(output, "stream").to_owned()), "told twice")?;
            }
            "stream_dropped" => {
                expect(self.streams.remove(text(output, "stream")), "nobody was told of it")?;
            }
            "stream_changed" => {
                expect(self.streams.contains(text(output, "stream")), "nobody was told of it")?;
            }
            "signal" | "archive_started" | "archive_stopped" | "mute_forced" => {}
            _ => return Ok(()),
        }
        expect(is_in, "told to somebody who is not in the session")
    }

    fn go(&mut self, from: Place, to: Place) -> Result<(), &'static str> {
        let was = std::mem::replace(&mut self.place, to);
        if was == from { Ok(()) } else { Err("told at the wrong time") }
    }

    /// The status comes before the events that it brings. What begins and ends at once is no status.
    fn status(&mut self, status: &str) -> Result<(), &'static str> {
        let was = std::mem::replace(&mut self.status, status.to_owned());
        let ways: &[&str] = match was.as_str() {
            "NotConnected" | "Failed" => &["Connecting"],
            "Connecting" => &["Connected", "Failed", "Disconnecting", "NotConnected"],
            "Connected" => &["Reconnecting", "Disconnecting", "NotConnected"],
            "Reconnecting" => &["Connected", "Disconnecting", "NotConnected"],
            _ => &["NotConnected"],
        };
        match status {
            "Connecting" => self.place = Place::Connecting,
            "Failed" => self.place = Place::Out,
            _ => {}
        }
        if ways.contains(&status) { Ok(()) } else { Err("no way leads there") }
    }

    fn ended(&mut self) -> Result<(), &'static str> {
        let was = std::mem::replace(&mut self.place, Place::Out);
        self.open = None;
        self.unanswered.clear();
        if was == Place::Out {
            return Err("there was nothing to be disconnected");
        }
        if self.carried_out + self.reported >= self.accepted {
            return Ok(());
        }
        Err("not every request was answered or reported")
    }
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}
