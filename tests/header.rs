//! The C header says what the library does: documentation, numbers, layout, exported names.

mod common;

use common::header::{Function, functions, header};
use otc::ffi::{
    otc_custom_ice_config, otc_on_mute_forced_info, otc_session_callbacks, otc_session_capabilities,
    otc_signal_options, otc_version, otc_version_number,
};
use otc_protocol::error::ErrorCode;
use otc_protocol::limits::ENCRYPTION_SECRET_CHARS;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::CStr;
use std::mem::{offset_of, size_of};
use std::process::Command;

/// What is missing in a function's comment.
fn undocumented(function: &Function) -> Vec<&'static str> {
    let tags = ["Threads:", "Callback-safe:", "Blocks:", "Owns:", "Errors:"];
    tags.into_iter().filter(|tag| !has_tag(&function.comment, tag)).collect()
}

/// Whether a tag is there, with something behind it.
fn has_tag(comment: &str, tag: &str) -> bool {
    let Some((_, rest)) = comment.split_once(tag) else { return false };
    rest.starts_with(' ') && rest.trim_start_matches([' ', '"']).starts_with(char::is_alphanumeric)
        || rest.starts_with(" \"\" when")
}

/// The numbers of an enum of the header.
fn enumerators(header: &str, name: &str) -> BTreeMap<String, i32> {
    let start =
        header.find(&format!("enum {name} {{")).unwrap_or_else(|| panic!("the header has no enum {name}"));
    let body = header[start..].split_once('{').and_then(|(_, rest)| rest.split_once('}')).expect("braces").0;
    let mut numbers = BTreeMap::new();
    for line in body.lines().map(str::trim).filter(|line| !line.starts_with(['/', '*'])) {
        let Some((name, value)) = line.trim_end_matches(',').split_once(" = ") else { continue };
        let value = value.parse().ok().or_else(|| numbers.get(value).copied());
        let value = value.or((line.contains("!OTC_FALSE")).then_some(1));
        numbers.insert(name.to_owned(), value.unwrap_or_else(|| panic!("{line} has no number")));
    }
    numbers
}

fn table(entries: &[(&str, i32)]) -> BTreeMap<String, i32> {
    entries.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect()
}

#[test]
fn every_function_is_documented() {
    let functions = functions(&header());
    assert!(functions.len() >= 40, "{} functions found", functions.len());
    for function in &functions {
        assert_eq!(undocumented(function), [""; 0], "{}", function.name);
        let first = function.comment.lines().nth(1).unwrap_or_default().trim_start_matches([' ', '*']);
        assert!(first.len() > 10 && !first.starts_with("Threads"), "{} says what it does", function.name);
    }
}

#[test]
fn a_missing_tag_would_be_found() {
    let header = "/**\n * Does.\n *\n * Threads: any. Callback-safe: yes. Blocks: no.\n * Owns: nothing.\n */\nint otc_x(int a,\n          int b);\n\nint otc_y(void);\n";
    let functions = functions(header);
    assert_eq!(
        functions.iter().map(|function| function.name.as_str()).collect::<Vec<_>>(),
        ["otc_x", "otc_y"]
    );
    assert_eq!(functions[0].declaration, "int otc_x(int a,int b);");
    assert_eq!(undocumented(&functions[0]), ["Errors:"]);
    assert_eq!(undocumented(&functions[1]).len(), 5);
    assert!(!has_tag("Errors:\n", "Errors:") && has_tag("Errors: none.", "Errors:"));
}

#[test]
fn comments_speak_to_c_programmers() {
    let header = header();
    for rust in ["# Safety", "Option<", "`", "&str", "Result<", "unsafe", "type_,", "type_)"] {
        assert!(!header.contains(rust), "the header says {rust}");
    }
}

#[test]
fn arguments_have_names_and_empty_lists_say_void() {
    for function in functions(&header()) {
        let (_, arguments) = function.declaration.split_once('(').expect("it has arguments");
        let arguments = arguments.trim_end_matches(");");
        assert!(!arguments.is_empty(), "{}: () is no prototype in C", function.name);
        for argument in arguments.split(',').filter(|argument| *argument != "void") {
            assert!(argument.trim().contains(' '), "{}: {argument} has a type and a name", function.name);
        }
    }
}

