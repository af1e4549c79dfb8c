//! Tells receivers what happens: from an event to a request that they have taken (`rest.md §3`).
//!
//! * [`kind`], `payload`: what is told, and its words; `signature`: that it is ours
//! * `directory`, `target`, [`url`]: who is told what, and where that may be
//! * `queue`, `lanes`, `shares`: what waits, and whose turn it is, pure; `ledger`: the same in the database; `tally`: counted
//! * `driver`: has it sent; `courier`, `names`, `trust`: one delivery

mod courier;
mod directory;
mod disown;
mod driver;
pub mod kind;
mod lanes;
mod ledger;
mod names;
mod payload;
mod queue;
#[cfg(test)]
mod receiver;
mod shares;
mod signature;
mod tally;
mod target;
mod trust;
pub mod url;

pub use queue::Retries;
pub use signature::SigningSecret;
pub use tally::Counts;
pub use target::Hook;

use crate::chronicle::{Lost, Noted, Reads};
use crate::keys::random;
use crate::store::{Store, StoreError};
use crate::unix_ms;
use courier::Courier;
use directory::{Directory, Full, Struck};
use kind::Kind;
use ledger::RegistrationRecord;
use names::{Names, SystemNames};
use otc_protocol::Moment;
use otc_protocol::limits::{WEBHOOK_BODY_BYTES, WEBHOOK_TIMEOUT};
use otc_protocol::raptor::SessionAddress;
use otc_protocol::uuid;
use parking_lot::{Mutex, RwLock};
use queue::{Bounds, Delivery, Queue};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::Value;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tally::Tally;
use target::Target;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tracing::{error, info, warn};
use trust::Trust;
use url::{HookUrl, Reach, UrlError};

/// What of webhooks can be set.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The receivers of the configuration.
    pub hooks: Vec<Hook>,
    /// Whether receivers may be on this machine and its networks; `None`: on this machine, if the server listens for it
    /// alone.
    pub private_targets: Option<bool>,
    /// Certificates that receivers may have beside those that the system trusts.
    pub ca_file: Option<PathBuf>,
    /// How long one delivery may take.
    pub timeout: Duration,
    /// How often it is tried.
    pub retries: Retries,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            hooks: Vec::new(),
            private_targets: None,
            ca_file: None,
            timeout: WEBHOOK_TIMEOUT,
            retries: Retries::default(),
        }
    }
}

/// What an application asks to be told.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    pub(crate) group: String,
    pub(crate) event: String,
    pub(crate) url: String,
    pub(crate) secret: Option<SigningSecret>,
}

/// A wish that was granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Registration {
    pub(crate) id: String,
    pub(crate) group: String,
    pub(crate) event: String,
    pub(crate) url: String,
    pub(crate) created_ms: u64,
}

impl From<RegistrationRecord> for Registration {
    fn from(record: RegistrationRecord) -> Self {
        let RegistrationRecord { id, group, event, url, created_ms, .. } = record;
        Self { id, group, event, url, created_ms }
    }
}

/// Why a wish was not granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum WishError {
    /// There is no such event.
    Event,
    Url(UrlError),
    /// The project has as many as it may have.
    ProjectFull,
    ServerFull,
    Store(StoreError),
}

impl From<Full> for WishError {
    fn from(full: Full) -> Self {
        match full {
            Full::Project => Self::ProjectFull,
            Full::Server => Self::ServerFull,
        }
    }
}

/// Tells receivers what happens.
pub struct Webhooks {
    directory: RwLock<Directory>,
    /// One change of the registrations after the other: what is entered is in the database.
    changes: tokio::sync::Mutex<()>,
    /// One batch after the other comes in: numbers are in the order in which things happened.
    next_number: Mutex<u64>,
    queue: Mutex<Queue>,
    /// Deliveries that the database need not keep any more.
    finished: Mutex<Vec<u64>>,
    wake: Notify,
    /// Once it closes: until when what is under way may come to its end.
    deadline: Mutex<Option<Instant>>,
    driver: Mutex<Option<JoinHandle<()>>>,
    courier: Courier,
    reach: Reach,
    store: Arc<Store>,
    tally: Tally,
    ids: Mutex<StdRng>,
    started: Instant,
}

