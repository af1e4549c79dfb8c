//! The rules: who may name whom (`ARCHITECTURE.md`).

use crate::source::{self, Path};

/// The parts of the house.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Ffi,
    Net,
    Session,
    /// The log that every part of the client may write to, but for the engine.
    Log,
    /// Faults on demand, for a test.
    Fault,
    /// Known bugs on demand, of the client or of the server, for the simulation.
    Planted,
    /// `src/lib.rs`, which only lists the parts.
    Root,
    Protocol,
    /// The server's rooms.
    Rooms,
    Server,
    /// The C API from Rust, for the programs that measure.
    Harness,
    Bench,
    /// The program that replays recordings.
    Replay,
    Reliability,
    Simulation,
}

impl Part {
    /// The part that a file belongs to, by its path from the root; `None` for tests.
    pub(crate) fn of(file: &str) -> Option<Self> {
        let is_test = file.ends_with("tests.rs") || file.split('/').any(|folder| folder == "tests");
        let part = [
            ("src/ffi/", Self::Ffi),
            ("src/net/", Self::Net),
            ("src/session/", Self::Session),
            ("src/log.rs", Self::Log),
            ("src/fault.rs", Self::Fault),
            ("src/planted.rs", Self::Planted),
            ("src/lib.rs", Self::Root),
            ("protocol/src/", Self::Protocol),
            ("server/src/planted.rs", Self::Planted),
            ("server/src/sessions/", Self::Rooms),
            ("server/src/ice/", Self::Rooms),
            ("server/src/", Self::Server),
            ("harness/src/", Self::Harness),
            ("bench/src/", Self::Bench),
            ("replay/src/", Self::Replay),
            ("reliability/src/", Self::Reliability),
            ("simulation/src/", Self::Simulation),
        ]
        .into_iter()
        .find(|(folder, _)| file.starts_with(folder));
        let (_, part) =
            part.unwrap_or_else(|| panic!("{file} belongs to no part of the house; add it to Part::of"));
        (!is_test).then_some(part)
    }

    /// The modules of its own crate that it may name.
    fn modules(self) -> Option<&'static [&'static str]> {
        match self {
            Self::Ffi => Some(&["ffi", "net", "session", "log", "fault"]),
            Self::Net => Some(&["net", "session", "log", "fault"]),
            Self::Session => Some(&["session", "planted"]),
            Self::Log => Some(&["log"]),
            Self::Fault => Some(&["fault"]),
            Self::Planted => Some(&["planted"]),
            // The servers that members are told of are as pure as the rooms, and held to the same rules.
            Self::Rooms => Some(&["sessions", "planted", "ice"]),
            Self::Root
            | Self::Protocol
            | Self::Server
            | Self::Harness
            | Self::Bench
            | Self::Replay
            | Self::Reliability
            | Self::Simulation => None,
        }
    }

    /// The crates of the workspace that it may name.
    fn crates(self) -> &'static [&'static str] {
        match self {
            Self::Protocol | Self::Log | Self::Fault | Self::Planted => &[],
            // Its binary is a crate of its own.
            Self::Server => &["otc_protocol", "otc_server"],
            Self::Harness | Self::Replay => &["otc"],
            Self::Bench => &["otc_harness"],
            Self::Reliability => &["otc_protocol", "otc_server", "otc_harness"],
            Self::Simulation => &["otc_protocol", "otc", "otc_server"],
            _ => &["otc_protocol"],
        }
    }

    /// Bytes and time come in as arguments, and so does randomness.
    fn is_pure(self) -> bool {
        matches!(self, Self::Session | Self::Protocol | Self::Rooms | Self::Planted)
    }
}

const WORKSPACE: [&str; 4] = ["otc", "otc_protocol", "otc_server", "otc_harness"];

/// The modules at the root of the client.
const CLIENT_MODULES: [&str; 6] = ["ffi", "net", "session", "log", "fault", "planted"];

