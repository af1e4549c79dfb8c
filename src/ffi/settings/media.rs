//! Settings of media, which the library does not carry yet: they are checked and kept.

use super::super::boundary::{Failed, needed, text};
use super::super::types::{otc_bool, otc_status};
use super::{otc_session_settings, set};
use crate::session::CustomIce;
use otc_protocol::limits::{CUSTOM_ICE_SERVERS, ICE_CREDENTIAL_BYTES, URL_BYTES};
use otc_protocol::session_info::IceServer;
use std::ffi::{c_char, c_int};

/// STUN and TURN servers of the application's own.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct otc_custom_ice_config {
    /// How many servers there are: the length of each array.
    pub num_ice_servers: c_int,
    /// Their URLs: "stun:", "stuns:", "turn:" or "turns:", and then host and port.
    pub ice_url: *mut *mut c_char,
    /// The names to log in with; an entry may be NULL.
    pub ice_user: *mut *mut c_char,
    /// The passwords to log in with; an entry may be NULL.
    pub ice_credential: *mut *mut c_char,
    /// True: every packet goes by way of a TURN server.
    pub force_turn: otc_bool,
    /// True: the servers that the session's own server names are left out.
    pub use_custom_turn_only: otc_bool,
}

/// Names STUN and TURN servers of the application's own.
///
/// custom_ice_config: up to 64 servers; none is allowed. The library carries no media yet: the servers are checked and
/// kept, and nothing of joining, signals and reconnection uses them.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: the struct, its arrays and their texts are copied; they may be freed at once.
/// Errors: OTC_INVALID_PARAM when settings is not one; OTC_SESSION_NULL_OR_INVALID_PARAMETER when custom_ice_config is
/// NULL, when num_ice_servers is negative or above 64, when there are servers and an array is NULL, and when a URL is NULL
/// or not one of these forms, or a name or password is longer than 1024 bytes or not UTF-8.
///
/// # Safety
/// custom_ice_config is NULL or points to a struct whose arrays are NULL or hold num_ice_servers entries, each NULL or a C
/// string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otc_session_settings_set_custom_ice_config(
    settings: *mut otc_session_settings,
    custom_ice_config: *const otc_custom_ice_config,
) -> otc_status {
    let checked = || {
        if custom_ice_config.is_null() {
            return Err(Failed::argument("The custom ICE config (custom_ice_config) is NULL."));
        }
        // SAFETY: it is not NULL, and the caller's promise.
        unsafe { custom_ice(&*custom_ice_config) }
    };
    set(settings, checked, |chosen, ice| chosen.media.custom_ice = Some(ice))
}

/// A copy of it all.
unsafe fn custom_ice(config: &otc_custom_ice_config) -> Result<CustomIce, Failed> {
    let count = usize::try_from(config.num_ice_servers).ok().filter(|count| *count <= CUSTOM_ICE_SERVERS);
    let count = count.ok_or_else(|| {
        Failed::argument(format!("The num_ice_servers is not between 0 and {CUSTOM_ICE_SERVERS}."))
    })?;
    let arrays = [
        ("ice_url", config.ice_url),
        ("ice_user", config.ice_user),
        ("ice_credential", config.ice_credential),
    ];
    if let Some((name, _)) = arrays.iter().find(|(_, array)| count > 0 && array.is_null()) {
        return Err(Failed::argument(format!("The {name} is NULL; it must hold num_ice_servers entries.")));
    }
    let mut servers = Vec::with_capacity(count);
    for index in 0..count {
        // SAFETY: no array is NULL, and each holds `count` entries by the caller's promise.
        let [url, user, credential] = arrays.map(|(_, array)| unsafe { *array.add(index) });
        // SAFETY: each is NULL or a C string by the caller's promise.
        let server = unsafe { ice_server(index, url, user, credential) }?;
        servers.push(server);
    }
    Ok(CustomIce {
        servers,
        force_turn: config.force_turn != 0,
        custom_only: config.use_custom_turn_only != 0,
    })
}

unsafe fn ice_server(
    index: usize,
    url: *const c_char,
    user: *const c_char,
    credential: *const c_char,
) -> Result<IceServer, Failed> {
    let name = |field: &str| format!("{field}[{index}]");
    // SAFETY: the caller's promise.
    let url = unsafe { needed(url, &name("ice_url"), URL_BYTES) }?;
    if !is_ice_url(url) {
        return Err(Failed::argument(format!(
            "The ice_url[{index}] is not one; write stun:, stuns:, turn: or turns: and then host and port."
        )));
    }
    // SAFETY: the caller's promise.
    let (user, credential) = unsafe {
        (
            text(user, &name("ice_user"), ICE_CREDENTIAL_BYTES)?,
            text(credential, &name("ice_credential"), ICE_CREDENTIAL_BYTES)?,
        )
    };
    Ok(IceServer {
        urls: vec![url.to_owned()],
        username: user.map(str::to_owned),
        credential: credential.map(str::to_owned),
    })
}

/// A scheme (RFC 7064, RFC 7065) and something behind it, without what no URL holds.
fn is_ice_url(url: &str) -> bool {
    let Some((scheme, place)) = url.split_once(':') else { return false };
    let known = ["stun", "stuns", "turn", "turns"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
    known && !place.is_empty() && place.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Says whether media may use only those addresses that the hosted platform has promised to firewalls, which it sells as
/// an addition. Off by default.
///
/// The library carries no media yet, and what would have to be said to the server is not known: the setting is kept and
/// changes nothing.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: nothing.
/// Errors: OTC_INVALID_PARAM when settings is not one.
#[unsafe(no_mangle)]
pub extern "C" fn otc_session_settings_set_ip_whitelist(
    settings: *mut otc_session_settings,
    ip_whitelist: otc_bool,
) -> otc_status {
    set(settings, || Ok(ip_whitelist != 0), |chosen, wanted| chosen.media.ip_whitelist = wanted)
}

/// Says whether all streams of a routed session share one peer connection instead of having one each. Off by default.
///
/// The library carries no media yet: the setting is kept and changes nothing, and the server is not told of it.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: nothing.
/// Errors: OTC_INVALID_PARAM when settings is not one.
#[unsafe(no_mangle)]
pub extern "C" fn otc_session_settings_set_single_peer_connection(
    settings: *mut otc_session_settings,
    single_peer_connection: otc_bool,
) -> otc_status {
    set(
        settings,
        || Ok(single_peer_connection != 0),
        |chosen, wanted| chosen.media.single_peer_connection = wanted,
    )
}
