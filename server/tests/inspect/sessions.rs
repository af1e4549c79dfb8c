//! What the page is told of sessions.

use crate::browser::{Browser, OTHER, OTHER_SECRET};
use crate::member::Member;
use crate::support::{DEADLINE, KEY, Request, pair, session_of, start, unix_seconds};
use otc_protocol::permissions::Role;
use otc_protocol::session_id::ProjectId;
use otc_server::mint::{self, TokenRequest};
use serde_json::{Value, json};
use std::time::Instant;

fn routed() -> String {
    mint::session(&ProjectId::new(KEY).unwrap(), false).unwrap()
}

fn join(server: &otc_server::Server, session: &str, role: &str, data: &str) -> Member {
    let mut request = TokenRequest::new(session);
    request.role = Role::from_name(role).unwrap();
    data.clone_into(&mut request.data);
    Member::join_with(server.addr(), session, &mint::token(&pair(), &request).unwrap()).unwrap()
}

#[test]
fn live_sessions_are_listed_the_newest_first() {
    let server = start();
    let (browser, other) =
        (Browser::log_in(server.addr()), Browser::log_in_as(server.addr(), OTHER, OTHER_SECRET));
    assert_eq!(browser.get("sessions").json()["sessions"], json!([]));
    let (relayed, routed) = (session_of(KEY), routed());
    let mut ada = Member::join(server.addr(), &relayed);
    let _bob = Member::join(server.addr(), &relayed);
    let eve = Member::join(server.addr(), &routed);
    ada.publish("s1", &json!([{"id": "audio1", "type": "audio", "active": true}]));

    let answer = browser.get("sessions");
    assert_eq!((answer.status, answer.header("cache-control")), (200, "no-store"));
    let mut list = answer.json();
    let now = list["now"].as_u64().unwrap();
    assert!(now / 1000 <= unix_seconds() && now / 1000 + 60 > unix_seconds(), "{now}");
    for session in list["sessions"].as_array_mut().unwrap() {
        let since = session["since"].take().as_u64().unwrap();
        assert!((now - 60_000..=now).contains(&since), "{since}");
    }
    let one = |id: &str, media: &str, connections: u32, streams: u32| {
        json!({"id": id, "media": media, "since": null, "connections": connections, "streams": streams,
            "signals": 0, "archives": 0})
    };
    let (newer, older) = (one(&routed, "routed", 1, 0), one(&relayed, "relayed", 2, 1));
    assert_eq!((&list["sessions"], &list["more"]), (&json!([newer, older]), &json!(false)));

    let after = browser.get(&format!("sessions?after={routed}")).json();
    assert_eq!(after["sessions"][0]["id"], relayed.as_str());
    assert_eq!(browser.get(&format!("sessions?after={relayed}")).json()["sessions"], json!([]));
    assert_eq!(browser.get(&format!("sessions?after={}", session_of(KEY))).error().0, 404);
    assert_eq!(other.get("sessions").json()["sessions"], json!([]), "another project sees nothing");
    assert_eq!(other.get(&format!("sessions?after={routed}")).error().0, 404, "as if it was not there");
    drop(eve);
}

#[test]
fn a_session_shows_who_is_in_it_and_what_is_published() {
    let server = start();
    let browser = Browser::log_in(server.addr());
    let session = routed();
    let state = || browser.get(&format!("sessions/{session}"));
    assert_eq!(state().error().0, 404, "nobody is in it");
    let mut ada = join(&server, &session, "moderator", "name=<b>Ada</b>\n\"&");
    let bob = join(&server, &session, "subscriber", "");
    ada.publish(
        "s1",
        &json!([
            {"id": "audio1", "type": "audio", "active": false},
            {"id": "video1", "type": "video", "active": true, "source": "screen", "width": 640, "height": 480.5,
                "frameRate": 30, "unknown": [1]},
            {"id": "x1", "type": "data"},
        ]),
    );
    let archive = browser.change(
        "POST",
        &format!("v2/project/{KEY}/archive"),
        &json!({"sessionId": session, "name": "n\u{e9}"}).to_string(),
    );
    assert_eq!(archive.status, 200, "{archive:?}");
    let muted =
        browser.change("POST", &format!("v2/project/{KEY}/session/{session}/mute"), r#"{"active":true}"#);
    assert_eq!(muted.status, 200, "{muted:?}");
    for _ in 0..3 {
        let path = format!("v2/project/{KEY}/session/{session}/signal");
        assert_eq!(browser.change("POST", &path, r#"{"type":"chat","data":"hi"}"#).status, 204);
    }

    let answer = state();
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    let mut told = answer.json();
    let now = told["now"].take().as_u64().unwrap();
    let mut times = vec![told["since"].take(), told["streams"][0]["createdAt"].take()];
    for connection in told["connections"].as_array_mut().unwrap() {
        times.push(connection["createdAt"].take());
    }
    assert!(times.iter().all(|time| time.as_u64().is_some_and(|time| time <= now && time + 60_000 > now)));
    let who = |member: &Member, data: &str, role: &str| json!({"id": member.id, "createdAt": null, "data": data, "role": role, "away": false});
    assert_eq!(
        told,
        json!({
            "now": null, "id": session, "media": "routed", "live": true, "since": null, "signals": 3, "muted": true,
            "connections": [who(&ada, "name=<b>Ada</b>\n\"&", "moderator"), who(&bob, "", "subscriber")],
            "connectionCount": 2,
            "streams": [{"id": "s1", "name": "name of s1", "connectionId": ada.id, "createdAt": null, "channels": [
                {"id": "audio1", "type": "audio", "active": false},
                {"id": "video1", "type": "video", "active": true, "source": "screen", "width": 640.0,
                    "height": 480.5, "frameRate": 30.0},
                {"id": "x1", "type": "data", "active": true},
            ]}],
            "streamCount": 1,
            "archives": [{"id": archive.json()["id"], "name": "n\u{e9}", "status": "started"}],
        })
    );

    // A socket that breaks off is awaited, and its client is shown as away.
    let gone = bob.id.clone();
    drop(bob);
    let started = Instant::now();
    let away = |state: &Value| {
        let all = state["connections"].as_array().unwrap();
        all.iter().any(|one| one["id"] == gone.as_str() && one["away"] == true)
    };
    while !away(&state().json()) {
        assert!(started.elapsed() < DEADLINE, "nobody is away");
        std::thread::yield_now();
    }
}

/// A list of sessions costs, so it has a rate; what it refuses says so.
#[test]
fn lists_have_a_rate() {
    let server = start();
    let (browser, other) =
        (Browser::log_in(server.addr()), Browser::log_in_as(server.addr(), OTHER, OTHER_SECRET));
    let refused =
        (0..1000).map(|_| browser.get("sessions")).find(|answer| answer.status != 200).expect("too many");
    assert_eq!((refused.error().0, refused.header("retry-after")), (429, "1"));
    assert_eq!(other.get("sessions").status, 200, "another project is not meant");
    assert_eq!(browser.get("me").status, 200);
}

#[test]
fn a_server_without_the_page_has_none() {
    let mut config = otc_server::Config::local(pair());
    config.inspect = false;
    let server = otc_server::Server::start(config).unwrap();
    for path in ["", "/", "/api/me", "/api/sessions", "/assets/inspect.css"] {
        assert_eq!(Request::new(&format!("GET /inspect{path}")).send(server.addr()).error().0, 404, "{path}");
    }
}
