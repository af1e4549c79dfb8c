//! Recordings, read.

use super::VERSION;
use super::heard::{failure_name, refused_info};
use super::names::Shape;
use crate::session::{Config, Failure, FailureKind, Input, MediaConfig, Moderation, Refusal, Secret};
use bytes::Bytes;
use otc_protocol::envelope;
use otc_protocol::error::ErrorCode;
use otc_protocol::limits::{OUTBOX_SIGNALS_MOST, RECORDING_BYTES, RECORDING_LEFT_OUT, SESSION_CONNECTIONS};
use otc_protocol::rumor::{Kind, encode};
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// A recording that has been read.
pub struct Recording {
    /// The version of the library that has written it.
    pub library: String,
    /// The system that it was built for.
    pub os: String,
    /// The recording was ended because of its size.
    pub is_full: bool,
    /// The last line is not whole: the program was killed, or the file has been cut.
    pub is_cut_off: bool,
    pub(super) config: Config,
    pub(super) seed: [u8; 32],
    pub(super) entries: Vec<Entry>,
}

/// A line: something that happened.
pub(super) struct Entry {
    /// Its number in the file, from 1.
    pub(super) line: usize,
    /// When, since the beginning.
    pub(super) at: Duration,
    pub(super) happened: Happened,
    /// What it was, for people.
    pub(super) text: String,
    pub(super) refused: Option<i32>,
    pub(super) panicked: bool,
    pub(super) out: Vec<Value>,
    /// The whole line.
    pub(super) whole: String,
}

/// What happened.
pub(super) enum Happened {
    Connect { token: Shape, api_url: Option<String> },
    Signal { kind: Option<Shape>, data: Option<Shape>, to: Option<String>, retry: bool },
    EncryptionSecret(Shape),
    MuteAll(Vec<String>),
    EndMute,
    MuteStream(String),
    SendAway(String),
    Disconnect,
    Info { attempt: u64, status: u16, body: Vec<u8> },
    InfoFailed { attempt: u64, kind: FailureKind, text: Shape },
    Dialing(u64),
    Opened(u64),
    OpenFailed { attempt: u64, kind: FailureKind, text: Shape },
    Frame { attempt: u64, bytes: Bytes },
    Closed { attempt: u64, code: Option<u16> },
    Reading(bool),
    Timer,
    Broke,
}

/// Why a text is no recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: String,
}

impl fmt::Display for ReadError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "line {}: {}", self.line, self.what)
    }
}

impl std::error::Error for ReadError {}

impl Recording {
    /// Reads a recording. Whatever stands there, the answer is one or an error.
    pub fn read(text: &str) -> Result<Self, ReadError> {
        let at = |line: usize| move |what: String| ReadError { line, what };
        if text.len() > RECORDING_BYTES {
            return Err(at(1)(format!("the file is larger than {RECORDING_BYTES} bytes; no recording is")));
        }
        let mut lines = text.split_inclusive('\n').zip(1..);
        let (first, _) = lines.next().ok_or_else(|| at(1)("the file is empty".to_owned()))?;
        let mut recording = beginning(first).map_err(at(1))?;
        let mut left_out = 0;
        for (line, number) in lines {
            if !line.ends_with('\n') {
                recording.is_cut_off = true;
                break;
            }
            if recording.is_full {
                return Err(at(number)("something follows the end".to_owned()));
            }
            let members = Members::read(line).map_err(at(number))?;
            // A line of a few bytes brings back thousands.
            let entries: Option<usize> = members.number_or_none("left_out").map_err(at(number))?;
            left_out += entries.map_or(0, |entries| entries.min(SESSION_CONNECTIONS));
            if left_out > RECORDING_LEFT_OUT {
                let what =
                    format!("more than {RECORDING_LEFT_OUT} entries of lists were left out up to here");
                return Err(at(number)(what));
            }
            if members.text_or_none("end").map_err(at(number))?.is_some() {
                recording.is_full = true;
            } else {
                recording.entries.push(entry(line, &members, number).map_err(at(number))?);
            }
        }
        Ok(recording)
    }

