//! What clients leave behind at the real server, and that their memory is given back. Which allocator the server has
//! matters here, so it is to be the one that ships:
//!
//!     OTC_SERVER=target/release/otc-server cargo test -p otc-server --test memory -- --ignored --nocapture
#![cfg(target_os = "linux")]
#![allow(dead_code, reason = "its helpers are those of other tests too")]

mod burst;
mod client;
mod crowd;
#[path = "../restart/process.rs"]
mod process;
mod sample;
#[path = "../http/support.rs"]
mod support;

use std::time::Duration;

/// How long anything that must happen may take, on a busy machine.
const DEADLINE: Duration = Duration::from_secs(120);
