//! Reports of issues (`c-api.md §1.3`).

use super::boundary::{Failed, needed, status};
use super::session::{get, otc_session};
use super::types::otc_status;
use otc_protocol::error::ErrorCode;
use otc_protocol::limits::ISSUE_BYTES;
use std::ffi::c_char;
use std::ptr::null_mut;

/// Reports an issue to the server's operator, who finds it in the server's log by its id.
///
/// The id is logged here too (INFO), with the session, the connection and where the session stands; the description goes to
/// the server only. The report is sent in the background; that it could not be delivered is logged (WARN).
///
/// issue_description: what is wrong, for people: 1 to 8192 bytes of UTF-8 text. issue_id: where the id of the report, a UUID,
/// is put; NULL is put there when the call fails.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: the description is copied; the caller owns the id and ends it with free().
/// Errors: OTC_INVALID_PARAM when session is not one; OTC_SESSION_NULL_OR_INVALID_PARAMETER when issue_id is NULL, or
/// issue_description is NULL, empty, too long or not UTF-8; OTC_SESSION_ILLEGAL_STATE when four reports of this process are
/// still on their way; OTC_FATAL when the system gives no memory or no randomness.
///
/// # Safety
/// issue_description is NULL or a C string; issue_id is NULL or points to a pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otc_session_report_issue(
    session: *mut otc_session,
    issue_description: *const c_char,
    issue_id: *mut *mut c_char,
) -> otc_status {
    if !issue_id.is_null() {
        // SAFETY: the caller's promise.
        unsafe { issue_id.write(null_mut()) };
    }
    status(|| {
        let object = get(session)?;
        if issue_id.is_null() {
            return Err(Failed::argument("The place for the issue id is NULL."));
        }
        // SAFETY: the caller's promise.
        let description = unsafe { needed(issue_description, "issue description", ISSUE_BYTES) }?;
        if description.is_empty() {
            return Err(Failed::argument("The issue description is empty; say what is wrong."));
        }
        let id = object.session.report_issue(description)?;
        let copy = copied(&id).ok_or_else(|| Failed::new(ErrorCode::Fatal, "The system gives no memory."))?;
        // SAFETY: it is not NULL, and the caller's promise.
        unsafe { issue_id.write(copy) };
        Ok(())
    })
}

/// A C string that C may free.
fn copied(text: &str) -> Option<*mut c_char> {
    // SAFETY: the block has room for the text and the NUL behind it, and nothing else points to it.
    unsafe {
        let block = libc::malloc(text.len() + 1).cast::<u8>();
        if block.is_null() {
            return None;
        }
        block.copy_from_nonoverlapping(text.as_ptr(), text.len());
        block.add(text.len()).write(0);
        Some(block.cast())
    }
}
