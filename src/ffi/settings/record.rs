//! The setting of recording.

use super::super::boundary::{Failed, text};
use super::super::types::otc_status;
use super::{otc_session_settings, set};
use otc_protocol::limits::URL_BYTES;
use std::ffi::c_char;
use std::path::PathBuf;

/// Names a file in which what happens to the session is written down, to be sent along with a report of a bug: otc-replay
/// makes it happen again.
///
/// path: NULL: none, which is the default; then the environment variable OTC_RECORD names one. The second session of a
/// process that is recorded under the same path gets a file of its own, path with ".2" behind it, the next one ".3"; a
/// file that another process is writing is left to it, and the next number that is free is taken. By the environment 100
/// sessions of a process are recorded at most, and none of a program that has more rights than its user (setuid).
///
/// The file is made with otc_session_new_with_settings(), for its owner to read and nobody else, and ends at 64 MiB. An
/// older recording in its place is overwritten; any other file is left alone. It holds the ids of connections, streams and
/// archives, times (of creation, too), permissions, the sizes of video, and the seed of ids and of jitter. Of tokens,
/// secrets, names and what is signalled it holds how many characters of each kind they have (of one byte, of two and so
/// on, and those that JSON escapes), of URLs the scheme, too. A thread for each recording writes it. Should it not be
/// possible to go on writing, because the disk is full or too slow for example, the log says so and the session goes on.
///
/// Threads: any. Callback-safe: yes. Blocks: no.
/// Owns: the text is copied.
/// Errors: OTC_INVALID_PARAM when settings is not one; OTC_SESSION_NULL_OR_INVALID_PARAMETER when path is empty, longer
/// than 4096 bytes or not UTF-8. A file that cannot be written is found out by otc_session_new_with_settings(), which then
/// returns NULL.
///
/// # Safety
/// path is NULL or a C string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otc_session_settings_set_record_file(
    settings: *mut otc_session_settings,
    path: *const c_char,
) -> otc_status {
    let checked = || {
        // SAFETY: the caller's promise.
        let path = unsafe { text(path, "path", URL_BYTES) }?;
        if path.is_some_and(str::is_empty) {
            return Err(Failed::argument("The path is empty; give NULL for no recording."));
        }
        Ok(path.map(PathBuf::from))
    };
    set(settings, checked, |chosen, path| chosen.record_file = path)
}
