//! What a killed server, or a machine that has lost its power, has left.

use super::*;
use otc_protocol::limits::ARCHIVE_LINE_BYTES;

/// An archive that runs with so many signals of a kilobyte, until its server is killed.
fn killed(place: &Place, signals: u64) {
    let world = place.open(Settings::default());
    world.begins(ID);
    for number in 1..=signals {
        world.happens(number, signal(&json!("x".repeat(1000)).to_string()));
    }
    world.killed();
}

fn add(place: &Place, bytes: &[u8]) {
    let mut file = std::fs::OpenOptions::new().append(true).open(place.file(ID)).unwrap();
    io::Write::write_all(&mut file, bytes).unwrap();
}

/// A file system may have made a file longer, and lost what was to be in it.
#[test]
fn whatever_is_behind_the_last_whole_line_costs_no_line_before_it() {
    let zeros = |many: usize| vec![0; many];
    let long = |many: usize| [vec![b'x'; many], vec![b'\n']].concat();
    let lines = |many: usize| "not a line\n".repeat(many).into_bytes();
    let behind = [
        b"{\"at\":2600,\"kind\":\"sig".to_vec(),
        zeros(10),
        zeros(ARCHIVE_LINE_BYTES),
        zeros(2 * ARCHIVE_LINE_BYTES),
        zeros(5 * ARCHIVE_LINE_BYTES + 1),
        long(2 * ARCHIVE_LINE_BYTES - 1),
        [zeros(3 * ARCHIVE_LINE_BYTES), long(1), zeros(ARCHIVE_LINE_BYTES), long(2)].concat(),
        lines(3 * ARCHIVE_LINE_BYTES / 11),
    ];
    for (number, behind) in behind.iter().enumerate() {
        let place = Place::new();
        killed(&place, 100);
        add(&place, behind);
        let world = place.open(Settings::default());
        world.recover(&[]);
        let lines = world.lines(ID);
        assert_eq!((lines.len(), &lines[103]["at"]), (104, &json!(100)), "{number}");
        assert_eq!(world.record(ID).status, Status::Available, "{number}");
    }
}

/// Too many open files, a disk with a fault, another user's file: the next start may find it better.
#[test]
fn a_file_that_cannot_be_read_is_not_removed() {
    let place = Place::new();
    killed(&place, 1);
    let (file, aside) = (place.file(ID), place.0.join("aside"));
    std::fs::rename(&file, &aside).unwrap();
    std::fs::create_dir(&file).unwrap();
    let world = place.open(Settings::default());
    world.recover(&[]);
    assert_eq!((world.record(ID).status, world.statuses()), (Status::Started, vec![]));
    assert!(file.exists());
    world.killed();
    std::fs::remove_dir(&file).unwrap();
    std::fs::rename(&aside, &file).unwrap();
    let world = place.open(Settings::default());
    world.recover(&[]);
    assert_eq!(kinds(&world.lines(ID)), ["archive", "connection", "stream", "signal", "end"]);
}

/// Whoever wants it had no time to load it while the server was down.
#[test]
fn an_archive_that_a_crash_has_ended_is_kept_from_now_on() {
    let place = Place::new();
    for had_ended in [false, true] {
        killed(&place, 1);
        if had_ended {
            add(&place, b"{\"at\":9000,\"kind\":\"end\",\"reason\":\"session ended\"}\n");
        }
        let world = place.open(Settings::default());
        let now = BEGIN + 80 * 3_600_000;
        world.archives.recover(&HashSet::new(), now).unwrap();
        world.archives.forget(now + 71 * 3_600_000).unwrap();
        let record = world.record(ID);
        assert_eq!((record.status, record.updated_ms), (Status::Available, now));
        assert_eq!(record.duration_s, if had_ended { 9 } else { 0 });
        world.archives.forget(now + 72 * 3_600_000).unwrap();
        assert_eq!(world.record(ID).status, Status::Expired);
        drop(world);
        std::fs::remove_dir_all(&place.0).unwrap();
    }
}

