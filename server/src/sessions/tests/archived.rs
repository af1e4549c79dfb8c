//! Whoever reads the file of an archive knows who and what was in the session at its end.

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

/// What there is at the end of an archive.
#[derive(Debug, Default, PartialEq)]
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

    /// From the lines of a file alone.
    fn read(file: &str) -> Self {
        let lines: Vec<Value> = file.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let kinds: Vec<String> = lines.iter().map(|line| text(&line["kind"])).collect();
        assert!(kinds[0] == "archive" && kinds[kinds.len() - 1] == "end", "{kinds:?}");
        assert!(lines.is_sorted_by_key(|line| line["at"].as_u64().expect("a time")), "{file}");
        let mut roster = Self::default();
        for (line, kind) in lines.iter().zip(&kinds) {
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
        }
        roster
    }
}

/// The archives of a session, and what each has to say.
struct Recorder {
    archives: Arc<Archives>,
    chronicle: Chronicle,
    /// By the id that the session uses again and again: the one that stands for it, and the signals so far.
    running: BTreeMap<String, (String, usize)>,
    expected: BTreeMap<String, Roster>,
}

impl Recorder {
    fn new() -> Self {
        let store = Arc::new(Store::in_memory().expect("a database"));
        let archives = Archives::open(Settings::default(), &store, None, None).expect("archives");
        let archives = Arc::new(archives);
        let readers: Vec<Arc<dyn Reads>> = vec![Arc::clone(&archives) as _];
        let chronicle = Chronicle::start(|| UNIX_MS, readers).expect("a thread");
        Self { archives, chronicle, running: BTreeMap::new(), expected: BTreeMap::new() }
    }

    fn take(&mut self, mut event: Event, account: &Account) {
        match &mut event {
            Event::ArchiveStarted { archive, .. } => {
                let id = format!("archive-{}", self.running.len() + self.expected.len());
                self.running.insert(std::mem::replace(&mut archive.id, id.clone()), (id, 0));
            }
            Event::ArchiveStopped { id, .. } => {
                let (own, signals) = self.running.remove(id).expect("it runs");
                self.expected.insert(own.clone(), Roster::of(account, signals));
                *id = own;
            }
            Event::Signal { .. } => self.running.values_mut().for_each(|(_, signals)| *signals += 1),
            _ => {}
        }
        let session = SessionAddress { project: "1".to_owned(), session: SESSION.to_owned() };
        self.chronicle.pen().saw(&session, event);
    }

    fn check(self) {
        self.chronicle.close(Instant::now() + DEADLINE);
        assert!(self.running.is_empty(), "the session has ended");
        for (id, expected) in self.expected {
            let Some(Content::Memory(file)) = self.archives.file(&id).expect("readable") else {
                panic!("{id} has no file")
            };
            let file = std::str::from_utf8(&file).expect("text");
            assert_eq!(Roster::read(file), expected, "{file}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn a_file_tells_who_and_what_is_in_the_session(acts in prop::collection::vec((0..CLIENTS, act()), 0..120)) {
        let mut recorder = Recorder::new();
        play(&acts, |event, account| recorder.take(event, account));
        recorder.check();
    }
}
