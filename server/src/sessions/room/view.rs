//! What whoever watches the session is shown of it: copies, which are put into words when the room is not locked any more.

use super::super::line::Carrier;
use super::super::view::{ArchiveView, ConnectionView, Glimpse, StreamView, View, within_bounds};
use super::{Member, Publication, Room};
use otc_protocol::permissions::{Permission, Permissions, Role};

/// Bytes of an entry without its texts.
const BARE: usize = 128;

impl Room {
    /// The session among others; `None` while nobody is in it.
    pub(in crate::sessions) fn glimpse(&self) -> Option<Glimpse> {
        (!self.members.is_empty()).then(|| Glimpse {
            id: self.address.session.clone(),
            since: self.since(),
            connections: self.members.len(),
            streams: self.streams.len(),
            signals: self.outside.signals(),
            archives: self.archives.len(),
        })
    }

    /// The session; `None` while nobody is in it.
    pub(in crate::sessions) fn view(&self) -> Option<View> {
        if self.members.is_empty() {
            return None;
        }
        let connections = self.members.values().map(connection);
        let streams = self.streams.values().map(Publication::stream).map(StreamView::from);
        let archives = self.archives.iter().map(super::archives::Running::archive);
        Some(View {
            since: self.since(),
            signals: self.outside.signals(),
            muted: self.muted,
            connections: within_bounds(connections, |connection| {
                BARE + connection.id.len() + connection.data.len()
            }),
            connection_count: self.members.len(),
            streams: within_bounds(streams, |stream| BARE + stream.name.len() + stream.channels.len() * BARE),
            stream_count: self.streams.len(),
            archives: archives
                .map(|archive| ArchiveView {
                    id: archive.id.clone(),
                    name: archive.name.clone(),
                    status: archive.status.clone(),
                })
                .collect(),
        })
    }

    /// Since when somebody is in; of a session that an older server has left, since its first one of now came.
    fn since(&self) -> u64 {
        let first = || self.members.values().next().map_or(0, |member| member.connection.creation_time);
        if self.since_ms == 0 { first() } else { self.since_ms }
    }
}

fn connection(member: &Member) -> ConnectionView {
    ConnectionView {
        id: member.connection.id.clone(),
        created_at: member.connection.creation_time,
        data: member.connection.data.clone(),
        role: role(member.permissions).name(),
        away: matches!(member.line.carrier(), Carrier::Lost { .. }),
    }
}

/// The role that allows as much: what a token says of itself is not kept, only what follows.
fn role(permissions: Permissions) -> Role {
    if permissions.allows(Permission::ForceDisconnect) {
        Role::Moderator
    } else if !permissions.allows(Permission::Publish) {
        Role::Subscriber
    } else if permissions.allows(Permission::Subscribe) {
        Role::Publisher
    } else {
        Role::PublisherOnly
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_known_by_what_it_allows() {
        for known in Role::ALL {
            for subscriber_may_signal in [false, true] {
                assert_eq!(role(known.permissions(subscriber_may_signal)), known);
            }
        }
    }
}
