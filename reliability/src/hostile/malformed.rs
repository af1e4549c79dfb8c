//! Attacks with what is no frame of the protocol.

use super::ground::{Attacker, Ground};
use super::member::{Member, new_id};
use super::socket::{BINARY, CONTINUATION, FIN, Incoming, PING, Socket, TEXT, frame, head};
use otc_harness::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// How long an end may take to be said.
const SOON: Duration = Duration::from_secs(15);
/// The first reserved bit: the frame is compressed.
const COMPRESSED: u8 = 0x40;
/// A kind of frame that nobody has defined.
const UNDEFINED: u8 = 3;
const MEGABYTE: usize = 1024 * 1024;

/// What a member says that nobody should.
#[derive(Clone, Copy)]
enum Nonsense {
    /// A frame of a gigabyte, as much of it as is taken.
    Giant,
    /// A message of small pieces that never ends.
    Endless,
    /// A message of empty pieces that never ends.
    Empty,
    Compressed,
    Unmasked,
    Undefined,
    NotText,
    LongPing,
    /// What is a message, and no frame of the protocol.
    Foreign,
}

pub(super) fn giant(ground: Arc<Ground>, _: usize) -> Attacker {
    again(ground, &[Nonsense::Giant])
}

pub(super) fn endless(ground: Arc<Ground>, _: usize) -> Attacker {
    again(ground, &[Nonsense::Endless, Nonsense::Empty])
}

pub(super) fn wrong(ground: Arc<Ground>, _: usize) -> Attacker {
    use Nonsense::{Foreign, LongPing, NotText, Undefined, Unmasked};
    again(ground, &[Unmasked, Undefined, NotText, LongPing, Foreign])
}

/// Offers compression, which has to be declined, and compresses all the same.
pub(super) fn compressed(ground: Arc<Ground>, _: usize) -> Attacker {
    Box::pin(async move {
        let offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";
        let (_, answer) = Socket::open(&ground.address, &new_id()?, false, offer).await?;
        let declined = !answer.to_ascii_lowercase().contains("sec-websocket-extensions");
        ground.expect(declined, "compression declined", "compression agreed on");
        again(ground, &[Nonsense::Compressed]).await
    })
}

/// A member again and again; what it says, and how that ends.
fn again(ground: Arc<Ground>, nonsense: &'static [Nonsense]) -> Attacker {
    Box::pin(async move {
        for nonsense in nonsense.iter().cycle() {
            let mut member = Member::join(&ground.address, &ground.session, "x").await?;
            ground.arrive();
            ground.count("members");
            // The server may end it before all is said.
            let _ = say(*nonsense, &mut member.socket).await;
            end(&ground, &mut member.socket).await;
        }
        Ok::<(), Error>(())
    })
}

async fn say(nonsense: Nonsense, socket: &mut Socket) -> io::Result<()> {
    match nonsense {
        Nonsense::Giant => {
            socket.raw(&head(FIN | BINARY, true, 1 << 30)).await?;
            let some = vec![7; MEGABYTE];
            for _ in 0..1024 {
                socket.raw(&some).await?;
            }
            Ok(())
        }
        Nonsense::Endless => {
            socket.raw(&frame(BINARY, true, &[7; 1000])).await?;
            let more = frame(CONTINUATION, true, &[7; 1000]).repeat(16);
            for _ in 0..MEGABYTE {
                socket.raw(&more).await?;
            }
            Ok(())
        }
        Nonsense::Empty => {
            socket.raw(&frame(BINARY, true, b"")).await?;
            let more = frame(CONTINUATION, true, b"").repeat(4096);
            for _ in 0..MEGABYTE {
                socket.raw(&more).await?;
            }
            Ok(())
        }
        // A kilobyte that would be a megabyte; whether it could be read is not to be found out.
        Nonsense::Compressed => socket.raw(&frame(FIN | COMPRESSED | BINARY, true, &[0; 1024])).await,
        Nonsense::Unmasked => socket.raw(&frame(FIN | BINARY, false, b"\0\0\0\x05\0\0\x07\0\0")).await,
        Nonsense::Undefined => socket.message(UNDEFINED, b"x").await,
        Nonsense::NotText => socket.message(TEXT, b"\xff\xfe").await,
        Nonsense::LongPing => socket.raw(&frame(FIN | PING, true, &[0; 200])).await,
        Nonsense::Foreign => socket.message(BINARY, b"\0\0\0\x05\0\0\x63\0\0").await,
    }
}

/// How the server ends a WebSocket.
async fn end(ground: &Ground, socket: &mut Socket) {
    loop {
        let count = match socket.next_within(SOON).await {
            Some(Incoming::Close(1002)) => "closed 1002",
            Some(Incoming::Close(1003)) => "closed 1003",
            Some(Incoming::Close(1009)) => "closed 1009",
            Some(Incoming::Close(1011)) => "closed 1011",
            Some(Incoming::Close(4001)) => "closed 4001",
            Some(Incoming::Close(_)) => "closed otherwise",
            Some(Incoming::Gone) => "cut",
            Some(_) => continue,
            None => return ground.fault("not ended"),
        };
        ground.count(count);
        return;
    }
}
