//! Handles that live for one callback.

use super::handle::Table;
use std::marker::PhantomData;
use std::sync::Arc;

/// An object whose handle ends when this is dropped.
pub(super) struct Lent<T: 'static, C> {
    table: &'static Table<T>,
    handle: usize,
    c_type: PhantomData<*mut C>,
}

impl<T, C> Lent<T, C> {
    /// Lends an object out; with a full table the callback sees NULL.
    pub(super) fn new(table: &'static Table<T>, object: T) -> Self {
        Self { table, handle: table.lend(Arc::new(object)).unwrap_or(0), c_type: PhantomData }
    }

    /// The handle as C sees it.
    pub(super) fn pointer(&self) -> *mut C {
        self.handle as *mut C
    }
}

impl<T, C> Drop for Lent<T, C> {
    fn drop(&mut self) {
        self.table.remove(self.handle);
    }
}
