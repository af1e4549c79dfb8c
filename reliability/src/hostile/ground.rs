//! What those who attack share: whom, and what came of it.

use crate::report::grouped;
use otc_harness::Error;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What is counted of those whose attack has ended with an error.
pub(super) const GAVE_UP: &str = "attackers who gave up";

/// What the process that attacks is told when it is started.
#[derive(Serialize, Deserialize)]
pub(crate) struct Orders {
    pub(crate) attack: String,
    pub(crate) quick: bool,
    pub(crate) address: String,
    pub(crate) session: String,
}

/// See the module.
pub(super) struct Ground {
    pub(super) address: String,
    pub(super) session: String,
    counts: Mutex<BTreeMap<&'static str, u64>>,
    faults: Mutex<BTreeMap<&'static str, u64>>,
    /// How many are where they wanted to get to.
    pub(super) there: AtomicUsize,
    failed: AtomicBool,
}

impl Ground {
    pub(super) fn new(orders: &Orders) -> Arc<Self> {
        Arc::new(Self {
            address: orders.address.clone(),
            session: orders.session.clone(),
            counts: Mutex::default(),
            faults: Mutex::default(),
            there: AtomicUsize::new(0),
            failed: AtomicBool::new(false),
        })
    }

    /// Notes what has been done or has come of it.
    pub(super) fn count(&self, what: &'static str) {
        *lock(&self.counts).entry(what).or_default() += 1;
    }

    /// Notes what should not have happened.
    pub(super) fn fault(&self, what: &'static str) {
        *lock(&self.faults).entry(what).or_default() += 1;
    }

    /// Notes one or the other.
    pub(super) fn expect(&self, right: bool, what: &'static str, else_what: &'static str) {
        if right { self.count(what) } else { self.fault(else_what) }
    }

    /// Whether nobody has failed before.
    pub(super) fn first_failure(&self) -> bool {
        !self.failed.swap(true, Ordering::SeqCst)
    }

    /// One of those who attack is where it wanted to get to.
    pub(super) fn arrive(&self) {
        self.there.fetch_add(1, Ordering::SeqCst);
    }

    /// What has come of it, and what of that should not; `there` had got to where they wanted when it began.
    pub(super) fn came_to(&self, there: usize) -> CameTo {
        let counts = lock(&self.counts).clone();
        let deeds = counts.iter().filter(|(what, _)| **what != GAVE_UP).map(|(_, count)| count).sum();
        CameTo { there, deeds, counts: list(&counts), faults: list(&lock(&self.faults)) }
    }
}

/// See [`Ground::came_to`].
#[derive(Serialize, Deserialize)]
pub(super) struct CameTo {
    /// How many were where they wanted to get to when it began.
    pub(super) there: usize,
    /// How much has been done or has come of it.
    pub(super) deeds: u64,
    pub(super) counts: String,
    pub(super) faults: String,
}

impl CameTo {
    /// What is wrong, if `attackers` were to attack: what should not have come of it, and an attack that was none.
    pub(super) fn wrong(&self, attackers: usize) -> Vec<String> {
        let mut wrong = Vec::new();
        if self.there < attackers.div_ceil(2) {
            wrong.push(format!("WRONG: it began with {} of {attackers} who were to attack", self.there));
        }
        if self.deeds == 0 {
            wrong.push("WRONG: nothing was done, so nothing was tried".to_owned());
        }
        if !self.faults.is_empty() {
            wrong.push(format!("WRONG: {}", self.faults));
        }
        wrong
    }
}

fn list(counts: &BTreeMap<&'static str, u64>) -> String {
    let texts: Vec<String> =
        counts.iter().map(|(what, count)| format!("{} {what}", grouped(*count))).collect();
    texts.join(", ")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One who attacks, for as long as it is let.
pub(super) type Attacker = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// A way to attack.
pub(super) struct Attack {
    pub(super) name: &'static str,
    pub(super) what: &'static str,
    /// How many do it.
    pub(super) attackers: usize,
    pub(super) quick_attackers: usize,
    /// Megabytes that the server may need for it.
    pub(super) megabytes: f64,
    pub(super) begin: fn(Arc<Ground>, usize) -> Attacker,
}

impl Attack {
    /// How many do it, in the short form or the long one.
    pub(super) fn size(&self, quick: bool) -> usize {
        if quick { self.quick_attackers } else { self.attackers }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ground() -> Arc<Ground> {
        let [attack, address, session] = ["none", "nowhere", "no session"].map(str::to_owned);
        Ground::new(&Orders { attack, quick: true, address, session })
    }

    #[test]
    fn an_attack_that_is_none_is_wrong() {
        let ground = ground();
        assert_eq!(ground.came_to(4).wrong(4).len(), 1, "nothing was done");
        ground.count(GAVE_UP);
        assert_eq!(ground.came_to(4).wrong(4).len(), 1, "giving up is no attack");
        ground.count("joins");
        assert_eq!(ground.came_to(4).wrong(4), Vec::<String>::new());
        for (there, attackers, wrong) in [(0, 1, 1), (1, 1, 0), (1, 4, 1), (2, 4, 0), (2, 5, 1), (9, 4, 0)] {
            assert_eq!(ground.came_to(there).wrong(attackers).len(), wrong, "{there} of {attackers}");
        }
        ground.fault("refused");
        assert!(ground.came_to(4).wrong(4)[0].contains("refused"));
    }
}
