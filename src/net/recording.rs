//! The file that a session is recorded in.

use super::writer::{Pushed, Queue, Writer, Writers};
use crate::session::record::{BEGINNING, Recorder};
use crate::session::{Config, Engine, Input, Output, Refused, Seeds};
use otc_protocol::Moment;
use otc_protocol::limits::{RECORDING_WAITING_BYTES, RECORDINGS};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where a session is recorded.
#[derive(Clone, Debug)]
pub struct RecordFile {
    /// The file of the first session of this process; those of the others have a number behind it.
    pub path: PathBuf,
    /// Without it there is no session; otherwise the log says that there is no recording.
    pub is_needed: bool,
    /// Claims an open file until it is closed; false when another process has done so.
    pub claim: fn(&File) -> bool,
}

/// Sessions that this process has recorded under each path.
static RECORDED: Mutex<Option<HashMap<PathBuf, u32>>> = Mutex::new(None);

/// A recording that is being written.
pub(super) struct Recording {
    recorder: Recorder,
    writer: Writer,
}

impl Recording {
    /// Begins the recording of an engine that is made with this, if there is to be one.
    pub(super) fn begin(
        writers: &Writers,
        wanted: Option<&RecordFile>,
        now: Moment,
        config: &Config,
        seeds: &Seeds,
    ) -> io::Result<Option<Self>> {
        let Some(RecordFile { path, is_needed, claim }) = wanted else { return Ok(None) };
        let mut recorded = RECORDED.lock();
        let count = recorded.get_or_insert_default().entry(path.clone()).or_default();
        if !is_needed && *count >= RECORDINGS {
            let is_first = *count == RECORDINGS;
            *count = RECORDINGS + 1;
            drop(recorded);
            if is_first {
                crate::log::warn(&format!(
                    "OTC_RECORD in the environment: {RECORDINGS} sessions have been recorded; no more will be."
                ));
            }
            return Ok(None);
        }
        let (path, opened) = open_first(path, count, *claim);
        let begun = opened.and_then(|file| {
            let mut recorder = Recorder::new(now, std::env::consts::OS, config, seeds);
            let writer = recorder.take(|text| writers.begin(file, text.to_owned()))?;
            Ok(Self { recorder, writer })
        });
        *count = count.saturating_add(u32::from(begun.is_ok()));
        drop(recorded);
        match begun {
            Ok(recording) => {
                crate::log::info(&format!("The session is recorded in {}.", path.display()));
                Ok(Some(recording))
            }
            Err(error) => {
                let text = format!("the session cannot be recorded in {}: {error}", path.display());
                if *is_needed {
                    return Err(io::Error::other(text));
                }
                crate::log::warn(&format!("OTC_RECORD in the environment: {text}."));
                Ok(None)
            }
        }
    }

    /// Hands an input to the engine and notes both.
    pub(super) fn handle(
        &mut self,
        engine: &mut Engine,
        now: Moment,
        input: Input<'_>,
        out: &mut Vec<Output>,
    ) -> Result<(), Refused> {
        self.recorder.handle(engine, now, input, out)
    }

    /// Notes that the library has a fault, and what the engine makes of it.
    pub(super) fn broke(&mut self, engine: &mut Engine, now: Moment, out: &mut Vec<Output>) {
        self.recorder.broke(engine, now, out);
    }

    /// Has what has been noted written. Says whether there may be more to write.
    pub(super) fn save(&mut self) -> io::Result<bool> {
        match self.recorder.take(|text| self.writer.push(text)) {
            Pushed::Waits => Ok(!self.recorder.is_full()),
            Pushed::Failed => Ok(false),
            Pushed::TooMuch => Err(io::Error::other(format!(
                "the disk is too slow, {RECORDING_WAITING_BYTES} bytes wait for it"
            ))),
        }
    }

    /// What can be waited for.
    pub(super) fn queue(&self) -> Arc<Queue> {
        self.writer.queue()
    }
}

/// The path for a session before which `count` others have been recorded.
fn numbered(path: &Path, count: u32) -> PathBuf {
    if count == 0 {
        return path.to_owned();
    }
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}", u64::from(count) + 1));
    name.into()
}

/// Opens the first file from `count` on that no other process writes.
fn open_first(path: &Path, count: &mut u32, claim: fn(&File) -> bool) -> (PathBuf, io::Result<File>) {
    let mut tried = 0;
    loop {
        let name = numbered(path, *count);
        match open(&name, claim) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && tried < RECORDINGS => {
                tried += 1;
                *count = count.saturating_add(1);
            }
            result => return (name, result),
        }
    }
}

