//! Every bound of the project, in one file: what it limits, where it comes from, what happens when it is hit.

use std::time::Duration;

// ---- Frames (`wire.md §3.2`) ----

/// Most addresses of one frame; the count is one byte.
pub const FRAME_ADDRESSES: usize = 255;
/// Most headers of one frame; the count is one byte.
pub const FRAME_HEADERS: usize = 255;
/// Most bytes of one address, header key or header value; the length is two bytes.
pub const FRAME_TEXT_BYTES: usize = 65_535;
/// Largest frame that the server takes from a client; a larger one ends that socket.
///
/// The largest real ones are offers (about 20 KB) and signals of 8,192 characters with every one escaped (49 KB).
pub const CLIENT_FRAME_BYTES: usize = 128 * 1024;
/// Largest frame that a client takes from the server; a larger one drops the socket.
///
/// The answer to a join lists everybody: 15,000 connections of about 1,000 bytes (`rest.md §4`).
pub const SERVER_FRAME_BYTES: usize = 24 * 1024 * 1024;

/// Largest Raptor message; a larger one is refused unread. Twice what a client may send, because the server adds the
/// sender's connection to what it relays. Read, a message takes at most 200 times its size (`tests/allocation.rs`).
pub const MESSAGE_BYTES: usize = 2 * CLIENT_FRAME_BYTES;

// ---- Signals (`wire.md §6`, `rest.md §4`) ----

/// Most bytes of a signal's type.
pub const SIGNAL_TYPE_BYTES: usize = 128;
/// Most bytes (UTF-8) of the data of a signal that the C API sends (1413 above).
pub const SIGNAL_DATA_BYTES: usize = 8192;
/// Most UTF-16 units of signal data that the server relays (413 above): what the published JavaScript client allows.
pub const SIGNAL_DATA_UNITS: usize = 8192;

// ---- Delivery (`wire.md §3.5`) ----

/// Requests (signals, and what a moderator asks for) that an outbox holds by default, sent and unanswered ones included;
/// above, the call is refused: 1550, 1540 or 1520.
pub const OUTBOX_SIGNALS: usize = 16_384;
/// Most that an application may set it to.
pub const OUTBOX_SIGNALS_MOST: usize = 65_536;
/// Bytes of requests that an outbox holds; above, the call is refused.
pub const OUTBOX_BYTES: usize = 64 * 1024 * 1024;
/// Bytes of owed messages that the server sends again at first when a client comes back; each acknowledgement makes room
/// for twice its message. One message goes in any case.
pub const REPLAY_WINDOW_BYTES: usize = 32 * 1024;
/// Requests that a client has unanswered at the server at one time; further ones wait in its outbox.
pub const REQUEST_WINDOW: usize = 1024;
/// The same right after a cut: the window grows from here with every answer, so that a link that breaks again and again
/// still gets something done each time.
pub const REQUEST_WINDOW_AFTER_CUT: usize = 32;
/// The same after a refusal with 429: one to see whether the server has time again.
pub const REQUEST_WINDOW_AFTER_REFUSAL: usize = 1;
/// Answers that the server remembers for each socket: a repeated request gets its answer again and is not executed
/// twice. Never below [`REQUEST_WINDOW`]; the published JavaScript client has no window, so it is far above.
pub const ANSWERS_REMEMBERED: usize = 8192;
/// How long the server remembers an answer at least, within [`ANSWERS_REMEMBERED`] (`wire.md §3.5` rule 4). The newest
/// [`REQUEST_WINDOW`] stay as long as their connection: a client may not have read them, however old they are. And none
/// ages before one WebSocket has carried the connection for this long: until then a client may still be repeating.
pub const ANSWER_AGE: Duration = Duration::from_secs(120);
/// While somebody who is connected is owed more than half of [`UNACKNOWLEDGED_MESSAGES`] or [`UNACKNOWLEDGED_BYTES`], the
/// server reads no more than this of whoever sends to them, …
pub const CROWDED_BATCH_FRAMES: usize = 16;
/// … then waits this long. A flood slows down its sender instead of ending its receivers. Nobody waits for somebody who is
/// away: one who is owed too much meanwhile is ended.
pub const CROWDED_PAUSE: Duration = Duration::from_millis(5);
/// Messages that the server holds for one socket until they are acknowledged; above, that connection is ended.
pub const UNACKNOWLEDGED_MESSAGES: usize = 65_536;
/// Bytes of messages that the server holds for one socket; above, that connection is ended.
pub const UNACKNOWLEDGED_BYTES: usize = 32 * 1024 * 1024;
/// Transaction ids of received messages that a client remembers, to tell a replayed one from a new one.
pub const DUPLICATES_REMEMBERED: usize = 65_536;
/// Answers and pongs waiting for one socket at the server; above, the server reads no more of that socket.
pub const SOCKET_QUEUE_FRAMES: usize = 1024;
/// Callbacks that wait for one session by default; above, the client reads no more of its socket.
pub const CALLBACK_QUEUE: usize = 1024;
/// Most that an application may set it to.
pub const CALLBACK_QUEUE_MOST: usize = 65_536;

