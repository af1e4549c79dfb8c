//! What waits to be written to one WebSocket.

use crate::metrics::Metrics;
use crate::sessions::{CloseCode, Delivery, Link};
use bytes::Bytes;
use otc_protocol::envelope;
use otc_protocol::limits::{
    SOCKET_QUEUE_BYTES, SOCKET_QUEUE_FRAMES, UNACKNOWLEDGED_BYTES, UNACKNOWLEDGED_MESSAGES,
};
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Waker;
use std::time::Instant;

/// The sending half of one WebSocket, as rooms see it.
#[derive(Default)]
pub struct Queue {
    waiting: Mutex<Waiting>,
    metrics: Arc<Metrics>,
}

#[derive(Default)]
struct Waiting {
    frames: VecDeque<Delivery>,
    bytes: usize,
    replies: usize,
    reply_bytes: usize,
    /// What of them is counted among those of all sockets.
    told: usize,
    pong: bool,
    close: Option<CloseCode>,
    waker: Option<Waker>,
    /// Since when the task is to run.
    woken: Option<Instant>,
    wakes: u32,
    /// The socket takes no more for now: only the end is news to its task.
    blocked: bool,
}

/// Bytes of answers that one socket may have more, or less, than are counted.
const TOLD_BYTES: usize = 2 * 1024;
/// Of so many times at which a task is woken, one is measured.
const MEASURED_WAKES: u32 = 8;

/// How much waits for one socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Depth {
    pub(crate) frames: usize,
    pub(crate) bytes: usize,
}

/// A queue that had this much room and is empty gives it back.
const KEPT_CAPACITY: usize = 256;

impl Link for Queue {
    fn deliver(&self, delivery: Delivery) -> Option<Waker> {
        let mut waiting = self.waiting.lock();
        if waiting.close.is_some() {
            return None;
        }
        if !waiting.push(delivery) {
            return None;
        }
        waiting.tell(&self.metrics);
        if waiting.blocked && waiting.close.is_none() { None } else { waiting.wake() }
    }

    fn is_full(&self) -> bool {
        let waiting = self.waiting.lock();
        waiting.replies >= SOCKET_QUEUE_FRAMES || waiting.reply_bytes >= SOCKET_QUEUE_BYTES
    }
}

impl Queue {
    /// An empty one, whose answers count among those of all sockets.
    pub(super) fn new(metrics: Arc<Metrics>) -> Self {
        Self { waiting: Mutex::default(), metrics }
    }

    /// The task runs: nobody needs to wake it. Since when it was to run, if it was woken and that is measured.
    pub(super) fn attend(&self) -> Option<Instant> {
        let mut waiting = self.waiting.lock();
        waiting.waker = None;
        waiting.blocked = false;
        waiting.woken.take()
    }

    /// How much waits.
    pub(crate) fn depth(&self) -> Depth {
        let waiting = self.waiting.lock();
        Depth { frames: waiting.frames.len(), bytes: waiting.bytes }
    }

    /// The task is about to rest; whether nothing has come in the meantime. While the socket is `blocked` only the end
    /// wakes the task.
    pub(super) fn rest(&self, waker: &Waker, blocked: bool, closing: bool) -> bool {
        let mut waiting = self.waiting.lock();
        let ending = waiting.close.is_some() && !closing;
        if ending || (!blocked && !waiting.frames.is_empty()) {
            return false;
        }
        waiting.waker = Some(waker.clone());
        waiting.blocked = blocked;
        true
    }

    /// Moves what waits longest to the end of `frames`, `most` at most.
    pub(super) fn take(&self, frames: &mut VecDeque<Bytes>, most: usize) {
        let mut waiting = self.waiting.lock();
        for _ in 0..most {
            let Some(delivery) = waiting.frames.pop_front() else { break };
            frames.extend(waiting.taken(delivery));
        }
        waiting.tell(&self.metrics);
        if waiting.frames.is_empty() && waiting.frames.capacity() > KEPT_CAPACITY {
            waiting.frames = VecDeque::new();
        }
    }

    /// The end, once it is decided; what waits goes before it.
    pub(super) fn close(&self) -> Option<CloseCode> {
        self.waiting.lock().close
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.metrics.waiting_replies.change(self.waiting.get_mut().told, 0);
    }
}

impl Waiting {
    /// Counts its answers among those of all sockets. Roughly: what every socket does all the time must not be a write to the
    /// same place.
    fn tell(&mut self, metrics: &Metrics) {
        if self.reply_bytes.abs_diff(self.told) >= TOLD_BYTES {
            metrics.waiting_replies.change(self.told, self.reply_bytes);
            self.told = self.reply_bytes;
        }
    }

    /// Looks at the clock once in so many times.
    fn wake(&mut self) -> Option<Waker> {
        let waker = self.waker.take()?;
        if self.wakes.is_multiple_of(MEASURED_WAKES) {
            self.woken = Some(Instant::now());
        }
        self.wakes = self.wakes.wrapping_add(1);
        Some(waker)
    }

