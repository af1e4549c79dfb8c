//! Who and what is in the session.

use super::event::{Event, Signal, StreamChange};
use otc_protocol::limits::{ROSTER_ARCHIVES, ROSTER_BYTES, ROSTER_CONNECTIONS, ROSTER_STREAMS};
use otc_protocol::raptor::{Archive, ChannelState, Connection, Object, SessionState, Stream};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The members, streams and recordings of a joined session, as the server has told of them.
#[derive(Default)]
pub(super) struct Roster {
    own: Option<Arc<Connection>>,
    /// Nobody's coming and going is told.
    suppressed: bool,
    others: HashMap<String, Other>,
    /// Others that have been told of.
    told: u64,
    streams: HashMap<String, Arc<Stream>>,
    archives: HashSet<String>,
    /// Who and what has left before the server's list came; the list may still name them.
    gone: HashSet<String>,
    listed: bool,
    /// Bytes of all that, about.
    bytes: usize,
}

/// What an entry takes beside its texts, about.
const ENTRY_BYTES: usize = 256;

fn connection_bytes(connection: &Connection) -> usize {
    let permissions: usize = connection.permissions.iter().map(|name| name.len() + size_of::<String>()).sum();
    ENTRY_BYTES + connection.id.len() + connection.data.len() + permissions
}

fn stream_bytes(stream: &Stream) -> usize {
    let channels: usize = stream
        .channel
        .iter()
        .map(|channel| {
            let source = channel.state.source.as_ref().map_or(0, String::len);
            ENTRY_BYTES + channel.id.len() + channel.kind.len() + source
        })
        .sum();
    let owner = stream.connection.as_ref().map_or(0, connection_bytes);
    let owner_id = stream.connection_id.as_ref().map_or(0, String::len);
    ENTRY_BYTES + stream.id.len() + stream.name.len() + channels + owner + owner_id
}

/// Somebody else.
struct Other {
    connection: Arc<Connection>,
    /// How many had been told of before.
    order: u64,
}

impl Roster {
    pub(super) fn new(suppressed: bool) -> Self {
        Self { suppressed, ..Self::default() }
    }

    /// One's own connection, once the server has told of it.
    pub(super) fn own(&self) -> Option<&Arc<Connection>> {
        self.own.as_ref()
    }

    /// Whether the list and one's own connection have both come, in whatever order (`wire.md §5.1`).
    pub(super) fn is_complete(&self) -> bool {
        self.listed && self.own.is_some()
    }

    /// The others, in the order in which the server has told of them.
    pub(super) fn others(&self) -> Vec<Arc<Connection>> {
        let mut others: Vec<&Other> = self.others.values().collect();
        others.sort_unstable_by_key(|other| other.order);
        others.into_iter().map(|other| Arc::clone(&other.connection)).collect()
    }

    /// Whether the server tells of more than any session holds.
    pub(super) fn is_too_large(&self) -> bool {
        self.others.len() > ROSTER_CONNECTIONS
            || self.streams.len() > ROSTER_STREAMS
            || self.archives.len() > ROSTER_ARCHIVES
            || self.gone.len() > ROSTER_CONNECTIONS + ROSTER_STREAMS
            || self.bytes > ROSTER_BYTES
    }

    /// Notes who or what has left before the list came.
    fn miss(&mut self, id: &str) {
        if !self.listed && self.gone.insert(id.to_owned()) {
            self.bytes += ENTRY_BYTES + id.len();
        }
    }

    /// Takes the server's list of what was there before.
    pub(super) fn list(&mut self, own_id: &str, state: SessionState, events: &mut Vec<Event>) {
        self.listed = true;
        for connection in state.connection {
            if connection.id != own_id && !self.gone.contains(&connection.id) {
                self.connection_created(own_id, connection, events);
            }
        }
        for stream in state.stream {
            if !self.gone.contains(&stream.id) {
                self.stream_created(own_id, stream, events);
            }
        }
        for archive in state.archive {
            if !self.gone.contains(&archive.id) {
                self.archive_created(archive, events);
            }
        }
        if state.mute.is_some_and(|mute| mute.active) {
            events.push(Event::MuteForced { active: true });
        }
        let gone = std::mem::take(&mut self.gone);
        self.bytes -= gone.iter().map(|id| ENTRY_BYTES + id.len()).sum::<usize>();
    }

    pub(super) fn connection_created(
        &mut self,
        own_id: &str,
        connection: Connection,
        events: &mut Vec<Event>,
    ) {
        let connection = Arc::new(connection);
        if connection.id == own_id {
            self.own = Some(connection);
            return;
        }
        if connection.id.starts_with("symphony.") || self.others.contains_key(&connection.id) {
            return;
        }
        self.bytes += connection_bytes(&connection);
        let other = Other { connection: Arc::clone(&connection), order: self.told };
        self.told += 1;
        self.others.insert(connection.id.clone(), other);
        if !self.suppressed {
            events.push(Event::ConnectionCreated(connection));
        }
    }

