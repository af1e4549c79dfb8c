//! The house: `ffi → net → session → protocol ← server`. Fails when an arrow points the wrong way.

mod manifest;
mod rules;
mod source;

use manifest::Kind;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What only the server needs, and what the library must never pull in by another way.
const SERVER_ONLY: [&str; 11] = [
    "otc-server",
    "axum",
    "clap",
    "tracing",
    "tracing-subscriber",
    "quick-xml",
    "prometheus-client",
    "toml",
    "tower",
    "reqwest",
    "openssl",
];

/// What would make the protocol more than a language.
const NOT_IN_PROTOCOL: [&str; 12] = [
    "otc",
    "otc-server",
    "tokio",
    "tokio-tungstenite",
    "hyper",
    "hyper-util",
    "futures-util",
    "rand",
    "getrandom",
    "parking_lot",
    "libc",
    "rustls",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file of the crates, by its path from the root.
fn sources() -> Vec<(String, String)> {
    let mut waiting: Vec<PathBuf> = [
        "src",
        "protocol/src",
        "server/src",
        "harness/src",
        "bench/src",
        "replay/src",
        "reliability/src",
        "simulation/src",
    ]
    .map(|folder| root().join(folder))
    .into();
    let mut found = Vec::new();
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.expect("the folder can be listed").path();
            if path.is_dir() {
                waiting.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name =
                    path.strip_prefix(root()).expect("below the root").to_string_lossy().replace('\\', "/");
                found.push((name, fs::read_to_string(&path).expect("the file can be read")));
            }
        }
    }
    found.sort();
    found
}

fn depends_on(manifest: &str, kind: Kind) -> Vec<String> {
    let text = fs::read_to_string(root().join(manifest)).expect("the manifest can be read");
    manifest::dependencies(&text)
        .into_iter()
        .filter(|(found, _)| *found == kind)
        .map(|(_, name)| name)
        .collect()
}

fn assert_free_of(what: &str, found: &[String], forbidden: &[&str]) {
    let wrong: Vec<_> = found.iter().filter(|name| forbidden.contains(&name.as_str())).collect();
    assert!(wrong.is_empty(), "{what} must not depend on {wrong:?}");
}

/// The crates that end up in a build of `package`, by name.
fn tree(package: &str) -> Vec<String> {
    let output = Command::new(env!("CARGO"))
        .current_dir(root())
        .args(["tree", "--offline", "-p", package, "-e", "normal", "--prefix", "none", "--target", "all"])
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("names are text");
    text.lines().filter_map(|line| Some(line.split_whitespace().next()?.to_owned())).collect()
}

#[test]
fn sources_point_the_right_way() {
    let sources = sources();
    for folder in ["src/ffi/", "src/net/", "src/session/", "protocol/src/", "server/src/sessions/"] {
        assert!(
            sources.iter().any(|(file, _)| file.starts_with(folder)),
            "{folder} has moved; tell this test where to"
        );
    }
    let wrong: Vec<String> =
        sources.iter().flat_map(|(file, source)| rules::violations(file, source)).collect();
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn the_compiler_refuses_unsafe_code_too() {
    for (file, attribute) in [
        ("src/lib.rs", "#![deny(unsafe_code)]"),
        ("protocol/src/lib.rs", "#![forbid(unsafe_code)]"),
        ("server/src/lib.rs", "#![forbid(unsafe_code)]"),
    ] {
        let source = fs::read_to_string(root().join(file)).expect("the file can be read");
        assert!(source.contains(attribute), "{file} has lost {attribute}");
    }
}

#[test]
fn the_library_does_not_depend_on_what_only_the_server_needs() {
    let named = depends_on("Cargo.toml", Kind::Normal);
    assert!(named.contains(&"otc-protocol".to_owned()), "the manifest was not read: {named:?}");
    assert_free_of("the library", &named, &SERVER_ONLY);
    let pulled_in = tree("otc");
    assert!(pulled_in.contains(&"rustls".to_owned()), "the tree was not read: {pulled_in:?}");
    assert_free_of("the library, by whatever way,", &pulled_in, &SERVER_ONLY);
}

#[test]
fn the_protocol_depends_on_nobody_of_the_house_and_on_nothing_that_acts() {
    let mut named = depends_on("protocol/Cargo.toml", Kind::Normal);
    assert!(named.contains(&"serde_json".to_owned()), "the manifest was not read: {named:?}");
    named.extend(depends_on("protocol/Cargo.toml", Kind::Dev));
    assert_free_of("the protocol", &named, &NOT_IN_PROTOCOL);
    assert_free_of("the protocol, by whatever way,", &tree("otc-protocol"), &NOT_IN_PROTOCOL);
}

#[test]
fn the_server_does_not_depend_on_the_client() {
    let named = depends_on("server/Cargo.toml", Kind::Normal);
    assert!(named.contains(&"otc-protocol".to_owned()), "the manifest was not read: {named:?}");
    assert_free_of("the server", &named, &["otc"]);
}

#[test]
fn a_wrong_dependency_would_be_found() {
    let wrong = std::panic::catch_unwind(|| assert_free_of("a test", &["axum".to_owned()], &SERVER_ONLY));
    assert!(wrong.is_err());
}
