//! `POST /session/create`, as the server SDKs call it (`rest.md §0`, `§2.2`).

use crate::support::{Answer, KEY, Request, SECRET, jwt, pair, rest_token, start, token_for, unix_seconds};
use otc_protocol::session_id::SessionId;
use otc_server::{Config, KeyPair, Server};
use serde_json::{Value, json};

const FORM: &str = "application/x-www-form-urlencoded";

fn create(server: &Server, content_type: &str, form: &str) -> Answer {
    let request = Request::new("POST /session/create").authorized().header("Accept", "application/json");
    request.body(content_type, form).send(server.addr())
}

fn created(server: &Server, content_type: &str, form: &str) -> SessionId {
    let answer = create(server, content_type, form);
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, "application/json"),
        "{form}: {answer:?}"
    );
    SessionId::decode(answer.json()[0]["session_id"].as_str().unwrap()).unwrap()
}

#[test]
fn the_json_answer_is_the_recorded_one() {
    let server = start();
    let answer = create(&server, FORM, "p2p.preference=enabled&archiveMode=manual");
    assert_eq!(answer.header("content-type"), "application/json", "exactly: no charset");
    let sessions = answer.json();
    let session = &sessions[0];
    assert_eq!(sessions.as_array().unwrap().len(), 1);
    assert_eq!((&session["project_id"], &session["partner_id"]), (&json!(KEY), &json!(KEY)));
    assert_eq!(session["ice_credential_expiration"], 86_100);
    assert_eq!(session["session_segment_id"].as_str().unwrap().len(), 36);
    assert!(session["create_dt"].as_str().unwrap().contains(" UTC 20"));
    for name in [
        "session_status",
        "status_invalid",
        "media_server_hostname",
        "messaging_server_url",
        "messaging_url",
        "symphony_address",
        "properties",
        "ice_server",
        "ice_servers",
    ] {
        assert_eq!(session.get(name), Some(&Value::Null), "{name}");
    }
    let id = session["session_id"].as_str().unwrap();
    assert!(SessionId::decode(id).unwrap().relayed);
    let info = Request::new(&format!("GET /session/{id}")).header("X-OPENTOK-AUTH", &token_for(id));
    assert_eq!(info.send(server.addr()).json()[0]["session_id"], id, "clients may join it");
}

#[test]
fn who_does_not_ask_for_json_gets_xml() {
    let server = start();
    for accept in [None, Some("*/*"), Some("text/xml, application/xml")] {
        let request = Request::new("POST /session/create").authorized();
        let request = accept.into_iter().fold(request, |request, accept| request.header("Accept", accept));
        let answer = request.body(FORM, "p2p.preference=disabled").send(server.addr());
        assert_eq!((answer.status, answer.header("content-type")), (200, "text/xml"), "{accept:?}");
        let element = |name: &str| {
            let (_, rest) = answer.body.split_once(&format!("<{name}>")).unwrap();
            rest.split_once(&format!("</{name}>")).unwrap().0.to_owned()
        };
        assert_eq!(element("partner_id"), KEY);
        assert!(!SessionId::decode(&element("session_id")).unwrap().relayed);
        assert!(element("create_dt").contains("UTC"));
        assert!(answer.body.contains("<sessions><Session><session_id>"), "{}", answer.body);
    }
}

#[test]
fn odd_forms_are_taken() {
    let server = start();
    assert!(!created(&server, FORM, "").relayed, "routed is the server's default");
    assert!(!created(&server, "application/json", "").relayed, "an empty body labelled as JSON");
    assert!(created(&server, "application/json", "p2p.preference=enabled&location=null").relayed);
    assert!(created(&server, FORM, "location=&p2p.preference=enabled&api_key=123456").relayed);
    assert!(created(&server, FORM, "e2ee=True&media_mode=routed").encrypted);
    assert_eq!(
        created(&server, FORM, "location=12.34.56.78&archiveMode=always").location,
        Some([12, 34, 56, 78].into())
    );
    for path in ["/session/create/", "/hl/session/create", "//session//create"] {
        let answer = Request::new(&format!("POST {path}"))
            .authorized()
            .header("Accept", "application/json")
            .header("headers", "[object Object]")
            .send(server.addr());
        assert_eq!(answer.status, 200, "{path}");
    }
}

#[test]
fn bad_forms_are_refused_with_400() {
    let server = start();
    for (form, message) in [
        ("p2p.preference=maybe", "p2p.preference"),
        ("p2p.preference=enabled&archiveMode=always", "routed"),
        ("location=here", "IPv4"),
        ("{\"archiveMode\":\"manual\"}", "not a form"),
    ] {
        let (status, said) = create(&server, FORM, form).error();
        assert_eq!(status, 400);
        assert!(said.contains(message), "{said} should say {message}");
    }
    assert_eq!(create(&server, FORM, &"x".repeat(20_000)).error().0, 413);
    let answer = Request::new("POST /session/create").authorized().body(FORM, "e2ee=7").send(server.addr());
    assert_eq!((answer.status, answer.header("content-type")), (400, "text/xml"));
    assert!(answer.body.contains("<error code=\"400\">") && answer.body.contains("message=\"e2ee must be"));
}

/// 403 and never 401 (`rest.md §0`, rule 3; `§1.6`).
#[test]
fn bad_credentials_are_403() {
    let server = start();
    let now = unix_seconds();
    let client_token = token_for(&crate::support::session_of(KEY));
    for (token, message) in [
        (None, "X-OPENTOK-AUTH"),
        (Some(String::new()), "malformed"),
        (Some("nonsense".to_owned()), "malformed"),
        (Some(rest_token("999", SECRET)), "Issuer not found"),
        (Some(rest_token(KEY, "wrong")), "signature"),
        (Some(jwt(&json!({"iss": KEY, "iat": now + 600, "exp": now + 700}), SECRET)), "issued time"),
        (Some(jwt(&json!({"iss": KEY, "iat": now - 700, "exp": now - 400}), SECRET)), "expired"),
        (Some(client_token), "client token"),
    ] {
        let request = Request::new("POST /session/create").header("Accept", "application/json");
        let request = token.iter().fold(request, |request, token| request.header("X-OPENTOK-AUTH", token));
        let answer = request.send(server.addr());
        assert_eq!(answer.json()["code"], -1);
        let (status, said) = answer.error();
        assert_eq!(status, 403);
        assert!(said.contains(message), "{said} should say {message}");
    }
    let answer = Request::new("POST /session/create").header("X-OPENTOK-AUTH", &rest_token("999", SECRET));
    let answer = answer.send(server.addr());
    assert_eq!((answer.status, answer.header("content-type")), (403, "text/xml"));
    let expected = "<errorPayload><code>-1</code><message>Issuer not found</message>\
                    <description>Issuer not found</description></errorPayload>";
    assert!(answer.body.ends_with(expected), "{}", answer.body);
}

#[test]
fn an_application_id_is_a_project_too() {
    let app = "29f760f8-7ce1-46c9-ade3-f2dedee4ed5f";
    let mut config = Config::local(pair());
    config.projects = vec![KeyPair::new(app, SECRET).unwrap().into()];
    let server = Server::start(config).unwrap();
    let answer = Request::new("POST /session/create")
        .header("X-OPENTOK-AUTH", &rest_token(app, SECRET))
        .header("Accept", "application/json")
        .send(server.addr());
    assert_eq!(answer.json()[0]["application_id"], app);
}
