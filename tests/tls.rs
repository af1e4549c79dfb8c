//! `https` and `wss`, with a certificate authority of one's own.
#![allow(
    unsafe_code,
    clippy::undocumented_unsafe_blocks,
    reason = "the C API is called as C calls it: with what the test holds"
)]

mod common;

use common::program::{Heard, Program, Wishes};
use common::tls::{Authority, behind_tls};
use common::world::{KEY, World};

#[test]
fn an_authority_of_ones_own_is_trusted_when_it_is_named() {
    for name in ["localhost", "127.0.0.1"] {
        let behind = behind_tls(name, name, false);
        let program = behind.program(Some(behind.authority.path()));
        let me = program.wait_for_connected();
        program.signal("t", "over wss");
        assert_eq!(program.next(), Heard::signal("t", "over wss", Some(&me)));
        program.disconnect();
        assert_eq!(program.next(), Heard::Disconnected);
    }
}

#[test]
fn an_authority_that_nobody_named_is_not_trusted() {
    let behind = behind_tls("localhost", "localhost", false);
    behind.assert_refused(None);
    let other = Authority::new();
    behind.assert_refused(Some(other.path()));
}

#[test]
fn a_certificate_for_another_name_is_refused() {
    let behind = behind_tls("other.example", "localhost", false);
    behind.assert_refused(Some(behind.authority.path()));
}

#[test]
fn an_expired_certificate_is_refused() {
    let behind = behind_tls("localhost", "localhost", true);
    behind.assert_refused(Some(behind.authority.path()));
}

#[test]
fn a_file_that_names_no_authority_is_said_to_be_wrong() {
    let behind = behind_tls("localhost", "localhost", false);
    let missing = "/no/such/file.pem";
    let (code, words) = behind.program(Some(missing)).wait_for_failure();
    assert_eq!(code, 1006);
    assert!(words.contains(missing), "{words}");
    let empty = std::env::temp_dir().join(format!("otc-tls-test-{}-empty.pem", std::process::id()));
    std::fs::write(&empty, "nothing here").expect("a folder for temporary files");
    let (code, words) = behind.program(empty.to_str()).wait_for_failure();
    std::fs::remove_file(&empty).expect("there");
    assert_eq!(code, 1006);
    assert!(words.contains("no PEM certificate"), "{words}");
}

#[test]
fn a_server_that_speaks_no_tls_is_not_spoken_to() {
    let world = World::new();
    let url = format!("https://{}", world.server.addr());
    let (code, words) = {
        let program =
            Program::new(KEY, &world.session_id, &Wishes { api_url: Some(&url), ..Wishes::default() });
        program.connect(&world.token(""));
        program.wait_for_failure()
    };
    assert_eq!(code, 1006, "{words}");
}
