//! The secret of end-to-end encryption (`c-api.md §1.3`, `§6`).

use super::boundary::{needed, status};
use super::session::{get, otc_session};
use super::types::otc_status;
use crate::session::{Input, Secret};
use std::ffi::c_char;

/// Sets the secret from which the keys of end-to-end encryption are made; it may be set again.
///
/// It protects media (audio and video), which this version of the library does not carry: what the call does is to tell the
/// server of a session with such encryption, when the secret is set before otc_session_connect(), that this client takes part
/// in it. Signals are not encrypted end to end: the server can read them.
///
/// secret: 8 to 256 characters of UTF-8 text, the same at all members.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: the text is copied, and never logged or sent.
/// Errors: OTC_INVALID_PARAM when session is not one; OTC_SESSION_NULL_OR_INVALID_PARAMETER when secret is NULL or not UTF-8;
/// OTC_SESSION_INVALID_ENCRYPTION_SECRET when it is too short or too long; then the secret stays as it was.
///
/// # Safety
/// secret is NULL or a C string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otc_session_set_encryption_secret(
    session: *mut otc_session,
    secret: *const c_char,
) -> otc_status {
    status(|| {
        let object = get(session)?;
        // SAFETY: the caller's promise.
        let secret = unsafe { needed(secret, "encryption secret", usize::MAX) }?;
        Ok(object.session.call(Input::SetEncryptionSecret(Secret(secret.to_owned())))?)
    })
}
