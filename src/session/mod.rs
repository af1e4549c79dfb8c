//! The session engine: a pure state machine.
//!
//! Everything that happens to a session goes into [`Engine::handle`] with the time at which it happens; everything to be
//! done about it comes out, in order. No sockets, no clock, no threads: a recorded list of inputs is a test.

mod config;
mod connect;
mod delivery;
mod duplicates;
mod encryption;
mod event;
mod ids;
mod io;
mod leave;
mod link;
mod media;
mod moderation;
mod outbox;
mod proxy_url;
#[cfg(feature = "planted")]
mod put_off;
pub mod record;
mod request;
mod roster;
mod said;
mod signal;
mod status;
mod steady;

pub use config::{CLIENT_VERSION, Config, hosted_api_url};
pub use event::{Event, FailedSignal, OwnSignal, Signal, StreamChange};
pub use ids::Seeds;
pub use io::{Failure, FailureKind, Input, Moderation, Output, Refusal, Refused, Secret};
pub use media::{CustomIce, MediaConfig};
pub(crate) use roster::pixels;
pub use status::{DisconnectReason, Status};

use crate::planted::{self, Bug};
use connect::Connecting;
use duplicates::Duplicates;
use ids::Ids;
use link::Link;
use otc_protocol::Moment;
use otc_protocol::limits::MALFORMED_WARNINGS;
use otc_protocol::permissions::{Permission, Permissions};
use otc_protocol::raptor::{Connection, SessionAddress};
use outbox::Outbox;
use roster::Roster;
use std::sync::Arc;
use std::time::Duration;
use steady::Steady;

/// One session, from its creation to its deletion.
pub struct Engine {
    config: Config,
    ids: Ids,
    status: Status,
    disconnect_reason: DisconnectReason,
    phase: Phase,
    outbox: Outbox,
    /// Where the session info of the last connect was asked for, if not at the configured place.
    api_url: Option<String>,
    /// The secret of end-to-end encryption.
    encryption_secret: Option<Secret>,
    /// No request is sent before, because the server asked for a pause.
    paused_until: Option<Moment>,
    /// Whether the driver reads the socket; while it does not, silence does not count.
    reading: bool,
    attempts: u64,
    clock: Steady,
    #[cfg(feature = "planted")]
    put_off: Vec<Vec<u8>>,
}

/// What the session is doing.
#[allow(
    clippy::large_enum_variant,
    reason = "there is one for each session, and it spends its life in the large one"
)]
enum Phase {
    /// Nothing.
    Idle,
    /// Getting in.
    Connecting(Connecting),
    /// In, or coming back.
    Joined(Membership),
    /// The last words are on their way.
    Leaving { attempt: u64, until: Moment },
}

/// What one successful or attempted join consists of.
struct Membership {
    address: SessionAddress,
    connection_id: String,
    socket_id: String,
    messaging_url: String,
    symphony: String,
    /// Whether the server lets a lost socket come back (`wire.md §2.2`, `properties.reconnection`).
    resumable: bool,
    roster: Roster,
    duplicates: Duplicates,
    link: Link,
    /// When the connection was lost; `None` while it holds.
    away_since: Option<Moment>,
    /// The last return, if there was one.
    returned: Option<Returned>,
    /// Tries to come back since the connection last proved to be of use.
    tries: u32,
    /// Why the last of them failed.
    failure: Option<String>,
    /// Until when the server may answer what it has not, before this client says goodbye; `None`: it stays.
    leaving: Option<Moment>,
    /// What the server has sent that makes no sense.
    malformed: u32,
}

/// A return that may not have lasted.
struct Returned {
    /// When the first frame came.
    at: Moment,
    /// When the connection had been lost.
    lost: Moment,
    /// Something got through since: a message, or an answer.
    proven: bool,
}

impl Membership {
    /// Warns of something malformed, unless there has been much of it: a log is not to be filled by a server.
    fn warn_of_malformed(&mut self, what: &str, out: &mut Vec<Output>) {
        self.malformed = self.malformed.saturating_add(1);
        if self.malformed <= MALFORMED_WARNINGS {
            let last = if self.malformed == MALFORMED_WARNINGS { "; it is the last one told of" } else { "" };
            out.push(Output::Warn(format!("The server sent a malformed {what}{last}")));
        }
    }

    /// Something got through.
    fn proven(&mut self) {
        if let Some(returned) = &mut self.returned {
            returned.proven = true;
        }
    }

    /// When the time to come back ends. While the application does not let the open socket be read, it does not run:
    /// nothing could be heard.
    fn window_end(&self, window: Duration, reading: bool) -> Option<Moment> {
        let window = if planted::is(Bug::StayAway) { window * 2 } else { window };
        self.away_since.filter(|_| reading || !self.link.is_open()).map(|since| since + window)
    }
}

impl Engine {
    /// A session that is not connected. `seeds` make its ids and its jitter.
    pub fn new(config: Config, seeds: impl Into<Seeds>) -> Self {
        let outbox = Outbox::of(config.signal_queue);
        Self {
            config,
            ids: Ids::new(seeds.into()),
            status: Status::default(),
            disconnect_reason: DisconnectReason::default(),
            phase: Phase::Idle,
            outbox,
            api_url: None,
            encryption_secret: None,
            paused_until: None,
            reading: true,
            attempts: 0,
            clock: Steady::default(),
            #[cfg(feature = "planted")]
            put_off: Vec::new(),
        }
    }

