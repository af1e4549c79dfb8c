//! Getting in (`wire.md §2.1`, `§3.1`, `§5.1`).

use super::Client;
use super::client::{Did, KEY, S, SESSION, SYMPHONY, Sent, TOKEN, config, info, member, parameter};
use crate::session::{Event, Input, Secret, Status};
use otc_protocol::permissions::Permission;
use otc_protocol::uuid;
use serde_json::json;

fn ids(events: &[Event]) -> Vec<String> {
    let words = events.iter().map(|event| match event {
        Event::Connected => "connected".to_owned(),
        Event::ConnectionCreated(who) => format!("+{}", who.id),
        Event::ConnectionDropped(who) => format!("-{}", who.id),
        Event::StreamReceived(what) => format!("stream {}", what.id),
        Event::StreamDropped(what) => format!("no stream {}", what.id),
        Event::ArchiveStarted { id, name } => format!("archive {id} {name}"),
        Event::ArchiveStopped { id } => format!("no archive {id}"),
        Event::MuteForced { active } => format!("mute {active}"),
        Event::Signal(signal) => {
            format!("signal {:?}", signal.from.as_ref().map(|from| (from.id.clone(), from.data.clone())))
        }
        other => format!("{other:?}"),
    });
    words.collect()
}

#[test]
fn a_malformed_entry_of_the_list_is_left_out_with_a_warning() {
    let mut client = Client::new();
    client.connect().expect("idle");
    client.reach_socket();
    let list = json!({"connection": [{}, member("ada"), {"id": 7}], "stream": [7], "archive": []});
    client.take();
    client.answer_join(&list);
    client.hear_own_created();
    let news = client.take();
    let warned: Vec<&String> =
        news.iter().filter_map(|did| if let Did::Warned(text) = did { Some(text) } else { None }).collect();
    assert!(matches!(&warned[..], [text] if text.contains("3 malformed entries")), "{news:?}");
    let told: Vec<&Did> = news.iter().filter(|did| matches!(did, Did::Told(_))).collect();
    let [Did::Told(Event::Connected), Did::Told(Event::ConnectionCreated(who))] = told.as_slice() else {
        panic!("{told:?}")
    };
    assert_eq!(who.id, "ada");
}

#[test]
fn the_time_of_a_request_for_session_info_begins_with_its_turn() {
    let mut client = Client::new();
    client.has_turns = false;
    client.connect().expect("idle");
    client.pass_ms(60_000);
    assert_eq!(client.events(), [], "it waits behind others of this process");
    client.handle(Input::Dialing { attempt: client.attempt });
    client.pass_ms(14_999);
    assert_eq!(client.events(), []);
    client.pass_ms(1);
    assert_eq!(client.errors().iter().map(|code| code.code()).collect::<Vec<_>>(), [1020]);
}

#[test]
fn every_step_of_the_way_in() {
    let mut client = Client::new();
    client.connect().expect("idle");
    assert_eq!(client.engine.status(), Status::Connecting);
    let me = client.me.clone();
    assert!(uuid::parse(&me).is_some());
    let asked = client.take();
    let url = format!("http://api.example/session/{SESSION}?extended=true");
    assert_eq!(asked, [Did::Asked { attempt: 1, url, token: TOKEN.into(), connection: me.clone() }]);

    client.answer_info(200, info().to_string().as_bytes());
    let dialed = client.take();
    let [Did::Dialed { url, .. }] = dialed.as_slice() else { panic!("{dialed:?}") };
    assert!(url.starts_with("ws://msg.example/rumorwebsocketsv2?socketId="), "{url}");
    assert!(uuid::parse(parameter(url, "socketId").expect("there")).is_some());
    assert!(uuid::parse(parameter(url, "attempt").expect("there")).is_some());
    assert_eq!(parameter(url, "reconnect"), None);
    assert!(!url.contains(TOKEN));

    client.open();
    let frames = client.frames();
    let [connect, subscribe, create] = frames.as_slice() else { panic!("{frames:?}") };
    assert_eq!(*connect, Sent::Connect { connection: me.clone(), notify: SYMPHONY.into() });
    assert_eq!(*subscribe, Sent::Subscribe(vec![S.into()]));
    let Sent::Request { from, to, token, message, .. } = create else { panic!("{create:?}") };
    assert_eq!((from, to.as_slice(), token.as_deref()), (&me, &[SYMPHONY.to_owned()][..], Some(TOKEN)));
    assert_eq!(message["method"], "create");
    assert_eq!(message["uri"], format!("{S}/connection/{me}"));
    assert_eq!(message["content"]["userAgent"], "test");
    assert!(message["content"]["clientVersion"].as_str().is_some_and(|version| version.starts_with("otc-")));
    assert_eq!(message["content"].get("connectionEventsSuppressed"), None);

    client.answer_join(&json!({"connection": [], "stream": [], "archive": []}));
    assert_eq!(client.events(), [], "one's own created is still to come");
    assert_eq!(client.engine.status(), Status::Connecting);
    client.hear_own_created();
    let news = client.take();
    let ack = Sent::Ack { transaction: "own-created".into(), to: vec![me.clone()], from: me.clone() };
    assert_eq!(news, [Did::Sent(ack), Did::Told(Event::Connected)]);
    assert_eq!(client.engine.status(), Status::Connected);
    assert_eq!(client.engine.connection().map(|own| own.id.clone()), Some(me));
    let permissions = client.engine.permissions();
    assert!(permissions.allows(Permission::Publish) && !permissions.allows(Permission::ForceMute));
}

