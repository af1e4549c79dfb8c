//! The projects of the configuration: `[[keys]]` and `[[applications]]`.

use super::{ConfigError, Given};
use crate::calendar::Date;
use crate::keys::{KeyError, KeyPair, Secret};
use crate::projects::{Definition, Previous, Proof, PublicKey, Status, check_name};
use otc_protocol::session_id::ProjectId;
use serde::Deserialize;
use toml::value::{Datetime, Offset};

/// One `[[keys]]` of the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileKey {
    api_key: String,
    api_secret: Secret,
    previous_api_secret: Option<Secret>,
    previous_valid_until: Option<Instant>,
    #[serde(default)]
    name: String,
    status: Option<String>,
}

/// One `[[applications]]` of the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileApplication {
    id: String,
    public_key: String,
    #[serde(default)]
    name: String,
    status: Option<String>,
}

/// A time in one of the ways that a file may write it.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "give a time like 2030-01-31T12:00:00Z, or Unix seconds")]
enum Instant {
    UnixSeconds(u64),
    Date(Datetime),
    Text(String),
}

impl FileKey {
    fn definition(self) -> Result<Definition, ConfigError> {
        let pair = KeyPair::new(&self.api_key, self.api_secret.expose())?;
        let until = self.previous_valid_until.map(unix_seconds).transpose();
        let until = until.map_err(|()| ConfigError::Time(self.api_key.clone()))?;
        let previous = match (self.previous_api_secret, until) {
            (None, Some(_)) => {
                return Err(ConfigError::Half("previous_valid_until", "previous_api_secret"));
            }
            (secret, until) => secret.map(|secret| Previous { secret, until }),
        };
        let proof = Proof::Secret { secret: pair.secret, previous };
        described(Definition::new(pair.project, proof), self.name, self.status)
    }
}

impl FileApplication {
    fn definition(self) -> Result<Definition, ConfigError> {
        described(application(&self.id, &self.public_key)?, self.name, self.status)
    }
}

/// An application. Its id is looked at first: what is none is not repeated, because it may be a key.
fn application(id: &str, key: &str) -> Result<Definition, ConfigError> {
    let id = ProjectId::new(id).ok().filter(ProjectId::is_application).ok_or(KeyError::Application)?;
    let key =
        PublicKey::from_pem_or_file(key).map_err(|error| ConfigError::PublicKey(id.to_string(), error))?;
    Ok(Definition::application(id.as_str(), key)?)
}

fn described(
    definition: Definition,
    name: String,
    status: Option<String>,
) -> Result<Definition, ConfigError> {
    check_name(&name)?;
    let status = match status {
        Some(word) => Status::from_name(&word)
            .ok_or_else(|| ConfigError::Status(definition.id.to_string(), word.chars().take(32).collect()))?,
        None => Status::Active,
    };
    Ok(Definition { name, status, ..definition })
}

/// The projects of the file, and those of the command line, which go before it.
pub(super) fn definitions(
    given: &Given,
    keys: Vec<FileKey>,
    applications: Vec<FileApplication>,
) -> Result<Vec<Definition>, ConfigError> {
    let keys = keys.into_iter().map(FileKey::definition);
    let applications = applications.into_iter().map(FileApplication::definition);
    let mut all = keys.chain(applications).collect::<Result<Vec<_>, _>>()?;
    for own in from_command_line(given)? {
        all.retain(|known| known.id != own.id);
        all.push(own);
    }
    Ok(all)
}

fn from_command_line(given: &Given) -> Result<Vec<Definition>, ConfigError> {
    let mut own = Vec::new();
    match (&given.api_key, &given.api_secret) {
        (Some(key), Some(secret)) => own.push(KeyPair::new(key, secret.expose())?.into()),
        (None, None) => {}
        (Some(_), None) => {
            return Err(ConfigError::Half("a key", "a secret (--api-secret or OTC_API_SECRET)"));
        }
        (None, Some(_)) => return Err(ConfigError::Half("a secret", "a key (--api-key or OTC_API_KEY)")),
    }
    for text in &given.applications {
        let (id, file) = text.split_once('=').ok_or(ConfigError::Application)?;
        own.push(application(id, file)?);
    }
    let repeated = own.iter().enumerate().any(|(at, one)| own[..at].iter().any(|other| other.id == one.id));
    if repeated { Err(KeyError::Repeated.into()) } else { Ok(own) }
}

/// The Unix second of a time, which says how far it is from UTC.
fn unix_seconds(instant: Instant) -> Result<u64, ()> {
    let date = match instant {
        Instant::UnixSeconds(seconds) => return Ok(seconds),
        Instant::Date(date) => date,
        Instant::Text(text) => text.parse::<Datetime>().map_err(|_| ())?,
    };
    let (Some(day), Some(time), Some(offset)) = (date.date, date.time, date.offset) else { return Err(()) };
    let minutes_ahead = match offset {
        Offset::Z => 0,
        Offset::Custom { minutes } => i64::from(minutes),
    };
    let days = Date { year: day.year.into(), month: day.month.into(), day: day.day.into() }.unix();
    let of_day =
        i64::from(time.hour) * 3600 + i64::from(time.minute) * 60 + i64::from(time.second.unwrap_or(0))
            - minutes_ahead * 60;
    u64::try_from(days * 86_400 + of_day).map_err(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_every_way_that_a_file_may_write_them() {
        let of = |text: &str| {
            let value: toml::Table = text.parse().unwrap();
            unix_seconds(value["at"].clone().try_into().unwrap())
        };
        for (text, expected) in [
            ("at = 1740000000", Ok(1_740_000_000)),
            ("at = 2025-02-19T21:20:00Z", Ok(1_740_000_000)),
            ("at = \"2025-02-19T21:20:00Z\"", Ok(1_740_000_000)),
            ("at = \"2025-02-19 22:20:00.5+01:00\"", Ok(1_740_000_000)),
            ("at = 2025-02-19T13:20:00-08:00", Ok(1_740_000_000)),
            ("at = 1970-01-01T00:00:00Z", Ok(0)),
            ("at = 2000-02-29T00:00:00Z", Ok(951_782_400)),
            ("at = 2024-12-31T23:59:59Z", Ok(1_735_689_599)),
            ("at = 2100-03-01T00:00:00Z", Ok(4_107_542_400)),
            ("at = 1969-12-31T23:59:59Z", Err(())),
            ("at = 2025-02-19T21:20:00", Err(())),
            ("at = 2025-02-19", Err(())),
            ("at = \"tomorrow\"", Err(())),
        ] {
            assert_eq!(of(text), expected, "{text}");
        }
    }
}
