//! Rumor: the binary frames of the WebSocket, one in each binary message (`wire.md §3.2`).
//!
//! [`Frame::decode`] borrows from the received bytes and allocates nothing.

use crate::limits::{FRAME_ADDRESSES, FRAME_HEADERS, FRAME_TEXT_BYTES};
use bytes::{BufMut, Bytes};
use std::fmt;

/// What a frame is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Kind {
    /// The client asks to receive topics.
    Subscribe = 0,
    /// The client no longer wants topics.
    Unsubscribe = 1,
    /// A Raptor message in the data.
    Message = 2,
    /// First frame of a new socket id.
    Connect = 3,
    /// The client leaves, or replaces this socket.
    Disconnect = 4,
    /// Sign of life, from the client.
    Ping = 7,
    /// Answer to a ping.
    Pong = 8,
    /// Reply to a request, or acknowledgement of a message.
    Status = 9,
}

impl Kind {
    /// Every kind, in the order of its numbers.
    pub const ALL: [Self; 8] = [
        Self::Subscribe,
        Self::Unsubscribe,
        Self::Message,
        Self::Connect,
        Self::Disconnect,
        Self::Ping,
        Self::Pong,
        Self::Status,
    ];

    fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            0 => Self::Subscribe,
            1 => Self::Unsubscribe,
            2 => Self::Message,
            3 => Self::Connect,
            4 => Self::Disconnect,
            7 => Self::Ping,
            8 => Self::Pong,
            9 => Self::Status,
            _ => return None,
        })
    }
}

/// Why bytes are not a frame, or a frame cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameError {
    /// The bytes end before the frame does.
    Truncated,
    /// The length field does not say what arrived.
    Length {
        /// Bytes that the field announces after itself.
        announced: u32,
        /// Bytes that arrived after the field.
        arrived: usize,
    },
    /// A type number that the protocol does not have.
    UnknownKind(u8),
    /// An address or header that is not UTF-8.
    NotText,
    /// More addresses or headers than a count of one byte can say, or a text longer than 65,535 bytes.
    TooLarge,
}

impl fmt::Display for FrameError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => formatter.write_str("the frame ends early"),
            Self::Length { announced, arrived } => {
                write!(formatter, "the frame announces {announced} bytes and has {arrived}")
            }
            Self::UnknownKind(number) => write!(formatter, "frame type {number} is unknown"),
            Self::NotText => formatter.write_str("an address or header is not UTF-8"),
            Self::TooLarge => {
                formatter.write_str("an address, a header or their number is too large for a frame")
            }
        }
    }
}

impl std::error::Error for FrameError {}

/// A decoded frame; its texts and data are parts of the bytes it was decoded from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// What it is for.
    pub kind: Kind,
    addresses: Texts<'a>,
    headers: Texts<'a>,
    /// What follows the headers: JSON, or nothing.
    pub data: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Reads one frame, which must fill `bytes`.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, FrameError> {
        let mut reader = Reader(bytes);
        let announced = u32::from_be_bytes(reader.array()?);
        if announced as usize != reader.0.len() {
            return Err(FrameError::Length { announced, arrived: reader.0.len() });
        }
        let _reserved: [u8; 2] = reader.array()?;
        let [number] = reader.array()?;
        let kind = Kind::from_number(number).ok_or(FrameError::UnknownKind(number))?;
        let [address_count] = reader.array()?;
        let addresses = reader.texts(usize::from(address_count))?;
        let [header_count] = reader.array()?;
        let headers = reader.texts(usize::from(header_count) * 2)?;
        Ok(Self { kind, addresses, headers, data: reader.0 })
    }

    /// The to-addresses.
    pub fn addresses(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.addresses.iter()
    }

    /// The headers, key and value.
    pub fn headers(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let mut texts = self.headers.iter();
        std::iter::from_fn(move || Some((texts.next()?, texts.next()?)))
    }

    /// The value of the first header named `key`; keys are case sensitive.
    pub fn header(&self, key: &str) -> Option<&'a str> {
        let mut reader = Reader(self.headers.0);
        while !reader.0.is_empty() {
            // Only the one that is looked for need be checked to be text again.
            let (name, value) = (reader.bytes().ok()?, reader.bytes().ok()?);
            if name == key.as_bytes() {
                return std::str::from_utf8(value).ok();
            }
        }
        None
    }
}

/// Kind, addresses and sizes only: header values may hold a token, data may hold a signal.
impl fmt::Debug for Frame<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Frame")
            .field("kind", &self.kind)
            .field("addresses", &self.addresses().collect::<Vec<_>>())
            .field("headers", &self.headers().map(|(key, _)| key).collect::<Vec<_>>())
            .field("data_bytes", &self.data.len())
            .finish()
    }
}

