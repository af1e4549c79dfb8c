//! How many event streams there are, of each login and of each project.

use super::logins::TicketDigest;
use otc_protocol::limits::{INSPECT_LOGIN_STREAMS, INSPECT_STREAMS};
use otc_protocol::session_id::ProjectId;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

#[derive(Default)]
pub(super) struct Seats(Mutex<Taken>);

#[derive(Default)]
struct Taken {
    all: usize,
    of_projects: HashMap<ProjectId, usize>,
    of_logins: HashMap<TicketDigest, usize>,
}

/// Held for as long as an event stream is open.
pub(super) struct Seat {
    seats: Arc<Seats>,
    project: ProjectId,
    login: TicketDigest,
}

impl Seats {
    /// A seat, if this login has few enough and leaves as many to others as its project has.
    pub(super) fn take(self: &Arc<Self>, project: &ProjectId, login: TicketDigest) -> Option<Seat> {
        let taken = &mut *self.0.lock();
        let own = taken.of_projects.get(project).copied().unwrap_or_default();
        let of_login = taken.of_logins.get(&login).copied().unwrap_or_default();
        if of_login >= INSPECT_LOGIN_STREAMS || own >= INSPECT_STREAMS.saturating_sub(taken.all) {
            return None;
        }
        taken.all += 1;
        *taken.of_projects.entry(project.clone()).or_default() += 1;
        *taken.of_logins.entry(login).or_default() += 1;
        Some(Seat { seats: Arc::clone(self), project: project.clone(), login })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let taken = &mut *self.seats.0.lock();
        taken.all -= 1;
        leave(&mut taken.of_projects, &self.project);
        leave(&mut taken.of_logins, &self.login);
    }
}

fn leave<K: Eq + Hash>(counts: &mut HashMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_has_some_and_a_project_leaves_some_to_others() {
        let seats = Arc::new(Seats::default());
        let project = |id: &str| ProjectId::new(id).unwrap();
        let login = |number: u8| TicketDigest::test(number);
        let mut own: Vec<Seat> =
            std::iter::from_fn(|| seats.take(&project("1"), login(0))).take(100).collect();
        assert_eq!(own.len(), INSPECT_LOGIN_STREAMS);
        own.pop();
        assert!(seats.take(&project("1"), login(0)).is_some(), "what is given back can be had again");
        let many = |id: &str| {
            let each = (0..=255).flat_map(|number| std::iter::repeat_n(number, INSPECT_LOGIN_STREAMS));
            each.filter_map(|number| seats.take(&project(id), login(number))).collect::<Vec<_>>()
        };
        own.extend(many("1"));
        assert_eq!(own.len(), INSPECT_STREAMS / 2);
        let others = many("2");
        assert_eq!(others.len(), INSPECT_STREAMS / 4);
        assert!(seats.take(&project("3"), login(255)).is_some(), "whoever comes late finds one");
        drop((own, others));
        let taken = seats.0.lock();
        assert!(taken.all == 0 && taken.of_projects.is_empty() && taken.of_logins.is_empty());
    }
}
