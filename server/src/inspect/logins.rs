//! Who has logged in, and for how long. Pure: moments are handed in.

use crate::hex::{hex, unhex};
use crate::keys::{KeyError, random};
use crate::projects::{Project, Projects, Status};
use otc_protocol::Moment;
use otc_protocol::limits::{INSPECT_LOGIN_IDLE, INSPECT_LOGIN_LIFE, INSPECT_LOGINS};
use otc_protocol::session_id::ProjectId;
use parking_lot::Mutex;
use ring::digest::{SHA256, digest};
use ring::hmac;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::watch;

/// What a browser shows for a login: nobody can guess it, and the server cannot say it again.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Ticket([u8; 32]);

/// What the server keeps of a ticket.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct TicketDigest([u8; 32]);

#[cfg(test)]
impl TicketDigest {
    /// One of no ticket.
    pub(super) fn test(number: u8) -> Self {
        Self([number; 32])
    }
}

impl Ticket {
    fn new() -> Result<Self, KeyError> {
        random().map(Self)
    }

    /// The ticket of that text.
    pub(super) fn parse(text: &str) -> Option<Self> {
        unhex(text)?.try_into().ok().map(Self)
    }

    /// The text, for the one header that has to hold it.
    pub(super) fn expose(&self) -> String {
        hex(&self.0)
    }

    fn digest(&self) -> TicketDigest {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, &self.0).as_ref());
        TicketDigest(bytes)
    }

    /// What a page of this server says of itself when it changes something. It follows from the ticket, and no ticket
    /// follows from it.
    pub(super) fn csrf(&self) -> String {
        hex(hmac::sign(&self.key(), CSRF).as_ref())
    }

    /// Whether that is it; how long that takes says nothing.
    pub(super) fn is_csrf(&self, text: &[u8]) -> bool {
        let said = std::str::from_utf8(text).ok().and_then(unhex);
        said.is_some_and(|said| hmac::verify(&self.key(), CSRF, &said).is_ok())
    }

    fn key(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &self.0)
    }
}

const CSRF: &[u8] = b"otc-inspect csrf";

/// A login that counts.
#[derive(Clone)]
pub(super) struct Login {
    /// Whose.
    pub(super) project: ProjectId,
    /// When it ends at the latest, in milliseconds since 1970.
    pub(super) expires_ms: u64,
    /// What stands for it.
    pub(super) id: TicketDigest,
}

struct Entry {
    /// As it was then: a project that has changed, or is no more, is another one.
    project: Arc<Project>,
    made: Moment,
    used: Moment,
    expires_ms: u64,
    /// Dropped with the login, which is how its event streams hear of the end.
    ended: watch::Sender<()>,
}

impl Entry {
    fn counts(&self, projects: &Projects, now: Moment) -> bool {
        let current = projects.get(self.project.id().as_str());
        now - self.made < INSPECT_LOGIN_LIFE
            && now - self.used < INSPECT_LOGIN_IDLE
            && self.project.status() == Status::Active
            && current.is_some_and(|current| Arc::ptr_eq(&current, &self.project))
    }
}

/// All logins.
pub(super) struct Logins {
    projects: Arc<Projects>,
    all: Mutex<HashMap<TicketDigest, Entry>>,
}

impl Logins {
    pub(super) fn new(projects: Arc<Projects>) -> Self {
        Self { projects, all: Mutex::default() }
    }

    /// Somebody has shown that he is the project.
    pub(super) fn begin(
        &self,
        project: Arc<Project>,
        now: Moment,
        unix_ms: u64,
    ) -> Result<(Ticket, Login), KeyError> {
        let ticket = Ticket::new()?;
        let life = u64::try_from(INSPECT_LOGIN_LIFE.as_millis()).unwrap_or(u64::MAX);
        let expires_ms = unix_ms.saturating_add(life);
        let login = Login { project: project.id().clone(), expires_ms, id: ticket.digest() };
        let entry = Entry { project, made: now, used: now, expires_ms, ended: watch::Sender::new(()) };
        let mut all = self.all.lock();
        if all.len() >= INSPECT_LOGINS {
            all.retain(|_, entry| entry.counts(&self.projects, now));
        }
        if all.len() >= INSPECT_LOGINS {
            make_way(&mut all);
        }
        all.insert(login.id, entry);
        Ok((ticket, login))
    }

    /// The login of that ticket, if it counts; then it is used.
    pub(super) fn find(&self, ticket: &Ticket, now: Moment) -> Option<Login> {
        let id = ticket.digest();
        let mut all = self.all.lock();
        let entry = self.counting(&mut all, id, now)?;
        entry.used = entry.used.max(now);
        Some(Login { project: entry.project.id().clone(), expires_ms: entry.expires_ms, id })
    }

    /// Whether the login still counts. That is no use of it: an event stream asks by itself, for a page that nobody may be
    /// sitting at.
    pub(super) fn is_alive(&self, id: TicketDigest, now: Moment) -> bool {
        self.counting(&mut self.all.lock(), id, now).is_some()
    }

    fn counting<'a>(
        &self,
        all: &'a mut HashMap<TicketDigest, Entry>,
        id: TicketDigest,
        now: Moment,
    ) -> Option<&'a mut Entry> {
        if all.get(&id).is_some_and(|entry| !entry.counts(&self.projects, now)) {
            all.remove(&id);
        }
        all.get_mut(&id)
    }

    /// Somebody has logged out.
    pub(super) fn end(&self, id: TicketDigest) {
        self.all.lock().remove(&id);
    }

    /// Closed when the login ends; `None` when it has.
    pub(super) fn ended(&self, id: TicketDigest) -> Option<watch::Receiver<()>> {
        self.all.lock().get(&id).map(|entry| entry.ended.subscribe())
    }
}

/// Ends the oldest login of the project that has the most: nobody shuts out others with his own.
fn make_way(all: &mut HashMap<TicketDigest, Entry>) {
    let mut counts: HashMap<&ProjectId, usize> = HashMap::new();
    for entry in all.values() {
        *counts.entry(entry.project.id()).or_default() += 1;
    }
    let most = counts.into_iter().max_by_key(|(_, count)| *count).map(|(project, _)| project);
    let own = all.iter().filter(|(_, entry)| Some(entry.project.id()) == most);
    let oldest = own.min_by_key(|(_, entry)| entry.made).map(|(id, _)| *id);
    oldest.and_then(|oldest| all.remove(&oldest));
}

#[cfg(test)]
#[path = "logins_tests.rs"]
mod tests;
