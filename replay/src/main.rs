//! Lets what a recording says happen again, and prints what the engine of this version makes of it.
//!
//! * `arguments`: what can be asked for
//! * `plain`: what strangers have written, for a terminal
//! * `show`: steps, as people read them
#![forbid(unsafe_code)]

mod arguments;
mod plain;
mod show;

use arguments::{Arguments, USAGE};
use otc::session::record::{Recording, Replayed};
use plain::{Plain, plain};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::ExitCode;

/// The engine does what was recorded.
const SAME: u8 = 0;
/// It does something else, or something that it must never do.
const DIFFERENT: u8 = 1;
/// There is nothing to replay.
const UNREADABLE: u8 = 2;

/// Bytes of a file that are read. No recording is larger; of a file that is, nobody needs the rest to know.
const FILE_BYTES: u64 = 128 * 1024 * 1024;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let code = match Arguments::parse(&arguments) {
        Ok(Arguments::Help) => {
            print(|out| USAGE.lines().try_for_each(|line| writeln!(out, "{line}"))).map(|()| SAME)
        }
        Ok(Arguments::Replay { file, mode }) => run(Path::new(&file), mode),
        Err(error) => Err(error),
    };
    ExitCode::from(code.unwrap_or_else(|error| {
        // It may quote the file.
        for line in format!("otc-replay: {error}").lines() {
            eprintln!("{}", plain(line));
        }
        UNREADABLE
    }))
}

fn run(file: &Path, mode: arguments::Mode) -> Result<u8, String> {
    let recording = read(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let replayed = quietly(|| recording.replay());
    match mode {
        arguments::Mode::Expected => {
            print(|out| replayed.expected().lines().try_for_each(|line| writeln!(out, "{line}")))?;
            return Ok(SAME);
        }
        arguments::Mode::All => print(|out| show::all(out, &recording, &replayed))?,
        arguments::Mode::Quiet => print(|out| show::differences(out, &replayed))?,
    }
    Ok(if replayed.is_same() && replayed.broken_rules().is_empty() { SAME } else { DIFFERENT })
}

fn read(file: &Path) -> Result<Recording, String> {
    let mut bytes = Vec::new();
    let file = File::open(file).map_err(|error| error.to_string())?;
    file.take(FILE_BYTES).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        // A file that was cut may end inside a character.
        Err(error) if error.utf8_error().error_len().is_none() => {
            let whole = error.utf8_error().valid_up_to();
            String::from_utf8_lossy(&error.as_bytes()[..whole]).into_owned()
        }
        Err(_) => return Err("this is no recording: it is not UTF-8".to_owned()),
    };
    Recording::read(&text).map_err(|error| error.to_string())
}

/// A panic of the engine's is a line of the output, and needs no message of its own.
fn quietly(replay: impl FnOnce() -> Replayed) -> Replayed {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let replayed = replay();
    std::panic::set_hook(hook);
    replayed
}

/// Prints. Who does not want to read on (`| head`) has seen enough.
fn print(
    write: impl FnOnce(&mut Plain<io::BufWriter<io::StdoutLock<'_>>>) -> io::Result<()>,
) -> Result<(), String> {
    let mut out = Plain(io::BufWriter::new(io::stdout().lock()));
    match write(&mut out).and_then(|()| out.0.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.to_string()),
        _ => Ok(()),
    }
}
