//! `GET /inspect/api/sessions/{id}/events`: what has happened in a session and what happens, as server-sent events.
//!
//! The connection asks for the next piece when it has written the one before: nothing is made for who does not read, and
//! what waits for him has a bound (`listening`).

use super::listening::Listening;
use super::logins::TicketDigest;
use super::seats::Seat;
use super::sessions::{caller, document, gone, nobody, own};
use super::timeline::Entry;
use super::visit;
use crate::App;
use crate::http::{ApiError, discard};
use crate::sessions::Watch;
use crate::socket::Queue;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use otc_protocol::limits::{INSPECT_COMMENT_EVERY, INSPECT_LOOK_EVERY, INSPECT_SIGNALS_EVERY};
use otc_protocol::session_id::ProjectId;
use serde_json::json;
use std::convert::Infallible;
use std::fmt::Write;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};

const EVENT_STREAM: HeaderValue = HeaderValue::from_static("text/event-stream");
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// How long a reader waits before it comes back.
const COME_BACK_AFTER: Duration = Duration::from_secs(2);
/// Entries that are written at one time.
const ENTRIES_AT_ONCE: usize = 64;

type Eye = Arc<Watch<Queue>>;

/// What one reader is told.
struct Feed {
    /// Given back first: when nobody watches the session any more, the place is free.
    _seat: Seat,
    app: Arc<App>,
    project: ProjectId,
    session: String,
    login: TicketDigest,
    login_ended: watch::Receiver<()>,
    stopping: watch::Receiver<bool>,
    listening: Listening,
    /// While the session lives.
    eye: Option<Eye>,
    /// What it was shown last.
    shown: Shown,
    look: Interval,
    said_at: Instant,
    counted_at: Instant,
    phase: Phase,
}

#[derive(Default)]
struct Shown {
    changes: Changes,
    /// Of the document without its time.
    digest: Option<u64>,
    signals: Option<u64>,
}

/// What is known of the session.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Changes {
    #[default]
    Unknown,
    /// It does not live.
    Gone,
    /// The number of [`Watch::changes`].
    Lives(u64),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Begins,
    Goes,
    Over,
}

/// Why there is nothing more to come.
#[derive(Clone, Copy)]
enum Bye {
    Login,
    Server,
}

impl Bye {
    fn reason(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Server => "server",
        }
    }
}

pub(super) async fn events(
    State(app): State<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
    mut request: Request,
) -> Result<Response, ApiError> {
    let inspect = visit::inspect(&app)?;
    let login = visit::login(&request)?.id;
    let project = caller(&app, &mut request)?;
    let session = own(&project, path)?;
    let (after, with_contents) = wishes(&request);
    discard(request.into_body()).await?;
    let seat = inspect.seats.take(&project, login).ok_or_else(|| {
        ApiError::too_many("Too many event streams are open: close some", INSPECT_COMMENT_EVERY)
    })?;
    let login_ended = inspect.logins.ended(login).ok_or_else(visit::stranger)?;
    let eye = app.registry.watch(project.as_str(), &session).map(Arc::new);
    let listening = inspect.timeline.listen(
        project.as_str(),
        &session,
        after,
        with_contents,
        eye.is_some(),
        app.time().unix_ms,
    );
    let mut look = interval(INSPECT_LOOK_EVERY);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let feed = Feed {
        _seat: seat,
        stopping: app.stopping(),
        app: Arc::clone(&app),
        project,
        session,
        login,
        login_ended,
        listening: listening.ok_or_else(nobody)?,
        eye,
        shown: Shown::default(),
        look,
        said_at: Instant::now(),
        counted_at: Instant::now(),
        phase: Phase::Begins,
    };
    let pieces = stream::unfold(feed, |mut feed| async move {
        let piece = feed.next().await?;
        Some((Ok::<_, Infallible>(Bytes::from(piece)), feed))
    });
    let mut response = Response::new(Body::from_stream(pieces));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, EVENT_STREAM);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // A proxy that gathers it would keep it to itself.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(response)
}

/// After which entry to begin, and whether what signals say is wanted.
fn wishes(request: &Request) -> (u64, bool) {
    let after = |headers: &HeaderMap| headers.get(LAST_EVENT_ID)?.to_str().ok()?.parse().ok();
    let query = request.uri().query().unwrap_or_default();
    let with_contents =
        form_urlencoded::parse(query.as_bytes()).any(|(name, value)| name == "contents" && value == "1");
    (after(request.headers()).unwrap_or(0), with_contents)
}

