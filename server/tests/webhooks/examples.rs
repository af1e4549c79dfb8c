//! The receivers in the documentation verify what the real server sends, and nothing else.

use crate::member::Member;
use crate::registration::register;
use crate::support::{KEY, Request, session_of, start};
use serde_json::json;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Stdio};

const PAGE: &str = include_str!("../../../docs/server/webhooks.md");

/// The program of that language: the last block of it.
fn program(language: &str) -> &'static str {
    let block = PAGE.rsplit(&format!("```{language}\n")).next().expect("a block");
    block.split("```").next().expect("its end")
}

struct Example {
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Example {
    /// Runs it, with the switch that says that the program follows.
    fn start(interpreter: &str, switch: &str, language: &str) -> (Self, SocketAddr) {
        let mut child = Command::new(interpreter)
            .args([switch, program(language)])
            .env("WEBHOOK_SECRET", "hush")
            .env("PORT", "0")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{interpreter} is needed (make setup): {error}"));
        let out = BufReader::new(child.stdout.take().expect("piped"));
        let mut example = Self { child, out };
        let line = example.line();
        let port = line.strip_prefix("listening on ").expect("its port").parse().expect("a number");
        (example, SocketAddr::from(([127, 0, 0, 1], port)))
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.out.read_line(&mut line).expect("text");
        line.trim_end().to_owned()
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn verifies(interpreter: &str, switch: &str, language: &str) {
    let (mut example, address) = Example::start(interpreter, switch, language);
    let forged = |authorization: &str| {
        let request = Request::new("POST /hook").header("Authorization", authorization);
        request.body("application/json", r#"{"event":"forged","sessionId":"s"}"#).send(address).status
    };
    for authorization in ["", "Bearer x", "Bearer a.b.c", "Bearer eyJhbGciOiJub25lIn0.e30."] {
        assert_eq!(forged(authorization), 401, "{language}: {authorization}");
    }
    let server = start();
    let session = session_of(KEY);
    for (secret, group) in [("wrong", "connection"), ("hush", "session")] {
        let url = format!("http://{address}/hook");
        let wish = json!({"group": group, "event": "created", "url": url, "secret": secret});
        assert_eq!(register(server.addr(), &wish).status, 200);
    }
    let _member = Member::join(server.addr(), &session);
    // The other receiver has the wrong secret, and is told nothing that it would take.
    assert_eq!(example.line(), format!("sessionCreated {session}"));
}

#[test]
fn the_receiver_in_python_verifies() {
    verifies("python3", "-c", "python");
}

#[test]
fn the_receiver_in_node_verifies() {
    verifies("node", "-e", "js");
}
