//! libotc: join realtime sessions and exchange signals.
//!
//! The product is the C library: `include/otc.h`. Inside it, from the outside in:
//!
//! * [`ffi`]: what C sees
//! * [`net`]: sockets, time and threads
//! * [`session`]: the engine, a pure state machine
//! * `otc_protocol`: the language of the wire
#![deny(unsafe_code)]

pub mod fault;
pub mod ffi;
pub mod log;
pub mod net;
pub mod planted;
pub mod session;