/// Whether what the configuration says of webhooks can be done.
pub(crate) fn check(settings: &Settings, is_local: bool) -> io::Result<()> {
    read(settings, is_local).map(|_| ())
}

/// Which receivers are reached, and which are trusted.
fn read(settings: &Settings, is_local: bool) -> io::Result<(Reach, Trust)> {
    let reach = match settings.private_targets {
        Some(true) => Reach::Everywhere,
        None if is_local => Reach::PublicAndLoopback,
        Some(false) | None => Reach::Public,
    };
    for hook in &settings.hooks {
        reach.admits(&hook.url).map_err(|error| {
            io::Error::other(format!("the webhook {} of the configuration: {error}", hook.url.place()))
        })?;
    }
    Ok((reach, Trust::new(settings.ca_file.as_deref())?))
}

impl Webhooks {
    /// Reads what an earlier server has left in the database. `is_local`: the server listens for this machine alone, whose
    /// receivers are then no secret to anybody who can register one. Its networks are another matter: what listens here may
    /// be reached from outside through a proxy.
    pub(crate) fn open(settings: &Settings, is_local: bool, store: Arc<Store>) -> io::Result<Self> {
        Self::assemble(settings, is_local, store, Bounds::default(), Box::new(SystemNames))
    }

    fn assemble(
        settings: &Settings,
        is_local: bool,
        store: Arc<Store>,
        bounds: Bounds,
        names: Box<dyn Names>,
    ) -> io::Result<Self> {
        let (reach, trust) = read(settings, is_local)?;
        let seed = || random().map_err(io::Error::other);
        let mut jitter = StdRng::from_seed(seed()?);
        let mut webhooks = Self {
            directory: RwLock::new(Directory::new(&settings.hooks)),
            changes: tokio::sync::Mutex::new(()),
            next_number: Mutex::new(0),
            queue: Mutex::new(Queue::new(bounds, settings.retries.clone(), move || jitter.next_u64())),
            finished: Mutex::new(Vec::new()),
            wake: Notify::new(),
            deadline: Mutex::new(None),
            driver: Mutex::new(None),
            courier: Courier::new(names, trust, reach, settings.timeout),
            reach,
            store,
            tally: Tally::default(),
            ids: Mutex::new(StdRng::from_seed(seed()?)),
            started: Instant::now(),
        };
        webhooks.recall(&settings.retries).map_err(io::Error::other)?;
        Ok(webhooks)
    }

    /// Reads the database.
    fn recall(&mut self, retries: &Retries) -> Result<(), StoreError> {
        let directory = self.directory.get_mut();
        for record in ledger::registrations(&self.store)? {
            let kind = Kind::registered(&record.group, &record.event);
            match (kind, HookUrl::parse(&record.url)) {
                (Some(kind), Ok(url)) => directory.enter(record, kind, url),
                _ => warn!(
                    "a registered webhook in the database is not one that this version knows; it is left alone"
                ),
            }
        }
        let targets = directory.targets();
        let (now, unix_ms, queue) = (Moment::ZERO, unix_ms(), self.queue.get_mut());
        let (finished, next) = (self.finished.get_mut(), self.next_number.get_mut());
        let (mut unknown, mut late, mut dropped) = (0_u64, 0_u64, 0_u64);
        ledger::deliveries(&self.store, |number, record| {
            *next = (*next).max(number + 1);
            let target = targets.get(&*record.target).cloned();
            let delivery = record.delivery(number);
            let lost = match target {
                None => &mut unknown,
                Some(_) if retries.are_over(&delivery, unix_ms) => &mut late,
                Some(target) if queue.reserve(&target, delivery.weight()) => {
                    queue.put(now, &target, delivery);
                    return;
                }
                Some(_) => &mut dropped,
            };
            *lost += 1;
            finished.push(number);
        })?;
        let waiting = queue.load().count;
        if unknown > 0 {
            warn!(
                deliveries = unknown,
                "webhooks wait for receivers that are not there any more; they are dropped"
            );
        }
        if waiting > 0 {
            info!(deliveries = waiting, "webhooks of an earlier server are still to be delivered");
        }
        self.count(|counts| {
            counts.dropped += dropped;
            counts.given_up += late;
        });
        Ok(())
    }

