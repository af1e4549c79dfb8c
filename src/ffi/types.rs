//! The plain types of the C API (`c-api.md §3.3`, `§3.4`).
//!
//! C shows enums; Rust takes their numbers, because a number that no enumerator has would be undefined behaviour.

use std::ffi::c_int;

/// A truth value: 0 is false, everything else is true.
pub type otc_bool = c_int;

/// What most functions return: OTC_SUCCESS, or a number of one of the error enums.
pub type otc_status = c_int;

/// Errors that are not about a session.
#[repr(C)]
pub enum otc_error_code {
    /// A NULL, deleted, foreign or wrong-kind object was passed.
    OTC_INVALID_PARAM = 1,
    /// The library could not carry out the call; otc_last_error_text() says why.
    OTC_FATAL = 2,
    /// The format of a video frame is not supported.
    OTC_INVALID_VIDEO_FORMAT = 3,
    /// The connection was lost.
    OTC_CONNECTION_DROPPED = 1022,
    /// Somebody could not be sent away.
    OTC_UNABLE_TO_FORCE_DISCONNECT = 1520,
    /// Somebody could not be muted.
    OTC_UNABLE_TO_FORCE_MUTE = 1540,
    /// The connection could not be made in time.
    OTC_CONNECTION_TIMED_OUT = 1542,
    /// The publisher is not of this session.
    OTC_UNKNOWN_PUBLISHER_INSTANCE = 2003,
    /// The subscriber is not of this session.
    OTC_UNKNOWN_SUBSCRIBER_INSTANCE = 2004,
    /// No picture could be captured.
    OTC_VIDEO_CAPTURE_FAILED = 3000,
    /// The camera failed.
    OTC_CAMERA_FAILED = 3010,
    /// A picture could not be shown.
    OTC_VIDEO_RENDER_FAILED = 4000,
    /// Media are not available.
    OT_UNABLE_TO_ACCESS_MEDIA_ENGINE = 5000,
}

/// Errors of a session: what on_error reports, and what functions return.
#[repr(C)]
pub enum otc_session_error_code {
    /// The token or the API key was refused: wrong, expired, or for another session. Get a new token.
    OTC_SESSION_AUTHORIZATION_FAILURE = 1004,
    /// The server does not serve this place.
    OTC_SESSION_BLOCKED_COUNTRY = 1026,
    /// The connection was lost and could not be restored. Connect again when the network is back.
    OTC_SESSION_CONNECTION_DROPPED = 1022,
    /// The session could not be joined. Check the network and the API URL.
    OTC_SESSION_CONNECTION_FAILED = 1006,
    /// The session is full.
    OTC_SESSION_CONNECTION_LIMIT_EXCEEDED = 1027,
    /// The socket to the messaging server could not be opened.
    OTC_SESSION_CONNECTION_REFUSED = 1023,
    /// The messaging server did not answer in time.
    OTC_SESSION_CONNECTION_TIMED_OUT = 1021,
    /// The stream cannot be ended, or is not one.
    OTC_SESSION_FORCE_UNPUBLISH_OR_INVALID_STREAM = 1535,
    /// The session's state does not allow the call.
    OTC_SESSION_ILLEGAL_STATE = 1015,
    /// The library has a fault. Please report it.
    OTC_SESSION_INTERNAL_ERROR = 2000,
    /// The session id is not one.
    OTC_SESSION_INVALID_SESSION = 1005,
    /// The signal type holds something else than letters, digits, '-', '_' and '~'.
    OTC_SESSION_INVALID_SIGNAL_TYPE = 1461,
    /// The call needs a connected session.
    OTC_SESSION_NOT_CONNECTED = 1010,
    /// The session info names no messaging server.
    OTC_SESSION_NO_MESSAGING_SERVER = 1503,
    /// An argument is NULL or not valid.
    OTC_SESSION_NULL_OR_INVALID_PARAMETER = 1011,
    /// The publisher is not of this session.
    OTC_SESSION_PUBLISHER_NOT_FOUND = 1113,
    /// The signal data is longer than 8192 bytes.
    OTC_SESSION_SIGNAL_DATA_TOO_LONG = 1413,
    /// The signal type is longer than 128 bytes.
    OTC_SESSION_SIGNAL_TYPE_TOO_LONG = 1414,
    /// A signal was not delivered, or nothing is known of it.
    OTC_SESSION_UNABLE_TO_SEND_SIGNAL = 1550,
    /// The session info did not arrive in time.
    OTC_SESSION_STATE_FAILED = 1020,
    /// The subscriber is not of this session.
    OTC_SESSION_SUBSCRIBER_NOT_FOUND = 1112,
    /// The server's answer made no sense. (The name's spelling is the vendor's.)
    OTC_SESSION_UNEXPECTED_GET_SESSION_INFO_REPONSE = 2001,
    /// The session is encrypted and no secret was set.
    OTC_SESSION_ENCRYPTION_SECRET_MISSING = 6000,
    /// The encryption secret is not valid.
    OTC_SESSION_INVALID_ENCRYPTION_SECRET = 6004,
}

