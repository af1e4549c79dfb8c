//! An archive that is written.

use super::lines::{Line, What, Who};
use super::record::Record;
use super::scribe::Begins;
use super::vault::Reel;
use crate::sessions::Refusal;
use otc_protocol::limits::{
    ARCHIVE_END_BYTES, ARCHIVE_GATHERED_BYTES, ARCHIVE_LINE_BYTES, PROJECT_ARCHIVES_QUARTERS,
};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

/// The bytes that archives may have.
#[derive(Debug)]
pub(super) struct Room {
    /// Of one.
    pub(super) each: u64,
    /// Of all.
    pub(super) all: u64,
    /// Bytes that were written, whatever has become of them.
    pub(super) written: AtomicU64,
    used: Mutex<Used>,
}

#[derive(Debug, Default)]
struct Used {
    all: u64,
    /// By project.
    projects: HashMap<String, u64>,
}

impl Room {
    pub(super) fn new(each: u64, all: u64) -> Self {
        Self { each, all, written: AtomicU64::new(0), used: Mutex::default() }
    }

    /// The bytes that all have.
    #[cfg(test)]
    pub(super) fn used(&self) -> u64 {
        self.used.lock().all
    }

    /// Why a project cannot have so many more bytes, if it cannot. One project leaves some to the others.
    pub(super) fn lack(&self, project: &str, bytes: u64) -> Option<Full> {
        let used = self.used.lock();
        let share = self.all / 4 * PROJECT_ARCHIVES_QUARTERS;
        if used.all + bytes > self.all {
            Some(Full::All)
        } else if used.projects.get(project).unwrap_or(&0) + bytes > share {
            Some(Full::Project)
        } else {
            None
        }
    }

    pub(super) fn add(&self, project: &str, bytes: u64) {
        let mut used = self.used.lock();
        used.all += bytes;
        *used.projects.entry(project.to_owned()).or_default() += bytes;
    }

    /// A mistake in the account may cost a few bytes; going below zero would leave no room for anybody.
    pub(super) fn give_back(&self, project: &str, bytes: u64) {
        let mut used = self.used.lock();
        used.all = used.all.saturating_sub(bytes);
        if let Some(of_project) = used.projects.get_mut(project) {
            *of_project = of_project.saturating_sub(bytes);
            if *of_project == 0 {
                used.projects.remove(project);
            }
        }
    }
}

/// Why an archive takes no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Full {
    /// It has the bytes that one may have.
    Itself,
    /// The project has the bytes that one may have.
    Project,
    /// All have the bytes that all may have.
    All,
    /// It could not be written; what was written before is whole.
    Broken,
    /// The same, and its file may end within a line.
    Damaged,
}

impl Full {
    /// For the archive object and the last line.
    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::Itself => "maximum size exceeded",
            Self::Project => "the project has no room for archives",
            Self::All => "the server has no room for archives",
            Self::Broken | Self::Damaged => "the archive could not be written",
        }
    }
}

impl Full {
    /// For whoever wants to begin an archive that is full before it has begun.
    pub(super) fn refusal(self) -> Refusal {
        match self {
            Self::Itself => Refusal::new(
                409,
                "Who is there and what is published is more than an archive may have; let the server have larger ones",
            ),
            Self::Project => Refusal::new(409, "The project has no room for more archives; delete some"),
            Self::All => Refusal::new(409, "The server has no room for archives; delete some"),
            Self::Broken | Self::Damaged => {
                Refusal::new(500, "The archive could not be written; the server's log says why")
            }
        }
    }
}

/// An archive that is written.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) id: String,
    pub(super) project: String,
    pub(super) created_ms: u64,
    /// When the last line was, in milliseconds since the archive began: time does not go back in it.
    last: u64,
    /// Bytes of its file, those included that are still gathered.
    pub(super) size: u64,
    /// Those that are in the file: whole lines.
    written: u64,
    reel: Reel,
    gathered: Vec<u8>,
    pub(super) full: Option<Full>,
    /// Whether its end was asked for because of that.
    pub(super) asked: bool,
}

impl Running {
    /// A new one.
    pub(super) fn new(record: &Record, reel: Reel) -> Self {
        Self::resumed(record, reel, 0, 0)
    }

