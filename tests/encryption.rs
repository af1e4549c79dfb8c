//! The secret of end-to-end encryption, from C.
#![allow(
    unsafe_code,
    clippy::undocumented_unsafe_blocks,
    reason = "the C API is called as C calls it: with what the test holds"
)]

mod common;

use common::program::{c, last_error};
use common::world::World;
use otc::ffi::*;
use otc_protocol::limits::ENCRYPTION_SECRET_CHARS;
use std::ffi::{CStr, CString};
use std::ptr::null_mut;

fn set(session: *mut otc_session, secret: &CStr) -> i32 {
    unsafe { otc_session_set_encryption_secret(session, secret.as_ptr()) }
}

#[test]
fn a_secret_is_taken_at_any_time_if_its_length_is_right() {
    let world = World::new();
    let (least, most) = (*ENCRYPTION_SECRET_CHARS.start(), *ENCRYPTION_SECRET_CHARS.end());
    let idle = world.program();
    let (ada, _) = world.member("ada");
    for session in [idle.session, ada.session] {
        for character in ["x", "ü", "\u{1f511}"] {
            for (length, status) in
                [(0, 6004), (least - 1, 6004), (least, 0), (most, 0), (most + 1, 6004), (100_000, 6004)]
            {
                assert_eq!(set(session, &c(&character.repeat(length))), status, "{length} {character}");
            }
        }
        assert!(last_error().contains("8 to 256"), "{}", last_error());
        let no_text = CString::new([0xff; 20]).expect("no NUL");
        assert_eq!(set(session, &no_text), 1011);
        assert!(last_error().contains("encryption secret"), "{}", last_error());
        assert_eq!(unsafe { otc_session_set_encryption_secret(session, std::ptr::null()) }, 1011);
    }
    assert_eq!(set(null_mut(), c"a good secret"), 1);
    ada.assert_quiet();
}
