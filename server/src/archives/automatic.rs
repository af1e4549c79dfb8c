//! Sessions that are archived from their first client on (`archiveMode=always`).

use super::record::Wishes;
use crate::store::{Keys, Look, StoreError, Table, Writer};
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;

/// By session id.
const SESSIONS: Table<SessionProperties> = Table::new("sessions");
/// Keys alone: when the session was made, and its id.
const ORDER: Table<()> = Table::new("session_order");

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

/// Remembers a new session. The oldest one makes way if there would be more than `most`.
pub(super) fn remember(
    writer: &mut Writer<'_>,
    session: &str,
    properties: &SessionProperties,
    most: u64,
) -> Result<(), StoreError> {
    if writer.count(&SESSIONS)? >= most {
        let mut oldest = None;
        writer.range(&ORDER, &Keys::all(), |key, ()| {
            oldest = Some(key.to_owned());
            ControlFlow::Break(())
        })?;
        if let Some(key) = oldest {
            writer.remove(&ORDER, &key)?;
            if let Some((_, session)) = key.split_once('/') {
                writer.remove(&SESSIONS, session)?;
            }
        }
    }
    writer.put(&ORDER, &format!("{:016x}/{session}", properties.created_ms), &())?;
    writer.put(&SESSIONS, session, properties)
}

/// What a session has, if it has anything.
pub(super) fn properties(look: &impl Look, session: &str) -> Result<Option<SessionProperties>, StoreError> {
    look.get(&SESSIONS, session)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    #[test]
    fn the_oldest_makes_way() {
        let store = Store::in_memory().unwrap();
        let properties = |created_ms| SessionProperties {
            archive_mode: ArchiveMode::Always,
            archive_name: Some("every day".to_owned()),
            archive_resolution: None,
            created_ms,
        };
        for (session, created) in [("b", 2), ("a", 1), ("c", 3)] {
            store.write_blocking(move |writer| remember(writer, session, &properties(created), 2)).unwrap();
        }
        let known = |session: &str| store.read(|reader| super::properties(reader, session)).unwrap();
        assert_eq!((known("a"), known("b"), known("c")), (None, Some(properties(2)), Some(properties(3))));
        assert_eq!(known("c").unwrap().wishes().name.as_deref(), Some("every day"));
        assert_eq!(store.read(|reader| Ok((reader.count(&SESSIONS)?, reader.count(&ORDER)?))), Ok((2, 2)));
    }
}
