//! A disk that is full for a moment, or for longer.

use super::*;
use std::sync::atomic::AtomicUsize;

/// The archive goes on with a disk that has room for so many bytes.
fn on_a_small_disk(world: &World, place: &Place, bytes: usize) -> Arc<AtomicUsize> {
    let room = Arc::new(AtomicUsize::new(bytes));
    let file = std::fs::OpenOptions::new().append(true).open(place.file(ID)).unwrap();
    let size = file.metadata().unwrap().len();
    let reel = vault::Reel::Small(file, Arc::clone(&room));
    let running = Running::resumed(&world.record(ID), reel, size, 0);
    world.archives.running.lock().insert("s".to_owned(), vec![running]);
    room
}

/// What was written before is whole, and is kept; the room is asked for the end.
#[test]
fn an_archive_whose_disk_is_full_for_a_moment_keeps_its_lines() {
    let place = Place::new();
    let world = place.open(Settings::default());
    world.begins(ID);
    let room = on_a_small_disk(&world, &place, 150);
    for (after, text) in [(1, "\"one\""), (2, "\"two\""), (3, "\"three\"")] {
        world.happens(after, signal(text));
    }
    let mut asked = world.archives.asked.lock().take().unwrap();
    let ask = asked.try_recv().expect("the room is asked");
    assert_eq!(ask.reason, "the archive could not be written");
    assert!(asked.try_recv().is_err(), "once");
    room.store(usize::MAX, Ordering::Relaxed);
    world.happens(5, signal("\"after it\""));
    world.happens(3_000, Event::ArchiveStopped { id: ID.to_owned(), reason: ask.reason.to_owned() });
    let lines = world.lines(ID);
    assert_eq!(kinds(&lines), ["archive", "connection", "stream", "signal", "signal", "end"]);
    assert_eq!(lines[5], json!({"at": 3_000, "kind": "end", "reason": ask.reason}));
    let record = world.record(ID);
    assert_eq!((record.status, record.reason.as_str()), (Status::Available, ask.reason));
    assert_eq!(world.archives.room.used(), record.size);
    assert_eq!(world.statuses(), ["started", "stopped", "available"]);
}

/// Not even the last line finds room: what is there is whole lines all the same.
#[test]
fn an_archive_whose_disk_stays_full_lacks_its_end_alone() {
    let place = Place::new();
    let world = place.open(Settings::default());
    world.begins(ID);
    on_a_small_disk(&world, &place, 90);
    world.happens(1, signal("\"one\""));
    world.happens(2_000, stopped(ID));
    assert_eq!(kinds(&world.lines(ID)), ["archive", "connection", "stream", "signal"]);
    let record = world.record(ID);
    assert_eq!((record.status, record.duration_s), (Status::Available, 2));
    assert_eq!(record.reason, "the archive could not be written");
    assert_eq!(world.archives.room.used(), record.size);
}
