//! Writes archives, on the chronicle's thread.

use super::Archives;
use super::lines::Line;
use super::record::{Record, Status};
use super::running::{Full, Running};
use super::shelf;
use crate::chronicle::{Lost, Noted, Reads};
use crate::sessions::Event;
use crate::store::{StoreError, Writer};
use otc_protocol::raptor::{Archive, Connection, SessionAddress, Stream};
use std::collections::{HashMap, HashSet};
use std::fmt::Display;
use std::io;
use std::time::Instant;
use tracing::{error, info, warn};

/// An end that a room has to be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ask {
    pub(super) session: String,
    pub(super) id: String,
    pub(super) reason: &'static str,
}

/// The archives that run, by session.
type Sessions = HashMap<String, Vec<Running>>;

impl Reads for Archives {
    fn take(&self, noted: &[Noted]) {
        let mut sessions = self.running.lock();
        let mut written = HashSet::new();
        for noted in noted {
            let session = &noted.session;
            if let Some(line) = Line::of(&noted.event)
                && self.write(&mut sessions, session, &line, noted.unix_ms, own_id(&noted.event))
            {
                written.insert(session.session.as_str());
            }
            match &noted.event {
                Event::ArchiveStarted { archive, connections, streams, muted } => {
                    let (unix_ms, muted) = (noted.unix_ms, *muted);
                    let begun = Begins { session, archive, connections, streams, muted, unix_ms };
                    self.begin(&mut sessions, &begun);
                }
                Event::ArchiveStopped { id, reason } => {
                    self.end(&mut sessions, session, id, reason, noted.unix_ms);
                }
                _ => {}
            }
        }
        for session in written {
            self.flush(&mut sessions, session);
        }
    }

    fn lost(&self, lost: &[Lost]) {
        let mut sessions = self.running.lock();
        // What is only overheard is in no archive.
        for lost in lost.iter().filter(|lost| lost.missed() > 0) {
            let (session, events) = (&lost.session, lost.missed());
            if self.write(&mut sessions, session, &Line::Gap { events }, lost.unix_ms, None) {
                warn!(session = %session.session, events, "an archive has a gap");
                self.flush(&mut sessions, &session.session);
            }
        }
    }
}

/// The archive that an event begins or ends: it is none of that archive's own lines.
fn own_id(event: &Event) -> Option<&str> {
    match event {
        Event::ArchiveStarted { archive, .. } => Some(&archive.id),
        Event::ArchiveStopped { id, .. } => Some(id),
        _ => None,
    }
}

/// An archive that begins.
pub(super) struct Begins<'a> {
    session: &'a SessionAddress,
    archive: &'a Archive,
    /// Who is there.
    pub(super) connections: &'a [Connection],
    /// What is published.
    pub(super) streams: &'a [Stream],
    /// Whether newcomers are muted.
    pub(super) muted: bool,
    unix_ms: u64,
}

/// Why an archive cannot begin.
struct NotBegun {
    full: Full,
    /// What the disk or the database says.
    error: Option<String>,
}

impl NotBegun {
    fn failed(error: impl Display) -> Self {
        Self { full: Full::Broken, error: Some(error.to_string()) }
    }
}

impl Archives {
    /// Adds a line to the archives of a session, but for one; whether there are any.
    fn write(
        &self,
        sessions: &mut Sessions,
        session: &SessionAddress,
        line: &Line<'_>,
        unix_ms: u64,
        not: Option<&str>,
    ) -> bool {
        let Some(archives) = sessions.get_mut(&session.session) else { return false };
        for running in archives.iter_mut().filter(|running| Some(running.id.as_str()) != not) {
            let result = running.note(line, unix_ms, &self.room);
            self.look_after(running, &session.session, result);
        }
        true
    }

    fn flush(&self, sessions: &mut Sessions, session: &str) {
        for running in sessions.get_mut(session).into_iter().flatten() {
            let result = running.flush(&self.room);
            self.look_after(running, session, result);
        }
    }

