//! Handshakes are what strangers can make the server calculate most with: they take turns, and the other processors stay with
//! those who are served.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::ready;
use tokio::sync::Semaphore;

/// How many may calculate at the same time.
pub(super) struct Turns(Semaphore);

impl Turns {
    /// Half of the processors, and one at least.
    pub(super) fn new() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self::of((processors / 2).max(1))
    }

    fn of(many: usize) -> Self {
        Self(Semaphore::new(many))
    }

    /// What `work` comes to, each step of which takes a turn, in the order of asking. Whoever waits for its peer has none.
    pub(super) async fn take<F: Future>(&self, work: F) -> F::Output {
        let (mut work, mut turn) = (pin!(work), pin!(self.0.acquire()));
        poll_fn(|cx| {
            // An error would say that there are no turns any more, which nobody makes so.
            let held = ready!(turn.as_mut().poll(cx));
            let done = work.as_mut().poll(cx);
            drop(held);
            turn.set(self.0.acquire());
            done
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Poll;

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
            .map(|_| {
                let (turns, now, most) = (Arc::clone(&turns), Arc::clone(&now), Arc::clone(&most));
                tokio::spawn(async move { turns.take(work(50, &now, &most)).await })
            })
            .collect();
        for one in all {
            one.await.expect("no panic");
        }
        assert!((1..=2).contains(&most.load(Ordering::SeqCst)), "{most:?}");
        assert_eq!(turns.0.available_permits(), 2);
    }

    /// A peer that never says anything would otherwise shut all others out.
    #[tokio::test]
    async fn whoever_waits_has_no_turn() {
        let turns = Turns::of(1);
        let silent = turns.take(std::future::pending::<()>());
        let mut silent = pin!(silent);
        assert!(poll_fn(|cx| Poll::Ready(silent.as_mut().poll(cx).is_pending())).await);
        assert_eq!(turns.take(async { 7 }).await, 7);
    }
}
