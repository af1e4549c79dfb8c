//! Whoever reads the file of an archive knows who and what was in the session at each of its moments.

use super::account::{Account, CLIENTS, act, play};
use super::world::{SESSION, UNIX_MS};
use crate::archives::{Archives, Content, Settings};
use crate::chronicle::{Chronicle, Reads};
use crate::sessions::{Event, Witness};
use crate::store::Store;
use otc_protocol::raptor::SessionAddress;
use proptest::prelude::*;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long it may take to read what has happened.
const DEADLINE: Duration = Duration::from_secs(60);

/// Who and what is there, and how often something was said.
#[derive(Clone, Debug, Default, PartialEq)]
struct Roster {
    connections: BTreeSet<String>,
    /// By stream: its publisher, its name, and whether it is heard.
    streams: BTreeMap<String, (String, String, bool)>,
    signals: usize,
}

impl Roster {
    fn of(account: &Account, signals: usize) -> Self {
        let streams = account.streams.values().map(|stream| {
            let publisher = stream.publisher().expect("a publisher").to_owned();
            let is_on = stream.channel.iter().any(|channel| channel.state.active == Some(true));
            (stream.id.clone(), (publisher, stream.name.clone(), is_on))
        });
        let connections = account.connections.iter().map(|connection| connection.id.clone());
        Self { connections: connections.collect(), streams: streams.collect(), signals }
    }

    /// One after the other, from the lines of a file alone.
    fn read(file: &str) -> Vec<Self> {
        let lines: Vec<Value> = file.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let kinds: Vec<String> = lines.iter().map(|line| text(&line["kind"])).collect();
        assert!(kinds[0] == "archive" && kinds[kinds.len() - 1] == "end", "{kinds:?}");
        assert!(lines.is_sorted_by_key(|line| line["at"].as_u64().expect("a time")), "{file}");
        let (mut roster, mut rosters) = (Self::default(), Vec::new());
        for (line, kind) in lines.iter().zip(&kinds) {
            if rosters.is_empty() && !["archive", "connection", "stream"].contains(&kind.as_str()) {
                rosters.push(roster.clone()); // As it was in the beginning.
            }
            let (connection, stream) = (&line["connection"]["id"], &line["stream"]);
            match kind.as_str() {
                "connection" | "connectionCreated" => {
                    assert!(roster.connections.insert(text(connection)), "{file}");
                }
                "connectionDestroyed" => assert!(roster.connections.remove(&text(connection)), "{file}"),
                "stream" | "streamCreated" | "streamChanged" => {
                    let is_on = stream["hasAudio"].as_bool().expect("yes or no");
                    let said = (text(&stream["connectionId"]), text(&stream["name"]), is_on);
                    let before = roster.streams.insert(text(&stream["id"]), said);
                    assert_eq!(before.is_some(), kind == "streamChanged", "{file}");
                }
                "streamDestroyed" => {
                    assert!(roster.streams.remove(&text(&stream["id"])).is_some(), "{file}");
                }
                "signal" => roster.signals += 1,
                "gap" => panic!("nothing was left out: {file}"),
                _ => {}
            }
            rosters.extend((!rosters.is_empty()).then(|| roster.clone()));
        }
        rosters.dedup();
        rosters
    }
}

/// What an archive has to say.
#[derive(Default)]
struct Expected {
    id: String,
    signals: usize,
    rosters: Vec<Roster>,
}

/// The archives of a session.
struct Recorder {
    archives: Arc<Archives>,
    chronicle: Chronicle,
    /// By the id that the session uses again and again.
    running: BTreeMap<String, Expected>,
    ended: Vec<Expected>,
}

impl Recorder {
    fn new() -> Self {
        let store = Arc::new(Store::in_memory().expect("a database"));
        let archives = Archives::open(Settings::default(), &store, None, None).expect("archives");
        let archives = Arc::new(archives);
        let readers: Vec<Arc<dyn Reads>> = vec![Arc::clone(&archives) as _];
        let chronicle = Chronicle::start(|| UNIX_MS, readers).expect("a thread");
        Self { archives, chronicle, running: BTreeMap::new(), ended: Vec::new() }
    }

    fn take(&mut self, mut event: Event, account: &Account) {
        match &mut event {
            Event::ArchiveStarted { archive, .. } => {
                let id = format!("archive-{}", self.running.len() + self.ended.len());
                let expected = Expected { id: id.clone(), ..Expected::default() };
                self.running.insert(std::mem::replace(&mut archive.id, id), expected);
            }
            Event::ArchiveStopped { id, .. } => {
                let expected = self.running.remove(id).expect("it runs");
                id.clone_from(&expected.id);
                self.ended.push(expected);
            }
            Event::Signal { .. } => self.running.values_mut().for_each(|expected| expected.signals += 1),
            _ => {}
        }
        for expected in self.running.values_mut() {
            expected.rosters.push(Roster::of(account, expected.signals));
        }
        let session = SessionAddress { project: "1".to_owned(), session: SESSION.to_owned() };
        self.chronicle.pen().saw(&session, event);
    }

    fn check(self) {
        self.chronicle.close(Instant::now() + DEADLINE);
        assert!(self.running.is_empty(), "the session has ended");
        for Expected { id, mut rosters, .. } in self.ended {
            let Some(Content::Memory(file)) = self.archives.file(&id).expect("readable") else {
                panic!("{id} has no file")
            };
            let file = std::str::from_utf8(&file).expect("text");
            rosters.dedup();
            assert_eq!(Roster::read(file), rosters, "{file}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn a_file_tells_who_and_what_is_in_the_session_at_each_moment(acts in prop::collection::vec((0..CLIENTS, act()), 0..120)) {
        let mut recorder = Recorder::new();
        play(&acts, |event, account| recorder.take(event, account));
        recorder.check();
    }
}
