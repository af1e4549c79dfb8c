//! What the engine keeps to, whatever it is given.

use otc::session::{DisconnectReason, Engine, Event, Output, Status};
use otc_protocol::envelope::FromServer;
use otc_protocol::error::ErrorCode;
use otc_protocol::limits::REQUEST_WINDOW;
use otc_protocol::rumor::{Frame, Kind};
use std::collections::HashSet;

/// The token of every connect: whatever is said or warned of never holds it.
pub(crate) const TOKEN: &str = "T1==a-token-that-nobody-guesses";

/// What has been seen of one engine so far.
#[derive(Default)]
pub(crate) struct Rules {
    /// The newest request for session info, while its answer may come.
    pub(crate) asked: Option<u64>,
    /// The newest dial that is under way.
    pub(crate) dialed: Option<u64>,
    /// The open socket; one that is being closed is none.
    pub(crate) socket: Option<u64>,
    /// The newest attempt of any kind.
    pub(crate) attempt: u64,
    /// Transactions of the requests that were sent, and whether they are joins; the newest last.
    pub(crate) requests: Vec<(String, bool)>,
    /// One's own connection id, as the last request for session info said.
    pub(crate) me: String,
    status: Status,
    /// A connect is under way.
    connecting: bool,
    joined: bool,
    away: bool,
    others: HashSet<String>,
    streams: HashSet<String>,
    archives: HashSet<String>,
    /// Requests of the application that were taken.
    accepted: usize,
    /// Those that the application was told have failed.
    failed: usize,
    /// Those that the server has carried out.
    done: usize,
    /// Requests sent on this socket and not answered.
    unanswered: HashSet<String>,
}

/// What has just happened, as far as the rules ask.
pub(crate) enum Cause<'a> {
    /// The application asked for something that waits in the outbox, and was not refused.
    Accepted,
    /// The application connected and was not refused.
    Connected,
    /// These bytes came over this socket.
    Frame(u64, &'a [u8]),
    /// This dial has ended well.
    Opened(u64),
    /// This dial has failed.
    OpenFailed(u64),
    /// This socket has closed.
    Closed(u64),
    /// The session info of this request came, or will not.
    Info(u64),
    /// Anything else.
    Other,
}

impl Rules {
    /// Before the engine hears of it.
    pub(crate) fn begin(&mut self, cause: &Cause<'_>) {
        match *cause {
            Cause::Opened(attempt) if self.dialed == Some(attempt) => {
                assert_eq!(self.socket, None, "two sockets at a time");
                (self.dialed, self.socket) = (None, Some(attempt));
                self.unanswered.clear();
            }
            Cause::OpenFailed(attempt) if self.dialed == Some(attempt) => self.dialed = None,
            Cause::Closed(attempt) if self.socket == Some(attempt) => self.socket = None,
            Cause::Info(attempt) if self.asked == Some(attempt) => self.asked = None,
            _ => {}
        }
    }

    /// After the engine has answered with `out`.
    pub(crate) fn check(&mut self, cause: &Cause<'_>, out: &[Output], engine: &Engine) {
        let was_open = self.socket;
        if matches!(cause, Cause::Connected) {
            assert!(!self.connecting && !self.joined, "one connect at a time");
            self.connecting = true;
        }
        let mut acknowledged = Vec::new();
        let before = self.status;
        for (index, output) in out.iter().enumerate() {
            self.output(index, output, out, &mut acknowledged);
        }
        assert_eq!(self.status, engine.status(), "the last status told is the status");
        if before != self.status {
            let first = out.iter().find(|output| matches!(output, Output::Event(_)));
            assert!(
                matches!(first, Some(Output::Event(Event::StatusChanged(_)))),
                "the status goes first: {out:?}"
            );
        }
        Self::check_acknowledgements(cause, was_open, &acknowledged);
        self.check_requests(cause, engine);
        let idle = matches!(self.status, Status::NotConnected | Status::Failed);
        assert_eq!(engine.deadline().is_none(), idle, "it waits for something unless it is idle");
        if idle {
            assert!(self.socket.is_none() && self.dialed.is_none(), "an idle session has no socket");
            assert_eq!(engine.queued_signals(), 0);
        }
        let is_in = matches!(self.status, Status::Connected | Status::Reconnecting);
        assert!(self.joined || !is_in);
        assert!(engine.connection().is_some() || !is_in, "who one is, is known while joined");
        if is_in && !engine.config().connection_events_suppressed {
            assert_eq!(engine.others().len(), self.others.len(), "who is told of is who is there");
        }
    }

