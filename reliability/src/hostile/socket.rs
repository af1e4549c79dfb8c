//! A WebSocket made by hand: it can do what no library lets one do.

use otc_harness::Error;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long a server may take for anything that it does at once.
const SOON: Duration = Duration::from_secs(20);
/// Bytes read at a time.
const CHUNK: usize = 64 * 1024;

/// `fin` and the kinds of frames (RFC 6455 §5.2).
pub(super) const FIN: u8 = 0x80;
pub(super) const CONTINUATION: u8 = 0;
pub(super) const TEXT: u8 = 1;
pub(super) const BINARY: u8 = 2;
pub(super) const CLOSE: u8 = 8;
pub(super) const PING: u8 = 9;

/// One connection to the server.
pub(super) struct Socket {
    stream: TcpStream,
    arrived: Vec<u8>,
    /// Where in `arrived` the next frame begins.
    read: usize,
    /// Pieces of a message that has not ended.
    pieces: Vec<u8>,
}

/// What has come.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Incoming {
    Message(Vec<u8>),
    /// The server says that it ends; 0: without a code.
    Close(u16),
    /// A ping or a pong.
    Control,
    /// The connection is gone.
    Gone,
}

impl Socket {
    /// A connection, and nothing more.
    pub(super) async fn connect(address: &str) -> io::Result<Self> {
        let stream = timeout(SOON, TcpStream::connect(address)).await??;
        stream.set_nodelay(true)?;
        Ok(Self { stream, arrived: Vec::new(), read: 0, pieces: Vec::new() })
    }

    /// A WebSocket with this id, and the head of the server's answer; `more` are further lines of the request.
    pub(super) async fn open(
        address: &str,
        socket_id: &str,
        coming_back: bool,
        more: &str,
    ) -> Result<(Self, String), Error> {
        let mut socket = Self::connect(address).await?;
        let reconnect = if coming_back { "&reconnect=true" } else { "" };
        let head = format!(
            "GET /rumorwebsocketsv2?socketId={socket_id}{reconnect}&attempt=a HTTP/1.1\r\nHost: {address}\r\n\
             Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{more}\r\n"
        );
        socket.raw(head.as_bytes()).await?;
        let answer = socket.head().await?;
        if !answer.starts_with("HTTP/1.1 101") {
            return Err(format!("no WebSocket: {}", answer.lines().next().unwrap_or_default()).into());
        }
        Ok((socket, answer))
    }

    /// The head of an HTTP answer.
    pub(super) async fn head(&mut self) -> Result<String, Error> {
        loop {
            let waiting = &self.arrived[self.read..];
            if let Some(end) = waiting.windows(4).position(|window| window == b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&waiting[..end]).into_owned();
                self.read += end + 4;
                return Ok(head);
            }
            if timeout(SOON, self.more()).await?? == 0 {
                return Err("the server has closed the connection".into());
            }
        }
    }

    /// Passes over the body that follows `head`, which has come with it.
    pub(super) fn skip_body(&mut self, head: &str) {
        let lower = head.to_ascii_lowercase();
        let length =
            lower.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
        self.read = (self.read + length.unwrap_or(0)).min(self.arrived.len());
    }

    /// Bytes as they are.
    pub(super) async fn raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
    }

    /// A masked message in one frame.
    pub(super) async fn message(&mut self, kind: u8, payload: &[u8]) -> io::Result<()> {
        self.raw(&frame(FIN | kind, true, payload)).await
    }

    /// Reads some more; how much, 0 at the end.
    async fn more(&mut self) -> io::Result<usize> {
        if self.read > 0 {
            self.arrived.drain(..self.read);
            self.read = 0;
        }
        let length = self.arrived.len();
        self.arrived.resize(length + CHUNK, 0);
        let read = self.stream.read(&mut self.arrived[length..]).await;
        self.arrived.truncate(length + *read.as_ref().unwrap_or(&0));
        read
    }

    /// The next message, or the end.
    pub(super) async fn next(&mut self) -> Incoming {
        loop {
            let Some((first, payload, used)) = parse(&self.arrived[self.read..]) else {
                match self.more().await {
                    Ok(1..) => continue,
                    _ => return Incoming::Gone,
                }
            };
            let payload = payload.to_vec();
            self.read += used;
            match first & 0x0f {
                CONTINUATION | TEXT | BINARY => {
                    self.pieces.extend(payload);
                    if first & FIN != 0 {
                        return Incoming::Message(std::mem::take(&mut self.pieces));
                    }
                }
                CLOSE => {
                    let code = payload.first_chunk().map_or(0, |code| u16::from_be_bytes(*code));
                    return Incoming::Close(code);
                }
                _ => return Incoming::Control,
            }
        }
    }

    /// The next message that is there already, or comes soon; `None` when nothing does.
    pub(super) async fn next_within(&mut self, patience: Duration) -> Option<Incoming> {
        timeout(patience, self.next()).await.ok()
    }
}

/// A frame: its first byte, whether it is masked as those of clients have to be, and what it carries.
pub(super) fn frame(first: u8, masked: bool, payload: &[u8]) -> Vec<u8> {
    let mut bytes = head(first, masked, payload.len() as u64);
    // The mask is zero: a mask hides nothing here.
    bytes.extend_from_slice(payload);
    bytes
}

/// The head of a frame that announces so many bytes.
pub(super) fn head(first: u8, masked: bool, length: u64) -> Vec<u8> {
    let mask = if masked { 0x80 } else { 0 };
    let mut bytes = vec![first];
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short), _) if short < 126 => bytes.push(mask | short),
        (_, Ok(middle)) => {
            bytes.push(mask | 0x7e);
            bytes.extend(middle.to_be_bytes());
        }
        _ => {
            bytes.push(mask | 0x7f);
            bytes.extend(length.to_be_bytes());
        }
    }
    if masked {
        bytes.extend([0; 4]);
    }
    bytes
}

/// A frame of the server: its first byte, its payload, and how many bytes both take.
fn parse(bytes: &[u8]) -> Option<(u8, &[u8], usize)> {
    let [first, second, rest @ ..] = bytes else { return None };
    let (length, at) = match second & 0x7f {
        126 => (u64::from(u16::from_be_bytes(*rest.first_chunk()?)), 4),
        127 => (u64::from_be_bytes(*rest.first_chunk()?), 10),
        short => (u64::from(short), 2),
    };
    let end = at + usize::try_from(length).ok()?;
    Some((*first, bytes.get(at..end)?, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_read_as_they_are_written() {
        for length in [0, 1, 125, 126, 65_535, 65_536] {
            let payload = vec![7; length];
            let bytes = frame(FIN | BINARY, false, &payload);
            assert_eq!(parse(&bytes), Some((FIN | BINARY, &payload[..], bytes.len())));
            assert_eq!(parse(&bytes[..bytes.len() - 1]), None);
            assert_eq!(frame(FIN | BINARY, true, &payload).len(), bytes.len() + 4);
        }
    }
}
