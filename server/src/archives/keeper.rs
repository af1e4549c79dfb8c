//! Ends archives that have lasted long enough or take no more, and forgets old ones.

use super::desk::Overdue;
use super::record::{Record, Status};
use super::{Archives, shelf};
use crate::App;
use crate::sessions::{Event, Witness};
use crate::store::{StoreError, Writer};
use otc_protocol::limits::ARCHIVE_REMEMBERED;
use otc_protocol::raptor::SessionAddress;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::{Instant, sleep_until};
use tracing::{debug, error, info};

/// How late an old archive may be forgotten.
const FORGET_EVERY: Duration = Duration::from_secs(60);
/// Longest sleep while something is due some time: the calendar may be set meanwhile. Of archives that run, …
const OVERDUE_SLEEP: Duration = Duration::from_secs(60);
/// … and of those that are to be forgotten.
const FORGET_SLEEP: Duration = Duration::from_secs(60 * 60);

/// Looks after archives until the server stops. It sleeps until there is something to do.
pub(crate) async fn attend(app: Arc<App>) {
    let mut stopping = app.stopping();
    let Some(mut asked) = app.archives.asked.lock().take() else { return };
    let every = FORGET_EVERY.min(app.archives.settings.kept);
    // One pass at a time: a slow disk may take longer for one than they are apart.
    let mut passes = JoinSet::from_iter([forget(Arc::clone(&app))]);
    let mut forget_at = None;
    loop {
        tokio::select! {
            Some(ask) = asked.recv() => {
                stop(&app, &ask.session, &ask.id, ask.reason);
            }
            () = app.archives.changed.notified() => {
                let look_at = Instant::now() + first_look(app.archives.settings.kept);
                forget_at = Some(forget_at.map_or(look_at, |at: Instant| at.min(look_at)));
            }
            () = until(next_overdue(&app)) => end_overdue(&app),
            () = until(forget_at), if passes.is_empty() => {
                forget_at = None;
                passes.spawn(forget(Arc::clone(&app)));
            }
            Some(next) = passes.join_next() => {
                // One that has panicked has printed why; another one may do better.
                let next = next.unwrap_or(Some(Duration::ZERO));
                let next = next.map(|wait| Instant::now() + wait.clamp(every, FORGET_SLEEP));
                forget_at = forget_at.into_iter().chain(next).min();
            }
            // An error says that the server is gone, which is an end too.
            _ = stopping.wait_for(|stop| *stop) => break,
        }
    }
}

/// How long after an archive has changed it is looked whether it is to be forgotten.
fn first_look(kept: Duration) -> Duration {
    kept.min(ARCHIVE_REMEMBERED).min(FORGET_SLEEP)
}

async fn until(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => pending().await,
    }
}

/// Asks a room for the end of an archive.
fn stop(app: &App, session: &str, id: &str, reason: &str) -> bool {
    let stopped = app.registry.stop_archive(app.time(), session, id, reason);
    if let Err(refusal) = &stopped {
        // Its session may have ended it at this moment.
        debug!(%session, archive = %id, reason = %refusal.reason, "a room does not end an archive");
    }
    stopped.is_ok()
}

fn lasts_ms(app: &App) -> u64 {
    u64::try_from(app.archives.settings.lasts.as_millis()).unwrap_or(u64::MAX)
}

/// When an archive that runs has lasted long enough.
fn next_overdue(app: &App) -> Option<Instant> {
    let due_ms = app.archives.desk.lock().next_overdue(lasts_ms(app))?;
    let wait = Duration::from_millis(due_ms.saturating_sub(app.time().unix_ms));
    Some(Instant::now() + wait.min(OVERDUE_SLEEP))
}

fn end_overdue(app: &App) {
    end_overdue_at(app, app.time().unix_ms);
}

