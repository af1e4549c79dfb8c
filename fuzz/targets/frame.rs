//! Bytes of a WebSocket message as a frame: what is read is written back as the same bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use otc_protocol::rumor::{Frame, encode};

fuzz_target!(|bytes: &[u8]| {
    // The length field is what a mutation breaks first: half of the inputs get a right one.
    let mut corrected = bytes.to_vec();
    if let (Some(field), Ok(length)) =
        (corrected.first_chunk_mut(), u32::try_from(bytes.len().saturating_sub(4)))
    {
        *field = length.to_be_bytes();
    }
    for bytes in [bytes, &corrected] {
        let Ok(frame) = Frame::decode(bytes) else { continue };
        let addresses: Vec<&str> = frame.addresses().collect();
        let headers: Vec<(&str, &str)> = frame.headers().collect();
        let again = encode(frame.kind, &addresses, &headers, frame.data).expect("it has been a frame");
        assert_eq!(again[..4], bytes[..4], "the length");
        assert_eq!(again[6..], bytes[6..], "all but the reserved bytes");
        assert_eq!(
            headers.first().map(|(_, value)| *value),
            headers.first().and_then(|(key, _)| frame.header(key))
        );
        assert!(!format!("{frame:?}").is_empty());
    }
});
