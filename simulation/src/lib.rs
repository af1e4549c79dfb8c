//! Client engines and the server's rooms in one process, on virtual time, over a network that fails.
//!
//! A *run* is decided by its seed. It has two to four people with clients (`otc::session::Engine`), in one session or two,
//! a server (`otc_server::sessions::Registry`), and wires between them. What is around engine and rooms in earnest
//! (`src/net/task.rs`, `server/src/socket/task.rs`) is modelled: buffers, batches, queues, and what is lost when a socket is
//! dropped.
//!
//! # What is simulated
//!
//! * **What people do**: join, give up joining, signal to all and to one, alone and in bursts, with and without
//!   `retry_after_reconnect`, to people who have left; mute everybody, send somebody away; leave and come back; delete the
//!   session and take another. Some hear of nobody's coming and going (`connection_events_suppressed`), some are moderators,
//!   some have small outboxes and callback queues; some servers take so many signals a second and no more. Somebody with another kind of client publishes streams and ends them. The application's server signals and sends people away, too.
//! * **Wires**: each direction is a stream of bytes with latency, jitter, a rate and a bounded buffer. A wire is cut at any
//!   byte of each direction (whole frames before it arrive); each side hears of the cut at once, late, or never. It stands
//!   still, both ways or one way, for a while or for ever: what was under way may arrive, with its end, after the client has
//!   come back by another wire. A client is offline, and comes back with the same address or another one. Slow links.
//! * **Dials**: refused, unanswered, answered with "busy" or with a no for good, lost between request and answer; late, so that
//!   the server takes a dial that its client has given up; doubled, so that a ghost takes the session over.
//! * **Machines**: a client sleeps, and its clock goes on or stops meanwhile; its clock jumps by hours, or back; its
//!   application takes no callbacks for a while. The server stands still (SIGSTOP) and goes on, with its timers or with its
//!   sockets first; it is killed and knows nothing; it hands its sessions over (`Registry::freeze`, `restore`), with a clock
//!   that begins anew.
//!
//! What is not: media and subscribers, TLS, HTTP beyond its answer, threads. They are what `otc-reliability` and the
//! interoperability tests are for.
//!
//! # What is checked
//!
//! While it happens, wherever that can be seen:
//!
//! * Exactly once and in order: what a room tells its members has one order. Each application hears its part of it without a gap,
//!   a double or an exchange, from the join to the end of its connection. Nothing is carried out twice.
//! * Delivered or reported: a request leaves an outbox with the server's yes or with one report. What is reported as not
//!   sent or as refused is never carried out; what is carried out and could be repeated is not reported.
//! * Nobody gives up too early or too late: a session is lost when its window has passed by the client's own clock, and then at
//!   once; or when the server says so, which must have had a reason.
//! * Callbacks come in a legal order: coming back only after being away, nothing heard meanwhile, 1022 right before the end by the
//!   network, nothing after the end.
//! * Nobody is seen leaving who came back in time; nobody comes back to a server that does not know her.
//! * Silence is noticed in time.
//! * Outboxes, callback queues and what waits for a socket stay within their bounds.
//!
//! Then nothing goes wrong any more, and people do nothing but come back:
//!
//! * Everything comes to rest: everybody is in, with nothing to be told or answered, and the server knows nobody else.
//! * All rosters agree, and so do the streams that people were told of, with each other and with what the server lists to somebody new.
//! * Everybody is cut once more and comes back, and nothing is sent again: what was acknowledged stays so.
//! * Everybody leaves, and the server has forgotten all of it.
//!
//! # Where to find it
//!
//! * [`run()`], [`traced`]: one run, checked
//! * `plan`: what a run is like; `app`, `publisher`: what people do; `weather`: what goes wrong
//! * `flow`, `wire`: one direction of a connection, and both with their ends
//! * `client`, `driver`: an engine and what drives it; `server`, `pipe`: the rooms and what drives them
//! * `book`, `life`, `signal`: what really happened, and what each was told; `world`: the loop that lets the next thing happen
#![forbid(unsafe_code)]

mod absence;
mod app;
mod book;
mod client;
mod count;
mod dice;
mod driver;
mod flow;
mod life;
mod pipe;
mod plan;
mod publisher;
mod run;
mod server;
mod signal;
mod trace;
mod weather;
mod wire;
mod world;

pub use count::Count;
pub use run::{Failure, Report, run, traced};
