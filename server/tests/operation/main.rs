//! What an operator relies on: health, the log, the example of a configuration, the end of a server.
#![cfg(unix)]
#![allow(dead_code, reason = "its helpers are those of other tests too")]

mod check;
mod drain;
mod health;
mod logs;
#[path = "../http/member.rs"]
mod member;
#[path = "../restart/process.rs"]
mod process;
#[path = "../http/support.rs"]
mod support;

use std::time::Duration;

/// How long anything that must happen may take, on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);