// ---- Liveness (`wire.md §3.4`) ----

/// A client that has sent nothing for this long sends a PING.
pub const PING_AFTER: Duration = Duration::from_secs(2);
/// A client that has received nothing for this long drops the socket.
pub const CLIENT_SILENCE: Duration = Duration::from_millis(5900);
/// The server counts a socket as lost after this long without a frame.
pub const SERVER_SILENCE: Duration = Duration::from_secs(10);
/// How long the server keeps the state of a lost socket by default.
pub const RESUME_GRACE: Duration = Duration::from_secs(45);
/// Most that it can be set to.
pub const RESUME_GRACE_MOST: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a client tries to come back by default (`wire.md §3.5`).
pub const RECONNECT_WINDOW: Duration = Duration::from_secs(30);
/// Most that an application may set it to.
pub const RECONNECT_WINDOW_MOST: Duration = Duration::from_secs(60 * 60);
/// How long a new socket may take to join a session.
pub const JOIN_WITHIN: Duration = Duration::from_secs(15);

// ---- Connecting (`wire.md §2.3`, `§3.1`, `§3.7`) ----

/// How long the session info may take.
pub const INFO_TIMEOUT: Duration = Duration::from_secs(15);
/// How long one dial may take: name, TCP, TLS and WebSocket.
pub const DIAL_TIMEOUT: Duration = Duration::from_secs(15);
/// How long one of several addresses of a name may take.
pub const DIAL_ADDRESS_TIMEOUT: Duration = Duration::from_secs(3);
/// How long the server may take to answer a join.
pub const JOIN_TIMEOUT: Duration = Duration::from_secs(15);
/// Attempts of one connect.
pub const CONNECT_ATTEMPTS: u32 = 3;
/// Pause before the second attempt; doubled for the third.
pub const CONNECT_RETRY: Duration = Duration::from_millis(600);
/// How long the last words of a leaving client may take.
pub const LEAVE_TIMEOUT: Duration = Duration::from_secs(2);
/// Largest session info document that a client reads.
pub const INFO_BYTES: usize = 256 * 1024;
/// Connections that a client keeps of one session, twice what a server lets in ([`SESSION_CONNECTIONS`]); of a server that
/// tells of more it takes leave.
pub const ROSTER_CONNECTIONS: usize = 2 * SESSION_CONNECTIONS;
/// Streams that a client keeps of one session.
pub const ROSTER_STREAMS: usize = 2 * SESSION_STREAMS;
/// Recordings that a client keeps of one session.
pub const ROSTER_ARCHIVES: usize = 1024;
/// Bytes of what a client keeps of one session: ids, names, data, channels.
pub const ROSTER_BYTES: usize = 64 * 1024 * 1024;
/// Messages that a client holds until it has joined; above, the attempt has failed. A server answers the join first.
pub const HELD_MESSAGES: usize = 16_384;
/// Bytes of them.
pub const HELD_BYTES: usize = 16 * 1024 * 1024;
/// Malformed frames and messages of one session that a client warns of in its log; the others are ignored in silence.
pub const MALFORMED_WARNINGS: u32 = 16;
/// Frames that wait to be written to a client's socket; above, it reads no more of it until some are written.
pub const CLIENT_QUEUE_FRAMES: usize = 16_384;
/// How long a dial may wait for its turn.
pub const DIAL_TURN: Duration = Duration::from_secs(600);
/// WebSockets that one process starts to open within a second by default, over all its sessions.
pub const DIALS_PER_SECOND: u32 = 100;
/// Most that an application may set it to.
pub const DIALS_PER_SECOND_MOST: u32 = 10_000;
/// How long a proxy may take: to be reached, to hear who asks, and to reach the server.
pub const PROXY_TIMEOUT: Duration = Duration::from_secs(10);
/// Most bytes of a proxy's user name, and of its password: their lengths are one byte each (RFC 1929).
pub const PROXY_CREDENTIAL_BYTES: usize = 255;
/// First pause between two tries to come back; doubled at each, with full jitter.
pub const BACKOFF_FIRST: Duration = Duration::from_millis(200);
/// Longest pause between two tries to come back.
pub const BACKOFF_MOST: Duration = Duration::from_secs(5);
/// Longest pause that a server may ask for with `Retry-After`; a longer one counts as this.
pub const RETRY_AFTER_MOST: Duration = Duration::from_secs(60 * 60);
/// Longest such pause within one connect; asked for more, the connect fails at once and says so.
pub const CONNECT_PAUSE_MOST: Duration = Duration::from_secs(10);
/// Characters of what a server, a proxy or the network says that are passed on in the text of an error.
pub const SAID_CHARS: usize = 1024;
/// Pause before a signal is sent again that the server refused with 429; doubled at each, with full jitter.
pub const RATE_RETRY: Duration = Duration::from_millis(250);
/// Times in a row that a client waits after 429 before what is refused is reported, until the server accepts something.
pub const RATE_RETRIES: u32 = 8;