impl Feed {
    /// The next piece, when there is one; `None` at the end.
    async fn next(&mut self) -> Option<String> {
        match self.phase {
            Phase::Over => None,
            Phase::Begins => {
                self.phase = Phase::Goes;
                let mut piece = format!("retry: {}\n\n", COME_BACK_AFTER.as_millis());
                for before in std::mem::take(&mut self.listening.before) {
                    write_entry(&mut piece, &before);
                }
                self.look(&mut piece).await;
                Some(piece)
            }
            Phase::Goes => loop {
                let mut piece = String::new();
                self.wait(&mut piece).await;
                if !piece.is_empty() {
                    return Some(piece);
                }
            },
        }
    }

    /// Waits for whatever comes next, and writes it.
    async fn wait(&mut self, piece: &mut String) {
        tokio::select! {
            biased;
            () = stopped(&mut self.stopping) => self.end(piece, Bye::Server),
            _ = self.login_ended.changed() => self.end(piece, Bye::Login),
            _ = self.look.tick() => {
                if self.may_go_on(piece) {
                    self.look(piece).await;
                }
            }
            entry = self.listening.next() => {
                if self.may_go_on(piece) {
                    write_entry(piece, &entry);
                    let more = std::iter::from_fn(|| self.listening.take()).take(ENTRIES_AT_ONCE);
                    more.for_each(|entry| write_entry(piece, &entry));
                }
            }
        }
    }

    /// Whether the login still counts, as it is asked before anything is told.
    fn may_go_on(&mut self, piece: &mut String) -> bool {
        let now = self.app.time().now;
        let logins = self.app.inspect.as_ref().map(|inspect| &inspect.logins);
        let counts = logins.is_some_and(|logins| logins.is_alive(self.login, now));
        if !counts {
            self.end(piece, Bye::Login);
        }
        counts
    }

    fn end(&mut self, piece: &mut String, bye: Bye) {
        self.phase = Phase::Over;
        self.eye = None;
        write_event(piece, "bye", &json!({"reason": bye.reason()}).to_string());
    }

    /// Looks at the session, and tells what is different.
    async fn look(&mut self, piece: &mut String) {
        if self.eye.as_ref().is_none_or(|eye| eye.is_over()) {
            let eye = self.app.registry.watch(self.project.as_str(), &self.session);
            if eye.is_some() {
                self.shown.changes = Changes::Unknown;
            }
            self.eye = eye.map(Arc::new);
        }
        self.show_state(piece).await;
        self.count_signals(piece);
        if self.said_at.elapsed() >= INSPECT_COMMENT_EVERY {
            piece.push_str(":\n\n");
        }
        if !piece.is_empty() {
            self.said_at = Instant::now();
        }
    }

    async fn show_state(&mut self, piece: &mut String) {
        let changes = self.eye.as_ref().map_or(Changes::Gone, |eye| Changes::Lives(eye.changes()));
        if self.shown.changes == changes {
            return;
        }
        let (eye, session, now) = (self.eye.clone(), self.session.clone(), self.app.time().unix_ms);
        // A large one is too much for a thread that has connections to serve.
        let shown = spawn_blocking(move || {
            let view = eye.and_then(|eye| eye.view());
            let rest = view.map_or_else(|| gone(&session), |view| document(&session, &view));
            let mut hasher = DefaultHasher::new();
            rest.hash(&mut hasher);
            (rest, hasher.finish())
        });
        let Ok((rest, digest)) = shown.await else { return };
        self.shown.changes = changes;
        if self.shown.digest.replace(digest) != Some(digest) {
            write_event(piece, "state", &super::sessions::at(now, &rest));
        }
    }

    fn count_signals(&mut self, piece: &mut String) {
        let total = self.eye.as_ref().map(|eye| eye.signals());
        let is_first = self.shown.signals.is_none();
        if total.is_none() || total == self.shown.signals {
            return;
        }
        if is_first || self.counted_at.elapsed() >= INSPECT_SIGNALS_EVERY {
            self.counted_at = Instant::now();
            self.shown.signals = total;
            let now = self.app.time().unix_ms;
            write_event(piece, "signals", &json!({"at": now, "total": total}).to_string());
        }
    }
}

/// Ends when the server stops, or is gone.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

fn write_entry(piece: &mut String, entry: &Entry) {
    let _ = writeln!(piece, "id: {}", entry.n);
    write_event(piece, "entry", &entry.text);
}

/// Data is JSON on one line: nobody's text ends it.
fn write_event(piece: &mut String, event: &str, data: &str) {
    let _ = write!(piece, "event: {event}\ndata: {data}\n\n");
}
