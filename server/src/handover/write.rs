//! Writing what the next process takes.

use super::{FILE, Head, UNFINISHED, VERSION, records};
use crate::data::DataDir;
use crate::sessions::Snapshot;
use otc_protocol::limits::{HANDOVER_BYTES, HANDOVER_RECORD_BYTES};
use ring::digest::{Context, SHA256};
use serde::Serialize;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Write};

/// Bytes that are gathered before they are written.
const BUFFER: usize = 256 * 1024;

/// A file whose bytes are counted and digested on the way.
pub(super) struct Sealed {
    file: BufWriter<File>,
    digest: Context,
    bytes: u64,
    /// Bytes of the record that is being written.
    record: usize,
}

impl Write for Sealed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes += bytes.len() as u64;
        self.record += bytes.len();
        if self.bytes > HANDOVER_BYTES || self.record > HANDOVER_RECORD_BYTES {
            return Err(io::Error::new(ErrorKind::FileTooLarge, "it is larger than the next server takes"));
        }
        self.digest.update(bytes);
        self.file.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Sealed {
    pub(super) fn new(file: File) -> Self {
        let file = BufWriter::with_capacity(BUFFER, file);
        Self { file, digest: Context::new(&SHA256), bytes: 0, record: 0 }
    }

    fn record(&mut self, record: &impl Serialize) -> io::Result<()> {
        self.record = 0;
        serde_json::to_writer(&mut *self, record).map_err(io::Error::from)?;
        self.write_all(b"\n")
    }

    pub(super) fn all(&mut self, snapshot: &Snapshot, unix_ms: u64) -> io::Result<()> {
        self.record(&Head { otc_server_handover: VERSION, written_unix_ms: unix_ms })?;
        records(snapshot).try_for_each(|record| self.record(&record))
    }

    /// Adds the seal and waits until the disk has everything; how many bytes there are before the seal.
    pub(super) fn finish(self) -> io::Result<u64> {
        let Self { mut file, digest, bytes, .. } = self;
        for byte in digest.finish().as_ref() {
            write!(file, "{byte:02x}")?;
        }
        writeln!(file)?;
        file.flush()?;
        file.get_ref().sync_all()?;
        Ok(bytes)
    }
}

/// Writes the file, and its name last; how many bytes it has before its seal.
pub(super) fn write(directory: &DataDir, snapshot: &Snapshot, unix_ms: u64) -> io::Result<u64> {
    // A file that is there already may be open elsewhere, or for others to read: what is said in sessions goes into a new
    // one.
    directory.remove(UNFINISHED)?;
    let options = &mut OpenOptions::new();
    let mut file = Sealed::new(directory.file(UNFINISHED, options.create_new(true).write(true))?);
    file.all(snapshot, unix_ms)?;
    let bytes = file.finish()?;
    directory.rename(UNFINISHED, FILE)?;
    Ok(bytes)
}
