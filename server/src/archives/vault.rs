//! Where the files of archives are: in the data directory, or in memory.

use super::lines::LastLine;
use crate::data::Directory;
use bytes::Bytes;
use otc_protocol::limits::ARCHIVE_LINE_BYTES;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};

/// The files' names end so.
const SUFFIX: &str = ".jsonl";

/// All files.
#[derive(Debug)]
pub(super) enum Vault {
    /// One file each.
    Disk(Directory),
    /// Those that are complete.
    Memory(Mutex<HashMap<String, Bytes>>),
}

/// A file that is written.
#[derive(Debug)]
pub(super) enum Reel {
    Disk(File),
    Memory(Vec<u8>),
    /// On a disk that has room for so many bytes.
    #[cfg(test)]
    Small(File, std::sync::Arc<std::sync::atomic::AtomicUsize>),
}

/// What a file holds.
#[derive(Debug)]
pub(crate) enum Content {
    /// To be read; so many bytes.
    Disk(File, u64),
    /// Here.
    Memory(Bytes),
}

/// A file that was left behind.
#[derive(Debug)]
pub(super) struct Left {
    pub(super) reel: Reel,
    /// Its bytes, all of them complete lines.
    pub(super) size: u64,
    /// The last of them.
    pub(super) last: LastLine,
}

fn name(id: &str) -> String {
    format!("{id}{SUFFIX}")
}

impl Vault {
    pub(super) fn in_memory() -> Self {
        Self::Memory(Mutex::default())
    }

    /// A new file.
    pub(super) fn begin(&self, id: &str) -> io::Result<Reel> {
        match self {
            Self::Disk(directory) => {
                let mut options = OpenOptions::new();
                let file = directory.file(&name(id), options.append(true).create_new(true))?;
                directory.sync()?;
                Ok(Reel::Disk(file))
            }
            Self::Memory(_) => Ok(Reel::Memory(Vec::new())),
        }
    }

    /// Makes a file that was written one that can be had.
    pub(super) fn finish(&self, id: &str, reel: Reel) -> io::Result<()> {
        match (self, reel) {
            (Self::Memory(files), Reel::Memory(bytes)) => {
                // Without the room that it had to grow.
                files.lock().insert(id.to_owned(), bytes.into_boxed_slice().into());
                Ok(())
            }
            (_, Reel::Disk(file)) => file.sync_all(),
            #[cfg(test)]
            (_, Reel::Small(file, _)) => file.sync_all(),
            (Self::Disk(_), Reel::Memory(_)) => Err(ErrorKind::Unsupported.into()),
        }
    }

    /// A file that an earlier process has not finished, up to its last whole line; `None` when there is no file, or no whole
    /// line in it.
    pub(super) fn resume(&self, id: &str) -> io::Result<Option<Left>> {
        let Self::Disk(directory) = self else { return Ok(None) };
        let mut file = match directory.file(&name(id), OpenOptions::new().read(true).append(true)) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let Some((size, last)) = last_line(&mut file)? else { return Ok(None) };
        file.set_len(size)?;
        Ok(Some(Left { reel: Reel::Disk(file), size, last }))
    }

    /// A file that is complete; `None` when it is not there.
    pub(super) fn open(&self, id: &str) -> io::Result<Option<Content>> {
        match self {
            Self::Disk(directory) => match directory.file(&name(id), OpenOptions::new().read(true)) {
                Ok(file) => {
                    let length = file.metadata()?.len();
                    Ok(Some(Content::Disk(file, length)))
                }
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
                Err(error) => Err(error),
            },
            Self::Memory(files) => Ok(files.lock().get(id).cloned().map(Content::Memory)),
        }
    }

    /// Removes a file; one that is not there is no error.
    pub(super) fn remove(&self, id: &str) -> io::Result<()> {
        match self {
            Self::Disk(directory) => directory.remove(&name(id)),
            Self::Memory(files) => {
                files.lock().remove(id);
                Ok(())
            }
        }
    }

    /// The ids of all files.
    pub(super) fn ids(&self) -> io::Result<Vec<String>> {
        match self {
            Self::Disk(directory) => {
                let names = directory.names()?;
                Ok(names.iter().filter_map(|name| name.strip_suffix(SUFFIX)).map(str::to_owned).collect())
            }
            Self::Memory(files) => Ok(files.lock().keys().cloned().collect()),
        }
    }
}

/// The last whole line of a file, and where it ends. A crash of the machine may leave anything behind it: half a line, or
/// zeros for as much as was to be written.
fn last_line(file: &mut File) -> io::Result<Option<(u64, LastLine)>> {
    let most = 2 * ARCHIVE_LINE_BYTES;
    let mut end = file.metadata()?.len();
    while end > 0 {
        let start = end.saturating_sub(bytes(most));
        file.seek(SeekFrom::Start(start))?;
        let mut tail = Vec::new();
        Read::take(&*file, end - start).read_to_end(&mut tail)?;
        let mut rest = tail.as_slice();
        while let Some(newline) = rest.iter().rposition(|byte| *byte == b'\n') {
            let before = rest[..newline].iter().rposition(|byte| *byte == b'\n');
            if before.is_none() && start > 0 {
                break;
            }
            if let Some(last) = LastLine::of(&rest[before.map_or(0, |place| place + 1)..newline]) {
                return Ok(Some((start + bytes(newline + 1), last)));
            }
            rest = before.map_or(&[], |place| &rest[..=place]);
        }
        // What is left of it begins before it, unless it is longer than a line may be.
        let whole = rest.iter().rposition(|byte| *byte == b'\n').map_or(0, |place| place + 1);
        end = if whole > ARCHIVE_LINE_BYTES { start } else { start + bytes(whole) };
    }
    Ok(None)
}

fn bytes(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

impl Reel {
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Disk(file) => file.write_all(bytes),
            Self::Memory(memory) => {
                memory.extend_from_slice(bytes);
                Ok(())
            }
            #[cfg(test)]
            Self::Small(file, room) => {
                let fits = bytes.len().min(room.load(std::sync::atomic::Ordering::Relaxed));
                room.fetch_sub(fits, std::sync::atomic::Ordering::Relaxed);
                file.write_all(&bytes[..fits])?;
                if fits == bytes.len() { Ok(()) } else { Err(ErrorKind::StorageFull.into()) }
            }
        }
    }

    /// Takes back what is behind so many bytes.
    pub(super) fn cut(&mut self, length: u64) -> io::Result<()> {
        match self {
            Self::Disk(file) => file.set_len(length),
            Self::Memory(memory) => {
                memory.truncate(usize::try_from(length).unwrap_or(usize::MAX));
                Ok(())
            }
            #[cfg(test)]
            Self::Small(file, _) => file.set_len(length),
        }
    }

    /// Waits until the disk has it.
    pub(super) fn sync(&self) -> io::Result<()> {
        match self {
            Self::Disk(file) => file.sync_all(),
            Self::Memory(_) => Ok(()),
            #[cfg(test)]
            Self::Small(file, _) => file.sync_all(),
        }
    }
}
