//! Attacks by members who are sent much and do not do their part.

use super::ground::{Attacker, Ground};
use super::member::{Member, message};
use super::socket::{BINARY, FIN, Incoming, Socket, frame};
use otc_harness::Error;
use otc_protocol::{envelope, uuid};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// Bytes of each signal to such a member.
const BYTES: usize = 8000;
/// Signals that are sent in one go.
const AT_ONCE: usize = 16;
/// What one who comes back again and again is owed before it begins.
const OWED: usize = 2000;
const SOON: Duration = Duration::from_secs(20);

/// What such a member does not do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// It takes its messages and never says so.
    Silent,
    /// It takes nothing.
    Deaf,
    /// It acknowledges everything twice, and what it has not got.
    Eager,
}

pub(super) fn silent(ground: Arc<Ground>, number: usize) -> Attacker {
    debtor(ground, number, Fault::Silent)
}

pub(super) fn deaf(ground: Arc<Ground>, number: usize) -> Attacker {
    debtor(ground, number, Fault::Deaf)
}

pub(super) fn eager(ground: Arc<Ground>, number: usize) -> Attacker {
    debtor(ground, number, Fault::Eager)
}

/// One who is sent much, until it is ended, and again; beside it runs whoever sends.
fn debtor(ground: Arc<Ground>, _: usize, fault: Fault) -> Attacker {
    Box::pin(async move {
        loop {
            let member = Member::join(&ground.address, &ground.session, "x").await?;
            let talker = Member::join(&ground.address, &ground.session, "x").await?;
            ground.arrive();
            let to = member.id.clone();
            tokio::select! {
                end = suffer(member, fault) => ground.count(end?),
                result = talk(&ground, talker, &to) => result?,
            }
        }
    })
}

/// What comes of such a member.
async fn suffer(mut member: Member, fault: Fault) -> Result<&'static str, Error> {
    loop {
        if fault == Fault::Deaf {
            sleep(Duration::from_secs(2)).await;
            if member.socket.message(BINARY, &envelope::ping()).await.is_err() {
                return Ok("cut");
            }
            continue;
        }
        match member.socket.next_within(Duration::from_secs(2)).await {
            Some(Incoming::Message(bytes)) if fault == Fault::Eager => {
                let Some(heard) = message(&bytes) else { continue };
                let one = frame(FIN | BINARY, true, &member.acknowledgement(&heard)?);
                let number = uuid::parse(&heard.transaction).unwrap_or_default();
                // What comes next, perhaps.
                let other = envelope::acknowledge("x", &uuid::format(number + 1), &member.id)?;
                let frames = [&one[..], &one, &frame(FIN | BINARY, true, &other)].concat();
                member.socket.raw(&frames).await?;
            }
            Some(Incoming::Message(_) | Incoming::Control) => {}
            Some(Incoming::Close(1011)) => return Ok("closed 1011"),
            Some(Incoming::Close(_)) => return Ok("closed otherwise"),
            Some(Incoming::Gone) => return Ok("cut"),
            None => {
                // An error is an end that is read next.
                let _ = member.socket.message(BINARY, &envelope::ping()).await;
            }
        }
    }
}

/// Sends to one member as fast as the server takes it.
async fn talk(ground: &Ground, mut talker: Member, to: &str) -> Result<(), Error> {
    loop {
        if say_some(&mut talker, to).await? {
            ground.count("times 16 signals of 8,000 bytes");
        } else {
            sleep(SOON).await; // The other one has been ended; it will be noticed there.
        }
    }
}

/// Sends a few signals; whether all were carried out.
async fn say_some(talker: &mut Member, to: &str) -> Result<bool, Error> {
    let mut frames = Vec::new();
    for _ in 0..AT_ONCE {
        frames.extend(frame(FIN | BINARY, true, &talker.signal(Some(to), BYTES)?));
    }
    talker.socket.raw(&frames).await?;
    let (mut answers, mut all) = (0, true);
    while answers < AT_ONCE {
        match talker.socket.next_within(SOON).await {
            Some(Incoming::Message(bytes)) => match message(&bytes) {
                Some(heard) => {
                    let frame = talker.acknowledgement(&heard)?;
                    talker.socket.message(BINARY, &frame).await?;
                }
                None => {
                    answers += 1;
                    all &= bytes.windows(3).any(|window| window == b"200");
                }
            },
            Some(Incoming::Control) => {}
            end => return Err(format!("{end:?} instead of an answer").into()),
        }
    }
    Ok(all)
}

/// One who is owed much, and comes back again and again.
pub(super) fn resumes(ground: Arc<Ground>, _: usize) -> Attacker {
    Box::pin(async move {
        let member = Member::join(&ground.address, &ground.session, "x").await?;
        let mut talker = Member::join(&ground.address, &ground.session, "x").await?;
        let (to, socket_id) = (member.id.clone(), member.socket_id.clone());
        let load = async {
            for _ in 0..OWED / AT_ONCE {
                say_some(&mut talker, &to).await?;
            }
            Ok::<(), Error>(())
        };
        tokio::select! {
            end = suffer(member, Fault::Silent) => return Err(format!("ended too early: {}", end?).into()),
            loaded = load => loaded?,
        }
        ground.arrive();
        loop {
            let (mut socket, _) = Socket::open(&ground.address, &socket_id, true, "").await?;
            match socket.next_within(SOON).await {
                Some(Incoming::Message(_)) => ground.count("returns"),
                _ => ground.fault("refused"),
            }
            // Some of what is sent again may come.
            for _ in 0..8 {
                let _ = socket.next_within(Duration::from_millis(1)).await;
            }
            talker.socket.message(BINARY, &envelope::ping()).await?;
            while talker.socket.next_within(Duration::ZERO).await.is_some_and(|next| next != Incoming::Gone) {
            }
        }
    })
}
