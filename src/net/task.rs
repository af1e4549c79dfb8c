//! The task that drives one session: does what the engine asks for, and tells it what happens.

use super::alarm::Alarm;
use super::session::Session;
use super::socket::{Closed, Socket};
use super::{http, info};
use crate::fault;
use crate::session::{Event, Failure, Input, Output};
use bytes::Bytes;
use otc_protocol::limits::{CLIENT_QUEUE_FRAMES, LEAVE_TIMEOUT};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Instant;

/// Frames that are handled in one go; their acknowledgements leave in one system call.
const BATCH: usize = 256;

/// How long acknowledgements wait for something to travel with, and how many may.
const HOLD: Duration = Duration::from_millis(2);
const HELD_FRAMES: usize = 32;

/// A list of frames or events that had more room than this gives it back.
const KEPT_CAPACITY: usize = 16;

type Pending<T> = Pin<Box<dyn Future<Output = Result<T, Failure>> + Send>>;

/// Everything that is open or under way.
#[derive(Default)]
struct Wire {
    info: Option<(u64, Pending<http::Answer>)>,
    dial: Option<(u64, Pending<Box<Socket>>)>,
    closing: Option<Closing>,
    frames: Vec<Bytes>,
    /// Acknowledgements wait until then for something to travel with.
    hold: Option<Instant>,
}

/// A socket whose last words are on their way.
struct Closing {
    socket: Box<Socket>,
    /// How long it may take.
    until: Instant,
    /// The last words are out; what is left is to wait for the peer, because an early end could destroy them on their way.
    written: bool,
}

/// Something that happened.
enum News {
    Info(u64, Result<http::Answer, Failure>),
    Dialed(u64, Result<Box<Socket>, Failure>),
    /// The frames lie in the wire; then the socket may have closed.
    Frames(u64, Option<Closed>),
    /// The last words of a socket are out.
    LastWords(u64),
    /// A closing socket is gone.
    Gone,
}

/// Tells the session when its task panics.
struct Watch(Arc<Session>);

impl Drop for Watch {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.broke();
        }
    }
}

/// Drives `session` until it has nothing left to do.
pub(super) async fn drive(session: Arc<Session>) {
    let _watch = Watch(Arc::clone(&session));
    let mut wire = Wire::default();
    let mut outputs = Vec::new();
    let mut events = Vec::new();
    let mut alarm = Alarm::default();
    loop {
        fault::point(fault::Place::Task);
        let wishes = {
            let mut socket = session.socket.lock();
            let (deadline, reading) = session.take(&mut outputs);
            if outputs.is_empty() && wire.is_at_rest() && socket.is_none() && session.rest() {
                return;
            }
            if outputs.is_empty() {
                Some((deadline, reading))
            } else {
                wire.carry_out(&session, &mut socket, &mut outputs, &mut events);
                None
            }
        };
        let Some((deadline, reading)) = wishes else {
            session.tell(events.drain(..));
            if events.capacity() > KEPT_CAPACITY {
                events = Vec::new();
            }
            continue;
        };
        let has_room = session.strand.has_room();
        if reading != has_room {
            if !has_room {
                crate::log::warn(
                    "The callback queue is full; reading pauses. Return from callbacks quickly.",
                );
            }
            session.feed([Input::Reading(has_room)]);
            continue;
        }
        let deadline = deadline.map(|deadline| session.library.clock.instant(deadline));
        let closing = wire.closing.as_ref().map(|closing| closing.until);
        alarm.set([deadline, closing, wire.hold].into_iter().flatten().min());
        tokio::select! {
            biased;
            // First the socket: a busy application must not keep its own signals from being written.
            news = poll_fn(|context| wire.poll(&mut session.socket.lock(), reading, context)) => wire.report(&session, news),
            () = session.wake.notified() => {}
            () = session.strand.room().notified() => {}
            () = alarm.ring() => session.feed([Input::Timer]),
        }
    }
}

impl Wire {
    /// Whether nothing is open or under way.
    fn is_at_rest(&self) -> bool {
        self.info.is_none() && self.dial.is_none() && self.closing.is_none()
    }

