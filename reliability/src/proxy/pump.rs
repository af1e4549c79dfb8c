//! One connection of the proxy.

use super::{Shared, Way, lock};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until};

/// Most bytes that are read at once.
const CHUNK: usize = 16 * 1024;
/// Chunks that are on their way in one direction; a sender that has more to say waits.
const ON_THEIR_WAY: usize = 64;
/// What the first line of a WebSocket's request has.
const DIAL: &[u8] = b"/rumorwebsocketsv2";

/// How a connection is to end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    NotYet,
    Orderly,
    Reset,
}

/// A connection: the proxy holds it, and the connection's own task does.
pub(super) struct Link(Arc<State>);

struct State {
    end: watch::Sender<End>,
    /// Bytes that may still pass in each way; negative: any number.
    budgets: [AtomicI64; 2],
    /// It carries a WebSocket.
    is_socket: AtomicBool,
}

const ANY_NUMBER: i64 = -1;

impl Link {
    pub(super) fn new(budget: impl Fn() -> Option<u64>) -> Self {
        let budgets = [const { AtomicI64::new(ANY_NUMBER) }; 2];
        let link = Self(Arc::new(State {
            end: watch::Sender::new(End::NotYet),
            budgets,
            is_socket: AtomicBool::new(false),
        }));
        link.set_budgets(budget);
        link
    }

    /// The other holder's.
    pub(super) fn share(&self) -> Self {
        Self(Arc::clone(&self.0))
    }

    pub(super) fn set_budgets(&self, budget: impl Fn() -> Option<u64>) {
        for left in &self.0.budgets {
            let budget = budget().and_then(|budget| i64::try_from(budget).ok());
            left.store(budget.unwrap_or(ANY_NUMBER), Ordering::SeqCst);
        }
    }

    pub(super) fn cut(&self, reset: bool) {
        self.0.end.send_replace(if reset { End::Reset } else { End::Orderly });
    }

    pub(super) fn is_socket(&self) -> bool {
        self.0.is_socket.load(Ordering::SeqCst)
    }

    /// Whether the other holder is gone.
    pub(super) fn is_over(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }

    /// Passes bytes on until both sides have ended or the connection is cut; `at` is when it was made.
    pub(super) async fn run(self, mut client: TcpStream, mut server: TcpStream, shared: &Shared, at: u64) {
        let mut end = self.0.end.subscribe();
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        let up = Pump { way: Way::Up, link: &self, shared, dialed: Some(at) };
        let down = Pump { way: Way::Down, link: &self, shared, dialed: None };
        tokio::select! {
            _ = async { tokio::join!(up.run(from_client, to_server), down.run(from_server, to_client)) } => {}
            _ = end.wait_for(|end| *end != End::NotYet) => {}
        }
        if *self.0.end.borrow() == End::Reset {
            // What cannot be reset any more has ended already.
            let _ = (client.set_zero_linger(), server.set_zero_linger());
        }
    }

    /// How many of `count` bytes may pass; they are taken off.
    fn take(&self, way: Way, count: usize) -> usize {
        let left = &self.0.budgets[way as usize];
        let Ok(before) = usize::try_from(left.load(Ordering::SeqCst)) else { return count };
        let passing = before.min(count);
        left.fetch_sub(i64::try_from(passing).unwrap_or(0), Ordering::SeqCst);
        passing
    }
}

/// Bytes that have been read, and when they may be written.
type Chunk = (Instant, Vec<u8>);

/// One way of a connection.
struct Pump<'a> {
    way: Way,
    link: &'a Link,
    shared: &'a Shared,
    /// When the connection was made, until its first bytes say whether it is a WebSocket.
    dialed: Option<u64>,
}

impl Pump<'_> {
    async fn run(mut self, from: ReadHalf<'_>, mut to: WriteHalf<'_>) {
        let (sender, receiver) = mpsc::channel(ON_THEIR_WAY);
        let (way, link, shared) = (self.way, self.link, self.shared);
        let passed = tokio::try_join!(self.read(from, sender), write(way, link, shared, receiver, &mut to));
        match passed {
            // One side has said all it had to say; the other may still answer.
            Ok(_) => drop(to.shutdown().await),
            Err(_) => {
                link.0.end.send_if_modified(|end| {
                    let first = *end == End::NotYet;
                    if first {
                        *end = End::Orderly;
                    }
                    first
                });
            }
        }
    }

    /// Reads until the end; dropping `sender` tells the writer.
    async fn read(&mut self, mut from: ReadHalf<'_>, sender: mpsc::Sender<Chunk>) -> io::Result<()> {
        let weather = self.shared.weather.subscribe();
        let mut buffer = vec![0; CHUNK];
        loop {
            let count = from.read(&mut buffer).await?;
            if count == 0 {
                return Ok(());
            }
            let bytes = &buffer[..count];
            if let Some(at) = self.dialed.take()
                && bytes.windows(DIAL.len()).any(|window| window == DIAL)
            {
                self.link.0.is_socket.store(true, Ordering::SeqCst);
                lock(&self.shared.dials).push(at);
            }
            let delay = weather.borrow().delay;
            if sender.send((Instant::now() + delay, bytes.to_vec())).await.is_err() {
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
        }
    }
}

async fn write(
    way: Way,
    link: &Link,
    shared: &Shared,
    mut receiver: mpsc::Receiver<Chunk>,
    to: &mut WriteHalf<'_>,
) -> io::Result<()> {
    let aborted = || io::Error::from(io::ErrorKind::ConnectionAborted);
    let mut weather = shared.weather.subscribe();
    while let Some((due, bytes)) = receiver.recv().await {
        sleep_until(due).await;
        // A proxy that is gone lets nothing pass any more.
        let weather = weather.wait_for(|weather| !weather.silent[way as usize]).await;
        let rate = weather.map_err(|_| aborted())?.rate;
        let passing = link.take(way, bytes.len());
        to.write_all(&bytes[..passing]).await?;
        if passing < bytes.len() {
            shared.cuts.fetch_add(1, Ordering::SeqCst);
            link.cut(shared.wants_reset());
            return Err(aborted());
        }
        if let Some(rate) = rate {
            sleep(Duration::from_micros(passing as u64 * 1_000_000 / rate.max(1))).await;
        }
    }
    Ok(())
}
