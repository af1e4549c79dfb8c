//! Everything in `tests/replays` happens again, to the same end as when it was recorded; or, when that was a bug, to the
//! one that lies beside it (CONTRIBUTING.md).

use otc::session::record::{Recording, Replayed};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const RECORDING: &str = "jsonl";
const EXPECTED: &str = "expected";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/replays")
}

fn files(extension: &str) -> BTreeSet<PathBuf> {
    let entries = fs::read_dir(folder()).expect("the folder is there");
    let paths = entries.map(|entry| entry.expect("it can be read").path());
    paths.filter(|path| path.extension() == Some(OsStr::new(extension))).collect()
}

fn replay(path: &Path) -> Replayed {
    let text = fs::read_to_string(path).expect("it can be read");
    Recording::read(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display())).replay()
}

/// What lies beside a recording, if anything does.
fn expected_of(recording: &Path) -> PathBuf {
    let mut name = recording.as_os_str().to_owned();
    name.push(format!(".{EXPECTED}"));
    name.into()
}

#[test]
fn everything_happens_again() {
    let recordings = files(RECORDING);
    assert!(recordings.len() >= 5, "{recordings:?}");
    let mut failures = Vec::new();
    for path in &recordings {
        let (replayed, shown) = (replay(path), path.display());
        assert!(replayed.steps.len() > 2, "{shown} says nothing");
        failures.extend(replayed.broken_rules().iter().map(|broken| format!("{shown}: {broken}")));
        let is_as_it_should_be = match fs::read_to_string(expected_of(path)) {
            Ok(expected) => replayed.expected() == expected,
            Err(_) => replayed.is_same(),
        };
        if !is_as_it_should_be {
            failures.push(format!("{shown}: see cargo run -p otc-replay -- --quiet {shown}"));
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn nothing_lies_there_that_is_not_looked_at() {
    let recordings = files(RECORDING);
    for expected in files(EXPECTED) {
        let recording = expected.with_extension("");
        assert!(recordings.contains(&recording), "{} has no recording", expected.display());
    }
    let known = recordings.len() + files(EXPECTED).len() + files("md").len();
    assert_eq!(fs::read_dir(folder()).expect("there").count(), known, "recordings end with .{RECORDING}");
}

/// The recordings are of what they are said to be.
#[test]
fn the_recordings_show_what_they_are_for() {
    for (name, events) in [
        ("joined", &["connected", "stream_changed", "mute_forced", "signal", "disconnected"][..]),
        ("cuts", &["connected", "reconnecting", "reconnected", "signal", "disconnected"]),
        ("silence", &["reconnecting", "reconnected", "signal"]),
        ("dropped", &["reconnecting", "signal_failed", "error", "disconnected", "connected"]),
        ("refused", &["error"]),
    ] {
        let replayed = replay(&folder().join(format!("{name}.{RECORDING}")));
        let told: Vec<&str> = replayed
            .steps
            .iter()
            .flat_map(|step| &step.out)
            .filter_map(|out| out["event"].as_str())
            .collect();
        let mut rest = told.iter();
        for event in events {
            assert!(rest.any(|told| told == event), "{name}: no {event} in {told:?}");
        }
    }
}

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_otc-replay")).args(arguments).output().expect("it runs")
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A recording in a file of its own.
struct File(PathBuf);

impl File {
    fn new(name: &str, bytes: &[u8]) -> Self {
        let path = std::env::temp_dir().join(format!("otc-replay-{name}-{}", std::process::id()));
        fs::write(&path, bytes).expect("it can be written");
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().expect("UTF-8")
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn dropped() -> String {
    fs::read_to_string(folder().join("dropped.jsonl")).expect("it can be read")
}

#[test]
fn the_program_prints_every_step_and_says_that_nothing_changed() {
    let recording = dropped();
    let file = File::new("same", recording.as_bytes());
    let output = run(&[file.path()]);
    let text = out(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    let steps =
        text.lines().filter(|line| line.trim_start().starts_with(|first: char| first.is_ascii_digit()));
    assert_eq!(steps.count(), recording.lines().count() - 1, "{text}");
    for words in ["Reconnecting", "error code 1022", "dial attempt", "resume true", "does what was recorded"]
    {
        assert!(text.contains(words), "{words}: {text}");
    }
    let quiet = run(&["--quiet", file.path()]);
    assert_eq!((quiet.status.code(), out(&quiet).lines().count()), (Some(0), 1));
}

#[test]
fn what_is_different_is_said() {
    let recording = dropped();
    let file = File::new(
        "different",
        recording.replace("\"event\":\"reconnecting\"", "\"event\":\"connected\"").as_bytes(),
    );
    let output = run(&["--quiet", file.path()]);
    let text = out(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("DIFFERENT (line ") && text.contains("reconnecting"), "{text}");
    // What it does now is what is to be expected from now on.
    let expected = run(&["--expected", file.path()]);
    assert_eq!(expected.status.code(), Some(0));
    assert_eq!(out(&expected), Recording::read(&recording).expect("whole").replay().expected());
}

/// Recordings come from strangers.
#[test]
fn nothing_in_a_recording_reaches_the_terminal_as_a_command() {
    let zeros = "0".repeat(64);
    let recording = format!(
        r#"{{"otc_recording":1,"library":"0.1\u001b[2J\u001b]0;owned\u0007","os":"linux\u001b[31m","seed":"{zeros}","api_key":"k","session_id":"s","api_url":"http://x","connection_events_suppressed":false,"reconnect_window":30000000,"signal_queue":10,"user_agent":1,"session_migration":false}}
{{"t":1,"in":"frame","attempt":1,"bytes":1,"frame":"status","transaction":"T\u001b[2K\r0.1 all is well\n\u009b2J","status":200,"json":{{}},"out":[{{"do":"warn","frame":"\u001b]52;c;ZXZpbA==\u0007"}}]}}
{{"t":2,"in":"frame","attempt":1,"bytes":1,"frame":"message","json":{{"method":"\u001bc","uri":"/a/b/c/d/e/\u0007"}}}}
"#
    );
    let file = File::new("commands", recording.as_bytes());
    let unknown = File::new("unknown", recording.replace("message", "\u{9b}2J").as_bytes());
    for arguments in
        [&[file.path()][..], &["--quiet", file.path()], &["--expected", file.path()], &[unknown.path()]]
    {
        let output = run(arguments);
        let text = out(&output) + &String::from_utf8_lossy(&output.stderr);
        assert!(!text.is_empty() && !text.contains(|c: char| c.is_control() && c != '\n'), "{text:?}");
        assert!(!text.lines().any(|line| line.starts_with("0.1 all")), "{text:?}");
    }
    assert!(out(&run(&[file.path()])).contains("all is well"));
}

#[test]
fn what_is_no_recording_is_an_error() {
    let recording = dropped();
    let whole = recording.len();
    let cut = File::new("cut", &recording.as_bytes()[..whole - 20]);
    let output = run(&[cut.path()]);
    assert_eq!(output.status.code(), Some(0));
    assert!(out(&output).contains("not whole"), "{}", out(&output));
    let binary = File::new("binary", &[0xff; 100]);
    let diary = File::new("diary", b"Dear diary");
    let empty = File::new("empty", b"");
    for arguments in
        [&[binary.path()][..], &[diary.path()], &[empty.path()], &["/nowhere/at/all"], &[], &["--loud"]]
    {
        let output = run(arguments);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
        assert!(error.starts_with("otc-replay: ") && !error.contains("panicked"), "{error}");
    }
    let help = run(&["--help"]);
    assert!(help.status.success() && out(&help).contains("usage"));
}
