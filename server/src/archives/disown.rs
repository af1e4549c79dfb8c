//! Archives of a project that is deleted: nobody could ask for them or delete them any more.

use super::record::{Record, Status};
use super::{Archives, shelf};
use crate::store::{StoreError, Writer};

impl Archives {
    /// Removes a project's archives from the database, together with whatever else the edit changes; those that run are
    /// removed when they end. Their files are removed by [`Archives::forget_files`], or at the next start.
    pub(crate) fn disown(writer: &mut Writer<'_>, project: &str) -> Result<Vec<Record>, StoreError> {
        let (running, ended): (Vec<_>, Vec<_>) = shelf::of_project(writer, project)?
            .into_iter()
            .partition(|record| record.status == Status::Started);
        for record in running {
            shelf::change(writer, &record.id, |record| record.ownerless = true)?;
        }
        for record in &ended {
            shelf::take(writer, &record.id, |_| true)?;
        }
        Ok(ended)
    }

    /// Removes the files of archives whose records are gone. It waits for the disk.
    pub(crate) fn forget_files(&self, gone: &[Record]) {
        for record in gone {
            self.forget_file(record);
        }
    }
}
