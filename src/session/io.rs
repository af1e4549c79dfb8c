//! What goes into the engine and what comes out of it.

use super::event::Event;
use bytes::Bytes;
use otc_protocol::error::ErrorCode;
use std::fmt;
use std::time::Duration;

/// Something that happens to a session.
///
/// `attempt` names the request, dial or socket that the engine asked for; news of an abandoned one is ignored.
pub enum Input<'a> {
    /// The application connects.
    Connect {
        /// Its token.
        token: Secret,
        /// Where to ask for the session info instead of the configured place.
        api_url: Option<String>,
    },
    /// The application sends a signal.
    Signal {
        /// Its type.
        kind: Option<&'a str>,
        /// Its data.
        data: Option<&'a str>,
        /// The one addressee; `None` for everybody.
        to: Option<&'a str>,
        /// Send it again after a cut.
        retry: bool,
    },
    /// The application sets the secret of end-to-end encryption.
    SetEncryptionSecret(Secret),
    /// The application moderates the session.
    Moderate(Moderation<'a>),
    /// The application leaves.
    Disconnect,
    /// The session info has been answered.
    Info {
        /// Which request.
        attempt: u64,
        /// HTTP status.
        status: u16,
        /// What was answered.
        body: &'a [u8],
    },
    /// The session info could not be asked for.
    InfoFailed {
        /// Which request.
        attempt: u64,
        /// Why.
        failure: Failure,
    },
    /// A dial, or the request for session info, has got its turn: its time begins.
    Dialing {
        /// Which of them.
        attempt: u64,
    },
    /// A socket is open.
    Opened {
        /// Which dial.
        attempt: u64,
    },
    /// A socket could not be opened.
    OpenFailed {
        /// Which dial.
        attempt: u64,
        /// Why.
        failure: Failure,
    },
    /// A frame has arrived.
    Frame {
        /// On which socket.
        attempt: u64,
        /// The whole frame.
        bytes: &'a [u8],
    },
    /// A socket has closed, by whichever side.
    Closed {
        /// Which socket.
        attempt: u64,
        /// The WebSocket close code, if the server gave one.
        code: Option<u16>,
    },
    /// The driver stops or resumes reading the socket, because the application is slow.
    Reading(bool),
    /// The moment that [`super::Engine::deadline`] named has come.
    Timer,
}

/// What a moderator asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moderation<'a> {
    /// That everybody be muted, now and when they come later.
    MuteAll {
        /// Streams that are not.
        except: &'a [&'a str],
    },
    /// That those who come are not muted any more.
    EndMute,
    /// That one stream be muted.
    MuteStream(&'a str),
    /// That the connection of this id be ended.
    Disconnect(&'a str),
}

/// Something that the driver must do, in order.
#[derive(Clone, PartialEq)]
pub enum Output {
    /// Ask for the session info with an HTTP GET.
    RequestInfo {
        /// To be named in the answer.
        attempt: u64,
        /// The whole URL.
        url: String,
        /// For the header `X-OPENTOK-AUTH`.
        token: Secret,
        /// For the header `X-TB-CONNECTIONID`.
        connection_id: String,
    },
    /// Open a WebSocket.
    Dial {
        /// To be named in the answer, and with everything that comes from the socket.
        attempt: u64,
        /// The whole URL.
        url: String,
    },
    /// Send one frame on the open socket.
    Send(Bytes),
    /// Flush the open socket, close it with code 1000, and say so.
    Close,
    /// Drop every request, dial and socket at once.
    Abandon,
    /// Tell the application.
    Event(Event),
    /// Tell the log.
    Warn(String),
}

/// Without tokens, signals and frames, which may hold both.
impl fmt::Debug for Input<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect { api_url, .. } => write!(formatter, "Connect({api_url:?})"),
            Self::Signal { to, retry, .. } => write!(formatter, "Signal(to {to:?}, retry {retry})"),
            Self::SetEncryptionSecret(_) => formatter.write_str("SetEncryptionSecret"),
            Self::Moderate(moderation) => write!(formatter, "Moderate({moderation:?})"),
            Self::Disconnect => formatter.write_str("Disconnect"),
            Self::Info { attempt, status, body } => {
                write!(formatter, "Info({attempt}, {status}, {} bytes)", body.len())
            }
            Self::InfoFailed { attempt, failure } => write!(formatter, "InfoFailed({attempt}, {failure:?})"),
            Self::Dialing { attempt } => write!(formatter, "Dialing({attempt})"),
            Self::Opened { attempt } => write!(formatter, "Opened({attempt})"),
            Self::OpenFailed { attempt, failure } => write!(formatter, "OpenFailed({attempt}, {failure:?})"),
            Self::Frame { attempt, bytes } => write!(formatter, "Frame({attempt}, {} bytes)", bytes.len()),
            Self::Closed { attempt, code } => write!(formatter, "Closed({attempt}, {code:?})"),
            Self::Reading(reading) => write!(formatter, "Reading({reading})"),
            Self::Timer => formatter.write_str("Timer"),
        }
    }
}

/// Without tokens and frames. The URL of a socket is as good as a token, too.
impl fmt::Debug for Output {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RequestInfo { attempt, url, .. } => write!(formatter, "RequestInfo({attempt}, {url})"),
            Self::Dial { attempt, .. } => write!(formatter, "Dial({attempt})"),
            Self::Send(frame) => write!(formatter, "Send({} bytes)", frame.len()),
            Self::Close => formatter.write_str("Close"),
            Self::Abandon => formatter.write_str("Abandon"),
            Self::Event(event) => write!(formatter, "Event({event:?})"),
            Self::Warn(text) => write!(formatter, "Warn({text:?})"),
        }
    }
}

/// Text that must not be shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret")
    }
}

/// Why something could not be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What kind of failure.
    pub kind: FailureKind,
    /// For people: what failed, where.
    pub text: String,
}

/// Kinds of failure that need different answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// Nobody answers there, or the answer made no sense; trying again may help.
    Unreachable,
    /// The server has no time (HTTP 429, 503) and wants to be left alone for so long; zero when it does not say.
    Busy(Duration),
    /// Somebody on the way has said no, and will say it again.
    Refused(Refusal),
    /// The address, the certificate or the settings are wrong; trying again does not help.
    Permanent,
    /// The token cannot be one.
    Token,
}

/// What a no is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// This client: its token has expired, its key is suspended (HTTP 401, 403).
    Forbidden,
    /// What it asks for is not there (HTTP 404). Whoever comes back may have met a router whose server is being replaced.
    Missing,
    /// What it asks for is there no more (HTTP 410).
    Gone,
    /// Its login at the network proxy. Another try could lock the account.
    Login,
}

/// Why a call is refused, synchronously.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The number.
    pub code: ErrorCode,
    /// What to do next.
    pub text: &'static str,
}