    fn carry_out(
        &mut self,
        session: &Arc<Session>,
        socket: &mut Option<Box<Socket>>,
        outputs: &mut Vec<Output>,
        events: &mut Vec<Event>,
    ) {
        for output in outputs.drain(..) {
            match output {
                Output::Send(frame) => {
                    if let Some(socket) = socket {
                        socket.send(frame);
                    }
                }
                Output::Event(event) => events.push(event),
                Output::Warn(text) => crate::log::warn(&text),
                Output::RequestInfo { attempt, url, token, connection_id } => {
                    let session = Arc::clone(session);
                    let request = async move {
                        session.library.limiter.info_turn().await;
                        session.feed([Input::Dialing { attempt }]);
                        session.wake.notify_one();
                        let user_agent = session.ask(|engine| engine.config().user_agent.clone());
                        info::request(&url, &token, &connection_id, session.way(&user_agent)).await
                    };
                    self.info = Some((attempt, Box::pin(request)));
                }
                Output::Dial { attempt, url } => {
                    let session = Arc::clone(session);
                    let dial = async move {
                        session.library.limiter.turn().await;
                        session.feed([Input::Dialing { attempt }]);
                        session.wake.notify_one();
                        let proxy = session.settings.network_proxy.as_ref();
                        Socket::open(attempt, &url, proxy, || session.trust()).await.map(Box::new)
                    };
                    *socket = None;
                    self.dial = Some((attempt, Box::pin(dial)));
                }
                Output::Close => {
                    if let Some(mut socket) = socket.take() {
                        socket.close();
                        self.closing =
                            Some(Closing { socket, until: Instant::now() + LEAVE_TIMEOUT, written: false });
                    }
                }
                Output::Abandon => {
                    self.info = None;
                    self.dial = None;
                    *socket = None;
                }
            }
        }
        // What the application hears it may answer at once, and then the acknowledgement travels with the answer.
        self.hold = match socket {
            Some(socket) if !events.is_empty() && socket.waiting() <= HELD_FRAMES => {
                self.hold.or_else(|| Some(Instant::now() + HOLD))
            }
            _ => None,
        };
    }

    /// Moves everything that can move; ready when there is something to report.
    fn poll(
        &mut self,
        socket: &mut Option<Box<Socket>>,
        reading: bool,
        context: &mut Context<'_>,
    ) -> Poll<News> {
        if let Some(news) = self.poll_closing(context) {
            return Poll::Ready(news);
        }
        if let Some((attempt, request)) = &mut self.info
            && let Poll::Ready(answer) = request.as_mut().poll(context)
        {
            let attempt = *attempt;
            self.info = None;
            return Poll::Ready(News::Info(attempt, answer));
        }
        if let Some((attempt, dial)) = &mut self.dial
            && let Poll::Ready(result) = dial.as_mut().poll(context)
        {
            let attempt = *attempt;
            self.dial = None;
            return Poll::Ready(News::Dialed(attempt, result));
        }
        self.poll_socket(socket, reading, context)
    }

    fn poll_socket(
        &mut self,
        slot: &mut Option<Box<Socket>>,
        reading: bool,
        context: &mut Context<'_>,
    ) -> Poll<News> {
        let Some(socket) = slot else {
            self.hold = None;
            return Poll::Pending;
        };
        let attempt = socket.attempt;
        let is_held = self.hold.is_some_and(|until| socket.waiting() > 0 && Instant::now() < until);
        if !is_held {
            self.hold = None;
        }
        // What the peer said before the socket broke still counts: it may be why.
        let broken = !is_held && socket.poll_write(context).is_ready();
        // A peer that sends and takes nothing would make acknowledgements pile up here.
        let reading = reading && (broken || socket.waiting() < CLIENT_QUEUE_FRAMES);
        while reading && self.frames.len() < BATCH {
            match socket.poll_read(context) {
                Poll::Ready(Ok(frame)) => self.frames.push(frame),
                Poll::Ready(Err(closed)) => {
                    *slot = None;
                    return Poll::Ready(News::Frames(attempt, Some(closed)));
                }
                Poll::Pending if broken => {
                    *slot = None;
                    return Poll::Ready(News::Frames(attempt, Some(Closed(None))));
                }
                Poll::Pending => break,
            }
        }
        if self.frames.is_empty() { Poll::Pending } else { Poll::Ready(News::Frames(attempt, None)) }
    }

    fn poll_closing(&mut self, context: &mut Context<'_>) -> Option<News> {
        let Closing { socket, until, written } = self.closing.as_mut()?;
        if !*written && socket.poll_write(context).is_ready() {
            *written = true;
            return Some(News::LastWords(socket.attempt));
        }
        if Instant::now() >= *until || (*written && socket.poll_closed(context).is_ready()) {
            self.closing = None;
            return Some(News::Gone);
        }
        None
    }

    fn report(&mut self, session: &Session, news: News) {
        match news {
            News::Info(attempt, Ok(http::Answer { status, body, .. })) => {
                session.feed([Input::Info { attempt, status, body: &body }]);
            }
            News::Info(attempt, Err(failure)) => session.feed([Input::InfoFailed { attempt, failure }]),
            News::Dialed(attempt, Ok(socket)) => {
                *session.socket.lock() = Some(socket);
                session.feed([Input::Opened { attempt }]);
            }
            News::Dialed(attempt, Err(failure)) => session.feed([Input::OpenFailed { attempt, failure }]),
            News::LastWords(attempt) => session.feed([Input::Closed { attempt, code: None }]),
            News::Gone => {}
            News::Frames(attempt, closed) => {
                let frames = self.frames.iter().map(|bytes| Input::Frame { attempt, bytes });
                let closed = closed.map(|Closed(code)| Input::Closed { attempt, code });
                session.feed(frames.chain(closed));
                if self.frames.capacity() > KEPT_CAPACITY {
                    self.frames = Vec::new();
                }
                self.frames.clear();
            }
        }
    }
}
