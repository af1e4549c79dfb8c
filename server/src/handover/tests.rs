//! What one process leaves and the next one takes, and what it does not take.

use super::read::read_from;
use super::write::Sealed;
use super::{FILE, UNFINISHED, leave, read, remove};
use crate::data::DataDir;
use crate::sessions::Snapshot;
use otc_protocol::limits::CLOCK_SKEW;
use proptest::prelude::*;
use ring::digest::{SHA256, digest};
use serde_json::json;
use std::fmt::Write as _;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

const NOW: u64 = 1_795_241_973_240;
const GRACE: Duration = Duration::from_secs(45);

/// Reads what is there and removes it, as a server that starts.
fn take(data: &DataDir, now: u64, grace: Duration) -> std::io::Result<Option<Snapshot>> {
    let snapshot = read(data, now, grace);
    remove(data).map(|()| snapshot)
}

/// A directory of a test's own, gone afterwards.
struct Scene {
    data: DataDir,
}

impl Scene {
    fn new() -> Self {
        static SCENES: AtomicU32 = AtomicU32::new(0);
        let number = SCENES.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("otc-handover-{}-{number}", std::process::id()));
        Self { data: DataDir::open(&path).expect("a directory") }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.data.path().join(name)
    }

    fn file(&self) -> Vec<u8> {
        std::fs::read(self.path(FILE)).expect("it has been left")
    }

    /// Puts these bytes there as a server would.
    fn put(&self, bytes: &[u8]) {
        let mut file = std::fs::File::create(self.path(FILE)).expect("our directory");
        file.write_all(bytes).expect("room on the disk");
        file.set_permissions(PermissionsExt::from_mode(0o600)).expect("our file");
    }

    /// Puts these bytes there as a server would, and takes them.
    fn take(&self, bytes: &[u8]) -> Option<Snapshot> {
        self.put(bytes);
        let taken = take(&self.data, NOW, GRACE).expect("it can be removed");
        assert!(!self.path(FILE).exists(), "it is taken once");
        taken
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(self.data.path());
    }
}

/// Two sessions, of which one has everything that can be in one.
fn snapshot() -> Snapshot {
    let line = |member: u64, name: &str, membership: bool| {
        json!({
            "member": member, "socket": format!("socket-{name}"), "connection": name, "events_suppressed": false,
            "owed": [[1, 0], [3, 1]], "answers": [{ "t": "x" }, { "t": "y", "a": { "Refused": { "status": 404, "reason": "no" } } }],
            "membership": membership.then(|| json!({
                "creation_time": 1, "data": "é", "permissions": ["publish", "signal"], "token": "A".repeat(43),
                "join": "t", "created": 1, "welcome": 0,
            })),
        })
    };
    let room = |session: &str| {
        json!({
            "head": { "project": "1", "session": session, "nonce": u64::MAX, "next_sequence": 9, "next_member": 9, "muted": true },
            "letters": ["AAEC", "/w"],
            "lines": [line(1, session, true), line(2, &format!("{session}-gone"), false)],
            "streams": [{ "owner": 1, "stream": { "id": "st", "channel": [] }, "subscribers": [{ "id": "sub", "member": 1, "held": ["AA"] }] }],
        })
    };
    serde_json::from_value(json!({ "rooms": [room("s1"), room("s2")] })).expect("a snapshot")
}

/// Whether these bytes would be of use.
fn is_read(bytes: &[u8]) -> bool {
    read_from(std::io::Cursor::new(bytes), NOW, GRACE).is_ok()
}

fn json_of(snapshot: &Snapshot) -> String {
    serde_json::to_string(snapshot).expect("JSON")
}

/// The body with the seal that belongs to it.
fn sealed(body: &[u8]) -> Vec<u8> {
    let mut seal = String::new();
    for byte in digest(&SHA256, body).as_ref() {
        write!(seal, "{byte:02x}").expect("text");
    }
    [body, seal.as_bytes(), b"\n"].concat()
}

fn body(records: &str) -> Vec<u8> {
    format!("{{\"otc_server_handover\":1,\"written_unix_ms\":{NOW}}}\n{records}").into_bytes()
}

