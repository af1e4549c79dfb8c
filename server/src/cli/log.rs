//! The log, on standard error.

use clap::ValueEnum;
use otc_server::log_flood::LogFlood;
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;
use tracing_subscriber::prelude::*;

/// How lines of the log are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people
    #[default]
    Text,
    /// One JSON object in each line, for programs
    Json,
}

/// `OTC_LOG` chooses what is written (`debug`, `otc_server=trace`, …).
pub(super) fn to_standard_error(format: LogFormat) {
    let chosen = std::env::var("OTC_LOG").ok().filter(|chosen| !chosen.is_empty());
    let filter = chosen.and_then(|chosen| EnvFilter::try_new(chosen).ok());
    let filter = filter.unwrap_or_else(|| EnvFilter::new("info"));
    let lines = fmt::layer().with_writer(std::io::stderr);
    let registry = tracing_subscriber::registry().with(filter);
    match format {
        LogFormat::Text => {
            let lines = lines.with_ansi(std::io::stderr().is_terminal());
            registry.with(lines.with_filter(LogFlood)).init();
        }
        LogFormat::Json => {
            let lines = lines.json().flatten_event(true).with_span_list(false);
            registry.with(lines.with_filter(LogFlood)).init();
        }
    }
}
