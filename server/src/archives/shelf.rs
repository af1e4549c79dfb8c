//! Archives in the database: each record by its id, and their order within a project, a session and the server.

use super::record::Record;
use crate::store::{Keys, Look, StoreError, Table, Writer};
use std::ops::ControlFlow;

const ARCHIVES: Table<Record> = Table::new("archives");
/// Keys alone: what they order, when the archive began, and its id.
const ORDER: Table<()> = Table::new("archive_order");

/// Which archives.
#[derive(Clone, Copy, Debug)]
pub(super) enum Scope<'a> {
    Project(&'a str),
    Session(&'a str),
    Server,
}

impl Scope<'_> {
    fn prefix(self) -> String {
        match self {
            Self::Project(project) => format!("p/{project}/"),
            Self::Session(session) => format!("s/{session}/"),
            Self::Server => "t/".to_owned(),
        }
    }
}

fn order_keys(record: &Record) -> [String; 3] {
    let scopes = [Scope::Project(&record.project), Scope::Session(&record.session), Scope::Server];
    scopes.map(|scope| format!("{}{:016x}/{}", scope.prefix(), record.created_ms, record.id))
}

/// Puts a new archive in its place.
pub(super) fn add(writer: &mut Writer<'_>, record: &Record) -> Result<(), StoreError> {
    for key in order_keys(record) {
        writer.put(&ORDER, &key, &())?;
    }
    writer.put(&ARCHIVES, &record.id, record)
}

/// Changes one archive, but for its id, its project, its session and its beginning; as it is then.
pub(super) fn change(
    writer: &mut Writer<'_>,
    id: &str,
    change: impl FnOnce(&mut Record),
) -> Result<Option<Record>, StoreError> {
    let Some(mut record) = writer.get(&ARCHIVES, id)? else { return Ok(None) };
    change(&mut record);
    writer.put(&ARCHIVES, id, &record)?;
    Ok(Some(record))
}

/// Forgets an archive, if it is there and `may_go`; as it was.
pub(super) fn take(
    writer: &mut Writer<'_>,
    id: &str,
    may_go: impl FnOnce(&Record) -> bool,
) -> Result<Option<Record>, StoreError> {
    let Some(record) = get(writer, id)?.filter(may_go) else { return Ok(None) };
    for key in order_keys(&record) {
        writer.remove(&ORDER, &key)?;
    }
    writer.remove(&ARCHIVES, &record.id)?;
    Ok(Some(record))
}

/// Forgets the oldest archive of a project that has no file any more; as it was.
pub(super) fn take_oldest_past(writer: &mut Writer<'_>, project: &str) -> Result<Option<Record>, StoreError> {
    let mut ids = Vec::new();
    writer.range(&ORDER, &Keys::starting_with(&Scope::Project(project).prefix()), |key, ()| {
        ids.extend(id_of(key));
        ControlFlow::Continue(())
    })?;
    for id in ids {
        let gone = take(writer, &id, |record| record.status.is_past())?;
        if gone.is_some() {
            return Ok(gone);
        }
    }
    Ok(None)
}

/// One archive.
pub(super) fn get(look: &impl Look, id: &str) -> Result<Option<Record>, StoreError> {
    look.get(&ARCHIVES, id)
}

/// All archives, in no order.
pub(super) fn each(look: &impl Look, mut visit: impl FnMut(Record)) -> Result<(), StoreError> {
    look.range(&ARCHIVES, &Keys::all(), |_, record| {
        visit(record);
        ControlFlow::Continue(())
    })
}

/// All archives of a project.
pub(super) fn of_project(look: &impl Look, project: &str) -> Result<Vec<Record>, StoreError> {
    list(look, Scope::Project(project), 0, usize::MAX, |_| ()).map(|(_, records)| records)
}

/// How many there are, and some of them, the newest first, each shortened.
pub(super) fn list(
    look: &impl Look,
    scope: Scope<'_>,
    offset: usize,
    count: usize,
    shorten: impl Fn(&mut Record),
) -> Result<(usize, Vec<Record>), StoreError> {
    let (mut total, mut ids) = (0, Vec::new());
    look.range(&ORDER, &Keys::starting_with(&scope.prefix()).backwards(), |key, ()| {
        if total >= offset && ids.len() < count {
            ids.extend(id_of(key));
        }
        total += 1;
        ControlFlow::Continue(())
    })?;
    let mut records = Vec::with_capacity(ids.len());
    for id in ids {
        records.extend(get(look, &id)?.map(|mut record| {
            shorten(&mut record);
            record
        }));
    }
    Ok((total, records))
}

/// The ids of those archives that began before that and are `wanted`, the oldest first.
pub(super) fn begun_before(
    look: &impl Look,
    unix_ms: u64,
    mut wanted: impl FnMut(&Record) -> bool,
) -> Result<Vec<String>, StoreError> {
    let prefix = Scope::Server.prefix();
    let keys = Keys::between(prefix.clone(), format!("{prefix}{unix_ms:016x}"));
    let mut ids = Vec::new();
    look.range(&ORDER, &keys, |key, ()| {
        ids.extend(id_of(key));
        ControlFlow::Continue(())
    })?;
    let mut found = Vec::new();
    for id in ids {
        if get(look, &id)?.is_some_and(|record| wanted(&record)) {
            found.push(id);
        }
    }
    Ok(found)
}

/// When the oldest archive began that did not begin before that.
pub(super) fn begun_from(look: &impl Look, unix_ms: u64) -> Result<Option<u64>, StoreError> {
    let prefix = Scope::Server.prefix();
    let keys = Keys::between(format!("{prefix}{unix_ms:016x}"), format!("{prefix}g"));
    let mut begun = None;
    look.range(&ORDER, &keys, |key, ()| {
        let time = key.get(prefix.len()..prefix.len() + 16);
        begun = time.and_then(|time| u64::from_str_radix(time, 16).ok());
        ControlFlow::Break(())
    })?;
    Ok(begun)
}

fn id_of(key: &str) -> Option<String> {
    key.rsplit('/').next().map(str::to_owned)
}
