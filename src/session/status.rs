//! Where a session stands.

use otc_protocol::raptor::Reason;

/// What `otc_session_get_connection_status` answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[repr(i32)]
pub enum Status {
    /// Never connected, or disconnected.
    #[default]
    NotConnected = 0,
    /// `otc_session_connect` is under way.
    Connecting = 1,
    /// Joined.
    Connected = 2,
    /// The connection is lost and being restored.
    Reconnecting = 3,
    /// `otc_session_disconnect` is under way.
    Disconnecting = 4,
    /// The last connect failed.
    Failed = 5,
}

/// Why the session ended, as `otc_session_get_disconnect_reason` answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[repr(i32)]
pub enum DisconnectReason {
    /// It has not ended.
    #[default]
    None = 0,
    /// The application asked for it.
    ClientDisconnected = 1,
    /// A moderator or the application's server sent this client away.
    ForceDisconnected = 2,
    /// The connection was lost and could not be restored.
    NetworkDisconnected = 3,
}

impl From<&Reason> for DisconnectReason {
    fn from(reason: &Reason) -> Self {
        match reason {
            Reason::ClientDisconnected => Self::ClientDisconnected,
            Reason::NetworkDisconnected => Self::NetworkDisconnected,
            _ => Self::ForceDisconnected,
        }
    }
}
