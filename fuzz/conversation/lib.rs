//! Whole conversations, made from bytes: what the applications, the networks and the peers of one side do, one operation
//! after the other, and the rules that this side keeps whatever they do.
//!
//! * [`client`]: the client's engine against an application, a network and a server that do anything
//! * [`server`]: the server's rooms against clients that do anything, and one that behaves
//!
//! The fuzz targets and `tests/conversations` share them: an input that the fuzzer found is a test.

pub mod client;
mod client_rules;
mod messages;
pub mod server;
mod server_rules;
mod source;
