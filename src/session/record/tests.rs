//! Recordings that are damaged, hostile or full, and rules that are broken. That every run of the engine's other tests
//! happens again is checked at the end of each (`session/tests/client.rs`).

use super::replay::{Replayed, Step};
use super::*;
use crate::session::{Failure, FailureKind, MediaConfig, Moderation, Secret, Status};
use otc_protocol::envelope;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::time::Duration;

const NOW: Moment = Moment::from_millis(77);

fn config() -> Config {
    Config {
        api_key: "key-of-ada".into(),
        session_id: "session-of-ada".into(),
        api_url: "https://user:pass@host.example/path?query".into(),
        proxy_url: Some("http://proxy.example".into()),
        connection_events_suppressed: false,
        reconnect_window: Duration::from_secs(30),
        signal_queue: 4,
        user_agent: "agent of ada".into(),
        session_migration: false,
        media: MediaConfig::default(),
    }
}

struct Recorded {
    engine: Engine,
    recorder: Recorder,
}

impl Recorded {
    fn new() -> Self {
        let seeds = Seeds { ids: [1; 32], sockets: [2; 32] };
        Self { engine: Engine::new(config(), seeds), recorder: Recorder::new(NOW, "test", &config(), &seeds) }
    }

    fn handle(&mut self, input: Input<'_>) -> Vec<Output> {
        let mut out = Vec::new();
        let _ = self.recorder.handle(&mut self.engine, NOW + Duration::from_millis(5), input, &mut out);
        out
    }

    fn text(&mut self) -> String {
        self.recorder.take(str::to_owned)
    }

