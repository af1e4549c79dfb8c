//! Client engines and the server's rooms in one process, on virtual time, over a network that fails.
//!
//! A *run* is decided by its seed. It has people with clients (`otc::session::Engine`), a server
//! (`otc_server::sessions::Registry`), and wires between them. What is around engine and rooms in earnest (`src/net/task.rs`,
//! `server/src/socket/task.rs`) is modelled here: buffers, batches, the callback queue, what is lost when a socket is dropped.
//!
//! * [`run()`], [`traced`]: one run, checked
//! * `plan`: what a run is like; `app`: what people do; `weather`: what goes wrong
//! * `flow`, `wire`: one direction of a connection, and both with their ends
//! * `client`, `driver`: an engine and what drives it; `server`, `pipe`: the rooms and what drives them
//! * `book`: what really happened, and what each was told; `world`: the loop that lets the next thing happen
#![forbid(unsafe_code)]

mod app;
mod book;
mod client;
mod dice;
mod driver;
mod flow;
mod pipe;
mod plan;
mod run;
mod server;
mod trace;
mod weather;
mod wire;
mod world;

pub use book::Count;
pub use run::{Failure, Report, run, traced};
