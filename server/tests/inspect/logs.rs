//! The log says who came, and nothing that lets anybody else in.

use crate::browser::{Browser, credentials, log_in_with};
use crate::events::{open, say};
use crate::member::Member;
use crate::support::{KEY, SECRET, rest_token, session_of, start};
use serde_json::json;
use std::io::Write;
use std::sync::Mutex;
use tracing_subscriber::fmt::MakeWriter;

/// What every server of this process logs, at every level.
#[derive(Clone, Copy)]
struct Captured;

static TEXT: Mutex<Vec<u8>> = Mutex::new(Vec::new());

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        TEXT.lock().unwrap().extend_from_slice(bytes);
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
fn no_ticket_no_secret_and_no_word_of_a_signal_is_logged() {
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(Captured);
    tracing::subscriber::set_global_default(subscriber.finish()).unwrap();
    let server = start();
    let token = rest_token(KEY, SECRET);
    let browser = Browser::log_in(server.addr());
    assert_eq!(log_in_with(server.addr(), &json!({"token": token}).to_string()).status, 200);
    assert_eq!(log_in_with(server.addr(), &credentials(KEY, "my-very-own-guess")).status, 403);
    assert_eq!(log_in_with(server.addr(), &json!({"token": format!("{token}x")}).to_string()).status, 403);
    let session = session_of(KEY);
    let mut ada = Member::join(server.addr(), &session);
    let mut stream = open(&browser, &session, "?contents=1", None).unwrap();
    say(&mut ada, "chat", r#""a word of a signal""#);
    stream.entry("signal");
    let path = format!("v2/project/{KEY}/session/{session}/signal");
    assert_eq!(browser.change("POST", &path, r#"{"data":"a word of a signal"}"#).status, 204);
    let wrong = browser.request(&format!("POST /inspect/api/{path}")).header("X-OTC-CSRF", "wrong-csrf");
    assert_eq!(wrong.send(server.addr()).status, 403);
    assert_eq!(browser.change("POST", "logout", "").status, 204);
    let text = String::from_utf8_lossy(&TEXT.lock().unwrap()).into_owned();
    for line in ["logged in to /inspect", "login refused"] {
        assert!(text.contains(line), "{line}");
    }
    let ticket = browser.cookie.split_once('=').unwrap().1;
    let signature = token.rsplit('.').next().unwrap();
    for secret in
        [ticket, &browser.csrf, SECRET, "my-very-own-guess", "a word of a signal", signature, "wrong-csrf"]
    {
        assert!(!text.contains(secret), "{secret} is in the log");
    }
}
