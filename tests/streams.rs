//! Streams as C sees them: what a publisher changes, every callback tells once.
#![allow(
    unsafe_code,
    clippy::undocumented_unsafe_blocks,
    reason = "the C API is called as C calls it: with what the test holds"
)]

mod common;

use common::peer::Peer;
use common::program::{Change, Heard};
use common::world::World;
use serde_json::{Value, json};

fn update(peer: &mut Peer, channel: &str, content: &Value) {
    let path = format!("/stream/cam/channel/{channel}");
    assert_eq!(peer.ask_json("update", &path, content).0, 200, "{channel}: {content}");
}

#[test]
fn every_change_of_a_stream_is_told_once() {
    let world = World::new();
    let (ada, _) = world.member("ada");
    let mut peer = Peer::join(&world, &world.token("peer"));
    assert_eq!(ada.next(), Heard::Came { id: peer.id.clone(), data: "peer".into() });
    let stream = json!({"id": "cam", "name": "cam", "channel": [
        {"id": "video1", "type": "video", "active": true, "width": 640, "height": 480, "source": "camera"},
        {"id": "audio1", "type": "audio", "active": true},
        {"id": "caption1", "type": "data", "active": false},
    ]});
    assert_eq!(peer.ask_json("create", "/stream/cam", &stream).0, 200);
    assert_eq!(ada.next(), Heard::StreamReceived { id: "cam".into() });

    let changes = [
        ("audio1", json!({"active": false}), Change::Audio(false)),
        ("video1", json!({"active": false}), Change::Video(false)),
        ("caption1", json!({"active": true}), Change::Captions(true)),
        ("video1", json!({"width": 1280, "height": 720}), Change::Dimensions(1280, 720)),
        ("video1", json!({"height": 721}), Change::Dimensions(1280, 721)),
        ("video1", json!({"source": "screen"}), Change::VideoType(2)),
        ("video1", json!({"source": "custom"}), Change::VideoType(3)),
        ("video1", json!({"source": "camera"}), Change::VideoType(1)),
        ("audio1", json!({"active": true}), Change::Audio(true)),
        ("video1", json!({"active": true}), Change::Video(true)),
        ("caption1", json!({"active": false}), Change::Captions(false)),
    ];
    for (channel, content, change) in &changes {
        update(&mut peer, channel, content);
        assert_eq!(ada.next(), Heard::changed("cam", *change));
        // The same again is no change.
        update(&mut peer, channel, content);
    }
    // Several at once are several callbacks; what C has no callback for is none.
    update(
        &mut peer,
        "video1",
        &json!({"active": false, "width": 320, "height": 240, "source": "screen", "frameRate": 5}),
    );
    for change in [Change::Video(false), Change::Dimensions(320, 240), Change::VideoType(2)] {
        assert_eq!(ada.next(), Heard::changed("cam", change));
    }
    update(&mut peer, "video1", &json!({"orientation": 90}));
    update(&mut peer, "video1", &json!({"active": false}));
    ada.assert_quiet();

    // Who comes later sees it as it is.
    let (late, _) = world.member("late");
    for _ in 0..2 {
        assert!(matches!(late.next(), Heard::Came { .. }));
    }
    assert_eq!(late.next(), Heard::StreamReceived { id: "cam".into() });
    late.assert_quiet();
    let late_id = late.id().expect("connected");
    ada.wait_for(&Heard::signal("fence", "", Some(&late_id)));
    let id = peer.id.clone();
    peer.leave();
    for program in [&ada, &late] {
        assert_eq!(program.next(), Heard::StreamDropped { id: "cam".into() });
        assert_eq!(program.next(), Heard::Went { id: id.clone() });
    }
    late.assert_quiet();
}

#[test]
fn nobody_but_the_publisher_changes_a_stream() {
    let world = World::new();
    let (ada, _) = world.member("ada");
    let mut peer = Peer::join(&world, &world.token("peer"));
    let mut other = Peer::join(&world, &world.token("other"));
    let stream = json!({"id": "cam", "channel": [{"id": "audio1", "type": "audio", "active": true}]});
    assert_eq!(peer.ask_json("create", "/stream/cam", &stream).0, 200);
    ada.wait_for(&Heard::StreamReceived { id: "cam".into() });
    let off = json!({"active": false});
    assert_eq!(other.ask_json("update", "/stream/cam/channel/audio1", &off).0, 403);
    assert_eq!(peer.ask_json("update", "/stream/cam/channel/video1", &off).0, 404);
    assert_eq!(other.ask_json("delete", "/stream/cam", &json!({})).0, 403);
    ada.assert_quiet();
}
