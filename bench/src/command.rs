//! What a client process can be told, a line on its standard input each, and what it answers.

use crate::Error;
use otc_harness::stats::quantile;
use std::fmt;
use std::io::{BufRead, Write};
use std::str::FromStr;
use std::time::Duration;

/// Something to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// Have this many members joined. Answer: nothing.
    Join { members: usize },
    /// Send to oneself and, on its arrival, again. Answer: p50 and p99 in nanoseconds.
    RoundTrips { bytes: usize, count: usize },
    /// Send from the first member to the second for that long, as fast as it goes. Answer: how many, nanoseconds until
    /// the last has arrived.
    Stream { bytes: usize, duration: Duration },
    /// Send to everybody so many times at once. Answer: nanoseconds until the last member has the last.
    FanOut { bytes: usize, signals: usize },
}

/// What carries the commands out.
pub(crate) trait Client {
    /// See [`Command::Join`].
    fn join(&mut self, members: usize) -> Result<(), Error>;
    /// See [`Command::RoundTrips`]; the answer is each one's nanoseconds.
    fn round_trips(&mut self, bytes: usize, count: usize) -> Result<Vec<f64>, Error>;
    /// See [`Command::Stream`].
    fn stream(&mut self, bytes: usize, duration: Duration) -> Result<(usize, Duration), Error>;
    /// See [`Command::FanOut`].
    fn fan_out(&mut self, bytes: usize, signals: usize) -> Result<Duration, Error>;
}

/// Whatever a client waits for comes within this time, or never.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Carries out the commands of standard input until it ends.
pub(crate) fn serve(client: &mut impl Client) -> Result<(), Error> {
    for line in std::io::stdin().lock().lines() {
        let answer = obey(client, line?.parse()?)?;
        let answer: Vec<String> = answer.iter().map(ToString::to_string).collect();
        let mut out = std::io::stdout().lock();
        writeln!(out, "{}", answer.join(" "))?;
        out.flush()?;
    }
    Ok(())
}

#[allow(clippy::cast_precision_loss, reason = "measured values are far below 2^52")]
fn obey(client: &mut impl Client, command: Command) -> Result<Vec<f64>, Error> {
    let nanos = |duration: Duration| duration.as_nanos() as f64;
    Ok(match command {
        Command::Join { members } => {
            client.join(members)?;
            Vec::new()
        }
        Command::RoundTrips { bytes, count } => {
            let trips = client.round_trips(bytes, count)?;
            vec![quantile(&trips, 0.5), quantile(&trips, 0.99)]
        }
        Command::Stream { bytes, duration } => {
            let (signals, took) = client.stream(bytes, duration)?;
            vec![signals as f64, nanos(took)]
        }
        Command::FanOut { bytes, signals } => vec![nanos(client.fan_out(bytes, signals)?)],
    })
}

impl fmt::Display for Command {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Join { members } => write!(formatter, "join {members}"),
            Self::RoundTrips { bytes, count } => write!(formatter, "round-trips {bytes} {count}"),
            Self::Stream { bytes, duration } => write!(formatter, "stream {bytes} {}", duration.as_millis()),
            Self::FanOut { bytes, signals } => write!(formatter, "fan-out {bytes} {signals}"),
        }
    }
}

impl FromStr for Command {
    type Err = Error;

    fn from_str(line: &str) -> Result<Self, Error> {
        let words: Vec<&str> = line.split(' ').collect();
        Ok(match words[..] {
            ["join", members] => Self::Join { members: members.parse()? },
            ["round-trips", bytes, count] => {
                Self::RoundTrips { bytes: bytes.parse()?, count: count.parse()? }
            }
            ["stream", bytes, millis] => {
                Self::Stream { bytes: bytes.parse()?, duration: Duration::from_millis(millis.parse()?) }
            }
            ["fan-out", bytes, signals] => Self::FanOut { bytes: bytes.parse()?, signals: signals.parse()? },
            _ => return Err(format!("{line:?} is not a command").into()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_as_they_are_written() {
        for command in [
            Command::Join { members: 3 },
            Command::RoundTrips { bytes: 64, count: 5 },
            Command::Stream { bytes: 1024, duration: Duration::from_millis(250) },
            Command::FanOut { bytes: 64, signals: 9 },
        ] {
            assert_eq!(command.to_string().parse::<Command>().expect("a command"), command);
        }
        for bad in ["", "join", "join x", "stream 1", "dance 1 2"] {
            assert!(bad.parse::<Command>().is_err(), "{bad}");
        }
    }
}