#[test]
fn what_is_left_is_taken_once_and_by_nobody_else() {
    let scene = Scene::new();
    let left = snapshot();
    leave(&scene.data, &left, NOW).expect("room on the disk");
    let mode = |name: &str| std::fs::metadata(scene.path(name)).expect("there").permissions().mode() & 0o777;
    assert_eq!((mode(FILE), mode(".")), (0o600, 0o700));
    assert!(!scene.path(UNFINISHED).exists());
    let later = NOW + u64::try_from(GRACE.as_millis()).expect("small");
    let taken = take(&scene.data, later, GRACE).expect("it can be removed").expect("it is of use");
    assert_eq!(json_of(&taken), json_of(&left));
    assert!(take(&scene.data, NOW, GRACE).expect("nothing to remove").is_none());
}

#[test]
fn what_is_read_stays_until_it_is_removed() {
    let scene = Scene::new();
    leave(&scene.data, &snapshot(), NOW).expect("room on the disk");
    for _ in 0..2 {
        assert!(read(&scene.data, NOW, GRACE).is_some(), "who has failed to start has taken nothing");
    }
    remove(&scene.data).expect("it can be removed");
    assert!(read(&scene.data, NOW, GRACE).is_none());
}

#[test]
fn what_is_old_or_not_yet_is_not_taken() {
    let scene = Scene::new();
    leave(&scene.data, &snapshot(), NOW).expect("room on the disk");
    let bytes = scene.file();
    let taken_at = |now: u64| {
        std::fs::write(scene.path(FILE), &bytes).expect("room on the disk");
        take(&scene.data, now, GRACE).expect("it can be removed").is_some()
    };
    let millis = |duration: Duration| u64::try_from(duration.as_millis()).expect("small");
    assert!(taken_at(NOW));
    assert!(taken_at(NOW + millis(GRACE)));
    assert!(!taken_at(NOW + millis(GRACE) + 1));
    assert!(taken_at(NOW - millis(CLOCK_SKEW)));
    assert!(!taken_at(NOW - millis(CLOCK_SKEW) - 1));
}

#[test]
fn a_file_that_is_not_as_it_was_written_is_not_taken() {
    let scene = Scene::new();
    leave(&scene.data, &snapshot(), NOW).expect("room on the disk");
    let bytes = scene.file();
    assert!(is_read(&bytes));
    for length in 0..bytes.len() {
        assert!(!is_read(&bytes[..length]), "the first {length} bytes");
    }
    for index in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[index] ^= 1;
        assert!(!is_read(&damaged), "byte {index}");
    }
    assert!(!is_read(&[&bytes[..], b"\n"].concat()));
    assert!(scene.take(&bytes[1..]).is_none());
}

#[test]
fn what_is_sealed_and_still_no_hand_over_of_ours_is_not_taken() {
    let scene = Scene::new();
    let room =
        r#"{"room":{"project":"1","session":"s","nonce":1,"next_sequence":1,"next_member":1,"muted":false}}"#;
    let taken = |body: &[u8]| scene.take(&sealed(body)).is_some();
    assert!(taken(&body("")));
    assert!(taken(&body(&format!("{room}\n"))));
    for records in [
        "\n",
        "{}\n",
        "null\n",
        "{\"room\":{}}\n",
        "{\"letter\":\"AA\"}\n",
        "{\"other\":1}\n",
        room,
        &format!("{room}\n{{\"letter\":\"not base64\"}}\n"),
        &format!("{room}\n{{\"letter\":7}}\n"),
        &format!("{room}\n{}\n", "[".repeat(100_000)),
        &format!(
            "{room}\n{{\"stream\":{{\"owner\":1,\"stream\":{},\"subscribers\":[]}}}}\n",
            "[".repeat(100_000)
        ),
    ] {
        assert!(!taken(&body(records)), "{}", &records[..records.len().min(100)]);
    }
    for head in [
        "",
        "\n",
        "{\"otc_server_handover\":2,\"written_unix_ms\":1795241973240}\n",
        "{\"otc_server_handover\":1}\n",
        "{\"otc_server_handover\":1,\"written_unix_ms\":-1}\n",
    ] {
        assert!(!taken(head.as_bytes()), "{head}");
    }
}

#[test]
fn what_another_may_have_written_is_not_taken() {
    let scene = Scene::new();
    let elsewhere = scene.path("elsewhere");
    std::fs::write(&elsewhere, sealed(&body(""))).expect("room on the disk");
    symlink(&elsewhere, scene.path(FILE)).expect("a link");
    assert!(take(&scene.data, NOW, GRACE).expect("the link can be removed").is_none());
    assert!(elsewhere.exists() && !scene.path(FILE).exists());
    std::fs::set_permissions(&elsewhere, PermissionsExt::from_mode(0o666)).expect("our file");
    std::fs::rename(&elsewhere, scene.path(FILE)).expect("our directory");
    assert!(take(&scene.data, NOW, GRACE).expect("it can be removed").is_none());
    std::fs::create_dir(scene.path(FILE)).expect("our directory");
    let error = take(&scene.data, NOW, GRACE).expect_err("what cannot be removed could come back");
    assert!(error.to_string().contains("cannot remove"), "{error}");
}

