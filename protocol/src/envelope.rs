//! What the frames of each direction mean (`wire.md §3.3`): one constructor for each frame that is sent, one enum for
//! each side that receives.

use crate::rumor::{Frame, FrameError, Kind, encode};
use bytes::Bytes;

const TRANSACTION: &str = "TRANSACTION-ID";
const FROM: &str = "X-TB-FROM-ADDRESS";
const TOKEN: &str = "X-TB-TOKEN-AUTH";
const STATUS: &str = "STATUS";
const UNIQUE_ID: &str = "uniqueId";
const NOTIFY: &str = "notifyDisconnectAddress";
const RECONNECT: &str = "reconnect";
const CONTENT_TYPE: (&str, &str) = ("Content-Type", "application/x-raptor+v2");

/// What a server receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FromClient<'a> {
    /// First frame of a new socket id.
    Connect {
        /// The connection id that the client made.
        connection: &'a str,
        /// The transaction to answer, if the client gave one.
        transaction: Option<&'a str>,
    },
    /// The client asks to receive the topics that are the frame's addresses.
    Subscribe,
    /// The client no longer wants the topics that are the frame's addresses.
    Unsubscribe,
    /// A Raptor message that wants one STATUS.
    Request(Request<'a>),
    /// A message from the server has been handled.
    Acknowledge {
        /// The message's transaction.
        transaction: &'a str,
    },
    /// The client leaves for good.
    Leave,
    /// This socket is being replaced by another one of the same id.
    Replaced,
    /// Sign of life; to be answered with a PONG at once.
    Ping,
}

/// A Raptor message on its way to the server.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Request<'a> {
    /// The id that the STATUS must carry and that tells a repeated request from a new one.
    pub transaction: &'a str,
    /// The sender's connection id, as it says.
    pub from: &'a str,
    /// The token; only on the creation of a connection.
    pub token: Option<&'a str>,
    /// The message's JSON.
    pub data: &'a [u8],
}

/// Without the token and without the message: neither belongs in a log.
impl std::fmt::Debug for Request<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Request")
            .field("transaction", &self.transaction)
            .field("from", &self.from)
            .field("data_bytes", &self.data.len())
            .finish_non_exhaustive()
    }
}

/// What a client receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FromServer<'a> {
    /// A Raptor message.
    Message(Delivery<'a>),
    /// The answer to a request.
    Status(Answer<'a>),
    /// Sign of life.
    Pong,
    /// A frame that means nothing to a client; it counts as a sign of life.
    Other,
}

/// A Raptor message on its way to a client.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Delivery<'a> {
    /// To be acknowledged under this id, once for every copy received; `None`: no acknowledgement.
    pub transaction: Option<&'a str>,
    /// The originator's connection id; empty for the server, `None` when the header is absent.
    pub from: Option<&'a str>,
    /// The message's JSON.
    pub data: &'a [u8],
}

impl std::fmt::Debug for Delivery<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Delivery")
            .field("transaction", &self.transaction)
            .field("from", &self.from)
            .field("data_bytes", &self.data.len())
            .finish()
    }
}

/// The STATUS of a request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Answer<'a> {
    /// The request's transaction; empty when the server named none.
    pub transaction: &'a str,
    /// Three digits as in HTTP; 0 when they are not a number.
    pub code: u16,
    /// JSON or nothing.
    pub data: &'a [u8],
}

impl std::fmt::Debug for Answer<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Answer")
            .field("transaction", &self.transaction)
            .field("code", &self.code)
            .field("data_bytes", &self.data.len())
            .finish()
    }
}

impl Answer<'_> {
    /// Whether the request was carried out.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.code)
    }
}

/// Why a well-formed frame means nothing to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnvelopeError {
    /// Not a frame at all.
    Frame(FrameError),
    /// A header that this kind of frame needs is missing.
    MissingHeader(&'static str),
    /// A frame that only a server sends.
    WrongDirection(Kind),
}

impl std::fmt::Display for EnvelopeError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Frame(error) => error.fmt(formatter),
            Self::MissingHeader(name) => write!(formatter, "the frame has no header {name}"),
            Self::WrongDirection(kind) => write!(formatter, "{kind:?} frames are sent by servers only"),
        }
    }
}

