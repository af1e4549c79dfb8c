//! What a witness sees of a session.

use super::world::{Client, SESSION, World, admit};
use crate::sessions::{Admission, Event, Gate, Refusal, Settings, StreamRecord};
use otc_protocol::limits::{RESUME_GRACE, SESSION_ARCHIVES};
use otc_protocol::raptor::{Archive, Json, SessionAddress, SignalContent};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// An event in a few words.
pub(super) fn word(event: &Event) -> String {
    match event {
        Event::SessionCreated => "session+".into(),
        Event::SessionDestroyed => "session-".into(),
        Event::ConnectionCreated { connection } => format!("{}+", connection.id),
        Event::ConnectionDestroyed { connection, reason } => format!("{}- {reason}", connection.id),
        Event::StreamCreated { stream } => format!("{}+", stream.id),
        Event::StreamChanged { stream } => format!("{}~ {}", stream.id, stream.name),
        Event::StreamDestroyed { stream, reason } => format!("{}- {reason}", stream.id),
        Event::Muted { by, stream, excluded, active } => {
            let by = by.as_deref().unwrap_or("server");
            let what = stream.as_deref().unwrap_or("all");
            format!("{by} mutes {what} but {excluded:?}: {active}")
        }
        Event::Signal { from, to, content } => {
            let data = content.data.as_ref().and_then(Json::as_string).unwrap_or_default();
            let from = from.as_deref().unwrap_or("server");
            format!("{from} to {}: {data}", to.as_deref().unwrap_or("all"))
        }
        Event::Overheard { from, to, content } => {
            let signal = Event::Signal { from: from.clone(), to: to.clone(), content: content.clone() };
            format!("overheard: {}", word(&signal))
        }
        Event::ArchiveStarted { archive, connections, streams, muted } => {
            let ids = |ids: Vec<&str>| ids.join(",");
            let connections = ids(connections.iter().map(|connection| connection.id.as_str()).collect());
            let streams = ids(streams.iter().map(|stream| stream.id.as_str()).collect());
            let muted = if *muted { ";muted" } else { "" };
            format!("{} {} with {connections};{streams}{muted}", archive.id, archive.status)
        }
        Event::ArchiveStopped { id, reason } => format!("{id} stopped: {reason}"),
    }
}

/// What has happened since the last asking.
fn words(world: &World) -> Vec<String> {
    world.happened().iter().map(word).collect()
}

fn archive(id: &str, name: &str) -> Archive {
    Archive { id: id.to_owned(), name: name.to_owned(), ..Archive::default() }
}

fn text(data: &str) -> SignalContent {
    SignalContent { data: Some(Json::from_str_value(data)), ..SignalContent::default() }
}

#[test]
fn comings_and_goings_are_seen_with_their_reasons() {
    let mut world = World::new();
    let (mut a, mut b) = (world.join("a", "moderator|"), world.join("b", "publisher|data of b"));
    let events = world.happened();
    assert_eq!(events.iter().map(word).collect::<Vec<_>>(), ["session+", "a+", "b+"]);
    let Event::ConnectionCreated { connection } = &events[2] else { panic!("{events:?}") };
    assert_eq!(
        (connection.data.as_str(), connection.permissions.len()),
        ("data of b", 3),
        "as others see it"
    );

    b.call(&world, "create", "/stream/s1", json!({ "name": "one" }));
    b.call(&world, "create", "/stream/s2", json!({}));
    assert_eq!(b.call(&world, "create", "/stream/s2", json!({})).0, 409);
    b.call(&world, "update", "/stream/s1", json!({ "name": "other" }));
    assert_eq!(a.call(&world, "update", "/stream/s1", json!({ "name": "mine" })).0, 403);
    b.call(&world, "delete", "/stream/s1", json!({}));
    assert_eq!(words(&world), ["s1+", "s2+", "s1~ other", "s1- clientDisconnected"]);

    b.call(&world, "create", "/stream/s3", json!({}));
    a.call(&world, "delete", "/stream/s3", json!({}));
    a.call(&world, "delete", "/connection/b", json!({}));
    let gone = ["s3+", "s3- forceUnpublished", "s2- forceDisconnected", "b- forceDisconnected"];
    assert_eq!(words(&world), gone);

    let mut c = world.join("c", "publisher|");
    c.call(&world, "create", "/stream/s4", json!({}));
    c.cut(&world);
    world.pass_with(2 * RESUME_GRACE, &mut [&mut a]);
    assert_eq!(words(&world), ["c+", "s4+", "s4- networkDisconnected", "c- networkDisconnected"]);
    a.send(&world, otc_protocol::envelope::leave());
    assert_eq!(words(&world), ["a- clientDisconnected", "session-"]);

    let _again = world.join("a", "publisher|");
    assert_eq!(words(&world), ["session+", "a+"], "a session may begin again");
}

