//! JSON objects, written piece by piece.

use std::fmt::{Display, Write};

/// One object that is being written at the end of a text.
pub(super) struct Line<'a> {
    text: &'a mut String,
    separator: char,
}

impl<'a> Line<'a> {
    /// Begins an object.
    pub(super) fn begin(text: &'a mut String) -> Self {
        Self { text, separator: '{' }
    }

    /// Goes on with one that has members.
    pub(super) fn go_on(text: &'a mut String) -> Self {
        Self { text, separator: ',' }
    }

    /// A member that is JSON already, a number or a truth.
    pub(super) fn put(&mut self, key: &'static str, json: impl Display) -> &mut Self {
        // Writing into a String cannot fail.
        let _ = write!(self.text, "{}\"{key}\":{json}", self.separator);
        self.separator = ',';
        self
    }

    /// A member that is text.
    pub(super) fn text(&mut self, key: &'static str, text: &str) -> &mut Self {
        self.put(key, quoted(text))
    }

    /// Ends the object.
    pub(super) fn end(self) {
        if self.separator == '{' {
            self.text.push('{');
        }
        self.text.push('}');
    }
}

/// A text as JSON.
pub(super) fn quoted(text: &str) -> String {
    // A text can always be written.
    serde_json::to_string(text).unwrap_or_default()
}

/// Values of JSON as an array.
pub(super) fn array(values: impl IntoIterator<Item = String>) -> String {
    let values: Vec<String> = values.into_iter().collect();
    format!("[{}]", values.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_json() {
        let mut text = String::new();
        let mut line = Line::begin(&mut text);
        line.put("a", 1).text("b", "\"\n");
        line.end();
        assert_eq!(text, r#"{"a":1,"b":"\"\n"}"#);
        let mut text = String::new();
        Line::begin(&mut text).end();
        assert_eq!(text, "{}");
        assert_eq!(array(["1".to_owned(), quoted("x")]), r#"[1,"x"]"#);
    }
}
