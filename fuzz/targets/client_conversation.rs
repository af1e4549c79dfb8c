//! Whole conversations of the client's engine with an application, a network and a server that do anything.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| otc_fuzz::client::run(bytes));
