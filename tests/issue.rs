//! A report of an issue, from the C function to the server's log. Both logs are of the process, hence one test.
#![allow(
    unsafe_code,
    clippy::undocumented_unsafe_blocks,
    reason = "the C API is called as C calls it: with what the test holds"
)]

mod common;

use common::DEADLINE;
use common::program::{Program, Wishes, c, last_error, text};
use common::world::{KEY, World};
use otc::ffi::*;
use otc_protocol::limits::{ISSUE_BYTES, ISSUES_UNDER_WAY};
use std::ffi::{CStr, CString, c_char};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::ptr::{dangling_mut, null_mut};
use std::sync::{Condvar, Mutex};
use std::time::Instant;

/// Lines that have been logged.
struct Lines {
    text: Mutex<String>,
    more: Condvar,
}

impl Lines {
    const fn new() -> Self {
        Self { text: Mutex::new(String::new()), more: Condvar::new() }
    }

    fn add(&self, text: &str) {
        self.text.lock().expect("nobody panics with it").push_str(text);
        self.more.notify_all();
    }

    /// Waits for a line with all of these words in it.
    fn wait_for(&self, words: &[&str]) -> String {
        let deadline = Instant::now() + DEADLINE;
        let mut text = self.text.lock().expect("nobody panics with it");
        loop {
            if let Some(line) = text.lines().find(|line| words.iter().all(|word| line.contains(word))) {
                return line.to_owned();
            }
            let left = deadline.checked_duration_since(Instant::now());
            let left = left.unwrap_or_else(|| panic!("{words:?} are not logged in one line:\n{text}"));
            text = self.more.wait_timeout(text, left).expect("nobody panics with it").0;
        }
    }

    fn contains(&self, word: &str) -> bool {
        self.text.lock().expect("nobody panics with it").contains(word)
    }
}

static CLIENT: Lines = Lines::new();
static SERVER: Lines = Lines::new();

unsafe extern "C-unwind" fn take(message: *const c_char) {
    CLIENT.add(&text(message).expect("never NULL"));
}

#[derive(Clone, Copy)]
struct ServerLog;

impl Write for ServerLog {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        SERVER.add(&String::from_utf8_lossy(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Reports an issue; its id.
fn report(session: *mut otc_session, description: &CStr) -> Result<String, i32> {
    let mut id = dangling_mut();
    let status = unsafe { otc_session_report_issue(session, description.as_ptr(), &raw mut id) };
    if status != 0 {
        assert!(id.is_null(), "NULL when it fails");
        return Err(status);
    }
    let copy = text(id).expect("an id");
    unsafe { libc::free(id.cast()) };
    Ok(copy)
}

/// Reports until the reports that were under way have ended.
fn report_when_possible(session: *mut otc_session, description: &CStr) -> String {
    let deadline = Instant::now() + DEADLINE;
    loop {
        match report(session, description) {
            Ok(id) => return id,
            Err(status) => assert!(status == 1015 && Instant::now() < deadline, "{status}: {}", last_error()),
        }
        std::thread::yield_now();
    }
}

#[test]
fn an_issue_is_found_in_both_logs_by_its_id() {
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(|| ServerLog).finish();
    tracing_subscriber::util::SubscriberInitExt::try_init(subscriber).expect("the first one");
    otc_log_set_logger_callback(Some(take));
    otc_log_enable(3);
    let world = World::new();
    let (ada, ada_id) = world.member("ada");
    let session = world.session_id.as_str();

    let issue = report(ada.session, c"the others do not hear me\nsince noon").expect("accepted");
    assert!(otc_protocol::uuid::parse(&issue).is_some(), "{issue}");
    let line = CLIENT.wait_for(&[&issue]);
    for said in ["[INFO]", session, &ada_id, "Connected"] {
        assert!(line.contains(said), "{said} is missing in {line}");
    }
    let words = [&issue, "issue reported", session, &ada_id, KEY, r"the others do not hear me\nsince noon"];
    assert!(SERVER.wait_for(&words).contains("INFO"));
    assert!(!CLIENT.contains("do not hear me"), "the description is for the operator");

    // Without a connection, as large as may be, and with every character that JSON escapes.
    let idle = world.program();
    let worst = c(&"\u{1}".repeat(ISSUE_BYTES));
    let second = report_when_possible(idle.session, &worst);
    assert_ne!(second, issue);
    assert!(CLIENT.wait_for(&[&second]).contains("connection none, NotConnected"));
    SERVER.wait_for(&[&second, "issue reported", r"\u{1}\u{1}"]);

    // By connect_to_host the server is another one than the settings': it gets the report.
    let nowhere =
        Program::new(KEY, session, &Wishes { api_url: Some("http://127.0.0.1:9"), ..Wishes::default() });
    let at = world.server.addr();
    nowhere.connect_to_host(&at.ip().to_string(), "", at.port(), false, &world.token("there"));
    nowhere.wait_for_connected();
    let third = report_when_possible(nowhere.session, c"elsewhere");
    SERVER.wait_for(&[&third, "issue reported"]);

    refusals(&ada, &world);
    undelivered(session);
}

fn refusals(ada: &Program, world: &World) {
    let good = c"what is wrong";
    let mut id = dangling_mut();
    for bad in [c"", c(&"x".repeat(ISSUE_BYTES + 1)).as_c_str(), &CString::new([0xff]).expect("no NUL")] {
        assert_eq!(report(ada.session, bad), Err(1011));
        assert!(last_error().contains("issue description"), "{}", last_error());
    }
    let status = unsafe { otc_session_report_issue(ada.session, std::ptr::null(), &raw mut id) };
    assert_eq!((status, id.is_null()), (1011, true));
    let status = unsafe { otc_session_report_issue(ada.session, good.as_ptr(), null_mut()) };
    assert_eq!(status, 1011);
    assert!(last_error().contains("issue id"), "{}", last_error());
    for session in [null_mut(), (&raw const *world).cast_mut().cast()] {
        assert_eq!(report(session, good), Err(1));
    }
}

/// Reports to a server that takes connections and never answers: they are bounded, and none is lost in silence.
fn undelivered(session: &str) {
    let deaf = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", deaf.local_addr().expect("bound"));
    let program = Program::new(KEY, session, &Wishes { api_url: Some(&url), ..Wishes::default() });
    let mut issues = vec![report_when_possible(program.session, c"never read")];
    while issues.len() < ISSUES_UNDER_WAY {
        issues.push(report_when_possible(program.session, c"never read"));
    }
    assert_eq!(report(program.session, c"one too many"), Err(1015));
    assert!(last_error().contains("issue reports"), "{}", last_error());
    // A session that is deleted takes none with it.
    program.delete();
    let (mut caller, _) = deaf.accept().expect("somebody calls");
    // An answer to what has not been asked yet would be none.
    assert!(caller.read(&mut [0; 1024]).expect("a request") > 0);
    let _ = caller.write_all(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
    let line = CLIENT.wait_for(&["[WARN]", "503"]);
    assert!(issues.iter().any(|issue| line.contains(issue)), "{line}");
    // The library waits half a second for the others and then says that it gives them up.
    assert_eq!(otc_destroy(), 0);
    for issue in &issues {
        CLIENT.wait_for(&["[WARN]", issue, "has not reached the server"]);
    }
    CLIENT.wait_for(&["[WARN]", "the library has been stopped"]);
    drop(deaf);
}
