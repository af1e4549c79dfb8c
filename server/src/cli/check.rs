//! `check-config`: what `serve` would do, and what would keep it from doing so.

use super::{Error, Serve};
use std::io::Write;

/// Prints what a server with these flags would do; or everything that is wrong, as one error.
pub(crate) fn check_config(serve: Serve) -> Result<(), Error> {
    let (config, generated) = serve.given()?.complete()?;
    let problems = config.problems();
    if !problems.is_empty() {
        return Err(problems.join("\notc-server: ").into());
    }
    let mut out = std::io::stdout().lock();
    for (name, value) in config.summary(generated.is_some()) {
        writeln!(out, "{name:<16} {value}")?;
    }
    for advice in config.advice() {
        writeln!(out, "advice           {advice}")?;
    }
    Ok(writeln!(out, "the configuration can be used")?)
}
