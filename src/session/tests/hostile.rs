//! Whatever the server sends: nothing panics, nothing is said twice, and the session does what its callbacks say.

use super::Client;
use super::client::{Did, S, Sent, failure, info, member, message_frame};
use crate::session::{Event, FailureKind, Input, Output, Status};
use otc_protocol::envelope;
use otc_protocol::error::ErrorCode;
use otc_protocol::limits::{HELD_MESSAGES, MALFORMED_WARNINGS, ROSTER_BYTES, ROSTER_CONNECTIONS};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::time::Duration;

#[test]
fn malformed_frames_are_ignored() {
    let good =
        message_frame("t", "", &json!({"method": "signal", "uri": format!("{S}/signal/x"), "content": {}}));
    let mut client = Client::joined();
    for length in 0..good.len() {
        client.receive(&good[..length]);
    }
    for bytes in [&[0u8; 9][..], &[0xff; 64], b"\0\0\0\x05\0\0\x02\xff\0", b"\0\0\0\x05\0\0\x09\0\xff"] {
        client.receive(bytes);
    }
    let news = client.take();
    assert!(news.iter().all(|did| matches!(did, Did::Warned(_))), "{news:?}");
    assert_eq!(news.len(), MALFORMED_WARNINGS as usize, "the log is not filled");
    client.receive(&good);
    assert_eq!(client.take().len(), 2, "the session lives");
}

#[test]
fn messages_that_make_no_sense_are_acknowledged_and_ignored() {
    let mut client = Client::joined();
    let messages = [
        String::new(),
        "null".to_owned(),
        "[]".to_owned(),
        "\u{0}".to_owned(),
        json!({"method": "signal"}).to_string(),
        json!({"method": "signal", "uri": "/nowhere", "content": {}}).to_string(),
        json!({"method": "signal", "uri": format!("{S}/signal/x"), "content": 7}).to_string(),
        json!({"method": "created", "uri": format!("{S}/connection/x"), "content": [1]}).to_string(),
        json!({"method": "unheard", "uri": format!("{S}/of"), "content": {}}).to_string(),
        json!({"method": "notification", "uri": format!("{S}/notification"), "content": {"reason": "serverRotation"}}).to_string(),
        json!({"method": "generateoffer", "uri": format!("{S}/stream/s/subscriber/x"), "content": {"peerId": "p"}}).to_string(),
        "[".repeat(100_000),
        format!("{{\"method\":\"signal\",\"uri\":\"{S}/signal/x\",\"content\":{}", "[".repeat(100_000)),
    ];
    for (index, text) in messages.iter().enumerate() {
        let frame = envelope::message(S, &format!("t{index}"), "x", text.as_bytes()).expect("fits");
        client.receive(&frame);
        let news = client.take();
        let acks = news.iter().filter(|did| matches!(did, Did::Sent(Sent::Ack { .. }))).count();
        let events = news.iter().filter(|did| matches!(did, Did::Told(_))).count();
        assert_eq!((acks, events), (1, 0), "{news:?}");
    }
    assert_eq!(client.engine.status(), Status::Connected);
}

#[test]
fn warnings_do_not_quote_what_was_sent() {
    let mut client = Client::joined();
    let secret = "hunter2";
    let text = format!("{{\"method\":\"signal\",\"uri\":\"{S}/signal/x\",\"content\":[\"{secret}\"]}}");
    client.receive(&envelope::message(S, "t", "x", text.as_bytes()).expect("fits"));
    client.receive(secret.as_bytes());
    let news = client.take();
    assert_eq!(news.iter().filter(|did| matches!(did, Did::Warned(_))).count(), 2);
    assert!(!format!("{news:?}").contains(secret));
}

#[test]
fn an_enormous_roster_is_taken() {
    let mut client = Client::new();
    client.connect().expect("idle");
    client.reach_socket();
    client.take();
    let members: Vec<Value> = (0..15_000).map(|index| member(&index.to_string())).collect();
    client.answer_join(&json!({"connection": members, "stream": [], "archive": []}));
    client.hear_own_created();
    assert_eq!(client.events().len(), 15_001);
}

/// What the engine makes of one message, without a recording of it.
fn tell(client: &mut Client, transaction: usize, message: &Value) -> Vec<Output> {
    let bytes = message_frame(&transaction.to_string(), "", message);
    let (attempt, mut out) = (client.attempt, Vec::new());
    let frame = Input::Frame { attempt, bytes: &bytes };
    client.engine.handle(client.now, frame, &mut out).expect("not a call");
    out
}

fn ends_with_1022(out: &[Output]) -> bool {
    out.iter().any(|output| {
        matches!(output, Output::Event(Event::Error { code: ErrorCode::ConnectionDropped, .. }))
    })
}

