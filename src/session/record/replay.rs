//! What happened, happening again.

use super::names::Names;
use super::read::{Entry, Recording};
use super::said;
use crate::session::{Engine, Event, Output, Status};
use otc_protocol::Moment;
use serde_json::{Value, json};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

/// What the engine did when it all happened again.
pub struct Replayed {
    /// One for each line.
    pub steps: Vec<Step>,
}

/// What the engine did at one line of a recording.
pub struct Step {
    /// The line, from 1.
    pub line: usize,
    /// When, since the beginning.
    pub at: Duration,
    /// What happened, for people.
    pub happened: String,
    /// What happened, as the recording says it.
    pub input: Value,
    /// What the engine wanted done about it, as recordings say it.
    pub out: Vec<Value>,
    /// The texts of warnings and errors among it, without what was said by others.
    pub texts: Vec<String>,
    /// The number of the error, when the engine refused.
    pub refused: Option<i32>,
    /// The engine panicked.
    pub panicked: bool,
    /// Where the session stood afterwards.
    pub status: Status,
    /// What the recording says that the engine wanted done.
    pub recorded: Vec<Value>,
    /// What is different from what was recorded: nothing, in words, if nothing is.
    pub different: Option<&'static str>,
}

impl Recording {
    /// Lets everything happen again, to an engine of this library. A panic of the engine's ends its step and not the
    /// caller.
    pub fn replay(&self) -> Replayed {
        let mut engine = Engine::new(self.config.clone(), self.seed);
        Replayed { steps: self.entries.iter().map(|entry| entry.replay(&mut engine)).collect() }
    }
}

impl Entry {
    fn replay(&self, engine: &mut Engine) -> Step {
        let now = Moment::ZERO + self.at;
        let mut outputs = Vec::new();
        let result = catch_unwind(AssertUnwindSafe(|| {
            self.happened.with(|input| match input {
                Some(input) => engine.handle(now, input, &mut outputs).err(),
                None => {
                    engine.broke(&mut outputs);
                    None
                }
            })
        }));
        let panicked = result.is_err();
        let refused = result.ok().flatten().map(|refused| refused.code.code());
        let out = if panicked { Vec::new() } else { outputs.iter().map(written).collect() };
        let different = if panicked != self.panicked {
            Some(if panicked { "the engine panics" } else { "the engine panicked" })
        } else if refused != self.refused {
            Some("the call was answered otherwise")
        } else if out != self.out {
            Some("the engine did something else")
        } else {
            None
        };
        Step {
            line: self.line,
            at: self.at,
            happened: self.text.clone(),
            input: serde_json::from_str(&self.whole).unwrap_or_default(),
            out,
            texts: outputs.iter().filter_map(text).collect(),
            refused,
            panicked,
            status: engine.status(),
            recorded: self.out.clone(),
            different,
        }
    }
}

/// An output as it stands in a recording.
fn written(output: &Output) -> Value {
    let mut text = String::new();
    said::output(&mut text, &mut Names::as_they_are(), output);
    serde_json::from_str(&text).unwrap_or_default()
}

fn text(output: &Output) -> Option<String> {
    match output {
        Output::Warn(text) | Output::Event(Event::Error { text, .. }) => Some(text.clone()),
        Output::Event(Event::SignalFailed(failed)) => Some(failed.text.clone()),
        _ => None,
    }
}

impl Replayed {
    /// Whether the engine did what was recorded.
    pub fn is_same(&self) -> bool {
        self.steps.iter().all(|step| step.different.is_none())
    }

    /// What the engine did, one line for each step, to be compared with what it does later.
    pub fn expected(&self) -> String {
        let line = |step: &Step| {
            let mut line = json!({"line": step.line, "out": step.out});
            if let Some(refused) = step.refused {
                line["refused"] = refused.into();
            }
            if step.panicked {
                line["panicked"] = true.into();
            }
            format!("{line}\n")
        };
        self.steps.iter().map(line).collect()
    }
}
