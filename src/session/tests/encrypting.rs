//! The secret of end-to-end encryption (`wire.md §2.2`, `§5.1`).

use super::Client;
use super::client::Did;
use crate::session::{Input, Secret};
use serde_json::{Value, json};

fn set_secret(client: &mut Client, secret: &str) -> Result<(), i32> {
    let set = client.try_handle(Input::SetEncryptionSecret(Secret(secret.to_owned())));
    set.map_err(|refused| refused.code.code())
}

/// The capabilities that the client announces, with a secret or without, to a session that is encrypted or is not.
fn announced(secret: Option<&str>, e2ee: bool) -> Value {
    let mut client = Client::new();
    if let Some(secret) = secret {
        set_secret(&mut client, secret).expect("good");
    }
    client.connect().expect("idle");
    let mut info = super::client::info();
    info[0]["properties"]["e2ee"] = json!(e2ee);
    client.answer_info(200, info.to_string().as_bytes());
    client.open();
    let (_, create) = client.requests().remove(0);
    create["content"]["capabilities"].clone()
}

#[test]
fn a_secret_has_8_to_256_characters() {
    let mut client = Client::new();
    for (length, result) in [(0, Err(6004)), (7, Err(6004)), (8, Ok(())), (256, Ok(())), (257, Err(6004))] {
        assert_eq!(set_secret(&mut client, &"ü".repeat(length)), result, "{length} characters");
    }
    let mut client = Client::joined();
    assert_eq!(set_secret(&mut client, "again and again"), Ok(()), "at any time");
    assert_eq!(set_secret(&mut client, "again and again"), Ok(()));
    assert_eq!(client.take(), [], "nobody is told");
}

#[test]
fn who_can_encrypt_says_so_to_sessions_that_are_encrypted() {
    let always = ["forceMute", "otcResendsInOrder"];
    assert_eq!(announced(Some("a good secret"), true), json!([always[0], always[1], "e2ee"]));
    assert_eq!(announced(Some("a good secret"), false), json!(always));
    assert_eq!(announced(None, true), json!(always));
}

#[test]
fn secrets_are_not_shown() {
    let input = Input::SetEncryptionSecret(Secret("a good secret".to_owned()));
    assert!(!format!("{input:?}").contains("good"));
    let mut client = Client::new();
    set_secret(&mut client, "a good secret").expect("good");
    client.join();
    let everything = format!("{:?}", client.did);
    assert!(!everything.contains("good secret"));
    assert!(client.did.iter().any(|did| matches!(did, Did::Sent(_))));
}