    fn output(&mut self, index: usize, output: &Output, out: &[Output], acknowledged: &mut Vec<String>) {
        match output {
            Output::RequestInfo { attempt, url, token, connection_id } => {
                self.new_attempt(*attempt);
                assert_eq!(token.0, TOKEN);
                assert!(!url.contains(TOKEN));
                self.asked = Some(*attempt);
                self.me.clone_from(connection_id);
            }
            Output::Dial { attempt, url } => {
                self.new_attempt(*attempt);
                assert!(!url.contains(TOKEN));
                assert_eq!(self.socket, None, "a dial beside an open socket");
                self.dialed = Some(*attempt);
            }
            Output::Send(bytes) => {
                assert!(self.socket.is_some(), "sent without a socket: {output:?}");
                self.sent(bytes, acknowledged);
            }
            Output::Close => assert!(self.socket.take().is_some(), "closed without a socket"),
            Output::Abandon => (self.asked, self.dialed, self.socket) = (None, None, None),
            Output::Event(event) => self.event(index, event, out),
            Output::Warn(text) => assert!(!text.is_empty() && !text.contains(TOKEN)),
        }
    }

    fn new_attempt(&mut self, attempt: u64) {
        assert!(attempt > self.attempt, "attempts are numbered");
        self.attempt = attempt;
    }

    fn sent(&mut self, bytes: &[u8], acknowledged: &mut Vec<String>) {
        let frame = Frame::decode(bytes).expect("the client sends whole frames");
        let transaction = || frame.header("TRANSACTION-ID").expect("it is named").to_owned();
        match frame.kind {
            Kind::Status => acknowledged.push(transaction()),
            Kind::Message => {
                let is_join = frame.header("X-TB-TOKEN-AUTH").is_some();
                if !is_join {
                    assert!(self.unanswered.insert(transaction()), "sent twice over one socket");
                    assert!(self.unanswered.len() <= REQUEST_WINDOW);
                }
                self.requests.push((transaction(), is_join));
            }
            Kind::Connect | Kind::Subscribe | Kind::Disconnect | Kind::Ping => {}
            other => panic!("a client never sends {other:?}"),
        }
    }

    fn event(&mut self, index: usize, event: &Event, out: &[Output]) {
        match event {
            Event::StatusChanged(status) => {
                assert_ne!(*status, self.status, "it is news");
                self.status = *status;
                return;
            }
            Event::SignalFailed(failed) => {
                assert!(!failed.text.is_empty() && !failed.text.contains(TOKEN));
                assert_eq!(failed.code, ErrorCode::UnableToSendSignal);
                let _ = failed.signal();
                self.failed += 1;
                return;
            }
            Event::Error { code, text } => {
                assert!(!text.is_empty() && !text.contains(TOKEN));
                match code {
                    ErrorCode::UnableToForceMute | ErrorCode::UnableToForceDisconnect => self.failed += 1,
                    ErrorCode::ConnectionDropped => {
                        let last = DisconnectReason::NetworkDisconnected;
                        let next = out.get(index + 1);
                        assert_eq!(
                            next,
                            Some(&Output::Event(Event::Disconnected(last))),
                            "1022 is the last word"
                        );
                    }
                    _ => {
                        let connecting = std::mem::take(&mut self.connecting);
                        assert!(connecting, "{code} ends a connect, not a session");
                    }
                }
                return;
            }
            Event::Connected => {
                assert!(!self.joined, "joined twice");
                (self.joined, self.connecting) = (true, false);
                return;
            }
            // Leaving while the connect is under way ends it.
            Event::Disconnected(DisconnectReason::ClientDisconnected) if self.connecting => {}
            _ => assert!(self.joined, "{event:?} without a session"),
        }
        match event {
            Event::Disconnected(reason) => {
                assert_ne!(*reason, DisconnectReason::None);
                self.connecting = false;
                (self.joined, self.away) = (false, false);
                self.others.clear();
                self.streams.clear();
                self.archives.clear();
            }
            Event::Reconnecting => assert!(!std::mem::replace(&mut self.away, true), "away twice"),
            Event::Reconnected => assert!(std::mem::take(&mut self.away), "back without having been away"),
            _ => {
                assert!(!self.away, "{event:?} while nothing can be heard");
                self.news(event);
            }
        }
    }

    /// Who comes was not there, who goes was.
    fn news(&mut self, event: &Event) {
        match event {
            Event::ConnectionCreated(connection) => {
                assert_ne!(connection.id, self.me, "one is not somebody else");
                assert!(self.others.insert(connection.id.clone()), "{} came twice", connection.id);
            }
            Event::ConnectionDropped(connection) => {
                assert!(self.others.remove(&connection.id), "{} was not there", connection.id);
            }
            Event::StreamReceived(stream) => {
                assert!(self.streams.insert(stream.id.clone()), "{} came twice", stream.id);
            }
            Event::StreamDropped(stream) => {
                assert!(self.streams.remove(&stream.id), "{} was not there", stream.id);
            }
            Event::StreamChanged(stream, _) => assert!(self.streams.contains(&stream.id)),
            Event::ArchiveStarted { id, .. } => assert!(self.archives.insert(id.clone()), "{id} began twice"),
            Event::ArchiveStopped { id } => assert!(self.archives.remove(id), "{id} had not begun"),
            _ => {}
        }
    }

