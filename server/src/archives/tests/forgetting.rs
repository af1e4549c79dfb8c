//! What is removed is removed once, whoever does it and whenever they leave.

use super::*;

/// So many archives that have ended, by their ids.
fn ended(world: &World, many: u32) -> Vec<String> {
    let ids: Vec<String> = (0..many).map(|number| format!("{number:02}{}", &ID[2..])).collect();
    for id in &ids {
        world.begins(id);
        world.happens(1, stopped(id));
    }
    world.statuses();
    ids
}

/// A pass may take longer than the next one is away.
#[test]
fn passes_that_overlap_give_everything_back_once() {
    let place = Place::new();
    let world = place.open(Settings::default());
    ended(&world, 20);
    let days = |days: u64| BEGIN + days * 24 * 3_600_000;
    for (days, status) in [(days(4), "expired"), (days(40), "deleted")] {
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| world.archives.forget(days).unwrap());
            }
        });
        assert_eq!(world.statuses(), vec![status; 20]);
        assert_eq!(world.archives.room.used(), 0);
    }
    assert_eq!(world.archives.desk.lock().counts("1").all(), 0);
    assert!(world.archives.reserve(&session(), Wishes::default(), BEGIN).is_ok());
}

/// A call deletes an archive while it expires.
#[tokio::test(flavor = "multi_thread")]
async fn an_archive_that_is_deleted_while_it_expires_gives_its_bytes_back_once() {
    let world = World::in_memory(Settings::default());
    let world = tokio::task::block_in_place(|| {
        ended(&world, 20);
        world
    });
    let archives = Arc::clone(&world.archives);
    let pass = tokio::task::spawn_blocking(move || archives.forget(BEGIN + 4 * 24 * 3_600_000));
    for number in (0..20).rev() {
        assert_eq!(world.archives.delete(format!("{number:02}{}", &ID[2..])).await, Ok(true));
    }
    pass.await.unwrap().unwrap();
    assert_eq!((world.archives.room.used(), world.archives.desk.lock().counts("1").all()), (0, 0));
    assert_eq!(world.statuses().iter().filter(|status| *status == "deleted").count(), 20);
    tokio::task::block_in_place(|| drop(world));
}

/// A client of the REST API has a timeout of its own.
#[tokio::test(flavor = "multi_thread")]
async fn an_archive_is_deleted_to_its_end_when_the_caller_hangs_up() {
    let place = Place::new();
    let world = tokio::task::block_in_place(|| {
        let world = place.open(Settings { per_project: 1, ..Settings::default() });
        world.begins(ID);
        world.happens(1, stopped(ID));
        world
    });
    world.statuses();
    let mut delete = Box::pin(world.archives.delete(ID.to_owned()));
    std::future::poll_fn(|context| {
        let _ = delete.as_mut().poll(context);
        std::task::Poll::Ready(())
    })
    .await;
    drop(delete);
    let start = std::time::Instant::now();
    while world.told.lock().is_empty() {
        assert!(start.elapsed() < Duration::from_secs(30), "the rest is not done");
        tokio::task::yield_now().await;
    }
    assert_eq!(world.statuses(), ["deleted"]);
    assert!(!place.file(ID).exists());
    assert_eq!(world.archives.room.used(), 0);
    assert!(world.archives.reserve(&session(), Wishes::default(), BEGIN).is_ok());
    tokio::task::block_in_place(|| drop(world));
}

/// A project that makes many short archives has not too many of them for a month.
#[test]
fn archives_without_a_file_make_way_for_new_ones() {
    let world = World::in_memory(Settings { per_project: 3, ..Settings::default() });
    let ids = ended(&world, 2);
    world.archives.forget(BEGIN + 4 * 24 * 3_600_000).unwrap();
    assert_eq!(world.statuses(), ["expired", "expired"]);
    let begin = |number: u32, expected: &[&str]| {
        let pending = world.archives.reserve(&session(), Wishes::default(), BEGIN).unwrap();
        let id = pending.archive.id.clone();
        world.happens(10 + u64::from(number), started(&id));
        world.happens(10 + u64::from(number), stopped(&id));
        assert_eq!(world.statuses(), expected);
    };
    begin(0, &["started", "stopped", "available"]);
    begin(1, &["deleted", "started", "stopped", "available"]);
    assert_eq!(world.archives.get("1", &ids[0]), Ok(None), "the oldest one");
    assert_eq!(world.record(&ids[1]).status, Status::Expired);
    begin(2, &["deleted", "started", "stopped", "available"]);
    assert_eq!(world.archives.list("1", None, 0, 9).unwrap().0, 3);
    let refusal = world.archives.reserve(&session(), Wishes::default(), BEGIN).err().unwrap();
    assert!(refusal.status == 409 && refusal.reason.contains("delete some"), "{refusal:?}");
}
