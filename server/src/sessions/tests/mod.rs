//! The rooms on virtual time, with scripted clients.

mod account;
mod archived;
mod events;
mod freezing;
mod hostile;
mod joining;
mod leaving;
mod media;
mod moderation;
mod negotiation;
mod random;
mod rate;
mod resuming;
mod signals;
mod tally;
mod tampering;
mod watching;
mod world;