#[test]
fn own_created_may_come_before_the_answer() {
    let mut client = Client::new();
    client.connect().expect("idle");
    client.reach_socket();
    client.take();
    client.hear_own_created();
    assert_eq!(client.events(), []);
    client.answer_join(&json!({"connection": [member("a")], "stream": [], "archive": []}));
    assert_eq!(ids(&client.events()), ["connected", "+a"]);
}

#[test]
fn who_and_what_is_there_is_told_after_on_connected() {
    let mut client = Client::new();
    client.connect().expect("idle");
    client.reach_socket();
    client.take();
    let own = member(&client.me);
    client.answer_join(&json!({
        "connection": [own, member("a"), member("symphony.x"), member("b")],
        "stream": [
            {"id": "s1", "name": "cam", "connection": member("a"), "channel": []},
            {"id": "mine", "connection": {"id": client.me}, "channel": []},
        ],
        "archive": [{"id": "r1", "name": "rec", "status": "started"}, {"id": "r2", "status": "stopped"}],
        "mute": {"active": true},
    }));
    assert_eq!(client.events(), []);
    client.hear_own_created();
    assert_eq!(ids(&client.events()), ["connected", "+a", "+b", "stream s1", "archive r1 rec", "mute true"]);
    for id in ["z", "y", "c", "x"] {
        client.hear_created(id, id);
    }
    let others: Vec<_> = client.engine.others().iter().map(|who| who.id.clone()).collect();
    assert_eq!(others, ["a", "b", "z", "y", "c", "x"], "as they were told of");
}

#[test]
fn what_happens_while_joining_comes_after_who_was_there_before() {
    let mut client = Client::new();
    client.connect().expect("idle");
    client.reach_socket();
    client.take();
    client.hear_signal("t1", "old", &json!({"data": "from one who is in the list"}));
    client.hear_created("t2", "new");
    client.hear_signal("t3", "new", &json!({"data": "from a newcomer"}));
    client.message(
        "t4",
        "gone",
        &json!({"method": "deleted", "uri": format!("{S}/connection/gone"), "reason": "clientDisconnected"}),
    );
    client.message(
        "t5",
        "",
        &json!({"method": "deleted", "uri": format!("{S}/stream/gone-stream"), "reason": "x", "content": {}}),
    );
    client.message(
        "t6",
        "",
        &json!({"method": "updated", "uri": format!("{S}/archive/over"), "content": {"status": "stopped"}}),
    );
    client.answer_join(&json!({
        "connection": [member("old"), member("gone"), member("new")],
        "stream": [{"id": "gone-stream", "connection": member("old")}],
        "archive": [{"id": "over", "name": "n", "status": "started"}],
    }));
    client.hear_own_created();
    let signal = |id: &str| format!("signal {:?}", Some((id, format!("data of {id}"))));
    assert_eq!(ids(&client.events()), ["connected", "+old", &signal("old"), "+new", &signal("new")]);
}

#[test]
fn the_host_of_one_connect_is_asked_again_by_its_retries_only() {
    let mut client = Client::new();
    let elsewhere = || Input::Connect { token: Secret(TOKEN.into()), api_url: Some("https://h:1/p".into()) };
    client.try_handle(elsewhere()).expect("idle");
    client.answer_info(503, b"");
    client.pass_ms(600);
    let urls: Vec<String> = client
        .take()
        .into_iter()
        .filter_map(|did| if let Did::Asked { url, .. } = did { Some(url) } else { None })
        .collect();
    let there = format!("https://h:1/p/session/{SESSION}?extended=true");
    assert_eq!(urls, [there.clone(), there]);
    client.disconnect().expect("connecting");
    client.take();
    client.connect().expect("idle");
    let asked = client.take();
    assert!(
        matches!(&asked[..], [Did::Asked { url, .. }] if url.starts_with("http://api.example/")),
        "{asked:?}"
    );
}

#[test]
fn a_session_id_that_does_not_fit_into_a_url_is_escaped() {
    for (id, escaped) in
        [("a b/c?d#e%f", "a%20b%2Fc%3Fd%23e%25f"), ("ä", "%C3%A4"), ("1_a-b~c.d", "1_a-b~c.d")]
    {
        let mut client = Client::with(crate::session::Config { session_id: id.into(), ..config() }, 1);
        client.connect().expect("idle");
        let asked = client.take();
        let [Did::Asked { url, .. }] = asked.as_slice() else { panic!("{asked:?}") };
        assert_eq!(*url, format!("http://api.example/session/{escaped}?extended=true"));
    }
}