/// Writes one frame.
pub fn encode(
    kind: Kind,
    addresses: &[&str],
    headers: &[(&str, &str)],
    data: &[u8],
) -> Result<Bytes, FrameError> {
    let texts = || addresses.iter().copied().chain(headers.iter().flat_map(|(key, value)| [*key, *value]));
    let text_bytes: usize = texts().map(|text| 2 + text.len()).sum();
    let after_length = 2 + 1 + 1 + 1 + text_bytes + data.len();
    let announced = u32::try_from(after_length).map_err(|_| FrameError::TooLarge)?;
    if addresses.len() > FRAME_ADDRESSES || headers.len() > FRAME_HEADERS {
        return Err(FrameError::TooLarge);
    }
    if texts().any(|text| text.len() > FRAME_TEXT_BYTES) {
        return Err(FrameError::TooLarge);
    }

    let mut out = Vec::with_capacity(4 + after_length);
    out.put_u32(announced);
    out.put_u16(0);
    out.put_u8(kind as u8);
    put_count(&mut out, addresses.len());
    for address in addresses {
        put_text(&mut out, address);
    }
    put_count(&mut out, headers.len());
    for (key, value) in headers {
        put_text(&mut out, key);
        put_text(&mut out, value);
    }
    out.put_slice(data);
    Ok(out.into())
}

#[allow(clippy::cast_possible_truncation, reason = "`encode` has checked the bound")]
fn put_count(out: &mut Vec<u8>, count: usize) {
    out.put_u8(count as u8);
}

#[allow(clippy::cast_possible_truncation, reason = "`encode` has checked the bound")]
fn put_text(out: &mut Vec<u8>, text: &str) {
    out.put_u16(text.len() as u16);
    out.put_slice(text.as_bytes());
}

/// A run of length-prefixed texts that has been checked to be whole and UTF-8.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Texts<'a>(&'a [u8]);

