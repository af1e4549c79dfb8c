//! The rooms of all sessions: by session, and those of each project in the order of their beginning.

use super::super::hall::Hall;
use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::Arc;

pub(super) struct Halls<L> {
    by_session: HashMap<String, Arc<Hall<L>>>,
    by_project: HashMap<Arc<str>, BTreeMap<u64, Arc<Hall<L>>>>,
    /// The number of the newest.
    newest: u64,
}

impl<L> Default for Halls<L> {
    fn default() -> Self {
        Self { by_session: HashMap::new(), by_project: HashMap::new(), newest: 0 }
    }
}

impl<L> Halls<L> {
    pub(super) fn len(&self) -> usize {
        self.by_session.len()
    }

    pub(super) fn get(&self, session: &str) -> Option<&Arc<Hall<L>>> {
        self.by_session.get(session)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&String, &Arc<Hall<L>>)> {
        self.by_session.iter()
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &Arc<Hall<L>>> {
        self.by_session.values()
    }

    /// Takes in the hall of a session that has none; whether it had none.
    pub(super) fn insert(&mut self, session: &str, hall: Arc<Hall<L>>) -> bool {
        if self.by_session.contains_key(session) {
            return false;
        }
        self.newest += 1;
        hall.set_number(self.newest);
        self.by_project.entry(Arc::clone(hall.project())).or_default().insert(self.newest, Arc::clone(&hall));
        self.by_session.insert(session.to_owned(), hall);
        true
    }

    pub(super) fn remove(&mut self, session: &str) {
        let Some(hall) = self.by_session.remove(session) else { return };
        if let Some(own) = self.by_project.get_mut(hall.project()) {
            own.remove(&hall.number());
            if own.is_empty() {
                self.by_project.remove(hall.project());
            }
        }
    }

    /// All of them, taken out.
    pub(super) fn take(&mut self) -> Vec<Arc<Hall<L>>> {
        self.by_project.clear();
        self.by_session.drain().map(|(_, hall)| hall).collect()
    }

    /// Those of a project that began before that number, the newest first.
    pub(super) fn of_project(
        &self,
        project: &str,
        before: Option<u64>,
    ) -> impl Iterator<Item = &Arc<Hall<L>>> {
        let end = before.map_or(Bound::Unbounded, Bound::Excluded);
        let own = self.by_project.get(project).into_iter();
        own.flat_map(move |own| own.range((Bound::Unbounded, end)).rev().map(|(_, hall)| hall))
    }
}
