use super::*;
use proptest::prelude::*;

/// The example of `wire.md §2.2`.
const EXAMPLE: &str = r#"[{"properties":{"p2p":{"preference":{"value":"enabled"}},"reconnection":true,
  "renegotiation":true,"h264":true,"vp9":true,"vp8":true,"priorityVideoCodec":"vp8","clientCandidates":"all",
  "aes256":{"any":"thing"}},
  "session_id":"1_MX4","project_id":"123456","partner_id":"123456","create_dt":"1607984111261",
  "session_status":"INFLIGHT","status_invalid":null,"media_server_hostname":"h","messaging_server_url":"h",
  "messaging_url":"wss://h:443/rumorwebsocketsv2","symphony_address":"symphony.h","ice_server":"turn.h",
  "session_segment_id":"0b1f","ice_servers":[
    {"url":"turn:1.2.3.4:3478?transport=udp","username":"u","credential":"c"},
    {"url":"stun:1.2.3.4:3478","username":null,"credential":null}],"ice_credential_expiration":86100}]"#;

fn parse(body: &str) -> Result<SessionInfo, InfoError> {
    parse_response(200, body.as_bytes(), "123456")
}

#[test]
fn the_platforms_document_is_read() {
    let info = parse(EXAMPLE).unwrap();
    assert_eq!(info.session_id, "1_MX4");
    assert_eq!((info.partner_id.as_str(), info.project_id.as_deref()), ("123456", Some("123456")));
    assert_eq!(info.messaging_url, "wss://h:443/rumorwebsocketsv2");
    assert_eq!(info.symphony_address.as_deref(), Some("symphony.h"));
    assert_eq!(info.ice_credential_expiration, Some(86100));
    assert_eq!(info.properties.p2p, Preference::Enabled);
    assert!(info.properties.reconnection && info.properties.renegotiation && !info.properties.e2ee);
    assert_eq!(info.properties.priority_video_codec, "vp8");
    let servers = info.ice_servers.as_deref().unwrap();
    assert_eq!(servers[0].urls, ["turn:1.2.3.4:3478?transport=udp"]);
    assert_eq!((servers[0].username.as_deref(), servers[0].credential.as_deref()), (Some("u"), Some("c")));
    assert_eq!((servers.len(), servers[1].credential.as_deref()), (2, None));
    assert!(!format!("{info:?}").contains("credential:"), "the password is not shown");
}

#[test]
fn nulls_missing_and_odd_members_are_tolerated() {
    let bare = r#"[{"session_id":"s","partner_id":123456,"messaging_url":"WS://h/x","properties":null,
                    "ice_servers":null,"symphony_address":null,"create_dt":[1],"ice_credential_expiration":"x"}]"#;
    let info = parse(bare).unwrap();
    assert_eq!((info.partner_id.as_str(), info.properties.clone()), ("123456", Properties::default()));
    assert_eq!((info.ice_servers, info.symphony_address, info.create_dt), (None, None, None));
    let odd = r#"[{"session_id":"s","project_id":"123456","messaging_url":"ws://h","properties":{"p2p":[],"vp8":"no"},
                   "ice_servers":[7,{},{"urls":["a","b"]},{"urls":"c","username":5},{"urls":null,"url":"d"}]}, 9]"#;
    let info = parse(odd).unwrap();
    assert_eq!(info.properties, Properties::default());
    let urls: Vec<_> = info.ice_servers.unwrap().into_iter().map(|server| server.urls).collect();
    assert_eq!(urls, [vec!["a", "b"], vec!["c"], vec!["d"]]);
    for (name, preference) in [
        ("enabled", Preference::Enabled),
        ("disabled", Preference::Disabled),
        ("adaptive", Preference::Adaptive),
        ("later", Preference::Disabled),
    ] {
        let value = json!({"p2p": {"preference": {"value": name}}});
        assert_eq!(Properties::read(Some(&value)).p2p, preference);
    }
}

