//! Tables: texts as keys, records as JSON, looked at and edited within a transaction.

use super::StoreError;
use otc_protocol::limits::{STORE_KEY_BYTES, STORE_RECORD_BYTES};
use redb::{
    ReadTransaction, ReadableTable, ReadableTableMetadata, TableDefinition, TableError, WriteTransaction,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::marker::PhantomData;
use std::ops::ControlFlow;

/// Above every key: no text has it, because no key may.
const LAST: char = '\u{10ffff}';

/// A table of records of one type.
#[derive(Debug)]
pub(crate) struct Table<T> {
    name: &'static str,
    record: PhantomData<fn() -> T>,
}

impl<T> Table<T> {
    /// The table of that name.
    pub(crate) const fn new(name: &'static str) -> Self {
        Self { name, record: PhantomData }
    }
}

fn definition(table: &'static str) -> TableDefinition<'static, &'static str, &'static [u8]> {
    TableDefinition::new(table)
}

/// Some of the keys of a table, in their order or against it.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    from: String,
    to: String,
    backwards: bool,
}

impl Keys {
    /// All of them.
    pub(crate) fn all() -> Self {
        Self::starting_with("")
    }

    /// Those that start with `prefix`, and `prefix` itself.
    pub(crate) fn starting_with(prefix: &str) -> Self {
        Self { from: prefix.to_owned(), to: format!("{prefix}{LAST}"), backwards: false }
    }

    /// Those from `from` on, below `to`.
    pub(crate) fn between(from: impl Into<String>, to: impl Into<String>) -> Self {
        Self { from: from.into(), to: to.into(), backwards: false }
    }

    /// The same, the last one first.
    pub(crate) fn backwards(self) -> Self {
        Self { backwards: true, ..self }
    }
}

/// What a visitor is shown: a key and its record's JSON.
type Visit<'a> = &'a mut dyn FnMut(&str, &[u8]) -> Result<ControlFlow<()>, StoreError>;

/// Looking at records, within one transaction: what is seen fits together.
pub(crate) trait Look {
    /// The JSON of one record.
    fn bytes(&self, table: &'static str, key: &str) -> Result<Option<Vec<u8>>, StoreError>;
    /// Shows the records of `keys` to `visit` until it breaks off.
    fn walk(&self, table: &'static str, keys: &Keys, visit: Visit<'_>) -> Result<(), StoreError>;
    /// How many records a table has; this takes no time.
    fn length(&self, table: &'static str) -> Result<u64, StoreError>;

    /// One record.
    fn get<T: DeserializeOwned>(&self, table: &Table<T>, key: &str) -> Result<Option<T>, StoreError> {
        self.bytes(table.name, key)?.map(|bytes| decode(table, key, &bytes)).transpose()
    }

    /// Shows the records of `keys` to `visit` until it breaks off.
    fn range<T: DeserializeOwned>(
        &self,
        table: &Table<T>,
        keys: &Keys,
        mut visit: impl FnMut(&str, T) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.walk(table.name, keys, &mut |key, bytes| Ok(visit(key, decode(table, key, bytes)?)))
    }

    /// How many records a table has; this takes no time.
    fn count<T>(&self, table: &Table<T>) -> Result<u64, StoreError> {
        self.length(table.name)
    }
}

fn decode<T: DeserializeOwned>(table: &Table<T>, key: &str, bytes: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(bytes)
        .map_err(|error| StoreError::Record(table.name, key.to_owned(), error.to_string().into()))
}

/// Looks at what is committed.
pub(crate) struct Reader<'a>(pub(super) &'a ReadTransaction);

impl Reader<'_> {
    /// The table; `None` while nothing was ever put into it.
    fn table(
        &self,
        name: &'static str,
    ) -> Result<Option<redb::ReadOnlyTable<&'static str, &'static [u8]>>, StoreError> {
        match self.0.open_table(definition(name)) {
            Ok(table) => Ok(Some(table)),
            Err(TableError::TableDoesNotExist(_)) => Ok(None),
            Err(error) => Err(StoreError::failed(error)),
        }
    }
}

impl Look for Reader<'_> {
    fn bytes(&self, table: &'static str, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.table(table)?.map_or(Ok(None), |table| bytes_of(&table, key))
    }

    fn walk(&self, table: &'static str, keys: &Keys, visit: Visit<'_>) -> Result<(), StoreError> {
        self.table(table)?.map_or(Ok(()), |table| walk_through(&table, keys, visit))
    }

    fn length(&self, table: &'static str) -> Result<u64, StoreError> {
        self.table(table)?.map_or(Ok(0), |table| table.len().map_err(StoreError::failed))
    }
}

