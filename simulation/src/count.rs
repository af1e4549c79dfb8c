//! How much a run has done.

/// How much a run has done.
#[derive(Clone, Copy, Debug, Default)]
pub struct Count {
    /// Signals that clients accepted.
    pub signals: u64,
    /// Signals that reached an application.
    pub deliveries: u64,
    /// Copies of requests that the server had seen before.
    pub replayed_requests: u64,
    /// Times that a session came back.
    pub returns: u64,
    /// Sessions that were lost (1022).
    pub losses: u64,
    /// Requests that were reported as refused or unanswered.
    pub reports: u64,
    /// Faults of the network.
    pub cuts: u64,
    /// Times that the server was killed.
    pub kills: u64,
    /// Times that the server handed over to a new one.
    pub restarts: u64,
    /// Signals that the server refused because they came too fast.
    pub refusals: u64,
    /// Joins that the server carried out.
    pub joins: u64,
}

impl Count {
    /// Adds another run's.
    pub fn add(&mut self, other: &Self) {
        self.signals += other.signals;
        self.deliveries += other.deliveries;
        self.replayed_requests += other.replayed_requests;
        self.returns += other.returns;
        self.losses += other.losses;
        self.reports += other.reports;
        self.cuts += other.cuts;
        self.kills += other.kills;
        self.restarts += other.restarts;
        self.refusals += other.refusals;
        self.joins += other.joins;
    }
}
