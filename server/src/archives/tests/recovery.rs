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
