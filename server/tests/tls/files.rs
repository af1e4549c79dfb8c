//! Files that are no certificate or no key are refused at the start, with what to do.

use super::authority::{Authority, set_mode, write_private};
use super::process::{KEY, SECRET};
use otc_server::tls::Files;
use otc_server::{Config, KeyPair, Server};
use std::fs;
use std::path::PathBuf;

fn refusal(files: &Files) -> String {
    let config =
        Config { tls: Some(files.clone()), ..Config::local(KeyPair::new(KEY, SECRET).expect("a pair")) };
    Server::start(config).err().map(|error| error.to_string()).expect("it does not start")
}

#[test]
fn what_is_missing_or_something_else_is_named() {
    let authority = Authority::new();
    let good = authority.issue();
    let stranger = Authority::new();
    let other = authority.folder.join("other-key.pem");
    write_private(&other, &fs::read(stranger.issue().key).expect("ours"));
    let at = |name: &str, text: &[u8]| {
        let path = authority.folder.join(name);
        write_private(&path, text);
        path
    };
    let nowhere = authority.folder.join("nowhere.pem");
    let encrypted = b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIBvTBX\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let half = b"-----BEGIN CERTIFICATE-----\nMIIBvTBX\n";
    let nonsense = b"-----BEGIN CERTIFICATE-----\nMIIBvTBX\n-----END CERTIFICATE-----\n";
    let nonsense_key = b"-----BEGIN PRIVATE KEY-----\nMIIBvTBX\n-----END PRIVATE KEY-----\n";
    let broken_key = b"-----BEGIN PRIVATE KEY-----\nhush hush!\n-----END PRIVATE KEY-----\n";
    let large = vec![b'\n'; 1024 * 1024 + 1];
    let with_cert = |cert: PathBuf| Files::new(cert, &good.key);
    let with_key = |key: PathBuf| Files::new(&good.cert, key);
    for (files, expected) in [
        (with_cert(nowhere.clone()), "cannot read"),
        (with_cert(authority.folder.clone()), "not a plain file"),
        (with_cert(at("empty.pem", b"")), "not a certificate in PEM"),
        (with_cert(at("half.pem", half)), "not a certificate in PEM"),
        (with_cert(at("nonsense.pem", nonsense)), "not a certificate in PEM"),
        (with_cert(good.key.clone()), "not a certificate in PEM"),
        (with_cert(at("large.pem", &large)), "larger than 1048576 bytes"),
        (with_key(nowhere), "cannot read"),
        (with_key(at("cert-as-key.pem", &fs::read(&good.cert).expect("ours"))), "not a private key in PEM"),
        (with_key(at("encrypted.pem", encrypted)), "openssl pkey"),
        (with_key(at("nonsense-key.pem", nonsense_key)), "cannot be used"),
        (with_key(at("broken-key.pem", broken_key)), "not a private key in PEM"),
        (with_key(other), "is not that of the certificate"),
    ] {
        let said = refusal(&files);
        assert!(said.contains(expected), "{said} should say {expected}");
        assert!(said.contains(authority.folder.to_str().expect("text")), "{said} should name the file");
        assert!(!said.contains("hush") && !said.contains("MIIB"), "{said}");
    }
}

#[test]
fn a_key_that_others_may_read_is_refused() {
    let authority = Authority::new();
    let files = authority.issue();
    for mode in [0o644, 0o604, 0o606, 0o601, 0o660, 0o640] {
        set_mode(&files.key, mode);
        let said = refusal(&files);
        assert!(said.contains("chmod 600") && said.contains(&format!("{mode:03o}")), "{mode:o}: {said}");
    }
    for mode in [0o600, 0o400] {
        set_mode(&files.key, mode);
        start(&files);
    }
}

#[test]
fn certificate_and_key_may_be_in_one_file() {
    let authority = Authority::new();
    let files = authority.issue();
    let both = [fs::read(&files.cert).expect("ours"), fs::read(&files.key).expect("ours")].concat();
    let path = authority.folder.join("both.pem");
    write_private(&path, &both);
    start(&Files::new(&path, &path));
    set_mode(&path, 0o644);
    assert!(refusal(&Files::new(&path, &path)).contains("chmod 600"));
}

fn start(files: &Files) {
    let pair = KeyPair::new(KEY, SECRET).expect("a pair");
    Server::start(Config { tls: Some(files.clone()), ..Config::local(pair) }).expect("it starts").stop();
}