#[test]
fn a_server_that_tells_of_too_many_members_is_left() {
    let mut client = Client::joined();
    let mut come = |index: usize| {
        let id = format!("m{index}");
        let uri = format!("{S}/connection/{id}");
        tell(&mut client, index, &json!({"method": "created", "uri": uri, "content": {"id": id}}))
    };
    for index in 0..ROSTER_CONNECTIONS {
        assert!(!ends_with_1022(&come(index)));
    }
    let out = come(ROSTER_CONNECTIONS);
    assert!(ends_with_1022(&out) && out.contains(&Output::Close));
    assert_eq!(client.engine.status(), Status::NotConnected);
}

#[test]
fn a_server_that_tells_of_few_but_large_things_is_left() {
    let mut client = Client::joined();
    let name = "x".repeat(200_000);
    let last = ROSTER_BYTES / name.len();
    for index in 0..=last {
        let id = format!("s{index}");
        let uri = format!("{S}/stream/{id}");
        let created = json!({"method": "created", "uri": uri, "content": {"id": id, "name": name}});
        assert_eq!(ends_with_1022(&tell(&mut client, index, &created)), index == last);
    }
}

#[test]
fn a_server_that_tells_of_much_before_it_answers_is_left() {
    let mut client = Client::new();
    client.connect().expect("idle");
    client.reach_socket();
    let signal = json!({"method": "signal", "uri": format!("{S}/signal/x"), "content": {"data": "y"}});
    for index in 0..HELD_MESSAGES {
        tell(&mut client, index, &signal);
        assert_eq!(client.engine.status(), Status::Connecting);
    }
    let out = tell(&mut client, HELD_MESSAGES, &signal);
    assert!(out.contains(&Output::Send(envelope::leave())) && out.contains(&Output::Close));
    assert_eq!(client.engine.status(), Status::Failed);
}

#[test]
fn what_goes_makes_room_again() {
    let mut client = Client::joined();
    let name = "x".repeat(200_000);
    let say = |method: &str, path: &str, content: Value| json!({"method": method, "uri": format!("{S}/{path}"), "content": content});
    let channel = json!({"id": "v", "type": "video"});
    let stream =
        json!({"id": "s", "name": name, "connection": member("m"), "channel": [channel], "more": [1]});
    let source = json!({"active": true, "source": name, "more": [1]});
    let news = [
        say("created", "connection/m", member("m")),
        say("created", "stream/s", stream),
        say("updated", "stream/s", json!({"name": "short"})),
        say("updated", "stream/s/channel/v", source),
        say("created", "archive/a", json!({"id": "a", "status": "started"})),
        say("updated", "archive/a", json!({"id": "a", "status": "stopped"})),
        say("deleted", "stream/s", json!({})),
        say("deleted", "connection/m", json!({})),
    ];
    for index in 0..=ROSTER_BYTES / name.len() {
        for (number, message) in news.iter().enumerate() {
            let out = tell(&mut client, index * news.len() + number, message);
            assert!(!ends_with_1022(&out));
        }
    }
    assert_eq!(client.engine.status(), Status::Connected);
}

/// One thing that may happen.
#[derive(Clone, Debug)]
enum Step {
    Connect,
    Disconnect,
    Signal {
        retry: bool,
    },
    Info(u8),
    InfoFailed(bool),
    Opened,
    OpenFailed(bool),
    Closed(Option<u16>),
    Reading(bool),
    Pass(u64),
    Timer,
    /// A frame of a server that means well, or not; numbers pick ids.
    Say {
        what: u8,
        id: u8,
        transaction: u8,
    },
    /// An answer to one of the latest requests.
    Answer {
        back: usize,
        code: u16,
        body: u8,
    },
    Bytes(Vec<u8>),
    /// From now on everything is named after an older attempt.
    Stale(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => Just(Step::Connect),
        1 => Just(Step::Disconnect),
        6 => any::<bool>().prop_map(|retry| Step::Signal { retry }),
        4 => (0u8..8).prop_map(Step::Info),
        1 => any::<bool>().prop_map(Step::InfoFailed),
        6 => Just(Step::Opened),
        2 => any::<bool>().prop_map(Step::OpenFailed),
        2 => prop::option::of(prop::sample::select(vec![1000u16, 1001, 1003, 1006, 1011, 4010])).prop_map(Step::Closed),
        1 => any::<bool>().prop_map(Step::Reading),
        4 => (0u64..8000).prop_map(Step::Pass),
        2 => Just(Step::Timer),
        12 => (0u8..14, 0u8..4, 0u8..20).prop_map(|(what, id, transaction)| Step::Say { what, id, transaction }),
        8 => (0usize..4, prop::sample::select(vec![0u16, 200, 200, 200, 204, 403, 409, 429, 500]), 0u8..4)
            .prop_map(|(back, code, body)| Step::Answer { back, code, body }),
        1 => prop::collection::vec(any::<u8>(), 0..40).prop_map(Step::Bytes),
        1 => (0u64..3).prop_map(Step::Stale),
    ]
}

