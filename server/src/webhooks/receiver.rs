//! A receiver for tests, which behaves as it is told.

use super::url::HookUrl;
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// How long anything may take before a test fails.
pub(super) const DEADLINE: Duration = Duration::from_secs(30);

/// A request as it came.
#[derive(Clone, Debug)]
pub(super) struct Received {
    pub(super) line: String,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Vec<u8>,
    /// Which connection it came by.
    pub(super) connection: usize,
}

impl Received {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    pub(super) fn session(&self) -> String {
        self.json()["sessionId"].as_str().expect("a session").to_owned()
    }

    pub(super) fn id(&self) -> String {
        self.headers["webhook-id"].clone()
    }
}

/// What a receiver does with a request.
#[derive(Clone, Debug)]
pub(super) enum Manner {
    /// Answers with these bytes.
    Say(Vec<u8>),
    /// The same, and goes on for ever with these.
    Flood(Vec<u8>, Vec<u8>),
    /// The same bytes, one now and then, for ever.
    Drip(Vec<u8>, u8),
    /// Says nothing.
    Silence,
    /// Hangs up.
    Hang,
}

impl Manner {
    pub(super) fn status(status: u16) -> Self {
        Self::Say(format!("HTTP/1.1 {status} Whatever\r\nContent-Length: 2\r\n\r\nok").into_bytes())
    }

    pub(super) fn say(text: &str) -> Self {
        Self::Say(text.as_bytes().to_vec())
    }
}

/// Something that a receiver has seen.
#[derive(Debug)]
pub(super) enum Seen {
    Connection,
    Request(Received),
    /// The other side has hung up.
    End,
}

/// A receiver on this machine.
pub(super) struct Receiver {
    pub(super) address: SocketAddr,
    seen: mpsc::UnboundedReceiver<Seen>,
    task: JoinHandle<()>,
}

type Decide = Arc<dyn Fn(&Received) -> Manner + Send + Sync>;

impl Receiver {
    pub(super) async fn start(decide: impl Fn(&Received) -> Manner + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        Self::on(listener, decide)
    }

    pub(super) fn on(
        listener: TcpListener,
        decide: impl Fn(&Received) -> Manner + Send + Sync + 'static,
    ) -> Self {
        let address = listener.local_addr().expect("an address");
        let (tell, seen) = mpsc::unbounded_channel();
        let decide: Decide = Arc::new(decide);
        let task = tokio::spawn(async move {
            let mut connection = 0;
            while let Ok((stream, _)) = listener.accept().await {
                connection += 1;
                let _ = tell.send(Seen::Connection);
                tokio::spawn(serve(stream, connection, Arc::clone(&decide), tell.clone()));
            }
        });
        Self { address, seen, task }
    }

    pub(super) fn url(&self) -> HookUrl {
        HookUrl::parse(&format!("http://{}/hook?key=1", self.address)).expect("a URL")
    }

    pub(super) async fn seen(&mut self) -> Seen {
        timeout(DEADLINE, self.seen.recv()).await.expect("something in time").expect("a receiver")
    }

    /// The next request.
    pub(super) async fn request(&mut self) -> Received {
        loop {
            if let Seen::Request(request) = self.seen().await {
                return request;
            }
        }
    }

    pub(super) async fn requests(&mut self, count: usize) -> Vec<Received> {
        let mut requests = Vec::new();
        while requests.len() < count {
            requests.push(self.request().await);
        }
        requests
    }

    /// What has been seen that nobody has asked for.
    pub(super) fn rest(&mut self) -> Vec<Seen> {
        std::iter::from_fn(|| self.seen.try_recv().ok()).collect()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, connection: usize, decide: Decide, tell: mpsc::UnboundedSender<Seen>) {
    let mut kept = Vec::new();
    while let Some(request) = read(&mut stream, &mut kept, connection).await {
        let manner = decide(&request);
        let _ = tell.send(Seen::Request(request));
        let written = match manner {
            Manner::Say(bytes) => stream.write_all(&bytes).await,
            Manner::Hang => return,
            Manner::Silence => {
                let _ = stream.read(&mut [0; 1]).await;
                break;
            }
            Manner::Flood(first, more) => {
                let mut written = stream.write_all(&first).await;
                while written.is_ok() {
                    written = stream.write_all(&more).await;
                }
                written
            }
            Manner::Drip(first, byte) => drip(&mut stream, &first, byte).await,
        };
        if written.is_err() {
            break;
        }
    }
    let _ = tell.send(Seen::End);
}

async fn drip(stream: &mut TcpStream, first: &[u8], byte: u8) -> std::io::Result<()> {
    let mut pause = tokio::time::interval(Duration::from_millis(20));
    stream.write_all(first).await?;
    loop {
        pause.tick().await;
        stream.write_all(&[byte]).await?;
    }
}

async fn read(stream: &mut TcpStream, kept: &mut Vec<u8>, connection: usize) -> Option<Received> {
    loop {
        if let Some(end) = kept.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            let head = String::from_utf8(kept[..end].to_vec()).expect("a head");
            let mut lines = head.split("\r\n");
            let line = lines.next().expect("a line").to_owned();
            let headers: BTreeMap<String, String> = lines
                .map(|line| line.split_once(": ").expect("a header"))
                .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
                .collect();
            let length: usize = headers["content-length"].parse().expect("a length");
            if kept.len() >= end + 4 + length {
                let body = kept[end + 4..end + 4 + length].to_vec();
                kept.drain(..end + 4 + length);
                return Some(Received { line, headers, body, connection });
            }
        }
        if stream.read_buf(kept).await.ok()? == 0 {
            return None;
        }
    }
}
