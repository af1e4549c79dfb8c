//! Sockets, time and threads: drives the engines of all sessions of the process.
//!
//! A small crew of threads (`otc-worker-*`) runs the sockets of every session and the application's callbacks, whatever the
//! number of sessions. [`Library::start`] makes it, [`Library::stop`] ends it.

mod alarm;
mod clock;
mod crew;
mod dial;
mod http;
mod info;
mod issue;
mod library;
mod limiter;
mod names;
mod proxy;
mod recording;
mod session;
mod socket;
mod strand;
mod task;
mod tls;
mod url;
mod writer;

pub use crew::in_callback;
pub use library::{Library, Stopped};
pub use limiter::set_dials_per_second;
pub use proxy::NetworkProxy;
pub use recording::RecordFile;
pub use session::{Session, Settings};
pub use strand::Listener;
pub use url::ApiUrl;
