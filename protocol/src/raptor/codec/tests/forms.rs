//! Every message form of `wire.md §5`–`§8`, as the reference writes it, filled in; `S` stands for the session's uri.

use super::{canonical, object, two_way};
use crate::raptor::{
    Archive, ArchiveChange, Body, Channel, ChannelState, Connection, ConnectionRequest, Json, Mute,
    Negotiation, Reason, SignalContent, Step, Stream, StreamChange, StreamRequest, SubscriberRequest,
};
use serde_json::json;

fn signal(kind: Option<&str>, data: Option<&str>) -> SignalContent {
    let data = data.map(|text| Json::from_text(text.into()).expect("valid"));
    SignalContent { kind: kind.map(Into::into), data, from_connection: None }
}

fn channel(id: &str, kind: &str, active: bool) -> Channel {
    let state = ChannelState { active: Some(active), ..ChannelState::default() };
    Channel { id: id.into(), kind: kind.into(), state }
}

fn mute(active: bool, exclusion: &[&str]) -> Mute {
    Mute {
        active,
        channels: vec!["audio".into()],
        exclusion: exclusion.iter().map(|&id| id.into()).collect(),
        extra: object(json!({"locked": false})),
    }
}

fn negotiation(source: &str, extra: serde_json::Value) -> Negotiation {
    Negotiation { peer_id: Some("p1".into()), source_stream_id: Some(source.into()), extra: object(extra) }
}

