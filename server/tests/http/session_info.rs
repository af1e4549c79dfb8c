//! Session info, live configuration and reports, as the published client asks (`wire.md §1`, `§2`).

use crate::support::{KEY, Request, SECRET, jwt, pair, session_of, start, token_for, unix_seconds};
use otc_protocol::session_id::{ProjectId, SessionId};
use otc_protocol::session_info::parse_response;
use otc_server::auth::TokenKind;
use otc_server::http::PublicUrl;
use otc_server::mint::{self, TokenRequest};
use otc_server::{Config, Server};
use serde_json::{Value, json};

fn ask(server: &Server, session: &str, token: &str) -> Value {
    let answer = Request::new(&format!("GET /session/{session}?extended=true"))
        .header("X-OPENTOK-AUTH", token)
        .header("Accept", "application/json")
        .send(server.addr());
    assert_eq!(answer.status, 200, "errors too come with 200: {answer:?}");
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    answer.json()[0].clone()
}

#[test]
fn the_document_has_what_the_client_needs() {
    let server = start();
    let session = session_of(KEY);
    let info = ask(&server, &session, &token_for(&session));
    assert_eq!(info["session_id"], session.as_str());
    assert_eq!((&info["partner_id"], &info["project_id"]), (&json!(KEY), &json!(KEY)));
    assert_eq!(info["messaging_url"], format!("ws://{}/rumorwebsocketsv2", server.addr()));
    assert!(info["symphony_address"].as_str().unwrap().starts_with("symphony."));
    assert_eq!(info["session_status"], "INFLIGHT");
    assert_eq!(info["ice_servers"], json!([]));
    let created = SessionId::decode(&session).unwrap().created_ms.unwrap();
    assert_eq!(info["create_dt"], created.to_string());
    let properties = &info["properties"];
    assert_eq!(properties["p2p"]["preference"]["value"], "enabled");
    for name in ["reconnection", "renegotiation", "h264", "vp8", "vp9"] {
        assert_eq!(properties[name], true, "{name}");
    }
    assert_eq!(properties["e2ee"], false);
    let parsed = parse_response(200, json!([info]).to_string().as_bytes(), KEY).unwrap();
    assert!(parsed.properties.reconnection);
}

#[test]
fn a_token_comes_in_either_header_and_of_either_kind() {
    let server = start();
    let session = session_of(KEY);
    for kind in [TokenKind::Jwt, TokenKind::T1] {
        let request = TokenRequest { kind, ..TokenRequest::new(&session) };
        let token = mint::token(&pair(), &request).unwrap();
        for header in ["X-OPENTOK-AUTH", "x-tb-token-auth"] {
            let answer =
                Request::new(&format!("GET /session/{session}")).header(header, &token).send(server.addr());
            assert_eq!(answer.json()[0]["session_id"], session.as_str(), "{kind:?} in {header}");
        }
    }
}

/// Calls of a routed session go from client to client until the server forwards media.
#[test]
fn routed_and_encrypted_sessions_say_so_where_clients_look() {
    let server = start();
    let mut session = SessionId::new(ProjectId::new(KEY).unwrap(), 1, [3; 18]);
    session.encrypted = true;
    let id = session.encode();
    let info = ask(&server, &id, &token_for(&id));
    assert_eq!(info["properties"]["p2p"]["preference"]["value"], "enabled");
    assert_eq!(info["properties"]["e2ee"], true);
}

/// `wire.md §2.3`: 404 becomes 1005 at the client, 403 becomes 1004.
#[test]
fn refusals_come_as_error_elements() {
    let server = start();
    let (own, other, foreign) = (session_of(KEY), session_of(KEY), session_of("654321"));
    let good = token_for(&own);
    let now = unix_seconds();
    let with = |claims: Value, secret: &str| {
        let mut all =
            json!({"iss": KEY, "session_id": own, "iat": now, "exp": now + 60, "role": "publisher"});
        all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
        jwt(&all, secret)
    };
    assert_eq!(ask(&server, &own, &with(json!({}), SECRET))["session_id"], own.as_str());
    for (session, token, code, client_code, message) in [
        ("nonsense", good.as_str(), 404, 1005, "does not start with"),
        ("1_nonsense~", &good, 404, 1005, "base64"),
        ("1_%ff%fe", &good, 404, 1005, "does not start with"),
        ("1_%00%0a", &good, 404, 1005, "base64"),
        (&"1_".repeat(200), &good, 404, 1005, "255"),
        (&own, "", 403, 1004, "malformed"),
        (&own, "not a token", 403, 1004, "malformed"),
        (&other, &good, 403, 1004, "another session"),
        (&foreign, &good, 403, 1004, "another API key"),
        (&session_of("777"), &good, 403, 1004, "does not know"),
        (&own, &with(json!({}), "wrong"), 403, 1004, "signature"),
        (&own, &with(json!({"iat": now - 120, "exp": now - 60}), SECRET), 403, 1004, "expired"),
        (&own, &with(json!({"role": "king"}), SECRET), 403, 1004, "role"),
        (&own, &with(json!({"iss": "654321"}), "another-secret"), 403, 1004, "another API key"),
        (&own, &with(json!({"connection_data": "x".repeat(1025)}), SECRET), 403, 1004, "connection_data"),
    ] {
        let info = ask(&server, session, token);
        let error = &info["error"];
        assert_eq!((&error["code"], &error["errorMessage"]["code"]), (&json!(code), &json!(-1)), "{info}");
        let said = error["errorMessage"]["message"].as_str().unwrap();
        assert!(said.contains(message), "{said} should say {message}");
        let seen = parse_response(200, json!([info]).to_string().as_bytes(), KEY).unwrap_err();
        assert_eq!((seen.code.code(), seen.retry), (client_code, false));
    }
}

