//! `check-config`: what `serve` would do, or everything that would keep it from doing so.

use crate::process::{SECRET, Site};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

/// Whether the program says that it could be used, and all that it says.
fn check(arguments: &[&str]) -> (bool, String) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_otc-server"));
    for variable in ["OTC_CONFIG", "OTC_API_KEY", "OTC_API_SECRET", "OTC_DATA", "OTC_LISTEN"] {
        program.env_remove(variable);
    }
    let output = program.arg("check-config").args(arguments).output().expect("the server's program");
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).expect("text"))
}

#[test]
fn it_says_what_would_be_done_without_secrets_and_without_doing_it() {
    let site = Site::new();
    let own = rcgen::generate_simple_self_signed(vec!["h".to_owned()]).expect("a certificate");
    let cert = site.file("cert.pem", &own.cert.pem());
    let key = site.file("key.pem", &own.signing_key.serialize_pem());
    let text = format!(
        "listen = \"0.0.0.0:443\"\npublic_url = \"https://calls.example.org\"\ndrain_seconds = 30\n\
         trusted_proxies = [\"10.0.0.0/8\"]\n[tls]\ncert = \"{cert}\"\nkey = \"{key}\"\n\
         [[keys]]\napi_key = \"12345678\"\napi_secret = \"{SECRET}\"\n\
         [account]\nkey = \"87654321\"\nsecret = \"{SECRET}\"\n\
         [[webhooks]]\nurl = \"https://app.example/hook?{SECRET}\"\nsecret = \"{SECRET}\"\n"
    );
    let config = site.file("server.toml", &text);
    let (usable, said) = check(&["--config", &config, "--data", site.data.to_str().expect("text")]);
    assert!(usable, "{said}");
    for part in [
        "https://0.0.0.0:443",
        "sha256:",
        "https://calls.example.org",
        "10.0.0.0/8 (X-Forwarded-For)",
        "12345678",
        "with the key 87654321",
        "https://app.example",
        "30 s",
        "can be used",
    ] {
        assert!(said.contains(part), "{part} is missing in {said}");
    }
    assert!(!said.contains(SECRET), "{said}");
    assert!(!site.data.exists(), "it makes nothing");
}

#[test]
fn a_directory_that_a_running_server_has_is_not_touched() {
    let site = Site::new();
    let server = site.start();
    let data = site.data.to_str().expect("text").to_owned();
    let (usable, said) = check(&["--data", &data, "--listen", server.address()]);
    assert!(usable && said.contains("one is made up at each start"), "{said}");
    server.stop();
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let site = Site::new();
    let own = rcgen::generate_simple_self_signed(vec!["h".to_owned()]).expect("a certificate");
    let other = rcgen::generate_simple_self_signed(vec!["h".to_owned()]).expect("a certificate");
    let cert = site.file("cert.pem", &own.cert.pem());
    let key = site.file("key.pem", &other.signing_key.serialize_pem());
    let text = "webhook_ca_file = \"/nowhere/ca.pem\"\n[[webhooks]]\nurl = \"https://app.example/hook\"\n";
    let config = site.file("server.toml", text);
    let data = format!("{cert}/data");
    let all = ["--config", &config, "--tls-cert", &cert, "--tls-key", &key, "--data", &data];
    let (usable, said) = check(&all);
    assert!(!usable, "{said}");
    for part in ["is not that of the certificate", "is not a directory", "webhook_ca_file", "/nowhere/ca.pem"]
    {
        assert!(said.contains(part), "{part} is missing in {said}");
    }
    assert_eq!(said.lines().count(), 3, "{said}");
    // What cannot even be read is said as `serve` says it.
    let config = site.file("bad.toml", "listen = \"127.0.0.1:1\"\nlisten_to = 1\n");
    let (usable, said) = check(&["--config", &config]);
    assert!(!usable && said.contains("line 2") && said.contains("listen_to"), "{said}");
    let open = site.file("open.toml", &format!("[[keys]]\napi_key = \"1\"\napi_secret = \"{SECRET}\"\n"));
    std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o644)).expect("our file");
    let (usable, said) = check(&["--config", &open]);
    assert!(!usable && said.contains("chmod 600") && !said.contains(SECRET), "{said}");
}