    /// Asks once for the end of an archive that takes no more.
    pub(super) fn look_after(&self, running: &mut Running, session: &str, result: io::Result<()>) {
        if let Err(error) = result {
            error!(archive = %running.id, %error, "an archive cannot be written");
        }
        if let Some(full) = running.full
            && !std::mem::replace(&mut running.asked, true)
        {
            self.ask(session, &running.id, full.reason());
        }
    }

    fn ask(&self, session: &str, id: &str, reason: &'static str) {
        // At the end of the server nobody is asked any more.
        let _ = self.asks.send(Ask { session: session.to_owned(), id: id.to_owned(), reason });
    }

    fn begin(&self, sessions: &mut Sessions, begins: &Begins<'_>) {
        let (session, archive) = (begins.session, begins.archive);
        let reserved = self.desk.lock().take_reserved(&session.session, &archive.id);
        let (wishes, begun) = match reserved {
            Some(reserved) => (reserved.record.wishes, Some(reserved.begun)),
            None => {
                self.desk.lock().count_in(&session.project, Status::Started);
                let properties = self.properties(&session.session);
                (properties.map(|properties| properties.wishes()).unwrap_or_default(), None)
            }
        };
        let id = archive.id.clone();
        let record = Record::new(id, &session.project, &session.session, wishes, begins.unix_ms);
        let result = self.begin_file(&record, begins);
        let record = match result {
            Ok(running) => {
                info!(archive = %record.id, session = %session.session, "archive begun");
                sessions.entry(session.session.clone()).or_default().push(running);
                self.flush(sessions, &session.session);
                self.desk.lock().begin(&record);
                self.announce(&record);
                Ok(record)
            }
            Err(NotBegun { full, error }) => {
                error!(
                    archive = %record.id, session = %session.session, reason = full.reason(), error,
                    "an archive cannot begin"
                );
                let mut desk = self.desk.lock();
                desk.end(&session.session, &record.id);
                desk.count_out(&session.project, Status::Started);
                drop(desk);
                self.ask(&session.session, &record.id, full.reason());
                Err(full.refusal())
            }
        };
        if let Some(begun) = begun {
            // Whoever asked may have left.
            let _ = begun.send(record);
        }
    }

    /// The file first: one that no record tells of is removed at the next start.
    fn begin_file(&self, record: &Record, begins: &Begins<'_>) -> Result<Running, NotBegun> {
        let mut running = Running::new(record, self.vault.begin(&record.id).map_err(NotBegun::failed)?);
        let written = running.write_beginning(record, begins, &self.room);
        let result = match (written, running.full) {
            (Err(error), _) => Err(NotBegun::failed(error)),
            // Its first lines say what all others are about: without them it is none.
            (Ok(()), Some(full)) => Err(NotBegun { full, error: None }),
            (Ok(()), None) => self.add(record).map_err(NotBegun::failed),
        };
        if let Err(not_begun) = result {
            self.room.give_back(&running.project, running.size);
            let _ = self.vault.remove(&record.id);
            return Err(not_begun);
        }
        Ok(running)
    }

    /// Notes an archive. If its project has as many as it may have, the oldest one that has no file makes way.
    fn add(&self, record: &Record) -> Result<(), StoreError> {
        let counts = self.desk.lock().counts(&record.project);
        // It is counted already.
        let is_over = counts.all() > self.settings.per_project;
        let added = record.clone();
        let gone = self.store.write_blocking(move |writer| {
            let gone = if is_over { shelf::take_oldest_past(writer, &added.project)? } else { None };
            shelf::add(writer, &added)?;
            Ok(gone)
        })?;
        if let Some(gone) = gone {
            self.forget_file(&gone);
        }
        Ok(())
    }

