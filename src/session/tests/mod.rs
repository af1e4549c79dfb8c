//! The engine on virtual time: every input is written down, every output is looked at.

mod bounds;
mod client;
mod coming_back;
mod connecting;
mod encrypting;
mod failing;
mod giving_up;
mod hostile;
mod leaving;
mod liveness;
mod model;
mod moderating;
mod receiving;
mod refusing;
mod settings;
mod signalling;
mod undelivered;
mod waking;

use client::Client;