    /// One for each copy of a message, under its transaction, and for nothing else.
    fn check_acknowledgements(cause: &Cause<'_>, was_open: Option<u64>, acknowledged: &[String]) {
        let Cause::Frame(attempt, bytes) = cause else {
            assert!(acknowledged.is_empty(), "acknowledged without a message");
            return;
        };
        let frame = Frame::decode(bytes).ok().filter(|_| was_open == Some(*attempt));
        let expected = frame.and_then(|frame| match FromServer::read(&frame) {
            FromServer::Message(message) => message.transaction,
            _ => None,
        });
        let acknowledged: Vec<&str> = acknowledged.iter().map(String::as_str).collect();
        assert_eq!(acknowledged, expected.into_iter().collect::<Vec<_>>());
    }

    /// Every request that was taken waits, is done, or was reported: each once.
    fn check_requests(&mut self, cause: &Cause<'_>, engine: &Engine) {
        self.accepted += usize::from(matches!(cause, Cause::Accepted));
        let queued = engine.queued_signals();
        assert!(queued <= engine.config().signal_queue, "the outbox is bounded");
        let known = queued + self.failed + self.done;
        if known == self.accepted {
            return;
        }
        assert_eq!(known + 1, self.accepted, "a request was forgotten, or reported twice");
        let Cause::Frame(_, bytes) = cause else { panic!("a request was forgotten") };
        let frame = Frame::decode(bytes).expect("an answer");
        let FromServer::Status(answer) = FromServer::read(&frame) else { panic!("no answer") };
        assert!(answer.is_success(), "a refused request was not reported");
        assert!(self.requests.iter().any(|(sent, join)| sent == answer.transaction && !join));
        self.unanswered.remove(answer.transaction);
        self.done += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use otc::session::{Config, MediaConfig};
    use otc_protocol::envelope;

    fn engine() -> Engine {
        let config = Config {
            api_key: "1".into(),
            session_id: "2_MX4x".into(),
            api_url: "http://api.example".into(),
            proxy_url: None,
            connection_events_suppressed: false,
            reconnect_window: std::time::Duration::from_secs(30),
            signal_queue: 1,
            user_agent: "test".into(),
            session_migration: false,
            media: MediaConfig::default(),
        };
        Engine::new(config, [0; 32])
    }

    fn message() -> Bytes {
        envelope::message("/t", "t1", "a", b"{}").expect("fits")
    }

    fn acknowledgement(transaction: &str) -> Output {
        Output::Send(envelope::acknowledge("a", transaction, "me").expect("fits"))
    }

    /// Whether the rules let it pass that the engine does `out`.
    fn passes(rules: Rules, cause: &Cause<'_>, out: &[Output]) -> bool {
        let mut rules = rules;
        let check = || rules.check(cause, out, &engine());
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(check)).is_ok()
    }

    #[test]
    fn an_engine_that_breaks_a_rule_is_caught() {
        let event = |event| [Output::Event(event)];
        let open = || Rules { socket: Some(1), ..Rules::default() };
        let (bytes, idle) = (message(), Rules::default);
        assert!(passes(idle(), &Cause::Other, &[]));
        assert!(!passes(idle(), &Cause::Other, &[Output::Close]), "no socket to close");
        assert!(!passes(idle(), &Cause::Other, &[Output::Send(envelope::ping())]), "no socket to send on");
        assert!(!passes(idle(), &Cause::Other, &event(Event::Reconnected)), "was not away");
        assert!(!passes(idle(), &Cause::Other, &event(Event::StatusChanged(Status::Connected))), "is not");
        assert!(!passes(idle(), &Cause::Accepted, &[]), "an accepted request is gone");
        let dial = Output::Dial { attempt: 2, url: String::new() };
        assert!(!passes(open(), &Cause::Other, &[dial]), "two sockets");
        let frame = Cause::Frame(1, &bytes);
        let close = Output::Close;
        assert!(passes(open(), &frame, &[acknowledgement("t1"), close.clone()]));
        assert!(!passes(open(), &frame, std::slice::from_ref(&close)), "not acknowledged");
        assert!(!passes(open(), &frame, &[acknowledgement("t2"), close.clone()]), "another one");
        assert!(!passes(open(), &frame, &[acknowledgement("t1"), acknowledgement("t1"), close]), "twice");
    }
}