// ---- Strings from C ----

/// Most bytes of an API key, application id, host or path.
pub const NAME_BYTES: usize = 1024;
/// Most bytes of a URL.
pub const URL_BYTES: usize = 4096;
/// Most bytes of what an application adds to the user agent.
pub const USER_AGENT_SUFFIX_BYTES: usize = 128;
/// ICE servers of an application's own; above, the configuration is refused (1011).
pub const CUSTOM_ICE_SERVERS: usize = 64;
/// Most bytes of the user name or the password of an ICE server of an application's own.
pub const ICE_CREDENTIAL_BYTES: usize = 1024;
/// Most bytes of a token.
pub const TOKEN_BYTES: usize = 16 * 1024;

// ---- Moderation (`wire.md §7.6`) ----

/// Streams that one mute of everybody excludes; above, the call is refused (1011).
pub const MUTE_EXCLUSIONS: usize = SESSION_STREAMS;
/// Bytes of one request's JSON: what is left of a frame when its headers have their room; above, the call is refused (1011).
pub const REQUEST_BYTES: usize = CLIENT_FRAME_BYTES - 8 * 1024;

// ---- End-to-end encryption (`c-api.md §1.3`) ----

/// Characters of an encryption secret; another number is refused (6004).
pub const ENCRYPTION_SECRET_CHARS: std::ops::RangeInclusive<usize> = 8..=256;

// ---- Issue reports ----

/// Most bytes of the description of an issue; above, the call is refused (1011).
pub const ISSUE_BYTES: usize = 8192;
/// Issue reports that one process has under way; above, the call is refused (1015).
pub const ISSUES_UNDER_WAY: usize = 4;
/// How long the delivery of an issue report may take.
pub const ISSUE_TIMEOUT: Duration = Duration::from_secs(15);
/// Largest report that the server reads: a description of [`ISSUE_BYTES`] with every byte escaped, and names and ids.
pub const HTTP_REPORT_BYTES: usize = 64 * 1024;
/// Characters of an issue's description in the server's log; the rest is left out.
pub const ISSUE_LOG_CHARS: usize = 2048;

// ---- Recordings ----

/// Largest recording of a session; its last line says that there is no more.
pub const RECORDING_BYTES: usize = 64 * 1024 * 1024;
/// Bytes of a recording that wait for a slow disk; above, the recording has ended.
pub const RECORDING_WAITING_BYTES: usize = 8 * 1024 * 1024;
/// Files of one name, numbered, in which a process records the sessions of a program that has not asked for it; of further
/// ones there is no recording. As many are tried until one is found that nobody writes.
pub const RECORDINGS: u32 = 100;
/// Entries left out of the lists of a recording that is replayed, which come back as nonsense; above, it is refused.
pub const RECORDING_LEFT_OUT: usize = 256 * SESSION_CONNECTIONS;

// ---- A room ----

/// Connections of one session; above, a join is refused with `connectionLimitExceeded` (1027; `rest.md §4`).
pub const SESSION_CONNECTIONS: usize = 15_000;
/// Streams of one session; above, a publish is refused with `streamLimitExceeded`.
pub const SESSION_STREAMS: usize = 3_000;
/// Streams of one connection; above, a publish is refused.
pub const CONNECTION_STREAMS: usize = 64;
/// Subscribers of one connection; above, a subscribe is refused.
pub const CONNECTION_SUBSCRIBERS: usize = 4_096;
/// Channels of one stream; above, the publish is refused.
pub const STREAM_CHANNELS: usize = 16;
/// Candidates held for one peer connection until its offer has been relayed (`wire.md §8.1`).
pub const HELD_CANDIDATES: usize = 256;
/// Bytes of a stream's description (name, custom properties, channels) that the room keeps.
pub const STREAM_BYTES: usize = 32 * 1024;

const _: () =
    assert!(REQUEST_WINDOW <= ANSWERS_REMEMBERED, "the server must remember what a client may repeat");
const _: () =
    assert!(UNACKNOWLEDGED_MESSAGES <= DUPLICATES_REMEMBERED, "what can be replayed must be remembered");
const _: () = assert!(OUTBOX_SIGNALS >= 8192, "the outbox must hold at least 8,192 signals");

// ---- Ids, tokens and session info (`rest.md §1`, `wire.md §2`) ----

/// Most bytes of a session id.
pub const SESSION_ID_BYTES: usize = 255;
/// Most bytes of an API key or application id; the longest real one is a UUID of 36.
pub const PROJECT_BYTES: usize = 64;
/// Most characters of a token's connection data; 1,000 are documented, the npm server SDK lets 1,024 through.
pub const CONNECTION_DATA_CHARS: usize = 1024;
/// Most layout classes of one token.
pub const LAYOUT_CLASSES: usize = 128;
/// Most characters of a token's layout classes together (`rest.md §1.5`).
pub const LAYOUT_CLASS_CHARS: usize = 1024;
/// How long a client token lives that does not say it (`rest.md §1.2`).
pub const TOKEN_LIFE: Duration = Duration::from_secs(24 * 60 * 60);
/// Longest life of a client token.
pub const TOKEN_LIFE_MOST: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Longest life of the token of a REST call (`rest.md §1.6`).
pub const REST_TOKEN_LIFE_MOST: Duration = Duration::from_secs(5 * 60);
/// The same, signed by an application (`rest.md §1.6`).
pub const APPLICATION_TOKEN_LIFE_MOST: Duration = Duration::from_secs(15 * 60);
/// How far the clocks of server and token maker may be apart.
pub const CLOCK_SKEW: Duration = Duration::from_secs(60);
/// ICE servers that a client keeps of one session info.
pub const ICE_SERVERS: usize = 64;

