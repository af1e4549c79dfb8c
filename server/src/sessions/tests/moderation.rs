//! Muting and ending streams of others (`wire.md §7.2`, `§7.6`).

use super::world::{Client, SESSION, World};
use serde_json::{Value, json};

type Told = (String, String, String, Value);

fn told(method: &str, path: &str, content: Value) -> Told {
    ("m".into(), method.into(), path.into(), content)
}

/// Two publishers with the streams `s1` and `s2`, and a moderator.
fn scene(world: &World) -> (Client, Client, Client) {
    let mut clients =
        (world.join("a", "publisher|"), world.join("b", "publisher|"), world.join("m", "moderator|"));
    clients.0.call(world, "create", "/stream/s1", json!({}));
    clients.1.call(world, "create", "/stream/s2", json!({}));
    for client in [&mut clients.0, &mut clients.1, &mut clients.2] {
        client.listen(world);
    }
    clients
}

#[test]
fn one_stream_is_muted() {
    let world = World::new();
    let (mut a, mut b, mut moderator) = scene(&world);
    let request = json!({ "reason": "mute", "active": true, "locked": false });
    assert_eq!(moderator.call(&world, "update", "/stream/s1", request.clone()).0, 200);
    let expected = json!({ "reason": "mute", "active": true, "locked": false, "channels": ["audio"] });
    assert_eq!(a.messages(&world), [told("update", "/stream/s1", expected)]);
    assert_eq!((b.messages(&world), moderator.messages(&world)), (vec![], vec![]));
    assert_eq!(moderator.call(&world, "update", "/stream/no", request.clone()).0, 404);
    assert_eq!(b.call(&world, "update", "/stream/s1", request).0, 403);
    assert_eq!(a.messages(&world), []);
}

#[test]
fn everybody_is_muted_but_the_excluded_and_so_are_newcomers() {
    let world = World::new();
    let (mut a, mut b, mut moderator) = scene(&world);
    let request = json!({ "reason": "mute", "active": true, "channels": ["audio"], "exclusion": ["s2"] });
    assert_eq!(a.call(&world, "update", "", request.clone()).0, 403);
    assert_eq!(moderator.call(&world, "update", "", request.clone()).0, 200);
    let all = told("update", "", request);
    let one = json!({ "reason": "mute", "active": true, "channels": ["audio"] });
    assert_eq!(a.messages(&world), [all.clone(), told("update", "/stream/s1", one)]);
    assert_eq!(b.messages(&world), std::slice::from_ref(&all));
    assert_eq!(moderator.messages(&world), [all]);

    let mut late = world.client("l");
    let join = late.join(&world, "publisher|");
    assert_eq!(late.answer(&join).1["mute"], json!({ "active": true }));
    let end = json!({ "reason": "mute", "active": false });
    assert_eq!(moderator.call(&world, "update", "", end.clone()).0, 200);
    a.messages(&world);
    assert_eq!(b.messages(&world).last(), Some(&told("update", "", end)));
    let mut later = world.client("l2");
    let join = later.join(&world, "publisher|");
    assert_eq!(later.answer(&join).1.get("mute"), None);
}

#[test]
fn a_moderator_ends_a_stream_and_others_may_not() {
    let world = World::new();
    let (mut a, mut b, mut moderator) = scene(&world);
    assert_eq!(b.call(&world, "delete", "/stream/s1", json!({})).0, 403);
    assert_eq!(moderator.call(&world, "delete", "/stream/no", json!({})).0, 404);
    assert_eq!(moderator.call(&world, "delete", "/stream/s1", json!({})).0, 200);
    let deleted = ("a".to_owned(), "deleted".to_owned(), "/stream/s1".to_owned(), json!("forceUnpublished"));
    for client in [&mut a, &mut b, &mut moderator] {
        assert_eq!(client.messages(&world), std::slice::from_ref(&deleted));
    }
    assert_eq!(a.call(&world, "delete", "/stream/s1", json!({})).0, 404);
}

#[test]
fn a_mute_carries_only_what_clients_know() {
    let world = World::new();
    let (mut a, mut b, mut moderator) = scene(&world);
    let filler = "x".repeat(10_000);
    let request = json!({
        "reason": "mute", "active": true, "locked": filler, "filler": filler,
        "channels": ["audio", filler, "audio"], "exclusion": ["s2", filler, "s2"],
    });
    assert_eq!(moderator.call(&world, "update", "", request.clone()).0, 200);
    let all = json!({ "reason": "mute", "active": true, "channels": ["audio"], "exclusion": ["s2"] });
    assert_eq!(b.messages(&world), [told("update", "", all)]);
    a.listen(&world);
    assert_eq!(moderator.call(&world, "update", "/stream/s1", request).0, 200);
    let one = json!({ "reason": "mute", "active": true, "channels": ["audio"] });
    assert_eq!(a.messages(&world), [told("update", "/stream/s1", one)]);
}

