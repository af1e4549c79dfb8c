//! SIGHUP: new connections get the certificate that is there now, and those that are open go on.

use super::authority::{Authority, write_private};
use super::process::{KEY, Site};
use super::program::{Heard, Program, Wishes};
use rustix::process::Signal;
use std::net::SocketAddr;

#[test]
fn a_new_certificate_is_used_and_a_bad_one_is_not() {
    let (old, new) = (Authority::new(), Authority::new());
    let files = old.issue();
    let site = Site::new();
    let arguments = ["--tls-cert", files.cert.to_str().unwrap(), "--tls-key", files.key.to_str().unwrap()];
    let server = site.spawn("127.0.0.1:0", &arguments).listening().expect("a free port");
    assert!(server.url.starts_with("https://127.0.0.1:"), "{}", server.url);
    let address: SocketAddr = server.address().parse().expect("an address");
    let join = |authority: &Authority| {
        let ca_file = authority.path();
        let wishes = Wishes { api_url: Some(&server.url), ca_file: Some(&ca_file), ..Wishes::default() };
        let program = Program::new(KEY, &site.session, &wishes);
        program.connect(&site.token());
        let id = program.wait_for_connected();
        (program, id)
    };
    let (early, early_id) = join(&old);
    assert!(old.has_certified(address) && !new.has_certified(address));

    // Key and certificate are replaced one after the other, and the server is told in between.
    write_private(&files.key, b"not a key");
    server.signal(Signal::HUP);
    server.wait_for_log("the certificate is not renewed");
    assert!(old.has_certified(address), "the one before is used on");

    new.issue_into(&files);
    server.signal(Signal::HUP);
    server.wait_for_log("certificate that was read again");
    assert!(new.has_certified(address) && !old.has_certified(address));
    let (late, late_id) = join(&new);
    assert_eq!(early.next(), Heard::Came { id: late_id, data: String::new() }, "it was never away");
    assert_eq!(late.next(), Heard::Came { id: early_id.clone(), data: String::new() });
    early.signal("still", "here");
    assert_eq!(late.next(), Heard::signal("still", "here", Some(&early_id)));
    drop((early, late));
    let log = server.stop();
    assert!(log.contains("key.pem is not a private key in PEM"), "{log}");
    assert!(!log.contains("not a key"), "what a file holds is not logged: {log}");
}