// ---- Webhooks (`rest.md §3`) ----

/// Most bytes of the URL of a receiver.
pub const WEBHOOK_URL_BYTES: usize = 2048;
/// Characters of the secret that deliveries are signed with.
pub const WEBHOOK_SECRET_CHARS: std::ops::RangeInclusive<usize> = 1..=50;
/// Receivers in the configuration; with more the server does not start.
pub const WEBHOOK_TARGETS: usize = 64;
/// Registrations of one project; above, a registration is refused (409).
pub const WEBHOOK_REGISTRATIONS_OF_ONE: usize = 64;
/// Registrations of all projects; a project has no more than are left for all others: above, a registration is refused (503).
pub const WEBHOOK_REGISTRATIONS: usize = 4096;
/// Largest body of a registration.
pub const HTTP_CALLBACK_BYTES: usize = 8 * 1024;
/// Largest body of a delivery; a larger one is dropped.
pub const WEBHOOK_BODY_BYTES: usize = 256 * 1024;
/// Deliveries that wait for one receiver; above, the newest are dropped. All of the largest session may come and go at once.
pub const WEBHOOK_TARGET_DELIVERIES: usize = 50_000;
/// Bytes of them.
pub const WEBHOOK_TARGET_BYTES: usize = 32 * 1024 * 1024;
/// Deliveries that wait for all receivers together. A project has no more of them than are left for all others, and each of
/// its receivers no more than are left for the project: above, the newest are dropped.
pub const WEBHOOK_DELIVERIES: usize = 200_000;
/// Bytes of them.
pub const WEBHOOK_BYTES: usize = 128 * 1024 * 1024;
/// Deliveries that are under way to one receiver at a time, each of another session.
pub const WEBHOOK_TARGET_SLOTS: usize = 8;
/// Deliveries that are under way at a time, shared in the same way. Once half of them are, each receiver has one at most.
pub const WEBHOOK_SLOTS: usize = 512;
/// Names of receivers that are looked up at a time; a project's are no more than are left for all others.
pub const WEBHOOK_LOOKUPS: usize = 32;
/// How long one delivery may take by default: name, connection, TLS, and the head of the answer. Of several addresses each
/// has its part of that, [`DIAL_ADDRESS_TIMEOUT`] at most.
pub const WEBHOOK_TIMEOUT: Duration = Duration::from_secs(10);
/// Pause before a delivery is tried again; doubled at each failure, with jitter.
pub const WEBHOOK_RETRY_FIRST: Duration = Duration::from_secs(1);
/// Longest such pause.
pub const WEBHOOK_RETRY_MOST: Duration = Duration::from_secs(5 * 60);
/// How long a delivery is tried.
pub const WEBHOOK_GIVE_UP: Duration = Duration::from_secs(24 * 60 * 60);
/// Bytes of an answer's body that are read so that its connection can be used again; with more it is closed.
pub const WEBHOOK_ANSWER_BYTES: usize = 64 * 1024;
/// How long that may take.
pub const WEBHOOK_ANSWER_WITHIN: Duration = Duration::from_secs(1);
/// Most bytes of the head of an answer; with more the delivery has failed.
pub const WEBHOOK_HEAD_BYTES: usize = 16 * 1024;
/// How long a server that leaves its sessions to the next one waits for deliveries that are under way; the next one makes
/// them again.
pub const WEBHOOK_HANDOVER_WITHIN: Duration = Duration::from_millis(500);
/// Least time between two log lines about deliveries that were dropped or given up.
pub const WEBHOOK_LOG_EVERY: Duration = Duration::from_secs(60);

// ---- TLS at the server ----

/// How long a TLS handshake may take; then the connection is closed.
pub const TLS_HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// Most that it can be set to.
pub const TLS_HANDSHAKE_TIMEOUT_MOST: Duration = Duration::from_secs(60);
/// Bytes that TLS gathers for a peer that does not take them; then what is above it waits.
pub const TLS_WRITE_BUFFER: usize = 32 * 1024;
/// Largest file of a certificate or of a key.
pub const TLS_FILE_BYTES: u64 = 1024 * 1024;

// ---- The door of the server ----

