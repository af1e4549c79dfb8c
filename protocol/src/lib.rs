//! The language that client and server of a session speak.
//!
//! Everything here is pure: bytes in, values out. No clock, no I/O, no threads, no randomness.
//!
//! * [`rumor`]: binary frames; [`envelope`]: what the frames of each direction mean
//! * [`raptor`]: the JSON messages inside the frames
//! * [`session_info`]: the document that a client asks for before it connects
//! * [`session_id`], [`token`], [`permissions`]: who may join what, and do what there
//! * [`error`]: the error numbers of the C API; [`limits`]: every bound of the project
#![forbid(unsafe_code)]

pub mod envelope;
pub mod error;
pub mod limits;
pub mod moment;
pub mod permissions;
pub mod raptor;
pub mod rumor;
pub mod session_id;
pub mod session_info;
pub mod token;
pub mod uuid;

pub use moment::Moment;
