//! From which addresses connections come: so many at one time each, and so many arrivals in a second.

use super::complaints::Complaints;
use crate::rate::Rates;
use otc_protocol::Moment;
use otc_protocol::limits::{
    ADDRESS_REQUESTS_BYTES, ADDRESSES_REMEMBERED, ARRIVAL_BURST_SECONDS, REQUESTS_BYTES,
};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;
use tracing::field::display;
use tracing::warn;

/// What counts as one address: of IPv6 the first 64 bits, because a single host has all the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Network(IpAddr);

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
            address @ IpAddr::V4(_) => address,
        })
    }
}

/// What the connections of each address take.
pub(super) struct Crowds {
    /// Connections of one.
    most: usize,
    all: Mutex<All>,
}

#[derive(Default)]
struct All {
    /// Of networks that have a connection at least.
    networks: HashMap<Network, Crowd>,
    /// Bytes that all of them hold for requests that are nobody's yet.
    held: usize,
    refused: Complaints,
}

#[derive(Default)]
struct Crowd {
    open: usize,
    /// Its part of [`All::held`].
    held: usize,
}

/// Held for as long as a connection counts.
pub(super) struct Visitor {
    crowds: Arc<Crowds>,
    /// `None`: it is a trusted proxy's, and what it holds counts among everything alone.
    network: Option<Network>,
}

impl Crowds {
    pub(super) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, all: Mutex::default() })
    }

    /// Counts a connection; `None` when its address has too many.
    pub(super) fn enter(self: &Arc<Self>, address: IpAddr) -> Option<Visitor> {
        let network = Network::from(address);
        let mut all = self.all.lock();
        let crowd = all.networks.entry(network).or_default();
        if crowd.open >= self.most {
            return None;
        }
        crowd.open += 1;
        Some(Visitor { crowds: Arc::clone(self), network: Some(network) })
    }

    /// A connection that does not count.
    pub(super) fn pass(self: &Arc<Self>) -> Visitor {
        Visitor { crowds: Arc::clone(self), network: None }
    }
}

impl Visitor {
    /// Counts bytes that are held for this connection, if there is room for them.
    pub(super) fn hold(&self, bytes: usize) -> bool {
        let all = &mut *self.crowds.all.lock();
        let crowd = self.network.map(|network| all.networks.entry(network).or_default());
        let who = if crowd.as_ref().is_some_and(|crowd| crowd.held + bytes > ADDRESS_REQUESTS_BYTES) {
            "its address holds"
        } else if all.held + bytes > REQUESTS_BYTES {
            "all addresses together hold"
        } else {
            all.held += bytes;
            if let Some(crowd) = crowd {
                crowd.held += bytes;
            }
            return true;
        };
        let peer = self.network.map(|network| display(network.0));
        all.refused
            .make(|refused| warn!(peer, refused, "request broken off: {who} too much of unfinished ones"));
        false
    }

    /// Takes bytes from the count again.
    pub(super) fn give_back(&self, bytes: usize) {
        let all = &mut *self.crowds.all.lock();
        all.held -= bytes;
        if let Some(crowd) = self.network.and_then(|network| all.networks.get_mut(&network)) {
            crowd.held -= bytes;
        }
    }
}

impl Drop for Visitor {
    fn drop(&mut self) {
        let Some(network) = self.network else { return };
        let mut all = self.crowds.all.lock();
        if let Some(crowd) = all.networks.get_mut(&network) {
            crowd.open -= 1;
            if crowd.open == 0 {
                all.networks.remove(&network);
            }
        }
    }
}

/// How often somebody may arrive from each address, in one way.
pub(crate) struct Arrivals(Rates<Network>);

impl Arrivals {
    /// So many in a second, and those of [`ARRIVAL_BURST_SECONDS`] at once; `None`: nobody counts.
    pub(crate) fn new(per_second: Option<u32>) -> Self {
        Self(Rates::new(per_second.unwrap_or(0), ARRIVAL_BURST_SECONDS, ADDRESSES_REMEMBERED))
    }

