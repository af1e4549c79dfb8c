//! Webhooks of the real server: what happens in a session reaches a receiver, through kills and restarts too.
#![cfg(unix)]
#![allow(dead_code, reason = "its helpers are those of other tests too")]

mod archives;
mod examples;
#[path = "../http/member.rs"]
mod member;
#[path = "../restart/process.rs"]
mod process;
mod receiver;
mod registration;
mod restart;
#[path = "../http/support.rs"]
mod support;
mod told;

use support::DEADLINE;
