//! How much there is room for.

use super::*;

#[test]
fn an_archive_that_is_full_asks_for_its_end_and_is_whole() {
    let room = 16 * 1024;
    let full = Settings { bytes_each: room, ..Settings::default() };
    let all = Settings { bytes: Some(room), ..Settings::default() };
    let cases = [
        (full, 0, "maximum size exceeded"),
        (all.clone(), 0, "the project has no room for archives"),
        (all, room / 2, "the server has no room for archives"),
    ];
    for (settings, of_others, reason) in cases {
        let world = World::in_memory(settings);
        world.archives.room.add("2", of_others);
        world.begins(ID);
        for _ in 0..100 {
            world.happens(1, signal(&json!("x".repeat(1000)).to_string()));
        }
        let mut asked = world.archives.asked.lock().take().unwrap();
        let ask = asked.try_recv().expect("the room is asked");
        assert_eq!((ask.session.as_str(), ask.id.as_str(), ask.reason), ("s", ID, reason));
        assert!(asked.try_recv().is_err(), "once");
        world.happens(2, Event::ArchiveStopped { id: ID.to_owned(), reason: ask.reason.to_owned() });
        let lines = world.lines(ID);
        assert!(lines.len() > 6, "{}", lines.len());
        assert_eq!(lines.last().unwrap(), &json!({"at": 2, "kind": "end", "reason": reason}));
        assert!(world.record(ID).size <= room + otc_protocol::limits::ARCHIVE_END_BYTES);
        assert_eq!(world.record(ID).reason, reason);
    }
}

#[test]
fn a_server_without_room_begins_no_archive() {
    let world = World::in_memory(Settings { per_project: 1, ..Settings::default() });
    world.begins(ID);
    let refusal = world.archives.reserve(&session(), Wishes::default(), BEGIN).err().unwrap();
    assert!(refusal.status == 409 && refusal.reason.contains("delete some"), "{refusal:?}");
    let world = World::in_memory(Settings { bytes: Some(1), ..Settings::default() });
    world.archives.room.add("2", 1);
    let refusal = world.archives.reserve(&session(), Wishes::default(), BEGIN).err().unwrap();
    assert!(refusal.status == 409 && refusal.reason.contains("The server has no room"), "{refusal:?}");
}

/// One project cannot have so much that others have nothing.
#[test]
fn a_project_leaves_room_to_others() {
    let world = World::in_memory(Settings { bytes: Some(4_000), ..Settings::default() });
    world.archives.room.add("1", 3_000);
    let refusal = world.archives.reserve(&session(), Wishes::default(), BEGIN).err().unwrap();
    assert!(refusal.status == 409 && refusal.reason.contains("The project has no room"), "{refusal:?}");
    let other = SessionAddress { project: "2".to_owned(), session: "other".to_owned() };
    assert!(world.archives.reserve(&other, Wishes::default(), BEGIN).is_ok());
    world.archives.room.give_back("1", 1);
    assert!(world.archives.reserve(&session(), Wishes::default(), BEGIN).is_ok());
}

#[test]
fn a_place_that_is_given_up_is_free_again() {
    let world = World::in_memory(Settings { per_project: 1, ..Settings::default() });
    world.archives.reserve(&session(), Wishes::default(), BEGIN).unwrap().give_up();
    assert!(world.archives.reserve(&session(), Wishes::default(), BEGIN).is_ok());
}

#[test]
fn a_line_that_is_too_long_is_a_gap() {
    let world = World::in_memory(Settings::default());
    world.begins(ID);
    world.happens(1, signal(&json!("x".repeat(300_000)).to_string()));
    world.happens(2, stopped(ID));
    assert_eq!(world.lines(ID)[3], json!({"at": 1, "kind": "gap", "events": 1}));
}
