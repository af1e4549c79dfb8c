//! PEM: the text that keys are kept in (RFC 7468).

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

/// The label and the bytes of the first block of a text; `None` when it has none that can be read.
pub(super) fn first_block(text: &str) -> Option<(String, Vec<u8>)> {
    let mut lines = text.lines().map(str::trim);
    let label = lines.find_map(|line| line.strip_prefix("-----BEGIN ")?.strip_suffix("-----"))?;
    let end = format!("-----END {label}-----");
    let mut base64 = String::new();
    for line in lines {
        if line == end {
            return Some((label.to_owned(), BASE64_STANDARD.decode(base64).ok()?));
        }
        base64.push_str(line);
    }
    None
}

/// Whether a text may be meant to be PEM rather than the name of a file.
pub(super) fn looks_like_pem(text: &str) -> bool {
    text.contains("-----BEGIN ")
}
