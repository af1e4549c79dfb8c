//! What a row leaves behind when it is killed: namespaces and folders. Both have the id of its process in their names.

use crate::namespace;
use std::fs;
use std::path::PathBuf;
use std::process::id;

const PREFIX: &str = "otc-reliability-";

/// What the names of what this process makes begin with.
pub(crate) fn own_name() -> String {
    format!("{PREFIX}{}", id())
}

/// The folder that this process may make.
pub(crate) fn own_folder() -> PathBuf {
    std::env::temp_dir().join(own_name())
}

/// Removes what this process has made.
pub(crate) fn remove_own() {
    remove(|process| process == id());
}

/// Removes what was made by processes that are gone.
pub(crate) fn remove_stale() {
    remove(|process| !fs::exists(format!("/proc/{process}")).unwrap_or(true));
}

fn remove(is_meant: impl Fn(u32) -> bool) {
    let is_meant = |name: &str| maker(name).is_some_and(&is_meant);
    namespace::all().iter().filter(|name| is_meant(name)).for_each(|name| namespace::remove(name));
    let Ok(folders) = fs::read_dir(std::env::temp_dir()) else { return };
    for folder in folders.flatten().filter(|folder| is_meant(&folder.file_name().to_string_lossy())) {
        // Somebody else may just have removed it.
        let _ = fs::remove_dir_all(folder.path());
    }
}

/// The id of the process that has made what has this name.
fn maker(name: &str) -> Option<u32> {
    name.strip_prefix(PREFIX)?.split('-').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_who_has_made_it() {
        assert_eq!(maker(&own_name()), Some(id()));
        assert_eq!(maker("otc-reliability-17-s"), Some(17));
        for other in ["otc-reliability", "otc-reliability-x", "other-17", ""] {
            assert_eq!(maker(other), None, "{other}");
        }
    }
}