#[test]
fn connections() {
    two_way(
        r#"{"method":"create","uri":"S/connection/c1","content":{"userAgent":"Chrome","clientVersion":"js-2.35.2",
            "capabilities":["forceMute","renegotiation"],"connectionEventsSuppressed":true}}"#,
        Body::ConnectionCreate {
            id: "c1".into(),
            content: ConnectionRequest {
                user_agent: "Chrome".into(),
                client_version: "js-2.35.2".into(),
                capabilities: vec!["forceMute".into(), "renegotiation".into()],
                connection_events_suppressed: true,
                extra: object(json!({})),
            },
        },
    );
    let permissions = ["publish", "subscribe", "signal", "forceunpublish", "forcedisconnect", "forcemute"];
    canonical(
        r#"{"method":"created","uri":"S/connection/c1","content":{"id":"c1","creationTime":1795241973240,
            "data":"connection_data of the token","permissions":["publish","subscribe","signal","forceunpublish",
            "forcedisconnect","forcemute"],"capablities":{}}}"#,
        Body::ConnectionCreated(Connection {
            id: "c1".into(),
            creation_time: 1_795_241_973_240,
            data: "connection_data of the token".into(),
            permissions: permissions.map(Into::into).to_vec(),
        }),
        // `capablities` (sic) is optional and means nothing: not kept (`wire.md §5.1`).
        r#"{"method":"created","uri":"S/connection/c1","content":{"id":"c1","creationTime":1795241973240,
            "data":"connection_data of the token","permissions":["publish","subscribe","signal","forceunpublish",
            "forcedisconnect","forcemute"]}}"#,
    );
    two_way(
        r#"{"method":"delete","uri":"S/connection/c2","content":{}}"#,
        Body::ConnectionDelete { id: "c2".into() },
    );
    let reasons = [
        ("clientDisconnected", Reason::ClientDisconnected),
        ("networkDisconnected", Reason::NetworkDisconnected),
        ("forceDisconnected", Reason::ForceDisconnected),
        ("a word of tomorrow", Reason::Other("a word of tomorrow".into())),
    ];
    for (word, reason) in reasons {
        two_way(
            &format!(r#"{{"method":"deleted","uri":"S/connection/c1","reason":"{word}","content":{{}}}}"#),
            Body::ConnectionDeleted { id: "c1".into(), reason },
        );
    }
    two_way(r#"{"method":"read","uri":"S","content":{}}"#, Body::SessionRead);
}

#[test]
fn signals() {
    two_way(
        r#"{"method":"signal","uri":"S/signal/s1","content":{"type":"chat","data":"hello"}}"#,
        Body::Signal { id: "s1".into(), to: None, content: signal(Some("chat"), Some(r#""hello""#)) },
    );
    two_way(
        r#"{"method":"signal","uri":"S/connection/c2/signal/s1","content":{"type":"chat","data":{"a":[1,null]}}}"#,
        Body::Signal {
            id: "s1".into(),
            to: Some("c2".into()),
            content: signal(Some("chat"), Some(r#"{"a":[1,null]}"#)),
        },
    );
    for (content, expected) in [
        ("{}", signal(None, None)),
        (r#"{"type":"t"}"#, signal(Some("t"), None)),
        (r#"{"type":""}"#, signal(Some(""), None)),
        (r#"{"data":""}"#, signal(None, Some(r#""""#))),
        (r#"{"data":null}"#, signal(None, Some("null"))),
        (r#"{"data":false}"#, signal(None, Some("false"))),
        (r#"{"data":-0.10e1}"#, signal(None, Some("-0.10e1"))),
    ] {
        two_way(
            &format!(r#"{{"method":"signal","uri":"S/signal/s1","content":{content}}}"#),
            Body::Signal { id: "s1".into(), to: None, content: expected },
        );
    }
}

/// `wire.md §5.5`: the sender under either name; this side writes one of them.
#[test]
fn signals_with_their_sender() {
    let sender = Connection { id: "c1".into(), creation_time: 5, data: "d".into(), permissions: vec![] };
    let written = r#"{"method":"signal","uri":"S/signal/s1","content":{"data":"x",
        "fromConnection":{"id":"c1","creationTime":5,"data":"d"}}}"#;
    let body = Body::Signal {
        id: "s1".into(),
        to: None,
        content: SignalContent { from_connection: Some(sender), ..signal(None, Some(r#""x""#)) },
    };
    two_way(written, body.clone());
    canonical(&written.replace("fromConnection", "connection"), body, written);
}

#[test]
fn streams() {
    let video = Channel {
        id: "video1".into(),
        kind: "video".into(),
        state: ChannelState {
            active: Some(true),
            width: Some(640.0),
            height: Some(480.0),
            source: Some("camera".into()),
            extra: object(json!({"orientation": 0, "frameRate": 15, "fitMode": "cover"})),
        },
    };
    let channels = vec![video, channel("audio1", "audio", true), channel("caption1", "data", false)];
    let extra = json!({
        "publisherAudioFallbackEnabled": false, "subscriberAudioFallbackEnabled": true, "e2ee": false,
        "customProperties": {"initials": "AB"}, "minBitrate": 30, "sourceStreamId": "P2P",
    });
    let content = r#""id":"st1","name":"cam","publisherAudioFallbackEnabled":false,"subscriberAudioFallbackEnabled":true,
        "channel":[{"id":"video1","type":"video","active":true,"width":640,"height":480,"orientation":0,
                    "frameRate":15,"source":"camera","fitMode":"cover"},
                   {"id":"audio1","type":"audio","active":true},{"id":"caption1","type":"data","active":false}],
        "e2ee":false,"customProperties":{"initials":"AB"},"minBitrate":30,"sourceStreamId":"P2P""#;
    two_way(
        &format!(r#"{{"method":"create","uri":"S/stream/st1","content":{{{content}}}}}"#),
        Body::StreamCreate(StreamRequest {
            id: "st1".into(),
            name: "cam".into(),
            channel: channels.clone(),
            extra: object(extra.clone()),
        }),
    );
    let created = Stream {
        id: "st1".into(),
        name: "cam".into(),
        creation_time: 1_795_241_973_240,
        connection: Some(Connection {
            id: "c1".into(),
            creation_time: 7,
            data: "d".into(),
            permissions: vec![],
        }),
        connection_id: None,
        channel: channels,
        extra: object(extra),
    };
    assert_eq!(created.publisher(), Some("c1"));
    two_way(
        &format!(
            r#"{{"method":"created","uri":"S/stream/st1","content":{{{content},"creationTime":1795241973240,
                "connection":{{"id":"c1","creationTime":7,"data":"d"}}}}}}"#
        ),
        Body::StreamCreated(created.clone()),
    );
    let created = Stream { connection: None, connection_id: Some("c1".into()), ..created };
    assert_eq!(created.publisher(), Some("c1"));
    two_way(
        &format!(
            r#"{{"method":"created","uri":"S/stream/st1","content":{{{content},"creationTime":1795241973240,
                "connectionId":"c1"}}}}"#
        ),
        Body::StreamCreated(created),
    );
}

#[test]
fn ends_and_changes_of_streams() {
    for content in [json!({}), json!({"sourceStreamId": "P2P"})] {
        two_way(
            &format!(r#"{{"method":"delete","uri":"S/stream/st1","content":{content}}}"#),
            Body::StreamDelete { id: "st1".into(), content: object(content.clone()) },
        );
        for (word, reason) in [
            ("clientDisconnected", Reason::ClientDisconnected),
            ("networkDisconnected", Reason::NetworkDisconnected),
            ("forceUnpublished", Reason::ForceUnpublished),
            ("forceDisconnected", Reason::ForceDisconnected),
            ("mediaStopped", Reason::MediaStopped),
        ] {
            two_way(
                &format!(
                    r#"{{"method":"deleted","uri":"S/stream/st1","reason":"{word}","content":{content}}}"#
                ),
                Body::StreamDeleted { id: "st1".into(), reason, content: object(content.clone()) },
            );
        }
    }
    let change = StreamChange { name: Some("x".into()), archiving: Some(true), extra: object(json!({})) };
    two_way(
        r#"{"method":"updated","uri":"S/stream/st1","content":{"name":"x","archiving":true}}"#,
        Body::StreamUpdated { id: "st1".into(), change: change.clone() },
    );
    two_way(
        r#"{"method":"update","uri":"S/stream/st1","content":{"name":"x","archiving":true}}"#,
        Body::StreamUpdate { id: "st1".into(), change },
    );
}

#[test]
fn channels() {
    let off = ChannelState {
        active: Some(false),
        extra: object(json!({"activeReason": "auto"})),
        ..ChannelState::default()
    };
    two_way(
        r#"{"method":"update","uri":"S/stream/st1/channel/video1","content":{"active":false,"activeReason":"auto"}}"#,
        Body::ChannelUpdate { stream: "st1".into(), channel: "video1".into(), change: off },
    );
    let change = ChannelState {
        active: Some(false),
        width: Some(1280.5),
        height: Some(720.0),
        source: Some("screen".into()),
        extra: object(
            json!({"orientation": 90, "frameRate": 15.5, "fitMode": "contain", "disableWarning": true}),
        ),
    };
    two_way(
        r#"{"method":"updated","uri":"S/stream/st1/channel/video1","content":{"active":false,"width":1280.5,"height":720,
            "orientation":90,"frameRate":15.5,"fitMode":"contain","source":"screen","disableWarning":true}}"#,
        Body::ChannelUpdated { stream: "st1".into(), channel: "video1".into(), change },
    );
}

#[test]
fn subscribers() {
    let wanted = Channel {
        id: "video1".into(),
        kind: "video".into(),
        state: ChannelState {
            active: Some(true),
            extra: object(json!({"restrictFrameRate": false, "preferredWidth": 640, "preferredHeight": 480,
                "preferredFrameRate": 15})),
            ..ChannelState::default()
        },
    };
    two_way(
        r#"{"method":"create","uri":"S/stream/st1/subscriber/su1","content":{"id":"su1","connection":"c2",
            "keyManagementMethod":"DTLS_SRTP","bundleSupport":true,"rtcpMuxSupport":true,"e2ee":false,
            "channel":[{"id":"audio1","type":"audio","active":true},
              {"id":"video1","type":"video","active":true,"restrictFrameRate":false,"preferredWidth":640,
               "preferredHeight":480,"preferredFrameRate":15},{"id":"caption1","type":"data","active":false}],
            "sourceStreamId":"MANTIS"}}"#,
        Body::SubscriberCreate {
            stream: "st1".into(),
            id: "su1".into(),
            content: SubscriberRequest {
                id: "su1".into(),
                connection: "c2".into(),
                channel: vec![channel("audio1", "audio", true), wanted, channel("caption1", "data", false)],
                extra: object(json!({"keyManagementMethod": "DTLS_SRTP", "bundleSupport": true,
                    "rtcpMuxSupport": true, "e2ee": false, "sourceStreamId": "MANTIS"})),
            },
        },
    );
    let (stream, id) = (String::from("st1"), String::from("su1"));
    two_way(
        r#"{"method":"update","uri":"S/stream/st1/subscriber/su1","content":{"channel":[]}}"#,
        Body::SubscriberUpdate {
            stream: stream.clone(),
            id: id.clone(),
            content: object(json!({"channel": []})),
        },
    );
    two_way(
        r#"{"method":"delete","uri":"S/stream/st1/subscriber/su1","content":{}}"#,
        Body::SubscriberDelete { stream: stream.clone(), id: id.clone() },
    );
    two_way(
        r#"{"method":"deleted","uri":"S/stream/st1/subscriber/su1","content":{"id":"su1"}}"#,
        Body::SubscriberDeleted { stream: stream.clone(), id: id.clone() },
    );
    for content in [
        json!({"active": false}),
        json!({"preferredWidth": 320, "preferredHeight": 240}),
        json!({"preferredFrameRate": 15}),
        json!({"restrictFrameRate": true}),
        json!({"category": "en-US"}),
        json!({"active": true, "congestionLevel": 2}),
    ] {
        two_way(
            &format!(
                r#"{{"method":"update","uri":"S/stream/st1/subscriber/su1/channel/video1","content":{content}}}"#
            ),
            Body::SubscriberChannelUpdate {
                stream: stream.clone(),
                subscriber: id.clone(),
                channel: "video1".into(),
                content: object(content),
            },
        );
    }
}

#[test]
fn moderation() {
    two_way(
        r#"{"method":"update","uri":"S/stream/st1","content":{"reason":"mute","channels":["audio"],"active":true,
            "locked":false}}"#,
        Body::StreamMute { id: "st1".into(), mute: mute(true, &[]) },
    );
    two_way(
        r#"{"method":"update","uri":"S","content":{"reason":"mute","channels":["audio"],"active":true,"locked":false,
            "exclusion":["st1","st2"]}}"#,
        Body::SessionMute(mute(true, &["st1", "st2"])),
    );
    two_way(
        r#"{"method":"update","uri":"S","content":{"reason":"mute","channels":["audio"],"active":false,"locked":false}}"#,
        Body::SessionMute(mute(false, &[])),
    );
}