/// What a pure part must not name, nor anything inside it.
const IMPURE: &[&str] = &[
    "tokio",
    "tokio_tungstenite",
    "tokio_rustls",
    "hyper",
    "hyper_util",
    "axum",
    "mio",
    "socket2",
    "libc",
    "getrandom",
    "std::net",
    "std::thread",
    "std::fs",
    "std::process",
    "std::env",
    "std::io",
    "std::os",
    "std::time::Instant",
    "std::time::SystemTime",
    "std::time::UNIX_EPOCH",
    "rand::rng",
    "rand::random",
    "rand::random_range",
    "rand::make_rng",
    "rand::rngs::SysRng",
    "rand::rngs::ThreadRng",
];

/// Values, not sockets.
const PURE_AFTER_ALL: &[&str] = &["std::net::IpAddr", "std::net::Ipv4Addr", "std::net::Ipv6Addr"];

/// Words that mean a clock or the system's randomness under whatever path they came.
const IMPURE_WORDS: &[&str] = &[
    "Instant",
    "SystemTime",
    "SysRng",
    "OsRng",
    "ThreadRng",
    "thread_rng",
    "from_os_rng",
    "try_from_os_rng",
    "from_entropy",
    "println",
    "eprintln",
];

/// What is wrong with a file, in words.
pub(crate) fn violations(file: &str, source: &str) -> Vec<String> {
    let Some(part) = Part::of(file) else { return Vec::new() };
    let named = source::named(source);
    let mut wrong = Vec::new();
    for path in &named.paths {
        if let Some(why) = arrow(part, file, path) {
            wrong.push(format!("{file}: {} {why}", path.text()));
        }
        if part.is_pure() && is_impure(path) {
            wrong.push(format!("{file}: {} has no place in a pure part; hand it in", path.text()));
        }
    }
    for word in &named.words {
        if part.is_pure() && IMPURE_WORDS.contains(&word.as_str()) {
            wrong.push(format!("{file}: {word} has no place in a pure part; hand it in"));
        }
        if word == "unsafe" && !matches!(part, Part::Ffi | Part::Harness) {
            wrong.push(format!("{file}: unsafe code of the library and the server lives in src/ffi alone"));
        }
    }
    wrong
}

/// Why a path points the wrong way, if it does.
fn arrow(part: Part, file: &str, path: &Path) -> Option<&'static str> {
    let first = path.segments.first()?.as_str();
    if WORKSPACE.contains(&first) && path.segments.len() > 1 && !part.crates().contains(&first) {
        return Some("is a crate that this part must not know");
    }
    let allowed = part.modules()?;
    let module = root_module(file, path)?;
    let known = if part == Part::Rooms { module != "sessions" } else { CLIENT_MODULES.contains(&module) };
    (known && !allowed.contains(&module)).then_some("is a part that this one must not know")
}

/// The module at the crate's root that a path goes into, by `crate::` or by climbing up to it.
fn root_module<'a>(file: &str, path: &'a Path) -> Option<&'a str> {
    let mut segments = path.segments.iter().map(String::as_str);
    match segments.next()? {
        "crate" => segments.next(),
        "super" => {
            let above = 1 + segments.clone().take_while(|segment| *segment == "super").count();
            let into = segments.find(|segment| *segment != "super");
            into.filter(|_| above >= depth(file))
        }
        _ => None,
    }
}

/// How many modules a file lies below the root of its crate.
fn depth(file: &str) -> usize {
    let inside = file.split_once("src/").map_or(file, |(_, inside)| inside);
    inside.trim_end_matches(".rs").trim_end_matches("/mod").split('/').count()
}

