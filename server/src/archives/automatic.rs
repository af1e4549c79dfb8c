//! Sessions that are archived from their first client on (`archiveMode=always`).

use super::record::Wishes;
use crate::store::{Keys, Look, StoreError, Table, Writer};
use otc_protocol::raptor::SessionAddress;
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;

/// By session id.
const SESSIONS: Table<SessionProperties> = Table::new("sessions");
/// Keys alone: the project, when the session was made, and its id.
const ORDER: Table<()> = Table::new("session_order");
/// How many each project has.
const COUNTS: Table<u64> = Table::new("session_counts");

/// Whether the server archives by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ArchiveMode {
    /// From the first client on.
    Always,
}

/// What a session has that its id does not say. Sessions without any are not in the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SessionProperties {
    pub(crate) archive_mode: ArchiveMode,
    #[serde(default)]
    pub(crate) archive_name: Option<String>,
    #[serde(default)]
    pub(crate) archive_resolution: Option<String>,
    pub(crate) created_ms: u64,
}

impl SessionProperties {
    /// What its archives are asked to be.
    pub(super) fn wishes(&self) -> Wishes {
        let (name, resolution) = (self.archive_name.clone(), self.archive_resolution.clone());
        Wishes { name, resolution, ..Wishes::default() }
    }
}

/// Remembers a new session. If there would be more than `most`, the oldest one of the project that has the most makes way:
/// no project can take what the others have. Which one has made way.
pub(super) fn remember(
    writer: &mut Writer<'_>,
    session: &SessionAddress,
    properties: &SessionProperties,
    most: u64,
) -> Result<Option<String>, StoreError> {
    let gone = if writer.count(&SESSIONS)? >= most { make_way(writer)? } else { None };
    let SessionAddress { project, session } = session;
    writer.put(&ORDER, &format!("{project}/{:016x}/{session}", properties.created_ms), &())?;
    writer.put(&SESSIONS, session, properties)?;
    let count = writer.get(&COUNTS, project)?.unwrap_or(0);
    writer.put(&COUNTS, project, &(count + 1))?;
    Ok(gone)
}

fn make_way(writer: &mut Writer<'_>) -> Result<Option<String>, StoreError> {
    let mut largest: Option<(u64, String)> = None;
    writer.range(&COUNTS, &Keys::all(), |project, count| {
        if largest.as_ref().is_none_or(|(most, _)| count > *most) {
            largest = Some((count, project.to_owned()));
        }
        ControlFlow::Continue(())
    })?;
    let Some((count, project)) = largest else { return Ok(None) };
    let mut oldest = None;
    writer.range(&ORDER, &Keys::starting_with(&format!("{project}/")), |key, ()| {
        oldest = Some(key.to_owned());
        ControlFlow::Break(())
    })?;
    let Some(key) = oldest else { return Ok(None) };
    writer.remove(&ORDER, &key)?;
    if count > 1 {
        writer.put(&COUNTS, &project, &(count - 1))?;
    } else {
        writer.remove(&COUNTS, &project)?;
    }
    let Some((_, session)) = key.rsplit_once('/') else { return Ok(None) };
    writer.remove(&SESSIONS, session)?;
    Ok(Some(session.to_owned()))
}

/// What a session has, if it has anything.
pub(super) fn properties(look: &impl Look, session: &str) -> Result<Option<SessionProperties>, StoreError> {
    look.get(&SESSIONS, session)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    fn properties(created_ms: u64) -> SessionProperties {
        let archive_name = Some("every day".to_owned());
        SessionProperties {
            archive_mode: ArchiveMode::Always,
            archive_name,
            archive_resolution: None,
            created_ms,
        }
    }

    fn remember(store: &Store, project: &str, session: &str, created_ms: u64, most: u64) -> Option<String> {
        let session = SessionAddress { project: project.to_owned(), session: session.to_owned() };
        let edit =
            move |writer: &mut Writer<'_>| super::remember(writer, &session, &properties(created_ms), most);
        store.write_blocking(edit).unwrap()
    }

    #[test]
    fn the_oldest_makes_way() {
        let store = Store::in_memory().unwrap();
        for (session, created, gone) in [("b", 2, None), ("a", 1, None), ("c", 3, Some("a"))] {
            assert_eq!(remember(&store, "1", session, created, 2).as_deref(), gone);
        }
        let known = |session: &str| store.read(|reader| super::properties(reader, session)).unwrap();
        assert_eq!((known("a"), known("b"), known("c")), (None, Some(properties(2)), Some(properties(3))));
        assert_eq!(known("c").unwrap().wishes().name.as_deref(), Some("every day"));
        assert_eq!(store.read(|reader| Ok((reader.count(&SESSIONS)?, reader.count(&ORDER)?))), Ok((2, 2)));
    }

    #[test]
    fn a_project_that_has_many_makes_way_for_one_that_has_few() {
        let store = Store::in_memory().unwrap();
        remember(&store, "1", "theirs", 0, 4);
        for number in 0..100 {
            remember(&store, "2", &format!("s{number}"), 1 + number, 4);
        }
        for number in 0..100 {
            remember(&store, "12", &format!("t{number}"), 1 + number, 4);
        }
        let is_known =
            |session: &str| store.read(|reader| super::properties(reader, session)).unwrap().is_some();
        assert!(is_known("theirs") && is_known("s99") && is_known("t99"));
        assert_eq!(store.read(|reader| Ok((reader.count(&SESSIONS)?, reader.count(&ORDER)?))), Ok((4, 4)));
    }
}