fn said(what: u8, id: u8, me: &str) -> Value {
    let id = if id == 0 { me.to_owned() } else { format!("m{id}") };
    let at = |path: String| format!("{S}{path}");
    match what {
        0 | 1 => json!({"method": "created", "uri": at(format!("/connection/{id}")), "content": member(&id)}),
        2 => {
            json!({"method": "deleted", "uri": at(format!("/connection/{id}")), "reason": "forceDisconnected", "content": {}})
        }
        3 => {
            json!({"method": "deleted", "uri": at(format!("/connection/{id}")), "reason": "networkDisconnected"})
        }
        4 => {
            json!({"method": "created", "uri": at(format!("/stream/s{id}")), "content": {"connectionId": id, "channel": [{"id": "video1", "type": "video"}]}})
        }
        5 => json!({"method": "deleted", "uri": at(format!("/stream/s{id}")), "reason": "x", "content": {}}),
        6 => {
            json!({"method": "updated", "uri": at(format!("/stream/s{id}/channel/video1")), "content": {"active": true, "width": 1}})
        }
        7 => {
            json!({"method": "created", "uri": at(format!("/archive/{id}")), "content": {"status": "started"}})
        }
        8 => {
            json!({"method": "updated", "uri": at(format!("/archive/{id}")), "content": {"status": "stopped"}})
        }
        9 => json!({"method": "update", "uri": S, "content": {"reason": "mute", "active": true}}),
        10 => json!({"method": "created", "uri": at(format!("/connection/{id}")), "content": []}),
        11 => json!({"method": "odd", "uri": at(format!("/x/{id}"))}),
        _ => json!({"method": "signal", "uri": at(format!("/signal/{id}")), "content": {"data": [1]}}),
    }
}

/// What the callbacks have said so far, and what they may say next.
#[derive(Default)]
#[allow(clippy::struct_excessive_bools, reason = "independent facts, each checked against the others")]
struct Watch {
    connecting: bool,
    connected: bool,
    away: bool,
    open: bool,
    asked: bool,
    dialing: bool,
    members: std::collections::HashSet<String>,
    streams: std::collections::HashSet<String>,
}

impl Watch {
    fn look(&mut self, did: &Did) {
        match did {
            Did::Asked { .. } => {
                assert!(self.connecting && !self.asked && !self.dialing);
                self.asked = true;
            }
            Did::Dialed { .. } => {
                assert!(!self.dialing, "one dial at a time");
                self.asked = false;
                self.dialing = true;
                self.open = false;
            }
            Did::Sent(_) => assert!(self.open, "sent without a socket"),
            Did::Closed => self.open = false,
            Did::Abandoned => (self.asked, self.dialing, self.open) = (false, false, false),
            Did::Warned(text) => assert!(!text.is_empty()),
            Did::Told(event) => self.hear(event),
        }
    }

    fn hear(&mut self, event: &Event) {
        match event {
            Event::Connected => {
                assert!(self.connecting && !self.connected);
                (self.connecting, self.connected) = (false, true);
            }
            Event::Disconnected(_) => {
                assert!(self.connected || self.connecting);
                *self = Self { open: self.open, ..Self::default() };
            }
            Event::Error { text, .. } => {
                assert!(self.connected || self.connecting);
                assert!(!text.is_empty());
                if self.connecting {
                    *self = Self { open: self.open, ..Self::default() };
                }
            }
            Event::SignalFailed(failed) => assert!(self.connected && !failed.text.is_empty()),
            Event::Reconnecting => {
                assert!(self.connected && !self.away);
                self.away = true;
                self.open = false;
            }
            Event::Reconnected => {
                assert!(self.connected && self.away);
                self.away = false;
            }
            Event::ConnectionCreated(who) => {
                assert!(self.connected && self.members.insert(who.id.clone()), "{} came twice", who.id);
            }
            Event::ConnectionDropped(who) => {
                assert!(
                    self.connected && self.members.remove(&who.id),
                    "{} went without having come",
                    who.id
                );
            }
            Event::StreamReceived(what) => assert!(self.connected && self.streams.insert(what.id.clone())),
            Event::StreamDropped(what) => assert!(self.connected && self.streams.remove(&what.id)),
            _ => assert!(self.connected),
        }
    }
}