#[test]
fn archives() {
    let archive =
        Archive { id: "a1".into(), name: "talk".into(), status: "started".into(), extra: object(json!({})) };
    two_way(
        r#"{"method":"created","uri":"S/archive/a1","content":{"id":"a1","name":"talk","status":"started"}}"#,
        Body::ArchiveCreated(archive),
    );
    let change = ArchiveChange { status: "stopped".into(), extra: object(json!({})) };
    two_way(
        r#"{"method":"updated","uri":"S/archive/a1","content":{"status":"stopped"}}"#,
        Body::ArchiveUpdated { id: "a1".into(), change },
    );
}

#[test]
fn data_of_channels() {
    let statistics = json!({"data": "{\"bytes\":1}", "type": "data"});
    let data = |subscriber: Option<&str>, channel: &str, content| Body::Data {
        stream: "st1".into(),
        subscriber: subscriber.map(Into::into),
        channel: channel.into(),
        id: "d1".into(),
        content: object(content),
    };
    two_way(
        &format!(
            r#"{{"method":"data","uri":"S/stream/st1/channel/downlinkStats1/data/d1","content":{statistics}}}"#
        ),
        data(None, "downlinkStats1", statistics),
    );
    let caption = json!({"data": "{\"caption\":{\"text\":\"Hé\"},\"streamId\":\"st1\",\"isFinal\":true}"});
    two_way(
        &format!(
            r#"{{"method":"data","uri":"S/stream/st1/subscriber/su1/channel/caption1/data/d1","content":{caption}}}"#
        ),
        data(Some("su1"), "caption1", caption),
    );
}

