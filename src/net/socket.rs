//! One WebSocket: frames in, frames out, as few system calls as possible.

use super::dial::{Stream, dial};
use super::proxy::NetworkProxy;
use super::tls::Trust;
use super::url::Endpoint;
use crate::session::{Failure, FailureKind};
use bytes::Bytes;
use futures_util::{Sink, Stream as _};
use otc_protocol::limits::SERVER_FRAME_BYTES;
use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::http::Request;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

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
            tokio_tungstenite::client_async_with_config(request, stream, Some(config()))
                .await
                .map_err(|error| unreachable(&error))?;
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
