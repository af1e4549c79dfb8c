//! Attacks that take their time, and those that only hold what they have got.

use super::ground::{Attacker, Ground};
use super::member::new_id;
use super::socket::{BINARY, FIN, Incoming, Socket, head};
use otc_harness::Error;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// Between two bytes.
const PAUSE: Duration = Duration::from_millis(300);

pub(super) fn idle(ground: Arc<Ground>, _: usize) -> Attacker {
    Box::pin(async move {
        loop {
            let mut socket = Socket::connect(&ground.address).await?;
            ground.arrive();
            ground.count("connections");
            if socket.next().await == Incoming::Gone {
                ground.count("closed by the server");
            }
        }
    })
}

pub(super) fn heads(ground: Arc<Ground>, _: usize) -> Attacker {
    drip(ground, String::new, "GET /session/x?extended=true HTTP/1.1\r\nHost: h\r\nX-Slow: ")
}

pub(super) fn bodies(ground: Arc<Ground>, _: usize) -> Attacker {
    let start =
        || "POST /logging/ClientEvent HTTP/1.1\r\nHost: h\r\nContent-Length: 60000\r\n\r\n".to_owned();
    drip(ground, start, "{")
}

/// A request that begins, and goes on byte by byte.
fn drip(ground: Arc<Ground>, start: impl Fn() -> String + Send + 'static, then: &'static str) -> Attacker {
    Box::pin(async move {
        loop {
            let mut socket = Socket::connect(&ground.address).await?;
            socket.raw(start().as_bytes()).await?;
            ground.arrive();
            ground.count("connections");
            for byte in then.bytes().chain(std::iter::repeat(b'x')) {
                if socket.raw(&[byte]).await.is_err() {
                    break;
                }
                sleep(PAUSE).await;
            }
            ground.count("closed by the server");
        }
    })
}

/// A frame that is announced and comes byte by byte.
pub(super) fn frames(ground: Arc<Ground>, _: usize) -> Attacker {
    Box::pin(async move {
        loop {
            let (mut socket, _) = Socket::open(&ground.address, &new_id()?, false, "").await?;
            ground.arrive();
            ground.count("WebSockets");
            socket.raw(&head(FIN | BINARY, true, 100_000)).await?;
            loop {
                if socket.raw(b"x").await.is_err() {
                    break;
                }
                if let Some(Incoming::Close(_) | Incoming::Gone) = socket.next_within(PAUSE).await {
                    break;
                }
            }
            ground.count("closed by the server");
        }
    })
}

/// WebSockets that say nothing.
pub(super) fn doors(ground: Arc<Ground>, _: usize) -> Attacker {
    Box::pin(async move {
        loop {
            let opened = Socket::open(&ground.address, &new_id()?, false, "").await;
            let (mut socket, _) = opened.map_err(|error| Error::from(format!("at the door: {error}")))?;
            ground.arrive();
            ground.count("WebSockets");
            while !matches!(socket.next().await, Incoming::Close(_) | Incoming::Gone) {}
            ground.count("closed by the server");
        }
    })
}
