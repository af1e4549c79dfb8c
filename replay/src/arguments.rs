//! What can be asked for.

pub(crate) const USAGE: &str = "\
usage: otc-replay [--quiet | --expected] FILE

Lets what FILE says happen again to this version's engine, and prints a line for each thing that happened: when, what,
where the session stood then, and what the engine did about it. FILE is a recording, made by a program with
OTC_RECORD=FILE in its environment, or with otc_session_settings_set_record_file().

  --quiet     prints only where the engine does something else than was recorded
  --expected  prints what the engine does now, to be put beside the recording as FILE.expected

Ends with 0 when the engine does what was recorded, with 1 when it does something else, or something that it must never
do, and with 2 when FILE cannot be replayed.";

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Arguments {
    Help,
    Replay { file: String, mode: Mode },
}

/// What to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    All,
    Quiet,
    Expected,
}

impl Arguments {
    pub(crate) fn parse(arguments: &[String]) -> Result<Self, String> {
        let (mut file, mut mode) = (None, Mode::All);
        for argument in arguments {
            let asked = match argument.as_str() {
                "--help" | "-h" => return Ok(Self::Help),
                "--quiet" | "-q" => Some(Mode::Quiet),
                "--expected" => Some(Mode::Expected),
                option if option.starts_with("--") => return Err(format!("{option} is unknown\n{USAGE}")),
                _ => None,
            };
            match asked {
                Some(_) if mode != Mode::All => return Err(format!("one option is enough\n{USAGE}")),
                Some(asked) => mode = asked,
                None if file.is_some() => return Err(format!("one FILE at a time\n{USAGE}")),
                None => file = Some(argument.clone()),
            }
        }
        let file = file.ok_or_else(|| format!("no FILE is named\n{USAGE}"))?;
        Ok(Self::Replay { file, mode })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Arguments, String> {
        Arguments::parse(&arguments.iter().map(|&argument| argument.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn what_can_be_asked_for() {
        let replay = |mode| Ok(Arguments::Replay { file: "f".to_owned(), mode });
        assert_eq!(parse(&["f"]), replay(Mode::All));
        assert_eq!(parse(&["--quiet", "f"]), replay(Mode::Quiet));
        assert_eq!(parse(&["f", "-q"]), replay(Mode::Quiet));
        assert_eq!(parse(&["--expected", "f"]), replay(Mode::Expected));
        assert_eq!(parse(&["f", "--help"]), Ok(Arguments::Help));
        for bad in [&[][..], &["--quiet"], &["f", "g"], &["--loud", "f"], &["--quiet", "--expected", "f"]] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
    }
}
