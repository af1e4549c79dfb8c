//! What servers, proxies and the network say, made fit for the text of an error.

use otc_protocol::limits::SAID_CHARS;

/// The text in one line of bounded length.
pub(super) fn said(text: &str) -> String {
    let line = text.chars().map(|character| if character.is_control() { ' ' } else { character });
    line.take(SAID_CHARS).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bounded_line_without_control_characters() {
        assert_eq!(said(" not\r\n\u{1b}[31mtoday\u{0}"), "not   [31mtoday");
        assert_eq!(said(&"ü".repeat(2 * SAID_CHARS)).chars().count(), SAID_CHARS);
    }
}
