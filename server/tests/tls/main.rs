//! The server with a certificate of its own: `https` and `wss`, for the C client and for others.
#![cfg(unix)]
#![allow(
    unsafe_code,
    dead_code,
    clippy::undocumented_unsafe_blocks,
    reason = "the C API is called as C calls it: with what the test holds; and its helpers are those of other tests too"
)]

mod authority;
mod files;
mod half_open;
mod handshakes;
#[path = "../restart/process.rs"]
mod process;
#[path = "../../../tests/common/program.rs"]
mod program;
mod renewal;

use std::time::Duration;

/// How long anything that must happen may take, on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);