struct World {
    client: Client,
    watch: Watch,
    looked: usize,
    stale: u64,
}

impl World {
    fn look(&mut self) {
        for did in &self.client.did[self.looked..] {
            self.watch.look(did);
        }
        self.looked = self.client.did.len();
    }

    fn attempt(&self) -> u64 {
        self.client.attempt.saturating_sub(self.stale)
    }

    fn take(&mut self, step: Step) {
        let attempt = self.attempt();
        match step {
            Step::Connect => {
                if self.client.connect().is_ok() {
                    self.watch.connecting = true;
                }
            }
            Step::Disconnect => drop(self.client.disconnect()),
            Step::Signal { retry } => drop(self.client.try_signal("x", retry)),
            Step::Info(kind) => {
                let body = match kind {
                    0 => b"[]".to_vec(),
                    1 => json!([{"error": {"code": 503}}]).to_string().into_bytes(),
                    _ => info().to_string().into_bytes(),
                };
                self.watch.asked &= self.stale != 0;
                self.client.handle(Input::Info { attempt, status: 200, body: &body });
            }
            Step::InfoFailed(permanent) => {
                self.client.handle(Input::InfoFailed { attempt, failure: failure(kind(permanent)) });
            }
            Step::Opened if self.watch.dialing && self.stale == 0 => {
                (self.watch.dialing, self.watch.open) = (false, true);
                self.client.handle(Input::Opened { attempt });
            }
            Step::OpenFailed(permanent) if self.watch.dialing && self.stale == 0 => {
                self.watch.dialing = false;
                self.client.handle(Input::OpenFailed { attempt, failure: failure(kind(permanent)) });
            }
            // Stale news of dials may come at any time.
            Step::Opened if self.stale != 0 => self.client.handle(Input::Opened { attempt }),
            Step::OpenFailed(permanent) if self.stale != 0 => {
                self.client.handle(Input::OpenFailed { attempt, failure: failure(kind(permanent)) });
            }
            Step::Opened | Step::OpenFailed(_) => {}
            Step::Closed(code) => {
                if self.stale == 0 {
                    self.watch.open = false;
                    self.watch.dialing &= !self.client.engine.status().eq(&Status::Disconnecting);
                }
                self.client.handle(Input::Closed { attempt, code });
            }
            Step::Reading(reading) => self.client.handle(Input::Reading(reading)),
            Step::Pass(millis) => self.client.pass(Duration::from_millis(millis)),
            Step::Timer => self.client.handle(Input::Timer),
            Step::Say { what, id, transaction } => {
                let message = said(what, id, &self.client.me);
                let frame = message_frame(&transaction.to_string(), "m1", &message);
                self.client.handle(Input::Frame { attempt, bytes: &frame });
            }
            Step::Answer { back, code, body } => {
                let requests = self.client.requests();
                if let Some((transaction, _)) = requests.iter().rev().nth(back) {
                    let body = match body {
                        0 => json!({"reason": "connectionLimitExceeded"}),
                        1 => Value::Null,
                        _ => json!({"connection": [member("m1")], "stream": [], "archive": []}),
                    };
                    let frame =
                        envelope::status("x", code, transaction, body.to_string().as_bytes()).expect("fits");
                    self.client.handle(Input::Frame { attempt, bytes: &frame });
                }
            }
            Step::Bytes(bytes) => self.client.handle(Input::Frame { attempt, bytes: &bytes }),
            Step::Stale(by) => self.stale = by,
        }
        self.look();
        let engine = &self.client.engine;
        if engine.status() != Status::Disconnecting {
            assert_eq!(engine.status() == Status::Reconnecting, self.watch.away);
        }
        assert_eq!(
            engine.deadline().is_none(),
            matches!(engine.status(), Status::NotConnected | Status::Failed)
        );
    }
}

fn kind(permanent: bool) -> FailureKind {
    if permanent { FailureKind::Permanent } else { FailureKind::Unreachable }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_server_and_any_application(joined: bool, steps in prop::collection::vec(step(), 0..80)) {
        let mut world = World { client: Client::new(), watch: Watch::default(), looked: 0, stale: 0 };
        if joined {
            world.client.join();
            world.looked = world.client.did.len();
            (world.watch.connected, world.watch.open) = (true, true);
        }
        for step in steps {
            world.take(step);
        }
        // However it was treated, an application can always leave, and come again.
        let _ = world.client.disconnect();
        world.client.pass(Duration::from_secs(60));
        prop_assert_eq!(world.client.engine.deadline(), None);
        world.client.join();
    }
}
