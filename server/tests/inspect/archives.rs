//! Archives from the page.

use crate::browser::Browser;
use crate::events::open;
use crate::member::Member;
use crate::support::{DEADLINE, KEY, start};
use otc_protocol::session_id::ProjectId;
use otc_server::mint;
use serde_json::json;
use std::time::Instant;

/// What somebody has named becomes no header, no name of a file and no page.
#[test]
fn an_archive_is_begun_ended_and_loaded_whatever_it_is_called() {
    let server = start();
    let browser = Browser::log_in(server.addr());
    let session = mint::session(&ProjectId::new(KEY).unwrap(), false).unwrap();
    let _ada = Member::join(server.addr(), &session);
    let mut stream = open(&browser, &session, "", None).unwrap();
    let name = "a\"; filename=evil.html\r\nSet-Cookie: x=1\r\n\r\n<script>alert(1)</script>";
    let all = format!("v2/project/{KEY}/archive");
    let begun = browser.change("POST", &all, &json!({"sessionId": session, "name": name}).to_string());
    assert_eq!(begun.status, 200, "{begun:?}");
    let id = begun.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(stream.entry("archiveStarted")["archive"], json!({"id": id, "name": name}));
    let state = stream.until("state", |state| state["archives"] != json!([]));
    assert_eq!(state["archives"], json!([{"id": id, "name": name, "status": "started"}]));
    assert_eq!(browser.change("POST", &format!("{all}/{id}/stop"), "").status, 200);
    let ended = stream.entry("archiveStopped");
    assert_eq!((&ended["archive"]["id"], &ended["reason"]), (&json!(id), &json!("user initiated")));

    let started = Instant::now();
    let file = loop {
        let file = browser.get(&format!("{all}/{id}/file"));
        if file.status == 200 {
            break file;
        }
        assert!(file.status == 404 && started.elapsed() < DEADLINE, "{file:?}");
        std::thread::sleep(std::time::Duration::from_millis(50));
    };
    assert_eq!(file.header("content-disposition"), format!("attachment; filename=\"{id}.jsonl\""));
    assert_eq!(file.header("content-type"), "application/jsonl");
    assert_eq!((file.header("x-content-type-options"), file.header("set-cookie")), ("nosniff", ""));
    assert!(file.header("content-security-policy").starts_with("default-src 'none'"));
    assert!(file.body.lines().next().unwrap().contains(&id));
    let list = browser.get(&format!("{all}?sessionId={session}"));
    assert_eq!(list.header("content-type"), "application/json");
    assert_eq!(list.json()["items"][0]["name"], name);
}
