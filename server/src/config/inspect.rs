//! `[inspect]`: the page that shows sessions.

use serde::Deserialize;

/// The section of the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Section {
    pub(super) enabled: bool,
}

impl Default for Section {
    fn default() -> Self {
        Self { enabled: true }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Given;

    #[test]
    fn the_page_is_there_unless_somebody_says_no() {
        let section = |text: &str| toml::from_str(text).map(|section: Section| section.enabled);
        for (text, expected) in [("", true), ("enabled = true", true), ("enabled = false", false)] {
            assert_eq!(section(text).ok(), Some(expected), "{text}");
        }
        for text in ["on = true", "enabled = 1", "enabled = \"no\""] {
            assert!(section(text).is_err(), "{text}");
        }
        for no_inspect in [false, true] {
            let given = Given { no_inspect, ..Given::default() };
            assert_eq!(given.complete().unwrap().0.inspect, !no_inspect);
        }
    }
}