#[test]
fn a_change_of_a_channel_is_seen_with_all_of_the_stream() {
    let world = World::new();
    let mut a = world.join("a", "publisher|");
    let channel = json!([{ "id": "audio1", "type": "audio", "active": true }]);
    a.call(&world, "create", "/stream/s", json!({ "name": "n", "channel": channel }));
    world.happened();
    a.call(&world, "update", "/stream/s/channel/audio1", json!({ "active": false }));
    a.call(&world, "update", "/stream/s/channel/audio1", json!({ "unknown": 1 }));
    let events = world.happened();
    let [Event::StreamChanged { stream }] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((stream.name.as_str(), stream.channel[0].state.active), ("n", Some(false)));
}

#[test]
fn what_a_client_says_again_is_no_change() {
    let world = World::new();
    let (mut a, mut b) = (world.join("a", "publisher|"), world.join("b", "publisher|"));
    let channel = json!([{ "id": "audio1", "type": "audio", "active": true, "frameRate": 30 }]);
    a.call(&world, "create", "/stream/s", json!({ "name": "n", "channel": channel }));
    world.happened();
    b.listen(&world);
    a.call(&world, "update", "/stream/s/channel/audio1", json!({ "active": true, "frameRate": 30 }));
    a.call(&world, "update", "/stream/s", json!({ "name": "n" }));
    assert!(world.happened().is_empty());
    assert_eq!(b.listen(&world).len(), 2, "the others are told what they were told before");
    a.call(&world, "update", "/stream/s/channel/audio1", json!({ "active": false, "frameRate": 30 }));
    assert_eq!(world.happened().len(), 1);
}

#[test]
fn a_client_that_starts_anew_does_not_end_the_session() {
    let world = World::new();
    let _a = world.join("a", "publisher|");
    world.registry.start_archive(world.time(), SESSION, archive("r", "")).expect("somebody is there");
    world.happened();
    let mut again = world.client("a");
    again.socket = "another".into();
    again.open(&world, false);
    again.join(&world, "publisher|");
    assert_eq!(words(&world), ["a- networkDisconnected", "a+"]);
    again.send(&world, otc_protocol::envelope::leave());
    assert_eq!(words(&world), ["a- clientDisconnected", "r stopped: session ended", "session-"]);
}

#[test]
fn whoever_is_owed_too_much_is_seen_to_go() {
    let world = World::with(Settings { owed_messages: 3, ..Settings::default() });
    let (mut a, mut b) = (world.join("a", "publisher|"), world.join("b", "publisher|"));
    b.call(&world, "create", "/stream/s", json!({}));
    a.listen(&world);
    b.listen(&world);
    b.cut(&world);
    world.happened();
    for _ in 0..8 {
        a.signal(&world, "x");
        a.listen(&world);
    }
    assert_eq!(words(&world), ["s- networkDisconnected", "b- networkDisconnected"]);
}

