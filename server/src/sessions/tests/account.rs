//! Whoever keeps account of the events knows at any moment who and what is in the session, whatever happens in it.

use super::world::{Client, SESSION, World};
use crate::sessions::{Event, Settings};
use otc_protocol::envelope;
use otc_protocol::raptor::{Archive, Connection, Reason, SignalContent, Stream};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What one of the clients does, or what is done to it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Act {
    Join,
    /// Joins with its connection id over another socket.
    JoinAnew,
    Leave,
    Cut,
    Resume,
    Publish(u8),
    Unpublish(u8),
    Rename(u8),
    SwitchSound(u8),
    Signal,
    Whisper(usize),
    SendAway(usize),
    EndStream(u8),
    MuteAll(bool),
    /// What it was sent is left unread, or read.
    Listen,
    ServerSignal,
    ServerSendsAway(usize),
    ServerMutes(u8),
    StartArchive(u8),
    StopArchive(u8),
    /// It says something that no client says.
    Babble,
    Wait(u64),
    Restart,
}

pub(super) fn act() -> impl Strategy<Value = Act> {
    let stream = || 0u8..4;
    let other = || 0..CLIENTS;
    prop_oneof![
        6 => Just(Act::Join),
        1 => Just(Act::JoinAnew),
        1 => Just(Act::Leave),
        1 => Just(Act::Cut),
        2 => Just(Act::Resume),
        4 => stream().prop_map(Act::Publish),
        1 => stream().prop_map(Act::Unpublish),
        1 => stream().prop_map(Act::Rename),
        1 => stream().prop_map(Act::SwitchSound),
        3 => Just(Act::Signal),
        1 => other().prop_map(Act::Whisper),
        1 => other().prop_map(Act::SendAway),
        1 => stream().prop_map(Act::EndStream),
        1 => any::<bool>().prop_map(Act::MuteAll),
        5 => Just(Act::Listen),
        1 => Just(Act::ServerSignal),
        1 => other().prop_map(Act::ServerSendsAway),
        1 => stream().prop_map(Act::ServerMutes),
        2 => (0u8..3).prop_map(Act::StartArchive),
        1 => (0u8..3).prop_map(Act::StopArchive),
        1 => Just(Act::Babble),
        1 => (0u64..30_000).prop_map(Act::Wait),
        1 => Just(Act::Restart),
    ]
}

pub(super) const CLIENTS: usize = 4;

/// A session as the events tell it.
#[derive(Default)]
pub(super) struct Account {
    exists: bool,
    pub(super) connections: Vec<Connection>,
    pub(super) streams: BTreeMap<String, Stream>,
    archives: BTreeSet<String>,
}

impl Account {
    fn take(&mut self, event: Event) {
        assert!(self.exists || event == Event::SessionCreated, "{event:?} in no session");
        match event {
            Event::SessionCreated => assert!(!std::mem::replace(&mut self.exists, true)),
            Event::SessionDestroyed => {
                assert!(self.connections.is_empty() && self.streams.is_empty() && self.archives.is_empty());
                self.exists = false;
            }
            Event::ConnectionCreated { connection } => {
                assert!(self.connections.iter().all(|known| known.id != connection.id));
                self.connections.push(connection);
            }
            Event::ConnectionDestroyed { connection, reason } => {
                let place = self.connections.iter().position(|known| *known == connection).expect("known");
                self.connections.remove(place);
                let streams = self.streams.values();
                assert!(streams.clone().all(|stream| stream.publisher() != Some(connection.id.as_str())));
                assert_ne!(reason, Reason::ForceUnpublished);
            }
            Event::StreamCreated { stream } => {
                let publisher = stream.publisher().expect("a publisher").to_owned();
                assert!(self.connections.iter().any(|known| known.id == publisher));
                assert!(self.streams.insert(stream.id.clone(), stream).is_none());
            }
            Event::StreamChanged { stream } => {
                let before = self.streams.insert(stream.id.clone(), stream.clone()).expect("known");
                assert_eq!(before.publisher(), stream.publisher());
            }
            Event::StreamDestroyed { stream, .. } => {
                assert_eq!(self.streams.remove(&stream.id), Some(stream), "as it was told last");
            }
            Event::Muted { stream, excluded, .. } => {
                assert!(stream.iter().chain(&excluded).all(|stream| self.streams.contains_key(stream)));
            }
            Event::Signal { from, to, .. } => {
                assert!(!self.archives.is_empty(), "nobody asked for it");
                let known = |id: &String| self.connections.iter().any(|known| known.id == *id);
                assert!(from.iter().chain(&to).all(known));
            }
            Event::Overheard { .. } => panic!("nobody watches"),
            Event::ArchiveStarted { archive, connections, streams, .. } => {
                assert_eq!(connections, self.connections);
                assert_eq!(streams, self.streams.values().cloned().collect::<Vec<_>>());
                assert!(self.archives.insert(archive.id));
            }
            Event::ArchiveStopped { id, .. } => assert!(self.archives.remove(&id)),
        }
    }

