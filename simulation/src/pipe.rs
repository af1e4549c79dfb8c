//! What waits at the server to be written to one WebSocket: the simulation's [`Link`].

use bytes::Bytes;
use otc_protocol::envelope;
use otc_server::sessions::{CloseCode, Delivery, Link};
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::task::Waker;

/// Answers that wait before the server reads no more of the socket; fewer than in earnest, so that it happens.
const REPLIES: usize = 48;

#[derive(Default)]
pub(crate) struct Pipe(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    frames: VecDeque<Delivery>,
    replies: usize,
    most: usize,
    pong: bool,
    close: Option<CloseCode>,
    /// Every answer that the room gave, for the book: what waits may be lost.
    answers: Vec<Bytes>,
}

impl Link for Pipe {
    fn deliver(&self, delivery: Delivery) -> Option<Waker> {
        let mut waiting = self.0.lock();
        if let Delivery::Reply(frame) = &delivery {
            waiting.answers.push(frame.clone());
        }
        if waiting.close.is_some() {
            return None;
        }
        match &delivery {
            Delivery::Pong if std::mem::replace(&mut waiting.pong, true) => return None,
            Delivery::Reply(_) => waiting.replies += 1,
            Delivery::Close(code) => {
                waiting.close = Some(*code);
                return None;
            }
            Delivery::Pong | Delivery::Message(_) => {}
        }
        waiting.frames.push_back(delivery);
        waiting.most = waiting.most.max(waiting.frames.len());
        None
    }

    fn is_full(&self) -> bool {
        self.0.lock().replies >= REPLIES
    }
}

impl Pipe {
    /// Whether too many answers wait.
    pub(crate) fn is_crowded(&self) -> bool {
        self.is_full()
    }

    /// Whether something waits to be written.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.0.lock().frames.is_empty()
    }

    /// What waits longest.
    pub(crate) fn take(&self) -> Option<Bytes> {
        let mut waiting = self.0.lock();
        Some(match waiting.frames.pop_front()? {
            Delivery::Reply(frame) => {
                waiting.replies -= 1;
                frame
            }
            Delivery::Message(frame) => frame,
            Delivery::Pong | Delivery::Close(_) => {
                waiting.pong = false;
                envelope::pong()
            }
        })
    }

    /// The answers given since the last asking.
    pub(crate) fn answers(&self) -> Vec<Bytes> {
        std::mem::take(&mut self.0.lock().answers)
    }

    /// The end, once it is decided; what waits goes before it.
    pub(crate) fn close(&self) -> Option<CloseCode> {
        self.0.lock().close
    }

    /// The most that has waited at one time, and the most of it that may be answers.
    pub(crate) fn most(&self) -> (usize, usize) {
        (self.0.lock().most, REPLIES + 1)
    }
}