#[test]
fn only_moderators_end_the_muting_and_unknown_streams_are_told_to_them_alone() {
    let world = World::new();
    let (mut a, mut b, mut moderator) = scene(&world);
    let active = |active: bool| json!({ "reason": "mute", "active": active, "channels": ["audio"] });
    assert_eq!(moderator.call(&world, "update", "", active(true)).0, 200);
    b.listen(&world);
    let (status, data) = a.call(&world, "update", "", active(false));
    assert_eq!((status, data["reason"].as_str().expect("a reason").contains("forcemute")), (403, true));
    assert_eq!(a.call(&world, "update", "/stream/no", active(true)).0, 403, "and not 404");
    assert_eq!(b.messages(&world), []);
    let mut late = world.client("l");
    let join = late.join(&world, "publisher|");
    assert_eq!(late.answer(&join).1["mute"], json!({ "active": true }), "it goes on");
}

#[test]
fn who_is_away_while_everybody_is_muted_hears_of_it_later() {
    let world = World::new();
    let (mut a, _b, mut moderator) = scene(&world);
    a.cut(&world);
    let request = json!({ "reason": "mute", "active": true, "channels": ["audio"], "locked": false });
    assert_eq!(moderator.call(&world, "update", "", request.clone()).0, 200);
    a.open(&world, true);
    assert_eq!(
        a.messages(&world),
        [told("update", "", request.clone()), told("update", "/stream/s1", request)]
    );
}

#[test]
fn a_stream_that_is_published_while_everybody_is_muted_can_be_muted_by_itself_and_ended() {
    let world = World::new();
    let (mut a, _b, mut moderator) = scene(&world);
    assert_eq!(moderator.call(&world, "update", "", json!({ "reason": "mute", "active": true })).0, 200);
    a.listen(&world);
    assert_eq!(
        a.call(&world, "create", "/stream/s3", json!({})).0,
        200,
        "muting keeps nobody from publishing"
    );
    a.listen(&world);
    let one = json!({ "reason": "mute", "active": true, "channels": ["audio"] });
    assert_eq!(moderator.call(&world, "update", "/stream/s3", one.clone()).0, 200);
    assert_eq!(a.messages(&world), [told("update", "/stream/s3", one.clone())]);
    assert_eq!(a.call(&world, "delete", "/stream/s3", json!({})).0, 200);
    assert_eq!(moderator.call(&world, "update", "/stream/s3", one).0, 404);
}

