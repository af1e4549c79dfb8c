//! A moderator's requests: muting (`wire.md §7.6`) and sending somebody away (`§5.3`).

use super::Engine;
use super::io::{Moderation, Output, Refused};
use super::outbox::RequestKind;
use otc_protocol::Moment;
use otc_protocol::error::ErrorCode;
use otc_protocol::limits::{CLIENT_ID_BYTES, MUTE_EXCLUSIONS, REQUEST_BYTES};
use otc_protocol::permissions::Permission;
use otc_protocol::raptor::{Body, Message, Mute, Object};

impl Engine {
    pub(super) fn moderate(
        &mut self,
        now: Moment,
        moderation: Moderation<'_>,
        out: &mut Vec<Output>,
    ) -> Result<(), Refused> {
        moderation.check()?;
        let session = self.session_to_ask()?.clone();
        let kind = moderation.kind();
        if !self.permissions().allows(moderation.permission()) {
            let text =
                "The token of this connection does not allow it; it takes one with the role moderator.";
            return Err(Refused { code: kind.code(), text });
        }
        let data = Message { session, body: moderation.body() }.encode();
        if data.len() > REQUEST_BYTES {
            return Err(invalid("The excluded stream ids are too long together; exclude fewer streams."));
        }
        self.send_request(now, kind, data, out)
    }
}

impl Moderation<'_> {
    fn kind(&self) -> RequestKind {
        match self {
            Self::MuteAll { .. } | Self::EndMute | Self::MuteStream(_) => RequestKind::Mute,
            Self::Disconnect(_) => RequestKind::ForceDisconnect,
        }
    }

    fn permission(&self) -> Permission {
        match self {
            Self::MuteAll { .. } | Self::EndMute | Self::MuteStream(_) => Permission::ForceMute,
            Self::Disconnect(_) => Permission::ForceDisconnect,
        }
    }

    fn check(&self) -> Result<(), Refused> {
        let streams = match self {
            Self::MuteAll { except } => *except,
            Self::MuteStream(stream) => std::slice::from_ref(stream),
            Self::EndMute => &[],
            Self::Disconnect(connection) if is_id(connection) => &[],
            Self::Disconnect(_) => {
                return Err(invalid("The connection has no id that it could be named by."));
            }
        };
        if streams.len() > MUTE_EXCLUSIONS {
            return Err(invalid("More than 3000 streams are excluded; a session has no more."));
        }
        if streams.iter().all(|stream| is_id(stream)) {
            return Ok(());
        }
        Err(invalid("A stream id is 1 to 64 letters, digits, '-', '_' or '.'; see otc_stream_get_id()."))
    }

    fn body(&self) -> Body {
        match self {
            Self::MuteAll { except } => {
                let exclusion = except.iter().map(|&stream| stream.to_owned()).collect();
                Body::SessionMute(Mute { exclusion, ..mute(true) })
            }
            Self::EndMute => Body::SessionMute(mute(false)),
            Self::MuteStream(stream) => Body::StreamMute { id: (*stream).to_owned(), mute: mute(true) },
            Self::Disconnect(connection) => Body::ConnectionDelete { id: (*connection).to_owned() },
        }
    }
}

/// A mute of the sound, in the form of the published client (`wire.md §7.6`).
fn mute(active: bool) -> Mute {
    Mute {
        active,
        channels: vec!["audio".to_owned()],
        exclusion: Vec::new(),
        extra: Object::from_iter([("locked".to_owned(), false.into())]),
    }
}

/// Whether a stream or a connection may have this id: it becomes a part of a uri.
fn is_id(text: &str) -> bool {
    (1..=CLIENT_ID_BYTES).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

fn invalid(text: &'static str) -> Refused {
    Refused { code: ErrorCode::NullOrInvalidParameter, text }
}
