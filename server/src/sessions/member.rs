//! One member of a room.

use super::line::Line;
use super::meter::Meter;
use bytes::Bytes;
use otc_protocol::permissions::{Permission, Permissions};
use otc_protocol::raptor::{Archive, Connection};
use serde_json::value::RawValue;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What a verified token allows its connection.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Admission {
    /// What it may do.
    pub permissions: Permissions,
    /// The connection data that everybody sees.
    pub data: String,
    /// The layout classes that its streams have at first.
    pub layout_classes: Vec<String>,
    /// The archive that begins with it, should it be the first one in its session.
    pub archive: Option<Archive>,
}

/// Members in the order of their joining.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct MemberId(pub(super) u64);

pub(super) struct Member {
    pub(super) line: Line,
    /// The connection id.
    pub(super) id: Arc<str>,
    /// Itself without its permissions, as streams and signals show their originator.
    pub(super) connection: Connection,
    /// Itself as the others see it; written once, copied into every newcomer's answer.
    pub(super) json: Box<RawValue>,
    pub(super) permissions: Permissions,
    /// It hears of nobody's coming and going (`wire.md §5.5`).
    pub(super) events_suppressed: bool,
    /// How fast it sends signals.
    pub(super) meter: Meter,
    /// It sends refused signals again in their order.
    pub(super) resends_in_order: bool,
    /// Whether a newcomer with the same connection id is the same client.
    pub(super) token: TokenDigest,
    pub(super) welcome: Welcome,
    /// The layout classes that its streams have at first.
    pub(super) layout_classes: Vec<String>,
    pub(super) streams: BTreeSet<Arc<str>>,
    /// Stream and subscriber.
    pub(super) subscriptions: BTreeSet<(Arc<str>, Arc<str>)>,
    /// Bytes of candidates that wait for the offers of its streams.
    pub(super) held_bytes: usize,
}

impl Member {
    /// A connection as the others see it.
    pub(super) fn shown(connection: &Connection, permissions: Permissions) -> Connection {
        let permissions = permissions.iter().map(|permission| permission.name().to_owned()).collect();
        Connection { permissions, ..connection.clone() }
    }

    /// Itself as the others see it.
    pub(super) fn as_shown(&self) -> Connection {
        Self::shown(&self.connection, self.permissions)
    }

    pub(super) fn may(&self, permission: Permission) -> bool {
        self.permissions.allows(permission)
    }

    /// How many subscribers of `stream` it has.
    pub(super) fn subscribers_of(&self, stream: &str) -> usize {
        let first: (Arc<str>, Arc<str>) = (stream.into(), "".into());
        self.subscriptions.range(first..).take_while(|(of, _)| &**of == stream).count()
    }
}

/// The answer to the join.
///
/// It lists everybody, so it is kept only until the client has acknowledged its own `created`. On the socket of the join
/// the STATUS precedes `created`, so whoever acknowledges that one there has had the answer. After a cut `created` may
/// come and be acknowledged without it; a join that is repeated even later is told the state of then. So is one while many
/// large ones are kept.
pub(super) struct Welcome {
    pub(super) transaction: Box<str>,
    /// The sequence number of its own `created`.
    pub(super) created: u64,
    pub(super) frame: Option<Bytes>,
}

/// SHA-256: tokens themselves are not kept.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct TokenDigest([u8; 32]);

impl TokenDigest {
    pub(super) fn of(token: &str) -> Self {
        let digest = ring::digest::digest(&ring::digest::SHA256, token.as_bytes());
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest.as_ref());
        Self(bytes)
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}
