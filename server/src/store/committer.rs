//! The one thread that writes. Edits that came together are committed together: one wait for the disk serves them all.

use super::{StoreError, Writer};
use crate::metrics::Histogram;
use otc_protocol::limits::STORE_BATCH;
use parking_lot::RwLock;
use redb::Database;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;
use tokio::sync::{mpsc, oneshot};
use tracing::error;

/// An edit that waits, with whoever waits for it.
pub(super) trait Job: Send {
    /// Does the edit; whether there is something to commit. An error means that the transaction is of no use any more.
    fn run(&mut self, transaction: &redb::WriteTransaction) -> Result<bool, StoreError>;
    /// Tells whoever waits.
    fn settle(self: Box<Self>, commit: &Result<(), StoreError>);
}

/// An edit of one type.
pub(super) struct Edit<F, R> {
    work: Option<F>,
    result: Option<Result<R, StoreError>>,
    answer: oneshot::Sender<Result<R, StoreError>>,
}

impl<F, R> Edit<F, R> {
    pub(super) fn new(work: F) -> (Self, oneshot::Receiver<Result<R, StoreError>>) {
        let (answer, result) = oneshot::channel();
        (Self { work: Some(work), result: None, answer }, result)
    }
}

impl<F, R> Job for Edit<F, R>
where
    F: FnOnce(&mut Writer<'_>) -> Result<R, StoreError> + Send,
    R: Send,
{
    fn run(&mut self, transaction: &redb::WriteTransaction) -> Result<bool, StoreError> {
        let Some(work) = self.work.take() else { return Ok(false) };
        let mut writer = Writer::new(transaction);
        // The mistake of one edit costs neither the others nor the thread.
        let result = catch_unwind(AssertUnwindSafe(|| work(&mut writer)));
        let result = result.unwrap_or(Err(StoreError::Panicked));
        let done = result.is_ok();
        self.result = Some(result);
        if done {
            return Ok(writer.has_changes());
        }
        writer.undo()?;
        Ok(false)
    }

    fn settle(self: Box<Self>, commit: &Result<(), StoreError>) {
        let result = match (self.result, commit) {
            (Some(Err(error)), _) => Err(error),
            (_, Err(error)) => Err(error.clone()),
            (Some(Ok(result)), Ok(())) => Ok(result),
            (None, Ok(())) => Err(StoreError::Closed),
        };
        // Whoever asked may have left.
        let _ = self.answer.send(result);
    }
}

/// Commits until nobody can send any more.
pub(super) fn run(
    database: &RwLock<Option<Database>>,
    mut jobs: mpsc::Receiver<Box<dyn Job>>,
    commits: &Histogram,
    failed: &AtomicBool,
) {
    let mut batch = Vec::new();
    while jobs.blocking_recv_many(&mut batch, STORE_BATCH) > 0 {
        let committed = commit(database, &mut batch, commits);
        failed.store(matches!(committed, Err(StoreError::Failed(_))), Ordering::Relaxed);
        if let Err(error) = &committed {
            error!(%error, edits = batch.len(), "edits of the database are lost");
        }
        for job in batch.drain(..) {
            job.settle(&committed);
        }
    }
}

fn commit(
    database: &RwLock<Option<Database>>,
    batch: &mut [Box<dyn Job>],
    commits: &Histogram,
) -> Result<(), StoreError> {
    let database = database.read_recursive();
    let database = database.as_ref().ok_or(StoreError::Closed)?;
    let transaction = database.begin_write().map_err(StoreError::failed)?;
    let mut changed = false;
    for job in batch {
        changed |= job.run(&transaction)?;
    }
    if changed {
        let begun = Instant::now();
        let committed = transaction.commit().map_err(StoreError::failed);
        commits.observe(begun.elapsed());
        committed
    } else {
        transaction.abort().map_err(StoreError::failed)
    }
}
