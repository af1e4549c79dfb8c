//! The life of one WebSocket.
//!
//! Each turn reads what has arrived, lets the room take it in one go, and writes everything that waits in one flush. A
//! peer that does not take its bytes is not written to, and is not read from while too many of its answers wait; nobody
//! else waits for it.

use super::queue::Queue;
use super::wire::Wire;
use crate::metrics::Metrics;
use crate::sessions::{CloseCode, Done, Link, Seat, Time};
use bytes::Bytes;
use futures_util::{Sink, Stream};
use otc_protocol::limits::{
    CLOSE_WITHIN, CROWDED_BATCH_FRAMES, CROWDED_PAUSE, SOCKET_BATCH_FRAMES, SOCKET_FRAGMENT_BYTES,
};
use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::time::{Sleep, sleep, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::{Error, Message};

pub(super) struct Task<S, C> {
    stream: WebSocketStream<Wire<S>>,
    queue: Arc<Queue>,
    seat: Seat<Queue>,
    clock: C,
    metrics: Arc<Metrics>,
    /// Read, and not taken by the room yet.
    arrived: VecDeque<Bytes>,
    /// Taken from the queue, and not written yet.
    leaving: VecDeque<Bytes>,
    /// The first of these is the rest of a frame, whose beginning is written.
    begun: bool,
    /// Bytes written when the peer was last seen to take some.
    written: u64,
    closing: Closing,
    /// Nothing is read before.
    pause: Option<Pin<Box<Sleep>>>,
}

/// How far the end has got.
enum Closing {
    No,
    /// One side has said that it ends; the other one has until then to agree.
    Until {
        said: bool,
        deadline: Pin<Box<Sleep>>,
    },
}

/// How a socket ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Both sides agreed.
    Closed,
    /// The peer did not answer the closing in time.
    Late,
    /// The connection below broke.
    Broken,
}

impl fmt::Display for End {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Closed => "closed",
            Self::Late => "the peer did not close in time",
            Self::Broken => "the connection broke",
        })
    }
}

/// What a step of a turn came to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    /// There may be more at once.
    Again,
    /// Nothing more until the peer does something.
    Waits,
}

/// Turns of one poll, before other tasks have theirs.
const TURNS: usize = 8;

