//! The boundary: errors and panics become numbers, and the reason stays readable.

use super::threads::is_forked_child;
use super::types::otc_status;
use crate::fault;
use crate::session::Refused;
use otc_protocol::error::ErrorCode;
use std::borrow::Cow;
use std::cell::RefCell;
use std::ffi::{CStr, CString, c_char};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Why a call failed.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) code: ErrorCode,
    pub(super) text: Cow<'static, str>,
}

impl Failed {
    pub(super) fn new(code: ErrorCode, text: impl Into<Cow<'static, str>>) -> Self {
        Self { code, text: text.into() }
    }

    /// A NULL, stale, foreign or wrong-kind handle.
    pub(super) fn handle(what: &str) -> Self {
        Self::new(
            ErrorCode::InvalidParam,
            format!("The {what} is NULL, has been deleted, or is not a {what}."),
        )
    }

    /// Any other bad argument.
    pub(super) fn argument(text: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::NullOrInvalidParameter, text)
    }
}

impl From<Refused> for Failed {
    fn from(refused: Refused) -> Self {
        Self::new(refused.code, refused.text)
    }
}

thread_local! {
    static LAST_ERROR: RefCell<CString> = RefCell::default();
}

/// The text of this thread's last failed call; lives until the next one.
pub(super) fn last_error() -> *const c_char {
    // A thread that is ending has no text any more.
    LAST_ERROR.try_with(|text| text.borrow().as_ptr()).unwrap_or(c"".as_ptr())
}

fn remember(text: &str) {
    let _ = LAST_ERROR.try_with(|last| *last.borrow_mut() = c_string(text));
}

/// Runs the body of an exported function that returns a status.
pub(super) fn status(body: impl FnOnce() -> Result<(), Failed>) -> otc_status {
    match caught(body) {
        Ok(()) => 0,
        Err(failed) => failed.code as otc_status,
    }
}

/// Runs the body of an exported function that returns something else; `default` is what a failure returns.
pub(super) fn value<T>(default: T, body: impl FnOnce() -> Result<T, Failed>) -> T {
    caught(body).unwrap_or(default)
}

fn caught<T>(body: impl FnOnce() -> Result<T, Failed>) -> Result<T, Failed> {
    let checked = || {
        fault::point(fault::Place::Call);
        if is_forked_child() { Err(forked()) } else { body() }
    };
    let result = catch_unwind(AssertUnwindSafe(checked)).unwrap_or_else(|_| {
        Err(Failed::new(
            ErrorCode::Fatal,
            "The library has a fault here; please report it. The program can go on.",
        ))
    });
    if let Err(failed) = &result {
        remember(&failed.text);
    }
    result
}

/// No lock may be taken in a forked child: the thread that holds it may not exist there.
fn forked() -> Failed {
    let text = "This process was forked from one that uses the library; the library works in the parent only. \
                Fork before otc_init(), or exec.";
    Failed::new(ErrorCode::IllegalState, text)
}

/// Text for C. U+0000, which would end it early, becomes U+FFFD.
pub(super) fn c_string(text: &str) -> CString {
    CString::new(text).unwrap_or_else(|_| CString::new(text.replace('\0', "\u{fffd}")).unwrap_or_default())
}

/// Text from C: `None` for NULL.
///
/// # Safety
/// `text` is NULL or ends with a NUL byte and stays as it is during the call.
#[allow(unsafe_code)]
pub(super) unsafe fn text<'a>(
    text: *const c_char,
    name: &str,
    most: usize,
) -> Result<Option<&'a str>, Failed> {
    if text.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller vouches for it.
    let bytes = unsafe { CStr::from_ptr(text) }.to_bytes();
    if bytes.len() > most {
        return Err(Failed::argument(format!("The {name} is longer than {most} bytes.")));
    }
    let text =
        std::str::from_utf8(bytes).map_err(|_| Failed::argument(format!("The {name} is not UTF-8.")))?;
    Ok(Some(text))
}

/// Text from C that must be there.
///
/// # Safety
/// As for [`text`].
#[allow(unsafe_code)]
pub(super) unsafe fn needed<'a>(pointer: *const c_char, name: &str, most: usize) -> Result<&'a str, Failed> {
    // SAFETY: the caller vouches for it.
    unsafe { text(pointer, name, most) }?.ok_or_else(|| Failed::argument(format!("The {name} is NULL.")))
}