/// `wire.md §2.3`, row by row: status, body, code, retried.
#[test]
fn every_answer_becomes_its_error() {
    let refusal = |code: u16| ErrorDocument { code, message: "why".into() }.document();
    let info = |extra: Value| {
        let mut info = json!({"session_id": "s", "partner_id": "123456", "messaging_url": "ws://h/r"});
        info.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        json!([info]).to_string()
    };
    for (status, body, code, retry, message) in [
        (200, refusal(400), 1005, false, "why (1005)"),
        (200, refusal(404), 1005, false, "why (1005)"),
        (200, refusal(403), 1004, false, "why"),
        (200, refusal(409), 1026, false, "why"),
        (200, refusal(500), 2001, false, "why"),
        (200, refusal(418), 2001, true, "error code 418: why"),
        (200, r#"[{"error":{}}]"#.into(), 2001, true, "error code none"),
        (200, r#"[{"error":{"code":"403"}}]"#.into(), 1004, false, "refused the token"),
        (200, r#"[{"error":{"code":404,"message":"gone"}}]"#.into(), 1005, false, "gone (1005)"),
        (200, r#"[{"error":7}]"#.into(), 2001, true, "error code none"),
        // What stands before a server of the hosted platform's kind; its no is final.
        (401, String::new(), 1004, false, "HTTP status 401"),
        (403, "<html>".into(), 1004, false, "HTTP status 403"),
        (403, refusal(403), 1004, false, "why"),
        (403, refusal(418), 1004, false, "error code 418: why"),
        (404, String::new(), 1005, false, "HTTP status 404"),
        (410, refusal(404), 1005, false, "why (1005)"),
        (429, String::new(), 2001, true, "HTTP status 429"),
        (302, info(json!({})), 2001, true, "HTTP status 302"),
        (500, String::new(), 2001, true, "HTTP status 500"),
        (200, String::new(), 1006, true, "empty"),
        (200, "[]".into(), 1006, true, "empty"),
        (200, "<html>".into(), 2001, true, "not a JSON array"),
        (200, "\"text\"".into(), 2001, true, "not a JSON array"),
        (200, "{}".into(), 2001, true, "not a JSON array"),
        (200, "[null]".into(), 2001, true, "not a JSON object"),
        (200, "[".repeat(100_000), 2001, true, "not a JSON array"),
        (200, " ".repeat(INFO_BYTES + 1), 2001, true, "too large"),
        (200, info(json!({"partner_id": "654321"})), 1004, false, "API key does not match"),
        (200, info(json!({"partner_id": null})), 2001, false, "project"),
        (200, info(json!({"session_id": null})), 1006, false, "session"),
        (200, info(json!({"session_id": ""})), 1006, false, "session"),
        (200, info(json!({"messaging_url": null})), 1503, false, "no messaging server"),
        (200, info(json!({"messaging_url": ""})), 1503, false, "no messaging server"),
        (200, info(json!({"messaging_url": "http://h"})), 1503, false, "ws://"),
        (
            200,
            info(json!({"messaging_url": format!("ws://{}", "h".repeat(URL_BYTES))})),
            1503,
            false,
            "ws://",
        ),
    ] {
        let error = parse_response(status, body.as_bytes(), "123456").unwrap_err();
        let body: String = body.chars().take(100).collect();
        assert_eq!((error.code.code(), error.retry), (code, retry), "{status} {body}");
        assert!(error.to_string().contains(message), "{error} for {status} {body}");
    }
    assert!(parse(&info(json!({"error": null}))).is_ok());
    assert!(parse_response(204, b"", "123456").is_err());
}

#[test]
fn a_long_message_is_cut() {
    let error = parse(&ErrorDocument { code: 403, message: "x".repeat(100_000) }.document()).unwrap_err();
    assert_eq!(error.message.len(), MESSAGE_CHARS);
}

#[test]
fn the_written_document_has_every_member_of_the_example() {
    let info = parse(EXAMPLE).unwrap();
    let written: Value = serde_json::from_str(&info.document()).unwrap();
    let example: Value = serde_json::from_str(EXAMPLE).unwrap();
    for (name, value) in example[0].as_object().unwrap() {
        // Nobody reads `status_invalid`, and what is in `properties` is checked below.
        if !["status_invalid", "properties"].contains(&name.as_str()) {
            assert_eq!(&written[0][name], value, "{name}");
        }
    }
    for (name, value) in example[0]["properties"].as_object().unwrap() {
        if name != "aes256" {
            assert_eq!(&written[0]["properties"][name], value, "{name}");
        }
    }
}

prop_compose! {
    fn any_ice_server()(urls in proptest::collection::vec("[a-z:.0-9]{1,20}", 1..3),
                        username in proptest::option::of(".{0,9}"),
                        credential in proptest::option::of(".{0,9}")) -> IceServer {
        IceServer { urls, username, credential }
    }
}

prop_compose! {
    fn any_properties()(p2p in 0usize..3, flags: [bool; 8], simulcast: Option<bool>, codec in ".{0,9}",
                        candidates in ".{0,9}") -> Properties {
        Properties {
            p2p: [Preference::Enabled, Preference::Disabled, Preference::Adaptive][p2p],
            reconnection: flags[0],
            renegotiation: flags[1],
            simulcast,
            stream_simulcast_rid_enabled: flags[2],
            h264: flags[3],
            vp8: flags[4],
            vp9: flags[5],
            priority_video_codec: codec,
            client_candidates: candidates,
            e2ee: flags[6],
            single_peer_connection: flags[7],
        }
    }
}

prop_compose! {
    fn any_info()(session_id in ".{1,20}", partner_id in ".{0,20}",
                  texts in proptest::collection::vec(proptest::option::of(".{0,20}"), 8),
                  path in "[a-z0-9/.:]{0,20}",
                  ice_servers in proptest::option::of(proptest::collection::vec(any_ice_server(), 0..3)),
                  ice_credential_expiration: Option<u64>, properties in any_properties()) -> SessionInfo {
        let mut texts = texts.into_iter();
        let mut next = || texts.next().flatten();
        SessionInfo {
            session_id,
            partner_id,
            project_id: next(),
            create_dt: next(),
            session_status: next(),
            session_segment_id: next(),
            messaging_url: format!("wss://{path}"),
            messaging_server_url: next(),
            media_server_hostname: next(),
            symphony_address: next(),
            ice_server: next(),
            ice_servers,
            ice_credential_expiration,
            properties,
        }
    }
}

proptest! {
    #[test]
    fn what_is_written_reads_the_same(info in any_info()) {
        prop_assert_eq!(parse_response(200, info.document().as_bytes(), &info.partner_id), Ok(info.clone()));
        let value = serde_json::to_value(&info).unwrap();
        prop_assert_eq!(serde_json::from_value::<SessionInfo>(value).unwrap(), info);
    }

    #[test]
    fn arbitrary_answers_never_panic(status: u16, body in any::<Vec<u8>>(), text in "[\\[{}\\]\":,a-z0-9 ]{0,60}") {
        let _ = parse_response(status, &body, "1");
        let _ = parse_response(200, text.as_bytes(), "1");
    }
}
