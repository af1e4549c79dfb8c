//! The server to compare with: WebSockets without a protocol on them.
//!
//! At `/echo` each message goes back, at `/room` to everybody else there; an empty one says that one is in. It is what one writes with tokio-tungstenite
//! when nothing more is asked for: `forward` for the echo, a bounded channel for each member of the room. It runs on the
//! same kind of runtime as `otc-server`.

use crate::Error;
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use std::io::Write;
use std::sync::Arc;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{RwLock, mpsc};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};

/// The members of the room.
type Room = Arc<RwLock<Vec<(u64, mpsc::Sender<Message>)>>>;

/// Messages that wait for one member.
const WAITING: usize = 1024;
/// Messages that are written in one flush.
const BATCH: usize = 256;

/// Says `listening on ADDRESS` and serves until it is killed.
pub(crate) fn run() -> Result<(), Error> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("listening on {}", listener.local_addr()?);
        std::io::stdout().flush()?;
        let room = Room::default();
        for id in 0.. {
            let (stream, _) = listener.accept().await?;
            let room = Arc::clone(&room);
            // A client that leaves is an error to its task and to nobody else.
            tokio::spawn(async move { serve(id, stream, room).await });
        }
        Ok(())
    })
}

async fn serve(id: u64, stream: TcpStream, room: Room) -> Result<(), Error> {
    stream.set_nodelay(true)?;
    let mut echo = false;
    #[allow(clippy::result_large_err, reason = "the type of the callback is tungstenite's")]
    let look = |request: &Request, response: Response| {
        echo = request.uri().path() == "/echo";
        Ok(response)
    };
    let socket = tokio_tungstenite::accept_hdr_async(stream, look).await?;
    if echo {
        let (write, read) = socket.split();
        read.forward(write).await?;
        return Ok(());
    }
    let (sender, receiver) = mpsc::channel(WAITING);
    room.write().await.push((id, sender));
    let result = relay(id, socket, receiver, &room).await;
    room.write().await.retain(|(member, _)| *member != id);
    result
}

async fn relay(
    id: u64,
    socket: WebSocketStream<TcpStream>,
    mut receiver: mpsc::Receiver<Message>,
    room: &Room,
) -> Result<(), Error> {
    let (mut write, mut read) = socket.split();
    // From now on it hears everything.
    write.send(Message::Binary(Bytes::new())).await?;
    let writing = async {
        let mut batch = Vec::with_capacity(BATCH);
        while receiver.recv_many(&mut batch, BATCH).await > 0 {
            for message in batch.drain(..) {
                write.feed(message).await?;
            }
            write.flush().await?;
        }
        Ok(())
    };
    let reading = async {
        while let Some(message) = read.next().await {
            let message = message?;
            for (member, sender) in &*room.read().await {
                if *member != id {
                    // A member that has left is removed by its own task.
                    let _ = sender.send(message.clone()).await;
                }
            }
        }
        Ok(())
    };
    tokio::select! {
        result = writing => result,
        result = reading => result,
    }
}
