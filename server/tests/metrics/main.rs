//! What the server says of itself, that it costs nothing while nobody needs it, and what it does under too much load.
#![cfg(target_os = "linux")]
#![allow(dead_code, reason = "its helpers are those of other tests too")]

mod client;
mod counted;
mod document;
#[path = "../proxy/elsewhere.rs"]
mod elsewhere;
mod files;
mod idle;
mod loaded;
mod page;
#[path = "../restart/process.rs"]
mod process;
#[path = "../webhooks/receiver.rs"]
mod receiver;
#[path = "../http/support.rs"]
mod support;

/// How long anything that must happen may take, on a busy machine.
pub(crate) use support::DEADLINE;

use std::time::Instant;

/// Looks again and again until something is so. Each look asks the server, which is what it waits for.
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < DEADLINE, "it does not come to this: {what}");
    }
}
