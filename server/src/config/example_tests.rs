//! The example of a configuration: all of it is true, and nothing is missing in it.

use super::*;
use std::collections::BTreeSet;
use toml::{Table, Value};

const EXAMPLE: &str = include_str!("../../../docs/server/otc-server.toml");
/// What no setting is called.
const NONE: &str = "?";

/// A line with a setting, without the sign that makes it a comment. What is for people has a space behind that sign.
fn setting(line: &str) -> Option<&str> {
    line.strip_prefix('#').filter(|rest| !rest.is_empty() && !rest.starts_with(' '))
}

/// The example with those lines that `wanted` wants.
fn uncommented(wanted: impl Fn(&str) -> bool) -> String {
    EXAMPLE.lines().filter_map(setting).filter(|line| wanted(line)).collect::<Vec<_>>().join("\n")
}

/// The names of what may stand at a place of the file, as the error says them about what may not; `None` where no table may
/// stand.
fn names_at(place: &str) -> Option<BTreeSet<String>> {
    let error = toml::from_str::<File>(&format!("{place}\n\"{NONE}\" = 1")).err()?;
    let expected = error.message().strip_prefix(&format!("unknown field `{NONE}`, expected "))?;
    Some(expected.split('`').skip(1).step_by(2).map(str::to_owned).collect())
}

/// Every setting that the program knows: `name`, `section.name`, `section.part.name`.
fn known() -> BTreeSet<String> {
    let mut known = BTreeSet::new();
    learn("", &names_at("").expect("a file is a table"), &mut known);
    known
}

fn learn(section: &str, names: &BTreeSet<String>, known: &mut BTreeSet<String>) {
    for name in names {
        let place = format!("{section}{name}");
        match names_at(&format!("[{place}]")).or_else(|| names_at(&format!("[[{place}]]"))) {
            Some(inside) => learn(&format!("{place}."), &inside, known),
            None => drop(known.insert(place)),
        }
    }
}

/// Every setting of a text.
fn named(text: &str) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    gather("", &text.parse().expect("TOML"), &mut named);
    named
}

fn gather(section: &str, table: &Table, named: &mut BTreeSet<String>) {
    for (name, value) in table {
        let place = format!("{section}{name}");
        match value {
            Value::Table(inside) => gather(&format!("{place}."), inside, named),
            Value::Array(items) if items.iter().any(Value::is_table) => {
                for inside in items.iter().filter_map(Value::as_table) {
                    gather(&format!("{place}."), inside, named);
                }
            }
            _ => drop(named.insert(place)),
        }
    }
}

#[test]
fn every_setting_that_there_is_stands_in_the_example_and_no_other() {
    let (known, named) = (known(), named(&uncommented(|_| true)));
    assert!(
        known.len() > 45 && known.contains("limits.signal_burst") && known.contains("keys.api_key"),
        "{known:?}"
    );
    let missing: Vec<_> = known.difference(&named).collect();
    assert!(missing.is_empty(), "docs/server/otc-server.toml says nothing of {missing:?}");
    let strange: Vec<_> = named.difference(&known).collect();
    assert!(strange.is_empty(), "docs/server/otc-server.toml has {strange:?}, which are no settings");
}

#[test]
fn every_setting_stands_in_the_table_of_the_documentation() {
    let told = include_str!("../../../docs/server/configuration.md");
    for setting in known() {
        let name = setting.rsplit('.').next().expect("a name");
        assert!(
            told.contains(&format!("`{name}`")) || told.contains(&format!("{name} = ")),
            "{setting} is missing"
        );
    }
}

#[test]
fn what_is_no_example_is_the_default() {
    let read = |text: &str| {
        let given = tests::given(None, Some("1"), Some("a-secret-for-this-test"));
        let (config, _) = tests::with_file(text, given).expect("a configuration");
        format!("{config:#?}")
    };
    let defaults = uncommented(|line| !line.ends_with("# example"));
    assert!(defaults.lines().count() > 25, "{defaults}");
    assert_eq!(read(&defaults), read(""));
    // Nothing is in use as it stands.
    assert!(EXAMPLE.lines().all(|line| line.is_empty() || line.starts_with('#')));
}
