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
    let mut all = vec!["--config", &config, "--tls-cert", &cert, "--tls-key", &key, "--data", &data];
    all.extend(["--listen", "127.0.0.1:1", "--metrics-listen", "127.0.0.1:1"]);
    let (usable, said) = check(&all);
    assert!(!usable, "{said}");
    for part in [
        "is not that of the certificate",
        "is not a directory",
        "webhook_ca_file",
        "/nowhere/ca.pem",
        "metrics cannot be read at 127.0.0.1:1",
    ] {
        assert!(said.contains(part), "{part} is missing in {said}");
    }
    assert_eq!(said.lines().count(), 4, "{said}");
    // What cannot even be read is said as `serve` says it.
    let config = site.file("bad.toml", "listen = \"127.0.0.1:1\"\nlisten_to = 1\n");
    let (usable, said) = check(&["--config", &config]);
    assert!(!usable && said.contains("line 2") && said.contains("listen_to"), "{said}");
    let open = site.file("open.toml", &format!("[[keys]]\napi_key = \"1\"\napi_secret = \"{SECRET}\"\n"));
    std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o644)).expect("our file");
    let (usable, said) = check(&["--config", &open]);
    assert!(!usable && said.contains("chmod 600") && !said.contains(SECRET), "{said}");
}

/// The example with every setting in use, and with files that there are.
#[test]
fn the_example_can_be_used_as_it_is_and_with_all_its_settings() {
    let example = include_str!("../../../docs/server/otc-server.toml");
    let site = Site::new();
    let (usable, said) = check(&["--config", &site.file("plain.toml", example)]);
    assert!(usable && said.contains("http://127.0.0.1:8080"), "{said}");
    let own = rcgen::generate_simple_self_signed(vec!["h".to_owned()]).expect("a certificate");
    let cert = site.file("cert.pem", &own.cert.pem());
    let key = site.file("key.pem", &own.signing_key.serialize_pem());
    let public_key = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/keys/application.pub.pem");
    let public_key =
        site.file("application.pem", &std::fs::read_to_string(public_key).expect("a key of the tests"));
    let all: String = example
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(setting) if !setting.is_empty() && !setting.starts_with(' ') => format!("{setting}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    let all = all
        .replace("/etc/otc-server/fullchain.pem", &cert)
        .replace("/etc/otc-server/privkey.pem", &key)
        .replace("/etc/otc-server/ca.pem", &cert)
        .replace("/etc/otc-server/application.pub.pem", &public_key)
        .replace("/var/lib/otc-server", site.data.to_str().expect("text"))
        .replace("signals_per_second = 0", "signals_per_second = 100");
    assert!(!all.contains("/etc/otc-server"), "{all}");
    let (usable, said) = check(&["--config", &site.file("all.toml", &all)]);
    assert!(usable, "{said}");
    for part in [
        "12345678, 29f760f8",
        "https://app.example",
        "http://localhost:5173",
        "with the key 87654321",
        "turns:turn.example.org:5349",
        "http://127.0.0.1:9464/metrics",
    ] {
        assert!(said.contains(part), "{part} is missing in {said}");
    }
    for secret in ["a secret of", "another secret", "the one before", "signed with", "a password that"] {
        assert!(!said.contains(secret), "{said}");
    }
}