#[test]
fn the_numbers_are_the_published_ones() {
    let header = header();
    let numbers = |name| enumerators(&header, name);
    // c-api.md §3.3 and §3.4
    assert_eq!(numbers("otc_constant"), table(&[("OTC_SUCCESS", 0), ("OTC_FALSE", 0), ("OTC_TRUE", 1)]));
    let levels = [
        ("DISABLED", 0),
        ("ERROR", 1),
        ("WARN", 2),
        ("INFO", 3),
        ("DEBUG", 4),
        ("FATAL", 1),
        ("MSG", 4),
        ("TRACE", 4),
        ("ALL", 4),
    ]
    .map(|(name, value)| (format!("OTC_LOG_LEVEL_{name}"), value));
    assert_eq!(numbers("otc_log_level"), BTreeMap::from(levels));
    assert_eq!(
        numbers("otc_error_code"),
        table(&[
            ("OTC_INVALID_PARAM", 1),
            ("OTC_FATAL", 2),
            ("OTC_INVALID_VIDEO_FORMAT", 3),
            ("OTC_CONNECTION_DROPPED", 1022),
            ("OTC_UNABLE_TO_FORCE_DISCONNECT", 1520),
            ("OTC_UNABLE_TO_FORCE_MUTE", 1540),
            ("OTC_CONNECTION_TIMED_OUT", 1542),
            ("OTC_UNKNOWN_PUBLISHER_INSTANCE", 2003),
            ("OTC_UNKNOWN_SUBSCRIBER_INSTANCE", 2004),
            ("OTC_VIDEO_CAPTURE_FAILED", 3000),
            ("OTC_CAMERA_FAILED", 3010),
            ("OTC_VIDEO_RENDER_FAILED", 4000),
            ("OT_UNABLE_TO_ACCESS_MEDIA_ENGINE", 5000),
        ])
    );
    let session = [
        ("AUTHORIZATION_FAILURE", 1004),
        ("BLOCKED_COUNTRY", 1026),
        ("CONNECTION_DROPPED", 1022),
        ("CONNECTION_FAILED", 1006),
        ("CONNECTION_LIMIT_EXCEEDED", 1027),
        ("CONNECTION_REFUSED", 1023),
        ("CONNECTION_TIMED_OUT", 1021),
        ("FORCE_UNPUBLISH_OR_INVALID_STREAM", 1535),
        ("ILLEGAL_STATE", 1015),
        ("INTERNAL_ERROR", 2000),
        ("INVALID_SESSION", 1005),
        ("INVALID_SIGNAL_TYPE", 1461),
        ("NOT_CONNECTED", 1010),
        ("NO_MESSAGING_SERVER", 1503),
        ("NULL_OR_INVALID_PARAMETER", 1011),
        ("PUBLISHER_NOT_FOUND", 1113),
        ("SIGNAL_DATA_TOO_LONG", 1413),
        ("SIGNAL_TYPE_TOO_LONG", 1414),
        ("UNABLE_TO_SEND_SIGNAL", 1550),
        ("STATE_FAILED", 1020),
        ("SUBSCRIBER_NOT_FOUND", 1112),
        ("UNEXPECTED_GET_SESSION_INFO_REPONSE", 2001),
        ("ENCRYPTION_SECRET_MISSING", 6000),
        ("INVALID_ENCRYPTION_SECRET", 6004),
    ]
    .map(|(name, value)| (format!("OTC_SESSION_{name}"), value));
    assert_eq!(numbers("otc_session_error_code"), BTreeMap::from(session));
    let video = table(&[
        ("OTC_STREAM_VIDEO_TYPE_CAMERA", 1),
        ("OTC_STREAM_VIDEO_TYPE_SCREEN", 2),
        ("OTC_STREAM_VIDEO_TYPE_CUSTOM", 3),
    ]);
    assert_eq!(numbers("otc_stream_video_type"), video);
}

#[test]
fn every_error_of_the_protocol_has_its_name_and_number_in_the_header() {
    let header = header();
    let mut named = enumerators(&header, "otc_error_code");
    named.extend(enumerators(&header, "otc_session_error_code"));
    for error in ErrorCode::ALL {
        assert_eq!(named.get(error.name()), Some(&error.code()), "{error:?}");
    }
}

