//! Attacks with more of what is allowed than anybody needs.

use super::ground::{Attacker, Ground};
use super::member::{Member, new_id, token};
use super::socket::{BINARY, FIN, Incoming, PING, Socket, frame};
use bytes::Bytes;
use otc_harness::Error;
use otc_protocol::envelope;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// Requests that are sent in one go.
const AT_ONCE: usize = 64;
/// How long an answer may take.
const SOON: Duration = Duration::from_secs(20);

/// The answers and messages that have to come before more is asked; what is not an answer is acknowledged.
async fn answers(ground: &Ground, member: &mut Member, mut wanted: usize) -> Result<(), Error> {
    while wanted > 0 {
        match member.socket.next_within(SOON).await {
            Some(Incoming::Message(bytes)) => match super::member::message(&bytes) {
                Some(heard) => {
                    let frame = member.acknowledgement(&heard)?;
                    member.socket.message(BINARY, &frame).await?;
                }
                None => wanted -= 1,
            },
            Some(Incoming::Control) => {}
            end => {
                ground.count("ended");
                return Err(format!("{end:?} instead of an answer").into());
            }
        }
    }
    ground.count("times 64 answers");
    Ok(())
}

/// A member that asks as fast as it is answered.
fn ask(
    ground: Arc<Ground>,
    data: &'static str,
    request: fn(&mut Member) -> Result<Bytes, Error>,
) -> Attacker {
    Box::pin(async move {
        let mut member = Member::join(&ground.address, &ground.session, data).await?;
        ground.arrive();
        loop {
            let mut frames = Vec::new();
            for _ in 0..AT_ONCE {
                frames.extend(frame(FIN | BINARY, true, &request(&mut member)?));
            }
            member.socket.raw(&frames).await?;
            answers(&ground, &mut member, AT_ONCE).await?;
        }
    })
}

pub(super) fn requests(ground: Arc<Ground>, _: usize) -> Attacker {
    ask(ground, "x", |member| member.request("unheard", "/of", &json!({"x": "y".repeat(1000)})))
}

pub(super) fn signals(ground: Arc<Ground>, _: usize) -> Attacker {
    ask(ground, "x", |member| member.signal(None, 100))
}

/// The first few ask for the state of a large session, the others make it large.
pub(super) fn states(ground: Arc<Ground>, number: usize) -> Attacker {
    if number < 2 {
        return ask(ground, "x", |member| member.request("read", "", &json!({})));
    }
    crowd(ground)
}

/// Everybody asks for the state of a large session, and nobody takes it.
pub(super) fn unread_states(ground: Arc<Ground>, _: usize) -> Attacker {
    Box::pin(async move {
        let mut member = Member::join(&ground.address, &ground.session, &"d".repeat(1000)).await?;
        ground.arrive();
        loop {
            let request = member.request("read", "", &json!({}))?;
            member.socket.message(BINARY, &request).await?;
            ground.count("requests");
            // It shows that it lives, and reads nothing.
            for _ in 0..3 {
                tokio::time::sleep(Duration::from_secs(2)).await;
                if member.socket.message(BINARY, &envelope::ping()).await.is_err() {
                    ground.count("ended");
                    return Ok(());
                }
            }
        }
    })
}

/// A member with as much connection data as there can be, which takes and acknowledges everything.
fn crowd(ground: Arc<Ground>) -> Attacker {
    Box::pin(async move {
        let mut member = Member::join(&ground.address, &ground.session, &"d".repeat(1000)).await?;
        ground.arrive();
        loop {
            match member.socket.next_within(Duration::from_secs(2)).await {
                Some(Incoming::Message(bytes)) => {
                    if let Some(heard) = super::member::message(&bytes) {
                        let frame = member.acknowledgement(&heard)?;
                        member.socket.message(BINARY, &frame).await?;
                    }
                }
                Some(Incoming::Control) => {}
                None => member.socket.message(BINARY, &envelope::ping()).await?,
                Some(end) => return Err(format!("{end:?}").into()),
            }
        }
    })
}

/// Comes in and leaves.
pub(super) fn joins(ground: Arc<Ground>, _: usize) -> Attacker {
    Box::pin(async move {
        loop {
            let mut member = Member::join(&ground.address, &ground.session, "x").await?;
            ground.arrive();
            ground.count("joins");
            member.socket.message(BINARY, &envelope::leave()).await?;
        }
    })
}

/// Asks to come in with a token of another session, until it is sent away; and again.
pub(super) fn bad_tokens(ground: Arc<Ground>, _: usize) -> Attacker {
    Box::pin(async move {
        let token = token(&ground.session, "x")?.replace('.', "x.");
        loop {
            let mut member = Member::knock(&ground.address, &ground.session).await?;
            ground.arrive();
            while let Ok(status) = member.enter(&token).await {
                ground.expect(status == 403, "refused with 403", "answered otherwise");
            }
        }
    })
}

/// Signs of life, as fast as they are taken.
pub(super) fn pings(ground: Arc<Ground>, number: usize) -> Attacker {
    Box::pin(async move {
        let mut member = Member::join(&ground.address, &ground.session, "x").await?;
        ground.arrive();
        // Of the protocol, and of the WebSocket below it.
        let one = if number.is_multiple_of(2) {
            frame(FIN | BINARY, true, &envelope::ping())
        } else {
            frame(FIN | PING, true, b"x")
        };
        let many = one.repeat(4096);
        loop {
            if member.socket.raw(&many).await.is_err() {
                ground.count("ended");
                return Ok(());
            }
            ground.count("times 4,096 pings");
            // What comes back is taken now and then.
            while let Some(Incoming::Message(_) | Incoming::Control) =
                member.socket.next_within(Duration::ZERO).await
            {}
        }
    })
}

/// REST calls without a key.
pub(super) fn rest(ground: Arc<Ground>, _: usize) -> Attacker {
    Box::pin(async move {
        let call = "POST /v2/project/1/session/x/signal HTTP/1.1\r\nHost: h\r\nX-OPENTOK-AUTH: a.b.c\r\n\
                    Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
        loop {
            let mut socket = Socket::connect(&ground.address).await?;
            ground.arrive();
            for _ in 0..1000 {
                socket.raw(call.as_bytes()).await?;
                let head = socket.head().await?;
                if head.contains(" 429 ") {
                    ground.count("refused with 429");
                } else {
                    ground.expect(head.contains(" 403 "), "refused with 403", "answered otherwise");
                }
                socket.skip_body(&head);
            }
        }
    })
}

/// Comes back as somebody whom nobody knows.
pub(super) fn strangers(ground: Arc<Ground>, _: usize) -> Attacker {
    Box::pin(async move {
        loop {
            let (mut socket, _) = Socket::open(&ground.address, &new_id()?, true, "").await?;
            ground.arrive();
            let end = socket.next_within(SOON).await;
            ground.expect(end == Some(Incoming::Close(1011)), "closed 1011", "ended otherwise");
        }
    })
}
