//! What becomes of an archive reaches its receivers.

use crate::member::Member;
use crate::receiver::Receiver;
use crate::registration::register;
use crate::support::{KEY, Request, start};
use otc_protocol::session_id::ProjectId;
use otc_server::mint;
use serde_json::{Value, json};

#[test]
fn each_status_of_an_archive_is_told_in_order() {
    let server = start();
    let receiver = Receiver::start();
    let wish = json!({"group": "archive", "event": "status", "url": receiver.url(), "secret": "hush"});
    assert_eq!(register(server.addr(), &wish).status, 200);
    // A relayed session cannot be archived.
    let session = mint::session(&ProjectId::new(KEY).expect("a project"), false).expect("minted");
    let _member = Member::join(server.addr(), &session);
    let call = |line: &str, body: &Value| {
        let request = Request::new(line).authorized().header("Accept", "application/json");
        request.body("application/json", body.to_string()).send(server.addr())
    };
    let wishes = json!({"sessionId": session, "name": "talk"});
    let answer = call(&format!("POST /v2/project/{KEY}/archive"), &wishes);
    assert_eq!(answer.status, 200, "{answer:?}");
    let id = answer.json()["id"].as_str().expect("an id").to_owned();
    assert_eq!(call(&format!("POST /v2/project/{KEY}/archive/{id}/stop"), &json!({})).status, 200);
    let answer = Request::new(&format!("DELETE /v2/project/{KEY}/archive/{id}")).authorized();
    assert_eq!(answer.send(server.addr()).status, 204);

    let told = receiver.taken(4);
    let statuses: Vec<_> = told.iter().map(|told| told.json()["status"].clone()).collect();
    assert_eq!(statuses, ["started", "stopped", "available", "deleted"]);
    for told in &told {
        let body = told.json();
        assert_eq!(
            (told.event().as_str(), &body["id"], &body["name"]),
            ("archive", &json!(id), &json!("talk"))
        );
        assert_eq!((&body["sessionId"], &body["projectId"]), (&json!(session), &json!(123_456)));
        assert_eq!(body["partnerId"], 123_456);
        assert!(body["createdAt"].as_u64().is_some_and(|at| at > 1_700_000_000_000 && at % 1000 == 0));
        told.verified("hush");
    }
}
