//! `otc_connection`: a member of a session.

use super::boundary::{Failed, c_string, status, value};
use super::handle::{Kind, Table};
use super::lent::Lent;
use super::types::otc_status;
use otc_protocol::raptor::Connection;
use std::ffi::{CStr, CString, c_char};
use std::ptr::null_mut;
use std::sync::{Arc, OnceLock};

/// A member of a session. Objects that callbacks are given end with the callback; make a copy to keep one.
pub struct otc_connection {
    _opaque: [u8; 0],
}

/// What a handle stands for. Texts become C strings when they are first asked for.
pub(super) struct ConnectionObject {
    pub(super) connection: Arc<Connection>,
    session: Arc<str>,
    id: OnceLock<CString>,
    data: OnceLock<CString>,
    session_id: OnceLock<CString>,
}

static CONNECTIONS: Table<ConnectionObject> = Table::new(Kind::Connection);
const EMPTY: &CStr = c"";

impl ConnectionObject {
    pub(super) fn new(connection: Arc<Connection>, session: &Arc<str>) -> Self {
        Self {
            connection,
            session: Arc::clone(session),
            id: OnceLock::new(),
            data: OnceLock::new(),
            session_id: OnceLock::new(),
        }
    }
}

/// Lends a connection to a callback.
pub(super) fn lend(
    connection: Arc<Connection>,
    session: &Arc<str>,
) -> Lent<ConnectionObject, otc_connection> {
    Lent::new(&CONNECTIONS, ConnectionObject::new(connection, session))
}

/// Gives a connection to the caller, who must delete it; NULL when there are too many.
pub(super) fn give(connection: Arc<Connection>, session: &Arc<str>) -> *mut otc_connection {
    let object = Arc::new(ConnectionObject::new(connection, session));
    CONNECTIONS.insert(object).unwrap_or(0) as *mut otc_connection
}

/// Keeps a connection as a part of something that lives longer than a call.
pub(super) fn lend_with_owner(object: Arc<ConnectionObject>) -> *mut otc_connection {
    CONNECTIONS.lend(object).unwrap_or(0) as *mut otc_connection
}

/// Ends a handle.
pub(super) fn remove(connection: *mut otc_connection) -> Option<Arc<ConnectionObject>> {
    CONNECTIONS.remove(connection as usize)
}

/// The object of a handle.
pub(super) fn get(connection: *const otc_connection) -> Result<Arc<ConnectionObject>, Failed> {
    CONNECTIONS.get(connection as usize).ok_or_else(|| Failed::handle("connection"))
}

/// The object of a handle that is an argument of a session's function.
pub(super) fn argument(connection: *const otc_connection) -> Result<Arc<ConnectionObject>, Failed> {
    get(connection).map_err(|failed| Failed::argument(failed.text))
}

fn text(
    connection: *const otc_connection,
    field: impl FnOnce(&ConnectionObject) -> *const c_char,
) -> *const c_char {
    value(EMPTY.as_ptr(), || Ok(field(&*get(connection)?)))
}

/// The connection's id; "" for NULL.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: the text belongs to the connection object and lives as long as it.
/// Errors: "" when connection is not one.
#[unsafe(no_mangle)]
pub extern "C" fn otc_connection_get_id(connection: *const otc_connection) -> *const c_char {
    text(connection, |object| object.id.get_or_init(|| c_string(&object.connection.id)).as_ptr())
}

/// When the connection joined the session, in milliseconds since 1970; 0 when unknown.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: nothing.
/// Errors: 0 when connection is not one.
#[unsafe(no_mangle)]
pub extern "C" fn otc_connection_get_creation_time(connection: *const otc_connection) -> i64 {
    value(0, || Ok(i64::try_from(get(connection)?.connection.creation_time).unwrap_or(i64::MAX)))
}

/// The connection data of the member's token; "" when it has none.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: the text belongs to the connection object and lives as long as it.
/// Errors: "" when connection is not one.
#[unsafe(no_mangle)]
pub extern "C" fn otc_connection_get_data(connection: *const otc_connection) -> *const c_char {
    text(connection, |object| object.data.get_or_init(|| c_string(&object.connection.data)).as_ptr())
}

/// The id of the session that the connection is a member of.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: the text belongs to the connection object and lives as long as it.
/// Errors: "" when connection is not one.
#[unsafe(no_mangle)]
pub extern "C" fn otc_connection_get_session_id(connection: *const otc_connection) -> *const c_char {
    text(connection, |object| object.session_id.get_or_init(|| c_string(&object.session)).as_ptr())
}

/// Makes a copy that outlives the callback.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: the caller owns the copy and ends it with otc_connection_delete().
/// Errors: NULL when connection is not one.
#[unsafe(no_mangle)]
pub extern "C" fn otc_connection_copy(connection: *const otc_connection) -> *mut otc_connection {
    value(null_mut(), || {
        let object = get(connection)?;
        Ok(give(Arc::clone(&object.connection), &object.session))
    })
}

/// Ends a connection object that the caller owns.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: takes the object; every text of it ends too.
/// Errors: OTC_INVALID_PARAM when connection is not one, has been deleted before, or is lent.
#[unsafe(no_mangle)]
pub extern "C" fn otc_connection_delete(connection: *mut otc_connection) -> otc_status {
    status(|| {
        let taken = CONNECTIONS.take(connection as usize);
        taken.map(drop).map_err(|why| why.failed("connection"))
    })
}