#[test]
fn states_and_reasons_are_the_engines() {
    use otc::session::{DisconnectReason, Status};
    let header = header();
    let statuses = [
        ("NOT_CONNECTED", Status::NotConnected),
        ("CONNECTING", Status::Connecting),
        ("CONNECTED", Status::Connected),
        ("RECONNECTING", Status::Reconnecting),
        ("DISCONNECTING", Status::Disconnecting),
        ("FAILED", Status::Failed),
    ]
    .map(|(name, status)| (format!("OTC_CONNECTION_STATUS_{name}"), status as i32));
    assert_eq!(enumerators(&header, "otc_connection_status"), BTreeMap::from(statuses));
    let reasons = [
        ("NONE", DisconnectReason::None),
        ("CLIENT_DISCONNECTED", DisconnectReason::ClientDisconnected),
        ("FORCE_DISCONNECTED", DisconnectReason::ForceDisconnected),
        ("NETWORK_DISCONNECTED", DisconnectReason::NetworkDisconnected),
    ]
    .map(|(name, reason)| (format!("OTC_DISCONNECT_REASON_{name}"), reason as i32));
    assert_eq!(enumerators(&header, "otc_disconnect_reason"), BTreeMap::from(reasons));
}

/// What a macro of the header stands for.
fn defined(header: &str, name: &str) -> String {
    let line = header.lines().find_map(|line| line.strip_prefix(&format!("#define {name} ")));
    line.unwrap_or_else(|| panic!("no {name}")).to_owned()
}

#[test]
fn the_bounds_of_encryption_secrets_are_the_librarys() {
    let header = header();
    let bound = |name: &str| defined(&header, name).parse::<usize>().expect("a number");
    let least = bound("ENCRYPTION_SECRET_MINIMUM_LENGTH");
    let most = bound("ENCRYPTION_SECRET_MAXIMUM_LENGTH");
    assert_eq!(least..=most, ENCRYPTION_SECRET_CHARS);
    assert_eq!((least, most), (8, 256), "c-api.md §1.3");
}

#[test]
fn the_version_is_the_packages() {
    let header = header();
    let defined = |name: &str| defined(&header, name);
    assert_eq!(defined("OTC_VERSION"), format!("\"{}\"", env!("CARGO_PKG_VERSION")));
    assert_eq!(defined("OTC_VERSION_MAJOR"), env!("CARGO_PKG_VERSION_MAJOR"));
    assert_eq!(defined("OTC_VERSION_MINOR"), env!("CARGO_PKG_VERSION_MINOR"));
    assert_eq!(defined("OTC_VERSION_PATCH"), env!("CARGO_PKG_VERSION_PATCH"));
    #[allow(unsafe_code)]
    // SAFETY: the library's text lives for ever.
    let version = unsafe { CStr::from_ptr(otc_version()) };
    assert_eq!(version.to_str(), Ok(env!("CARGO_PKG_VERSION")));
    assert_eq!(
        defined("OTC_VERSION_NUMBER"),
        "((OTC_VERSION_MAJOR << 16) | (OTC_VERSION_MINOR << 8) | OTC_VERSION_PATCH)"
    );
    let part = |name: &str| defined(name).parse::<i32>().expect("a number");
    let [major, minor, patch] = ["OTC_VERSION_MAJOR", "OTC_VERSION_MINOR", "OTC_VERSION_PATCH"].map(part);
    assert!([major, minor, patch].iter().all(|part| (0..256).contains(part)), "each has eight bits");
    assert_eq!(otc_version_number(), (major << 16) | (minor << 8) | patch);
    let text = format!("{major}.{minor}.{patch}");
    assert_eq!(version.to_str(), Ok(text.as_str()));
}

