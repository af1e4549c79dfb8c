//! Sessions handed from one server process to the next, through a file in the data directory
//! (`docs/decisions/0010-sessions-survive-a-restart.md`).
//!
//! The file is lines of JSON: a head, then of each session its own record, its letters, its lines and its streams; and at
//! the end the SHA-256 of all that. It is taken once: removed before the server that takes it serves anybody, so that an
//! old state never comes back; and after everything at which that server's start may fail, so that nothing is lost.

mod read;
mod write;

use crate::data::DataDir;
use crate::sessions::Snapshot;
use crate::sessions::snapshot::{Blob, LineSnapshot, RoomHead, RoomSnapshot, StreamSnapshot};
use serde::{Deserialize, Serialize};
use std::fs::OpenOptions;
use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};
use tracing::{error, info, warn};

/// The file.
const FILE: &str = "sessions.handover";
/// The file while it is written.
const UNFINISHED: &str = "sessions.handover.new";
/// The form of the file. One that another form has is not read.
const VERSION: u32 = 1;
/// What ends the file: a SHA-256 in hexadecimal, and a newline.
const SEAL_BYTES: usize = 65;

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    otc_server_handover: u32,
    written_unix_ms: u64,
}

/// A line that is read.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Record {
    Room(RoomHead),
    Letter(Blob),
    Line(Box<LineSnapshot>),
    Stream(StreamSnapshot),
}

/// A line that is written.
#[derive(Debug, Serialize)]
#[serde(rename_all = "lowercase")]
enum RecordRef<'a> {
    Room(&'a RoomHead),
    Letter(&'a Blob),
    Line(&'a LineSnapshot),
    Stream(&'a StreamSnapshot),
}

fn records(snapshot: &Snapshot) -> impl Iterator<Item = RecordRef<'_>> {
    snapshot.rooms.iter().flat_map(|room| {
        let RoomSnapshot { head, letters, lines, streams } = room;
        std::iter::once(RecordRef::Room(head))
            .chain(letters.iter().map(RecordRef::Letter))
            .chain(lines.iter().map(RecordRef::Line))
            .chain(streams.iter().map(RecordRef::Stream))
    })
}

/// Leaves `snapshot` for the next process. When this returns without an error it is there, whatever happens to the
/// machine.
pub(crate) fn leave(directory: &DataDir, snapshot: &Snapshot, unix_ms: u64) -> io::Result<()> {
    let start = Instant::now();
    match write::write(directory, snapshot, unix_ms) {
        Ok(bytes) => {
            info!(
                sessions = snapshot.sessions(),
                connections = snapshot.lines(),
                owed = snapshot.owed(),
                bytes,
                ms = start.elapsed().as_millis(),
                "sessions left for the next server"
            );
            Ok(())
        }
        Err(error) => {
            // What is half written helps nobody, and its room may be what was missing.
            let _ = directory.remove(UNFINISHED);
            let path = directory.path().join(FILE);
            let text = format!("the sessions are lost, {} cannot be written: {error}", path.display());
            error!("{text}");
            Err(io::Error::new(error.kind(), text))
        }
    }
}

/// What an earlier process has left, if it is of use. It stays there until [`remove`] is called: whoever fails to start
/// has taken nothing.
pub(crate) fn read(directory: &DataDir, unix_ms: u64, grace: Duration) -> Option<Snapshot> {
    let read = match directory.file(FILE, OpenOptions::new().read(true)) {
        Ok(file) => read::read(&file, unix_ms, grace),
        Err(error) if error.kind() == ErrorKind::NotFound => return None,
        Err(error) => Err(read::Useless::Unreadable(error)),
    };
    read.inspect_err(|useless| {
        let file = directory.path().join(FILE);
        warn!(file = %file.display(), reason = %useless, "what an earlier server has left is of no use; starting without sessions");
    })
    .ok()
}

/// Removes what an earlier process has left, of use or not. An error says that it could come back.
pub(crate) fn remove(directory: &DataDir) -> io::Result<()> {
    for name in [FILE, UNFINISHED] {
        directory.remove(name).map_err(|error| {
            let path = directory.path().join(name);
            let text =
                format!("cannot remove {}, whose sessions must not come back twice: {error}", path.display());
            io::Error::new(error.kind(), text)
        })?;
    }
    Ok(())
}

#[cfg(all(test, unix))]
mod tests;
