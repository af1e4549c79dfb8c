//! Registrations of projects that are no more.

use super::{Webhooks, ledger};
use crate::store::{StoreError, Writer};
use std::collections::BTreeSet;
use tracing::warn;

impl Webhooks {
    /// Removes a project's registrations from the database, together with whatever else the edit changes. After that
    /// [`Webhooks::forget`] tells those who deliver.
    pub(crate) fn disown(writer: &mut Writer<'_>, project: &str) -> Result<(), StoreError> {
        ledger::unregister_all(writer, project)
    }

    /// Drops the registrations of projects that the server does not work for, and what waits for their receivers: nobody
    /// could take them back. It waits for the disk; to be called before anything is delivered.
    pub(crate) fn leave_out_strangers(&self, known: impl Fn(&str) -> bool) -> Result<(), StoreError> {
        let records = ledger::registrations(&self.store)?;
        let strangers: Vec<_> = records.into_iter().filter(|record| !known(&record.project)).collect();
        if strangers.is_empty() {
            return Ok(());
        }
        let projects: BTreeSet<_> = strangers.iter().map(|record| record.project.clone()).collect();
        warn!(
            registrations = strangers.len(),
            projects = projects.len(),
            "webhooks are registered for projects that this server does not know; they are dropped"
        );
        self.store.write_blocking(move |writer| {
            projects.iter().try_for_each(|project| ledger::unregister_all(writer, project))
        })?;
        for stranger in strangers {
            self.strike(&stranger.project, &stranger.id);
        }
        Ok(())
    }
}
