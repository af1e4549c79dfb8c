//! What bad calls are made at, and must not change: a moderator in a session with somebody who publishes.

use super::common::DEADLINE;
use super::common::peer::Peer;
use super::common::program::{Ears, Heard, c, callbacks, last_error, no_callbacks, start_library, text};
use super::common::world::{KEY, World, pair};
use otc::ffi::*;
use otc_protocol::permissions::Role;
use otc_server::mint::{self, TokenRequest};
use serde_json::json;
use std::ffi::c_void;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

/// The kinds of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Settings,
    Session,
    Connection,
    Stream,
    List,
}

const KINDS: [Kind; 5] = [Kind::Settings, Kind::Session, Kind::Connection, Kind::Stream, Kind::List];

impl Kind {
    /// What errors call it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Settings => "settings object",
            Self::Session => "session",
            Self::Connection => "connection",
            Self::Stream => "stream",
            Self::List => "connection list",
        }
    }
}

pub(crate) struct Bed {
    pub(crate) world: World,
    /// A moderator, connected.
    pub(crate) session: *mut otc_session,
    /// Never connected.
    pub(crate) idle: *mut otc_session,
    pub(crate) settings: *mut otc_session_settings,
    pub(crate) connection: *mut otc_connection,
    pub(crate) stream: *mut otc_stream,
    pub(crate) list: *mut otc_connection_list,
    stale: [usize; 5],
    ears: Arc<Ears>,
    peer: Peer,
}

/// Everything that can be asked of the objects of a bed.
#[derive(Debug, PartialEq)]
pub(crate) struct Snapshot {
    sessions: [Option<(i32, i32, otc_session_capabilities, Option<String>, usize)>; 2],
    everybody: Vec<Option<String>>,
    connection: [Option<String>; 3],
    stream: ([Option<String>; 2], [i32; 7], [i64; 2], i32),
    list: i32,
    log_level: i32,
}

/// Where the copy of the stream goes.
static STREAMS: Mutex<Option<Sender<usize>>> = Mutex::new(None);

unsafe extern "C-unwind" fn keep_stream(_: *mut otc_session, _: *mut c_void, stream: *const otc_stream) {
    if let Some(streams) = &*STREAMS.lock().expect("nobody panics with it") {
        let _ = streams.send(otc_stream_copy(stream) as usize);
    }
}

impl Bed {
    pub(crate) fn new() -> Self {
        start_library();
        let world = World::new();
        let mut peer = Peer::join(&world, &world.token("peer"));
        let content = json!({"id": "cam", "name": "camera", "channel": [
            {"id": "video1", "type": "video", "active": true, "width": 640, "height": 480, "source": "screen"},
            {"id": "audio1", "type": "audio", "active": true},
        ]});
        assert_eq!(peer.ask_json("create", "/stream/cam", &content).0, 200);

        let (keep, streams): (_, Receiver<usize>) = channel();
        *STREAMS.lock().expect("nobody panics with it") = Some(keep);
        let settings = otc_session_settings_new();
        let url = c(&world.server.url());
        assert_eq!(unsafe { otc_session_settings_set_api_url(settings, url.as_ptr()) }, 0);
        let ears: Arc<Ears> = Arc::default();
        let table = otc_session_callbacks { on_stream_received: Some(keep_stream), ..callbacks(&ears) };
        let session = new_session(&world, &table, settings);
        let request = TokenRequest { role: Role::Moderator, ..TokenRequest::new(&world.session_id) };
        let token = c(&mint::token(&pair(), &request).expect("minted"));
        assert_eq!(unsafe { otc_session_connect(session, token.as_ptr()) }, 0, "{}", last_error());
        let stream = streams.recv_timeout(DEADLINE).expect("the stream is told of") as *mut otc_stream;
        let idle = new_session(&world, &no_callbacks(), settings);
        let connection = otc_session_get_connection(session);
        let list = otc_session_get_connections(session);
        assert_eq!(otc_connection_list_get_size(list), 2);
        let stale = [
            otc_session_settings_new() as usize,
            new_session(&world, &no_callbacks(), settings) as usize,
            otc_connection_copy(connection) as usize,
            otc_stream_copy(stream) as usize,
            otc_session_get_connections(session) as usize,
        ];
        assert!(!stale.contains(&0), "{}", last_error());
        assert_eq!(otc_session_settings_delete(stale[0] as *mut _), 0);
        assert_eq!(otc_session_delete(stale[1] as *mut _), 0);
        assert_eq!(otc_connection_delete(stale[2] as *mut _), 0);
        assert_eq!(otc_stream_delete(stale[3] as *mut _), 0);
        assert_eq!(otc_connection_list_delete(stale[4] as *mut _), 0);
        Self { world, session, idle, settings, connection, stream, list, stale, ears, peer }
    }

