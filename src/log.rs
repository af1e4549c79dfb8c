//! The library's log: its own sink, set by the application, that takes over nothing of the process.
//!
//! Tokens, secrets and signal contents never get here.

use parking_lot::RwLock;
use std::io::Write;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

/// How loud a message is, with the vendor's newer numbers (`c-api.md §3.4`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(i32)]
pub enum Level {
    /// Nothing is logged.
    Disabled = 0,
    /// Something failed.
    Error = 1,
    /// Something is wrong and the library copes.
    Warn = 2,
    /// What a session does.
    Info = 3,
    /// What happens inside.
    Debug = 4,
}

impl Level {
    /// The level of a number; what is above the loudest is the loudest.
    pub fn from_number(number: i32) -> Option<Self> {
        match number {
            0 => Some(Self::Disabled),
            1 => Some(Self::Error),
            2 => Some(Self::Warn),
            3 => Some(Self::Info),
            4.. => Some(Self::Debug),
            _ => None,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Disabled => "OFF",
            Self::Error => "ERROR",
            Self::Warn => "WARN",
            Self::Info => "INFO",
            Self::Debug => "DEBUG",
        }
    }
}

/// Takes the lines of the log.
pub type Sink = Arc<dyn Fn(&str) + Send + Sync>;

static LEVEL: AtomicI32 = AtomicI32::new(Level::Disabled as i32);
static SINK: RwLock<Option<Sink>> = RwLock::new(None);

/// Sets how loud the log is.
pub fn set_level(level: Level) {
    LEVEL.store(level as i32, Ordering::Relaxed);
    debug(&format!("The log level is {}.", level.word()));
}

/// How loud the log is.
pub fn level() -> Level {
    Level::from_number(LEVEL.load(Ordering::Relaxed)).unwrap_or(Level::Disabled)
}

/// Sets where the lines go; `None` is standard error.
pub fn set_sink(sink: Option<Sink>) {
    *SINK.write() = sink;
    debug("The log goes here.");
}

/// Logs a failure.
#[track_caller]
pub fn error(text: &str) {
    write(Level::Error, text);
}

/// Logs something that is wrong and that the library copes with.
#[track_caller]
pub fn warn(text: &str) {
    write(Level::Warn, text);
}

/// Logs what a session does.
#[track_caller]
pub fn info(text: &str) {
    write(Level::Info, text);
}

/// Logs what happens inside.
#[track_caller]
pub fn debug(text: &str) {
    write(Level::Debug, text);
}

#[track_caller]
fn write(level: Level, text: &str) {
    if level as i32 > LEVEL.load(Ordering::Relaxed) {
        return;
    }
    let place = Location::caller();
    let file = place.file().rsplit(['/', '\\']).next().unwrap_or_default();
    let line = format!("[{}] {file}:{} - {text}\n", level.word(), place.line());
    // The lock is not held while the application's function runs: it may set another one.
    let sink = SINK.read().clone();
    match sink {
        Some(sink) => sink(&line),
        // A standard error that nobody reads any more is no reason to fail.
        None => drop(std::io::stderr().write_all(line.as_bytes())),
    }
}
