//! Renders the C header from `src/ffi` and refuses to build when the committed one is stale; names the shared library.

use std::path::Path;
use std::{env, fs, process};

fn main() {
    let root = env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    let version = env::var("CARGO_PKG_VERSION").expect("cargo sets it");
    println!("cargo:rerun-if-changed=src/ffi");
    println!("cargo:rerun-if-changed=cbindgen.toml");
    println!("cargo:rerun-if-changed=include/otc.h");
    println!("cargo:rerun-if-env-changed=OTC_WRITE_HEADER");

    check_header(Path::new(&root), &version);
    name_library(&version);
}

fn check_header(root: &Path, version: &str) {
    let path = root.join("include/otc.h");
    let header = render(root, version);
    let committed = fs::read_to_string(&path).unwrap_or_default();
    if committed == header {
        return;
    }
    if env::var_os("OTC_WRITE_HEADER").is_some() {
        fs::write(&path, header).expect("include/otc.h can be written");
        return;
    }
    eprintln!("include/otc.h is not what src/ffi says. Refresh it with: make header");
    process::exit(1);
}

fn render(root: &Path, version: &str) -> String {
    let config = cbindgen::Config::from_file(root.join("cbindgen.toml")).expect("cbindgen.toml is valid");
    let bindings = cbindgen::Builder::new()
        .with_crate(root)
        .with_config(config)
        .generate()
        .expect("src/ffi can be read by cbindgen");
    let mut bytes = Vec::new();
    bindings.write(&mut bytes);
    let header = String::from_utf8(bytes).expect("the header is text");
    polish(&header, version)
}

/// What cbindgen cannot say: the version, C++98's and C90's dislikes, and Rust's words in comments.
fn polish(header: &str, version: &str) -> String {
    let mut parts = version.split('.');
    let mut part = || parts.next().expect("the version has three parts");
    let header = header
        .replace("@VERSION@", version)
        .replace("@MAJOR@", part())
        .replace("@MINOR@", part())
        .replace("@PATCH@", part())
        .replace("type_,", "type,")
        .replace("type_)", "type)");
    let mut lines: Vec<&str> = header.lines().map(str::trim_end).collect();
    remove_safety_sections(&mut lines);
    let mut polished = String::with_capacity(header.len());
    for (index, line) in lines.iter().enumerate() {
        let next_closes = lines.get(index + 1).is_some_and(|next| next.starts_with('}'));
        let line = if next_closes { line.strip_suffix(',').unwrap_or(line) } else { line };
        polished.push_str(&line.replace("  // __cplusplus", "").replace("  /* OTC_H */", ""));
        polished.push('\n');
    }
    polished
}

/// C programmers know that pointers must be valid; the section is for Rust's readers.
fn remove_safety_sections(lines: &mut Vec<&str>) {
    while let Some(start) = lines.iter().position(|line| line.trim() == "* # Safety") {
        let end =
            lines[start..].iter().position(|line| line.trim() == "*/").map_or(lines.len(), |end| start + end);
        // The empty line before it goes too.
        lines.drain(start.saturating_sub(1)..end);
    }
}

/// Sets the soname (`major.minor` while the major version is 0) and keeps the library loaded: its threads' destructors
/// would run in unmapped memory after a `dlclose`.
fn name_library(version: &str) {
    let mut parts = version.split('.');
    let soname = match (parts.next(), parts.next()) {
        (Some("0"), Some(minor)) => format!("0.{minor}"),
        (major, _) => major.unwrap_or(version).to_owned(),
    };
    match env::var("CARGO_CFG_TARGET_OS").as_deref() {
        Ok("macos" | "ios") => {
            println!("cargo:rustc-cdylib-link-arg=-Wl,-install_name,@rpath/libotc.{soname}.dylib");
        }
        Ok("linux" | "android" | "freebsd") => {
            println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libotc.so.{soname}");
            println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
        }
        _ => {}
    }
}
