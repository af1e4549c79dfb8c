//! The data of a frame as a message and as an answer: what is read is written in a form that says the same, and
//! another round changes nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use otc_protocol::raptor::{Body, Content, MediaReply, Message, Refusal, SessionState};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Debug;

fuzz_target!(|bytes: &[u8]| {
    match Message::decode(bytes) {
        Ok(message) => message_is_stable(&message),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    answer_is_stable::<SessionState>(bytes);
    answer_is_stable::<Content<SessionState>>(bytes);
    answer_is_stable::<Content<MediaReply>>(bytes);
    answer_is_stable::<Refusal>(bytes);
});

fn message_is_stable(message: &Message) {
    let written = message.encode();
    let again = Message::decode(&written).expect("reads what it has written");
    assert_eq!(&again, message);
    assert_eq!(again.encode(), written);
    if let Body::Signal { content, .. } = &message.body {
        if let Err(refusal) = content.check() {
            assert!(refusal.status() >= 400 && !refusal.reason().is_empty());
        }
        if let Some(data) = &content.data {
            assert_eq!(data.as_string().is_some(), data.text().starts_with('"'));
        }
    }
}

fn answer_is_stable<T: DeserializeOwned + Serialize + PartialEq + Debug>(bytes: &[u8]) {
    if let Ok(answer) = serde_json::from_slice::<T>(bytes) {
        let written = serde_json::to_vec(&answer).expect("writes to memory");
        assert_eq!(serde_json::from_slice::<T>(&written).expect("reads what it has written"), answer);
    }
}
