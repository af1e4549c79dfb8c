//! `[[webhooks]]` and what goes with them: receivers that are told what happens.

use super::ConfigError;
use super::within::within;
use crate::webhooks::kind::Kinds;
use crate::webhooks::url::HookUrl;
use crate::webhooks::{Hook, Retries, Settings, SigningSecret};
use otc_protocol::limits::WEBHOOK_TARGETS;
use otc_protocol::session_id::ProjectId;
use serde::Deserialize;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

const HOUR: u64 = 60 * 60;
const TIMEOUT_SECONDS: RangeInclusive<u64> = 1..=60;
const PAUSE_SECONDS: RangeInclusive<u64> = 1..=HOUR;
const GIVE_UP_SECONDS: RangeInclusive<u64> = 1..=7 * 24 * HOUR;

/// One `[[webhooks]]` of the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileHook {
    url: String,
    project: Option<String>,
    events: Option<Vec<String>>,
    secret: Option<SigningSecret>,
}

impl FileHook {
    pub(super) fn has_secret(&self) -> bool {
        self.secret.is_some()
    }
}

/// `[webhook_delivery]` of the file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileDelivery {
    #[serde(rename = "timeout_seconds")]
    timeout: Option<u64>,
    #[serde(rename = "retry_first_seconds")]
    retry_first: Option<u64>,
    #[serde(rename = "retry_most_seconds")]
    retry_most: Option<u64>,
    #[serde(rename = "give_up_seconds")]
    give_up: Option<u64>,
}

/// What the file says of webhooks, checked.
pub(super) fn settings(
    hooks: Vec<FileHook>,
    delivery: &FileDelivery,
    private_targets: Option<bool>,
    ca_file: Option<PathBuf>,
) -> Result<Settings, ConfigError> {
    if hooks.len() > WEBHOOK_TARGETS {
        return wrong(format!("there are more than {WEBHOOK_TARGETS} [[webhooks]]"));
    }
    let hooks = (1..).zip(hooks).map(|(number, given)| hook(number, given)).collect::<Result<Vec<_>, _>>()?;
    for (index, hook) in hooks.iter().enumerate() {
        let is_same = |other: &Hook| other.url == hook.url && other.project == hook.project;
        if hooks[..index].iter().any(is_same) {
            return wrong(format!(
                "the URL of number {} ({}) is given twice for the same project: give all its events at once",
                index + 1,
                hook.url.place()
            ));
        }
    }
    let defaults = Settings::default();
    let seconds = |name, given: Option<u64>, range: RangeInclusive<u64>, otherwise| {
        let seconds = within(name, given, range)?;
        Ok::<_, ConfigError>(seconds.map_or(otherwise, Duration::from_secs))
    };
    let retries = Retries {
        first: seconds(
            "webhook_delivery.retry_first_seconds",
            delivery.retry_first,
            PAUSE_SECONDS,
            defaults.retries.first,
        )?,
        most: seconds(
            "webhook_delivery.retry_most_seconds",
            delivery.retry_most,
            PAUSE_SECONDS,
            defaults.retries.most,
        )?,
        give_up: seconds(
            "webhook_delivery.give_up_seconds",
            delivery.give_up,
            GIVE_UP_SECONDS,
            defaults.retries.give_up,
        )?,
    };
    if retries.first > retries.most {
        return wrong("retry_first_seconds is more than retry_most_seconds".to_owned());
    }
    let timeout =
        seconds("webhook_delivery.timeout_seconds", delivery.timeout, TIMEOUT_SECONDS, defaults.timeout)?;
    Ok(Settings { hooks, private_targets, ca_file, timeout, retries })
}

/// The receiver of the `number`th section. What is wrong is told by that number: a URL may hold a password anywhere.
fn hook(number: usize, given: FileHook) -> Result<Hook, ConfigError> {
    let url = HookUrl::parse(&given.url).or_else(|error| wrong(format!("number {number}: {error}")))?;
    if let Some(project) = given.project.as_deref().filter(|project| ProjectId::new(project).is_err()) {
        return wrong(format!("{project:?} is not a project: give an API key or an application id"));
    }
    let kinds = match &given.events {
        None => Kinds::ALL,
        Some(names) if names.is_empty() => {
            return wrong(format!(
                "number {number} ({}) has no events: name some, or leave the line out for all",
                url.place()
            ));
        }
        Some(names) => Kinds::named(names.iter().map(String::as_str)).or_else(|unknown| {
            wrong(format!(
                "there is no event {unknown:?}: give connection, stream, session or archive, or one like streamCreated"
            ))
        })?,
    };
    Ok(Hook { url, project: given.project, kinds, secret: given.secret })
}

fn wrong<T>(reason: String) -> Result<T, ConfigError> {
    Err(ConfigError::Webhooks(reason))
}

#[cfg(test)]
mod tests {
    use super::super::File;
    use super::*;
    use crate::webhooks::kind::Kind;

    fn read(text: &str) -> Result<Settings, String> {
        let file: File = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        let File { webhooks, webhook_delivery, webhook_private_targets, webhook_ca, .. } = file;
        settings(webhooks, &webhook_delivery, webhook_private_targets, webhook_ca)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn receivers_are_read() {
        let read = read(
            r#"
            webhook_private_targets = true
            webhook_ca_file = "ca.pem"
            [webhook_delivery]
            timeout_seconds = 5
            retry_first_seconds = 2
            [[webhooks]]
            url = "https://example.org/a"
            [[webhooks]]
            url = "https://example.org/a"
            project = "123456"
            events = ["stream", "connectionCreated"]
            secret = "hush"
            "#,
        )
        .unwrap();
        assert_eq!((read.private_targets, read.timeout), (Some(true), Duration::from_secs(5)));
        assert_eq!(read.retries, Retries { first: Duration::from_secs(2), ..Retries::default() });
        assert_eq!((read.hooks.len(), read.hooks[0].kinds), (2, Kinds::ALL));
        let second = &read.hooks[1];
        assert!(second.kinds.has(Kind::StreamDestroyed) && !second.kinds.has(Kind::ConnectionDestroyed));
        assert_eq!((second.project.as_deref(), second.secret.is_some()), (Some("123456"), true));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let hook = |rest: &str| format!("[[webhooks]]\nurl = \"https://h/\"\n{rest}\n");
        let long = "s".repeat(51);
        for (text, said) in [
            ("[[webhooks]]\nurl = \"h\"".to_owned(), "http"),
            (hook("events = []"), "has no events"),
            (hook("events = [\"sip\"]"), "no event \"sip\""),
            (hook("project = \"a b\""), "not a project"),
            (hook("secret = \"\""), "1 to 50"),
            (hook(&format!("secret = \"{long}\"")), "1 to 50"),
            (hook("secret = 7"), "1 to 50"),
            (hook("colour = \"red\""), "colour"),
            (hook("") + &hook(""), "given twice"),
            (hook("").repeat(WEBHOOK_TARGETS + 1), "more than 64"),
            ("[webhook_delivery]\ntimeout_seconds = 0".to_owned(), "1 to 60"),
            ("[webhook_delivery]\ngive_up_seconds = 604801".to_owned(), "1 to 604800"),
            ("[webhook_delivery]\nretry_first_seconds = 301".to_owned(), "more than retry_most"),
        ] {
            let error = read(&text).err().unwrap_or_else(|| panic!("{text} was read"));
            assert!(error.contains(said) && !error.contains(&long), "{text}: {error}");
        }
    }
}
