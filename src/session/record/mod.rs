//! Recordings: what happened to an engine, written down so that it can happen again.
//!
//! A recording is text, one JSON object on each line. Secrets, and what people say to each other, are not in it: each line
//! is made of the members that are listed here, and nothing else gets in ([why](../../../docs/decisions/0011-recordings.md)).
//!
//! **The first line** says what the engine was made with:
//!
//! | Member | Meaning |
//! |---|---|
//! | `otc_recording` | the version of this form: [`VERSION`] |
//! | `library`, `os` | the library's version, the system it was built for |
//! | `seed` | of ids and jitter, 64 hexadecimal digits |
//! | `api_key`, `session_id` | names that stand for them |
//! | `api_url`, `proxy_url` | the scheme, and `x` for everything behind it |
//! | `connection_events_suppressed`, `session_migration` | the settings |
//! | `reconnect_window` | in microseconds |
//! | `signal_queue` | requests that the outbox takes |
//! | `user_agent` | a size |
//!
//! **Every other line** is something that happened: `t`, microseconds since the first line, by a clock that never goes back; `in`, what it was, with members
//! of its own; `out`, what the engine wanted done about it, in order; `refused`, the number of the error if it was a call
//! that the engine refused; `panicked`, if the engine did and there is no `out`.
//!
//! | `in` | Members |
//! |---|---|
//! | `connect` | `token`: a size; `api_url` if it was named: as above |
//! | `signal` | `type`, `data`: sizes, if there are any; `to`: an id, for one addressee; `retry` |
//! | `encryption_secret` | `secret`: a size |
//! | `mute_all` | `except`: ids |
//! | `end_mute`, `disconnect`, `timer` | |
//! | `mute_stream`, `send_away` | `stream`, `connection`: an id |
//! | `info` | `attempt`, `status`, `bytes`; then `json`, or `error` and `retry`: what the client makes of it |
//! | `dialing`, `opened` | `attempt` |
//! | `info_failed`, `open_failed` | `attempt`; `failure`: `unreachable`, `busy` (with `pause` in milliseconds), `forbidden`, `missing`, `gone`, `login`, `permanent` or `token`; `text`: a size |
//! | `frame` | `attempt`, `bytes`, `frame`, and what belongs to it |
//! | `closed` | `attempt`; `code` if there was one |
//! | `reading` | `reading` |
//! | `broke` | the library had a fault outside of the engine, or the engine panicked |
//!
//! `frame` is `message` (`transaction` and `from` if there are any; `json`), `status` (`transaction`, `status`, `json`), `pong`,
//! `other`, `unknown` (`number`) or `malformed`; a message or a status without `json` held none that could be read.
//!
//! What is `out` is a `do` (`request_info`, `dial`, `send`, `close`, `abandon`, `warn`) or an `event`.
//!
//! A *size* is a number of bytes, or numbers of characters of seven kinds (of one byte; of one byte that the type of a signal
//! must not hold; of two and six bytes as JSON; of two, three and four bytes) with zeros at the end left out. An *id* is
//! a UUID as it was, or a name that stands for another one. In `json` are the members that the engine looks at; their texts
//! are replaced by others of the same size.
//!
//! **The last line** may be `{"t":…,"end":"full"}`: the recording had become as large as it may
//! ([`RECORDING_BYTES`]). One that was cut off ends anywhere.

mod heard;
mod line;
mod names;
mod read;
mod redact;
mod replay;
mod rules;
mod said;

pub use read::{ReadError, Recording};
pub use replay::{Replayed, Step};

use super::{Config, Engine, Input, Output, Refused, Seeds};
use line::Line;
use names::{Names, Shape};
use otc_protocol::Moment;
use otc_protocol::limits::RECORDING_BYTES;
use std::fmt::Write;
use std::time::Duration;

/// The version of the form of recordings.
pub(super) const VERSION: u32 = 1;

/// How every recording begins.
pub(crate) const BEGINNING: &str = "{\"otc_recording\":";

/// Writes down what happens to one engine. Whoever drives the engine tells it, and takes the text away.
pub struct Recorder {
    names: Names,
    api_key: String,
    /// How long the recording has been going on, by a clock that never goes back, and what the other one last said.
    at: Duration,
    last: Moment,
    /// What has not been taken away.
    text: String,
    /// A line has begun.
    open: bool,
    /// Bytes that have been taken away.
    taken: usize,
    full: bool,
}