#[test]
fn a_stop_is_the_end_and_a_hand_over_is_none() {
    let mut world = World::new();
    let mut a = world.join("a", "publisher|");
    let _b = world.join("b", "publisher|");
    a.call(&world, "create", "/stream/s", json!({}));
    world.registry.start_archive(world.time(), SESSION, archive("r", "name")).expect("somebody is there");
    world.happened();
    world.restart();
    assert_eq!(words(&world), Vec::<String>::new(), "the next server carries it on");
    a.cut(&world);
    a.open(&world, true);
    let state = a.call(&world, "read", "", json!({})).1;
    assert_eq!(state["content"]["archive"], json!([{ "id": "r", "name": "name", "status": "started" }]));
    world.registry.stop(world.now);
    let end = [
        "s- networkDisconnected",
        "a- networkDisconnected",
        "b- networkDisconnected",
        "r stopped: session ended",
        "session-",
    ];
    assert_eq!(words(&world), end);
    world.registry.stop(world.now);
    let signalled = world.registry.signal(world.time(), SESSION, None, text("late"));
    assert_eq!(signalled.map_err(|refusal| refusal.status), Err(503));
    assert_eq!(words(&world), Vec::<String>::new());
}

#[test]
fn signals_are_seen_while_an_archive_runs_and_those_that_are_refused_are_not() {
    let world = World::new();
    let mut a = world.join("a", "publisher|");
    let _b = world.join("b", "publisher|");
    world.happened();
    a.signal(&world, "before");
    assert_eq!(words(&world), Vec::<String>::new());
    world.registry.start_archive(world.time(), SESSION, archive("r", "")).expect("somebody is there");
    a.signal(&world, "to all");
    a.call(&world, "signal", "/connection/b/signal/x", json!({ "data": "to b" }));
    a.call(&world, "signal", "/connection/nobody/signal/x", json!({ "data": "refused" }));
    a.call(&world, "signal", "/signal/x", json!({ "type": "not a type", "data": "refused" }));
    world.registry.signal(world.time(), SESSION, None, text("from nobody")).expect("somebody is there");
    world.registry.stop_archive(world.time(), SESSION, "r", "asked").expect("it runs");
    a.signal(&world, "after");
    let seen = ["r started with a,b;", "a to all: to all", "a to b: to b", "server to all: from nobody"];
    assert_eq!(words(&world), [&seen[..], &["r stopped: asked"]].concat());
}

#[test]
fn mutes_are_seen_with_who_asked_for_them() {
    let world = World::new();
    let mut moderator = world.join("m", "moderator|");
    moderator.call(&world, "create", "/stream/s", json!({}));
    world.happened();
    let mute = |active: bool, exclusion: Value| json!({ "reason": "mute", "active": active, "exclusion": exclusion });
    moderator.call(&world, "update", "", mute(true, json!(["s", "unknown"])));
    moderator.call(&world, "update", "/stream/s", mute(true, json!([])));
    let time = world.time();
    world.registry.mute_session(time, SESSION, false, vec!["s".into()]).expect("somebody is there");
    world.registry.mute_stream(time, SESSION, "s").expect("it is published");
    let refused = world.registry.mute_stream(time, SESSION, "no").map_err(|refusal| refusal.status);
    assert_eq!(refused, Err(404));
    let seen = [
        "m mutes all but [\"s\"]: true",
        "m mutes s but []: true",
        "server mutes all but []: false",
        "server mutes s but []: true",
    ];
    assert_eq!(words(&world), seen);
    for (id, active, begun) in
        [("r1", true, "r1 started with m;s;muted"), ("r2", false, "r2 started with m;s")]
    {
        world.registry.mute_session(time, SESSION, active, vec![]).expect("somebody is there");
        world.happened();
        world.registry.start_archive(time, SESSION, archive(id, "")).expect("somebody is there");
        assert_eq!(words(&world), [begun]);
    }
}

fn archives_told(client: &mut Client, world: &World) -> Vec<(String, String, Value)> {
    let told = client.messages(world).into_iter().filter(|(_, _, uri, _)| uri.starts_with("/archive/"));
    told.map(|(from, method, uri, content)| {
        assert_eq!(from, "", "from the server");
        (method, uri, content)
    })
    .collect()
}

