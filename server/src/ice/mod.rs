//! STUN and TURN servers: what clients are told of, so that calls find a way through routers and firewalls.
//!
//! Pure: what time it is is handed in. A TURN server that shares a secret with this one takes credentials that neither has
//! kept: the user name says until when it counts, and the password is its HMAC-SHA1, as coturn's `use-auth-secret` and
//! others of its kind want it.

mod secret;
mod url;

pub(crate) use secret::NO_SECRET;
pub use secret::TurnSecret;
pub use url::{IceUrl, UrlError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use otc_protocol::limits::ICE_INFO_LASTS;
use otc_protocol::raptor::Object;
use otc_protocol::session_info::IceServer;
use ring::hmac;
use serde_json::Value;
use std::time::Duration;

/// Every server that clients are told of.
#[derive(Clone, Debug, Default)]
pub struct IceServers {
    /// Those that are the same for everybody.
    pub fixed: Vec<FixedServer>,
    /// Those that take credentials for a time.
    pub turn: Option<Turn>,
    /// Clients are to send media through TURN servers alone.
    pub relay_only: bool,
}

/// Servers that take everybody, or one user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FixedServer {
    /// Their addresses.
    pub urls: Vec<IceUrl>,
    /// Who may use them; `None`: anybody.
    pub account: Option<FixedAccount>,
}

/// A user of servers, the same for everybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FixedAccount {
    /// The name.
    pub username: String,
    /// The password.
    pub credential: TurnSecret,
}

/// TURN servers with which this one shares a secret.
#[derive(Clone, Debug)]
pub struct Turn {
    urls: Vec<IceUrl>,
    key: hmac::Key,
    lasts: Duration,
}

impl Turn {
    /// TURN servers that take what `secret` has signed; credentials count for as long as `lasts`.
    pub fn new(urls: Vec<IceUrl>, secret: &TurnSecret, lasts: Duration) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.expose().as_bytes());
        Self { urls, key, lasts }
    }

    fn credentials(&self, user: &str, unix_seconds: u64) -> (String, String) {
        let username = format!("{}:{user}", unix_seconds + self.lasts.as_secs());
        let credential = STANDARD.encode(hmac::sign(&self.key, username.as_bytes()));
        (username, credential)
    }
}

impl IceServers {
    /// What `user` is told at this time. One entry for each address: older clients look at nothing but `url`.
    pub fn told(&self, user: &str, unix_seconds: u64) -> Vec<IceServer> {
        let mut told = Vec::new();
        for server in &self.fixed {
            let account = server.account.as_ref();
            let username = account.map(|account| account.username.clone());
            let credential = account.map(|account| account.credential.expose().to_owned());
            told.extend(entries(&server.urls, username.as_ref(), credential.as_ref()));
        }
        if let Some(turn) = &self.turn {
            let (username, credential) = turn.credentials(user, unix_seconds);
            told.extend(entries(&turn.urls, Some(&username), Some(&credential)));
        }
        told
    }

    /// The same as messages have it.
    pub(crate) fn objects(&self, user: &str, unix_seconds: u64) -> Vec<Object> {
        let objects =
            self.told(user, unix_seconds).into_iter().filter_map(|server| {
                match serde_json::to_value(server) {
                    Ok(Value::Object(object)) => Some(object),
                    _ => None,
                }
            });
        objects.collect()
    }

    /// For how long what is told counts.
    pub fn lasts(&self) -> Duration {
        self.turn.as_ref().map_or(ICE_INFO_LASTS, |turn| turn.lasts)
    }
}

fn entries<'a>(
    urls: &'a [IceUrl],
    username: Option<&'a String>,
    credential: Option<&'a String>,
) -> impl Iterator<Item = IceServer> + 'a {
    urls.iter().map(move |url| IceServer {
        urls: vec![url.as_str().to_owned()],
        username: username.cloned(),
        credential: credential.cloned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn urls(texts: &[&str]) -> Vec<IceUrl> {
        texts.iter().map(|text| IceUrl::parse(text).unwrap()).collect()
    }

    fn turn(hours: u64) -> Turn {
        let secret = TurnSecret::new("north").unwrap();
        Turn::new(urls(&["turn:h:1?transport=udp", "turns:h"]), &secret, Duration::from_secs(hours * 3600))
    }

    #[test]
    fn each_address_is_an_entry_of_its_own() {
        let account = FixedAccount { username: "u".into(), credential: TurnSecret::new("c").unwrap() };
        let servers = IceServers {
            fixed: vec![
                FixedServer { urls: urls(&["stun:s:3478"]), account: None },
                FixedServer { urls: urls(&["turn:a", "turn:b"]), account: Some(account) },
            ],
            ..IceServers::default()
        };
        let expected = json!([
            { "url": "stun:s:3478", "username": null, "credential": null },
            { "url": "turn:a", "username": "u", "credential": "c" },
            { "url": "turn:b", "username": "u", "credential": "c" },
        ]);
        assert_eq!(json!(servers.told("x", 0)), expected);
        assert_eq!(json!(servers.objects("x", 0)), expected);
        assert_eq!(servers.lasts(), ICE_INFO_LASTS);
    }

    #[test]
    fn credentials_are_those_of_the_widespread_scheme() {
        let servers = IceServers { turn: Some(turn(24)), ..IceServers::default() };
        let told = servers.told("ada", 1_433_809_012);
        // printf 1433895412:ada | openssl dgst -binary -sha1 -hmac north | base64
        let expected = ("1433895412:ada", "GAae9Kuclxtf2DAbmUQjpHVutUw=");
        assert_eq!(told.len(), 2);
        for server in told {
            assert_eq!(
                (server.username.as_deref(), server.credential.as_deref()),
                (Some(expected.0), Some(expected.1))
            );
        }
        assert_eq!(servers.lasts(), Duration::from_secs(86_400));
    }

    #[test]
    fn each_time_and_each_user_has_credentials_of_its_own() {
        let servers = IceServers { turn: Some(turn(48)), ..IceServers::default() };
        let [one, later, other] =
            [("a", 5), ("a", 6), ("b", 5)].map(|(user, now)| servers.told(user, now)[0].clone());
        assert_ne!(one.credential, later.credential);
        assert_ne!(one.credential, other.credential);
    }

    #[test]
    fn no_secret_is_shown() {
        let account = FixedAccount { username: "u".into(), credential: TurnSecret::new("hush").unwrap() };
        let fixed = vec![FixedServer { urls: urls(&["turn:a"]), account: Some(account) }];
        let servers = IceServers { fixed, turn: Some(turn(24)), relay_only: true };
        let shown = format!("{servers:?}");
        assert!(!shown.contains("hush") && !shown.contains("north"), "{shown}");
    }
}
