//! Steps, as people read them.

use crate::plain::Plain;
use otc::session::record::{Recording, Replayed, Step};
use serde_json::Value;
use std::io::{self, Write};

/// Everything that happens.
pub(crate) fn all(out: &mut Plain<impl Write>, recording: &Recording, replayed: &Replayed) -> io::Result<()> {
    let steps = replayed.steps.len();
    writeln!(out, "recorded by libotc {} on {}: {steps} steps", recording.library, recording.os)?;
    for each in &replayed.steps {
        step(out, each)?;
    }
    if recording.is_full {
        writeln!(out, "The recording was ended because of its size; the session went on.")?;
    }
    if recording.is_cut_off {
        writeln!(out, "The last line is not whole: the program ended, or the file was cut off.")?;
    }
    summary(out, replayed)
}

/// What is different from what was recorded.
pub(crate) fn differences(out: &mut Plain<impl Write>, replayed: &Replayed) -> io::Result<()> {
    for each in replayed.steps.iter().filter(|step| step.different.is_some()) {
        step(out, each)?;
    }
    summary(out, replayed)
}

fn step(out: &mut Plain<impl Write>, step: &Step) -> io::Result<()> {
    let did: Vec<String> = step.out.iter().map(said).collect();
    let mut did = did.join("; ");
    if let Some(code) = step.refused {
        did = format!("refused with {code}");
    }
    if step.panicked {
        "the engine panics".clone_into(&mut did);
    }
    let (at, happened, status) = (step.at.as_secs_f64(), &step.happened, format!("{:?}", step.status));
    writeln!(out, "{at:12.6}  {happened:<44}  {status:<13}  {did}")?;
    for text in &step.texts {
        writeln!(out, "{:14}{text:?}", "")?;
    }
    if let Some(different) = step.different {
        let recorded: Vec<String> = step.recorded.iter().map(said).collect();
        let refused = step.input["refused"].as_i64().map(|code| format!("refused with {code}"));
        let recorded = refused.unwrap_or_else(|| recorded.join("; "));
        writeln!(out, "  DIFFERENT (line {}): {different}; recorded was: {recorded}", step.line)?;
    }
    Ok(())
}

fn summary(out: &mut Plain<impl Write>, replayed: &Replayed) -> io::Result<()> {
    for broken in replayed.broken_rules() {
        writeln!(out, "  BROKEN RULE: {broken}")?;
    }
    match replayed.steps.iter().filter(|step| step.different.is_some()).count() {
        0 => writeln!(out, "The engine does what was recorded."),
        count => writeln!(out, "The engine does something else than was recorded, at {count} steps."),
    }
}

/// An output: its name, and then its members.
fn said(output: &Value) -> String {
    let Some(members) = output.as_object() else { return output.to_string() };
    let name = ["do", "event"].into_iter().find_map(|name| members.get(name)?.as_str());
    let mut words = vec![name.unwrap_or("?").to_owned()];
    for (key, value) in members {
        match (key.as_str(), value) {
            ("do" | "event", _) => {}
            ("frame" | "status" | "change" | "reason" | "method", Value::String(text)) => {
                words.push(text.clone());
            }
            (key, Value::String(text)) => words.push(format!("{key} {text}")),
            (key, value) => words.push(format!("{key} {value}")),
        }
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn outputs_are_words() {
        let dial = json!({"do": "dial", "attempt": 2, "resume": true});
        assert_eq!(said(&dial), "dial attempt 2 resume true");
        let status = json!({"event": "status", "status": "Connected"});
        assert_eq!(said(&status), "status Connected");
        assert_eq!(said(&json!([1])), "[1]");
    }
}
