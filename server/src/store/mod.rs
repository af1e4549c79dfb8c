//! What the server remembers: tables of records in an embedded database, in memory or in the data directory
//! (`docs/decisions/0013-the-database.md`).
//!
//! Whoever owns a table defines it, with its record type, where its records are used. A table has a bound of its own in
//! `limits.rs`, which its owner keeps. Fields are added with a default, so that a later version reads what an earlier one
//! has written.

mod committer;
mod error;
mod file;
mod table;

pub(crate) use error::StoreError;
pub(crate) use table::{Keys, Look, Reader, Table, Writer};

use crate::data::DataDir;
use crate::metrics::Histogram;
use committer::{Edit, Job};
use otc_protocol::limits::{STORE_CACHE_BYTES, STORE_WAITING};
use parking_lot::{Mutex, RwLock};
use redb::backends::InMemoryBackend;
use redb::{Database, ReadableDatabase};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use tokio::sync::mpsc;
use tracing::error;

/// The database of a server.
pub(crate) struct Store {
    /// Gone once the store is closed.
    database: Arc<RwLock<Option<Database>>>,
    /// Gone once the store takes no more.
    committer: Mutex<Option<Committer>>,
    /// How long commits have taken.
    commits: Arc<Histogram>,
    /// Whether a commit has failed: from then on none is carried out.
    failed: Arc<AtomicBool>,
}

struct Committer {
    jobs: mpsc::Sender<Box<dyn Job>>,
    thread: JoinHandle<()>,
}

impl Store {
    /// A database that is forgotten with the server.
    pub(crate) fn in_memory() -> io::Result<Self> {
        let database = Database::builder()
            .set_cache_size(STORE_CACHE_BYTES)
            .create_with_backend(InMemoryBackend::new())
            .map_err(io::Error::other)?;
        Self::of(database)
    }

    /// The database in the data directory; an empty one when there is none yet. A damaged one is an error.
    pub(crate) fn open(directory: &DataDir) -> io::Result<Self> {
        Self::of(file::open(directory)?)
    }

    fn of(database: Database) -> io::Result<Self> {
        let database = Arc::new(RwLock::new(Some(database)));
        let (jobs, waiting) = mpsc::channel(STORE_WAITING);
        let (shared, commits) = (Arc::clone(&database), Arc::<Histogram>::default());
        let failed = Arc::<AtomicBool>::default();
        let (measured, fails) = (Arc::clone(&commits), Arc::clone(&failed));
        let thread = std::thread::Builder::new()
            .name("otc-store".to_owned())
            .spawn(move || committer::run(&shared, waiting, &measured, &fails))?;
        Ok(Self { database, committer: Mutex::new(Some(Committer { jobs, thread })), commits, failed })
    }

    /// Shows `look` what is committed at this moment. It must be short: it runs on the caller's thread.
    pub(crate) fn read<R>(
        &self,
        look: impl FnOnce(&Reader<'_>) -> Result<R, StoreError>,
    ) -> Result<R, StoreError> {
        let database = self.database.read_recursive();
        let database = database.as_ref().ok_or(StoreError::Closed)?;
        let transaction = database.begin_read().map_err(StoreError::failed)?;
        look(&Reader(&transaction))
    }

    /// Lets `edit` change records. When this returns its result, all of its changes are there, whatever happens to the
    /// machine; when `edit` fails, none of them. Edits are carried out one after the other.
    ///
    /// After [`StoreError::Failed`] the changes may be there or not, but never a part of them.
    pub(crate) async fn write<R: Send + 'static>(
        &self,
        edit: impl FnOnce(&mut Writer<'_>) -> Result<R, StoreError> + Send + 'static,
    ) -> Result<R, StoreError> {
        let (job, result) = Edit::new(edit);
        self.jobs()?.send(Box::new(job)).await.map_err(|_| StoreError::Closed)?;
        result.await.unwrap_or(Err(StoreError::Closed))
    }

    /// The same for a thread that may wait; never for one that runs tasks.
    pub(crate) fn write_blocking<R: Send + 'static>(
        &self,
        edit: impl FnOnce(&mut Writer<'_>) -> Result<R, StoreError> + Send + 'static,
    ) -> Result<R, StoreError> {
        let (job, result) = Edit::new(edit);
        self.jobs()?.blocking_send(Box::new(job)).map_err(|_| StoreError::Closed)?;
        result.blocking_recv().unwrap_or(Err(StoreError::Closed))
    }

    /// How many edits wait.
    pub(crate) fn waiting(&self) -> usize {
        let committer = self.committer.lock();
        committer.as_ref().map_or(0, |committer| committer.jobs.max_capacity() - committer.jobs.capacity())
    }

    /// How long commits have taken.
    pub(crate) fn commits(&self) -> &Histogram {
        &self.commits
    }

    /// Whether the last commit has failed, as it does on a disk that is full or broken.
    pub(crate) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    fn jobs(&self) -> Result<mpsc::Sender<Box<dyn Job>>, StoreError> {
        let committer = self.committer.lock();
        committer.as_ref().map(|committer| committer.jobs.clone()).ok_or(StoreError::Closed)
    }

    /// Commits what waits and closes the database: from now on everything is refused. It waits for the disk.
    pub(crate) fn close(&self) {
        let Some(committer) = self.committer.lock().take() else { return };
        drop(committer.jobs);
        if committer.thread.join().is_err() {
            error!("the thread of the database has panicked");
        }
        let Some(database) = self.database.write().take() else { return };
        if let Err(error) = database.close() {
            // What was answered is committed all the same; the next start takes longer.
            error!(%error, "the database could not be closed in order");
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.close();
    }
}

#[cfg(all(test, unix))]
mod tests;
