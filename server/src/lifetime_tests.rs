//! What a server leaves to the next one, when it stops and when that one starts.

use super::*;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;

/// How long anything may take.
const DEADLINE: Duration = Duration::from_secs(60);

/// A data directory, gone afterwards.
struct Place(PathBuf);

impl Place {
    fn new() -> Self {
        static PLACES: AtomicU32 = AtomicU32::new(0);
        let number = PLACES.fetch_add(1, Ordering::Relaxed);
        Self(std::env::temp_dir().join(format!("otc-lifetime-{}-{number}", std::process::id())))
    }

    fn config(&self) -> Config {
        let pair = KeyPair::new("123456", "the-secret-of-123456").unwrap();
        Config { data: Some(self.0.clone()), ..Config::local(pair) }
    }

    fn sessions(&self) -> PathBuf {
        self.0.join("sessions.handover")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn who_fails_to_start_leaves_the_sessions_to_the_next() {
    let place = Place::new();
    Server::start(place.config()).unwrap().hand_over().unwrap();
    assert!(place.sessions().exists());
    let mut twice = place.config();
    twice.projects.extend(twice.projects.clone());
    assert!(Server::start(twice).is_err(), "a project is there twice");
    assert!(place.sessions().exists(), "nothing has been taken");
    let server = Server::start(place.config()).unwrap();
    assert!(!place.sessions().exists(), "they do not come a second time");
    drop(server);
}

/// Whether the file comes before the server has stopped.
fn comes_first(file: &Path, stopped: &mpsc::Receiver<io::Result<()>>) -> bool {
    let start = Instant::now();
    while start.elapsed() < DEADLINE {
        if file.exists() {
            return true;
        }
        if !matches!(stopped.recv_timeout(Duration::from_millis(5)), Err(mpsc::RecvTimeoutError::Timeout)) {
            return false;
        }
    }
    false
}

/// A supervisor may kill a server that takes too long to stop.
#[test]
fn the_sessions_are_left_before_anything_that_takes_time() {
    let place = Place::new();
    let server = Server::start(place.config()).unwrap();
    let store = Arc::clone(&server.app().store);
    let (release, held) = mpsc::channel::<()>();
    let (tell, holds) = mpsc::channel();
    let busy = std::thread::spawn(move || {
        store.write_blocking(move |_| {
            tell.send(()).unwrap();
            let _ = held.recv();
            Ok(())
        })
    });
    holds.recv_timeout(DEADLINE).unwrap();
    let (tell, stopped) = mpsc::channel();
    let stopping = std::thread::spawn(move || tell.send(server.hand_over()));
    assert!(comes_first(&place.sessions(), &stopped), "while the database is still busy");
    drop(release);
    stopped.recv_timeout(DEADLINE).unwrap().unwrap();
    stopping.join().unwrap().unwrap();
    busy.join().unwrap().unwrap();
}

/// A session with an archive of which the disk has nothing.
fn snapshot(archive: &str) -> Snapshot {
    let membership = serde_json::json!({
        "creation_time": 1, "data": "", "permissions": ["publish"], "token": "A".repeat(43),
        "join": "t", "created": 1, "welcome": 0,
    });
    let line = serde_json::json!({
        "member": 1, "socket": "socket", "connection": "a", "events_suppressed": false, "owed": [], "answers": [],
        "membership": membership,
    });
    let head = serde_json::json!({
        "project": "123456", "session": "s", "nonce": 1, "next_sequence": 1, "next_member": 1, "muted": false,
        "archives": [{ "id": archive, "name": "", "status": "started" }],
    });
    let room = serde_json::json!({ "head": head, "letters": ["AAEC"], "lines": [line], "streams": [] });
    serde_json::from_value(serde_json::json!({ "rooms": [room] })).expect("a snapshot")
}

#[test]
fn an_archive_that_does_not_go_on_ends_in_its_session() {
    let place = Place::new();
    let archive = "c053fcc8-c681-41d5-8ec2-7a9e1434a21e";
    let data = DataDir::open(&place.0).unwrap();
    handover::leave(&data, &snapshot(archive), unix_ms()).unwrap();
    drop(data);
    let server = Server::start(place.config()).unwrap();
    let app = server.app();
    assert_eq!(app.registry.sessions(), 1, "the session goes on");
    let refusal = app.registry.stop_archive(app.time(), "s", archive, "").unwrap_err();
    assert_eq!(refusal.status, 404, "{refusal:?}");
}
