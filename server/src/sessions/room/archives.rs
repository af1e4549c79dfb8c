//! Archives that run, as members are told of them (`wire.md §7.7`). Somebody else writes them.

use super::super::{ARCHIVED_ALREADY, Event, Output, Refusal, is_id};
use super::Room;
use super::state::{entry_bytes, raw};
use otc_protocol::Moment;
use otc_protocol::limits::{ARCHIVE_NAME_CHARS, SESSION_ARCHIVES};
use otc_protocol::raptor::{Archive, ArchiveChange, Body, Object};
use serde_json::value::RawValue;

/// The status of an archive that runs, and of one that does not any more.
const STARTED: &str = "started";
const STOPPED: &str = "stopped";

/// An archive that runs.
pub(super) struct Running {
    archive: Archive,
    json: Box<RawValue>,
    /// Begun by the room itself.
    is_own: bool,
}

impl Running {
    fn new(archive: Archive) -> Self {
        let archive = Archive { status: STARTED.to_owned(), extra: Object::new(), ..archive };
        Self { json: raw(&archive), archive, is_own: false }
    }

    pub(super) fn archive(&self) -> &Archive {
        &self.archive
    }

    /// The archive as newcomers see it.
    pub(super) fn json(&self) -> &RawValue {
        &self.json
    }
}

impl Room {
    /// Whether what is said is written down.
    pub(super) fn is_archived(&self) -> bool {
        !self.archives.is_empty()
    }

    /// The application's server begins an archive, beside the room's own or not. Whoever keeps account of archives hears of
    /// that one later than the room knows of it.
    pub(in crate::sessions) fn start_archive(
        &mut self,
        now: Moment,
        archive: Archive,
        beside_own: bool,
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        self.somebody()?;
        if !beside_own && self.archives.iter().any(|running| running.is_own) {
            return Err(Refusal::new(409, ARCHIVED_ALREADY));
        }
        let running = self.add_archive(archive)?;
        self.tell_of_archive(running, out);
        self.settle(now, out);
        Ok(())
    }

    /// Begins the archive of a session that is archived from its first member on. One that cannot begin keeps nobody out.
    pub(super) fn start_own_archive(&mut self, archive: Archive, out: &mut Vec<Output>) {
        match self.add_archive(archive) {
            Ok(archive) => {
                if let Some(running) = self.archives.last_mut() {
                    running.is_own = true;
                }
                self.tell_of_archive(archive, out);
            }
            Err(refusal) => {
                tracing::warn!(session = %self.address.session, reason = %refusal, "the session is not archived");
            }
        }
    }

    /// The application's server, or whoever writes the archive, ends it.
    pub(in crate::sessions) fn stop_archive(
        &mut self,
        now: Moment,
        id: &str,
        reason: &str,
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        let place = self.archives.iter().position(|running| running.archive.id == id);
        let place = place.ok_or_else(|| Refusal::new(404, "No archive of that id runs in the session."))?;
        let running = self.archives.remove(place);
        self.state_bytes -= entry_bytes(&running.json);
        let change = ArchiveChange { status: STOPPED.to_owned(), extra: Object::new() };
        self.broadcast("", Body::ArchiveUpdated { id: id.to_owned(), change }, out);
        out.push(stopped(running, reason));
        self.settle(now, out);
        Ok(())
    }

    /// Nobody is there any more: there is nothing to write down.
    pub(super) fn end_archives(&mut self, out: &mut Vec<Output>) {
        for running in std::mem::take(&mut self.archives) {
            self.state_bytes -= entry_bytes(&running.json);
            out.push(stopped(running, "session ended"));
        }
    }

    /// Notes an archive, which may be one of an earlier server; as members are to be told of it.
    pub(super) fn add_archive(&mut self, archive: Archive) -> Result<Archive, Refusal> {
        if !is_id(&archive.id) || archive.name.chars().count() > ARCHIVE_NAME_CHARS {
            let reason = format!("The name of an archive may have {ARCHIVE_NAME_CHARS} characters at most.");
            return Err(Refusal::new(400, reason));
        }
        if self.archives.iter().any(|running| running.archive.id == archive.id) {
            return Err(Refusal::new(409, "An archive of this id runs already."));
        }
        let running = Running::new(archive);
        let bytes = entry_bytes(&running.json);
        if self.archives.len() >= SESSION_ARCHIVES || !self.state_has_room_for(bytes) {
            return Err(Refusal::new(409, "Too many archives of the session run; stop one first."));
        }
        self.state_bytes += bytes;
        let archive = running.archive.clone();
        self.archives.push(running);
        Ok(archive)
    }

    fn tell_of_archive(&mut self, archive: Archive, out: &mut Vec<Output>) {
        self.broadcast("", Body::ArchiveCreated(archive.clone()), out);
        let connections = self.members.values().map(super::Member::as_shown).collect();
        let streams = self.streams.values().map(|publication| publication.stream().clone()).collect();
        out.push(Output::happened(Event::ArchiveStarted {
            archive,
            connections,
            streams,
            muted: self.muted,
        }));
    }
}

fn stopped(running: Running, reason: &str) -> Output {
    Output::happened(Event::ArchiveStopped { id: running.archive.id, reason: reason.to_owned() })
}