#[test]
#[cfg(all(target_pointer_width = "64", not(windows)))]
fn structs_are_laid_out_as_published() {
    assert_eq!(size_of::<otc_session_callbacks>(), 160);
    let offsets = [
        offset_of!(otc_session_callbacks, on_connected),
        offset_of!(otc_session_callbacks, on_disconnected),
        offset_of!(otc_session_callbacks, on_connection_created),
        offset_of!(otc_session_callbacks, on_connection_dropped),
        offset_of!(otc_session_callbacks, on_stream_received),
        offset_of!(otc_session_callbacks, on_stream_dropped),
        offset_of!(otc_session_callbacks, on_stream_has_audio_changed),
        offset_of!(otc_session_callbacks, on_stream_has_video_changed),
        offset_of!(otc_session_callbacks, on_stream_has_captions_changed),
        offset_of!(otc_session_callbacks, on_stream_video_dimensions_changed),
        offset_of!(otc_session_callbacks, on_stream_video_type_changed),
        offset_of!(otc_session_callbacks, on_signal_received),
        offset_of!(otc_session_callbacks, on_reconnecting),
        offset_of!(otc_session_callbacks, on_reconnected),
        offset_of!(otc_session_callbacks, on_archive_started),
        offset_of!(otc_session_callbacks, on_archive_stopped),
        offset_of!(otc_session_callbacks, on_error),
        offset_of!(otc_session_callbacks, on_mute_forced),
        offset_of!(otc_session_callbacks, user_data),
        offset_of!(otc_session_callbacks, reserved),
    ];
    for (index, offset) in offsets.into_iter().enumerate() {
        assert_eq!(offset, index * 8, "field {index} (c-api.md §2)");
    }
    assert_eq!(size_of::<otc_on_mute_forced_info>(), 4);
    assert_eq!(size_of::<otc_signal_options>(), 4);
    assert_eq!(size_of::<otc_session_capabilities>(), 16);
    let capabilities = [
        offset_of!(otc_session_capabilities, publish),
        offset_of!(otc_session_capabilities, subscribe),
        offset_of!(otc_session_capabilities, force_mute),
        offset_of!(otc_session_capabilities, force_disconnect),
    ];
    assert_eq!(capabilities, [0, 4, 8, 12]);
    assert_eq!(size_of::<otc_custom_ice_config>(), 40);
    let ice = [
        offset_of!(otc_custom_ice_config, num_ice_servers),
        offset_of!(otc_custom_ice_config, ice_url),
        offset_of!(otc_custom_ice_config, ice_user),
        offset_of!(otc_custom_ice_config, ice_credential),
        offset_of!(otc_custom_ice_config, force_turn),
        offset_of!(otc_custom_ice_config, use_custom_turn_only),
    ];
    assert_eq!(ice, [0, 8, 16, 24, 32, 36], "c-api.md §1.2");
}

#[test]
fn the_header_has_the_fields_in_the_same_order() {
    let header = header();
    let body = header.split_once("struct otc_session_callbacks {").expect("there").1;
    let body = body.split_once("\n} otc_session_callbacks;").expect("it ends").0;
    let mut fields = Vec::new();
    for line in body.lines() {
        if let Some((_, rest)) = line.split_once("(*") {
            fields.extend(rest.split(')').next());
        } else if let Some(field) = line
            .trim()
            .strip_prefix("void *")
            .and_then(|rest| rest.strip_suffix(';'))
            .filter(|field| !field.contains(')'))
        {
            fields.push(field);
        }
    }
    let expected = [
        "on_connected",
        "on_disconnected",
        "on_connection_created",
        "on_connection_dropped",
        "on_stream_received",
        "on_stream_dropped",
        "on_stream_has_audio_changed",
        "on_stream_has_video_changed",
        "on_stream_has_captions_changed",
        "on_stream_video_dimensions_changed",
        "on_stream_video_type_changed",
        "on_signal_received",
        "on_reconnecting",
        "on_reconnected",
        "on_archive_started",
        "on_archive_stopped",
        "on_error",
        "on_mute_forced",
        "user_data",
        "reserved",
    ];
    assert_eq!(fields, expected);
}

/// The names that the shared library beside this test exports.
#[cfg(target_os = "linux")]
fn exported() -> BTreeSet<String> {
    let test = std::env::current_exe().expect("a test has a path");
    let library = test.parent().expect("in a folder").join("libotc.so");
    let output =
        Command::new("nm").args(["-D", "--defined-only"]).arg(&library).output().expect("nm (binutils) runs");
    assert!(output.status.success(), "{}: {}", library.display(), String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("names are text");
    text.lines().filter_map(|line| line.split_whitespace().last()).map(str::to_owned).collect()
}

#[test]
#[cfg(target_os = "linux")]
fn the_library_exports_the_headers_functions_and_nothing_else() {
    let declared: BTreeSet<String> = functions(&header()).into_iter().map(|function| function.name).collect();
    assert_eq!(exported(), declared);
}

#[test]
fn the_vendors_spellings_are_functions_of_their_own() {
    let functions = functions(&header());
    let named = |name: &str| {
        functions.iter().find(|function| function.name == name).map(|function| function.declaration.clone())
    };
    for suffix in ["", "_to_connection", "_with_options", "_to_connection_with_options"] {
        let ours = named(&format!("otc_session_signal{suffix}")).expect("ours");
        let theirs = named(&format!("otc_session_send_signal{suffix}")).expect("theirs");
        assert_eq!(ours.replace("otc_session_signal", "otc_session_send_signal"), theirs);
    }
}
