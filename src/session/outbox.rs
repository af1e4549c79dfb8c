//! What the application has asked for and the server has not yet answered.

use super::event::{Event, FailedSignal};
use crate::planted::{self, Bug};
use otc_protocol::error::ErrorCode;
use otc_protocol::limits::{
    OUTBOX_BYTES, RATE_RETRIES, REQUEST_WINDOW, REQUEST_WINDOW_AFTER_CUT, REQUEST_WINDOW_AFTER_REFUSAL,
};
use std::collections::VecDeque;

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RequestKind {
    /// A signal that is sent again after a cut.
    Signal,
    /// A signal that is reported instead of being sent again after a cut (`retry_after_reconnect` is false).
    FleetingSignal,
    /// That everybody be muted, or a stream, or that muting end.
    Mute,
    /// That somebody be sent away.
    ForceDisconnect,
}

impl RequestKind {
    /// What an error says that is about such a request.
    pub(super) fn code(self) -> ErrorCode {
        match self {
            Self::Signal | Self::FleetingSignal => ErrorCode::UnableToSendSignal,
            Self::Mute => ErrorCode::UnableToForceMute,
            Self::ForceDisconnect => ErrorCode::UnableToForceDisconnect,
        }
    }

    /// What such a request is called in texts.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Signal | Self::FleetingSignal => "signal",
            Self::Mute => "request to mute",
            Self::ForceDisconnect => "request to disconnect somebody",
        }
    }

    /// Whether it is sent again after a cut.
    fn is_repeated(self) -> bool {
        self != Self::FleetingSignal
    }
}

/// A request on its way.
pub(super) struct Outgoing {
    /// What it asks for.
    pub(super) kind: RequestKind,
    /// Its transaction id, the same in every copy that is sent.
    pub(super) transaction: String,
    /// Its Raptor JSON.
    pub(super) data: Vec<u8>,
    order: u64,
    /// It has been sent, perhaps before a cut, and its answer may still come.
    sent: bool,
}

impl Outgoing {
    /// What the application is told when it is given up because of `what_happened`.
    pub(super) fn lost(self, what_happened: &str) -> Event {
        let name = self.kind.name();
        let text = if self.sent {
            format!("{what_happened} before the server answered; the {name} may have arrived.")
        } else {
            format!("{what_happened} before the {name} was sent.")
        };
        self.failed(text)
    }

    /// What the application is told when nothing has come of it.
    pub(super) fn failed(self, text: String) -> Event {
        let code = self.kind.code();
        match self.kind {
            RequestKind::Signal | RequestKind::FleetingSignal => {
                Event::SignalFailed(FailedSignal::new(self.data, code, text))
            }
            RequestKind::Mute | RequestKind::ForceDisconnect => Event::Error { code, text },
        }
    }
}

/// Requests in the order in which the application made them: first those that are sent and unanswered, then those that wait.
pub(super) struct Outbox {
    unanswered: VecDeque<Outgoing>,
    waiting: VecDeque<Outgoing>,
    /// How many it takes.
    most: usize,
    /// How many may be unanswered.
    window: usize,
    /// With how many it began after the last cut; `None` once one has been answered.
    began_with: Option<usize>,
    bytes: usize,
    next: u64,
    /// The server has refused one with 429: nothing more is sent until it has answered all that is under way. Whatever
    /// it refuses of that is sent again in its order, before anything later.
    draining: bool,
    /// How often it has done so since it last accepted one.
    refusals: u32,
}

impl Outbox {
    /// An empty one that takes `most` signals.
    pub(super) fn of(most: usize) -> Self {
        Self {
            unanswered: VecDeque::new(),
            waiting: VecDeque::new(),
            most,
            window: REQUEST_WINDOW,
            began_with: None,
            bytes: 0,
            next: 0,
            draining: false,
            refusals: 0,
        }
    }

    pub(super) fn has_room_for(&self, bytes: usize) -> bool {
        self.len() < self.most && self.bytes + bytes <= OUTBOX_BYTES
    }

    pub(super) fn len(&self) -> usize {
        self.unanswered.len() + self.waiting.len()
    }

