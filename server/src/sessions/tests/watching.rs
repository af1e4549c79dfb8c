//! What whoever looks at sessions is shown, and what it costs their rooms.

use super::events::word;
use super::world::{SESSION, UNIX_MS, World};
use crate::sessions::{Event, Glimpse};
use otc_protocol::limits::RESUME_GRACE;
use otc_protocol::raptor::Archive;
use serde_json::json;
use std::time::Duration;

/// Whose sessions those of this world are.
const PROJECT: &str = "1";

/// What its rooms have told of signals.
fn signals(world: &World) -> Vec<String> {
    let is_signal = |event: &Event| matches!(event, Event::Signal { .. } | Event::Overheard { .. });
    world.happened().iter().filter(|event| is_signal(event)).map(word).collect()
}

#[test]
fn signals_are_told_while_somebody_watches_and_are_another_thing_where_they_are_kept() {
    let mut world = World::new();
    let (mut a, _b) = (world.join("a", "publisher|"), world.join("b", "publisher|"));
    let watch = || world.registry.watch(PROJECT, SESSION).expect("it is there");
    a.signal(&world, "1");
    assert_eq!(signals(&world), Vec::<String>::new());
    let (one, two) = (watch(), watch());
    a.signal(&world, "2");
    assert_eq!(signals(&world), ["overheard: a to all: 2"]);
    drop(one);
    assert!(world.registry.is_watched(SESSION));
    let archive = Archive { id: "x".into(), ..Archive::default() };
    world.registry.start_archive(world.time(), SESSION, archive).unwrap();
    a.signal(&world, "3");
    assert_eq!(signals(&world), ["a to all: 3"]);
    world.registry.stop_archive(world.time(), SESSION, "x", "").unwrap();
    a.signal(&world, "4");
    assert_eq!(signals(&world), ["overheard: a to all: 4"]);
    assert_eq!(two.signals(), 4);
    drop(two);
    assert!(!world.registry.is_watched(SESSION));
    a.signal(&world, "5");
    assert_eq!(signals(&world), Vec::<String>::new());
    assert_eq!(watch().signals(), 5, "all are counted, told or not");
    world.pass(Duration::ZERO);
}

#[test]
fn who_watches_sees_when_something_is_different() {
    let mut world = World::new();
    let (mut a, mut b) = (world.join("a", "moderator|data"), world.join("b", "subscriber|"));
    let watch = world.registry.watch(PROJECT, SESSION).expect("it is there");
    let mut before = watch.changes();
    let mut changed = || {
        let now = watch.changes();
        std::mem::replace(&mut before, now) != now
    };
    assert!(!changed());
    a.signal(&world, "hush");
    assert!(!changed(), "a signal is none");
    a.request(
        &world,
        "create",
        "/stream/s",
        json!({"name": "n", "channel": [{"id": "audio1", "type": "audio"}]}),
    );
    assert!(changed());
    a.request(&world, "update", "/stream/s/channel/audio1", json!({"active": false}));
    assert!(changed());
    b.cut(&world);
    assert!(changed());
    let view = watch.view().expect("somebody is there");
    let who: Vec<_> =
        view.connections.iter().map(|one| (one.id.as_str(), &*one.data, one.role, one.away)).collect();
    assert_eq!(who, [("a", "data", "moderator", false), ("b", "", "subscriber", true)]);
    assert!(!view.streams[0].channels[0].active && !view.muted);
    b.open(&world, true);
    assert!(changed());
    assert!(!watch.view().expect("somebody is there").connections[1].away);
    world.registry.mute_session(world.time(), SESSION, true, Vec::new()).unwrap();
    assert!(changed() && watch.view().expect("somebody is there").muted);
    b.cut(&world);
    a.cut(&world);
    assert!(changed());
    world.pass(RESUME_GRACE + Duration::from_secs(1));
    assert!(changed() && watch.view().is_none() && watch.is_over());
    assert!(world.registry.watch(PROJECT, SESSION).is_none());
}

#[test]
fn a_server_carries_on_since_when_a_session_is_there_and_what_was_counted() {
    let mut world = World::new();
    let mut a = world.join("a", "publisher|");
    a.signal(&world, "1");
    let glimpse = |world: &World| world.registry.live(PROJECT, None, 10).expect("from the first").0;
    let before = glimpse(&world);
    let expected = Glimpse {
        id: SESSION.into(),
        since: before[0].since,
        connections: 1,
        streams: 0,
        signals: 1,
        archives: 0,
    };
    assert_eq!(before, [expected]);
    assert!(before[0].since >= UNIX_MS);
    world.pass(Duration::from_secs(5));
    world.restart();
    assert_eq!(glimpse(&world), before);
}

#[test]
fn sessions_are_those_of_a_project_and_of_others_nothing_is_said() {
    let world = World::new();
    let join = |session: &str| {
        let mut client = world.client(&format!("c-{session}"));
        client.session = session.to_owned();
        client.join(&world, "publisher|");
        client
    };
    let mut clients: Vec<_> = (0..5).map(|number| join(&format!("2_{number}"))).collect();
    let ids = |after: Option<&str>, most: usize| {
        let (sessions, more) = world.registry.live(PROJECT, after, most)?;
        Some((sessions.into_iter().map(|session| session.id).collect::<Vec<_>>(), more))
    };
    let list =
        |ids: &[&str], more: bool| Some((ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>(), more));
    assert_eq!(ids(None, 2), list(&["2_4", "2_3"], true));
    assert_eq!(ids(Some("2_3"), 2), list(&["2_2", "2_1"], true));
    assert_eq!(ids(Some("2_1"), 2), list(&["2_0"], false));
    assert_eq!(ids(None, 5).map(|(_, more)| more), Some(false));
    assert_eq!(ids(Some("2_9"), 2), None, "there is none of that id");
    let other = "another project";
    assert_eq!(world.registry.live(other, None, 9).map(|(sessions, _)| sessions.len()), Some(0));
    assert!(world.registry.live(other, Some("2_3"), 9).is_none());
    assert!(world.registry.view(other, "2_3").is_none() && world.registry.watch(other, "2_3").is_none());
    assert!(world.registry.view(PROJECT, "2_3").is_some());
    // A session that has ended is none of them any more.
    clients[3].send(&world, otc_protocol::envelope::leave());
    assert_eq!(ids(None, 2), list(&["2_4", "2_2"], true));
    assert_eq!(ids(Some("2_3"), 2), None);
}