#[test]
fn a_token_of_the_longest_kind_passes_through_the_headers() {
    let server = start();
    let session = session_of(KEY);
    for kind in [TokenKind::Jwt, TokenKind::T1] {
        let request = TokenRequest { data: "ü".repeat(1000), kind, ..TokenRequest::new(&session) };
        let token = mint::token(&pair(), &request).unwrap();
        assert_eq!(ask(&server, &session, &token)["session_id"], session.as_str(), "{} bytes", token.len());
    }
}

#[test]
fn the_socket_is_where_the_request_went_or_where_the_configuration_says() {
    let server = start();
    let session = session_of(KEY);
    let token = token_for(&session);
    let url = |server: &Server, headers: &[(&str, &str)]| {
        let request = Request::new(&format!("GET /session/{session}")).header("X-OPENTOK-AUTH", &token);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(name, value));
        request.send(server.addr()).json()[0].clone()
    };
    assert_eq!(
        url(&server, &[("Host", "calls.lan:9")])["messaging_url"],
        "ws://calls.lan:9/rumorwebsocketsv2"
    );
    let proxied = [("Host", "x"), ("X-Forwarded-Host", "calls.example.org"), ("X-Forwarded-Proto", "https")];
    assert_eq!(
        url(&server, &proxied)["messaging_url"],
        "ws://x/rumorwebsocketsv2",
        "nobody is believed unasked"
    );
    let believing = Server::start(Config::behind_proxies(pair())).unwrap();
    assert_eq!(url(&believing, &proxied)["messaging_url"], "wss://calls.example.org/rumorwebsocketsv2");
    assert_eq!(url(&server, &[("Host", "user@calls")])["error"]["code"], 400);

    let public_url = PublicUrl::parse("https://calls.example.org/otc");
    let server = Server::start(Config { public_url, ..Config::local(pair()) }).unwrap();
    let info = url(&server, &[("Host", "x"), ("X-Forwarded-Host", "elsewhere")]);
    assert_eq!(info["messaging_url"], "wss://calls.example.org/otc/rumorwebsocketsv2");
    assert_eq!(info["messaging_server_url"], "calls.example.org");
}

#[test]
fn whatever_is_no_session_is_answered_in_the_form_that_the_client_reads() {
    let server = start();
    for path in ["", "/", "/?extended=true", "/a/b", "/a/b/", "/a/b/c", "/a%2Fb", "/create"] {
        let answer = Request::new(&format!("GET /session{path}")).send(server.addr());
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, "*"), "{path}");
        let error = parse_response(200, answer.body.as_bytes(), KEY).unwrap_err();
        assert_eq!(error.code.code(), 1005, "{path}");
    }
}

/// `wire.md §1.1`: how `OT.setProxyUrl` changes the addresses.
#[test]
fn prefixes_of_a_proxy_are_ignored() {
    let server = start();
    let session = session_of(KEY);
    for path in [
        format!("/anvil.opentok.com/session/{session}?extended=true"),
        format!("/my/proxy/127.0.0.1:1/session/{session}/"),
    ] {
        let answer = Request::new(&format!("GET {path}"))
            .header("X-OPENTOK-AUTH", &token_for(&session))
            .send(server.addr());
        assert_eq!(answer.json()[0]["session_id"], session.as_str(), "{path}");
    }
    for path in ["/project/123456/config.json", "/config.opentok.com/project/123456/config.json"] {
        let answer =
            Request::new(&format!("GET {path}")).header("X-TB-TOKEN-AUTH", "any").send(server.addr());
        assert_eq!((answer.status, answer.body.as_str()), (200, "{}"));
        assert_eq!(answer.header("access-control-allow-origin"), "*");
    }
    for path in ["/logging/ClientEvent", "/logging/ClientQos", "/hlg.tokbox.com/prod/logging/ClientEvent"] {
        let answer = Request::new(&format!("POST {path}"))
            .body("application/x-www-form-urlencoded", "payload=".to_owned() + &"x".repeat(300_000))
            .send(server.addr());
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, "*"), "{path}");
    }
}

#[test]
fn browsers_may_ask_from_any_origin() {
    let server = start();
    for path in ["/session/S?extended=true", "/project/1/config.json", "/logging/ClientEvent", "/h/session/S"]
    {
        let wanted = "x-opentok-auth,x-tb-client-version,x-tb-connectionid,x-tb-version";
        let answer = Request::new(&format!("OPTIONS {path}"))
            .header("Origin", "https://page.example")
            .header("Access-Control-Request-Method", "GET")
            .header("Access-Control-Request-Headers", wanted)
            .send(server.addr());
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (204, "*"), "{path}");
        assert_eq!(answer.header("access-control-allow-headers"), wanted);
        assert!(answer.header("access-control-allow-methods").contains("GET"));
        assert!(answer.header("access-control-allow-methods").contains("POST"));
        let answer = Request::new(&format!("OPTIONS {path}")).send(server.addr());
        for header in ["x-opentok-auth", "x-tb-token-auth", "x-tb-connectionid", "x-tb-client-version"] {
            assert!(answer.header("access-control-allow-headers").contains(header), "{header}");
        }
    }
    let answer = Request::new("OPTIONS /v2/project/1/session/S/signal").send(server.addr());
    assert_eq!(answer.header("access-control-allow-origin"), "", "REST calls are not for pages");
}
