//! The WebSocket: the handshake, and one task for each socket that reads, asks the rooms, and writes.
//!
//! * `queue`: what waits for one socket; `task`: its life; `wire`: the bytes below, counted

mod queue;
mod task;
mod wire;

pub use queue::Queue;

use crate::App;
use crate::http::{Peer, RequestId, come_later, overloaded};
use crate::listener::OpenSocket;
use crate::log_flood;
use crate::sessions::log_text::socket_beginning;
use crate::sessions::{self, CloseCode, Gate, Settings, is_id};
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{
    CONNECTION, CONTENT_LENGTH, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION,
    TRANSFER_ENCODING, UPGRADE,
};
use axum::http::{HeaderMap, HeaderName, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use hyper_util::rt::TokioIo;
use otc_protocol::limits::{
    CLIENT_FRAME_BYTES, SOCKET_FRAGMENT_BYTES, SOCKET_PONG_BYTES, SOCKET_READ_BUFFER, SOCKET_WRITE_BUFFER,
};
use std::future::{Future, poll_fn};
use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use task::Task;
use tokio::time::{Instant, sleep};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tracing::field::display;
use tracing::{debug, info};
use wire::Wire;

/// The rooms of a server whose members come by WebSocket.
pub type Registry = sessions::Registry<Queue>;

/// The rooms of a new server.
pub fn registry(settings: Settings, gate: impl Gate + 'static) -> Arc<Registry> {
    // A room's messages must differ from those of another room, not be secret.
    let (keys, mut rooms) = (RandomState::new(), 0u64);
    let random = move || {
        rooms += 1;
        keys.hash_one(rooms)
    };
    sessions::Registry::new(settings, gate, (), random)
}

/// How late a silent or lost socket may be noticed.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Looks after silent and lost sockets until the server stops. It sleeps until there is one.
pub async fn attend(app: Arc<App>) {
    let mut stopping = app.stopping();
    let work = async {
        tokio::join!(
            async {
                loop {
                    due(&app).await;
                    app.registry.wake(app.time().now);
                    // What is due in the meantime is seen to together.
                    sleep(LOOK_EVERY).await;
                }
            },
            async {
                loop {
                    log_flood::left_out().await;
                    log_flood::confess();
                }
            }
        )
    };
    tokio::select! {
        ((), ()) = work => {}
        // An error says that the server is gone, which is an end too.
        _ = stopping.wait_for(|stop| *stop) => {}
    }
}

/// Ends when a room or a door has to be looked after.
async fn due(app: &App) {
    let mut timer = pin!(sleep(Duration::ZERO));
    poll_fn(|cx| {
        let Some(due) = app.registry.rest(cx.waker()) else { return Poll::Pending };
        let now = app.time().now;
        // Not left to the timer: one that is set to now ends a little later, when this sets it again.
        if due <= now {
            return Poll::Ready(());
        }
        timer.as_mut().reset(Instant::now() + (due - now));
        timer.as_mut().poll(cx)
    })
    .await;
}

/// Turns a request into a WebSocket, or says why not.
#[allow(clippy::unused_async, reason = "it is called as a handler, and what it starts is asynchronous")]
pub async fn upgrade(app: Arc<App>, mut request: Request) -> Response {
    let opening = match Opening::read(&request) {
        Ok(opening) => opening,
        Err(refusal) => return refusal.into_response(),
    };
    let peer = request.extensions().get::<Peer>().map(|peer| peer.remote);
    // Who comes back to a session comes with all the others when a network does.
    let is_known = opening.coming_back && app.registry.has_in(&opening.socket);
    if let Some(reason) = app.load.refuses().filter(|_| !is_known) {
        app.metrics.refused_socket.count();
        return overloaded(reason);
    }
    if let Some(peer) = peer.filter(|_| !is_known)
        && let Err(wait) = app.openers.admit(peer.ip(), app.time().now)
    {
        app.metrics.later_socket.count();
        return come_later(wait);
    }
    let accept = derive_accept_key(opening.key.as_bytes());
    // Counts against the bound on open connections until the socket is closed.
    let permit = request.extensions().get::<OpenSocket>().cloned();
    let id = request.extensions().get::<RequestId>().cloned();
    let upgraded = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        match upgraded.await {
            Ok(stream) => serve(&app, opening, peer, id.as_ref(), TokioIo::new(stream)).await,
            Err(error) => debug!(id = id.map(display), %error, "a WebSocket handshake was not finished"),
        }
        drop(permit);
    });
    let headers: [(HeaderName, String); 3] =
        [(CONNECTION, "Upgrade".into()), (UPGRADE, "websocket".into()), (SEC_WEBSOCKET_ACCEPT, accept)];
    (StatusCode::SWITCHING_PROTOCOLS, headers, Body::empty()).into_response()
}

