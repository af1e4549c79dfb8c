//! Who looks after silent and lost sockets, and sleeps until there is one.

use otc_protocol::Moment;
use parking_lot::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Waker;

/// One sleeper, who is woken when something has to be done sooner than it knew.
///
/// Whoever makes something due stores that first and then looks when the sleeper gets up; the sleeper stores that it lies
/// down and then looks at what is due. Both in one order for all, so one of them sees the other.
#[derive(Debug, Default)]
pub(super) struct Sleeper {
    /// When it gets up, in microseconds; 0 while it is up.
    until: AtomicU64,
    waker: Mutex<Option<Waker>>,
}

impl Sleeper {
    /// From now on it is woken by anything.
    pub(super) fn lie_down(&self, waker: &Waker) {
        *self.waker.lock() = Some(waker.clone());
        self.until.store(u64::MAX, Ordering::SeqCst);
    }

    /// From now on only by what is due sooner.
    pub(super) fn sleep_until(&self, due: Option<Moment>) {
        let until = due.map_or(u64::MAX, Moment::as_micros);
        // Unless it has been woken in the meantime.
        let _ = self.until.compare_exchange(u64::MAX, until, Ordering::SeqCst, Ordering::SeqCst);
    }

    /// Something is due then.
    pub(super) fn ring(&self, due: Moment) {
        if due.as_micros() >= self.until.load(Ordering::SeqCst) {
            return;
        }
        let waker = self.waker.lock().take();
        if let Some(waker) = waker {
            self.until.store(0, Ordering::SeqCst);
            waker.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;
    use std::task::Wake;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn it_is_woken_once_and_by_what_is_sooner_alone() {
        let (count, sleeper) = (Arc::new(Count::default()), Sleeper::default());
        let waker = Waker::from(Arc::clone(&count));
        let (at, woken) = (Moment::from_millis, || count.0.load(Ordering::Relaxed));
        sleeper.ring(at(1));
        sleeper.lie_down(&waker);
        sleeper.sleep_until(Some(at(10)));
        sleeper.ring(at(10));
        sleeper.ring(at(11));
        assert_eq!(woken(), 0);
        sleeper.ring(at(9));
        sleeper.ring(at(8));
        assert_eq!(woken(), 1);
        sleeper.lie_down(&waker);
        sleeper.ring(at(20));
        sleeper.sleep_until(Some(at(10)));
        assert_eq!(woken(), 2, "something came while it looked");
        sleeper.lie_down(&waker);
        sleeper.sleep_until(None);
        sleeper.ring(at(1_000_000));
        assert_eq!(woken(), 3);
    }
}
