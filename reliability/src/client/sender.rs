//! Threads that send.

use super::command::Load;
use super::member::{Member, Said};
use otc_harness::Error;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle, sleep};
use std::time::Duration;

/// How long a sender backs off when too many of its signals wait; there are a hundred times as many of them.
const BACK_OFF: Duration = Duration::from_millis(1);

/// One thread for each member that sends.
pub(super) struct Senders {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Result<(), Error>>>,
}

impl Senders {
    pub(super) fn start(members: &[Arc<Member>], load: Load) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let threads = members.iter().enumerate().map(|(index, member)| {
            let (member, stop) = (Arc::clone(member), Arc::clone(&stop));
            let dice = StdRng::seed_from_u64(load.seed.wrapping_add(index as u64));
            thread::spawn(move || send(&member, load, dice, &stop))
        });
        let threads = threads.collect();
        Self { stop, threads }
    }

    /// Stops them; the first one's error, if there is one.
    pub(super) fn stop(self) -> Result<(), Error> {
        self.stop.store(true, Ordering::SeqCst);
        self.finish()
    }

    /// Waits until they have sent what they were to send.
    pub(super) fn finish(self) -> Result<(), Error> {
        for thread in self.threads {
            thread.join().map_err(|_| "a sender has panicked")??;
        }
        Ok(())
    }
}

fn send(member: &Member, load: Load, mut dice: StdRng, stop: &AtomicBool) -> Result<(), Error> {
    let mut left = load.most.unwrap_or(u32::MAX);
    while left > 0 && !stop.load(Ordering::SeqCst) {
        let others = member.others();
        let to = if dice.random_ratio(load.to_one.min(100), 100) && !others.is_empty() {
            others.get(dice.random_range(0..others.len()))
        } else {
            None
        };
        let bytes = dice.random_range(0..=load.bytes);
        let said = member.say(to, bytes)?;
        left -= u32::from(said == Said::Accepted);
        match load.rate {
            Some(rate) => sleep(Duration::from_secs(1) / rate.max(1)),
            None if said == Said::Refused => sleep(BACK_OFF),
            None => {}
        }
    }
    Ok(())
}