/// Connections at one time from one address, unless it is set otherwise; further ones are closed at once. Never
/// more than half of all that there may be: one address alone keeps nobody out.
pub const ADDRESS_CONNECTIONS: usize = OPEN_SOCKETS / 2;
/// Most arrivals in a second from one address that can be set; above what is set they are refused (429).
pub const ARRIVALS_MOST: u32 = 1_000_000;
/// The arrivals of so many seconds may come at once.
pub const ARRIVAL_BURST_SECONDS: u64 = 10;
/// Addresses whose arrivals are counted at one time; others share one rate.
pub const ADDRESSES_REMEMBERED: usize = 65_536;
/// Bytes of a request that cost nothing more than its connection does.
pub const REQUEST_FREE_BYTES: usize = 8 * 1024;
/// Bytes that the server holds at one time beyond those, of requests that it does not know yet to be anybody's: heads,
/// and reports of clients. Above, a head is not read further (closed) and a report is refused (503).
pub const REQUESTS_BYTES: usize = 64 * 1024 * 1024;
/// Of these, those that come from one address. Everybody may come from one: that of a proxy.
pub const ADDRESS_REQUESTS_BYTES: usize = REQUESTS_BYTES / 2;
/// Longest origin of a page.
pub const ORIGIN_BYTES: usize = 512;
/// Most subnets of proxies that are believed.
pub const TRUSTED_PROXIES: usize = 256;
/// When somebody behind a proxy may try again whose address has too many connections.
pub const CROWDED_RETRY: Duration = Duration::from_secs(10);
/// When somebody may try again who would begin a session at a server that is about to stop: to find another one.
pub const DRAIN_RETRY: Duration = Duration::from_secs(5);
/// Longest time for which sessions may go on at a server that is told to stop.
pub const DRAIN_MOST: Duration = Duration::from_secs(24 * 60 * 60);
/// Longest id that a proxy may give to a request.
pub const REQUEST_ID_CHARS: usize = 64;

// ---- HTTP at the server ----

/// Most bytes of the head of a request: room for the longest token beside the headers of a browser.
pub const HTTP_HEAD_BYTES: usize = 64 * 1024;
/// Most headers of a request.
pub const HTTP_HEADERS: usize = 100;
/// How long the head of a request may take, and how long a kept connection may idle.
pub const HTTP_HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// Most that it can be set to.
pub const HTTP_HEAD_TIMEOUT_MOST: Duration = Duration::from_secs(300);
/// How long a peer may leave the answers to its requests untaken; a WebSocket has rules of its own.
pub const HTTP_WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// How long the body of a request may take.
pub const HTTP_BODY_TIMEOUT: Duration = Duration::from_secs(30);
/// Largest form of a new session.
pub const HTTP_FORM_BYTES: usize = 16 * 1024;
/// Largest body of a signal: 8,192 bytes of data with every one escaped, and a type.
pub const HTTP_SIGNAL_BYTES: usize = 64 * 1024;
/// What the server still reads of a body that is too large, or that it does not want, before it answers.
pub const HTTP_DRAIN_BYTES: usize = 1024 * 1024;
/// Connections that the listener holds at one time, those of clients included; further ones are closed at once.
pub const OPEN_SOCKETS: usize = 65_536;
/// Bytes of memory that messages to members may take, of all sessions together, if nothing else is said. From
/// [`REFUSING_QUARTERS`] of it on nobody new is let in; then, or from [`PRESSING_EIGHTHS`] on, those who are owed the most are
/// ended; above it whoever is sent something and is owed more than an equal share.
pub const MESSAGES_BYTES: usize = 512 * 1024 * 1024;
/// Bytes that a member may be owed in any case while there is too much in all.
pub const SHARE_BYTES: usize = 64 * 1024;
/// What a message costs beside its bytes: in memory, and again for each who is owed it.
pub const OWED_MESSAGE_COST: usize = 128;
/// Quarters of what there may be, of the memory of messages and of connections, from which on nobody new is let in.
pub const REFUSING_QUARTERS: usize = 3;
/// Eighths of the same below which newcomers are let in again: not at the border, where it would change all the time.
pub const RELIEVED_EIGHTHS: usize = 5;
/// Eighths of the memory of messages from which on those who are owed the most are ended, until newcomers are let in again.
pub const PRESSING_EIGHTHS: usize = 7;
/// The same, once messages have kept newcomers out for so long.
pub const RELIEF_AFTER: Duration = Duration::from_secs(30);
/// Those who are owed the most are ended one after the other: after so long it is looked whether that was enough.
pub const RELIEF_EVERY: Duration = Duration::from_secs(5);
/// How late sockets may be served, if nothing else is said; above, nobody new is let in.
pub const LATE_AFTER: Duration = Duration::from_secs(2);
/// Most that it can be set to.
pub const LATE_AFTER_MOST: Duration = Duration::from_secs(60);
/// So many sockets have to be served late within [`LATE_FOR`] before that counts.
pub const LATE_SOCKETS: u32 = 8;
/// For how long after that nobody new is let in.
pub const LATE_FOR: Duration = Duration::from_secs(2);
/// After how long those are to come again who come while the server takes on nothing new.
pub const LOADED_RETRY: Duration = Duration::from_secs(5);
/// Open files that are no connections: the database, archives, deliveries of webhooks, and whoever reads the metrics. Half
/// of the limit if that is less.
pub const FILES_RESERVED: usize = 256;
/// Connections at one time of those who read the metrics; further ones wait.
pub const METRICS_CONNECTIONS: usize = 16;
/// How long a stopping server waits for answers that are on their way.
pub const STOP_WITHIN: Duration = Duration::from_secs(2);
/// How long a stopping server still writes what has happened in its sessions, and waits for the disk to have its archives.
pub const CONCLUDE_WITHIN: Duration = Duration::from_secs(5);
/// How long a starting server waits for another one to let go of the data directory; then it does not start.
pub const DATA_LOCK_WITHIN: Duration = Duration::from_secs(15);
/// Largest file in which a server leaves its sessions to the next; larger ones are neither written nor read.
pub const HANDOVER_BYTES: u64 = 4 * 1024 * 1024 * 1024;
/// Largest line of that file: a frame of [`SERVER_FRAME_BYTES`] in base64, and room to spare.
pub const HANDOVER_RECORD_BYTES: usize = 64 * 1024 * 1024;
/// Characters of an archive's name.
pub const ARCHIVE_NAME_CHARS: usize = 80;