fn is_impure(path: &Path) -> bool {
    let text = path.text();
    let within =
        |outer: &str| text == outer || text.strip_prefix(outer).is_some_and(|rest| rest.starts_with("::"));
    if PURE_AFTER_ALL.iter().any(|pure| within(pure)) {
        return false;
    }
    IMPURE.iter().any(|impure| {
        // An import of what lies around it would hide it: `use std::time;`, `use std::time::*;`
        let around = impure.strip_prefix(&text).is_some_and(|rest| rest.starts_with("::"));
        // A word by itself is a variable, unless it is imported.
        let is_path = path.imported || path.segments.len() > 1;
        is_path && (within(impure) || (path.imported && around))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(file: &str, source: &str) -> bool {
        !violations(file, source).is_empty()
    }

    #[test]
    fn arrows_that_point_the_wrong_way_are_found() {
        for (file, source) in [
            ("src/session/link.rs", "use crate::net::Session;"),
            ("src/session/link.rs", "use crate::{net::Session, session::Status};"),
            ("src/session/link.rs", "use super::super::net::Session;"),
            ("src/session/mod.rs", "use super::net::Session;"),
            ("src/session/mod.rs", "fn f() { crate::log::warn(\"x\"); }"),
            ("src/session/roster.rs", "fn f() { super::super::ffi::otc_version(); }"),
            ("src/net/task.rs", "use crate::ffi::otc_session;"),
            ("src/log.rs", "use crate::session::Event;"),
            ("src/log.rs", "use otc_protocol::limits;"),
            ("src/net/task.rs", "use otc_server::Server;"),
            ("protocol/src/token.rs", "use otc::session::Engine;"),
            ("protocol/src/token.rs", "fn f() { otc_server::mint::session(); }"),
            ("server/src/lib.rs", "use otc::session::Engine;"),
            ("server/src/sessions/room.rs", "use crate::socket::Task;"),
            ("server/src/sessions/room/state.rs", "use super::super::super::http::Peer;"),
        ] {
            assert!(refused(file, source), "{file}: {source}");
        }
    }

    #[test]
    fn impurity_is_found() {
        for source in [
            "use tokio::sync::Notify;",
            "fn f() { tokio::spawn(g); }",
            "use std::net::TcpStream;",
            "use std::net::{Ipv4Addr, UdpSocket};",
            "use std::thread;",
            "fn f() { std::thread::sleep(d); }",
            "use std::time::{Duration, Instant};",
            "use std::time::*;",
            "use std::time;",
            "use std::{collections::HashMap, time::{self}};",
            "fn f() { let t = std::time::SystemTime::now(); }",
            "fn f() -> u64 { rand::rng().next_u64() }",
            "fn f() -> u64 { rand::random() }",
            "use rand as dice;",
            "use rand::rngs::SysRng;",
            "fn f() { StdRng::from_os_rng(); }",
            "use std::fs::File;",
            "fn f() { println!(\"x\"); }",
        ] {
            for file in ["src/session/link.rs", "protocol/src/token.rs", "server/src/sessions/room.rs"] {
                assert!(refused(file, source), "{file}: {source}");
            }
        }
    }

    #[test]
    fn unsafe_code_is_found_outside_the_ffi() {
        let source = "fn f() { unsafe { g() } }";
        for file in ["src/net/task.rs", "src/session/mod.rs", "server/src/lib.rs", "protocol/src/lib.rs"] {
            assert!(refused(file, source), "{file}");
        }
        assert!(!refused("src/ffi/session.rs", source));
    }

    #[test]
    fn what_is_allowed_passes() {
        for (file, source) in [
            (
                "src/ffi/session.rs",
                "use crate::net::Session; use crate::session::Input; use super::handle::Table;",
            ),
            (
                "src/net/task.rs",
                "use crate::session::Input; use tokio::time::Instant; fn f() { crate::log::warn(x) }",
            ),
            (
                "src/session/link.rs",
                "use super::{Engine, Phase}; use otc_protocol::Moment; use std::time::Duration;",
            ),
            ("src/session/ids.rs", "use rand::rngs::StdRng; use rand::{Rng, SeedableRng};"),
            (
                "src/session/mod.rs",
                "#[cfg(test)] mod tests { use std::time::Instant; use crate::net::Session; }",
            ),
            ("src/session/tests/model.rs", "use std::thread;"),
            ("protocol/src/session_id.rs", "use std::net::Ipv4Addr;"),
            (
                "server/src/sessions/room/state.rs",
                "use super::super::member::Member; use parking_lot::Mutex;",
            ),
            (
                "server/src/sessions/mod.rs",
                "// std::time::Instant would be wrong\nfn f(io: u8, log: u8) -> u8 { io + log }",
            ),
        ] {
            assert_eq!(violations(file, source), [""; 0], "{file}: {source}");
        }
    }
}
