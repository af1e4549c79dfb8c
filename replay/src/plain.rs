//! What strangers have written, for a terminal: a recording may hold characters that move the cursor, hide lines or fill the
//! clipboard.

use std::fmt::Arguments;
use std::io::{self, Write};

/// Writes lines, and escapes in them what is no character to be seen. Each `writeln!` is one line.
pub(crate) struct Plain<W>(pub(crate) W);

impl<W: Write> Plain<W> {
    /// Writes a line.
    pub(crate) fn write_fmt(&mut self, line: Arguments<'_>) -> io::Result<()> {
        let line = line.to_string();
        writeln!(self.0, "{}", plain(line.strip_suffix('\n').unwrap_or(&line)))
    }
}

/// The text on one line, with nothing in it that a terminal obeys. What is escaped is so as in JSON.
pub(crate) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() || is_invisible(character) {
            // Writing into a String cannot fail.
            let _ = std::fmt::Write::write_fmt(&mut plain, format_args!("\\u{:04x}", u32::from(character)));
        } else {
            plain.push(character);
        }
    }
    plain
}

/// Characters that end lines, or change the direction in which others stand.
fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stays_a_line() {
        let mut out = Plain(Vec::new());
        let text = "\u{1b}]52;c;x\u{7}\r\n\u{9b}2J\u{202e}\u{e9}";
        writeln!(out, "a{text}b").expect("memory");
        let line = String::from_utf8(out.0).expect("UTF-8");
        assert_eq!(line, "a\\u001b]52;c;x\\u0007\\u000d\\u000a\\u009b2J\\u202e\u{e9}b\n");
    }
}
