//! The program itself: `serve`, `session`, `token`.

use crate::support::{DEADLINE, KEY, Request, SECRET};
use otc_protocol::session_id::SessionId;
use otc_server::auth::Authenticator;
use otc_server::projects::Projects;
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::{Arc, mpsc};

pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_otc-server"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("OTC_")) {
        command.env_remove(name);
    }
    command
}

fn run(arguments: &[&str]) -> Output {
    program().args(arguments).env("OTC_API_KEY", KEY).env("OTC_API_SECRET", SECRET).output().unwrap()
}

pub(crate) fn printed(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    let value = text.strip_suffix('\n').unwrap();
    assert!(!value.contains(char::is_whitespace), "the value and a newline, nothing else: {text:?}");
    value.to_owned()
}

/// A program that does not outlive its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself, which is as good.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A running `serve`.
pub(crate) struct Serving {
    child: Running,
    stdout: BufReader<ChildStdout>,
    pub(crate) address: SocketAddr,
}

impl Serving {
    pub(crate) fn start(command: &mut Command) -> Self {
        let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = Running(command.spawn().unwrap());
        let mut stdout = BufReader::new(child.0.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let address =
            line.trim_end().strip_prefix("listening on http://").unwrap_or_else(|| panic!("{line:?}"));
        Self { child, stdout, address: address.parse().unwrap() }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        line.trim().to_owned()
    }

    /// Sends a signal, and returns what the program left behind once it has ended, which must be soon.
    pub(crate) fn end(mut self, signal: Signal) -> (Option<i32>, String, String) {
        kill_process(Pid::from_child(&self.child.0), signal).unwrap();
        let mut stderr = self.child.0.stderr.take().unwrap();
        let (send, receive) = mpsc::channel();
        std::thread::spawn(move || {
            let (mut out, mut err) = (String::new(), String::new());
            self.stdout.read_to_string(&mut out).unwrap();
            stderr.read_to_string(&mut err).unwrap();
            let _ = send.send((self.child.0.wait().unwrap().code(), out, err));
        });
        receive.recv_timeout(DEADLINE).expect("the program ends")
    }
}

#[test]
fn serve_says_where_and_ends_cleanly() {
    for signal in [Signal::TERM, Signal::INT] {
        let arguments = ["serve", "--listen", "127.0.0.1:0", "--api-key", KEY, "--api-secret", SECRET];
        let serving = Serving::start(program().args(arguments).env("OTC_LOG", "trace"));
        assert_ne!(serving.address.port(), 0);
        let answer = Request::new("POST /session/create")
            .authorized()
            .header("Accept", "application/json")
            .send(serving.address);
        assert_eq!(answer.status, 200, "the pair on the command line is the server's");
        let (code, out, err) = serving.end(signal);
        assert_eq!((code, out.as_str()), (Some(0), ""), "{err}");
        assert!(err.contains("stopping") && !err.contains(SECRET), "{err}");
    }
}

#[test]
fn serve_is_configured_by_the_environment_too() {
    let mut command = program();
    command
        .arg("serve")
        .env("OTC_LISTEN", "127.0.0.1:0")
        .env("OTC_API_KEY", KEY)
        .env("OTC_API_SECRET", SECRET);
    let serving = Serving::start(&mut command);
    let answer = Request::new("POST /session/create").authorized().send(serving.address);
    assert_eq!(answer.status, 200);
    assert_eq!(serving.end(Signal::TERM).0, Some(0));
}

#[test]
fn a_variable_that_is_set_to_nothing_is_not_set() {
    let mut command = program();
    for name in [
        "OTC_API_KEY",
        "OTC_API_SECRET",
        "OTC_CONFIG",
        "OTC_PUBLIC_URL",
        "OTC_DATA",
        "OTC_LOG",
        "OTC_APPLICATION",
        "OTC_ACCOUNT_KEY",
        "OTC_ACCOUNT_SECRET",
    ] {
        command.env(name, "");
    }
    let mut serving = Serving::start(command.args(["serve", "--listen", "127.0.0.1:0"]));
    assert!(serving.line().contains("this run only"));
    let (code, _, err) = serving.end(Signal::TERM);
    assert!(code == Some(0) && err.contains("stopping"), "{err}");
    let output = program().arg("session").env("OTC_API_KEY", "").output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && err.contains("--api-key KEY"), "{err}");
}