#[test]
fn members_and_newcomers_are_told_of_archives() {
    let world = World::new();
    let registry = &world.registry;
    let status = |result: Result<(), Refusal>| result.map_err(|refusal| refusal.status);
    assert_eq!(status(registry.start_archive(world.time(), SESSION, archive("r", "n"))), Err(404));
    let mut a = world.join("a", "publisher|");
    assert_eq!(status(registry.start_archive(world.time(), SESSION, archive("r", "n"))), Ok(()));
    assert_eq!(status(registry.start_archive(world.time(), SESSION, archive("r", "n"))), Err(409));
    let long = archive("q", &"x".repeat(81));
    assert_eq!(status(registry.start_archive(world.time(), SESSION, long)), Err(400));
    let shown = json!({ "id": "r", "name": "n", "status": "started" });
    let started = ("created".to_owned(), "/archive/r".to_owned(), shown.clone());
    assert_eq!(archives_told(&mut a, &world), [started]);

    let mut late = world.client("l");
    let join = late.join(&world, "publisher|");
    assert_eq!(late.answer(&join).1["archive"], json!([shown]));
    late.listen(&world);
    assert_eq!(status(registry.stop_archive(world.time(), SESSION, "other", "")), Err(404));
    assert_eq!(status(registry.stop_archive(world.time(), SESSION, "r", "asked")), Ok(()));
    assert_eq!(status(registry.stop_archive(world.time(), SESSION, "r", "asked")), Err(404));
    let stopped = ("updated".to_owned(), "/archive/r".to_owned(), json!({ "status": "stopped" }));
    for client in [&mut a, &mut late] {
        assert_eq!(archives_told(client, &world), std::slice::from_ref(&stopped));
    }
    let mut later = world.client("l2");
    let join = later.join(&world, "publisher|");
    assert_eq!(later.answer(&join).1["archive"], json!([]));
    for index in 0..SESSION_ARCHIVES {
        let begun = registry.start_archive(world.time(), SESSION, archive(&format!("r{index}"), ""));
        assert_eq!(status(begun), Ok(()));
    }
    assert_eq!(status(registry.start_archive(world.time(), SESSION, archive("one-more", ""))), Err(409));
}

/// Archives every session, and counts how often it is asked.
struct Always(Arc<AtomicU32>);

impl Gate for Always {
    fn admit(&self, token: &str, session: &SessionAddress, unix_ms: u64) -> Result<Admission, Refusal> {
        admit(token, session, unix_ms)
    }

    fn archive(&self, _: &SessionAddress) -> Option<Archive> {
        Some(archive(&format!("r{}", self.0.fetch_add(1, Ordering::Relaxed)), ""))
    }
}

#[test]
fn whether_a_session_is_archived_is_asked_for_its_first_member_alone() {
    let asked = Arc::new(AtomicU32::new(0));
    let world = World::behind(Always(Arc::clone(&asked)), Settings::default());
    let (mut a, mut b) = (world.join("a", "publisher|"), world.join("b", "publisher|"));
    assert_eq!(words(&world), ["session+", "a+", "r0 started with a;", "b+"]);
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    // All are sent away, and their lines are still there when somebody comes.
    for name in ["a", "b"] {
        world.registry.disconnect(world.time(), SESSION, name).expect("it is there");
    }
    world.happened();
    let _c = world.join("c", "publisher|");
    assert_eq!(words(&world), ["session+", "c+", "r1 started with c;"]);
    assert_eq!(asked.load(Ordering::Relaxed), 2);
    for client in [&mut a, &mut b] {
        client.listen(&world);
    }
}

#[test]
fn an_archive_without_a_tag_does_not_run_beside_the_sessions_own() {
    let world = World::new();
    let registry = &world.registry;
    let _a = world.join("a", "publisher|archive me");
    let status = |result: Result<(), Refusal>| result.map_err(|refusal| refusal.status);
    let untagged = || status(registry.start_untagged_archive(world.time(), SESSION, archive("r", "")));
    assert_eq!(untagged(), Err(409));
    assert_eq!(status(registry.start_archive(world.time(), SESSION, archive("tagged", ""))), Ok(()));
    assert_eq!(status(registry.stop_archive(world.time(), SESSION, "archive", "asked")), Ok(()));
    assert_eq!(untagged(), Ok(()), "others are not the room's to know");
}

