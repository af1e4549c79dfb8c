//! Logs say what happened and hold nothing secret.

use crate::member::Member;
use crate::support::{KEY, Request, rest_token, session_of, start, token_for};
use otc_protocol::raptor::Body;
use std::io::Write;
use std::sync::{Mutex, OnceLock};
use tracing_subscriber::fmt::MakeWriter;

/// What every server of this process logs, at every level.
#[derive(Clone, Copy)]
struct Captured;

fn text() -> &'static Mutex<Vec<u8>> {
    static TEXT: OnceLock<Mutex<Vec<u8>>> = OnceLock::new();
    TEXT.get_or_init(Mutex::default)
}

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        text().lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Captured {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        *self
    }
}

#[test]
fn refusals_are_logged_without_tokens_and_secrets() {
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(Captured);
    tracing::subscriber::set_global_default(subscriber.finish()).unwrap();
    let server = start();
    let (session, other) = (session_of(KEY), session_of(KEY));
    let good = token_for(&session);
    let bad = format!("{}x", &good[..good.len() - 1]);
    let t1 = "T1==cGFydG5lcl9pZD0xMjM0NTY=";
    let wrong = rest_token(KEY, "a-guessed-secret");
    let data = "whispered-between-us";
    for (session, token) in [(&session, &good), (&other, &good), (&session, &bad), (&session, &t1.to_owned())]
    {
        let request = Request::new(&format!("GET /session/{session}")).header("X-OPENTOK-AUTH", token);
        assert_eq!(request.send(server.addr()).status, 200);
    }
    let path = format!("/v2/project/{KEY}/session/{session}/signal");
    let signal = |request: Request| {
        request.body("application/json", format!("{{\"data\":\"{data}\"}}")).send(server.addr()).status
    };
    assert_eq!(signal(Request::new(&format!("POST {path}")).header("X-OPENTOK-AUTH", &wrong)), 403);
    assert_eq!(signal(Request::new(&format!("POST {path}")).authorized()), 404);
    let mut member = Member::join_with(server.addr(), &session, &good).expect("joined");
    assert!(Member::join_with(server.addr(), &session, &bad).is_err());
    assert_eq!(signal(Request::new(&format!("POST {path}")).authorized()), 204);
    while !matches!(member.told(), (_, Body::Signal { .. })) {}
    assert_eq!(Request::new("POST /session/create").authorized().send(server.addr()).status, 200);
    let hostile = Request::new("GET /session/1_%0aforged%20line").header("X-OPENTOK-AUTH", &good);
    assert_eq!(hostile.send(server.addr()).status, 200);

    let log = String::from_utf8(text().lock().unwrap().clone()).unwrap();
    for said in ["another session", "signature", "REST call refused", "session created"] {
        assert!(log.contains(said), "{said} is missing in\n{log}");
    }
    assert!(!log.contains("\nforged"), "a request cannot write lines of its own:\n{log}");
    for secret in [&good, &bad, t1, &wrong, data, crate::support::SECRET, "a-guessed-secret"] {
        assert!(!log.contains(secret), "{secret} is in\n{log}");
    }
    let signature = |token: &str| token.rsplit('.').next().unwrap().to_owned();
    assert!(!log.contains(&signature(&good)) && !log.contains(&signature(&wrong)), "{log}");
}
