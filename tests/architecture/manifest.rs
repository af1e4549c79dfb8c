//! What a `Cargo.toml` depends on.

/// The kinds of dependencies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Normal,
    Build,
    Dev,
}

/// The crates that a manifest names, by the names of their packages.
pub(crate) fn dependencies(manifest: &str) -> Vec<(Kind, String)> {
    let mut found: Vec<(Kind, String)> = Vec::new();
    let mut section = None;
    for line in manifest.lines() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if let Some(header) = line.strip_prefix('[') {
            let header = header.trim_matches(['[', ']']);
            section = kind(header);
            // `[dependencies.tokio]`
            if let Some((_, name)) = section.and_then(|_| header.rsplit_once("dependencies.")) {
                found.extend(section.map(|kind| (kind, name.trim_matches('"').to_owned())));
                section = None;
            }
            continue;
        }
        if let (Some(kind), Some((key, value))) = (section, line.split_once('=')) {
            let name = key.trim().split('.').next().unwrap_or_default().trim_matches('"').to_owned();
            let renamed = value.split_once("package").and_then(|(_, rest)| rest.split('"').nth(1));
            found.push((kind, renamed.map_or(name, str::to_owned)));
        }
    }
    found
}

/// `[dependencies]`, `[target.'cfg(unix)'.dev-dependencies]`, and the like.
fn kind(header: &str) -> Option<Kind> {
    let at = header.find("dependencies")?;
    let before = &header[..at];
    match () {
        () if before.starts_with("workspace.") => None,
        () if before.ends_with("build-") => Some(Kind::Build),
        () if before.ends_with("dev-") => Some(Kind::Dev),
        () => Some(Kind::Normal),
    }
}

#[test]
fn every_way_to_write_a_dependency_is_read() {
    let manifest = r#"
        [package]
        name = "x"
        [workspace.dependencies]
        ignored = "1"
        [dependencies]
        plain = "1" # a comment
        short.workspace = true
        long = { version = "1", features = ["a"] }
        alias = { package = "real", version = "1" }
        [dependencies.table]
        version = "1"
        [target.'cfg(unix)'.dependencies]
        unix = "1"
        [build-dependencies]
        builds = "1"
        [dev-dependencies]
        tests = "1"
        [lints]
        workspace = true
    "#;
    let of = |wanted: Kind| -> Vec<String> {
        dependencies(manifest).into_iter().filter(|(kind, _)| *kind == wanted).map(|(_, name)| name).collect()
    };
    assert_eq!(of(Kind::Normal), ["plain", "short", "long", "real", "table", "unix"]);
    assert_eq!(of(Kind::Build), ["builds"]);
    assert_eq!(of(Kind::Dev), ["tests"]);
}
