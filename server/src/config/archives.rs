//! `[archives]`.

use super::ConfigError;
use super::within::within;
use crate::archives::Settings;
use serde::Deserialize;
use std::time::Duration;

const MEGABYTE: u64 = 1024 * 1024;

/// The section of the file. What is not there has its default.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Section {
    hours: Option<u64>,
    retention_hours: Option<u64>,
    megabytes_each: Option<u64>,
    megabytes: Option<u64>,
    per_project: Option<u64>,
}

impl Section {
    /// The settings, if they are what they may be.
    pub(super) fn settings(&self) -> Result<Settings, ConfigError> {
        let default = Settings::default();
        let hours = |count: u64| Duration::from_secs(count * 60 * 60);
        let lasts = within("archives.hours", self.hours, 1..=24 * 7)?;
        let kept = within("archives.retention_hours", self.retention_hours, 1..=24 * 366)?;
        let each = within("archives.megabytes_each", self.megabytes_each, 1..=1024)?;
        let all = within("archives.megabytes", self.megabytes, 1..=MEGABYTE)?;
        let per_project = within("archives.per_project", self.per_project, 1..=100_000)?;
        Ok(Settings {
            lasts: lasts.map_or(default.lasts, hours),
            kept: kept.map_or(default.kept, hours),
            bytes_each: each.map_or(default.bytes_each, |megabytes| megabytes * MEGABYTE),
            bytes: all.map(|megabytes| megabytes * MEGABYTE),
            per_project: per_project.map_or(Ok(default.per_project), usize::try_from).unwrap_or(usize::MAX),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str) -> Result<Settings, String> {
        let section: Section = toml::from_str(text).map_err(|error| error.to_string())?;
        section.settings().map_err(|error| error.to_string())
    }

    #[test]
    fn each_setting_is_read() {
        assert_eq!(settings(""), Ok(Settings::default()));
        let text = "hours = 1\nretention_hours = 2\nmegabytes_each = 3\nmegabytes = 4\nper_project = 5";
        let expected = Settings {
            lasts: Duration::from_secs(3600),
            kept: Duration::from_secs(7200),
            bytes_each: 3 * MEGABYTE,
            bytes: Some(4 * MEGABYTE),
            per_project: 5,
        };
        assert_eq!(settings(text), Ok(expected));
    }

    #[test]
    fn what_makes_no_sense_is_an_error_that_says_what_would() {
        for (text, says) in [
            ("hours = 0", "archives.hours must be a number from 1 to 168"),
            ("retention_hours = 99999", "archives.retention_hours must be a number from 1 to"),
            ("megabytes_each = 2000", "archives.megabytes_each must be"),
            ("megabytes = 0", "archives.megabytes must be"),
            ("per_project = 0", "archives.per_project must be"),
            ("weeks = 1", "unknown field `weeks`"),
            ("hours = -1", "invalid value"),
        ] {
            let error = settings(text).unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
