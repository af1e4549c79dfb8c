//! What archives come to, and whom they tell of it.

mod beginning;
mod forgetting;
mod full_disk;
mod recovery;
mod room;

use super::*;
use crate::chronicle::{Lost, Noted, Reads};
use crate::sessions::Event;
use otc_protocol::raptor::{Channel, ChannelState, Connection, Json, Reason, SignalContent, Stream};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

/// When everything begins.
const BEGIN: u64 = 1_700_000_000_000;
const ID: &str = "c053fcc8-c681-41d5-8ec2-7a9e1434a21e";

/// A data directory, and servers that use it one after the other.
struct Place(PathBuf);

impl Place {
    fn new() -> Self {
        static PLACES: AtomicU32 = AtomicU32::new(0);
        let number = PLACES.fetch_add(1, Ordering::Relaxed);
        Self(std::env::temp_dir().join(format!("otc-archives-{}-{number}", std::process::id())))
    }

    fn open(&self, settings: Settings) -> World {
        let data = DataDir::open(&self.0).expect("a directory");
        let store = Arc::new(Store::open(&data).expect("a database"));
        World::new(settings, store, Some(data))
    }

    fn file(&self, id: &str) -> PathBuf {
        self.0.join("archives").join(format!("{id}.jsonl"))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

struct World {
    archives: Arc<Archives>,
    told: Arc<Mutex<Vec<Value>>>,
    store: Arc<Store>,
    _data: Option<DataDir>,
}

impl World {
    fn in_memory(settings: Settings) -> Self {
        Self::new(settings, Arc::new(Store::in_memory().unwrap()), None)
    }

    fn new(settings: Settings, store: Arc<Store>, data: Option<DataDir>) -> Self {
        let public_url = PublicUrl::parse("https://calls.example.org");
        let archives = Archives::open(settings, &store, data.as_ref(), public_url).expect("archives");
        let told: Arc<Mutex<Vec<Value>>> = Arc::default();
        let listener = Arc::clone(&told);
        archives.tell(Box::new(move |session, object| {
            assert_eq!(session, &super::tests::session());
            listener.lock().push(object);
        }));
        Self { archives: Arc::new(archives), told, store, _data: data }
    }

    fn recover(&self, carried_on: &[&str]) {
        let ids = carried_on.iter().map(|id| ("s".to_owned(), (*id).to_owned()));
        self.archives.recover(&ids.collect(), BEGIN + 60_000).expect("recovered");
    }

    fn happens(&self, after_ms: u64, event: Event) {
        self.archives.take(&[Noted { session: session(), unix_ms: BEGIN + after_ms, event }]);
    }

    fn begins(&self, id: &str) {
        self.happens(0, started(id));
    }

    fn record(&self, id: &str) -> Record {
        self.archives.get("1", id).unwrap().expect("an archive")
    }

    fn lines(&self, id: &str) -> Vec<Value> {
        let bytes = match self.archives.file(id).expect("readable").expect("a file") {
            Content::Memory(bytes) => bytes.to_vec(),
            Content::Disk(mut file, length) => {
                let mut bytes = Vec::new();
                io::Read::read_to_end(&mut file, &mut bytes).unwrap();
                assert_eq!(length, bytes.len() as u64);
                bytes
            }
        };
        assert_eq!(self.record(id).size, bytes.len() as u64);
        read(&bytes)
    }

    fn statuses(&self) -> Vec<String> {
        let told = std::mem::take(&mut *self.told.lock());
        told.iter().map(|object| object["status"].as_str().unwrap().to_owned()).collect()
    }

    /// As `kill -9` leaves it: nothing is ended, nothing more is written.
    fn killed(self) {
        std::mem::forget(self.archives.running.lock().drain().collect::<Vec<_>>());
        self.store.close();
    }
}

fn read(bytes: &[u8]) -> Vec<Value> {
    assert_eq!(bytes.last(), Some(&b'\n'), "a file ends on a line");
    let lines = std::str::from_utf8(bytes).unwrap().lines();
    lines.map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
}

fn session() -> SessionAddress {
    SessionAddress { project: "1".to_owned(), session: "s".to_owned() }
}

fn connection(id: &str) -> Connection {
    let permissions = vec!["publish".to_owned()];
    Connection { id: id.to_owned(), creation_time: BEGIN - 5, data: "name=a".to_owned(), permissions }
}

fn stream(id: &str) -> Stream {
    let channel = |kind: &str, active, source: Option<&str>| Channel {
        id: format!("{kind}1"),
        kind: kind.to_owned(),
        state: ChannelState {
            active: Some(active),
            source: source.map(str::to_owned),
            ..ChannelState::default()
        },
    };
    Stream {
        id: id.to_owned(),
        name: "camera of a".to_owned(),
        creation_time: BEGIN - 3,
        connection: Some(connection("a")),
        channel: vec![channel("video", true, Some("camera")), channel("audio", false, None)],
        ..Stream::default()
    }
}

fn started(id: &str) -> Event {
    let archive = Archive { id: id.to_owned(), ..Archive::default() };
    let (connections, streams) = (vec![connection("a")], vec![stream("st")]);
    Event::ArchiveStarted { archive, connections, streams, muted: false }
}

fn stopped(id: &str) -> Event {
    Event::ArchiveStopped { id: id.to_owned(), reason: "user initiated".to_owned() }
}

fn signal(data: &str) -> Event {
    let data = Some(Json::from_text(data.to_owned()).unwrap());
    let content = SignalContent { kind: Some("chat".to_owned()), data, from_connection: None };
    Event::Signal { from: Some("a".to_owned()), to: None, content }
}

fn kinds(lines: &[Value]) -> Vec<&str> {
    lines.iter().map(|line| line["kind"].as_str().unwrap()).collect()
}

/// The members of each kind of line.
fn members(lines: &[Value]) -> BTreeMap<&str, BTreeSet<&String>> {
    let mut members: BTreeMap<&str, BTreeSet<&String>> = BTreeMap::new();
    for line in lines {
        let of_kind = members.entry(line["kind"].as_str().unwrap()).or_default();
        of_kind.extend(line.as_object().unwrap().keys());
        for inner in [&line["connection"], &line["stream"]] {
            of_kind.extend(inner.as_object().into_iter().flat_map(|inner| inner.keys()));
        }
    }
    members
}

/// The lines that the documentation shows.
fn documented() -> Vec<Value> {
    let text = include_str!("../../../docs/server/archives.md");
    let block = text.split_once("```jsonl\n").unwrap().1.split_once("```").unwrap().0;
    read(block.as_bytes())
}

/// The whole schema, as `docs/server/archives.md` shows it.
#[test]
fn every_kind_of_line_is_as_documented() {
    let world = World::in_memory(Settings::default());
    let wishes = Wishes { name: Some("Monday".to_owned()), tag: Some("t".to_owned()), ..Wishes::default() };
    let pending = world.archives.reserve(&session(), wishes, BEGIN).unwrap();
    let id = pending.archive.id.clone();
    let mut begins = started(&id);
    if let Event::ArchiveStarted { muted, .. } = &mut begins {
        *muted = true;
    }
    world.happens(0, begins);
    let a = json!({"id": "a", "createdAt": BEGIN - 5, "data": "name=a"});
    let st = json!({
        "id": "st", "connectionId": "a", "createdAt": BEGIN - 3, "name": "camera of a",
        "hasAudio": false, "hasVideo": true, "videoType": "camera"
    });
    let events = [
        Event::ConnectionCreated { connection: connection("a") },
        Event::ConnectionDestroyed { connection: connection("a"), reason: Reason::NetworkDisconnected },
        Event::StreamCreated { stream: stream("st") },
        Event::StreamChanged { stream: stream("st") },
        Event::StreamDestroyed { stream: stream("st"), reason: Reason::MediaStopped },
        Event::Muted {
            by: Some("a".to_owned()),
            stream: Some("st".to_owned()),
            excluded: vec![],
            active: true,
        },
        Event::Muted { by: None, stream: None, excluded: vec!["st".to_owned()], active: true },
        signal("\"hé\""),
        signal("{\"a\":\n[1,\r\n 2]}"),
        Event::Signal { from: None, to: Some("a".to_owned()), content: SignalContent::default() },
        started(ID),
        stopped(ID),
    ];
    for (number, event) in (1..).zip(events) {
        world.happens(number * 10, event);
    }
    let lost = |events, overheard| Lost { session: session(), unix_ms: BEGIN + 130, events, overheard };
    world.archives.lost(&[lost(9, 2), lost(3, 3)]);
    world.happens(4_999, stopped(&id));
    let expected = [
        json!({
            "at": 0, "kind": "archive", "version": 1, "id": id, "name": "Monday", "multiArchiveTag": "t",
            "projectId": "1", "sessionId": "s", "createdAt": BEGIN, "newcomersMuted": true,
            "media": "not recorded: this file has what happened in the session, and no audio or video"
        }),
        json!({"at": 0, "kind": "connection", "connection": a}),
        json!({"at": 0, "kind": "stream", "stream": st}),
        json!({"at": 10, "kind": "connectionCreated", "connection": a}),
        json!({"at": 20, "kind": "connectionDestroyed", "connection": a, "reason": "networkDisconnected"}),
        json!({"at": 30, "kind": "streamCreated", "stream": st}),
        json!({"at": 40, "kind": "streamChanged", "stream": st}),
        json!({"at": 50, "kind": "streamDestroyed", "stream": st, "reason": "mediaStopped"}),
        json!({"at": 60, "kind": "muted", "by": "a", "stream": "st", "active": true}),
        json!({"at": 70, "kind": "muted", "excluded": ["st"], "active": true}),
        json!({"at": 80, "kind": "signal", "from": "a", "type": "chat", "data": "hé"}),
        json!({"at": 90, "kind": "signal", "from": "a", "type": "chat", "data": {"a": [1, 2]}}),
        json!({"at": 100, "kind": "signal", "to": "a"}),
        json!({"at": 110, "kind": "archiveStarted", "id": ID, "name": ""}),
        json!({"at": 120, "kind": "archiveStopped", "id": ID, "reason": "user initiated"}),
        json!({"at": 130, "kind": "gap", "events": 7}),
        json!({"at": 4_999, "kind": "end", "reason": "user initiated"}),
    ];
    let lines = world.lines(&id);
    for (line, expected) in lines.iter().zip(&expected) {
        assert_eq!(line, expected);
    }
    assert_eq!(lines.len(), expected.len());
    let mut documented = documented();
    // That one is written by the next server.
    documented.retain(|line| line["kind"] != "restart");
    assert_eq!(members(&documented), members(&lines));
    let record = world.record(&id);
    assert_eq!((record.status, record.duration_s, record.updated_ms), (Status::Available, 4, BEGIN + 4_999));
    assert_eq!(kinds(&world.lines(ID)), ["archive", "connection", "stream", "end"], "the other one");
    assert_eq!(world.lines(ID)[0].get("newcomersMuted"), None);
}

#[test]
fn the_archive_object_is_the_platforms() {
    let world = World::in_memory(Settings::default());
    world.begins(ID);
    world.happens(2_000, stopped(ID));
    let size = world.record(ID).size;
    let object = world.archives.object(&world.record(ID), PublicUrl::parse("http://h:1").as_ref(), 1000);
    let url = object["url"].as_str().unwrap().to_owned();
    assert!(url.starts_with(&format!("http://h:1/archive/{ID}.jsonl?expires=1600&signature=")), "{url}");
    let expected = json!({
        "id": ID, "status": "available", "name": null, "reason": "user initiated", "sessionId": "s",
        "projectId": "1", "partnerId": 1, "createdAt": BEGIN, "updatedAt": BEGIN + 2_000, "size": size,
        "duration": 2, "url": url, "outputMode": "composed", "streamMode": "auto", "hasAudio": true,
        "hasVideo": true, "resolution": "640x480", "streams": [], "sha256sum": "", "password": "",
        "event": "archive", "mediaRecorded": false
    });
    assert_eq!(object, expected);
    assert!(size > 0);
    let app = "29f760f8-7ce1-46c9-ade3-f2dedee4ed5f";
    let wishes = Wishes { output_mode: OutputMode::Individual, ..Wishes::default() };
    let object = Record::new(ID.to_owned(), app, "s", wishes, BEGIN).object(None);
    assert_eq!((&object["applicationId"], &object["projectId"]), (&json!(app), &json!(app)));
    assert_eq!(
        (object.get("partnerId"), object.get("resolution"), &object["url"]),
        (None, None, &Value::Null)
    );
}

#[test]
fn each_change_of_status_is_told() {
    let world = World::in_memory(Settings::default());
    world.begins(ID);
    world.happens(1_000, stopped(ID));
    {
        let told = world.told.lock();
        assert_eq!((&told[0]["url"], &told[1]["url"]), (&Value::Null, &Value::Null));
        assert!(told[2]["url"].as_str().unwrap().starts_with("https://calls.example.org/archive/"));
    }
    assert_eq!(world.statuses(), ["started", "stopped", "available"]);
    world.archives.forget(BEGIN + 1_000 + 72 * 3_600_000).unwrap();
    assert_eq!(world.statuses(), ["expired"]);
    assert!(world.archives.file(ID).unwrap().is_none());
    world.archives.forget(BEGIN + 40 * 24 * 3_600_000).unwrap();
    assert_eq!(world.statuses(), ["deleted"]);
    assert_eq!(world.archives.get("1", ID), Ok(None));
    assert_eq!((world.archives.room.used(), world.archives.desk.lock().counts("1").all()), (0, 0));
}

#[test]
fn nothing_is_forgotten_too_early() {
    let world = World::in_memory(Settings::default());
    world.begins(ID);
    world.archives.forget(BEGIN + 100 * 24 * 3_600_000).unwrap();
    assert_eq!(world.record(ID).status, Status::Started, "it runs");
    world.happens(1_000, stopped(ID));
    world.archives.forget(BEGIN + 999 + 72 * 3_600_000).unwrap();
    assert_eq!(world.record(ID).status, Status::Available);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_archive_leaves_nothing() {
    let place = Place::new();
    let data = DataDir::open(&place.0).unwrap();
    let world = tokio::task::spawn_blocking(move || {
        let store = Arc::new(Store::open(&data).unwrap());
        let world = World::new(Settings::default(), store, Some(data));
        world.begins(ID);
        world
    });
    let world = world.await.unwrap();
    assert_eq!(world.archives.delete(ID.to_owned()).await, Ok(false), "it runs");
    let world = tokio::task::spawn_blocking(move || {
        world.happens(1, stopped(ID));
        world
    });
    let world = world.await.unwrap();
    assert!(place.file(ID).exists());
    assert_eq!(world.archives.delete(ID.to_owned()).await, Ok(true));
    assert_eq!(world.archives.delete(ID.to_owned()).await, Ok(false));
    assert!(!place.file(ID).exists());
    assert_eq!(world.archives.list("1", None, 0, 9), Ok((0, vec![])));
    assert_eq!(world.archives.room.used(), 0);
    tokio::task::spawn_blocking(move || drop(world)).await.unwrap();
}

#[test]
fn lists_are_newest_first_and_of_one_project_or_session() {
    let world = World::in_memory(Settings::default());
    let ids: Vec<String> = (0..5).map(|number| format!("{number}{}", &ID[1..])).collect();
    for (number, id) in (0..).zip(&ids) {
        world.happens(number, started(id));
    }
    let ids_of = |session: Option<&str>, offset, count| {
        let (total, records) = world.archives.list("1", session, offset, count).unwrap();
        (total, records.into_iter().map(|record| record.id).collect::<Vec<_>>())
    };
    let newest: Vec<String> = ids.iter().rev().cloned().collect();
    assert_eq!(ids_of(None, 0, 50), (5, newest.clone()));
    assert_eq!(ids_of(Some("s"), 1, 2), (5, newest[1..3].to_vec()));
    assert_eq!(ids_of(Some("other"), 0, 50), (0, vec![]));
    assert_eq!(ids_of(None, 9, 50), (5, vec![]));
    assert_eq!(world.archives.list("2", None, 0, 50), Ok((0, vec![])));
    assert_eq!(world.archives.get("2", ID), Ok(None), "another project's");
}

/// A list of a thousand would be megabytes of them.
#[test]
fn lists_have_no_style_sheets() {
    let world = World::in_memory(Settings::default());
    let layout = Layout {
        kind: "custom".to_owned(),
        stylesheet: Some("stream {}".to_owned()),
        screenshare_type: None,
    };
    let wishes = Wishes { layout: Some(layout.clone()), ..Wishes::default() };
    let id = world.archives.reserve(&session(), wishes, BEGIN).unwrap().archive.id.clone();
    world.begins(&id);
    assert_eq!(world.record(&id).wishes.layout.as_ref(), Some(&layout));
    let (_, listed) = world.archives.list("1", None, 0, 9).unwrap();
    assert_eq!(listed[0].wishes.layout, Some(Layout { stylesheet: None, ..layout }));
}

/// The clock of the machine was set back.
#[test]
fn time_does_not_go_back_in_a_file() {
    let world = World::in_memory(Settings::default());
    world.begins(ID);
    world.happens(50, signal("1"));
    world.archives.take(&[Noted { session: session(), unix_ms: BEGIN - 1000, event: signal("2") }]);
    world.archives.take(&[Noted { session: session(), unix_ms: BEGIN - 900, event: stopped(ID) }]);
    let at: Vec<u64> = world.lines(ID).iter().map(|line| line["at"].as_u64().unwrap()).collect();
    assert_eq!(at, [0, 0, 0, 50, 50, 50]);
}

#[test]
fn sessions_that_are_always_archived_are_known() {
    let world = World::in_memory(Settings::default());
    assert_eq!(world.archives.automatic(&session()), None);
    let properties = SessionProperties {
        archive_mode: ArchiveMode::Always,
        archive_name: Some("every day".to_owned()),
        archive_resolution: Some("1280x720".to_owned()),
        created_ms: BEGIN,
    };
    let edit = move |writer: &mut Writer<'_>| automatic::remember(writer, &session(), &properties, 9);
    world.store.write_blocking(edit).unwrap();
    let archive = world.archives.automatic(&session()).expect("an archive");
    assert_eq!((archive.name.as_str(), archive.status.as_str()), ("every day", "started"));
    let (connections, streams) = (vec![connection("a")], vec![]);
    let id = archive.id.clone();
    world.happens(0, Event::ArchiveStarted { archive, connections, streams, muted: false });
    let wishes = world.record(&id).wishes;
    assert_eq!(wishes.resolution.as_deref(), Some("1280x720"));
    assert_eq!(world.archives.desk.lock().counts("1").all(), 1);
}

#[test]
fn a_file_that_cannot_be_made_is_a_failure_that_the_caller_sees() {
    let place = Place::new();
    let world = place.open(Settings::default());
    let pending = world.archives.reserve(&session(), Wishes::default(), BEGIN).unwrap();
    let id = pending.archive.id.clone();
    std::fs::create_dir(place.file(&id)).unwrap();
    world.begins(&id);
    let mut begun = pending.begun;
    assert_eq!(begun.try_recv().unwrap().unwrap_err().status, 500);
    assert_eq!(world.archives.get("1", &id), Ok(None));
    let mut asked = world.archives.asked.lock().take().unwrap();
    assert_eq!(asked.try_recv().expect("the room is asked").id, id);
    assert_eq!(world.archives.desk.lock().counts("1").all(), 0);
    assert!(world.archives.reserve(&session(), Wishes::default(), BEGIN).is_ok());
}

/// A file that can neither be written nor be cut to whole lines is none that could be had.
#[cfg(target_os = "linux")]
#[test]
fn an_archive_that_cannot_be_written_any_more_has_failed() {
    let place = Place::new();
    let world = place.open(Settings::default());
    world.begins(ID);
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let record = world.record(ID);
    let size = world.archives.room.used();
    let broken = Running::resumed(&record, vault::Reel::Disk(full), size, 0);
    world.archives.running.lock().insert("s".to_owned(), vec![broken]);
    world.happens(1, signal("1"));
    world.happens(2, signal("2"));
    let mut asked = world.archives.asked.lock().take().unwrap();
    let ask = asked.try_recv().expect("the room is asked");
    assert_eq!(ask.reason, "the archive could not be written");
    assert!(asked.try_recv().is_err(), "once");
    world.happens(3_000, Event::ArchiveStopped { id: ID.to_owned(), reason: ask.reason.to_owned() });
    let record = world.record(ID);
    assert_eq!((record.status, record.reason.as_str(), record.size), (Status::Failed, ask.reason, 0));
    assert_eq!(record.duration_s, 3);
    assert!(!place.file(ID).exists());
    assert_eq!(world.archives.room.used(), 0);
    assert_eq!(world.statuses(), ["started", "failed"]);
}

#[test]
fn urls_are_good_after_a_restart() {
    let place = Place::new();
    let path = place.open(Settings::default()).archives.links.path(ID, 1000);
    let world = place.open(Settings::default());
    assert_eq!(world.archives.links.path(ID, 1000), path);
    let ids: HashSet<String> = [World::in_memory(Settings::default()), world]
        .iter()
        .map(|world| world.archives.links.path(ID, 1000))
        .collect();
    assert_eq!(ids.len(), 2, "another server signs otherwise");
}
