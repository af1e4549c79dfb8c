//! What somebody does who means harm: one file for each family of attacks (`docs/security.md`).
#![cfg(unix)]
#![allow(dead_code, reason = "its helpers are those of other tests too")]

mod addresses;
mod bodies;
mod forwarded;
mod frames;
mod half_open;
mod heads;
mod injection;
#[path = "../http/member.rs"]
mod member;
mod origins;
mod paths;
#[path = "../restart/process.rs"]
mod process;
mod random;
mod raw;
mod secrets;
mod smuggling;
#[path = "../http/support.rs"]
mod support;
mod tokens;

use std::time::Duration;

/// How long anything that must happen may take, on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);