fn bytes_of(
    table: &impl ReadableTable<&'static str, &'static [u8]>,
    key: &str,
) -> Result<Option<Vec<u8>>, StoreError> {
    let value = table.get(key).map_err(StoreError::failed)?;
    Ok(value.map(|value| value.value().to_vec()))
}

fn walk_through(
    table: &impl ReadableTable<&'static str, &'static [u8]>,
    keys: &Keys,
    visit: Visit<'_>,
) -> Result<(), StoreError> {
    if keys.from >= keys.to {
        return Ok(());
    }
    let mut range = table.range(keys.from.as_str()..keys.to.as_str()).map_err(StoreError::failed)?;
    while let Some(entry) = if keys.backwards { range.next_back() } else { range.next() } {
        let (key, value) = entry.map_err(StoreError::failed)?;
        if visit(key.value(), value.value())?.is_break() {
            break;
        }
    }
    Ok(())
}

/// Looks at what is committed and at its own changes, which are committed together or not at all.
pub(crate) struct Writer<'a> {
    transaction: &'a WriteTransaction,
    /// What was there before each change: other edits share the transaction, and must not lose theirs to a failed one.
    before: Vec<(&'static str, String, Option<Vec<u8>>)>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(transaction: &'a WriteTransaction) -> Self {
        Self { transaction, before: Vec::new() }
    }

    /// Puts a record in its place, where an earlier one may have been.
    pub(crate) fn put<T: Serialize>(
        &mut self,
        table: &Table<T>,
        key: &str,
        record: &T,
    ) -> Result<(), StoreError> {
        if key.is_empty() || key.len() > STORE_KEY_BYTES || key.contains(LAST) {
            return Err(StoreError::Key(table.name));
        }
        let bytes = serde_json::to_vec(record)
            .map_err(|error| StoreError::Record(table.name, key.to_owned(), error.to_string().into()))?;
        if bytes.len() > STORE_RECORD_BYTES {
            return Err(StoreError::TooLarge(table.name, key.to_owned()));
        }
        let before = self.change(table.name, key, Some(&bytes))?;
        self.before.push((table.name, key.to_owned(), before));
        Ok(())
    }

    /// Takes a record away; whether it was there.
    pub(crate) fn remove<T>(&mut self, table: &Table<T>, key: &str) -> Result<bool, StoreError> {
        let before = self.change(table.name, key, None)?;
        let was_there = before.is_some();
        if was_there {
            self.before.push((table.name, key.to_owned(), before));
        }
        Ok(was_there)
    }

    /// Whether there is anything to commit.
    pub(super) fn has_changes(&self) -> bool {
        !self.before.is_empty()
    }

    /// Takes all changes back.
    pub(super) fn undo(&mut self) -> Result<(), StoreError> {
        while let Some((table, key, before)) = self.before.pop() {
            self.change(table, &key, before.as_deref())?;
        }
        Ok(())
    }

    fn change(
        &self,
        table: &'static str,
        key: &str,
        bytes: Option<&[u8]>,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let mut table = self.transaction.open_table(definition(table)).map_err(StoreError::failed)?;
        let before = match bytes {
            Some(bytes) => table.insert(key, bytes),
            None => table.remove(key),
        };
        Ok(before.map_err(StoreError::failed)?.map(|bytes| bytes.value().to_vec()))
    }
}

impl Look for Writer<'_> {
    fn bytes(&self, table: &'static str, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let table = self.transaction.open_table(definition(table)).map_err(StoreError::failed)?;
        bytes_of(&table, key)
    }

    fn walk(&self, table: &'static str, keys: &Keys, visit: Visit<'_>) -> Result<(), StoreError> {
        let table = self.transaction.open_table(definition(table)).map_err(StoreError::failed)?;
        walk_through(&table, keys, visit)
    }

    fn length(&self, table: &'static str) -> Result<u64, StoreError> {
        let table = self.transaction.open_table(definition(table)).map_err(StoreError::failed)?;
        table.len().map_err(StoreError::failed)
    }
}
