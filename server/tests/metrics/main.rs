//! What the server says of itself, that it costs nothing while nobody needs it, and what it does under too much load.
#![cfg(target_os = "linux")]
#![allow(dead_code, reason = "its helpers are those of other tests too")]

mod idle;
mod page;
#[path = "../restart/process.rs"]
mod process;
#[path = "../http/support.rs"]
mod support;

/// How long anything that must happen may take, on a busy machine.
pub(crate) use support::DEADLINE;
