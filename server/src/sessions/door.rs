//! A socket that has not joined a session yet (`wire.md §5.1`).

use super::line::status_frame;
use super::{Admission, CloseCode, Delivery, LinkId, Output, Refusal, is_id};
use otc_protocol::Moment;
use otc_protocol::envelope::{FromClient, Request};
use otc_protocol::limits::{JOIN_REFUSALS, JOIN_WITHIN, PROJECT_BYTES, TOKEN_BYTES};
use otc_protocol::raptor::{Archive, Body, ConnectionRequest, Message, SessionAddress};
use otc_protocol::rumor::Frame;

/// Who decides whether a token opens a session.
pub trait Gate: Send + Sync {
    /// What `token` allows in `session`, or why it does not open it; `unix_ms` is the time on the calendar.
    fn admit(&self, token: &str, session: &SessionAddress, unix_ms: u64) -> Result<Admission, Refusal>;

    /// The archive that begins with the first member of `session`, if its admission names none. It is asked when nobody is
    /// there yet: whoever has to look it up need not do so for everybody.
    fn archive(&self, session: &SessionAddress) -> Option<Archive> {
        let _ = session;
        None
    }
}

impl<F> Gate for F
where
    F: Fn(&str, &SessionAddress, u64) -> Result<Admission, Refusal> + Send + Sync,
{
    fn admit(&self, token: &str, session: &SessionAddress, unix_ms: u64) -> Result<Admission, Refusal> {
        self(token, session, unix_ms)
    }
}

/// A socket at the door. Its id is kept when its WebSocket is lost: the client may have been cut off between CONNECT and
/// its join, and what comes back then is the join alone.
///
/// What it subscribes to is not remembered: a member receives its session's messages in any case, because a client that
/// comes back does not repeat SUBSCRIBE.
#[derive(Debug)]
pub(super) struct Door {
    link: Option<LinkId>,
    /// When to close the door if nobody has come in; nothing puts it off.
    pub(super) due: Moment,
    /// Whether a frame has come: the client knows that this socket is its own.
    spoken: bool,
    refusals: u32,
}

/// A well-formed request to join.
#[derive(Debug)]
pub(super) struct Join {
    pub(super) transaction: String,
    pub(super) session: SessionAddress,
    pub(super) connection: String,
    pub(super) token: String,
    pub(super) content: ConnectionRequest,
}

/// What a frame at the door leads to.
#[derive(Debug)]
pub(super) enum Knock {
    /// Nothing, or an output.
    Stay,
    /// The client wants to come in.
    Join(Box<Join>),
    /// The client has given up, or is no client; the socket id is to be forgotten.
    Gone,
}

impl Door {
    pub(super) fn new(now: Moment, link: LinkId) -> Self {
        Self { link: Some(link), due: now + JOIN_WITHIN, spoken: false, refusals: 0 }
    }

    pub(super) fn link(&self) -> Option<LinkId> {
        self.link
    }

    /// The client has come back before it had joined; whether it may. One that never said a word is what a given up
    /// attempt has left behind, and must not be kept alive (`wire.md §3.5` rule 5).
    pub(super) fn resume(&mut self, link: LinkId, out: &mut Vec<Output>) -> bool {
        if !self.spoken {
            return false;
        }
        if let Some(old) = self.link.replace(link) {
            out.push(Output::to(old, Delivery::Close(CloseCode::Done)));
        }
        out.push(Output::to(link, Delivery::Pong));
        true
    }

    /// The WebSocket `link` is closed; whether somebody may come back to this door.
    pub(super) fn lose(&mut self, link: LinkId) -> bool {
        if self.link == Some(link) {
            self.link = None;
        }
        self.link.is_some() || self.spoken
    }

    /// Refuses a request; after too many of them the client has to go.
    pub(super) fn refuse(
        &mut self,
        link: LinkId,
        to: &str,
        transaction: &str,
        refusal: &Refusal,
        out: &mut Vec<Output>,
    ) -> Knock {
        answer(link, to, transaction, refusal.status, &refusal.data(), out);
        self.refusals += 1;
        if self.refusals < JOIN_REFUSALS {
            return Knock::Stay;
        }
        out.push(Output::to(link, Delivery::Close(CloseCode::Ended)));
        Knock::Gone
    }

    /// Takes one frame that came over `link`.
    pub(super) fn receive(&mut self, link: LinkId, bytes: &[u8], out: &mut Vec<Output>) -> Knock {
        if self.link != Some(link) {
            return Knock::Stay; // The client has replaced this WebSocket.
        }
        self.spoken = true;
        let read = Frame::decode(bytes).map_err(Into::into).and_then(|frame| FromClient::read(&frame));
        match read {
            Ok(FromClient::Ping) => out.push(Output::to(link, Delivery::Pong)),
            Ok(FromClient::Connect { connection, transaction: Some(transaction) }) => {
                answer(link, connection, transaction, 200, b"", out);
            }
            Ok(FromClient::Request(request)) => match join(&request) {
                Ok(join) => return Knock::Join(Box::new(join)),
                Err(refusal) => return self.refuse(link, request.from, request.transaction, &refusal, out),
            },
            Ok(FromClient::Replaced) => {
                out.push(Output::to(link, Delivery::Close(CloseCode::Done)));
                self.link = None; // What it still says goes unanswered.
            }
            Ok(FromClient::Leave) => {
                out.push(Output::to(link, Delivery::Close(CloseCode::Done)));
                return Knock::Gone;
            }
            Ok(
                FromClient::Connect { .. }
                | FromClient::Subscribe
                | FromClient::Unsubscribe
                | FromClient::Acknowledge { .. },
            ) => {}
            Err(_) => {
                out.push(Output::to(link, Delivery::Close(CloseCode::Foreign)));
                return Knock::Gone;
            }
        }
        Knock::Stay
    }
}

fn answer(link: LinkId, to: &str, transaction: &str, status: u16, data: &[u8], out: &mut Vec<Output>) {
    out.push(Output::to(link, Delivery::Reply(status_frame(to, transaction, status, data))));
}

/// Reads a request that can only be a join.
fn join(request: &Request<'_>) -> Result<Join, Refusal> {
    let message = Message::decode(request.data).map_err(|error| Refusal::new(400, error.to_string()))?;
    let Body::ConnectionCreate { id, content } = message.body else {
        return Err(Refusal::new(403, "This socket has not joined a session; create a connection first."));
    };
    if !is_id(&id) || id.starts_with("symphony.") {
        return Err(Refusal::new(
            400,
            "The connection id must be 1 to 64 letters, digits, or - _ . characters.",
        ));
    }
    if message.session.project.len() > PROJECT_BYTES {
        return Err(Refusal::new(400, "The API key in the uri is too long."));
    }
    if !is_id(request.transaction) {
        return Err(Refusal::new(
            400,
            "The TRANSACTION-ID must be 1 to 64 letters, digits, or - _ . characters.",
        ));
    }
    let token = request.token.ok_or_else(|| Refusal::new(403, "The join has no token (X-TB-TOKEN-AUTH)."))?;
    if token.len() > TOKEN_BYTES {
        return Err(Refusal::new(403, "The token is too long."));
    }
    Ok(Join {
        transaction: request.transaction.to_owned(),
        session: message.session,
        connection: id,
        token: token.to_owned(),
        content,
    })
}
