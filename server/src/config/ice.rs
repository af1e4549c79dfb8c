//! `[ice]`: STUN and TURN servers that clients are told of.

use super::ConfigError;
use super::within::within;
use crate::ice::{FixedAccount, FixedServer, IceServers, IceUrl, NO_SECRET, Turn, TurnSecret};
use crate::unrepeated;
use otc_protocol::limits::{ICE_CREDENTIAL_BYTES, ICE_URLS, TURN_CREDENTIAL_HOURS, TURN_CREDENTIALS_LAST};
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use std::time::Duration;

/// The section of the file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileIce {
    stun: Option<Vec<String>>,
    #[serde(default)]
    relay_only: bool,
    #[serde(default)]
    turn: FileTurn,
    #[serde(default)]
    servers: Vec<FileServer>,
}

/// `[ice.turn]`: servers that share a secret with this one.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileTurn {
    urls: Option<Vec<String>>,
    secret: Option<TurnSecret>,
    credential_hours: Option<u64>,
}

/// One `[[ice.servers]]`: servers with a user that is the same for everybody.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileServer {
    urls: Vec<String>,
    username: Option<String>,
    credential: Option<TurnSecret>,
}

/// Whatever else stands in its place is not repeated in the error.
impl<'de> Deserialize<'de> for TurnSecret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let secret = unrepeated::text(deserializer)?.and_then(Self::new);
        secret.ok_or_else(|| D::Error::custom(NO_SECRET))
    }
}

/// What the command line and the environment said of it.
#[derive(Clone, Debug, Default)]
pub struct GivenIce {
    /// The addresses of STUN servers.
    pub stun_urls: Option<Vec<String>>,
    /// The addresses of TURN servers.
    pub turn_urls: Option<Vec<String>>,
    /// The secret that they share with this server.
    pub turn_secret: Option<String>,
}

impl FileIce {
    pub(super) fn has_secret(&self) -> bool {
        self.turn.secret.is_some() || self.servers.iter().any(|server| server.credential.is_some())
    }

    /// What is said, checked.
    pub(super) fn complete(self, given: GivenIce) -> Result<IceServers, ConfigError> {
        let stun = urls("stun", given.stun_urls.or(self.stun).unwrap_or_default())?;
        if let Some(url) = stun.iter().find(|url| url.is_turn()) {
            return wrong(format!(
                "{:?} among the STUN servers is a TURN server, which needs a secret: give it in turn",
                url.as_str()
            ));
        }
        let mut fixed = Vec::new();
        if !stun.is_empty() {
            fixed.push(FixedServer { urls: stun, account: None });
        }
        for (number, server) in (1..).zip(self.servers) {
            fixed.push(fixed_server(number, server)?);
        }
        let turn = turn(self.turn, given.turn_urls, given.turn_secret)?;
        let servers = IceServers { fixed, turn, relay_only: self.relay_only };
        check(&servers)?;
        Ok(servers)
    }
}

/// Together they are not too many, and enough.
fn check(servers: &IceServers) -> Result<(), ConfigError> {
    let told = servers.told("", 0);
    if told.len() > ICE_URLS {
        return wrong(format!(
            "there are {} addresses: give {ICE_URLS} at most; browsers advise against more than four",
            told.len()
        ));
    }
    let is_relayed = |url: &String| url.starts_with("turn");
    if servers.relay_only && !told.iter().flat_map(|server| &server.urls).any(is_relayed) {
        return wrong(
            "relay_only without a TURN server lets no call through: give one in turn or servers".to_owned(),
        );
    }
    Ok(())
}

fn turn(
    file: FileTurn,
    given_urls: Option<Vec<String>>,
    given_secret: Option<String>,
) -> Result<Option<Turn>, ConfigError> {
    let hours = within("ice.turn.credential_hours", file.credential_hours, TURN_CREDENTIAL_HOURS)?;
    let given_secret = match given_secret {
        Some(text) => Some(TurnSecret::new(text).ok_or_else(|| ConfigError::Ice(NO_SECRET.to_owned()))?),
        None => None,
    };
    let urls = urls("turn", given_urls.or(file.urls).unwrap_or_default())?;
    if let Some(url) = urls.iter().find(|url| !url.is_turn()) {
        return wrong(format!("{:?} among the TURN servers is a STUN server: give it in stun", url.as_str()));
    }
    match (urls.is_empty(), given_secret.or(file.secret)) {
        (true, None) => Ok(None),
        (true, Some(_)) => Err(ConfigError::Half(
            "the secret of TURN servers",
            "their addresses (--turn-urls, OTC_TURN_URLS, or urls in [ice.turn])",
        )),
        (false, None) => Err(ConfigError::Half(
            "the addresses of TURN servers",
            "the secret that they share with this server (OTC_TURN_SECRET, or secret in [ice.turn]); \
             servers with one user for everybody go into [[ice.servers]]",
        )),
        (false, Some(secret)) => {
            if secret.is_short() {
                tracing::warn!(
                    "the TURN secret is short: whoever has credentials, as every client does, can guess at it; give one of 32 random characters or more"
                );
            }
            let lasts = hours.map_or(TURN_CREDENTIALS_LAST, |hours| Duration::from_secs(hours * 60 * 60));
            Ok(Some(Turn::new(urls, &secret, lasts)))
        }
    }
}

