//! Sizes that the vendor's programs and our own promises rest on.

use super::Client;
use otc_protocol::limits::{
    ANSWERS_REMEMBERED, DUPLICATES_REMEMBERED, REQUEST_WINDOW, UNACKNOWLEDGED_MESSAGES,
};
use serde_json::json;

#[test]
fn more_than_eight_thousand_signals_wait_for_a_connection() {
    let mut client = Client::joined();
    client.close(None);
    for index in 0..8192 {
        client.signal(&index.to_string());
    }
    client.open();
    client.pong();
    let mut received = 0;
    loop {
        let sent = client.signals_sent();
        if sent.is_empty() {
            break;
        }
        for (transaction, data) in sent {
            assert_eq!(data, received.to_string());
            received += 1;
            client.status(&transaction, 200, &json!({}));
        }
    }
    assert_eq!(received, 8192);
}

#[test]
fn everything_that_a_server_may_replay_is_remembered() {
    let mut client = Client::joined();
    for index in 0..DUPLICATES_REMEMBERED {
        client.hear_signal(&index.to_string(), "", &json!({}));
    }
    assert_eq!(client.events().len(), DUPLICATES_REMEMBERED);
    client.close(None);
    client.open();
    client.pong();
    client.take();
    for index in DUPLICATES_REMEMBERED - 1000..DUPLICATES_REMEMBERED {
        client.hear_signal(&index.to_string(), "", &json!({}));
    }
    assert_eq!(client.events(), []);
}

#[test]
fn both_sides_agree() {
    // Compile-time facts, spelled out for whoever changes a bound.
    const { assert!(REQUEST_WINDOW <= ANSWERS_REMEMBERED) };
    const { assert!(UNACKNOWLEDGED_MESSAGES <= DUPLICATES_REMEMBERED) };
}