    /// Begins to deliver, on the runtime that it is called on.
    pub(crate) fn start(self: &Arc<Self>) {
        let driver = tokio::spawn(driver::run(Arc::clone(self)));
        *self.driver.lock() = Some(driver);
    }

    /// Delivers what can be delivered without a pause, within that time, and ends. What is left stays in the database. To be
    /// called when nothing more is taken.
    pub(crate) async fn finish(&self, within: Duration) {
        let Some(driver) = self.driver.lock().take() else { return };
        *self.deadline.lock() = Some(Instant::now() + within);
        self.wake.notify_one();
        if driver.await.is_err() {
            error!("the task of the webhooks has panicked");
        }
        let waiting = self.counts().waiting;
        if waiting > 0 {
            info!(deliveries = waiting, "webhooks are left undelivered");
        }
    }

    /// Takes an archive's new status; returns when what is to be delivered is in the database.
    pub(crate) fn archive(&self, project: &str, session: &str, archive: Value) {
        let session = SessionAddress { project: project.to_owned(), session: session.to_owned() };
        let mut next_number = self.next_number.lock();
        let mut accepted = Vec::new();
        let body = payload::of_archive(&session, archive);
        let told = Told { session: &session, unix_ms: unix_ms(), kind: Kind::Archive, body };
        self.address(told, &mut next_number, &mut accepted);
        self.accept(accepted);
    }

    /// Makes the deliveries of an event, for which there is room.
    fn address(&self, told: Told<'_>, next_number: &mut u64, accepted: &mut Vec<(Arc<Target>, Delivery)>) {
        let Told { session, unix_ms, kind, body } = told;
        // Nobody is taken back until there is room for what he is told: else the room would make a receiver of him again.
        let directory = self.directory.read();
        let receivers = directory.receivers(&session.project, kind);
        if receivers.is_empty() {
            return;
        }
        let id: Arc<str> = self.new_id().into();
        let (project, session): (Arc<str>, Arc<str>) =
            (session.project.as_str().into(), session.session.as_str().into());
        let body: Arc<str> = body.into();
        for target in receivers {
            let fits = body.len() <= WEBHOOK_BODY_BYTES && self.queue.lock().reserve(&target, body.len());
            if !fits {
                self.count(|counts| counts.dropped += 1);
                continue;
            }
            let delivery = Delivery {
                number: *next_number,
                id: Arc::clone(&id),
                project: Arc::clone(&project),
                session: Arc::clone(&session),
                body: Arc::clone(&body),
                unix_ms,
            };
            *next_number += 1;
            accepted.push((target, delivery));
        }
    }

    fn accept(&self, accepted: Vec<(Arc<Target>, Delivery)>) {
        if accepted.is_empty() {
            return;
        }
        if let Err(error) = ledger::keep(&self.store, &accepted) {
            error!(%error, "webhooks are not in the database: those that are undelivered when the server ends are lost");
        }
        let now = self.now();
        let mut queue = self.queue.lock();
        for (target, delivery) in accepted {
            let number = delivery.number;
            if !queue.put(now, &target, delivery) {
                self.finished.lock().push(number);
            }
        }
        drop(queue);
        self.wake.notify_one();
    }

