//! What of a client's text goes into a line of the log.

/// The beginning of `text`, `characters` long at most. To be logged with `?`, which escapes what could end the line.
pub(crate) fn beginning(text: &str, characters: usize) -> &str {
    text.char_indices().nth(characters).map_or(text, |(end, _)| &text[..end])
}

/// Bytes of a socket id that logs show; of short ids they show half.
const SOCKET_BYTES: usize = 8;

/// As much of a socket id as a log may have: whoever knows all of it can take the socket over.
pub(crate) fn socket_beginning(socket: &str) -> &str {
    socket.get(..SOCKET_BYTES.min(socket.len() / 2)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_line_gets_the_beginning_of_a_long_text() {
        assert_eq!(beginning("short", 255), "short");
        assert_eq!(beginning("ééé", 3), "ééé");
        assert_eq!(beginning("éééé", 3), "ééé");
        assert_eq!(beginning("é", 0), "");
    }
}