#[test]
fn migration_and_sources() {
    two_way(
        r#"{"method":"migrate","uri":"S/migrate","content":{"to":"elsewhere"}}"#,
        Body::Migrate(object(json!({"to": "elsewhere"}))),
    );
    two_way(
        r#"{"method":"notification","uri":"S/notification","content":{"reason":"serverRotation"}}"#,
        Body::Notification { reason: Reason::Other("serverRotation".into()), extra: object(json!({})) },
    );
    two_way(
        r#"{"method":"notification","uri":"S/notification","content":{"reason":"serverRotation","inSeconds":20}}"#,
        Body::Notification {
            reason: Reason::Other("serverRotation".into()),
            extra: object(json!({"inSeconds": 20})),
        },
    );
    let source = |content| (String::from("st1"), String::from("P2P"), object(content));
    let (stream, name, content) = source(json!({"priority": 1}));
    two_way(
        r#"{"method":"create","uri":"S/stream/st1/source/P2P","content":{"priority":1}}"#,
        Body::SourceCreate { stream, source: name, content },
    );
    let (stream, name, content) = source(json!({}));
    two_way(
        r#"{"method":"delete","uri":"S/stream/st1/source/P2P","content":{}}"#,
        Body::SourceDelete { stream, source: name, content },
    );
}

#[test]
fn negotiation_steps() {
    let sdp = "v=0\r\no=- 46117 2 IN IP4 127.0.0.1\r\ns=-\r\n";
    let candidate = json!({"candidate": "candidate:1 1 udp 2122 192.0.2.1 5000 typ host", "sdpMid": "0",
        "sdpMLineIndex": 0});
    let table = [
        ("generateoffer", Step::GenerateOffer, json!({"simulcastEnabled": false})),
        ("offer", Step::Offer, json!({"type": "offer", "sdp": sdp})),
        ("answer", Step::Answer, json!({"type": "answer", "sdp": sdp})),
        ("pranswer", Step::Pranswer, json!({"type": "pranswer", "sdp": sdp})),
        ("candidate", Step::Candidate, candidate),
    ];
    assert_eq!(table.each_ref().map(|(_, step, _)| *step), Step::ALL);
    for (method, step, extra) in table {
        for (place, subscriber, source) in
            [("stream/st1", None, "MANTIS"), ("stream/st1/subscriber/su1", Some("su1".into()), "P2P")]
        {
            let content = negotiation(source, extra.clone());
            let mut json = extra.clone();
            json["peerId"] = "p1".into();
            json["sourceStreamId"] = source.into();
            two_way(
                &format!(r#"{{"method":"{method}","uri":"S/{place}","content":{json}}}"#),
                Body::Negotiate { stream: "st1".into(), subscriber, step, content },
            );
        }
    }
}