    /// Grants a wish; the same wish again is the same registration.
    pub(crate) async fn register(&self, project: &str, wish: Wish) -> Result<Registration, WishError> {
        let kind = Kind::registered(&wish.group, &wish.event).ok_or(WishError::Event)?;
        let url = HookUrl::parse(&wish.url).map_err(WishError::Url)?;
        self.reach.admits(&url).map_err(WishError::Url)?;
        let Wish { group, event, url: text, secret } = wish;
        let record = RegistrationRecord {
            id: self.new_id(),
            project: project.to_owned(),
            group,
            event,
            url: text,
            created_ms: unix_ms(),
            secret,
        };
        let _change = self.changes.lock().await;
        let known = self.directory.read().room_for(&record, kind, &url);
        if let Some(known) = known? {
            return Ok(known.into());
        }
        ledger::register(&self.store, record.clone()).await.map_err(WishError::Store)?;
        self.directory.write().enter(record.clone(), kind, url);
        Ok(record.into())
    }

    /// Takes a registration back, and drops what waits for its receiver if it was its last; whether there was one.
    pub(crate) async fn unregister(&self, project: &str, id: &str) -> Result<bool, StoreError> {
        let _change = self.changes.lock().await;
        if !self.directory.read().registrations(project).iter().any(|record| record.id == id) {
            return Ok(false);
        }
        ledger::unregister(&self.store, project, id).await?;
        Ok(self.strike(project, id))
    }

    /// Takes back all registrations of a project that is no more.
    pub(crate) async fn forget(&self, project: &str) -> Result<(), StoreError> {
        for registration in self.registrations(project) {
            self.unregister(project, &registration.id).await?;
        }
        Ok(())
    }

    fn strike(&self, project: &str, id: &str) -> bool {
        let mut directory = self.directory.write();
        let struck = directory.strike(project, id);
        if let Struck::Last(target) = &struck {
            let numbers = self.queue.lock().forget(&target.id);
            self.finished.lock().extend(numbers);
            self.wake.notify_one();
        }
        struck != Struck::Nothing
    }

    /// The registrations of a project.
    pub(crate) fn registrations(&self, project: &str) -> Vec<Registration> {
        self.directory.read().registrations(project).into_iter().map(Registration::from).collect()
    }

    /// What became of deliveries since the server started.
    pub fn counts(&self) -> Counts {
        Counts { waiting: self.queue.lock().load().count, ..self.tally.counts() }
    }

    /// Projects of the configuration's receivers that are not among those that `is_known` knows.
    pub(crate) fn unknown_projects(&self, is_known: impl Fn(&str) -> bool) -> Vec<String> {
        let directory = self.directory.read();
        let unknown = directory.configured_projects().filter(|project| !is_known(project));
        unknown.map(str::to_owned).collect()
    }

    /// Counts what has become of deliveries. What was lost is said by the driver, in its time.
    fn count(&self, change: impl FnOnce(&mut Counts)) {
        if self.tally.count(change) {
            self.wake.notify_one();
        }
    }

    fn now(&self) -> Moment {
        let micros = u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX);
        Moment::from_micros(micros)
    }

    fn new_id(&self) -> String {
        let mut random = [0; 16];
        self.ids.lock().fill_bytes(&mut random);
        uuid::from_random(random)
    }
}

impl Reads for Webhooks {
    /// Returns when what is to be delivered is in the database.
    fn take(&self, noted: &[Noted]) {
        let mut next_number = self.next_number.lock();
        let mut accepted = Vec::new();
        for Noted { session, unix_ms, event } in noted {
            if !self.directory.read().tells_anybody(&session.project) {
                continue; // Not worth the writing.
            }
            if let Some((kind, body)) = payload::of_event(session, *unix_ms, event) {
                let told = Told { session, unix_ms: *unix_ms, kind, body };
                self.address(told, &mut next_number, &mut accepted);
            }
        }
        self.accept(accepted);
    }

    fn lost(&self, lost: &[Lost]) {
        let events: u64 = lost.iter().map(Lost::missed).sum();
        self.count(|counts| counts.unseen += events);
    }
}

/// An event in words.
struct Told<'a> {
    session: &'a SessionAddress,
    unix_ms: u64,
    kind: Kind,
    body: String,
}

#[cfg(test)]
mod tests;