impl Recorder {
    /// Begins a recording of an engine that is made with this, on a system of this name.
    pub fn new(now: Moment, os: &str, config: &Config, seeds: &Seeds) -> Self {
        let mut names = Names::new();
        let (api_key, session_id) = (names.hide(&config.api_key), names.hide(&config.session_id));
        let mut text = String::new();
        let mut line = Line::begin(&mut text);
        line.put("otc_recording", VERSION)
            .text("library", env!("CARGO_PKG_VERSION"))
            .text("os", os)
            .text("seed", &hexadecimal(&seeds.ids))
            .text("api_key", &api_key)
            .text("session_id", &session_id)
            .text("api_url", &names::url(&config.api_url));
        if let Some(proxy_url) = &config.proxy_url {
            line.text("proxy_url", &names::url(proxy_url));
        }
        line.put("connection_events_suppressed", config.connection_events_suppressed)
            .put("reconnect_window", config.reconnect_window.as_micros())
            .put("signal_queue", config.signal_queue)
            .put("user_agent", Shape::of(&config.user_agent).json())
            .put("session_migration", config.session_migration);
        line.end();
        text.push('\n');
        let api_key = config.api_key.clone();
        Self { names, api_key, at: Duration::ZERO, last: now, text, open: false, taken: 0, full: false }
    }

    /// Hands an input to the engine and writes down what comes of it.
    pub fn handle(
        &mut self,
        engine: &mut Engine,
        now: Moment,
        input: Input<'_>,
        out: &mut Vec<Output>,
    ) -> Result<(), Refused> {
        if self.full {
            return engine.handle(now, input, out);
        }
        self.begin(now, |line, names, api_key| heard::input(line, names, api_key, &input));
        let before = out.len();
        let result = engine.handle(now, input, out);
        self.finish(engine, result.as_ref().err(), &out[before..]);
        result
    }

    /// The same for a fault of the driver's, or a panic of the engine's.
    pub(crate) fn broke(&mut self, engine: &mut Engine, now: Moment, out: &mut Vec<Output>) {
        if !self.full {
            self.begin(now, |line, _, _| {
                line.text("in", "broke");
            });
        }
        let before = out.len();
        engine.broke(out);
        if !self.full {
            self.finish(engine, None, &out[before..]);
        }
    }

    /// The text that has been written, which is taken away by `take`. It says whether more may follow.
    pub fn take<T>(&mut self, take: impl FnOnce(&str) -> T) -> T {
        let taken = take(&self.text);
        self.taken += self.text.len();
        self.text.clear();
        self.text.shrink_to(KEPT_CAPACITY);
        taken
    }

    /// Whether nothing more is written.
    pub fn is_full(&self) -> bool {
        self.full
    }

    fn begin(&mut self, now: Moment, put: impl FnOnce(&mut Line<'_>, &mut Names, &str)) {
        if self.open {
            // The engine has never come back from the last one.
            self.text.push_str(",\"panicked\":true}\n");
        }
        self.open = true;
        self.at = self.at.saturating_add(now.since(self.last));
        self.last = now;
        let mut line = Line::begin(&mut self.text);
        line.put("t", self.at.as_micros().min(LAST_MICROS));
        put(&mut line, &mut self.names, &self.api_key);
    }

    fn finish(&mut self, engine: &Engine, refused: Option<&Refused>, outputs: &[Output]) {
        self.open = false;
        if outputs.iter().any(|output| matches!(output, Output::Dial { .. }))
            && let Some(socket) = engine.socket_id()
        {
            // The server answers under it; it must not get in.
            self.names.hide(socket);
        }
        if let Some(refused) = refused {
            Line::go_on(&mut self.text).put("refused", refused.code.code());
        }
        if !outputs.is_empty() {
            self.text.push_str(",\"out\":[");
            for (index, output) in outputs.iter().enumerate() {
                if index > 0 {
                    self.text.push(',');
                }
                said::output(&mut self.text, &mut self.names, output);
            }
            self.text.push(']');
        }
        self.text.push_str("}\n");
        self.bound();
    }

    /// Ends the recording before it gets too large: with whole lines, the last of which says so.
    fn bound(&mut self) {
        let room = RECORDING_BYTES - END_BYTES;
        if self.taken + self.text.len() <= room {
            return;
        }
        let end = self.text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        let fits = end.take_while(|end| self.taken + end <= room).last().unwrap_or(0);
        self.text.truncate(fits);
        // Writing into a String cannot fail.
        let _ = writeln!(self.text, "{{\"t\":{},\"end\":\"full\"}}", self.at.as_micros());
        self.full = true;
        self.names = Names::new();
    }
}

/// A text that had more room than this gives it back.
const KEPT_CAPACITY: usize = 16 * 1024;

/// No time is later: readers of JSON may have no larger numbers.
const LAST_MICROS: u128 = i64::MAX as u128;

/// Room for the line that says that there is no more.
const END_BYTES: usize = 64;

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing into a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests;