impl std::error::Error for EnvelopeError {}

impl From<FrameError> for EnvelopeError {
    fn from(error: FrameError) -> Self {
        Self::Frame(error)
    }
}

impl<'a> FromClient<'a> {
    /// Reads what a client sent.
    pub fn read(frame: &Frame<'a>) -> Result<Self, EnvelopeError> {
        let need = |name| frame.header(name).ok_or(EnvelopeError::MissingHeader(name));
        Ok(match frame.kind {
            Kind::Connect => {
                Self::Connect { connection: need(UNIQUE_ID)?, transaction: frame.header(TRANSACTION) }
            }
            Kind::Subscribe => Self::Subscribe,
            Kind::Unsubscribe => Self::Unsubscribe,
            Kind::Message => Self::Request(Request {
                transaction: need(TRANSACTION)?,
                from: frame.header(FROM).unwrap_or_default(),
                token: frame.header(TOKEN),
                data: frame.data,
            }),
            Kind::Status => Self::Acknowledge { transaction: need(TRANSACTION)? },
            Kind::Disconnect => match frame.header(RECONNECT) {
                Some("1") => Self::Replaced,
                _ => Self::Leave,
            },
            Kind::Ping => Self::Ping,
            Kind::Pong => return Err(EnvelopeError::WrongDirection(Kind::Pong)),
        })
    }
}

impl<'a> FromServer<'a> {
    /// Reads what a server sent.
    pub fn read(frame: &Frame<'a>) -> Self {
        match frame.kind {
            Kind::Message => Self::Message(Delivery {
                transaction: frame.header(TRANSACTION),
                from: frame.header(FROM),
                data: frame.data,
            }),
            Kind::Status => Self::Status(Answer {
                transaction: frame.header(TRANSACTION).unwrap_or_default(),
                code: frame.header(STATUS).and_then(|code| code.parse().ok()).unwrap_or(0),
                data: frame.data,
            }),
            Kind::Pong => Self::Pong,
            _ => Self::Other,
        }
    }
}

/// PING, from the client.
pub fn ping() -> Bytes {
    Bytes::from_static(&[0, 0, 0, 5, 0, 0, 7, 0, 0])
}

/// PONG, from the server.
pub fn pong() -> Bytes {
    Bytes::from_static(&[0, 0, 0, 5, 0, 0, 8, 0, 0])
}

/// CONNECT: the first frame of a new socket id.
pub fn connect(connection: &str, transaction: &str, symphony: &str) -> Result<Bytes, FrameError> {
    encode(
        Kind::Connect,
        &[],
        &[(UNIQUE_ID, connection), (TRANSACTION, transaction), (NOTIFY, symphony)],
        b"",
    )
}

/// SUBSCRIBE to one topic.
pub fn subscribe(topic: &str) -> Result<Bytes, FrameError> {
    encode(Kind::Subscribe, &[topic], &[], b"")
}

/// DISCONNECT: the client leaves.
pub fn leave() -> Bytes {
    Bytes::from_static(b"\x00\x00\x00\x12\x00\x00\x04\x00\x01\x00\x09reconnect\x00\x00")
}

/// DISCONNECT: this socket is being replaced.
pub fn replaced() -> Bytes {
    Bytes::from_static(b"\x00\x00\x00\x13\x00\x00\x04\x00\x01\x00\x09reconnect\x00\x011")
}

/// MESSAGE from a client to the session's logic at `symphony`.
pub fn request(symphony: &str, request: &Request<'_>) -> Result<Bytes, FrameError> {
    let headers = [
        CONTENT_TYPE,
        (TRANSACTION, request.transaction),
        (FROM, request.from),
        (TOKEN, request.token.unwrap_or_default()),
    ];
    let used = if request.token.is_some() { 4 } else { 3 };
    encode(Kind::Message, &[symphony], &headers[..used], request.data)
}

/// STATUS from a client: the message `transaction` of `originator` has been handled.
pub fn acknowledge(originator: &str, transaction: &str, from: &str) -> Result<Bytes, FrameError> {
    encode(Kind::Status, &[originator], &[(TRANSACTION, transaction), (FROM, from)], b"")
}

