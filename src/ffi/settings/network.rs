//! Settings of the way to the server.

use super::super::boundary::{Failed, text};
use super::super::types::{otc_bool, otc_status};
use super::{otc_session_settings, set};
use crate::net::{ApiUrl, NetworkProxy};
use otc_protocol::limits::{URL_BYTES, USER_AGENT_SUFFIX_BYTES};
use std::ffi::c_char;

/// Names a server that stands in for all others (what the vendor calls an IP proxy): each URL becomes one of its own.
///
/// proxy_url: an http or https URL such as "https://proxy.example.org/otc"; NULL: none, which is the default. What would be
/// asked for at "https://host:port/path" is then asked for at "https://proxy.example.org/otc/host:port/path", and sockets
/// likewise, encrypted when proxy_url begins with https. The proxy passes on what it is asked for. For HTTP CONNECT and
/// SOCKS see otc_session_settings_set_network_proxy(); both may be set.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: the text is copied.
/// Errors: OTC_INVALID_PARAM when settings is not one; OTC_SESSION_NULL_OR_INVALID_PARAMETER when proxy_url is not a URL.
///
/// # Safety
/// proxy_url is NULL or a C string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otc_session_settings_set_proxy_url(
    settings: *mut otc_session_settings,
    proxy_url: *const c_char,
) -> otc_status {
    let checked = || {
        // SAFETY: the caller's promise.
        let url = unsafe { text(proxy_url, "proxy URL", URL_BYTES) }?;
        url.map(ApiUrl::parse)
            .transpose()
            .map_err(|error| Failed::argument(format!("The proxy URL cannot be used. {error}")))
    };
    set(settings, checked, |chosen, url| chosen.proxy_url = url)
}

/// Names a proxy that stands between this network and the server.
///
/// url: "http://host:port" for HTTP CONNECT, "socks5://host:port" for SOCKS5; with "user:password@" before the host for a
/// proxy that wants to know who asks (write %40 for @, %3A for a colon and %25 for a percent sign in them). NULL: none,
/// which is the default; the proxy settings of the system and of the environment are not looked at. The session info and
/// the socket go through the proxy, encrypted or not; it must allow connections to the ports of both. Names of servers are
/// looked up by the proxy. A proxy that is not there, or refuses, or does not answer within 10 seconds, is a failed
/// connect: on_error with OTC_SESSION_CONNECTION_FAILED and a text that names the proxy.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: the text is copied; name and password are never logged.
/// Errors: OTC_INVALID_PARAM when settings is not one; OTC_SESSION_NULL_OR_INVALID_PARAMETER when url is not one of these
/// forms.
///
/// # Safety
/// url is NULL or a C string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otc_session_settings_set_network_proxy(
    settings: *mut otc_session_settings,
    url: *const c_char,
) -> otc_status {
    let checked = || {
        // SAFETY: the caller's promise.
        let url = unsafe { text(url, "proxy's URL", URL_BYTES) }?;
        url.map(NetworkProxy::parse).transpose().map_err(Failed::argument)
    };
    set(settings, checked, |chosen, proxy| chosen.network_proxy = proxy)
}

/// Adds something to what the client calls itself, "libotc/1.2.3 (linux)" for example; the server and its logs see it.
///
/// suffix: 1 to 128 printable ASCII characters, such as "kiosk/4.2"; NULL: nothing, which is the default.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: the text is copied.
/// Errors: OTC_INVALID_PARAM when settings is not one; OTC_SESSION_NULL_OR_INVALID_PARAMETER when suffix is empty, too
/// long, or holds something else.
///
/// # Safety
/// suffix is NULL or a C string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otc_session_settings_set_user_agent_suffix(
    settings: *mut otc_session_settings,
    suffix: *const c_char,
) -> otc_status {
    let checked = || {
        // SAFETY: the caller's promise.
        let suffix = unsafe { text(suffix, "suffix", USER_AGENT_SUFFIX_BYTES) }?;
        match suffix {
            Some("") => Err(Failed::argument("The suffix is empty; pass NULL for none.")),
            Some(suffix) if !suffix.bytes().all(|byte| (b' '..=b'~').contains(&byte)) => {
                Err(Failed::argument("The suffix holds something else than printable ASCII characters."))
            }
            suffix => Ok(suffix.map(str::to_owned)),
        }
    };
    set(settings, checked, |chosen, suffix| chosen.user_agent_suffix = suffix)
}

/// Says whether the application wants to follow the server to another one. Off by default.
///
/// The library does not follow yet, and does not tell the server that it would, whatever is set here: a server that moves
/// its sessions is told that this client stays, and the session then comes back or ends as after any lost connection.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: nothing.
/// Errors: OTC_INVALID_PARAM when settings is not one.
#[unsafe(no_mangle)]
pub extern "C" fn otc_session_settings_set_session_migration(
    settings: *mut otc_session_settings,
    session_migration: otc_bool,
) -> otc_status {
    set(settings, || Ok(session_migration != 0), |chosen, wanted| chosen.session_migration = wanted)
}