/// A file that is as large as it may be, and a line without an end, cost time and no memory.
#[test]
fn a_giant_is_not_taken() {
    let scene = Scene::new();
    let giant = |bytes: u64| {
        let file = std::fs::File::create(scene.path(FILE)).expect("our directory");
        file.set_len(bytes).expect("a sparse file");
        std::fs::set_permissions(scene.path(FILE), PermissionsExt::from_mode(0o600)).expect("our file");
        take(&scene.data, NOW, GRACE).expect("it can be removed").is_none()
    };
    assert!(giant(otc_protocol::limits::HANDOVER_BYTES + 66), "refused for its size alone");
    assert!(giant(256 * 1024 * 1024));
    let endless = body(&" ".repeat(otc_protocol::limits::HANDOVER_RECORD_BYTES + 1));
    assert!(scene.take(&sealed(&endless)).is_none());
}

#[test]
fn a_directory_that_cannot_be_written_is_an_error_and_leaves_nothing_half_written() {
    let scene = Scene::new();
    std::fs::create_dir(scene.path(UNFINISHED)).expect("our directory");
    let error = leave(&scene.data, &snapshot(), NOW).expect_err("a directory is no file");
    assert!(error.to_string().starts_with("the sessions are lost, "), "{error}");
    assert!(!scene.path(FILE).exists());
}

/// What somebody may have opened, or may read, is not what is written into.
#[test]
fn a_file_that_is_there_is_not_written_into() {
    let scene = Scene::new();
    let kept = scene.path("kept");
    std::fs::write(&kept, "of somebody").expect("room on the disk");
    std::fs::set_permissions(&kept, PermissionsExt::from_mode(0o644)).expect("our file");
    std::fs::hard_link(&kept, scene.path(UNFINISHED)).expect("a second name");
    leave(&scene.data, &snapshot(), NOW).expect("room on the disk");
    assert_eq!(std::fs::read(&kept).expect("it stays"), b"of somebody");
    let mode = std::fs::metadata(scene.path(FILE)).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    symlink(&kept, scene.path(UNFINISHED)).expect("a link");
    leave(&scene.data, &snapshot(), NOW).expect("a link makes way");
    assert_eq!(std::fs::read(&kept).expect("it stays"), b"of somebody");
}

#[test]
fn a_full_disk_is_an_error() {
    // Whatever is written there, there is no room.
    let full = std::fs::File::create("/dev/full").expect("this test needs /dev/full");
    let mut file = Sealed::new(full);
    let written = file.all(&snapshot(), NOW).and_then(|()| file.finish());
    assert_eq!(written.expect_err("there is no room").kind(), std::io::ErrorKind::StorageFull);
}

#[test]
fn one_process_at_a_time_has_the_directory() {
    let scene = Scene::new();
    let path = scene.data.path().to_owned();
    let (tell, told) = std::sync::mpsc::channel();
    let second = std::thread::spawn(move || {
        tell.send("waits").expect("the test listens");
        let opened = DataDir::open(&path);
        tell.send("has it").expect("the test listens");
        opened.map(drop)
    });
    assert_eq!(told.recv(), Ok("waits"));
    assert!(told.recv_timeout(Duration::from_millis(200)).is_err(), "it has to wait");
    drop(scene);
    assert_eq!(told.recv(), Ok("has it"));
    // The first one has taken the directory with it, and the second one may have found that.
    let _ = second.join().expect("no panic");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// With a seal that fits, too, it is read or it is not, and that is all.
    #[test]
    fn tampered_and_sealed_again(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in any::<prop::sample::Index>(),
    ) {
        let scene = Scene::new();
        leave(&scene.data, &snapshot(), NOW).expect("room on the disk");
        let mut bytes = scene.file();
        bytes.truncate(bytes.len() - super::SEAL_BYTES);
        for (place, byte) in &changes {
            let index = place.index(bytes.len());
            bytes[index] = *byte;
        }
        bytes.truncate(cut.index(bytes.len()) + 1);
        is_read(&sealed(&bytes));
    }
}