    /// Ends an archive. One that does not run is none that could be ended.
    pub(super) fn end(
        &self,
        sessions: &mut Sessions,
        session: &SessionAddress,
        id: &str,
        reason: &str,
        unix_ms: u64,
    ) {
        let name = &session.session;
        let place = sessions.get(name).and_then(|archives| archives.iter().position(|one| one.id == id));
        if let (Some(archives), Some(place)) = (sessions.get_mut(name), place) {
            let running = archives.swap_remove(place);
            if archives.is_empty() {
                sessions.remove(name);
            }
            self.conclude(running, reason, unix_ms, unix_ms);
        }
        self.desk.lock().end(name, id);
    }

    /// Writes the end of an archive that has ended at `unix_ms`, and what has become of it into its record.
    pub(super) fn conclude(&self, mut running: Running, reason: &str, unix_ms: u64, now_ms: u64) {
        let reason = running.failure().unwrap_or(reason);
        if let Err(error) = running.write_end(reason, unix_ms, &self.room) {
            error!(archive = %running.id, %error, "the end of an archive cannot be written");
        }
        self.close(running, reason, now_ms);
    }

    /// The same of one whose end is written, or cannot be. What was written is kept if it is whole; for how long counts
    /// from now on.
    pub(super) fn close(&self, running: Running, reason: &str, now_ms: u64) {
        let (id, project) = (running.id.clone(), running.project.clone());
        let (mut size, lasts) = (running.size, running.lasts());
        let (damaged, mut reason) =
            (running.full == Some(Full::Damaged), running.failure().unwrap_or(reason));
        if let Err(error) = self.vault.finish(&id, running.into_reel()) {
            error!(archive = %id, %error, "whether the disk has all of an archive is not known");
            reason = Full::Broken.reason();
        }
        if damaged {
            self.room.give_back(&project, std::mem::take(&mut size));
            let _ = self.vault.remove(&id);
        }
        let status = if damaged { Status::Failed } else { Status::Available };
        info!(archive = %id, ?status, %reason, size, ms = lasts, "archive ended");
        let (key, reason) = (id.clone(), reason.to_owned());
        let change = move |record: &mut Record| {
            record.status = status;
            record.reason = reason;
            record.size = size;
            record.duration_s = lasts / 1000;
            record.updated_ms = now_ms.max(record.created_ms);
        };
        let edit = move |writer: &mut Writer<'_>| {
            let record = shelf::change(writer, &key, change)?;
            if let Some(record) = record.as_ref().filter(|record| record.ownerless) {
                shelf::take(writer, &record.id, |_| true)?;
            }
            Ok(record)
        };
        match self.store.write_blocking(edit) {
            Ok(Some(record)) => {
                if record.status.is_past() {
                    self.desk.lock().becomes_past(&record.project);
                    self.changed.notify_one();
                } else {
                    self.announce(&Record { status: Status::Stopped, ..record.clone() });
                }
                if record.ownerless { self.forget_file(&record) } else { self.announce(&record) }
            }
            Ok(None) => error!(archive = %id, "an archive has no record"),
            Err(error) => error!(archive = %id, %error, "the end of an archive is not recorded"),
        }
    }

    /// Leaves the archives that run to the next server. All are written; the disk is waited for until then.
    pub(crate) fn suspend(&self, until: Instant) {
        let mut left: Vec<Running> = self.running.lock().drain().flat_map(|(_, archives)| archives).collect();
        let tell = |id: &str, result: io::Result<()>| {
            if let Err(error) = result {
                error!(archive = %id, %error, "an archive cannot be written");
            }
        };
        for running in &mut left {
            let result = running.flush(&self.room);
            tell(&running.id, result);
        }
        while let Some(running) = left.pop() {
            if Instant::now() >= until {
                warn!(archives = left.len() + 1, "archives are left to the system to be brought to the disk");
                break;
            }
            let id = running.id.clone();
            tell(&id, running.set_aside(&self.room));
        }
    }
}