    /// How many things happened.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing happened.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl Happened {
    /// Hands the input to `take`; without one when the driver had a fault.
    pub(super) fn with<T>(&self, take: impl FnOnce(Option<Input<'_>>) -> T) -> T {
        let failure = |kind: &FailureKind, text: &Shape| Failure { kind: *kind, text: text.text() };
        let input = match self {
            Self::Connect { token, api_url } => {
                Input::Connect { token: Secret(token.text()), api_url: api_url.clone() }
            }
            Self::Signal { kind, data, to, retry } => {
                let (kind, data) = (kind.map(Shape::text), data.map(Shape::text));
                let to = to.as_deref();
                let (kind, data) = (kind.as_deref(), data.as_deref());
                return take(Some(Input::Signal { kind, data, to, retry: *retry }));
            }
            Self::EncryptionSecret(secret) => Input::SetEncryptionSecret(Secret(secret.text())),
            Self::MuteAll(except) => {
                let except: Vec<&str> = except.iter().map(String::as_str).collect();
                return take(Some(Input::Moderate(Moderation::MuteAll { except: &except })));
            }
            Self::EndMute => Input::Moderate(Moderation::EndMute),
            Self::MuteStream(stream) => Input::Moderate(Moderation::MuteStream(stream)),
            Self::SendAway(connection) => Input::Moderate(Moderation::Disconnect(connection)),
            Self::Disconnect => Input::Disconnect,
            Self::Info { attempt, status, body } => Input::Info { attempt: *attempt, status: *status, body },
            Self::InfoFailed { attempt, kind, text } => {
                Input::InfoFailed { attempt: *attempt, failure: failure(kind, text) }
            }
            Self::Dialing(attempt) => Input::Dialing { attempt: *attempt },
            Self::Opened(attempt) => Input::Opened { attempt: *attempt },
            Self::OpenFailed { attempt, kind, text } => {
                Input::OpenFailed { attempt: *attempt, failure: failure(kind, text) }
            }
            Self::Frame { attempt, bytes } => Input::Frame { attempt: *attempt, bytes },
            Self::Closed { attempt, code } => Input::Closed { attempt: *attempt, code: *code },
            Self::Reading(reading) => Input::Reading(*reading),
            Self::Timer => Input::Timer,
            Self::Broke => return take(None),
        };
        take(Some(input))
    }
}

/// The first line.
fn beginning(line: &str) -> Result<Recording, String> {
    let members = Members::read(line).map_err(|_| {
        "this is no recording: it does not begin with one that OTC_RECORD or otc_session_settings_set_record_file() makes"
            .to_owned()
    })?;
    let version: u32 = members.number("otc_recording")?;
    if version != VERSION {
        return Err(format!("a recording of version {version}; this program reads version {VERSION}"));
    }
    let signal_queue: usize = members.number("signal_queue")?;
    let config = Config {
        api_key: members.text("api_key")?,
        session_id: members.text("session_id")?,
        api_url: members.text("api_url")?,
        proxy_url: members.text_or_none("proxy_url")?,
        connection_events_suppressed: members.truth("connection_events_suppressed")?,
        reconnect_window: Duration::from_micros(members.number("reconnect_window")?),
        signal_queue: signal_queue.min(OUTBOX_SIGNALS_MOST),
        user_agent: members.shape("user_agent")?.text(),
        session_migration: members.truth("session_migration")?,
        media: MediaConfig::default(),
    };
    Ok(Recording {
        library: members.text("library")?,
        os: members.text("os")?,
        is_full: false,
        is_cut_off: false,
        config,
        seed: seed(&members.text("seed")?).ok_or("\"seed\" is not 64 hexadecimal digits")?,
        entries: Vec::new(),
    })
}

fn seed(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<u32> = text.chars().map(|digit| digit.to_digit(16)).collect::<Option<_>>()?;
    let bytes = digits.chunks(2).map(|pair| match pair {
        [high, low] => u8::try_from(high * 16 + low).ok(),
        _ => None,
    });
    bytes.collect::<Option<Vec<u8>>>()?.try_into().ok()
}

fn entry(whole: &str, members: &Members<'_>, line: usize) -> Result<Entry, String> {
    let (happened, text) = happened(members)?;
    let out = match members.get("out") {
        Some(out) => serde_json::from_str(out).map_err(|_| wrong("out"))?,
        None => Vec::new(),
    };
    Ok(Entry {
        line,
        at: Duration::from_micros(members.number("t")?),
        happened,
        text,
        refused: members.number_or_none("refused")?,
        panicked: members.get("panicked").is_some(),
        out,
        whole: whole.to_owned(),
    })
}

/// What happened, and what to call it.
fn happened(members: &Members<'_>) -> Result<(Happened, String), String> {
    let name = members.text("in")?;
    let mut text = name.clone();
    let happened = match name.as_str() {
        "connect" => {
            Happened::Connect { token: members.shape("token")?, api_url: members.text_or_none("api_url")? }
        }
        "signal" => Happened::Signal {
            kind: members.shape_or_none("type")?,
            data: members.shape_or_none("data")?,
            to: members.text_or_none("to")?,
            retry: members.truth("retry")?,
        },
        "encryption_secret" => Happened::EncryptionSecret(members.shape("secret")?),
        "mute_all" => Happened::MuteAll(members.texts("except")?),
        "end_mute" => Happened::EndMute,
        "mute_stream" => Happened::MuteStream(members.text("stream")?),
        "send_away" => Happened::SendAway(members.text("connection")?),
        "disconnect" => Happened::Disconnect,
        "info" => {
            let status: u16 = members.number("status")?;
            text = format!("info, HTTP status {status}");
            Happened::Info { attempt: members.number("attempt")?, status, body: info(members)? }
        }
        "info_failed" | "open_failed" => {
            let (attempt, size) = (members.number("attempt")?, members.shape("text")?);
            let kind = failure(members)?;
            text = format!("{name}: {}", failure_name(kind));
            match name.as_str() {
                "info_failed" => Happened::InfoFailed { attempt, kind, text: size },
                _ => Happened::OpenFailed { attempt, kind, text: size },
            }
        }
        "dialing" => Happened::Dialing(members.number("attempt")?),
        "opened" => Happened::Opened(members.number("attempt")?),
        "frame" => {
            let (bytes, kind) = frame(members)?;
            text = kind;
            Happened::Frame { attempt: members.number("attempt")?, bytes }
        }
        "closed" => {
            let code: Option<u16> = members.number_or_none("code")?;
            text = code.map_or(name, |code| format!("closed by the server with {code}"));
            Happened::Closed { attempt: members.number("attempt")?, code }
        }
        "reading" => {
            let reading = members.truth("reading")?;
            let what = if reading { "reading goes on" } else { "reading pauses" };
            what.clone_into(&mut text);
            Happened::Reading(reading)
        }
        "timer" => Happened::Timer,
        "broke" => Happened::Broke,
        other => return Err(format!("\"in\" is {other:?}, which this program does not know")),
    };
    Ok((happened, text))
}

fn failure(members: &Members<'_>) -> Result<FailureKind, String> {
    let name = members.text("failure")?;
    let pause = Duration::from_millis(members.number_or_none("pause")?.unwrap_or_default());
    let kinds = [
        FailureKind::Unreachable,
        FailureKind::Busy(pause),
        FailureKind::Refused(Refusal::Forbidden),
        FailureKind::Refused(Refusal::Missing),
        FailureKind::Refused(Refusal::Gone),
        FailureKind::Refused(Refusal::Login),
        FailureKind::Permanent,
        FailureKind::Token,
    ];
    kinds.into_iter().find(|kind| failure_name(*kind) == name).ok_or_else(|| wrong("failure"))
}

/// A session info of which the client makes the same.
fn info(members: &Members<'_>) -> Result<Vec<u8>, String> {
    if let Some(json) = members.get("json") {
        return Ok(json.as_bytes().to_vec());
    }
    let code: i32 = members.number("error")?;
    let code = ErrorCode::from_code(code).ok_or_else(|| wrong("error"))?;
    Ok(refused_info(code, members.truth("retry")?).to_vec())
}

/// A frame that means the same, and what to call it.
fn frame(members: &Members<'_>) -> Result<(Bytes, String), String> {
    /// What holds no JSON.
    const NOTHING: &str = "x";
    let too_large = |_| "a text is too long for a frame".to_owned();
    let data = members.get("json").unwrap_or(NOTHING).as_bytes();
    let kind = members.text("frame")?;
    let bytes = match kind.as_str() {
        "message" => {
            let (transaction, from) = (members.text_or_none("transaction")?, members.text_or_none("from")?);
            let headers = [("TRANSACTION-ID", &transaction), ("X-TB-FROM-ADDRESS", &from)];
            let headers: Vec<(&str, &str)> =
                headers.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?))).collect();
            encode(Kind::Message, &[], &headers, data).map_err(too_large)?
        }
        "status" => {
            let (code, transaction): (u16, _) = (members.number("status")?, members.text("transaction")?);
            let data = match members.number_or_none("left_out")? {
                Some(left_out) => with_entries_to_leave_out(data, left_out)?,
                None => data.to_vec(),
            };
            envelope::status("", code, &transaction, &data).map_err(too_large)?
        }
        "pong" => envelope::pong(),
        "other" => envelope::ping(),
        "unknown" => Bytes::from(vec![0, 0, 0, 3, 0, 0, members.number("number")?]),
        "malformed" => Bytes::from_static(&[0; 4]),
        other => return Err(format!("\"frame\" is {other:?}, which this program does not know")),
    };
    Ok((bytes, summary(&kind, members)?))
}

