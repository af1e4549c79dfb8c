//! The real server is killed at any moment, again and again, while it is used: what it has answered is there when it
//! comes back, and nothing is half there.
#![cfg(unix)]
#![allow(dead_code, reason = "helpers are those of other tests too")]

#[path = "../http/member.rs"]
mod member;
#[path = "../restart/process.rs"]
mod process;
#[path = "../http/support.rs"]
mod support;

mod answered;
mod rounds;
mod worker;

/// How long anything that must happen may take, on a busy machine.
const DEADLINE: std::time::Duration = std::time::Duration::from_secs(60);
