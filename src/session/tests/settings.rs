//! What the application may decide beforehand.

use super::client::{Client, Did, codes, config};
use crate::session::{Config, DisconnectReason, Event, Status};
use otc_protocol::error::ErrorCode;
use serde_json::json;
use std::time::Duration;

#[test]
fn a_window_of_nothing_means_that_a_lost_connection_is_the_end() {
    for silent in [false, true] {
        let mut client = Client::with(Config { reconnect_window: Duration::ZERO, ..config() }, 1);
        client.join();
        client.signal("x");
        client.take();
        if silent {
            client.pass_ms(5900);
        } else {
            client.close(Some(1006));
        }
        let did = client.take();
        assert!(!did.iter().any(|did| matches!(did, Did::Dialed { .. })), "{did:?}");
        let events: Vec<Event> = did
            .into_iter()
            .filter_map(|did| if let Did::Told(event) = did { Some(event) } else { None })
            .collect();
        assert_eq!(codes(&events), [ErrorCode::UnableToSendSignal, ErrorCode::ConnectionDropped]);
        assert_eq!(events.len(), 3, "neither a try to come back nor anything else: {events:?}");
        assert_eq!(events[2], Event::Disconnected(DisconnectReason::NetworkDisconnected));
        assert_eq!((client.engine.status(), client.engine.deadline()), (Status::NotConnected, None));
        client.join();
    }
}

#[test]
fn the_outbox_holds_as_many_as_the_application_says() {
    let mut client = Client::with(Config { signal_queue: 2, ..config() }, 1);
    for _ in 0..2 {
        client.join();
        client.signal("a");
        client.signal("b");
        let refused = client.try_signal("c", true).expect_err("full");
        assert_eq!(refused.code, ErrorCode::UnableToSendSignal);
        let (first, _) = client.signals_sent().remove(0);
        client.status(&first, 200, &json!({}));
        client.signal("c");
        assert!(client.try_signal("d", true).is_err());
        client.close(Some(1011));
    }
}

#[test]
fn a_server_that_stands_in_for_others_is_asked_for_everything() {
    let proxy_url = Some("https://proxy.example:8443/in/front".to_owned());
    let mut client = Client::with(Config { proxy_url, ..config() }, 1);
    client.connect().expect("idle");
    let Some(Did::Asked { url, .. }) = client.take().pop() else { panic!("no session info is asked for") };
    assert_eq!(
        url,
        "https://proxy.example:8443/in/front/api.example/session/1_MX4xMjM0NTZ-fjF-eA?extended=true"
    );
    client.answer_info(200, super::client::info().to_string().as_bytes());
    let before = "wss://proxy.example:8443/in/front/msg.example/rumorwebsocketsv2?socketId=";
    let dials = client.dials();
    assert!(dials.len() == 1 && dials[0].starts_with(before), "{dials:?}");
    client.open();
    client.answer_join(&json!({"connection": [], "stream": [], "archive": []}));
    client.hear_own_created();
    client.close(None);
    let dials = client.dials();
    assert!(dials[0].starts_with(before), "the way back is the same: {dials:?}");
}
