//! Has sent what waits: one task, which sleeps while nothing does.

use super::courier::{Failure, Kept};
use super::queue::Job;
use super::{Webhooks, ledger};
use crate::unix_ms;
use otc_protocol::Moment;
use std::collections::HashMap;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};
use tracing::{error, info};

/// What comes back from a delivery.
type Ended = Result<Option<Kept>, Failure>;

struct Driver {
    webhooks: Arc<Webhooks>,
    tasks: JoinSet<Ended>,
    jobs: HashMap<Id, (Job, AbortHandle)>,
    /// Connections for the next deliveries to the same receivers. Kept while there are such deliveries, so that nobody
    /// needs to see to their end.
    kept: HashMap<Arc<str>, Vec<Kept>>,
    /// One removal from the database at a time; what is finished meanwhile is removed together.
    removal: JoinSet<()>,
}

/// Delivers until `webhooks` closes.
pub(super) async fn run(webhooks: Arc<Webhooks>) {
    let mut driver = Driver {
        webhooks,
        tasks: JoinSet::new(),
        jobs: HashMap::new(),
        kept: HashMap::new(),
        removal: JoinSet::new(),
    };
    while !driver.is_done() {
        driver.begin();
        driver.step().await;
    }
    driver.abandon().await;
}

impl Driver {
    /// When the server stops: once nothing can be delivered without a pause, or it is time.
    fn is_done(&self) -> bool {
        let deadline = *self.webhooks.deadline.lock();
        deadline.is_some_and(|deadline| {
            Instant::now() >= deadline
                || (self.webhooks.queue.lock().is_at_rest()
                    && self.removal.is_empty()
                    && self.webhooks.finished.lock().is_empty())
        })
    }

    /// Begins everything that can be begun.
    fn begin(&mut self) {
        let now = self.webhooks.now();
        loop {
            let Some(job) = self.webhooks.queue.lock().next(now) else { break };
            let (webhooks, job_too) = (Arc::clone(&self.webhooks), job.clone());
            let kept = self.kept.get_mut(&job.target.id).and_then(Vec::pop);
            let task = self.tasks.spawn(async move {
                let (target, delivery) = (&job_too.target, &job_too.delivery);
                webhooks.courier.deliver(target, delivery, unix_ms() / 1000, kept).await
            });
            self.jobs.insert(task.id(), (job, task));
        }
        let mut queue = self.webhooks.queue.lock();
        self.kept.retain(|target, _| queue.is_pressing(target));
        let abandoned = queue.abandoned();
        drop(queue);
        if !abandoned.is_empty() {
            let gone = self.jobs.values().filter(|(job, _)| abandoned.contains(&job.epoch));
            gone.for_each(|(_, task)| task.abort());
        }
        if self.removal.is_empty() {
            let numbers = std::mem::take(&mut *self.webhooks.finished.lock());
            if !numbers.is_empty() {
                self.removal.spawn(remove(Arc::clone(&self.webhooks), numbers));
            }
        }
    }

    /// Waits until something has happened.
    async fn step(&mut self) {
        let retry = self.webhooks.queue.lock().wake_at().map(|at| self.webhooks.started + since_start(at));
        let deadline = *self.webhooks.deadline.lock();
        tokio::select! {
            () = self.webhooks.wake.notified() => {}
            Some(ended) = self.tasks.join_next_with_id() => self.end(ended),
            Some(removed) = self.removal.join_next() => {
                if removed.is_err() {
                    error!("removing delivered webhooks from the database has panicked");
                }
            }
            () = until(retry) => {}
            () = until(deadline) => {}
            () = until(self.webhooks.tally.say_at()) => self.webhooks.tally.confess(),
        }
    }

    fn end(&mut self, ended: Result<(Id, Ended), JoinError>) {
        let (id, ended) = match ended {
            Ok((id, ended)) => (id, Some(ended)),
            // Its receiver has been forgotten.
            Err(error) if error.is_cancelled() => (error.id(), None),
            // It has printed why.
            Err(error) => (error.id(), Some(Err("the delivery has panicked".to_owned()))),
        };
        let Some((job, _)) = self.jobs.remove(&id) else { return };
        let (delivered, failed) = match ended {
            Some(Ok(kept)) => {
                self.kept.entry(Arc::clone(&job.target.id)).or_default().extend(kept);
                (true, false)
            }
            Some(Err(reason)) => {
                let url = job.target.url.place();
                info!(%url, %reason, "a webhook was not taken; it is tried again");
                (false, true)
            }
            None => (false, false),
        };
        let webhooks = &self.webhooks;
        let finished = webhooks.queue.lock().done(webhooks.now(), unix_ms(), &job, delivered);
        webhooks.count(|counts| {
            counts.delivered += u64::from(delivered);
            counts.failed_tries += u64::from(failed);
            counts.given_up += finished.given_up;
        });
        webhooks.finished.lock().extend(finished.numbers);
    }

    /// Lets go of what is still under way, which is tried again by the next server.
    async fn abandon(mut self) {
        self.tasks.shutdown().await;
        while self.removal.join_next().await.is_some() {}
        let numbers = std::mem::take(&mut *self.webhooks.finished.lock());
        if !numbers.is_empty() {
            remove(self.webhooks, numbers).await;
        }
    }
}

async fn remove(webhooks: Arc<Webhooks>, numbers: Vec<u64>) {
    let deliveries = numbers.len();
    if let Err(error) = ledger::remove(&webhooks.store, numbers).await {
        error!(%error, deliveries, "delivered webhooks are still in the database: the next server delivers them again");
    }
}

fn since_start(at: Moment) -> Duration {
    Duration::from_micros(at.as_micros())
}

async fn until(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => pending().await,
    }
}
