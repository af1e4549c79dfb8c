//! Memory that requests hold before anybody knows whose they are.

use super::OpenSocket;
use crate::metrics::Metrics;
use otc_protocol::limits::{HTTP_HEAD_BYTES, REQUEST_FREE_BYTES};
use parking_lot::Mutex;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Most that is kept of what a connection has said: a head, and what was read of the body after it.
const MOST: usize = 2 * HTTP_HEAD_BYTES;

/// Bytes that one connection holds of those that all together may, given back when it is dropped.
pub(crate) struct Holding {
    place: OpenSocket,
    bytes: usize,
}

impl Holding {
    pub(crate) fn new(place: OpenSocket) -> Self {
        Self { place, bytes: 0 }
    }

    /// Holds more, if there is room; else nothing any more.
    pub(crate) fn grow(&mut self, more: usize) -> bool {
        let has_room = self.place.at_its_address.hold(more);
        if has_room {
            self.bytes += more;
        } else {
            self.give_back();
        }
        has_room
    }

    fn give_back(&mut self) {
        self.place.at_its_address.give_back(std::mem::take(&mut self.bytes));
    }
}

impl Drop for Holding {
    fn drop(&mut self) {
        self.give_back();
    }
}

/// Counts what a connection says.
pub(super) struct Meter(Mutex<Said>);

struct Said {
    /// Bytes since the last answer that may still be kept.
    kept: usize,
    /// Bytes of the last read.
    last: usize,
    /// What the connection has ever needed: its buffer stays as large. `None` once it is a WebSocket, which has bounds of
    /// its own.
    holding: Option<Holding>,
}

impl Meter {
    pub(super) fn new(place: OpenSocket) -> Arc<Self> {
        let said = Said { kept: 0, last: 0, holding: Some(Holding::new(place)) };
        Arc::new(Self(Mutex::new(said)))
    }

    fn count(&self, bytes: usize) -> io::Result<()> {
        let said = &mut *self.0.lock();
        let Some(holding) = &mut said.holding else { return Ok(()) };
        said.last = bytes;
        said.kept += bytes;
        let due = said.kept.min(MOST).saturating_sub(REQUEST_FREE_BYTES);
        let more = due.saturating_sub(holding.bytes);
        if more == 0 || holding.grow(more) {
            return Ok(());
        }
        Err(io::Error::new(ErrorKind::OutOfMemory, "too much is held for requests that are not finished"))
    }

    /// A request is answered. What is still kept came with the last read: nothing is read while something waits.
    pub(super) fn answered(&self) {
        let said = &mut *self.0.lock();
        said.kept = said.kept.min(said.last);
    }

    /// What comes now is no request.
    pub(super) fn settle(&self) {
        self.0.lock().holding = None;
    }
}

/// A stream that breaks when its connection holds more than there is room for.
pub(super) struct Metered<S> {
    stream: S,
    meter: Arc<Meter>,
    metrics: Arc<Metrics>,
}

impl<S> Metered<S> {
    pub(super) fn new(stream: S, meter: Arc<Meter>, metrics: Arc<Metrics>) -> Self {
        Self { stream, meter, metrics }
    }

    fn count_sent(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(bytes)) = &written {
            self.metrics.sent.add(*bytes);
        }
        written
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        let bytes = buf.filled().len() - before;
        self.metrics.received.add(bytes);
        Poll::Ready(self.meter.count(bytes))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.count_sent(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.count_sent(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
