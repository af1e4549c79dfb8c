//! What an application has decided about media. The engine keeps it and does nothing with it: it carries no media.

use otc_protocol::session_info::IceServer;

/// Kept for the day on which media are carried.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MediaConfig {
    /// ICE servers of the application's own.
    pub custom_ice: Option<CustomIce>,
    /// Use the addresses only that the vendor has promised to firewalls.
    pub ip_whitelist: bool,
    /// All streams over one peer connection.
    pub single_peer_connection: bool,
}

/// ICE servers of the application's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CustomIce {
    /// The servers.
    pub servers: Vec<IceServer>,
    /// Every packet goes by way of a TURN server.
    pub force_turn: bool,
    /// The servers that the session info names are left out.
    pub custom_only: bool,
}
