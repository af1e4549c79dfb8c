//! Ends archives that have lasted long enough or take no more, and forgets old ones.

use super::desk::Overdue;
use super::record::{Record, Status};
use super::{Archives, shelf};
use crate::App;
use crate::sessions::{Event, Witness};
use crate::store::{StoreError, Writer};
use otc_protocol::limits::ARCHIVE_REMEMBERED;
use otc_protocol::raptor::SessionAddress;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{Instant, MissedTickBehavior, interval};
use tracing::{debug, error, info};

/// How late an archive that is overdue may be ended.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How late an old one may be forgotten.
const FORGET_EVERY: Duration = Duration::from_secs(60);

/// Looks after archives until the server stops.
pub(crate) async fn attend(app: Arc<App>) {
    let mut stopping = app.stopping();
    let Some(mut asked) = app.archives.asked.lock().take() else { return };
    let mut look = interval(LOOK_EVERY);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut forget_at = Instant::now();
    let mut forgetting: Option<JoinHandle<()>> = None;
    loop {
        tokio::select! {
            Some(ask) = asked.recv() => {
                stop(&app, &ask.session, &ask.id, ask.reason);
            }
            _ = look.tick() => {
                end_overdue(&app);
                // One pass at a time: a slow disk may take longer for one than they are apart.
                if Instant::now() >= forget_at && forgetting.as_ref().is_none_or(JoinHandle::is_finished) {
                    forget_at = Instant::now() + FORGET_EVERY.min(app.archives.settings.kept);
                    forgetting = Some(forget(&app));
                }
            }
            // An error says that the server is gone, which is an end too.
            _ = stopping.wait_for(|stop| *stop) => break,
        }
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

fn end_overdue(app: &App) {
    let lasts = u64::try_from(app.archives.settings.lasts.as_millis()).unwrap_or(u64::MAX);
    end_begun_before(app, app.time().unix_ms.saturating_sub(lasts));
}

fn end_begun_before(app: &App, before_ms: u64) {
    const REASON: &str = "maximum duration exceeded";
    let overdue = app.archives.desk.lock().overdue(before_ms);
    for Overdue { session, id } in overdue {
        if !stop(app, &session, &id, REASON) {
            // No room knows it, and what has happened in it may still wait to be written: its end has to stand behind that.
            let address = SessionAddress { project: String::new(), session };
            app.chronicle.pen().saw(&address, Event::ArchiveStopped { id, reason: REASON.to_owned() });
        }
    }
}

fn forget(app: &Arc<App>) -> JoinHandle<()> {
    let (archives, unix_ms) = (Arc::clone(&app.archives), app.time().unix_ms);
    spawn_blocking(move || {
        match archives.forget(unix_ms) {
            // The server stops; the next one forgets them.
            Ok(()) | Err(StoreError::Closed) => {}
            Err(error) => error!(%error, "old archives cannot be forgotten"),
        }
    })
}

impl Archives {
    /// Removes the files of archives that ended too long ago, and later the archives.
    pub(super) fn forget(&self, unix_ms: u64) -> Result<(), StoreError> {
        let ms = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let (kept, remembered) = (ms(self.settings.kept), ms(ARCHIVE_REMEMBERED));
        // What a record says of its last change: its end, or that it has expired.
        let is_due = move |record: &Record| {
            let age = unix_ms.saturating_sub(record.updated_ms);
            match record.status {
                Status::Available => age >= kept,
                status if status.is_past() => age >= remembered,
                _ => false,
            }
        };
        let before = unix_ms.saturating_sub(kept);
        for id in self.store.read(|reader| shelf::begun_before(reader, before, is_due))? {
            self.forget_one(id, unix_ms, is_due)?;
        }
        Ok(())
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
