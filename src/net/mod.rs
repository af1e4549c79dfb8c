//! Sockets, time and threads: drives the engines of all sessions of the process.
//!
//! One thread (`otc-io`) runs the sockets of every session, a small pool (`otc-callback-*`) runs the application's
//! callbacks. Both are made by [`Library::start`] and ended by [`Library::stop`].

mod alarm;
mod clock;
mod dial;
mod info;
mod library;
mod limiter;
mod pool;
mod session;
mod socket;
mod strand;
mod task;
mod tls;
mod url;

pub use library::{Library, Stopped};
pub use pool::in_callback;
pub use session::{Session, Settings};
pub use strand::Listener;
pub use url::ApiUrl;