    /// One of each kind of line.
    fn of_everything() -> String {
        let mut recorded = Self::new();
        let token = || Secret("T1==token-of-ada".into());
        recorded.handle(Input::Connect { token: token(), api_url: Some("http://api.example".into()) });
        recorded.handle(Input::Connect { token: token(), api_url: None });
        let info = json!([{"session_id": "session-of-ada", "partner_id": "key-of-ada", "symphony_address": "symphony.x",
            "messaging_url": "wss://messages.example/x?hidden", "properties": {"reconnection": true}}]);
        recorded.handle(Input::Info { attempt: 1, status: 200, body: info.to_string().as_bytes() });
        recorded.handle(Input::Dialing { attempt: 2 });
        recorded.handle(Input::Opened { attempt: 2 });
        for bytes in [&envelope::pong()[..], &envelope::ping(), b"x", b"\0\0\0\x05\0\0\x05\0\0"] {
            recorded.handle(Input::Frame { attempt: 2, bytes });
        }
        let frame = envelope::status("", 403, "transaction", br#"{"reason":"because"}"#).expect("fits");
        recorded.handle(Input::Frame { attempt: 2, bytes: &frame });
        let signal = json!({"method": "signal", "uri": "/v2/partner/key-of-ada/session/session-of-ada/signal/s",
            "content": {"type": "type", "data": "data"}});
        let frame = envelope::message("", "t", "from", signal.to_string().as_bytes()).expect("fits");
        recorded.handle(Input::Frame { attempt: 2, bytes: &frame });
        recorded.handle(Input::Signal { kind: Some("k"), data: Some("d"), to: Some("to"), retry: false });
        recorded.handle(Input::SetEncryptionSecret(Secret("too few".into())));
        let except = ["a", "b/c"];
        for moderation in [
            Moderation::MuteAll { except: &except },
            Moderation::EndMute,
            Moderation::MuteStream("s"),
            Moderation::Disconnect("c"),
        ] {
            recorded.handle(Input::Moderate(moderation));
        }
        let failure = || Failure { kind: FailureKind::Unreachable, text: "host.example".into() };
        recorded.handle(Input::InfoFailed { attempt: 7, failure: failure() });
        recorded.handle(Input::OpenFailed { attempt: 7, failure: failure() });
        recorded.handle(Input::Info { attempt: 7, status: 200, body: b"nonsense" });
        recorded.handle(Input::Reading(false));
        recorded.handle(Input::Timer);
        recorded.handle(Input::Closed { attempt: 2, code: Some(1011) });
        recorded.handle(Input::Disconnect);
        recorded.recorder.broke(&mut recorded.engine, NOW + Duration::from_secs(1), &mut Vec::new());
        recorded.text()
    }
}

fn same(text: &str) -> Recording {
    let recording = Recording::read(text).unwrap_or_else(|error| panic!("{error}:\n{text}"));
    let replayed = recording.replay();
    let different: Vec<_> = replayed.steps.iter().filter(|step| step.different.is_some()).collect();
    assert!(different.is_empty(), "{:?}", different.iter().map(|step| &step.input).collect::<Vec<_>>());
    recording
}

#[test]
fn everything_that_can_happen_is_written_read_and_happens_again() {
    let text = Recorded::of_everything();
    let recording = same(&text);
    assert_eq!(recording.len(), text.lines().count() - 1);
    for secret in ["ada", "example", "hidden", "T1", "pass", "because", "too few", "data\":\"d", "session-of"]
    {
        let said = text.lines().filter(|line| line.contains(secret)).collect::<Vec<_>>();
        assert!(said.is_empty(), "{secret}: {said:?}");
    }
}

#[test]
fn every_refusal_of_a_session_info_is_refused_again() {
    let project = r#""session_id":"s","partner_id":"key-of-ada""#;
    let bodies = [
        (500, "x".to_owned()),
        (200, String::new()),
        (200, "[]".into()),
        (200, "{}".into()),
        (200, "[1]".into()),
        (200, "[{}]".into()),
        (200, r#"[{"session_id":"s"}]"#.into()),
        (200, r#"[{"session_id":"s","partner_id":"other"}]"#.into()),
        (200, format!("[{{{project}}}]")),
        (200, format!(r#"[{{{project},"messaging_url":"http://x"}}]"#)),
        (200, " ".repeat(otc_protocol::limits::INFO_BYTES + 1)),
    ];
    let codes =
        [400, 403, 404, 409, 500, 503].map(|code| (200, format!(r#"[{{"error":{{"code":{code}}}}}]"#)));
    for (status, body) in bodies.into_iter().chain(codes) {
        let mut recorded = Recorded::new();
        recorded.handle(Input::Connect { token: Secret("t".into()), api_url: None });
        let out = recorded.handle(Input::Info { attempt: 1, status, body: body.as_bytes() });
        assert!(!out.is_empty(), "{body} is no session info");
        same(&recorded.text());
    }
}

#[test]
fn a_panic_of_the_engines_is_said_by_what_follows_it() {
    let mut recorded = Recorded::new();
    recorded.handle(Input::Connect { token: Secret("t".into()), api_url: None });
    // As if the engine had not come back.
    recorded.recorder.begin(NOW, |line, _, _| {
        line.text("in", "timer");
    });
    recorded.recorder.broke(&mut recorded.engine, NOW, &mut Vec::new());
    let text = recorded.text();
    let steps = Recording::read(&text).expect("whole").replay().steps;
    assert_eq!(
        steps.iter().filter_map(|step| step.different).collect::<Vec<_>>(),
        ["the engine panicked"],
        "{text}"
    );
    assert_eq!(steps.last().map(|step| step.status), Some(Status::NotConnected));
}

#[test]
fn a_recording_is_bounded_and_its_last_line_says_so() {
    let mut recorded = Recorded::new();
    let id = "x".repeat(1_000_000);
    let mut text = String::new();
    let mut inputs = 0;
    while !recorded.recorder.is_full() {
        recorded.handle(Input::Moderate(Moderation::MuteStream(&id)));
        text += &recorded.text();
        inputs += 1;
        assert!(inputs < 1000, "{} bytes and no end", text.len());
    }
    assert!(text.len() > RECORDING_BYTES - 1_001_000 && text.len() <= RECORDING_BYTES, "{}", text.len());
    let whole = Recording::read(&text).expect("whole");
    assert!(whole.is_full && !whole.is_cut_off);
    assert_eq!(whole.len(), inputs - 1, "whole lines");
    // The engine works on, and nothing more is written.
    assert!(!recorded.handle(Input::Connect { token: Secret("t".into()), api_url: None }).is_empty());
    assert_eq!(recorded.text(), "");
}

#[test]
fn a_recording_that_is_cut_off_anywhere_is_read_as_far_as_it_goes() {
    let text = Recorded::of_everything();
    let first = text.find('\n').expect("many lines");
    for end in 0..text.len() {
        match Recording::read(&text[..end]) {
            Ok(recording) => {
                assert!(end >= first, "{end}");
                let whole = text[..end].ends_with('\n') || end == first;
                assert_eq!(recording.is_cut_off, !whole, "{end}");
                assert_eq!(recording.len(), text[..end].matches('\n').count().saturating_sub(1));
            }
            Err(error) => assert!(end < first && error.line == 1, "{end}: {error}"),
        }
    }
}

/// A file of strangers' must not take all memory: each line stands for 75,000 bytes.
#[test]
fn what_a_recording_brings_back_is_bounded() {
    let mut test = Recorded::new();
    let first = test.text();
    let first = first.lines().next().expect("the first line");
    let line = r#"{"t":1,"in":"frame","attempt":1,"bytes":1,"frame":"status","transaction":"","status":200,"left_out":15000,"json":{}}"#;
    let text = |lines: usize| format!("{first}\n{}", format!("{line}\n").repeat(lines));
    assert_eq!(Recording::read(&text(256)).expect("as much as may be").len(), 256);
    let error = Recording::read(&text(257)).err().expect("too much");
    assert_eq!(error.line, 258, "{error}");
}

#[test]
fn what_is_no_recording_is_an_error_that_says_where() {
    let good = Recorded::of_everything();
    let beginning = good.lines().next().expect("one").to_owned();
    let with = |line: &str| format!("{beginning}\n{line}\n");
    let replaced = |from: &str, to: &str| {
        assert!(beginning.contains(from), "{beginning}");
        beginning.replace(from, to)
    };
    let table = [
        (String::new(), 1),
        ("[]\n".into(), 1),
        ("Dear diary\n".into(), 1),
        (replaced("\"otc_recording\":1", "\"otc_recording\":2"), 1),
        (replaced("\"signal_queue\":4", "\"signal_queue\":-4"), 1),
        (replaced("\"seed\":\"01", "\"seed\":\"0"), 1),
        (replaced("\"seed\":\"01", "\"seed\":\"zz"), 1),
        (with("{}"), 2),
        (with("null"), 2),
        (with(r#"{"t":1}"#), 2),
        (with(r#"{"in":"timer"}"#), 2),
        (with(r#"{"t":-1,"in":"timer"}"#), 2),
        (with(r#"{"t":1,"in":"unheard of"}"#), 2),
        (with(r#"{"t":1,"in":"timer","out":7}"#), 2),
        (with(r#"{"t":1,"in":"signal","retry":1}"#), 2),
        (with(r#"{"t":1,"in":"signal","retry":true,"data":[1,1,1,1,1,1,1,1]}"#), 2),
        (with(r#"{"t":1,"in":"frame","attempt":1,"frame":"unheard of"}"#), 2),
        (with(r#"{"t":1,"in":"frame","attempt":1,"frame":"unknown","number":256}"#), 2),
        (with(r#"{"t":1,"in":"info","attempt":1,"status":200}"#), 2),
        (with(r#"{"t":1,"in":"info","attempt":1,"status":200,"error":5,"retry":true}"#), 2),
        (with(r#"{"t":1,"in":"open_failed","attempt":1,"text":1,"failure":"x"}"#), 2),
        (with("{\"t\":1,\"end\":\"full\"}\n{\"t\":1,\"in\":\"timer\"}"), 3),
    ];
    for (text, line) in table {
        match Recording::read(&text) {
            Ok(_) => panic!("{text} was read"),
            Err(error) => assert!(error.line == line && !error.what.is_empty(), "{text}: {error}"),
        }
    }
    // A text that fits no frame.
    let long = "x".repeat(70_000);
    let line = format!(r#"{{"t":1,"in":"frame","attempt":1,"frame":"message","transaction":"{long}"}}"#);
    assert!(Recording::read(&with(&line)).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_recording_makes_the_reader_panic(at in 0usize..10_000, put in "\\PC{0,4}", cut in 0usize..6) {
        let mut text = Recorded::of_everything();
        let at = (0..=at % text.len()).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        let end = (at + cut..=text.len()).find(|end| text.is_char_boundary(*end)).unwrap_or(at);
        text.replace_range(at..end, &put);
        if let Ok(recording) = Recording::read(&text) {
            let replayed = recording.replay();
            prop_assert!(replayed.steps.iter().all(|step| !step.panicked));
            let _ = (replayed.expected(), replayed.broken_rules());
        }
    }
}

/// Steps in which these things happen and come out.
fn steps(happened: &[(Value, &[Value])]) -> Replayed {
    let step = |(line, (input, out)): (usize, &(Value, &[Value]))| Step {
        line,
        at: Duration::ZERO,
        happened: String::new(),
        input: input.clone(),
        out: out.to_vec(),
        texts: Vec::new(),
        refused: None,
        panicked: false,
        status: Status::NotConnected,
        recorded: Vec::new(),
        different: None,
    };
    Replayed { steps: happened.iter().enumerate().map(step).collect() }
}

#[test]
fn broken_rules_are_found() {
    let event = |name: &str| json!({"event": name});
    let status = |name: &str| json!({"event": "status", "status": name});
    let request = json!({"do": "send", "frame": "request", "method": "signal", "transaction": "t"});
    let signal = json!({"in": "signal"});
    let nothing = json!({"in": "timer"});
    let answer = json!({"in": "frame", "attempt": 1, "status": 200, "transaction": "t"});
    let failed = json!({"event": "signal_failed", "code": 1550});
    let error = |code: u16| json!({"event": "error", "code": code});
    let member = |name: &str| json!({"event": name, "connection": "c"});
    let join = [status("Connecting"), json!({"do": "dial", "attempt": 1})];
    let joined = [status("Connected"), event("connected")];
    let away = [status("Reconnecting"), event("reconnecting"), json!({"do": "dial", "attempt": 1})];
    let back = [status("Connected"), event("reconnected")];
    let ended = [status("NotConnected"), event("disconnected")];
    let opened = json!({"in": "opened", "attempt": 1});
    let begin = [(nothing.clone(), &join[..]), (opened.clone(), &joined[..])];
    let broken = |rest: &[(Value, &[Value])]| steps(&[&begin[..], rest].concat()).broken_rules().len();

    let good: [(Value, &[Value]); 6] = [
        (signal.clone(), std::slice::from_ref(&request)),
        (nothing.clone(), &away),
        (opened.clone(), std::slice::from_ref(&request)),
        (nothing.clone(), &back),
        (answer.clone(), &[]),
        (nothing.clone(), &ended),
    ];
    assert_eq!(broken(&good), 0);
    assert_eq!(broken(&[(nothing.clone(), &[event("reconnected")])]), 1, "nothing was lost");
    assert_eq!(broken(&[(nothing.clone(), &[event("connected")])]), 1, "twice");
    assert_eq!(broken(&[(nothing.clone(), &[status("Connecting")])]), 1, "it is connected");
    assert_eq!(broken(&[(nothing.clone(), &ended), (nothing.clone(), &[event("disconnected")])]), 1, "twice");
    assert_eq!(broken(&[(nothing.clone(), &[member("connection_dropped")])]), 1, "nobody came");
    let came = member("connection_created");
    assert_eq!(broken(&[(nothing.clone(), &[came.clone(), came])]), 1, "twice");
    assert_eq!(broken(&[(nothing.clone(), &away), (nothing.clone(), &[event("signal")])]), 1, "away");
    assert_eq!(broken(&[(nothing.clone(), &[error(1022)])]), 1, "and then?");
    assert_eq!(broken(&[(nothing.clone(), &[error(1022), event("signal")])]), 1, "and then?");
    let dropped = [error(1022), status("NotConnected"), event("disconnected")];
    assert_eq!(broken(&[(nothing.clone(), &dropped)]), 1, "the status comes first");
    let lost: [(Value, &[Value]); 2] =
        [(signal.clone(), std::slice::from_ref(&request)), (nothing.clone(), &ended)];
    assert_eq!(broken(&lost), 1, "nothing became of the signal");
    let twice: [(Value, &[Value]); 3] = [
        (signal.clone(), std::slice::from_ref(&request)),
        (answer, &[]),
        (nothing.clone(), std::slice::from_ref(&failed)),
    ];
    assert_eq!(broken(&twice), 1, "it was carried out");
    assert_eq!(broken(&[(signal, &[failed.clone(), failed])]), 1, "reported twice");
}
