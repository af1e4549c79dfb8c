//! `on_archive_started` and `on_archive_stopped`, at the real server: for those who are there, those who come later, and
//! those who were away meanwhile.

mod common;

use common::peer::Peer;
use common::program::Heard;
use common::proxy::Proxy;
use common::world::World;
use otc_protocol::raptor::{Archive, Body, SignalContent};
use otc_server::sessions::Refusal;

fn start(world: &World, id: &str, name: &str) -> Result<(), Refusal> {
    let app = world.server.app();
    let archive = Archive { id: id.into(), name: name.into(), ..Archive::default() };
    app.registry.start_archive(app.time(), &world.session_id, archive)
}

fn stop(world: &World, id: &str) -> Result<(), Refusal> {
    let app = world.server.app();
    app.registry.stop_archive(app.time(), &world.session_id, id, "asked")
}

fn started(id: &str, name: &str) -> Heard {
    Heard::ArchiveStarted { id: id.into(), name: name.into() }
}

fn stopped(id: &str) -> Heard {
    Heard::ArchiveStopped { id: id.into() }
}

#[test]
fn an_archive_needs_somebody_and_is_told_to_all_and_to_later_comers() {
    let world = World::new();
    assert_eq!(start(&world, "r", "early").map_err(|refusal| refusal.status), Err(404));
    let (ada, _) = world.member("ada");
    let (bob, bob_id) = world.member("bob");
    ada.wait_for(&Heard::Came { id: bob_id, data: "bob".into() });
    assert_eq!(start(&world, "r1", "Grüße"), Ok(()));
    assert_eq!(start(&world, "r2", ""), Ok(()));
    for program in [&ada, &bob] {
        program.wait_for(&started("r1", "Grüße"));
        assert_eq!(program.next(), started("r2", ""));
    }
    assert_eq!(stop(&world, "r2"), Ok(()));
    for program in [&ada, &bob] {
        assert_eq!(program.next(), stopped("r2"));
    }
    let (late, _) = world.member("late");
    late.wait_for(&started("r1", "Grüße"));
    assert_eq!(stop(&world, "r1"), Ok(()));
    assert_eq!(late.next(), stopped("r1"), "and nothing of the one that had ended");
    bob.wait_for(&stopped("r1"));
    let (later, later_id) = world.member("later");
    late.wait_for(&Heard::Came { id: later_id, data: "later".into() });
    late.assert_quiet();
    later.wait_for(&Heard::signal("fence", "", late.id().as_deref()));
    later.assert_quiet();
}

#[test]
fn who_was_away_hears_of_it_on_its_return_and_once() {
    let world = World::new();
    let proxy = Proxy::start(world.server.addr(), 3, 1); // The next byte is cut off.
    let (ada, ada_id) = world.member_at(&proxy.url(), "ada");
    let mut peer = Peer::join(&world, &world.token("peer"));
    ada.wait_for(&Heard::Came { id: peer.id.clone(), data: "peer".into() });
    proxy.cut(true);
    let app = world.server.app();
    let signalled = app.registry.signal(app.time(), &world.session_id, None, SignalContent::default());
    assert_eq!(signalled, Ok(()));
    ada.wait_for(&Heard::Reconnecting);
    assert_eq!(
        (start(&world, "r1", "n"), start(&world, "r2", "n"), stop(&world, "r1")),
        (Ok(()), Ok(()), Ok(()))
    );
    proxy.cut(false);
    let heard: Vec<Heard> = std::iter::repeat_with(|| ada.next())
        .filter(|heard| matches!(heard, Heard::ArchiveStarted { .. } | Heard::ArchiveStopped { .. }))
        .take(3)
        .collect();
    assert_eq!(heard, [started("r1", "n"), started("r2", "n"), stopped("r1")]);
    ada.disconnect();
    ada.wait_for(&Heard::Disconnected);
    while !matches!(peer.told(), Body::ConnectionDeleted { id, .. } if id == ada_id) {}
    // A new connection knows nothing of what the one before has heard.
    ada.connect(&world.token("ada"));
    ada.wait_for_connected();
    ada.wait_for(&started("r2", "n"));
}