/// STATUS from the server: the answer to `transaction` of the connection `to`.
pub fn status(to: &str, code: u16, transaction: &str, data: &[u8]) -> Result<Bytes, FrameError> {
    encode(Kind::Status, &[to], &[(STATUS, &code.to_string()), (TRANSACTION, transaction)], data)
}

/// MESSAGE from the server to a topic or a connection id; `from` is empty when the server itself speaks.
pub fn message(to: &str, transaction: &str, from: &str, data: &[u8]) -> Result<Bytes, FrameError> {
    encode(Kind::Message, &[to], &[(TRANSACTION, transaction), (FROM, from), CONTENT_TYPE], data)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_client(bytes: &Bytes) -> FromClient<'_> {
        FromClient::read(&Frame::decode(bytes).expect("a frame")).expect("means something")
    }

    fn from_server(bytes: &Bytes) -> FromServer<'_> {
        FromServer::read(&Frame::decode(bytes).expect("a frame"))
    }

    #[test]
    fn the_server_reads_what_the_client_writes() {
        let bytes = connect("c1", "t1", "symphony.x").expect("fits");
        assert_eq!(from_client(&bytes), FromClient::Connect { connection: "c1", transaction: Some("t1") });
        assert_eq!(from_client(&subscribe("/topic").expect("fits")), FromClient::Subscribe);
        let sent = Request { transaction: "t2", from: "c1", token: Some("T1==x"), data: b"{}" };
        assert_eq!(from_client(&request("symphony.x", &sent).expect("fits")), FromClient::Request(sent));
        let sent = Request { token: None, ..sent };
        let bytes = request("symphony.x", &sent).expect("fits");
        assert_eq!(from_client(&bytes), FromClient::Request(sent));
        assert_eq!(Frame::decode(&bytes).expect("a frame").header(TOKEN), None);
        let bytes = acknowledge("c2", "t3", "c1").expect("fits");
        assert_eq!(from_client(&bytes), FromClient::Acknowledge { transaction: "t3" });
        assert_eq!(Frame::decode(&bytes).expect("a frame").header(STATUS), None, "wire.md §3.3");
        assert_eq!(from_client(&leave()), FromClient::Leave);
        assert_eq!(from_client(&replaced()), FromClient::Replaced);
        assert_eq!(from_client(&ping()), FromClient::Ping);
    }

    #[test]
    fn the_client_reads_what_the_server_writes() {
        let bytes = status("c1", 404, "t1", b"{}").expect("fits");
        assert_eq!(
            from_server(&bytes),
            FromServer::Status(Answer { transaction: "t1", code: 404, data: b"{}" })
        );
        let bytes = message("/topic", "t2", "", b"[]").expect("fits");
        let delivery = Delivery { transaction: Some("t2"), from: Some(""), data: b"[]" };
        assert_eq!(from_server(&bytes), FromServer::Message(delivery));
        assert_eq!(from_server(&pong()), FromServer::Pong);
        assert_eq!(from_server(&ping()), FromServer::Other);
    }

    #[test]
    fn a_frame_without_what_it_needs_is_refused() {
        for (kind, header) in
            [(Kind::Connect, UNIQUE_ID), (Kind::Message, TRANSACTION), (Kind::Status, TRANSACTION)]
        {
            let bytes = encode(kind, &[], &[], b"").expect("fits");
            let read = FromClient::read(&Frame::decode(&bytes).expect("a frame"));
            assert_eq!(read, Err(EnvelopeError::MissingHeader(header)));
        }
        let bytes = pong();
        let read = FromClient::read(&Frame::decode(&bytes).expect("a frame"));
        assert_eq!(read, Err(EnvelopeError::WrongDirection(Kind::Pong)));
    }

    #[test]
    fn debug_shows_no_secret() {
        let shown =
            format!("{:?}", Request { transaction: "t", from: "c", token: Some("secret"), data: b"hidden" });
        assert!(!shown.contains("secret") && !shown.contains("hidden"), "{shown}");
    }
}
