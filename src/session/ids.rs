//! Fresh ids and jitter from randomness that is handed in.

use otc_protocol::uuid;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::time::Duration;

/// A source of ids. Its seed comes from outside, so a run can be repeated; it is cryptographic because a socket id
/// that others could guess would let them take the session over.
pub(super) struct Ids(StdRng);

impl Ids {
    pub(super) fn new(seed: [u8; 32]) -> Self {
        Self(StdRng::from_seed(seed))
    }

    pub(super) fn uuid(&mut self) -> String {
        let mut random = [0; 16];
        self.0.fill_bytes(&mut random);
        uuid::from_random(random)
    }

    /// A duration anywhere between nothing and `most`: full jitter keeps many clients from coming at once.
    pub(super) fn jitter(&mut self, most: Duration) -> Duration {
        let most = u64::try_from(most.as_micros()).unwrap_or(u64::MAX);
        Duration::from_micros(self.0.next_u64() % most.max(1))
    }
}