// ---- Sockets and rooms at the server ----

/// Most bytes of an id that a client makes: of a socket, connection, stream, subscriber or transaction. Real ones are
/// UUIDs of 36.
pub const CLIENT_ID_BYTES: usize = 64;
/// Socket ids that the server knows at one time: joining, joined and lost ones; above, a new socket is closed (1013).
pub const SOCKET_IDS: usize = 2 * OPEN_SOCKETS;
/// Sessions that one server holds at one time; above, the join that would open another is refused (503).
pub const SESSIONS: usize = 65_536;
/// Bytes of answers waiting for one socket at the server; above, the server reads no more of that socket.
pub const SOCKET_QUEUE_BYTES: usize = 1024 * 1024;
/// Answers with more bytes than this are large: what newcomers to large sessions are told.
pub const LARGE_ANSWER_BYTES: usize = 8 * 1024;
/// Bytes of large answers that wait to be taken, of all clients of a server; above, a join and a request for the state of
/// a session that needs a large answer are refused (503), and may be tried again. Whoever repeats one that was carried out
/// is not told that it was refused: its socket is closed (1013), and it comes back.
pub const LARGE_ANSWERS_BYTES: usize = 512 * 1024 * 1024;
/// Frames that the server takes from one socket before it answers them and turns to the others.
pub const SOCKET_BATCH_FRAMES: usize = 64;
/// Deliveries to members after which a room lets its other sockets have their turn.
pub const TURN_DELIVERIES: usize = 8192;
/// Socket ids at one time that have not joined yet, within [`SOCKET_IDS`]; above, a new socket is closed (1013).
pub const DOORS: usize = 16_384;
/// Refused requests of one socket that has not joined; at the last, its socket is closed (1011).
pub const JOIN_REFUSALS: u32 = 8;
/// Characters of a client's text in one field of a log line; the rest is left out.
pub const LOG_CHARS: usize = 255;
/// Lines that one place in the server logs in a second; the others are counted, and their number is logged.
pub const LOG_LINES_PER_SECOND: u32 = 50;
/// Bytes of candidates held for one peer connection, beside [`HELD_CANDIDATES`].
pub const HELD_CANDIDATE_BYTES: usize = 64 * 1024;
/// Bytes of candidates held for all peer connections of one publisher; above, a candidate is refused (429).
pub const PUBLISHER_CANDIDATE_BYTES: usize = 1024 * 1024;
/// Subscribers that one connection has of one stream; above, a subscribe is refused (429).
pub const STREAM_SUBSCRIBERS_OF_ONE: usize = 8;
/// Bytes of the content of a channel's data, of which each subscriber gets a copy; above, it is refused (413).
pub const CHANNEL_DATA_BYTES: usize = 16 * 1024;
/// How long a connection that was sent away has to take note of it, and a closed socket to close.
pub const CLOSE_WITHIN: Duration = Duration::from_secs(5);
/// Bytes of a socket's read buffer, which every open socket holds.
pub const SOCKET_READ_BUFFER: usize = 8 * 1024;
/// Bytes that a socket gathers before it writes them without being asked to. A socket never gives back what it once
/// needed to gather.
pub const SOCKET_WRITE_BUFFER: usize = 16 * 1024;
/// Largest WebSocket frame that the server writes; a longer Rumor frame goes as several.
pub const SOCKET_FRAGMENT_BYTES: usize = 16 * 1024;
/// Bytes of pongs that a socket gathers beside that, for a peer that does not take them.
pub const SOCKET_PONG_BYTES: usize = 16 * 1024;

// ---- What the server remembers ----