#[test]
fn a_session_may_be_archived_from_its_first_member_on() {
    let world = World::new();
    let mut a = world.join("a", "publisher|archive me");
    let mut b = world.join("b", "publisher|archive me");
    let begun = ["session+", "a+", "archive started with a;", "b+"];
    assert_eq!(words(&world), begun, "the second one begins none");
    assert_eq!(
        archives_told(&mut a, &world).len() + archives_told(&mut b, &world).len(),
        0,
        "heard while joining"
    );
    for client in [&mut a, &mut b] {
        let state = client.call(&world, "read", "", json!({})).1;
        assert_eq!(state["content"]["archive"][0]["id"], "archive");
        client.send(&world, otc_protocol::envelope::leave());
    }
    let ended =
        ["a- clientDisconnected", "b- clientDisconnected", "archive stopped: session ended", "session-"];
    assert_eq!(words(&world), ended);
    world.join("b", "publisher|archive me");
    assert_eq!(words(&world), ["session+", "b+", "archive started with b;"]);
}

#[test]
fn streams_are_listed_with_their_classes_and_classes_are_set_together_or_not_at_all() {
    let mut world = World::new();
    let registry = world.registry.clone();
    assert_eq!((registry.streams(SESSION), registry.connections(SESSION)), (Ok(vec![]), Ok(vec![])));
    let mut a = world.join("a", "publisher|classes focus small");
    let video = |source: Value| json!([{ "id": "video1", "type": "video", "source": source }]);
    a.call(&world, "create", "/stream/s1", json!({ "name": "one", "channel": video(json!("screen")) }));
    a.call(&world, "create", "/stream/s2", json!({ "channel": video(Value::Null) }));
    a.call(&world, "create", "/stream/s3", json!({}));
    let record = |id: &str, name: &str, video_type: Option<&str>, classes: &[&str]| StreamRecord {
        id: id.into(),
        name: name.into(),
        video_type: video_type.map(str::to_owned),
        layout_classes: classes.iter().map(|class| (*class).to_owned()).collect(),
    };
    let of_token = ["focus", "small"];
    assert_eq!(
        registry.streams(SESSION),
        Ok(vec![
            record("s1", "one", Some("screen"), &of_token),
            record("s2", "", Some("camera"), &of_token),
            record("s3", "", None, &of_token),
        ])
    );
    let set = |items: &[(&str, &[&str])]| {
        let classes = |classes: &[&str]| classes.iter().map(|class| (*class).to_owned()).collect();
        registry.set_layout_classes(
            SESSION,
            items.iter().map(|(id, of)| ((*id).to_owned(), classes(of))).collect(),
        )
    };
    let refused = |items: &[(&str, &[&str])]| set(items).map_err(|refusal| refusal.status);
    assert_eq!(refused(&[("s1", &["new"]), ("no", &["new"])]), Err(400));
    assert_eq!(refused(&[("s1", &["two words"])]), Err(400));
    assert_eq!(refused(&[("s1", &[""])]), Err(400));
    assert_eq!(refused(&[("s1", &["x".repeat(1025).as_str()])]), Err(400));
    assert_eq!(registry.stream(SESSION, "s1").map(|record| record.layout_classes.len()), Ok(2), "as before");
    assert_eq!(set(&[("s3", &[]), ("s1", &["new"])]).map(|records| records.len()), Ok(2));
    assert_eq!(registry.stream(SESSION, "s1"), Ok(record("s1", "one", Some("screen"), &["new"])));
    world.restart();
    assert_eq!(world.registry.stream(SESSION, "s1"), Ok(record("s1", "one", Some("screen"), &["new"])));
    a.cut(&world);
    a.open(&world, true);
    a.call(&world, "create", "/stream/s4", json!({}));
    assert_eq!(
        world.registry.stream(SESSION, "s4"),
        Ok(record("s4", "", None, &of_token)),
        "kept with its owner"
    );
    let missing = world.registry.stream(SESSION, "no").map_err(|refusal| refusal.status);
    assert_eq!(missing, Err(404));
    world.pass(Duration::from_secs(1));
}
