//! What the server says, without what nobody needs to know: everything is made anew from the members that the engine
//! looks at. Whatever else there is stays out, whatever it is called.

use super::names::{Names, filler, filler_json, url};
use otc_protocol::permissions::Permission;
use otc_protocol::raptor::{
    Archive, ArchiveChange, Body, Channel, ChannelState, Connection, Message, Mute, Object, Path, Reason,
    Refusal, SessionAddress, SessionState, SignalContent, Stream, StreamChange,
};
use otc_protocol::session_info::{Properties, SessionInfo};

/// Words that the engine, or whoever reads a recording, knows.
const STATUSES: &[&str] =
    &["started", "paused", "stopped", "uploaded", "available", "expired", "failed", "deleted"];
const REASONS: &[&str] =
    &["clientDisconnected", "forceDisconnected", "networkDisconnected", "forceUnpublished", "mediaStopped"];
const KINDS: &[&str] = &["audio", "video", "data"];
const SOURCES: &[&str] = &["camera", "screen", "custom"];
const REFUSALS: &[&str] = &["connectionLimitExceeded"];

/// What a message of a kind that the engine passes over is recorded as.
const OTHER: &str = "other";

pub(super) fn message(names: &mut Names, message: Message) -> Message {
    let SessionAddress { project, session } = &message.session;
    let session = SessionAddress { project: names.id(project), session: names.id(session) };
    Message { session, body: body(names, message.body) }
}

/// Has to keep what `Membership::take` looks at.
fn body(names: &mut Names, body: Body) -> Body {
    match body {
        Body::ConnectionCreated(content) => Body::ConnectionCreated(connection(names, &content)),
        Body::ConnectionDeleted { id, reason: why } => {
            Body::ConnectionDeleted { id: names.id(&id), reason: reason(names, &why) }
        }
        Body::StreamCreated(content) => Body::StreamCreated(stream(names, &content)),
        Body::StreamDeleted { id, reason: why, .. } => {
            Body::StreamDeleted { id: names.id(&id), reason: reason(names, &why), content: Object::new() }
        }
        Body::StreamUpdated { id, change } => {
            let name = change.name.as_deref().map(filler);
            let change = StreamChange { name, archiving: change.archiving, extra: Object::new() };
            Body::StreamUpdated { id: names.id(&id), change }
        }
        Body::ChannelUpdated { stream, channel, change } => Body::ChannelUpdated {
            stream: names.id(&stream),
            channel: names.channel(&channel),
            change: channel_state(names, &change),
        },
        Body::Signal { id, to, content } => {
            let content = SignalContent {
                kind: content.kind.as_deref().map(filler),
                data: content.data.as_ref().map(filler_json),
                from_connection: content.from_connection.as_ref().map(|from| connection(names, from)),
            };
            Body::Signal { id: names.id(&id), to: to.map(|to| names.id(&to)), content }
        }
        Body::SessionMute(mute) => Body::SessionMute(Mute { active: mute.active, ..Mute::default() }),
        Body::ArchiveCreated(content) => Body::ArchiveCreated(archive(names, &content)),
        Body::ArchiveUpdated { id, change } => {
            let status = names.word(&change.status, STATUSES);
            Body::ArchiveUpdated { id: names.id(&id), change: ArchiveChange { status, extra: Object::new() } }
        }
        _ => Body::Unknown {
            method: OTHER.to_owned(),
            path: Path::Other(OTHER.to_owned()),
            content: None,
            reason: None,
        },
    }
}

fn connection(names: &mut Names, connection: &Connection) -> Connection {
    let permission = |name: &String| match Permission::from_name(name) {
        Some(_) => name.clone(),
        None => names.hide(name),
    };
    let permissions = connection.permissions.iter().map(permission).collect();
    Connection {
        id: names.id(&connection.id),
        creation_time: connection.creation_time,
        data: filler(&connection.data),
        permissions,
    }
}

fn stream(names: &mut Names, stream: &Stream) -> Stream {
    Stream {
        id: names.id(&stream.id),
        name: filler(&stream.name),
        creation_time: stream.creation_time,
        connection: stream.connection.as_ref().map(|publisher| connection(names, publisher)),
        connection_id: stream.connection_id.as_deref().map(|id| names.id(id)),
        channel: stream.channel.iter().map(|track| channel(names, track)).collect(),
        extra: Object::new(),
    }
}

fn channel(names: &mut Names, channel: &Channel) -> Channel {
    Channel {
        id: names.channel(&channel.id),
        kind: names.word(&channel.kind, KINDS),
        state: channel_state(names, &channel.state),
    }
}

fn channel_state(names: &mut Names, state: &ChannelState) -> ChannelState {
    ChannelState {
        active: state.active,
        width: state.width,
        height: state.height,
        source: state.source.as_deref().map(|source| names.word(source, SOURCES)),
        extra: Object::new(),
    }
}

fn archive(names: &mut Names, archive: &Archive) -> Archive {
    Archive {
        id: names.id(&archive.id),
        name: filler(&archive.name),
        status: names.word(&archive.status, STATUSES),
        extra: Object::new(),
    }
}

fn reason(names: &mut Names, reason: &Reason) -> Reason {
    Reason::from(names.word(reason.as_str(), REASONS))
}

/// The list of who and what was there before.
pub(super) fn state(names: &mut Names, state: &SessionState) -> SessionState {
    SessionState {
        connection: state.connection.iter().map(|member| connection(names, member)).collect(),
        stream: state.stream.iter().map(|content| stream(names, content)).collect(),
        archive: state.archive.iter().map(|content| archive(names, content)).collect(),
        mute: state.mute,
    }
}

pub(super) fn refusal(refusal: &Refusal) -> Refusal {
    let reason = &refusal.reason;
    Refusal { reason: if REFUSALS.contains(&reason.as_str()) { reason.clone() } else { filler(reason) } }
}

pub(super) fn info(names: &mut Names, info: &SessionInfo) -> SessionInfo {
    SessionInfo {
        session_id: names.id(&info.session_id),
        partner_id: names.id(&info.partner_id),
        project_id: None,
        create_dt: None,
        session_status: None,
        session_segment_id: None,
        messaging_url: url(&info.messaging_url),
        messaging_server_url: None,
        media_server_hostname: None,
        symphony_address: info.symphony_address.as_deref().map(|address| names.id(address)),
        ice_server: None,
        ice_servers: None,
        ice_credential_expiration: None,
        properties: Properties {
            reconnection: info.properties.reconnection,
            e2ee: info.properties.e2ee,
            ..Properties::default()
        },
    }
}