impl<S, C> Task<S, C>
where
    S: AsyncRead + AsyncWrite + Unpin,
    C: Fn() -> Time,
{
    pub(super) fn new(
        stream: WebSocketStream<Wire<S>>,
        queue: Arc<Queue>,
        seat: Seat<Queue>,
        clock: C,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self {
            stream,
            queue,
            seat,
            clock,
            metrics,
            arrived: VecDeque::new(),
            leaving: VecDeque::new(),
            begun: false,
            written: 0,
            closing: Closing::No,
            pause: None,
        }
    }

    /// Runs until the socket is closed, and tells the room; how it ended, and the session that it was in.
    pub(super) async fn run(mut self) -> (End, Option<Arc<str>>) {
        let end = poll_fn(|cx| self.poll(cx)).await;
        let session = self.seat.session().map(Arc::from);
        self.seat.lost((self.clock)().now);
        if self.queue.close() == Some(CloseCode::TooLarge) {
            drain(self.stream.get_mut()).await;
        }
        (end, session)
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        if let Some(woken) = self.queue.attend() {
            let now = Instant::now();
            let took = now - woken;
            self.metrics.latencies.wake.observe(took);
            self.metrics.lateness.note(now, took);
        }
        for _ in 0..TURNS {
            match self.turn(cx) {
                Err(end) => return Poll::Ready(end),
                Ok(Turn { again: true, .. }) => {}
                Ok(Turn { blocked, .. }) => {
                    if self.queue.rest(cx.waker(), blocked, self.knows_its_end(blocked)) {
                        return Poll::Pending;
                    }
                }
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn turn(&mut self, cx: &mut Context<'_>) -> Result<Turn, End> {
        let read = self.read(cx);
        // What arrived before the end counts: it may say that the client leaves.
        if !self.arrived.is_empty() {
            let time = (self.clock)();
            let crowded = self.seat.receive(time, &mut self.arrived);
            self.measure(time);
            self.pause = crowded.then(|| Box::pin(sleep(CROWDED_PAUSE)));
        }
        let read = read?;
        let written = self.write(cx)?;
        self.note_progress();
        self.close(cx)?;
        let more = read == Step::Again || !self.arrived.is_empty();
        // While too many answers wait there is nothing to do until some are written.
        Ok(Turn { again: more && !self.queue.is_full(), blocked: written == Step::Waits })
    }

    /// How long what was read then has taken.
    fn measure(&mut self, read: Time) {
        let Done { signals, joined } = self.seat.take_done();
        if signals == 0 && !joined {
            return;
        }
        let took = (self.clock)().now - read.now;
        if signals > 0 {
            self.metrics.latencies.signal.observe_many(took, signals);
        }
        if joined {
            self.metrics.latencies.join.observe(took);
        }
    }

    /// Whether the end, if there is one, has been said or is going to be as soon as the peer takes bytes. One that was
    /// decided after this turn's writing is not yet.
    fn knows_its_end(&self, blocked: bool) -> bool {
        match self.closing {
            Closing::No => false,
            Closing::Until { said, .. } => said || blocked,
        }
    }

    /// Reads what has arrived, unless too many answers wait.
    fn read(&mut self, cx: &mut Context<'_>) -> Result<Step, End> {
        if self.queue.is_full() {
            return Ok(Step::Again); // As soon as enough is written.
        }
        // Whoever floods others who do not keep up is read slowly, so that they need not be ended.
        let most = match &mut self.pause {
            None => SOCKET_BATCH_FRAMES,
            Some(pause) => {
                if pause.as_mut().poll(cx).is_pending() {
                    return Ok(Step::Waits);
                }
                CROWDED_BATCH_FRAMES
            }
        };
        // Control frames count too: they must not keep this task from its other work.
        for _ in self.arrived.len()..most {
            let Poll::Ready(message) = Pin::new(&mut self.stream).poll_next(cx) else {
                return Ok(Step::Waits);
            };
            match message {
                Some(Ok(Message::Binary(frame))) if self.is_open() => self.arrived.push_back(frame),
                Some(Ok(Message::Text(_))) if self.is_open() => self.break_off(CloseCode::Foreign),
                Some(Ok(Message::Close(_))) => self.begin_closing(true),
                Some(Ok(_)) => {}
                Some(Err(Error::Capacity(_))) if self.is_open() => {
                    self.break_off(CloseCode::TooLarge);
                    return Ok(Step::Again);
                }
                Some(Err(_)) => return Err(End::Broken),
                None if self.is_open() => return Err(End::Broken),
                None => return Err(End::Closed),
            }
        }
        Ok(Step::Again)
    }

    fn is_open(&self) -> bool {
        matches!(self.closing, Closing::No) && self.queue.close().is_none()
    }

    /// The peer is not one of ours: what it said before still counts.
    fn break_off(&mut self, code: CloseCode) {
        let time = (self.clock)();
        let _ = self.seat.receive(time, &mut self.arrived);
        self.arrived.clear();
        self.seat.break_off(time, code);
    }

    /// Writes what waits, in one flush; waits when the peer does not take it.
    fn write(&mut self, cx: &mut Context<'_>) -> Result<Step, End> {
        if matches!(self.closing, Closing::Until { said: true, .. }) {
            return self.flush(cx);
        }
        loop {
            match Pin::new(&mut self.stream).poll_ready(cx) {
                Poll::Pending => return Ok(Step::Waits),
                Poll::Ready(Err(_)) => return Err(End::Broken),
                Poll::Ready(Ok(())) => {}
            }
            if self.leaving.is_empty() {
                self.queue.take(&mut self.leaving, SOCKET_BATCH_FRAMES);
            }
            let Some(frame) = self.leaving.pop_front() else { break };
            if self.send_some(frame)? == Step::Waits && self.flush(cx)? == Step::Waits {
                return Ok(Step::Waits);
            }
        }
        if let Some(code) = self.queue.close() {
            let frame = CloseFrame { code: code.number().into(), reason: code.reason().into() };
            self.send(Message::Close(Some(frame)))?;
            self.begin_closing(true);
        }
        self.flush(cx)
    }

    /// Writes a frame, or as much of it as goes into one WebSocket frame: the layer below never gives back the buffer of
    /// the largest one.
    fn send_some(&mut self, mut frame: Bytes) -> Result<Step, End> {
        let fragment = frame.slice(..frame.len().min(SOCKET_FRAGMENT_BYTES));
        let ends = fragment.len() == frame.len();
        let kind = if self.begun { Data::Continue } else { Data::Binary };
        let message = Message::Frame(Frame::message(fragment.clone(), OpCode::Data(kind), ends));
        match Pin::new(&mut self.stream).start_send(message) {
            Ok(()) => {
                self.begun = !ends;
                if !ends {
                    self.leaving.push_front(frame.split_off(fragment.len()));
                }
                Ok(Step::Again)
            }
            // The pongs of a peer that sends pings and takes nothing.
            Err(Error::WriteBufferFull(_)) => {
                self.leaving.push_front(frame);
                Ok(Step::Waits)
            }
            Err(_) => Err(End::Broken),
        }
    }

    fn send(&mut self, message: Message) -> Result<(), End> {
        Pin::new(&mut self.stream).start_send(message).map_err(|_| End::Broken)
    }

    fn flush(&mut self, cx: &mut Context<'_>) -> Result<Step, End> {
        match Pin::new(&mut self.stream).poll_flush(cx) {
            Poll::Pending => Ok(Step::Waits),
            Poll::Ready(Ok(())) => Ok(Step::Again),
            Poll::Ready(Err(_)) => Err(End::Broken),
        }
    }

    /// A peer that is not read from proves by taking bytes that it lives.
    fn note_progress(&mut self) {
        let written = self.stream.get_ref().written();
        if written != self.written && self.queue.is_full() {
            self.seat.progressed((self.clock)().now);
        }
        self.written = written;
    }

    fn begin_closing(&mut self, said: bool) {
        match &mut self.closing {
            Closing::No => self.closing = Closing::Until { said, deadline: Box::pin(sleep(CLOSE_WITHIN)) },
            Closing::Until { said: known, .. } => *known |= said,
        }
    }

    /// Gives up on a peer that does not close in time.
    fn close(&mut self, cx: &mut Context<'_>) -> Result<(), End> {
        if self.queue.close().is_some() {
            self.begin_closing(false); // It may be blocked before the end could be said.
        }
        let Closing::Until { deadline, .. } = &mut self.closing else { return Ok(()) };
        if deadline.as_mut().poll(cx).is_ready() { Err(End::Late) } else { Ok(()) }
    }
}

/// Reads the rest of what is too large: a connection that is closed with bytes unread is reset, and the peer would not
/// see why.
async fn drain(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) {
    let rest = async {
        stream.shutdown().await?;
        tokio::io::copy(stream, &mut tokio::io::sink()).await
    };
    // Whatever comes of it, this is the end.
    let _ = timeout(CLOSE_WITHIN, rest).await;
}

/// What one turn came to.
struct Turn {
    again: bool,
    blocked: bool,
}

#[cfg(test)]
#[path = "task_tests.rs"]
mod tests;