    /// Puts a request behind all others.
    pub(super) fn push(&mut self, kind: RequestKind, transaction: String, data: Vec<u8>) {
        self.bytes += data.len();
        let order = self.next;
        self.next += 1;
        let outgoing = Outgoing { kind, transaction, data, order, sent: false };
        self.waiting.push_back(outgoing);
    }

    /// The next request to send, if the window of unanswered ones has room; it counts as sent.
    pub(super) fn next_to_send(&mut self) -> Option<&Outgoing> {
        if self.draining && !planted::is(Bug::SendOn) {
            if !self.unanswered.is_empty() {
                return None;
            }
            self.draining = false;
            self.window = REQUEST_WINDOW_AFTER_REFUSAL;
        }
        if self.unanswered.len() >= self.window {
            return None;
        }
        let mut outgoing = self.waiting.pop_front()?;
        outgoing.sent = true;
        self.unanswered.push_back(outgoing);
        self.unanswered.back()
    }

    /// The socket is lost: everything that is unanswered is sent again under the same ids, before anything new
    /// (`wire.md §3.5`).
    pub(super) fn cut(&mut self) {
        // A link over which not one of them was answered gets half as many, so that what is behind them gets through.
        self.window = match self.began_with {
            // Nothing was sent: no socket was opened since.
            Some(before) if self.unanswered.is_empty() => before,
            Some(before) => (before / 2).max(1),
            None => REQUEST_WINDOW_AFTER_CUT,
        };
        self.began_with = Some(self.window);
        self.draining = false; // All is sent again, in its order.
        self.unanswered.append(&mut self.waiting);
        std::mem::swap(&mut self.unanswered, &mut self.waiting);
        // One that the server had put off with 429 stands behind later ones.
        self.waiting.make_contiguous().sort_by_key(|outgoing| outgoing.order);
    }

    /// Gives every request that waits a new id, which is wrong.
    #[cfg(feature = "planted")]
    pub(super) fn rename(&mut self, mut id: impl FnMut() -> String) {
        self.waiting.iter_mut().for_each(|outgoing| outgoing.transaction = id());
    }

    /// Takes out the request that the server has answered.
    pub(super) fn answered(&mut self, transaction: &str) -> Option<Outgoing> {
        let is_it = |outgoing: &Outgoing| outgoing.transaction == transaction;
        let outgoing = match self.unanswered.iter().position(is_it) {
            Some(index) => self.unanswered.remove(index)?,
            None => {
                let index = self.waiting.iter().position(|outgoing| outgoing.sent && is_it(outgoing))?;
                self.waiting.remove(index)?
            }
        };
        self.bytes -= outgoing.data.len();
        self.window = (self.window + 1).min(REQUEST_WINDOW);
        self.began_with = None;
        Some(outgoing)
    }

    /// The server has accepted a request.
    pub(super) fn accepted(&mut self) {
        self.refusals = 0;
    }

    /// Puts a request that was refused with 429 back to its place among those that wait. How often the server has refused
    /// before since it last accepted one, when this is the first refusal since anything was sent.
    pub(super) fn put_back(&mut self, mut outgoing: Outgoing) -> Option<u32> {
        let refusals = (!self.draining).then_some(self.refusals);
        self.refusals += u32::from(!self.draining);
        self.draining = true;
        outgoing.sent = false;
        self.bytes += outgoing.data.len();
        let index = self.waiting.partition_point(|other| other.order < outgoing.order);
        self.waiting.insert(index, outgoing);
        refusals
    }

    /// Whether the server has refused everything for so long that what it refuses now is reported instead.
    pub(super) fn is_refused_for_good(&self) -> bool {
        !self.draining && self.refusals >= RATE_RETRIES
    }

    /// Takes out what must not be sent again after a cut, in the order of the application's calls.
    pub(super) fn take_unrepeatable(&mut self) -> Vec<Outgoing> {
        let is_repeated = |outgoing: &Outgoing| outgoing.kind.is_repeated();
        if self.unanswered.iter().chain(&self.waiting).all(is_repeated) {
            return Vec::new();
        }
        let mut taken = Vec::new();
        for requests in [&mut self.unanswered, &mut self.waiting] {
            let (kept, dropped): (VecDeque<_>, VecDeque<_>) = requests.drain(..).partition(is_repeated);
            *requests = kept;
            taken.extend(dropped);
        }
        self.bytes -= taken.iter().map(|outgoing| outgoing.data.len()).sum::<usize>();
        in_order(taken)
    }

