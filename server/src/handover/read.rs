//! Reading what an earlier process has left: whatever is in the file, memory is bounded by its size, and its size is.

use super::{Head, Record, SEAL_BYTES, VERSION};
use crate::data::is_ours;
use crate::sessions::Snapshot;
use crate::sessions::snapshot::RoomSnapshot;
use otc_protocol::limits::{CLOCK_SKEW, HANDOVER_BYTES, HANDOVER_RECORD_BYTES};
use ring::digest::{Context, SHA256};
use std::fmt::{self, Write};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::time::Duration;

/// Bytes that are read at a time.
const BUFFER: usize = 256 * 1024;

/// Why what an earlier process has left is of no use.
#[derive(Debug)]
pub(super) enum Useless {
    Unreadable(io::Error),
    /// Another user has written it, or may have.
    Foreign,
    TooLarge,
    /// It is not as it was written.
    Damaged,
    /// Not a hand-over, or one that another version of the server writes.
    Version,
    /// Everybody has been given up since.
    Old(Duration),
    /// Its time lies ahead: how old it is cannot be told.
    Ahead,
    /// The record of that number is none.
    Record(u64),
}

impl fmt::Display for Useless {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(error) => write!(formatter, "it cannot be read: {error}"),
            Self::Foreign => {
                formatter.write_str("it is not a file that this user has written and nobody else may change")
            }
            Self::TooLarge => write!(formatter, "it has more than {HANDOVER_BYTES} bytes"),
            Self::Damaged => formatter.write_str("it is damaged or not complete"),
            Self::Version => write!(formatter, "it is not of version {VERSION}"),
            Self::Old(age) => {
                write!(formatter, "it is {} seconds old, and its clients have been given up", age.as_secs())
            }
            Self::Ahead => formatter.write_str("it is from the future; was the clock set back?"),
            Self::Record(number) => write!(formatter, "line {number} is not what it should be"),
        }
    }
}

impl From<io::Error> for Useless {
    fn from(error: io::Error) -> Self {
        Self::Unreadable(error)
    }
}

/// The sessions in a file that was written within the last `grace`.
pub(super) fn read(file: &File, unix_ms: u64, grace: Duration) -> Result<Snapshot, Useless> {
    if !is_ours(file)? {
        return Err(Useless::Foreign);
    }
    read_from(file, unix_ms, grace)
}

/// The same, wherever the bytes are.
pub(super) fn read_from(
    mut source: impl Read + Seek,
    unix_ms: u64,
    grace: Duration,
) -> Result<Snapshot, Useless> {
    let bytes = source.seek(SeekFrom::End(0))?;
    if bytes > HANDOVER_BYTES + SEAL_BYTES as u64 {
        return Err(Useless::TooLarge);
    }
    let body = bytes.checked_sub(SEAL_BYTES as u64).ok_or(Useless::Damaged)?;
    check_seal(&mut source, body)?;
    source.seek(SeekFrom::Start(0))?;
    let source = BufReader::with_capacity(BUFFER, source.take(body));
    let mut lines = Lines { source, line: Vec::new(), number: 0 };
    lines.advance()?;
    let head: Head = serde_json::from_slice(&lines.line).map_err(|_| Useless::Version)?;
    if head.otc_server_handover != VERSION {
        return Err(Useless::Version);
    }
    check_age(head.written_unix_ms, unix_ms, grace)?;
    let mut snapshot = Snapshot::default();
    while lines.advance()? {
        let damaged = || Useless::Record(lines.number);
        let record = serde_json::from_slice(&lines.line).map_err(|_| damaged())?;
        add(&mut snapshot, record).ok_or_else(damaged)?;
    }
    Ok(snapshot)
}

fn add(snapshot: &mut Snapshot, record: Record) -> Option<()> {
    if let Record::Room(head) = record {
        snapshot.rooms.push(RoomSnapshot {
            head,
            letters: Vec::new(),
            lines: Vec::new(),
            streams: Vec::new(),
        });
        return Some(());
    }
    let room = snapshot.rooms.last_mut()?;
    match record {
        Record::Room(_) => {}
        Record::Letter(letter) => room.letters.push(letter),
        Record::Line(line) => room.lines.push(*line),
        Record::Stream(stream) => room.streams.push(stream),
    }
    Some(())
}

/// Digests the body and compares it with what follows it.
fn check_seal(source: &mut (impl Read + Seek), body: u64) -> Result<(), Useless> {
    let mut digest = Context::new(&SHA256);
    source.seek(SeekFrom::Start(0))?;
    let mut sealed = BufReader::with_capacity(BUFFER, source.by_ref().take(body));
    loop {
        let bytes = sealed.fill_buf()?;
        if bytes.is_empty() {
            break;
        }
        digest.update(bytes);
        let taken = bytes.len();
        sealed.consume(taken);
    }
    let mut expected = String::with_capacity(SEAL_BYTES);
    for byte in digest.finish().as_ref() {
        // Text takes it.
        let _ = write!(expected, "{byte:02x}");
    }
    expected.push('\n');
    let mut seal = [0; SEAL_BYTES];
    source.seek(SeekFrom::Start(body))?;
    source.read_exact(&mut seal)?;
    if seal[..] == *expected.as_bytes() { Ok(()) } else { Err(Useless::Damaged) }
}

fn check_age(written: u64, now: u64, grace: Duration) -> Result<(), Useless> {
    if Duration::from_millis(written.saturating_sub(now)) > CLOCK_SKEW {
        return Err(Useless::Ahead);
    }
    let age = Duration::from_millis(now.saturating_sub(written));
    if age > grace { Err(Useless::Old(age)) } else { Ok(()) }
}

/// Lines of bounded length, one at a time.
struct Lines<R> {
    source: R,
    line: Vec<u8>,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    /// Goes on to the next line; whether there is one.
    fn advance(&mut self) -> Result<bool, Useless> {
        self.number += 1;
        self.line.clear();
        let most = HANDOVER_RECORD_BYTES as u64 + 1;
        let read = (&mut self.source).take(most).read_until(b'\n', &mut self.line)?;
        if read > 0 && self.line.pop() != Some(b'\n') {
            return Err(Useless::Record(self.number));
        }
        Ok(read > 0)
    }
}