/// What a killed server leaves: a file that ends within a line, and records that know nothing of it.
#[test]
fn archives_of_a_killed_server_end_on_a_line_with_a_reason() {
    let place = Place::new();
    let world = place.open(Settings::default());
    world.begins(ID);
    world.happens(2_500, signal("\"before\""));
    world.killed();
    let mut file = std::fs::OpenOptions::new().append(true).open(place.file(ID)).unwrap();
    io::Write::write_all(&mut file, b"{\"at\":2600,\"kind\":\"sig").unwrap();
    drop(file);
    let world = place.open(Settings::default());
    world.recover(&[]);
    let lines = world.lines(ID);
    assert_eq!(kinds(&lines), ["archive", "connection", "stream", "signal", "end"]);
    let reason = "the server was stopped or killed";
    assert_eq!(lines[4], json!({"at": 2_500, "kind": "end", "reason": reason}));
    let record = world.record(ID);
    assert_eq!((record.status, record.reason.as_str(), record.duration_s), (Status::Available, reason, 2));
    assert_eq!(world.archives.room.used(), record.size);
    assert_eq!(world.statuses(), ["stopped", "available"]);
    // It is free for another one.
    assert!(world.archives.reserve(&session(), Wishes::default(), BEGIN).is_ok());
}

/// The end was written, and the server was killed before the record knew.
#[test]
fn an_archive_that_had_ended_has_one_end() {
    let place = Place::new();
    let world = place.open(Settings::default());
    world.begins(ID);
    world.killed();
    let mut file = std::fs::OpenOptions::new().append(true).open(place.file(ID)).unwrap();
    io::Write::write_all(&mut file, b"{\"at\":9000,\"kind\":\"end\",\"reason\":\"session ended\"}\n")
        .unwrap();
    drop(file);
    let world = place.open(Settings::default());
    world.recover(&[]);
    assert_eq!(kinds(&world.lines(ID)), ["archive", "connection", "stream", "end"]);
    let record = world.record(ID);
    assert_eq!((record.reason.as_str(), record.duration_s), ("session ended", 9));
}

#[test]
fn an_archive_without_a_file_has_failed() {
    let place = Place::new();
    for remains in [None, Some("{\"at\":0,\"ki")] {
        let world = place.open(Settings::default());
        world.begins(ID);
        world.killed();
        match remains {
            None => std::fs::remove_file(place.file(ID)).unwrap(),
            Some(remains) => std::fs::write(place.file(ID), remains).unwrap(),
        }
        let world = place.open(Settings::default());
        world.recover(&[]);
        let record = world.record(ID);
        assert_eq!((record.status, record.size), (Status::Failed, 0));
        assert!(record.reason.contains("killed before"), "{}", record.reason);
        assert!(!place.file(ID).exists());
        assert!(world.archives.file(ID).unwrap().is_none());
        drop(world);
        std::fs::remove_dir_all(&place.0).unwrap();
    }
}

/// As after an orderly restart: the session goes on, and so does its archive.
#[test]
fn archives_of_sessions_that_go_on_go_on() {
    let place = Place::new();
    let world = place.open(Settings::default());
    world.begins(ID);
    world.happens(10, signal("1"));
    world.archives.suspend(std::time::Instant::now());
    world.store.close();
    drop(world);
    let world = place.open(Settings::default());
    world.recover(&[ID]);
    assert_eq!(world.statuses(), Vec::<String>::new());
    world.happens(70_000, signal("2"));
    world.happens(80_000, stopped(ID));
    let lines = world.lines(ID);
    let expected = ["archive", "connection", "stream", "signal", "restart", "signal", "end"];
    assert_eq!(kinds(&lines), expected);
    assert_eq!(lines[4]["at"], 60_000);
    assert_eq!(world.record(ID).duration_s, 80);
    assert_eq!(world.archives.room.used(), world.record(ID).size);
}

#[test]
fn files_that_no_record_tells_of_are_removed() {
    let place = Place::new();
    let world = place.open(Settings::default());
    world.begins(ID);
    world.happens(1, stopped(ID));
    let stranger = place.file(&ID.replace("c053", "c054"));
    let note = place.0.join("archives").join("note.jsonl");
    std::fs::write(&stranger, "{}\n").unwrap();
    std::fs::write(&note, "a user's own").unwrap();
    world.recover(&[]);
    assert!(!stranger.exists() && note.exists() && place.file(ID).exists());
}
