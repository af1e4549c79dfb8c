//! Archives that do not come to begin.

use super::*;

/// There is room when it is asked for, and none for its first lines.
#[test]
fn an_archive_without_room_for_its_first_lines_does_not_begin() {
    let each = Settings { bytes_each: 4_500, ..Settings::default() };
    let all = Settings { bytes: Some(1_000), ..Settings::default() };
    for (settings, reason) in [(each, "maximum size exceeded"), (all, "the server has no room for archives")]
    {
        let world = World::in_memory(settings);
        world.archives.room.add("2", 900);
        let pending = world.archives.reserve(&session(), Wishes::default(), BEGIN).unwrap();
        let id = pending.archive.id.clone();
        world.begins(&id);
        let mut begun = pending.begun;
        assert_eq!(begun.try_recv().unwrap().unwrap_err().status, 409);
        assert_eq!((world.archives.get("1", &id), world.statuses()), (Ok(None), vec![]));
        assert_eq!((world.archives.room.used(), world.archives.desk.lock().counts("1").all()), (900, 0));
        let mut asked = world.archives.asked.lock().take().unwrap();
        let ask = asked.try_recv().expect("the room is asked");
        assert_eq!((ask.id, ask.reason), (id.clone(), reason));
        // The room ends what it thinks is running.
        world.happens(1, stopped(&id));
        assert_eq!((world.statuses(), world.archives.list("1", None, 0, 9)), (vec![], Ok((0, vec![]))));
    }
}

/// Its beginning was lost; what comes of its end gives its place back, and tells whoever waits.
#[test]
fn an_archive_that_ends_before_it_has_begun_counts_no_more() {
    let world = World::in_memory(Settings { per_project: 1, ..Settings::default() });
    let pending = world.archives.reserve(&session(), Wishes::default(), BEGIN).unwrap();
    let id = pending.archive.id.clone();
    let mut begun = pending.begun;
    world.happens(9, stopped(&id));
    assert!(begun.try_recv().is_err_and(|error| error == oneshot::error::TryRecvError::Closed));
    assert_eq!(world.archives.desk.lock().counts("1").all(), 0);
    let pending = world.archives.reserve(&session(), Wishes::default(), BEGIN).unwrap();
    let id = pending.archive.id.clone();
    world.begins(&id);
    world.happens(9, stopped(&id));
    assert_eq!(
        world.archives.desk.lock().counts("1").all(),
        1,
        "one that has begun counts until it is forgotten"
    );
}
