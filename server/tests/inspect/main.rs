//! `/inspect` as its page sees it, and as somebody sees it who means harm: real connections, byte for byte.
#![allow(dead_code, reason = "its helpers are those of other tests too")]

mod archives;
mod browser;
mod events;
mod logins;
mod logs;
#[path = "../http/member.rs"]
mod member;
mod proxied;
mod sessions;
mod strangers;
#[path = "../http/support.rs"]
mod support;
