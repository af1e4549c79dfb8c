//! What holds for every message, and for everything that is taken for one.

mod strategies;

use otc_protocol::raptor::{
    Body, Content, Json, MediaReply, Message, Refusal, SessionAddress, SessionState, SignalContent,
};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use std::collections::BTreeSet;

/// The place of a body's kind in the declaration; a new kind does not compile until it has one.
fn kind(body: &Body) -> usize {
    match body {
        Body::ConnectionCreate { .. } => 0,
        Body::ConnectionCreated(_) => 1,
        Body::ConnectionDelete { .. } => 2,
        Body::ConnectionDeleted { .. } => 3,
        Body::SessionRead => 4,
        Body::SessionMute(_) => 5,
        Body::Migrate(_) => 6,
        Body::Notification { .. } => 7,
        Body::Signal { .. } => 8,
        Body::StreamCreate(_) => 9,
        Body::StreamCreated(_) => 10,
        Body::StreamDelete { .. } => 11,
        Body::StreamDeleted { .. } => 12,
        Body::StreamMute { .. } => 13,
        Body::StreamUpdate { .. } => 14,
        Body::StreamUpdated { .. } => 15,
        Body::ChannelUpdate { .. } => 16,
        Body::ChannelUpdated { .. } => 17,
        Body::Data { .. } => 18,
        Body::SubscriberCreate { .. } => 19,
        Body::SubscriberUpdate { .. } => 20,
        Body::SubscriberDelete { .. } => 21,
        Body::SubscriberDeleted { .. } => 22,
        Body::SubscriberChannelUpdate { .. } => 23,
        Body::Negotiate { .. } => 24,
        Body::SourceCreate { .. } => 25,
        Body::SourceDelete { .. } => 26,
        Body::ArchiveCreated(_) => 27,
        Body::ArchiveUpdated { .. } => 28,
        Body::Unknown { .. } => 29,
    }
}

const KINDS: usize = 30;

#[test]
fn the_strategies_reach_every_kind() {
    let mut runner = TestRunner::deterministic();
    let (made, read) = (strategies::message(), strategies::message_like());
    let (mut kinds_made, mut kinds_read) = (BTreeSet::new(), BTreeSet::new());
    for _ in 0..3000 {
        kinds_made.insert(kind(&made.new_tree(&mut runner).expect("a message").current().body));
        if let Ok(message) = Message::decode(&read.new_tree(&mut runner).expect("bytes").current()) {
            kinds_read.insert(kind(&message.body));
        }
    }
    assert_eq!(kinds_made, (0..KINDS).collect());
    assert_eq!(kinds_read, (0..KINDS).collect());
}

/// What has been read is written in a form that says the same, and is the last form.
fn is_stable(bytes: &[u8]) -> Result<(), TestCaseError> {
    if let Ok(first) = Message::decode(bytes) {
        let written = first.encode();
        let second = Message::decode(&written).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(&second, &first);
        prop_assert_eq!(second.encode(), written);
    }
    Ok(())
}

/// Reads an answer as everything that it could be.
fn read_answer(data: &[u8]) {
    let _ = serde_json::from_slice::<SessionState>(data);
    let _ = serde_json::from_slice::<Content<SessionState>>(data);
    let _ = serde_json::from_slice::<Content<MediaReply>>(data);
    let _ = serde_json::from_slice::<Refusal>(data);
}

proptest! {
    #[test]
    fn decode_reads_what_encode_writes(message in strategies::message()) {
        let bytes = message.encode();
        let again = Message::decode(&bytes);
        prop_assert_eq!(again, Ok(message), "{}", String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn what_looks_like_a_message_is_read_or_refused_and_stable(bytes in strategies::message_like()) {
        is_stable(&bytes)?;
        read_answer(&bytes);
    }

    #[test]
    fn any_json_is_read_or_refused(json in strategies::json_text()) {
        is_stable(json.as_bytes())?;
        read_answer(json.as_bytes());
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        is_stable(&bytes)?;
        read_answer(&bytes);
    }

    /// One byte of a good message changed, or its end cut off.
    #[test]
    fn damaged_messages_are_read_or_refused(
        message in strategies::message(), place: prop::sample::Index, byte: u8, cut: bool,
    ) {
        let mut bytes = message.encode();
        let place = place.index(bytes.len());
        if cut {
            bytes.truncate(place);
        } else {
            bytes[place] = byte;
        }
        is_stable(&bytes)?;
    }

    #[test]
    fn signal_data_is_relayed_to_the_byte(data in strategies::json_text()) {
        let session = SessionAddress { project: "1".into(), session: "S".into() };
        let text = format!(
            r#"{{"method":"signal","uri":"{}/signal/s","content":{{"data": {data} }}}}"#,
            session.topic()
        );
        let message = Message::decode(text.as_bytes()).expect("a signal");
        let Body::Signal { content: SignalContent { data: Some(kept), .. }, .. } = &message.body else {
            return Err(TestCaseError::fail("not a signal with data"));
        };
        prop_assert_eq!(kept.text(), &data);
        let written = String::from_utf8(message.encode()).expect("UTF-8");
        let end = format!(r#""content":{{"data":{data}}}}}"#);
        prop_assert!(written.ends_with(&end), "{}", written);
    }

    #[test]
    fn every_json_string_has_a_text(data in strategies::json_text()) {
        let json = Json::from_text(data.clone()).expect("JSON");
        prop_assert_eq!(json.as_string().is_some(), data.starts_with('"'));
        if let Ok(text) = serde_json::from_str::<String>(&data) {
            prop_assert_eq!(json.as_string(), Some(text));
        }
    }

    #[test]
    fn every_text_has_a_json_string(text in "(?s).{0,40}") {
        prop_assert_eq!(Json::from_str_value(&text).as_string(), Some(text));
    }
}
