use super::super::{Content, Wishes};
use super::*;
use crate::{Config, KeyPair, Server};
use otc_protocol::raptor::SignalContent;
use serde_json::Value;

#[test]
fn the_end_of_an_overdue_archive_stands_behind_what_has_happened() {
    let server = Server::start(Config::local(KeyPair::new("1", "the-secret-of-1").unwrap())).unwrap();
    let app = server.app();
    let session = SessionAddress { project: "1".to_owned(), session: "s".to_owned() };
    let pending = app.archives.reserve(&session, Wishes::default(), app.time().unix_ms).unwrap();
    let (pen, archive) = (app.chronicle.pen(), pending.archive.clone());
    let id = archive.id.clone();
    pen.saw(
        &session,
        Event::ArchiveStarted { archive, connections: Vec::new(), streams: Vec::new(), muted: false },
    );
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(pending.begun()).expect("it begins");
    // The disk is slow: what happens now waits.
    let writing = app.archives.running.lock();
    pen.saw(&session, Event::Signal { from: None, to: None, content: SignalContent::default() });
    end_overdue_at(app, u64::MAX);
    drop(writing);
    app.chronicle.close(std::time::Instant::now() + Duration::from_secs(60));
    let Some(Content::Memory(file)) = app.archives.file(&id).unwrap() else { panic!("it has ended") };
    let kinds: Vec<String> = std::str::from_utf8(&file)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["kind"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(kinds, ["archive", "signal", "end"]);
}

/// The calendar may be set forward meanwhile, or the machine sleep.
#[test]
fn an_archive_that_is_kept_for_days_is_looked_at_within_the_hour() {
    assert_eq!(first_look(ARCHIVE_REMEMBERED), FORGET_SLEEP);
    assert_eq!(first_look(Duration::from_secs(5)), Duration::from_secs(5));
}
