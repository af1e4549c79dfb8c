//! Handshakes are what strangers can make the server calculate most with: they take turns, and the other processors stay with
//! those who are served. Each address waits in a queue of its own, so that many from one keep nobody else waiting.

use crate::listener::Network;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::ready;
use std::time::Duration;
use tokio::sync::{AcquireError, Semaphore, SemaphorePermit};
use tokio::time::error::Elapsed;
use tokio::time::timeout;

/// How many may calculate at the same time.
pub(super) struct Turns {
    all: Semaphore,
    /// How many from one address may have a turn, or be the next to have one.
    of_one: usize,
    /// Of those from which somebody shakes hands.
    queues: Mutex<HashMap<Network, Queue>>,
}

/// Those of one address.
struct Queue {
    peers: usize,
    turns: Arc<Semaphore>,
}

/// A place in the queue of an address.
struct Place<'a> {
    turns: &'a Turns,
    network: Network,
    queue: Arc<Semaphore>,
}

impl Turns {
    /// Half of the processors, and one at least; half of these for one address.
    pub(super) fn new() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self::of((processors / 2).max(1))
    }

    fn of(many: usize) -> Self {
        Self { all: Semaphore::new(many), of_one: (many / 2).max(1), queues: Mutex::default() }
    }

    /// What `work` comes to, each step of which takes a turn: addresses one after the other, and those of one in the order of
    /// asking. Whoever waits for its peer has none. The time counts from the first turn on: waiting for that is nobody's fault.
    pub(super) async fn take<F: Future>(
        &self,
        network: Network,
        within: Duration,
        work: F,
    ) -> Result<F::Output, Elapsed> {
        let place = self.queue(network);
        let (mut work, mut turn) = (pin!(async { timeout(within, work).await }), pin!(place.turn()));
        poll_fn(|cx| {
            // An error would say that there are no turns any more, which nobody makes so.
            let held = ready!(turn.as_mut().poll(cx));
            let done = work.as_mut().poll(cx);
            drop(held);
            turn.set(place.turn());
            done
        })
        .await
    }

    fn queue(&self, network: Network) -> Place<'_> {
        let mut queues = self.queues.lock();
        let queue = queues
            .entry(network)
            .or_insert_with(|| Queue { peers: 0, turns: Arc::new(Semaphore::new(self.of_one)) });
        queue.peers += 1;
        Place { turns: self, network, queue: Arc::clone(&queue.turns) }
    }
}

impl Place<'_> {
    /// First among those of the same address, and then among all addresses.
    async fn turn(&self) -> Result<[SemaphorePermit<'_>; 2], AcquireError> {
        Ok([self.queue.acquire().await?, self.turns.all.acquire().await?])
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut queues = self.turns.queues.lock();
        if let Some(queue) = queues.get_mut(&self.network) {
            queue.peers -= 1;
            if queue.peers == 0 {
                queues.remove(&self.network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{IpAddr, Ipv4Addr};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Poll;

    /// Longer than any of this takes.
    const LONG: Duration = Duration::from_secs(60);

    fn network(last: u8) -> Network {
        IpAddr::from(Ipv4Addr::new(192, 0, 2, last)).into()
    }

    /// Steps that look how many of their kind are under way.
    async fn work(steps: usize, now: &AtomicUsize, most: &AtomicUsize) {
        for _ in 0..steps {
            let mut begun = false;
            poll_fn(|cx| {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                // Long enough for others to come in between.
                (0..2000).for_each(|_| std::hint::spin_loop());
                now.fetch_sub(1, Ordering::SeqCst);
                if std::mem::replace(&mut begun, true) {
                    return Poll::Ready(());
                }
                cx.waker().wake_by_ref();
                Poll::Pending
            })
            .await;
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 8)]
    async fn so_many_calculate_at_the_same_time_and_all_of_them_get_through() {
        let (turns, now, most) =
            (Arc::new(Turns::of(2)), Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let all: Vec<_> = (0..64)
            .map(|number| {
                let (turns, now, most) = (Arc::clone(&turns), Arc::clone(&now), Arc::clone(&most));
                tokio::spawn(
                    async move { turns.take(network(number % 4), LONG, work(50, &now, &most)).await },
                )
            })
            .collect();
        for one in all {
            one.await.expect("no panic").expect("in time");
        }
        assert!((1..=2).contains(&most.load(Ordering::SeqCst)), "{most:?}");
        assert_eq!((turns.all.available_permits(), turns.queues.lock().len()), (2, 0));
    }

    /// A peer that never says anything would otherwise shut all others out.
    #[tokio::test]
    async fn whoever_waits_has_no_turn() {
        let turns = Turns::of(1);
        let silent = turns.take(network(1), LONG, std::future::pending::<()>());
        let mut silent = pin!(silent);
        assert!(poll_fn(|cx| Poll::Ready(silent.as_mut().poll(cx).is_pending())).await);
        assert_eq!(turns.take(network(1), LONG, async { 7 }).await, Ok(7));
    }

    #[tokio::test]
    async fn many_from_one_address_keep_nobody_else_waiting() {
        let (turns, done) = (Arc::new(Turns::of(1)), Arc::<AtomicUsize>::default());
        let held = turns.all.acquire().await.expect("open");
        let crowd: Vec<_> = (0..300)
            .map(|_| {
                let (turns, done) = (Arc::clone(&turns), Arc::clone(&done));
                tokio::spawn(async move {
                    let work = async { done.fetch_add(1, Ordering::SeqCst) };
                    turns.take(network(1), LONG, work).await
                })
            })
            .collect();
        tokio::task::yield_now().await;
        let mut honest = pin!(turns.take(network(2), LONG, async { done.load(Ordering::SeqCst) }));
        assert!(poll_fn(|cx| Poll::Ready(honest.as_mut().poll(cx).is_pending())).await, "all wait");
        drop(held);
        assert!(honest.await.expect("in time") <= 2);
        for one in crowd {
            one.await.expect("no panic").expect("in time");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_for_the_first_turn_takes_nothing_of_the_time() {
        let turns = Turns::of(1);
        let held = turns.all.acquire().await.expect("open");
        let mut late = pin!(turns.take(network(1), LONG, std::future::ready(7)));
        assert!(poll_fn(|cx| Poll::Ready(late.as_mut().poll(cx).is_pending())).await);
        tokio::time::advance(2 * LONG).await;
        drop(held);
        assert_eq!(late.await, Ok(7));
        let begun = tokio::time::Instant::now();
        assert!(turns.take(network(1), LONG, std::future::pending::<()>()).await.is_err());
        assert!((LONG..2 * LONG).contains(&begun.elapsed()), "and then it does count");
    }
}
