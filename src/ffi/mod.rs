//! What C sees: convert, call, convert. All `unsafe` of the project lives here.
//!
//! One file for each C noun. Every exported function runs inside [`boundary`], so that no panic reaches C, and finds
//! its objects through [`handle`], so that no bad pointer is followed.
#![allow(unsafe_code, non_camel_case_types, clippy::doc_markdown)]

mod boundary;
mod callbacks;
mod connection;
mod connection_list;
mod encryption;
mod handle;
mod issue;
mod lent;
mod library;
mod log;
mod moderation;
mod session;
mod session_callbacks;
mod settings;
mod signal;
mod stream;
mod system;
mod threads;
mod types;

pub use callbacks::otc_session_callbacks;
pub use connection::*;
pub use connection_list::*;
pub use encryption::*;
pub use issue::*;
pub use library::*;
pub use log::*;
pub use moderation::*;
pub use session::*;
pub use session_callbacks::*;
pub use settings::*;
pub use signal::*;
pub use stream::*;
pub use types::*;