fn end_overdue_at(app: &App, unix_ms: u64) {
    const REASON: &str = "maximum duration exceeded";
    let overdue = app.archives.desk.lock().overdue(lasts_ms(app), unix_ms);
    for Overdue { session, id } in overdue {
        if !stop(app, &session, &id, REASON) {
            // No room knows it, and what has happened in it may still wait to be written: its end has to stand behind that.
            let address = SessionAddress { project: String::new(), session };
            app.chronicle.pen().saw(&address, Event::ArchiveStopped { id, reason: REASON.to_owned() });
        }
    }
}

/// Forgets what is old; after how long there is something to forget again, if ever.
async fn forget(app: Arc<App>) -> Option<Duration> {
    let (archives, unix_ms) = (Arc::clone(&app.archives), app.time().unix_ms);
    let next_ms = spawn_blocking(move || match archives.forget(unix_ms) {
        Ok(next_ms) => next_ms,
        // The server stops; the next one forgets them.
        Err(StoreError::Closed) => None,
        Err(error) => {
            error!(%error, "old archives cannot be forgotten");
            Some(unix_ms)
        }
    });
    // It has printed why.
    let next_ms = next_ms.await.unwrap_or(Some(unix_ms))?;
    Some(Duration::from_millis(next_ms.saturating_sub(unix_ms)))
}

impl Archives {
    /// Removes the files of archives that ended too long ago, and later the archives. When there is something to do again,
    /// at the earliest, in milliseconds since 1970.
    pub(super) fn forget(&self, unix_ms: u64) -> Result<Option<u64>, StoreError> {
        let ms = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let (kept, remembered) = (ms(self.settings.kept), ms(ARCHIVE_REMEMBERED));
        // What a record says of its last change: its end, or that it has expired.
        let due_ms = move |record: &Record| match record.status {
            Status::Available => Some(record.updated_ms.saturating_add(kept)),
            status if status.is_past() => Some(record.updated_ms.saturating_add(remembered)),
            _ => None,
        };
        let is_due = move |record: &Record| due_ms(record).is_some_and(|due| due <= unix_ms);
        let before = unix_ms.saturating_sub(kept);
        let mut next = None;
        let mut soonest = |due: Option<u64>| next = next.into_iter().chain(due).min();
        let due = self.store.read(|reader| {
            // None of those that began later is due yet.
            soonest(
                shelf::begun_from(reader, before)?.map(|begun| begun.saturating_add(kept.min(remembered))),
            );
            shelf::begun_before(reader, before, |record| {
                let is_due = is_due(record);
                soonest(due_ms(record).filter(|_| !is_due));
                is_due
            })
        })?;
        for id in due {
            self.forget_one(id, unix_ms, is_due)?;
            soonest(Some(unix_ms.saturating_add(remembered)));
        }
        Ok(next)
    }

    /// Lets one expire, or removes it. A call may have deleted it in the meantime, and whoever changes a record gives its
    /// bytes and its place back, so what is due is looked at again where nothing comes in between.
    fn forget_one(
        &self,
        id: String,
        unix_ms: u64,
        is_due: impl Fn(&Record) -> bool + Send + 'static,
    ) -> Result<(), StoreError> {
        let edit = move |writer: &mut Writer<'_>| {
            let Some(before) = shelf::get(writer, &id)?.filter(|record| is_due(record)) else {
                return Ok(None);
            };
            if before.status != Status::Available {
                return Ok(shelf::take(writer, &id, |_| true)?.map(|gone| (gone, None)));
            }
            let expired = shelf::change(writer, &id, |record| {
                record.status = Status::Expired;
                record.updated_ms = unix_ms;
            })?;
            Ok(Some((before, expired)))
        };
        match self.store.write_blocking(edit)? {
            Some((before, Some(expired))) => {
                info!(archive = %expired.id, "archive expired");
                self.remove_file(&before);
                self.desk.lock().becomes_past(&expired.project);
                self.announce(&expired);
            }
            Some((gone, None)) => self.forget_file(&gone),
            None => {}
        }
        Ok(())
    }
}

#[cfg(all(test, unix))]
#[path = "keeper_tests.rs"]
mod tests;