/// `rest.md §1.4`: what each role may do, whatever its client says of itself.
#[test]
fn each_role_may_do_what_the_table_says_and_nothing_else() {
    let mute = |active: bool| json!({ "reason": "mute", "active": active, "channels": ["audio"] });
    let audio = json!([{ "id": "audio1", "type": "audio", "active": true }]);
    // Each request with its answer to a subscriber, a publisheronly, a publisher and a moderator.
    let table: [(&str, &str, Value, [u16; 4]); 20] = [
        ("signal", "/signal/x", json!({ "data": "x" }), [403, 403, 200, 200]),
        ("signal", "/connection/a/signal/x", json!({ "data": "x" }), [403, 403, 200, 200]),
        ("signal", "/connection/nobody/signal/x", json!({}), [403, 403, 404, 404]),
        ("create", "/stream/own", json!({ "channel": audio }), [403, 200, 200, 200]),
        ("update", "/stream/own", json!({ "name": "new" }), [404, 200, 200, 200]),
        ("update", "/stream/own/channel/audio1", json!({ "active": false }), [404, 200, 200, 200]),
        ("delete", "/stream/own", json!({}), [404, 200, 200, 200]),
        ("create", "/stream/s/subscriber/p", json!({}), [200, 403, 200, 200]),
        ("candidate", "/stream/s/subscriber/other", json!({}), [403, 403, 403, 403]),
        ("delete", "/stream/s/subscriber/other", json!({}), [403, 403, 403, 403]),
        ("update", "/stream/s", json!({ "name": "not mine" }), [403, 403, 403, 403]),
        ("update", "/stream/s/channel/audio1", json!({ "active": false }), [403, 403, 403, 403]),
        ("update", "/stream/s", mute(true), [403, 403, 403, 200]),
        ("update", "/stream/no", mute(true), [403, 403, 403, 404]),
        ("update", "", mute(true), [403, 403, 403, 200]),
        ("update", "", mute(false), [403, 403, 403, 200]),
        ("delete", "/stream/s", json!({}), [403, 403, 403, 200]),
        ("delete", "/stream/no", json!({}), [404, 404, 404, 404]),
        ("delete", "/connection/nobody", json!({}), [403, 403, 403, 404]),
        ("delete", "/connection/a", json!({}), [403, 403, 403, 200]),
    ];
    for (place, role) in ["subscriber", "publisheronly", "publisher", "moderator"].into_iter().enumerate() {
        let world = World::new();
        let mut a = world.join("a", "publisher|");
        a.call(&world, "create", "/stream/s", json!({ "name": "of a", "channel": audio }));
        a.call(&world, "create", "/stream/s/subscriber/other", json!({}));
        let mut liar = world.client("liar");
        let claims = json!({
            "permissions": ["publish", "subscribe", "signal", "forceunpublish", "forcedisconnect", "forcemute"],
            "capabilities": ["forceMute"], "role": "moderator",
        });
        let message = liar.message("create", "/connection/liar", claims);
        let join = liar.join_with(&world, &format!("{role}|role=moderator"), &message);
        assert_eq!(liar.answer(&join).0, 200);
        liar.listen(&world);
        a.listen(&world);
        for (method, path, content, answers) in &table {
            let (status, data) = liar.call(&world, method, path, content.clone());
            assert_eq!(status, answers[place], "{role}: {method} {path} {data}");
            if status == 403 {
                assert!(!data["reason"].as_str().expect("a reason").is_empty(), "{role}: {method} {path}");
            }
            liar.listen(&world);
            let may_be_heard = status == 200;
            assert!(may_be_heard || a.messages(&world).is_empty(), "{role}: {method} {path}");
            a.listen(&world);
        }
        let (connections, streams) = if role == "moderator" { (1, 0) } else { (2, 1) };
        assert_eq!(world.registry.connections(SESSION).map(|all| all.len()), Ok(connections), "{role}");
        assert_eq!(world.registry.streams(SESSION).map(|all| all.len()), Ok(streams), "{role}");
    }
}

/// A mute with exclusions, and who comes, publishes and returns while it lasts.
#[test]
fn a_mute_by_the_applications_server_lasts_until_it_is_ended_or_all_have_left() {
    let mut world = World::new();
    let (mut a, mut b, moderator) = scene(&world);
    let server = |method: &str, path: &str, content: Value| -> Told {
        (String::new(), method.into(), path.into(), content)
    };
    let excluded = vec!["s2".to_owned(), "unknown".to_owned()];
    assert_eq!(world.registry.mute_session(world.time(), SESSION, true, excluded), Ok(()));
    let all = json!({
        "reason": "mute", "active": true, "channels": ["audio"], "exclusion": ["s2"], "locked": false,
    });
    let one = json!({ "reason": "mute", "active": true, "channels": ["audio"], "locked": false });
    assert_eq!(
        a.messages(&world),
        [server("update", "", all.clone()), server("update", "/stream/s1", one.clone())]
    );
    assert_eq!(b.messages(&world), [server("update", "", all)]);
    world.restart();
    a.cut(&world);
    a.open(&world, true);
    let mut late = world.client("l");
    let join = late.join(&world, "publisher|");
    assert_eq!(late.answer(&join).1["mute"], json!({ "active": true }), "the next server knows it");
    assert_eq!(a.call(&world, "read", "", json!({})).1["content"]["mute"], json!({ "active": true }));

    assert_eq!(world.registry.mute_stream(world.time(), SESSION, "s1"), Ok(()));
    assert_eq!(a.messages(&world).last(), Some(&server("update", "/stream/s1", one)));
    for client in [&mut a, &mut late] {
        client.send(&world, otc_protocol::envelope::leave());
    }
    for mut client in [b, moderator] {
        client.cut(&world);
        client.open(&world, true);
        client.send(&world, otc_protocol::envelope::leave());
    }
    let mut first = world.client("f");
    let join = first.join(&world, "publisher|");
    assert_eq!(first.answer(&join).1.get("mute"), None, "a new meeting begins unmuted");
}