async fn serve(
    app: &Arc<App>,
    opening: Opening,
    peer: Option<SocketAddr>,
    id: Option<&RequestId>,
    stream: TokioIo<hyper::upgrade::Upgraded>,
) {
    let stream = WebSocketStream::from_raw_socket(Wire::new(stream), Role::Server, Some(bounds())).await;
    let queue = Arc::new(Queue::new(Arc::clone(&app.metrics)));
    let now = app.time().now;
    let seat = app.registry.open(now, &opening.socket, opening.coming_back, Arc::clone(&queue));
    // The id of the request that it was; lines of the room have those of session and connection.
    let (id, peer, socket) = (id.map(display), peer.map(display), socket_beginning(&opening.socket));
    debug!(id, peer, socket, coming_back = opening.coming_back, session = seat.session(), "socket open");
    let (app_time, metrics) = (Arc::clone(app), Arc::clone(&app.metrics));
    metrics.sockets.come();
    let task = Task::new(stream, Arc::clone(&queue), seat, move || app_time.time(), metrics);
    let (end, session) = task.run().await;
    app.metrics.sockets.gone();
    let session = session.as_deref();
    match queue.close() {
        Some(code @ (CloseCode::Foreign | CloseCode::TooLarge)) => {
            info!(
                id,
                peer,
                socket,
                session,
                code = code.number(),
                reason = code.reason(),
                "socket broken off"
            );
        }
        code => debug!(id, peer, socket, session, code = code.map(CloseCode::number), %end, "socket closed"),
    }
}

/// Every bound of the WebSocket layer, none of which is one by default.
fn bounds() -> WebSocketConfig {
    WebSocketConfig::default()
        .max_message_size(Some(CLIENT_FRAME_BYTES))
        .max_frame_size(Some(CLIENT_FRAME_BYTES))
        .read_buffer_size(SOCKET_READ_BUFFER)
        .write_buffer_size(SOCKET_WRITE_BUFFER)
        // The task does not write when more than the first is there.
        .max_write_buffer_size(SOCKET_WRITE_BUFFER + SOCKET_FRAGMENT_BYTES + SOCKET_PONG_BYTES)
}

/// What a client says when it opens a WebSocket (`wire.md §3.1`).
#[derive(Debug, PartialEq, Eq)]
struct Opening {
    /// The id that outlives the WebSocket.
    socket: String,
    /// Whether it was open before.
    coming_back: bool,
    /// The handshake's key.
    key: String,
}

/// Why a request is no WebSocket of ours.
#[derive(Debug, PartialEq, Eq)]
enum OpeningError {
    NotAWebSocket,
    Version,
    Body,
    Id(&'static str),
}

impl Opening {
    fn read<B>(request: &axum::http::Request<B>) -> Result<Self, OpeningError> {
        let headers = request.headers();
        let key = headers.get(SEC_WEBSOCKET_KEY).and_then(|key| key.to_str().ok());
        let asks = has_token(headers, &UPGRADE, "websocket") && has_token(headers, &CONNECTION, "upgrade");
        let (Some(key), true, &Method::GET) = (key, asks, request.method()) else {
            return Err(OpeningError::NotAWebSocket);
        };
        if headers.get(SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
            return Err(OpeningError::Version);
        }
        // What comes after the head is the WebSocket's, and a proxy that takes it for a body would see something else.
        let is_empty = headers.get(CONTENT_LENGTH).is_none_or(|length| length == "0");
        if !is_empty || headers.contains_key(TRANSFER_ENCODING) {
            return Err(OpeningError::Body);
        }
        let (mut socket, mut attempt, mut coming_back) = (None, None, false);
        for (name, value) in form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes()) {
            match &*name {
                "socketId" => socket = Some(value.into_owned()),
                "attempt" => attempt = Some(value.into_owned()),
                "reconnect" => coming_back = value == "true",
                _ => {}
            }
        }
        if attempt.is_some_and(|attempt| !is_id(&attempt)) {
            return Err(OpeningError::Id("attempt"));
        }
        let socket = socket.filter(|socket| is_id(socket)).ok_or(OpeningError::Id("socketId"))?;
        Ok(Self { socket, coming_back, key: key.to_owned() })
    }
}