    /// Takes what happens at `now` and appends what is to be done to `out`.
    ///
    /// Only the application's own calls (connect, secret, signal, moderate, disconnect) can be refused; then nothing has changed.
    pub fn handle(&mut self, now: Moment, input: Input<'_>, out: &mut Vec<Output>) -> Result<(), Refused> {
        let now = self.clock.take(now);
        let (status, told) = (self.status, out.len());
        let result = self.take(now, input, out);
        if self.status != status {
            out.insert(told, Output::Event(Event::StatusChanged(self.status)));
        }
        result
    }

    fn take(&mut self, now: Moment, input: Input<'_>, out: &mut Vec<Output>) -> Result<(), Refused> {
        #[cfg(feature = "planted")]
        self.catch_up(now, &input, out);
        match input {
            Input::Connect { token, api_url } => return self.connect(now, token, api_url, out),
            Input::Signal { kind, data, to, retry } => return self.signal(now, kind, data, to, retry, out),
            Input::SetEncryptionSecret(secret) => return self.set_encryption_secret(secret),
            Input::Moderate(moderation) => return self.moderate(now, moderation, out),
            Input::Disconnect => return self.disconnect(now, out),
            Input::Info { attempt, status, body } => self.info(now, attempt, status, body, out),
            Input::InfoFailed { attempt, failure } => self.info_failed(now, attempt, &failure, out),
            Input::Dialing { attempt } => self.dialing(now, attempt),
            Input::Opened { attempt } => self.opened(now, attempt, out),
            Input::OpenFailed { attempt, failure } => self.open_failed(now, attempt, &failure, out),
            Input::Frame { attempt, bytes } => self.frame(now, attempt, bytes, out),
            Input::Closed { attempt, code } => self.closed(now, attempt, code, out),
            Input::Reading(reading) => self.set_reading(now, reading),
            Input::Timer => self.timer(now, out),
        }
        Ok(())
    }

    /// When [`Input::Timer`] is due next; `None` while nothing is.
    pub fn deadline(&self) -> Option<Moment> {
        self.due().map(|due| self.clock.tell(due))
    }

    fn due(&self) -> Option<Moment> {
        match &self.phase {
            Phase::Idle => None,
            Phase::Connecting(connecting) => Some(connecting.deadline(self.reading)),
            Phase::Joined(membership) => {
                let window = membership.window_end(self.config.reconnect_window, self.reading);
                let pause = self.paused_until.filter(|_| membership.link.is_open());
                let link = Some(membership.link.deadline(self.reading));
                [link, window, pause, membership.leaving].into_iter().flatten().min()
            }
            Phase::Leaving { until, .. } => Some(*until),
        }
    }

    /// What the session was made with.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The address of the server's API, of the last connect or else as configured.
    pub fn api_url(&self) -> &str {
        self.api_url.as_deref().unwrap_or(&self.config.api_url)
    }

    /// Where the session stands.
    pub fn status(&self) -> Status {
        self.status
    }

    /// Why it ended last.
    pub fn disconnect_reason(&self) -> DisconnectReason {
        self.disconnect_reason
    }

    /// One's own connection while the session is joined.
    pub fn connection(&self) -> Option<&Arc<Connection>> {
        match &self.phase {
            Phase::Joined(membership) => membership.roster.own(),
            _ => None,
        }
    }

    /// The others who are in the session, while it is joined, in the order in which the server has told of them.
    pub fn others(&self) -> Vec<Arc<Connection>> {
        match &self.phase {
            Phase::Joined(membership) => membership.roster.others(),
            _ => Vec::new(),
        }
    }

    /// What the token allows, while the session is joined.
    pub fn permissions(&self) -> Permissions {
        let names = self.connection().map(|own| own.permissions.as_slice()).unwrap_or_default();
        let known: Vec<Permission> = names.iter().filter_map(|name| Permission::from_name(name)).collect();
        Permissions::of(&known)
    }

    /// The id of the socket while there is one, which nobody else may know.
    pub(crate) fn socket_id(&self) -> Option<&str> {
        match &self.phase {
            Phase::Connecting(connecting) => connecting.socket_id(),
            Phase::Joined(membership) => Some(&membership.socket_id),
            _ => None,
        }
    }

    /// Whether the driver has said that it reads the socket.
    pub fn is_reading(&self) -> bool {
        self.reading
    }

    /// Signals and moderation requests that wait for the server's answer or for a connection.
    pub fn queued_signals(&self) -> usize {
        self.outbox.len()
    }

    fn next_attempt(&mut self) -> u64 {
        self.attempts += 1;
        self.attempts
    }

    fn timer(&mut self, now: Moment, out: &mut Vec<Output>) {
        if self.due().is_none_or(|due| due > now) {
            return;
        }
        match &self.phase {
            Phase::Idle => {}
            Phase::Connecting(_) => self.connect_timer(now, out),
            Phase::Joined(_) => self.link_timer(now, out),
            Phase::Leaving { .. } => {
                out.push(Output::Abandon);
                self.report_unanswered(out);
                self.left(out);
            }
        }
    }
}

#[cfg(test)]
mod tests;
