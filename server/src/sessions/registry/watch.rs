//! What whoever runs a project looks at: its live sessions, and one of them.

use super::super::Link;
use super::super::hall::Hall;
use super::super::room::Room;
use super::super::view::{Glimpse, View, Watch};
use super::Registry;
use std::sync::Arc;

impl<L: Link> Registry<L> {
    /// The sessions of a project that somebody is in, the newest first: `most` of them after the one of that id, and
    /// whether there are more. `None` when that one has ended.
    pub fn live(&self, project: &str, after: Option<&str>, most: usize) -> Option<(Vec<Glimpse>, bool)> {
        let mut halls: Vec<Arc<Hall<L>>> = {
            let all = self.halls.lock();
            let before = match after {
                Some(session) => Some(own(all.get(session), project)?.number()),
                None => None,
            };
            all.of_project(project, before).take(most + 1).cloned().collect()
        };
        let more = halls.len() > most;
        halls.truncate(most);
        // One after the other, each for a moment.
        Some((halls.iter().filter_map(|hall| hall.look(Room::glimpse)).collect(), more))
    }

    /// A session of a project, if somebody is in it.
    pub fn view(&self, project: &str, session: &str) -> Option<View> {
        let hall = own(self.halls.lock().get(session), project).cloned();
        hall?.look(Room::view)
    }

    /// Watches a session of a project, which then tells of signals until that is dropped; `None` when there is none.
    pub fn watch(&self, project: &str, session: &str) -> Option<Watch<L>> {
        let hall = own(self.halls.lock().get(session), project).cloned();
        hall.map(Watch::new)
    }

    /// Whether anybody watches a session.
    pub fn is_watched(&self, session: &str) -> bool {
        self.halls.lock().get(session).is_some_and(|hall| hall.outside().is_watched())
    }
}

/// A hall, if its session is the project's.
fn own<'a, L: Link>(hall: Option<&'a Arc<Hall<L>>>, project: &str) -> Option<&'a Arc<Hall<L>>> {
    hall.filter(|hall| &**hall.project() == project)
}