fn fixed_server(number: usize, server: FileServer) -> Result<FixedServer, ConfigError> {
    let name = format!("servers, number {number}");
    let urls = urls(&name, server.urls)?;
    if urls.is_empty() {
        return wrong(format!("{name}: there are no urls"));
    }
    let account = match (server.username, server.credential) {
        (None, None) => None,
        (Some(username), Some(credential)) if (1..=ICE_CREDENTIAL_BYTES).contains(&username.len()) => {
            Some(FixedAccount { username, credential })
        }
        (Some(_), Some(_)) => {
            return wrong(format!("{name}: a username has 1 to {ICE_CREDENTIAL_BYTES} bytes"));
        }
        _ => return wrong(format!("{name}: give both a username and a credential, or neither")),
    };
    match urls.iter().find(|url| url.is_turn()) {
        Some(url) if account.is_none() => wrong(format!(
            "{name}: {:?} needs a username and a credential; browsers make no call without",
            url.as_str()
        )),
        _ => Ok(FixedServer { urls, account }),
    }
}

fn urls(name: &str, given: Vec<String>) -> Result<Vec<IceUrl>, ConfigError> {
    let parse = |(number, text): (usize, String)| {
        // Without the text: who writes a password into a URL does so anywhere in it.
        IceUrl::parse(&text).or_else(|error| wrong(format!("{name}: address number {number} {error}")))
    };
    (1..).zip(given).map(parse).collect()
}

fn wrong<T>(reason: String) -> Result<T, ConfigError> {
    Err(ConfigError::Ice(reason))
}

#[cfg(test)]
mod tests {
    use super::super::File;
    use super::*;
    use serde_json::json;

    fn read(text: &str, given: GivenIce) -> Result<IceServers, String> {
        let file: File = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        file.ice.complete(given).map_err(|error| error.to_string())
    }

    const WHOLE: &str = r#"
        [ice]
        stun = ["stun:s.example.org:3478"]
        relay_only = true
        [ice.turn]
        urls = ["turn:t.example.org:3478?transport=udp"]
        secret = "hush"
        credential_hours = 24
        [[ice.servers]]
        urls = ["turn:old.example.org"]
        username = "u"
        credential = "hush too"
    "#;

    #[test]
    fn servers_are_read() {
        let servers = read(WHOLE, GivenIce::default()).unwrap();
        let told = json!(servers.told("ada", 100));
        let urls: Vec<_> =
            told.as_array().unwrap().iter().map(|server| server["url"].as_str().unwrap()).collect();
        let expected =
            ["stun:s.example.org:3478", "turn:old.example.org", "turn:t.example.org:3478?transport=udp"];
        assert_eq!(urls, expected);
        assert_eq!((&told[1]["username"], &told[1]["credential"]), (&json!("u"), &json!("hush too")));
        assert_eq!(told[2]["username"], format!("{}:ada", 100 + 24 * 3600));
        assert!(servers.relay_only);
        assert_eq!(servers.lasts(), Duration::from_secs(24 * 3600));
        let nothing = read("", GivenIce::default()).unwrap();
        assert!(nothing.told("ada", 0).is_empty() && !nothing.relay_only);
    }

    #[test]
    fn what_is_given_goes_before_the_file() {
        let given = GivenIce {
            stun_urls: Some(vec!["stun:other".to_owned()]),
            turn_urls: Some(vec!["turn:x".to_owned(), "turns:y".to_owned()]),
            turn_secret: Some("another".to_owned()),
        };
        let (mine, of_file) = (read(WHOLE, given).unwrap(), read(WHOLE, GivenIce::default()).unwrap());
        let (mine, of_file) = (mine.told("ada", 0), of_file.told("ada", 0));
        let urls: Vec<_> = mine.iter().map(|server| server.urls[0].as_str()).collect();
        assert_eq!(urls, ["stun:other", "turn:old.example.org", "turn:x", "turns:y"]);
        assert_ne!(mine[2].credential, of_file[2].credential);
    }

    #[test]
    fn what_is_wrong_is_said_without_the_secret() {
        let turn = |rest: &str| format!("[ice.turn]\nurls = [\"turn:t\"]\n{rest}");
        let server = |rest: &str| format!("[[ice.servers]]\n{rest}");
        let many = format!("[ice]\nstun = [{}]", "\"stun:s\",".repeat(ICE_URLS + 1));
        for (text, said) in [
            (turn(""), "without the secret"),
            (turn("secret = \"\""), "1 to 1024"),
            (turn("secret = 5"), "1 to 1024"),
            (turn("secret = \"hush\"\ncredential_hours = 23"), "24 to 720"),
            (turn("secret = \"hush\"\ncredential_hours = 721"), "24 to 720"),
            (turn("secret = \"hush\"\ncolour = 1"), "colour"),
            ("[ice.turn]\nsecret = \"hush\"".to_owned(), "without their addresses"),
            ("[ice.turn]\nurls = [\"stun:h\"]\nsecret = \"hush\"".to_owned(), "give it in stun"),
            ("[ice]\nstun = [\"turn:h\"]".to_owned(), "give it in turn"),
            ("[ice]\nstun = [\"stun:h\", \"stun://hush\"]".to_owned(), "stun: address number 2 has slashes"),
            ("[ice]\nrelay_only = true\nstun = [\"stun:h\"]".to_owned(), "relay_only without"),
            (server("urls = []"), "no urls"),
            (server("urls = [\"turn:h\"]"), "needs a username"),
            (server("urls = [\"turn:h\"]\nusername = \"u\""), "both"),
            (server("urls = [\"turn:h\"]\nusername = \"\"\ncredential = \"hush\""), "1 to 1024"),
            (many, "16 at most"),
        ] {
            let error = read(&text, GivenIce::default()).err().unwrap_or_else(|| panic!("{text} was read"));
            assert!(error.contains(said) && !error.contains("hush"), "{text}: {error}");
        }
    }
}
