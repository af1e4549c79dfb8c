//! Writes recordings, each on a thread of its own: a disk may be slow, or hang, and no session waits for it.

use super::crew;
use otc_protocol::limits::RECORDING_WAITING_BYTES;
use parking_lot::{Condvar, Mutex};
use std::fs::File;
use std::io::{self, Write};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Instant;

/// The threads that write a library's recordings.
pub(super) struct Writers {
    on_thread_start: fn(),
    /// `None` once the library stops.
    threads: Mutex<Option<Vec<JoinHandle<()>>>>,
    writing: Arc<Writing>,
}

/// How many threads have not ended.
#[derive(Default)]
struct Writing {
    count: Mutex<usize>,
    ended: Condvar,
}

/// One of them, until it ends.
struct Counted(Arc<Writing>);

impl Drop for Counted {
    fn drop(&mut self) {
        *self.0.count.lock() -= 1;
        self.0.ended.notify_all();
    }
}

/// What is to be written into one file. The thread ends when this is gone and all has been written.
pub(super) struct Writer(Arc<Queue>);

#[derive(Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    /// There is something to write, or will never be.
    news: Condvar,
    /// Nothing is left to write.
    done: Condvar,
}

#[derive(Default)]
struct State {
    waiting: String,
    is_writing: bool,
    /// Nothing more will come.
    is_closed: bool,
    /// Nothing more can be written.
    has_failed: bool,
}

/// What became of a text that was to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pushed {
    /// It waits, and will be written.
    Waits,
    /// The file cannot be written any more; the log says so.
    Failed,
    /// Too much waits already.
    TooMuch,
}

impl Writers {
    /// None yet. Each thread calls `on_thread_start` first.
    pub(super) fn new(on_thread_start: fn()) -> Self {
        Self { on_thread_start, threads: Mutex::new(Some(Vec::new())), writing: Arc::default() }
    }

    /// Begins a file with a text, and says whether that could be written.
    pub(super) fn begin(&self, file: File, text: String) -> io::Result<Writer> {
        let queue = Arc::new(Queue::default());
        let (begun, beginning) = mpsc::sync_channel(1);
        self.start(Arc::clone(&queue), file, text, begun)?;
        let writer = Writer(queue);
        beginning.recv().map_err(io::Error::other)??;
        Ok(writer)
    }

    fn start(
        &self,
        queue: Arc<Queue>,
        mut file: File,
        text: String,
        begun: mpsc::SyncSender<io::Result<()>>,
    ) -> io::Result<()> {
        let mut threads = self.threads.lock();
        let Some(threads) = &mut *threads else {
            return Err(io::Error::other("the library is being stopped"));
        };
        *self.writing.count.lock() += 1;
        let (counted, on_thread_start) = (Counted(Arc::clone(&self.writing)), self.on_thread_start);
        let thread = move || {
            let _counted = counted;
            // The application's logger may be called here.
            crew::be_worker();
            // Among the signals that are blocked then is the one that a file beyond the process's limit raises.
            on_thread_start();
            let written = file.write_all(text.as_bytes());
            let goes_on = written.is_ok();
            let _ = begun.send(written);
            if goes_on {
                queue.write(file);
            }
        };
        threads.retain(|thread| !thread.is_finished());
        threads.push(
            std::thread::Builder::new().name("otc-recorder".into()).stack_size(crew::STACK).spawn(thread)?,
        );
        Ok(())
    }

    /// Waits until all threads have ended; false when they have not until then.
    pub(super) fn stop(&self, deadline: Instant) -> bool {
        let threads = self.threads.lock().take().unwrap_or_default();
        let mut count = self.writing.count.lock();
        while *count > 0 && !self.writing.ended.wait_until(&mut count, deadline).timed_out() {}
        let have_ended = *count == 0;
        drop(count);
        if have_ended {
            for thread in threads {
                // A panic has been written to standard error.
                let _ = thread.join();
            }
        }
        have_ended
    }
}

impl Writer {
    /// Has a text written.
    pub(super) fn push(&self, text: &str) -> Pushed {
        let mut state = self.0.state.lock();
        if state.has_failed {
            return Pushed::Failed;
        }
        // A single text may be larger.
        if !state.waiting.is_empty() && state.waiting.len() + text.len() > RECORDING_WAITING_BYTES {
            return Pushed::TooMuch;
        }
        state.waiting.push_str(text);
        self.0.news.notify_one();
        Pushed::Waits
    }

    /// What can be waited for.
    pub(super) fn queue(&self) -> Arc<Queue> {
        Arc::clone(&self.0)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.0.state.lock().is_closed = true;
        self.0.news.notify_one();
    }
}

impl Queue {
    /// Waits until everything is written, or cannot be.
    pub(super) fn wait(&self, deadline: Instant) {
        let mut state = self.state.lock();
        while (state.is_writing || !state.waiting.is_empty())
            && !self.done.wait_until(&mut state, deadline).timed_out()
        {}
    }

