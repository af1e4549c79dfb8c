//! One WebSocket: frames in, frames out, as few system calls as possible.

use super::dial::{Stream, dial};
use super::http;
use super::proxy::NetworkProxy;
use super::tls::Trust;
use super::url::Endpoint;
use crate::session::{Failure, FailureKind};
use bytes::Bytes;
use futures_util::{Sink, Stream as _};
use otc_protocol::limits::SERVER_FRAME_BYTES;
use std::collections::VecDeque;
use std::fmt::Write;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::http::header::CONTENT_TYPE;
use tokio_tungstenite::tungstenite::http::{Request, Response};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

/// An open WebSocket and what waits to be sent on it.
pub(super) struct Socket {
    /// The engine's name for it.
    pub(super) attempt: u64,
    stream: WebSocketStream<Box<dyn Stream>>,
    waiting: VecDeque<Message>,
    flushed: bool,
    closing: bool,
}

/// The end of a socket, with the server's close code if there was one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Closed(pub(super) Option<u16>);

/// Bytes that wait in the WebSocket before they are written: one system call's worth.
const WRITE_BUFFER: usize = 64 * 1024;
/// A socket that is mostly idle should be small; a busy one reads two dozen signals at once.
const READ_BUFFER: usize = 8 * 1024;

fn config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_write_buffer_size(WRITE_BUFFER * 4)
        .max_message_size(Some(SERVER_FRAME_BYTES))
        .max_frame_size(Some(SERVER_FRAME_BYTES))
}

impl Socket {
    /// Dials and shakes hands.
    pub(super) async fn open(
        attempt: u64,
        url: &str,
        proxy: Option<&NetworkProxy>,
        trust: impl Fn() -> Result<Trust, Failure>,
    ) -> Result<Self, Failure> {
        let endpoint = Endpoint::parse(url)?;
        let unreachable = |what: &dyn std::fmt::Display| Failure {
            kind: FailureKind::Unreachable,
            text: format!("the messaging server {} refused the socket: {what}", endpoint.place()),
        };
        let request = Request::get(&endpoint.uri)
            .header("Host", endpoint.uri.authority().map_or("", |authority| authority.as_str()))
            .header("Connection", "Upgrade")
            .header("Upgrade", "websocket")
            .header("Sec-WebSocket-Version", "13")
            .header("Sec-WebSocket-Key", generate_key())
            .body(())
            .map_err(|error| unreachable(&error))?;
        let stream = dial(&endpoint, proxy, trust).await?;
        let (stream, _response) =
            tokio_tungstenite::client_async_with_config(request, stream, Some(config())).await.map_err(
                |error| match error {
                    Error::Http(answer) => refused(&endpoint, url, &answer),
                    error => unreachable(&error),
                },
            )?;
        Ok(Self { attempt, stream, waiting: VecDeque::new(), flushed: true, closing: false })
    }

    /// Whether nothing waits to be written.
    pub(super) fn is_flushed(&self) -> bool {
        self.flushed && self.waiting.is_empty()
    }

    /// Frames that wait to be written.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Queues a frame.
    pub(super) fn send(&mut self, frame: Bytes) {
        self.waiting.push_back(Message::Binary(frame));
    }

    /// Queues the closing handshake behind everything else.
    pub(super) fn close(&mut self) {
        self.closing = true;
        let frame = CloseFrame { code: CloseCode::Normal, reason: Utf8Bytes::default() };
        self.waiting.push_back(Message::Close(Some(frame)));
    }

    /// Writes what waits, as far as the network takes it, in one go. Ready when the socket has failed, or when it is
    /// closing and everything has been written.
    pub(super) fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let mut stream = Pin::new(&mut self.stream);
        while !self.waiting.is_empty() {
            match stream.as_mut().poll_ready(context) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(_)) => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
            if let Some(message) = self.waiting.pop_front() {
                self.flushed = false;
                if stream.as_mut().start_send(message).is_err() {
                    return Poll::Ready(());
                }
            }
        }
        if !self.flushed {
            match stream.poll_flush(context) {
                Poll::Ready(Ok(())) => self.flushed = true,
                Poll::Ready(Err(_)) => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
        }
        if self.closing { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Reads the next frame.
    pub(super) fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<Result<Bytes, Closed>> {
        loop {
            return match Pin::new(&mut self.stream).poll_next(context) {
                Poll::Pending => Poll::Pending,
                Poll::Ready(Some(Ok(Message::Binary(bytes)))) => Poll::Ready(Ok(bytes)),
                Poll::Ready(Some(Ok(Message::Close(frame)))) => {
                    Poll::Ready(Err(Closed(frame.map(|frame| frame.code.into()))))
                }
                Poll::Ready(Some(Ok(_))) => continue,
                Poll::Ready(Some(Err(_)) | None) => Poll::Ready(Err(Closed(None))),
            };
        }
    }

    /// Reads and forgets until the peer closes.
    pub(super) fn poll_closed(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            match self.poll_read(context) {
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(_)) => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

/// The server has answered the handshake with something else than a WebSocket.
fn refused(endpoint: &Endpoint, url: &str, answer: &Response<Option<Vec<u8>>>) -> Failure {
    let kind = http::refusal(answer.status().as_u16(), answer.headers());
    let mut text = format!(
        "the messaging server {} refused the socket: HTTP status {}",
        endpoint.place(),
        answer.status()
    );
    if let Some(words) = words(answer).filter(|words| !repeats_a_secret(words, url)) {
        let _ = write!(text, ": {words}");
    }
    Failure { kind, text }
}

/// What the server says of it, if it says it to people and not to browsers.
fn words(answer: &Response<Option<Vec<u8>>>) -> Option<&str> {
    let kind = answer.headers().get(CONTENT_TYPE)?.to_str().ok()?;
    let is_plain = kind.to_ascii_lowercase().starts_with("text/plain");
    let words = std::str::from_utf8(answer.body().as_deref()?).ok()?.trim();
    (is_plain && !words.is_empty()).then_some(words)
}

/// Whoever knows the id of a socket can take its session over; it stands in the URL.
fn repeats_a_secret(words: &str, url: &str) -> bool {
    let words = words.to_ascii_lowercase();
    let query = url.split_once('?').map_or("", |(_, query)| query).to_ascii_lowercase();
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .any(|(_, value)| value.len() >= 8 && words.contains(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Refusal;

    const URL: &str = "ws://h/rumor?socketId=6b1f3e5c-1111-4222-8333-444455556666&reconnect=true&attempt=a";

    fn answered(status: u16, kind: &str, body: &str) -> Failure {
        let answer = Response::builder().status(status).header(CONTENT_TYPE, kind).body(Some(body.into()));
        refused(&Endpoint::parse(URL).expect("a URL"), URL, &answer.expect("an answer"))
    }

    #[test]
    fn the_servers_words_are_passed_on() {
        let failure = answered(403, "text/plain; charset=utf-8", " The key is suspended. ");
        let expected =
            "the messaging server h:80 refused the socket: HTTP status 403 Forbidden: The key is suspended.";
        assert_eq!(failure.text, expected);
        assert_eq!(failure.kind, FailureKind::Refused(Refusal::Forbidden));
    }

    #[test]
    fn pages_and_secrets_are_not() {
        let page = answered(404, "text/html", "<html>not here</html>");
        let echo =
            answered(404, "text/plain", "no /rumor?socketId=6B1F3E5C-1111-4222-8333-444455556666 here");
        for failure in [page, echo, answered(404, "text/plain", " ")] {
            assert_eq!(
                failure.text,
                "the messaging server h:80 refused the socket: HTTP status 404 Not Found"
            );
        }
    }
}
