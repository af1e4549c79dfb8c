//! The real server is told to stop, and started again; its clients use the C API, or speak to it byte for byte.
#![cfg(unix)]
#![allow(
    unsafe_code,
    dead_code,
    clippy::undocumented_unsafe_blocks,
    reason = "the C API is called as C calls it: with what the test holds; and its helpers are those of other tests too"
)]

mod archives;
mod crash;
mod directory;
mod door;
mod process;
#[path = "../../../tests/common/program.rs"]
mod program;
#[path = "../http/support.rs"]
mod support;
mod traffic;

use std::time::Duration;

/// How long anything that must happen may take, on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);