/// A list of a session in which that many entries make no sense.
fn with_entries_to_leave_out(list: &[u8], entries: usize) -> Result<Vec<u8>, String> {
    let mut list: Value = serde_json::from_slice(list).map_err(|_| wrong("json"))?;
    let nonsense = vec![Value::Null; entries.min(SESSION_CONNECTIONS)];
    match list.as_object_mut() {
        Some(list) => match list.entry("connection").or_insert_with(|| Value::Array(Vec::new())) {
            Value::Array(connections) => connections.extend(nonsense),
            _ => return Err(wrong("json")),
        },
        None => return Err(wrong("json")),
    }
    Ok(list.to_string().into_bytes())
}

/// What a frame is called.
fn summary(kind: &str, members: &Members<'_>) -> Result<String, String> {
    Ok(match (kind, members.get("json")) {
        ("message", Some(json)) => {
            let message: Value = serde_json::from_str(json).unwrap_or_default();
            let member = |name: &str| message[name].as_str().unwrap_or_default().to_owned();
            let place = member("uri").splitn(7, '/').nth(6).unwrap_or("session").to_owned();
            format!("message: {} {place}", member("method"))
        }
        ("message", None) => "message, malformed".to_owned(),
        ("status", _) => {
            let (code, transaction): (u16, _) = (members.number("status")?, members.text("transaction")?);
            format!("status {code} of {transaction}")
        }
        _ => format!("{kind} frame"),
    })
}