    /// Whether it is news.
    fn push(&mut self, delivery: Delivery) -> bool {
        match &delivery {
            Delivery::Pong if self.pong => return false,
            Delivery::Pong => self.pong = true,
            Delivery::Reply(frame) => {
                self.replies += 1;
                self.reply_bytes += frame.len();
                self.bytes += frame.len();
            }
            Delivery::Message(frame) => self.bytes += frame.len(),
            Delivery::Close(code) => {
                self.close = Some(*code);
                return true;
            }
        }
        self.frames.push_back(delivery);
        // Rooms bound what a member is owed, but one that acknowledges what it has not read is owed nothing.
        if self.frames.len() > 2 * UNACKNOWLEDGED_MESSAGES || self.bytes > 2 * UNACKNOWLEDGED_BYTES {
            let (waker, told) = (self.waker.take(), self.told);
            *self = Self { close: Some(CloseCode::Ended), waker, told, ..Self::default() };
        }
        true
    }

    /// The frame of a delivery that leaves the queue.
    fn taken(&mut self, delivery: Delivery) -> Option<Bytes> {
        match delivery {
            Delivery::Pong => {
                self.pong = false;
                Some(envelope::pong())
            }
            Delivery::Reply(frame) => {
                self.replies -= 1;
                self.reply_bytes -= frame.len();
                self.bytes -= frame.len();
                Some(frame)
            }
            Delivery::Message(frame) => {
                self.bytes -= frame.len();
                Some(frame)
            }
            Delivery::Close(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn reply(bytes: usize) -> Delivery {
        Delivery::Reply(vec![0; bytes].into())
    }

    fn taken(queue: &Queue, most: usize) -> usize {
        let mut frames = VecDeque::new();
        queue.take(&mut frames, most);
        frames.len()
    }

    #[test]
    fn a_resting_task_is_woken_once() {
        let queue = Queue::default();
        let waker = Waker::from(Arc::new(Count::default()));
        assert!(queue.rest(&waker, false, false));
        assert!(queue.deliver(reply(1)).is_some());
        assert!(queue.deliver(reply(1)).is_none(), "it has been woken already");
        assert!(!queue.rest(&waker, false, false), "something waits");
        assert_eq!(taken(&queue, 8), 2);
        queue.attend();
        assert!(queue.deliver(reply(1)).is_none(), "a running task looks by itself");
    }

    #[test]
    fn a_blocked_task_is_woken_by_the_end_only() {
        let queue = Queue::default();
        let waker = Waker::from(Arc::new(Count::default()));
        assert!(queue.deliver(reply(1)).is_none());
        assert!(queue.rest(&waker, true, false));
        assert!(queue.deliver(reply(1)).is_none());
        assert!(queue.deliver(Delivery::Close(CloseCode::Silent)).is_some());
        assert!(queue.deliver(reply(1)).is_none());
        assert_eq!(queue.close(), Some(CloseCode::Silent));
        assert_eq!(taken(&queue, 8), 2, "nothing comes after the end");
        assert!(!queue.rest(&waker, true, false), "the end is news");
        assert!(queue.rest(&waker, true, true));
    }

    #[test]
    fn answers_fill_it_and_messages_do_not() {
        let queue = Queue::default();
        for _ in 0..=SOCKET_QUEUE_FRAMES {
            queue.deliver(Delivery::Message(Bytes::from_static(b"m")));
            queue.deliver(Delivery::Pong);
        }
        assert!(!queue.is_full());
        queue.deliver(reply(SOCKET_QUEUE_BYTES));
        assert!(queue.is_full());
        assert_eq!(taken(&queue, usize::MAX), SOCKET_QUEUE_FRAMES + 3, "one PONG stands for all");
        assert!(!queue.is_full());
        (0..SOCKET_QUEUE_FRAMES).for_each(|_| drop(queue.deliver(reply(1))));
        assert!(queue.is_full());
        taken(&queue, 1);
        assert!(!queue.is_full());
    }

    #[test]
    fn what_is_never_read_ends_the_socket() {
        let queue = Queue::default();
        for _ in 0..=2 * UNACKNOWLEDGED_MESSAGES {
            queue.deliver(Delivery::Message(Bytes::from_static(b"m")));
        }
        assert_eq!(queue.close(), Some(CloseCode::Ended));
        assert_eq!(taken(&queue, usize::MAX), 0);
    }
    #[test]
    fn answers_count_among_those_of_all_sockets_while_they_wait() {
        let metrics = Arc::<Metrics>::default();
        let waiting = || metrics.waiting_replies.bytes();
        let (one, other) = (Queue::new(Arc::clone(&metrics)), Queue::new(Arc::clone(&metrics)));
        one.deliver(reply(TOLD_BYTES - 1));
        one.deliver(Delivery::Message(vec![0; TOLD_BYTES].into()));
        assert_eq!(waiting(), 0, "a few are not worth it, and messages count elsewhere");
        one.deliver(reply(1));
        other.deliver(reply(3 * TOLD_BYTES));
        assert_eq!(waiting(), 4 * TOLD_BYTES);
        taken(&other, 1);
        assert_eq!(waiting(), TOLD_BYTES);
        drop(one);
        assert_eq!(waiting(), 0);
    }
}