#[test]
fn without_a_key_a_pair_is_made_up_and_printed_once() {
    let mut serving =
        Serving::start(program().args(["serve", "--listen", "127.0.0.1:0"]).env("OTC_LOG", "trace"));
    let note = serving.line();
    assert!(note.contains("this run only"), "{note}");
    let key = serving.line().strip_prefix("export OTC_API_KEY=").unwrap().to_owned();
    let secret = serving.line().strip_prefix("export OTC_API_SECRET=").unwrap().to_owned();
    let answer = Request::new("POST /session/create")
        .header("X-OPENTOK-AUTH", &crate::support::rest_token(&key, &secret))
        .send(serving.address);
    assert_eq!(answer.status, 200);
    let (code, out, err) = serving.end(Signal::TERM);
    assert_eq!((code, out.as_str()), (Some(0), ""));
    assert!(!err.contains(&secret), "{err}");
}

#[test]
fn what_cannot_be_served_is_refused_with_what_to_do() {
    let refused = |arguments: &[&str]| {
        let output = program().args(arguments).output().unwrap();
        assert!(!output.status.success() && output.stdout.is_empty(), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(refused(&["serve", "--listen", "0.0.0.0:0"]).contains("--api-key and --api-secret"));
    assert!(refused(&["serve", "--api-key", KEY]).contains("--api-secret"));
    assert!(refused(&["serve", "--listen", "nowhere"]).contains("127.0.0.1:8080"));
    assert!(refused(&["serve", "--config", "/nonexistent.toml"]).contains("cannot read"));
    assert!(refused(&["session"]).contains("--api-key"));
    assert!(refused(&["serve", "--tls-cert", "/nonexistent.pem"]).contains("OTC_TLS_KEY"));
    let by_environment = program()
        .args(["serve", "--listen", "127.0.0.1:0"])
        .env("OTC_TLS_CERT", "/nonexistent.pem")
        .env("OTC_TLS_KEY", "/nonexistent.key")
        .output()
        .unwrap();
    let said = String::from_utf8(by_environment.stderr).unwrap();
    assert!(!by_environment.status.success() && said.contains("cannot read /nonexistent.pem"), "{said}");
    let long = "-whispered".repeat(200);
    let token = ["token", "--session", "s", "--api-key", KEY, "--api-secret", &long];
    for arguments in [&token[..], &["serve", "--api-key", KEY, "--api-secret", &long]] {
        let error = refused(arguments);
        assert!(error.contains("1024 bytes") && !error.contains("whispered"), "{error}");
    }
    let help = program().args(["serve", "--help"]).env("OTC_API_SECRET", SECRET).output().unwrap();
    assert!(!String::from_utf8(help.stdout).unwrap().contains(SECRET), "help does not show the secret");
}

#[test]
fn sessions_are_minted_offline() {
    for (arguments, relayed) in
        [(&["session"][..], true), (&["session", "--relayed"], true), (&["session", "--routed"], false)]
    {
        let session = SessionId::decode(&printed(&run(arguments))).unwrap();
        assert_eq!((session.project.as_str(), session.relayed), (KEY, relayed), "{arguments:?}");
    }
    assert!(!run(&["session", "--relayed", "--routed"]).status.success());
}

#[test]
fn tokens_are_minted_offline() {
    let session = printed(&run(&["session"]));
    let projects = Projects::new(vec![crate::support::pair().into()], 0).unwrap();
    let auth = Authenticator::new(Arc::new(projects), None);
    let verified = |token: &str| {
        let now = crate::support::unix_seconds();
        auth.verify_client_token(token, &session, KEY, now).unwrap()
    };
    let token = printed(&run(&["token", "--session", &session]));
    assert!(token.starts_with("eyJ"), "a JWT by default: {token}");
    let claims = verified(&token);
    assert_eq!((claims.role.name(), claims.connection_data.as_str()), ("publisher", ""));
    assert_eq!(claims.expires.unwrap() - claims.created.unwrap(), 86_400);

    let rest = ["--role", "moderator", "--data", "name=Ada Löwe", "--expires-in", "60"];
    for (kind, start) in [("--jwt", "eyJ"), ("--t1", "T1==")] {
        let arguments = [&["token", "--session", &session, kind][..], &rest].concat();
        let token = printed(&run(&arguments));
        assert!(token.starts_with(start), "{token}");
        let claims = verified(&token);
        assert_eq!((claims.role.name(), claims.connection_data.as_str()), ("moderator", "name=Ada Löwe"));
        assert_eq!(claims.expires.unwrap() - claims.created.unwrap(), 60);
    }
    for (arguments, message) in [
        (&["--session", "nonsense"][..], "otc-server session"),
        (&["--session", &session, "--role", "king"], "moderator"),
        (&["--session", &session, "--expires-in", "2592001"], "30 days"),
        (&["--session", &session, "--api-key", "654321"], KEY),
    ] {
        let output = run(&[&["token"][..], arguments].concat());
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && output.stdout.is_empty() && said.contains(message), "{said}");
        assert!(!said.contains(SECRET));
    }
}