impl IntoResponse for OpeningError {
    fn into_response(self) -> Response {
        match self {
            Self::NotAWebSocket => {
                (StatusCode::UPGRADE_REQUIRED, [(UPGRADE, "websocket")], "Open a WebSocket here.")
                    .into_response()
            }
            Self::Version => {
                (StatusCode::UPGRADE_REQUIRED, [(SEC_WEBSOCKET_VERSION, "13")], "Use WebSocket version 13.")
                    .into_response()
            }
            Self::Body => {
                let close = [(CONNECTION, "close")];
                (StatusCode::BAD_REQUEST, close, "A WebSocket is opened without a body.").into_response()
            }
            Self::Id(name) => {
                let text = format!("The query needs {name}: 1 to 64 letters, digits, or - _ . characters.");
                (StatusCode::BAD_REQUEST, text).into_response()
            }
        }
    }
}

/// Whether a header that lists words lists this one.
fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|word| word.trim().eq_ignore_ascii_case(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(query: &str) -> axum::http::request::Builder {
        axum::http::Request::builder()
            .uri(format!("http://h/rumorwebsocketsv2?{query}"))
            .header(CONNECTION, "keep-alive, Upgrade")
            .header(UPGRADE, "WebSocket")
            .header(SEC_WEBSOCKET_KEY, "dGhlIHNhbXBsZSBub25jZQ==")
            .header(SEC_WEBSOCKET_VERSION, "13")
    }

    fn read(builder: axum::http::request::Builder) -> Result<Opening, OpeningError> {
        Opening::read(&builder.body(()).expect("a request"))
    }

    #[test]
    fn the_query_names_the_socket() {
        let opening = |socket: &str, coming_back| {
            Ok(Opening { socket: socket.into(), coming_back, key: "dGhlIHNhbXBsZSBub25jZQ==".into() })
        };
        assert_eq!(read(request("socketId=a-1&attempt=b")), opening("a-1", false));
        assert_eq!(read(request("socketId=a-1&reconnect=true&attempt=b")), opening("a-1", true));
        assert_eq!(read(request("socketId=a%2D1&reconnect=false")), opening("a-1", false));
    }

    #[test]
    fn what_is_no_opening_of_ours_is_told_so() {
        let long = format!("socketId={}", "x".repeat(65));
        for query in ["", "attempt=b", "socketId=", "socketId=a%2Fb", "socketId=a%00", &long] {
            assert_eq!(read(request(query)), Err(OpeningError::Id("socketId")), "{query}");
        }
        assert_eq!(read(request("socketId=a&attempt=%0a")), Err(OpeningError::Id("attempt")));
        let builder = || axum::http::Request::builder().uri("/?socketId=a");
        assert_eq!(read(builder()), Err(OpeningError::NotAWebSocket));
        assert_eq!(read(request("socketId=a").method(Method::POST)), Err(OpeningError::NotAWebSocket));
        let old = builder()
            .header(CONNECTION, "upgrade")
            .header(UPGRADE, "websocket")
            .header(SEC_WEBSOCKET_KEY, "x");
        assert_eq!(read(old.header(SEC_WEBSOCKET_VERSION, "8")), Err(OpeningError::Version));
    }
}
