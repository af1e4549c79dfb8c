//! Programs whose sessions are recorded, and what was recorded.

use super::program::{Change, Heard, Program, Wishes, c};
use super::world::{KEY, World};
use otc::ffi::*;
use otc::session::record::{Recording, Replayed};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// A folder for one test, removed at its end.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("otc-{test}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir(&path).expect("a folder for temporary files");
        Self(path)
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A program that has not connected, and is recorded.
pub(crate) fn program(world: &World, url: &str, file: &Path, window: i32) -> Program {
    let path = c(file.to_str().expect("UTF-8"));
    let also = |settings| unsafe {
        assert_eq!(otc_session_settings_set_record_file(settings, path.as_ptr()), 0);
        assert_eq!(otc_session_settings_set_reconnect_window(settings, window), 0);
    };
    let wishes = Wishes { api_url: Some(url), also: Some(&also), ..Wishes::default() };
    Program::new(KEY, &world.session_id, &wishes)
}

/// What the file says, happening again: to the same end, and by the rules.
pub(crate) fn replay(file: &Path) -> Replayed {
    let text = std::fs::read_to_string(file).expect("a recording");
    let recording = Recording::read(&text).unwrap_or_else(|error| panic!("{error}:\n{text}"));
    assert!(!recording.is_cut_off && !recording.is_full);
    let replayed = recording.replay();
    for step in &replayed.steps {
        let (line, happened) = (step.line, &step.happened);
        assert_eq!(step.different, None, "line {line}, {happened}: {:?}, not {:?}", step.out, step.recorded);
    }
    assert_eq!(replayed.broken_rules(), Vec::<String>::new());
    replayed
}

/// The events that have callbacks, in order.
pub(crate) fn events(replayed: &Replayed) -> Vec<Value> {
    let out = replayed.steps.iter().flat_map(|step| &step.out);
    out.filter(|output| output["event"] != Value::Null && output["event"] != "status").cloned().collect()
}

/// What a callback told, as a recording says it. Ids that are no UUIDs have other names there.
pub(crate) fn as_recorded(heard: &Heard) -> Value {
    match heard {
        Heard::Connected => json!({"event": "connected"}),
        Heard::Disconnected => json!({"event": "disconnected"}),
        Heard::Came { id, .. } => json!({"event": "connection_created", "connection": id}),
        Heard::Went { id } => json!({"event": "connection_dropped", "connection": id}),
        Heard::StreamReceived { id } => json!({"event": "stream_received", "stream": id}),
        Heard::StreamDropped { id } => json!({"event": "stream_dropped", "stream": id}),
        Heard::StreamChanged { id, told, .. } => {
            let change = match told {
                Change::Audio(has) => format!("Audio({has})"),
                Change::Video(has) => format!("Video({has})"),
                Change::Captions(has) => format!("Captions({has})"),
                Change::Dimensions(width, height) => format!("Dimensions({width}, {height})"),
                Change::VideoType(_) => "VideoType".to_owned(),
            };
            json!({"event": "stream_changed", "stream": id, "change": change})
        }
        Heard::MuteForced { active } => json!({"event": "mute_forced", "active": active}),
        Heard::Signal { kind, data, from } => {
            let mut signal = json!({"event": "signal"});
            for (key, size) in [("type", kind), ("data", data)] {
                if let Some(text) = size {
                    signal[key] = text.len().into();
                }
            }
            if let Some(from) = from {
                signal["from"] = from.as_str().into();
            }
            signal
        }
        Heard::ArchiveStarted { id, .. } => json!({"event": "archive_started", "archive": id}),
        Heard::ArchiveStopped { id } => json!({"event": "archive_stopped", "archive": id}),
        Heard::Reconnecting => json!({"event": "reconnecting"}),
        Heard::Reconnected => json!({"event": "reconnected"}),
        Heard::Error { code, .. } => json!({"event": "error", "code": code}),
    }
}

/// Keeps a recording among those that are always replayed, when `OTC_KEEP_RECORDINGS` names their folder.
pub(crate) fn keep(file: &Path, name: &str) {
    if let Some(folder) = std::env::var_os("OTC_KEEP_RECORDINGS") {
        std::fs::copy(file, Path::new(&folder).join(name)).expect("a folder that can be written");
    }
}