    pub(super) fn connection_deleted(&mut self, id: &str, events: &mut Vec<Event>) {
        self.miss(id);
        let Some(Other { connection, .. }) = self.others.remove(id) else { return };
        self.bytes -= connection_bytes(&connection);
        if !self.suppressed {
            events.push(Event::ConnectionDropped(connection));
        }
    }

    pub(super) fn stream_created(&mut self, own_id: &str, mut stream: Stream, events: &mut Vec<Event>) {
        if stream.publisher() == Some(own_id) || self.streams.contains_key(&stream.id) {
            return;
        }
        if stream.connection.is_none() {
            stream.connection = stream.connection_id.as_deref().map(|id| (*self.member(id)).clone());
        }
        stream.slim();
        self.bytes += stream_bytes(&stream);
        let stream = Arc::new(stream);
        self.streams.insert(stream.id.clone(), Arc::clone(&stream));
        events.push(Event::StreamReceived(stream));
    }

    pub(super) fn stream_deleted(&mut self, id: &str, events: &mut Vec<Event>) {
        self.miss(id);
        if let Some(stream) = self.streams.remove(id) {
            self.bytes -= stream_bytes(&stream);
            events.push(Event::StreamDropped(stream));
        }
    }

    pub(super) fn stream_renamed(&mut self, id: &str, name: &str) {
        if let Some(stream) = self.streams.get_mut(id) {
            let stream = Arc::make_mut(stream);
            self.bytes = self.bytes - stream.name.len() + name.len();
            name.clone_into(&mut stream.name);
        }
    }

    pub(super) fn channel_updated(
        &mut self,
        id: &str,
        channel: &str,
        change: &ChannelState,
        events: &mut Vec<Event>,
    ) {
        let Some(shared) = self.streams.get_mut(id) else { return };
        let stream = Arc::make_mut(shared);
        let bytes = stream_bytes(stream);
        let Some(channel) = stream.channel.iter_mut().find(|known| known.id == channel) else { return };
        let before = channel.state.clone();
        channel.state.apply(change);
        channel.state.extra = Object::new();
        let after = channel.state.clone();
        let kind = channel.kind.clone();
        let captions = channel.id.starts_with("caption");
        self.bytes = self.bytes - bytes + stream_bytes(stream);
        let stream = Arc::clone(shared);
        let mut changed = |what| events.push(Event::StreamChanged(Arc::clone(&stream), what));
        if before.active != after.active {
            let active = after.active.unwrap_or(false);
            match kind.as_str() {
                "audio" => changed(StreamChange::Audio(active)),
                "video" => changed(StreamChange::Video(active)),
                _ if captions => changed(StreamChange::Captions(active)),
                _ => {}
            }
        }
        if kind == "video" && (before.width, before.height) != (after.width, after.height) {
            changed(StreamChange::Dimensions(pixels(after.width), pixels(after.height)));
        }
        if kind == "video" && before.source != after.source {
            changed(StreamChange::VideoType);
        }
    }

    pub(super) fn archive_created(&mut self, archive: Archive, events: &mut Vec<Event>) {
        if matches!(archive.status.as_str(), "started" | "paused") && self.archives.insert(archive.id.clone())
        {
            self.bytes += ENTRY_BYTES + archive.id.len();
            events.push(Event::ArchiveStarted { id: archive.id, name: archive.name });
        }
    }

    pub(super) fn archive_updated(&mut self, id: &str, status: &str, events: &mut Vec<Event>) {
        if matches!(status, "started" | "paused") {
            return;
        }
        self.miss(id);
        if self.archives.remove(id) {
            self.bytes -= ENTRY_BYTES + id.len();
            events.push(Event::ArchiveStopped { id: id.to_owned() });
        }
    }

    /// A held event, whose sender the server's list may have named since.
    pub(super) fn introduce(&self, event: Event) -> Event {
        match event {
            Event::Signal(Signal { kind, data, from: Some(from) }) if self.knows(&from.id) => {
                Event::Signal(Signal { kind, data, from: Some(self.member(&from.id)) })
            }
            other => other,
        }
    }

    /// The connection named `id`; one made up of the id alone when the server has not told of it, as happens when
    /// connection events are suppressed (`wire.md §5.5`).
    pub(super) fn member(&self, id: &str) -> Arc<Connection> {
        let known = self
            .own
            .as_ref()
            .filter(|own| own.id == id)
            .or_else(|| self.others.get(id).map(|other| &other.connection));
        known.map_or_else(|| Arc::new(Connection { id: id.to_owned(), ..Connection::default() }), Arc::clone)
    }

    /// Whether the server has told of the connection `id`.
    pub(super) fn knows(&self, id: &str) -> bool {
        self.others.contains_key(id) || self.own.as_ref().is_some_and(|own| own.id == id)
    }
}

/// Pixels as C has them; what is absent or absurd is 0.
pub(crate) fn pixels(value: Option<f64>) -> i32 {
    #[allow(clippy::cast_possible_truncation, reason = "`as` saturates, which is meant")]
    value.map_or(0, |value| (value as i32).max(0))
}