/// Where a stream's pictures come from.
#[repr(C)]
pub enum otc_stream_video_type {
    /// A camera.
    OTC_STREAM_VIDEO_TYPE_CAMERA = 1,
    /// A screen.
    OTC_STREAM_VIDEO_TYPE_SCREEN = 2,
    /// Something else.
    OTC_STREAM_VIDEO_TYPE_CUSTOM = 3,
}

/// Where a session stands.
#[repr(C)]
pub enum otc_connection_status {
    /// Never connected, or disconnected.
    OTC_CONNECTION_STATUS_NOT_CONNECTED = 0,
    /// otc_session_connect() is under way.
    OTC_CONNECTION_STATUS_CONNECTING = 1,
    /// Joined.
    OTC_CONNECTION_STATUS_CONNECTED = 2,
    /// The connection is lost and being restored.
    OTC_CONNECTION_STATUS_RECONNECTING = 3,
    /// otc_session_disconnect() is under way.
    OTC_CONNECTION_STATUS_DISCONNECTING = 4,
    /// The last connect failed.
    OTC_CONNECTION_STATUS_FAILED = 5,
}

/// Why a session ended.
#[repr(C)]
pub enum otc_disconnect_reason {
    /// It has not ended.
    OTC_DISCONNECT_REASON_NONE = 0,
    /// The application asked for it.
    OTC_DISCONNECT_REASON_CLIENT_DISCONNECTED = 1,
    /// A moderator or the application's server sent this client away.
    OTC_DISCONNECT_REASON_FORCE_DISCONNECTED = 2,
    /// The connection was lost and could not be restored.
    OTC_DISCONNECT_REASON_NETWORK_DISCONNECTED = 3,
}

/// `enum otc_log_level` as Rust takes it.
pub type LogLevelNumber = c_int;
/// `enum otc_session_error_code` as Rust takes it.
pub type SessionErrorNumber = c_int;
/// `enum otc_stream_video_type` as Rust takes it.
pub type VideoTypeNumber = c_int;
/// `enum otc_connection_status` as Rust takes it.
pub type ConnectionStatusNumber = c_int;
/// `enum otc_disconnect_reason` as Rust takes it.
pub type DisconnectReasonNumber = c_int;

/// What the token of a connected session allows.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct otc_session_capabilities {
    /// To publish streams.
    pub publish: otc_bool,
    /// To subscribe to streams.
    pub subscribe: otc_bool,
    /// To mute others.
    pub force_mute: otc_bool,
    /// To send others away.
    pub force_disconnect: otc_bool,
}

/// How a signal is sent.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct otc_signal_options {
    /// True: while the session is reconnecting the signal waits and is sent afterwards. False: it is refused then, and not
    /// sent again when the connection is lost before the server has answered.
    pub retry_after_reconnect: otc_bool,
}

/// What on_mute_forced is told.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct otc_on_mute_forced_info {
    /// True when muting begins, false when it ends.
    pub active: otc_bool,
}