    /// Empties the outbox and hands out what it held, in the order of the application's calls.
    pub(super) fn clear(&mut self) -> Vec<Outgoing> {
        let emptied = Self { next: self.next, ..Self::of(self.most) };
        let held = std::mem::replace(self, emptied);
        in_order(held.unanswered.into_iter().chain(held.waiting).collect())
    }
}

/// One that the server has put off with 429 stands behind later ones.
fn in_order(mut requests: Vec<Outgoing>) -> Vec<Outgoing> {
    requests.sort_by_key(|outgoing| outgoing.order);
    requests
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outbox(count: usize) -> Outbox {
        let mut outbox = Outbox::of(count);
        for index in 0..count {
            let kind = if index % 2 == 0 { RequestKind::Signal } else { RequestKind::FleetingSignal };
            outbox.push(kind, index.to_string(), vec![0; 10]);
        }
        outbox
    }

    fn send_all(outbox: &mut Outbox) -> Vec<String> {
        let mut sent = Vec::new();
        while let Some(outgoing) = outbox.next_to_send() {
            sent.push(outgoing.transaction.clone());
        }
        sent
    }

    #[test]
    fn the_window_bounds_what_is_unanswered() {
        let mut outbox = outbox(REQUEST_WINDOW + 2);
        assert_eq!(send_all(&mut outbox).len(), REQUEST_WINDOW);
        assert!(outbox.answered("5").is_some());
        assert!(outbox.answered("5").is_none(), "a second answer changes nothing");
        assert_eq!(send_all(&mut outbox), [REQUEST_WINDOW.to_string()]);
    }

    #[test]
    fn a_refused_request_returns_to_its_place() {
        let mut outbox = outbox(4);
        outbox.next_to_send();
        outbox.next_to_send();
        let second = outbox.answered("1").expect("sent");
        let first = outbox.answered("0").expect("sent");
        assert_eq!(outbox.put_back(second), Some(0));
        assert_eq!(outbox.put_back(first), None, "of the same round");
        assert_eq!(send_all(&mut outbox), ["0"]);
        outbox.answered("0").expect("sent");
        assert_eq!(send_all(&mut outbox), ["1", "2"]);
        outbox.answered("1").expect("sent");
        assert_eq!(send_all(&mut outbox), ["3"]);
    }

    #[test]
    fn after_a_refusal_nothing_is_sent_until_all_is_answered_and_then_one() {
        let mut outbox = outbox(100);
        for _ in 0..5 {
            outbox.next_to_send();
        }
        for refused in ["2", "3"] {
            let refused = outbox.answered(refused).expect("sent");
            outbox.put_back(refused);
            assert_eq!(send_all(&mut outbox), Vec::<String>::new(), "others are under way");
        }
        outbox.answered("0").expect("sent");
        outbox.answered("1").expect("sent");
        assert_eq!(send_all(&mut outbox), Vec::<String>::new());
        let refused = outbox.answered("4").expect("sent");
        outbox.put_back(refused);
        assert_eq!(send_all(&mut outbox), ["2"], "the oldest, to see");
        outbox.answered("2").expect("sent");
        assert_eq!(send_all(&mut outbox), ["3", "4"], "each answer makes room for two");
    }

    #[test]
    fn rounds_of_refusals_are_counted_until_one_is_accepted() {
        let mut outbox = outbox(1);
        for round in 0..RATE_RETRIES {
            assert!(!outbox.is_refused_for_good());
            outbox.next_to_send();
            let refused = outbox.answered("0").expect("sent");
            assert_eq!(outbox.put_back(refused), Some(round));
        }
        outbox.next_to_send();
        assert!(outbox.is_refused_for_good());
        outbox.accepted();
        assert!(!outbox.is_refused_for_good());
    }

    #[test]
    fn what_is_given_up_is_handed_out_in_the_order_of_the_calls() {
        let mut outbox = outbox(4);
        outbox.next_to_send();
        outbox.next_to_send();
        let first = outbox.answered("0").expect("sent");
        outbox.put_back(first);
        let order: Vec<u64> = outbox.clear().iter().map(|outgoing| outgoing.order).collect();
        assert_eq!(order, [0, 1, 2, 3]);
    }

    #[test]
    fn a_cut_repeats_in_order_and_begins_with_a_small_window() {
        let mut outbox = outbox(2 * REQUEST_WINDOW_AFTER_CUT);
        assert_eq!(send_all(&mut outbox).len(), 2 * REQUEST_WINDOW_AFTER_CUT);
        outbox.cut();
        let ids = |range: std::ops::Range<usize>| range.map(|number| number.to_string()).collect::<Vec<_>>();
        assert_eq!(send_all(&mut outbox), ids(0..REQUEST_WINDOW_AFTER_CUT));
        outbox.answered("0").expect("sent");
        let next = REQUEST_WINDOW_AFTER_CUT;
        assert_eq!(send_all(&mut outbox), ids(next..next + 2), "each answer makes room for two");
        let last = (2 * REQUEST_WINDOW_AFTER_CUT - 1).to_string();
        assert!(outbox.answered(&last).is_some(), "an answer from before the cut counts");
        assert!(!send_all(&mut outbox).contains(&last));
    }

    #[test]
    fn a_link_over_which_nothing_is_answered_gets_ever_less_at_once() {
        let mut outbox = outbox(100);
        let mut batches = Vec::new();
        for _ in 0..8 {
            outbox.cut();
            batches.push(send_all(&mut outbox).len());
        }
        assert_eq!(batches, [32, 16, 8, 4, 2, 1, 1, 1]);
        outbox.answered("0").expect("sent");
        outbox.cut();
        assert_eq!(send_all(&mut outbox).len(), REQUEST_WINDOW_AFTER_CUT, "something got through");
    }

    #[test]
    fn a_dial_that_hangs_between_two_cuts_changes_nothing() {
        let mut outbox = outbox(REQUEST_WINDOW_AFTER_CUT);
        outbox.cut();
        send_all(&mut outbox);
        outbox.cut();
        outbox.cut();
        assert_eq!(send_all(&mut outbox).len(), REQUEST_WINDOW_AFTER_CUT / 2);
    }

    #[test]
    fn bounds_hold_in_number_and_bytes() {
        let mut full = outbox(3);
        assert!(!full.has_room_for(0));
        assert_eq!(full.clear().len(), 3);
        assert!(full.has_room_for(0));
        for transaction in ["t", "u", "v"] {
            full.push(RequestKind::Signal, transaction.into(), Vec::new());
        }
        assert!(!full.has_room_for(0), "an emptied one has the same bound");
        let mut heavy = Outbox::of(2);
        heavy.push(RequestKind::Mute, "t".into(), vec![0; OUTBOX_BYTES - 1]);
        assert!(heavy.has_room_for(1) && !heavy.has_room_for(2));
        heavy.next_to_send();
        heavy.answered("t");
        assert!(heavy.has_room_for(OUTBOX_BYTES));
    }

    #[test]
    fn what_must_not_be_repeated_is_taken_out() {
        let mut outbox = outbox(4);
        outbox.next_to_send();
        outbox.next_to_send();
        outbox.push(RequestKind::ForceDisconnect, "4".into(), vec![0; 10]);
        let kinds = |taken: Vec<Outgoing>| taken.iter().map(|outgoing| outgoing.kind).collect::<Vec<_>>();
        assert_eq!(kinds(outbox.take_unrepeatable()), [RequestKind::FleetingSignal; 2]);
        assert_eq!(
            outbox.unanswered.iter().map(|outgoing| &*outgoing.transaction).collect::<Vec<_>>(),
            ["0"]
        );
        assert_eq!(send_all(&mut outbox), ["2", "4"]);
        assert_eq!(outbox.bytes, 30);
        let rest = kinds(outbox.clear());
        assert_eq!(rest, [RequestKind::Signal, RequestKind::Signal, RequestKind::ForceDisconnect]);
        assert_eq!(outbox.bytes, 0);
    }
}