    /// Takes note of an arrival, or says in how long there is room for one.
    pub(crate) fn admit(&self, address: IpAddr, now: Moment) -> Result<(), Duration> {
        self.0.take(Network::from(address), now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn each_address_has_its_own_count_and_gives_back_what_it_leaves() {
        let crowds = Crowds::new(2);
        let enter = |text| crowds.enter(address(text));
        let (one, two) = (enter("192.0.2.1").unwrap(), enter("::ffff:192.0.2.1").unwrap());
        assert!(enter("192.0.2.1").is_none());
        let other = enter("192.0.2.2").unwrap();
        drop(one);
        let again = enter("192.0.2.1").unwrap();
        assert!(enter("192.0.2.1").is_none());
        let six = (enter("2001:db8::1").unwrap(), enter("2001:db8::ffff:1").unwrap());
        assert!(enter("2001:db8:0:0:ffff::2").is_none(), "one host has them all");
        assert!(enter("2001:db8:0:1::2").is_some());
        drop((two, other, again, six));
        assert!(crowds.all.lock().networks.is_empty());
    }

    #[test]
    fn what_is_held_has_a_bound_for_each_address_and_for_all() {
        let crowds = Crowds::new(2);
        let enter = |text| crowds.enter(address(text)).unwrap();
        let (one, beside, other) = (enter("192.0.2.1"), enter("192.0.2.1"), enter("192.0.2.2"));
        assert!(one.hold(ADDRESS_REQUESTS_BYTES - 1) && beside.hold(1));
        assert!(!one.hold(1) && !beside.hold(1));
        assert!(other.hold(REQUESTS_BYTES - ADDRESS_REQUESTS_BYTES));
        let last = enter("192.0.2.3");
        assert!(!last.hold(1), "all together");
        beside.give_back(1);
        assert!(last.hold(1) && !one.hold(1));
        last.give_back(1);
        assert!(one.hold(1));
        one.give_back(ADDRESS_REQUESTS_BYTES);
        other.give_back(REQUESTS_BYTES - ADDRESS_REQUESTS_BYTES);
        let all = crowds.all.lock();
        assert_eq!((all.held, all.networks.values().map(|crowd| crowd.held).sum::<usize>()), (0, 0));
        drop(all);
    }

    #[test]
    fn what_a_proxy_holds_counts_among_everything_alone() {
        let crowds = Crowds::new(1);
        let (proxy, another) = (crowds.pass(), crowds.pass());
        assert!(
            proxy.hold(ADDRESS_REQUESTS_BYTES + 1)
                && another.hold(REQUESTS_BYTES - ADDRESS_REQUESTS_BYTES - 1)
        );
        assert!(!proxy.hold(1));
        proxy.give_back(ADDRESS_REQUESTS_BYTES + 1);
        another.give_back(REQUESTS_BYTES - ADDRESS_REQUESTS_BYTES - 1);
        drop((proxy, another));
        let all = crowds.all.lock();
        assert_eq!((all.held, all.networks.len()), (0, 0));
        drop(all);
    }

    #[test]
    fn arrivals_have_a_rate_and_a_burst() {
        let arrivals = Arrivals::new(Some(5));
        let burst = 5 * ARRIVAL_BURST_SECONDS;
        let at = Moment::from_millis;
        let admitted = |text, tries, now| {
            (0..tries).filter(|_| arrivals.admit(address(text), now).is_ok()).count() as u64
        };
        assert_eq!(admitted("192.0.2.1", 10 * burst, at(0)), burst);
        assert_eq!(arrivals.admit(address("192.0.2.1"), at(0)), Err(Duration::from_millis(200)));
        assert_eq!(admitted("192.0.2.2", 1, at(0)), 1, "another one is not meant");
        assert_eq!(admitted("2001:db8::1", burst, at(0)), burst);
        assert_eq!(admitted("2001:db8::ffff:1", 1, at(0)), 0, "one host has them all");
        assert_eq!(admitted("192.0.2.1", burst, at(2_000)), 10);
        let off = Arrivals::new(None);
        assert!((0..10_000).all(|_| off.admit(address("192.0.2.1"), at(0)).is_ok()));
    }

    /// Whoever makes the server forget whom it has counted would be counted no more.
    #[test]
    fn who_comes_from_too_many_addresses_is_counted_all_the_same() {
        let arrivals = Arrivals::new(Some(1));
        let number = |number: usize| IpAddr::from(u32::try_from(number).unwrap().to_be_bytes());
        let admitted = (0..2 * ADDRESSES_REMEMBERED)
            .filter(|index| arrivals.admit(number(*index), Moment::ZERO).is_ok())
            .count();
        assert_eq!(admitted, ADDRESSES_REMEMBERED + usize::try_from(ARRIVAL_BURST_SECONDS).unwrap());
    }
}