/// The members of one line.
struct Members<'a>(BTreeMap<String, &'a RawValue>);

impl<'a> Members<'a> {
    fn read(line: &'a str) -> Result<Self, String> {
        serde_json::from_str(line).map(Self).map_err(|error| format!("not a JSON object: {error}"))
    }

    fn get(&self, name: &str) -> Option<&'a str> {
        self.0.get(name).map(|value| value.get())
    }

    /// The member as `take` takes it, if it is there.
    fn optional<T>(&self, name: &str, take: impl FnOnce(&Value) -> Option<T>) -> Result<Option<T>, String> {
        let Some(json) = self.get(name) else { return Ok(None) };
        let value: Value = serde_json::from_str(json).map_err(|_| wrong(name))?;
        take(&value).map(Some).ok_or_else(|| wrong(name))
    }

    fn text_or_none(&self, name: &str) -> Result<Option<String>, String> {
        self.optional(name, |value| value.as_str().map(str::to_owned))
    }

    fn text(&self, name: &str) -> Result<String, String> {
        needed(name, self.text_or_none(name)?)
    }

    fn texts(&self, name: &str) -> Result<Vec<String>, String> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        needed(name, self.optional(name, |value| value.as_array()?.iter().map(text).collect())?)
    }

    fn number_or_none<T: TryFrom<i64>>(&self, name: &str) -> Result<Option<T>, String> {
        self.optional(name, |value| T::try_from(value.as_i64()?).ok())
    }

    fn number<T: TryFrom<i64>>(&self, name: &str) -> Result<T, String> {
        needed(name, self.number_or_none(name)?)
    }

    fn truth(&self, name: &str) -> Result<bool, String> {
        needed(name, self.optional(name, Value::as_bool)?)
    }

    fn shape_or_none(&self, name: &str) -> Result<Option<Shape>, String> {
        self.get(name).map(|json| Shape::read(json).ok_or_else(|| wrong(name))).transpose()
    }

    fn shape(&self, name: &str) -> Result<Shape, String> {
        needed(name, self.shape_or_none(name)?)
    }
}

fn needed<T>(name: &str, member: Option<T>) -> Result<T, String> {
    member.ok_or_else(|| format!("{name:?} is missing"))
}

fn wrong(name: &str) -> String {
    format!("{name:?} is not what it has to be")
}
