//! Whole conversations of the server's rooms with clients that do anything.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| otc_fuzz::server::run(bytes));