    /// Without a buffer, so that a crash loses at most the last lines.
    fn write(&self, mut file: impl Write) {
        while let Some(text) = self.next() {
            if let Err(error) = file.write_all(text.as_bytes()) {
                let mut state = self.state.lock();
                *state = State { has_failed: true, ..State::default() };
                self.done.notify_all();
                drop(state);
                crate::log::warn(&format!("The recording of a session ends early: {error}."));
                return;
            }
        }
    }

    /// What is to be written next; `None` when nothing more will come.
    fn next(&self) -> Option<String> {
        let mut state = self.state.lock();
        state.is_writing = false;
        if state.waiting.is_empty() {
            self.done.notify_all();
        }
        while state.waiting.is_empty() {
            if state.is_closed {
                return None;
            }
            self.news.wait(&mut state);
        }
        state.is_writing = true;
        Some(std::mem::take(&mut state.waiting))
    }
}

#[cfg(test)]
impl Writer {
    /// One whose disk hangs, and for which as much waits as may.
    pub(super) fn stuck() -> Self {
        let writer = Self(Arc::default());
        assert_eq!(writer.push(&"x".repeat(RECORDING_WAITING_BYTES)), Pushed::Waits);
        writer
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const PATIENCE: Duration = Duration::from_secs(20);

    /// A disk that takes what it is told to, when it is told to.
    struct Disk {
        permits: mpsc::Receiver<io::Result<()>>,
        written: mpsc::Sender<String>,
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.permits.recv().expect("the test goes on")?;
            self.written.send(String::from_utf8_lossy(bytes).into_owned()).expect("the test goes on");
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn nobody_waits_for_a_disk_that_hangs_and_what_waits_for_it_is_bounded() {
        let (permit, permits) = mpsc::channel();
        let (written, disk) = mpsc::channel();
        let writer = Writer(Arc::default());
        let queue = writer.queue();
        let thread = std::thread::spawn(move || queue.write(Disk { permits, written }));
        assert_eq!(writer.push("first"), Pushed::Waits);
        // A megabyte at a time, into a disk that takes nothing.
        let text = "x".repeat(1 << 20);
        let taken = (0..64).take_while(|_| writer.push(&text) == Pushed::Waits).count();
        // As much again may be on its way to the disk.
        assert!((7..=16).contains(&taken), "{taken}");
        assert_eq!(writer.push(&text), Pushed::TooMuch);
        writer.queue().wait(Instant::now());
        for _ in 0..3 {
            let _ = permit.send(Ok(()));
        }
        drop(writer);
        thread.join().expect("it ends with its writer");
        let all: String = disk.iter().collect();
        assert!(all.starts_with("first"));
        assert_eq!(all.len(), "first".len() + taken * text.len());
    }

    /// As when the disk is full.
    #[test]
    fn a_disk_that_fails_is_left_alone() {
        let (permit, permits) = mpsc::channel();
        let (written, disk) = mpsc::channel();
        let writer = Writer(Arc::default());
        let queue = writer.queue();
        let thread = std::thread::spawn(move || queue.write(Disk { permits, written }));
        assert_eq!(writer.push("kept"), Pushed::Waits);
        permit.send(Ok(())).expect("it writes");
        assert_eq!(disk.recv_timeout(PATIENCE).as_deref(), Ok("kept"));
        assert_eq!(writer.push("lost"), Pushed::Waits);
        permit.send(Err(io::ErrorKind::StorageFull.into())).expect("it writes");
        writer.queue().wait(Instant::now() + PATIENCE);
        assert_eq!(writer.push("more"), Pushed::Failed);
        thread.join().expect("it ends with its disk");
        assert_eq!(disk.iter().count(), 0);
    }

    #[test]
    fn a_library_that_stops_waits_for_what_is_not_written() {
        let path = std::env::temp_dir().join(format!("otc-writers-{}", std::process::id()));
        let writers = Writers::new(|| {});
        let file = File::create(&path).expect("a new file");
        let writer = writers.begin(file, "begin ".into()).expect("it can be written");
        assert_eq!(writer.push("end"), Pushed::Waits);
        assert!(!writers.stop(Instant::now()), "nobody has ended it");
        drop(writer);
        let writers = Writers { threads: Mutex::new(Some(Vec::new())), ..writers };
        assert!(writers.stop(Instant::now() + PATIENCE));
        assert_eq!(std::fs::read_to_string(&path).expect("it is there"), "begin end");
        let read_only = File::open(&path).expect("it is there");
        std::fs::remove_file(&path).expect("it is there");
        assert!(
            writers.begin(read_only.try_clone().expect("a file"), String::new()).is_err(),
            "it has stopped"
        );
        let writers = Writers::new(|| {});
        assert!(writers.begin(read_only, "begin".into()).is_err(), "it cannot be written");
        assert!(writers.stop(Instant::now() + PATIENCE));
    }
}