impl<'a> Texts<'a> {
    fn iter(self) -> impl Iterator<Item = &'a str> {
        let mut reader = Reader(self.0);
        std::iter::from_fn(move || if reader.0.is_empty() { None } else { reader.text().ok() })
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N], FrameError> {
        let (head, rest) = self.0.split_first_chunk().ok_or(FrameError::Truncated)?;
        self.0 = rest;
        Ok(*head)
    }

    fn bytes(&mut self) -> Result<&'a [u8], FrameError> {
        let length = usize::from(u16::from_be_bytes(self.array()?));
        let (head, rest) = self.0.split_at_checked(length).ok_or(FrameError::Truncated)?;
        self.0 = rest;
        Ok(head)
    }

    fn text(&mut self) -> Result<&'a str, FrameError> {
        std::str::from_utf8(self.bytes()?).map_err(|_| FrameError::NotText)
    }

    fn texts(&mut self, count: usize) -> Result<Texts<'a>, FrameError> {
        let start = self.0;
        for _ in 0..count {
            self.text()?;
        }
        Ok(Texts(&start[..start.len() - self.0.len()]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hex(text: &str) -> Vec<u8> {
        text.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).expect("hex")).collect()
    }

    /// The byte examples of `wire.md §3.2`.
    #[test]
    fn examples_of_the_reference() {
        let topic = "/v2/partner/1/session/S";
        let table = [
            (encode(Kind::Ping, &[], &[], b""), "00 00 00 05 00 00 07 00 00"),
            (encode(Kind::Pong, &[], &[], b""), "00 00 00 05 00 00 08 00 00"),
            (
                encode(Kind::Subscribe, &[topic], &[], b""),
                "00 00 00 1e 00 00 00 01 00 17 2f 76 32 2f 70 61 72 74 6e 65 72 2f 31 2f 73 65 73 73 69 6f 6e 2f 53 00",
            ),
            (
                encode(Kind::Status, &["c1"], &[("STATUS", "200"), ("TRANSACTION-ID", "t1")], b"{}"),
                "00 00 00 2c 00 00 09 01 00 02 63 31 02 00 06 53 54 41 54 55 53 00 03 32 30 30 \
                 00 0e 54 52 41 4e 53 41 43 54 49 4f 4e 2d 49 44 00 02 74 31 7b 7d",
            ),
            (
                encode(Kind::Disconnect, &[], &[("reconnect", "")], b""),
                "00 00 00 12 00 00 04 00 01 00 09 72 65 63 6f 6e 6e 65 63 74 00 00",
            ),
            (
                encode(Kind::Disconnect, &[], &[("reconnect", "1")], b""),
                "00 00 00 13 00 00 04 00 01 00 09 72 65 63 6f 6e 6e 65 63 74 00 01 31",
            ),
        ];
        for (encoded, expected) in table {
            assert_eq!(encoded.expect("fits"), hex(expected));
        }
    }

    #[test]
    fn every_kind_has_the_number_of_the_reference() {
        let numbers: Vec<u8> = Kind::ALL.into_iter().map(|kind| kind as u8).collect();
        assert_eq!(numbers, [0, 1, 2, 3, 4, 7, 8, 9]);
        for number in [5, 6, 10, 255] {
            let bytes = [0, 0, 0, 5, 0, 0, number, 0, 0];
            assert_eq!(Frame::decode(&bytes), Err(FrameError::UnknownKind(number)));
        }
    }

    #[test]
    fn hostile_bytes_are_refused() {
        let table: [(&str, FrameError); 7] = [
            ("", FrameError::Truncated),
            ("00 00 00", FrameError::Truncated),
            ("00 00 00 06 00 00 07 00 00", FrameError::Length { announced: 6, arrived: 5 }),
            ("ff ff ff ff 00 00 07 00 00", FrameError::Length { announced: u32::MAX, arrived: 5 }),
            ("00 00 00 07 00 00 02 01 00 09 61", FrameError::Truncated),
            ("00 00 00 08 00 00 02 01 00 01 ff 00", FrameError::NotText),
            ("00 00 00 05 00 00 02 00 01", FrameError::Truncated),
        ];
        for (bytes, error) in table {
            assert_eq!(Frame::decode(&hex(bytes)), Err(error), "{bytes}");
        }
    }

    #[test]
    fn limits_hold_at_their_edge() {
        let longest = "x".repeat(FRAME_TEXT_BYTES);
        let most = vec![longest.as_str(); FRAME_ADDRESSES];
        let bytes = encode(Kind::Message, &most, &[], b"").expect("at the limit");
        assert_eq!(Frame::decode(&bytes).expect("decodes").addresses().count(), FRAME_ADDRESSES);

        assert_eq!(encode(Kind::Message, &vec![""; 256], &[], b""), Err(FrameError::TooLarge));
        assert_eq!(encode(Kind::Message, &[], &vec![("", ""); 256], b""), Err(FrameError::TooLarge));
        let longer = "x".repeat(FRAME_TEXT_BYTES + 1);
        assert_eq!(encode(Kind::Message, &[&longer], &[], b""), Err(FrameError::TooLarge));
        assert_eq!(encode(Kind::Message, &[], &[("k", &longer)], b""), Err(FrameError::TooLarge));
    }

    #[test]
    fn debug_shows_no_header_value_and_no_data() {
        let bytes =
            encode(Kind::Message, &["to"], &[("X-TB-TOKEN-AUTH", "secret")], b"hidden").expect("fits");
        let shown = format!("{:?}", Frame::decode(&bytes).expect("decodes"));
        assert!(shown.contains("X-TB-TOKEN-AUTH"));
        assert!(!shown.contains("secret") && !shown.contains("hidden"), "{shown}");
    }

    proptest! {
        #[test]
        fn decode_reads_what_encode_writes(
            kind in prop::sample::select(&Kind::ALL[..]),
            addresses in prop::collection::vec(".{0,20}", 0..8),
            headers in prop::collection::vec((".{0,12}", ".{0,20}"), 0..8),
            data in prop::collection::vec(any::<u8>(), 0..64),
        ) {
            let address_refs: Vec<&str> = addresses.iter().map(String::as_str).collect();
            let header_refs: Vec<(&str, &str)> =
                headers.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
            let bytes = encode(kind, &address_refs, &header_refs, &data).expect("fits");
            let frame = Frame::decode(&bytes).expect("decodes");
            prop_assert_eq!(frame.kind, kind);
            prop_assert_eq!(frame.addresses().collect::<Vec<_>>(), address_refs);
            prop_assert_eq!(frame.headers().collect::<Vec<_>>(), header_refs);
            prop_assert_eq!(frame.data, &data[..]);
        }

        #[test]
        fn decode_of_anything_never_panics_and_encodes_back(mut bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if bytes.len() >= 4 {
                // Let most inputs pass the length check, so that the rest is reached.
                let length = u32::try_from(bytes.len() - 4).expect("short");
                bytes[..4].copy_from_slice(&length.to_be_bytes());
            }
            if let Ok(frame) = Frame::decode(&bytes) {
                let addresses: Vec<&str> = frame.addresses().collect();
                let headers: Vec<(&str, &str)> = frame.headers().collect();
                let again = encode(frame.kind, &addresses, &headers, frame.data).expect("fits");
                prop_assert_eq!(&again[6..], &bytes[6..]);
            }
        }
    }
}