    /// Pointers that are no objects of this kind.
    pub(crate) fn no_objects(&self, kind: Kind) -> Vec<(String, usize)> {
        static LOCAL: u64 = 7;
        let address = std::ptr::from_ref(&LOCAL) as usize;
        let mut handles: Vec<(String, usize)> =
            [0, 1, 8, address, address + 1, usize::MAX, usize::MAX - 1, usize::MAX / 2]
                .map(|foreign| (format!("{foreign:#x}"), foreign))
                .into();
        let live = [
            self.settings as usize,
            self.session as usize,
            self.connection as usize,
            self.stream as usize,
            self.list as usize,
        ];
        for (other, (live, stale)) in KINDS.into_iter().zip(live.into_iter().zip(self.stale)) {
            handles.push((format!("a deleted {other:?}"), stale));
            if other != kind {
                handles.push((format!("a {other:?}"), live));
            }
        }
        handles
    }

    /// A session that is thrown away when the caller is done with it.
    pub(crate) fn with_a_session<T>(&self, act: impl FnOnce(*mut otc_session) -> T) -> T {
        let session = new_session(&self.world, &no_callbacks(), self.settings);
        let result = act(session);
        assert_eq!(otc_session_delete(session), 0);
        result
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        let everybody = otc_session_get_connections(self.session);
        let ids = (0..otc_connection_list_get_size(everybody))
            .map(|index| text(otc_connection_get_id(otc_connection_list_get(everybody, index))))
            .collect();
        assert_eq!(otc_connection_list_delete(everybody), 0);
        let stream = self.stream;
        Snapshot {
            sessions: [self.session, self.idle].map(|session| {
                Some((
                    otc_session_get_connection_status(session),
                    otc_session_get_disconnect_reason(session),
                    otc_session_get_capabilities(session),
                    text(otc_session_get_id(session)),
                    otc_session_get_user_data(session) as usize,
                ))
            }),
            everybody: ids,
            connection: [
                text(otc_connection_get_id(self.connection)),
                text(otc_connection_get_data(self.connection)),
                text(otc_connection_get_session_id(self.connection)),
            ],
            stream: (
                [text(otc_stream_get_id(stream)), text(otc_stream_get_name(stream))],
                [
                    otc_stream_has_video_track(stream),
                    otc_stream_has_video(stream),
                    otc_stream_has_audio_track(stream),
                    otc_stream_has_audio(stream),
                    otc_stream_has_captions(stream),
                    otc_stream_get_video_width(stream),
                    otc_stream_get_video_height(stream),
                ],
                [otc_stream_get_creation_time(stream), otc_connection_get_creation_time(self.connection)],
                otc_stream_get_video_type(stream),
            ),
            list: otc_connection_list_get_size(self.list),
            log_level: otc_get_log_level(),
        }
    }

    /// Nothing has been sent, nobody was muted or sent away, the settings are what they were, and all objects still live.
    pub(crate) fn finish(self) {
        let hear = || self.ears.next_within(DEADLINE).expect("the session still speaks");
        assert_eq!(hear(), Heard::Connected);
        let peer = Heard::Came { id: self.peer.id.clone(), data: "peer".into() };
        assert_eq!(hear(), peer, "and the stream, which this test takes by itself");
        let signal = unsafe { otc_session_signal(self.session, c"fence".as_ptr(), c"".as_ptr()) };
        assert_eq!(signal, 0, "{}", last_error());
        let me = text(otc_connection_get_id(self.connection));
        let fence = Heard::Signal { kind: Some("fence".into()), data: Some(String::new()), from: me };
        assert_eq!(hear(), fence, "nothing came of all the bad calls");
        self.peer.leave();

        let ears: Arc<Ears> = Arc::default();
        let by_settings = new_session(&self.world, &callbacks(&ears), self.settings);
        let token = c(&self.world.token("by the settings"));
        assert_eq!(unsafe { otc_session_connect(by_settings, token.as_ptr()) }, 0);
        assert_eq!(
            ears.next_within(DEADLINE),
            Some(Heard::Connected),
            "the settings name the server as before"
        );
        assert_eq!(otc_session_delete(by_settings), 0);

        assert_eq!(otc_connection_list_delete(self.list), 0);
        assert_eq!(otc_stream_delete(self.stream), 0);
        assert_eq!(otc_connection_delete(self.connection), 0);
        assert_eq!(otc_session_delete(self.session), 0);
        assert_eq!(otc_session_delete(self.idle), 0);
        assert_eq!(otc_session_settings_delete(self.settings), 0);
    }
}

fn new_session(
    world: &World,
    table: &otc_session_callbacks,
    settings: *mut otc_session_settings,
) -> *mut otc_session {
    let (key, id) = (c(KEY), c(&world.session_id));
    let session = unsafe { otc_session_new_with_settings(key.as_ptr(), id.as_ptr(), table, settings) };
    assert!(!session.is_null(), "{}", last_error());
    session
}
