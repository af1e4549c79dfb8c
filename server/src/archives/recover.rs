//! What an earlier server has left: archives that go on with their sessions, and those that a crash has ended.

use super::lines::Line;
use super::record::{Record, Status};
use super::running::Running;
use super::vault::Left;
use super::{Archives, shelf};
use crate::store::StoreError;
use otc_protocol::uuid;
use std::collections::HashSet;
use tracing::{error, info, warn};

/// Why an archive has ended whose session is not there any more.
const STOPPED: &str = "the server was stopped or killed";
/// Why an archive has failed that has no file.
const NOTHING_LEFT: &str = "the server was killed before anything was written";

impl Archives {
    /// Brings archives and files in order, before anything happens. `carried_on`: sessions that go on, and their archives
    /// that run. It waits for the disk.
    pub(crate) fn recover(
        &self,
        carried_on: &HashSet<(String, String)>,
        unix_ms: u64,
    ) -> Result<(), StoreError> {
        let (mut running, mut files) = (Vec::new(), HashSet::new());
        self.store.read(|reader| {
            shelf::each(reader, |record| {
                self.desk.lock().count_in(&record.project, record.status);
                match record.status {
                    Status::Available => {
                        self.room.add(&record.project, record.size);
                        files.insert(record.id);
                    }
                    Status::Started => {
                        files.insert(record.id.clone());
                        running.push(record);
                    }
                    _ => {}
                }
            })
        })?;
        for record in running {
            let goes_on = carried_on.contains(&(record.session.clone(), record.id.clone()));
            match self.vault.resume(&record.id) {
                Ok(Some(left)) => self.carry_on(&record, left, goes_on, unix_ms),
                Ok(None) => {
                    warn!(archive = %record.id, "nothing is left of an archive");
                    self.fail(&record, unix_ms)?;
                }
                // It is neither ended nor removed: another start may be able to read it.
                Err(error) => error!(
                    archive = %record.id, %error,
                    "the file of an archive cannot be read; see to it and start the server again"
                ),
            }
        }
        self.remove_strangers(&files);
        Ok(())
    }

    /// Goes on with an archive, or ends it where it broke off.
    fn carry_on(&self, record: &Record, left: Left, goes_on: bool, unix_ms: u64) {
        let last = left.last;
        self.room.add(&record.project, left.size);
        let mut running = Running::resumed(record, left.reel, left.size, last.at);
        if let Some(reason) = last.end() {
            // It had ended, and its record does not know.
            self.close(running, reason, unix_ms);
        } else if goes_on {
            let written = running.note(&Line::Restart, unix_ms, &self.room);
            let written = written.and_then(|()| running.flush(&self.room));
            self.look_after(&mut running, &record.session, written);
            info!(archive = %record.id, session = %record.session, "archive carried on");
            self.desk.lock().begin(record);
            self.running.lock().entry(record.session.clone()).or_default().push(running);
        } else {
            warn!(archive = %record.id, session = %record.session, "archive ended: {STOPPED}");
            // Nothing is known of the time after its last line.
            self.conclude(running, STOPPED, record.created_ms + last.at, unix_ms);
        }
    }

    /// Nothing useful is left of an archive.
    fn fail(&self, record: &Record, unix_ms: u64) -> Result<(), StoreError> {
        let id = record.id.clone();
        let failed = self.store.write_blocking(move |writer| {
            shelf::change(writer, &id, |record| {
                record.status = Status::Failed;
                NOTHING_LEFT.clone_into(&mut record.reason);
                record.updated_ms = unix_ms;
            })
        })?;
        self.forget_remains(&record.id);
        if let Some(failed) = failed {
            self.desk.lock().becomes_past(&failed.project);
            self.announce(&failed);
        }
        Ok(())
    }

    /// Removes files that no record tells of: of archives that had not begun, or that were deleted.
    fn remove_strangers(&self, known: &HashSet<String>) {
        match self.vault.ids() {
            Ok(ids) => {
                let ours = |id: &&String| uuid::parse(id).is_some() && !known.contains(*id);
                ids.iter().filter(ours).for_each(|id| self.forget_remains(id));
            }
            Err(error) => error!(%error, "the files of archives cannot be listed"),
        }
    }

    fn forget_remains(&self, id: &str) {
        if let Err(error) = self.vault.remove(id) {
            error!(archive = %id, %error, "the file of an archive cannot be removed");
        }
    }
}
