//! What the tests of the C API share: programs that use the exported functions as C does, and a server for them.
#![allow(dead_code, reason = "each test binary uses a part of it")]
#![allow(
    unsafe_code,
    clippy::undocumented_unsafe_blocks,
    reason = "the C API is called as C calls it: with what the test holds"
)]

pub(crate) mod gateway;
pub(crate) mod header;
pub(crate) mod peer;
pub(crate) mod program;
pub(crate) mod proxy;
pub(crate) mod recorded;
pub(crate) mod rest;
pub(crate) mod tap;
pub(crate) mod tls;
pub(crate) mod wall;
pub(crate) mod world;

use std::time::{Duration, Instant};

/// How long anything that must happen may take, on a busy machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// Asks again and again until it has happened.
pub(crate) fn wait_until(what: &str, happened: impl Fn() -> bool) {
    let start = Instant::now();
    while !happened() {
        assert!(start.elapsed() < DEADLINE, "not in time: {what}");
        std::thread::yield_now();
    }
}