/// Edits that wait for the database; further ones wait for room.
pub const STORE_WAITING: usize = 1024;
/// Edits that are committed together.
pub const STORE_BATCH: usize = 256;
/// Largest record of the database as JSON; a larger one is an error.
pub const STORE_RECORD_BYTES: usize = 1024 * 1024;
/// Longest key of a record.
pub const STORE_KEY_BYTES: usize = 1024;
/// Bytes of the database that are kept in memory beside the file.
pub const STORE_CACHE_BYTES: usize = 16 * 1024 * 1024;

// ---- What the application's server asks of rooms (`rest.md §2.1`) ----

/// Archives of one session that run at one time; above, another one is refused (409).
pub const SESSION_ARCHIVES: usize = 16;
/// Largest body of a REST call that lists streams: excluded ones, or their layout classes.
pub const HTTP_LIST_BYTES: usize = 1024 * 1024;
/// Signals of one connection at once: as many as in so many seconds at most, if their rate is limited at all. A quarter of
/// that passes sooner than a client of ours gives up ([`RATE_RETRIES`]).
pub const SIGNAL_BURST_SECONDS: u32 = 20;
/// Streams whose layout classes one REST call sets; above, it is refused (400).
pub const LAYOUT_ITEMS: usize = SESSION_STREAMS;
/// Events of sessions that wait to be written into archives and told to webhooks, or are being read. Signals and changes of
/// streams have half of it, beginnings of archives twice of it, and their ends twice of that; what does not fit is left out
/// and counted.
pub const CHRONICLE_EVENTS: usize = 65_536;
/// Bytes of them, with the same shares.
pub const CHRONICLE_BYTES: usize = 128 * 1024 * 1024;
// ---- Projects ----

/// Fewest bits of the public key of an application.
pub const RSA_KEY_BITS: usize = 2048;
/// Most bits of it: verifying takes the longer the more there are.
pub const RSA_KEY_BITS_MOST: usize = 8192;
/// Bytes of a public key's file that are read.
pub const KEY_FILE_BYTES: u64 = 64 * 1024;
/// Most bytes of a configuration or a private key.
pub const CONFIG_FILE_BYTES: u64 = 4 * 1024 * 1024;
/// Projects that account calls make; above, the next one is refused (409).
pub const PROJECTS: u64 = 10_000;
/// Fewest bytes of a secret of which the server does not warn at its start.
pub const SECRET_BYTES_ADVISED: usize = 16;
/// Most characters of a project's name.
pub const PROJECT_NAME_CHARS: usize = 128;
/// How long a secret that was replaced by an account call still counts, if nothing else is said.
pub const SECRET_ROTATION: Duration = Duration::from_secs(24 * 60 * 60);
/// Longest time for which it may.
pub const SECRET_ROTATION_MOST: Duration = Duration::from_secs(30 * 24 * 60 * 60);

// ---- How often REST calls may come ----

/// Calls of one project in a second, if nothing else is said; above, they are refused (429).
pub const REST_CALLS_PER_SECOND: u32 = 200;
/// Calls with a bad token about one project from one address in a second, if nothing else is said; above, they are told to
/// come more slowly (429).
pub const FAILED_CALLS_PER_SECOND: u32 = 10;
/// How many seconds' worth of calls may come at once.
pub const RATE_BURST_SECONDS: u64 = 5;
/// Highest rate that can be set.
pub const RATE_MOST: u32 = 1_000_000;
/// Projects whose calls are counted at one time; others share one rate.
pub const CALLERS: usize = 16_384;
/// Addresses and projects whose bad calls are counted at one time; others share one rate.
pub const FAILED_CALLERS: usize = 16_384;

// ---- Archives (`rest.md §2.4`, `§4`) ----

/// Bytes of one archive by default; above, it ends, and says so.
pub const ARCHIVE_BYTES: u64 = 64 * 1024 * 1024;
/// Bytes of all archives in the data directory by default; above, those that run end, and none begins (409).
pub const ARCHIVES_BYTES: u64 = 8 * 1024 * 1024 * 1024;
/// The same of a server without a data directory, which keeps them in memory.
pub const ARCHIVES_BYTES_IN_MEMORY: u64 = 128 * 1024 * 1024;
/// Archives of one project by default. For another one the oldest that has no file any more makes way; if all have one, none
/// begins (409).
pub const PROJECT_ARCHIVES: usize = 10_000;
/// How many quarters of the bytes of all archives those of one project may have: it leaves room to the others.
pub const PROJECT_ARCHIVES_QUARTERS: u64 = 3;
/// How long an archive runs by default; then it ends.
pub const ARCHIVE_LASTS: Duration = Duration::from_secs(4 * 60 * 60);
/// How long the file of an archive is kept by default.
pub const ARCHIVE_KEPT: Duration = Duration::from_secs(72 * 60 * 60);
/// How long it is remembered after that, that there was one.
pub const ARCHIVE_REMEMBERED: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// How long the URL of an archive's file may be used.
pub const ARCHIVE_URL_LIFE: Duration = Duration::from_secs(10 * 60);
/// Longest line of an archive; what is longer is left out as a gap.
pub const ARCHIVE_LINE_BYTES: usize = 256 * 1024;
/// What an archive keeps free of its bytes for its last lines.
pub const ARCHIVE_END_BYTES: u64 = 4 * 1024;
/// Bytes of lines that are gathered before they are written.
pub const ARCHIVE_GATHERED_BYTES: usize = 256 * 1024;
/// How long a call waits until its archive has begun or ended.
pub const ARCHIVE_WITHIN: Duration = Duration::from_secs(10);
/// Archives in one answer by default, and at most.
pub const ARCHIVE_LIST: usize = 50;
/// See [`ARCHIVE_LIST`].
pub const ARCHIVE_LIST_MOST: usize = 1000;
/// Largest body of a call about an archive.
pub const HTTP_ARCHIVE_BYTES: usize = 64 * 1024;
/// Bytes of the style sheet of a layout.
pub const STYLESHEET_BYTES: usize = 32 * 1024;
/// Streams that were chosen for one archive; above, another one is refused (400).
pub const ARCHIVE_STREAMS: usize = 256;
/// Bytes of an archive's tag.
pub const ARCHIVE_TAG_BYTES: usize = 255;
/// Sessions with properties that their id does not say (automatic archives); for another one the oldest of the project that
/// has the most makes way.
pub const SESSION_PROPERTIES: u64 = 100_000;

