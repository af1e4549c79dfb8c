//! Fresh ids and jitter from randomness that is handed in.

use otc_protocol::uuid;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::time::Duration;

/// What the randomness of one session is made of. It comes from outside, so a run can be repeated.
#[derive(Clone, Copy)]
pub struct Seeds {
    /// Of ids and jitter; a recording holds it.
    pub ids: [u8; 32],
    /// Of socket ids. Who knows one can take the session over, so it is nowhere but here.
    pub sockets: [u8; 32],
}

/// For runs without a network: simulations, tests, replays. A session that others could reach needs two seeds that have
/// nothing to do with each other.
impl From<[u8; 32]> for Seeds {
    fn from(ids: [u8; 32]) -> Self {
        Self { ids, sockets: ids.map(|byte| !byte) }
    }
}

/// A source of ids, cryptographic because a socket id that others could guess would let them take the session over.
pub(super) struct Ids {
    shown: StdRng,
    sockets: StdRng,
}

impl Ids {
    pub(super) fn new(seeds: Seeds) -> Self {
        Self { shown: StdRng::from_seed(seeds.ids), sockets: StdRng::from_seed(seeds.sockets) }
    }

    /// The id of anything but a socket.
    pub(super) fn uuid(&mut self) -> String {
        uuid_from(&mut self.shown)
    }

    /// The id of a socket.
    pub(super) fn socket(&mut self) -> String {
        uuid_from(&mut self.sockets)
    }

    /// A duration anywhere between nothing and `most`: full jitter keeps many clients from coming at once.
    pub(super) fn jitter(&mut self, most: Duration) -> Duration {
        let most = u64::try_from(most.as_micros()).unwrap_or(u64::MAX);
        Duration::from_micros(self.shown.next_u64() % most.max(1))
    }
}

fn uuid_from(random: &mut StdRng) -> String {
    let mut bytes = [0; 16];
    random.fill_bytes(&mut bytes);
    uuid::from_random(bytes)
}