#[test]
fn connection_events_can_be_suppressed() {
    let mut client =
        Client::with(crate::session::Config { connection_events_suppressed: true, ..config() }, 1);
    client.connect().expect("idle");
    client.reach_socket();
    let (_, create) = client.requests().pop().expect("asked to join");
    assert_eq!(create["content"]["connectionEventsSuppressed"], true);
    client.take();
    client.hear_own_created();
    client.answer_join(&json!({"connection": [member("a")], "stream": [], "archive": []}));
    client.hear_created("t1", "b");
    client.message(
        "t2",
        "b",
        &json!({"method": "deleted", "uri": format!("{S}/connection/b"), "reason": "clientDisconnected"}),
    );
    // A sender of whom the server has not told describes itself (wire.md §5.5).
    client.hear_signal("t3", "c", &json!({"data": "x", "fromConnection": member("c")}));
    client.hear_signal("t4", "d", &json!({"data": "x", "connection": member("d")}));
    client.hear_signal("t5", "e", &json!({"data": "x"}));
    let signal = |id: &str, data: &str| format!("signal {:?}", Some((id, data)));
    assert_eq!(
        ids(&client.events()),
        ["connected", &signal("c", "data of c"), &signal("d", "data of d"), &signal("e", "")]
    );
}

#[test]
fn a_second_connect_is_refused_in_every_phase() {
    let refused = |client: &mut Client| client.connect().expect_err("busy").code.code();
    let mut client = Client::new();
    client.connect().expect("idle");
    assert_eq!(refused(&mut client), 1015, "asking");
    client.answer_info(200, info().to_string().as_bytes());
    assert_eq!(refused(&mut client), 1015, "dialing");
    client.open();
    assert_eq!(refused(&mut client), 1015, "joining");
    client.answer_join(&json!({"connection": [], "stream": [], "archive": []}));
    client.hear_own_created();
    assert_eq!(refused(&mut client), 1015, "joined");
    client.close(None);
    assert_eq!(refused(&mut client), 1015, "coming back");
    client.open();
    client.disconnect().expect("joined");
    assert_eq!(refused(&mut client), 1015, "leaving");
    client.close(None);
    client.connect().expect("left");
}

#[test]
fn the_same_session_object_joins_again_with_new_ids() {
    let mut client = Client::joined();
    let first = client.me.clone();
    client.disconnect().expect("joined");
    client.close(None);
    client.join();
    assert_ne!(client.me, first);
    assert_eq!(
        client.requests().last().map(|(_, message)| message["uri"].clone()),
        Some(json!(format!("{S}/connection/{}", client.me)))
    );
    client.signal("x");
    assert_eq!(client.signals_sent().len(), 1);
}

#[test]
fn a_socket_that_is_cut_while_joining_is_resumed() {
    let mut client = Client::new();
    client.connect().expect("idle");
    client.reach_socket();
    let create = client.create_transaction();
    let first = client.dials().pop().expect("dialed");
    client.close(Some(1006));
    let second = client.dials().pop().expect("dialed again");
    assert_eq!(parameter(&second, "socketId"), parameter(&first, "socketId"));
    assert_eq!(parameter(&second, "reconnect"), Some("true"));
    assert_ne!(parameter(&second, "attempt"), parameter(&first, "attempt"));
    client.open();
    let frames = client.frames();
    let [Sent::Request { transaction, token, .. }] = frames.as_slice() else { panic!("{frames:?}") };
    assert_eq!((transaction, token.as_deref()), (&create, Some(TOKEN)), "the same request, and nothing else");
    client.status(&create, 200, &json!({"connection": [], "stream": [], "archive": []}));
    client.close(Some(1006));
    client.open();
    assert_eq!(client.frames(), [], "what is answered is not repeated");
    client.hear_own_created();
    assert_eq!(client.events(), [Event::Connected]);
    assert_eq!(client.engine.config().api_key, KEY);
}

#[test]
fn without_the_servers_leave_to_resume_the_address_is_used_as_it_is() {
    let mut client = Client::new();
    client.connect().expect("idle");
    let mut info = info();
    info[0]["properties"] = json!({});
    client.take();
    client.answer_info(200, info.to_string().as_bytes());
    assert_eq!(client.dials(), ["ws://msg.example/rumorwebsocketsv2"], "wire.md §3.1");
}

#[test]
fn an_address_that_has_a_query_keeps_it() {
    let mut client = Client::new();
    client.connect().expect("idle");
    let mut info = info();
    info[0]["messaging_url"] = json!("wss://h:443/x?a=b");
    client.take();
    client.answer_info(200, info.to_string().as_bytes());
    let url = client.dials().pop().expect("dialed");
    assert!(url.starts_with("wss://h:443/x?a=b&socketId="), "{url}");
}
