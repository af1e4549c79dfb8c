//! Tells receivers what happens: from an event to a request that they have taken (`rest.md §3`).
//!
//! * [`kind`], `payload`: what is told, and its words; `signature`: that it is ours
//! * `target`, [`url`]: who is told, and where that may be
//! * `queue`, `lanes`: what waits, and whose turn it is, pure
//! * `courier`, `names`, `trust`: one delivery

mod courier;
pub mod kind;
mod lanes;
mod names;
mod payload;
mod queue;
mod signature;
mod target;
mod trust;
pub mod url;
