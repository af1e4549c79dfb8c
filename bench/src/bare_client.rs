//! The client to compare with: WebSockets without a protocol on them, on one thread.

use crate::Error;
use crate::command::{self, Client, PATIENCE};
use bytes::Bytes;
use futures_util::stream::SplitSink;
use futures_util::{SinkExt, StreamExt};
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::sync::Notify;
use tokio::task::yield_now;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

type Socket = WebSocketStream<TcpStream>;

/// Runs the client until standard input ends.
pub(crate) fn run(address: &str) -> Result<(), Error> {
    let client = BareClient {
        runtime: tokio::runtime::Builder::new_current_thread().enable_all().build()?,
        address: address.to_owned(),
        echo: None,
        sender: None,
        receivers: 0,
        board: Arc::default(),
    };
    command::serve(&mut { client })
}

struct BareClient {
    runtime: Runtime,
    address: String,
    /// For round trips.
    echo: Option<Socket>,
    /// A member of the room, whom the others hear.
    sender: Option<SplitSink<Socket, Message>>,
    receivers: usize,
    board: Arc<Board>,
}

/// What all receivers have heard.
#[derive(Default)]
struct Board {
    heard: AtomicUsize,
    expected: AtomicUsize,
    complete: Notify,
}

/// Messages that are sent in one flush; as many as the library handles in one go.
const BATCH: usize = 256;

impl Client for BareClient {
    /// One member is an echo; from two on there are a sender and receivers in a room, as many as members: the sender
    /// does not hear itself.
    fn join(&mut self, members: usize) -> Result<(), Error> {
        self.runtime.block_on(within(async {
            if self.echo.is_none() {
                self.echo = Some(open(&self.address, "/echo").await?);
            }
            if members > 1 && self.sender.is_none() {
                let (write, mut read) = enter(&self.address).await?.split();
                self.sender = Some(write);
                tokio::spawn(async move { while read.next().await.is_some() {} });
            }
            // Two members: the sender and one who hears it.
            let receivers = if members == 2 { 1 } else { members };
            for _ in self.receivers..if members > 1 { receivers } else { 0 } {
                let socket = enter(&self.address).await?;
                tokio::spawn(hear(socket, Arc::clone(&self.board)));
                self.receivers += 1;
            }
            Ok(())
        }))
    }

    fn round_trips(&mut self, bytes: usize, count: usize) -> Result<Vec<f64>, Error> {
        let echo = self.echo.as_mut().ok_or("join first")?;
        let data = Bytes::from(vec![b'x'; bytes]);
        self.runtime.block_on(within(async {
            let mut times = Vec::with_capacity(count);
            for _ in 0..count {
                let sent = Instant::now();
                echo.send(Message::Binary(data.clone())).await?;
                echo.next().await.ok_or("the server has left")??;
                #[allow(clippy::cast_precision_loss, reason = "far below 2^52")]
                times.push(sent.elapsed().as_nanos() as f64);
            }
            Ok(times)
        }))
    }

    fn stream(&mut self, bytes: usize, duration: Duration) -> Result<(usize, Duration), Error> {
        let sender = self.sender.as_mut().ok_or("join two members first")?;
        let data = Bytes::from(vec![b'x'; bytes]);
        let board = Arc::clone(&self.board);
        self.runtime.block_on(within(async {
            board.expect(usize::MAX);
            let start = Instant::now();
            let mut sent = 0;
            while start.elapsed() < duration {
                for _ in 0..BATCH {
                    sender.feed(Message::Binary(data.clone())).await?;
                }
                sender.flush().await?;
                sent += BATCH;
                yield_now().await;
            }
            board.still_expect(sent);
            board.complete.notified().await;
            Ok((sent, start.elapsed()))
        }))
    }

    fn fan_out(&mut self, bytes: usize, signals: usize) -> Result<Duration, Error> {
        let sender = self.sender.as_mut().ok_or("join two members first")?;
        let data = Bytes::from(vec![b'x'; bytes]);
        let board = Arc::clone(&self.board);
        self.runtime.block_on(within(async {
            board.expect(signals * self.receivers);
            let start = Instant::now();
            for _ in 0..signals {
                sender.feed(Message::Binary(data.clone())).await?;
            }
            sender.flush().await?;
            board.complete.notified().await;
            Ok(start.elapsed())
        }))
    }
}

impl Board {
    /// Counts from 0 to `messages`. Nothing may be on its way.
    fn expect(&self, messages: usize) {
        self.heard.store(0, Ordering::SeqCst);
        self.expected.store(messages, Ordering::SeqCst);
    }

    /// Goes on counting, now that the number is known.
    fn still_expect(&self, messages: usize) {
        self.expected.store(messages, Ordering::SeqCst);
        if self.heard.load(Ordering::SeqCst) == messages {
            self.complete.notify_one();
        }
    }
}

async fn hear(mut socket: Socket, board: Arc<Board>) {
    while let Some(Ok(_)) = socket.next().await {
        let heard = board.heard.fetch_add(1, Ordering::SeqCst) + 1;
        if heard == board.expected.load(Ordering::SeqCst) {
            board.complete.notify_one();
        }
    }
}

async fn open(address: &str, path: &str) -> Result<Socket, Error> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (socket, _) = tokio_tungstenite::client_async(format!("ws://{address}{path}"), stream).await?;
    Ok(socket)
}

/// Opens a socket in the room, and waits until it hears the others.
async fn enter(address: &str) -> Result<Socket, Error> {
    let mut socket = open(address, "/room").await?;
    socket.next().await.ok_or("the server has left")??;
    Ok(socket)
}

async fn within<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    timeout(PATIENCE, work).await.map_err(|_| "what was waited for did not come")?
}
