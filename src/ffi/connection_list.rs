//! `otc_connection_list`: who is in a session at one moment.

use super::boundary::{Failed, status, value};
use super::connection::{self, ConnectionObject, otc_connection};
use super::handle::{Kind, Table};
use super::session::{get as get_session, otc_session};
use super::types::otc_status;
use crate::session::Engine;
use otc_protocol::error::ErrorCode;
use otc_protocol::raptor::Connection;
use std::ffi::c_int;
use std::ptr::{null, null_mut};
use std::sync::{Arc, OnceLock};

/// Who was in a session when otc_session_get_connections() was called; it does not change afterwards.
pub struct otc_connection_list {
    _opaque: [u8; 0],
}

/// What a handle stands for.
pub(super) struct ListObject {
    session: Arc<str>,
    entries: Vec<Entry>,
}

struct Entry {
    connection: Arc<Connection>,
    /// The handle that C is lent, from when it is first asked for until the list ends.
    handle: OnceLock<usize>,
}

static LISTS: Table<ListObject> = Table::new(Kind::ConnectionList);

impl Drop for ListObject {
    fn drop(&mut self) {
        for handle in self.entries.iter().filter_map(|entry| entry.handle.get()) {
            connection::remove(*handle as *mut otc_connection);
        }
    }
}

fn get(list: *const otc_connection_list) -> Result<Arc<ListObject>, Failed> {
    LISTS.get(list as usize).ok_or_else(|| Failed::handle("connection list"))
}

/// Everybody in the session: oneself, then the others as they came.
fn everybody(engine: &Engine) -> Result<Vec<Arc<Connection>>, Failed> {
    let own = engine.connection().cloned();
    let own = own.ok_or_else(|| Failed::new(ErrorCode::NotConnected, "The session is not connected."))?;
    Ok(std::iter::once(own).chain(engine.others()).collect())
}

/// Lists who is in the session now: one's own connection first, then the others in the order in which
/// on_connection_created tells of them. What the list tells may be ahead of the callbacks. When connection events are suppressed, the list holds whom the server tells of all the same:
/// as a rule one's own connection alone.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: the caller owns the list and ends it with otc_connection_list_delete().
/// Errors: NULL when session is not one, or is not connected; otc_last_error_text() says which.
#[unsafe(no_mangle)]
pub extern "C" fn otc_session_get_connections(session: *const otc_session) -> *mut otc_connection_list {
    value(null_mut(), || {
        let object = get_session(session)?;
        let everybody = object.session.ask(everybody)?;
        let entries =
            everybody.into_iter().map(|connection| Entry { connection, handle: OnceLock::new() }).collect();
        let list = ListObject { session: Arc::clone(object.session_id()), entries };
        let handle = LISTS.insert(Arc::new(list));
        let handle = handle.ok_or_else(|| Failed::new(ErrorCode::Fatal, "There are too many lists."))?;
        Ok(handle as *mut otc_connection_list)
    })
}

/// How many connections are in the list.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: nothing.
/// Errors: 0 when list is not one.
#[unsafe(no_mangle)]
pub extern "C" fn otc_connection_list_get_size(list: *const otc_connection_list) -> c_int {
    value(0, || Ok(c_int::try_from(get(list)?.entries.len()).unwrap_or(c_int::MAX)))
}

/// One connection of the list; index is 0 for one's own.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: the connection belongs to the list and lives as long as it; make a copy to keep it, and do not delete it.
/// Errors: NULL when list is not one, or index is negative or not below the size.
#[unsafe(no_mangle)]
pub extern "C" fn otc_connection_list_get(
    list: *const otc_connection_list,
    index: c_int,
) -> *const otc_connection {
    value(null(), || {
        let list = get(list)?;
        let entry = usize::try_from(index).ok().and_then(|index| list.entries.get(index));
        let entry = entry.ok_or_else(|| {
            Failed::argument("The index is not between 0 and the size of the connection list, less one.")
        })?;
        let handle = entry.handle.get_or_init(|| {
            let object = ConnectionObject::new(Arc::clone(&entry.connection), &list.session);
            connection::lend_with_owner(Arc::new(object)) as usize
        });
        Ok(*handle as *const otc_connection)
    })
}

/// Ends a list, and the connections that belong to it.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: takes the object.
/// Errors: OTC_INVALID_PARAM when list is not one, or has been deleted before.
#[unsafe(no_mangle)]
pub extern "C" fn otc_connection_list_delete(list: *mut otc_connection_list) -> otc_status {
    status(|| LISTS.remove(list as usize).map(drop).ok_or_else(|| Failed::handle("connection list")))
}
