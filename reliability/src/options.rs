//! The command line.

use otc_harness::{Error, server};
use std::path::PathBuf;

/// What can be asked for.
pub(crate) const USAGE: &str = "usage: otc-reliability COMMAND [OPTION...]
  table [ROW...]         each row once, several at the same time; no ROW: all of them
  bench                  how long it takes to come back, to notice, to catch up
  hostile [ATTACK...]    each attack once; no ATTACK: all of them
  soak [ROW...]          rows in random order until the time is up; ends with 1 at the first failure
  --seconds N            how long a soak lasts; 60
  --quick                less of everything, and no row that waits for long silences
  --seed N               the same choices again
  --server PATH          of otc-server; else the one beside this program
  --into FILE            writes the table between its markers in FILE, too";

/// What a command was given.
pub(crate) struct Options {
    pub(crate) quick: bool,
    pub(crate) seed: u64,
    pub(crate) seconds: u64,
    pub(crate) server: PathBuf,
    pub(crate) into: Option<PathBuf>,
    /// What is not an option: names of rows.
    pub(crate) names: Vec<String>,
}

impl Options {
    /// Reads what follows the command.
    pub(crate) fn read(arguments: &[&str]) -> Result<Self, Error> {
        let (mut quick, mut seed, mut seconds, mut program, mut into) = (false, None, 60, None, None);
        let mut names = Vec::new();
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let mut value = || rest.next().ok_or_else(|| format!("{argument} needs a value; {USAGE}"));
            match *argument {
                "--quick" => quick = true,
                "--seed" => seed = Some(value()?.parse()?),
                "--seconds" => seconds = value()?.parse()?,
                "--server" => program = Some(PathBuf::from(value()?)),
                "--into" => into = Some(PathBuf::from(value()?)),
                option if option.starts_with('-') => {
                    return Err(format!("{option} is not an option; {USAGE}").into());
                }
                name => names.push(name.to_owned()),
            }
        }
        let seed = seed.map_or_else(new_seed, Ok)?;
        Ok(Self { quick, seed, seconds, server: server::find(program)?, into, names })
    }
}

impl Options {
    /// The command that runs these rows again.
    pub(crate) fn again(&self, seed: u64, rows: &str) -> String {
        let quick = if self.quick { " --quick" } else { "" };
        format!("otc-reliability table{quick} --seed {seed} {rows}")
    }
}

/// A seed that nobody has chosen; short, because people type it again.
fn new_seed() -> Result<u64, Error> {
    let bytes: [u8; 4] = otc_server::keys::random()?;
    Ok(u64::from(u32::from_le_bytes(bytes)))
}