    /// One that an earlier process has begun.
    pub(super) fn resumed(record: &Record, reel: Reel, size: u64, last: u64) -> Self {
        let (id, project, created_ms) = (record.id.clone(), record.project.clone(), record.created_ms);
        let (written, gathered) = (size, Vec::new());
        Self { id, project, created_ms, last, size, written, reel, gathered, full: None, asked: false }
    }

    /// Writes how it begins: what it is, who is there, what is published. It is on the disk when this returns.
    pub(super) fn write_beginning(
        &mut self,
        record: &Record,
        begins: &Begins<'_>,
        room: &Room,
    ) -> io::Result<()> {
        let now = record.created_ms;
        self.note(&Line::first(record, begins.muted), now, room)?;
        for connection in begins.connections {
            self.note(&Line::Connection { connection: Who::new(connection) }, now, room)?;
        }
        for stream in begins.streams {
            self.note(&Line::Stream { stream: What::new(stream) }, now, room)?;
        }
        self.flush(room)?;
        self.reel.sync()
    }

    /// Adds a line, if there is room for it.
    pub(super) fn note(&mut self, line: &Line<'_>, unix_ms: u64, room: &Room) -> io::Result<()> {
        if self.full.is_some() {
            return Ok(());
        }
        let at = unix_ms.saturating_sub(self.created_ms).max(self.last);
        let mut bytes = line.write(at)?;
        if bytes.len() > ARCHIVE_LINE_BYTES {
            bytes = Line::Gap { events: 1 }.write(at)?;
        }
        let length = count(&bytes);
        if self.size + length + ARCHIVE_END_BYTES > room.each {
            self.full = Some(Full::Itself);
        } else if let Some(full) = room.lack(&self.project, length) {
            self.full = Some(full);
        } else {
            self.last = at;
            self.add(&bytes, room)?;
        }
        Ok(())
    }

    /// Writes the last line, for which there is always room, unless the disk takes nothing.
    pub(super) fn write_end(&mut self, reason: &str, unix_ms: u64, room: &Room) -> io::Result<()> {
        self.last = unix_ms.saturating_sub(self.created_ms).max(self.last);
        if self.full == Some(Full::Damaged) {
            return Ok(());
        }
        let bytes = Line::End { reason }.write(self.last)?;
        self.add(&bytes, room)?;
        self.flush(room)
    }

    /// How long it is, in milliseconds.
    pub(super) fn lasts(&self) -> u64 {
        self.last
    }

    /// Why it has ended, if a failure to write it is the reason.
    pub(super) fn failure(&self) -> Option<&'static str> {
        self.full.filter(|full| matches!(full, Full::Broken | Full::Damaged)).map(Full::reason)
    }

    fn add(&mut self, bytes: &[u8], room: &Room) -> io::Result<()> {
        self.gathered.extend_from_slice(bytes);
        self.size += count(bytes);
        room.add(&self.project, count(bytes));
        if self.gathered.len() >= ARCHIVE_GATHERED_BYTES { self.flush(room) } else { Ok(()) }
    }

    /// Writes what was gathered. If it cannot be written the file is cut to the lines that were, and takes no more.
    pub(super) fn flush(&mut self, room: &Room) -> io::Result<()> {
        let lines = std::mem::take(&mut self.gathered);
        if lines.is_empty() {
            return Ok(());
        }
        match self.reel.write(&lines) {
            Ok(()) => {
                self.written = self.size;
                room.written.fetch_add(count(&lines), Ordering::Relaxed);
                // Its memory is used again.
                self.gathered = lines;
                self.gathered.clear();
                Ok(())
            }
            Err(error) => {
                self.full = Some(Full::Broken);
                room.give_back(&self.project, self.size - self.written);
                self.size = self.written;
                if let Err(uncut) = self.reel.cut(self.written) {
                    self.full = Some(Full::Damaged);
                    return Err(uncut);
                }
                Err(error)
            }
        }
    }

    /// Leaves it for another process.
    pub(super) fn set_aside(mut self, room: &Room) -> io::Result<()> {
        self.flush(room)?;
        self.reel.sync()
    }

    /// The file, of which everything is written.
    pub(super) fn into_reel(self) -> Reel {
        self.reel
    }
}

fn count(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