/// Opens a file that is new, empty or an older recording, and nothing else: a slip in a path must not cost a file.
fn open(path: &Path, claim: fn(&File) -> bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    for_its_owner_alone(&mut options);
    let mut file = options.open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    if !claim(&file) {
        return Err(io::Error::new(io::ErrorKind::WouldBlock, "another process records in it"));
    }
    let mut beginning = Vec::new();
    (&file).take(BEGINNING.len() as u64).read_to_end(&mut beginning)?;
    if !beginning.is_empty() && beginning != BEGINNING.as_bytes() {
        return Err(io::Error::other("there is a file that is no recording; name another one, or remove it"));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.set_permissions(std::fs::Permissions::from_mode(OWNER_ALONE))?;
    }
    file.set_len(0)?;
    file.rewind()?;
    Ok(file)
}

#[cfg(unix)]
const OWNER_ALONE: u32 = 0o600;

/// Not through a link that somebody else has laid, and without waiting for whoever is at the other end of a pipe.
#[cfg(unix)]
fn for_its_owner_alone(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt;
    options.mode(OWNER_ALONE).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
}

#[cfg(not(unix))]
fn for_its_owner_alone(_options: &mut OpenOptions) {}

#[cfg(test)]
mod tests {
    use super::super::{Library, Listener, Session, Settings};
    use super::*;
    use crate::session::{Event, MediaConfig, Secret};
    use std::sync::{Arc, mpsc};
    use std::time::Duration;

    #[test]
    fn the_second_has_a_number() {
        let names = [0, 1, 2].map(|count| numbered(Path::new("a/b.jsonl"), count));
        assert_eq!(names, ["a/b.jsonl", "a/b.jsonl.2", "a/b.jsonl.3"].map(PathBuf::from));
    }

    /// Programs that nobody can change may make sessions without end.
    #[test]
    fn the_environment_makes_no_more_files_than_it_may() {
        let folder = std::env::temp_dir().join(format!("otc-many-{}", std::process::id()));
        std::fs::create_dir(&folder).expect("a new folder");
        let wanted = RecordFile { path: folder.join("r"), is_needed: false, claim: |_| true };
        let writers = Writers::new(|| {});
        let seeds = Seeds::from([0; 32]);
        let begin = |wanted| Recording::begin(&writers, Some(wanted), Moment::ZERO, &config(), &seeds);
        for _ in 0..RECORDINGS {
            assert!(begin(&wanted).expect("never").is_some());
        }
        for _ in 0..3 {
            assert!(begin(&wanted).expect("never").is_none());
        }
        let files = std::fs::read_dir(&folder).expect("there").count();
        // What the program itself asks for has no such bound.
        let asked = RecordFile { is_needed: true, ..wanted.clone() };
        assert!(begin(&asked).expect("a file").is_some());
        assert!(writers.stop(std::time::Instant::now() + Duration::from_secs(20)));
        std::fs::remove_dir_all(&folder).expect("there");
        assert_eq!(files, RECORDINGS as usize);
    }

    fn config() -> Config {
        Config {
            api_key: "k".into(),
            session_id: "s".into(),
            api_url: "http://127.0.0.1:1".into(),
            proxy_url: None,
            connection_events_suppressed: false,
            reconnect_window: Duration::ZERO,
            signal_queue: 1,
            user_agent: "a".into(),
            session_migration: false,
            media: MediaConfig::default(),
        }
    }

    struct Nobody;

    impl Listener for Nobody {
        fn hear(&self, _: Event) {}
        fn awaits_release(&self) -> bool {
            false
        }
        fn released(&self) {}
        fn callback_name(&self, _: &Event) -> &'static str {
            "none"
        }
    }

    /// The application's logger may ask the session something.
    #[test]
    fn the_log_is_told_of_the_end_while_the_session_can_be_asked() {
        let path = std::env::temp_dir().join(format!("otc-told-{}", std::process::id()));
        let library = Library::start(|| {}).expect("threads");
        let record_file = Some(RecordFile { path: path.clone(), is_needed: true, claim: |_| true });
        let settings = Settings { ca_file: None, network_proxy: None, callback_queue: 10, record_file };
        let session =
            Session::new(&library, config(), settings, Box::new(Nobody)).expect("it can be recorded");
        let mut core = session.core.lock();
        core.recording.as_mut().expect("it is recorded").writer = Writer::stuck();
        drop(core);
        std::fs::remove_file(&path).expect("it is there");
        let (told, answers) = mpsc::channel();
        let asked = Arc::clone(&session);
        crate::log::set_sink(Some(Arc::new(move |line| {
            if line.contains("ends early") {
                let _ = told.send(asked.core.try_lock_for(Duration::from_secs(5)).is_some());
            }
        })));
        crate::log::set_level(crate::log::Level::Warn);
        session.call(Input::Connect { token: Secret("t".into()), api_url: None }).expect("idle");
        let answer = answers.recv_timeout(Duration::from_secs(20));
        crate::log::set_level(crate::log::Level::Disabled);
        crate::log::set_sink(None);
        assert_eq!(answer, Ok(true));
        library.stop();
    }
}