    /// Whether it says what the registry says.
    fn check(&self, world: &World, acts: &str) {
        let connections = world.registry.connections(SESSION).expect("it runs");
        let ids =
            |connections: &[Connection]| connections.iter().map(|one| one.id.clone()).collect::<Vec<_>>();
        assert_eq!(ids(&self.connections), ids(&connections), "{acts}");
        let streams = world.registry.streams(SESSION).expect("it runs");
        let streams: Vec<_> = streams.into_iter().map(|record| (record.id, record.name)).collect();
        let told = self.streams.values().map(|stream| (stream.id.clone(), stream.name.clone()));
        assert_eq!(told.collect::<Vec<_>>(), streams, "{acts}");
        assert_eq!(self.exists, !connections.is_empty(), "{acts}");
    }
}

/// One of the clients, and whether its socket is open.
struct Player {
    client: Client,
    open: bool,
    sockets: u32,
}

impl Player {
    fn new_socket(&mut self, world: &World) {
        if self.open {
            self.client.cut(world);
        }
        self.sockets += 1;
        self.client.socket = format!("{}-{}", self.client.id, self.sockets);
        self.client.open(world, false);
        self.open = true;
    }

    fn request(&mut self, world: &World, method: &str, path: &str, content: Value) {
        if self.open {
            self.client.request(world, method, path, content);
        }
    }
}

/// Lets clients and the application's server do all that. `seen` is told of each event when the account has it.
pub(super) fn play(acts: &[(usize, Act)], mut seen: impl FnMut(Event, &Account)) {
    let settings = Settings { owed_messages: 24, ..Settings::default() };
    let mut world = World::with(settings);
    let mut account = Account::default();
    let mut players: Vec<Player> = (0..CLIENTS)
        .map(|index| Player { client: world.client(&format!("c{index}")), open: true, sockets: 0 })
        .collect();
    for (step, (who, act)) in acts.iter().enumerate() {
        one(&mut world, &mut players, *who, *act);
        for event in world.happened() {
            account.take(event.clone());
            seen(event, &account);
        }
        account.check(&world, &format!("{:?}", &acts[..=step]));
    }
    world.registry.stop(world.now);
    for event in world.happened() {
        account.take(event.clone());
        seen(event, &account);
    }
    assert!(!account.exists && account.connections.is_empty());
}

fn one(world: &mut World, players: &mut [Player], who: usize, act: Act) {
    let time = world.time();
    let registry = world.registry.clone();
    let player = &mut players[who];
    let stream = |number: u8| format!("/stream/s{number}");
    let connection = |who: usize| format!("/connection/c{who}");
    let archive = |number: u8| Archive { id: format!("r{number}"), ..Archive::default() };
    let channel = json!([{ "id": "audio1", "type": "audio", "active": true }]);
    match act {
        Act::Join if player.open => drop(player.client.join(world, "moderator|")),
        Act::JoinAnew => {
            player.new_socket(world);
            player.client.join(world, "moderator|");
        }
        Act::Leave if player.open => {
            player.client.send(world, envelope::leave());
            player.client.cut(world);
            player.open = false;
        }
        Act::Babble if player.open => {
            player.client.send(world, bytes::Bytes::from_static(b"?"));
            player.client.cut(world);
            player.open = false;
        }
        Act::Cut if player.open => {
            player.client.cut(world);
            player.open = false;
        }
        Act::Resume if !player.open => {
            player.client.open(world, true);
            player.open = true;
        }
        Act::Publish(number) => {
            player.request(world, "create", &stream(number), json!({ "name": "n", "channel": channel }));
        }
        Act::Unpublish(number) | Act::EndStream(number) => {
            player.request(world, "delete", &stream(number), json!({}));
        }
        Act::Rename(number) => {
            player.request(world, "update", &stream(number), json!({ "name": format!("renamed by {who}") }));
        }
        Act::SwitchSound(number) => {
            let path = format!("{}/channel/audio1", stream(number));
            player.request(world, "update", &path, json!({ "active": who > 1 }));
        }
        Act::Signal => player.request(world, "signal", "/signal/x", json!({ "data": "x" })),
        Act::Whisper(to) => {
            player.request(world, "signal", &format!("{}/signal/x", connection(to)), json!({ "data": "x" }));
        }
        Act::SendAway(whom) => player.request(world, "delete", &connection(whom), json!({})),
        Act::MuteAll(active) => {
            let mute = json!({ "reason": "mute", "active": active, "exclusion": ["s0", "s9"] });
            player.request(world, "update", "", mute);
        }
        Act::Listen if player.open => drop(player.client.listen(world)),
        Act::ServerSignal => drop(registry.signal(time, SESSION, None, SignalContent::default())),
        Act::ServerSendsAway(whom) => drop(registry.disconnect(time, SESSION, &format!("c{whom}"))),
        Act::ServerMutes(number) => drop(registry.mute_stream(time, SESSION, &format!("s{number}"))),
        Act::StartArchive(number) => drop(registry.start_archive(time, SESSION, archive(number))),
        Act::StopArchive(number) => {
            drop(registry.stop_archive(time, SESSION, &format!("r{number}"), "asked"));
        }
        Act::Wait(millis) => world.pass(Duration::from_millis(millis)),
        Act::Restart => {
            world.restart();
            for player in players {
                player.client.cut(world);
                player.open = false;
            }
        }
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn the_events_tell_who_and_what_is_in_the_session(
        acts in prop::collection::vec((0..CLIENTS, act()), 0..120)
    ) {
        play(&acts, |_, _| {});
    }
}
