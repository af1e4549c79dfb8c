//! Strategies for everything that a message can say, and for what it should not say.
//!
//! The large ones are boxed: unboxed, a tree of them is larger than the stack of a test.

use otc_protocol::raptor::{
    Archive, ArchiveChange, Body, Channel, ChannelState, Connection, ConnectionRequest, Json, Message, Mute,
    Negotiation, Object, Path, Reason, SessionAddress, SignalContent, Step, Stream, StreamChange,
    StreamRequest, SubscriberRequest,
};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use serde_json::Value;

/// A message of any kind.
pub(crate) fn message() -> impl Strategy<Value = Message> {
    (session(), body()).prop_map(|(session, body)| Message { session, body })
}

/// Bytes that look like a message: known words in odd places.
pub(crate) fn message_like() -> impl Strategy<Value = Vec<u8>> {
    let method = prop_oneof![9 => prop::sample::select(METHODS), 1 => Just("dance")];
    let place = prop_oneof![9 => prop::sample::select(PLACES), 1 => Just("/floor/1")];
    // Updates of these two are told apart by their content, so they need more of them.
    let update = prop_oneof![Just(("update", "")), Just(("update", "/stream/st"))];
    let what = prop_oneof![9 => (method, place), 1 => update];
    let reason = option::of(prop_oneof![json_text(), Just(r#""clientDisconnected""#.to_owned())]);
    let content = prop_oneof![8 => content_like(), 1 => json_text(), 1 => Just(String::new())];
    (what, content, reason).prop_map(|((method, place), content, reason)| {
        let content = if content.is_empty() { content } else { format!(r#","content":{content}"#) };
        let reason = reason.map(|reason| format!(r#","reason":{reason}"#)).unwrap_or_default();
        format!(r#"{{"method":"{method}","uri":"/v2/partner/1/session/S{place}"{content}{reason}}}"#)
            .into_bytes()
    })
}

/// The text of any JSON value, with all the liberties of its grammar.
pub(crate) fn json_text() -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        prop::sample::select(&["null", "true", "false"][..]).prop_map(str::to_owned),
        r"-?(0|[1-9][0-9]{0,25})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,4})?",
        json_string(),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        let blank = || "[ \t\r\n]{0,2}";
        let member = (json_string(), blank(), inner.clone())
            .prop_map(|(key, blank, value)| format!("{key}:{blank}{value}"));
        prop_oneof![
            (vec(inner, 0..6), blank()).prop_map(|(values, blank)| format!("[{blank}{}]", values.join(","))),
            (vec(member, 0..6), blank())
                .prop_map(|(members, blank)| format!("{{{}{blank}}}", members.join(","))),
        ]
    })
    .boxed()
}

/// A JSON string: every escape, halves of surrogate pairs included.
fn json_string() -> impl Strategy<Value = String> {
    r#"([^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4}|\\u[dD][89a-fA-F][0-9a-fA-F]{2}){0,8}"#
        .prop_map(|inner| format!("\"{inner}\""))
}

const METHODS: &[&str] = &[
    "create",
    "created",
    "delete",
    "deleted",
    "read",
    "update",
    "updated",
    "migrate",
    "notification",
    "signal",
    "data",
    "generateoffer",
    "offer",
    "answer",
    "pranswer",
    "candidate",
];

const PLACES: &[&str] = &[
    "",
    "/",
    "/migrate",
    "/notification",
    "/connection/c",
    "/signal/s",
    "/connection/c/signal/s",
    "/stream/st",
    "/stream/st/channel/video1",
    "/stream/st/channel/caption1/data/d",
    "/stream/st/subscriber/su",
    "/stream/st/subscriber/su/channel/video1",
    "/stream/st/subscriber/su/channel/caption1/data/d",
    "/stream/st/source/P2P",
    "/archive/a",
];

const KEYS: &[&str] = &[
    "id",
    "name",
    "type",
    "data",
    "channel",
    "channels",
    "connection",
    "connectionId",
    "fromConnection",
    "creationTime",
    "permissions",
    "userAgent",
    "clientVersion",
    "capabilities",
    "connectionEventsSuppressed",
    "active",
    "width",
    "height",
    "source",
    "archiving",
    "exclusion",
    "reason",
    "status",
    "peerId",
    "sourceStreamId",
    "sdp",
    "locked",
];

/// An object with the keys that contents have, and values that they sometimes have.
fn content_like() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        3 => json_text(),
        2 => prop::sample::select(
            &["\"mute\"", "\"x\"", "[]", "{}", "true", "640", "[{\"id\":\"audio1\"}]", "{\"id\":\"c\"}", "[\"audio\"]"][..]
        ).prop_map(str::to_owned),
    ];
    let key =
        prop_oneof![9 => prop::sample::select(KEYS).prop_map(|key| format!("\"{key}\"")), 1 => json_string()];
    let member = prop_oneof![
        9 => (key, value).prop_map(|(key, value)| format!("{key}:{value}")),
        1 => Just(r#""reason":"mute""#.to_owned()),
    ];
    vec(member, 0..4).prop_map(|members| format!("{{{}}}", members.join(",")))
}

fn session() -> impl Strategy<Value = SessionAddress> {
    (id(), id()).prop_map(|(project, session)| SessionAddress { project, session })
}

/// What can stand between two slashes of a uri.
fn id() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[a-z0-9-]{1,12}", 1 => "[^/]{1,6}"]
}

fn text() -> impl Strategy<Value = String> {
    "\\PC{0,8}|(?s).{0,6}"
}

/// What a message carries besides what this version knows; no key of its own is one of those.
fn extra() -> BoxedStrategy<Object> {
    btree_map("\\+.{0,6}", value(), 0..3).prop_map(|map| map.into_iter().collect()).boxed()
}

fn value() -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        prop::num::f64::NORMAL.prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map(text(), inner, 0..4).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
    .boxed()
}

fn json() -> impl Strategy<Value = Json> {
    json_text().prop_map(|text| Json::from_text(text).expect("the grammar of JSON"))
}

fn reason() -> impl Strategy<Value = Reason> {
    prop_oneof![
        Just(Reason::ClientDisconnected),
        Just(Reason::ForceDisconnected),
        Just(Reason::NetworkDisconnected),
        Just(Reason::ForceUnpublished),
        Just(Reason::MediaStopped),
        "[A-Z ]{0,8}".prop_map(Reason::Other),
    ]
}

fn connection_request() -> BoxedStrategy<ConnectionRequest> {
    (text(), text(), vec(text(), 0..3), any::<bool>(), extra())
        .prop_map(|(user_agent, client_version, capabilities, connection_events_suppressed, extra)| {
            ConnectionRequest {
                user_agent,
                client_version,
                capabilities,
                connection_events_suppressed,
                extra,
            }
        })
        .boxed()
}

fn connection(id: impl Strategy<Value = String>) -> impl Strategy<Value = Connection> {
    (id, any::<u64>(), text(), vec(text(), 0..3)).prop_map(|(id, creation_time, data, permissions)| {
        Connection { id, creation_time, data, permissions }
    })
}

fn signal() -> BoxedStrategy<SignalContent> {
    (option::of(text()), option::of(json()), option::of(connection(text())))
        .prop_map(|(kind, data, from_connection)| SignalContent { kind, data, from_connection })
        .boxed()
}

fn channel_state() -> impl Strategy<Value = ChannelState> {
    let size =
        || option::of(prop_oneof![(0u32..5000).prop_map(f64::from), prop::num::f64::NORMAL, Just(-0.0)]);
    (option::of(any::<bool>()), size(), size(), option::of(text()), extra()).prop_map(
        |(active, width, height, source, extra)| ChannelState { active, width, height, source, extra },
    )
}

fn channels() -> BoxedStrategy<Vec<Channel>> {
    vec((text(), text(), channel_state()).prop_map(|(id, kind, state)| Channel { id, kind, state }), 0..3)
        .boxed()
}

fn stream_request() -> BoxedStrategy<StreamRequest> {
    (id(), text(), channels(), extra())
        .prop_map(|(id, name, channel, extra)| StreamRequest { id, name, channel, extra })
        .boxed()
}

fn stream() -> BoxedStrategy<Stream> {
    let publisher = (option::of(connection(text())), option::of(text()));
    (id(), text(), any::<u64>(), publisher, channels(), extra())
        .prop_map(|(id, name, creation_time, (connection, connection_id), channel, extra)| Stream {
            id,
            name,
            creation_time,
            connection,
            connection_id,
            channel,
            extra,
        })
        .boxed()
}

fn stream_change() -> impl Strategy<Value = StreamChange> {
    (option::of(text()), option::of(any::<bool>()), extra())
        .prop_map(|(name, archiving, extra)| StreamChange { name, archiving, extra })
}

fn mute() -> BoxedStrategy<Mute> {
    (any::<bool>(), vec(text(), 0..3), vec(text(), 0..3), extra())
        .prop_map(|(active, channels, exclusion, extra)| Mute { active, channels, exclusion, extra })
        .boxed()
}

fn negotiation() -> BoxedStrategy<Negotiation> {
    (option::of(text()), option::of(text()), extra())
        .prop_map(|(peer_id, source_stream_id, extra)| Negotiation { peer_id, source_stream_id, extra })
        .boxed()
}

fn archive() -> impl Strategy<Value = Archive> {
    (id(), text(), text(), extra()).prop_map(|(id, name, status, extra)| Archive { id, name, status, extra })
}

fn subscriber_create() -> impl Strategy<Value = Body> {
    (id(), id(), text(), channels(), extra()).prop_map(|(stream, id, connection, channel, extra)| {
        let content = SubscriberRequest { id: id.clone(), connection, channel, extra };
        Body::SubscriberCreate { stream, id, content }
    })
}

/// A method that nothing has at a known place, or a place that nothing has.
fn unknown() -> BoxedStrategy<Body> {
    let known_place = prop_oneof![
        Just(Path::Session),
        Just(Path::Migrate),
        Just(Path::Notification),
        id().prop_map(Path::Connection),
        (option::of(id()), id()).prop_map(|(to, id)| Path::Signal { to, id }),
        id().prop_map(Path::Stream),
        (id(), id()).prop_map(|(stream, channel)| Path::Channel { stream, channel }),
        (id(), option::of(id()), id(), id()).prop_map(|(stream, subscriber, channel, id)| Path::Data {
            stream,
            subscriber,
            channel,
            id
        }),
        (id(), id()).prop_map(|(stream, subscriber)| Path::Subscriber { stream, subscriber }),
        (id(), id(), id()).prop_map(|(stream, subscriber, channel)| Path::SubscriberChannel {
            stream,
            subscriber,
            channel
        }),
        (id(), id()).prop_map(|(stream, source)| Path::Source { stream, source }),
        id().prop_map(Path::Archive),
    ];
    let known_method = prop::sample::select(METHODS).prop_map(str::to_owned);
    let other_place = "(floor(/.{0,5}){0,4}|stream//|)".prop_map(Path::Other);
    let what = prop_oneof![("\\+.{0,6}", known_place), (known_method, other_place)];
    (what, option::of(json()), option::of(text()))
        .prop_map(|((method, path), content, reason)| Body::Unknown { method, path, content, reason })
        .boxed()
}

fn body() -> impl Strategy<Value = Body> {
    prop_oneof![about_connections(), about_streams(), about_subscribers(), about_media(), unknown()]
}

fn about_connections() -> BoxedStrategy<Body> {
    prop_oneof![
        (id(), connection_request()).prop_map(|(id, content)| Body::ConnectionCreate { id, content }),
        connection(id()).prop_map(Body::ConnectionCreated),
        id().prop_map(|id| Body::ConnectionDelete { id }),
        (id(), reason()).prop_map(|(id, reason)| Body::ConnectionDeleted { id, reason }),
        Just(Body::SessionRead),
        mute().prop_map(Body::SessionMute),
        extra().prop_map(Body::Migrate),
        (reason(), extra()).prop_map(|(reason, extra)| Body::Notification { reason, extra }),
        (id(), option::of(id()), signal()).prop_map(|(id, to, content)| Body::Signal { id, to, content }),
        archive().prop_map(Body::ArchiveCreated),
        (id(), text(), extra()).prop_map(|(id, status, extra)| Body::ArchiveUpdated {
            id,
            change: ArchiveChange { status, extra }
        }),
    ]
    .boxed()
}

fn about_streams() -> BoxedStrategy<Body> {
    prop_oneof![
        stream_request().prop_map(Body::StreamCreate),
        stream().prop_map(Body::StreamCreated),
        (id(), extra()).prop_map(|(id, content)| Body::StreamDelete { id, content }),
        (id(), reason(), extra()).prop_map(|(id, reason, content)| Body::StreamDeleted {
            id,
            reason,
            content
        }),
        (id(), mute()).prop_map(|(id, mute)| Body::StreamMute { id, mute }),
        (id(), stream_change()).prop_map(|(id, change)| Body::StreamUpdate { id, change }),
        (id(), stream_change()).prop_map(|(id, change)| Body::StreamUpdated { id, change }),
    ]
    .boxed()
}

fn about_subscribers() -> BoxedStrategy<Body> {
    prop_oneof![
        subscriber_create(),
        (id(), id(), extra()).prop_map(|(stream, id, content)| Body::SubscriberUpdate {
            stream,
            id,
            content
        }),
        (id(), id()).prop_map(|(stream, id)| Body::SubscriberDelete { stream, id }),
        (id(), id()).prop_map(|(stream, id)| Body::SubscriberDeleted { stream, id }),
        (id(), id(), id(), extra()).prop_map(|(stream, subscriber, channel, content)| {
            Body::SubscriberChannelUpdate { stream, subscriber, channel, content }
        }),
    ]
    .boxed()
}

fn about_media() -> BoxedStrategy<Body> {
    prop_oneof![
        (id(), id(), channel_state()).prop_map(|(stream, channel, change)| Body::ChannelUpdate {
            stream,
            channel,
            change
        }),
        (id(), id(), channel_state()).prop_map(|(stream, channel, change)| Body::ChannelUpdated {
            stream,
            channel,
            change
        }),
        (id(), option::of(id()), id(), id(), extra()).prop_map(
            |(stream, subscriber, channel, id, content)| {
                Body::Data { stream, subscriber, channel, id, content }
            }
        ),
        (id(), option::of(id()), prop::sample::select(&Step::ALL[..]), negotiation()).prop_map(
            |(stream, subscriber, step, content)| Body::Negotiate { stream, subscriber, step, content }
        ),
        (id(), id(), extra()).prop_map(|(stream, source, content)| Body::SourceCreate {
            stream,
            source,
            content
        }),
        (id(), id(), extra()).prop_map(|(stream, source, content)| Body::SourceDelete {
            stream,
            source,
            content
        }),
    ]
    .boxed()
}
