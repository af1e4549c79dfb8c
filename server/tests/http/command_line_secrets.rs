//! The program with applications, an account, and files that only their owner may read.

use crate::caller::APPLICATION;
use crate::command_line::{Serving, printed, program};
use crate::support::{KEY, Request, SECRET, rest_token};
use otc_protocol::session_id::SessionId;
use rustix::process::Signal;
use serde_json::Value;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Output;

const PUBLIC_FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/keys/application.pub.pem");
const PRIVATE: &str = include_str!("../keys/application.pem");
const ACCOUNT: [(&str, &str); 2] = [("OTC_ACCOUNT_KEY", "100"), ("OTC_ACCOUNT_SECRET", "hush-hush")];

/// A file of that text and mode, which goes away with the value.
struct TextFile(PathBuf);

impl TextFile {
    fn new(text: &str, mode: u32) -> Self {
        let name: [u8; 8] = otc_server::keys::random().unwrap();
        let path = std::env::temp_dir().join(format!("otc-file-{:x}", u64::from_be_bytes(name)));
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for TextFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn run(arguments: &[&str]) -> Output {
    program().args(arguments).output().unwrap()
}

fn refusal(output: &Output) -> String {
    assert!(!output.status.success() && output.stdout.is_empty(), "{output:?}");
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    let secret = PRIVATE.lines().nth(3).unwrap();
    assert!(!said.contains("hush") && !said.contains(secret), "{said}");
    said
}

fn create(serving: &Serving, header: &str, token: &str) -> (u16, Value) {
    let request = Request::new("POST /session/create").header(header, token);
    let answer = request.header("Accept", "application/json").send(serving.address);
    (answer.status, answer.json())
}

#[test]
fn an_application_needs_the_program_alone() {
    let key = TextFile::new(PRIVATE, 0o600);
    let application = format!("{APPLICATION}={PUBLIC_FILE}");
    let serve = ["serve", "--listen", "127.0.0.1:0", "--application", &application];
    let with_flag = Serving::start(program().args(serve));
    let by_variable = Serving::start(program().args(&serve[..3]).env("OTC_APPLICATION", &application));
    let session = printed(&run(&["session", "--application-id", APPLICATION]));
    assert_eq!(SessionId::decode(&session).unwrap().project.as_str(), APPLICATION);
    let signer = ["--application-id", APPLICATION, "--private-key", key.path()];
    let token = printed(&run(&[&["token", "--session", &session][..], &signer].concat()));
    let rest = printed(&run(&[&["rest-token"][..], &signer].concat()));
    let by_variables = printed(
        &program()
            .args(["rest-token"])
            .env("OTC_APPLICATION_ID", APPLICATION)
            .env("OTC_PRIVATE_KEY", key.path())
            .env("OTC_API_KEY", KEY)
            .env("OTC_API_SECRET", SECRET)
            .output()
            .unwrap(),
    );
    for serving in [&with_flag, &by_variable] {
        for token in [&rest, &by_variables] {
            let (status, created) = create(serving, "Authorization", &format!("Bearer {token}"));
            assert_eq!(
                (status, created[0]["application_id"].as_str()),
                (200, Some(APPLICATION)),
                "{created}"
            );
        }
        let info = Request::new(&format!("GET /session/{session}")).header("X-TB-TOKEN-AUTH", &token);
        assert_eq!(info.send(serving.address).json()[0]["session_id"], session.as_str());
    }
    for serving in [with_flag, by_variable] {
        let (code, out, _) = serving.end(Signal::TERM);
        assert_eq!((code, out.as_str()), (Some(0), ""), "no key was made up");
    }
}

#[test]
fn rest_tokens_are_printed_for_every_caller() {
    let mut command = program();
    command
        .args(["serve", "--listen", "127.0.0.1:0", "--api-key", KEY, "--api-secret", SECRET])
        .envs(ACCOUNT);
    let serving = Serving::start(&mut command);
    let own = printed(&run(&["rest-token", "--api-key", KEY, "--api-secret", SECRET]));
    assert_eq!(create(&serving, "X-OPENTOK-AUTH", &own).0, 200);
    let account = printed(&program().args(["rest-token", "--account"]).envs(ACCOUNT).output().unwrap());
    let flags = ["rest-token", "--account", "--account-key", "100", "--account-secret", "hush-hush"];
    for token in [account, printed(&run(&flags))] {
        let made =
            Request::new("POST /v2/project").header("X-OPENTOK-AUTH", &token).send(serving.address).json();
        let (id, secret) = (made["id"].as_str().unwrap(), made["secret"].as_str().unwrap());
        assert_eq!(create(&serving, "X-OPENTOK-AUTH", &rest_token(id, secret)).0, 200);
    }
    let (code, _, log) = serving.end(Signal::TERM);
    assert!(code == Some(0) && log.contains("project made") && !log.contains("hush"), "{log}");
}

#[test]
fn what_is_missing_is_named() {
    let key = TextFile::new(PRIVATE, 0o600);
    for (arguments, expected) in [
        (&["session"][..], "--application-id"),
        (&["session", "--application-id", KEY], "UUID"),
        (&["rest-token"], "--api-key"),
        (&["rest-token", "--api-key", KEY], "--api-secret"),
        (&["rest-token", "--account"], "--account-secret"),
        (&["rest-token", "--application-id", APPLICATION], "--private-key"),
        (&["rest-token", "--application-id", KEY, "--private-key", key.path()], "UUID"),
        (&["rest-token", "--application-id", APPLICATION, "--private-key", "/nonexistent"], "cannot read"),
        (&["rest-token", "--application-id", APPLICATION, "--private-key", PUBLIC_FILE], "chmod 600"),
        (&["serve", "--application", APPLICATION], "UUID=FILE"),
        (&["serve", "--account-key", "1"], "--account-secret"),
    ] {
        let said = refusal(&run(arguments));
        assert!(said.contains(expected), "{arguments:?}: {said}");
    }
    let private = format!("{APPLICATION}={}", key.path());
    let said = refusal(&run(&["serve", "--application", &private]));
    assert!(said.contains("is a private key") && said.contains("-pubout"), "{said}");
    let session = printed(&run(&["session", "--application-id", APPLICATION]));
    let signer = ["--application-id", APPLICATION, "--private-key", key.path()];
    let t1 = refusal(&run(&[&["token", "--t1", "--session", &session][..], &signer].concat()));
    assert!(t1.contains("T1"), "{t1}");
}

#[test]
fn files_with_secrets_that_others_may_read_are_refused() {
    let config = format!("listen = \"127.0.0.1:0\"\n[[keys]]\napi_key = \"{KEY}\"\napi_secret = \"hush\"\n");
    let (config, key) = (TextFile::new(&config, 0o644), TextFile::new(PRIVATE, 0o640));
    let told = |output: &Output, path: &Path| {
        let said = refusal(output);
        let what_to_do = format!("chmod 600 {}", path.display());
        assert!(said.contains(&what_to_do) && said.contains("--allow-readable-secrets"), "{said}");
    };
    told(&run(&["serve", "--config", config.path()]), &config.0);
    let signer = ["rest-token", "--application-id", APPLICATION, "--private-key", key.path()];
    told(&run(&signer), &key.0);
    printed(&run(&[&signer[..], &["--allow-readable-secrets"]].concat()));
    for (value, allowed) in [("1", true), ("true", true), ("0", false), ("", false)] {
        let output = program().args(signer).env("OTC_ALLOW_READABLE_SECRETS", value).output().unwrap();
        assert_eq!(output.status.success(), allowed, "{value}: {output:?}");
    }
    let serve = ["serve", "--config", config.path(), "--allow-readable-secrets"];
    assert_eq!(Serving::start(program().args(serve)).end(Signal::TERM).0, Some(0));
    std::fs::set_permissions(&config.0, Permissions::from_mode(0o600)).unwrap();
    let serving = Serving::start(program().args(&serve[..3]));
    assert_eq!(create(&serving, "X-OPENTOK-AUTH", &rest_token(KEY, "hush")).0, 200);
    assert_eq!(serving.end(Signal::TERM).0, Some(0));
}
