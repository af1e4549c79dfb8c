//! The server behind a real nginx, which is set up as `docs/server/operation.md` says.
#![cfg(unix)]
#![allow(
    unsafe_code,
    dead_code,
    clippy::undocumented_unsafe_blocks,
    reason = "the C API is called as C calls it: with what the test holds; and its helpers are those of other tests too"
)]

#[path = "../tls/authority.rs"]
mod authority;
mod behind;
mod document;
mod elsewhere;
mod nginx;
#[path = "../restart/process.rs"]
mod process;
#[path = "../../../tests/common/program.rs"]
mod program;
#[path = "../http/support.rs"]
mod support;

use std::time::Duration;

/// How long anything that must happen may take, on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);