// ---- The page that shows what happens (`/inspect`) ----

/// Logins at one time; for another one the oldest of the project that has the most ends.
pub const INSPECT_LOGINS: usize = 1000;
/// How long a login lasts, …
pub const INSPECT_LOGIN_LIFE: Duration = Duration::from_secs(12 * 60 * 60);
/// … and how long while nobody uses it.
pub const INSPECT_LOGIN_IDLE: Duration = Duration::from_secs(60 * 60);
/// Largest body of a login: a token, or a key and its secret with every byte escaped.
pub const HTTP_LOGIN_BYTES: usize = 2 * TOKEN_BYTES;
/// Wrong logins about one project from one address in a second, and those of [`RATE_BURST_SECONDS`] at once; above, they are
/// told to come more slowly (429).
pub const FAILED_LOGINS_PER_SECOND: u32 = 2;
/// Lists and states that a project may ask for in a second, and those of [`RATE_BURST_SECONDS`] at once; above, 429.
pub const INSPECT_CALLS_PER_SECOND: u32 = 20;
/// Sessions in one list.
pub const INSPECT_SESSIONS: usize = 500;
/// Bytes of the connections that a session's state lists, and of its streams; of those beyond there is the number.
pub const INSPECT_STATE_BYTES: usize = 1024 * 1024;
/// Characters of a text that a client has given a stream or a channel.
pub const INSPECT_TEXT_CHARS: usize = 256;
/// What of a session's events is remembered for who looks at it; of signals half as many. The oldest are forgotten.
pub const INSPECT_TIMELINE: usize = 500;
/// Bytes of the events of all sessions; above, the quietest sessions of the project that has the most are forgotten.
pub const INSPECT_TIMELINE_BYTES: usize = 16 * 1024 * 1024;
/// How long the events of a session are remembered when all have left.
pub const INSPECT_TIMELINE_KEPT: Duration = Duration::from_secs(10 * 60);
/// Events and their bytes that wait for one event stream; of those above it is told how many are missing.
pub const INSPECT_QUEUE_ENTRIES: usize = 256;
/// See [`INSPECT_QUEUE_ENTRIES`].
pub const INSPECT_QUEUE_BYTES: usize = 512 * 1024;
/// Event streams of one login; above, another one is refused (429).
pub const INSPECT_LOGIN_STREAMS: usize = 8;
/// Event streams of all; a project has no more than are left for all others. Above, another one is refused (429).
pub const INSPECT_STREAMS: usize = 256;
/// Pause between two looks at a session that is watched.
pub const INSPECT_LOOK_EVERY: Duration = Duration::from_millis(250);
/// Pause between two words about the number of its signals.
pub const INSPECT_SIGNALS_EVERY: Duration = Duration::from_secs(1);
/// Pause between two lines that say nothing, so that nobody takes an event stream for dead.
pub const INSPECT_COMMENT_EVERY: Duration = Duration::from_secs(15);

// ---- STUN and TURN servers that clients are told of ----

/// Addresses of STUN and TURN servers in a server's configuration; above, it does not start.
pub const ICE_URLS: usize = 16;
/// Most bytes of one of them.
pub const ICE_URL_BYTES: usize = 512;
/// For how long what clients are told of them counts, when nothing in it ends (`wire.md §2.2`).
pub const ICE_INFO_LASTS: Duration = Duration::from_secs(86_100);
/// For how long credentials of TURN servers count, unless it is set. Published clients use what they were told for a day
/// (`wire.md §2.1`); a call that begins at the end of it can look for new ways for another day.
pub const TURN_CREDENTIALS_LAST: Duration = Duration::from_secs(2 * 24 * 60 * 60);
/// The hours that may be set for it: no less than clients use them for.
pub const TURN_CREDENTIAL_HOURS: std::ops::RangeInclusive<u64> = 24..=30 * 24;
